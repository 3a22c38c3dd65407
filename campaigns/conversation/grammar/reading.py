"""What the reader gives: readings and a reply key, in the exact structure of the grammar's examples; pure values.

Source: the page on incoming SMS, sections 1 to 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["ok", "confirm", "pending", "error", "partial", "late", "ignored"]
Role = Literal["facilitator", "advisor", "radio", "member", "unknown", "operator"]


@dataclass(frozen=True)
class Reading:
    """What one message, or one report of it, says."""

    intent: str
    status: Status
    fields: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    repairs: tuple[str, ...] = ()
    # What a pending state keeps where it is more than `fields`: the date, session, note of a report without a club.
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def as_json(self) -> dict[str, Any]:
        """The object of the examples: `error` only with a code, `repairs` only when not empty."""
        found: dict[str, Any] = {"intent": self.intent, "status": self.status, "fields": dict(self.fields)}
        if self.error:
            found["error"] = self.error
        if self.repairs and self.status != "error":
            found["repairs"] = list(self.repairs)
        return found


@dataclass(frozen=True)
class Result:
    """All readings of one SMS, at least one, and the key of the reply; None: nothing is sent."""

    readings: tuple[Reading, ...]
    reply: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The line that `jekulu read --json` prints."""
        found: dict[str, Any] = {"readings": [reading.as_json() for reading in self.readings]}
        if self.reply:
            found["reply"] = self.reply
        return found
