"""The outbox: the one way a message comes to be, waits, is held and is closed; knows no campaign and no gateway's way.

A message is unique on step, phone and occurrence, so that putting it twice changes nothing. What a kind of message
must pass is asked here for the first time (`rules.MUST_PASS`), as conditions of the INSERT itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from messaging import budget
from messaging.database import change, insert_ignore
from messaging.letters import Size, measure
from messaging.models import Consent, Message, Phone, Programme
from messaging.models.people import Purpose
from messaging.models.post import Kind, State
from messaging.routing import Way
from messaging.rules import MUST_PASS, PRIORITY, Check, Reason

UNSENT = (State.WAITING, State.HELD)
CLOSED_AT_ONCE = 10_000
DUTY, ASKS = "duty:", ":ask"  # start and end of the occurrences of replies that answer no SMS of their phone
MESSAGE: sa.Table = Message.__table__  # type: ignore[assignment]
COPIED = ("phone_id", "member_id", "club_id", "village_id")  # what a source query gives, in this order
# Built once: every reply is put by it, and building it costs more than asking it.
INSERT = {
    name: insert(MESSAGE)
    .on_conflict_do_nothing(index_elements=["step_id", "phone_id", "occurrence"])
    .returning(MESSAGE.c.programme_id, MESSAGE.c.due_at, MESSAGE.c.price_micros)
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


@dataclass(frozen=True)
class Letter:
    """What all messages of one putting share: the same words for everyone it goes to."""

    programme_id: int
    kind: Kind
    occurrence: str
    language_wanted: str
    language: str
    size: Size
    due_at: datetime
    useful_until: datetime
    step_id: int = 0
    text_id: int | None = None
    text_version: int | None = None
    body: str | None = None
    slots: Mapping[str, str] | None = None
    use_club: bool = False
    personal: bool = False
    tags: Sequence[str] = ()
    draft: bool = False
    asks: bool = False  # a question: only by a gateway that receives
    segment_price_micros: int = 0
    gateway_id: int | None = None
    inbound_id: int | None = None
    trial_of: int | None = None
    priority: int | None = None
    next_at: datetime | None = None

    @property
    def price_micros(self) -> int:
        """What one message costs, in millionths of XOF."""
        return self.size.segments * self.segment_price_micros


def put(session: Session, letter: Letter, phone_id: int, now: datetime, **who: int | None) -> bool:
    """Put one message; False when it is there already. `who` may name member_id, club_id and village_id.

    No rule is asked here: what goes to one phone, its caller has decided.
    """
    return _insert(session, [_row(letter, phone_id, now, **who)]) == 1


def put_each(session: Session, letters: Collection[tuple[Letter, int]], now: datetime) -> int:
    """Put letters, each to its phone, as `put` puts one; gives how many are new."""
    return _insert(session, [_row(letter, phone_id, now) for letter, phone_id in letters]) if letters else 0


def put_all(
    session: Session,
    letter: Letter,
    source: sa.Select[Any],
    now: datetime,
    *,
    way: Way | None = None,
    most: int | None = None,
) -> int:
    """Put the same letter to every row of a query, in one INSERT … SELECT.

    Args:
        session: a writing session.
        letter: what they share.
        source: a query of phone_id, member_id, club_id, village_id, in this order.
        now: when the rows are made.
        way: only the numbers of this way.
        most: put no more than so many: what the budget still pays for.

    Returns:
        How many are new. Who opted out or did not agree, as the kind demands, is left out.
    """
    if most is not None:
        source = _new_phones(letter, source, way).order_by(sa.column("member_id"), sa.column("phone_id")).limit(most)
    people = source.subquery("people")
    values = _shared(letter, now)
    columns = [*COPIED, *values]
    query = sa.select(
        *(people.c[name] for name in COPIED),
        *(sa.literal(value, MESSAGE.c[name].type).label(name) for name, value in values.items()),
    )
    query = _allowed(query, people, letter, way)
    statement = insert_ignore(session, Message, ["step_id", "phone_id", "occurrence"])
    made = change(session, statement.from_select(columns, query, include_defaults=False))
    if made:
        budget.reserve(session, letter.programme_id, letter.due_at, made * letter.price_micros)
    return made


def count(session: Session, letter: Letter, source: sa.Select[Any], way: Way | None = None) -> int:
    """How many messages `put_all` would make of these people now; puts nothing."""
    return session.scalar(sa.select(sa.func.count()).select_from(_new_phones(letter, source, way).subquery("new"))) or 0


def phones(session: Session, letter: Letter, source: sa.Select[Any], way: Way | None = None) -> Iterator[int]:
    """The phones that `put_all` would write to now, each once; puts nothing."""
    found = _new_phones(letter, source, way).subquery("new")
    yield from session.scalars(sa.select(found.c.phone_id).execution_options(yield_per=10_000))


def _new_phones(letter: Letter, source: sa.Select[Any], way: Way | None) -> sa.Select[Any]:
    """The phones of a query that may get the letter and have not, one row a phone, with the first of each mark."""
    people = source.subquery("meant")
    had = sa.exists().where(
        Message.step_id == letter.step_id,
        Message.phone_id == people.c.phone_id,
        Message.occurrence == letter.occurrence,
    )
    columns = (people.c.phone_id, *(sa.func.min(people.c[name]).label(name) for name in COPIED[1:]))
    return _allowed(sa.select(*columns), people, letter, way).where(~had).group_by(people.c.phone_id)


def close(session: Session, message: Message, reason: Reason, now: datetime) -> None:
    """End a message; when it never left, its money is free again."""
    if message.state in UNSENT:
        budget.reserve(session, message.programme_id, message.due_at, -message.price_micros)
    message.state, message.reason, message.closed_at = State.CLOSED, reason.value, now


def close_all(session: Session, which: sa.ColumnElement[bool], reason: Reason, now: datetime) -> int:
    """End every message of a condition that has not left, and free its money; gives how many.

    What is freed is what this very statement closed; the month's row is written last.
    """
    total = 0
    freed: Counter[tuple[int, datetime]] = Counter()
    while True:
        ids = sa.select(Message.id).where(Message.state.in_(UNSENT), which).limit(CLOSED_AT_ONCE)
        rows = session.execute(
            sa.update(Message)
            .where(Message.id.in_(ids), Message.state.in_(UNSENT))
            .values(state=State.CLOSED, reason=reason.value, closed_at=now)
            .returning(Message.programme_id, Message.due_at, Message.price_micros),
            execution_options={"synchronize_session": False},
        ).all()
        for programme_id, due_at, micros in rows:
            freed[(programme_id, due_at.replace(day=1, hour=0, minute=0, second=0, microsecond=0))] += micros
        total += len(rows)
        if len(rows) < CLOSED_AT_ONCE:
            break
    for (programme_id, month), micros in sorted(freed.items()):
        budget.reserve(session, programme_id, month, -micros)
    return total


def close_phone(session: Session, phone_id: int, reason: Reason, now: datetime) -> int:
    """End all that waits for a phone, answers to its own SMS excepted: a question and a call to duty are none."""
    is_unasked = sa.or_(
        Message.kind != Kind.REPLY, Message.occurrence.startswith(DUTY), Message.occurrence.endswith(ASKS)
    )
    return close_all(session, sa.and_(Message.phone_id == phone_id, is_unasked), reason, now)


def hold(session: Session, text_id: int, reason: Reason) -> int:
    """Hold what waits with a text that lost its approval; drafts of a demonstration, and trials, go on."""
    which = sa.and_(Message.text_id == text_id, Message.draft.is_(False), Message.trial_of.is_(None))
    return _move(session, which, State.WAITING, State.HELD, reason)


def hold_steps(session: Session, step_ids: Sequence[int], reason: Reason) -> int:
    """Hold what waits of some steps (a paused campaign); a trial goes on."""
    which = sa.and_(Message.step_id.in_(step_ids), Message.trial_of.is_(None))
    return _move(session, which, State.WAITING, State.HELD, reason)


def release_steps(session: Session, step_ids: Sequence[int], reason: Reason) -> int:
    """Let go of what was held for this reason."""
    which = Message.step_id.in_(step_ids)
    await_claim(session, which)
    return _move(session, sa.and_(which, Message.reason == reason.value), State.HELD, State.WAITING, None)


def hold_all(session: Session, which: sa.ColumnElement[bool], reason: Reason) -> int:
    """Hold what waits and meets a condition; gives how many."""
    return _move(session, which, State.WAITING, State.HELD, reason)


def release_all(session: Session, which: sa.ColumnElement[bool], reason: Reason, now: datetime) -> int:
    """Let go of what was held for this reason, meets a condition and is still of use; gives how many."""
    await_claim(session, which)
    held = sa.and_(Message.reason == reason.value, Message.useful_until > now, which)
    return _move(session, held, State.HELD, State.WAITING, None)


def await_claim(session: Session, which: sa.ColumnElement[bool]) -> None:
    """Wait for a sender that decides about such messages by what was true until now: it may hold them yet.

    Without this they would be held for a reason that is gone, and nobody would let go of them.
    """
    waits = sa.select(Message.id).where(Message.state == State.WAITING, which).order_by(Message.id).with_for_update()
    session.scalar(sa.select(sa.func.count()).select_from(waits.subquery()))


def expire(session: Session, now: datetime, patience: timedelta = timedelta(days=1)) -> dict[str, int]:
    """Close what is of no use any more, and what left, or may have left, and was never heard of again.

    Returns:
        Counts: `stale` never left; `unknown` may have left, its money stays reserved until a receipt decides;
        `no_receipt` left, and no receipt came until a day after its use.
    """
    parked = Message.reason.in_((Reason.UNKNOWN.value, Reason.RESTORED.value))
    is_open = Message.state != State.CLOSED  # in the words of its index, or SQLite reads all messages there ever were
    over = sa.and_(is_open, Message.useful_until <= now - patience)
    stale = sa.and_(is_open, Message.useful_until <= now, sa.or_(Message.reason.is_(None), ~parked))
    unknown = sa.or_(Message.state == State.SUBMITTING, sa.and_(Message.state == State.HELD, parked))
    return {
        "stale": close_all(session, stale, Reason.STALE, now),
        "unknown": _end(session, sa.and_(unknown, over), Reason.UNKNOWN, now),
        "no_receipt": _end(session, sa.and_(Message.state == State.HANDED_OVER, over), Reason.NO_RECEIPT, now),
    }


def _end(session: Session, which: sa.ColumnElement[bool], reason: Reason, now: datetime) -> int:
    values = {"state": State.CLOSED, "reason": reason.value, "closed_at": now}
    return change(session, sa.update(Message).where(which).values(**values))


def consented(purpose: Purpose, member_id: Any, phone_id: Any) -> sa.ColumnElement[bool]:
    """The condition that a member agreed to a purpose, or that the phone did when there is no member."""
    given = sa.and_(Consent.purpose == purpose, Consent.granted.is_(True), Consent.withdrawn_at.is_(None))
    by_member = sa.exists().where(Consent.member_id == member_id, given)
    by_phone = sa.exists().where(Consent.phone_id == phone_id, Consent.member_id.is_(None), given)
    return sa.case((member_id.is_not(None), by_member), else_=by_phone)


def reply(session: Session, programme: Programme, text: str, language: str, **more: Any) -> Letter:
    """A letter that answers an inbound; `more` holds occurrence, times, gateway and inbound."""
    return Letter(
        programme_id=programme.id, kind=Kind.REPLY, language_wanted=language, language=language, body=text,
        size=measure(text), **more,
    )  # fmt: skip


def _insert(session: Session, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert what is not there already, and set its money aside; the month's row is written last."""
    session.flush()  # what a row points to comes first
    price = Counter[tuple[int, datetime]]()
    made = session.execute(INSERT[session.get_bind().dialect.name], rows).all()
    for programme_id, due_at, micros in made:
        price[(programme_id, due_at)] += micros
    for (programme_id, due_at), micros in sorted(price.items()):
        budget.reserve(session, programme_id, due_at, micros)
    return len(made)


def _row(letter: Letter, phone_id: int, now: datetime, **who: int | None) -> dict[str, Any]:
    return {**_shared(letter, now), "phone_id": phone_id, **{name: who.get(name) for name in COPIED[1:]}}


def _shared(letter: Letter, now: datetime) -> dict[str, Any]:
    priority = PRIORITY[letter.kind] if letter.priority is None else letter.priority
    return {
        "programme_id": letter.programme_id, "kind": letter.kind, "step_id": letter.step_id,
        "text_id": letter.text_id, "text_version": letter.text_version, "occurrence": letter.occurrence,
        "inbound_id": letter.inbound_id, "slots": dict(letter.slots) if letter.slots else None, "body": letter.body,
        "use_club": letter.use_club, "personal": letter.personal, "tags": list(letter.tags) or None,
        "language_wanted": letter.language_wanted, "language": letter.language, "encoding": letter.size.encoding,
        "segments": letter.size.segments, "price_micros": letter.price_micros, "priority": priority,
        "draft": letter.draft, "asks": letter.asks, "trial_of": letter.trial_of, "state": State.WAITING,
        "gateway_id": letter.gateway_id, "tries": 0, "due_at": letter.due_at,
        "next_at": letter.next_at or letter.due_at, "useful_until": letter.useful_until, "created_at": now,
    }  # fmt: skip


def _allowed(query: sa.Select[Any], people: sa.FromClause, letter: Letter, way: Way | None = None) -> sa.Select[Any]:
    must = MUST_PASS[letter.kind]
    query = query.join(Phone, Phone.id == people.c.phone_id).where(
        Phone.quarantine.is_(None), Phone.invalid_at.is_(None)
    )
    if way is not None and not way.is_for_all:
        query = query.where(sa.or_(*(_starts(*part) for part in way.starts)))
    if Check.OPT_OUT in must:
        query = query.where(Phone.opted_out_at.is_(None))
    if Check.CONSENT in must:
        query = query.where(consented(Purpose.MESSAGES, people.c.member_id, people.c.phone_id))
    return query


def _starts(start: str, narrower: Sequence[str]) -> sa.ColumnElement[bool]:
    others = (~Phone.prefix.startswith(one, autoescape=True) for one in narrower)
    return sa.and_(Phone.prefix.startswith(start, autoescape=True), *others)


def _move(session: Session, which: sa.ColumnElement[bool], source: State, target: State, reason: Reason | None) -> int:
    return change(
        session,
        sa.update(Message)
        .where(Message.state == source, which)
        .values(state=target, reason=reason.value if reason else None),
    )
