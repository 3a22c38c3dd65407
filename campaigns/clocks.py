"""How soon a person must have looked at an SMS, by what it is; pure, knows no table.

Working days are Monday to Friday on the programme's clock. Source: the page on evaluation, section 8.2.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Literal

from messaging.clock import at_local, local

WORKING_DAYS = 3  # until the first human step of what is neither sensitive nor thanks
FIRST_STEP: dict[str, timedelta | None] = {  # what has hours of its own; none: no clock
    "thanks": None,
    "sensitive_fraud": timedelta(hours=24),  # acknowledged
    "sensitive_psea": timedelta(hours=24),  # referred
    "sensitive_protection": timedelta(hours=24),
    "sensitive_security": timedelta(0),  # phoned at once
}
NEAR = timedelta(hours=12)  # before the end of a clock that counts hours; of days it is the last one
Standing = Literal["late", "near", "calm"]


def due(category: str, told_at: datetime, zone: str) -> datetime | None:
    """When somebody must have looked at it; None for what has no clock."""
    if category in FIRST_STEP:
        span = FIRST_STEP[category]
        return None if span is None else told_at + span
    return _working_days_later(told_at, WORKING_DAYS, zone)


def standing(category: str, told_at: datetime, now: datetime, zone: str) -> Standing:
    """How its clock stands; what has none is calm."""
    end = due(category, told_at, zone)
    if end is None:
        return "calm"
    if now >= end:
        return "late"
    last = end - NEAR if category in FIRST_STEP else _working_days_later(told_at, WORKING_DAYS - 1, zone)
    return "near" if now >= last else "calm"


def told_by(now: datetime, days: int, zone: str) -> datetime:
    """What was told then or before has had these working days: the way back, so that a query can count."""
    at = local(now, zone)
    day, hour = at.date(), at.time()
    if day.weekday() > 4:  # a weekend adds nothing to what had passed when Friday ended
        day, hour = day - timedelta(days=day.weekday() - 4), time.max
    while days:
        day -= timedelta(days=1)
        days -= day.weekday() < 5
    return at_local(day, hour, zone)


def _working_days_later(moment: datetime, days: int, zone: str) -> datetime:
    at = local(moment, zone)
    day, hour = at.date(), at.time()
    if day.weekday() > 4:  # told at a weekend: counted from Monday on
        day, hour = day + timedelta(days=7 - day.weekday()), time(0)
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return at_local(day, hour, zone)
