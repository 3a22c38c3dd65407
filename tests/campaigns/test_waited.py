"""SMS that waited before they were read, for a machine was down: each is taken as of the moment when it came."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns.conversation import converse as conversation
from campaigns.conversation.converse import converse
from campaigns.conversation.grammar.reading import Reading
from campaigns.models import Answer
from messaging.models import Consent, Inbound, Member, Message, Role
from messaging.models.post import InboundState
from tests.campaigns.readers import Reader, inbounds, reader, report, store, waits
from tests.campaigns.test_quiz import ask
from tests.script import Script
from tests.world import World

__all__ = ["reader"]
AWA, FANTA, NEW = "+22370000001", "+22370000009", "+22370000042"
DUTY = "+22379000001"
ASKED = "1041: F12 garde. Et les hommes? Repondez H et le nombre, H0 si aucun."


@pytest.fixture
def script(installation: Any, world: World) -> Script:
    """A member, a facilitator and a stranger."""
    world.member(AWA)
    world.club("1041", facilitator=FANTA)
    return Script(installation, {"awa": AWA, "fanta": FANTA, "new": NEW}, world.now)


def test_a_yes_from_before_the_question_is_no_consent(script: Script, world: World) -> None:
    store(script, "new", ["JOIN 1041", "OUI"])
    script.now += timedelta(hours=1)
    script.turn()
    with world.db.read() as session:
        assert session.scalar(sa.select(Member.id).where(Member.id.not_in(world.members))) is None
        assert session.scalar(sa.select(Consent.id).where(Consent.phone_id.is_not(None))) is None
    waiting = waits(world.db)
    assert waiting is not None and waiting.kind == "consent"
    script.write("new", "OUI")
    with world.db.read() as session:
        assert session.scalar(sa.select(Member.id).where(Member.id.not_in(world.members))) is not None


def test_the_other_half_of_a_report_needs_no_question(script: Script, world: World) -> None:
    store(script, "fanta", ["PRES 1041 F12", "H8"])
    script.now += timedelta(hours=1)
    script.turn()
    assert [one.status for one in inbounds(world.db)] == ["pending", "ok"]


def test_an_answer_is_to_the_question_that_had_been_asked(script: Script, world: World) -> None:
    ask(world, type="single", correct=[1])
    script.turn()
    store(script, "awa", ["la cendre"])
    script.now += timedelta(minutes=5)
    with world.db.write() as session:  # another question leaves before the answer to the first is read
        first = session.scalars(sa.select(Message)).one()
        values = {column.key: getattr(first, column.key) for column in Message.__table__.columns}
        session.add(Message(**values | {"id": None, "occurrence": "again", "handed_over_at": script.now}))
    script.turn_of_conversation()
    with world.db.read() as session:
        assert session.scalars(sa.select(Answer.message_id)).one() == first.id


@pytest.mark.parametrize("hours", [3, 30])
def test_who_is_asked_late_has_a_day_to_answer(world: World, script: Script, reader: Reader, hours: int) -> None:
    reader.reads("half", report("pending", "men_missing", men=None, total=None), reply="att.men_missing")
    store(script, "fanta", ["half"])
    script.now += timedelta(hours=hours)
    script.turn()
    script.turn()
    script.expect("fanta", ASKED)
    script.expect("fanta", "")
    waiting = waits(world.db)
    assert waiting is not None
    assert waiting.expires_at == script.now + timedelta(hours=24)
    assert waiting.remind_at == script.now + timedelta(hours=2)


def test_nobody_is_reminded_while_her_answer_waits_to_be_read(
    world: World, script: Script, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.reads("half", report("pending", "men_missing", men=None, total=None), reply="att.men_missing")
    script.play(f"fanta > half\nfanta < {ASKED}")
    store(script, "awa", ["merci"] * 3)
    store(script, "fanta", ["whole"])
    script.now += timedelta(hours=3)
    for _ in range(3):  # the others are read first
        converse(world.db, script.now, most=1)
    assert [one.state for one in inbounds(world.db)][-1] is InboundState.NEW
    with world.db.read() as session:
        assert session.scalar(sa.select(Message.id).where(Message.occurrence.startswith("remind:"))) is None


@pytest.mark.parametrize("text", ["Un homme arme est venu a la maison", "l'agent veut coucher avec les femmes"])
def test_the_person_on_duty_is_told_of_what_waited_for_hours(script: Script, world: World, text: str) -> None:
    world.on_duty(DUTY, *((Role.FOCAL_POINT, one) for one in ("security", "psea")))
    store(script, "awa", [text])
    script.now += timedelta(hours=5)
    script.turn_of_conversation()
    with world.db.read() as session:
        told = session.scalars(sa.select(Message).where(Message.occurrence.startswith("duty:"))).one()
    assert told.due_at == script.now
    assert told.useful_until > script.now


def test_a_failure_does_not_undo_what_another_process_has_done(script: Script, world: World) -> None:
    script.write("awa", "merci")
    (handled,) = inbounds(world.db)
    with world.db.write() as session:
        session.get_one(Inbound, handled.id).tries = conversation.TRIES
        conversation._failed(session, handled.id, "OperationalError", script.now)
    (after,) = inbounds(world.db)
    assert (after.state, after.trouble) == (InboundState.HANDLED, None)


def test_of_two_reports_in_one_sms_the_unasked_one_leaves_the_earlier_question(
    script: Script, world: World, reader: Reader
) -> None:
    reader.reads("half", report("pending", "men_missing", men=None, total=None), reply="att.men_missing")
    other = report("pending", "women_missing", date="2026-03-10", women=None, total=None)
    reader.reads(
        "two", Reading("attendance", "error", {"club": "1041"}, "counts_missing"), other, reply="att.counts_missing"
    )
    script.play(f"fanta > half\nfanta < {ASKED}")
    before = waits(world.db)
    script.write("fanta", "two")
    after = waits(world.db)
    assert before is not None and after is not None
    assert (after.kind, after.inbound_id) == (before.kind, before.inbound_id)
