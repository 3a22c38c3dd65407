"""Unknown outcomes: an attempt whose answer was lost is looked up at its gateway, never sent again blindly.

Source: the page on gateways, sections 3.4 and 5.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from messaging import receipts
from messaging.database import change
from messaging.departure import wire
from messaging.errors import SettingError
from messaging.gateways.protocol import Adapter, Found, Outbound, Resolution
from messaging.installation import Installation
from messaging.models import Attempt, Gateway, Message, Phone, TextVersion
from messaging.models.post import AttemptState, State
from messaging.rules import Reason
from messaging.sender import outbound

log = structlog.get_logger()
BATCH = 200


@dataclass(frozen=True)
class Case:
    """One unknown attempt to look up."""

    outbound: Outbound
    adapter: Adapter
    started_at: datetime
    gateway: str
    taken: frozenset[str]  # the gateway's ids of other attempts: the same words twice must not be bound twice


def resolve(here: Installation, now: datetime) -> dict[str, int]:
    """One pass: old `submitting` attempts become unknown, unknown ones are looked up when their time has come.

    Returns:
        How many were found `sent`, `not_sent` or `still_unknown`, and how many were `parked` for a person.
    """
    counts: Counter[str] = Counter()
    with here.db.write() as session:
        counts["stuck"] = mark_stuck(session, here, now)
        cases = _cases(session, here, now)
    for case in cases:
        resolution = _look(case, now)  # no transaction is open here
        with here.db.write() as session:
            counts[_settle(session, here, case, resolution, now)] += 1
    return {name: count for name, count in counts.items() if count}


def _look(case: Case, now: datetime) -> Resolution:
    """Ask the gateway; one that fails leaves the outcome unknown, and must not stop the other cases."""
    try:
        return case.adapter.resolve(case.outbound, case.started_at, now, case.taken)
    except Exception as error:
        log.error("a look failed", gateway=case.gateway, error=type(error).__name__, exc_info=True)
        return Resolution(Found.STILL_UNKNOWN)


def mark_stuck(session: Session, here: Installation, now: datetime) -> int:
    """Attempts that a crash or a hung call left `submitting` become unknown; gives how many."""
    return change(
        session,
        sa.update(Attempt)
        .where(Attempt.state == AttemptState.SUBMITTING, Attempt.started_at <= now - here.settings.stuck_after)
        .values(state=AttemptState.UNKNOWN),
    )


def _cases(session: Session, here: Installation, now: datetime) -> list[Case]:
    """The attempts whose next look is due, each put off at once so that no second worker takes it too."""
    first, *_ = here.settings.resolve_after
    due = sa.or_(
        sa.and_(Attempt.next_look_at.is_(None), Attempt.looks == 0, Attempt.started_at <= now - first),
        Attempt.next_look_at <= now,
    )
    query = sa.select(Attempt).where(Attempt.state == AttemptState.UNKNOWN, due).limit(BATCH)
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    cases = []
    for attempt in rows:
        attempt.looks += 1
        attempt.next_look_at = _next_look(attempt, here, now)
        try:
            cases.append(_case(session, here, attempt))
        except SettingError as error:  # its gateway cannot be opened now; its turn comes again
            log.error("a gateway cannot be opened", attempt=attempt.id, error=str(error))
    return cases


def _next_look(attempt: Attempt, here: Installation, now: datetime) -> datetime:
    """When the attempt is looked at again; set before the look, so that a crash in it costs one look and no more."""
    times = here.settings.resolve_after
    if attempt.looks < len(times):
        return max(attempt.started_at + times[attempt.looks], now)
    return now + here.settings.looks_apart


def _case(session: Session, here: Installation, attempt: Attempt) -> Case:
    message = session.get_one(Message, attempt.message_id)
    gateway = session.get_one(Gateway, attempt.gateway_id)
    text = message.body
    if text is None:
        version = session.get_one(TextVersion, (message.text_id, message.text_version))
        text = wire(message, version)
    phone = session.get_one(Phone, message.phone_id)
    letter = outbound(session, here, message, phone, text, gateway, attempt.id)
    return Case(letter, here.adapters.get(gateway), attempt.started_at, gateway.name, _taken(session, message))


def _taken(session: Session, message: Message) -> frozenset[str]:
    query = sa.select(Attempt.provider_id).join(Message, Message.id == Attempt.message_id)
    query = query.where(Message.phone_id == message.phone_id, Attempt.provider_id.is_not(None))
    return frozenset(ident for ident in session.scalars(query) if ident)


def _settle(session: Session, here: Installation, case: Case, resolution: Resolution, now: datetime) -> str:
    attempt = session.get_one(Attempt, case.outbound.idempotency_key, with_for_update=True)
    message = session.get_one(Message, attempt.message_id, with_for_update=True)
    if attempt.state is not AttemptState.UNKNOWN:
        return "settled"  # a receipt was quicker
    if resolution.found is Found.SENT and resolution.provider_id not in _taken(session, message):
        attempt.provider_id = attempt.provider_id or resolution.provider_id
        tab = receipts.Tab()
        receipts.settle(attempt, message, tab, now)
        tab.pay(session)
        if resolution.report is not None:
            report = replace(resolution.report, idempotency_key=attempt.id)
            receipts.apply(session, session.get_one(Gateway, attempt.gateway_id), [report], now)
        return "sent"
    if resolution.found is Found.NOT_SENT and _is_certain(attempt, case.adapter, here, now):
        attempt.state, attempt.settled_at = AttemptState.NOT_SENT, now
        if message.state is State.SUBMITTING:
            message.state, message.reason, message.next_at = State.WAITING, None, now
        return "not_sent"
    is_safe = case.adapter.capabilities.idempotent_submit and now < message.useful_until  # it may leave again later
    if attempt.looks <= len(here.settings.resolve_after) or is_safe:
        return "still_unknown"
    attempt.next_look_at = None
    if message.state is State.SUBMITTING:
        message.state, message.reason = State.HELD, Reason.UNKNOWN.value
    return "parked"


def _is_certain(attempt: Attempt, adapter: Adapter, here: Installation, now: datetime) -> bool:
    """A gateway that knows our key is believed at once; a search must come up empty twice, some time apart."""
    if adapter.capabilities.can_resolve == "by_key":
        return True
    if attempt.empty_since is None:
        attempt.empty_since = now
        return False
    return now - attempt.empty_since >= here.settings.looks_apart
