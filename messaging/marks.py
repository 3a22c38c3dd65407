"""Moments that the installation remembers by name, such as the engine's last sign of life; knows no name itself."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.database import change, insert_ignore
from messaging.models import Mark


def moment(session: Session, name: str) -> datetime | None:
    """The moment that was last noted under a name; None: never."""
    value = session.scalar(sa.select(Mark.value).where(Mark.name == name))
    return datetime.fromisoformat(value) if value else None


def note(session: Session, name: str, now: datetime) -> None:
    """Note a moment in the place of the one before."""
    value = now.isoformat()
    if not change(session, sa.update(Mark).where(Mark.name == name).values(value=value)):
        session.execute(insert_ignore(session, Mark, ["name"]).values(name=name, value=value))


def note_apart(session: Session, name: str, now: datetime, known: datetime | None) -> bool:
    """Note a moment if nobody has since `known` was read; of two processes at once only one gets True."""
    if known is None:
        return change(session, insert_ignore(session, Mark, ["name"]).values(name=name, value=now.isoformat())) == 1
    same = sa.and_(Mark.name == name, Mark.value == known.isoformat())
    return change(session, sa.update(Mark).where(same).values(value=now.isoformat())) == 1
