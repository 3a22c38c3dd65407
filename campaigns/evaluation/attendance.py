"""Sessions and who came to them: planned, held, cancelled; how many, women's share, in time, with a checked total."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import terms
from campaigns.evaluation.counting import Ask, Count
from campaigns.models import Attendance, AttendanceState, ClubSession, ClubSessionStatus
from messaging import fold, places
from messaging.clock import at_local, local
from messaging.models import Club, Inbound
from messaging.models.people import ClubKind

RECENT = timedelta(days=30)  # a club with a session within them is active
IN_TIME = timedelta(hours=48)  # after the end of the day of a session
NOT_CLUBS = (ClubKind.UNION, ClubKind.ADVISER_CIRCUIT)  # they hold no sessions of their own
DUE = (ClubSessionStatus.PLANNED, ClubSessionStatus.HELD, ClubSessionStatus.MISSED)
TOTAL = re.compile(r"(?<![a-z])t(?:ot(?:al)?)?[ :=.-]{0,3}\d")  # in a folded SMS: a total was written
HOME = sa.func.coalesce(Club.village_id, ClubSession.place_id)
OF_HELD = ("ATT-HELD", "ATT-MEAN", "ATT-W", "ATT-JF", "ATT-JG", "ATT-48", "ATT-TOT", "ATT-WO")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Cuts:
    """The columns by which sessions are cut, and what must be joined for them; `sex` is no column of theirs."""

    names: Sequence[str]
    columns: Sequence[Any]
    communes: sa.Subquery | None


def attendance(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
    """The indicators of sessions."""
    if "ATT-SES" in codes:
        yield from _planned(ask)
    if set(codes) & set(OF_HELD):
        for row in _held(ask):
            yield from (one for one in _counts(ask, row) if one.code in codes)
    if "ATT-TOT" in codes:
        yield from _checked(ask)
    if "ATT-CAN" in codes:
        day = sa.func.coalesce(ClubSession.held_on, ClubSession.planned_on)
        which = (ClubSession.status == ClubSessionStatus.CANCELLED, ask.period.holds_day(day))
        for row in _read(ask, _query(ask, day, {"sessions": sa.func.count()}, which)):
            yield Count("ATT-CAN", _cut(ask, row), row["sessions"])
    if "CLB-ACT" in codes:
        yield from _active(ask)


def _planned(ask: Ask) -> Iterator[Count]:
    """Of what the rules planned and what is past, what was held."""
    day, today = ClubSession.planned_on, local(ask.now, ask.programme.zone).date()
    sums = {"planned": sa.func.count(), "held": _sum(ClubSession.status == ClubSessionStatus.HELD)}
    which = (ClubSession.status.in_(DUE), ask.period.holds_day(day), day < today)
    for row in _read(ask, _query(ask, day, sums, which)):
        yield Count("ATT-SES", _cut(ask, row), row["held"], row["planned"])


def _held(ask: Ask) -> list[Row]:
    """All that is summed over the sessions held and their reports, in one reading of them."""
    report = Attendance
    first = (
        sa.select(report.club_session_id.label("ident"), sa.func.min(report.received_at).label("at"))
        .join(ClubSession, ClubSession.id == report.club_session_id)
        .where(report.state != AttendanceState.REJECTED, *terms.held(ask.period, ask.programme))
        .group_by(report.club_session_id)
        .subquery()
    )
    told = sa.and_(report.women.is_not(None), report.men.is_not(None))
    sums: dict[str, sa.ColumnElement[Any]] = {
        "sessions": sa.func.count(),
        "reports": sa.func.count(report.id),
        "of_f": sa.func.count(report.women),
        "of_m": sa.func.count(report.men),
        **{name: sa.func.sum(getattr(report, name)) for name in ("total", "women", "men", "girls", "boys")},
        "in_time": _sum(first.c.at <= _latest(ask)),
        "both": _sum(told),
        "women_only": _sum(sa.and_(report.women > 0, report.men == 0, sa.func.coalesce(report.boys, 0) == 0)),
    }
    query = _query(ask, ClubSession.held_on, sums, terms.held(ask.period, ask.programme))
    query = query.outerjoin(report, _is_report()).outerjoin(first, first.c.ident == ClubSession.id)
    return _read(ask, query)


def _counts(ask: Ask, row: Row) -> Iterator[Count]:
    cut = _cut(ask, row)
    if "sex" in ask.by:
        yield Count("ATT-MEAN", _cut(ask, row, "f"), row["women"], row["of_f"])
        yield Count("ATT-MEAN", _cut(ask, row, "m"), row["men"], row["of_m"])
        return
    yield Count("ATT-HELD", cut, row["sessions"])
    yield Count("ATT-MEAN", cut, row["total"], row["reports"])
    yield Count("ATT-W", cut, row["women"], row["women"] + row["men"])
    yield Count("ATT-JF", cut, row["girls"])
    yield Count("ATT-JG", cut, row["boys"])
    yield Count("ATT-48", cut, row["in_time"], row["sessions"])
    yield Count("ATT-WO", cut, row["women_only"], row["both"])


def _checked(ask: Ask) -> Iterator[Count]:
    reports, checked = Counter[tuple[Any, ...]](), Counter[tuple[Any, ...]]()
    if not ask.by:
        reports[()] = 0
    for _ident, key, has_total in _totals(ask):
        reports[key] += 1
        checked[key] += has_total
    yield from (Count("ATT-TOT", key, checked[key], number) for key, number in reports.items())


def with_total(ask: Ask) -> list[int]:
    """The sessions held whose report has a total beside its counts."""
    return [ident for ident, _cut, has_total in _totals(ask) if has_total]


def _totals(ask: Ask) -> Iterator[tuple[int, tuple[Any, ...], bool]]:
    """The sessions with a report, and which have a total: only the words of their SMS say so, which are streamed."""
    cuts = _cuts(ask, ClubSession.held_on)
    columns = (ClubSession.id, Attendance.source, Inbound.text, *cuts.columns)
    query = (
        _joined(ask, sa.select(*columns), cuts, terms.held(ask.period, ask.programme))
        .join(Attendance, _is_report())
        .outerjoin(Inbound, Inbound.id == Attendance.inbound_id)
        .execution_options(yield_per=1000)
    )
    for ident, source, text, *cut in ask.session.execute(query):
        yield ident, tuple(cut), source == "form" or TOTAL.search(fold.plain(text or "")) is not None


def _active(ask: Ask) -> Iterator[Count]:
    last = ask.period.last
    met = (
        sa.select(ClubSession.club_id)
        .where(
            ClubSession.programme_id == ask.programme.id, ClubSession.status == ClubSessionStatus.HELD,
            ClubSession.held_on > last - RECENT, ClubSession.held_on <= last,
        )
        .where(ClubSession.club_id.is_not(None))
    )  # fmt: skip
    cuts = _cuts(ask, ClubSession.held_on)
    counts = (sa.func.count().label("clubs"), _sum(Club.id.in_(met)).label("active"))
    query = sa.select(*(one.label(name) for name, one in zip(cuts.names, cuts.columns, strict=True)), *counts)
    query = query.select_from(Club).where(
        Club.programme_id == ask.programme.id, Club.kind.not_in(NOT_CLUBS), ask.within(Club.village_id),
        terms.open_on(last),
    )  # fmt: skip
    if cuts.communes is not None:
        query = query.outerjoin(cuts.communes, cuts.communes.c.village_id == Club.village_id)
    for row in _read(ask, query.group_by(*cuts.columns)):
        yield Count("CLB-ACT", _cut(ask, row), row["active"], row["clubs"])


def _is_report() -> sa.ColumnElement[bool]:
    """The one attendance of a session that counts."""
    return sa.and_(Attendance.club_session_id == ClubSession.id, terms.counts())


def _latest(ask: Ask) -> sa.ColumnElement[Any]:
    """Until when the report of each day is in time: a day ends where the programme's clock says so."""
    period, kind = ask.period, Attendance.received_at.type
    days = [period.since + timedelta(days=place) for place in range((period.until - period.since).days)]
    ends = [at_local(day + timedelta(days=1), time(0), period.zone) + IN_TIME for day in days]
    held = ClubSession.held_on
    return sa.case(*((held == day, sa.literal(end, kind)) for day, end in zip(days, ends, strict=True)))


def _cuts(ask: Ask, day: Any) -> Cuts:
    names = [name for name in ask.by if name != "sex"]
    pairs = places.communes(ask.mapped_on).subquery()
    known = {"area": pairs.c.commune_id, "month": ask.period.month_of_day(day), "kind": Club.kind}
    return Cuts(names, [known[name] for name in names], pairs if "area" in names else None)


def _query(
    ask: Ask, day: Any, sums: Mapping[str, Any], which: Sequence[sa.ColumnElement[bool]]
) -> sa.Select[*tuple[Any, ...]]:
    """Sums over sessions, a row for each cut."""
    cuts = _cuts(ask, day)
    named = [one.label(name) for name, one in zip(cuts.names, cuts.columns, strict=True)]
    query = sa.select(*named, *(one.label(name) for name, one in sums.items()))
    return _joined(ask, query, cuts, which).group_by(*cuts.columns)


def _joined(
    ask: Ask, query: sa.Select[*tuple[Any, ...]], cuts: Cuts, which: Sequence[sa.ColumnElement[bool]]
) -> sa.Select[*tuple[Any, ...]]:
    """The sessions of the programme and of own places, with their clubs and communes."""
    query = query.select_from(ClubSession).outerjoin(Club, Club.id == ClubSession.club_id)
    if cuts.communes is not None:
        query = query.outerjoin(cuts.communes, cuts.communes.c.village_id == HOME)
    return query.where(ClubSession.programme_id == ask.programme.id, ask.within(HOME), *which)


def _read(ask: Ask, query: sa.Select[*tuple[Any, ...]]) -> list[Row]:
    return [
        {name: value if name in ask.by else int(value or 0) for name, value in row.items()}
        for row in ask.session.execute(query).mappings()
    ]


def _cut(ask: Ask, row: Row, sex: str | None = None) -> tuple[Any, ...]:
    return tuple(sex if name == "sex" else row[name] for name in ask.by)


def _sum(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((which, 1), else_=0))
