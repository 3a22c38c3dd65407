"""Rows of any table as lines of JSON and back, the same for both kinds of database; knows no table by name.

The tables are read from the database itself, because a backup may be older than the models. JSON travels as the text
that is stored, so that nothing of it is written anew.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from messaging.backups.envelope import DamagedError

AT_ONCE = 2000  # rows that are read or written together
Change = Callable[[Any], Any]
Manifest = dict[str, tuple[int, str]]  # table: rows, SHA-256 of their lines


def reflect(connection: sa.Connection) -> dict[str, sa.Table]:
    """The tables of a database as they are, by name; Alembic's own is left out, its word is in the header."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return {name: table for name, table in sorted(metadata.tables.items()) if name != "alembic_version"}


def count(connection: sa.Connection, tables: Mapping[str, sa.Table]) -> dict[str, int]:
    """How many rows each table has."""
    number = sa.func.count()
    return {name: connection.scalar(sa.select(number).select_from(table)) or 0 for name, table in tables.items()}


@dataclass
class Part:
    """One table on its way: what has gone by so far."""

    table: str
    columns: list[str]
    rows: int = 0
    sum: Any = field(default_factory=hashlib.sha256)

    def add(self, line: bytes) -> None:
        """Count one row in."""
        self.rows += 1
        self.sum.update(line)

    @property
    def entry(self) -> tuple[int, str]:
        """As it stands in the manifest."""
        return self.rows, self.sum.hexdigest()


def write(connection: sa.Connection, put: Callable[[bytes], None]) -> Manifest:
    """Write every row of every table, and the manifest; gives it."""
    manifest: Manifest = {}
    for name, table in reflect(connection).items():
        part = Part(name, list(table.c.keys()))
        put(_line({"table": name, "columns": part.columns}))
        for line in _lines(connection, table):
            part.add(line)
            put(line)
        manifest[name] = part.entry
    put(_line({"manifest": manifest}))
    return manifest


def read(lines: Iterator[bytes], take: Callable[[Part, list[list[Any]]], None] | None = None) -> Manifest:
    """Read a whole backup, hand its rows on in batches, and hold what came against its manifest.

    Raises:
        DamagedError: the lines are not what the manifest says.
    """
    seen: dict[str, Part] = {}
    part, batch = Part("", []), list[list[Any]]()
    for line in lines:
        if line.startswith(b"["):
            part.add(line)
            if take:
                batch.append(json.loads(line))
                batch = _handed(take, part, batch, AT_ONCE)
            continue
        batch = _handed(take, part, batch, 1)
        told = json.loads(line)
        if "manifest" in told:
            manifest = {name: (rows, digest) for name, (rows, digest) in told["manifest"].items()}
            if manifest != {name: part.entry for name, part in seen.items()} or next(lines, None) is not None:
                raise DamagedError
            return manifest
        part = seen[told["table"]] = Part(told["table"], told["columns"])
    raise DamagedError


def _handed(
    take: Callable[[Part, list[list[Any]]], None] | None, part: Part, batch: list[list[Any]], least: int
) -> list[list[Any]]:
    if take is None or len(batch) < least:
        return batch
    take(part, batch)
    return []


def insert(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[list[Any]]) -> None:
    """Put rows of a backup into a table."""
    bare = sa.table(table.name, *(sa.column(name, _stored(table.c[name].type)) for name in columns))
    changes = [(name, _decoder(table.c[name].type, connection.dialect.name)) for name in columns]
    values = [
        {name: value if change is None or value is None else change(value) for (name, change), value in pairs}
        for pairs in (zip(changes, row, strict=True) for row in rows)
    ]
    connection.execute(bare.insert(), values)


def _lines(connection: sa.Connection, table: sa.Table) -> Iterator[bytes]:
    columns = [sa.cast(one, sa.Text).label(one.name) if _is_json(one.type) else one for one in table.columns]
    changes = [(place, change) for place, one in enumerate(table.columns) if (change := _encoder(one.type))]
    for row in connection.execute(sa.select(*columns).execution_options(yield_per=AT_ONCE)):
        values = list(row)
        for place, change in changes:
            if values[place] is not None:
                values[place] = change(values[place])
        yield _line(values)


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _is_json(kind: sa.types.TypeEngine[Any]) -> bool:
    return isinstance(kind, sa.JSON)


def _stored(kind: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    return sa.types.NullType() if _is_json(kind) else kind  # the text goes in as it is


def _encoder(kind: sa.types.TypeEngine[Any]) -> Change | None:
    if isinstance(kind, sa.DateTime):
        return lambda value: (value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)).isoformat()
    if isinstance(kind, sa.Date):
        return date.isoformat
    if isinstance(kind, sa.Time):
        return time.isoformat
    if isinstance(kind, sa.LargeBinary):
        return lambda value: base64.b64encode(value).decode()
    return None


def _decoder(kind: sa.types.TypeEngine[Any], dialect: str) -> Change | None:
    if isinstance(kind, sa.DateTime):
        zone = None if dialect == "sqlite" else UTC
        return lambda value: datetime.fromisoformat(value).replace(tzinfo=zone)
    if isinstance(kind, sa.Date):
        return date.fromisoformat
    if isinstance(kind, sa.Time):
        return time.fromisoformat
    if isinstance(kind, sa.LargeBinary):
        return base64.b64decode
    return None
