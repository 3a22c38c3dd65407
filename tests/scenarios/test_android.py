"""A telephone as the way out and in: an SMS through the real door, its answer back out, and no trouble that doubles."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from campaigns.conversation.converse import converse
from messaging import addresses, languages, outbox, resolving, sender
from messaging.gateways import Adapters, heartbeat, polling
from messaging.gateways.android import Android, hooks
from messaging.installation import Installation
from messaging.models import Attempt, Gateway, Inbound, Message, Phone, Programme
from messaging.models.post import AttemptState, Delivery, State
from tests.fakes import android as fake
from tests.serving import served
from tests.world import World
from webhooks import door

WHO = "+22376000001"
NAME = "sim1"


@dataclass
class Road:
    """An installation behind its web server, and a telephone, each calling the other over the loopback."""

    here: Installation
    phone: fake.Android
    world: World

    def one(self, model: Any) -> Any:
        with self.here.db.read() as session:
            return session.scalars(sa.select(model)).one()

    def all(self, model: Any) -> Any:
        with self.here.db.read() as session:
            return session.scalars(sa.select(model).order_by(model.id)).all()

    @property
    def gateway(self) -> Gateway:
        with self.here.db.read() as session:
            return session.scalars(sa.select(Gateway).where(Gateway.name == NAME)).one()

    def wait_for(self, is_there: Callable[[], bool]) -> None:
        """The telephone calls by itself: until it has."""
        until = time.monotonic() + 10
        while not is_there() and time.monotonic() < until:
            time.sleep(0.02)
        assert is_there()

    def write(self, text: str, **how: Any) -> None:
        """A person writes to the telephone, and it tells us."""
        before = len(self.all(Inbound))
        self.phone.write(WHO, text, **how)
        self.phone.bring()
        self.wait_for(lambda: len(self.all(Inbound)) > before)

    def put(self, text: str = "I ni ce") -> None:
        """A reply waits in the outbox."""
        now = datetime.now(UTC)
        with self.here.db.write() as session:
            row = session.scalars(sa.select(Programme)).one()
            letter = outbox.reply(
                session, row, text, "fr", occurrence=f"reply:{text}", due_at=now, useful_until=now + timedelta(hours=6),
                gateway_id=self.gateway.id, segment_price_micros=0,
            )  # fmt: skip
            assert outbox.put(session, letter, self.world.phones[WHO], now)

    def pass_time(self, minutes: int, until: int = 0) -> None:
        """The sender and the settling of unknown outcomes, once a minute."""
        for minute in range(until, until + minutes):
            now = datetime.now(UTC) + timedelta(minutes=minute)
            sender.send_due(self.here, now)
            resolving.resolve(self.here, now)


@pytest.fixture
def road(installation: Installation, world: World) -> Iterator[Road]:
    world.member(WHO)
    app = Flask(__name__)
    app.register_blueprint(door.blueprint)
    with served(app, threads=4) as base, fake.Android(calls=base) as phone:
        settings = replace(
            installation.settings, public_url=base, android_api=phone.url, android_user=fake.USER,
            android_password=fake.PASSWORD, android_keys=(fake.KEY,),
        )  # fmt: skip
        here = replace(installation, settings=settings, adapters=Adapters(settings, installation.keys))
        app.extensions.update({"jekulu": here, "jekulu.wake": lambda _name: None})
        enter(here, base)
        yield Road(here, phone, world)
        here.adapters.close()


def enter(here: Installation, base: str) -> None:
    """Make the telephone a gateway, and tell it where we are."""
    row = Gateway(name=NAME, adapter="android", sender="", rate=10, answer_cost="free", prefixes=[], kinds=[])
    row.sims = [1, 2]
    with here.db.write() as session:
        session.add(row)
        session.flush()
        adapter = here.adapters.get(row)
    assert isinstance(adapter, Android)
    adapter.register(hooks(addresses.events_url(base, NAME, here.keys), NAME, None))


def test_a_stop_comes_in_and_its_confirmation_goes_out_and_is_delivered(road: Road) -> None:
    road.write("STOP")
    now = datetime.now(UTC)
    converse(road.here.db, now)
    assert sender.send_due(road.here, now)["accepted"] == 1
    (sms,) = road.phone.sent
    assert (sms.to, sms.text) == (WHO, languages.reply("stop.done", ["fr"], True)[0])
    assert sms.sim in (1, 2) and sms.priority >= 100
    road.wait_for(lambda: road.one(Message).delivery is Delivery.DELIVERED)
    message, attempt = road.one(Message), road.one(Attempt)
    assert (message.state, message.reason, attempt.state) == (State.CLOSED, "delivered", AttemptState.ACCEPTED)
    assert attempt.provider_segments == 1
    assert road.one(Phone).opted_out_at is not None
    assert road.gateway.seen_at is not None


def test_an_sms_that_is_brought_twice_is_answered_once(road: Road) -> None:
    road.write("AIDE", twice=True)
    road.wait_for(lambda: len(road.all(Inbound)) == 2)
    converse(road.here.db, datetime.now(UTC))
    sender.send_due(road.here, datetime.now(UTC))
    assert len(road.phone.sent) == 1


TROUBLE = ["cut-sent", "cut", "500-sent", "500", "504-sent", "garbage", "503"]


@pytest.mark.parametrize("word", TROUBLE)
def test_whatever_the_line_does_one_sms_leaves_under_one_key(road: Road, word: str) -> None:
    road.phone.script.extend([word, word])
    road.put()
    road.pass_time(10)
    assert len(road.phone.sent) == 1
    if word != "503":  # certainly not taken: a new attempt may have a new key
        assert len(road.all(Attempt)) == 1, "it began again under its first key"
    road.wait_for(lambda: road.one(Message).delivery is Delivery.DELIVERED)


def test_a_request_that_was_held_up_in_a_tunnel_comes_out_later_and_is_refused(road: Road) -> None:
    road.phone.script.append("cut")
    road.put()
    road.pass_time(1)
    held_up = next(body for method, target, body in road.phone.asked if target.startswith("/messages?"))
    road.pass_time(6, until=1)
    assert len(road.phone.sent) == 1
    assert road.phone.take(held_up, {"skipPhoneValidation": "true"})[0] == 409
    assert len(road.phone.sent) == 1


def test_a_telephone_that_is_away_for_hours_loses_and_parks_nothing(road: Road) -> None:
    """The near end of the tunnel is open, the far end is gone: every call hangs, and nobody should have to force it."""
    road.phone.script.append("cut")
    road.put()
    answer = road.phone.answer
    road.pass_time(1)
    road.phone.answer = lambda *_call: ("cut", (200, {}))  # type: ignore[method-assign]
    road.pass_time(150, until=1)
    assert road.one(Message).state is State.SUBMITTING
    road.phone.answer = answer  # type: ignore[method-assign]
    road.pass_time(30, until=151)
    assert len(road.phone.sent) == 1
    assert len(road.all(Attempt)) == 1


def test_what_nobody_brought_is_asked_for(road: Road) -> None:
    """The app missed to tell us an SMS; five minutes later it is asked."""
    hooked, road.phone.hooks = road.phone.hooks, {}
    road.phone.write(WHO, "AIDE")
    road.phone.bring()
    road.phone.hooks = hooked
    assert not road.all(Inbound)
    for _ in range(2):
        assert polling.poll(road.here, datetime.now(UTC)) == {}, "it brings by itself what it is asked for"
    road.wait_for(lambda: len(road.all(Inbound)) == 1)


def test_a_telephone_that_cannot_be_asked_does_not_stop_the_others(road: Road) -> None:
    with road.here.db.write() as session:
        session.add(Gateway(name="sim2", adapter="android", sender="", device="another", prefixes=[], kinds=[]))
    road.phone.broken = True
    assert polling.poll(road.here, datetime.now(UTC)) == {"silent": 1}
    assert heartbeat.beat(road.here, datetime.now(UTC)) == {"unwell": 2}
    settings = replace(road.here.settings, android_api="")
    closed = replace(road.here, settings=settings, adapters=Adapters(settings, road.here.keys))
    assert polling.poll(closed, datetime.now(UTC)) == {"closed": 2}
    assert heartbeat.beat(closed, datetime.now(UTC)) == {"closed": 2}
