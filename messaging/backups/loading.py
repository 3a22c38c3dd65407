"""Putting a backup back into an empty database, wholly or not at all, and bringing its tables up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command

from messaging import migrations
from messaging.backups import aftermath, envelope, rows, taking
from messaging.backups.taking import Backup
from messaging.database import Database
from messaging.errors import DataError, SettingError
from messaging.phones import Keys
from messaging.settings import Settings

Tell = Callable[[str], None]
OFTEN = 100_000  # rows between two signs of progress


@dataclass(frozen=True)
class Restored:
    """What came back."""

    backup: Backup
    revision: str  # of the tables now
    paused: list[str]  # real gateways that rest until a person has looked
    doubtful: int  # open messages that were due before the restore: they may have left since the backup


def restore(
    settings: Settings,
    path: Path,
    now: datetime,
    tell: Tell = lambda _: None,
    *,
    as_it_was: bool = False,
    unsent: bool = False,
) -> Restored:
    """Load a backup into the database of these settings, in one transaction.

    Args:
        settings: they name the database, which must be empty, and the key, which must be the right one.
        path: the backup.
        now: the time; what was due before it may have left from elsewhere.
        tell: gets a word now and then.
        as_it_was: leave the tables as the version knows them that made the backup.
        unsent: somebody says that nothing has left since the backup: no gateway rests.

    Raises:
        DataError: the backup cannot be used, or the database is not empty; the database stays as it was.
        SettingError: the key is missing, or the database cannot be opened.
    """
    keys = key_of(settings, "restore a backup")
    backup = taking.check(path, keys)
    refuse_newer(backup.header.revision, "This backup was made")
    db = Database(settings.database_url, keys)
    try:
        with db.engine.begin() as connection:
            _refuse_full(connection, settings)
            _load(connection, backup, keys, tell)
            paused, doubtful = aftermath.follow(connection, backup.header, now, as_it_was=as_it_was, unsent=unsent)
            if not as_it_was and backup.header.revision != migrations.head():
                tell("Bringing the tables up to date …")
                command.upgrade(migrations.config(connection), "head")
                compare({name: count for name, (count, _) in backup.manifest.items()}, connection)
            revision = migrations.current(connection)
        assert revision is not None
        return Restored(backup, revision, paused, doubtful)
    except sa.exc.DBAPIError as error:
        raise SettingError(
            f"The database cannot be opened or filled ({type(error.orig).__name__}). It is as it was. "
            "Check JEKULU_DATABASE, that its server runs, and the room on its disk."
        ) from None
    finally:
        db.dispose()


def key_of(settings: Settings, purpose: str) -> Keys:
    """The key that is there; none is made.

    Raises:
        SettingError: it is missing.
    """
    if not settings.key_path.exists():
        raise SettingError(
            f"The key file {settings.key_path} is missing: without it nobody can {purpose}. "
            "Put your second copy of the key there, or name it with JEKULU_KEY_FILE."
        )
    return Keys.load_or_make(settings.key_path)


def refuse_newer(revision: str | None, what: str) -> None:
    """Refuse tables that this version does not know.

    Raises:
        DataError: only a newer version knows them.
    """
    if revision is not None and revision not in migrations.known():
        raise DataError(
            f"{what} by a newer Jɛkulu (tables {revision}; this version knows them up to {migrations.head()}). "
            "Install that version or a later one."
        )


def compare(before: Mapping[str, int], connection: sa.Connection) -> None:
    """Hold the rows of each table, and the links between them, against what there was.

    Raises:
        DataError: rows are gone, or point to nothing.
    """
    tables = rows.reflect(connection)
    now = rows.count(connection, {name: table for name, table in tables.items() if name in before})
    fewer = [f"{name} {now.get(name, 0)} of {count}" for name, count in before.items() if now.get(name, 0) < count]
    if fewer:
        raise DataError(f"Rows are missing: {', '.join(fewer)}.")
    if connection.dialect.name == "sqlite":
        loose = {str(row[0]) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
        if loose:
            raise DataError(f"Rows point to others that are not there, in: {', '.join(sorted(loose))}.")


def _refuse_full(connection: sa.Connection, settings: Settings) -> None:
    if not sa.inspect(connection).get_table_names():
        return
    remedy = (
        "Make an empty database and name it in JEKULU_DATABASE."
        if settings.database
        else f"Stop the service, move the files {settings.data / 'jekulu.sqlite'}* into another folder, and try again."
    )
    raise DataError(f"The database is not empty, and a backup never overwrites anything. {remedy}")


def _load(connection: sa.Connection, backup: Backup, keys: Keys, tell: Tell) -> None:
    """Make the tables as the backup knew them and fill them."""
    command.upgrade(migrations.config(connection), backup.header.revision)
    tables = rows.reflect(connection)
    for table in tables.values():  # a migration may have put rows of its own there
        connection.execute(table.delete())
    links = _loosen(connection, tables.values())
    with taking.opened(backup.path) as (file, header):
        manifest = rows.read(envelope.lines(file, header, keys), _Filling(connection, tables, backup.rows, tell).take)
    if manifest != backup.manifest:
        raise envelope.DamagedError  # another file than the one that was checked
    _tighten(connection, links)
    _go_on_counting(connection, tables.values())
    if rows.count(connection, tables) != {name: count for name, (count, _) in manifest.items()}:
        raise DataError("What was loaded is not what the backup says it holds. Nothing was kept.")
    compare({}, connection)


class _Filling:
    """Puts the rows of a backup into their tables, and tells how far it is."""

    def __init__(self, connection: sa.Connection, tables: Mapping[str, sa.Table], whole: int, tell: Tell) -> None:
        self.connection, self.tables, self.whole, self.tell = connection, tables, whole, tell
        self.done = 0

    def take(self, part: rows.Part, batch: list[list[Any]]) -> None:
        table = self.tables.get(part.table)
        if table is None or not set(part.columns) <= set(table.c.keys()):
            raise DataError(f"The table « {part.table} » of the backup is none of ours. Nothing was kept.")
        try:
            rows.insert(self.connection, table, part.columns, batch)
        except (sa.exc.DataError, sa.exc.IntegrityError) as error:
            raise DataError(
                f"A row of the table « {part.table} » does not fit into this database ({type(error.orig).__name__}). "
                "Nothing was kept."
            ) from None
        if self.done // OFTEN != (self.done + len(batch)) // OFTEN:
            self.tell(f"  {self.done + len(batch)} of {self.whole} rows")
        self.done += len(batch)


def _loosen(connection: sa.Connection, tables: Iterable[sa.Table]) -> list[sa.ForeignKeyConstraint]:
    """Let rows come in any order: they point forth and back, and to themselves."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        return []
    links = [link for table in tables for link in table.foreign_key_constraints]
    for link in links:
        connection.execute(sa.schema.DropConstraint(link))
    return links


def _tighten(connection: sa.Connection, links: Iterable[sa.ForeignKeyConstraint]) -> None:
    """Hold every link from here on, and see that those that came are whole."""
    for link in links:
        try:
            connection.execute(sa.schema.AddConstraint(link))
        except sa.exc.IntegrityError:
            raise DataError(f"Rows of « {link.table.name} » point to others that are not there.") from None
    if connection.dialect.name == "sqlite":
        compare({}, connection)
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = OFF")


def _go_on_counting(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """PostgreSQL's counters do not see rows that brought their number with them."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key.columns:
            named = sa.func.pg_get_serial_sequence(f'"{table.name}"', column.name)
            sequence = connection.scalar(sa.select(named))
            last = connection.scalar(sa.select(sa.func.max(column))) if sequence else None
            if last is not None:
                connection.execute(sa.select(sa.func.setval(sequence, last)))
