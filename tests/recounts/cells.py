"""Facts and cells: a fact says who or what is counted and where it stands, a cell gathers the facts of one cut."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

Cell = tuple[Any, ...]


@dataclass(frozen=True)
class Fact:
    """One thing to count by its key, with a weight; what `at` does not name holds for every value of that cut."""

    key: Hashable
    at: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1


@dataclass(frozen=True)
class Figure:
    """What an indicator says in one cell; `value` where it is not numerator ÷ denominator."""

    numerator: float
    denominator: float | None = None
    value: float | None = None


Figures = dict[Cell, Figure]
Facts = Sequence[Fact]
Count = Callable[[Facts], float]


def number(facts: Facts) -> int:
    """How many different things."""
    return len({fact.key for fact in facts})


def total(facts: Facts) -> float:
    """The sum of their weights."""
    return sum(fact.weight for fact in facts)


class Cut:
    """A way to cut; the values that a name takes are those of its facts, the months all of the period."""

    def __init__(self, by: Sequence[str], months: Sequence[str]) -> None:
        """`by` names what is cut by; a month of the period stands also when nothing happened."""
        self.by, self.months = tuple(by), months

    def split(self, *lists: Facts) -> list[dict[Cell, list[Fact]]]:
        """The facts of each list by cell; lists that are split together know each other's values."""
        known = [self._known(name, lists) for name in self.by]
        found = []
        for facts in lists:
            cells: dict[Cell, list[Fact]] = defaultdict(list)
            for fact in facts:
                ways = [
                    (fact.at[name],) if name in fact.at else every for name, every in zip(self.by, known, strict=True)
                ]
                for cell in product(*ways):
                    cells[cell].append(fact)
            found.append(dict(cells))
        return found

    def _known(self, name: str, lists: Iterable[Facts]) -> list[Any]:
        said = {fact.at[name]: None for facts in lists for fact in facts if name in fact.at}
        return list(dict.fromkeys([*self.months, *said])) if name == "month" else list(said)

    def count(self, facts: Facts, how: Count = number) -> Figures:
        """A number in each cell."""
        (cells,) = self.split(facts)
        return {cell: Figure(how(of_it)) for cell, of_it in cells.items()} or self.nothing()

    def share(self, part: Facts, whole: Facts, how: Count = number, whole_how: Count | None = None) -> Figures:
        """A part and its whole in each cell."""
        parts, wholes = self.split(part, whole)
        cells = list(dict.fromkeys([*parts, *wholes]))
        found = {cell: Figure(how(parts.get(cell, [])), (whole_how or how)(wholes.get(cell, []))) for cell in cells}
        return found or {cell: Figure(0, 0) for cell in self.nothing()}

    def worth(self, facts: Facts, value: Callable[[Facts], float]) -> Figures:
        """A value in each cell where there is something, such as a median."""
        (cells,) = self.split(facts)
        return {cell: Figure(number(of_it), number(of_it), value(of_it)) for cell, of_it in cells.items()}

    def nothing(self) -> Figures:
        """Nought, where the whole is not cut."""
        return {} if self.by else {(): Figure(0)}
