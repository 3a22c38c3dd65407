"""Two at once, on both databases: what one of them does not see is neither stored twice nor said twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation.converse import HANDLERS, converse, handle
from campaigns.conversation.grammar.reading import Reading
from campaigns.models import Decision, Value
from messaging import departure, inbox, outbox
from messaging.gateways.protocol import Arrival
from messaging.letters import measure
from messaging.models import Facilitator, FacilitatorClub, Message, Role
from messaging.models.post import Kind
from tests.campaigns.readers import answers, inbounds
from tests.hearing import arrive
from tests.meanwhile import at_once
from tests.world import World

FANTA, MOUSSA, AWA = "+22370000009", "+22370000008", "+22370000001"
DAY = "2026-03-12"
SHOW = Reading("hands", "ok", {"club": "1041", "question": 3, "counts": {"1": 12, "2": 5}, "date": DAY})
DECIDED = Reading("decision", "ok", {"club": "1041", "date": DAY, "text": "nettoyer le puits"})


@pytest.fixture
def club(world: World) -> World:
    """One club that two facilitators report for."""
    world.club("1041", facilitator=FANTA)
    second(world, MOUSSA)
    return world


def second(world: World, number: str) -> None:
    """Let another facilitator lead the club too."""
    phone_id = world.phone(number)
    with world.db.write() as session:
        first = session.scalars(sa.select(Facilitator)).one()
        row = Facilitator(programme_id=world.programme_id, phone_id=phone_id, kind=first.kind, language="fr")
        session.add(row)
        session.flush()
        session.add(FacilitatorClub(facilitator_id=row.id, club_id=world.clubs["1041"]))


def says(world: World, number: str, reading: Reading) -> Callable[[Session], object]:
    """What somebody writes is read so and handled, up to the commit."""

    def act(session: Session) -> object:
        sender = arrive(session, world, number, "…", world.now)
        return HANDLERS[reading.intent](session, sender, reading, world.now)

    return act


def test_of_one_show_of_hands_told_by_two_one_counts(club: World) -> None:
    at_once(club.db, says(club, FANTA, SHOW), says(club, MOUSSA, SHOW))
    with club.db.read() as session:
        counted = session.scalars(sa.select(Value.value).where(Value.state == "ok").order_by(Value.item))
        assert list(counted) == [12, 5]


def test_one_decision_told_by_two_is_stored_once(club: World) -> None:
    at_once(club.db, says(club, FANTA, DECIDED), says(club, MOUSSA, DECIDED))
    with club.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Decision.id))) == 1


def test_the_person_on_duty_is_told_once_of_two_sms(world: World) -> None:
    world.on_duty("+22379000001", (Role.FOCAL_POINT, "psea"))
    caught = Reading("sensitive", "ok", {"category": "psea"})
    world.member(AWA)
    world.member(MOUSSA)
    at_once(world.db, says(world, AWA, caught), says(world, MOUSSA, caught))
    with world.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Message.occurrence.startswith("duty:"))) == 1


def test_an_sms_comes_in_while_a_campaign_is_planned(world: World) -> None:
    """The planner writes to many phones in one long transaction; a gateway must not be sent away meanwhile."""
    world.member(AWA)
    letter = outbox.Letter(
        programme_id=world.programme_id, kind=Kind.CAMPAIGN, occurrence="long", language_wanted="fr", language="fr",
        size=measure("Bonjour"), body="Bonjour", due_at=world.now, useful_until=world.now + timedelta(days=1),
        gateway_id=1,
    )  # fmt: skip
    came = Arrival(dedupe_key="k1", sender=AWA, text="merci", received_at=world.now, digest="d")
    with world.db.write() as session:
        outbox.put(session, letter, world.phones[AWA], world.now)
        if not world.db.is_sqlite:  # which has one writer
            assert inbox.receive(world.db, "simulator", [came]) == 1


def test_an_sms_comes_in_while_the_sender_decides(world: World) -> None:
    world.member(AWA)
    came = Arrival(dedupe_key="k1", sender=AWA, text="merci", received_at=world.now, digest="d")
    with world.db.write() as session:
        departure.look(session, [], world.now)
        if not world.db.is_sqlite:
            assert inbox.receive(world.db, "simulator", [came]) == 1


def test_two_processes_answer_an_sms_once(world: World) -> None:
    world.member(AWA)
    with world.db.write() as session:
        arrive(session, world, AWA, "C'est quand la reunion?")
    (inbound,) = inbounds(world.db)
    at_once(
        world.db,
        lambda session: handle(session, inbound.id, world.now),
        lambda session: handle(session, inbound.id, world.now),
    )
    converse(world.db, world.now)
    assert answers(world.db) == 1
