"""What a backup or a restore refuses: each with a sentence, and nothing is half done."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import wsgi
from messaging import marks, migrations
from messaging.backups import envelope, loading, taking
from messaging.phones import Keys
from tests.conftest import NOW
from tests.messaging.backups.conftest import Make

KINDS = ("sqlite", "postgresql")
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


HEAD = f'"{migrations.head()}"'.encode()

WRONG = [
    # label, what is done to the file, what is said
    ("a byte in the middle", lambda held: _flip(held, len(held) // 2), "damaged or was cut off"),
    ("the last byte", lambda held: _flip(held, -1), "damaged or was cut off"),
    ("the length of a piece", lambda held: _flip(held, _body(held)), "damaged or was cut off"),
    ("the time in the header", lambda held: held.replace(b"2026-03-12T17", b"2026-03-12T18", 1), "damaged"),
    ("the revision in the header", lambda held: held.replace(HEAD, b'"0001"', 1), "damaged"),
    ("a header cut short", lambda held: held[:60], "damaged or was cut off"),
    ("no piece at all", lambda held: held[: _body(held)], "damaged or was cut off"),
    ("the end cut off", lambda held: held[:-100], "damaged or was cut off"),
    ("the last piece cut off", lambda held: held[: _last_piece(held)], "damaged or was cut off"),
    ("two pieces changed places", lambda held: _swapped(held), "damaged or was cut off"),
    ("something behind it", lambda held: held + b"x", "damaged or was cut off"),
    ("another file", lambda held: b"PK\x03\x04" + held, "no backup of J"),
    ("an empty file", lambda held: b"", "no backup of J"),
    ("a later form", lambda held: held.replace(b"backup 1\n", b"backup 2\n", 1), "made by a newer J"),
]  # fmt: skip


def _flip(held: bytes, at: int) -> bytes:
    changed = bytearray(held)
    changed[at] ^= 1
    return bytes(changed)


def _body(held: bytes) -> int:
    return held.index(b"\n", len(envelope.FIRST)) + 1


def _pieces(held: bytes) -> list[tuple[int, int]]:
    found, at = [], _body(held)
    while at < len(held):
        end = at + envelope.SIZE + int.from_bytes(held[at : at + envelope.SIZE], "big")
        found.append((at, end))
        at = end
    return found


def _last_piece(held: bytes) -> int:
    return _pieces(held)[-1][0]


def _swapped(held: bytes) -> bytes:
    (a, b), (c, d) = _pieces(held)[:2]
    return held[:a] + held[c:d] + held[a:b] + held[d:]


@pytest.fixture
def bulky(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pieces, so that a small backup has several."""
    monkeypatch.setattr(envelope, "PIECE", 4096)


@pytest.mark.parametrize(("change", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_changed_file_is_refused_whole(
    change: Callable[[bytes], bytes], says: str, machine: Make, tmp_path: Path, bulky: None
) -> None:
    old, new = machine("sqlite", "old", "rows"), machine("sqlite", "new")
    path = taking.back_up(old.db, tmp_path / "a.backup", NOW).path
    held = path.read_bytes()
    assert len(_pieces(held)) > 2
    path.write_bytes(change(held))
    done = new.run("restore", str(path))
    assert (done.exit_code, says in done.stderr) == (1, True), done.stderr
    assert new.run("restore", "--check", str(path)).exit_code == 1
    assert new.is_empty()


def test_a_wrong_or_missing_key_is_named(machine: Make, tmp_path: Path) -> None:
    old, new = machine("sqlite", "old", "start"), machine("sqlite", "new")
    path = str(taking.back_up(old.db, tmp_path / "a.backup", NOW).path)
    new.give(Keys(b"w" * 32))
    done = new.run("restore", path)
    assert (done.exit_code, new.is_empty()) == (1, True)
    assert old.db.keys.fingerprint() in done.stderr
    new.settings.key_path.unlink()
    done = new.run("restore", path)
    assert (done.exit_code, "is missing" in done.stderr) == (2, True)
    assert not new.settings.key_path.exists(), "a new key was made"


def test_tables_of_a_newer_version_are_refused(machine: Make, tmp_path: Path) -> None:
    old, new = machine("sqlite", "old", "start"), machine("sqlite", "new")
    with old.db.write() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '0999'"))
    done = new.run("restore", str(taking.back_up(old.db, tmp_path / "a.backup", NOW).path))
    assert (done.exit_code, "newer J" in done.stderr, "0999" in done.stderr) == (1, True, True)
    assert new.is_empty()


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_with_tables_is_never_written_over(kind: str, machine: Make, tmp_path: Path) -> None:
    old, new = machine(kind, "old", "rows"), machine(kind, "new", "start")
    path = str(taking.back_up(old.db, tmp_path / "a.backup", NOW).path)
    before = new.contents()
    done = new.run("restore", path)
    assert (done.exit_code, "not empty" in done.stderr) == (1, True)
    assert ("jekulu.sqlite" if kind == "sqlite" else "JEKULU_DATABASE") in done.stderr
    assert new.contents() == before


def test_a_backup_is_never_written_over_anything(machine: Make, tmp_path: Path) -> None:
    here = machine("sqlite", "old", "start")
    there = tmp_path / "a.backup"
    there.write_text("mine")
    done = here.run("backup", str(there))
    assert (done.exit_code, "never overwritten" in done.stderr, there.read_text()) == (1, True, "mine")
    assert here.run("backup", str(tmp_path / "nowhere" / "a.backup")).exit_code == 1
    assert here.run("restore", str(tmp_path / "missing.backup")).exit_code == 1
    assert here.run("backup").exit_code == 2


UNREADABLE = [
    # label, what is set; what must be said
    ("a port that is none", "postgresql://jekulu:a@127.0.0.1:secret/jekulu", "JEKULU_DATABASE"),
    ("a driver that is not there", "postgresql+nosuch://jekulu:secret@127.0.0.1/jekulu", "JEKULU_DATABASE"),
    ("a server that is off", "postgresql://jekulu:secret@127.0.0.1:9/jekulu", ""),
    ("a damaged file", "", ""),
]


@pytest.mark.parametrize(("address", "says"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE])
def test_a_database_that_cannot_be_read_is_a_sentence(address: str, says: str, machine: Make, tmp_path: Path) -> None:
    here = machine("sqlite", "old", "start")
    here.db.dispose()
    here.environment["JEKULU_DATABASE"] = address
    if not address:
        (here.settings.data / "jekulu.sqlite").write_bytes(b"not a database" * 1000)
    path = str(tmp_path / "a.backup")
    for words in (("backup", path), ("upgrade",), ("restored",)):
        done = here.run(*words)
        assert (done.exit_code, says in done.stderr, done.stderr.startswith("jekulu: ")) == (2, True, True), done.stderr
        assert "secret" not in done.output
    assert not list(tmp_path.glob("a.backup*"))


@pytest.mark.parametrize("kind", KINDS)
def test_another_key_makes_no_backup(kind: str, machine: Make, tmp_path: Path) -> None:
    here = machine(kind, "old", "start")
    here.give(Keys(b"w" * 32))
    done = here.run("backup", str(tmp_path / "a.backup"))
    assert (done.exit_code, "does not belong" in done.stderr) == (2, True), "the right key would not open it"
    assert not list(tmp_path.glob("a.backup*"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_key_is_not_replaced(kind: str, machine: Make) -> None:
    here = machine(kind, "old", "start")
    here.settings.key_path.unlink()
    for words in (("run",), ("upgrade",)):
        done = here.run(*words)
        assert (done.exit_code, "is missing" in done.stderr) == (2, True), done.stderr
        assert not here.settings.key_path.exists()


def test_a_wrong_folder_gets_no_database(machine: Make, tmp_path: Path) -> None:
    old = machine("sqlite", "old", "start")
    path = str(taking.back_up(old.db, tmp_path / "a.backup", NOW).path)
    wrong = tmp_path / "wrong"
    old.environment |= {"JEKULU_DATA": str(wrong), "JEKULU_KEY_FILE": str(old.settings.key_path)}
    done = old.run("backup", str(tmp_path / "b.backup"))
    assert (done.exit_code, str(wrong) in done.stderr) == (1, True)
    assert not (wrong / "jekulu.sqlite").exists()
    wrong.rmdir()
    assert old.run("restore", path).exit_code == 0
    assert wrong.stat().st_mode & 0o077 == 0, "what people wrote lies open"


def test_a_backup_whose_time_cannot_be_noted_stays(
    machine: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = machine("sqlite", "old", "start")

    def fail(*_given: object) -> None:
        raise sa.exc.OperationalError("UPDATE mark", {}, Exception("database or disk is full"))

    monkeypatch.setattr(marks, "note", fail)
    path = tmp_path / "a.backup"
    done = here.run("backup", str(path))
    assert (done.exit_code, "there and whole" in done.stderr) == (1, True), done.stderr
    taking.check(path, here.db.keys)


def test_an_empty_database_makes_no_backup(machine: Make, tmp_path: Path) -> None:
    done = machine("sqlite", "new").run("backup", str(tmp_path / "a.backup"))
    assert (done.exit_code, "empty" in done.stderr) == (1, True)
    assert not list(tmp_path.glob("a.backup*"))


def test_a_full_disk_leaves_no_half_file(machine: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = machine("sqlite", "old", "start")

    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a.backup.part").write_text("of a power cut")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        done = here.run("backup", str(tmp_path / "a.backup"))
    assert (done.exit_code, "is full" in done.stderr) == (1, True)
    assert not list(tmp_path.glob("a.backup*"))
    assert here.run("backup", str(tmp_path / "a.backup")).exit_code == 0


def test_a_row_that_points_nowhere_is_refused(machine: Make, tmp_path: Path) -> None:
    old, new = machine("sqlite", "old", "start"), machine("sqlite", "new")
    raw = old.db.engine.raw_connection()
    raw.cursor().execute("PRAGMA foreign_keys = OFF")
    raw.cursor().execute("INSERT INTO burst VALUES (4711, '2026-03-12 17:30:00.000000', '2026-03-12 17:30:00.000000')")
    raw.invalidate()
    done = new.run("restore", str(taking.back_up(old.db, tmp_path / "a.backup", NOW).path))
    assert (done.exit_code, "burst" in done.stderr) == (1, True), done.stderr
    assert new.is_empty()


KILLED = """
import os, signal
from datetime import datetime, UTC
from pathlib import Path
from messaging import settings
from messaging.backups import loading, rows

insert, count = rows.insert, 0

def cut(*given):
    global count
    insert(*given)
    count += 1
    if count == {after}:
        os.kill(os.getpid(), signal.SIGKILL)

rows.insert = cut
loading.restore(settings.load(), Path({path!r}), datetime.now(UTC))
"""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("after", [1, 30])
def test_a_restore_that_is_killed_leaves_nothing(kind: str, after: int, machine: Make, tmp_path: Path) -> None:
    old, new = machine(kind, "old", "rows"), machine(kind, "new")
    path = taking.back_up(old.db, tmp_path / "a.backup", NOW).path
    script = KILLED.format(after=after, path=str(path))
    root = Path(wsgi.__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, env={**os.environ, **new.environment}, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert new.is_empty()
    loading.restore(new.settings, path, LATER)
