"""One installation: its settings, key, database and opened gateways; knows nothing of the web and of campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import languages, migrations, programmes, texts
from messaging.clock import utc_now
from messaging.database import Database, keys_of
from messaging.errors import SettingError
from messaging.gateways import Adapters
from messaging.models import Gateway, Mark
from messaging.phones import Keys
from messaging.settings import Settings

REGULATED_PRICE = 10_000_000  # 10 XOF an SMS since 2019, in millionths: so that a practice bill looks like a real one
FINGERPRINT = "key_fingerprint"
SIMULATOR = "simulator"
KEY_MISSING = (
    "The key file {path} is missing, and the database was made with it. "
    "Put the second copy of the key back; without it no phone number can be read."
)
OTHER_KEY = (
    "This key does not belong to this database: phone numbers could neither be read nor found. "
    "Put the right key file back, or name it with JEKULU_KEY_FILE."
)


@dataclass(frozen=True)
class Installation:
    """What every entry point works with."""

    settings: Settings
    keys: Keys
    db: Database
    adapters: Adapters

    def close(self) -> None:
        """Let go of the gateways and the database."""
        self.adapters.close()
        self.db.dispose()


def open_installation(settings: Settings, now: datetime | None = None) -> Installation:
    """Make the folder, the key and the tables at the first start, open the gateways.

    Tables that hold data are never changed by the way: `jekulu upgrade` does it, and backs up first.

    Raises:
        SettingError: a setting, the key, the database or tables of another version stop the start.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    _no_new_key_for_old_data(settings)
    is_new = not settings.key_path.exists()
    keys = Keys.load_or_make(settings.key_path)
    db = Database(settings.database_url, keys)
    try:
        _make_tables(db)
        prepare(db, now or utc_now())
    except sa.exc.OperationalError as error:
        db.dispose()
        raise SettingError(
            "The database cannot be opened. Check JEKULU_DATABASE and that the database server runs "
            f"({type(error.orig).__name__})."
        ) from None
    except SettingError:
        db.dispose()
        if is_new:  # the database is no new one: this key opens nothing in it, and would be taken for the right one
            settings.key_path.unlink(missing_ok=True)
            raise SettingError(KEY_MISSING.format(path=settings.key_path)) from None
        raise
    return Installation(settings, keys, db, Adapters(settings, keys))


def _no_new_key_for_old_data(settings: Settings) -> None:
    """A lost key is not replaced: a new one would be backed up in place of the right one, and opens nothing."""
    path = settings.data / "jekulu.sqlite"
    if not settings.database and path.exists() and path.stat().st_size > 0 and not settings.key_path.exists():
        raise SettingError(KEY_MISSING.format(path=settings.key_path))


def _make_tables(db: Database) -> None:
    """Make the tables of an empty database; refuse those of another version."""
    with db.engine.connect().execution_options(reading=True) as connection:
        revision = migrations.current(connection)
    if revision is None:
        migrations.upgrade(db.engine)
    elif revision not in migrations.known():
        raise SettingError(
            f"A newer Jɛkulu made these tables ({revision}; this version knows them up to {migrations.head()}). "
            "Install that version, or put back the backup that its upgrade made: jekulu restore FILE"
        )
    elif revision != migrations.head():
        raise SettingError(
            f"The tables are of an older version ({revision}; this one needs {migrations.head()}). "
            "Stop the service and run: jekulu upgrade. It backs up, changes the tables, and says how to go back."
        )


def refuse_other_key(session: Session) -> bool:
    """Check the key against the database; False when none has been noted yet.

    Raises:
        SettingError: the numbers in it were sealed with another key.
    """
    mark = session.get(Mark, FINGERPRINT)
    if mark is not None and mark.value != keys_of(session).fingerprint():
        raise SettingError(OTHER_KEY)
    return mark is not None


def prepare(db: Database, now: datetime) -> None:
    """Check the key against the database and seed the rows that every installation has; harmless when repeated."""
    with db.write() as session:
        if not refuse_other_key(session):
            session.add(Mark(name=FINGERPRINT, value=db.keys.fingerprint()))
        languages.seed(session)
        texts.respell(session, now)
        programmes.obey(session)
        if session.scalar(sa.select(Gateway.id).where(Gateway.name == SIMULATOR)) is None:
            session.add(
                Gateway(
                    name=SIMULATOR,
                    adapter=SIMULATOR,
                    sender="36000",
                    position=99,
                    rate=2000,
                    answer_cost="free",
                    price_micros=REGULATED_PRICE,
                )
            )
