"""Rows found and written many at a time, in bounded memory and few statements; knows no table of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

Item = TypeVar("Item")
SIZE = 1_000  # rows a statement; both databases take at least 32 000 values in one


def batches(items: Iterable[Item], size: int = SIZE) -> Iterator[list[Item]]:
    """Give the items in order, `size` at a time; the last batch may be shorter, none is empty."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def rows_in(session: Session, query: sa.Select[*tuple[Any, ...]], column: Any, values: Iterable[Any]) -> Iterator[Any]:
    """Give the rows of a query whose column is one of the values, one statement a batch."""
    for batch in batches(set(values)):
        yield from session.execute(query.where(column.in_(batch)))


def blank(table: sa.Table) -> dict[str, Any]:
    """Give a row of a table with nothing but its defaults, without the key that the database counts itself."""
    return {column.name: _default(column) for column in table.c if column is not table.autoincrement_column}


def insert(session: Session, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows; what a row leaves out gets its default."""
    row = blank(table)
    for batch in batches(rows):
        session.execute(sa.insert(table), [{**row, **given} for given in batch])


def insert_with_ids(session: Session, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> list[int]:
    """Insert rows into a table with a key `id` and give their ids, in the order of the rows."""
    row = blank(table)
    statement = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)
    ids: list[int] = []
    for batch in batches(rows):
        ids += session.scalars(statement, [{**row, **given} for given in batch])
    return ids


def update(session: Session, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Change rows by their `id`; each row names only what changes."""
    alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        alike.setdefault(tuple(sorted(row.keys() - {"id"})), []).append(row)
    for names, group in alike.items():
        if names:
            _update(session, table, names, group)


def _update(session: Session, table: sa.Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    values = {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    statement = sa.update(table).where(table.c.id == sa.bindparam("row_id")).values(values)
    for batch in batches(rows):
        given = [{"row_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in batch]
        session.execute(statement, given)


def _default(column: sa.Column[Any]) -> Any:
    default: Any = column.default
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg
