"""The days on which nobody meets: those that a rule of the hours closes from end to end, such as a feast.

A rule of a village or commune holds for the clubs that lie in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import places
from messaging.hours import HoursRule
from messaging.models import Hours, Programme


@dataclass(frozen=True)
class Feasts:
    """The rules that close whole days: everywhere, and by place."""

    everywhere: Sequence[HoursRule]
    here: Mapping[int, Sequence[HoursRule]]
    known: dict[tuple[date, int], bool] = field(default_factory=dict)  # many clubs ask of the same days

    @classmethod
    def of(cls, session: Session, programme: Programme, now: datetime) -> Feasts:
        """Those of a programme."""
        query = sa.select(Hours).where(
            sa.or_(Hours.programme_id.is_(None), Hours.programme_id == programme.id),
            Hours.open_spans == "", Hours.closed_spans == "",
        )  # fmt: skip
        by_place = defaultdict[int | None, list[HoursRule]](list)
        for row in session.scalars(query):
            rule = HoursRule(starts=row.starts, ends=row.ends, weekday=row.weekday, kind=row.kind)
            if rule.is_of_some_days:
                by_place[row.place_id].append(rule)
        here = defaultdict[int, list[HoursRule]](list)
        tops = [place for place in by_place if place is not None]
        for place, top in session.execute(places.inside(tops, now.date())) if tops else ():
            here[place] += by_place[top]
        return cls(by_place[None], here)

    def shut(self, village_id: int) -> Callable[[date], bool]:
        """Whether a day is shut for the clubs of a village."""
        own = self.here.get(village_id, ())
        place = village_id if own else 0

        def is_shut(day: date) -> bool:
            key = (day, place)
            if key not in self.known:
                self.known[key] = any(rule.holds(day, "service") for rule in (*self.everywhere, *own))
            return self.known[key]

        return is_shut
