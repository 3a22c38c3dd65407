"""The call list: phones that a person is to call, one open call a phone and reason; knows no page and no campaign."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, batches
from messaging.database import change, insert_ignore
from messaging.models import Call

Why = Literal["errors", "unknown_number", "loop", "case", "no_report"]
HELD = timedelta(days=7)  # how long the report of a number that nobody knows waits for staff to link it


def ask(
    session: Session, programme_id: int | None, phone_id: int, reason: Why, inbound_id: int | None, now: datetime
) -> None:
    """Put a phone on the list; one that waits there already keeps its place and is told what came last."""
    waits = (Call.phone_id == phone_id, Call.reason == reason, Call.done_at.is_(None))
    if change(session, sa.update(Call).where(*waits).values(inbound_id=inbound_id)):
        return
    row = {
        "programme_id": programme_id, "phone_id": phone_id, "reason": reason, "asked_at": now, "inbound_id": inbound_id,
    }  # fmt: skip
    session.execute(insert_ignore(session, Call, ["phone_id", "reason"], Call.done_at.is_(None)).values(**row))


def ask_all(session: Session, programme_id: int, phone_ids: Collection[int], reason: Why, now: datetime) -> None:
    """Put phones on the list that no SMS is the cause of; those that wait there already keep their place."""
    statement = insert_ignore(session, Call, ["phone_id", "reason"], Call.done_at.is_(None))
    shared = {"programme_id": programme_id, "reason": reason, "asked_at": now}
    for some in batches.batches(sorted(phone_ids)):
        session.execute(statement.values([{**shared, "phone_id": phone_id} for phone_id in some]))


def done(session: Session, call_id: int, who: int, now: datetime) -> bool:
    """Somebody called; False when it was done before, or there is no such call."""
    waits = (Call.id == call_id, Call.done_at.is_(None))
    if not change(session, sa.update(Call).where(*waits).values(done_at=now, done_by=who)):
        return False
    audit.note(session, audit.actor(who), "called", "call", call_id, now)
    return True


def lapse(session: Session, now: datetime) -> int:
    """Close the calls to unknown numbers that nobody made within the time their reports are held; gives how many."""
    late = (Call.reason == "unknown_number", Call.done_at.is_(None), Call.asked_at <= now - HELD)
    return change(session, sa.update(Call).where(*late).values(done_at=now))
