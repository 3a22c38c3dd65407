"""Where the sends of a week meet on the same phones: caps that they would pass, campaigns that want the same day.

Phones are sets of bits (`week.marked`), so that a hundred thousand of them are compared at once. Only `of_week` asks
the database.

Source: the design, section 4.5 (caps per phone, all programmes); the page on the domain, scenario 3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import coming
from campaigns.week import Day, Of, Send, span_of
from messaging.clock import local
from messaging.hours import HoursRule
from messaging.models import Cap, Programme

DAYS = (("per_day", 1), ("per_week", 7), ("per_month", 30))  # how the last moment counts them


@dataclass(frozen=True)
class Limit:
    """So many messages of a kind in so many days; of a row of the rhythm on its own days."""

    kind: str
    most: int
    days: int
    row: HoursRule | None = None
    zone: str = "UTC"

    def holds(self, send: Send) -> bool:
        """Whether it counts for a send."""
        is_then = self.row is None or self.row.holds(local(send.leaves_at, self.zone).date(), send.kind.value)
        return send.kind.value == self.kind and is_then


@dataclass(frozen=True)
class Over:
    """A send some of whose phones have had their number by then: those wait, or get it never."""

    send: Send
    limit: Limit
    marks: int

    @property
    def phones(self) -> int:
        """How many phones."""
        return self.marks.bit_count()


@dataclass(frozen=True)
class Clash:
    """Two campaigns that want the same phones on one day: `first` leaves first, `second` after it."""

    day: date
    first: Send
    second: Send
    phones: int
    held: int  # of them, the phones that a cap keeps from getting the second one then

    @property
    def is_open(self) -> bool:
        """Whether nothing says which of both leaves first."""
        return self.first.order == self.second.order


@dataclass(frozen=True)
class Crowding:
    """What is crowded in a week; no limits: nobody has set a cap."""

    limits: Sequence[Limit]
    overs: Sequence[Over]
    clashes: Sequence[Clash]


def limits(session: Session) -> list[Limit]:
    """The caps that hold a number, all programmes together."""
    rows = session.scalars(sa.select(Cap).order_by(Cap.kind)).all()
    found = [Limit(row.kind, getattr(row, name) or 0, days) for row in rows for name, days in DAYS]
    return [one for one in found if one.most > 0]


def of_rows(rules: Iterable[HoursRule], days: Sequence[Day], zone: str) -> list[Limit]:
    """The weekly caps that rows of the rhythm set on some of these days."""
    return [
        Limit("campaign", rule.weekly_cap, 7, rule, zone)
        for rule in rules
        if rule.weekly_cap is not None and any(rule.holds(day.day, "campaign") for day in days)
    ]


def of_week(session: Session, programme: Programme, days: Sequence[Day], now: datetime) -> Crowding:
    """What is crowded in the week of a programme whose sends are counted.

    Caps count all programmes together, so what the others sent, hold in the outbox and will send is counted with it.
    """
    found = limits(session) + of_rows(coming.rules_of(session, programme), days, programme.zone)
    since, until = span_of(days[0].day, programme.zone)
    back = timedelta(days=max((one.days for one in found), default=0))
    planned = coming.planned_marks(session, since - back, until)
    own = [one for day in days for one in day.sends]
    for one in own:
        one.marks = planned.pop(one.key, 0) if one.is_planned else one.marks
    beside = [Send(Of(), step_id, kind, at, at, marks=marks) for (step_id, kind, at), marks in planned.items()]
    if found:
        beside += _of_others(session, programme, since, until, now)
    ahead = [one for one in own if one.leaves_at >= now]
    overs = over(ahead, [*own, *beside], found)
    ahead_of_us = [one for day in days for one in clashes(day, overs) if one.second.leaves_at >= now]
    return Crowding(found, overs, ahead_of_us)


def _of_others(session: Session, own: Programme, since: datetime, until: datetime, now: datetime) -> list[Send]:
    query = sa.select(Programme).where(Programme.id != own.id, Programme.ended_at.is_(None))
    return [
        send
        for programme in session.scalars(query).all()
        for send in coming.of_campaigns(
            session, programme, coming.rules_of(session, programme), since, until, now, running_only=True
        )
    ]


def over(ahead: Iterable[Send], every: Sequence[Send], limits: Sequence[Limit]) -> list[Over]:
    """The sends of which some phones have had their number, as if everything left at its moment.

    Args:
        ahead: the sends that are asked about.
        every: all that count, those asked about among them; what leaves only if somebody starts it is in nobody's way.
        limits: the caps.
    """
    found = []
    for send in ahead:
        for limit in limits:
            if limit.holds(send) and (marks := send.marks & _full(send, every, limit)):
                found.append(Over(send, limit, marks))
    return found


def _full(send: Send, every: Sequence[Send], limit: Limit) -> int:
    """The phones that have had their number when a send leaves."""
    since = send.leaves_at - timedelta(days=limit.days)
    earlier = (
        one.marks
        for one in every
        if one.kind is send.kind
        and one.of.runs
        and one.key != send.key
        and since < one.leaves_at
        and (one.leaves_at, one.step_id) < (send.leaves_at, send.step_id)
    )
    return at_least(limit.most, earlier)


def at_least(count: int, sets: Iterable[int]) -> int:
    """What stands in at least so many of some sets."""
    levels = [0] * (count + 1)
    for marks in sets:
        for level in range(count, 1, -1):
            levels[level] |= levels[level - 1] & marks
        levels[1] |= marks
    return levels[count]


def clashes(day: Day, overs: Sequence[Over] = ()) -> list[Clash]:
    """The pairs of campaigns that want the same phones on a day, the greatest first; one of both is sure to send."""
    by_campaign: defaultdict[str, list[Send]] = defaultdict(list)
    for send in day.sends:
        if send.of.campaign and send.marks:
            by_campaign[send.of.campaign].append(send)
    full: defaultdict[tuple[object, ...], int] = defaultdict(int)
    for one in overs:
        full[one.send.key] |= one.marks
    found = []
    for pair in combinations(by_campaign.values(), 2):
        shared = _union(pair[0]) & _union(pair[1])
        if not shared or not any(one.of.runs for sends in pair for one in sends):
            continue
        wanted = [min((one for one in sends if one.marks & shared), key=lambda one: one.order) for sends in pair]
        first, second = sorted(wanted, key=lambda one: one.order)
        held = (shared & second.marks & full[second.key]).bit_count()
        found.append(Clash(day.day, first, second, shared.bit_count(), held))
    return sorted(found, key=lambda one: -one.phones)


def _union(sends: Iterable[Send]) -> int:
    marks = 0
    for one in sends:
        marks |= one.marks
    return marks
