"""Letting a gateway rest and go on: its messages are kept meanwhile."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from messaging import audit
from messaging.errors import DataError
from messaging.models import Gateway

LONGEST_REASON = 200


def pause(session: Session, row: Gateway, reason: str, now: datetime, staff_id: int | None = None) -> None:
    """Let a gateway rest; of one that rests only the reason changes.

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
    before = {"paused": row.paused_at is not None, "reason": row.paused_reason}
    row.paused_at, row.paused_reason = row.paused_at or now, reason
    after = {"paused": True, "reason": reason}
    audit.note(session, audit.actor(staff_id), "paused", "gateway", row.id, now, before=before, after=after)


def resume(session: Session, row: Gateway, now: datetime, staff_id: int | None = None) -> None:
    """Let a gateway go on, after its trouble is mended."""
    if row.paused_at is None:
        return
    before = {"paused": True, "reason": row.paused_reason}
    row.paused_at = row.paused_reason = None
    audit.note(
        session, audit.actor(staff_id), "resumed", "gateway", row.id, now, before=before, after={"paused": False}
    )
