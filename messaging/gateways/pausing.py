"""Letting a gateway rest and go on: its messages are kept meanwhile."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from messaging import audit, outages
from messaging.database import ALONE
from messaging.errors import DataError
from messaging.models import Gateway

LONGEST_REASON = 200
ITSELF = "gateway"  # the actor when nobody did it


def pause(session: Session, row: Gateway, reason: str, now: datetime, staff_id: int | None = None) -> None:
    """Let a gateway rest; of one that rests the reason changes, and that it did so by itself: no other stands in.

    Args:
        session: a writing session.
        row: the gateway.
        reason: why, in words that everybody may read.
        now: the time.
        staff_id: who does it; None: the command line.

    Raises:
        DataError: no reason is given, or a very long one.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise DataError(
            f"Dites pourquoi la passerelle s'arrête, en {LONGEST_REASON} signes au plus. / "
            f"Say why the gateway rests, in {LONGEST_REASON} signs at most."
        )
    session.flush()  # what was changed already stays
    session.refresh(row, with_for_update=ALONE)  # it may rest by itself at this very moment
    before = {"paused": row.paused_at is not None, "reason": row.paused_reason}
    row.paused_at, row.paused_reason, row.paused_itself = row.paused_at or now, reason, False
    after = {"paused": True, "reason": reason}
    audit.note(session, audit.actor(staff_id), "paused", "gateway", row.id, now, before=before, after=after)


def rest(session: Session, row: Gateway, reason: str, now: datetime) -> None:
    """A gateway rests by itself: its credit, its key or its line is at fault, and every message would fail with it.

    One that a person paused stays as she left it. Of two reasons told at once the first in the alphabet is kept, so
    that their order does not matter.
    """
    reason = reason.strip()[:LONGEST_REASON]
    if row.paused_at is not None:
        if row.paused_itself:
            row.paused_reason = min(row.paused_reason or reason, reason)
        return
    row.paused_at, row.paused_reason, row.paused_itself = now, reason, True
    after = {"paused": True, "reason": reason}
    audit.note(session, ITSELF, "paused", "gateway", row.id, now, before={"paused": False, "reason": None}, after=after)


def resume(session: Session, row: Gateway, now: datetime, staff_id: int | None = None) -> None:
    """Let a gateway go on, after its trouble is mended, at its full rate."""
    session.flush()
    session.refresh(row, with_for_update=ALONE)
    if row.paused_at is None:
        return
    before = {"paused": True, "reason": row.paused_reason}
    outages.note(session, row.paused_at, now, row.id)
    row.paused_at = row.paused_reason = None
    row.paused_itself, row.ease, row.eased_at = False, 1.0, None
    audit.note(
        session, audit.actor(staff_id), "resumed", "gateway", row.id, now, before=before, after={"paused": False}
    )
