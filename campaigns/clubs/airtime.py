"""Who is to be sent airtime for a month, and for how many reports: each one that counts, once, in the month it came.

A report that was corrected counts once, and a practice report never; a late one is paid as well, and told apart.

Source: the page on the domain, sections 4 (facilitator) and 8.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation.known import COUNTS
from campaigns.models import Attendance, ClubSession
from messaging.clock import at_local, local
from messaging.models import Club, Facilitator, FacilitatorClub, Phone, Programme

IN_TIME = timedelta(days=2)  # after the day of the meeting
CLUB_PHONE = "club"


@dataclass(frozen=True)
class Due:
    """What one phone reported in a month: the codes of its clubs, the last two digits, whose it is, and how many."""

    codes: tuple[str, ...]
    last_two: str
    kind: str  # facilitator, adviser, or club: the phone of the club itself
    in_time: int
    late: int

    @property
    def reports(self) -> int:
        """All that count."""
        return self.in_time + self.late


def of_month(
    session: Session, programme: Programme, month: date, within: sa.ColumnElement[bool] | None = None
) -> list[Due]:
    """The phones that reported in a month, by the codes of their clubs.

    Args:
        session: a session.
        programme: whose clubs.
        month: its first day.
        within: the condition on `Club.village_id` for own places; None: all.
    """
    since, until = (at_local(day, time(), programme.zone) for day in (month, _following(month)))
    query = (
        sa.select(Attendance.phone_id, Phone.last_two, Club.code, ClubSession.held_on, Attendance.received_at)
        .join(ClubSession, ClubSession.id == Attendance.club_session_id)
        .join(Club, Club.id == ClubSession.club_id)
        .join(Phone, Phone.id == Attendance.phone_id)
        .where(Club.programme_id == programme.id, Attendance.state.in_(COUNTS), Attendance.source == "sms")
        .where(Attendance.received_at >= since, Attendance.received_at < until)
        .where(Phone.erased_at.is_(None))  # to nobody any more
    )
    mine = sa.true() if within is None else within
    rows = session.execute(query.where(mine)).all()
    return counted(rows, _leaders(session, programme.id, {row.phone_id for row in rows}, mine), programme.zone)


def counted(rows: Iterable[Any], leaders: dict[int, tuple[str, list[str]]], zone: str) -> list[Due]:
    """The reports by phone; pure.

    Args:
        rows: of each report phone_id, last_two, code, held_on and received_at.
        leaders: of a phone its kind and the codes of its clubs.
        zone: the programme's time zone.
    """
    by_phone: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_phone[row.phone_id].append(row)
    found = []
    for phone_id, own in by_phone.items():
        kind, codes = leaders.get(phone_id, (CLUB_PHONE, []))
        late = sum(is_late(row.held_on, row.received_at, zone) for row in own)
        every = tuple(sorted({*codes} or {row.code for row in own}))
        found.append(Due(every, own[0].last_two, kind, len(own) - late, late))
    return sorted(found, key=lambda one: (one.codes, one.last_two))


def is_late(held_on: date | None, received_at: datetime, zone: str) -> bool:
    """Whether a report came later than two days after the day of its meeting."""
    return held_on is not None and local(received_at, zone).date() > held_on + IN_TIME


def _leaders(
    session: Session, programme_id: int, phone_ids: Collection[int], mine: sa.ColumnElement[bool]
) -> dict[int, tuple[str, list[str]]]:
    """The kind of each phone and the codes of its clubs, those of own places alone."""
    query = (
        sa.select(Facilitator.phone_id, Facilitator.kind, Club.code)
        .join(FacilitatorClub, FacilitatorClub.facilitator_id == Facilitator.id)
        .join(Club, Club.id == FacilitatorClub.club_id)
        .where(Facilitator.programme_id == programme_id, Facilitator.phone_id.in_(phone_ids), mine)
        .order_by(Facilitator.kind.desc(), Club.code)
    )
    found: dict[int, tuple[str, list[str]]] = {}
    for phone_id, kind, code in session.execute(query):
        found.setdefault(phone_id, (kind.value, []))[1].append(code)
    return found


def _following(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)
