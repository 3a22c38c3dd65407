"""A database as an earlier release left it: its tables at a revision, and plausible rows in every one of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import command

import campaigns.models  # noqa: F401 - fills the metadata
from messaging import migrations
from messaging.database import Base
from messaging.phones import Keys

THEN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROWS = 2  # a table

PLAUSIBLE: Mapping[str, Any] = {  # where a value of the right type would not yet be read by the program
    "gateway.adapter": "simulator",
    "hours.open_spans": "07:00-20:00",
    "hours.closed_spans": "",
    "hours.kind": "campaign",
    "cap.kind": ("campaign", "service"),
    "programme.zone": "Africa/Bamako",
    "message.body": "Lavez les mains.",
    "message.encoding": "GSM-7",
    "phone.prefix": "+22376",
    "phone.last_two": "01",
    "language.code": ("fr", "bm"),
    "programme.language": "fr",
}


def build(engine: sa.Engine, revision: str, keys: Keys) -> dict[str, int]:
    """Make the tables of a revision and fill every one; gives the rows of each table."""
    with engine.begin() as connection:
        command.upgrade(migrations.config(connection), revision)
        tables = reflected(connection)
        for table in in_order(tables):
            for place in range(1, ROWS + 1):
                row = {column.name: _value(column, place, keys) for column in table.columns}
                connection.execute(table.insert(), row)
        _go_on_counting(connection, tables)
        return counts(connection)


def reflected(connection: sa.Connection) -> dict[str, sa.Table]:
    """The tables as they are in the database, Alembic's own left out."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return {name: table for name, table in metadata.tables.items() if name != "alembic_version"}


def in_order(tables: Mapping[str, sa.Table]) -> list[sa.Table]:
    """Those first that others point to."""
    first = next(iter(tables.values()))
    return [table for table in first.metadata.sorted_tables if table.name in tables]


def counts(connection: sa.Connection) -> dict[str, int]:
    """How many rows each table has."""
    count = sa.func.count()
    tables = sorted(reflected(connection).items())
    return {name: connection.scalar(sa.select(count).select_from(table)) or 0 for name, table in tables}


def contents(connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, in the order of the key, as the columns of the models read them."""
    found = {}
    for name, here in sorted(reflected(connection).items()):
        today = Base.metadata.tables[name]
        columns = [today.c[column] for column in here.c.keys()]  # noqa: SIM118 - their keys, not the columns
        rows = connection.execute(sa.select(*columns).order_by(*today.primary_key.columns))
        found[name] = [dict(row._mapping) for row in rows]
    return found


def _value(column: sa.Column[Any], place: int, keys: Keys) -> Any:
    name = f"{column.table.name}.{column.name}"
    number = f"+2237612340{place}"
    if name in PLAUSIBLE:
        value = PLAUSIBLE[name]
        return value[place - 1] if isinstance(value, tuple) else value
    if name == "phone.sealed":
        return keys.seal(number)
    if name == "phone.hash":
        return keys.find(number)
    for foreign in column.foreign_keys:
        is_own = foreign.column.table is column.table
        return None if is_own else _value(foreign.column, place, keys)
    return _plain(column, place)


def _plain(column: sa.Column[Any], place: int) -> Any:
    """A value of the column's type; of its words, where the model of today has such."""
    today = Base.metadata.tables[column.table.name].columns.get(column.name)
    kind = column.type if today is None else today.type
    if isinstance(kind, sa.Enum):
        return kind.enums[(place - 1) % len(kind.enums)]
    if isinstance(kind, sa.types.TypeDecorator):
        kind = kind.impl_instance
    if isinstance(kind, sa.JSON):
        return [] if _is_list(column) else {}
    if isinstance(kind, sa.Boolean):
        return bool(place % 2)
    if isinstance(kind, sa.DateTime):
        later = THEN + timedelta(hours=place)
        return later.replace(tzinfo=None) if isinstance(column.type, sa.dialects.sqlite.DATETIME) else later
    if isinstance(kind, sa.Date):
        return date(2026, 3, place)
    if isinstance(kind, sa.Time):
        return time(20, 30 + place)
    if isinstance(kind, sa.LargeBinary):
        return bytes([place])
    if isinstance(kind, sa.Integer | sa.Float):
        return place
    return f"{place}-{column.name}"[: getattr(kind, "length", None) or 40]


def _is_list(column: sa.Column[Any]) -> bool:
    for mapper in Base.registry.mappers:
        if mapper.local_table is Base.metadata.tables[column.table.name]:
            return "list" in mapper.class_.__annotations__.get(column.name, "")
    return False


def _go_on_counting(connection: sa.Connection, tables: Mapping[str, sa.Table]) -> None:
    """PostgreSQL's counters do not see rows that brought their number with them."""
    if connection.dialect.name != "postgresql":
        return
    for name, table in tables.items():
        if "id" in table.c and isinstance(table.c.id.type, sa.Integer):
            connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('\"{name}\"', 'id'), {ROWS})")


def empty_postgresql(server: str) -> str:
    """The address of a new database on a server of ours, without a table."""
    address = sa.make_url(server).set(drivername="postgresql+psycopg")
    name = f"e_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return address.set(database=name).render_as_string(hide_password=False)
