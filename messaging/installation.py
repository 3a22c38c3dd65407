"""One installation: its settings, key, database and opened gateways; knows nothing of the web and of campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from messaging import languages, migrations, programmes, texts
from messaging.clock import utc_now
from messaging.database import Database
from messaging.errors import SettingError
from messaging.gateways import Adapters
from messaging.models import Gateway, Mark
from messaging.phones import Keys
from messaging.settings import Settings

REGULATED_PRICE = 10_000_000  # 10 XOF an SMS since 2019, in millionths: so that a practice bill looks like a real one
FINGERPRINT = "key_fingerprint"
SIMULATOR = "simulator"


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
    """Make the folder and the key at the first start, bring the tables up to date, open the gateways.

    Raises:
        SettingError: a setting, the key or the database stops the start.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    _no_new_key_for_old_data(settings)
    keys = Keys.load_or_make(settings.key_path)
    db = Database(settings.database_url, keys)
    try:
        migrations.upgrade(db.engine)
        prepare(db, now or utc_now())
    except sa.exc.OperationalError as error:
        db.dispose()
        raise SettingError(
            "The database cannot be opened. Check JEKULU_DATABASE and that the database server runs "
            f"({type(error.orig).__name__})."
        ) from None
    except SettingError:
        db.dispose()
        raise
    return Installation(settings, keys, db, Adapters(settings, keys))


def _no_new_key_for_old_data(settings: Settings) -> None:
    """A lost key is not replaced: a new one would be backed up in place of the right one, and opens nothing."""
    path = settings.data / "jekulu.sqlite"
    if not settings.database and path.exists() and path.stat().st_size > 0 and not settings.key_path.exists():
        raise SettingError(
            f"The key file {settings.key_path} is missing, and the database beside it was made with it. "
            "Put the second copy of the key back; without it no phone number can be read."
        )


def prepare(db: Database, now: datetime) -> None:
    """Check the key against the database and seed the rows that every installation has; harmless when repeated."""
    with db.write() as session:
        mark = session.get(Mark, FINGERPRINT)
        if mark is None:
            session.add(Mark(name=FINGERPRINT, value=db.keys.fingerprint()))
        elif mark.value != db.keys.fingerprint():
            raise SettingError(
                "This key does not belong to this database: phone numbers could neither be read nor found. "
                "Put the right key file back, or name it with JEKULU_KEY_FILE."
            )
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
                    rate=1000,
                    answer_cost="free",
                    price_micros=REGULATED_PRICE,
                )
            )
