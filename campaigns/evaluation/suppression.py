"""Small counts of people as persons are taken away, with a second one that would give them back; pure.

Source: the page on evaluation, section 1, point 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from campaigns.evaluation.counting import Count
from campaigns.evaluation.definitions import DEFINITIONS

LEAST = 5


@dataclass(frozen=True)
class Shown:
    """A count, and whether it may be shown."""

    count: Count
    is_suppressed: bool


def apply(counts: Iterable[Count], by: Sequence[str]) -> Iterator[Shown]:
    """Each count with whether it may be shown."""
    for one in counts:
        yield Shown(one, DEFINITIONS[one.code].persons and is_small(one))


def is_small(one: Count) -> bool:
    """Whether a count tells of 1 to 4 persons: in its numerator, in what is left of its denominator, or in both."""
    parts = [one.numerator]
    if one.denominator is not None:
        parts += [one.denominator, one.denominator - one.numerator]
    return any(0 < part < LEAST for part in parts)
