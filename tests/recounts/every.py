"""All indicators together, and the differences from what the product counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.recounts import attendance, cases, cost, coverage, delivery, ladder, listening, quality, quiz, reach
from tests.recounts.cells import Cell, Figure, Figures
from tests.recounts.world import World

FAMILIES = (reach, ladder, delivery, quiz, attendance, listening, cases, cost, quality, coverage)
Counting = Callable[[World, Sequence[str]], Figures]


def counting(heard: listening.Heard) -> dict[str, Counting]:
    """How each indicator is counted; `heard` is what clubs said of episodes, from the raw SMS."""
    found: dict[str, Counting] = {}
    for family in FAMILIES:
        found |= family.CODES  # type: ignore[attr-defined]
    return found | listening.of_grid(heard)


def differences(theirs: Mapping[Cell, Figure], ours: Figures) -> Iterator[tuple[Cell, Figure, Figure]]:
    """Where two counts of one indicator differ; a cell with nothing in it need not be told."""
    nothing = Figure(0)
    for cell in dict.fromkeys([*theirs, *ours]):
        pair = theirs.get(cell, nothing), ours.get(cell, nothing)
        if not is_same(*pair):
            yield cell, *pair


def is_same(one: Figure, other: Figure) -> bool:
    """Whether two figures say the same, but for the last digits of broken numbers."""
    return all(
        abs((first or 0) - (second or 0)) < 1e-6
        for first, second in (
            (one.numerator, other.numerator),
            (one.denominator, other.denominator),
            (one.value, other.value),
        )
    )
