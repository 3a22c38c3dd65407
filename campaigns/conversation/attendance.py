"""Reports of who came: PRES, ECOUTE and VISITE end as one club session with one report that counts.

A correction is a further row; none is changed or taken away. The row of the club session is locked before its report
is looked at, so that of two who report one meeting at once the second is asked, as if the first had long been there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import asking, screening
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.conversation.known import COUNTS
from campaigns.conversation.reporting import club_of, day_of, not_yours
from campaigns.models import (
    Attendance,
    AttendanceState,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
)
from messaging import calls
from messaging.database import insert_ignore
from messaging.models import Club
from messaging.models.people import ClubKind

COUNTED = ("women", "men", "girls", "boys", "total")
BESIDE = ("pregnant", "lactating", "episode", "problem")
WORDS = ("note", "question")  # they stay with their own SMS, where masking and erasing find them
KINDS = {
    ClubKind.APFLS: ClubSessionKind.SCHOOL, ClubKind.FFS: ClubSessionKind.SCHOOL,
    ClubKind.PLATFORM: ClubSessionKind.PLATFORM, ClubKind.COOPERATIVE: ClubSessionKind.ASSEMBLY,
    ClubKind.UNION: ClubSessionKind.ASSEMBLY,
}  # fmt: skip


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Store what is certain; keep what must be asked for a day; put a number that nobody knows on the call list."""
    screening.flag(session, sender, reading, now)
    if reading.error == "unknown_number":
        programme_id = sender.programme.id if sender.programme else None
        calls.ask(session, programme_id, sender.phone.id, "unknown_number", sender.inbound.id, now)
    if reading.status == "ok":
        return _record(session, sender, reading, now)
    if reading.status == "ignored":
        asking.settle(session, sender, reading)
    asking.ask(session, sender, reading, now)
    return DONE


def _record(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    club = club_of(sender, reading)
    if club is None:
        return not_yours(reading)
    meeting = _meeting(session, club, reading)
    counted = _counted(session, meeting)
    if reading.fields.get("cancelled"):
        _cancel(meeting, counted)
    elif reading.fields.get("problem") and counted is not None and not _adds(counted, reading):
        pass  # said before
    elif reading.fields.get("problem") or counted is None or not _has_people(counted) or _is_told(counted, reading):
        _report(session, sender, meeting, counted, reading)
    elif not _is_same(counted, reading):
        return _ask_again(session, sender, counted, reading, now)
    else:
        return _already(session, sender, meeting, counted, reading)
    asking.settle(session, sender, reading)
    return DONE


def _already(session: Session, sender: Sender, meeting: ClubSession, counted: Attendance, reading: Reading) -> Done:
    """The same numbers again change nothing; what comes with them, such as the episode of ECOUTE after PRES, does."""
    if _adds(counted, reading):
        _report(session, sender, meeting, counted, reading)
    asking.settle(session, sender, reading)
    if "duplicate_ignored" in reading.repairs:
        return DONE
    told = replace(reading, repairs=(*reading.repairs, "duplicate_ignored"))
    return Done(key="att.already", reading=told)


def _meeting(session: Session, club: Club, reading: Reading) -> ClubSession:
    """The club session of that club and day, made when it is new, and locked."""
    held_on = day_of(reading)
    kind = ClubSessionKind.VISIT if reading.intent == "visit" else KINDS.get(club.kind, ClubSessionKind.CLUB)
    row = {
        "programme_id": club.programme_id, "kind": kind, "club_id": club.id, "held_on": held_on,
        "status": ClubSessionStatus.PLANNED, "source": "sms",
    }  # fmt: skip
    session.execute(insert_ignore(session, ClubSession, ["club_id", "held_on"]).values(**row))
    query = sa.select(ClubSession).where(ClubSession.club_id == club.id, ClubSession.held_on == held_on)
    meeting = session.scalars(query.with_for_update(), execution_options={"populate_existing": True}).one()
    meeting.number = reading.fields.get("session") or meeting.number
    return meeting


def _counted(session: Session, meeting: ClubSession) -> Attendance | None:
    """The report of a club session that counts; locked, for staff may be comparing it with the paper sheet."""
    query = sa.select(Attendance).where(Attendance.club_session_id == meeting.id, Attendance.state.in_(COUNTS))
    return session.scalars(query.with_for_update(), execution_options={"populate_existing": True}).one_or_none()


def _cancel(meeting: ClubSession, counted: Attendance | None) -> None:
    if meeting.status is not ClubSessionStatus.CANCELLED:  # a reason that staff know stays
        meeting.status, meeting.cancel_reason = ClubSessionStatus.CANCELLED, None
    if counted is not None:
        counted.state = AttendanceState.CORRECTED


def _report(
    session: Session, sender: Sender, meeting: ClubSession, counted: Attendance | None, reading: Reading
) -> None:
    """Add the report in the place of the one that counted, which it supersedes."""
    source = asking.origin(session, sender, reading)
    row = Attendance(
        club_session_id=meeting.id, intent=reading.intent, phone_id=sender.phone.id, inbound_id=source.id,
        received_at=source.received_at, repairs=list(reading.repairs), **_said(sender, reading, counted),
    )  # fmt: skip
    if counted is not None:
        counted.state = AttendanceState.CORRECTED
        session.flush()  # the old one first: only one of a club session may count
        row.supersedes_id = counted.id
    session.add(row)
    if _has_people(row):
        meeting.status, meeting.cancel_reason = ClubSessionStatus.HELD, None
    else:  # nobody was counted, so nobody was reached
        meeting.status, meeting.cancel_reason = ClubSessionStatus.CANCELLED, row.problem
    session.flush()


def _said(sender: Sender, reading: Reading, counted: Attendance | None) -> dict[str, Any]:
    """The values of a report; what comes beside the counts of a meeting in another SMS joins them."""
    said, before = reading.fields, dict[str, Any]()
    if counted is not None and (said.get("problem") or not _has_people(counted) or _is_same(counted, reading)):
        before = {name: getattr(counted, name) for name in (*COUNTED, *BESIDE)}
    values = before | {name: said[name] for name in (*COUNTED, *BESIDE, *WORDS) if name in said}
    is_hidden = any(screening.is_sensitive(sender, said.get(name), reading.intent) for name in WORDS)
    return values | {"total": values.get("total") or 0, "sensitive": is_hidden}


def _has_people(row: Attendance) -> bool:
    """Whether somebody was counted; a zero that was written counts too."""
    return bool(row.total) or row.women is not None or row.men is not None


def _adds(counted: Attendance, reading: Reading) -> bool:
    """Whether a report says something beside the counts that is not known yet."""
    return any(reading.fields.get(name) not in (None, getattr(counted, name)) for name in (*BESIDE, *WORDS))


def _is_same(counted: Attendance, reading: Reading) -> bool:
    now_said = (reading.fields.get("women"), reading.fields.get("men"), reading.fields.get("total"))
    return (counted.women, counted.men, counted.total) == now_said


def _is_told(counted: Attendance, reading: Reading) -> bool:
    """Whether the sender knows which numbers hers replace."""
    replaces: Mapping[str, int | None] | None = reading.fields.get("replaces")
    return replaces is not None and replaces == _replaced(counted)


def _replaced(counted: Attendance) -> dict[str, int | None]:
    return {"women": counted.women, "men": counted.men}


def _ask_again(session: Session, sender: Sender, counted: Attendance, reading: Reading, now: datetime) -> Done:
    """Read it as it would have been, had the other report been known: the sender is asked which one holds."""
    fields = {**reading.fields, "replaces": _replaced(counted)}
    repairs = tuple(one for one in reading.repairs if one not in ("duplicate_ignored", "correction", "confirmed"))
    asked = replace(reading, status="confirm", error="already_reported", fields=fields, repairs=repairs)
    asking.ask(session, sender, asked, now, asking.origin(session, sender, reading))
    return Done(key="att.replace?", reading=asked)
