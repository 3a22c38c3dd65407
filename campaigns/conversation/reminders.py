"""One reminder of a question about a report that nobody answered, in its own words; then nothing more is asked.

It leaves in the open hours of service messages, never after a STOP, and never before the question itself has left.
The same pass clears the questions whose time is over.

Source: the page on incoming SMS, 10.9.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from messaging import outbox
from messaging.database import ALONE, Database, change
from messaging.hours import next_open
from messaging.letters import measure
from messaging.models import Gateway, Inbound, Message, Pending, Phone, Programme
from messaging.models.post import InboundState, Kind
from messaging.openings import hours_rules
from messaging.routing import SIMULATOR, price

log = structlog.get_logger()

BATCH = 100
USE = timedelta(hours=1)  # what cannot leave by then would come after its answer


def send_due(db: Database, now: datetime, most: int = BATCH) -> dict[str, int]:
    """Send the reminders that are due, each in a transaction of its own, and clear the questions that are over."""
    with db.read() as session:
        query = sa.select(Pending.phone_id).where(_due(now))
        due = session.scalars(query.order_by(Pending.remind_at).limit(most)).all()
        is_over = session.scalar(sa.select(sa.exists().where(_over(now))))
    sent = sum(_guarded(db, phone_id, now) for phone_id in due)
    if is_over:
        with db.write() as session:
            change(session, sa.delete(Pending).where(_over(now)))
    return {"reminders": sent} if sent else {}


def _guarded(db: Database, phone_id: int, now: datetime) -> bool:
    try:
        with db.write() as session:
            return remind(session, phone_id, now)
    except Exception as error:  # whatever it is: one reminder is left out, the others leave
        log.error("a reminder could not be made", phone=phone_id, error=type(error).__name__, exc_info=True)
        with db.write() as session:
            change(session, sa.update(Pending).where(Pending.phone_id == phone_id).values(remind_at=None))
        return False


def remind(session: Session, phone_id: int, now: datetime) -> bool:
    """Ask once more, or wait for an open hour; False when nothing was sent."""
    phone = session.get(Phone, phone_id, with_for_update=ALONE)
    pending = session.scalar(sa.select(Pending).where(Pending.phone_id == phone_id, _due(now)).with_for_update())
    if phone is None or pending is None:
        return False
    asked = _question(session, pending)
    pending.remind_at = None
    if asked is None or asked.body is None or phone.opted_out_at is not None or phone.quarantine is not None:
        return False
    programme = session.get_one(Programme, asked.programme_id)
    opens_at = _opens_at(session, programme, now)
    if opens_at != now:
        pending.remind_at = opens_at if opens_at is not None and opens_at < pending.expires_at else None
        return False
    return outbox.put(session, _letter(session, programme, phone, asked, pending, now), phone.id, now)


def _question(session: Session, pending: Pending) -> Message | None:
    """The reply that asked, once it has left; None when nobody read the question yet."""
    query = sa.select(Message).where(
        Message.step_id == 0,
        Message.phone_id == pending.phone_id,
        Message.occurrence == f"reply:{pending.inbound_id}",
        Message.handed_over_at.is_not(None),
    )
    return session.scalar(query)


def _opens_at(session: Session, programme: Programme, now: datetime) -> datetime | None:
    if programme.always_open:
        return now
    return next_open(hours_rules(session, programme.id), "service", now, programme.zone)


def _letter(
    session: Session, programme: Programme, phone: Phone, asked: Message, pending: Pending, now: datetime
) -> outbox.Letter:
    """The question in its own words; words that nobody reviewed go by the simulator alone."""
    gateway = session.get(Gateway, asked.gateway_id)
    assert asked.body is not None
    return outbox.Letter(
        programme_id=programme.id, kind=Kind.SERVICE, occurrence=f"remind:{pending.inbound_id}",
        language_wanted=asked.language_wanted, language=asked.language, size=measure(asked.body), body=asked.body,
        due_at=now, useful_until=min(now + USE, pending.expires_at), inbound_id=pending.inbound_id,
        draft=gateway is not None and gateway.adapter == SIMULATOR,
        segment_price_micros=price(gateway, phone.prefix) if gateway else 0,
    )  # fmt: skip


def _due(now: datetime) -> sa.ColumnElement[bool]:
    """Questions to ask once more."""
    return sa.and_(Pending.remind_at <= now, Pending.expires_at > now, ~_unread())


def _over(now: datetime) -> sa.ColumnElement[bool]:
    """Questions whose time is over."""
    return sa.and_(Pending.expires_at <= now, ~_unread())


def _unread() -> sa.Exists:
    """While an SMS that may answer the question still waits to be read, nobody is reminded and nothing is cleared."""
    return sa.exists().where(Inbound.phone_id == Pending.phone_id, Inbound.state == InboundState.NEW)
