"""Which airing a meeting of a club counts for, and how it was heard: worked out from the reports and the airings.

    PRES of a listeners' club   the latest airing since its last held meeting, up to the day itself; heard: not said
    ECOUTE without E            the same; heard well
    ECOUTE E12                  the last airing of episode 12 up to that day; none: a recording
    PAS CAPTE                   as one of these; no signal
    of a school                 nothing: there ECOUTE is its attendance

An airing of which the host said nothing counts as aired. What a report says of one day changes what a later day counts
for, so a late report and what a host says link anew all meetings since; the order in which they came does not matter.

Source: the page on the domain, section 4 ("one meeting, one report").
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import (
    Airing,
    AiringStatus,
    Attendance,
    AttendanceState,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Episode,
    Heard,
    HeardAs,
)
from messaging import batches
from messaging.clock import local
from messaging.models import Club, ClubStation, Programme
from messaging.models.people import ClubKind

SCHOOLS = (ClubKind.APFLS, ClubKind.FFS)  # what they hear is not noted
NO_SIGNAL, PARTLY = "no_signal", "partly"  # what a report may say of how it was heard
STAFF = ("form", "paper")  # what staff typed is the whole truth of a meeting; what came by SMS adds up
CLUBS = 500  # at a time
SESSIONS: sa.Table = ClubSession.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class OnAir:
    """One broadcast as a club could hear it."""

    id: int
    episode: int  # its number
    at: datetime  # when it was aired, or is to be
    on: date  # the local day of it
    is_repeat: bool = False
    is_off: bool = False  # the host said that it was not aired
    episode_id: int = 0
    topic: str | None = None


@dataclass(frozen=True)
class Met:
    """What the reports say of one meeting."""

    id: int
    on: date
    is_held: bool = True
    listens: bool = True  # False: of a school, a visit, another group that said nothing of listening
    is_told: bool = True  # somebody was there to hear, or to find that nothing could be heard
    listened: bool = False  # ECOUTE was written
    episode: int | None = None  # that was written
    problem: str | None = None
    heard_as: HeardAs | None = None  # as the session form has it


@dataclass(frozen=True)
class Link:
    """What a meeting counts for."""

    airing_id: int | None = None
    heard: Heard | None = None
    heard_as: HeardAs | None = None


def link(meetings: Iterable[Met], airings: Iterable[OnAir], last: date | None = None) -> dict[int, Link]:
    """What each meeting of one club counts for; pure.

    Args:
        meetings: of one club, in any order.
        airings: of its stations, in any order; those that were not aired do not count.
        last: the day of the last meeting that was held before these; none: there was none.

    Returns:
        The link of each meeting, by its id.
    """
    heard = sorted((one for one in airings if not one.is_off), key=lambda one: (one.at, -one.id))
    found = dict[int, Link]()
    for meeting in sorted(meetings, key=lambda one: (one.on, one.id)):
        found[meeting.id] = _linked(meeting, heard, last)
        if meeting.is_held:
            last = meeting.on
    return found


def _linked(meeting: Met, airings: Sequence[OnAir], last: date | None) -> Link:
    if not meeting.listens:
        return Link()
    airing = _airing(meeting, airings, last)
    if not meeting.is_told:
        return Link(airing.id if airing else None)
    if airing is None and meeting.episode is None:
        return Link(None, _heard(meeting) if meeting.listened or meeting.problem else None, meeting.heard_as)
    return Link(airing.id if airing else None, _heard(meeting), _heard_as(meeting, airing))


def _airing(meeting: Met, airings: Sequence[OnAir], last: date | None) -> OnAir | None:
    """The airing it counts for: of the episode that was written, else the latest since the last meeting."""
    before = [one for one in airings if one.on <= meeting.on]
    if meeting.episode is not None:
        before = [one for one in before if one.episode == meeting.episode]
    elif last is not None:
        before = [one for one in before if one.on > last]
    return before[-1] if before else None


def _heard(meeting: Met) -> Heard:
    if meeting.problem == NO_SIGNAL:
        return Heard.NO_SIGNAL
    if meeting.problem == PARTLY:
        return Heard.PARTLY
    return Heard.WELL if meeting.listened else Heard.NOT_SAID


def _heard_as(meeting: Met, airing: OnAir | None) -> HeardAs | None:
    if meeting.problem == NO_SIGNAL:
        return None
    if airing is None or meeting.heard_as is HeardAs.RECORDING:
        return HeardAs.RECORDING
    return HeardAs.REPEAT if airing.is_repeat else HeardAs.LIVE


# Built once: every report asks them.
IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
SINCE: sa.BindParameter[Any] = sa.bindparam("since", type_=sa.Date())
OF_CLUBS = (
    sa.select(Club.id, Club.kind, Programme.zone, ClubStation.station_id)
    .join(Programme, Programme.id == Club.programme_id)
    .outerjoin(ClubStation, ClubStation.club_id == Club.id)
    .where(Club.id.in_(IDS))
)
HELD = (
    sa.select(
        ClubSession.id, ClubSession.club_id, ClubSession.held_on, ClubSession.kind, ClubSession.status,
        ClubSession.airing_id, ClubSession.heard, ClubSession.heard_as,
    )
    .where(ClubSession.club_id.in_(IDS), ClubSession.held_on >= SINCE)
)  # fmt: skip
REPORTS = (
    sa.select(
        Attendance.club_session_id, Attendance.intent, Attendance.episode, Attendance.problem, Attendance.heard_as,
        Attendance.source, Attendance.id,
    )
    .join(ClubSession, ClubSession.id == Attendance.club_session_id)
    .where(ClubSession.club_id.in_(IDS), ClubSession.held_on >= SINCE)
    .where(Attendance.state != AttendanceState.REJECTED)
    .order_by(Attendance.received_at, Attendance.id)
)  # fmt: skip
BEFORE = (
    sa.select(ClubSession.club_id, sa.func.max(ClubSession.held_on))
    .where(ClubSession.club_id.in_(IDS), ClubSession.held_on < SINCE)
    .where(ClubSession.status == ClubSessionStatus.HELD, ClubSession.kind != ClubSessionKind.VISIT)
    .group_by(ClubSession.club_id)
)
MOMENT = sa.func.coalesce(Airing.aired_at, Airing.planned_at)
AIRINGS = (
    sa.select(
        Airing.id, Airing.station_id, Airing.is_repeat, Airing.status, Airing.episode_id, Episode.number,
        Episode.topic, MOMENT.label("at"),
    )
    .join(Episode, Episode.id == Airing.episode_id)
    .where(Airing.station_id.in_(IDS), sa.bindparam("until", type_=Airing.planned_at.type) > MOMENT)
    .order_by(MOMENT, Airing.id)
)  # fmt: skip
LATE = AIRINGS.where(
    sa.or_(
        sa.bindparam("from", type_=Airing.planned_at.type) <= MOMENT,
        Episode.number.in_(sa.bindparam("episodes", expanding=True)),
    )
)


@dataclass
class Listener:
    """A club and what it can hear."""

    kind: ClubKind
    zone: str
    stations: list[int] = field(default_factory=list)


def relink(session: Session, club_ids: Collection[int], since: date) -> int:
    """Write anew what the meetings of these clubs held on or after a day count for; gives how many changed.

    Rows that are loaded already are not told.
    """
    return sum(_relink(session, ids, since) for ids in batches.batches(sorted(club_ids), CLUBS))


def of_station(session: Session, station_id: int, since: date) -> int:
    """The same for all clubs that listen to a station; gives how many meetings changed.

    The clubs are locked first: whose report is just being stored is linked by what it finds when that is done.
    """
    listening = sa.select(ClubStation.club_id).where(ClubStation.station_id == station_id)
    return relink(session, lock(session, Club.id.in_(listening)), since)


def lock(session: Session, which: sa.ColumnElement[bool]) -> list[int]:
    """Keep what changes the meetings of some clubs waiting until this is committed; gives the clubs."""
    query = sa.select(Club.id).where(which).order_by(Club.id)
    return list(session.scalars(query.with_for_update(key_share=True)))


def listeners(session: Session, club_ids: Collection[int]) -> dict[int, Listener]:
    """Those of some clubs that listen to a station; a school is none."""
    found = dict[int, Listener]()
    for row in session.execute(OF_CLUBS, {"ids": club_ids}):
        if row.kind not in SCHOOLS and row.station_id is not None:
            found.setdefault(row.id, Listener(row.kind, row.zone)).stations.append(row.station_id)
    return found


def heard_by(session: Session, club_ids: Collection[int], since: date, until: date) -> dict[int, list[OnAir]]:
    """The airings of the stations of some clubs within these days, by club, whatever became of them."""
    clubs = listeners(session, club_ids)
    stations = sorted({station for club in clubs.values() for station in club.stations})
    given = {"ids": stations, "from": _midnight(since), "until": _midnight(until + timedelta(days=2)), "episodes": ()}
    rows = session.execute(LATE, given).all() if stations else []
    by_zone = {zone: on_air(rows, zone) for zone in {club.zone for club in clubs.values()}}
    return {
        ident: [one for station in club.stations for one in by_zone[club.zone].get(station, ())]
        for ident, club in clubs.items()
    }


def on_air(rows: Iterable[Any], zone: str) -> dict[int, list[OnAir]]:
    """Airings as they were read, by station, in the order of time."""
    found = dict[int, list[OnAir]]()
    for row in rows:
        found.setdefault(row.station_id, []).append(
            OnAir(
                id=row.id, episode=row.number, at=row.at, on=local(row.at, zone).date(), is_repeat=row.is_repeat,
                is_off=row.status is AiringStatus.NOT_AIRED, episode_id=row.episode_id, topic=row.topic,
            )
        )  # fmt: skip
    return found


def _relink(session: Session, club_ids: Sequence[int], since: date) -> int:
    session.flush()
    clubs = listeners(session, club_ids)
    given = {"ids": list(clubs), "since": since}
    rows = session.execute(HELD, given).all() if clubs else []
    if not rows:
        return 0
    told = dict[int, list[Any]]()
    for report in session.execute(REPORTS, given):
        told.setdefault(report.club_session_id, []).append(report)
    last = {club_id or 0: on for club_id, on in session.execute(BEFORE, given) if on is not None}
    met = dict[int, list[Met]]()
    for row in rows:
        met.setdefault(row.club_id, []).append(_met(row, told.get(row.id, ()), clubs[row.club_id].kind))
    links = _links(session, clubs, met, last)
    changed = [row for row in rows if links[row.id] != Link(row.airing_id, row.heard, row.heard_as)]
    batches.update(session, SESSIONS, ({"id": row.id, **vars(links[row.id])} for row in changed))
    return len(changed)


def _links(
    session: Session, clubs: Mapping[int, Listener], met: Mapping[int, Sequence[Met]], last: Mapping[int, date]
) -> dict[int, Link]:
    """The links of all meetings of some clubs; the airings are read once for all of them."""
    every = [meeting for meetings in met.values() for meeting in meetings]
    is_first = any(club_id not in last for club_id in met)
    given = {
        "ids": sorted({station for club_id in met for station in clubs[club_id].stations}),
        "until": _midnight(max(meeting.on for meeting in every) + timedelta(days=2)),
        "from": _midnight(date.min if is_first else min(last[club_id] for club_id in met)),
        "episodes": sorted({meeting.episode for meeting in every if meeting.episode is not None}),
    }
    rows = session.execute(LATE, given).all()
    by_zone = {zone: on_air(rows, zone) for zone in {club.zone for club in clubs.values()}}
    found = dict[int, Link]()
    for club_id, meetings in met.items():
        here = by_zone[clubs[club_id].zone]
        airings = (one for station in clubs[club_id].stations for one in here.get(station, ()))
        found |= link(meetings, airings, last.get(club_id))
    return found


def _met(row: Any, reports: Sequence[Any], kind: ClubKind) -> Met:
    """What the reports of one meeting say together: what came later beside what came first."""
    typed = max((one.id for one in reports if one.source in STAFF), default=0)
    said = [one for one in reports if one.id >= typed]  # a form may have come in long before it was taken
    listened = any(one.intent == "listening" for one in said)
    is_held = row.status is ClubSessionStatus.HELD
    problem = next((one.problem for one in reversed(said) if one.problem), None)
    return Met(
        id=row.id, on=row.held_on, is_held=is_held and row.kind is not ClubSessionKind.VISIT,
        listens=row.kind is not ClubSessionKind.VISIT and (kind is ClubKind.LISTENERS_CLUB or listened),
        is_told=is_held or problem == NO_SIGNAL, listened=listened, problem=problem,
        episode=next((one.episode for one in reversed(said) if one.episode is not None), None),
        heard_as=next((one.heard_as for one in reversed(said) if one.heard_as), None),
    )  # fmt: skip


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
