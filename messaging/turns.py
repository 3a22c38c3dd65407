"""Threads of one process take turns, in the order in which they came; knows no database.

Whoever waits for SQLite's own lock looks again now and then: a job that writes one row after the other can keep it from
a webhook for seconds. Here the next in line is called.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, get_ident


class Turns:
    """A lock that is handed on to who waits longest."""

    def __init__(self) -> None:
        """Nobody has it."""
        self._guard = Lock()
        self._taken_by: int | None = None  # a thread
        self._waiting: deque[_Place] = deque()

    @contextmanager
    def take(self, seconds: float) -> Iterator[None]:
        """Wait for one's turn, `seconds` at most; then go on without it: the database itself has the last word.

        Who has the turn and asks again goes on at once: nobody waits for oneself.
        """
        is_mine = self._enter(seconds)
        try:
            yield
        finally:
            if is_mine:
                self._leave()

    def _enter(self, seconds: float) -> bool:
        place = _Place()
        with self._guard:
            if self._taken_by in (None, place.thread):
                is_free, self._taken_by = self._taken_by is None, place.thread
                return is_free
            self._waiting.append(place)
        place.gate.acquire(timeout=max(seconds, 0.0))
        with self._guard:
            if not place.is_called:
                self._waiting.remove(place)
            return place.is_called

    def _leave(self) -> None:
        with self._guard:
            following = self._waiting.popleft() if self._waiting else None
            self._taken_by = following.thread if following else None
            if following:
                following.is_called = True
                following.gate.release()


class _Place:
    """One who waits."""

    def __init__(self) -> None:
        self.thread = get_ident()
        self.is_called = False
        self.gate = Lock()
        self.gate.acquire()
