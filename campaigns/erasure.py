"""Erasing the people behind a phone from what campaigns and clubs hold of them, and from the post below.

A club's counts, decisions and reported values stay, for they hold nobody; a number in their words is taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Attendance, Decision, Enrolment, Feedback, Value
from messaging import erasure
from messaging.database import change
from messaging.erasure import Erased
from messaging.models import Phone
from messaging.phones import redact


def erase(session: Session, phone: Phone, now: datetime) -> Erased:
    """Erase everything that is held of the people behind a phone; gives whose traces went."""
    gone = erasure.erase(session, phone, now)
    ending = sa.update(Enrolment).where(Enrolment.member_id.in_(gone.members), Enrolment.ended_at.is_(None))
    change(session, ending.values(ended_at=now))
    change(session, sa.update(Feedback).where(Feedback.phone_id.in_(gone.phones)).values(answer=None))
    notes = sa.update(Attendance).where(Attendance.phone_id.in_(gone.phones))
    change(session, notes.values(note=None, question=None))
    _redact(session, gone.phones)
    return gone


def _redact(session: Session, phones: Sequence[int]) -> None:
    """Take numbers out of the words of a club's decisions and values."""
    for decision in session.scalars(sa.select(Decision).where(Decision.phone_id.in_(phones))):
        decision.text = redact(decision.text)
    for value in session.scalars(sa.select(Value).where(Value.phone_id.in_(phones), Value.text.is_not(None))):
        value.text = redact(value.text or "")
