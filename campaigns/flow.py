"""Whether messages leave in time: their segments against a gateway's rate in the open minutes; pure, knows no table.

A gateway's minutes are filled one after the other: calls and prompts before campaigns, what is due earlier first.
Source: the page on the domain, sections 7 and 9.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from messaging.clock import at_local, local
from messaging.hours import HoursRule, open_spans

MINUTE = timedelta(minutes=1)
LOOK_AHEAD = timedelta(days=400)  # a load that needs longer never leaves
CRUMB = 1e-6  # of a segment, lost when minutes are added up
MOST_SIMS = 30
MOST_DAYS = 30


@dataclass(frozen=True)
class Load:
    """Messages that may leave together: their segments, the moment from which and the moment until which."""

    gateway: int
    rate: float  # segments a second
    kind: str  # campaign or service: whose open hours count
    messages: int
    segments: int  # of all messages
    leaves_at: datetime
    until: datetime


@dataclass(frozen=True)
class Passage:
    """What becomes of a load: how many messages leave in time, and on which local days."""

    messages: int
    late: int
    days: frozenset[date]
    last_at: datetime | None


@dataclass(frozen=True)
class Help:
    """One change that lets everything leave in time: more SIMs, an earlier hour, a longer use, clubs only."""

    what: str  # sims, earlier, longer, clubs
    value: int  # how many SIMs, days or messages; for an earlier hour its minute of the day


def passages(loads: Sequence[Load], rules: Sequence[HoursRule], zone: str) -> list[Passage]:
    """Let the loads leave, in the order of their gateway; the answer stands in the order of the loads."""
    left: dict[tuple[int, datetime], float] = {}  # gateway and minute -> segments it may still carry
    order = sorted(range(len(loads)), key=lambda place: (loads[place].kind != "service", loads[place].leaves_at, place))
    found = {place: _passage(loads[place], left, rules, zone) for place in order}
    return [found[place] for place in range(len(loads))]


def days_needed(loads: Sequence[Load], rules: Sequence[HoursRule], zone: str) -> int:
    """On how many local days something leaves when nothing goes out of use."""
    endless = [replace(load, until=load.leaves_at + LOOK_AHEAD) for load in loads]
    return len(frozenset().union(*(one.days for one in passages(endless, rules, zone))))


def helps(loads: Sequence[Load], rules: Sequence[HoursRule], zone: str, clubs: Sequence[Load] | None) -> list[Help]:
    """What would let everything leave in time, each change tried alone; nothing when it fits already.

    Args:
        loads: what is to leave.
        rules: the open hours.
        zone: the programme's time zone.
        clubs: the same with one message a club; None where it goes to clubs already.
    """

    def fits(changed: Sequence[Load]) -> bool:
        return not any(one.late for one in passages(changed, rules, zone))

    if fits(loads):
        return []
    found = []
    if sims := _least(lambda n: fits([replace(load, rate=load.rate * n) for load in loads]), 2, MOST_SIMS):
        found.append(Help("sims", sims))
    earlier = [_at_opening(load, rules, zone) for load in loads]
    if earlier != list(loads) and fits(earlier):
        first = local(min(load.leaves_at for load in earlier), zone)
        found.append(Help("earlier", first.hour * 60 + first.minute))
    if days := _least(lambda n: fits([_longer(load, n) for load in loads]), 1, MOST_DAYS):
        found.append(Help("longer", days))
    if clubs is not None and fits(clubs):
        found.append(Help("clubs", sum(load.messages for load in clubs)))
    return found


def _least(holds: Callable[[int], bool], low: int, high: int) -> int | None:
    """The least whole number of a range for which it holds; what holds for one holds for every higher one."""
    if not holds(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return high


def _passage(load: Load, left: dict[tuple[int, datetime], float], rules: Sequence[HoursRule], zone: str) -> Passage:
    if load.rate <= 0:
        return Passage(0, load.messages, frozenset(), None)
    each = load.segments / load.messages if load.messages else 0.0
    waiting, days, last_at = float(load.segments), set(), None
    for minute, day in _minutes(load, rules, zone):
        if waiting <= CRUMB:
            break
        key = (load.gateway, minute)
        taken = min(left.get(key, load.rate * 60), waiting)
        if taken > 0:
            left[key] = left.get(key, load.rate * 60) - taken
            waiting, last_at = waiting - taken, minute
            days.add(day)
    late = math.ceil(waiting / each - CRUMB) if each and waiting > CRUMB else 0
    return Passage(load.messages - late, late, frozenset(days), last_at)


def _minutes(load: Load, rules: Sequence[HoursRule], zone: str) -> Iterator[tuple[datetime, date]]:
    """The open minutes of a load in UTC, each with its local day."""
    day, last = local(load.leaves_at, zone).date(), local(load.until, zone).date()
    first = load.leaves_at.replace(second=0, microsecond=0)
    while day <= last:
        for start, end in open_spans(rules, load.kind, day):
            minute = max(at_local(day, start, zone), first)
            close = min(at_local(day, end, zone), load.until)
            while minute < close:
                yield minute, day
                minute += MINUTE
        day += timedelta(days=1)


def _at_opening(load: Load, rules: Sequence[HoursRule], zone: str) -> Load:
    """The load from the first open minute of its day on."""
    day = local(load.leaves_at, zone).date()
    spans = open_spans(rules, load.kind, day)
    return replace(load, leaves_at=min(load.leaves_at, at_local(day, spans[0][0], zone))) if spans else load


def _longer(load: Load, days: int) -> Load:
    return replace(load, until=load.until + timedelta(days=days))
