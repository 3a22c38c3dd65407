"""Makes the calls of a fake gateway to our webhooks, again while they fail as Twilio does with `#rc=5&rp=all`."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable
from typing import Protocol

import requests

TRIES = 6
WAIT_SECONDS = 0.5


class Call(Protocol):
    """One signed call."""

    @property
    def path(self) -> str: ...

    @property
    def headers(self) -> dict[str, str]: ...

    @property
    def body(self) -> bytes: ...


class Caller:
    """A few threads that bring calls to one base address, each with its own connection; calls of one put in order."""

    def __init__(self, base: str, hands: int = 4) -> None:
        """Start the threads."""
        self._base = base
        self._calls: queue.Queue[list[Call] | None] = queue.Queue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(hands)]
        for thread in self._threads:
            thread.start()

    def put(self, calls: Iterable[Call]) -> None:
        """Bring these soon, one after the other."""
        self._calls.put(list(calls))

    def close(self) -> None:
        """Wait for the calls that are under way; leave the rest."""
        with self._calls.mutex:
            self._calls.queue.clear()
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            thread.join(10)

    def _work(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (calls := self._calls.get()) is not None:
                for call in calls:
                    self._bring(session, call)

    def _bring(self, session: requests.Session, call: Call) -> None:
        for _ in range(TRIES):
            try:
                answer = session.post(self._base + call.path, data=call.body, headers=call.headers, timeout=(3, 15))
            except requests.RequestException:
                time.sleep(WAIT_SECONDS)
                continue
            if answer.status_code < 300:
                return
            time.sleep(WAIT_SECONDS)
