"""The one line of migrations; its scripts import nothing of ours, so that they mean the same for ever."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

HERE = Path(__file__).parent


def config(connection: sa.Connection | None = None) -> Config:
    """Alembic's own settings, without a file."""
    settings = Config()
    settings.set_main_option("script_location", str(HERE))
    settings.attributes["connection"] = connection
    return settings


def head() -> str:
    """The newest revision; fails when the line has split."""
    revision = ScriptDirectory.from_config(config()).get_current_head()
    assert revision is not None
    return revision


def current(connection: sa.Connection) -> str | None:
    """The revision a database stands at; none for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: sa.Engine) -> None:
    """Bring the tables of a database to the newest revision; nothing happens when they are."""
    with engine.begin() as connection:
        if current(connection) != head():
            command.upgrade(config(connection), "head")


def known() -> set[str]:
    """All revisions of this version."""
    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
