"""The pace of a gateway: whatever comes, no ten seconds see more than ten seconds' worth, and little of it is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging import pacing
from messaging.models import Gateway

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
WINDOW = timedelta(seconds=10)


def gateway(rate: float) -> Gateway:
    return Gateway(rate=rate, ease=1.0, tokens=0.0)


def carried(row: Gateway, asked: list[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    """What leaves of what is asked for at these moments."""
    left = []
    for at, segments in asked:
        bucket = pacing.drawn(row, at)
        if bucket.spend(segments):
            left.append((at, segments))
            pacing.keep(bucket, row, at)
    return left


def fullest(left: list[tuple[datetime, int]]) -> int:
    """The most segments of any ten seconds."""
    return max((sum(segments for at, segments in left if start <= at < start + WINDOW) for start, _ in left), default=0)


@settings(max_examples=200, deadline=None)
@given(
    rate=st.sampled_from([0.2, 1, 3, 10, 100]),
    pauses=st.lists(
        st.tuples(st.floats(0, 3).filter(lambda gap: gap != 1e-9), st.integers(1, 6)), min_size=1, max_size=150
    ),
)
def test_no_ten_seconds_see_more_than_ten_seconds_worth(rate: float, pauses: list[tuple[float, int]]) -> None:
    asked, at = [], NOW
    for gap, segments in pauses:
        at += timedelta(seconds=gap)
        asked.append((at, segments))
    longest = max(segments for _, segments in asked)
    assert fullest(carried(gateway(rate), asked)) < 10 * rate + longest


@pytest.mark.parametrize("rate", [0.1, 0.5, 1, 2, 3, 10, 30, 100])
def test_short_messages_keep_exactly_to_the_setting_and_use_it(rate: float) -> None:
    asked = [(NOW + timedelta(milliseconds=5 * tick), 1) for tick in range(200 * 60)]
    left = carried(gateway(rate), asked)
    assert fullest(left) <= 10 * rate
    assert len(left) >= 0.95 * rate * 60


def test_a_long_message_is_paid_back_before_the_next_one_leaves() -> None:
    asked = [(NOW + timedelta(seconds=tick / 10), 6) for tick in range(600)]
    left = carried(gateway(1), asked)
    gaps = [(after - before).total_seconds() for (before, _), (after, _) in pairwise(left)]
    assert min(gaps) >= 6
    assert len(left) in (9, 10)


def test_the_time_until_there_is_enough_is_told() -> None:
    row = gateway(2)
    pacing.keep(pacing.Bucket(-3, 1, 2), row, NOW)
    wait = pacing.drawn(row, NOW).free_in(2)
    assert not pacing.drawn(row, NOW + wait - timedelta(milliseconds=5)).spend(2)
    assert pacing.drawn(row, NOW + wait).spend(2)


def test_a_gateway_that_carries_nothing_is_asked_again_in_ten_minutes() -> None:
    bucket = pacing.drawn(gateway(0), NOW)
    assert not bucket.spend(1)
    assert bucket.free_in(1) == timedelta(minutes=10)
