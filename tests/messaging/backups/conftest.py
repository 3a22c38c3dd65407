"""Machines to back up and to restore on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from messaging import migrations
from messaging.database import Database
from messaging.installation import prepare
from messaging.phones import Keys
from tests.conftest import NOW
from tests.messaging.backups import former
from tests.messaging.backups.machine import Machine, fill

Holding = Literal["nothing", "start", "rows"]
Make = Callable[..., Machine]


@pytest.fixture(scope="session")
def full_sqlite(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Path:
    """A database with rows in every table, to copy."""
    path = tmp_path_factory.mktemp("full") / "full.sqlite"
    db = Database(f"sqlite:///{path}", keys)
    fill(db)
    db.scrub(())
    db.dispose()
    return path


@pytest.fixture
def machine(request: pytest.FixtureRequest, tmp_path: Path, keys: Keys) -> Iterator[Make]:
    """Makes a machine by kind of database and name, which holds `nothing`, a first `start` or `rows` in every table."""
    made: list[Machine] = []

    def make(kind: str, name: str, holding: Holding = "nothing") -> Machine:
        if os.environ.get("JEKULU_TEST_ONLY", kind) != kind:
            pytest.skip(f"JEKULU_TEST_ONLY={os.environ['JEKULU_TEST_ONLY']}")
        address = "" if kind == "sqlite" else former.empty_postgresql(request.getfixturevalue("postgres"))
        here = Machine(tmp_path / name, keys, address)
        made.append(here)
        if kind == "sqlite" and holding != "nothing":
            template = request.getfixturevalue("full_sqlite" if holding == "rows" else "sqlite_template")
            shutil.copy(template, here.settings.data / "jekulu.sqlite")
        elif holding == "rows":
            fill(here.db)
        elif holding == "start":
            migrations.upgrade(here.db.engine)
            prepare(here.db, NOW)
        return here

    yield make
    for one in made:
        one.db.dispose()
