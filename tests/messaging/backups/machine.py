"""A machine on which an installation lives: a folder with a key, and a database of either kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from click.testing import CliRunner, Result

import wsgi
from messaging import migrations
from messaging.database import Database
from messaging.models import Audit, Gateway, Inbound, Message, Phone
from messaging.phones import Keys
from messaging.settings import Settings, load
from tests.conftest import NOW
from tests.messaging.backups import former

HARD = "Jɛkulu ŋana 😀 \"[{'\n\t\\ \u2028"  # signs that a careless format loses
CLERK = "Moussa Exemple"


class Machine:
    """A folder with a key and a database; the command line works on them."""

    def __init__(self, folder: Path, keys: Keys, address: str) -> None:
        """`address` of a PostgreSQL database; empty: SQLite in the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = {"JEKULU_DATA": str(folder), "JEKULU_DATABASE": address}
        self.settings: Settings = load(self.environment)
        self.db = Database(self.settings.database_url, keys)
        self.give(keys)

    def give(self, keys: Keys) -> None:
        """Put a key there."""
        self.settings.key_path.write_text(keys.secret.hex() + "\n")
        self.settings.key_path.chmod(0o600)

    def run(self, *words: str) -> Result:
        """Run `jekulu` here."""
        return CliRunner().invoke(wsgi.main, list(words), env=self.environment)

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table."""
        with self.db.snapshot() as connection:
            return former.contents(connection)

    def revision(self) -> str | None:
        """Of the tables."""
        with self.db.snapshot() as connection:
            return migrations.current(connection)

    def is_empty(self) -> bool:
        """There is not one table."""
        return not sa.inspect(self.db.engine).get_table_names()

    def backups(self) -> list[Path]:
        """What `jekulu upgrade` made."""
        return sorted((self.settings.data / "backups").glob("*"))


def fill(db: Database) -> None:
    """Put rows into every table of an empty database, some of them hard to carry."""
    former.build(db.engine, "head", db.keys)
    with db.write() as session:
        gateway = session.get_one(Gateway, 1)
        gateway.rate, gateway.prefixes, gateway.paused_at = 0.1, ["+2237", "é"], NOW.replace(microsecond=123_456)
        message = session.get_one(Message, 1)
        message.body, message.slots, message.tags = HARD, {"a": None, "b": [1, 2.5, HARD]}, None
        message.price_micros = 9_007_199_254_740_993  # more than a float holds
        session.get_one(Inbound, 2).undecodable = bytes(range(256))
        session.execute(sa.update(Phone).where(Phone.id == 1).values(replaced_by_id=2))  # points forward
        session.add(Audit(at=NOW, actor=CLERK, action="a", object="b", object_id="c"))
