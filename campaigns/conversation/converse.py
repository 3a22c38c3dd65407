"""One pass of the conversation: claims stored inbounds, reads, acts, and puts at most one reply into the outbox.

Each inbound is one transaction, so its readings, their effects and its reply are there together or not at all. What
crashes is tried again, then shown to staff. A pass also sends the summaries and the reminders that are due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from campaigns.conversation import (
    attendance,
    bursts,
    cases,
    consent,
    context,
    decisions,
    feedback,
    hands,
    language,
    my_data,
    pending,
    quiz,
    radio,
    reminders,
    replies,
    screening,
    sims,
    tips,
    values,
)
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar import read
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.handling import DONE, SILENT, Done, Handler
from campaigns.conversation.replies import Course
from messaging import calls
from messaging.database import ALONE, Database
from messaging.models import Inbound, Phone
from messaging.models.post import InboundState

log = structlog.get_logger()

BATCH = 200
TRIES = 3
RETRY_AFTER = timedelta(seconds=30)
STRANGER_EVERY = timedelta(hours=24)
NOTHING = Result((Reading("noise", "ignored"),))


@dataclass(frozen=True)
class Outcome:
    """What became of an SMS: all its readings, the one that decides the reply, and the reply's key, if one is due."""

    readings: tuple[Reading, ...]
    reading: Reading
    done: Done
    key: str | None


def converse(db: Database, now: datetime, most: int = BATCH) -> dict[str, int]:
    """Handle what is due; gives how many inbounds were handled, by intent, and how many failed."""
    with db.read() as session:
        query = sa.select(Inbound.id).where(Inbound.state == InboundState.NEW, Inbound.next_at <= now)
        idents = session.scalars(query.order_by(Inbound.next_at, Inbound.id).limit(most)).all()
    counts: Counter[str] = Counter()
    for ident in idents:
        counts[_guarded(db, ident, now)] += 1
    counts.update(bursts.answer_due(db, now))
    counts.update(reminders.send_due(db, now))
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
    # The inbox locks a phone before it writes an SMS: so do we, or two would wait for ever.
    phone = session.get(Phone, phone_id, with_for_update=ALONE) if phone_id is not None else None
    inbound = session.get(Inbound, ident, with_for_update={"skip_locked": True})
    if inbound is None or inbound.state is not InboundState.NEW:
        return "taken"
    if phone is None:
        return _note(inbound, NOTHING, NOTHING.readings[0], "operator", now)
    if inbound.twin_of is not None:
        return _note(inbound, NOTHING, NOTHING.readings[0], None, now)
    sender = context.gather(session, inbound, phone)
    question = pending.waiting(session, phone.id)
    outcome = _act(session, sender, _read(inbound, sender), now)
    kept = tuple(screening.own(sender, reading) for reading in outcome.readings)
    intent = _note(inbound, Result(kept, outcome.key), outcome.reading, sender.role, now)
    if _answer(session, sender, outcome, now):
        pending.mark(session, inbound)
    elif pending.take(session, inbound) is not None:
        pending.put(session, question)  # nobody was asked anything: what waited before goes on waiting
    return intent


def _read(inbound: Inbound, sender: Sender) -> Result:
    result = read(inbound.text, sender.role, sender.context)
    if inbound.stopped and result.readings[0].intent != "stop":
        # The inbox heard STOP in the language of another member of this phone.
        return read("STOP", sender.role, sender.context)
    return result


def _act(session: Session, sender: Sender, result: Result, now: datetime) -> Outcome:
    """Let each reading take its effect; of several the first that is not plain decides, and only its question waits."""
    done, asked, are_many = [], [], len(result.readings) > 1
    for reading in result.readings:
        handler = HANDLERS.get(reading.intent)
        before = pending.waiting(session, sender.phone.id) if are_many else None
        done.append(handler(session, sender, reading, now) if handler else Done())
        screening.the_rest(session, sender, reading, now)
        asked.append(pending.take(session, sender.inbound) if are_many else None)
        pending.put(session, before if asked[-1] else None)  # what another SMS raised waits on meanwhile
    readings = tuple(one.reading or reading for one, reading in zip(done, result.readings, strict=True))
    place = next((place for place, reading in enumerate(readings) if reading.status != "ok"), 0)
    pending.put(session, asked[place])
    are_all_plain = are_many and readings[place].status == "ok"
    key = result.reply if are_all_plain else done[place].key or result.reply
    return Outcome(readings, readings[place], done[place], key)


def _answer(session: Session, sender: Sender, outcome: Outcome, now: datetime) -> bool:
    """Send the reply, if one is due and may leave; gives whether the sender reads what its key says."""
    is_answered = sender.inbound.gateway_opt == "stop"  # by the provider itself
    if outcome.key is None or not outcome.done.reply or sender.programme is None or is_answered:
        return False
    phone_id, reading = sender.phone.id, outcome.reading
    course = replies.course(reading, replies.told(session, phone_id, now))
    if course is Course.GATHER:
        bursts.gather(session, phone_id, now)
    if course in (Course.LAST, Course.LOOP):
        why: calls.Why = "loop" if course is Course.LOOP else "errors"
        calls.ask(session, sender.programme.id, phone_id, why, sender.inbound.id, now)
    if course not in (Course.SAY, Course.LAST):
        return False
    key = outcome.key if course is Course.SAY else replies.THIRD
    text, language = outcome.done.words if outcome.done.words and course is Course.SAY else replies.words(
        sender, sender.codes, key, outcome.readings, reading, outcome.done.slots
    )  # fmt: skip
    replies.say(session, sender, key, text, language, now)
    return course is Course.SAY


def _note(inbound: Inbound, result: Result, reading: Reading, role: str | None, now: datetime) -> str:
    inbound.state, inbound.handled_at, inbound.tries = InboundState.HANDLED, now, inbound.tries + 1
    inbound.role, inbound.readings = role, result.as_json()
    inbound.intent, inbound.status = reading.intent, reading.status
    return reading.intent


def _welcome(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """A stranger is told once a day who we are; what she wrote is for the officer on duty first."""
    if reading.error != "unknown_sender":
        return DONE
    feedback.doubt(session, sender, now)
    told = sa.exists().where(
        Inbound.phone_id == sender.phone.id,
        Inbound.intent == "unknown",
        Inbound.replied.is_not(None),
        Inbound.received_at > sender.inbound.received_at - STRANGER_EVERY,
    )
    return SILENT if session.scalar(sa.select(told)) else DONE


def _failed(session: Session, ident: int, trouble: str, now: datetime) -> None:
    inbound = session.get_one(Inbound, ident, with_for_update=True)
    if inbound.state is not InboundState.NEW:
        return  # another process has handled it since
    inbound.tries += 1
    inbound.trouble, inbound.next_at = trouble[:200], now + RETRY_AFTER * inbound.tries
    if inbound.tries >= TRIES:
        inbound.state = InboundState.FAILED


HANDLERS: Mapping[str, Handler] = {
    "stop": consent.stop,
    "start": consent.start,
    "consent": consent.answer,
    "join": consent.join,
    "language": language.choose,
    "my_data": my_data.tell,
    "erase": my_data.erase,
    "attendance": attendance.store,
    "listening": attendance.store,
    "visit": attendance.store,
    "hands": hands.store,
    "decision": decisions.store,
    "radio_log": radio.store,
    **dict.fromkeys(("price", "rainfall", "fund_balance", "nursery", "pest", "distribution_ack"), values.store),
    "tip_sheet": tips.answer,
    "new_sim": sims.answer,
    "quiz_answer": quiz.store,
    "case_answer": cases.answer,
    "feedback": screening.free_text,
    "sensitive": feedback.sensitive,
    "unknown": _welcome,
}
