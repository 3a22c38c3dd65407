"""The database: it answers, has the tables of this version, is whole, and keeps what it said it kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import marks, migrations
from messaging.database import Database
from messaging.doctor.diagnosis import Diagnosis, State, fine, size, warn, wrong
from messaging.installation import FINGERPRINT, Installation
from messaging.models import Mark
from messaging.phones import Keys
from messaging.settings import Settings

WAL_MOST = 256_000_000  # bytes; a log this long was never folded back: somebody reads without end
OLDEST = 14  # of PostgreSQL that we try
FILE = "database file"  # the check of SQLite's
WHOLE_AT = "whole_at"  # the mark
DAILY = timedelta(hours=24)
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")  # of PostgreSQL; off: a power cut takes what was stored


def open_store(settings: Settings, keys: Keys) -> tuple[Database | None, Diagnosis]:
    """Open the database as it stands: nothing is made, nothing is brought up to date. None: it cannot be used."""
    path = settings.data / "jekulu.sqlite"
    if not settings.database and not path.exists():
        return None, wrong("database", f"There is no database {path} yet.", "Start once: jekulu run")
    db = Database(settings.database_url, keys)
    try:
        with db.read() as session:
            current = migrations.current(session.connection())
        found = judge_revision(current, migrations.head(), migrations.known())
    except sa.exc.DBAPIError as error:
        found = judge_silence(type(error.orig).__name__, db.is_sqlite)
    if found.state != "ok":
        db.dispose()
        return None, found
    return db, found


def judge_silence(error: str, is_file: bool) -> Diagnosis:
    """Of the kind of error in place of an answer; what SQLite cannot read at all has its most general one."""
    if is_file and error == "DatabaseError":
        return judge_check(error)
    return wrong(
        "database",
        f"The database does not answer ({error}). Gateways bring their SMS again for hours.",
        "Is its server on, its disk full, JEKULU_DATABASE right? Then: systemctl restart jekulu",
    )


def judge_revision(current: str | None, head: str, known: Iterable[str]) -> Diagnosis:
    """Of the revision that the tables have, the newest one, and all that this version knows."""
    if current == head:
        return fine("database", f"The database answers; its tables are of this version ({head}).")
    if current is None:
        return wrong("database", "The database is empty.", "Start once: jekulu run; or put a backup back.")
    if current not in known:
        told = f"The tables ({current}) are of a newer version than this program ({head})."
        return wrong("database", told, "Install that version again; an older program must not write here.")
    return wrong("database", f"The tables are of an older version ({current}, not {head}).", "jekulu upgrade")


def fingerprint(here: Installation, _now: datetime) -> Iterable[Diagnosis]:
    """The key belongs to this database."""
    with here.db.read() as session:
        mark = session.get(Mark, FINGERPRINT)
    if mark is not None and mark.value != here.keys.fingerprint():
        told = "This key does not belong to this database: phone numbers can neither be read nor found."
        yield wrong("key", told, "Put the right key file back, or name it with JEKULU_KEY_FILE.")


def wholeness(here: Installation, _now: datetime) -> Iterable[Diagnosis]:
    """SQLite's file is whole and its log short; PostgreSQL is not too old, and writes to the disk."""
    return [*_file(here.db), *_log(here.db)] if here.db.is_sqlite else _postgresql(here.db)


def wholeness_daily(here: Installation, now: datetime) -> Iterable[Diagnosis]:
    """The same, but a file that was found whole within a day is left alone: to look reads all of it."""
    if not here.db.is_sqlite:
        return _postgresql(here.db)
    with here.db.read() as session:
        seen = marks.moment(session, WHOLE_AT)
    is_fresh = seen is not None and timedelta(0) <= now - seen < DAILY
    return [*([] if is_fresh else _file(here.db)), *_log(here.db)]


def remember(session: Session, found: Iterable[Diagnosis], now: datetime) -> None:
    """Note when SQLite's file was found whole; a damaged one is read through at every look until it is mended."""
    if any(one.check == FILE and one.state is State.OK for one in found):
        marks.note(session, WHOLE_AT, now)


def _file(db: Database) -> Iterable[Diagnosis]:
    with db.read() as session:
        told = session.scalars(sa.text("PRAGMA quick_check(1)")).all()
    yield judge_check(str(told[0]) if told else "")


def _log(db: Database) -> Iterable[Diagnosis]:
    log = Path(f"{db.url.database}-wal")
    yield from judge_wal(log.stat().st_size if log.exists() else 0)


def judge_check(told: str) -> Diagnosis:
    """Of the first line of SQLite's own check."""
    if told == "ok":
        return fine(FILE, "The database file is whole.")
    return wrong(
        FILE,
        "The database file is damaged.",
        "Stop the service, keep the file, put last night's backup back: jekulu restore FILE. Then check the disk.",
    )


def judge_wal(count: int) -> Iterable[Diagnosis]:
    """Of the bytes of SQLite's log."""
    if count > WAL_MOST:
        told = f"The log beside the database has {size(count)}: something reads without end and keeps it."
        yield warn(FILE, told, "systemctl restart jekulu; close other programs that read the file.")


def _postgresql(db: Database) -> Iterable[Diagnosis]:
    with db.read() as session:
        version = int(session.scalar(sa.text("SHOW server_version_num")) or 0) // 10_000
        off = [name for name in DURABLE if session.scalar(sa.text(f"SHOW {name}")) == "off"]
    return judge_server(version, off)


def judge_server(version: int, off: Iterable[str]) -> Iterable[Diagnosis]:
    """Of PostgreSQL's version, and of what should be on and is off."""
    for name in off:
        told = f"PostgreSQL runs with {name} = off: after a power cut SMS may be lost, or leave twice."
        yield wrong("database server", told, f"Set {name} = on in postgresql.conf, and reload it.")
    if version < OLDEST:
        told = f"PostgreSQL {version} is older than what we try ({OLDEST} and newer)."
        yield warn("database server", told, "Plan its upgrade.")
    elif not off:
        yield fine("database server", f"PostgreSQL {version} writes what it says it has written.")
