"""Days as people write them: figures, months, weekdays, HIER; pure, `today` is an argument.

Source: the page on incoming SMS, section 6.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Found:
    """A day that was written: where it ends in the text, and the day; None: it is not in the calendar."""

    end: int
    day: date | None


def at(text: str, start: int, today: date) -> Found | None:
    """The day that begins exactly here in a folded lower-case text, a leading `le` included; None when none does.

    What is joined to another number by `/`, `.` or `-` is no day. Without a year: this year, or last year when the
    day would lie more than 180 days ahead.
    """
    return None
