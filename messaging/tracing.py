"""What nobody reported: an SMS that a gateway took and never spoke of again is asked for, ever more rarely.

The first look comes an hour after it was taken, the next ones 3, 9, 27… hours apart, the last one a day after its use.
A look is counted and the next one set before the gateway is asked, so that a crash costs one look and no more.
Source: the page on gateways, section 6.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from messaging import receipts
from messaging.database import change
from messaging.errors import JekuluError, SettingError
from messaging.gateways.protocol import Adapter, Report
from messaging.installation import Installation
from messaging.models import Attempt, Gateway, Message
from messaging.models.post import AttemptState

log = structlog.get_logger()
APART = 3  # each look so many times further from the one before
AFTER_USE = timedelta(days=1)
LATER = timedelta(minutes=10)  # for a gateway that does not answer
MOST = 300  # looks a pass and gateway, one after the other: five a second when a pass runs once a minute
gateway_of = sa.type_coerce(Attempt.gateway_id + 0, sa.Integer)  # not its index: SQLite would read all it ever took
AT_ONCE = 20  # looks a transaction: what is found is stored soon


@dataclass(frozen=True)
class Look:
    """One attempt to ask for."""

    key: str
    provider_id: str | None


def trace(here: Installation, now: datetime) -> Mapping[str, int]:
    """One pass: ask for the attempts whose look is due.

    Returns:
        How many were `asked` for, how many receipts were `new`, how many attempts `cannot` be asked for, and how many
        gateways were `silent`.
    """
    counts: Counter[str] = Counter()
    with here.db.read() as session:
        ids = sa.select(gateway_of).where(_is_due(now)).distinct()
        gateways = session.scalars(sa.select(Gateway).where(Gateway.id.in_(ids)).order_by(Gateway.id)).all()
    for gateway in gateways:
        adapter = _opened(here, gateway)
        if adapter is None:
            _put_off(here, sa.and_(gateway_of == gateway.id, Attempt.next_look_at <= now), now, counted=0)
        elif not adapter.capabilities.can_track:
            counts["cannot"] += _leave(here, gateway, now)
        else:
            counts.update(_trace(here, gateway, adapter, now))
    return {what: count for what, count in counts.items() if count}


def next_look(looks: int, useful_until: datetime, now: datetime) -> datetime | None:
    """When to ask again after so many looks; None: this was the last one."""
    end = useful_until + AFTER_USE
    return min(now + receipts.ASK_AFTER * APART**looks, end) if now < end else None


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(Attempt.state == AttemptState.ACCEPTED, Attempt.next_look_at <= now)


def _opened(here: Installation, gateway: Gateway) -> Adapter | None:
    try:
        return here.adapters.get(gateway)
    except SettingError as error:
        log.error("a gateway cannot be opened", gateway=gateway.name, error=str(error))
        return None


def _trace(here: Installation, gateway: Gateway, adapter: Adapter, now: datetime) -> Counter[str]:
    counts: Counter[str] = Counter()
    while counts["asked"] < MOST:
        with here.db.write() as session:
            looks = _claim(session, gateway, now)
        if not looks:
            break
        told, answered = _ask(adapter, gateway, looks)  # no transaction is open here
        counts["asked"] += answered
        if told:
            with here.db.write() as session:
                row = session.get_one(Gateway, gateway.id)
                counts["new"] += receipts.apply(session, row, told, now)
        if answered < len(looks):
            _put_off(here, Attempt.id.in_([look.key for look in looks[answered:]]), now, counted=1)
            counts["silent"] += 1
            break
    return counts


def _claim(session: Session, gateway: Gateway, now: datetime) -> list[Look]:
    """Take some attempts whose look is due, each put off at once so that no second worker asks for it too."""
    query = (
        sa.select(Attempt.id, Attempt.provider_id, Attempt.looks, Message.useful_until)
        .join(Message, Message.id == Attempt.message_id)
        .where(gateway_of == gateway.id, _is_due(now))
        .order_by(Attempt.next_look_at)
        .limit(AT_ONCE)
        .with_for_update(of=Attempt, skip_locked=True)
    )
    rows = session.execute(query).all()
    if rows:
        session.execute(
            sa.update(Attempt),
            [
                {"id": key, "looks": looks + 1, "next_look_at": next_look(looks + 1, useful_until, now)}
                for key, _, looks, useful_until in rows
            ],
        )
    return [Look(key, provider_id) for key, provider_id, _, _ in rows]


def _ask(adapter: Adapter, gateway: Gateway, looks: Sequence[Look]) -> tuple[list[Report], int]:
    """Ask for each until the gateway does not answer; gives what it told, and for how many it answered."""
    told: list[Report] = []
    for answered, look in enumerate(looks):
        try:
            report = adapter.track(look.key, look.provider_id)
        except JekuluError as error:
            log.warning("a gateway does not answer", gateway=gateway.name, error=type(error).__name__)
            return told, answered
        if report is not None:
            told.append(report)
    return told, len(looks)


def _put_off(here: Installation, which: sa.ColumnElement[bool], now: datetime, counted: int) -> None:
    """Let attempts that could not be asked for wait a little; a look that was `counted` is taken back."""
    waiting = sa.and_(which, Attempt.state == AttemptState.ACCEPTED, Attempt.next_look_at.is_not(None))
    values = {"next_look_at": now + LATER, "looks": Attempt.looks - counted}
    with here.db.write() as session:
        change(session, sa.update(Attempt).where(waiting).values(values))


def _leave(here: Installation, gateway: Gateway, now: datetime) -> int:
    """Ask no more where nothing can be asked; gives for how many."""
    due = sa.and_(gateway_of == gateway.id, _is_due(now))
    with here.db.write() as session:
        return change(session, sa.update(Attempt).where(due).values(next_look_at=None))
