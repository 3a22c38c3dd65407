"""The question that waits on a phone, taken away and put back whole: nobody answers what she was never asked."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.models import Inbound, Pending

Question = dict[str, Any]
TABLE = Pending.__table__


def waiting(session: Session, phone_id: int) -> Question | None:
    """The question that waits on a phone, as it stands; None when none waits."""
    session.flush()
    row = session.execute(sa.select(TABLE).where(TABLE.c.phone_id == phone_id)).mappings().first()
    return None if row is None else dict(row)


def take(session: Session, inbound: Inbound) -> Question | None:
    """Take away the question that this SMS raised; None when it raised none, and another's stays."""
    found = waiting(session, inbound.phone_id) if inbound.phone_id is not None else None
    if found is None or found["inbound_id"] != inbound.id:
        return None
    session.execute(sa.delete(Pending).where(Pending.phone_id == inbound.phone_id))
    return found


def put(session: Session, question: Question | None) -> None:
    """Let a question wait that was taken away, in place of what waits; None changes nothing."""
    if question is not None:
        session.execute(sa.delete(Pending).where(Pending.phone_id == question["phone_id"]))
        session.execute(sa.insert(Pending).values(**question))
