"""The question we last asked a phone about the person: kept until it is answered or too old; one a phone.

Source: the page on incoming SMS, section 4.4. Questions about a report are those of `asking`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation.context import Sender
from messaging.models import Pending

LIVES = timedelta(hours=24)


def put(
    session: Session,
    sender: Sender,
    kind: str,
    now: datetime,
    lives: timedelta = LIVES,
    remind_at: datetime | None = None,
    **kept: object,
) -> None:
    """Ask a question in place of what waited before; `kept` comes back with the answer, in the reader's own words."""
    programme = {"programme": sender.programme.id} if sender.programme else {}
    clear(session, sender)
    session.add(
        Pending(
            phone_id=sender.phone.id, kind=kind, kept={**programme, **kept}, inbound_id=sender.inbound.id, made_at=now,
            expires_at=now + lives, remind_at=remind_at,
        )
    )  # fmt: skip
    session.flush()


def clear(session: Session, sender: Sender, *kinds: str) -> None:
    """Drop the question that waits, if it is one of these kinds; without kinds any."""
    if not kinds or (sender.pending is not None and sender.pending.kind in kinds):
        session.execute(sa.delete(Pending).where(Pending.phone_id == sender.phone.id))
