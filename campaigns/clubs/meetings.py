"""The meetings of clubs as rows: planned six weeks ahead, taken by a report, or missed.

A day that a rule of the hours closes from end to end, such as a feast, has no meeting. Where a club's rule changes, the
planned days to come follow it, and what was reported stays. A report takes the planned meeting it is nearest to, on the
day it was held; without one it is a meeting that nobody planned.

Source: the page on the domain, section 4 (club session).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import listening
from campaigns.clubs.days import Lessons, Planned, cycle, has_rule, rule_days, takes
from campaigns.clubs.days import dates as dates
from campaigns.clubs.feasts import Feasts
from campaigns.clubs.listening import OnAir
from campaigns.models import (
    Airing,
    AiringStatus,
    ClubCurriculum,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Lesson,
    Silence,
)
from messaging import batches
from messaging.clock import local
from messaging.database import change
from messaging.models import Club, Programme
from messaging.models.people import ClubKind

AHEAD = timedelta(days=42)
MISSED_AFTER = timedelta(hours=48)  # from the end of the planned day
FIRST_AIRED = timedelta(days=14)  # how long before today an episode to come may have been aired first
CLUBS = 500  # at a time
SESSIONS: sa.Table = ClubSession.__table__  # type: ignore[assignment]
KINDS = {
    ClubKind.APFLS: ClubSessionKind.SCHOOL, ClubKind.FFS: ClubSessionKind.SCHOOL,
    ClubKind.PLATFORM: ClubSessionKind.PLATFORM, ClubKind.COOPERATIVE: ClubSessionKind.ASSEMBLY,
    ClubKind.UNION: ClubSessionKind.ASSEMBLY, ClubKind.ADVISER_CIRCUIT: ClubSessionKind.VISIT,
}  # fmt: skip
MISSED = ClubSessionStatus.MISSED
UNTOLD = (ClubSessionStatus.PLANNED, MISSED)  # nobody reported it yet


def meeting_of(session: Session, club: Club, held_on: date, intent: str) -> ClubSession:
    """The club session of a club and day, locked, that a report belongs to.

    It is the one of that day; else the planned one within half a cycle, which is held on that day now; else a new one
    that nobody planned. Others who report for this club wait until this is committed.
    """
    listening.lock(session, Club.id == club.id)
    rows = _near(session, club, held_on)
    meeting = next((row for row in rows if row.held_on == held_on), None) or _nearest(rows, club, held_on, intent)
    if meeting is None:
        meeting = ClubSession(
            programme_id=club.programme_id, kind=_kind(club, intent), club_id=club.id,
            status=ClubSessionStatus.PLANNED, source="sms",
        )  # fmt: skip
        session.add(meeting)
    meeting.held_on = held_on
    if meeting.kind is ClubSessionKind.VISIT and intent != "visit":
        meeting.kind = _kind(club, intent)  # an adviser came to a meeting
        _take_place(session, meeting, _nearest([row for row in rows if row is not meeting], club, held_on, intent))
    session.flush()
    return meeting


def _take_place(session: Session, meeting: ClubSession, planned: ClubSession | None) -> None:
    """Let a visit that is a meeting after all stand where the meeting was planned: nobody asks for that any more."""
    if planned is None or meeting.planned_on is not None:
        return
    stood = {name: getattr(planned, name) for name in ("planned_on", *FOLLOWS)}
    session.delete(planned)
    session.flush()  # the day is free only then
    for name, value in stood.items():
        setattr(meeting, name, value)


def _near(session: Session, club: Club, held_on: date) -> Sequence[ClubSession]:
    """The meeting of a day, and those planned around it that nobody reported yet; locked."""
    around = timedelta(days=cycle(club))
    is_open = sa.and_(
        ClubSession.planned_on.between(held_on - around, held_on + around), ClubSession.held_on.is_(None),
        ClubSession.status.in_(UNTOLD),
    )  # fmt: skip
    query = sa.select(ClubSession).where(
        ClubSession.club_id == club.id, sa.or_(ClubSession.held_on == held_on, is_open)
    )
    return session.scalars(query.with_for_update(), execution_options={"populate_existing": True}).all()


def _kind(club: Club, intent: str) -> ClubSessionKind:
    return ClubSessionKind.VISIT if intent == "visit" else KINDS.get(club.kind, ClubSessionKind.CLUB)


def _nearest(rows: Sequence[ClubSession], club: Club, held_on: date, intent: str) -> ClubSession | None:
    """The planned meeting that a report of this day is about; an adviser's visit is no meeting of the club."""
    if intent == "visit" and club.kind is not ClubKind.ADVISER_CIRCUIT:
        return None
    near = {
        (abs((row.planned_on - held_on).days), row.planned_on): row
        for row in rows
        if row.planned_on and takes(club, row.planned_on, held_on, is_of_airing=row.airing_id is not None)
    }
    return near[min(near)] if near else None


def teach(session: Session, meeting: ClubSession, number: int | None) -> None:
    """Note the number in the curriculum that was written of a meeting, with the lesson it is of the club's own."""
    if number is None or number == meeting.number:
        return
    query = sa.select(Lesson).join(ClubCurriculum, ClubCurriculum.curriculum_id == Lesson.curriculum_id)
    lesson = session.scalar(query.where(ClubCurriculum.club_id == meeting.club_id, Lesson.number == number))
    meeting.number, meeting.lesson_id = number, lesson.id if lesson else None
    meeting.topic = lesson.topic if lesson else meeting.topic


def miss(session: Session, programme: Programme, now: datetime) -> list[int]:
    """Note which planned meetings nobody reported within two days of their day; gives those to ask about.

    That the episode was not aired is reason enough, and needs nobody to ask.
    """
    late = (
        ClubSession.programme_id == programme.id,
        ClubSession.status == ClubSessionStatus.PLANNED,
        ClubSession.planned_on < local(now - MISSED_AFTER, programme.zone).date(),
        ClubSession.held_on.is_(None),
    )
    off = sa.exists().where(Airing.id == ClubSession.airing_id, Airing.status == AiringStatus.NOT_AIRED)
    unheard = sa.update(ClubSession).where(*late, off)
    change(session, unheard.values(status=MISSED, silence=Silence.NOT_AIRED, silence_at=now))
    missed = sa.update(ClubSession).where(*late).values(status=MISSED).returning(ClubSession.id)
    return list(session.scalars(missed, execution_options={"synchronize_session": False}))


@dataclass(frozen=True)
class Ground:
    """What planning the meetings of some clubs must know."""

    today: date
    until: date
    zone: str
    airings: Mapping[int, Sequence[OnAir]]  # by club
    lessons: Mapping[int, Lessons]  # by club
    feasts: Feasts
    rows: Mapping[int, Sequence[Any]]  # by club: planned for today or later, or reported of late


def plan_meetings(
    session: Session,
    programme: Programme,
    now: datetime,
    ahead: timedelta = AHEAD,
    clubs: Collection[int] | None = None,
) -> int:
    """Plan the meetings of a programme's clubs, or of some of them, from today on; gives how many are new.

    What is planned already stays as it is, follows a rule that changed, or goes; nothing is planned for days gone by.
    """
    today = local(now, programme.zone).date()
    feasts = Feasts.of(session, programme, now)
    mine = sa.select(Club.id).where(Club.programme_id == programme.id).order_by(Club.id)
    ids = session.scalars(mine if clubs is None else mine.where(Club.id.in_(clubs))).all()
    made = 0
    for some in batches.batches(ids, CLUBS):
        listening.lock(session, Club.id.in_(some))
        _forget_after(session, some)
        rows = session.scalars(sa.select(Club).where(Club.id.in_(some)), execution_options={"populate_existing": True})
        ground = _ground(session, programme, some, today, today + ahead, feasts)
        made += _write(session, [(club, *_difference(club, ground)) for club in rows])
    return made


def _forget_after(session: Session, ids: Collection[int]) -> None:
    """Take away what was planned for days after a club closed, also those gone by when somebody notes it late."""
    is_over = sa.exists().where(Club.id == ClubSession.club_id, Club.closed_on <= ClubSession.planned_on)
    untold = (ClubSession.status.in_(UNTOLD), ClubSession.held_on.is_(None), ClubSession.silence.is_(None))
    closed = sa.select(Club.id).where(Club.id.in_(ids), Club.closed_on.is_not(None))
    change(session, sa.delete(ClubSession).where(ClubSession.club_id.in_(closed), *untold, is_over))


def _ground(
    session: Session, programme: Programme, ids: Sequence[int], today: date, until: date, feasts: Feasts
) -> Ground:
    return Ground(
        today, until, programme.zone, listening.heard_by(session, ids, today - FIRST_AIRED, until),
        _lessons(session, ids), feasts, _rows(session, ids, today),
    )  # fmt: skip


def _lessons(session: Session, ids: Sequence[int]) -> dict[int, Lessons]:
    followed = session.execute(sa.select(ClubCurriculum).where(ClubCurriculum.club_id.in_(ids))).scalars().all()
    taught = defaultdict[int, list[Lesson]](list)
    wanted = {one.curriculum_id for one in followed}
    for lesson in session.scalars(sa.select(Lesson).where(Lesson.curriculum_id.in_(wanted)).order_by(Lesson.number)):
        taught[lesson.curriculum_id].append(lesson)
    return {one.club_id: Lessons(one.starts_on, taught[one.curriculum_id]) for one in followed}


def _rows(session: Session, ids: Sequence[int], today: date) -> dict[int, list[Any]]:
    columns = (SESSIONS.c[name] for name in ("id", "club_id", "kind", "held_on", "status", "planned_on", *FOLLOWS))
    lately = sa.or_(ClubSession.planned_on >= today, ClubSession.held_on >= today - FIRST_AIRED)
    found = defaultdict[int, list[Any]](list)
    for row in session.execute(sa.select(*columns).where(ClubSession.club_id.in_(ids), lately)):
        found[row.club_id].append(row)
    return found


FOLLOWS = {"planned_at": "at", "number": "number", "topic": "topic", "lesson_id": "lesson_id", "airing_id": "airing_id"}


def _difference(club: Club, ground: Ground) -> tuple[list[Planned], list[dict[str, Any]], list[int]]:
    """What a club's planned meetings lack: those to add, rows to change, rows to take away; pure."""
    wanted = {one.on: one for one in _wanted(club, ground)}
    rows, kind = ground.rows.get(club.id, ()), _kind(club, "attendance")
    planned = {row.planned_on: row for row in rows if row.planned_on is not None and row.planned_on >= ground.today}
    free = [row for row in rows if row.held_on and row.kind is kind and _is_free(club, row, wanted, ground.today)]
    add, changed = list[Planned](), list[dict[str, Any]]()
    for day, one in wanted.items():
        if (row := planned.get(day)) is not None:
            changed += _followed(row, one)
        elif (row := _told(club, free, one)) is None:
            add.append(one)
        else:
            free.remove(row)
            changed += [{"id": row.id, "planned_on": day}] if row.planned_on is None else []
    gone = [row.id for day, row in planned.items() if day not in wanted and _is_open(row)]
    return add, changed, gone


def _wanted(club: Club, ground: Ground) -> list[Planned]:
    since, until = ground.today, ground.until
    since = max(since, club.created_on) if club.created_on else since
    until = min(until, club.closed_on - timedelta(days=1)) if club.closed_on else until
    return dates(
        club, since, until, ground.airings.get(club.id, ()), ground.lessons.get(club.id),
        is_shut=ground.feasts.shut(club.village_id), zone=ground.zone,
    )  # fmt: skip


def _is_free(club: Club, row: Any, wanted: Collection[date], today: date) -> bool:
    """Whether a reported meeting was planned by nobody, or for a day that is planned no more."""
    if row.planned_on is None:
        return True
    if row.planned_on >= today:
        return row.planned_on not in wanted
    return has_rule(club) and row.planned_on not in rule_days(club, row.planned_on, row.planned_on)


def _is_open(row: Any) -> bool:
    return row.held_on is None and row.status is ClubSessionStatus.PLANNED


def _followed(row: Any, one: Planned) -> Iterator[dict[str, Any]]:
    """What a planned row is to say now; one that was reported stays."""
    now = {column: getattr(one, name) for column, name in FOLLOWS.items()}
    if _is_open(row) and any(getattr(row, column) != value for column, value in now.items()):
        yield {"id": row.id, **now}


def _told(club: Club, free: Sequence[Any], one: Planned) -> Any | None:
    """The report that was there before its day was planned."""
    is_of_airing = one.airing_id is not None
    near = [row for row in free if takes(club, one.on, row.held_on, is_of_airing=is_of_airing)]
    return min(near, key=lambda row: (abs((row.held_on - one.on).days), row.held_on), default=None)


def _write(session: Session, found: Sequence[tuple[Club, list[Planned], list[dict[str, Any]], list[int]]]) -> int:
    for gone in batches.batches(ident for _, _, _, idents in found for ident in idents):
        change(session, sa.delete(ClubSession).where(ClubSession.id.in_(gone), ClubSession.held_on.is_(None)))
    batches.update(session, SESSIONS, (row for _, _, changed, _ in found for row in changed))
    rows = [
        {
            "programme_id": club.programme_id, "club_id": club.id, "kind": _kind(club, "attendance"),
            "planned_on": one.on, **{column: getattr(one, name) for column, name in FOLLOWS.items()},
        }
        for club, add, _, _ in found for one in add
    ]  # fmt: skip
    batches.insert(session, SESSIONS, rows)
    return len(rows)
