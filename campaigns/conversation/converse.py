"""One pass of the conversation: claims stored inbounds, reads, acts, and puts at most one reply into the outbox.

Each inbound is one transaction, so its reading, its effect and its reply are there together or not at all. What
crashes is tried again, then shown to staff.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from campaigns.conversation import consent, context, feedback, quiz, sims
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar import read
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.handling import Done, Handler
from messaging import languages, outbox
from messaging.database import Database
from messaging.models import Inbound, Phone, TextState
from messaging.models import Text as TextRow
from messaging.models.post import InboundState
from messaging.routing import answer_cost, price

log = structlog.get_logger()

BATCH = 200
TRIES = 3
RETRY_AFTER = timedelta(seconds=30)
REPLY_USE = timedelta(days=1)  # a reply that could not leave within a day answers nothing any more
STRANGER_EVERY = timedelta(hours=24)

HANDLERS: Mapping[str, Handler] = {
    "stop": consent.stop,
    "start": consent.start,
    "consent": consent.answer,
    "new_sim": sims.answer,
    "quiz_answer": quiz.store,
    "feedback": feedback.store,
    "sensitive": feedback.sensitive,
}


def converse(db: Database, now: datetime, most: int = BATCH) -> dict[str, int]:
    """Handle what is due; gives how many inbounds were handled, by intent, and how many failed."""
    with db.read() as session:
        query = sa.select(Inbound.id).where(Inbound.state == InboundState.NEW, Inbound.next_at <= now)
        idents = session.scalars(query.order_by(Inbound.next_at, Inbound.id).limit(most)).all()
    counts: Counter[str] = Counter()
    for ident in idents:
        counts[_guarded(db, ident, now)] += 1
    return dict(counts)


def _guarded(db: Database, ident: int, now: datetime) -> str:
    try:
        with db.write() as session:
            return handle(session, ident, now)
    except Exception as error:  # any fault of a handler: the SMS is kept, tried again, then shown to staff
        log.error("an inbound could not be handled", inbound=ident, error=type(error).__name__, exc_info=True)
        with db.write() as session:
            _failed(session, ident, type(error).__name__, now)
        return "failed"


def handle(session: Session, ident: int, now: datetime) -> str:
    """Read and answer one inbound in the session's transaction; gives its intent, or `taken` when another did it."""
    phone_id = session.scalar(sa.select(Inbound.phone_id).where(Inbound.id == ident))
    if phone_id is not None:  # the inbox locks a phone before it writes an SMS: so do we, or two would wait for ever
        session.get(Phone, phone_id, with_for_update=True)
    inbound = session.get(Inbound, ident, with_for_update={"skip_locked": True})
    if inbound is None or inbound.state is not InboundState.NEW:
        return "taken"
    inbound.state, inbound.handled_at, inbound.tries = InboundState.HANDLED, now, inbound.tries + 1
    if inbound.phone_id is None:
        return _note(inbound, Result((Reading("noise", "ignored"),)), "operator")
    sender = context.gather(session, inbound, session.get_one(Phone, inbound.phone_id))
    result = _read(inbound, sender)
    first = result.readings[0]
    handler = HANDLERS.get(first.intent)
    done = handler(session, sender, first, now) if handler else Done(reply=_is_welcome(session, sender, first))
    if done.reply and result.reply:
        _reply(session, sender, first, result.reply, now)
    return _note(inbound, result, sender.role)


def _read(inbound: Inbound, sender: Sender) -> Result:
    result = read(inbound.text, sender.role, sender.context)
    if inbound.stopped and result.readings[0].intent != "stop":
        # The inbox heard STOP in the language of another member of this phone.
        return read("STOP", sender.role, sender.context)
    return result


def _is_welcome(session: Session, sender: Sender, reading: Reading) -> bool:
    """A stranger is told once a day who we are."""
    if reading.error != "unknown_sender":
        return True
    told = sa.exists().where(
        Inbound.phone_id == sender.phone.id,
        Inbound.intent == "unknown",
        Inbound.id != sender.inbound.id,
        Inbound.received_at > sender.inbound.received_at - STRANGER_EVERY,
    )
    return not session.scalar(sa.select(told))


def _reply(session: Session, sender: Sender, reading: Reading, key: str, now: datetime) -> None:
    if sender.programme is None:
        return
    text, language = _words(session, sender, reading, key)
    letter = outbox.reply(
        session, sender.programme, text, language, occurrence=f"reply:{sender.inbound.id}", due_at=now,
        useful_until=now + REPLY_USE, gateway_id=sender.gateway.id, inbound_id=sender.inbound.id,
        segment_price_micros=price(sender.gateway, sender.phone.prefix),
    )  # fmt: skip
    outbox.put(session, letter, sender.phone.id, now)


def _words(session: Session, sender: Sender, reading: Reading, key: str) -> tuple[str, str]:
    """The words of a reply and their language: the question's own feedback text, or a line of the catalogue."""
    if key == "quiz.feedback" and sender.asked is not None and _may_say(session, sender):
        own = quiz.feedback(sender.asked, reading.fields["answers"]["1"])
        if own:
            return own, session.get_one(TextRow, sender.asked.version.text_id).language
    values = {**_values(sender), **quiz.slots(sender, reading)}
    return languages.reply(key, sender.codes, sender.drafts, **values)


def _may_say(session: Session, sender: Sender) -> bool:
    assert sender.asked is not None
    text = session.get_one(TextRow, sender.asked.version.text_id)
    return sender.drafts or (text.state is TextState.APPROVED and text.approved_hash == sender.asked.version.hash)


def _values(sender: Sender) -> dict[str, Any]:
    assert sender.programme is not None
    own = sender.clubs[0].code if sender.clubs else "...."
    return {
        "service": sender.programme.service_name, "code": own, "own": own, "case": sender.inbound.id, "days": 14,
        "cost": _answer_cost(sender),
    }  # fmt: skip


def _answer_cost(sender: Sender) -> str:
    """What an SMS to us costs, in words for French readers and in a figure for all others."""
    said = answer_cost(sender.gateway)
    if tuple(sender.codes[:1]) != ("fr",):
        return said or "? FCFA"
    words = {"free": "gratuit", "unknown": "prix de votre reseau"}
    return words.get(sender.gateway.answer_cost, f"{said} par SMS")


def _note(inbound: Inbound, result: Result, role: str) -> str:
    inbound.role, inbound.readings, inbound.intent = role, result.as_json(), result.readings[0].intent
    return result.readings[0].intent


def _failed(session: Session, ident: int, trouble: str, now: datetime) -> None:
    inbound = session.get_one(Inbound, ident, with_for_update=True)
    inbound.tries += 1
    inbound.trouble, inbound.next_at = trouble[:200], now + RETRY_AFTER * inbound.tries
    if inbound.tries >= TRIES:
        inbound.state = InboundState.FAILED
