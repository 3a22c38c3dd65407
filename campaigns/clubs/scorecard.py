"""The scorecard of stations: what they were to air and did, who listened and said so, and the questions they answered.

Source: the page on the domain, 6.3 (month); the page on safeguarding, 5.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs.airings import REASONS
from campaigns.models import (
    Airing,
    AiringStatus,
    AirQuestion,
    AirQuestionState,
    Attendance,
    AttendanceState,
    ClubSession,
    Heard,
)
from messaging.clock import at_local
from messaging.models import Club, ClubStation, Programme, Station

Query = sa.Select[*tuple[Any, ...]]
COUNTS = (AttendanceState.CONFIRMED, AttendanceState.VERIFIED)
SECRET, OTHER, AIRED = "security", "other", AiringStatus.AIRED.value


@dataclass(frozen=True)
class Score:
    """One station over some days; `lost` counts what was not aired by reason."""

    station_id: int
    station: str
    planned: int = 0  # broadcasts of these days, whatever became of them
    aired: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    clubs: int = 0  # that listen to it
    reporting: int = 0  # of them, those of which a report tells that a broadcast of these days was heard
    answered: int = 0  # questions of clubs and members

    @property
    def not_aired(self) -> int:
        """All that was not aired."""
        return sum(self.lost.values())

    @property
    def unsaid(self) -> int:
        """Those of which nobody has said anything, to come or past."""
        return self.planned - self.aired - self.not_aired

    def row(self) -> dict[str, str | int]:
        """As a file has it: no people of the station, no reason of security."""
        lost = {f"not_aired_{reason}": self.lost.get(reason, 0) for reason in REASONS if reason != SECRET}
        lost["not_aired_other"] += self.lost.get(SECRET, 0)
        return {
            "station": self.station, "planned": self.planned, "aired": self.aired, "not_aired": self.not_aired, **lost,
            "unsaid": self.unsaid, "clubs": self.clubs, "clubs_reporting": self.reporting,
            "questions_answered": self.answered,
        }  # fmt: skip


def scorecard(
    session: Session, programme: Programme, since: date, until: date, *, security: bool = False
) -> list[Score]:
    """The scores of a programme's stations, by name; a station with nothing on these days is there with zeros.

    Args:
        session: a session.
        programme: whose stations.
        since: the first local day.
        until: the last one, included.
        security: for the focal point of security alone: broadcasts lost to it under their own name, not as `other`.
    """
    first = at_local(since, time.min, programme.zone)
    end = at_local(until + timedelta(days=1), time.min, programme.zone)
    within = sa.and_(Airing.planned_at >= first, Airing.planned_at < end)
    own = sa.select(Station.id).where(Station.programme_id == programme.id)
    became: dict[int, Counter[str]] = {}
    for station, status, reason, count in session.execute(_became(own, within)):
        became.setdefault(station, Counter())[_named(status, reason, security=security)] += count
    clubs, reporting = _by_station(session, _listening(own)), _by_station(session, _reporting(own, within))
    answered = _by_station(session, _answered(own, first, end))
    stations = session.execute(sa.select(Station.id, Station.name).where(Station.id.in_(own)).order_by(Station.name))
    return [
        Score(
            ident, name, sum(told.values()), told[AIRED],
            {reason: told[reason] for reason in REASONS if told[reason]},
            clubs.get(ident, 0), reporting.get(ident, 0), answered.get(ident, 0),
        )
        for ident, name in stations
        for told in (became.get(ident, Counter()),)
    ]  # fmt: skip


def _became(own: sa.Select[int], within: sa.ColumnElement[bool]) -> Query:
    columns = (Airing.station_id, Airing.status, Airing.reason)
    return sa.select(*columns, sa.func.count()).where(Airing.station_id.in_(own), within).group_by(*columns)


def _named(status: AiringStatus, reason: str | None, *, security: bool) -> str:
    """What became of a broadcast as one word; a reason that was not told is another one."""
    if status is not AiringStatus.NOT_AIRED:
        return status.value
    is_told = reason in REASONS and (security or reason != SECRET)
    return str(reason) if is_told else OTHER


def _listening(own: sa.Select[int]) -> Query:
    """Open clubs by station."""
    return (
        sa.select(ClubStation.station_id, sa.func.count())
        .join(Club, Club.id == ClubStation.club_id)
        .where(ClubStation.station_id.in_(own), Club.closed_on.is_(None))
        .group_by(ClubStation.station_id)
    )


def _reporting(own: sa.Select[int], within: sa.ColumnElement[bool]) -> Query:
    """Clubs by station of which a report that counts is linked to a broadcast of it, heard or hard to hear."""
    return (
        sa.select(Airing.station_id, sa.func.count(sa.distinct(ClubSession.club_id)))
        .join(ClubSession, ClubSession.airing_id == Airing.id)
        .join(Attendance, Attendance.club_session_id == ClubSession.id)
        .where(Airing.station_id.in_(own), within, Attendance.state.in_(COUNTS), ClubSession.heard != Heard.NO_SIGNAL)
        .group_by(Airing.station_id)
    )


def _answered(own: sa.Select[int], first: datetime, end: datetime) -> Query:
    return (
        sa.select(AirQuestion.station_id, sa.func.count())
        .where(AirQuestion.station_id.in_(own), AirQuestion.state == AirQuestionState.ANSWERED)
        .where(AirQuestion.answered_at >= first, AirQuestion.answered_at < end)
        .group_by(AirQuestion.station_id)
    )


def _by_station(session: Session, query: Query) -> dict[int, int]:
    return {station: count for station, count in session.execute(query)}  # noqa: C416
