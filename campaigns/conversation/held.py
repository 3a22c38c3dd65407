"""The reports of a number that nobody knew: read again once staff made it a facilitator's, each on its own day.

They waited as long as such reports are held. Who wrote is answered again: the first answer said that we would call.

Source: the page on incoming SMS, 10.8.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import calls, outbox
from messaging.database import Database, change
from messaging.models import Call, Facilitator, Inbound, Message
from messaging.models.post import InboundState
from messaging.rules import Reason

WHY: calls.Why = "unknown_number"
REPORTS = ("attendance", "listening", "visit")
KNOWN_NOW = sa.select(Call.phone_id).where(
    Call.reason == WHY,
    Call.done_at.is_(None),
    sa.exists().where(Facilitator.phone_id == Call.phone_id, Facilitator.active.is_(True)),
)


def read_due(db: Database, now: datetime) -> dict[str, int]:
    """Let what facilitators wrote before they were known be read; gives how many SMS."""
    with db.read() as session:
        phones = session.scalars(KNOWN_NOW).all()
    if not phones:
        return {}
    with db.write() as session:
        count = sum(read_again(session, phone_id, now) for phone_id in phones)
    return {"read_again": count} if count else {}


def read_again(session: Session, phone_id: int, now: datetime) -> int:
    """Let the held reports of a phone be read as new ones, and nobody call it for them; gives how many."""
    held = sa.select(Inbound).where(
        Inbound.phone_id == phone_id, Inbound.state == InboundState.HANDLED, Inbound.role == "unknown",
        Inbound.intent.in_(REPORTS), Inbound.status == "error", Inbound.received_at > now - calls.HELD,
    )  # fmt: skip
    inbounds = session.scalars(held.order_by(Inbound.id).with_for_update()).all()
    for inbound in inbounds:
        inbound.state, inbound.next_at, inbound.tries, inbound.replied = InboundState.NEW, now, 0, None
    first = sa.and_(Message.inbound_id.in_([one.id for one in inbounds]), Message.phone_id == phone_id)
    outbox.close_all(session, first, Reason.CHANGED, now)
    freed = Message.occurrence + ":held"  # an SMS has one reply of its name: this one makes room
    change(session, sa.update(Message).where(first, Message.step_id == 0).values(occurrence=freed))
    waits = (Call.phone_id == phone_id, Call.reason == WHY, Call.done_at.is_(None))
    change(session, sa.update(Call).where(*waits).values(done_at=now))
    return len(inbounds)
