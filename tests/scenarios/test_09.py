"""Scenario 9: a STOP while 100 000 messages wait; when the queue reaches that phone, nothing leaves any more."""

from __future__ import annotations

import time
from datetime import timedelta

import sqlalchemy as sa

from campaigns import planner
from messaging import people, sender
from messaging.models import Message, Phone
from messaging.models.post import State
from tests.script import Script
from tests.wire import Wire, wired
from tests.world import World, hygiene

QUEUED = 100_000
REAL = 1_200  # phones with a number that opens: as many as the carrier will be handed
AWA = "+22370000700"  # the 700th of the queue
WITHIN = 5  # seconds, from the stored STOP until nothing leaves


def test_a_stop_is_obeyed_while_the_queue_is_long(installation, world: World) -> None:
    crowd(world)
    world.campaign(hygiene())
    with wired(Script(installation, {"awa": AWA}, world.now)) as wire:
        assert planner.plan(world.db, world.now, timedelta(minutes=15)).planned == QUEUED
        send(wire, 500)
        assert wire.sent(AWA) == [], "the queue has not reached her"

        started = time.perf_counter()
        assert wire.knock(AWA, "ARRET") == 200
        assert time.perf_counter() - started < WITHIN
        with world.db.read() as session:
            left = session.scalars(sa.select(Message).where(Message.phone_id == world.phones[AWA])).one()
            assert (left.state, left.reason) == (State.CLOSED, "opted_out"), "closed in the transaction of the STOP"

        wire.turn_of_conversation()
        send(wire, 400)
        assert wire.sent(AWA) == ["C'est fait. Plus de messages. Pour reprendre: REPRENDRE"]
        with world.db.read() as session:
            handed = sa.select(sa.func.count()).where(Message.state == State.HANDED_OVER)
            assert (session.scalar(handed) or 0) >= 900
            stopped_at = session.scalars(sa.select(Phone.opted_out_at).where(Phone.id == world.phones[AWA])).one()
            late = sa.select(sa.func.count()).where(
                Message.phone_id == world.phones[AWA], Message.kind != "reply",
                Message.handed_over_at > stopped_at + timedelta(seconds=WITHIN),
            )  # fmt: skip
            assert session.scalar(late) == 0
            waiting = session.scalar(sa.select(sa.func.count()).where(Message.state == State.WAITING)) or 0
        assert QUEUED - 1_000 < waiting < QUEUED, "only hers was closed"


def send(wire: Wire, most: int) -> None:
    """Let the sender hand over about so many."""
    done = 0
    while done < most and (claimed := sender.send_due(wire.here, wire.now, 100).get("claimed", 0)):
        done += claimed
        wire.now += timedelta(milliseconds=100)


def crowd(world: World) -> None:
    """As many members as are queued, each with a phone and consent, set by set; the first ones have real numbers."""
    with world.db.write() as session:
        numbers = [f"+22370{place:06d}" for place in range(1, REAL + 1)]
        world.phones |= people.add_phones(session, numbers, world.now)
        real = sorted(world.phones.values())
        first = real[-1] + 1
        for statement in PEOPLE:
            counter = f"WITH RECURSIVE counter(n) AS (SELECT {real[0]} UNION ALL SELECT n + 1 FROM counter WHERE n < {real[0] + QUEUED - 1}) "  # noqa: E501
            head, _, tail = statement.partition("SELECT")
            filled = f"{head}{counter}SELECT{tail}".format(
                programme=world.programme_id, village=world.village_id, first=first
            )
            session.execute(sa.text(filled), {"now": world.now, "then": world.now - timedelta(days=30), "no": b"x"})
    assert world.phones[AWA] - real[0] == 699


PEOPLE = (
    """INSERT INTO phone (id, sealed, hash, last_two, prefix, created_at)
       SELECT n, :no, 'hash' || n, '00', '+22370', :now FROM counter WHERE n >= {first}""",
    """INSERT INTO member (id, programme_id, code, village_id, sex, life_stage, language, content_level, route, status,
                           created_at)
       SELECT n, {programme}, 'P' || n, {village}, 'f', 'none', 'fr', 'anyone', 'phone', 'active', :now FROM counter""",
    "INSERT INTO member_phone (member_id, phone_id, ownership) SELECT n, n, 'own' FROM counter",
    """INSERT INTO consent (programme_id, member_id, purpose, granted, text_version, language, way, given_at)
       SELECT {programme}, n, 'messages', true, '1', 'fr', 'oral', :then FROM counter""",
)
