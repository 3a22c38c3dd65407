"""Taking a backup: one moment of the database in one file, while the service goes on writing."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from messaging import marks, migrations
from messaging.backups import envelope, rows
from messaging.backups.envelope import Header
from messaging.database import UNABLE, Database
from messaging.errors import DataError, SettingError
from messaging.installation import FINGERPRINT, OTHER_KEY
from messaging.models import Mark
from messaging.phones import Keys

MARK = "backup"  # when the last one was made
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Backup:
    """One whole backup."""

    path: Path
    size: int  # bytes
    header: Header
    manifest: rows.Manifest

    @property
    def rows(self) -> int:
        """How many it holds, of all tables."""
        return sum(count for count, _ in self.manifest.values())


def back_up(db: Database, path: Path, now: datetime) -> Backup:
    """Write a backup, read it through once more, give it its name, and note the time.

    Args:
        db: any database of ours; its tables may be of an earlier version.
        path: where; nothing may be there.
        now: the time.

    Raises:
        DataError: something is there already, the folder is missing, or the disk is full: no file is left; or the
            backup is there and whole, and only its time could not be noted.
        SettingError: the key is not the database's: the right one would not open what it seals.
    """
    with _kept(path) as draft:
        manifest, header = _write(db, draft, now)
        checked = check(draft, db.keys)  # what was never read back is no backup
        assert checked.manifest == manifest
    _note(db, path, now)
    return Backup(path, path.stat().st_size, header, manifest)


def check(path: Path, keys: Keys) -> Backup:
    """Read a whole backup without a database.

    Raises:
        DataError: it is missing, no backup, of another key, damaged or cut off.
    """
    with opened(path) as (file, header):
        manifest = rows.read(envelope.lines(file, header, keys))
    return Backup(path, path.stat().st_size, header, manifest)


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, Header]]:
    """The file and its header, read up to the first sealed piece."""
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    with path.open("rb") as file:
        yield file, envelope.read_header(file)


def _write(db: Database, path: Path, now: datetime) -> tuple[rows.Manifest, Header]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, db.snapshot() as connection:
        revision = migrations.current(connection)
        if revision is None:
            raise DataError("The database is empty: there is nothing to back up.")
        _refuse_other_key(connection, db.keys)
        header = Header.new(version("jekulu"), revision, now, db.keys)
        sealed = envelope.Writer(file, header, db.keys)
        manifest = rows.write(connection, sealed.write)
        sealed.close()
        file.flush()
        os.fsync(file.fileno())
    return manifest, header


@contextmanager
def _kept(path: Path) -> Iterator[Path]:
    """A draft beside the path that gets its name at the end, or is gone when anything is raised."""
    _refuse_existing(path)
    if not path.parent.is_dir():
        raise DataError(f"There is no folder {path.parent}. Make it first.")
    draft = path.with_name(f"{path.name}.part")
    try:
        draft.unlink(missing_ok=True)  # what a power cut left
        yield draft
        _refuse_existing(path)
        draft.rename(path)
        _keep_name(path.parent)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise DataError(
                f"The disk of {path.parent} is full: no backup was made. Make room, or use another."
            ) from None
        raise
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise DataError(f"{path} is there already, and a backup is never overwritten. Give another name.")


def _keep_name(folder: Path) -> None:
    """Make the name in the folder survive a power cut."""
    if os.name == "nt":
        return
    opened_folder = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened_folder)
    finally:
        os.close(opened_folder)


def _refuse_other_key(connection: sa.Connection, keys: Keys) -> None:
    known = connection.scalar(sa.select(Mark.value).where(Mark.name == FINGERPRINT))
    if known not in (None, keys.fingerprint()):
        raise SettingError(OTHER_KEY)


def _note(db: Database, path: Path, now: datetime) -> None:
    try:
        with db.write() as session:
            marks.note(session, MARK, now)
    except UNABLE as error:
        raise DataError(
            f"{path} is there and whole, but its time could not be noted in the database ({type(error).__name__}): "
            "is it full or locked? Run: jekulu doctor"
        ) from None
