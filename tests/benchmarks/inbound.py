"""What comes in: the cost of reading an SMS, and the time from the webhook to the reply in the outbox."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import quantiles

import pytest

from campaigns.conversation import converse as conversation
from campaigns.conversation.grammar import read
from messaging import migrations
from messaging.clock import utc_now
from messaging.database import Database
from messaging.gateways import Adapters
from messaging.installation import Installation, prepare
from messaging.models.people import ClubKind
from messaging.phones import Keys
from messaging.settings import load
from tests.benchmarks.figure import figure
from tests.script import Script
from tests.wire import Wire, wired
from tests.world import World

EXAMPLES = json.loads((Path(__file__).parent.parent / "data" / "inbound_examples.json").read_text(encoding="utf-8"))
A_SECOND, SECONDS = 100, 20
CARD = "PRES 1041 F12 H8 T20"
MILLISECOND = 1e-3


def run() -> None:
    """Print the figures of what comes in."""
    reading()
    answering(1, 15, idle=True)
    answering(A_SECOND, SECONDS)


def reading() -> None:
    """The whole list of examples, read again and again, and the card's form alone."""
    whole = seconds(lambda: [read(one["text"], one["role"], one["context"]) for one in EXAMPLES]) / len(EXAMPLES)
    card = next(one for one in EXAMPLES if one["text"] == CARD)
    alone = seconds(lambda: read(CARD, card["role"], card["context"]))
    for name, spent in (("the examples", whole), ("the card's form", alone)):
        figure(f"reading an SMS, {name}: ms", spent * 1000, 1, spent / MILLISECOND, spent <= MILLISECOND)


def seconds(act: Callable[[], object]) -> float:
    """Of one turn, the best of fifteen."""
    best = float("inf")
    for _ in range(15):
        started = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - started)
    return best


def answering(rate: int, lasting: int, idle: bool = False) -> None:
    """SMS at an even pace through the signed webhook; the job that answers is woken, and looks once a second."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        house = installation(Path(folder))
        world = World(house.db, utc_now()).programme()
        numbers = crowd(world, rate * lasting)
        done: dict[int, float] = {}
        real = conversation._together

        def handled(db: Database, idents: Sequence[int], now: datetime) -> list[str]:
            result = real(db, idents, now)
            done.update(dict.fromkeys(idents[: len(result)], time.perf_counter()))
            return result

        patch.setattr(conversation, "_together", handled)
        with wired(Script(house, {}, world.now)) as wire:
            came = pour(wire, numbers, rate, house)
        house.close()
    waits = sorted(done[ident] - at for ident, at in came.items())
    assert len(waits) == rate * lasting, "each is answered"
    half, most = (quantiles(waits, n=100)[at - 1] for at in (50, 95))
    limit = 1.0 if idle else 2.0
    name = "idle" if idle else f"at {rate} SMS/s"
    figure(f"inbound to reply in the outbox, {name}, p50: s", half, limit, half / limit, half <= limit)
    figure(f"inbound to reply in the outbox, {name}, p95: s", most, limit, most / limit, most <= limit)


def pour(wire: Wire, numbers: list[str], rate: int, house: Installation) -> dict[int, float]:
    """Knock at the door at an even pace while the job answers; gives when each inbound was brought, by its id."""
    woken, over = threading.Event(), threading.Event()
    wire.client.application.extensions["jekulu.wake"] = lambda name: woken.set()

    def answer() -> None:
        while not over.is_set():
            woken.wait(1)
            woken.clear()
            while conversation.converse(house.db, utc_now()):
                pass

    worker = threading.Thread(target=answer)
    worker.start()
    came: dict[int, float] = {}
    started = time.perf_counter()
    for place, number in enumerate(numbers):
        time.sleep(max(0.0, started + place / rate - time.perf_counter()))
        wire.now = utc_now() - timedelta(milliseconds=1)
        came[place + 1] = time.perf_counter()
        assert wire.knock(number, CARD) == 200
    while conversation.converse(house.db, utc_now()):
        pass
    time.sleep(0.2)
    over.set()
    woken.set()
    worker.join()
    return came


def crowd(world: World, count: int) -> list[str]:
    """So many senders: a tenth are facilitators of the club, the others members."""
    leader = "+22370999999"
    world.club("1041", ClubKind.LISTENERS_CLUB, leader)
    world.crowd(min(count, 900), start="+22371")
    members = [number for number in world.phones if number != leader]
    return [members[place % len(members)] for place in range(count)]


def installation(folder: Path) -> Installation:
    """A fresh one on SQLite."""
    keys = Keys(b"k" * 32)
    settings = load({"JEKULU_DATA": str(folder), "JEKULU_PUBLIC_URL": "https://sms.example.org",
                     "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "an-invented-secret"})  # fmt: skip
    db = Database(f"sqlite:///{folder / 'bench.sqlite'}", keys)
    migrations.upgrade(db.engine)
    prepare(db, utc_now())
    return Installation(settings, keys, db, Adapters(settings, keys))
