"""The question that waits on a phone, taken away and put back whole: nobody answers what she was never asked."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.models import Inbound, Pending

Question = dict[str, Any]
TABLE = Pending.__table__
WAITING = sa.select(TABLE).where(TABLE.c.phone_id == sa.bindparam("phone"))
RAISED = sa.select(TABLE.c.inbound_id).where(TABLE.c.phone_id.in_(sa.bindparam("phones", expanding=True)))
UNREAD_TO = "unread_to"  # in what is kept: the last SMS that lay there unread when the question was raised


def waiting(session: Session, phone_id: int) -> Question | None:
    """The question that waits on a phone, as it stands; None when none waits."""
    session.flush()
    row = session.execute(WAITING, {"phone": phone_id}).mappings().first()
    return None if row is None else dict(row)


def copied(row: Pending | None) -> Question | None:
    """A question as it stands in its row, to be put back."""
    return None if row is None else {column.name: getattr(row, column.name) for column in TABLE.columns}


def raised(session: Session, inbounds: Collection[Inbound]) -> Collection[int]:
    """Which of these SMS, each of another phone, raised a question that waits; by their ids."""
    session.flush()
    phones = [inbound.phone_id for inbound in inbounds]
    return {inbound.id for inbound in inbounds} & set(session.scalars(RAISED, {"phones": phones}))


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


def mark(session: Session, inbound: Inbound) -> None:
    """Note on the question that this SMS raised which SMS lie there unread: a yes among them answers something else.

    By their ids, not by a clock: the carrier's, the web server's and the engine's may differ.
    """
    found = waiting(session, inbound.phone_id) if inbound.phone_id is not None else None
    if found is None or found["inbound_id"] != inbound.id:
        return
    newest = session.scalar(sa.select(sa.func.max(Inbound.id)).where(Inbound.phone_id == inbound.phone_id))
    if newest is not None and newest > inbound.id:
        kept = {**found["kept"], UNREAD_TO: newest}
        session.execute(sa.update(Pending).where(Pending.phone_id == inbound.phone_id).values(kept=kept))
