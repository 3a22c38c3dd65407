"""The whole round over Twilio: out in three languages, an answer in, a reply out, STOP in, one confirmation, silence.

Our stateful carrier stands at Twilio's place; every call of it is signed and comes through the real web application.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from werkzeug.test import Client

import wsgi
from campaigns import life, loading, planner
from campaigns.definitions import Definition, read
from campaigns.library import files
from messaging import addresses
from messaging.database import Database
from messaging.errors import RefusedError
from messaging.gateways import Adapters
from messaging.installation import Installation
from messaging.models import Gateway, Message, Programme, Text, TextState
from messaging.models.post import State
from tests.fakes.carrier import Call
from tests.fakes.twilio import Twilio
from tests.world import World, approve_texts, hygiene

NUMBER = "+22360000000"  # ours
AWA, BINTA, YAPILE = "+22370000001", "+22370000002", "+22370000003"
SAYS = {
    "fr": ("Sans savon, que prendre? 1 la cendre 2 rien", "la cendre", "rien", "Oui: la cendre.", "Prenez la cendre."),
    "bm": ("Safunè: 1 buguri 2 ji", "buguri", "ji", "Buguri.", "Buguri."),
    "dts": ("Samnè: 1 ... 2 ...", "...", "....", "Samnè.", "Samnè."),
}


def question() -> Definition:
    """One question in French, Bambara and Dogon; the last two are bare words, for a test only."""
    texts = {
        code: {"sms": sms, "read_aloud": sms, "options": {"1": one, "2": two}, "right": right, "wrong": wrong}
        for code, (sms, one, two, right, wrong) in SAYS.items()
    }
    return hygiene(
        step="cendre", kind="question", one_act=False, question={"type": "single", "correct": [1]}, texts=texts
    )


class Round:
    """An installation with one Twilio gateway, its web application, and the carrier at the other end."""

    def __init__(self, here: Installation, carrier: Twilio, world: World) -> None:
        self.here, self.carrier, self.world = here, carrier, world
        self.client = Client(wsgi.create_app(here))
        self.now = world.now

    def turn(self, minutes: int = 1) -> None:
        """Every job once, a minute later."""
        self.now += timedelta(minutes=minutes)
        for job in wsgi.JOBS:
            job.run(self.here, self.now)
        wsgi.sender.send_due(self.here, self.now)

    def bring(self, call: Call) -> int:
        """Bring a signed call of the carrier to our webhooks, by the clock of the round; gives the answer's status."""
        with time_machine.travel(self.now, tick=False):
            return self.client.post(call.path, data=call.body, headers=call.headers).status_code

    def write(self, who: str, text: str) -> None:
        """Somebody writes to our number."""
        url = addresses.inbound_url("https://sms.example.org", "twilio", self.here.keys)
        assert self.bring(self.carrier.write(who, NUMBER, text, url)) == 200
        self.turn()

    def got(self, who: str) -> list[str]:
        """What the carrier sent to somebody."""
        return [message.body for message in self.carrier.messages if message.to == who]


@pytest.fixture
def carrier() -> Iterator[Twilio]:
    """The carrier, on a port of the loopback."""
    with Twilio() as running:
        yield running


@pytest.fixture
def round_trip(installation: Installation, carrier: Twilio) -> Iterator[Round]:
    """A real programme with three members of three languages."""
    settings = replace(installation.settings, twilio_api=carrier.url)
    here = replace(installation, settings=settings, adapters=Adapters(settings, installation.keys))
    world = World(here.db, wsgi.utc_now().replace(hour=17, minute=30, second=0, microsecond=0)).programme()
    with here.db.write() as session:
        session.add(
            Gateway(name="twilio", adapter="twilio", sender=NUMBER, rate=100, answer_cost="free", prefixes=[], kinds=[])
        )
    for number, language in ((AWA, "fr"), (BINTA, "bm"), (YAPILE, "dts")):
        world.member(number, language)
    yield Round(here, carrier, world)
    here.adapters.close()


def today(definition: Definition, world: World) -> Definition:
    """The same campaign with its one step due at the world's hour today."""
    (step,) = definition.steps
    when = step.when.model_copy(update={"date": world.now.date()})
    return definition.model_copy(update={"steps": (step.model_copy(update={"when": when}),)})


def test_round(round_trip: Round) -> None:
    world = round_trip.world
    world.campaign(today(question(), world))
    round_trip.turn()
    assert {who: round_trip.got(who) for who in (AWA, BINTA, YAPILE)} == {
        AWA: [SAYS["fr"][0]], BINTA: [SAYS["bm"][0]], YAPILE: [SAYS["dts"][0]],
    }  # fmt: skip

    sent = next(message for message in round_trip.carrier.messages if message.to == AWA)
    for call in round_trip.carrier.reports(sent, "delivered", "sent", "delivered"):
        assert round_trip.bring(call) == 204
    assert state(round_trip.here.db, AWA, world) == (State.CLOSED, "delivered")

    round_trip.write(AWA, "A svp")
    assert round_trip.got(AWA)[1:] == ["Oui: la cendre."]
    round_trip.write(BINTA, "2")
    assert round_trip.got(BINTA)[1:] == ["Buguri."]

    round_trip.write(AWA, "Arret")
    assert round_trip.got(AWA)[2:] == ["C'est fait. Plus de messages. Pour reprendre: REPRENDRE"]
    world.campaign(today(question().model_copy(update={"campaign": "encore"}), world))
    round_trip.turn()
    round_trip.write(AWA, "stop")
    assert len(round_trip.got(AWA)) == 3
    assert len(round_trip.got(BINTA)) == 3


def test_a_forged_call_is_refused(round_trip: Round) -> None:
    url = addresses.inbound_url("https://sms.example.org", "twilio", round_trip.here.keys)
    call = round_trip.carrier.write(AWA, NUMBER, "STOP", url)
    assert round_trip.bring(replace(call, token="another-secret")) == 403


def state(db: Database, number: str, world: World) -> tuple[State, str | None]:
    """Where the campaign's message to a number stands."""
    with db.read() as session:
        query = sa.select(Message).where(Message.phone_id == world.phones[number], Message.step_id > 0)
        message = session.scalars(query).one()
    return message.state, message.reason


def test_an_unapproved_text_is_refused_at_every_step(round_trip: Round) -> None:
    """It cannot be approved or started, and the planner and the sender refuse it too."""
    world = round_trip.world
    campaign_id = world.campaign(today(question(), world), start=False)
    with round_trip.here.db.write() as session, pytest.raises(RefusedError, match="approuver"):
        life.start(session, campaign_id, None, world.now)
    with round_trip.here.db.write() as session:  # as if somebody had forced it
        campaign = session.get_one(loading.Campaign, campaign_id)
        campaign.state, campaign.started_at = campaign.state.RUNNING, world.now
    round_trip.turn()
    assert round_trip.carrier.messages == []
    with round_trip.here.db.write() as session:  # planned while approved, then edited before it left
        campaign = session.get_one(loading.Campaign, campaign_id)
        approve_texts(session, campaign, world.now)
    wsgi.planner.plan(round_trip.here.db, round_trip.now, timedelta(minutes=15))
    with round_trip.here.db.write() as session:
        for text in session.scalars(sa.select(Text)):
            text.state, text.approved_hash = TextState.DRAFT, None
    round_trip.turn()
    assert round_trip.carrier.messages == []


def test_a_draft_of_the_library_is_refused(round_trip: Round) -> None:
    """A shipped campaign cannot start; forced to run for a fortnight, not one SMS of it leaves by a real gateway."""
    world, here = round_trip.world, round_trip.here
    path = next(path for path in files() if path.stem == "hygiene-bandiagara")
    definition, _ = read(path.read_text(encoding="utf-8"), path.name)
    assert definition is not None
    campaign_id = world.campaign(definition, start=False)
    with here.db.write() as session, pytest.raises(RefusedError, match="approuver"):
        life.start(session, campaign_id, None, world.now)
    with here.db.write() as session:  # as if somebody had forced it
        campaign = session.get_one(loading.Campaign, campaign_id)
        campaign.state, campaign.started_at = campaign.state.RUNNING, world.now
        assert life.enrol_all(session, campaign, session.get_one(Programme, world.programme_id), world.now) == 3
    waiting = planner.Plan()
    for day in range(15):
        waiting.add(planner.plan(here.db, world.now + timedelta(days=day), timedelta(minutes=15)))
        wsgi.sender.send_due(here, world.now + timedelta(days=day))
    assert waiting.planned == 0
    assert waiting.waiting[("fr", "no_text")] >= 3
    assert round_trip.carrier.messages == []
