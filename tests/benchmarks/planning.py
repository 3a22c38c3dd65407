"""Planning: a step for a million due phones against one raw INSERT … SELECT, and a pass with nothing due."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from campaigns import planner
from messaging import migrations
from messaging.database import Database
from messaging.installation import prepare
from messaging.phones import Keys
from tests.benchmarks.figure import figure
from tests.world import World, hygiene

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
AHEAD = timedelta(minutes=15)
MILLION = 1_000_000
FEW, MANY = 3_000, MILLION

PEOPLE = (
    """INSERT INTO phone (id, sealed, hash, last_two, prefix, created_at)
       SELECT n, X'00', 'hash' || n, '00', '+22370', '2026-01-01 00:00:00.000000' FROM counter""",
    """INSERT INTO member (id, programme_id, code, village_id, sex, life_stage, language, content_level, route, status,
                           created_at)
       SELECT n, {programme}, 'P' || n, {village}, 'f', 'none', CASE n % 10 WHEN 0 THEN 'bm' ELSE 'fr' END, 'anyone',
              'phone', 'active', '2026-01-01 00:00:00.000000' FROM counter""",
    "INSERT INTO member_phone (member_id, phone_id, ownership) SELECT n, n, 'own' FROM counter",
    """INSERT INTO consent (id, programme_id, member_id, purpose, granted, text_version, language, way, given_at)
       SELECT n, {programme}, n, 'messages', 1, '1', 'fr', 'oral', '2026-01-01 00:00:00.000000' FROM counter""",
)


def run() -> None:
    """Print the planning figures."""
    with tempfile.TemporaryDirectory() as folder:
        million = populated(Path(folder) / "million.sqlite", MILLION)
        few = populated(Path(folder) / "few.sqlite", FEW)
        idle(few, million)
        due(million)
        for world in (few, million):
            world.db.dispose()


def populated(path: Path, people: int) -> World:
    """A programme with so many members, each with a phone and consent."""
    db = Database(f"sqlite:///{path}", Keys(b"k" * 32))
    migrations.upgrade(db.engine)
    prepare(db, NOW)
    world = World(db, NOW).programme()
    world.chain("bm", "fr")
    counter = f"WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {people}) "
    with db.write() as session:
        for statement in PEOPLE:
            head, _, tail = statement.format(programme=world.programme_id, village=world.village_id).partition("SELECT")
            session.execute(sa.text(f"{head}{counter}SELECT{tail}"))
    return world


def idle(few: World, many: World) -> None:
    """A pass with nothing due costs the same however many are enrolled."""
    for world in (few, many):
        world.campaign(hygiene(step="plus-tard", when={"after_enrolment": 200}))
    small, large = (best_of(15, lambda w=world: planner.plan(w.db, NOW, AHEAD)) for world in (few, many))
    figure(
        f"plan, nothing due: ms at {MANY} enrolled, at {FEW}",
        large * 1000,
        small * 1000,
        large / small,
        large <= 2 * small,
    )


def due(world: World) -> None:
    """A step that is due for everybody, against the same rows inserted raw into a table of the same indexes."""
    world.campaign(hygiene().model_copy(update={"campaign": "pour-toutes"}))
    started = time.perf_counter()
    planned = planner.plan(world.db, NOW, AHEAD).planned
    ours = time.perf_counter() - started
    assert planned == MILLION, planned
    raw = raw_insert(world.db)
    figure(
        f"plan {MILLION} due phones: rows a second, raw insert",
        planned / ours,
        planned / raw,
        raw / ours,
        raw / ours >= 0.5,
    )


def raw_insert(db: Database) -> float:
    """Seconds for one INSERT … SELECT of the same rows into a copy of the outbox with the same indexes."""
    with db.engine.begin() as connection:
        statements = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'message' AND sql IS NOT NULL ORDER BY type DESC"
        ).scalars()
        for sql in list(statements):
            copy = sql.replace("message", "raw_copy").replace("inbound_id BIGINT", "inbound_id BIGINT")
            connection.exec_driver_sql(copy)
        connection.exec_driver_sql("ANALYZE")
    started = time.perf_counter()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO raw_copy SELECT * FROM message")
    return time.perf_counter() - started


def best_of(times: int, act: Callable[[], object]) -> float:
    """The shortest of some runs, in seconds: the machine's noise only ever adds."""
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - started)
    return best
