"""Many reports at once, for the network is back: three answers one by one, then one summary after ten quiet minutes.

What is not clear among them is named in the summary and sent again: a question to each would be nine questions.

Source: the page on incoming SMS, 10.5; scenario 14.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from campaigns.conversation import context, replies
from campaigns.conversation.grammar.reading import Reading
from messaging import calls
from messaging.database import ALONE, Database, change
from messaging.models import Burst, Inbound, Phone
from messaging.models.post import InboundState

log = structlog.get_logger()

QUIET = timedelta(minutes=10)
BATCH = 50
UNCLEAR = ("confirm", "pending", "error")


def gather(session: Session, phone_id: int, now: datetime) -> None:
    """Let a report wait for the summary, which waits for ten quiet minutes; the phone is locked."""
    burst = session.get(Burst, phone_id)
    if burst is None:
        session.add(Burst(phone_id=phone_id, since=now, due_at=now + QUIET))
    else:
        burst.due_at = now + QUIET


def answer_due(db: Database, now: datetime, most: int = BATCH) -> dict[str, int]:
    """Send the summaries that are due, each in a transaction of its own."""
    with db.read() as session:
        query = sa.select(Burst.phone_id).where(Burst.due_at <= now).order_by(Burst.due_at).limit(most)
        due = session.scalars(query).all()
    sent = sum(_guarded(db, phone_id, now) for phone_id in due)
    return {"summaries": sent} if sent else {}


def _guarded(db: Database, phone_id: int, now: datetime) -> bool:
    try:
        with db.write() as session:
            return answer(session, phone_id, now)
    except Exception as error:  # whatever it is: the others are answered, and this one is tried again later
        log.error("reports could not be summed up", phone=phone_id, error=type(error).__name__, exc_info=True)
        with db.write() as session:
            change(session, sa.update(Burst).where(Burst.phone_id == phone_id).values(due_at=now + QUIET))
        return False


def answer(session: Session, phone_id: int, now: datetime) -> bool:
    """Sum up the reports of a burst in one SMS, the answer to its last one; False when there was nothing to say."""
    phone = session.get(Phone, phone_id, with_for_update=ALONE)
    burst = session.get(Burst, phone_id, with_for_update=True)
    if phone is None or burst is None or burst.due_at > now:
        return False
    session.delete(burst)
    inbounds = _unanswered(session, burst)
    found = [reading for inbound in inbounds for reading in read_again(inbound) if replies.is_report(reading)]
    if not found:
        return False
    sender = context.gather(session, inbounds[-1], phone)
    if sender.programme is None:
        return False
    if replies.told(session, phone_id, now).replies >= replies.REPLIES_AN_HOUR:
        calls.ask(session, sender.programme.id, phone_id, "loop", sender.inbound.id, now)
        return False
    key, deciding = _summary(found)
    text, language = replies.words(sender, sender.codes, key, found, deciding)
    replies.say(session, sender, key, text, language, now)
    return True


def read_again(inbound: Inbound) -> list[Reading]:
    """The readings of an SMS as they were stored."""
    stored = (inbound.readings or {}).get("readings") or []
    return [Reading(one["intent"], one["status"], one["fields"], one.get("error")) for one in stored]


def _unanswered(session: Session, burst: Burst) -> list[Inbound]:
    query = sa.select(Inbound).where(
        Inbound.phone_id == burst.phone_id,
        Inbound.received_at > burst.since - replies.LONGEST_WAIT,
        Inbound.handled_at >= burst.since,
        Inbound.state == InboundState.HANDLED,
        Inbound.intent.in_(replies.REPORTS),
        Inbound.replied.is_(None),
    )
    return list(session.scalars(query.order_by(Inbound.handled_at, Inbound.id)))


def _summary(found: Iterable[Reading]) -> tuple[str, Reading]:
    """The key of the summary, and the reading whose line is its example: the first that must be sent again."""
    readings = list(found)
    unclear = [reading for reading in readings if reading.status in UNCLEAR]
    return (replies.SUMMARY_AGAIN, unclear[0]) if unclear else (replies.SUMMARY, readings[-1])
