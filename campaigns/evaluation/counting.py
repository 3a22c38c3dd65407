"""What is asked of the families of indicators, and what they give back: the common language of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.evaluation.definitions import DEFINITIONS
from campaigns.evaluation.period import Period
from messaging import places
from messaging.models import Programme

Within = Callable[[Any], sa.ColumnElement[bool]]  # the condition on a column of village ids: own places
CUTS = (
    "area", "month", "sex", "language", "hea", "head", "ownership", "risk", "pillar", "agency", "quiz", "wave",
    "question", "theme", "category", "kind",
)  # fmt: skip


def everywhere(_village_id: Any) -> sa.ColumnElement[bool]:
    """No place is left out."""
    return sa.true()


@dataclass(frozen=True)
class Ask:
    """Count for a programme and period, cut `by` some of `CUTS`, within own places; `now` is the present moment."""

    session: Session
    programme: Programme
    period: Period
    now: datetime
    by: tuple[str, ...] = ()
    within: Within = everywhere
    of: date | None = None  # the day of the map, where it is not the last of the period

    @property
    def mapped_on(self) -> date:
        """The day whose map says which commune a village lies in."""
        return self.of or self.period.last

    @property
    def is_everywhere(self) -> bool:
        """Whether no place is left out."""
        return self.within is everywhere

    def takes(self, code: str) -> bool:
        """Whether an indicator can be cut in this way; those that cannot are left out."""
        return set(self.by) <= set(DEFINITIONS[code].by)

    def area_of(self, village_id: Any) -> sa.ScalarSelect[int]:
        """The commune of a column of villages, on the last day of the period."""
        pairs = places.communes(self.mapped_on).subquery()
        return sa.select(pairs.c.commune_id).where(pairs.c.village_id == village_id).scalar_subquery()


@dataclass(frozen=True)
class Count:
    """One figure of one indicator in one cut, as counted: nothing is suppressed yet.

    `cut` holds the values of `Ask.by` in its order: a commune's id, a month such as `2026-03`, a code; None: not known.
    `value` is given where it is not numerator ÷ denominator (or the numerator alone); `more` holds what goes with it:
    `low` and `high` of an interval, `n`.
    """

    code: str
    cut: tuple[Any, ...]
    numerator: float
    denominator: float | None = None
    value: float | None = None
    more: Mapping[str, float] = field(default_factory=dict)
