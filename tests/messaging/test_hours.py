"""Open hours: each rule only narrows those above it; the next open minute is found across days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from messaging.errors import DataError
from messaging.hours import HoursRule, last_open, next_open, open_spans, parse_spans

ZONE = "Africa/Bamako"
BANDIAGARA = HoursRule(opens=parse_spans("08:00-11:30 16:15-17:20 20:30-21:00"), kind="campaign")
SOWING = HoursRule(opens=parse_spans("16:00-22:00"), starts=date(2026, 6, 1), ends=date(2026, 7, 31), kind="campaign")
RAMADAN = HoursRule(closes=parse_spans("17:00-20:45"), starts=date(2026, 2, 18), ends=date(2026, 3, 19))
FEAST = HoursRule(starts=date(2026, 3, 20), ends=date(2026, 3, 20))
RULES = [BANDIAGARA, RAMADAN, SOWING, FEAST]


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


ROWS = [
    ("open now", "2026-04-02 09:00", "2026-04-02 09:00"),
    ("at noon: the afternoon", "2026-04-02 12:00", "2026-04-02 16:15"),
    ("at night: next morning", "2026-04-02 23:00", "2026-04-03 08:00"),
    ("the end is shut", "2026-04-02 11:30", "2026-04-02 16:15"),
    ("Ramadan cuts the evening", "2026-03-12 17:10", "2026-03-12 20:45"),
    ("a feast is shut all day", "2026-03-20 09:00", "2026-03-21 08:00"),
    ("sowing: evenings only", "2026-06-10 09:00", "2026-06-10 16:15"),
]


@pytest.mark.parametrize(("now", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_next_open(now: str, expected: str) -> None:
    assert next_open(RULES, "campaign", at(now), ZONE) == at(expected)


def test_other_kinds_have_other_hours() -> None:
    assert next_open([BANDIAGARA], "service", at("2026-04-02 23:00"), ZONE) == at("2026-04-02 23:00")


def test_when_nothing_ever_opens() -> None:
    assert next_open([HoursRule()], "campaign", at("2026-04-02 09:00"), ZONE) is None


def test_a_call_moves_back_to_the_last_open_minute() -> None:
    assert last_open([BANDIAGARA], "campaign", at("2026-04-02 20:00"), at("2026-04-02 06:00"), ZONE) == at(
        "2026-04-02 17:19"
    )
    assert last_open([BANDIAGARA], "campaign", at("2026-04-02 07:00"), at("2026-04-02 06:00"), ZONE) is None


@pytest.mark.parametrize("text", ["8h-9h", "09:00", "10:00-09:00", "09:00-09:00"])
def test_a_bad_span_is_named(text: str) -> None:
    with pytest.raises(DataError, match=text):
        parse_spans(text)


def test_no_rule_can_widen_another() -> None:
    wide = HoursRule(opens=parse_spans("00:00-23:59"))
    assert open_spans([BANDIAGARA, wide], "campaign", date(2026, 4, 2)) == list(BANDIAGARA.opens)
