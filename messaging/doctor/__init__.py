"""The doctor: looks at the whole installation and says in sentences what is wrong and what to do.

It changes nothing, makes nothing, and looks on when something is broken: without the database, at what lies on the
disk; without settings that can be read, at those.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from messaging import settings as all_settings
from messaging.doctor import disk, network, post, store, ways
from messaging.doctor.diagnosis import Diagnosis, State, fine, wrong
from messaging.errors import SettingError
from messaging.gateways import Adapters
from messaging.installation import Installation
from messaging.phones import Keys
from messaging.settings import Settings

T = TypeVar("T")
Check = Callable[[T, datetime], Iterable[Diagnosis]]

# What needs nothing but the settings, and what looks at an opened installation; the order is that of the report.
BARE: Mapping[str, Check[Settings]] = {
    "folder": disk.folder,
    "disk": disk.room,
    "key": disk.key,
    "old backups": disk.old_backups,
    "log": post.running,
}
WHOLE: Mapping[str, Check[Installation]] = {
    "key": store.fingerprint,
    store.FILE: store.wholeness,
    "engine": post.engine,
    "public address": network.public_address,
    "gateways": ways.gateways,
    "clock": network.clocks,
    "unknown outcomes": post.unknown,
    "inbound": post.inbounds,
    "budget": post.money,
    "duty": post.duty,
    "mail": network.mail_server,
    "key copy": disk.key_copy,
    "backup": disk.backup,
    "restore": disk.restore,
    "growth": disk.growth,
    "programmes": post.practice,
}


def examine(now: datetime, environ: Mapping[str, str] | None = None, *, often: bool = False) -> list[Diagnosis]:
    """All that was found, check by check; never raises.

    Args:
        now: the time.
        environ: the settings; of the process when not given.
        often: it is asked every few minutes: a file that was whole within a day is not read through again.
    """
    try:
        settings = all_settings.load(environ)
    except SettingError as error:
        return [wrong("settings", line, "Mend the environment file, then restart.") for line in str(error).splitlines()]
    found = [fine("settings", "The settings can be read."), *_run(BARE, settings, now)]
    here, opened = open_still(settings)
    found += opened
    if here is None:
        return found
    try:
        return [*found, *_run({**WHOLE, store.FILE: store.wholeness_daily} if often else WHOLE, here, now)]
    finally:
        here.close()


def is_wrong(found: Sequence[Diagnosis]) -> bool:
    """True when something does not work."""
    return any(one.state is State.WRONG for one in found)


def open_still(settings: Settings) -> tuple[Installation | None, list[Diagnosis]]:
    """Open an installation as it stands: unlike a start, nothing is made and no table is changed.

    Returns:
        The installation, or None when there is none to open; and what there is to say about it.
    """
    if not settings.data.is_dir() or not settings.key_path.exists():
        return None, []  # told by the checks of folder and key
    try:
        keys = Keys.load_or_make(settings.key_path)
        db, found = store.open_store(settings, keys)
    except (SettingError, ImportError) as error:
        return None, [
            wrong("database", str(error), "Mend JEKULU_DATABASE; for PostgreSQL: pip install jekulu[postgresql]")
        ]
    return (Installation(settings, keys, db, Adapters(settings, keys)) if db else None), [found]


def _run(checks: Mapping[str, Check[T]], about: T, now: datetime) -> list[Diagnosis]:
    return [one for name, check in checks.items() for one in _tried(name, check, about, now)]


def _tried(name: str, check: Check[T], about: T, now: datetime) -> list[Diagnosis]:
    """What a check found; one that breaks is itself a finding, and stops no other."""
    try:
        return list(check(about, now))
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = f"This could not be looked at ({type(error).__name__}, {Path(place.filename).name}:{place.lineno})."
        return [wrong(name, told, "Mend what else is wrong; if nothing is, report this line.")]
