"""From the first released tables to those of today, with rows in every one: nothing is lost, and one can go back."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from click.testing import CliRunner

import wsgi
from messaging import marks, migrations, upgrading
from messaging.backups import taking
from messaging.engines import pulse
from messaging.errors import DataError, SettingError
from messaging.installation import open_installation
from messaging.models import Mark, Member
from messaging.phones import Keys
from messaging.settings import load
from tests.conftest import NOW
from tests.messaging.backups import former
from tests.messaging.backups.machine import Machine

KINDS = ("sqlite", "postgresql")
STEPS = sorted(migrations.known())


class Office(Machine):
    """An installation as an earlier version left it."""

    def made(self, revision: str) -> Office:
        """With rows in every table of a revision, and the mark of its key."""
        former.build(self.db.engine, revision, self.db.keys)
        with self.db.write() as session:
            session.add(Mark(name="key_fingerprint", value=self.db.keys.fingerprint()))
        return self


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    if os.environ.get("JEKULU_TEST_ONLY", request.param) != request.param:
        pytest.skip(f"JEKULU_TEST_ONLY={os.environ['JEKULU_TEST_ONLY']}")
    return request.param


@pytest.fixture
def office(kind: str, tmp_path: Path, keys: Keys, request: pytest.FixtureRequest) -> Iterator[Office]:
    address = "" if kind == "sqlite" else former.empty_postgresql(request.getfixturevalue("postgres"))
    here = Office(tmp_path, keys, address)
    yield here
    here.db.dispose()


@pytest.fixture
def small_office(tmp_path: Path, keys: Keys) -> Iterator[Office]:
    here = Office(tmp_path, keys, "")
    yield here
    here.db.dispose()


def lost(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The tables whose rows, in the columns they had, are not what they were."""
    return [
        name
        for name, found in before.items()
        if found != [{column: row[column] for column in found[0]} for row in after[name]][: len(found)]
    ]


# Every step


@pytest.mark.parametrize("step", STEPS[1:])
def test_each_step_keeps_every_value(step: str, office: Office) -> None:
    office.made(STEPS[STEPS.index(step) - 1])
    before = office.contents()
    assert all(len(found) >= former.ROWS for found in before.values())
    with office.db.engine.begin() as connection:
        command.upgrade(migrations.config(connection), step)
    assert not lost(before, office.contents())
    assert office.revision() == step


def test_the_first_release_comes_up_to_today_and_works(office: Office) -> None:
    office.made("0001")
    before = office.contents()
    done = office.run("upgrade", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["upgraded"], told["from"], told["to"]) == (True, "0001", migrations.head())
    after = office.contents()
    after["mark"] = [row for row in after["mark"] if row["name"] in {one["name"] for one in before["mark"]}]
    changed = set(lost(before, after))
    assert changed <= {"language"}, "the rows of every start are written anew: the languages' names"
    here = open_installation(office.settings)
    try:
        app = wsgi.create_app(here)
        assert app.test_client().get("/health").status_code == 200
        assert app.test_client().get("/admin/login", base_url="https://sms.example.org").status_code == 200
        for job in wsgi.JOBS:
            job.run(here, NOW)
        with here.db.read() as session:
            assert session.get_one(Member, 1).first_name == "1-first_name"
    finally:
        here.close()


def test_the_tables_after_all_steps_are_those_of_the_models(office: Office) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from messaging.database import Base

    upgrading.upgrade(office.made("0001").settings)
    with office.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert not compare_metadata(context, Base.metadata)


# What the command does


def test_it_backs_up_first_and_says_when_there_is_nothing_to_do(office: Office) -> None:
    office.made("0004")
    before = office.contents()
    done = office.run("upgrade")
    (backup,) = office.backups()
    assert str(backup) in done.stdout
    assert backup.name.endswith("-0004.backup")
    found = taking.check(backup, office.db.keys)
    assert {name: count for name, (count, _) in found.manifest.items()} == {n: len(rows) for n, rows in before.items()}
    again = office.run("upgrade")
    assert (again.exit_code, "up to date" in again.stdout) == (0, True)
    assert office.backups() == [backup]


def test_the_commands_that_it_prints_lead_back(office: Office, kind: str, keys: Keys, request, tmp_path: Path) -> None:
    office.made("0003")
    before = office.contents()
    told = json.loads(office.run("upgrade", "--json").stdout)
    stop, *moving, loading = told["back"]
    assert stop == "systemctl stop jekulu"
    office.db.dispose()
    if kind == "sqlite":
        for line in moving:
            assert os.system(line) == 0, line
        back = office
    else:
        assert [line[0] for line in moving] == ["#"]
        back = Office(tmp_path, keys, former.empty_postgresql(request.getfixturevalue("postgres")))
    assert back.run(*shlex.split(loading)[1:]).exit_code == 0
    assert back.revision() == "0003"
    after = back.contents()
    after["mark"] = [row for row in after["mark"] if row["name"] != taking.MARK]
    after["audit"] = [row for row in after["audit"] if row["action"] != "restored"]
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    back.db.dispose()


def test_going_back_after_the_service_ran_keeps_back_what_was_due(small_office: Office) -> None:
    small_office.made("0003")
    with small_office.db.write() as session:
        session.execute(sa.text("UPDATE gateway SET adapter = 'twilio'"))
        session.execute(sa.text("UPDATE message SET state = 'waiting', reason = NULL"))
        session.execute(sa.text("UPDATE programme SET demonstration = false"))
    (made,) = [taking.back_up(small_office.db, small_office.settings.data / "a.backup", NOW)]
    small_office.db.dispose()
    for path in small_office.settings.data.glob("jekulu.sqlite*"):
        path.unlink()
    assert small_office.run("restore", str(made.path), "--as-it-was").exit_code == 0
    with small_office.db.read() as session:
        assert set(session.execute(sa.text("SELECT state, reason FROM message"))) == {("held", "unknown")}
        assert session.scalar(sa.text("SELECT count(*) FROM gateway WHERE paused_at IS NULL")) == 0


def test_a_backup_of_the_first_release_is_restored_to_today(small_office: Office, tmp_path: Path, keys: Keys) -> None:
    small_office.made("0001")
    before = small_office.contents()
    path = taking.back_up(small_office.db, tmp_path / "a.backup", NOW).path
    new = Office(tmp_path / "new", keys, "")
    assert new.run("restore", str(path)).exit_code == 0
    assert new.revision() == migrations.head()
    after = new.contents()
    assert {name: len(rows) for name, rows in before.items() if len(after[name]) < len(rows)} == {}
    assert not {"member", "message", "inbound", "phone", "attempt"} & set(lost(before, after))
    new.db.dispose()


@dataclass
class Service:
    """A service that beat just now, and a clock that goes on while somebody waits for it."""

    office: Office
    runs: bool
    now: datetime = NOW
    waited: int = 0

    def beat(self) -> None:
        with self.office.db.write() as session:
            marks.note(session, pulse.ENGINE, self.now)

    def sleep(self, seconds: float) -> None:
        self.waited += 1
        self.now += timedelta(seconds=seconds)
        if self.runs and self.waited % 10 == 0:
            self.beat()


@pytest.mark.parametrize(
    ("label", "runs", "since", "stopped", "waits"),
    [
        ("it runs", True, 20, False, 10),
        ("it was stopped a moment ago", False, 20, False, 50),
        ("it was stopped, says a person", False, 20, True, 0),
        ("it was stopped long ago", False, 120, False, 0),
    ],
)
def test_it_waits_until_the_service_is_silent(
    label: str, runs: bool, since: int, stopped: bool, waits: int, small_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(small_office.made("0004"), runs)
    service.beat()
    service.now += timedelta(seconds=since)
    monkeypatch.setattr(upgrading, "sleep", service.sleep)
    try:
        upgrading.upgrade(small_office.settings, stopped=stopped, clock=lambda: service.now)
    except DataError as error:
        assert "Stop it first" in str(error)
    assert (service.waited, small_office.revision()) == (waits, "0004" if runs else migrations.head()), label
    assert len(small_office.backups()) == (0 if runs else 1)


def test_another_key_upgrades_nothing(small_office: Office) -> None:
    small_office.made("0004")
    small_office.settings.key_path.write_text("ab" * 32)
    done = small_office.run("upgrade")
    assert (done.exit_code, "key does not belong" in done.stderr) == (2, True)
    assert small_office.revision() == "0004"
    assert not small_office.backups()


# What fails

FAILING = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{head}"

def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("DELETE FROM receipt")
    op.execute("UPDATE member SET first_name = 'lost'")
    {end}
"""
ENDS = [
    ("a script that breaks", 'op.execute("SELECT nothing FROM nowhere")', "nowhere"),
    ("a script that raises", 'raise ValueError("not so")', "ValueError: not so"),
    ("a script that tells a number", 'raise ValueError("22376123456")', "ValueError: [numéro]"),
    ("a script that loses rows", "pass", "receipt 0 of 2"),
]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Adds a script to a copy of the line of migrations."""
    folder = tmp_path / "line"
    shutil.copytree(migrations.HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    head = migrations.head()

    def add(end: str) -> None:
        (folder / "versions" / "9999_fails.py").write_text(FAILING.format(head=head, end=end))
        monkeypatch.setattr(migrations, "HERE", folder)

    return add


@pytest.mark.parametrize(("end", "says"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
def test_a_failing_script_leaves_the_tables_as_they_were(
    end: str, says: str, office: Office, script: Callable[[str], None]
) -> None:
    office.made("head")
    before, revision = office.contents(), office.revision()
    script(end)
    done = office.run("upgrade")
    assert (done.exit_code, "as they were" in done.stderr, says in done.stderr) == (1, True, True), done.stderr
    after = office.contents()
    assert "half" not in after
    after["mark"] = [row for row in after["mark"] if row["name"] != taking.MARK]
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    assert office.revision() == revision
    assert len(office.backups()) == 1, "the backup is kept: it was made"


# Starting


def test_old_tables_are_not_changed_by_the_way(small_office: Office) -> None:
    small_office.made("0004")
    for words in (("run",), ("engine",), ("send",), ("programme", "new", "x")):
        done = small_office.run(*words)
        assert (done.exit_code, "jekulu upgrade" in done.stderr) == (2, True), done.output
    assert small_office.revision() == "0004"


def test_tables_of_a_newer_version_stop_the_start(small_office: Office) -> None:
    small_office.made("head")
    with small_office.db.write() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(SettingError, match="newer"):
        open_installation(small_office.settings)
    with pytest.raises(DataError, match="newer"):
        upgrading.upgrade(small_office.settings)


def test_a_fresh_machine_is_asked_nothing(tmp_path: Path) -> None:
    environment = {"JEKULU_DATA": str(tmp_path / "data"), "JEKULU_DATABASE": ""}
    done = CliRunner().invoke(wsgi.main, ["upgrade"], env=environment)
    assert (done.exit_code, "Nothing was to be done" in done.stdout) == (0, True), done.output
    open_installation(load(environment)).close()


def test_the_demonstration_upgrades_itself_after_a_backup(
    small_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_office.made("0004")

    def prepare(_here: object, _now: datetime, _past: timedelta, _tell: object) -> str:
        return "ready"

    monkeypatch.setattr(wsgi.demonstration, "prepare", prepare)
    done = small_office.run("demo", "--no-start")
    assert (done.exit_code, "ready" in done.stdout) == (0, True), done.output
    assert small_office.revision() == migrations.head()
    assert len(small_office.backups()) == 1
