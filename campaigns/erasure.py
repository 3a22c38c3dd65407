"""Erasing the people behind a phone from what campaigns and clubs hold of them, and from the post below.

A club's counts, decisions and reported values stay, for they hold nobody; a number in their words is taken out.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Attendance, Decision, Enrolment, Feedback, Value
from messaging import erasure
from messaging.database import change
from messaging.erasure import Erased, bare
from messaging.models import Inbound, Phone

WORDS: tuple[tuple[type[Any], dict[str, str | None]], ...] = (  # where words stand beside an SMS
    (Attendance, {"note": None, "question": None}), (Decision, {"text": ""}), (Value, {"text": None}),
)  # fmt: skip


def erase(session: Session, phone: Phone, now: datetime) -> Erased:
    """Erase everything that is held of the people behind a phone; gives whose traces went."""
    gone = erasure.erase(session, phone, now)
    ending = sa.update(Enrolment).where(Enrolment.member_id.in_(gone.members), Enrolment.ended_at.is_(None))
    change(session, ending.values(ended_at=now))
    change(session, sa.update(Feedback).where(Feedback.phone_id.in_(gone.phones)).values(answer=None))
    for table, left in WORDS:  # counts, days and a decision's theme hold no person, and stay
        change(session, sa.update(table).where(table.phone_id.in_(gone.phones)).values(**left))
    return gone


def forget(session: Session, phones: Collection[int], inbounds: Collection[int]) -> None:
    """Erase the words of some sensitive SMS wherever they stand, their copies too; what was counted in them stays.

    `phones` are those they came from: by them the copies are found.
    """
    from_them = sa.and_(Inbound.phone_id.in_(phones), sa.or_(Inbound.id.in_(inbounds), Inbound.twin_of.in_(inbounds)))
    for row in session.scalars(sa.select(Inbound).where(from_them)):
        row.text, row.undecodable, row.readings = "", None, bare(row.readings) if row.readings else row.readings
    for table, left in WORDS:
        hidden = sa.update(table).where(table.inbound_id.in_(inbounds), table.sensitive.is_(True))
        change(session, hidden.values(**left))
