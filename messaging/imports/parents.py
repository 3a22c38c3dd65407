"""Which place lies in which from when to when: what a file says merged into what is known; pure, knows no table."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Parent:
    """A place lies in another from one day to another, both included; None: open."""

    place: Hashable
    starts: date | None = None
    ends: date | None = None

    @property
    def first(self) -> date:
        """The first day, for comparing."""
        return self.starts or date.min

    @property
    def last(self) -> date:
        """The last day, for comparing."""
        return self.ends or date.max

    @property
    def is_dated(self) -> bool:
        """True when it says since when or until when."""
        return bool(self.starts or self.ends)


def merge(known: Sequence[Parent], given: Iterable[Parent]) -> tuple[list[Parent], Parent | None]:
    """The parents of one place after a file has spoken.

    A parent without dates corrects another one without dates. A dated one corrects the one with the same place and
    first day, and ends, the day before it begins, the one that went on.

    Returns:
        All parents in their order, and the one that cannot be: it overlaps another one, or ends before it begins.
    """
    parents, said = list(known), sorted(given, key=lambda parent: parent.first)
    for place, one in enumerate(said):
        if one.last < one.first or any(_overlap(one, other) for other in said[:place]):
            return parents, one
        parents = _dated(parents, one) if one.is_dated else _undated(parents, one)
        if one in parents and any(_overlap(one, other) for other in parents):
            return parents, one
    return sorted(parents, key=lambda parent: parent.first), None


def _undated(parents: list[Parent], one: Parent) -> list[Parent]:
    if any(other.place == one.place and other.ends is None for other in parents):
        return parents
    return [other for other in parents if other.is_dated] + [one]


def _dated(parents: list[Parent], one: Parent) -> list[Parent]:
    if one in parents:
        return parents
    kept = [other for other in parents if (other.place, other.first) != (one.place, one.first)]
    day_before = one.first - timedelta(days=1) if one.starts else None
    return [
        replace(other, ends=day_before) if other.ends is None and other.first < one.first else other for other in kept
    ] + [one]


def _overlap(one: Parent, other: Parent) -> bool:
    return one != other and one.first <= other.last and other.first <= one.last
