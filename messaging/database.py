"""The database: one way to open SQLite or PostgreSQL, to read and to write; knows no table of ours.

SQLite runs in WAL with synchronous FULL, foreign keys on, and every writing transaction starts with BEGIN IMMEDIATE:
with the driver's own transactions, threads that select and then update claimed one row several times without an error.
Reading starts with a plain BEGIN, so that pages never wait for the sender.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

from messaging.errors import BusyError, SettingError
from messaging.gathering import Gathering
from messaging.phones import Keys
from messaging.turns import Turns

T = TypeVar("T")
ALONE = {"key_share": True}  # of with_for_update: rows that only point to this one may be written meanwhile
BUSY_MS = 10_000  # how long a writer waits for another one
HASTY_MS = 800
# What cannot be stored now, and can be later: locked, down, full, every connection in use.
UNABLE = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware UTC in and out; SQLite's own type drops the zone, so a naive value is refused rather than guessed."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone reached the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give aware UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def words(kind: type[enum.StrEnum], **options: Any) -> Any:
    """A column of one of our words, checked in Python and stored as text.

    Native enums cannot be added to by a migration on PostgreSQL inside a transaction; text can.
    """
    column = sa.Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )
    return mapped_column(column, **options)


class Base(DeclarativeBase):
    """The one metadata object of all our tables."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: sa.JSON(none_as_null=True),
        list[str]: sa.JSON(none_as_null=True),
        list[int]: sa.JSON(none_as_null=True),
        list[dict[str, Any]]: sa.JSON(none_as_null=True),
    }


class Database:
    """One opened database: `with db.write() as session` and `with db.read() as session`.

    Every session carries the installation's keys in `session.info["keys"]`, because a phone number cannot be stored
    or found without them.
    """

    def __init__(self, url: str | URL, keys: Keys) -> None:
        """Open the engine; no connection is made yet.

        Raises:
            SettingError: the address is not one of SQLite or PostgreSQL, or what speaks to it is not installed.
        """
        self.url = _checked(url)
        self.keys = keys
        self.engine = _engine(self.url)
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        else:
            sa.event.listen(self.engine, "begin", _begin_postgresql)
        info = {"keys": keys}
        self._writing = sessionmaker(self.engine, info=info, expire_on_commit=False)
        reader = self.engine.execution_options(reading=True)
        self._reading = sessionmaker(reader, info=info, expire_on_commit=False, autoflush=False)
        hasty = self.engine.execution_options(hasty=True)
        self._hasty = sessionmaker(hasty, info=info, expire_on_commit=False)
        self._turns = Turns()
        self._gathering = Gathering(self._at_once, HASTY_MS / 1000, UNABLE)

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite, False on PostgreSQL."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def write(self, hasty: bool = False) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back when anything is raised.

        A hasty one gives up within a second when another writer holds the database (OperationalError): a gateway that
        waits for our answer brings its SMS again.
        """
        patience = (HASTY_MS if hasty else BUSY_MS) / 1000
        with self._turn(patience), (self._hasty if hasty else self._writing).begin() as session:
            yield session

    def gather(self, act: Callable[[Session], T]) -> T:
        """Do a small act, hastily, in a transaction that other threads may share; gives its result when it is stored.

        On SQLite there is one writer: many that ask for the file at once wait for each other's turn in the dark, and
        each for a write to the disk of its own. PostgreSQL lets them write side by side and gathers commits by itself,
        and there a row that one of a group waits for would hold up all. The act may be done over again.

        Raises:
            BusyError: the database is locked, full or down.
        """
        try:
            if self.is_sqlite:
                return self._gathering.do(act)
            with self.write(hasty=True) as session:
                return act(session)
        except UNABLE as error:
            raise BusyError from error

    @contextmanager
    def _at_once(self, seconds: float) -> Iterator[Session]:
        """A hasty transaction that holds the writer from its begin."""
        until = monotonic() + seconds
        with self._turn(seconds), self._hasty.begin() as session:
            left = max(until - monotonic(), 0.0)
            session.connection(execution_options={"hasty_ms": round(left * 1000)})
            yield session

    def _turn(self, seconds: float) -> AbstractContextManager[None]:
        """On SQLite the writers of this process stand in line: left to its own lock, some would wait for seconds."""
        return self._turns.take(seconds) if self.is_sqlite else nullcontext()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent look at the database; nothing is kept."""
        with self._reading() as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """The whole database as it is at one moment, however long the looking takes; nobody waits for it."""
        options = {"reading": True} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self.engine.connect().execution_options(**options) as connection:
            yield connection

    def session(self) -> Session:
        """A bare writing session, for a library that wants to steer it itself."""
        return self._writing()

    def scrub(self, tables: Sequence[str]) -> None:
        """Leave nothing of what was erased in the files: SQLite's log is emptied, PostgreSQL's old rows are let go.

        While somebody reads, the log cannot be emptied; the next call does it.
        """
        if self.is_sqlite:
            raw = self.engine.raw_connection()
            try:
                raw.cursor().execute(
                    f"PRAGMA busy_timeout = {HASTY_MS}"
                )  # a backup reads for long: writers would wait too
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")  # no transaction may be open
            finally:
                raw.close()
            return
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in tables:
                connection.exec_driver_sql(f'VACUUM "{table}"')

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def keys_of(session: Session) -> Keys:
    """The keys that this session seals and finds phone numbers with."""
    keys = session.info["keys"]
    assert isinstance(keys, Keys)
    return keys


def insert_ignore(
    session: Session, model: type[Base], conflict: Sequence[str], among: sa.ColumnElement[bool] | None = None
) -> Any:
    """An INSERT that skips rows whose unique key is there already, on either database.

    `among` is the condition of a unique index that holds for some rows only.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(model).on_conflict_do_nothing(index_elements=conflict, index_where=among)


def change(session: Session, statement: Any) -> int:
    """Run a bulk INSERT, UPDATE or DELETE; gives how many rows it touched. Loaded objects are not told."""
    options = {"synchronize_session": False, "preserve_rowcount": True}  # an INSERT forgets its count without it
    done = cast("sa.CursorResult[Any]", session.execute(statement, execution_options=options))
    return done.rowcount


def _checked(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # of a port that is no number; it would show what stands there
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingError(
            "JEKULU_DATABASE is no address of a database. "
            "Leave it out for SQLite, or write postgresql://user:password@host/name; "
            "a / @ : # ? or % in user or password as %2F %40 %3A %23 %3F %25."
        )
    return parsed


def _engine(url: URL) -> sa.Engine:
    try:
        return sa.create_engine(url, hide_parameters=True, **_options(url))  # a text stays out of logs
    except (sa.exc.ArgumentError, ImportError):
        raise SettingError(
            f"JEKULU_DATABASE: what speaks to {url.drivername} is not installed. "
            "For PostgreSQL: pip install 'jekulu[postgresql]'"
        ) from None


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() != "sqlite":
        return {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True}
    if url.database:
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # it will hold what people wrote
    return {"connect_args": {"timeout": BUSY_MS / 1000, "check_same_thread": False}, "pool_size": 20}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are ours to begin, see _begin_sqlite
    settings = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -16000")
    for pragma in (*settings, "secure_delete = ON"):  # what is erased is written over, not only let go
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    patience = options.get("hasty_ms", HASTY_MS if options.get("hasty") else BUSY_MS)
    raw: Any = connection.connection.dbapi_connection
    raw.execute(f"PRAGMA busy_timeout = {patience}")  # cannot fail, so that it need not pass through the library
    connection.exec_driver_sql("BEGIN" if options.get("reading") else "BEGIN IMMEDIATE")


def _begin_postgresql(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("hasty"):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {HASTY_MS // 2}")  # of each lock: a row's, then a table's
