"""What lies on this computer's disk: the data folder, its room, the key and its second copy, the backups."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import marks, restored
from messaging.backups import taking
from messaging.doctor.diagnosis import Diagnosis, fine, size, warn, wrong
from messaging.errors import DataError, SettingError
from messaging.installation import Installation
from messaging.models import Inbound, Message
from messaging.phones import Keys
from messaging.settings import Settings

KEY_COPIED = "key_copied"  # the mark of the day on which a second copy of the key was compared with it
LOST = "lost+found"  # root's, at the top of each disk
OTHERS = 0o077  # bits of a mode by which somebody else reads or writes
LEAST = 300_000_000  # bytes; below it a backup or a night of the database may find no room
MONTH, HALF_YEAR = timedelta(days=30), timedelta(days=182)
LEAST_DAYS = 7  # one busy day says nothing about a year
COPY_GOOD_FOR = timedelta(days=365)
BACKUP_KEPT = timedelta(days=31)  # EFFACER promises 30 days; the night deletes what is older than those
BACKUP_LATE = timedelta(hours=36)  # one a night, and a night may take its time
# What the database grows by, with all that belongs to it. Measured: see docs/fr/exploiter.md, the section on growth.
MESSAGE_BYTES, INBOUND_BYTES = 1_300, 1_000


def folder(settings: Settings, _now: datetime) -> Iterable[Diagnosis]:
    """The data folder is there, ours with all that is in it, and closed to others."""
    path = settings.data
    if not path.is_dir():
        told = f"There is no data folder {path}."
        return [wrong("folder", told, "Set JEKULU_DATA to the right folder; a new installation makes it by itself.")]
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        told = f"This user may not write in the data folder {path}."
        return [wrong("folder", told, f"Run as the user of the service, or: chown -R jekulu: {path}")]
    if stat.S_IMODE(path.stat().st_mode) & OTHERS:
        told = f"Other users of this computer can look into the data folder {path}."
        return [wrong("folder", told, f"chmod 700 {path}")]
    if others := strangers(path):
        told = f"{', '.join(others[:3])} in the data folder belong to another user than the folder."
        return [wrong("folder", told, f"chown -R --reference={path} {path}; and run no command as root.")]
    return [fine("folder", f"The data folder {path} is writable, and closed to others.")]


def strangers(folder: Path) -> list[str]:
    """Files that a command of another user left, and that the service cannot write to."""
    owner, others = folder.stat().st_uid, []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # SQLite's own come and go
            if path.lstat().st_uid != owner and path.name != LOST:
                others.append(str(path.relative_to(folder)))
    return sorted(others)


def room(settings: Settings, _now: datetime) -> Iterable[Diagnosis]:
    """There is room on the disk of the data folder."""
    if settings.data.is_dir():
        yield judge_room(shutil.disk_usage(settings.data).free)


def judge_room(free: int) -> Diagnosis:
    """Of bytes that are free now."""
    if free < LEAST:
        told = f"The disk is nearly full: {size(free)} are left. On a full disk nothing can be stored or sent."
        return wrong("disk", told, "Delete old backups and logs, or enlarge the disk, today.")
    return fine("disk", f"{size(free)} of the disk are free.")


def growth(here: Installation, now: datetime) -> Iterable[Diagnosis]:
    """When the disk will be full at the pace of the last 30 days."""
    if not here.db.is_sqlite:
        return [fine("growth", "The database grows on its own server; watch that disk there.")]
    with here.db.read() as session:
        per_day = pace(session, now)
    return [judge_growth(shutil.disk_usage(here.settings.data).free, per_day, now)]


def pace(session: Session, now: datetime) -> float:
    """Bytes a day by which the database grew over the last 30 days, or since the first SMS of a young one."""
    at = (Message.due_at, Inbound.received_at)
    (sent, first_sent), (came, first_came) = (
        session.execute(sa.select(sa.func.count(), sa.func.min(one)).where(one > now - MONTH, one <= now)).one()
        for one in at
    )
    first = min((one for one in (first_sent, first_came) if one), default=now)
    days = max((now - first) / timedelta(days=1), LEAST_DAYS)
    return float((sent * MESSAGE_BYTES + came * INBOUND_BYTES) / days)


def judge_growth(free: int, per_day: float, now: datetime) -> Diagnosis:
    """Of bytes that are free, and of bytes a day."""
    if not per_day:
        return fine("growth", "Nothing left and nothing came in for 30 days: the database does not grow.")
    if per_day * 3650 < free:
        return fine("growth", f"The database grows by {size(per_day * 365)} a year; the disk lasts for ten years.")
    full = now + timedelta(days=free / per_day)
    told = f"The database grows by {size(per_day * 365)} a year; the disk will be full about {full:%Y-%m-%d}."
    if full - now < MONTH:
        return wrong("growth", told, "Enlarge the disk, or delete what else fills it, this week.")
    if full - now < HALF_YEAR:
        return warn("growth", told, "Plan a larger disk.")
    return fine("growth", told)


def key(settings: Settings, _now: datetime) -> Iterable[Diagnosis]:
    """The key is there, whole, and readable by its owner alone."""
    path = settings.key_path
    if not path.exists():
        told = f"There is no key file {path}: no phone number can be read, and nothing can start."
        return [wrong("key", told, "Put its second copy back, or name the file with JEKULU_KEY_FILE.")]
    try:
        Keys.load_or_make(path)
    except SettingError as error:
        return [wrong("key", str(error), "Put the second copy of the key back.")]
    if stat.S_IMODE(path.stat().st_mode) & OTHERS:
        return [wrong("key", f"Other users of this computer can read the key {path}.", f"chmod 600 {path}")]
    return [judge_place(path, settings)]


def judge_place(path: Path, settings: Settings) -> Diagnosis:
    """A key beside what it protects protects nothing, once both are copied together."""
    if settings.backups and settings.backups in path.parents:
        told = f"The key {path} lies in the folder of the backups: whoever finds a backup can read the numbers."
        return wrong("key", told, "Move it out, and name its place with JEKULU_KEY_FILE.")
    if settings.data in path.parents:
        told = f"The key {path} lies in the data folder: a copy of the whole folder carries both."
        remedy = "Copy with `jekulu backup`, which leaves the key out; or move it and set JEKULU_KEY_FILE."
        return warn("key", told, remedy)
    return fine("key", f"The key {path} is readable by its owner alone, and lies apart from the data.")


def key_copy(here: Installation, now: datetime) -> Iterable[Diagnosis]:
    """A second copy was compared with the key, not too long ago."""
    with here.db.read() as session:
        yield judge_copy(marks.moment(session, KEY_COPIED), now)


def judge_copy(compared: datetime | None, now: datetime) -> Diagnosis:
    """Of the day on which a second copy was compared with the key."""
    remedy = "Put the USB stick in, or type the paper into a file, and: jekulu doctor --key-copy FILE"
    if compared is None:
        told = "No second copy of the key was ever compared with it: with this disk all phone numbers would be lost."
        return warn("key copy", told, remedy)
    if now - compared > COPY_GOOD_FOR:
        return warn("key copy", f"The second copy of the key was last compared on {compared:%Y-%m-%d}.", remedy)
    return fine("key copy", f"The second copy of the key was compared with it on {compared:%Y-%m-%d}.")


def compare(here: Installation, copy: Path, now: datetime) -> None:
    """Compare a second copy with the key in use, and note the day.

    Raises:
        DataError: it is another key, or it lies on the same disk.
        KeyFileError: it is no key.
    """
    if not copy.exists():
        raise DataError(f"There is no file {copy}.")
    if copy.samefile(here.settings.key_path) or copy.stat().st_dev == here.settings.key_path.stat().st_dev:
        raise DataError(f"{copy} lies on the same disk as the key: with the disk both are lost. Use a USB stick.")
    if Keys.load_or_make(copy).secret != here.keys.secret:
        raise DataError(f"{copy} holds another key than the one in use. Copy it again.")
    with here.db.write() as session:
        marks.note(session, KEY_COPIED, now)


def backup(here: Installation, now: datetime) -> Iterable[Diagnosis]:
    """There is a backup of last night."""
    with here.db.read() as session:
        made = marks.moment(session, taking.MARK)
    place = here.settings.backups or here.settings.data
    yield judge_backup(made, place.is_dir() and place.stat().st_dev == here.settings.data.stat().st_dev, now)


def old_backups(settings: Settings, now: datetime) -> Iterable[Diagnosis]:
    """No backup is kept longer than those who were erased were promised."""
    folder = settings.backups or settings.data / "backups"
    first = (now - BACKUP_KEPT).timestamp()
    if old := sum(path.stat().st_mtime < first for path in folder.glob("*.backup")):
        told = f"{old} backups in {folder} are older than 30 days: people who were erased since are still in them."
        yield warn("old backups", told, f"find {folder} -name '*.backup' -mtime +29 -delete")


def restore(here: Installation, _now: datetime) -> Iterable[Diagnosis]:
    """After a restore a person has said what had left before it."""
    with here.db.read() as session:
        rest = restored.rest(session)
    if rest.gap is not None and not rest.gap.left:
        told = f"Since the backup of {rest.gap.since:%Y-%m-%d %H:%M} was restored, {rest.held} SMS are kept back."
        yield warn("restore", told, "See at the gateways what had left; then: jekulu restored --left or --unsent")


def judge_backup(made: datetime | None, is_beside: bool, now: datetime) -> Diagnosis:
    """Of the time of the last backup, and of whether backups lie on the same disk as the data."""
    remedy = "Each night: jekulu backup FILE (docs/fr/exploiter.md)"
    if made is None:
        return warn("backup", "There has never been a backup.", remedy)
    if now - made > BACKUP_LATE:
        return wrong("backup", f"The last backup is of {made:%Y-%m-%d %H:%M}.", remedy)
    more = " They lie on the same disk as the data: carry one away each week." if is_beside else ""
    return fine("backup", f"The last backup is of {made:%Y-%m-%d %H:%M}.{more}")
