"""Open hours as dated rules: which local minutes of a day are open for a kind of message; pure, knows no table.

Each rule may only narrow those above it. A day's open minutes are the first rule's, cut by every later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from messaging.clock import at_local, local
from messaging.errors import DataError

LOOK_AHEAD_DAYS = 60  # no feast or season closes longer

Span = tuple[time, time]  # from, until (not included)
ALL_DAY: Span = (time.min, time.max)


@dataclass(frozen=True)
class HoursRule:
    """One row: on these days, only `opens` is open (none: as above), and `closes` is shut.

    With neither of them the whole day is shut, unless the row is there for its weekly cap: the most messages of
    campaigns that a phone may get in seven days.
    """

    opens: tuple[Span, ...] = ()
    closes: tuple[Span, ...] = ()
    starts: date | None = None
    ends: date | None = None
    weekday: int | None = None
    kind: str = "both"
    reason: str = ""
    weekly_cap: int | None = None

    @property
    def is_of_some_days(self) -> bool:
        """Whether it speaks of dates or of a weekday, not of every day."""
        return not (self.starts is None and self.ends is None and self.weekday is None)

    @property
    def shuts_all_day(self) -> bool:
        """Whether nothing is open on its days."""
        return not self.opens and not self.closes and self.weekly_cap is None

    def holds(self, day: date, kind: str) -> bool:
        """True when the rule speaks about this day and kind of message."""
        return (
            self.kind in ("both", kind)
            and (self.starts is None or self.starts <= day)
            and (self.ends is None or day <= self.ends)
            and (self.weekday is None or self.weekday == day.weekday())
        )


@lru_cache(1024)  # the sender reads the same few rows with every batch
def parse_spans(text: str) -> tuple[Span, ...]:
    """Read `08:00-11:30 16:15-17:20`.

    Raises:
        DataError: a span cannot be read or ends before it starts.
    """
    return tuple(_span(part) for part in text.split())


def open_spans(rules: Iterable[HoursRule], kind: str, day: date) -> list[Span]:
    """The open local spans of a day, in order; without any rule the whole day is open."""
    spans = [ALL_DAY]
    for rule in rules:
        if not rule.holds(day, kind):
            continue
        if rule.opens or rule.shuts_all_day:
            spans = _common(spans, rule.opens)
        spans = _without(spans, rule.closes)
    return spans


def weekly_cap(rules: Iterable[HoursRule], day: date) -> int | None:
    """The narrowest weekly cap of a day; None when no row of it has one. It is of campaigns alone."""
    return min(
        (rule.weekly_cap for rule in rules if rule.weekly_cap is not None and rule.holds(day, "campaign")), default=None
    )


def narrowing(rules: Iterable[HoursRule], kind: str, day: date) -> list[HoursRule]:
    """The rules that really take something of a day away, in their order."""
    above: list[HoursRule] = []
    found = []
    for rule in rules:
        above.append(rule)
        if open_spans(above, kind, day) != open_spans(above[:-1], kind, day):
            found.append(rule)
    return found


def shut_by(rules: Iterable[HoursRule], kind: str, moment: datetime, zone: str) -> HoursRule | None:
    """The first rule that closes a moment; None when it is open."""
    here = local(moment, zone)
    above: list[HoursRule] = []
    for rule in rules:
        above.append(rule)
        if not any(start <= here.time() < end for start, end in open_spans(above, kind, here.date())):
            return rule
    return None


def next_open(rules: Sequence[HoursRule], kind: str, now: datetime, zone: str) -> datetime | None:
    """The first open moment from now on (now itself when open); None when nothing opens within 60 days."""
    here = local(now, zone)
    for ahead in range(LOOK_AHEAD_DAYS):
        day = here.date() + timedelta(days=ahead)
        for start, end in open_spans(rules, kind, day):
            if ahead == 0 and start <= here.time() < end:
                return now
            if ahead > 0 or start > here.time():
                return at_local(day, start, zone)
    return None


def last_open(rules: Sequence[HoursRule], kind: str, before: datetime, since: datetime, zone: str) -> datetime | None:
    """The last open moment before one moment and not before another: a call moves back, never forward."""
    here, floor = local(before, zone), local(since, zone)
    day = here.date()
    while day >= floor.date():
        for start, end in reversed(open_spans(rules, kind, day)):
            latest = min(end, here.time()) if day == here.date() else end
            if start < latest:
                moment = at_local(day, start, zone) + (_minutes(latest) - _minutes(start)) - timedelta(minutes=1)
                return moment if moment >= since else None
        day -= timedelta(days=1)
    return None


def _minutes(hour: time) -> timedelta:
    return timedelta(hours=24) if hour == time.max else timedelta(hours=hour.hour, minutes=hour.minute)


def _span(text: str) -> Span:
    try:
        start, end = (time.fromisoformat(part) for part in text.split("-"))
    except ValueError:
        raise DataError(f"« {text} » is no span of hours. Write it like 08:00-11:30.") from None
    if start.tzinfo or end.tzinfo:
        raise DataError(f"« {text} » names a time zone. Write local hours alone, like 08:00-11:30.")
    if start >= end:
        raise DataError(f"« {text} » ends before it starts.")
    return start, end


def _common(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    pairs = ((max(a, c), min(b, d)) for a, b in spans for c, d in others)
    return sorted((start, end) for start, end in pairs if start < end)


def _without(spans: Sequence[Span], shut: Sequence[Span]) -> list[Span]:
    left = list(spans)
    for start, end in shut:
        left = [part for a, b in left for part in ((a, min(b, start)), (max(a, end), b)) if part[0] < part[1]]
    return left
