"""Receipts: stored once, folded by a lattice so that their order never matters; knows no gateway's words.

    read > delivered > expired > failed > cancelled > sent > queued

Delivered stands above failed: a late receipt from the handset is stronger evidence than a time-out.
Source: the page on gateways, section 4.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import budget
from messaging.database import Database, change, insert_ignore
from messaging.errors import BusyError
from messaging.gateways.protocol import Fault, Report
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
ASK_AFTER = timedelta(hours=1)  # without a receipt for so long, a gateway that can be asked is asked
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
    """Store each receipt once and fold it into its attempt and message; an unknown key is stored all the same.

    Folding is idempotent, so it does no harm when two processes are told the same at once. The number of statements
    does not grow with the number of reports.
    """
    with session.no_autoflush:
        known = _attempts(session, gateway, reports)
        messages = locked_messages(session, {attempt.message_id for attempt in known.values()})
        attempts = _attempts(session, gateway, reports)  # again, now that nobody else writes to them
        new = _new(session, gateway, reports)
        tab, reached = Tab(), set[int]()
        for report in new:
            attempt = attempts.get(report.idempotency_key or "") or attempts.get(report.provider_id or "")
            if attempt is not None and _fold_in(attempt, messages[attempt.message_id], report, tab, now):
                reached.add(messages[attempt.message_id].phone_id)
        _store(session, gateway, new, attempts, now)
        _note_reached(session, reached, now)
        _rest(gateway, new, now)
    tab.pay(session)
    return len(new)


class Tab:
    """What a batch owes, by programme and month, so that it is written once and not for each message."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._charges: dict[tuple[int, date], tuple[datetime, int, int]] = {}

    def charge(self, message: Message, is_reserved: bool = True) -> None:
        """One message was handed over; what was closed unsent has no reservation any more."""
        key = (message.programme_id, budget.month_of(message.due_at))
        due_at, charged, lost = self._charges.get(key, (message.due_at, 0, 0))
        more = 0 if is_reserved else message.price_micros
        self._charges[key] = (due_at, charged + message.price_micros, lost + more)

    def pay(self, session: Session) -> None:
        """Write it down; last in a transaction, so that nobody waits for the month's row and a message in a circle."""
        for (programme_id, _), (due_at, charged, lost) in sorted(self._charges.items()):
            budget.charge(session, programme_id, due_at, charged)
            budget.reserve(session, programme_id, due_at, lost)


def settle(attempt: Attempt, message: Message, tab: Tab, now: datetime) -> None:
    """The gateway took the message: whatever we thought before, it is handed over and charged once."""
    if attempt.state not in OPEN:
        return
    attempt.state, attempt.settled_at = AttemptState.ACCEPTED, now
    attempt.looks, attempt.next_look_at = 0, now + ASK_AFTER
    if message.handed_over_at is not None:
        return
    is_reserved = message.state is not State.CLOSED or message.reason == Reason.UNKNOWN.value
    message.state, message.reason, message.closed_at = State.HANDED_OVER, None, None
    message.handed_over_at = now
    tab.charge(message, is_reserved)


def locked_messages(session: Session, ids: Collection[int]) -> dict[int, Message]:
    """Messages by id, locked in one order, so that two writers never wait for each other in a circle."""
    if not ids:
        return {}
    query = sa.select(Message).where(Message.id.in_(ids)).order_by(Message.id).with_for_update()
    return {message.id: message for message in session.scalars(query)}


def _attempts(session: Session, gateway: Gateway, reports: Sequence[Report]) -> dict[str, Attempt]:
    """The attempts spoken of, by our key and by the gateway's id."""
    keys = {report.idempotency_key for report in reports if report.idempotency_key}
    idents = {report.provider_id for report in reports if report.provider_id and not report.idempotency_key}
    about = Attempt.id.in_(keys) | Attempt.provider_id.in_(idents) if idents else Attempt.id.in_(keys)
    query = sa.select(Attempt).where(Attempt.gateway_id == gateway.id, about)
    rows = session.scalars(query, execution_options={"populate_existing": True}).all()
    return {name: row for row in rows for name in (row.id, row.provider_id) if name}


def _key(report: Report) -> tuple[str, str, str]:
    """What makes a receipt the same as another: whom it is about, the gateway's word, its error."""
    about = (report.idempotency_key or report.provider_id or report.digest)[:80]
    return about, report.word[:40], report.error.code[:40] if report.error else ""


def _new(session: Session, gateway: Gateway, reports: Sequence[Report]) -> list[Report]:
    """The reports that are not stored yet, each once."""
    by_key = {_key(report): report for report in reports}
    query = sa.select(Receipt.about, Receipt.word, Receipt.error_code).where(
        Receipt.gateway_id == gateway.id, Receipt.about.in_({about for about, _, _ in by_key})
    )
    for about, word, code in session.execute(query):
        by_key.pop((about, word, code), None)
    return list(by_key.values())


def _store(
    session: Session, gateway: Gateway, reports: Sequence[Report], attempts: Mapping[str, Attempt], now: datetime
) -> None:
    rows = []
    for report in reports:
        about, word, code = _key(report)
        attempt = attempts.get(report.idempotency_key or "") or attempts.get(report.provider_id or "")
        rows.append(
            {
                "gateway_id": gateway.id, "attempt_id": attempt.id if attempt else None, "about": about,
                "provider_id": report.provider_id, "word": word, "delivery": report.delivery,
                "outcome_unknown": report.outcome_unknown, "error_code": code,
                "fault": report.error.fault.value if report.error else None, "told_at": report.at,
                "received_at": now, "digest": report.digest,
            }
        )  # fmt: skip
    if rows:
        session.execute(insert_ignore(session, Receipt, ["gateway_id", "about", "word", "error_code"]), rows)


def _fold_in(attempt: Attempt, message: Message, report: Report, tab: Tab, now: datetime) -> bool:
    """Fold one report into its attempt and message; True when it says that the phone has it."""
    settle(attempt, message, tab, now)
    attempt.provider_id = attempt.provider_id or report.provider_id
    attempt.provider_segments = attempt.provider_segments or report.segments
    if report.delivery is None:
        return False
    told: Told = (report.delivery, report.error.code if report.error else "")
    known: Told | None = (attempt.delivery, attempt.error_code or "") if attempt.delivery else None
    best = fold(known, told)
    assert best is not None
    attempt.delivery = best[0]
    if best[0] in ENDS:
        attempt.next_look_at = None
    if best == told:
        attempt.error_code = told[1] or None
    _tell_message(message, best, now)
    return ENDS.get(best[0]) is Reason.DELIVERED


def _tell_message(message: Message, told: Told, now: datetime) -> None:
    known: Told | None = (message.delivery, message.error_code or "") if message.delivery else None
    best = fold(known, told)
    if best is None or best == known:
        return
    message.delivery, message.error_code = best[0], best[1] or None
    reason = ENDS.get(best[0])
    if reason is not None and message.state in (State.HANDED_OVER, State.CLOSED):
        message.state, message.reason, message.closed_at = State.CLOSED, reason.value, message.closed_at or now


def _rest(gateway: Gateway, reports: Sequence[Report], now: datetime) -> None:
    """A gateway that is itself to blame for a failure rests, before every message after it fails too."""
    told = [report.error for report in reports if report.delivery is Delivery.FAILED and report.error is not None]
    blame = next((error for error in told if error.fault is Fault.CHANNEL), None)
    if blame is not None and gateway.paused_at is None:
        gateway.paused_at, gateway.paused_reason = now, (blame.text or blame.code)[:200]


def _note_reached(session: Session, phone_ids: Collection[int], now: datetime) -> None:
    if phone_ids:
        change(session, sa.update(Phone).where(Phone.id.in_(phone_ids)).values(last_delivered_at=now))
