"""The log of exchanges: what stands in it, what never does, and that it neither slows nor stops anything."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from messaging import addresses
from messaging.gateways import Adapters, exchanges
from messaging.gateways.exchanges import Exchange, Log
from messaging.gateways.protocol import Outbound, Outcome
from messaging.installation import Installation
from messaging.models import Gateway
from tests.fakes.carrier import ACCOUNT, TOKEN
from tests.fakes.twilio import Twilio
from tests.traces import spellings
from tests.wire import OURS, PUBLIC
from webhooks import door

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
AWA, TEXT = "+22376123456", "Le secret du client Awa est au marché"
SENT = Exchange("twilio", "send", 51.26, "201", "", "key-1", "RQ" + "0" * 32)


def files(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "exchanges").iterdir())


def lines(data: Path) -> list[dict[str, object]]:
    told = "".join((data / "exchanges" / name).read_text("utf-8") for name in files(data))
    return [json.loads(line) for line in told.splitlines()]


# The file


def test_a_line_an_exchange_that_its_owner_alone_reads(tmp_path: Path) -> None:
    log = Log(tmp_path, lambda: NOW)
    assert not (tmp_path / "exchanges").exists(), "nothing is made before there is something to say"
    log.note(SENT)
    log.note(Exchange("sim1", "health", 3050, "connect"))
    assert lines(tmp_path) == [
        {
            "at": "2026-03-12T17:30:00.000+00:00", "gateway": "twilio", "what": "send", "milliseconds": 51.3,
            "status": "201", "key": "key-1", "request_id": "RQ" + "0" * 32,
        },
        {
            "at": "2026-03-12T17:30:00.000+00:00", "gateway": "sim1", "what": "health", "milliseconds": 3050,
            "status": "connect",
        },
    ]  # fmt: skip
    folder = tmp_path / "exchanges"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "2026-03-12.jsonl").stat().st_mode) == 0o600


SAID = [
    # what a gateway says, as its error code or as the id of a request; what is kept of it
    ("a code", "21211", "21211"),
    ("a code of Android", "RESULT_ERROR_NO_SERVICE", "RESULT_ERROR_NO_SERVICE"),
    ("a number", "22376123456", None),
    ("a number with hyphens", "76-12-34-56", None),
    ("a number behind a word", "to:76123456", None),
    ("the text of an SMS", TEXT, None),
    ("a line break", "21211\n{}", None),
    ("a word without end", "x" * 65, None),
    ("nothing", "", None),
]


@pytest.mark.parametrize(("said", "kept"), [row[1:] for row in SAID], ids=[row[0] for row in SAID])
def test_what_a_gateway_says_itself_is_kept_when_it_is_short_and_no_number(
    tmp_path: Path, said: str, kept: str | None
) -> None:
    Log(tmp_path, lambda: NOW).note(replace(SENT, code=said, request_id=said))
    (line,) = lines(tmp_path)
    assert (line.get("code"), line.get("request_id")) == (kept, kept)


def test_each_day_has_its_file_and_old_ones_go(tmp_path: Path) -> None:
    clock = [NOW]
    log = Log(tmp_path, lambda: clock[0])
    for days in range(20):
        clock[0] = NOW + timedelta(days=days)
        log.note(SENT)
    (tmp_path / "exchanges" / "notes.txt").write_text("of a person")
    assert exchanges.forget(tmp_path, timedelta(days=14), clock[0]) == 5
    assert files(tmp_path) == [f"2026-03-{day}.jsonl" for day in range(17, 32)] + ["notes.txt"]
    assert exchanges.forget(tmp_path, timedelta(days=14), clock[0]) == 0
    log.note(SENT)
    assert len(lines_of(tmp_path, "2026-03-31.jsonl")) == 2, "the file of the day stays open"


def lines_of(data: Path, name: str) -> list[str]:
    return (data / "exchanges" / name).read_text("utf-8").splitlines()


def test_there_may_be_no_log_yet(tmp_path: Path) -> None:
    assert exchanges.forget(tmp_path, timedelta(days=14), NOW) == 0
    assert exchanges.tails(tmp_path, 10) == {}
    assert exchanges.heard(tmp_path, "twilio", NOW) is None


def test_the_newest_of_one_gateway_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "BLOCK", 150)  # lines lie across blocks
    clock = [NOW]
    log = Log(tmp_path, lambda: clock[0])
    for minute in range(0, 3000, 60):
        clock[0] = NOW + timedelta(minutes=minute)
        log.note(replace(SENT, key=f"key-{minute}"))
        log.note(Exchange("sim1", "health", 1, "200"))
    told = exchanges.tails(tmp_path, 30)["twilio"]
    assert [one.key for one in told] == [f"key-{minute}" for minute in range(2940, 1140, -60)], "over two days"
    assert told[0] == replace(SENT, key="key-2940", milliseconds=51.3, at=NOW + timedelta(minutes=2940))
    few = exchanges.tails(tmp_path, 30, among=9)
    assert (len(few["twilio"]), len(few["sim1"])) == (4, 5), "no more is read than that"


def test_a_line_cut_by_a_full_disk_hides_no_other(tmp_path: Path) -> None:
    log = Log(tmp_path, lambda: NOW)
    log.note(SENT)
    with (tmp_path / "exchanges" / "2026-03-12.jsonl").open("ab") as file:
        file.write(b'{"at": "2026-03-12T17:3\n\xff\n[]\n{"at": 1}\n')
    log.note(SENT)
    assert len(exchanges.tails(tmp_path, 10)["twilio"]) == 2


HEARD = [
    ("a report was taken", "receipt", "204", NOW),
    ("an SMS was taken", "in", "200", NOW),
    ("all events come by one address", "events", "200", NOW),
    ("it was refused", "receipt", "403", None),
    ("it is a call of ours", "track", "200", None),
]


@pytest.mark.parametrize(("what", "status", "at"), [row[1:] for row in HEARD], ids=[row[0] for row in HEARD])
def test_when_a_gateway_last_called(tmp_path: Path, what: str, status: str, at: datetime | None) -> None:
    log = Log(tmp_path, lambda: NOW)
    log.note(Exchange("twilio", what, 2, status))
    log.note(Exchange("sim1", "in", 2, "200"))
    log.note(SENT)
    assert exchanges.heard(tmp_path, "twilio", NOW - timedelta(hours=1)) == at
    assert exchanges.heard(tmp_path, "twilio", NOW + timedelta(hours=1)) is None


def test_several_processes_share_a_file(tmp_path: Path) -> None:
    logs = [Log(tmp_path, lambda: NOW) for _ in range(4)]

    def write(log: Log) -> None:
        for _ in range(500):
            log.note(SENT)

    threads = [threading.Thread(target=write, args=(log,)) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(lines(tmp_path)) == 2000, "each line is whole"


@pytest.mark.parametrize("trouble", ["the disk is full", "the folder is a file"])
def test_trouble_with_the_log_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str) -> None:
    def full(_file: int, _line: bytes) -> int:
        raise OSError(28, "No space left on device")

    if trouble == "the disk is full":
        monkeypatch.setattr(os, "write", full)
    else:
        (tmp_path / "exchanges").write_text("")
    log = Log(tmp_path, lambda: NOW)
    log.note(SENT)
    log.note(SENT)
    log.close()
    monkeypatch.undo()
    if trouble == "the folder is a file":
        (tmp_path / "exchanges").unlink()
    log.note(SENT)
    assert len(lines(tmp_path)) == 1, "it writes again as soon as it can"


# Over real lines


@pytest.fixture
def carrier() -> Iterator[Twilio]:
    with Twilio() as opened:
        yield opened


@pytest.fixture
def here(installation: Installation, carrier: Twilio) -> Iterator[Installation]:
    """A Twilio gateway to the invented carrier."""
    given = {"twilio_api": carrier.url, "twilio_account": ACCOUNT, "twilio_token": TOKEN, "public_url": PUBLIC}
    settings = replace(installation.settings, **given)
    opened = replace(installation, settings=settings, adapters=Adapters(settings, installation.keys))
    with opened.db.write() as session:
        session.add(Gateway(name="twilio", adapter="twilio", sender=OURS, rate=1000.0))
    yield opened
    opened.adapters.close()


@pytest.fixture
def client(here: Installation) -> FlaskClient:
    app = Flask(__name__)
    app.extensions["jekulu"], app.extensions["jekulu.wake"] = here, lambda name: None
    app.register_blueprint(door.blueprint)
    return app.test_client()


def outbound(here: Installation, key: str, text: str = TEXT) -> Outbound:
    report_url = addresses.report_url(PUBLIC, "twilio", key, here.keys)
    return Outbound(key, AWA, text, "UCS-2", 1, None, datetime.now(UTC) + timedelta(hours=2), report_url)


def knock(client: FlaskClient, path: str, body: bytes, headers: dict[str, str]) -> int:
    return client.post(path, data=body, headers=headers, environ_overrides={"REQUEST_URI": path}).status_code


def told(here: Installation) -> list[tuple[str, str, str, str]]:
    """What, status, code and key of each exchange, oldest first."""
    return [(one.what, one.status, one.code, one.key) for one in reversed(list(exchanges.newest(here.settings.data)))]


def test_calls_to_a_gateway_and_of_it(here: Installation, carrier: Twilio, client: FlaskClient) -> None:
    with here.db.read() as session:
        adapter = here.adapters.get(session.scalars(sa.select(Gateway).where(Gateway.adapter == "twilio")).one())
    assert adapter.submit(outbound(here, "key-1")).outcome is Outcome.ACCEPTED
    assert adapter.submit(outbound(here, "key-2", text="x" * 1601)).outcome is Outcome.REJECTED
    adapter.resolve(outbound(here, "key-1"), datetime.now(UTC), datetime.now(UTC))
    adapter.list_inbound(datetime.now(UTC), datetime.now(UTC))
    assert adapter.health() is None
    call = carrier.write(AWA, OURS, TEXT, addresses.inbound_url(PUBLIC, "twilio", here.keys))
    assert knock(client, call.path, call.body, call.headers) == 200
    assert knock(client, call.path, call.body, {**call.headers, "X-Twilio-Signature": "x"}) == 403
    assert knock(client, call.path.replace("/in", "x/in"), call.body, call.headers) == 403
    (report,) = carrier.reports(carrier.messages[0], "delivered")
    assert knock(client, report.path, report.body, report.headers) == 204
    assert told(here) == [
        ("send", "201", "", "key-1"),
        ("send", "400", "21617", "key-2"),
        ("look", "200", "", "key-1"),
        ("list", "200", "", ""),
        ("health", "200", "", ""),
        ("health", "200", "", ""),
        ("in", "200", "", ""),
        ("in", "403", "signature", ""),
        ("receipt", "204", "", "key-1"),
    ], "a stranger's call, without the secret, is counted and not kept"
    assert_silent(here)


def test_a_gateway_that_is_not_there(here: Installation) -> None:
    gone = replace(here.settings, twilio_api="http://127.0.0.1:9")
    adapters = Adapters(gone, here.keys)
    with here.db.read() as session:
        adapter = adapters.get(session.scalars(sa.select(Gateway).where(Gateway.adapter == "twilio")).one())
    assert adapter.submit(outbound(here, "key-1")).outcome is Outcome.TEMPORARY
    adapters.close()
    assert told(here) == [("send", "connect", "", "key-1")]
    assert_silent(here)


def assert_silent(here: Installation) -> None:
    """No number in any spelling, no text, no token, no account, no secret of an address stands in the log."""
    held = "".join((here.settings.data / "exchanges" / name).read_text("utf-8") for name in files(here.settings.data))
    door_token = addresses.inbound_url(PUBLIC, "twilio", here.keys).split("/")[-2]
    secrets = (*spellings(AWA), *spellings(OURS), TEXT, "marché", "march\\u", TOKEN, ACCOUNT, ACCOUNT[2:], door_token)
    assert held and [one for one in secrets if one in held] == []
