"""The question that waits on a phone, taken away and put back whole: nobody answers what she was never asked."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.models import Inbound, Pending

Question = dict[str, Any]
TABLE = Pending.__table__


def copy(row: Pending | None) -> Question | None:
    """A question as it stands; None when none waits."""
    return None if row is None else {column.key: getattr(row, column.key) for column in TABLE.columns}


def take(session: Session, inbound: Inbound) -> Question | None:
    """Take away the question that this SMS raised; None when it raised none, and another's stays."""
    session.flush()
    raised = (Pending.phone_id == inbound.phone_id, Pending.inbound_id == inbound.id)
    found = copy(session.scalar(sa.select(Pending).where(*raised)))
    if found is not None:
        session.execute(sa.delete(Pending).where(*raised))
    return found


def put(session: Session, question: Question | None) -> None:
    """Let a question wait that was taken away; None changes nothing."""
    if question is not None:
        session.execute(sa.insert(Pending).values(**question))
