"""Clubs x episodes of a period, and clubs x weeks: gathered set-wise, each cell decided by `cells`, then summed.

Listeners' clubs are shown by episode, every other kind by week. A club is in range of an episode when one of its
stations was given it. An episode belongs to the period in which a station's first broadcast of it lies, with its
repeats, so that no report counts in two periods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from campaigns.clubs import silence
from campaigns.clubs.cells import (
    HEARD,
    LONGEST,
    REPORTED,
    Broadcast,
    Cell,
    Gathering,
    Turn,
    cell,
    recorded,
    turns,
    week_cell,
)
from campaigns.models import Airing, Attendance, AttendanceState, ClubSession, ClubSessionKind, Episode, HeardAs, Series
from campaigns.week import WEEK, monday_of
from messaging import places
from messaging.clock import at_local, local
from messaging.models import Club, ClubStation, Place, Programme
from messaging.models.people import ClubKind

COUNTED = (AttendanceState.CONFIRMED, AttendanceState.VERIFIED)
BY_EPISODE = (ClubKind.LISTENERS_CLUB,)


@dataclass(frozen=True)
class Column:
    """An episode or a week: its key, the first day of it in the period, and what an episode is about."""

    key: str  # E12; where two series use one number exemple/E12; a week 2026-W10
    day: date
    episode_id: int | None = None
    number: int | None = None
    series: str = ""
    topic: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A club and its cells by the key of their column; a column that is missing does not concern it."""

    id: int
    code: str
    kind: ClubKind
    name: str
    village_id: int
    commune_id: int | None
    commune: str
    cells: Mapping[str, Cell]


@dataclass
class Sums:
    """Counts over cells: a club counts once for each episode or week that concerns it; people once a session."""

    clubs: int = 0  # in range, or with something planned
    heard: int = 0  # live, repeat, recording or partly
    live: int = 0
    repeat: int = 0
    recording: int = 0
    partly: int = 0
    held: int = 0  # in the grid by weeks
    reported: int = 0  # said something, also that nothing was heard or that the meeting was cancelled
    no_signal: int = 0
    cancelled: int = 0
    silent: int = 0
    missed: int = 0
    not_aired: int = 0
    no_report: int = 0
    not_yet: int = 0
    women: int = 0
    men: int = 0

    def add(self, one: Cell) -> None:
        """Count one cell."""
        self.clubs += 1
        self.heard += one.state in HEARD
        self.reported += one.state in REPORTED
        setattr(self, one.state.value, getattr(self, one.state.value) + 1)
        self.women += one.women
        self.men += one.men


@dataclass(frozen=True)
class Grid:
    """The clubs of a period, by commune and code: those by episode and those by week."""

    since: date
    until: date
    episodes: Sequence[Column]
    weeks: Sequence[Column]
    rows: Sequence[Row]

    def by_column(self) -> dict[str, Sums]:
        """The sums of each episode and week."""
        return _sums(((key, one) for row in self.rows for key, one in row.cells.items()), self.episodes, self.weeks)

    def by_commune(self) -> dict[tuple[int | None, str], Sums]:
        """The sums of each commune, by its id and name: two may have one name."""
        return _sums(((row.commune_id, row.commune), one) for row in self.rows for one in row.cells.values())

    def by_kind(self) -> dict[ClubKind, Sums]:
        """The sums of each kind of club."""
        return _sums((row.kind, one) for row in self.rows for one in row.cells.values())


def gather(
    session: Session,
    programme: Programme,
    since: date,
    until: date,
    today: date,
    *,
    within: sa.ColumnElement[bool] | None = None,
    sees_security: bool = False,
) -> Grid:
    """The grid of a programme's clubs; the number of queries does not grow with the clubs.

    Args:
        session: a reading session.
        programme: whose clubs.
        since: the first day, local.
        until: the last day, included.
        today: the local day; what lies ahead is not yet missing.
        within: a condition on clubs (own places, a commune, a kind); none: all that were open in the period.
        sees_security: whether the reader may know that a club is silent for its security; to others it is `other`.
    """
    which = _which(programme, since, until, within)
    given = [turn for turn in _turns(session, programme, since, until) if since <= turn.since <= until]
    episodes, listened = _episodes(session, given), _listened(session, which, given)
    held = _gatherings(session, which, since, until, listened, sees_security)

    def cells(club_id: int, kind: ClubKind) -> dict[str, Cell]:
        if kind not in BY_EPISODE:
            return _by_week(held.get(club_id, ()), since, until, today)
        own = listened.get(club_id, {})
        return {
            column.key: cell(own[ident], held.get(club_id, ()), today)
            for ident, column in episodes.items()
            if ident in own
        }

    rows = [Row(**club._mapping, cells=cells(club.id, club.kind)) for club in _clubs(session, which, today)]
    return Grid(since, until, list(episodes.values()), _weeks(since, until), rows)


def of_week(day: date) -> str:
    """The key of the week of a day, such as 2026-W10."""
    year, week, _weekday = day.isocalendar()
    return f"{year}-W{week:02}"


def _by_week(held: Iterable[Gathering], since: date, until: date, today: date) -> dict[str, Cell]:
    weeks: dict[str, list[Gathering]] = defaultdict(list)
    for one in held:
        if since <= one.day <= until:
            weeks[of_week(one.day)].append(one)
    found = {key: week_cell(of_it, today) for key, of_it in sorted(weeks.items())}
    return {key: one for key, one in found.items() if one is not None}


def _which(programme: Programme, since: date, until: date, within: sa.ColumnElement[bool] | None) -> sa.Select[int]:
    """A query of the clubs that were open on a day of the period."""
    query = sa.select(Club.id).where(
        Club.programme_id == programme.id,
        sa.or_(Club.closed_on.is_(None), Club.closed_on >= since),
        sa.or_(Club.created_on.is_(None), Club.created_on <= until),
    )
    return query if within is None else query.where(within)


def _clubs(session: Session, which: sa.Select[int], today: date) -> Sequence[Any]:
    """Clubs as a row begins, by the commune that each lies in today, and code."""
    pairs, commune = places.communes(today).subquery(), aliased(Place)
    query = (
        sa.select(
            Club.id, Club.code, Club.kind, Club.name, Club.village_id, commune.id.label("commune_id"),
            sa.func.coalesce(commune.name, "–").label("commune"),
        )
        .outerjoin(pairs, pairs.c.village_id == Club.village_id)
        .outerjoin(commune, commune.id == pairs.c.commune_id)
        .where(Club.id.in_(which))
        .order_by(commune.name, commune.id, Club.code, Club.id)
    )  # fmt: skip
    return session.execute(query).all()


def _listened(session: Session, which: sa.Select[int], given: Iterable[Turn]) -> dict[int, dict[int, list[Turn]]]:
    """The turns that concern each club, by club and episode: those in whose time it was open."""
    at: dict[int, list[Turn]] = defaultdict(list)
    for turn in given:
        at[turn.airings[0].station_id].append(turn)
    found: dict[int, dict[int, list[Turn]]] = {}
    query = sa.select(ClubStation.club_id, ClubStation.station_id, Club.created_on, Club.closed_on)
    query = query.join(Club, Club.id == ClubStation.club_id).where(ClubStation.club_id.in_(which))
    for club_id, station_id, created_on, closed_on in session.execute(query):
        for turn in at[station_id]:
            if turn.until <= (created_on or date.min) or (closed_on or date.max) <= turn.since:
                continue
            found.setdefault(club_id, {}).setdefault(turn.airings[0].episode_id, []).append(turn)
    return found


def _turns(session: Session, programme: Programme, since: date, until: date) -> list[Turn]:
    """The turns around a period: what came before it tells which repeat is of an earlier one."""
    first, last = (at_local(day, time(0), programme.zone) for day in (since - LONGEST, until + 2 * LONGEST))
    query = (
        sa.select(Airing, Episode.number)
        .join(Episode, Episode.id == Airing.episode_id)
        .join(Series, Series.id == Episode.series_id)
        .where(Series.programme_id == programme.id, Airing.planned_at >= first, Airing.planned_at < last)
    )
    return turns(_broadcast(*row, zone=programme.zone) for row in session.execute(query))


def _broadcast(one: Airing, number: int, zone: str) -> Broadcast:
    return Broadcast(
        id=one.id, episode_id=one.episode_id, station_id=one.station_id, number=number,
        day=local(one.planned_at, zone).date(), heard_on=local(one.aired_at or one.planned_at, zone).date(),
        is_repeat=one.is_repeat, status=one.status,
    )  # fmt: skip


def _episodes(session: Session, shown: Iterable[Turn]) -> dict[int, Column]:
    """The columns of the episodes by their id, the one that was broadcast first in front."""
    days: dict[int, date] = {}
    for turn in shown:
        ident = turn.airings[0].episode_id
        days[ident] = min(days.get(ident, turn.since), turn.since)
    query = sa.select(Episode, Series.code).join(Series, Series.id == Episode.series_id).where(Episode.id.in_(days))
    rows = sorted(session.execute(query).all(), key=lambda row: (days[row[0].id], row[0].number, row[0].id))
    is_clear = len({one.number for one, _code in rows}) == len(rows)  # a number is one episode's alone
    return {
        one.id: Column(
            f"E{one.number}" if is_clear else f"{code}/E{one.number}", days[one.id], one.id, one.number, code,
            one.topic, one.titles,
        )
        for one, code in rows
    }  # fmt: skip


def _weeks(since: date, until: date) -> list[Column]:
    monday, found = monday_of(since), []
    while monday <= until:
        found.append(Column(of_week(monday), max(monday, since)))
        monday += WEEK
    return found


def _gatherings(
    session: Session,
    which: sa.Select[int],
    since: date,
    until: date,
    listened: Mapping[int, Mapping[int, Sequence[Turn]]],
    sees_security: bool,
) -> dict[int | None, list[Gathering]]:
    """The sessions of clubs by club, each with the one report that counts; late ones of the period's episodes too."""
    day = sa.func.coalesce(ClubSession.held_on, ClubSession.planned_on)
    counts = sa.and_(Attendance.club_session_id == ClubSession.id, Attendance.state.in_(COUNTED))
    query = (
        sa.select(ClubSession, day.label("day"), Attendance.episode, Attendance.women, Attendance.men)
        .join(Club, Club.id == ClubSession.club_id)
        .outerjoin(Attendance, counts)
        .where(ClubSession.club_id.in_(which), day >= since, day <= until + 2 * LONGEST)
        .where(sa.or_(Club.kind.not_in(BY_EPISODE), ClubSession.kind != ClubSessionKind.VISIT))
        .order_by(day, ClubSession.id)
    )
    found: dict[int | None, list[Gathering]] = defaultdict(list)
    for one, on, number, women, men in session.execute(query):
        given = (turn for some in listened.get(one.club_id or 0, {}).values() for turn in some)
        is_recording = one.airing_id is None and one.heard_as is HeardAs.RECORDING
        found[one.club_id].append(
            Gathering(
                id=one.id, day=on, status=one.status, airing_id=one.airing_id, heard=one.heard, heard_as=one.heard_as,
                silence=silence.shown(one.silence, to_security=sees_security),
                recording_of=recorded(number, on, given) if is_recording and number is not None else None,
                women=women or 0, men=men or 0,
            )
        )  # fmt: skip
    return found


def _sums(pairs: Iterable[tuple[Any, Cell]], *columns: Sequence[Column]) -> dict[Any, Sums]:
    found: dict[Any, Sums] = {column.key: Sums() for part in columns for column in part}
    for key, one in pairs:
        found.setdefault(key, Sums()).add(one)
    return found
