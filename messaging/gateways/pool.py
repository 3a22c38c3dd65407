"""The calls to gateways that one process has under way, each gateway with threads of its own; knows no table.

So a gateway that hangs stops no other. What is urgent overtakes what waits for a thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from math import inf
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic, time

import structlog

from messaging.gateways.protocol import Adapter, Capabilities, Error, Fault, Outbound, Outcome, Submitted

log = structlog.get_logger()
CAN_ASK = ("by_key", "by_search")
DEEP, LOW = 10, 2  # calls a thread that may be claimed ahead, and at which the next are claimed
LEAST = 20  # messages a claim, while all have enough to do: others may stand behind them
MOST_AT_ONCE = 200  # answers that are stored together

TOO_LATE = Submitted(Outcome.TEMPORARY, error=Error("too-late", "its turn came too late", Fault.NETWORK))
BROKEN = Submitted(Outcome.UNKNOWN, error=Error("broken", "the adapter failed", Fault.NETWORK))


@dataclass(frozen=True)
class Handover:
    """One claimed attempt, ready to be handed over."""

    outbound: Outbound
    gateway_id: int
    adapter: Adapter


Answered = tuple[Handover, Submitted]
Until = tuple[float, float]  # by a clock that never jumps, and by one that goes on while a machine sleeps


class Pool:
    """Hands attempts over and gathers the answers; its methods are for one thread at a time."""

    def __init__(self, most: int, is_bounded: bool = True) -> None:
        """Nothing is under way.

        Args:
            most: threads a gateway; it gets no more than it can do with.
            is_bounded: whether only so much may be claimed as can be called soon.
        """
        self._most = most
        self._is_bounded = is_bounded
        self._turns: dict[tuple[int, int], datetime] = {}  # by gateway and priority: the end of the last one told
        self._hands: dict[int, _Hands] = {}
        self._answers: SimpleQueue[Answered] = SimpleQueue()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def under_way(self) -> int:
        """How many attempts are with a thread, wait for one, or are answered and not told yet."""
        return sum(hands.under_way for hands in self._hands.values())

    @property
    def is_low(self) -> bool:
        """Whether a gateway that the last claim had something for will soon have nothing to do."""
        return any(hands.is_fed and hands.under_way <= hands.low for hands in self._hands.values())

    @property
    def spare(self) -> int:
        """How many messages it is worth claiming: as many as the gateways at work have room for."""
        at_work = (hands for hands in self._hands.values() if hands.is_fed or hands.under_way)
        return sum(max(hands.deep - hands.under_way, 0) for hands in at_work) or LEAST

    def room(self, gateway_id: int, adapter: Adapter) -> float:
        """How many more attempts may be claimed for a gateway: a process that dies leaves all of them unclear.

        Where nobody can ask what became of them, none waits for a thread.
        """
        hands = self._of(gateway_id, adapter.capabilities)
        return hands.deep - hands.under_way if self._is_bounded else inf

    def turn(
        self, gateway_id: int, priority: int, earliest: datetime, takes: timedelta, latest: datetime, is_first: bool
    ) -> datetime:
        """When a message that goes back to the outbox because its gateway is busy is looked at again.

        The first of a claim has waited longest: its turn comes as early as can be. Those behind it come one after the
        other, each `takes` after the one before, and all whose turn would be later than `latest` together; so a long
        queue is not looked at whole again and again.
        """
        last = self._turns.get((gateway_id, priority), earliest)
        at = earliest if is_first else max(last, earliest)
        if last < latest:
            self._turns[gateway_id, priority] = max(last, at) + takes
        return at

    def put(self, jobs: Iterable[Handover], patience: float) -> None:
        """Hand these over; one whose turn comes later than `patience` seconds from now is not handed over any more.

        It would soon count as lost, be found unsent, and leave a second time.
        """
        until = monotonic() + patience, time() + patience
        for hands in self._hands.values():
            hands.is_fed = False
        for job in jobs:
            self._of(job.gateway_id, job.adapter.capabilities).put(job, until)

    def answered(self, seconds: float) -> list[Answered]:
        """What is answered within so many seconds, so that one commit stores many.

        Sooner when nothing more is under way, or so little that more should be claimed.
        """
        group: list[Answered] = []
        until = monotonic() + seconds
        low = sum(hands.low for hands in self._hands.values() if hands.is_fed and hands.under_way)
        enough = self.under_way - low if self.under_way > low else self.under_way
        for _ in range(min(enough, MOST_AT_ONCE)):
            try:
                group.append(self._answers.get(timeout=max(until - monotonic(), 0)))
            except Empty:
                break
        for job, _ in group:
            self._hands[job.gateway_id].under_way -= 1
        return group

    def give_back(self, group: Iterable[Answered]) -> None:
        """Answers that could not be stored: they come again."""
        for answer in group:
            self._hands[answer[0].gateway_id].under_way += 1
            self._answers.put(answer)

    def hurry(self) -> None:
        """Hand over nothing more: what still waits for a thread is answered as too late, what is under way goes on."""
        for hands in self._hands.values():
            hands.is_closing = True

    def close(self) -> None:
        """Let the threads end once they are done."""
        self.hurry()
        for hands in self._hands.values():
            hands.dismiss()
        self._hands.clear()

    def _of(self, gateway_id: int, capabilities: Capabilities) -> _Hands:
        if gateway_id not in self._hands:
            self._hands[gateway_id] = _Hands(self._answers, self._most, capabilities)
        return self._hands[gateway_id]


class _Hands:
    """The threads of one gateway, made as they are needed."""

    def __init__(self, answers: SimpleQueue[Answered], most: int, capabilities: Capabilities) -> None:
        self.most = min(most, capabilities.max_in_flight)
        can_ask = capabilities.can_resolve in CAN_ASK
        self.deep, self.low = (self.most * DEEP, self.most * LOW) if can_ask else (self.most, self.most // 2)
        self.under_way = 0
        self.is_fed = False  # by the last claim
        self.is_closing = False
        self._answers = answers
        self._threads = 0
        self._order = count()
        self._lock = Lock()
        self._waiting: list[tuple[int, int, Until, Handover]] = []
        self._turns: SimpleQueue[bool] = SimpleQueue()  # one for each that waits; False: go home

    def put(self, job: Handover, until: Until) -> None:
        with self._lock:
            heappush(self._waiting, (-job.outbound.priority, next(self._order), until, job))
        if self.under_way >= self._threads < self.most:
            self._threads += 1
            Thread(target=self._work, name=f"gateway {job.gateway_id}", daemon=True).start()
        self.under_way += 1
        self.is_fed = True
        self._turns.put(True)

    def dismiss(self) -> None:
        for _ in range(self._threads):
            self._turns.put(False)

    def _work(self) -> None:
        while self._turns.get():
            with self._lock:
                *_, until, job = heappop(self._waiting)
            is_late = self.is_closing or _is_over(until)
            self._answers.put((job, TOO_LATE if is_late else _hand_over(job)))


def _is_over(until: Until) -> bool:
    return monotonic() > until[0] or time() > until[1]


def _hand_over(job: Handover) -> Submitted:
    try:
        return job.adapter.submit(job.outbound)
    except Exception as error:  # an adapter must not raise; if one does, the others' outcomes are stored all the same
        log.error("an adapter failed", gateway=job.gateway_id, error=type(error).__name__, exc_info=True)
        return BROKEN
