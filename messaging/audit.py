"""The audit log: who changed what, with before and after; ids only, never a number or the text of a sensitive SMS."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from messaging.models import Audit
from messaging.phones import redact

COMMAND = "command"
LONGEST = 80  # letters of a value: what is longer was typed as a text, and a text does not belong here
LONGEST_ID = 40


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
    row = Audit(at=now, actor=who, action=action, object=what, object_id=redact(str(ident))[:LONGEST_ID])
    row.before, row.after = _plain(before), _plain(after)
    session.add(row)


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """JSON values without anything that looks like a phone number, each one line and short."""
    return None if values is None else {key: _value(value) for key, value in values.items()}


def _value(value: Any) -> Any:
    if isinstance(value, int | float | bool | None):
        return value
    return redact(_words(value))


def _words(value: Any) -> str:
    """A value as a person writes it: what holds others has them side by side, each word of them short."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_words(part)}" for key, part in value.items())
    if isinstance(value, Collection) and not isinstance(value, str):
        return "; ".join(_words(part) for part in value)
    said = redact("" if value is None else " ".join(str(value).split()))
    return said if len(said) <= LONGEST else said[: LONGEST - 1].rstrip() + "…"
