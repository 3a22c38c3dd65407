"""The engine's pulse: a sign of life that it writes twice a minute, for whoever watches from outside."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from messaging import marks
from messaging.database import UNABLE, Database

log = structlog.get_logger()
EVERY_SECONDS = 30
ENGINE = "engine"  # the mark


def beat(db: Database, now: datetime) -> None:
    """Write a sign of life; while another writer is busy, the next one does."""
    try:
        with db.write(hasty=True) as session:
            marks.note(session, ENGINE, now)
    except UNABLE as error:
        log.warning("the engine's sign of life could not be written", error=type(error).__name__)


def last(session: Session) -> datetime | None:
    """When an engine last gave a sign of life; None: none ever ran on this database."""
    return marks.moment(session, ENGINE)


def silence(session: Session, now: datetime, since: datetime | None = None) -> timedelta | None:
    """For how long no engine was heard; None: none ever was.

    Args:
        session: any session.
        now: the time.
        since: when whoever asks began to listen: what was before it does not count.
    """
    heard = max((at for at in (last(session), since) if at is not None), default=None)
    return None if heard is None else max(now - heard, timedelta(0))
