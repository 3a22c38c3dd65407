"""Scenario 3: caps of 3 a week, the rows of Ramadan and of Friday; two campaigns want one phone in one open window.

Only the higher priority leaves inside a window, the other is moved before its use ends, and its row says why.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from campaigns import planner
from campaigns.definitions import Definition
from campaigns.models import Campaign
from messaging import outbox, rhythm, sender
from messaging.gateways.simulator import Simulator, Weather
from messaging.installation import Installation
from messaging.models import Cap, Gateway, Hours, Message, Programme
from messaging.models.post import State
from tests.world import World, hygiene

AWA, BINTA = "+22370000001", "+22370000002"
TICK, BUSY = timedelta(minutes=5), (12, 15, 16, 17, 20)
AHEAD = timedelta(minutes=15)
AAA, BBB = "Lavez les mains au savon.", "Couvrez l'eau a boire."


def at(text: str) -> datetime:
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def campaign(code: str, words: str, hour: str, days: list[str], priority: int, useful: str = "3d") -> Definition:
    """A message on some weekdays."""
    step = {"when": {"weekly": days}, "hour": hour, "priority": priority, "useful": useful}
    made = hygiene(**step, texts={"fr": {"sms": words, "read_aloud": words}}).model_dump(mode="json")
    return Definition.model_validate({**made, "campaign": code})


@pytest.fixture
def village(installation: Installation) -> Callable[[str], World]:
    """A programme with the rhythm of Bandiagara and caps of 3 a week, at a moment."""

    def begin(moment: str) -> World:
        world = World(installation.db, at(moment)).programme(always_open=False)
        with world.db.write() as session:
            rhythm.seed(session, session.get_one(Programme, world.programme_id), "bandiagara")
            session.merge(Cap(kind="campaign", per_week=3))
            gateway = session.scalars(sa.select(Gateway)).one()
        installation.adapters.put(gateway, Simulator(installation.adapters.book, lambda: world.now, Weather()))
        world.member(AWA)
        return world

    return begin


def live(here: Installation, world: World, until: str) -> None:
    """The planner and the sender, every five minutes of the hours in which something leaves."""
    while world.now < at(until):
        planner.plan(world.db, world.now, AHEAD)
        while sender.send_due(here, world.now).get("claimed"):
            pass
        with world.db.write() as session:
            outbox.expire(session, world.now)
        world.now += TICK if world.now.hour in BUSY else timedelta(hours=1)


def sent(here: Installation, number: str = AWA) -> list[tuple[str, str]]:
    """What reached a phone, and when."""
    return [(text, f"{when:%m-%d %H:%M}") for _, text, when in here.adapters.book.sent(number)]


def test_in_one_window_only_the_higher_priority_leaves(
    installation: Installation, village: Callable[[str], World]
) -> None:
    """Thursday 9 April: the lower one is due first, at 16:20; the higher at 17:00 takes the afternoon from it."""
    world = village("04-09 12:00")
    world.campaign(campaign("conseil", AAA, "16:20", ["thu"], 0))
    world.campaign(campaign("pluie", BBB, "17:00", ["thu"], 5))
    live(installation, world, "04-09 16:30")
    with world.db.read() as session:
        (low,) = session.scalars(sa.select(Message).where(Message.reason == "moved"))
        assert (low.state, low.next_at) == (State.WAITING, at("04-09 20:30"))
        assert low.next_at < low.useful_until
    live(installation, world, "04-10 22:00")
    assert sent(installation) == [(BBB, "04-09 17:00"), (AAA, "04-09 20:30")]


def test_who_gets_only_one_of_both_gets_it_in_its_hour(
    installation: Installation, village: Callable[[str], World]
) -> None:
    world = village("04-09 12:00")
    world.member(BINTA, "bm")  # no text of the higher one in her language, and no fallback
    world.chain("bm")
    texts = {code: {"sms": AAA, "read_aloud": AAA} for code in ("fr", "bm")}
    both = campaign("conseil", AAA, "16:20", ["thu"], 0).model_dump(mode="json")
    both["steps"][0]["texts"] = texts
    world.campaign(Definition.model_validate(both))
    world.campaign(campaign("pluie", BBB, "17:00", ["thu"], 5))
    live(installation, world, "04-09 22:00")
    assert sent(installation, BINTA) == [(AAA, "04-09 16:20")]
    assert sent(installation) == [(BBB, "04-09 17:00"), (AAA, "04-09 20:30")]


def test_in_ramadan_the_other_waits_a_week_if_it_is_of_use_then(
    installation: Installation, village: Callable[[str], World]
) -> None:
    """One a week: from Tuesday 3 March 2026 to Tuesday 10 March."""
    world = village("03-03 12:00")
    world.campaign(campaign("conseil", AAA, "16:20", ["tue"], -3, useful="8d"))
    world.campaign(campaign("hier", "Rincez les bols.", "16:20", ["tue"], -5))
    world.campaign(campaign("pluie", BBB, "16:40", ["tue"], 5, useful="2h"))
    with world.db.write() as session:
        session.execute(sa.update(Campaign).values(ends_on=at("03-04 00:00").date()))
    live(installation, world, "03-03 22:00")
    assert sent(installation) == [(BBB, "03-03 16:40")]
    with world.db.read() as session:
        assert session.scalars(sa.select(Message.reason).where(Message.state == State.WAITING)).all() == ["cap", "cap"]
    world.now = at("03-10 12:00")
    live(installation, world, "03-10 22:00")
    assert [(text, when[:5]) for text, when in sent(installation)] == [(BBB, "03-03"), (AAA, "03-10")]
    with world.db.read() as session:
        assert session.scalar(sa.select(Message.reason).where(Message.useful_until == at("03-06 16:20"))) == "stale"


def test_the_same_priority_leaves_as_it_falls_due_and_nothing_in_friday_s_prayer(
    installation: Installation, village: Callable[[str], World]
) -> None:
    world = village("04-10 07:00")  # a Friday
    with world.db.write() as session:
        own = session.scalars(sa.select(Hours).where(Hours.kind == "campaign").order_by(Hours.position)).first()
        own.open_spans = "08:00-18:00"
    world.campaign(campaign("conseil", AAA, "12:15", ["fri"], 2))
    world.campaign(campaign("pluie", BBB, "12:45", ["fri"], 2))
    live(installation, world, "04-10 22:00")
    assert sent(installation) == [(AAA, "04-10 12:15"), (BBB, "04-10 15:00")]
