"""The log of exchanges with gateways: when, what, how long, which status; never a number, a text or a secret.

One file a day in the data folder, one JSON line an exchange, kept for some days. A line of less than a page is written
by one call at the end of the file, so that several processes share it.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from threading import Lock

from messaging.clock import utc_now
from messaging.phones import redact

FOLDER = "exchanges"  # in the data folder
THEIRS = ("in", "receipt", "events")  # what a gateway calls us for; all else is a call of ours
NAMED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.jsonl")
SHORT = re.compile(r"[A-Za-z0-9_.:-]{1,64}")  # of what a gateway says itself: its code, its id of a request
BLOCK = 64 * 1024  # bytes read at a time, from the end
AMONG = 2000  # exchanges: a busy day has a hundred thousand, and a page that shows a few must not read them all


@dataclass(frozen=True)
class Exchange:
    """One call to a gateway, or of one."""

    gateway: str
    what: str  # send, look, list, track, health, register; of theirs: in, receipt, events
    milliseconds: float
    status: str  # of HTTP, or how it was lost: connect, time-out, cut
    code: str = ""  # of the gateway's error; of theirs why it was not taken
    key: str = ""  # of the attempt
    request_id: str = ""  # the gateway's own, for its support
    at: datetime | None = None  # when it ended; set when it is written down


Note = Callable[[Exchange], None]


def silent(_exchange: Exchange) -> None:
    """Write nothing down."""


class Log:
    """Writes exchanges down, from any number of threads; in trouble it writes nothing, and says so to nobody."""

    def __init__(self, data: Path, clock: Callable[[], datetime] = utc_now) -> None:
        """Nothing is made yet; `data` is the data folder."""
        self._folder = data / FOLDER
        self._clock = clock
        self._lock = Lock()
        self._file = -1
        self._day: date | None = None

    def note(self, exchange: Exchange) -> None:
        """Write one down. A full disk must not stop an SMS."""
        now = self._clock()
        line = _line(exchange, now)
        with self._lock, suppress(OSError):
            if now.date() != self._day:
                self._turn(now.date())
            os.write(self._file, line)

    def close(self) -> None:
        """Let go of the file; the next exchange opens it again."""
        with self._lock:
            self._close()

    def _turn(self, day: date) -> None:
        """Open the file of a day."""
        self._close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self._folder / f"{day}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._day = day

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file, self._day = -1, None


def tails(data: Path, most: int, among: int = AMONG) -> dict[str, list[Exchange]]:
    """The newest exchanges of each gateway, newest first, `most` of them; sought among so many of all of them."""
    found: defaultdict[str, list[Exchange]] = defaultdict(list)
    for one in islice(newest(data), among):
        if len(found[one.gateway]) < most:
            found[one.gateway].append(one)
    return found


def heard(data: Path, gateway: str, since: datetime, whats: Collection[str] = THEIRS) -> datetime | None:
    """When a gateway last called us, and we took it; None: not since then, or nothing was written down."""
    recent = takewhile(lambda one: one.at is not None and one.at >= since, newest(data))
    calls = (one.at for one in recent if one.gateway == gateway and one.what in whats and one.status.startswith("2"))
    return next(calls, None)


def newest(data: Path) -> Iterator[Exchange]:
    """All exchanges that are kept, newest first; a line that cannot be read is left out."""
    for path in sorted(_files(data), reverse=True):
        for line in _backwards(path):
            with suppress(ValueError, TypeError, KeyError):
                told = json.loads(line)
                yield Exchange(**{**told, "at": datetime.fromisoformat(told["at"])})


def forget(data: Path, kept: timedelta, now: datetime) -> int:
    """Delete the files of the days before that; gives how many."""
    first = f"{(now - kept).astimezone(UTC).date()}.jsonl"
    old = [path for path in _files(data) if path.name < first]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _line(exchange: Exchange, now: datetime) -> bytes:
    """One exchange as it is written."""
    told = {
        "at": now.isoformat(timespec="milliseconds"),
        "gateway": exchange.gateway,
        "what": exchange.what,
        "milliseconds": round(exchange.milliseconds, 1),
        "status": exchange.status,
    }
    if exchange.key:
        told["key"] = exchange.key
    if _is_plain(exchange.code):
        told["code"] = exchange.code
    if _is_plain(exchange.request_id):
        told["request_id"] = exchange.request_id
    return (json.dumps(told) + "\n").encode()


def _is_plain(said: str) -> bool:
    """True for what a gateway says itself when it is short and cannot be a number."""
    return SHORT.fullmatch(said) is not None and redact(said) == said


def _files(data: Path) -> list[Path]:
    folder = data / FOLDER
    return [path for path in folder.iterdir() if NAMED.fullmatch(path.name)] if folder.is_dir() else []


def _backwards(path: Path) -> Iterator[bytes]:
    """The lines of a file from its end, in bounded memory."""
    with path.open("rb") as file:
        left, rest = file.seek(0, os.SEEK_END), b""
        while left:
            size = min(BLOCK, left)
            left -= size
            file.seek(left)
            first, *lines = (file.read(size) + rest).split(b"\n")
            yield from (line for line in reversed(lines) if line)
            rest = first
        if rest:
            yield rest
