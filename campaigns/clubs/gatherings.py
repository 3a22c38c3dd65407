"""Gatherings without a club, of a village or commune: a demonstration, a training, a visit, an assembly, a platform.

Staff count who came; nobody reports them by SMS. They are club sessions of another kind, with a place and no club.

Source: the page on the domain, section 4 (club session).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.clubs import reports
from campaigns.models import Attendance, AttendanceState, ClubSession, ClubSessionKind, ClubSessionStatus
from messaging import audit
from messaging.clock import local
from messaging.errors import RefusedError
from messaging.models import Programme

KINDS = (
    ClubSessionKind.DEMONSTRATION, ClubSessionKind.TRAINING, ClubSessionKind.VISIT, ClubSessionKind.ASSEMBLY,
    ClubSessionKind.PLATFORM,
)  # fmt: skip
COUNTED = (*reports.SEXES, "pregnant", "lactating", "children", "women_spoke", "woman_chaired")


@dataclass(frozen=True)
class Gathering:
    """What, where and when, and what it was about."""

    kind: ClubSessionKind
    place_id: int
    on: date
    topic: str | None = None


def record(
    session: Session,
    programme: Programme,
    gathering: Gathering,
    counts: Mapping[str, Any],
    *,
    meeting: ClubSession | None = None,
    source: str,
    staff_id: int,
    now: datetime,
) -> ClubSession:
    """Store what staff counted at a gathering, or correct one; gives its club session.

    Args:
        session: a writing session.
        programme: whose it is.
        gathering: what, where and when.
        counts: women, men, girls, boys and what stands in `COUNTED`; or `cancelled` with one of `reports.REASONS`.
        meeting: the locked one that is corrected; none: a new one.
        source: `paper` or `form`.
        staff_id: who typed it.
        now: the time.

    Raises:
        RefusedError: nobody was counted, the day is to come, more are pregnant or nursing than came, or no reason.
    """
    _check(programme, gathering, counts, now)
    if meeting is None:
        meeting = ClubSession(programme_id=programme.id, status=ClubSessionStatus.PLANNED, source=source)
        session.add(meeting)
    meeting.kind, meeting.place_id, meeting.topic = gathering.kind, gathering.place_id, gathering.topic
    meeting.held_on = gathering.on
    session.flush()
    before = reports.counted(session, meeting)
    was = _audited(before)
    if counts.get("cancelled"):
        reports.cancel(meeting, before, counts["cancelled"])
    else:
        reports.supersede(session, meeting, before, _row(meeting, counts, source, staff_id, now))
    session.flush()
    told = {"kind": meeting.kind.value, "status": meeting.status.value, **_audited(reports.counted(session, meeting))}
    audit.note(session, audit.actor(staff_id), "recorded", "club_session", meeting.id, now, before=was, after=told)
    return meeting


def _check(programme: Programme, gathering: Gathering, counts: Mapping[str, Any], now: datetime) -> None:
    if counts.get("cancelled"):
        if counts["cancelled"] not in reports.REASONS:
            raise RefusedError(reports.NO_REASON)
        return
    if gathering.on > local(now, programme.zone).date():
        raise RefusedError(reports.TO_COME)
    if all(counts.get(name) is None for name in reports.SEXES):
        raise RefusedError(reports.NOBODY)
    women = counts.get("women")
    if women is not None and (counts.get("pregnant") or 0) + (counts.get("lactating") or 0) > women:
        raise RefusedError(reports.TOO_MANY)


def _row(meeting: ClubSession, counts: Mapping[str, Any], source: str, staff_id: int, now: datetime) -> Attendance:
    return Attendance(
        club_session_id=meeting.id, intent="attendance", total=sum(counts.get(name) or 0 for name in reports.SEXES),
        source=source, staff_id=staff_id, received_at=now, repairs=[], sensitive=False,
        state=AttendanceState.VERIFIED if source == "paper" else AttendanceState.CONFIRMED,
        **{name: counts.get(name) for name in COUNTED},
    )  # fmt: skip


def _audited(row: Attendance | None) -> dict[str, Any]:
    if row is None:
        return {}
    values = {name: getattr(row, name) for name in (*COUNTED, "total")}
    return {name: value for name, value in values.items() if value is not None}
