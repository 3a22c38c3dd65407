"""Receipts: stored once, folded by a lattice so that their order never matters; knows no gateway's words.

    read > delivered > expired > failed > cancelled > sent > queued

Delivered stands above failed: a late receipt from the handset is stronger evidence than a time-out.
Source: the page on gateways, section 4.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from messaging import alarms, blame, fate
from messaging.database import Database, insert_ignore
from messaging.gateways.protocol import Fault, Report
from messaging.models import Attempt, Gateway, Message, Phone, Receipt
from messaging.models.post import AttemptState, Delivery, State
from messaging.rules import Reason
from messaging.tab import Tab

log = structlog.get_logger()
ORDER = (
    Delivery.QUEUED, Delivery.SENT, Delivery.CANCELLED, Delivery.FAILED, Delivery.EXPIRED, Delivery.DELIVERED,
    Delivery.READ,
)  # fmt: skip
RANK = {delivery: rank for rank, delivery in enumerate(ORDER)}
ENDS = (*fate.ARRIVED, *fate.MISSED)
Told = TypeVar("Told", bound=tuple[Delivery, *tuple[str, ...]])  # delivery, error code; of one attempt also the fault
ASK_AFTER = timedelta(hours=1)  # without a receipt for so long, a gateway that can be asked is asked
TOGETHER: dict[type, tuple[str, ...]] = {
    Attempt: (
        "state", "settled_at", "looks", "next_look_at", "delivery", "fault", "error_code", "error_text",
        "provider_id", "provider_segments", "provider_price_micros", "provider_currency",
    ),
    Message: ("state", "reason", "delivery", "error_code", "next_at", "handed_over_at", "closed_at"),
    Phone: ("last_delivered_at", "invalid_at"),
}  # fmt: skip
OPEN = (AttemptState.SUBMITTING, AttemptState.UNKNOWN, AttemptState.NOT_SENT)


def fold(one: Told | None, other: Told | None) -> Told | None:
    """The higher of two; of two alike the smaller error code. Associative, commutative, idempotent."""
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda told: (-RANK[told[0]], *told[1:]))


def receive(db: Database, gateway: str, reports: Sequence[Report], now: datetime) -> int:
    """Store what a gateway told, in one transaction of its own; gives how many receipts are new.

    Raises:
        BusyError: the database is locked or down; the gateway should tell it again.
    """

    def act(session: Session) -> int:
        row = session.scalars(sa.select(Gateway).where(Gateway.name == gateway)).one()
        return apply(session, row, reports, now)

    return db.gather(act)


def apply(session: Session, gateway: Gateway, reports: Sequence[Report], now: datetime) -> int:
    """Store each receipt once and fold it into its attempt and message; an unknown key is stored all the same.

    Folding is idempotent, so it does no harm when two processes are told the same at once. The number of statements
    does not grow with the number of reports.
    """
    session.flush()  # what is read below is read anew
    with session.no_autoflush:
        known = _attempts(session, gateway, reports)
        page = _Page(session, {attempt.message_id for attempt in known.values()}, gateway)
        new = _new(session, gateway, reports)
        for report in new:
            page.fold_in(report, now)
        for report in reports:  # a word that was known may come with a price that was not
            page.note_price(report)
        page.conclude(session, gateway, now)
        _flush_together(session)  # what follows counts, closes and holds messages by what is written down
        _store(session, gateway, new, page.attempts, now)
        blame.note(session, page.news(new), now)
        blame.rest_if_told(session, gateway, new, now)
        _flush_together(session)
    page.tab.pay(session)
    return len(new)


def _flush_together(session: Session) -> None:
    """Write the rows that changed by one statement a table; else each set of changed columns has one of its own."""
    for row in session.dirty:
        for name in TOGETHER.get(type(row), ()):
            flag_modified(row, name)
    session.flush()


class _Page:
    """The messages that a batch of reports speaks of, locked, with all their attempts."""

    def __init__(self, session: Session, ids: Collection[int], gateway: Gateway) -> None:
        self.messages = locked_messages(session, ids)
        self.siblings = attempts_of(session, ids)  # read when nobody else writes to them any more
        own = [one for all_ in self.siblings.values() for one in all_ if one.gateway_id == gateway.id]
        self.attempts = {name: one for one in own for name in (one.id, one.provider_id) if name}
        self.tab = Tab()
        self._moved: dict[int, float | None] = {}  # messages of which more is known now, and how long to wait
        self._settled: list[Attempt] = []

    def about(self, report: Report) -> Attempt | None:
        """The attempt that a report speaks of, by our key or by the gateway's id."""
        return self.attempts.get(report.idempotency_key or "") or self.attempts.get(report.provider_id or "")

    def fold_in(self, report: Report, now: datetime) -> None:
        """Fold one report into its attempt."""
        attempt = self.about(report)
        if attempt is None:
            return
        message = self.messages[attempt.message_id]
        if settle(attempt, message, self.tab, now):
            self._settled.append(attempt)
            self._moved.setdefault(message.id, None)
        attempt.provider_id = attempt.provider_id or report.provider_id
        attempt.provider_segments = attempt.provider_segments or report.segments
        if take_in(attempt, report):
            self._moved[message.id] = report.error.retry_after if report.error else None

    def note_price(self, report: Report) -> None:
        """What the gateway says that an attempt cost; the last word counts."""
        attempt = self.about(report)
        if attempt is not None and report.price_micros is not None and report.currency:
            attempt.provider_price_micros, attempt.provider_currency = report.price_micros, report.currency
            attempt.provider_segments = attempt.provider_segments or report.segments

    def news(self, reports: Sequence[Report]) -> list[blame.News]:
        """The reports on attempts that are known, each with its attempt and message."""
        told = ((report, self.about(report)) for report in reports)
        return [blame.News(report, one, self.messages[one.message_id]) for report, one in told if one is not None]

    def conclude(self, session: Session, gateway: Gateway, now: datetime) -> None:
        """Fold the attempts of each message into it, and let it follow them."""
        for ident, told in self._moved.items():
            follow(self.messages[ident], self.siblings[ident], self.tab, now, told)
        if any(is_double(one, self.siblings[one.message_id]) for one in self._settled):
            _tell_double(session, gateway, now)


def take_in(attempt: Attempt, report: Report) -> bool:
    """Fold what a report tells into its attempt; False when as much was known, or its word is not."""
    if report.delivery is None:
        return False
    if report.delivery is Delivery.FAILED and report.outcome_unknown:
        fault = Fault.UNSURE.value
    else:
        fault = report.error.fault.value if report.error else ""
    told = (report.delivery, report.error.code[:40] if report.error else "", fault)
    known = (attempt.delivery, attempt.error_code or "", attempt.fault or "") if attempt.delivery else None
    best = fold(known, told)
    if best == known:
        return False
    attempt.delivery, attempt.error_code, attempt.fault = told[0], told[1] or None, fault or None
    attempt.error_text = report.error.text[:200] if report.error else None
    if report.delivery in ENDS:
        attempt.next_look_at = None
    return True


def follow(message: Message, attempts: Sequence[Attempt], tab: Tab, now: datetime, told: float | None = None) -> None:
    """Fold the attempts of a message into it and turn it to what becomes of it, see `fate`.

    `told`: after how many seconds the gateway said that a new attempt makes sense.
    """
    best = (message.delivery, message.error_code or "") if message.delivery else None
    for one in attempts:
        best = fold(best, (one.delivery, one.error_code or "") if one.delivery else None)
    if best is not None:
        message.delivery, message.error_code = best[0], best[1] or None
    turn = fate.decide(message, attempts, now, told)
    if turn is None:
        return
    if turn.next_at is not None:
        message.next_at = turn.next_at
    tab.turn(message, turn.state, turn.reason, now)


def settle(attempt: Attempt, message: Message, tab: Tab, now: datetime) -> bool:
    """The gateway took the message: whatever we thought before, it is handed over, and this attempt is charged once.

    False when that was known.
    """
    if attempt.state not in OPEN:
        return False
    attempt.state, attempt.settled_at = AttemptState.ACCEPTED, now
    attempt.looks, attempt.next_look_at = 0, now + ASK_AFTER
    attempt.fault = attempt.error_code = attempt.error_text = None  # of an answer that was lost
    message.handed_over_at = now
    tab.spend(message)
    if message.reason != Reason.DELIVERED.value:  # an earlier attempt has arrived: this one changes nothing
        tab.turn(message, State.HANDED_OVER, None, now)
        message.error_code = message.error_code if message.delivery else None
    return True


def accept(session: Session, attempt: Attempt, message: Message, tab: Tab, now: datetime) -> None:
    """The gateway says itself that it took an attempt, in its answer or when it is asked."""
    if not settle(attempt, message, tab, now) or message.tries == 1:
        return
    if is_double(attempt, attempts_of(session, [message.id])[message.id]):
        _tell_double(session, session.get_one(Gateway, attempt.gateway_id), now)


def is_double(attempt: Attempt, siblings: Sequence[Attempt]) -> bool:
    """Whether an attempt that was taken shows that its message left twice.

    One of two was declared not sent, the other began while that was believed, and both left.
    """
    taken = [one for one in siblings if one.state is AttemptState.ACCEPTED and one is not attempt]
    return any(_is_pair(attempt, one) or _is_pair(one, attempt) for one in taken)


def _is_pair(denied: Attempt, other: Attempt) -> bool:
    if denied.denied_at is None or denied.settled_at is None:
        return False
    return denied.denied_at <= other.started_at <= denied.settled_at


def _tell_double(session: Session, gateway: Gateway, now: datetime) -> None:
    log.error("an SMS that was declared not sent left after all, and left twice", gateway=gateway.name)
    alarms.raise_one(session, alarms.Kind.DOUBLED, gateway.name, now)


def attempts_of(session: Session, ids: Collection[int]) -> dict[int, list[Attempt]]:
    """All attempts of some messages, by message, as they stand now."""
    if not ids:
        return {}
    found: dict[int, list[Attempt]] = {ident: [] for ident in ids}
    query = sa.select(Attempt).where(Attempt.message_id.in_(ids)).order_by(Attempt.started_at, Attempt.id)
    for attempt in session.scalars(query, execution_options={"populate_existing": True}):
        found[attempt.message_id].append(attempt)
    return found


def locked_messages(session: Session, ids: Collection[int]) -> dict[int, Message]:
    """Messages by id, locked in one order, so that two writers never wait for each other in a circle."""
    if not ids:
        return {}
    query = sa.select(Message).where(Message.id.in_(ids)).order_by(Message.id).with_for_update()
    rows = session.scalars(query, execution_options={"populate_existing": True})
    return {message.id: message for message in rows}


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
        statement = insert_ignore(session, Receipt, ["gateway_id", "about", "word", "error_code"])
        session.execute(statement, rows, execution_options={"render_nulls": True})  # so that they go together
