"""Transaction A of the sender: takes due messages, replies first, asks the rules, and commits an attempt for each.

What a gateway cannot take now goes back to the outbox until its turn: a bucket keeps the gateway's pace, and no more is
claimed than can be called soon. What is urgent is claimed all the same.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session, defer

from messaging import addresses, pacing
from messaging.database import change, keys_of
from messaging.departure import Departure, cost, look
from messaging.errors import SettingError
from messaging.gateways.pool import Handover, Pool
from messaging.gateways.protocol import Adapter, Outbound
from messaging.installation import Installation
from messaging.models import Attempt, Gateway, Message
from messaging.models.post import AttemptState, State
from messaging.phones import SealError
from messaging.rules import PRIORITY, Reason, Verdict
from messaging.tab import Tab

log = structlog.get_logger()
BATCH = 200  # messages a claim
PAUSED_WAIT = timedelta(minutes=5)
FULL_WAIT = timedelta(seconds=1)  # until a message is looked at again whose gateway has more than enough to do
UNREADABLE = Verdict("hold", Reason.INVALID_NUMBER)  # a number that the key does not open
BUSY = "in_turn"  # counted: put off because their gateway is busy
BY_PRIORITY = sorted(set(PRIORITY.values()), reverse=True)
BULK = BY_PRIORITY[-1]
UNASKED = (Message.club_id, Message.language_wanted, Message.language, Message.body_hash, Message.created_at)


def claim(
    here: Installation, now: datetime, most: int = BATCH, only: Collection[int] | None = None, pool: Pool | None = None
) -> tuple[list[Handover], Counter[str]]:
    """Take up to `most` due messages, and none but `only` these, in one transaction.

    Without a pool no gateway has too much to do.

    Returns:
        What is to be handed over, and how many were `claimed`, closed, held or put off.
    """
    due_at = due_next(here)
    if due_at is None or due_at > now:
        return [], Counter()
    with here.db.write() as session:
        taking = Claim(session, here, pool or Pool(here.settings.workers, is_bounded=False), now)
        for priority in BY_PRIORITY:
            if rows := _due(session, priority, now, most - len(taking.jobs), only):
                taking.take(look(session, rows, now))
        taking.pay()
    taking.counts["claimed"] = len(taking.jobs)
    return taking.jobs, taking.counts


def due_next(here: Installation) -> datetime | None:
    """When the next message is due; a look that needs no writer: most ticks end here."""
    firsts = (
        sa.select(sa.func.min(Message.next_at))
        .where(Message.state == State.WAITING, Message.priority == priority)
        .scalar_subquery()
        for priority in BY_PRIORITY
    )
    with here.db.read() as session:
        return min((one for one in session.execute(sa.select(*firsts)).one() if one is not None), default=None)


def _due(session: Session, priority: int, now: datetime, most: int, only: Collection[int] | None) -> Sequence[Message]:
    if most <= 0:
        return ()
    query = (
        sa.select(Message)
        .options(*(defer(column) for column in UNASKED))
        .where(Message.state == State.WAITING, Message.priority == priority, Message.next_at <= now)
        .order_by(Message.next_at, Message.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    if only is not None:
        query = query.where(Message.id.in_(only))
    return session.scalars(query).all()


@dataclass
class Way:
    """One gateway during a claim: what it may still be given."""

    gateway: Gateway
    adapter: Adapter | None  # None: it cannot be opened
    bucket: pacing.Bucket
    room: float = 0  # messages that are not urgent
    is_empty: bool = False  # the bucket is, for one message, and so for all that come after it
    waits: bool = False  # a message of this claim does
    taken: list[int] = field(default_factory=list)  # messages, not written down yet

    def takes(self, message: Message) -> bool:
        """Whether a message goes by this gateway now: then its segments are spent."""
        if message.priority == BULK and self.room <= 0:
            return False
        self.is_empty = self.is_empty or not self.bucket.spend(message.segments)
        return not self.is_empty


class Claim:
    """What one claim takes; at its end it is written down, set by set."""

    def __init__(self, session: Session, here: Installation, pool: Pool, now: datetime) -> None:
        """Nothing is taken yet."""
        self.session, self.here, self.pool, self.now = session, here, pool, now
        self.jobs: list[Handover] = []
        self.counts: Counter[str] = Counter()
        self._ways: dict[int, Way] = {}
        self._attempts: list[dict[str, Any]] = []  # that are new
        self._tab = Tab()

    def take(self, leavings: Iterable[Departure]) -> None:
        """Begin an attempt for each message that may leave and whose gateway can take it; put off or end the others."""
        for leaving in leavings:
            verdict, message = leaving.verdict, leaving.message
            if verdict.what != "go" or leaving.gateway is None:
                self._put_off(message, verdict)
            elif (way := self._way(leaving.gateway)).adapter is None:
                self._put_off(message, Verdict("later", Reason.PAUSED_GATEWAY))
            elif way.takes(message):
                self._begin(leaving, way, way.adapter)
            else:
                self._queue(message, way)
        self._write()

    def pay(self) -> None:
        """Write down what became of the money; last, as everybody does, so that nobody waits in a circle."""
        self._tab.pay(self.session)

    def _write(self) -> None:
        """Write down what is taken; loaded messages are not told."""
        if self._attempts:
            self.session.execute(sa.insert(Attempt), self._attempts)
            self._attempts = []
        for way in (way for way in self._ways.values() if way.taken):
            pacing.keep(way.bucket, way.gateway, self.now)
            values = {"state": State.SUBMITTING, "reason": None, "gateway_id": way.gateway.id}
            these = sa.update(Message).where(Message.id.in_(way.taken))
            change(self.session, these.values(**values, tries=Message.tries + 1))
            way.taken = []
        self.session.flush()

    def _way(self, gateway: Gateway) -> Way:
        if gateway.id not in self._ways:
            way = Way(gateway, _opened(self.here, gateway), pacing.drawn(gateway, self.now))
            if way.adapter is not None:
                way.room = self.pool.room(gateway.id, way.adapter)
            self._ways[gateway.id] = way
        return self._ways[gateway.id]

    def _queue(self, message: Message, way: Way) -> None:
        """Let a message wait for its turn behind the others of its gateway."""
        wait = way.bucket.free_in(message.segments) if way.is_empty else FULL_WAIT
        takes, latest = way.bucket.takes(message.segments), self.now + pacing.LONGEST
        is_first, way.waits = way.is_empty and not way.waits, True
        key = (way.gateway.id, message.priority)
        message.next_at = self.pool.turn(*key, self.now + wait, takes, latest, is_first)
        self.counts[BUSY] += 1

    def _put_off(self, message: Message, verdict: Verdict) -> None:
        assert verdict.reason is not None
        self.counts[verdict.reason.value] += 1
        if verdict.what == "close":
            self._tab.turn(message, State.CLOSED, verdict.reason, self.now)
            return
        message.reason = verdict.reason.value
        if verdict.what == "hold":
            message.state = State.HELD
        else:
            message.next_at = verdict.at or self.now + PAUSED_WAIT

    def _begin(self, leaving: Departure, way: Way, adapter: Adapter) -> None:
        message = leaving.message
        try:
            to = keys_of(self.session).open(leaving.phone.sealed)
        except SealError:  # of one phone alone: a wrong key stops the start
            log.error("a number does not open", phone=leaving.phone.id)
            self._put_off(message, UNREADABLE)
            return
        key = self._again(message, way.gateway, adapter) or self._new(message, way.gateway)
        way.taken.append(message.id)
        way.room -= 1
        # What it really costs on the gateway it really takes; the planner reserved by the gateway it expected.
        self._tab.price(message, cost(message, way.gateway, leaving.phone))
        letter = outbound(self.here, message, to, leaving.text, way.gateway, key)
        self.jobs.append(Handover(letter, way.gateway.id, adapter))

    def _new(self, message: Message, gateway: Gateway) -> str:
        key = secrets.token_urlsafe(12)
        row = {"id": key, "message_id": message.id, "gateway_id": gateway.id, "started_at": self.now}
        self._attempts.append(row)
        return key

    def _again(self, message: Message, gateway: Gateway, adapter: Adapter) -> str | None:
        """Where a gateway takes a key once, begin the last attempt again, if there is one, and give its key."""
        # An earlier request may still be under way, in a tunnel or a queue: a new key would let both out.
        if not message.tries or not adapter.capabilities.idempotent_submit:
            return None
        # One that was taken and not delivered is over: under its key the gateway would call the next one a double.
        ours = sa.select(Attempt).where(
            Attempt.message_id == message.id,
            Attempt.gateway_id == gateway.id,
            Attempt.state != AttemptState.ACCEPTED,
        )
        again = self.session.scalars(ours.order_by(Attempt.started_at.desc()).limit(1)).first()
        if again is None:
            return None
        again.state, again.started_at, again.looks = AttemptState.SUBMITTING, self.now, 0
        again.next_look_at = again.empty_since = None  # `settled_at` says since when it is tried in vain
        again.fault = again.error_code = again.error_text = None
        return again.id


def _opened(here: Installation, gateway: Gateway) -> Adapter | None:
    """The adapter, or None when it cannot be opened: one gateway without its secret must not stop the others."""
    try:
        return here.adapters.get(gateway)
    except SettingError as error:
        log.error("a gateway cannot be opened", gateway=gateway.name, error=str(error))
        return None


def outbound(here: Installation, message: Message, to: str, text: str, gateway: Gateway, key: str) -> Outbound:
    """What is handed to the gateway for one attempt; `to` is the number in the clear."""
    return Outbound(
        idempotency_key=key,
        to=to,
        text=text,
        encoding="GSM-7" if message.encoding == "GSM-7" else "UCS-2",
        segments=message.segments,
        sender=gateway.sender or None,
        useful_until=message.useful_until,
        report_url=addresses.report_url(here.settings.public_url, gateway.name, key, here.keys),
        priority=message.priority,
    )
