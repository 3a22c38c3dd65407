"""Group commit: small acts of many threads share one transaction, and so one write to the disk; knows no table.

Who comes first leads: it opens the transaction, takes in what has gathered until then, commits, and only then lets
everybody go; who comes meanwhile waits, and one of them leads next. So one writer at a time asks for the database,
where sixteen would stand in each other's way. There is no thread to start, to stop or to lose in a fork.

An act must be harmless when it is done over again: when one fails, the others of its group begin anew without it.
Acts of one sort may be done together, in fewer statements (`Part`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from threading import Lock
from time import monotonic, sleep
from typing import Any, Generic, TypeVar, cast

from sqlalchemy.orm import Session

from messaging.errors import BusyError

Item = TypeVar("Item")
T = TypeVar("T")
Act = Callable[[Session], Any]
Begin = Callable[[float], AbstractContextManager[Session]]
MOST = 64  # acts a transaction: whoever waits is not to wait for long
A_MOMENT = 0.0004  # seconds in which others who are on their way come in
MOMENTS = 5  # at most


@dataclass(frozen=True)
class Part(Generic[Item, T]):
    """An act that is cheaper when it is done for many at once: `together` gives the result of each, in their order."""

    together: Callable[[Session, Sequence[Item]], Sequence[T]]
    item: Item

    def __call__(self, session: Session) -> T:
        """Do it alone."""
        return self.together(session, [self.item])[0]


class _Turn:
    """One act that waits until it is done, or until it is its turn to lead."""

    def __init__(self, act: Act, patience: float) -> None:
        self.leads = False
        self.is_over = False
        self.is_stored = False
        self.result: Any = None
        self.error: Exception | None = None
        self.act = act
        self._until = monotonic() + patience
        self._gate = Lock()  # a lock, because an Event takes ten times as long
        self._gate.acquire()

    def left(self) -> float:
        """Seconds until it is given up."""
        return max(self._until - monotonic(), 0.0)

    def wait(self) -> None:
        self._gate.acquire(timeout=self.left())

    def let_go(self) -> None:
        self.is_over = True
        self._gate.release()

    def do(self, session: Session) -> None:
        try:
            self.result = self.act(session)
            _leave_clean(session)
        except Exception as error:
            self.error = error
            raise


class Gathering:
    """Where the threads of one process meet on their way to the database."""

    def __init__(self, begin: Begin, patience: float, hopeless: tuple[type[Exception], ...] = ()) -> None:
        """Nobody waits yet.

        Args:
            begin: opens a transaction that is alone in writing, after that many seconds at most.
            patience: seconds after which an act is given up.
            hopeless: errors that are the database's and not an act's, so that nothing can be stored now.
        """
        self._begin = begin
        self._patience = patience
        self._hopeless = hopeless
        self._lock = Lock()
        self._waiting: deque[_Turn] = deque()
        self._is_led = False
        self._was_alone = True

    def do(self, act: Callable[[Session], T]) -> T:
        """Do an act in a transaction that others may share; gives its result once that is committed.

        Raises:
            BusyError: its time was over. It may be committed all the same.
            Exception: what the act raises, or the database while it opens or commits; nothing of it is stored.
        """
        turn = _Turn(act, self._patience)
        with self._lock:
            self._waiting.append(turn)
            turn.leads, self._is_led = not self._is_led, True
        if not turn.leads:
            turn.wait()
            with self._lock:
                if not turn.leads and not turn.is_over:
                    if turn in self._waiting:
                        self._waiting.remove(turn)
                    raise BusyError
        if turn.leads:
            self._lead(turn)
        if not turn.is_stored:
            raise turn.error or BusyError
        return cast(T, turn.result)

    def _lead(self, leader: _Turn) -> None:
        group: list[_Turn] = []
        try:
            self._let_gather()
            self._transact(leader, group)
        finally:
            self._hand_on(leader, group)

    def _let_gather(self) -> None:
        """Where many come, wait a moment for more, as long as more come; who comes alone goes on at once."""
        here = 1 if self._was_alone else 0
        for _ in range(MOMENTS):
            if here == (here := len(self._waiting)):
                return
            sleep(A_MOMENT)

    def _transact(self, leader: _Turn, group: list[_Turn], is_joint: bool = True) -> None:
        """Do a group in one transaction; when one of it fails, the others begin anew without it.

        What fails where several are done together, nobody knows yet: then all begin anew, one after the other.
        """
        try:
            with self._begin(leader.left()) as session:
                if not group:
                    group += self._gathered()
                    self._was_alone = len(group) == 1
                for turns in _alike(group) if is_joint else ([turn] for turn in group):
                    _do(session, turns)
        except Exception as error:
            others = [turn for turn in group if turn.error is None]
            is_ours = len(others) == len(group)  # and nobody's own: it began or ended badly, or several failed together
            if is_ours and is_joint and len(group) > 1 and not isinstance(error, self._hopeless):
                self._transact(leader, group, is_joint=False)
            elif is_ours or isinstance(error, self._hopeless):
                for turn in others or [leader]:
                    turn.error = error
            elif others:
                self._transact(leader, others, is_joint)
        else:
            for turn in group:
                turn.is_stored = True

    def _gathered(self) -> list[_Turn]:
        """Take in those who wait; the leader is the first of them."""
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]

    def _hand_on(self, leader: _Turn, group: list[_Turn]) -> None:
        with self._lock:
            if leader in self._waiting:  # it never came to take anybody in
                self._waiting.remove(leader)
            following = self._waiting[0] if self._waiting else None
            if following:
                following.leads = True
                following.let_go()
            self._is_led = following is not None
        for turn in group:
            if turn is not leader:
                turn.let_go()


def _alike(group: Sequence[_Turn]) -> Iterator[list[_Turn]]:
    """A group in its order, in parts that are done together."""
    for _, turns in groupby(group, key=lambda turn: turn.act.together if isinstance(turn.act, Part) else turn):
        yield list(turns)


def _do(session: Session, turns: Sequence[_Turn]) -> None:
    if len(turns) == 1:
        turns[0].do(session)
        return
    acts = [cast(Part[Any, Any], turn.act) for turn in turns]
    for turn, result in zip(turns, acts[0].together(session, [act.item for act in acts]), strict=True):
        turn.result = result
    _leave_clean(session)


def _leave_clean(session: Session) -> None:
    """Each act looks for itself: another may have changed rows without telling objects."""
    session.flush()
    session.expunge_all()
