"""What the tables know that the reader may need: a club's reports, the villages, a distribution; each one query or two.

Source: the page on incoming SMS, section 2.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Attendance, AttendanceState, Campaign, ClubSession, PracticeReport, Step
from messaging import fold, places
from messaging.models import Club, ClubMember, Member, Message, Place, PlaceName, ProgrammeVillage

REPORTS = timedelta(days=45)  # how far back the reader looks for a report of the same club and day
DISTRIBUTION = timedelta(days=30)  # how long RECU may answer the announcement of a distribution
COUNTS = (AttendanceState.CONFIRMED, AttendanceState.VERIFIED)  # the states of the one report that counts
_JOIN = re.compile("join|inscri")


def may_join(text: str) -> bool:
    """Whether a text could ask to join: only then are the villages worth gathering, for they are many."""
    return _JOIN.search(fold.undouble(fold.plain(text))) is not None


def may_acknowledge(text: str) -> bool:
    """Whether a text could say that a distribution arrived, or did not."""
    return "recu" in fold.undouble(fold.plain(text))


def existing(session: Session, clubs: Sequence[Club], today: date) -> list[dict[str, Any]]:
    """The reports that count of these clubs in the last 45 days, as `{club, date, women, men}`.

    A report of no one at all, such as one that says that nothing was heard, is no count to compare with.
    """
    query = (
        sa.select(ClubSession.club_id, ClubSession.held_on, Attendance.women, Attendance.men)
        .join(Attendance, Attendance.club_session_id == ClubSession.id)
        .where(
            ClubSession.club_id.in_([club.id for club in clubs]),
            ClubSession.held_on >= today - REPORTS,
            Attendance.state.in_(COUNTS),
            sa.or_(Attendance.total > 0, Attendance.women.is_not(None), Attendance.men.is_not(None)),
        )
        .order_by(ClubSession.held_on, ClubSession.id)
    )
    codes = {club.id: club.code for club in clubs}
    return [
        {"club": codes[row.club_id], "date": row.held_on.isoformat(), "women": row.women, "men": row.men}
        for row in session.execute(query)
    ]


def practised(session: Session, facilitator_id: int, today: date) -> list[dict[str, Any]]:
    """What a facilitator in training reported for practice in the last 45 days, as `existing`: nothing real."""
    query = (
        sa.select(PracticeReport.fields)
        .where(
            PracticeReport.facilitator_id == facilitator_id,
            PracticeReport.intent.in_(("attendance", "listening", "visit")),
            PracticeReport.status == "ok",
        )
        .order_by(PracticeReport.id)
    )
    told: dict[tuple[str, str], dict[str, Any]] = {}
    for fields in session.scalars(query):
        club, day = str(fields.get("club")), str(fields.get("date"))
        if fields.get("cancelled"):
            told.pop((club, day), None)
        elif fields.get("total") is not None and day >= (today - REPORTS).isoformat():
            told[club, day] = {"club": club, "date": day, "women": fields.get("women"), "men": fields.get("men")}
    return sorted(told.values(), key=lambda one: one["date"])


def villages(session: Session, programme_id: int, today: date) -> dict[str, list[str]]:
    """The villages of a programme by folded name, under each of their spellings, with the communes they lie in."""
    own = sa.select(ProgrammeVillage.place_id).where(ProgrammeVillage.programme_id == programme_id)
    above = places.communes(today).subquery()
    commune = sa.orm.aliased(Place)
    names = sa.union_all(
        sa.select(Place.id.label("place_id"), Place.name).where(Place.id.in_(own)),
        sa.select(PlaceName.place_id, PlaceName.name).where(PlaceName.place_id.in_(own)),
    ).subquery()
    query = (
        sa.select(names.c.name, commune.name)
        .outerjoin(above, above.c.village_id == names.c.place_id)
        .outerjoin(commune, commune.id == above.c.commune_id)
        .order_by(names.c.name, commune.name)
    )
    found: dict[str, list[str]] = {}
    for name, inside in session.execute(query):
        communes = found.setdefault(fold.plain(name), [])
        if inside is not None and inside not in communes:
            communes.append(inside)
    return found


def member_clubs(session: Session, members: Collection[Member]) -> list[str]:
    """The codes of the clubs that these members belong to."""
    query = sa.select(Club.code).join(ClubMember).where(ClubMember.member_id.in_([member.id for member in members]))
    return list(session.scalars(query.distinct().order_by(Club.code)))


def distribution(session: Session, phone_id: int, now: datetime) -> str | None:
    """The last distribution announced to a phone in the last 30 days, as `campaign/step`."""
    query = (
        sa.select(Campaign.code, Step.code)
        .select_from(Message)
        .join(Step, Step.id == Message.step_id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(
            Message.phone_id == phone_id,
            Message.trial_of.is_(None),
            Message.handed_over_at.between(now - DISTRIBUTION, now),
            sa.cast(Message.tags, sa.String).contains('"distribution"'),
        )
        .order_by(Message.handed_over_at.desc(), Message.id.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return f"{row[0]}/{row[1]}" if row else None


def of_number(clubs: Sequence[Club], called: str | None, today: date) -> tuple[Club, ...]:
    """The clubs that may be reported for by the number the SMS was sent to, each code once.

    A code is unique within one number; a club without one belongs to the programme's only number. Without a known
    number all count. A club that closed is left out once its last reports are too old.
    """
    open_ones = [club for club in clubs if club.closed_on is None or club.closed_on >= today - REPORTS]
    fitting = [club for club in open_ones if not (called and club.number) or is_same_number(club.number, called)]
    by_code: dict[str, Club] = {}
    for club in sorted(fitting, key=lambda club: (club.code, not club.number)):
        by_code.setdefault(club.code, club)
    return tuple(by_code.values())


def is_same_number(one: str, other: str) -> bool:
    """Whether two ways to write a number, with the country's code or without, are the same; short codes are whole."""
    shorter, longer = sorted((re.sub(r"\D", "", one), re.sub(r"\D", "", other)), key=len)
    return shorter == longer or (len(shorter) >= 8 and longer.endswith(shorter))
