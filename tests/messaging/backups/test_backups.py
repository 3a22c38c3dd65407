"""Backups: every row comes back into either kind of database, sealed on its way, of one moment."""

from __future__ import annotations

import itertools
import json
import shutil
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import sqlalchemy as sa

from messaging import migrations
from messaging.backups import envelope, loading, rows, taking
from messaging.database import Base
from messaging.errors import DataError
from messaging.models import Burst, Mark, Phone
from messaging.phones import Keys
from tests.conftest import NOW
from tests.messaging.backups.conftest import Make
from tests.messaging.backups.machine import CLERK

KINDS = ("sqlite", "postgresql")
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


def without_traces(contents: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """All but what backup and restore themselves note."""
    marks = [row for row in contents["mark"] if row["name"] != taking.MARK]
    audits = [row for row in contents["audit"] if row["action"] != "restored"]
    return {**contents, "mark": marks, "audit": audits}


@pytest.mark.parametrize(("source", "target"), [*itertools.product(KINDS, KINDS)])
def test_every_row_of_every_table_comes_back(source: str, target: str, machine: Make, tmp_path: Path) -> None:
    old, new = machine(source, "old", "rows"), machine(target, "new")
    before = old.contents()
    assert {name for name, found in before.items() if found} == set(Base.metadata.tables), "a table has no row to lose"
    backup = taking.back_up(old.db, tmp_path / "a.backup", NOW)
    assert backup.rows == sum(len(found) for found in before.values())
    loading.restore(new.settings, backup.path, LATER, unsent=True)
    after = new.contents()
    for name, expected in without_traces(before).items():
        assert without_traces(after)[name] == expected, name


def test_sqlite_stores_again_what_it_stored(machine: Make, tmp_path: Path) -> None:
    old, new = machine("sqlite", "old", "rows"), machine("sqlite", "new")
    loading.restore(new.settings, taking.back_up(old.db, tmp_path / "a.backup", NOW).path, LATER, unsent=True)
    for name in set(Base.metadata.tables) - {"mark", "audit"}:
        stored = []
        for here in (old, new):
            with here.db.snapshot() as connection:
                columns = ", ".join(f'"{one}", typeof("{one}")' for one in Base.metadata.tables[name].columns.keys())  # noqa: SIM118
                stored.append(sorted(map(repr, connection.exec_driver_sql(f'SELECT {columns} FROM "{name}"'))))
        assert stored[0] == stored[1], name


def test_new_rows_get_new_numbers_after_a_restore(machine: Make, tmp_path: Path) -> None:
    old, new = machine("postgresql", "old", "rows"), machine("postgresql", "new")
    loading.restore(new.settings, taking.back_up(old.db, tmp_path / "a.backup", NOW).path, LATER)
    counted = 0
    with new.db.write() as session:
        for table in Base.metadata.sorted_tables:
            sequence = (
                session.scalar(sa.select(sa.func.pg_get_serial_sequence(f'"{table.name}"', "id")))
                if "id" in table.c
                else None
            )
            if sequence:
                counted += 1
                last = session.scalar(sa.select(sa.func.max(table.c.id))) or 0
                assert session.scalar(sa.select(sa.func.nextval(sequence))) == last + 1, table.name
    assert counted > 30


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_are_made_as_migrations_make_them(kind: str, machine: Make, tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    old, new = machine(kind, "old", "start"), machine(kind, "new")
    loading.restore(new.settings, taking.back_up(old.db, tmp_path / "a.backup", NOW).path, LATER)
    with new.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert not compare_metadata(context, Base.metadata)
        assert migrations.current(connection) == migrations.head()


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_is_of_one_moment_while_the_service_writes(kind: str, machine: Make, tmp_path: Path) -> None:
    old, new = machine(kind, "old", "start"), machine(kind, "new")
    stop, wrote = threading.Event(), []

    def write(number: int) -> None:
        for count in itertools.count():
            if stop.is_set():
                return
            with old.db.write() as session:  # a phone and its burst, or neither
                phone = Phone(hash=f"{number}-{count}", sealed=b"x", last_two="01", prefix="+22376", created_at=NOW)
                session.add(phone)
                session.flush()
                session.add(Burst(phone_id=phone.id, since=NOW, due_at=NOW))
            wrote.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        backups = [taking.back_up(old.db, tmp_path / f"{turn}.backup", NOW) for turn in range(3)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    counts = [(one.manifest["phone"][0], one.manifest["burst"][0]) for one in backups]
    assert all(phones == bursts for phones, bursts in counts), counts
    assert counts[0] < counts[-1] <= (len(wrote), len(wrote)), "nobody wrote meanwhile"
    loading.restore(new.settings, backups[-1].path, LATER)  # it holds the links against each other


def test_a_backup_under_way_does_not_hold_up_the_night(machine: Make) -> None:
    here = machine("sqlite", "old", "rows")
    with here.db.snapshot() as connection:
        connection.execute(sa.text("SELECT count(*) FROM message")).all()
        with here.db.write() as session:
            session.add(Mark(name="meanwhile", value="x"))
        begun = monotonic()
        here.db.scrub(())
    assert monotonic() - begun < 5, "all who write wait as long"


def test_the_time_of_the_last_backup_is_noted(machine: Make, tmp_path: Path) -> None:
    here = machine("sqlite", "old", "start")
    assert here.run("backup", str(tmp_path / "a.backup")).exit_code == 0
    with here.db.read() as session:
        noted = datetime.fromisoformat(session.get_one(Mark, taking.MARK).value)
    assert noted == taking.check(tmp_path / "a.backup", here.db.keys).header.time


# What a backup shows


def test_a_backup_tells_nothing_and_holds_no_key(machine: Make, tmp_path: Path) -> None:
    here = machine("sqlite", "old", "rows")
    path = taking.back_up(here.db, tmp_path / "a.backup", NOW).path
    held = path.read_bytes()
    secret = here.db.keys.secret
    for told in (
        CLERK.encode(),
        b"Lavez",
        b"message",
        secret,
        secret.hex().encode(),
        here.db.keys.derive("backup").encode(),
    ):
        assert told not in held
    assert path.stat().st_mode & 0o777 == 0o600
    plain = b"".join(_lines(path, here.db.keys))
    assert CLERK.encode() in plain
    assert secret.hex().encode() not in plain


def test_two_backups_of_the_same_rows_share_no_piece(machine: Make, tmp_path: Path) -> None:
    here = machine("sqlite", "old", "start")
    first, second = (taking.back_up(here.db, tmp_path / f"{turn}.backup", NOW).path.read_bytes() for turn in "ab")
    assert first[-64:] != second[-64:]


def _lines(path: Path, keys: Keys) -> Iterator[bytes]:
    with taking.opened(path) as (file, header):
        yield from envelope.lines(file, header, keys)


def test_backup_and_restore_say_what_they_did(machine: Make, tmp_path: Path) -> None:
    old, new = machine("sqlite", "old", "rows"), machine("sqlite", "new")
    done = old.run("backup", str(tmp_path / "a.backup"))
    assert done.exit_code == 0
    assert "which is not in it" in done.stdout
    beside = old.run("backup", str(old.settings.data / "b.backup"))
    assert "take the backup out of it" in beside.stdout
    facts = json.loads(new.run("restore", "--check", "--json", str(tmp_path / "a.backup")).stdout)
    assert facts["rows"] == sum(facts["tables"].values()) > 100
    assert (facts["revision"], facts["fingerprint"]) == (migrations.head(), old.db.keys.fingerprint())
    assert new.is_empty()
    done = new.run("restore", "--json", str(tmp_path / "a.backup"))
    assert json.loads(done.stdout)["restored_to"] == migrations.head()
    for unsent, told in (((), True), (("--unsent",), False)):
        done = machine("sqlite", f"third{told}").run("restore", *unsent, str(tmp_path / "a.backup"))
        assert ("What was erased since" in done.stdout) is told, done.output


def test_progress_is_told_now_and_then(machine: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "OFTEN", 50)
    old, new = machine("sqlite", "old", "rows"), machine("sqlite", "new")
    told: list[str] = []
    loading.restore(new.settings, taking.back_up(old.db, tmp_path / "a.backup", NOW).path, LATER, told.append)
    assert len(told) >= 2


def test_the_manifest_is_held_against_the_rows() -> None:
    line = rows._line(["x"])
    good = [rows._line({"table": "t", "columns": ["a"]}), line, line]
    part = rows.Part("t", ["a"])
    part.add(line)
    with pytest.raises(DataError):
        rows.read(iter([*good, rows._line({"manifest": {"t": part.entry}})]))
    with pytest.raises(DataError):
        rows.read(iter(good))


def test_nothing_is_left_of_the_copy(tmp_path: Path, machine: Make) -> None:
    here = machine("sqlite", "old", "start")
    taking.back_up(here.db, tmp_path / "a.backup", NOW)
    assert sorted(path.name for path in tmp_path.glob("a.*")) == ["a.backup"]
    shutil.rmtree(here.settings.data)
