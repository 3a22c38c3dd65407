"""What runs when: a job is a name, a function and a rhythm; the one table of them stands in `wsgi.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from messaging.installation import Installation
from messaging.settings import Settings

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Job:
    """One thing done again and again; harmless when repeated, cheap when nothing is due."""

    name: str
    run: Callable[[Installation, datetime], Counts]
    every_seconds: float | Callable[[Settings], float]  # or how it follows from the settings
    wakes: tuple[str, ...] = ()  # jobs to run at once when this one has done something
    finish: Callable[[Installation], None] | None = None  # what it leaves under way is brought to its end by this

    def rhythm(self, settings: Settings) -> float:
        """Seconds from one run to the next."""
        return self.every_seconds(settings) if callable(self.every_seconds) else self.every_seconds
