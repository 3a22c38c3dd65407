"""What is stored of who came: the one report of a club session that counts, and those it took the place of.

A correction is a further row; none is changed or taken away. What a report says changes what later meetings count for
(`listening`), and ends the silence of its club.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import listening, meetings, silence
from campaigns.models import (
    Attendance,
    AttendanceState,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    HeardAs,
)
from messaging import audit
from messaging.clock import local
from messaging.errors import RefusedError
from messaging.models import Club, Programme

COUNTS = (AttendanceState.CONFIRMED, AttendanceState.VERIFIED)  # the states of the one report that counts
SEXES = ("women", "men", "girls", "boys")  # what a total is the sum of
BESIDE = ("pregnant", "lactating", "children", "women_spoke", "woman_chaired", "episode", "note", "question")
AUDITED = (*SEXES, "total", "pregnant", "lactating", "children", "women_spoke", "woman_chaired", "episode", "problem")
REASONS = ("rain", "market", "funeral", "insecurity", "other")  # why a meeting was called off
NOBODY = "Personne n'est compté. Écrivez au moins un nombre, 0 aussi. / Nobody is counted. Write one number at least."
TOO_MANY = (
    "Plus de femmes enceintes et allaitantes que de femmes venues. Corrigez un des nombres. / "
    "More women pregnant and nursing than women came. Correct one of the numbers."
)
TO_COME = "Ce jour n'est pas encore passé. Corrigez la date. / This day is still to come. Correct the date."
NO_REASON = "Choisissez pourquoi la séance n'a pas eu lieu. / Choose why the session did not take place."


def counted(session: Session, meeting: ClubSession) -> Attendance | None:
    """The report of a club session that counts; locked, for staff may be comparing it with the paper sheet."""
    query = sa.select(Attendance).where(Attendance.club_session_id == meeting.id, Attendance.state.in_(COUNTS))
    return session.scalars(query.with_for_update(), execution_options={"populate_existing": True}).one_or_none()


def has_people(row: Attendance) -> bool:
    """Whether somebody was counted; a zero that was written counts too."""
    return bool(row.total) or row.women is not None or row.men is not None


def supersede(session: Session, meeting: ClubSession, before: Attendance | None, row: Attendance) -> None:
    """Add a report in the place of the one that counted, and say what became of the meeting."""
    if before is not None:
        before.state = AttendanceState.CORRECTED
        session.flush()  # the old one first: only one of a club session may count
        row.supersedes_id = before.id
    session.add(row)
    if has_people(row):
        meeting.status, meeting.cancel_reason = ClubSessionStatus.HELD, None
    else:  # nobody was counted, so nobody was reached
        meeting.status, meeting.cancel_reason = ClubSessionStatus.CANCELLED, row.problem
    session.flush()


def cancel(meeting: ClubSession, before: Attendance | None, reason: str | None) -> None:
    """Say that there was no meeting; a reason that staff know stays, when none is given."""
    if meeting.status is not ClubSessionStatus.CANCELLED or reason is not None:
        meeting.status, meeting.cancel_reason = ClubSessionStatus.CANCELLED, reason
    if before is not None:
        before.state = AttendanceState.CORRECTED


def follow(session: Session, stored: Collection[ClubSession], now: datetime) -> None:
    """Let stored reports have their consequences: what they and later meetings count for, and nobody asks any more."""
    days = [meeting.held_on for meeting in stored if meeting.held_on]
    if days:
        listening.relink(session, {meeting.club_id for meeting in stored if meeting.club_id}, min(days))
    silence.end(session, stored, now)


def record(
    session: Session,
    club: Club,
    held_on: date,
    counts: Mapping[str, Any],
    *,
    source: str,
    staff_id: int | None,
    now: datetime,
    intent: str = "attendance",
    submission: str | None = None,
    received_at: datetime | None = None,
    alone: bool = True,
) -> ClubSession:
    """Store what staff typed of a meeting, from a paper sheet or in place of what came by SMS; gives the club session.

    The same counts again change nothing; of `paper` they say that somebody compared them with the sheet.

    Args:
        session: a writing session.
        club: whose meeting it was.
        held_on: the day.
        counts: women, men, girls, boys and what stands in `BESIDE`; `session` (number in the curriculum), `heard`
            (well, partly, no_signal, not_said), `heard_as` (live, repeat, recording), `sensitive` (of its words); or
            `cancelled` with one of `REASONS` alone. What is left out, or none, was not counted.
        source: `paper` or `form`.
        staff_id: who typed it; none: the command line.
        now: the time.
        intent: `visit` of an adviser's visit; what is known of that day goes before.
        submission: of a form that a person sent, its id.
        received_at: when it came in; none: now.
        alone: False of one of many, which the caller lets `follow` together.

    Raises:
        RefusedError: nobody was counted, more are pregnant or nursing than came, the day is to come, or no reason.
    """
    _check(session, club, held_on, counts, now)
    meeting = meetings.meeting_of(session, club, held_on, _intent(session, club, held_on, intent))
    meetings.teach(session, meeting, counts.get("session"))
    before = counted(session, meeting)
    was, counts_now = _audited(meeting, before), None
    if counts.get("cancelled"):
        cancel(meeting, before, counts["cancelled"])
    else:
        row = _typed(meeting, counts, source, staff_id, now)
        row.submission, row.received_at = submission, received_at or now
        counts_now = _put(session, meeting, before, row)
    session.flush()
    if alone:
        follow(session, [meeting], now)
    told = _audited(meeting, counts_now)
    audit.note(session, audit.actor(staff_id), "recorded", "club_session", meeting.id, now, before=was, after=told)
    return meeting


def _put(session: Session, meeting: ClubSession, before: Attendance | None, row: Attendance) -> Attendance:
    """Store a report, unless it says the same again; gives the one that counts now."""
    words = [name for name in ("note", "question") if getattr(row, name) is not None]  # those of an SMS stay with it
    compared = (*AUDITED, "heard_as", "intent", *words)
    if before is not None and all(getattr(before, name) == getattr(row, name) for name in compared):
        if row.state is AttendanceState.VERIFIED:  # only the sheet itself proves it
            before.state = AttendanceState.VERIFIED
        return before
    if before is None:
        meeting.source = row.source
    supersede(session, meeting, before, row)
    return row


def _intent(session: Session, club: Club, held_on: date, said: str) -> str:
    """What staff correct stays what it was: an adviser's visit is no meeting of the club."""
    of_day = (ClubSession.club_id == club.id, ClubSession.held_on == held_on)
    kind = session.scalar(sa.select(ClubSession.kind).where(*of_day))
    if kind is None:
        return said
    return "visit" if kind is ClubSessionKind.VISIT else "attendance"


def _typed(
    meeting: ClubSession, counts: Mapping[str, Any], source: str, staff_id: int | None, now: datetime
) -> Attendance:
    heard, heard_as = counts.get("heard"), counts.get("heard_as")
    plain = "visit" if meeting.kind is ClubSessionKind.VISIT else "attendance"
    said = {name: counts.get(name) for name in (*SEXES, *BESIDE)}
    return Attendance(
        club_session_id=meeting.id, intent=plain if heard in (None, "not_said") else "listening",
        total=sum(counts.get(name) or 0 for name in SEXES), staff_id=staff_id, source=source, repairs=[],
        problem=heard if heard in (listening.NO_SIGNAL, listening.PARTLY) else None, received_at=now,
        heard_as=HeardAs(heard_as) if heard_as else None, sensitive=bool(counts.get("sensitive")),
        state=AttendanceState.VERIFIED if source == "paper" else AttendanceState.CONFIRMED, **said,
    )  # fmt: skip


def _check(session: Session, club: Club, held_on: date, counts: Mapping[str, Any], now: datetime) -> None:
    if "cancelled" in counts and counts["cancelled"] is not None:
        if counts["cancelled"] not in REASONS:
            raise RefusedError(NO_REASON)
        return
    if held_on > local(now, session.get_one(Programme, club.programme_id).zone).date():
        raise RefusedError(TO_COME)
    if counts.get("heard") != listening.NO_SIGNAL and all(counts.get(name) is None for name in SEXES):
        raise RefusedError(NOBODY)
    women = counts.get("women")
    if women is not None and (counts.get("pregnant") or 0) + (counts.get("lactating") or 0) > women:
        raise RefusedError(TOO_MANY)


def _audited(meeting: ClubSession, row: Attendance | None) -> dict[str, Any]:
    """For the log: why a meeting was called off is not there, for insecurity is its focal point's alone."""
    values = {name: getattr(row, name) for name in AUDITED if getattr(row, name, None) is not None} if row else {}
    return {"status": meeting.status.value, **values}
