"""The month's money of a programme: reserved at the outbox, charged when accepted; in millionths of XOF."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.database import insert_ignore
from messaging.models import Budget


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
    session.execute(
        insert_ignore(session, Budget, ["programme_id", "month"]).values(
            programme_id=programme_id, month=month, reserved_micros=0, charged_micros=0
        )
    )
    session.execute(
        sa.update(Budget)
        .where(Budget.programme_id == programme_id, Budget.month == month)
        .values(reserved_micros=Budget.reserved_micros + reserved, charged_micros=Budget.charged_micros + charged),
        execution_options={"synchronize_session": False},
    )


def over_limit(session: Session, months: set[tuple[int, date]]) -> set[tuple[int, date]]:
    """Those programme months whose limit is passed; a month without a limit never is."""
    rows = session.execute(
        sa.select(Budget.programme_id, Budget.month).where(
            Budget.limit_micros.is_not(None), Budget.charged_micros >= Budget.limit_micros
        )
    ).all()
    return {(programme_id, month) for programme_id, month in rows} & months
