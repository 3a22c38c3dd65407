"""When a step is due: pure functions from a trigger to batches of dated occurrences; knows no table and no person.

Times in a definition are local hours; here they become UTC. A batch is planned once; its messages carry the
occurrence, which does not change when an hour is edited.

    trigger           batch                 occurrence
    date              once                  once
    weekly, cycle     2026-03-12            2026-03-12
    market            2026-03-12/5:3        2026-03-12         (every cycle of its own)
    after_enrolment   day:2026-03-12        once               (a member has each step once)
    child_month       anchor:2026-03        anchor:2026-03     (the month of birth)
    airing            airing:17             airing:17          (what follows: of an episode and station once)

Source: the design, sections 3 and 9; the page on the domain, section 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from campaigns.definitions import Step, When
from messaging.clock import at_local, local

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NOON = time(12, 0)
DAY = timedelta(days=1)
AIRING = "airing:"  # start of the occurrences of what is said around a broadcast


@dataclass(frozen=True)
class Cycle:
    """A market held every `days` days, `rest` being the day number modulo `days`."""

    days: int
    rest: int

    @classmethod
    def of(cls, days: int, anchor: date) -> Cycle:
        """The cycle of a market that was held on a known day."""
        return cls(days, anchor.toordinal() % days)

    def falls_on(self, day: date) -> bool:
        """True on a market day."""
        return day.toordinal() % self.days == self.rest


@dataclass(frozen=True)
class Broadcast:
    """What the calendar needs of an airing."""

    id: int
    station_id: int
    series: str
    starts_at: datetime
    ends_at: datetime
    episode_id: int = 0
    aired: bool | None = None  # None: nobody has said
    tells_hours: bool = True  # the station agreed that its hours are told everywhere
    others: tuple[int, ...] = ()  # the further airings of the episode at the station


@dataclass(frozen=True)
class Batch:
    """Everyone for whom a step falls due at one moment, by one of the narrowing marks (none: the whole audience)."""

    name: str
    occurrence: str
    due_at: datetime
    useful_until: datetime
    enrolled_on: date | None = None
    born_in: date | None = None
    cycle: Cycle | None = None
    airing: Broadcast | None = None
    moves: Literal["forward", "back"] = "forward"
    others: tuple[str, ...] = ()  # occurrences that stand for this one: who got one of them does not get it again


def batches(
    step: Step,
    since: datetime,
    until: datetime,
    zone: str,
    *,
    cycles: Sequence[Cycle] = (),
    airings: Sequence[Broadcast] = (),
    role: str | None = None,
) -> list[Batch]:
    """The batches of a step with `since` <= due < `until`, in the order of time.

    Args:
        step: the step of a definition.
        since: aware UTC, included.
        until: aware UTC, not included.
        zone: the programme's time zone.
        cycles: the market cycles found in the audience; for market triggers.
        airings: the broadcasts around that time, with all others of their episodes; for airing triggers.
        role: whom the step is for: a host is asked about each broadcast, all others hear of an episode once.
    """
    if step.when.of_airing:
        found = _of_airings(step, unsaid(airings) if role == "host" else first(airings), role)
    else:
        found = _of_days(step, since, until, zone, cycles)
    return sorted((batch for batch in found if since <= batch.due_at < until), key=lambda batch: batch.due_at)


def _of_days(step: Step, since: datetime, until: datetime, zone: str, cycles: Sequence[Cycle]) -> Iterator[Batch]:
    day, last = local(since, zone).date(), local(until, zone).date()
    while day <= last:
        due = at_local(day, step.hour or NOON, zone)
        for name, occurrence, marks in _on(step.when, day, cycles):
            yield Batch(name, occurrence, due, _end_of_use(step, due, day, zone), **marks)  # type: ignore[arg-type]
        day += DAY


def _on(when: When, day: date, cycles: Iterable[Cycle]) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Batch name, occurrence and marks of what falls on a local day."""
    iso = day.isoformat()
    if when.date == day:
        yield "once", "once", {}
    if (when.weekly and WEEKDAYS[day.weekday()] in when.weekly) or _in_cycle(when, day):
        yield iso, iso, {}
    if when.market:
        market = day + DAY if when.market == "eve" else day
        for cycle in cycles:
            if cycle.falls_on(market):
                yield f"{iso}/{cycle.days}:{cycle.rest}", iso, {"cycle": cycle}
    if when.after_enrolment is not None:
        yield f"day:{iso}", "once", {"enrolled_on": day - timedelta(days=when.after_enrolment)}
    if when.child_month is not None and day.day == 1:
        born = month_before(day, when.child_month + 1)
        anchor = f"anchor:{born:%Y-%m}"
        yield anchor, anchor, {"born_in": born}


def _in_cycle(when: When, day: date) -> bool:
    if when.every_days is None or when.anchor is None:
        return False
    return (day - when.anchor).days % when.every_days == when.offset % when.every_days


def month_before(day: date, months: int) -> date:
    """The first day of the month so many months before a day's own.

    A step for the completed month m goes to those born m + 1 months before: only the month of birth is stored, and on
    the first of that month every child of it has completed m months. Nobody is told to give food too early.
    """
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def first(airings: Iterable[Broadcast]) -> list[Broadcast]:
    """Of each episode and station the first broadcast that was aired or, while nobody has said, is to be."""
    found: dict[tuple[int, int], list[Broadcast]] = {}
    for one in sorted(airings, key=lambda one: (one.starts_at, one.id)):
        found.setdefault((one.station_id, one.episode_id), []).append(one)
    leading = ((next((one for one in group if one.aired is not False), None), group) for group in found.values())
    return [replace(lead, others=tuple(one.id for one in group if one is not lead)) for lead, group in leading if lead]


def unsaid(airings: Iterable[Broadcast]) -> list[Broadcast]:
    """The broadcasts of which the host has said nothing yet."""
    return [one for one in airings if one.aired is None]


def occurrence(airing_id: int) -> str:
    """How the messages of an airing are named."""
    return f"{AIRING}{airing_id}"


def _of_airings(step: Step, airings: Iterable[Broadcast], role: str | None) -> Iterator[Batch]:
    when = step.when
    for airing in airings:
        if when.series and airing.series != when.series:
            continue
        name = occurrence(airing.id)
        if when.before_airing is not None:
            due = airing.starts_at - when.before_airing
            end = min(airing.starts_at, due + step.useful) if step.useful else airing.starts_at
            yield Batch(name, name, due, end, airing=airing, moves="back")
        elif when.after_airing is not None:
            due = airing.ends_at + when.after_airing
            same = () if role == "host" else tuple(occurrence(other) for other in airing.others)
            yield Batch(name, name, due, due + (step.useful or 3 * DAY), airing=airing, others=same)


def _end_of_use(step: Step, due: datetime, day: date, zone: str) -> datetime:
    """The given length after the due time; by default the end of the third day."""
    return due + step.useful if step.useful else at_local(day + 3 * DAY, time(0, 0), zone)
