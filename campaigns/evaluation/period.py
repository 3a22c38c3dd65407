"""A period: some local days of a programme, half-open, and the months in it; knows no table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from messaging.clock import at_local, parse_date
from messaging.errors import DataError


@dataclass(frozen=True)
class Period:
    """From the day `since` until before the day `until`, on the clock of `zone`."""

    since: date
    until: date
    zone: str

    @property
    def last(self) -> date:
        """The last day: what an export calls the end."""
        return self.until - timedelta(days=1)

    @property
    def starts(self) -> datetime:
        """The first moment, aware."""
        return at_local(self.since, time(0), self.zone)

    @property
    def ends(self) -> datetime:
        """The first moment that no longer belongs to it, aware."""
        return at_local(self.until, time(0), self.zone)

    def months(self) -> Iterator[Period]:
        """The calendar months in it, the first and last cut where it begins and ends."""
        since = self.since
        while since < self.until:
            following = min((since.replace(day=1) + timedelta(days=32)).replace(day=1), self.until)
            yield Period(since, following, self.zone)
            since = following

    def holds(self, moment: Any) -> sa.ColumnElement[bool]:
        """The condition that a moment (a column of datetimes) lies within."""
        return sa.and_(moment >= self.starts, moment < self.ends)

    def holds_day(self, day: Any) -> sa.ColumnElement[bool]:
        """The condition that a day (a column of dates) lies within."""
        return sa.and_(day >= self.since, day < self.until)

    def month_of(self, moment: Any) -> sa.ColumnElement[str | None]:
        """The local month of a column of datetimes, such as `2026-03`."""
        return sa.case(*((moment < month.ends, f"{month.since:%Y-%m}") for month in self.months()))

    def month_of_day(self, day: Any) -> sa.ColumnElement[str | None]:
        """The month of a column of dates, such as `2026-03`."""
        return sa.case(*((day < month.until, f"{month.since:%Y-%m}") for month in self.months()))


def parse(since: str, until: str, zone: str) -> Period:
    """A period from its first and its last day as people write them, both included.

    Raises:
        DataError: a date cannot be read, or the last day lies before the first.
    """
    first, last = parse_date(since), parse_date(until)
    if last < first:
        raise DataError(f"--to {until} lies before --from {since}. Write the earlier day as --from.")
    return Period(first, last + timedelta(days=1), zone)
