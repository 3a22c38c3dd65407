"""Erasing the people behind a phone from what campaigns and clubs hold of them, and from the post below.

A club's counts, decisions and reported values stay, for they hold nobody; a number in their words is taken out.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import (
    AirQuestion,
    AirQuestionAsker,
    Attendance,
    Decision,
    Enrolment,
    Feedback,
    PracticeReport,
    Value,
)
from messaging import erasure
from messaging.database import change
from messaging.erasure import Erased, bare
from messaging.models import Facilitator, Inbound, Phone

WORDS: tuple[tuple[type[Any], dict[str, str | None]], ...] = (  # where words stand beside an SMS
    (Attendance, {"note": None, "question": None}), (Decision, {"text": ""}), (Value, {"text": None}),
)  # fmt: skip


def erase(session: Session, phone: Phone, now: datetime) -> Erased:
    """Erase everything that is held of the people behind a phone; gives whose traces went."""
    _practice(session, phone)
    gone = erasure.erase(session, phone, now)
    ending = sa.update(Enrolment).where(Enrolment.member_id.in_(gone.members), Enrolment.ended_at.is_(None))
    change(session, ending.values(ended_at=now))
    change(session, sa.update(Feedback).where(Feedback.phone_id.in_(gone.phones)).values(answer=None))
    asking = sa.update(AirQuestionAsker).where(AirQuestionAsker.phone_id.in_(gone.phones))
    change(session, asking.values(phone_id=None))  # its words name nobody, and stay
    for table, left in WORDS:  # counts, days and a decision's theme hold no person, and stay
        change(session, sa.update(table).where(table.phone_id.in_(gone.phones)).values(**left))
    return gone


def _practice(session: Session, phone: Phone) -> None:
    """Nothing was counted in training, so nothing of it stays; it goes before the facilitator does."""
    numbers = sa.select(Phone.id).where(sa.or_(Phone.id == phone.id, Phone.replaced_by_id == phone.id))
    leads = sa.select(Facilitator.id).where(Facilitator.phone_id.in_(numbers))
    change(session, sa.delete(PracticeReport).where(PracticeReport.facilitator_id.in_(leads)))


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
    by = sa.select(AirQuestionAsker.air_question_id)
    asked = by.where(AirQuestionAsker.inbound_id.in_(inbounds))
    others = by.where(AirQuestionAsker.inbound_id.is_(None) | AirQuestionAsker.inbound_id.not_in(inbounds))
    alone = sa.update(AirQuestion).where(AirQuestion.id.in_(asked), AirQuestion.id.not_in(others))
    change(session, alone.values(wording="", answer=None))  # staff's words for it: nobody was shown them since
