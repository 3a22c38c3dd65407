"""Whether messages leave in time, and what would help: the arithmetic of slow gateways and short evenings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import flow
from campaigns.flow import Help, Load
from messaging.hours import HoursRule

ZONE = "Africa/Bamako"
EVENING = [HoursRule(opens=((time(20, 30), time(21, 0)),))]
DAY_AND_EVENING = [HoursRule(opens=((time(8, 0), time(11, 30)), (time(20, 30), time(21, 0))))]
SIX_A_MINUTE = 0.1


def at(hour: int, minute: int = 0, day: int = 1) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC)


def load(messages: int, *, rate: float = SIX_A_MINUTE, each: int = 1, days: int = 3, **more: object) -> Load:
    first = Load(1, rate, "campaign", messages, messages * each, at(20, 30), at(0) + timedelta(days=days))
    return replace(first, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "messages", "each", "leave", "late", "days"),
    [
        ("half an hour at six a minute carries 180", 180, 1, 180, 0, 1),
        ("one more waits for the next evening", 181, 1, 181, 0, 2),
        ("three evenings carry 540", 540, 1, 540, 0, 3),
        ("2 400 phones on one SIM in evening hours do not fit", 2400, 1, 540, 1860, 14),
        ("two segments each: half as many", 540, 2, 270, 270, 6),
        ("nothing to send needs no day", 0, 1, 0, 0, 0),
    ],
)
def test_one_sim_in_the_evening(said: str, messages: int, each: int, leave: int, late: int, days: int) -> None:
    (found,) = flow.passages([load(messages, each=each)], EVENING, ZONE)
    assert (found.messages, found.late) == (leave, late), said
    assert flow.days_needed([load(messages, each=each)], EVENING, ZONE) == days


def test_what_would_help_is_tried_and_not_guessed() -> None:
    helps = flow.helps([load(2400)], DAY_AND_EVENING, ZONE, clubs=[load(128)])
    # A day has 240 open minutes: the first evening 30, two whole days 480, so 510 minutes carry 3 060 messages.
    assert helps == []
    helps = flow.helps([load(2400)], EVENING, ZONE, clubs=[load(128)])
    assert Help("sims", 5) in helps  # 5 x 540 = 2 700
    assert Help("longer", 11) in helps  # 14 evenings instead of 3
    assert Help("clubs", 128) in helps
    assert not [one for one in helps if one.what == "earlier"]  # the evening is all there is
    one_day = [load(1200, days=1)]
    assert Help("earlier", 8 * 60) in flow.helps(one_day, DAY_AND_EVENING, ZONE, clubs=None)


def test_calls_go_before_campaigns_and_two_gateways_do_not_wait_for_each_other() -> None:
    campaign, call = load(180, days=1), load(60, days=1, kind="service")
    first, second = flow.passages([campaign, call], EVENING, ZONE)
    assert (first.late, second.late) == (60, 0)
    other = replace(call, gateway=2)
    assert [one.late for one in flow.passages([campaign, other], EVENING, ZONE)] == [0, 0]


def test_a_gateway_that_carries_nothing_lets_all_be_late() -> None:
    (found,) = flow.passages([load(5, rate=0.0)], EVENING, ZONE)
    assert found.late == 5
    assert flow.helps([load(5, rate=0.0)], EVENING, ZONE, clubs=None) == []


def test_always_open_and_fast_all_leaves_on_the_day() -> None:
    (found,) = flow.passages([load(3000, rate=1000)], [], ZONE)
    assert (found.late, found.days) == (0, frozenset({date(2026, 12, 1)}))


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=5))
def test_no_minute_carries_more_than_its_rate(rows: list[tuple[int, int, int]]) -> None:
    loads = [load(messages, each=each, days=days) for messages, each, days in rows]
    found = flow.passages(loads, EVENING, ZONE)
    assert all(one.messages + one.late == each.messages for one, each in zip(found, loads, strict=True))
    carried = sum(one.messages * row[1] for one, row in zip(found, rows, strict=True))
    assert carried <= max(row[2] for row in rows) * 180 + len(rows)
