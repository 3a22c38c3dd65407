"""Two days without one operator: of what is still useful one message a phone leaves, the rest says why it did not.

A tip a day (useful for three days) and the weather of the day (useful until its evening) for women of two operators;
Orange, +2237, is down from Tuesday 10 March 00:00 to Thursday 12 March 00:00.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from campaigns import planner
from campaigns.definitions import Definition
from messaging import outbox, receipts, resolving, sender
from messaging.gateways.simulator import Outage, Simulator, Weather
from messaging.installation import Installation
from messaging.models import Cap, Gateway, Message, Phone
from messaging.models.post import State
from tests.world import World

MONDAY = datetime(2026, 3, 9, 6, tzinfo=UTC)
DOWN, UP = datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 3, 12, tzinfo=UTC)
END = datetime(2026, 3, 18, tzinfo=UTC)
ORANGE, MALITEL = "+2237", "+2236"
WOMEN = 25  # of each operator
OPEN = "16:00-20:00"
TICK = timedelta(minutes=10)
DAYS = ["mon", "tue", "wed", "thu", "fri"]


def campaign(code: str, words: str, hour: str, useful: str, days: list[str]) -> Definition:
    """One message on each of these days."""
    step = {
        "step": code, "kind": "message", "when": {"weekly": days}, "hour": hour, "useful": useful, "facts": ["HY3"],
        "facts_checked": "2026-03-01", "one_act": True, "texts": {"fr": {"sms": words, "read_aloud": words}},
    }  # fmt: skip
    return Definition.model_validate(
        {
            "campaign": code, "title": {"fr": words}, "topic": "hygiene", "pillar": "social", "starts": "2026-03-09",
            "ends": "2026-03-14", "steps": [step],
        }
    )  # fmt: skip


TIP = "Lavez les mains au savon ou a la cendre."
RAIN = "Lavez les mains avant la pluie de ce soir."
MARKET = "Lavez les mains au retour du marche."
WEEK = [
    campaign("conseil", TIP, "17:30", "3d", ["mon", "tue"]),
    campaign("pluie", RAIN, "16:30", "3h", ["wed"]),
    campaign("marche", MARKET, "17:00", "3d", ["wed"]),
]
# Operator, text and the day it was meant for; the day it left, or why it did not. One a phone and day may leave, and
# after the outage one a phone: the freshest.
EXPECTED = [
    (MALITEL, TIP, 9, 9), (MALITEL, TIP, 10, 10), (MALITEL, RAIN, 11, 11), (MALITEL, MARKET, 11, 12),
    (ORANGE, TIP, 9, 9), (ORANGE, TIP, 10, "caught_up"), (ORANGE, RAIN, 11, "stale"), (ORANGE, MARKET, 11, 12),
]  # fmt: skip


@pytest.fixture
def week(installation: Installation, world: World) -> World:
    """A week of messages to women of two operators; one message a day and four a week at most."""
    with world.db.write() as session:
        session.merge(Cap(kind="campaign", per_day=1, per_week=4, per_month=16))
    closed = World(world.db, MONDAY).programme("panne", always_open=False)
    closed.hours(OPEN)
    for place in range(WOMEN):
        closed.member(f"{ORANGE}1{place:06d}")
        closed.member(f"{MALITEL}6{place:06d}")
    for definition in WEEK:
        closed.campaign(definition)
    live_through(installation, closed, Weather(seed="panne", outages=(Outage(ORANGE, DOWN, UP),)))
    return closed


def live_through(here: Installation, world: World, weather: Weather) -> None:
    """Every job, each ten minutes of the week."""
    with world.db.read() as session:
        gateway = session.get_one(Gateway, 1)
    here.adapters.put(gateway, Simulator(here.adapters.book, lambda: world.now, weather))
    while world.now < END:
        planner.plan(world.db, world.now, timedelta(minutes=15))
        resolving.resolve(here, world.now)
        while sender.send_due(here, world.now).get("claimed"):
            pass
        told = here.adapters.book.reports(world.now)
        receipts.receive(world.db, "simulator", [report for _, report in told], world.now)
        here.adapters.book.told([ident for ident, _ in told])
        with world.db.write() as session:
            outbox.expire(session, world.now)
        world.now += TICK if world.now.hour in range(15, 21) else timedelta(hours=1)


def test_two_days_without_one_operator(installation: Installation, week: World) -> None:
    with week.db.read() as session:
        rows = session.execute(sa.select(Message, Phone.prefix).join(Phone, Phone.id == Message.phone_id)).all()
    what_is_useful_left_and_the_rest_says_why(rows)
    each_left_once_within_caps_and_hours(installation, week)
    assert 2 <= max(message.tries for message, _ in rows) <= 12, "each try later than the one before"


def what_is_useful_left_and_the_rest_says_why(rows: Sequence[tuple[Message, str]]) -> None:
    said = {"17:30": TIP, "16:30": RAIN, "17:00": MARKET}
    found = Counter(
        (
            prefix[:5],
            said[f"{message.due_at:%H:%M}"],
            message.due_at.day,
            message.handed_over_at.day if message.handed_over_at else message.reason,
        )
        for message, prefix in rows
    )
    assert found == dict.fromkeys(EXPECTED, WOMEN)
    assert all(message.state is State.CLOSED for message, _ in rows)
    assert {message.reason for message, _ in rows} == {"delivered", "stale", "caught_up"}


def each_left_once_within_caps_and_hours(here: Installation, week: World) -> None:
    for number in week.phones:
        got = here.adapters.book.sent(number)
        assert len({(text, at.date()) for _, text, at in got}) == len(got) <= 4, number
        assert all(16 <= at.hour < 20 for *_, at in got), number
        days = sorted(at for *_, at in got)
        assert all(later - one >= timedelta(hours=23) for one, later in pairwise(days)), number
