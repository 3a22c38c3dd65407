"""Rows of a table as they are and as a file wants them, and the links between rows; knows no kind of sheet.

Nothing is written before `store`, so that a file with a problem leaves no trace.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.batches import blank, insert, insert_with_ids, update

Values = dict[str, Any]


@dataclass
class Rows:
    """The rows of one table by a key that people know: `known` holds those that are there, with their `id`."""

    table: sa.Table
    known: Mapping[Hashable, Mapping[str, Any]]
    new: dict[Hashable, Values] = field(default_factory=dict)
    changes: dict[Hashable, Values] = field(default_factory=dict)
    same: set[Hashable] = field(default_factory=set)

    def id_of(self, key: Hashable) -> int | None:
        """The id of a row that is there, or None."""
        old = self.known.get(key)
        return None if old is None else int(old["id"])

    def merged(self, key: Hashable, given: Mapping[str, Any]) -> Values:
        """The row as it would be: what is there, or else the defaults, overlaid with what is given."""
        return {**(self.known.get(key) or blank(self.table)), **self._filled(given)}

    def want(self, key: Hashable, given: Mapping[str, Any]) -> None:
        """Ask for a row; None empties a column, or gives it its default when it cannot be empty."""
        values, old = self._filled(given), self.known.get(key)
        if old is None:
            self.new[key] = values
            return
        changes = {name: value for name, value in values.items() if old[name] != value}
        if changes:
            self.changes[key] = changes
        else:
            self.same.add(key)

    def touch(self, key: Hashable) -> None:
        """Count a row as changed, because something that belongs to it changes."""
        if key in self.same:
            self.same.remove(key)
            self.changes[key] = {}

    def store(self, session: Session) -> dict[Hashable, int]:
        """Write all that is new or changed; gives the id of every row by its key."""
        update(session, self.table, [{"id": self.known[key]["id"], **row} for key, row in self.changes.items()])
        ids = insert_with_ids(session, self.table, self.new.values())
        return {key: int(row["id"]) for key, row in self.known.items()} | dict(zip(self.new, ids, strict=True))

    def _filled(self, given: Mapping[str, Any]) -> Values:
        defaults = blank(self.table)
        return {name: defaults[name] if value is None else value for name, value in given.items()}


@dataclass
class Links:
    """Links from rows of one table (left) to those of another (right); a left row's list is always told whole.

    `known`: by left id, the right id of each right key with the further columns of the link.
    """

    table: sa.Table
    left: str
    right: str
    known: Mapping[int, Mapping[Hashable, tuple[int, Values]]] = field(default_factory=dict)
    wanted: dict[Hashable, dict[Hashable, Values]] = field(default_factory=dict)
    gone: list[tuple[int, int]] = field(default_factory=list)

    def want(self, key: Hashable, left_id: int | None, rights: Mapping[Hashable, Values]) -> bool:
        """Ask for exactly these links of a left row; True when that changes something."""
        known = {} if left_id is None else dict(self.known.get(left_id, {}))
        fresh = {right: values for right, values in rights.items() if right not in known or known[right][1] != values}
        gone = [ident for right, (ident, _values) in known.items() if right not in rights or right in fresh]
        if left_id is not None:
            self.gone += [(left_id, ident) for ident in gone]
        if fresh:
            self.wanted[key] = fresh
        return bool(fresh or gone)

    def store(self, session: Session, left_ids: Mapping[Hashable, int], right_ids: Mapping[Hashable, int]) -> None:
        """Take away what is gone and add what is new."""
        left, right = self.table.c[self.left], self.table.c[self.right]
        if self.gone:
            statement = sa.delete(self.table).where(left == sa.bindparam("l"), right == sa.bindparam("r"))
            session.execute(statement, [{"l": one, "r": other} for one, other in self.gone])
        insert(session, self.table, self._rows(left_ids, right_ids))

    def _rows(self, left_ids: Mapping[Hashable, int], right_ids: Mapping[Hashable, int]) -> Iterable[Values]:
        for key, rights in self.wanted.items():
            for right, values in rights.items():
                yield {self.left: left_ids[key], self.right: right_ids[right], **values}
