"""How soon a case must be looked at and answered, by what it is; pure, knows no table.

Two clocks run one after the other: until the first human step, and until the answer or the referral. A clock rests
while its case is paused. Working days are Monday to Friday on the programme's clock, without the days it is closed.
Source: the page on evaluation, section 8.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from messaging.clock import at_local, local

Clock = Literal["first", "answer"]
Standing = Literal["late", "near", "calm", "paused"]
Pause = tuple[datetime, datetime | None]  # from, until; no end: it lasts


@dataclass(frozen=True)
class Days:
    """The days of a programme: its zone, and the days, first and last, on which it is closed."""

    zone: str
    closed: tuple[tuple[date, date], ...] = ()

    def is_working(self, day: date) -> bool:
        """Monday to Friday, unless the programme is closed."""
        return day.weekday() < 5 and not any(first <= day <= last for first, last in self.closed)


@dataclass(frozen=True)
class Term:
    """How long a clock runs, and how long before its end it is near; `working`: on working days alone."""

    span: timedelta
    near: timedelta
    working: bool = False


WORKING = Term(timedelta(days=3), timedelta(days=1), working=True)
DAY = Term(timedelta(hours=24), timedelta(hours=12))
FORTNIGHT = Term(timedelta(days=14), timedelta(days=2))
AT_ONCE = Term(timedelta(0), timedelta(0))
FIRST: dict[str, Term | None] = {  # what is not here is sorted or taken within three working days
    "thanks": None,
    "question": None,
    "sensitive_fraud": DAY,  # acknowledged by a person
    "sensitive_psea": DAY,  # referred
    "sensitive_protection": DAY,
    "sensitive_security": AT_ONCE,  # phoned
}
ANSWER: dict[str, Term | None] = {  # what is not here is answered or referred within 14 days
    "thanks": None,
    "unclassified": None,  # by its category, once it has one
    "question": WORKING,
    "sensitive_psea": None,  # by the focal point, outside this system
    "sensitive_protection": None,
    "sensitive_security": None,
}


def term(clock: Clock, category: str) -> Term | None:
    """How long a clock of a category runs; None: that category has no such clock."""
    return FIRST.get(category, WORKING) if clock == "first" else ANSWER.get(category, FORTNIGHT)


def due(clock: Clock, category: str, told_at: datetime, days: Days, pauses: Sequence[Pause] = ()) -> datetime | None:
    """When a clock runs out; None for what has no such clock, and while it rests."""
    found = term(clock, category)
    return None if found is None else _runs_out(told_at, found.span, found.working, days, pauses)


def standing(
    clock: Clock, category: str, told_at: datetime, now: datetime, days: Days, pauses: Sequence[Pause] = ()
) -> Standing:
    """How a clock stands; what has none is calm, and what had run out before its pause is late all the same."""
    found = term(clock, category)
    if found is None:
        return "calm"
    end = _runs_out(told_at, found.span, found.working, days, pauses)
    if end is not None and now >= end:
        return "late"
    if any(until is None for _from, until in pauses):
        return "paused"
    last = _runs_out(told_at, found.span - found.near, found.working, days, pauses)
    return "near" if last is not None and now >= last else "calm"


def told_by(now: datetime, span: timedelta, working: bool, days: Days) -> datetime:
    """What was told then or before has had this time by now: the way back, so that a query can count."""
    if not working:
        return now - span
    at = local(now, days.zone)
    day, left = at.date(), span
    begin = at_local(day, time(0), days.zone)
    while True:
        if days.is_working(day):
            passed = min(now, at_local(day + timedelta(days=1), time(0), days.zone)) - begin
            if left <= passed:
                return begin + passed - left
            left -= passed
        day -= timedelta(days=1)
        begin = at_local(day, time(0), days.zone)


def _runs_out(
    told_at: datetime, left: timedelta, working: bool, days: Days, pauses: Sequence[Pause]
) -> datetime | None:
    """Let a clock run from pause to pause until nothing is left of it; None: it rests before that."""
    at: datetime | None = told_at
    for begin, end in sorted(pauses, key=lambda pause: pause[0]):
        assert at is not None
        if end is not None and end <= at:
            continue
        moment, left = _advance(at, max(begin, at), left, working, days)
        if moment is not None:
            return moment
        at = end
        if at is None:
            return None
    assert at is not None
    return _advance(at, None, left, working, days)[0]


def _advance(
    begin: datetime, end: datetime | None, left: timedelta, working: bool, days: Days
) -> tuple[datetime | None, timedelta]:
    """The moment at which a running clock ends before `end`, or None and what is left of it then."""
    if not working:
        if end is None or begin + left <= end:
            return begin + left, timedelta(0)
        return None, left - (end - begin)
    at, day = begin, local(begin, days.zone).date()
    while end is None or at < end:
        midnight = at_local(day + timedelta(days=1), time(0), days.zone)
        until = midnight if end is None else min(midnight, end)
        if days.is_working(day):
            if left <= until - at:
                return at + left, timedelta(0)
            left -= until - at
        at, day = until, day + timedelta(days=1)
    return None, left
