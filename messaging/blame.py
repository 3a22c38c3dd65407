"""What an outcome says of the phone, of the text and of the gateway; the message itself follows its `fate`.

Each mark is the same in whatever order reports come: an opt-out and a pause are never taken back by a later report, a
phone is bad unless an SMS arrived since. Source: the page on gateways, section 3.3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from messaging import inbox, outbox, texts
from messaging.fate import ARRIVED
from messaging.gateways import pausing
from messaging.gateways.protocol import Error, Fault, Report
from messaging.models import Attempt, Gateway, Message, Phone, Receipt, Text, TextState
from messaging.models.post import Delivery
from messaging.rules import Reason

log = structlog.get_logger()
FILTERED_MOST = 0.02  # of a text's messages; when an operator filters more, those that still wait are held


@dataclass(frozen=True)
class News:
    """One new report with the attempt and the message that it is about."""

    report: Report
    attempt: Attempt
    message: Message

    @property
    def fault(self) -> Fault | None:
        """Who is to blame for a failure; None when it is none."""
        if self.report.delivery is not Delivery.FAILED:
            return None
        return self.report.error.fault if self.report.error else Fault.NONE


def note(session: Session, news: Sequence[News], now: datetime) -> None:
    """Mark phones and texts after a batch of reports; what it says of messages is written down already."""
    by_fault: defaultdict[Fault | None, list[News]] = defaultdict(list)
    for one in news:
        by_fault[one.fault].append(one)
    reached = {one.message.phone_id for one in news if one.report.delivery in ARRIVED}
    _mark_phones(session, reached, by_fault[Fault.RECIPIENT], by_fault[Fault.ABSENT], now)
    for phone in _phones(session, {one.message.phone_id for one in by_fault[Fault.OPTED_OUT]}).values():
        inbox.opt_out(session, phone, "gateway", now)
    if by_fault[Fault.CONTENT]:
        _hold_filtered(session, by_fault[Fault.CONTENT], now)


def rest_if_told(session: Session, gateway: Gateway, reports: Iterable[Report], now: datetime) -> None:
    """Let a gateway rest when a report blames it, whosever SMS it is about."""
    for told in reports:
        if told.delivery is Delivery.FAILED and told.error is not None and told.error.fault is Fault.CHANNEL:
            rest(session, gateway, told.error, now)


def rest(session: Session, gateway: Gateway, error: Error | None, now: datetime) -> None:
    """The gateway itself is to blame: it rests before every message after this one fails too."""
    pausing.rest(session, gateway, (error.text or error.code) if error else "channel", now)


def refuse_text(session: Session, message: Message, code: str, now: datetime) -> bool:
    """A gateway does not carry these words: whatever waits with them is held until they are approved anew.

    Only the version that was refused loses its approval; False when there is none, as in a reply or a trial.
    """
    text = session.get(Text, message.text_id) if message.text_id and message.trial_of is None else None
    if text is None or text.version != message.text_version or text.state is not TextState.APPROVED:
        return False
    outbox.hold(session, text.id, Reason.REFUSED_TEXT)
    texts.return_to_draft(session, [text.id], "refused", now, code)
    log.warning("a gateway refuses a text", text=text.id, version=text.version, code=code)
    return True


def is_proof(told: Iterable[tuple[int, date]]) -> bool:
    """Whether "unknown handset", told of some steps on some days, proves a bad number: two steps on two days.

    No signal is one of its causes, so that one alone proves nothing.
    """
    return any(step != other and day != that for (step, day), (other, that) in combinations(set(told), 2))


def _mark_phones(
    session: Session, reached: Collection[int], bad: Sequence[News], absent: Sequence[News], now: datetime
) -> None:
    ids = {one.message.phone_id for one in (*bad, *absent)} | set(reached)
    phones = _phones(session, ids)
    for ident in reached:
        phones[ident].last_delivered_at, phones[ident].invalid_at = now, None
    evidence = _absences(session, {one.message.phone_id for one in absent})
    for one in bad:
        _mark(phones[one.message.phone_id], one.attempt.started_at, now)
    for ident, told in evidence.items():
        since = phones[ident].last_delivered_at
        fresh = [(step, at) for step, at in told if since is None or at > since]
        if is_proof((step, at.date()) for step, at in fresh):
            _mark(phones[ident], max(at for _, at in fresh), now)


def _mark(phone: Phone, started_at: datetime, now: datetime) -> None:
    """A bad number, unless an SMS arrived since that attempt began."""
    if phone.last_delivered_at is None or phone.last_delivered_at < started_at:
        phone.invalid_at = phone.invalid_at or now


def _phones(session: Session, ids: Collection[int]) -> dict[int, Phone]:
    if not ids:
        return {}
    query = sa.select(Phone).where(Phone.id.in_(ids)).order_by(Phone.id).with_for_update(key_share=True)
    return {row.id: row for row in session.scalars(query, execution_options={"populate_existing": True})}


def _absences(session: Session, phone_ids: Collection[int]) -> dict[int, list[tuple[int, datetime]]]:
    """By phone, each step and the start of each attempt of which "unknown handset" was told."""
    found: dict[int, list[tuple[int, datetime]]] = {ident: [] for ident in phone_ids}
    query = (
        sa.select(Message.phone_id, Message.step_id, Attempt.started_at)
        .join(Attempt, Attempt.message_id == Message.id)
        .join(Receipt, Receipt.attempt_id == Attempt.id)
        .where(Message.phone_id.in_(phone_ids), Receipt.fault == Fault.ABSENT.value)
    )
    for phone_id, step_id, at in session.execute(query) if phone_ids else ():
        found[phone_id].append((step_id, at))
    return found


def _hold_filtered(session: Session, filtered: Sequence[News], now: datetime) -> None:
    """Hold the texts of which an operator filters more than a few messages; the message itself is never sent again."""
    by_text = {one.message.text_id: one for one in filtered if one.message.text_id}
    if not by_text:
        return
    missed = sa.exists().where(
        Attempt.message_id == Message.id,
        Attempt.delivery == Delivery.FAILED,
        Attempt.fault == Fault.CONTENT.value,
    )
    query = (
        sa.select(Message.text_id, sa.func.count(), sa.func.sum(sa.case((missed, 1), else_=0)))
        .where(Message.text_id.in_(by_text), Message.handed_over_at.is_not(None))
        .group_by(Message.text_id)
    )
    for text_id, sent, lost in session.execute(query).all():
        if lost > sent * FILTERED_MOST:
            code = by_text[text_id].report.error
            refuse_text(session, by_text[text_id].message, code.code if code else "", now)
