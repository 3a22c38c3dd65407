"""The audit log: who changed what, with before and after; ids only, never a number or the text of a sensitive SMS."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from messaging.models import Audit
from messaging.phones import redact

COMMAND = "command"


def actor(staff_id: int | None) -> str:
    """The actor's name in the log: an account, or the command line."""
    return COMMAND if staff_id is None else f"staff:{staff_id}"


def note(
    session: Session,
    who: str,
    action: str,
    what: str,
    ident: object,
    now: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write one line, in the transaction of the change itself."""
    row = Audit(at=now, actor=who, action=action, object=what, object_id=str(ident))
    row.before, row.after = _plain(before), _plain(after)
    session.add(row)


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """JSON values with anything that looks like a phone number taken out."""
    if values is None:
        return None
    return {
        key: value if isinstance(value, int | float | bool | None) else redact(str(value))
        for key, value in values.items()
    }
