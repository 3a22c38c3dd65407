"""What runs when: a job is a name, a function and a rhythm; the one table of them stands in `wsgi.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from messaging.installation import Installation

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Job:
    """One thing done again and again; harmless when repeated, cheap when nothing is due."""

    name: str
    run: Callable[[Installation, datetime], Counts]
    every_seconds: float
    wakes: tuple[str, ...] = ()  # jobs to run at once when this one has done something
