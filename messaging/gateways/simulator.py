"""The simulator gateway: a carrier that keeps state, fails, repeats and reorders as told; knows no table of ours.

Its book is a file of its own, so that it stays the judge of what was really sent when our process is killed. Numbers
are written in it only as the installation's keyed hash.
"""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Literal

from messaging.gateways.protocol import (
    Arrival,
    Capabilities,
    Error,
    Fault,
    Found,
    Outbound,
    Outcome,
    Report,
    Resolution,
    Submitted,
)
from messaging.models.post import Delivery
from messaging.phones import Keys

SCHEMA = """
CREATE TABLE IF NOT EXISTS sent (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, phone TEXT NOT NULL, text TEXT NOT NULL, encoding TEXT NOT NULL,
    segments INTEGER NOT NULL, sender TEXT, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS sent_key ON sent (key);
CREATE INDEX IF NOT EXISTS sent_phone ON sent (phone);
CREATE TABLE IF NOT EXISTS report (id INTEGER PRIMARY KEY, due TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS report_due ON report (due);
CREATE TABLE IF NOT EXISTS written (id INTEGER PRIMARY KEY, phone TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS written_phone ON written (phone);
"""

What = Literal[
    "ok", "busy", "cut_sent", "cut_lost", "bad_number", "opted_out", "content", "channel"
]  # what a submit call meets; `cut_*`: the answer is lost, after or before the SMS was taken


@dataclass(frozen=True)
class Outage:
    """The network of one operator is down for a while: the carrier takes nothing for its numbers."""

    start: str  # of the numbers, +2237
    since: datetime
    until: datetime

    def meets(self, number: str, at: datetime) -> bool:
        """True when an SMS to this number cannot be taken at this moment."""
        return number.startswith(self.start) and self.since <= at < self.until


@dataclass(frozen=True)
class Weather:
    """How the simulated network behaves; all choices follow from `seed`, the number and how often it was called.

    Shares are between 0 and 1. `script` comes first (one word a call), then `endings` (last digits of the number),
    then the shares.
    """

    seed: str = "0"
    busy: float = 0.0
    cut_sent: float = 0.0
    cut_lost: float = 0.0
    bad_number: float = 0.0
    undelivered: float = 0.0
    expired: float = 0.0
    silent: float = 0.0  # no receipt ever
    doubled: float = 0.0  # each receipt twice
    reordered: float = 0.0  # delivered before sent
    receipt_seconds: float = 2.0
    latency_seconds: float = 0.0
    endings: Mapping[str, What] = field(default_factory=dict)
    script: Sequence[What] = ()
    outages: Sequence[Outage] = ()  # before all else


FAIR = Weather(undelivered=0.03, expired=0.01, silent=0.02)


class Book:
    """What the simulated carrier wrote down: what it sent, what people wrote, and the receipts still to be told."""

    def __init__(self, path: Path | str, keys: Keys) -> None:
        """Open or make the book."""
        self._keys = keys
        self._lock = RLock()
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing of what it wrote; a power cut may, and then the judge is gone with the rest.
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute("PRAGMA secure_delete = ON")
        self._file.executescript(SCHEMA)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield self._file
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")

    def send(self, outbound: Outbound, at: datetime, reports: Iterable[tuple[datetime, dict[str, object]]]) -> None:
        """Note one SMS as really sent, with the receipts that will be told."""
        row = (outbound.idempotency_key, self._keys.find(outbound.to), outbound.text, outbound.encoding)
        with self._writing() as file:
            file.execute(
                "INSERT INTO sent (key, phone, text, encoding, segments, sender, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*row, outbound.segments, outbound.sender, at.isoformat()),
            )
            file.executemany(
                "INSERT INTO report (due, body) VALUES (?, ?)",
                [(due.isoformat(), json.dumps(body)) for due, body in reports],
            )

    def has_key(self, key: str) -> bool:
        """True when an SMS left under this key."""
        return self.count("key", key) > 0

    def count(self, column: Literal["key", "phone"], value: str) -> int:
        """How many SMS left under a key or to a phone (its keyed hash)."""
        with self._lock:
            row = self._file.execute(f"SELECT COUNT(*) FROM sent WHERE {column} = ?", (value,)).fetchone()  # noqa: S608
        return int(row[0])

    def sent(self, number: str | None = None) -> list[tuple[str, str, datetime]]:
        """Key, text and time of what left, oldest first; of one number or of all."""
        query, values = "SELECT key, text, at FROM sent", list[str]()
        if number is not None:
            query, values = query + " WHERE phone = ?", [self._keys.find(number)]
        with self._lock:
            rows = self._file.execute(query + " ORDER BY id", values).fetchall()
        return [(key, text, datetime.fromisoformat(at)) for key, text, at in rows]

    def write(self, number: str, text: str, at: datetime, ident: str | None = None) -> Arrival:
        """A person writes an SMS; `ident` makes writing it again the same SMS."""
        key, digest = self._note(number, text, at, ident)
        return Arrival(dedupe_key=key, sender=number, text=text, received_at=at, digest=digest)

    def beep(self, number: str, called: str, at: datetime, ident: str | None = None) -> Arrival:
        """A person calls the number that stands for an option and hangs up: an answer that costs her nothing."""
        key, digest = self._note(number, f"({called})", at, ident)
        return Arrival(
            dedupe_key=key, sender=number, text="", received_at=at, digest=digest, kind="missed_call", called=called
        )

    def _note(self, number: str, text: str, at: datetime, ident: str | None) -> tuple[str, str]:
        """Write down what a person did; gives its key and its digest."""
        phone = self._keys.find(number)
        with self._writing() as file:
            cursor = file.execute(
                "INSERT INTO written (phone, text, at) VALUES (?, ?, ?)", (phone, text, at.isoformat())
            )
        key = ident or f"sim-{cursor.lastrowid}"
        return key, hashlib.sha256(f"{key}|{phone}|{text}".encode("utf-8", "surrogatepass")).hexdigest()

    def thread(self, number: str, most: int = 30) -> list[tuple[str, str, datetime]]:
        """The newest SMS of a phone as `("in" or "out", text, time)` seen from us, oldest first."""
        phone = self._keys.find(number)
        query = (
            "SELECT way, text, at FROM (SELECT 'out' AS way, text, at, id FROM sent WHERE phone = ? "
            "UNION ALL SELECT 'in', text, at, id FROM written WHERE phone = ?) ORDER BY at DESC, id DESC LIMIT ?"
        )
        with self._lock:
            rows = self._file.execute(query, (phone, phone, most)).fetchall()
        return [(way, text, datetime.fromisoformat(at)) for way, text, at in reversed(rows)]

    def forget(self, phone: str) -> None:
        """Erase the words of a phone (its keyed hash) from the book and its log; how many SMS there were stays."""
        with self._writing() as file:
            for table in ("sent", "written"):
                file.execute(f"UPDATE {table} SET text = '' WHERE phone = ?", (phone,))  # noqa: S608 - two names of ours
        with self._lock:
            self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def reports(self, now: datetime, most: int = 2_000) -> list[tuple[int, Report]]:
        """The receipts due by now, with the number under which `told` strikes them off."""
        with self._lock:
            rows = self._file.execute(
                "SELECT id, body FROM report WHERE due <= ? ORDER BY due, id LIMIT ?", (now.isoformat(), most)
            ).fetchall()
        return [(ident, _report(json.loads(body))) for ident, body in rows]

    def told(self, idents: Sequence[int]) -> None:
        """Strike receipts off after they are stored; a crash in between only repeats them."""
        with self._writing() as file:
            file.executemany("DELETE FROM report WHERE id = ?", [(ident,) for ident in idents])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Simulator:
    """The adapter: behaves like a gateway that can be asked by key."""

    capabilities = Capabilities(
        can_receive=True, delivery_reports="handset", can_resolve="by_key", idempotent_submit=True, max_in_flight=64
    )

    def __init__(self, book: Book, clock: Callable[[], datetime], weather: Weather = FAIR) -> None:
        """A carrier on this book, in this weather, by this clock."""
        self.book = book
        self.clock = clock
        self.weather = weather
        self._script = list(weather.script)

    def submit(self, outbound: Outbound) -> Submitted:
        """Take one SMS, or meet the trouble that the weather holds for it."""
        if self.weather.latency_seconds:
            time.sleep(self.weather.latency_seconds)
        if self.book.has_key(outbound.idempotency_key):
            return Submitted(Outcome.DUPLICATE, provider_id=f"sim-{outbound.idempotency_key}")
        if any(outage.meets(outbound.to, self.clock()) for outage in self.weather.outages):
            return DOWN
        dice = self._dice(outbound.to)
        what = self._what(outbound.to, dice)
        if what in ("ok", "cut_sent"):
            now = self.clock()
            self.book.send(outbound, now, self._reports(outbound, now, dice))
        return ANSWERS[what] if what != "ok" else _accepted(outbound)

    def resolve(
        self, outbound: Outbound, attempted_at: datetime, now: datetime, taken: Collection[str] = ()
    ) -> Resolution:
        """The book says whether the SMS left."""
        if self.book.has_key(outbound.idempotency_key):
            return Resolution(Found.SENT, provider_id=f"sim-{outbound.idempotency_key}")
        return Resolution(Found.NOT_SENT)

    def list_inbound(self, since: datetime, until: datetime) -> Sequence[Arrival]:
        """The simulator keeps no such list."""
        return ()

    def track(self, key: str, provider_id: str | None) -> Report | None:
        """Not asked yet."""
        return None

    def health(self) -> Error | None:
        """Always well."""
        return None

    def close(self) -> None:
        """The book is closed by who opened it."""

    def _dice(self, number: str) -> random.Random:
        called = self.book.count("phone", self.book._keys.find(number))
        return random.Random(f"{self.weather.seed}|{number}|{called}")

    def _what(self, number: str, dice: random.Random) -> What:
        if self._script:
            return self._script.pop(0)
        for ending, what in self.weather.endings.items():
            if number.endswith(ending):
                return what
        roll = dice.random()
        shares: tuple[tuple[What, float], ...] = (
            ("busy", self.weather.busy),
            ("cut_sent", self.weather.cut_sent),
            ("cut_lost", self.weather.cut_lost),
            ("bad_number", self.weather.bad_number),
        )
        for what, share in shares:
            roll -= share
            if roll < 0:
                return what
        return "ok"

    def _reports(
        self, outbound: Outbound, now: datetime, dice: random.Random
    ) -> list[tuple[datetime, dict[str, object]]]:
        if dice.random() < self.weather.silent:
            return []
        wait = timedelta(seconds=self.weather.receipt_seconds)
        roll = dice.random()
        last = Delivery.DELIVERED
        if roll < self.weather.undelivered:
            last = Delivery.FAILED
        elif roll < self.weather.undelivered + self.weather.expired:
            last = Delivery.EXPIRED
        told = [(now + wait / 2, _body(outbound, Delivery.SENT)), (now + wait, _body(outbound, last))]
        if dice.random() < self.weather.reordered:
            told = [(told[1][0], told[0][1]), (told[0][0], told[1][1])]
        return told * 2 if dice.random() < self.weather.doubled else told


def _error(code: str, text: str, fault: Fault) -> Error:
    return Error(code=code, text=text, fault=fault)


DOWN = Submitted(Outcome.TEMPORARY, error=_error("down", "the operator's network is down", Fault.NETWORK))
ANSWERS: dict[What, Submitted] = {
    "busy": Submitted(Outcome.TEMPORARY, error=_error("busy", "too many at once", Fault.NETWORK)),
    "cut_sent": Submitted(Outcome.UNKNOWN, error=_error("cut", "the line was cut", Fault.NETWORK)),
    "cut_lost": Submitted(Outcome.UNKNOWN, error=_error("cut", "the line was cut", Fault.NETWORK)),
    "bad_number": Submitted(Outcome.REJECTED, error=_error("no-number", "there is no such number", Fault.RECIPIENT)),
    "opted_out": Submitted(Outcome.REJECTED, error=_error("stopped", "the phone said stop", Fault.OPTED_OUT)),
    "content": Submitted(Outcome.REJECTED, error=_error("text", "the text is not carried", Fault.CONTENT)),
    "channel": Submitted(Outcome.REJECTED, error=_error("credit", "no credit left", Fault.CHANNEL)),
}


def _accepted(outbound: Outbound) -> Submitted:
    return Submitted(
        Outcome.ACCEPTED, provider_id=f"sim-{outbound.idempotency_key}", provider_segments=outbound.segments
    )


def _body(outbound: Outbound, delivery: Delivery) -> dict[str, object]:
    code = {"failed": "phone-off", "expired": "too-late"}.get(delivery.value, "")
    return {"key": outbound.idempotency_key, "delivery": delivery.value, "code": code}


def _report(body: dict[str, str]) -> Report:
    error = _error(body["code"], body["code"], Fault.NETWORK) if body["code"] else None
    return Report(
        word=body["delivery"],
        delivery=Delivery(body["delivery"]),
        digest=hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(),
        idempotency_key=body["key"],
        provider_id=f"sim-{body['key']}",
        error=error,
    )
