"""How a test reads an SMS: an example's context in short, and the result in one line."""

from __future__ import annotations

from typing import Any

from campaigns.conversation.grammar import read
from campaigns.conversation.grammar.reading import Role

NOW = "2026-03-12T17:30:00Z"  # a Thursday
TODAY = "2026-03-12"


def reading(text: str, role: Role = "member", **context: Any) -> tuple[str, str | None, dict[str, Any], str | None]:
    """`intent status`, error, fields and reply of the only reading of a text."""
    result = read(text, role, {"now": NOW, **context})
    (one,) = result.readings
    return f"{one.intent} {one.status}", one.error, dict(one.fields), result.reply


def repairs(text: str, role: Role = "member", **context: Any) -> list[str]:
    """The repairs of the first reading."""
    found: list[str] = read(text, role, {"now": NOW, **context}).readings[0].as_json().get("repairs", [])
    return found
