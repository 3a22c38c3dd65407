"""The money of a month and gateway: what we reckoned, what the provider told, and what its invoice says.

A gateway is invoiced as a whole, so every SMS that it took counts, of whatever programme; one that left twice counts
twice. What a provider tells is in its own currency and often of a part of the SMS only: how many is said beside it.

Source: the page on evaluation, section 2 (cost); the price used is the one set aside when an SMS was made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.bill import MICROS
from campaigns.evaluation.period import Period
from campaigns.models import Invoice
from messaging import audit
from messaging.errors import RefusedError
from messaging.models import Attempt, Gateway, Message, Programme
from messaging.models.post import AttemptState

MOST = 1_000_000_000  # XOF, of one invoice
LONGEST_NOTE = 120


@dataclass(frozen=True)
class Row:
    """One month of one gateway; money of ours and of the invoice in millionths of XOF."""

    month: str  # 2026-03
    gateway: Gateway
    taken: int = 0  # SMS that the gateway took
    segments: int = 0  # as we counted them
    used: int = 0
    counted: int = 0  # SMS of which the provider told its segments
    provider_segments: int = 0
    told: int = 0  # SMS of which it told a price
    reported: Mapping[str, int] = field(default_factory=dict)  # currency -> millionths of it
    invoice: Invoice | None = None

    @property
    def difference(self) -> int | None:
        """What was charged more than we reckoned; None without an invoice."""
        return None if self.invoice is None else self.invoice.amount_micros - self.used


def whole_months(period: Period) -> Period:
    """The calendar months that a period touches: an invoice is of a whole one."""
    after = (period.last.replace(day=1) + timedelta(days=32)).replace(day=1)
    return Period(period.since.replace(day=1), after, period.zone)


def sheet(session: Session, programme: Programme, period: Period) -> list[Row]:
    """The rows of the months that a period touches, the latest first, for the gateways that the programme used.

    Args:
        session: a reading session.
        programme: whose gateways.
        period: which days; their whole months count.
    """
    months = whole_months(period)
    gateways = used_by(session, programme, months)
    rows = _taken(session, months, gateways)
    for (month, ident, currency), micros in _prices(session, months, gateways).items():
        rows[month, ident]["reported"][currency] = micros
    for invoice in session.scalars(sa.select(Invoice).where(Invoice.gateway_id.in_(gateways))):
        if f"{months.since:%Y-%m}" <= invoice.month <= f"{months.last:%Y-%m}":
            rows.setdefault((invoice.month, invoice.gateway_id), {})["invoice"] = invoice
    found = [Row(month, gateways[ident], **numbers) for (month, ident), numbers in rows.items()]
    return sorted(found, key=lambda row: (row.month, row.gateway.name), reverse=True)


def used_by(session: Session, programme: Programme, months: Period) -> dict[int, Gateway]:
    """The gateways that took an SMS of a programme in some months, by id."""
    query = (
        sa.select(Attempt.gateway_id)
        .join(Message, Message.id == Attempt.message_id)
        .where(*_accepted(months), Message.programme_id == programme.id)
        .distinct()
    )
    own = sa.select(Gateway).where(Gateway.id.in_(query)).order_by(Gateway.name)
    return {row.id: row for row in session.scalars(own)}


def enter(
    session: Session, gateway_id: int, month: str, amount: int, segments: int | None, note: str, staff_id: int | None,
    now: datetime,
) -> Invoice:  # fmt: skip
    """Type an invoice, or type it again; both are in the log.

    Args:
        session: a writing session.
        gateway_id: whose provider charged.
        month: such as `2026-03`.
        amount: whole XOF.
        segments: that were charged; None: it does not say.
        note: such as the number of the invoice.
        staff_id: who typed it.
        now: the time.

    Raises:
        RefusedError: the amount cannot be.
    """
    if not 0 <= amount <= MOST:
        raise RefusedError(
            f"Montant {amount} : écrivez des XOF entiers, de 0 à {MOST}. / "
            f"Amount {amount}: write whole XOF, from 0 to {MOST}."
        )
    known = session.scalar(sa.select(Invoice).where(Invoice.gateway_id == gateway_id, Invoice.month == month))
    before = _plain(known) if known else None
    row = known or Invoice(gateway_id=gateway_id, month=month)
    row.amount_micros, row.segments, row.note = amount * MICROS, segments, note.strip()[:LONGEST_NOTE]
    row.staff_id, row.at = staff_id, now
    session.add(row)
    session.flush()
    audit.note(
        session, audit.actor(staff_id), "typed" if before is None else "changed", "invoice", row.id, now,
        before=before, after=_plain(row),
    )  # fmt: skip
    return row


def _plain(row: Invoice) -> dict[str, Any]:
    return {
        "gateway": row.gateway_id, "month": row.month, "xof": row.amount_micros // MICROS, "segments": row.segments
    }  # fmt: skip


def _accepted(months: Period) -> tuple[sa.ColumnElement[bool], ...]:
    return (months.holds(Attempt.started_at), Attempt.state == AttemptState.ACCEPTED)


def _taken(session: Session, months: Period, gateways: Collection[int]) -> dict[tuple[str, int], dict[str, Any]]:
    """What we reckoned and how much was told, by month and gateway."""
    rows = (
        sa.select(
            months.month_of(Attempt.started_at).label("month"), Attempt.gateway_id, Message.segments,
            Message.price_micros, Attempt.provider_segments, Attempt.provider_price_micros,
        )
        .join(Message, Message.id == Attempt.message_id)
        .where(*_accepted(months), Attempt.gateway_id.in_(gateways))
        .subquery()
    )  # fmt: skip
    numbers: Sequence[sa.ColumnElement[Any]] = (
        sa.func.count().label("taken"),
        sa.func.sum(rows.c.segments).label("segments"),
        sa.func.sum(rows.c.price_micros).label("used"),
        sa.func.count(rows.c.provider_segments).label("counted"),
        sa.func.coalesce(sa.func.sum(rows.c.provider_segments), 0).label("provider_segments"),
        sa.func.count(rows.c.provider_price_micros).label("told"),
    )
    query = sa.select(rows.c.month, rows.c.gateway_id, *numbers).group_by(rows.c.month, rows.c.gateway_id)
    return {
        (month, ident): {"reported": {}, **{one.name: int(value) for one, value in zip(numbers, values, strict=True)}}
        for month, ident, *values in session.execute(query)
    }


def _prices(session: Session, months: Period, gateways: Collection[int]) -> dict[tuple[str, int, str], int]:
    """What providers told, by month, gateway and currency."""
    rows = (
        sa.select(
            months.month_of(Attempt.started_at).label("month"), Attempt.gateway_id, Attempt.provider_currency,
            Attempt.provider_price_micros,
        )
        .where(*_accepted(months), Attempt.gateway_id.in_(gateways), Attempt.provider_price_micros.is_not(None))
        .subquery()
    )  # fmt: skip
    groups = (rows.c.month, rows.c.gateway_id, rows.c.provider_currency)
    query = sa.select(*groups, sa.func.sum(rows.c.provider_price_micros)).group_by(*groups)
    return {(month, ident, currency): int(micros) for month, ident, currency, micros in session.execute(query)}
