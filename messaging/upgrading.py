"""From the tables of an earlier version to those of this one: back up, change, check, and say how to go back.

A version never changes tables that hold data by the way, when it starts: only `upgrade` does, and the demonstration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep

import sqlalchemy as sa
import structlog
from alembic import command

from messaging import migrations
from messaging.backups import rows, taking
from messaging.backups.loading import compare, refuse_newer
from messaging.backups.taking import Backup
from messaging.clock import utc_now
from messaging.database import Database
from messaging.engines import pulse
from messaging.errors import DataError, SettingError
from messaging.installation import refuse_other_key
from messaging.phones import Keys, redact
from messaging.settings import Settings

log = structlog.get_logger()
ALIVE = timedelta(minutes=2)  # so old may a sign of life be of an engine that runs
LOOK_SECONDS = 2
WAITING = (
    "The service gave a sign of life a moment ago. Waiting up to two minutes whether it gives another; "
    "when it is stopped for sure: jekulu upgrade --stopped"
)
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Upgraded:
    """What was done; of `backup` nothing when the tables were up to date, or were none."""

    before: str | None
    after: str
    backup: Backup | None = None


def upgrade(
    settings: Settings, tell: Tell = lambda _: None, *, stopped: bool = False, clock: Callable[[], datetime] = utc_now
) -> Upgraded:
    """Bring the tables up to date, after a backup; nothing happens when they are, or when there are none.

    While the last sign of life of an engine is fresh, it waits whether another one comes.

    Args:
        settings: of the installation.
        tell: gets a word now and then.
        stopped: somebody says that the service does not run: nothing is waited for.
        clock: gives the time.

    Raises:
        DataError: the service runs, a newer version made the tables, or a change failed; the tables are as they were.
        SettingError: the key is another, or the database cannot be opened.
    """
    if not settings.key_path.exists():  # a first start; opening refuses a key that was lost
        return Upgraded(None, migrations.head())
    db = Database(settings.database_url, Keys.load_or_make(settings.key_path))
    try:
        with db.snapshot() as connection:
            before = migrations.current(connection)
        refuse_newer(before, "These tables were made")
        if before in (None, migrations.head()):
            return Upgraded(before, migrations.head())
        with db.read() as session:
            refuse_other_key(session)
        if not stopped:
            _await_silence(db, tell, clock)
        tell("Backing up …")
        now = clock()
        backup = taking.back_up(db, _place(settings, before, now), now)
        tell("Changing the tables …")
        change(db)
        return Upgraded(before, migrations.head(), backup)
    except sa.exc.OperationalError as error:
        raise SettingError(
            "The database cannot be opened. Check JEKULU_DATABASE and that the database server runs "
            f"({type(error.orig).__name__})."
        ) from None
    finally:
        db.dispose()


def change(db: Database) -> None:
    """Run the scripts that are missing, in one transaction, and check what came of it.

    Raises:
        DataError: a script failed, or rows are gone; the tables are as they were.
    """
    try:
        with db.engine.begin() as connection:
            before = rows.count(connection, rows.reflect(connection))
            command.upgrade(migrations.config(connection), "head")
            compare(before, connection)
    except Exception as error:
        log.error("the upgrade failed", error=type(error).__name__, exc_info=True)
        said = str(error) if isinstance(error, DataError) else f"{type(error).__name__}: {_first_line(error)}"
        raise DataError(
            f"The upgrade failed, and the tables are as they were. Start the version before again. What failed: {said}"
        ) from None


def _first_line(error: Exception) -> str:
    return redact(next(iter(str(error).splitlines()), ""))  # PostgreSQL quotes the value that did not fit


def _await_silence(db: Database, tell: Tell, clock: Callable[[], datetime]) -> None:
    """Wait until an engine that gave a sign of life just now was silent for long enough; refuse when it goes on."""
    heard = _heard(db)
    if heard is None or clock() - heard >= ALIVE:
        return
    tell(WAITING)
    while clock() - heard < ALIVE:
        sleep(LOOK_SECONDS)
        if _heard(db) != heard:
            raise DataError("The service runs: it gave another sign of life. Stop it first: systemctl stop jekulu")


def _heard(db: Database) -> datetime | None:
    with db.read() as session:
        return pulse.last(session)


def _place(settings: Settings, revision: str | None, now: datetime) -> Path:
    folder = settings.backups or settings.data / "backups"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / f"jekulu-{now:%Y%m%d-%H%M%S}-{revision}.backup"
