"""Receipts: stored once, folded by a lattice so that their order never matters; knows no gateway's words.

    read > delivered > expired > failed > cancelled > sent > queued

Delivered stands above failed: a late receipt from the handset is stronger evidence than a time-out.
Source: the page on gateways, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import budget
from messaging.database import Database, change, insert_ignore
from messaging.errors import BusyError
from messaging.gateways.protocol import Report
from messaging.models import Attempt, Gateway, Message, Phone, Receipt
from messaging.models.post import AttemptState, Delivery, State
from messaging.rules import Reason

ORDER = (
    Delivery.QUEUED, Delivery.SENT, Delivery.CANCELLED, Delivery.FAILED, Delivery.EXPIRED, Delivery.DELIVERED,
    Delivery.READ,
)  # fmt: skip
RANK = {delivery: rank for rank, delivery in enumerate(ORDER)}
ENDS = {
    Delivery.DELIVERED: Reason.DELIVERED,
    Delivery.READ: Reason.DELIVERED,
    Delivery.FAILED: Reason.UNDELIVERED,
    Delivery.EXPIRED: Reason.UNDELIVERED,
    Delivery.CANCELLED: Reason.UNDELIVERED,
}
Told = tuple[Delivery, str]  # delivery and error code
OPEN = (AttemptState.SUBMITTING, AttemptState.UNKNOWN, AttemptState.NOT_SENT)


def fold(one: Told | None, other: Told | None) -> Told | None:
    """The higher of two; of two alike the smaller error code. Associative, commutative, idempotent."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda told: (-RANK[told[0]], told[1]))


def receive(db: Database, gateway: str, reports: Sequence[Report], now: datetime) -> int:
    """Store what a gateway told, in one transaction of its own; gives how many receipts are new.

    Raises:
        BusyError: the database is locked or down; the gateway should tell it again.
    """
    try:
        with db.write(hasty=True) as session:
            row = session.scalars(sa.select(Gateway).where(Gateway.name == gateway)).one()
            return apply(session, row, reports, now)
    except sa.exc.OperationalError as error:
        raise BusyError from error


def apply(session: Session, gateway: Gateway, reports: Sequence[Report], now: datetime) -> int:
    """Store each receipt once and fold it into its attempt and message; an unknown key is stored all the same."""
    attempts = _attempts(session, gateway, reports)
    messages = _messages(session, attempts.values())
    new = 0
    for report in reports:
        attempt = attempts.get(report.idempotency_key or "") or attempts.get(report.provider_id or "")
        if _store(session, gateway, attempt, report, now):
            new += 1
            if attempt is not None:
                _fold_in(session, attempt, messages[attempt.message_id], report, now)
    return new


def settle(session: Session, attempt: Attempt, message: Message, now: datetime) -> None:
    """The gateway took the message: whatever we thought before, it is handed over and charged once."""
    if attempt.state not in OPEN:
        return
    attempt.state, attempt.settled_at = AttemptState.ACCEPTED, now
    if message.state in (State.SUBMITTING, State.WAITING, State.HELD) or message.reason == Reason.UNKNOWN.value:
        message.state, message.reason, message.closed_at = State.HANDED_OVER, None, None
        message.handed_over_at = message.handed_over_at or now
        budget.charge(session, message.programme_id, message.due_at, message.price_micros)


def _attempts(session: Session, gateway: Gateway, reports: Sequence[Report]) -> dict[str, Attempt]:
    """The attempts spoken of, by our key and by the gateway's id."""
    keys = {report.idempotency_key for report in reports if report.idempotency_key}
    idents = {report.provider_id for report in reports if report.provider_id and not report.idempotency_key}
    about = Attempt.id.in_(keys) | Attempt.provider_id.in_(idents) if idents else Attempt.id.in_(keys)
    rows = session.scalars(sa.select(Attempt).where(Attempt.gateway_id == gateway.id, about)).all()
    return {name: row for row in rows for name in (row.id, row.provider_id) if name}


def _messages(session: Session, attempts: object) -> dict[int, Message]:
    ids = {attempt.message_id for attempt in attempts}  # type: ignore[attr-defined]
    query = sa.select(Message).where(Message.id.in_(ids)).order_by(Message.id).with_for_update()
    return {message.id: message for message in session.scalars(query)} if ids else {}


def _store(session: Session, gateway: Gateway, attempt: Attempt | None, report: Report, now: datetime) -> bool:
    error = report.error
    statement = insert_ignore(session, Receipt, ["gateway_id", "about", "word", "error_code"]).values(
        gateway_id=gateway.id,
        attempt_id=attempt.id if attempt else None,
        about=(report.idempotency_key or report.provider_id or report.digest)[:80],
        provider_id=report.provider_id,
        word=report.word[:40],
        delivery=report.delivery,
        outcome_unknown=report.outcome_unknown,
        error_code=error.code[:40] if error else "",
        fault=error.fault.value if error else None,
        told_at=report.at,
        received_at=now,
        digest=report.digest,
    )
    return change(session, statement) > 0


def _fold_in(session: Session, attempt: Attempt, message: Message, report: Report, now: datetime) -> None:
    settle(session, attempt, message, now)
    attempt.provider_id = attempt.provider_id or report.provider_id
    if report.delivery is None:
        return
    told: Told = (report.delivery, report.error.code if report.error else "")
    known: Told | None = (attempt.delivery, attempt.error_code or "") if attempt.delivery else None
    best = fold(known, told)
    assert best is not None
    attempt.delivery = best[0]
    if best == told:
        attempt.error_code = told[1] or None
    _tell_message(session, message, best, now)


def _tell_message(session: Session, message: Message, told: Told, now: datetime) -> None:
    known: Told | None = (message.delivery, message.error_code or "") if message.delivery else None
    best = fold(known, told)
    if best is None or best == known:
        return
    message.delivery, message.error_code = best[0], best[1] or None
    reason = ENDS.get(best[0])
    if reason is not None and message.state in (State.HANDED_OVER, State.CLOSED):
        message.state, message.reason, message.closed_at = State.CLOSED, reason.value, message.closed_at or now
    if reason is Reason.DELIVERED:
        session.execute(
            sa.update(Phone).where(Phone.id == message.phone_id).values(last_delivered_at=now),
            execution_options={"synchronize_session": False},
        )
