"""One pass of the conversation: claims stored inbounds, reads, acts, and puts at most one reply into the outbox.

The readings of an SMS, their effects and its reply are there together or not at all. Some SMS of several phones share
a transaction, for to ask the tables and the disk for each would cost most of the time; when one crashes, each is done
anew by itself. What crashes by itself is tried again, then shown to staff. A pass also sends the summaries and the
reminders that are due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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
    practice,
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
from campaigns.conversation.facts import Facts, facts_of
from campaigns.conversation.grammar import read
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.handling import DONE, SILENT, Done, Handler
from campaigns.conversation.pending import Question
from campaigns.conversation.replies import Course, Told
from messaging import batches, calls, outbox
from messaging.database import Database
from messaging.models import Inbound, Phone
from messaging.models.post import InboundState
from messaging.outbox import Letter

log = structlog.get_logger()

BATCH = 200
GROUP = 32  # SMS a transaction: on SQLite the webhooks wait until it is over
TRIES = 3
RETRY_AFTER = timedelta(seconds=30)
STRANGER_EVERY = timedelta(hours=24)
NOTHING = Result((Reading("noise", "ignored"),))
INBOUND: sa.Table = Inbound.__table__  # type: ignore[assignment]
DUE = (
    sa.select(Inbound.id, Inbound.phone_id)
    .where(Inbound.state == InboundState.NEW, Inbound.next_at <= sa.bindparam("now"))
    .order_by(Inbound.next_at, Inbound.id)
    .limit(sa.bindparam("most"))
)
IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
# The inbox locks a phone before it writes an SMS: so do we, or two would wait for ever.
LOCKED_PHONES = (
    sa.select(Phone)
    .where(Phone.id.in_(sa.select(Inbound.phone_id).where(Inbound.id.in_(IDS))))
    .order_by(Phone.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
LOCKED_INBOUNDS = (
    sa.select(Inbound)
    .where(Inbound.id.in_(IDS), Inbound.state == InboundState.NEW)
    .with_for_update(skip_locked=True)
    .execution_options(populate_existing=True)
)
OWN = frozenset({*replies.REPORTS, "distribution_ack", "quiz_answer", "help", "noise", "unknown"})


@dataclass(frozen=True)
class Outcome:
    """What became of an SMS: all its readings, the one that decides the reply, and the reply's key, if one is due."""

    readings: tuple[Reading, ...]
    reading: Reading
    done: Done
    key: str | None


@dataclass(frozen=True)
class Reply:
    """What is answered; `is_meant`: by the words of its key, not in their place."""

    key: str
    letter: Letter
    phone_id: int
    is_meant: bool


@dataclass(frozen=True)
class Handled:
    """An SMS that was read and took its effect, and what is still to be written when its group is through."""

    inbound: Inbound
    result: Result
    reading: Reading
    role: str | None
    reply: Reply | None = None
    waited: Question | None = None  # the question that waited on its phone before
    is_own: bool = True  # it changed nothing that is asked about others who write


def converse(db: Database, now: datetime, most: int = BATCH) -> dict[str, int]:
    """Handle what is due; gives how many inbounds were handled, by intent, and how many failed."""
    with db.read() as session:
        due = session.execute(DUE, {"now": now, "most": most}).all()
    counts: Counter[str] = Counter()
    for group in groups((ident, phone_id) for ident, phone_id in due):
        while group:
            done = _together(db, group, now)
            counts.update(done)
            group = group[len(done) :]
    counts.update(bursts.answer_due(db, now))
    counts.update(reminders.send_due(db, now))
    return dict(counts)


def groups(due: Iterable[tuple[int, int | None]]) -> Iterator[list[int]]:
    """What is due in its order, in parts that hold each phone once: what an SMS changes, its next one finds."""
    group, phones = list[int](), set[int]()
    for ident, phone_id in due:
        if len(group) == GROUP or phone_id in phones:
            yield group
            group, phones = [], set()
        group.append(ident)
        if phone_id is not None:
            phones.add(phone_id)
    if group:
        yield group


def _together(db: Database, idents: Sequence[int], now: datetime) -> list[str]:
    """Handle some, the first at least, in one transaction; when that fails all of them, each in its own."""
    if len(idents) > 1:
        with suppress(Exception), db.write() as session:  # whose fault it is shows when each is alone
            return handle_all(session, idents, now)
    return [_guarded(db, ident, now) for ident in idents]


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
    return handle_all(session, [ident], now)[0]


def handle_all(session: Session, idents: Sequence[int], now: datetime) -> list[str]:
    """Read and answer inbounds of different phones in the session's transaction; gives their intents, as `handle`.

    It ends with the first that changes more than is its sender's own, such as who is a member: what was asked about
    the others may not be true any more.
    """
    phones = {row.id: row for row in session.scalars(LOCKED_PHONES, {"ids": idents})}
    inbounds = {row.id: row for row in session.scalars(LOCKED_INBOUNDS, {"ids": idents})}
    if not inbounds:
        return ["taken"] * len(idents)
    facts, spoken_to = facts_of(session, inbounds.values()), replies.spoken_to(session, phones, now)
    intents, done = list[str](), list[Handled]()
    for ident in idents:
        if (inbound := inbounds.get(ident)) is None:
            intents.append("taken")
            continue
        phone = phones.get(inbound.phone_id) if inbound.phone_id is not None else None
        done.append(_handle(session, inbound, phone, facts, spoken_to, now))
        intents.append(done[-1].reading.intent)
        if not done[-1].is_own:
            break
    _write(session, done, now)
    return intents


def _handle(
    session: Session, inbound: Inbound, phone: Phone | None, facts: Facts, spoken_to: Collection[int], now: datetime
) -> Handled:
    if phone is None or inbound.twin_of is not None:
        return Handled(inbound, NOTHING, NOTHING.readings[0], None if phone else "operator")
    sender = context.gather(session, inbound, phone, facts)
    waited = pending.copied(facts.questions.get(phone.id))
    outcome = _act(session, sender, _read(inbound, sender), now)
    kept = tuple(screening.own(sender, reading) for reading in outcome.readings)
    told = replies.told(session, phone.id, now) if phone.id in spoken_to else Told()
    reply = _answer(session, sender, outcome, told, now)
    is_own = all(reading.intent in OWN for reading in outcome.readings) and not inbound.maybe_sensitive
    return Handled(inbound, Result(kept, outcome.key), outcome.reading, sender.role, reply, waited, is_own)


def _write(session: Session, done: Sequence[Handled], now: datetime) -> None:
    """Note what was read, put the replies, and let no question wait that nobody was asked."""
    raised = pending.raised(session, [one.inbound for one in done])
    for one in done:
        if one.inbound.id in raised and one.reply and one.reply.is_meant:
            pending.mark(session, one.inbound)
        elif one.inbound.id in raised:
            pending.take(session, one.inbound)
            pending.put(session, one.waited)  # nobody was asked anything: what waited before goes on waiting
    batches.update(session, INBOUND, [_note(one, now) for one in done])
    outbox.put_each(session, [(one.reply.letter, one.reply.phone_id) for one in done if one.reply], now)


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
        handler = practice.store if practice.is_exercise(sender, reading) else HANDLERS.get(reading.intent)
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


def _answer(session: Session, sender: Sender, outcome: Outcome, told: Told, now: datetime) -> Reply | None:
    """The reply, if one is due and may leave."""
    is_answered = sender.inbound.gateway_opt == "stop"  # by the provider itself
    if outcome.key is None or not outcome.done.reply or sender.programme is None or is_answered:
        return None
    phone_id, reading = sender.phone.id, outcome.reading
    course = replies.course(reading, told)
    if course is Course.GATHER:
        bursts.gather(session, phone_id, now)
    is_exercise = practice.is_exercise(sender, reading)
    if course in (Course.LAST, Course.LOOP) and not is_exercise:
        why: calls.Why = "loop" if course is Course.LOOP else "errors"
        calls.ask(session, sender.programme.id, phone_id, why, sender.inbound.id, now)
    if course not in (Course.SAY, Course.LAST):
        return None
    key = outcome.key if course is Course.SAY or is_exercise else replies.THIRD
    text, language = outcome.done.words if outcome.done.words and course is Course.SAY else replies.words(
        sender, sender.codes, key, outcome.readings, reading, outcome.done.slots
    )  # fmt: skip
    return Reply(key, replies.letter(session, sender, text, language, now), phone_id, course is Course.SAY)


def _note(one: Handled, now: datetime) -> dict[str, Any]:
    """What the row of an SMS says once it is handled."""
    return {
        "id": one.inbound.id, "state": InboundState.HANDLED, "handled_at": now, "tries": one.inbound.tries + 1,
        "role": one.role, "readings": one.result.as_json(), "intent": one.reading.intent, "status": one.reading.status,
        "replied": one.reply.key[: replies.KEY] if one.reply else None,
    }  # fmt: skip


def _welcome(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """A stranger is told once a day who we are; what she wrote is for the officer on duty first. A bare figure may
    answer what a club was asked days ago."""
    if reading.error == "no_open_quiz":
        return decisions.answer_late(session, sender, now)
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
