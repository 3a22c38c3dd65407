"""One week of sends as values: who sends what when, laid out over its days; knows no table.

Source: the page on the domain, section 7; the design, section 4.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal

from messaging.clock import at_local, local
from messaging.hours import HoursRule, Span, narrowing, open_spans
from messaging.models.post import Kind
from messaging.rules import PRIORITY

WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)
Stand = Literal["left", "waiting", "held", "never"]  # of a planned message; never: closed before it left


@dataclass(frozen=True)
class Of:
    """Whose send it is: a step of a campaign; of a single message there is neither."""

    campaign: str = ""
    title_fr: str = ""
    title_en: str = ""
    step: str = ""
    runs: bool = True  # False: it leaves only if somebody starts the campaign
    priority: int = 0  # of the step


@dataclass
class Send:
    """What one step sends at one moment, of one kind."""

    of: Of
    step_id: int
    kind: Kind
    leaves_at: datetime
    wanted_at: datetime  # before open hours moved it
    closed_by: str = ""  # the reason of the hours row that did
    messages: int = 0
    segments: int = 0
    micros: int = 0  # in millionths of XOF
    languages: Counter[str] = field(default_factory=Counter)  # really used -> messages
    stands: Counter[tuple[Stand, str]] = field(default_factory=Counter)  # in the outbox: where and why -> messages
    without: Counter[str] = field(default_factory=Counter)  # reason -> people who get nothing
    marks: int = 0  # its phones, one bit an id: of a coming send when it is counted, of a planned one when it is asked

    @property
    def is_planned(self) -> bool:
        """Whether its messages stand in the outbox."""
        return bool(self.stands)

    @property
    def is_moved(self) -> bool:
        """Whether it leaves at another minute than it was due."""
        return abs(self.leaves_at - self.wanted_at) >= MINUTE

    @property
    def order(self) -> tuple[int, datetime, int]:
        """What leaves first: calls before campaigns, then the earlier, then the step of the higher priority."""
        return -PRIORITY[self.kind], self.leaves_at, -self.of.priority

    @property
    def key(self) -> tuple[int, Kind, datetime]:
        """Step, kind and minute: what makes one send of several batches."""
        return self.step_id, self.kind, self.leaves_at.replace(second=0, microsecond=0)


@dataclass(frozen=True)
class Sum:
    """Messages, segments and millionths of XOF together."""

    messages: int
    segments: int
    micros: int


@dataclass(frozen=True)
class Day:
    """One local day: its open hours by kind, the rows that narrow just this day, and its sends in order of hour."""

    day: date
    open_for: Mapping[str, Sequence[Span]]
    narrowed_by: Sequence[str]
    sends: Sequence[Send]

    @property
    def sure(self) -> list[Send]:
        """What left, waits or comes by itself."""
        return [one for one in self.sends if one.of.runs]

    @property
    def is_closed(self) -> bool:
        """Whether no campaign may leave on it."""
        return not self.open_for["campaign"]

    @property
    def perhaps(self) -> list[Send]:
        """What would leave if its campaign were started."""
        return [one for one in self.sends if not one.of.runs]


@dataclass(frozen=True)
class Purse:
    """The budget of a month that the week touches, in millionths of XOF; no limit: it only counts."""

    month: date
    limit: int | None
    used: int  # set aside or spent
    needed: int  # by what is coming in this week and is charged to this month

    @property
    def missing(self) -> int:
        """What the limit lacks for what is coming."""
        return 0 if self.limit is None else max(self.used + self.needed - self.limit, 0)

    @property
    def left(self) -> int | None:
        """What the limit leaves after what is set aside and spent."""
        return None if self.limit is None else max(self.limit - self.used, 0)


def total(sends: Iterable[Send]) -> Sum:
    """The sum of some sends."""
    rows = list(sends)
    return Sum(sum(one.messages for one in rows), sum(one.segments for one in rows), sum(one.micros for one in rows))


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def span_of(monday: date, zone: str) -> tuple[datetime, datetime]:
    """The moments from which and until which a local week goes, in UTC."""
    return at_local(monday, time.min, zone), at_local(monday + WEEK, time.min, zone)


def marked(phone_ids: Iterable[int]) -> int:
    """Phones as one number, a bit an id: two sets of 100 000 meet in microseconds."""
    marks = bytearray()
    for ident in phone_ids:
        place = ident >> 3
        if place >= len(marks):
            marks.extend(bytes(place + 1 - len(marks) + len(marks) // 2))
        marks[place] |= 1 << (ident & 7)
    return int.from_bytes(marks, "little")


def days(rules: Sequence[HoursRule], monday: date, sends: Sequence[Send], zone: str) -> list[Day]:
    """Lay sends out over the seven days of a week, by the clock of a zone."""
    by_day: defaultdict[date, list[Send]] = defaultdict(list)
    for one in sorted(sends, key=lambda one: (one.leaves_at, *one.order, one.of.campaign, one.of.step)):
        by_day[local(one.leaves_at, zone).date()].append(one)
    found = []
    for day in (monday + timedelta(days=count) for count in range(7)):
        cut = [rule for kind in ("campaign", "service") for rule in narrowing(rules, kind, day) if rule.is_of_some_days]
        reasons = list(dict.fromkeys(rule.reason for rule in cut))
        spans = {kind: open_spans(rules, kind, day) for kind in ("campaign", "service")}
        found.append(Day(day, spans, reasons, by_day[day]))
    return found
