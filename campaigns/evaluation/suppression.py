"""Small counts of people as persons are taken away, with others that would give them back; pure.

Source: the page on evaluation, section 1, point 5.

A figure goes whole: numerator, denominator and value. What is small (1 to 4 persons, `is_small`) goes first. Then come
sums: whoever sees a total and all of its parts but one can compute that one. So

* a part that is alone in being hidden is joined by another of its row or column, and what is hidden together is never
  itself small;
* a total that is hidden stays hidden: not all of its parts are shown beside it.

Figures of several cuts are published side by side: the whole, by sex, by commune, by commune and sex. Each call sees
one cut alone, yet all calls must hide alike. So the totals are not looked up but added up from the cells, and judged
first, by the very rules that their own call follows: the coarser cut decides alone, the finer one follows it. Then what
is hidden of a table with two cuts, cells and totals, is seen as lines between its rows and columns: a value can be
computed exactly when its line is the only way between two parts of that drawing, so others are hidden until no small
count and no hidden total is such a bridge. Where nobody stands in a cell, that too may have to be hidden: an empty cell
of a row and a column that exist, which no call tells of, is then told as hidden.

Covered so, and held by a test that solves the equations: ( ), (area), (sex), (area, sex), (area, month) of one
indicator, published together. Of three cuts and more every row of cells is guarded beside its total in each direction,
but not what several such tables give together. Where cells do not add up, for one phone can be reached in two months,
nothing can be computed back exactly, and more is hidden than must be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from campaigns.evaluation.counting import Count
from campaigns.evaluation.definitions import DEFINITIONS

LEAST = 5
NO_PERSONS = ("points", "XOF")  # units of numerators
TOTAL = ("total",)  # the row or column of the totals; no cut is called so
# The quizzes that a cost is shared by are persons who completed one: what hides those hides it too.
FOLLOWS: Mapping[str, str] = {"CST-QUIZ": "QUI-CR"}

Cut = tuple[Any, ...]
Axes = tuple[int, ...]
Edge = tuple[Cut, Cut]


@dataclass(frozen=True)
class Shown:
    """A count, and whether it may be shown."""

    count: Count
    is_suppressed: bool


@dataclass(frozen=True)
class Heads:
    """How many persons stand behind a figure: `of` them, and those of them that are `counted`."""

    of: float
    counted: float | None = None

    @property
    def is_small(self) -> bool:
        """Whether 1 to 4 of them can be told: all, those counted, or those that are left."""
        parts = [self.of] if self.counted is None else [self.of, self.counted, self.of - self.counted]
        return any(0 < part < LEAST for part in parts)

    def __add__(self, other: Heads) -> Heads:
        counted = None if self.counted is None or other.counted is None else self.counted + other.counted
        return Heads(self.of + other.of, counted)


def apply(counts: Iterable[Count], by: Sequence[str]) -> Iterator[Shown]:
    """Each count with whether it may be shown, and the empty cells that must not be told apart from others.

    All counts of an indicator in this cut must be among them, and those of the one it follows.
    """
    found = list(counts)
    tables: dict[str, dict[Cut, Heads]] = defaultdict(dict)
    for one in found:
        if DEFINITIONS[one.code].persons:
            tables[one.code][one.cut] = heads(one)
    hidden = {code: hide(table, _answered(code, table)) for code, table in tables.items()}
    hidden |= {code: hidden[code] | hidden.get(other, set()) for code, other in FOLLOWS.items() if code in hidden}
    for one in found:
        yield Shown(one, one.cut in hidden.get(one.code, ()))
    for code, cuts in hidden.items():
        yield from (Shown(Count(code, cut, 0), True) for cut in sorted(cuts - tables[code].keys(), key=_name))


def followed(codes: Iterable[str]) -> set[str]:
    """The indicators that must be counted too where some of these are shown."""
    return {FOLLOWS[code] for code in codes if code in FOLLOWS}


def is_small(one: Count) -> bool:
    """Whether a count tells of 1 to 4 persons: in its numerator, in what is left of its denominator, or in both."""
    return heads(one).is_small


def heads(one: Count) -> Heads:
    """Who stands behind a count; points and money are no persons, those who have or cost them are."""
    if one.denominator is None:
        return Heads(one.numerator)
    return Heads(one.denominator, None if DEFINITIONS[one.code].unit in NO_PERSONS else one.numerator)


def hide(table: Mapping[Cut, Heads], part: Mapping[Cut, Heads] | None = None) -> set[Cut]:
    """The cells of a table that must not be shown, empty ones too, given its cells by their cut, all equally long.

    `part`: what another table tells of the same persons; both hide what hides it, and then their own.
    """
    axes = tuple(range(len(next(iter(table), ()))))
    shared: dict[Axes, set[Cut]] = {}
    if part:
        _hide(part, axes, shared, {})
    return _hide(table, axes, {}, shared)


def _answered(code: str, table: Mapping[Cut, Heads]) -> dict[Cut, Heads] | None:
    """Who gave an answer, right or wrong: told by QUI-OK, and by QUI-DK as those who are left; None: another table."""
    if code not in ("QUI-OK", "QUI-DK"):
        return None
    told = {cut: found.of - (found.counted or 0 if code == "QUI-DK" else 0) for cut, found in table.items()}
    return {cut: Heads(number) for cut, number in told.items() if number}


def _hide(
    table: Mapping[Cut, Heads], axes: Axes, done: dict[Axes, set[Cut]], shared: Mapping[Axes, set[Cut]]
) -> set[Cut]:
    """The same of what is left of a table when some of its axes are added up; `done` holds what is known already."""
    if axes in done:
        return done[axes]
    if len(axes) == 2:
        rows, columns = zip(*table, strict=True)
        table = {cut: table.get(cut, Heads(0, 0)) for cut in product(dict.fromkeys(rows), dict.fromkeys(columns))}
    hidden = {cut for cut, found in table.items() if found.is_small} | (shared.get(axes, set()) & table.keys())
    closed = [  # the coarser cut decides alone
        _hide(_totals(table, place), _without(axes, place), done, shared) for place in range(len(axes))
    ]
    while more := _beside(table, hidden, closed) or (len(axes) == 2 and _bridged(table, hidden, closed)):
        hidden |= more
    done[axes] = hidden
    return hidden


def _totals(table: Mapping[Cut, Heads], axis: int) -> dict[Cut, Heads]:
    sums: dict[Cut, Heads] = {}
    for cut, found in table.items():
        line = _without(cut, axis)
        sums[line] = sums[line] + found if line in sums else found
    return sums


def _without(cut: Cut, axis: int) -> Cut:
    return cut[:axis] + cut[axis + 1 :]


def _beside(table: Mapping[Cut, Heads], hidden: set[Cut], closed: Sequence[set[Cut]]) -> set[Cut]:
    """One more cell of each row and column in which what is hidden can be computed from what is shown."""
    for axis, shut in enumerate(closed):
        lines: dict[Cut, list[Cut]] = defaultdict(list)
        for cut in table:
            lines[_without(cut, axis)].append(cut)
        more = {_next(table, line, hidden) for name, line in lines.items() if _tells(table, line, hidden, name in shut)}
        if more:
            return more
    return set()


def _tells(table: Mapping[Cut, Heads], line: Sequence[Cut], hidden: set[Cut], is_shut: bool) -> bool:
    """Whether a row or column of cells, with its total, tells what must stay hidden."""
    gone = [table[cut] for cut in line if cut in hidden]
    if len(gone) == len(line):
        return False
    if is_shut:
        return not gone
    return bool(gone) and (len(gone) == 1 or _sum(gone).is_small)


def _sum(found: Sequence[Heads]) -> Heads:
    whole = found[0]
    for one in found[1:]:
        whole += one
    return whole


def _next(table: Mapping[Cut, Heads], cells: Iterable[Cut], hidden: set[Cut]) -> Cut:
    """The cell that is missed least: the one with the fewest persons who can hide somebody."""
    return min(
        (cut for cut in cells if cut not in hidden), key=lambda cut: (not table[cut].of, table[cut].of, _name(cut))
    )


def _name(cut: Cut) -> list[str]:
    return [str(part) for part in cut]


# --- two cuts: rows and columns joined by what is hidden


def _bridged(table: Mapping[Cut, Heads], hidden: set[Cut], closed: Sequence[set[Cut]]) -> set[Cut]:
    """One more cell for the first value that the equations of a whole table still tell; none: they tell nothing."""
    columns, rows = closed  # totals without the first cut are those of columns
    edges = {_edge(row, column) for row, column in hidden}
    totals = {_edge(row, TOTAL) for (row,) in rows} | {_edge(TOTAL, column) for (column,) in columns}
    if _sum(list(table.values())).is_small:
        totals.add(_edge(TOTAL, TOTAL))
    small = {_edge(*cut) for cut in hidden if table[cut].is_small}
    for edge in sorted(_bridges(edges | totals) & (small | totals), key=str):
        side = _reached(edge[0], _ways((edges | totals) - {edge}))
        across = [cut for cut in table if cut not in hidden and len({point in side for point in _edge(*cut)}) == 2]
        if across:
            return {_next(table, across, hidden)}
    return set()


def _edge(row: Any, column: Any) -> Edge:
    return ("row", row), ("column", column)


def _ways(edges: Iterable[Edge]) -> dict[Cut, list[Cut]]:
    ways: dict[Cut, list[Cut]] = defaultdict(list)
    for one, other in sorted(edges, key=str):
        ways[one].append(other)
        ways[other].append(one)
    return ways


def _reached(start: Cut, ways: Mapping[Cut, Sequence[Cut]]) -> set[Cut]:
    """All that can be come to from a point."""
    found, todo = {start}, [start]
    while todo:
        new = set(ways.get(todo.pop(), ())) - found
        found |= new
        todo += new
    return found


def _bridges(edges: Iterable[Edge]) -> set[Edge]:
    """The edges that are the only way between their ends (Tarjan 1974); paths are short, for columns are few."""
    ways, found = _ways(edges), set()
    place: dict[Cut, int] = {}
    low: dict[Cut, int] = {}

    def visit(point: Cut, above: Cut | None) -> None:
        place[point] = low[point] = len(place)
        for other in ways[point]:
            if other not in place:
                visit(other, point)
                if low[other] > place[point]:
                    found.add((point, other) if point[0] == "row" else (other, point))
            if other != above:
                low[point] = min(low[point], low[other])

    for point in ways:
        if point not in place:
            visit(point, None)
    return found
