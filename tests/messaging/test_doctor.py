"""The doctor: each sentence has its case, whatever is broken is told, and nothing that is broken breaks it."""

from __future__ import annotations

import json
import os
import ssl
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import wsgi
from messaging import alarms, doctor, marks
from messaging.doctor import disk, network, post, store, telling, ways
from messaging.doctor.diagnosis import Diagnosis, State, fine, size, wrong
from messaging.engines import pulse
from messaging.gateways import Adapters
from messaging.gateways.exchanges import Exchange, Log
from messaging.gateways.protocol import Error, Fault
from messaging.installation import Installation, open_installation
from messaging.models import Alarm, Budget, Gateway, Inbound, Mark, Message
from messaging.models.post import InboundState
from messaging.models.post import State as MessageState
from messaging.settings import load
from tests.fakes.carrier import ACCOUNT, TOKEN
from tests.fakes.twilio import Twilio
from tests.world import World

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
GB = 1_000_000_000
OK, WARN, WRONG = State.OK, State.WARN, State.WRONG


def states(found: Any) -> list[State]:
    return [one.state for one in found]


# What is decided, case by case

Judge = Callable[[], Diagnosis]
CASES: list[tuple[str, Judge, State, str]] = [
    ("room on the disk", lambda: disk.judge_room(40 * GB), OK, "40.0 GB"),
    ("a full disk", lambda: disk.judge_room(200_000_000), WRONG, "200 MB are left"),
    ("nothing grows", lambda: disk.judge_growth(40 * GB, 0, NOW), OK, "does not grow"),
    ("a disk for ten years", lambda: disk.judge_growth(40 * GB, 1_500_000, NOW), OK, "548 MB a year"),
    ("a disk for a year", lambda: disk.judge_growth(GB, 2_739_726, NOW), OK, "2027-03-12"),
    ("a disk for a season", lambda: disk.judge_growth(GB, 10_000_000, NOW), WARN, "2026-06-20"),
    ("a disk for a fortnight", lambda: disk.judge_growth(GB, 71_000_000, NOW), WRONG, "2026-03-26"),
    ("a copy of the key", lambda: disk.judge_copy(NOW - MONTH, NOW), OK, "2026-02-10"),
    ("a copy that nobody looked at", lambda: disk.judge_copy(NOW - 13 * MONTH, NOW), WARN, "last compared"),
    ("no copy of the key", lambda: disk.judge_copy(None, NOW), WARN, "all phone numbers would be lost"),
    ("last night's backup", lambda: disk.judge_backup(NOW - 15 * HOUR, False, NOW), OK, "2026-03-12 02:30"),
    ("a backup beside the data", lambda: disk.judge_backup(NOW, True, NOW), OK, "carry one away"),
    ("a backup of last week", lambda: disk.judge_backup(NOW - 7 * DAY, False, NOW), WRONG, "2026-03-05"),
    ("no backup", lambda: disk.judge_backup(None, False, NOW), WARN, "never been"),
    ("the tables of this version", lambda: store.judge_revision("0005", "0005", {"0004", "0005"}), OK, "0005"),
    ("older tables", lambda: store.judge_revision("0004", "0005", {"0004", "0005"}), WRONG, "older version"),
    ("newer tables", lambda: store.judge_revision("0006", "0005", {"0004", "0005"}), WRONG, "newer version"),
    ("no tables", lambda: store.judge_revision(None, "0005", {"0005"}), WRONG, "empty"),
    ("a whole file", lambda: store.judge_check("ok"), OK, "whole"),
    ("a damaged file", lambda: store.judge_check("*** in database main ***"), WRONG, "damaged"),
    ("an engine that runs", lambda: post.judge_engine(NOW - timedelta(minutes=1), 10 * HOUR / 60, NOW), OK, "runs"),
    ("a silent engine", lambda: post.judge_engine(NOW - HOUR, 10 * HOUR / 60, NOW), WRONG, "2026-03-12 16:30"),
    ("an engine that never ran", lambda: post.judge_engine(None, HOUR, NOW), WRONG, "never run"),
    ("nothing is parked", lambda: post.judge_unknown(0), OK, "known"),
    ("three are parked", lambda: post.judge_unknown(3), WARN, "3 SMS wait for a person"),
    ("no limit this month", lambda: post.judge_month("k", None, None, NOW), WARN, "no limit"),
    ("a month begun", lambda: month(10), OK, "10 %"),
    ("a month nearly spent", lambda: month(85), WARN, "85 %"),
    ("a month spent", lambda: month(100), WRONG, "used up"),
    ("the month ends, the next has no limit", lambda: month(10, now=NOW + 16 * DAY), WARN, "next month"),
    ("the month ends, the next has one", lambda: month(10, 100, NOW + 16 * DAY), OK, "10 %"),
    ("a phone that hears", lambda: network.judge_reach("https://a.example", "", False), OK, "reaches us"),
    ("nobody answers", lambda: network.judge_reach("https://a.example", "no answer (connect)", False), WRONG, "cannot"),
    ("only we cannot", lambda: network.judge_reach("https://a.example", "no answer (connect)", True), WARN, "do reach"),
]  # fmt: skip


def month(percent: int, following: int | None = None, now: datetime = NOW) -> Diagnosis:
    def row(limit: int, charged: int) -> Budget:
        return Budget(
            programme_id=1, month=date(2026, 3, 1), limit_micros=limit, charged_micros=charged, reserved_micros=0
        )

    return post.judge_month("k", row(100, percent), row(following, 0) if following else None, now)


@pytest.mark.parametrize(("judge", "state", "told"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_what_is_said(judge: Judge, state: State, told: str) -> None:
    found = judge()
    assert (found.state, told in found.sentence) == (state, True), found.sentence
    assert bool(found.remedy) == (state is not OK), "what is not well says what to do"


ADDRESSES = [
    ("not set", "", "not set"),
    ("in the clear", "http://sms.example.org", "not https"),
    ("an underscore", "https://sms_1.example.org", "underscore"),
    ("a good one", "https://sms.example.org", None),
    ("a telephone at a cable", "http://127.0.0.1:8000", None),
]


@pytest.mark.parametrize(("url", "told"), [row[1:] for row in ADDRESSES], ids=[row[0] for row in ADDRESSES])
def test_the_address_as_it_is_written(url: str, told: str | None) -> None:
    found = network.judge_address(url)
    assert (found is None) if told is None else (found is not None and told in found.sentence)


CERTIFICATES = [
    ("three months", NOW + 90 * DAY, "", [OK]),
    ("two weeks", NOW + 14 * DAY, "", [WARN]),
    ("three days", NOW + 3 * DAY, "", [WRONG]),
    ("over", None, "certificate has expired", [WRONG]),
    ("no line: told elsewhere", None, "", []),
]


@pytest.mark.parametrize(
    ("ends", "trouble", "wanted"), [row[1:] for row in CERTIFICATES], ids=[row[0] for row in CERTIFICATES]
)
def test_certificates(ends: datetime | None, trouble: str, wanted: list[State]) -> None:
    assert states(network.judge_certificate(ends, trouble, NOW)) == wanted


CLOCKS = [
    # by how many seconds each clock is ahead of ours; whose clock is wrong
    ("nobody to compare with", {}, [], "no other clock"),
    ("all agree", {"twilio": 3, "sim1": -40}, [], "agrees with twilio and sim1"),
    ("two against us", {"twilio": 600, "orange": 580}, ["this computer is 10 min slow"], ""),
    ("two against us, the other way", {"twilio": -7200, "sim1": -7190}, ["this computer is 2 h fast"], ""),
    ("a provider against us", {"twilio": 600}, ["this computer is 10 min slow"], ""),
    ("a telephone against us", {"sim1": 600}, ["clock of sim1 is 10 min ahead of ours"], ""),
    ("a telephone against us and a provider", {"twilio": 2, "sim1": -900}, ["clock of sim1 is 15 min behind ours"], ""),
    ("each says another", {"twilio": 600, "sim1": -900}, ["twilio is 10 min ahead", "sim1 is 15 min behind"], ""),
]  # fmt: skip


@pytest.mark.parametrize(("offs", "blamed", "told"), [row[1:] for row in CLOCKS], ids=[row[0] for row in CLOCKS])
def test_whose_clock_is_wrong(offs: dict[str, int], blamed: list[str], told: str) -> None:
    found = network.judge_clocks(offs, {"sim1"})
    assert states(found) == ([WRONG] * len(blamed) or [OK])
    assert all(part in one.sentence for part, one in zip(blamed or [told], found, strict=True))


def test_the_date_of_an_answer() -> None:
    assert network.ahead(format_datetime(NOW + timedelta(seconds=90), usegmt=True), NOW) == 90
    assert network.ahead("", NOW) is None
    assert network.ahead("yesterday", NOW) is None


def test_duty() -> None:
    assert states(post.judge_duty(2, False, 0)) == [OK]
    assert states(post.judge_duty(0, False, 0)) == [WRONG], "no alarm reaches anybody"
    assert states(post.judge_duty(0, True, 0)) == [WARN], "e-mails do"
    assert states(post.judge_duty(2, False, 1)) == [WARN], "somebody has no second factor"


def test_practice() -> None:
    assert states(post.judge_practice({True}, False)) == [OK]
    assert states(post.judge_practice({False}, True)) == [OK]
    assert states(post.judge_practice({False}, False)) == [WRONG], "its SMS go to the simulator"
    assert states(post.judge_practice({True, False}, True)) == [WARN]


def test_how_it_runs() -> None:
    assert states(post.judge_running("INFO", is_root=False)) == [OK]
    assert states(post.judge_running("DEBUG", is_root=True)) == [WARN, WARN]


def test_postgresql() -> None:
    assert states(store.judge_server(16, [])) == [OK]
    assert states(store.judge_server(13, [])) == [WARN]
    assert states(store.judge_server(16, ["fsync", "synchronous_commit"])) == [WRONG, WRONG]
    assert states(store.judge_wal(1000)) == [] and states(store.judge_wal(GB)) == [WARN]


def test_sizes() -> None:
    assert [size(one) for one in (12, 740_400, 3_200_000, 3.2e9, 150e9, 2e12)] == [
        "12 B", "740 kB", "3.2 MB", "3.2 GB", "150 GB", "2.0 TB",
    ]  # fmt: skip


# Gateways


def gateway(**values: Any) -> Gateway:
    given = {"name": "sim1", "adapter": "android", "price_micros": 10_000_000, "answer_cost": "10", "seen_at": NOW}
    return Gateway(**{**given, **values})


ROWS = [
    ("all well", gateway(), None, True, []),
    ("paused", gateway(paused_at=NOW, paused_reason="no credit"), None, True, ["It rests since 2026-03-12 17:30: no"]),
    ("unwell", gateway(), Error("balance", "no credit left", Fault.CHANNEL), True, ["no credit left (balance)"]),
    ("silent", gateway(seen_at=NOW - HOUR), None, True, ["last heard on 2026-03-12 16:30"]),
    ("never heard", gateway(seen_at=None), None, True, ["last heard never"]),
    ("free of charge?", gateway(price_micros=0), None, True, ["cost 0 XOF"]),
    ("what does an answer cost?", gateway(answer_cost="unknown"), None, True, ["not known"]),
    ("it cannot receive", gateway(adapter="twilio", answer_cost="unknown"), None, False, ["cannot receive"]),
]


@pytest.mark.parametrize(
    ("row", "trouble", "receives", "told"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_a_gateway(row: Gateway, trouble: Error | None, receives: bool, told: list[str]) -> None:
    found = [*ways.judge_state(row, trouble, NOW), *ways.judge_row(row, receives)]
    assert len(found) == len(told) and all(part in one.sentence for part, one in zip(told, found, strict=True)), found


def sent(hours_ago: float, what: str = "send", status: str = "201", gateway: str = "twilio") -> Exchange:
    return Exchange(gateway, what, 50, status, at=NOW - timedelta(hours=hours_ago))


DAYS = [
    # the exchanges of a day, newest first; what is said of the webhooks
    ("nothing left", [], []),
    ("it has just left", [sent(0.5), sent(0.6)], []),
    ("its receipts came", [sent(1.5, "receipt", "204"), *[sent(2)] * 9], []),
    ("none came", [sent(0.1), *[sent(2)] * 9], [WRONG]),
    ("a phone may be off", [sent(2), sent(3)], [WARN]),
    ("they come, and are refused", [sent(1, "receipt", "403"), *[sent(2)] * 9], [WRONG]),
    ("we ask, it does not call", [sent(1, "track", "200"), *[sent(2)] * 9], [WRONG]),
    ("what was refused needs no receipt", [sent(2, status="400")] * 9, []),
    ("another one calls", [sent(1, "in", "200", "sim1"), *[sent(2)] * 9], [WRONG]),
]


@pytest.mark.parametrize(("told", "wanted"), [row[1:] for row in DAYS], ids=[row[0] for row in DAYS])
def test_webhooks_that_do_not_reach_us(told: list[Exchange], wanted: list[State]) -> None:
    assert states(ways.judge_receipts("twilio", told, NOW)) == wanted


# The whole of it


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """A real installation in a folder of its own, as the environment names it."""
    for name in list(os.environ):
        if name.startswith(("JEKULU_", "TWILIO_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("JEKULU_DATA", str(tmp_path / "data"))
    opened = open_installation(load(), NOW)
    yield opened
    opened.close()


def found(**environ: str) -> dict[str, Diagnosis]:
    told = doctor.examine(datetime.now(UTC), {**os.environ, **environ})
    return {one.check: one for one in told}


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(wsgi.main, ["doctor", *words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_a_new_installation_lacks_little(here: Installation) -> None:
    told = found()
    assert [name for name, one in told.items() if one.state is WRONG] == ["engine"]
    assert "never run" in told["engine"].sentence
    with here.db.write() as session:
        pulse_now(session)
    assert not [name for name, one in found().items() if one.state is WRONG]
    assert stat.S_IMODE(here.settings.data.stat().st_mode) == 0o700


def pulse_now(session: Any) -> None:
    marks.note(session, pulse.ENGINE, datetime.now(UTC))


def test_the_command_says_it_in_words_and_for_programs(here: Installation) -> None:
    code, told = run()
    assert code == 1
    first, second, *_ = told.splitlines()
    assert first.startswith("wrong  engine: The engine has never run") and second.startswith("       -> systemctl")
    code, told = run("--json")
    checks = json.loads(told)["checks"]
    assert code == 1 and {*checks[0]} == {"check", "state", "sentence", "remedy"}
    with here.db.write() as session:
        pulse_now(session)
    assert run()[0] == 0


BROKEN: list[tuple[str, Callable[[Installation], dict[str, str]], str, str]] = [
    # what is broken: how, the check that tells it, and a part of its sentence
    ("settings", lambda here: {"PORT": "x", "JEKULU_LOG": "y"}, "settings", "JEKULU_LOG"),
    ("the folder is elsewhere", lambda here: {"JEKULU_DATA": "/nonexistent/x"}, "folder", "no data folder"),
    ("the folder is open", lambda here: chmod(here.settings.data, 0o755), "folder", "look into"),
    ("the key is lost", lambda here: remove(here.settings.key_path), "key", "no key file"),
    ("the key is cut", lambda here: write(here.settings.key_path, "abc"), "key", "key"),
    ("the key is open", lambda here: chmod(here.settings.key_path, 0o644), "key", "can read the key"),
    ("another key", lambda here: write(here.settings.key_path, "0" * 64 + "\n"), "key", "does not belong"),
    ("no database", lambda here: remove(here.settings.data / "jekulu.sqlite"), "database", "no database"),
    ("a damaged database", lambda here: damage(here), "database file", "is damaged"),
    ("a database server that is off",
     lambda here: {"JEKULU_DATABASE": "postgresql://jekulu:secret@127.0.0.1:9/jekulu"}, "database", "does not answer"),
    ("no database at all", lambda here: {"JEKULU_DATABASE": "mysql://x"}, "database", "JEKULU_DATABASE"),
    ("a port that is none",
     lambda here: {"JEKULU_DATABASE": "postgresql://jekulu:a@127.0.0.1:secret/jekulu"}, "database", "JEKULU_DATABASE"),
    ("a driver that is not there",
     lambda here: {"JEKULU_DATABASE": "postgresql+nosuch://j:secret@127.0.0.1/j"}, "database", "not installed"),
    ("older tables", lambda here: revise(here, "0004"), "database", "older version"),
    ("newer tables", lambda here: revise(here, "9999"), "database", "newer version"),
    ("no mail server", lambda here: {
        "JEKULU_SMTP": "smtp://127.0.0.1:9", "JEKULU_ALARM_FROM": "a@example.org", "JEKULU_ALARM_TO": "b@example.org",
    }, "mail", "does not take our calls"),
]  # fmt: skip


def chmod(path: Path, mode: int) -> dict[str, str]:
    path.chmod(mode)
    return {}


def remove(path: Path) -> dict[str, str]:
    path.unlink()
    return {}


def write(path: Path, text: str) -> dict[str, str]:
    path.write_text(text)
    return {}


def damage(here: Installation) -> dict[str, str]:
    here.db.dispose()
    path = here.settings.data / "jekulu.sqlite"
    for beside in here.settings.data.glob("jekulu.sqlite-*"):
        beside.unlink()
    path.write_bytes(b"not a database" * 1000)
    return {}


def revise(here: Installation, revision: str) -> dict[str, str]:
    with here.db.write() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = :one"), {"one": revision})
    return {}


@pytest.mark.parametrize(("break_it", "check", "told"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_whatever_is_broken_is_told(
    here: Installation, break_it: Callable[[Installation], dict[str, str]], check: str, told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    environ = break_it(here)
    sick = [one for one in doctor.examine(datetime.now(UTC), {**os.environ, **environ}) if one.state is WRONG]
    assert any(one.check == check and told in one.sentence for one in sick), sick
    assert not any("secret" in one.sentence + one.remedy for one in sick)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert run("--tell")[0] == 1, "no traceback, whatever it is"


def test_a_check_that_breaks_stops_no_other(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def bad(_here: object, _now: object) -> list[Diagnosis]:
        raise KeyError("+22376123456")

    monkeypatch.setattr(doctor, "WHOLE", {"engine": bad, **{k: v for k, v in doctor.WHOLE.items() if k != "engine"}})
    told = found()
    assert told["engine"].sentence.startswith("This could not be looked at (KeyError, test_doctor.py:")
    assert "76123456" not in told["engine"].sentence, "what an error holds may be a number"
    assert told["backup"].state is WARN


def test_a_file_that_root_left(here: Installation) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    assert found()["folder"].state is OK
    left = here.settings.data / "exchanges" / "2026-03-12.jsonl"
    left.parent.mkdir()
    left.touch()
    os.chown(left, 12345, 12345)
    assert found()["folder"].state is WRONG and "2026-03-12.jsonl" in found()["folder"].sentence


def test_what_belongs_to_root_at_the_top_of_a_disk_is_no_trouble(here: Installation) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    own = here.settings.data / "lost+found"
    own.mkdir()
    os.chown(own, 12345, 12345)
    assert found()["folder"].state is OK


def test_backups_that_outlive_an_erasure(here: Installation) -> None:
    kept = here.settings.data / "backups"
    kept.mkdir()
    for name, days in (("a.backup", 40), ("b.backup", 30.5), ("c.backup", 0), ("d.txt", 40)):
        (kept / name).touch()
        at = datetime.now(UTC) - days * DAY
        os.utime(kept / name, (at.timestamp(), at.timestamp()))
    told = found()["old backups"]
    assert (told.state, "1 backups" in told.sentence, str(kept) in told.remedy) == (WARN, True, True)
    (kept / "a.backup").unlink()
    assert "old backups" not in found()


def test_nothing_is_made_and_nothing_changed(here: Installation) -> None:
    revise(here, "0004")
    before = {path.name: path.read_bytes() for path in here.settings.data.iterdir() if path.name == "jekulu.key"}
    found()
    found(JEKULU_DATA=str(here.settings.data / "none"))
    with here.db.read() as session:
        assert session.scalar(sa.text("SELECT version_num FROM alembic_version")) == "0004"
    assert not (here.settings.data / "none").exists()
    assert {name: (here.settings.data / name).read_bytes() for name in before} == before


def test_the_copy_of_the_key(here: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "copy.key"
    disks = (Path("/dev/shm"), Path(tempfile.gettempdir()), Path.cwd())
    stick = next(disk for disk in disks if disk.is_dir() and disk.stat().st_dev != tmp_path.stat().st_dev)
    copy.write_bytes(here.settings.key_path.read_bytes())
    code, told = run("--key-copy", str(copy))
    assert code == 1 and "same disk" in told
    code, told = run("--key-copy", str(tmp_path / "nothing"))
    assert code == 1 and "no file" in told
    other = stick / f"jekulu-{os.getpid()}.key"
    try:
        other.write_text("0" * 64 + "\n")
        other.chmod(0o600)
        assert "another key" in run("--key-copy", str(other))[1]
        assert found()["key copy"].state is WARN
        other.write_bytes(copy.read_bytes())
        run("--key-copy", str(other))
        assert found()["key copy"].state is OK
    finally:
        other.unlink()


def test_where_the_key_lies(here: Installation, tmp_path: Path) -> None:
    assert found()["key"].state is WARN, "in the data folder: a copy of the folder carries both"
    apart = tmp_path / "etc" / "jekulu.key"
    apart.parent.mkdir()
    here.settings.key_path.rename(apart)
    assert found(JEKULU_KEY_FILE=str(apart))["key"].state is OK
    assert found(JEKULU_KEY_FILE=str(apart), JEKULU_BACKUPS=str(apart.parent))["key"].state is WRONG


# What it reads of the tables, on both databases


def test_what_waits_and_what_fails(installation: Installation, world: World) -> None:
    phone_id = world.phone("+22370000001")
    with world.db.write() as session:
        for at, state in ((NOW - HOUR, InboundState.NEW), (NOW, InboundState.NEW), (NOW - DAY, InboundState.FAILED)):
            key = f"{at}{state}"
            session.add(
                Inbound(
                    gateway_id=1, dedupe_key=key, text="", phone_id=phone_id, received_at=at, next_at=at, digest="d",
                    state=state,
                )
            )  # fmt: skip
    told = list(post.inbounds(installation, NOW))
    assert [(one.state, one.sentence[:6]) for one in told] == [(WRONG, "1 SMS "), (WARN, "1 SMS ")]


def test_parked_messages_and_growth(installation: Installation, world: World) -> None:
    phone_id = world.phone("+22370000001")
    with world.db.write() as session:
        for number in range(30):
            row = Message(
                programme_id=world.programme_id, kind="campaign", step_id=1, occurrence=str(number), phone_id=phone_id,
                language_wanted="fr", language="fr", encoding="GSM-7", segments=1, due_at=NOW - DAY, next_at=NOW,
                useful_until=NOW, created_at=NOW,
            )  # fmt: skip
            if number < 2:
                row.state, row.reason = MessageState.HELD, "unknown"
            session.add(row)
    assert [one.sentence[:5] for one in post.unknown(installation, NOW)] == ["2 SMS"]
    with world.db.read() as session:
        assert disk.pace(session, NOW) == 30 * disk.MESSAGE_BYTES / 7, "a young one: of a week at least"
        assert disk.pace(session, NOW + 14 * DAY) == 30 * disk.MESSAGE_BYTES / 15
        assert disk.pace(session, NOW + 3 * MONTH) == 0


def test_a_real_programme_asks_for_more(installation: Installation, world: World) -> None:
    assert [(one.check, one.state) for one in post.money(installation, NOW)] == [("budget essai", WARN)]
    assert states(post.duty(installation, NOW)) == [WRONG]
    assert states(post.practice(installation, NOW)) == [WRONG]


def test_the_database_of_each_kind_is_looked_at(installation: Installation) -> None:
    opened, told = store.open_store(installation.settings, installation.keys)
    assert opened is not None and told.state is OK
    opened.dispose()
    wanted = [OK] if installation.db.is_sqlite else [WRONG] * 3  # our server of the tests writes nothing to the disk
    assert states(store.wholeness(installation, NOW)) == wanted


def reads(monkeypatch: pytest.MonkeyPatch, here: Installation, told: str = "ok") -> list[str]:
    """Each time from now on that the whole file is read through; `told` is what is found."""
    seen: list[str] = []

    def look(_db: object) -> list[Diagnosis]:
        seen.append(told)
        return [store.judge_check(told)]

    monkeypatch.setattr(store, "_file", look)
    return seen


QUARTERS = [timedelta(minutes=15 * number) for number in range(4 * 24 + 2)]  # a day and a quarter of an hour
LOOKS = [
    # what is found, who asks, and how often the file is read through in a day of quarters of an hour
    ("the timer, a whole file", "ok", True, 2),
    ("the timer, a damaged file", "*** in database main ***", True, len(QUARTERS)),
    ("a person", "ok", False, len(QUARTERS)),
]


@pytest.mark.parametrize(("told", "often", "times"), [row[1:] for row in LOOKS], ids=[row[0] for row in LOOKS])
def test_the_whole_file_is_read_once_a_day(
    here: Installation, monkeypatch: pytest.MonkeyPatch, told: str, often: bool, times: int
) -> None:
    seen = reads(monkeypatch, here, told)
    monkeypatch.setattr(doctor, "BARE", {})
    monkeypatch.setattr(doctor, "WHOLE", {store.FILE: store.wholeness})
    for after in QUARTERS:
        found_now = doctor.examine(NOW + after, os.environ, often=often)
        if often:
            telling.tell_by_alarm(here, found_now, NOW + after)
            with here.db.read() as session:
                told_of = [row.about for row in alarms.open_alarms(session) if row.kind == "doctor"]
            assert told_of == ([] if told == "ok" else [store.FILE]), "an alarm stays until the file is seen whole"
    assert len(seen) == times


def test_a_clock_that_was_ahead_does_not_put_the_look_off(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = reads(monkeypatch, here)
    telling.tell_by_alarm(here, [store.judge_check("ok")], NOW + MONTH)
    assert states(store.wholeness_daily(here, NOW)) == [OK]
    assert seen == ["ok"]


def test_the_command_reads_the_file_for_a_person_always(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = reads(monkeypatch, here)
    for words, times in ((("--tell",), 1), (("--tell",), 1), ((), 2), (("--json",), 3), (("--tell",), 3)):
        run(*words)
        assert len(seen) == times, words


def test_a_gateway_without_its_secret(installation: Installation) -> None:
    bare = replace(installation, settings=replace(installation.settings, twilio_account=""))
    bare.adapters.settings = bare.settings
    with bare.db.write() as session:
        session.add(Gateway(name="twilio", adapter="twilio", sender="+22320000000"))
    (told,) = ways.gateways(bare, NOW)
    assert told.state is WRONG and "TWILIO_ACCOUNT_SID" in told.sentence


def test_a_gateway_is_asked(installation: Installation) -> None:
    with Twilio() as carrier:
        given = {"twilio_api": carrier.url, "twilio_account": ACCOUNT, "twilio_token": TOKEN}
        settings = replace(installation.settings, **given)
        here = replace(installation, settings=settings, adapters=Adapters(settings, installation.keys))
        with here.db.write() as session:
            session.add(
                Gateway(
                    name="twilio", adapter="twilio", sender="+22320000000", price_micros=72_000_000, answer_cost="10",
                    sent_at=NOW,
                )
            )  # fmt: skip
        (well,) = ways.gateways(here, NOW)
    (ill,) = ways.gateways(here, NOW)
    here.adapters.close()
    assert well.state is OK and "2026-03-12 17:30" in well.sentence, well
    assert ill.state is WRONG and "cannot be reached" in ill.sentence, ill


# Over real lines


class Answer(BaseHTTPRequestHandler):
    """Answers /health as we do, with a clock that is an hour ahead."""

    def do_GET(self) -> None:
        self.send_response_only(200)
        self.send_header("Date", format_datetime(datetime.now(UTC) + HOUR, usegmt=True))
        self.end_headers()
        self.wfile.write(b'{"status": "ok"}\n' if self.path == "/health" else b"<html>")

    do_HEAD = do_GET

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Answer) as opened:
        thread = threading.Thread(target=opened.serve_forever)
        thread.start()
        yield opened
        opened.shutdown()
        thread.join(10)


def test_our_address_is_asked(server: HTTPServer) -> None:
    url = f"http://127.0.0.1:{server.server_port}"
    assert network.reach(url) == ""
    assert network.reach(f"{url}/elsewhere") == "another answer than ours (HTTP 200)"
    assert network.reach("http://127.0.0.1:9") == "no answer (connect)"
    off = network.ahead(network.told_by(url), datetime.now(UTC))
    assert off is not None and 3590 <= off <= 3610
    assert network.told_by("http://127.0.0.1:9") == ""


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(datetime.now(UTC) - DAY).not_valid_after(datetime.now(UTC) + 9 * DAY)
    (tmp_path / "cert.pem").write_bytes(made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with HTTPServer(("127.0.0.1", 0), Answer) as opened:
        opened.socket = context.wrap_socket(opened.socket, server_side=True)
        opened.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=opened.handle_request)
        thread.start()
        ends, trouble = network.expiry(f"https://localhost:{opened.server_port}")
        thread.join(10)
    assert ends is None and "self-signed" in trouble.replace(" ", "-")
    assert network.expiry("https://127.0.0.1:9") == (None, "")


# Telling


def test_alarms_are_raised_once_and_cleared(installation: Installation) -> None:
    sick = [wrong("disk", "full", "-"), wrong("gateway sim1", "rests", "-"), fine("key", "well")]
    telling.tell_by_alarm(installation, sick, NOW)
    telling.tell_by_alarm(installation, sick, NOW + HOUR)
    with installation.db.read() as session:
        (row,) = alarms.open_alarms(session)
    assert (row.kind, row.about) == ("doctor", "disk"), "of gateways the engine's own watch tells"
    assert "disk" in alarms.said(row, alarms.WHAT, "fr")
    telling.tell_by_alarm(installation, sick[1:], NOW + 2 * HOUR)
    with installation.db.read() as session:
        assert not alarms.open_alarms(session)
        assert session.scalar(sa.select(sa.func.count(Alarm.id))) == 1


def test_the_engines_watch_leaves_the_doctors_alarms_open(installation: Installation) -> None:
    from messaging import watch

    telling.tell_by_alarm(installation, [wrong("backup", "old", "-")], NOW)
    watch.watch(installation, NOW + HOUR)
    with installation.db.read() as session:
        assert [row.about for row in alarms.open_alarms(session)] == ["backup"]


def test_a_silent_engine_is_told(installation: Installation) -> None:
    with installation.db.write() as session:
        session.add(Mark(name=pulse.ENGINE, value=(NOW - HOUR).isoformat()))
    telling.tell_by_alarm(installation, [], NOW)
    with installation.db.read() as session:
        assert [row.kind for row in alarms.open_alarms(session)] == ["silent"]


def test_without_a_database_an_e_mail_leaves_once_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(telling.mail, "send", lambda _server, letter: sent.append(letter))
    mailed = {"JEKULU_SMTP": "smtp://127.0.0.1:9", "JEKULU_ALARM_FROM": "a@example.org"}
    settings = load({**mailed, "JEKULU_ALARM_TO": "b@example.org", "JEKULU_DATA": str(tmp_path)})
    sick, now = [wrong("database", "It does not answer.", "Start it."), fine("key", "well")], datetime.now(UTC)
    assert [telling.tell_without(settings, sick, now + after) for after in (0 * HOUR, HOUR, 25 * HOUR)] == [
        True, False, True,
    ]  # fmt: skip
    assert "database: It does not answer.\n-> Start it." in sent[0].get_content() and "key" not in sent[0].get_content()


def test_an_exchange_of_today_speaks_for_the_public_address(here: Installation) -> None:
    Log(here.settings.data).note(Exchange("twilio", "in", 3, "200"))
    with here.db.write() as session:
        session.add(Gateway(name="twilio", adapter="twilio", sender="+22320000000"))
    told = found(JEKULU_PUBLIC_URL="http://127.0.0.1:9")
    assert told["public address"].state is WARN and "gateways do reach it" in told["public address"].sentence
