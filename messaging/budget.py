"""The month's money of a programme: reserved at the outbox, charged when accepted; in millionths of XOF."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.database import change, insert_ignore
from messaging.models import Attempt, Budget, Message
from messaging.models.post import AttemptState

OPEN = Attempt.state.in_(  # may have left, nobody knows yet; in the words of its index, or SQLite reads all attempts
    sa.bindparam("open", (AttemptState.SUBMITTING, AttemptState.UNKNOWN), expanding=True, literal_execute=True)
)


def month_of(moment: datetime) -> date:
    """The first day of a moment's month."""
    return moment.date().replace(day=1)


def reserve(session: Session, programme_id: int, due_at: datetime, micros: int) -> None:
    """Set money aside for messages that are due, or with a negative sum let go of it."""
    _add(session, programme_id, month_of(due_at), reserved=micros)


def charge(session: Session, programme_id: int, due_at: datetime, micros: int) -> None:
    """Turn reserved money into spent money."""
    _add(session, programme_id, month_of(due_at), reserved=-micros, charged=micros)


def _add(session: Session, programme_id: int, month: date, reserved: int = 0, charged: int = 0) -> None:
    if not reserved and not charged:
        return
    reckoned = (
        sa.update(Budget)
        .where(Budget.programme_id == programme_id, Budget.month == month)
        .values(reserved_micros=Budget.reserved_micros + reserved, charged_micros=Budget.charged_micros + charged)
    )
    if change(session, reckoned):
        return
    first = {"programme_id": programme_id, "month": month, "reserved_micros": 0, "charged_micros": 0}
    session.execute(insert_ignore(session, Budget, ["programme_id", "month"]).values(**first))
    change(session, reckoned)


def room(session: Session, programme_id: int, due_at: datetime) -> int | None:
    """What a programme may still set aside in the month of a moment, in millionths of XOF; None without a limit.

    The month is locked until the session commits: two planners at once must not both spend what is left.
    """
    row = session.get(Budget, (programme_id, month_of(due_at)), populate_existing=True, with_for_update=True)
    if row is None or row.limit_micros is None:
        return None
    return max(row.limit_micros - row.reserved_micros - row.charged_micros, 0)


def set_limit(session: Session, programme_id: int, month: date, micros: int | None) -> None:
    """Give a month a limit, or none."""
    session.execute(
        insert_ignore(session, Budget, ["programme_id", "month"]).values(
            programme_id=programme_id, month=month, reserved_micros=0, charged_micros=0
        )
    )
    session.get_one(Budget, (programme_id, month), populate_existing=True).limit_micros = micros


def left(session: Session, months: set[tuple[int, date]]) -> dict[tuple[int, date], int]:
    """What may still leave in some months that have a limit, in millionths of XOF: neither charged nor on its way."""
    if not months:
        return {}
    rows = session.execute(
        sa.select(Budget.programme_id, Budget.month, Budget.limit_micros - Budget.charged_micros).where(
            Budget.limit_micros.is_not(None), sa.tuple_(Budget.programme_id, Budget.month).in_(months)
        )
    )
    found = {(programme_id, month): micros or 0 for programme_id, month, micros in rows}
    if found:
        away = sa.select(Message.programme_id, Message.due_at, Message.price_micros).join(Attempt).where(OPEN)
        for programme_id, due_at, micros in session.execute(away):
            key = (programme_id, month_of(due_at))
            if key in found:
                found[key] -= micros
    return found
