"""What follows from the answer to one attempt: transaction B; never overwrites what a receipt has settled meanwhile.

Source: the page on gateways, sections 3.3 and 5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import outbox
from messaging.gateways.protocol import Fault, Outcome, Submitted
from messaging.models import Attempt, Gateway, Message, Phone
from messaging.models.post import AttemptState, State
from messaging.receipts import Tab, locked_messages, settle
from messaging.rules import Reason

RETRY_FIRST = timedelta(minutes=2)
RETRY_MOST = timedelta(hours=4)


def record(session: Session, answers: Mapping[str, Submitted], now: datetime) -> None:
    """Transaction B for a group of attempts, by key: store what the gateway answered."""
    ids = session.scalars(sa.select(Attempt.message_id).where(Attempt.id.in_(answers))).all()
    messages = locked_messages(session, ids)  # first the lock, then the look: a receipt may settle it meanwhile
    attempts = session.scalars(sa.select(Attempt).where(Attempt.id.in_(answers))).all()
    tab = Tab()
    for attempt in attempts:
        submitted = answers[attempt.id]
        attempt.provider_id = attempt.provider_id or submitted.provider_id
        attempt.provider_segments = attempt.provider_segments or submitted.provider_segments
        if attempt.state not in LATE_ANSWERS[submitted.outcome]:
            continue  # a receipt or a look was quicker, and knows more
        if submitted.error:
            attempt.fault = submitted.error.fault.value
            attempt.error_code, attempt.error_text = submitted.error.code[:40], submitted.error.text[:200]
        OUTCOMES[submitted.outcome](Ending(session, attempt, messages[attempt.message_id], submitted, tab, now))
    tab.pay(session)


@dataclass(frozen=True)
class Ending:
    """One attempt at its end, with all that its outcome may touch."""

    session: Session
    attempt: Attempt
    message: Message
    submitted: Submitted
    tab: Tab
    now: datetime


def _accepted(end: Ending) -> None:
    settle(end.attempt, end.message, end.tab, end.now)


def _rejected(end: Ending) -> None:
    end.attempt.state, end.attempt.settled_at = AttemptState.REJECTED, end.now
    if end.message.state is not State.SUBMITTING:
        return  # another attempt, or a receipt, has decided about the message
    fault = end.submitted.error.fault if end.submitted.error else Fault.CHANNEL
    if fault is Fault.CHANNEL:
        _pause(end)
        return
    end.message.state = State.WAITING  # it never left: closing it frees its money
    outbox.close(end.session, end.message, Reason.REJECTED, end.now)
    end.message.error_code = end.attempt.error_code
    phone = end.session.get_one(Phone, end.message.phone_id)
    if fault is Fault.RECIPIENT:
        phone.invalid_at = end.now
    elif fault is Fault.OPTED_OUT and phone.opted_out_at is None:
        phone.opted_out_at, phone.opted_out_by = end.now, "gateway"
        outbox.close_phone(end.session, phone.id, Reason.OPTED_OUT, end.now)


def _temporary(end: Ending) -> None:
    end.attempt.state, end.attempt.settled_at = AttemptState.TEMPORARY, end.now
    if end.message.state is not State.SUBMITTING:
        return
    error = end.submitted.error
    if error and error.fault is Fault.CHANNEL:
        _pause(end)
        return
    told = timedelta(seconds=error.retry_after or 0) if error else timedelta(0)
    end.message.state = State.WAITING
    end.message.next_at = end.now + max(told, back_off(end.message.tries, end.attempt.id))


def _unknown(end: Ending) -> None:
    end.attempt.state, end.attempt.next_look_at = AttemptState.UNKNOWN, None


def _pause(end: Ending) -> None:
    """The gateway itself is at fault: it rests, and its message goes back to the outbox untouched."""
    gateway = end.session.get_one(Gateway, end.attempt.gateway_id)
    if gateway.paused_at is None:
        gateway.paused_at, gateway.paused_reason = end.now, end.attempt.error_text or end.attempt.error_code
    end.message.state, end.message.next_at = State.WAITING, end.now


def back_off(tries: int, key: str) -> timedelta:
    """How long to wait after the nth temporary failure: doubling from 2 minutes to 4 hours, up to half more by chance.

    The chance is drawn from the attempt's key, so that a thousand messages do not come back in the same second.
    """
    wait_for: timedelta = min(RETRY_FIRST * 2 ** max(tries - 1, 0), RETRY_MOST)
    return wait_for * (1 + (sum(key.encode()) % 100) / 200)


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
