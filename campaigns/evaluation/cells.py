"""Figures in the cells of a cut: rows counted or added up in the database, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation.counting import Ask, Count
from messaging import places

Family = Callable[[Ask, Collection[str]], Iterable[Count]]


@dataclass(frozen=True)
class Cells:
    """One number for each cell; `names` are the cuts that tell its cells apart, in the order of the question."""

    names: tuple[str, ...]
    values: Mapping[tuple[Any, ...], float]

    def at(self, by: tuple[str, ...], cut: tuple[Any, ...]) -> float:
        """The number of a cell of a finer cut: what these cells do not tell apart is the same for all of it."""
        return self.values.get(tuple(part for name, part in zip(by, cut, strict=True) if name in self.names), 0)

    def plus(self, others: Cells) -> Cells:
        """Both together, cell by cell."""
        keys = {**self.values, **others.values}
        return Cells(self.names, {cut: self.values.get(cut, 0) + others.values.get(cut, 0) for cut in keys})


def distinct(ask: Ask, rows: sa.Select[Any], by: Mapping[str, Any], item: Any) -> Cells:
    """How many different items the rows of each cell hold.

    Args:
        ask: whose cuts are made.
        rows: a query, of which FROM and WHERE are used.
        by: the columns that a cut is made by; `area` is a column of villages.
        item: a column of ids.
    """
    return _gather(ask, rows, by, {"item": item}, _different)["item"]


def sums(ask: Ask, rows: sa.Select[Any], by: Mapping[str, Any], **items: Any) -> dict[str, Cells]:
    """The sums of several columns of numbers over the rows of each cell, as `distinct` otherwise."""
    return _gather(ask, rows, by, items, _total)


def one(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """1 where a condition holds, else 0: to be added up."""
    return sa.case((which, 1), else_=0)


def shares(ask: Ask, code: str, numerators: Cells, denominators: Cells | None = None) -> Iterator[Count]:
    """The counts of an indicator: a cell for all that has a numerator or a denominator; the whole is always told."""
    cuts = set(numerators.values)
    if denominators is not None and denominators.names == ask.by:
        cuts |= set(denominators.values)
    for cut in cuts if ask.by else ((),):
        below = None if denominators is None else denominators.at(ask.by, cut)
        yield Count(code, cut, numerators.at(ask.by, cut), below)


def by_month(family: Family) -> Family:
    """Let a family count each month as a period of its own, on the map of the last day of the whole."""

    def counts(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
        if "month" not in ask.by:
            yield from family(ask, codes)
            return
        place = ask.by.index("month")
        by = ask.by[:place] + ask.by[place + 1 :]
        for month in ask.period.months():
            for found in family(replace(ask, period=month, by=by, of=ask.mapped_on), codes):
                cut = (*found.cut[:place], f"{month.since:%Y-%m}", *found.cut[place:])
                yield replace(found, cut=cut)

    return counts


def _gather(
    ask: Ask, rows: sa.Select[Any], by: Mapping[str, Any], items: Mapping[str, Any], together: Callable[[Any], Any]
) -> dict[str, Cells]:
    names = tuple(name for name in ask.by if name in by)
    inner = rows.with_only_columns(
        *(by[name].label(f"by_{name}") for name in names),
        *(item.label(f"of_{name}") for name, item in items.items()),
        maintain_column_froms=True,
    )
    if "area" in names:
        inner = _mapped(ask, inner, names, items, together)
    told = inner.subquery()
    cuts = [told.c[f"by_{name}"] for name in names]
    query = sa.select(*cuts, *(together(told.c[f"of_{name}"]) for name in items)).group_by(*cuts)
    found = [tuple(row) for row in ask.session.execute(query)]
    size = len(names)
    return {
        name: Cells(names, {tuple(map(_plain, row[:size])): _number(row[size + place]) for row in found})
        for place, name in enumerate(items)
    }


def _mapped(
    ask: Ask, rows: sa.Select[Any], names: Iterable[str], items: Mapping[str, Any], together: Callable[[Any], Any]
) -> sa.Select[Any]:
    """The same rows by the communes of their villages; what is of one village is put together before it is mapped."""
    if together is _total:
        told = rows.subquery()
        cuts = [told.c[f"by_{name}"] for name in names]
        rows = sa.select(*cuts, *(sa.func.sum(told.c[f"of_{name}"]).label(f"of_{name}") for name in items))
        rows = rows.group_by(*cuts)
    else:
        rows = rows.distinct()
    each, pairs = rows.subquery("each"), places.communes(ask.mapped_on).subquery("mapped")
    columns = (pairs.c.commune_id.label("by_area") if one.name == "by_area" else one for one in each.c)
    return sa.select(*columns).select_from(each).outerjoin(pairs, pairs.c.village_id == each.c.by_area)


def _total(column: Any) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(column), 0)


def _different(column: Any) -> sa.ColumnElement[Any]:
    return sa.func.count(column.distinct())


def _plain(part: Any) -> Any:
    """A word of ours as its text, as exports and addresses write it."""
    return getattr(part, "value", part)


def _number(sum_of: Any) -> float:
    """A sum as Python counts: PostgreSQL gives sums of large numbers as decimals."""
    return sum_of if isinstance(sum_of, float) else int(sum_of)
