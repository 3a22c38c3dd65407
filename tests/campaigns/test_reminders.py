"""One reminder of a question about a report, two hours later, in its own words; then nothing more."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from messaging.models import Gateway, Inbound, Message, Pending, Phone, Programme
from messaging.models.post import InboundState, Kind, State
from tests.campaigns.readers import Reader, at, inbounds, reader, report, waits
from tests.script import Script
from tests.world import World

__all__ = ["reader"]
FANTA = "+22370000009"
ASKED = "1041: F12 garde. Et les hommes? Repondez H et le nombre, H0 si aucun."


@pytest.fixture
def script(installation, world: World, reader: Reader) -> Script:
    """A facilitator who is asked for the men."""
    world.club("1041", facilitator=FANTA)
    reader.reads("half", report("pending", "men_missing", men=None, total=None), reply="att.men_missing")
    reader.reads("whole", report())
    return Script(installation, {"fanta": FANTA}, world.now)


def nudges(world: World) -> list[Message]:
    with world.db.read() as session:
        return list(session.scalars(sa.select(Message).where(Message.occurrence.startswith("remind:"))))


def test_one_reminder_in_the_words_of_the_question(script: Script, world: World) -> None:
    script.play(f"fanta > half\nfanta < {ASKED}")
    script.now += timedelta(minutes=119)
    script.turn()
    script.expect("fanta", "")
    script.now += timedelta(minutes=1)
    script.turn()
    script.expect("fanta", ASKED)
    for hours in (2, 10):
        script.now += timedelta(hours=hours)
        script.turn()
        script.expect("fanta", "")
    (sent,) = nudges(world)
    (inbound,) = inbounds(world.db)
    assert (sent.kind, sent.occurrence, sent.draft) == (Kind.SERVICE, f"remind:{inbound.id}", True)
    assert waits(world.db) is not None, "the question still waits for its answer"


def test_who_answered_is_not_reminded(script: Script, world: World) -> None:
    script.play(f"fanta > half\nfanta < {ASKED}\nfanta > whole")
    script.now += timedelta(hours=3)
    script.turn()
    assert nudges(world) == []


def test_never_after_a_stop(script: Script, world: World) -> None:
    script.play(f"fanta > half\nfanta < {ASKED}")
    with world.db.write() as session:  # a STOP clears the question; were it there, it would stay unsaid
        session.get_one(Phone, world.phones[FANTA]).opted_out_at = script.now
    script.now += timedelta(hours=3)
    script.turn()
    assert nudges(world) == []


def test_never_before_the_question_itself_has_left(script: Script, world: World) -> None:
    with world.db.write() as session:
        session.get_one(Gateway, 1).paused_at = script.now
    script.write("fanta", "half")
    script.now += timedelta(hours=3)
    script.turn()
    assert nudges(world) == []


@pytest.mark.parametrize(
    ("label", "asked_at", "quiet_at", "leaves_at"),
    [
        ("in the evening it waits for the morning", at("12", "17:30"), at("12", "19:45"), at("13", "08:00")),
        ("in the open hours it leaves at once", at("12", "09:00"), at("12", "10:59"), at("12", "11:00")),
    ],
)
def test_it_leaves_in_the_open_hours_of_service_messages(
    script: Script, world: World, label: str, asked_at, quiet_at, leaves_at
) -> None:
    with world.db.write() as session:
        session.get_one(Programme, world.programme_id).always_open = False
    world.hours("08:00-19:00", kind="service")
    script.now = asked_at
    script.play(f"fanta > half\nfanta < {ASKED}")
    script.now = quiet_at
    script.turn()
    script.expect("fanta", "")
    script.now = leaves_at
    script.turn()
    script.expect("fanta", ASKED)


def test_it_is_not_sent_late_when_nothing_carries_it(script: Script, world: World) -> None:
    script.play(f"fanta > half\nfanta < {ASKED}")
    with world.db.write() as session:
        session.get_one(Gateway, 1).paused_at = script.now
    script.now += timedelta(hours=2)
    script.turn()
    script.now += timedelta(hours=2)
    with world.db.write() as session:
        session.get_one(Gateway, 1).paused_at = None
    script.turn()
    script.expect("fanta", "")
    assert [(one.state, one.reason) for one in nudges(world)] == [(State.CLOSED, "stale")]


def test_a_question_that_is_over_is_cleared(script: Script, world: World) -> None:
    script.write("fanta", "half")
    script.now += timedelta(hours=23)
    script.turn()
    assert waits(world.db) is not None
    script.now += timedelta(hours=1)
    script.turn()
    assert waits(world.db) is None


def test_a_question_is_not_cleared_while_its_answer_waits_to_be_read(script: Script, world: World) -> None:
    script.write("fanta", "half")
    with world.db.write() as session:
        pending = session.scalars(sa.select(Pending)).one()
        pending.expires_at = script.now
        inbound = session.scalars(sa.select(Inbound)).one()
        inbound.state, inbound.next_at = InboundState.NEW, script.now + timedelta(hours=1)
    script.turn()
    assert waits(world.db) is not None
