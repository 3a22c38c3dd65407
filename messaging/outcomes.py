"""What follows from the answer to one attempt: transaction B; never overwrites what a receipt has settled meanwhile.

Source: the page on gateways, sections 3.3 and 5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import blame, inbox, routing
from messaging.database import change
from messaging.gateways.protocol import Fault, Outcome, Submitted
from messaging.models import Attempt, Gateway, Message, Phone
from messaging.models.post import AttemptState, State
from messaging.receipts import ASK_AFTER, accept, attempts_of, follow, locked_messages
from messaging.rules import Reason
from messaging.tab import Tab

RETRY_FIRST = timedelta(minutes=2)
RETRY_MOST = timedelta(hours=4)
LEFT = (Outcome.ACCEPTED, Outcome.DUPLICATE)
SIGN_EVERY = timedelta(seconds=5)  # how often a gateway's last success is written down
ATTEMPT, MESSAGE = (cast("sa.Table", model.__table__) for model in (Attempt, Message))
THESE = ATTEMPT.c.id.in_(sa.bindparam("keys", expanding=True))
THEIR_MESSAGES = (  # locked in one order
    sa.select(Message.id, Message.state, Message.tries, Message.programme_id, Message.due_at, Message.price_micros)
    .where(Message.id.in_(sa.select(Attempt.message_id).where(THESE)))
    .order_by(Message.id)
    .with_for_update()
)
ATTEMPTS = (
    sa.select(Attempt.id, Attempt.message_id, Attempt.gateway_id, Attempt.state, Attempt.provider_id, Gateway.sent_at)
    .join(Gateway, Gateway.id == Attempt.gateway_id)
    .where(THESE)
)
TAKEN = (
    sa.update(ATTEMPT)
    .where(ATTEMPT.c.id == sa.bindparam("key"))
    .values(
        state=AttemptState.ACCEPTED, provider_id=sa.bindparam("ident"), provider_segments=sa.bindparam("count"),
        settled_at=sa.bindparam("at"), next_look_at=sa.bindparam("ask_at"),
    )
)  # fmt: skip
HANDED_OVER = (
    sa.update(MESSAGE)
    .where(MESSAGE.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(state=State.HANDED_OVER, reason=None, handed_over_at=sa.bindparam("at"))
)


def record(
    session: Session, answers: Mapping[str, Submitted], now: datetime, retry_first: timedelta = RETRY_FIRST
) -> None:
    """Transaction B for a group of attempts, by key: store what the gateway answered."""
    tab, keys = Tab(), {"keys": list(answers)}
    # First the lock, then the look: a receipt may settle an attempt meanwhile.
    messages = {row.id: row for row in session.execute(THEIR_MESSAGES, keys)}
    attempts = session.execute(ATTEMPTS, keys).all()
    plain, rest = [], {}
    for attempt in attempts:
        if _is_plain(attempt, messages[attempt.message_id], answers[attempt.id]):
            plain.append(attempt)
        else:
            rest[attempt.id] = answers[attempt.id]
    if plain:
        _take(session, plain, messages, answers, tab, now)
    if rest:
        _end(session, rest, tab, now, retry_first)
    _sign(session, [one for one in attempts if answers[one.id].outcome in LEFT], now)
    tab.pay(session)


def _is_plain(attempt: Any, message: Any, submitted: Submitted) -> bool:
    """Whether a first try was taken, and nobody has told anything about it yet: so it is with nearly all."""
    return (
        submitted.outcome is Outcome.ACCEPTED
        and submitted.error is None
        and (attempt.state, attempt.provider_id) == (AttemptState.SUBMITTING, None)
        and (message.state, message.tries) == (State.SUBMITTING, 1)
    )


def _take(
    session: Session,
    attempts: Sequence[Any],
    messages: Mapping[int, Any],
    answers: Mapping[str, Submitted],
    tab: Tab,
    now: datetime,
) -> None:
    """What `accept` does to one attempt, for many first ones at once."""
    said = [
        {"key": one.id, "ident": answers[one.id].provider_id, "count": answers[one.id].provider_segments,
         "at": now, "ask_at": now + ASK_AFTER}
        for one in attempts
    ]  # fmt: skip
    session.connection().execute(TAKEN, said)
    session.connection().execute(HANDED_OVER, {"ids": [one.message_id for one in attempts], "at": now})
    for message in (messages[one.message_id] for one in attempts):
        tab.hand_over(message.programme_id, message.due_at, message.price_micros)


def _sign(session: Session, attempts: Sequence[Any], now: datetime) -> None:
    """Write the last success of gateways down, now and then."""
    quiet = {one.gateway_id for one in attempts if one.sent_at is None or one.sent_at < now - SIGN_EVERY}
    if quiet:
        change(session, sa.update(Gateway).where(Gateway.id.in_(quiet)).values(sent_at=now))


def _end(session: Session, answers: Mapping[str, Submitted], tab: Tab, now: datetime, retry_first: timedelta) -> None:
    """Store all other answers, one by one."""
    attempts = session.scalars(sa.select(Attempt).where(Attempt.id.in_(answers))).all()
    messages = locked_messages(session, [attempt.message_id for attempt in attempts])
    for attempt in attempts:
        submitted = answers[attempt.id]
        attempt.provider_id = attempt.provider_id or submitted.provider_id
        attempt.provider_segments = attempt.provider_segments or submitted.provider_segments
        if attempt.state not in LATE_ANSWERS[submitted.outcome]:
            continue  # a receipt or a look was quicker, and knows more
        if submitted.error:
            attempt.fault = submitted.error.fault.value
            attempt.error_code, attempt.error_text = submitted.error.code[:40], submitted.error.text[:200]
        message = messages[attempt.message_id]
        OUTCOMES[submitted.outcome](Ending(session, attempt, message, submitted, tab, now, retry_first))


@dataclass(frozen=True)
class Ending:
    """One attempt at its end, with all that its outcome may touch."""

    session: Session
    attempt: Attempt
    message: Message
    submitted: Submitted
    tab: Tab
    now: datetime
    retry_first: timedelta

    @property
    def gateway(self) -> Gateway:
        """The gateway that answered."""
        return self.session.get_one(Gateway, self.attempt.gateway_id)


def _accepted(end: Ending) -> None:
    accept(end.session, end.attempt, end.message, end.tab, end.now)


def _rejected(end: Ending) -> None:
    _fail(end, AttemptState.REJECTED)
    error = end.submitted.error
    fault = error.fault if error else Fault.CHANNEL
    if fault is Fault.CHANNEL:
        _rest(end)
    elif end.message.state is not State.SUBMITTING:
        _follow_others(end)
    else:
        end.tab.turn(end.message, State.CLOSED, CLOSES.get(fault, Reason.REJECTED), end.now)
        end.message.error_code = end.attempt.error_code
        _mark(end, fault)


def _mark(end: Ending, fault: Fault) -> None:
    """What else stops: this phone, or these words for everybody."""
    if fault is Fault.RECIPIENT:
        end.session.get_one(Phone, end.message.phone_id).invalid_at = end.now
    elif fault is Fault.OPTED_OUT:
        inbox.opt_out(end.session, end.session.get_one(Phone, end.message.phone_id), "gateway", end.now)
    elif fault is Fault.CONTENT:
        blame.refuse_text(end.session, end.message, end.attempt.error_code or "", end.now)


def _temporary(end: Ending) -> None:
    _fail(end, AttemptState.TEMPORARY)
    error = end.submitted.error
    if error and error.too_many:
        routing.ease(end.gateway, end.now)
    if error and error.fault is Fault.CHANNEL:
        _rest(end)
    elif end.message.state is not State.SUBMITTING:
        _follow_others(end)
    else:
        told = timedelta(seconds=error.retry_after or 0) if error else timedelta(0)
        end.message.state = State.WAITING
        end.message.next_at = end.now + max(told, back_off(end.message.tries, end.attempt.id, end.retry_first))


def _fail(end: Ending, state: AttemptState) -> None:
    """The try was in vain; of one that was begun again under its key it stays written when it first was."""
    end.attempt.state, end.attempt.settled_at = state, end.attempt.settled_at or end.now


def _unknown(end: Ending) -> None:
    end.attempt.state, end.attempt.next_look_at = AttemptState.UNKNOWN, None


def _rest(end: Ending) -> None:
    """The gateway itself is at fault: it rests, and its message goes back to the outbox untouched."""
    blame.rest(end.session, end.gateway, end.submitted.error, end.now)
    if end.message.state is State.SUBMITTING:
        end.message.state, end.message.next_at = State.WAITING, end.now
    else:
        _follow_others(end)


def _follow_others(end: Ending) -> None:
    """This attempt was the last that was open: its message follows what is known of the others."""
    follow(end.message, attempts_of(end.session, [end.message.id])[end.message.id], end.tab, end.now)


def back_off(tries: int, key: str, first: timedelta = RETRY_FIRST) -> timedelta:
    """How long to wait after the nth temporary failure: doubling from `first` to 4 hours, up to half more by chance.

    The chance is drawn from the attempt's key, so that a thousand messages do not come back in the same second.
    """
    wait_for: timedelta = min(first * 2 ** max(tries - 1, 0), RETRY_MOST)
    return wait_for * (1 + (sum(key.encode()) % 100) / 200)


CLOSES = {Fault.OPTED_OUT: Reason.OPTED_OUT}  # why a refused message is closed; what is not here: rejected
_OPEN = frozenset({AttemptState.SUBMITTING, AttemptState.UNKNOWN})
LATE_ANSWERS: dict[Outcome, frozenset[AttemptState]] = {  # the states of an attempt that an answer still settles
    Outcome.ACCEPTED: _OPEN | {AttemptState.NOT_SENT},
    Outcome.DUPLICATE: _OPEN | {AttemptState.NOT_SENT},
    Outcome.REJECTED: _OPEN,
    Outcome.TEMPORARY: _OPEN,
    Outcome.UNKNOWN: frozenset({AttemptState.SUBMITTING}),
}
OUTCOMES: dict[Outcome, Callable[[Ending], None]] = {
    Outcome.ACCEPTED: _accepted,
    Outcome.DUPLICATE: _accepted,
    Outcome.REJECTED: _rejected,
    Outcome.TEMPORARY: _temporary,
    Outcome.UNKNOWN: _unknown,
}
