"""The sender: claims what is due, commits an attempt, and only then calls the gateway; knows no campaign.

    transaction A   claim, last-moment rules, attempt `submitting`, committed
    submit          no transaction is open
    transaction B   the outcome; never overwrites what a receipt has settled in the meantime

After a crash between A and B an attempt is left `submitting`: `resolving` settles it, never a blind resend.
Source: the page on gateways, section 5.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from messaging import addresses, budget, outbox, outcomes
from messaging.database import keys_of
from messaging.departure import Departure, cost, look
from messaging.errors import SettingError
from messaging.gateways.protocol import Adapter, Error, Fault, Outbound, Outcome, Submitted
from messaging.installation import Installation
from messaging.models import Attempt, Gateway, Message, Phone
from messaging.models.post import AttemptState, State
from messaging.rules import PRIORITY, Reason, Verdict

log = structlog.get_logger()
BATCH = 400
PUT_OFF_MOST = timedelta(minutes=10)  # a message behind a slow gateway is looked at again after this at the latest
PAUSED_WAIT = timedelta(minutes=5)
GATHER_SECONDS = 0.02  # outcomes of this long share a commit; handing over does not wait for it
BURST_SECONDS = 1.0  # how much unused rate a gateway may save up


@dataclass(frozen=True)
class Job:
    """One claimed attempt, ready to be handed over."""

    outbound: Outbound
    gateway_id: int
    adapter: Adapter


def send_due(here: Installation, now: datetime, most: int = BATCH) -> dict[str, int]:
    """One pass: claim up to `most` due messages, hand them over, store the outcomes.

    Returns:
        How many were `claimed`, and how many ended as each outcome or were closed, held or put off.
    """
    jobs, counts = claim(here, now, most)
    patience = here.settings.stuck_after.total_seconds() / 2
    for group in _submit(jobs, here.settings.workers, patience):
        with here.db.write() as session:
            outcomes.record(session, {job.outbound.idempotency_key: submitted for job, submitted in group}, now)
        counts.update(submitted.outcome.value for _, submitted in group)
    return dict(counts)


def claim(here: Installation, now: datetime, most: int = BATCH) -> tuple[list[Job], Counter[str]]:
    """Transaction A: take due messages, replies first, ask the rules, commit the attempts."""
    counts: Counter[str] = Counter()
    jobs: list[Job] = []
    if not _is_anything_due(here, now):
        return jobs, counts
    with here.db.write() as session:
        for priority in sorted(set(PRIORITY.values()), reverse=True):
            rows = _due(session, priority, now, most - len(jobs))
            if rows:
                jobs += _take(session, here, look(session, rows, now), now, counts)
    counts["claimed"] = len(jobs)
    return jobs, counts


def _is_anything_due(here: Installation, now: datetime) -> bool:
    """A look that needs no writer: most ticks end here."""
    with here.db.read() as session:
        due = sa.exists().where(
            Message.state == State.WAITING, Message.priority == sa.bindparam("priority"), Message.next_at <= now
        )
        return any(session.scalar(sa.select(due), {"priority": priority}) for priority in set(PRIORITY.values()))


def _due(session: Session, priority: int, now: datetime, most: int) -> Sequence[Message]:
    if most <= 0:
        return ()
    query = (
        sa.select(Message)
        .where(Message.state == State.WAITING, Message.priority == priority, Message.next_at <= now)
        .order_by(Message.next_at, Message.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def _take(
    session: Session, here: Installation, departures: Iterable[Departure], now: datetime, counts: Counter[str]
) -> list[Job]:
    jobs = []
    behind: Counter[int] = Counter()  # segments that wait for a gateway's rate, in their order
    for leaving in departures:
        verdict, gateway, message = leaving.verdict, leaving.gateway, leaving.message
        if verdict.what != "go" or gateway is None:
            _put_off(session, message, verdict, now)
            counts[verdict.reason.value if verdict.reason else "later"] += 1
        elif (adapter := _opened(here, gateway)) is None:
            _put_off(session, message, Verdict("later", Reason.PAUSED_GATEWAY), now)
            counts[Reason.PAUSED_GATEWAY.value] += 1
        elif behind[gateway.id] or not _has_rate(gateway, message.segments, now):
            behind[gateway.id] += message.segments
            message.next_at = now + _turn(gateway, behind[gateway.id])
        else:
            jobs.append(_attempt(session, here, leaving, gateway, adapter, now))
    session.flush()
    return jobs


def _turn(gateway: Gateway, segments: int) -> timedelta:
    """How long until a gateway may carry so many segments more."""
    return min(timedelta(seconds=segments / gateway.rate), PUT_OFF_MOST) if gateway.rate > 0 else PUT_OFF_MOST


def _opened(here: Installation, gateway: Gateway) -> Adapter | None:
    """The adapter, or None when it cannot be opened: one gateway without its secret must not stop the others."""
    try:
        return here.adapters.get(gateway)
    except SettingError as error:
        log.error("a gateway cannot be opened", gateway=gateway.name, error=str(error))
        return None


def _put_off(session: Session, message: Message, verdict: Verdict, now: datetime) -> None:
    assert verdict.reason is not None
    if verdict.what == "close":
        outbox.close(session, message, verdict.reason, now)
        return
    message.reason = verdict.reason.value
    if verdict.what == "hold":
        message.state = State.HELD
    else:
        message.next_at = verdict.at or now + PAUSED_WAIT


def _has_rate(gateway: Gateway, segments: int, now: datetime) -> bool:
    """Take segments from the gateway's bucket; False when it is empty: the message stays where it is."""
    room = max(gateway.rate * BURST_SECONDS, 10.0)
    since = (now - gateway.tokens_at).total_seconds() if gateway.tokens_at else BURST_SECONDS * 10
    tokens = min(room, gateway.tokens + max(since, 0) * gateway.rate)
    gateway.tokens_at = now
    gateway.tokens = tokens - segments if tokens >= segments else tokens
    return tokens >= segments


def _attempt(
    session: Session, here: Installation, leaving: Departure, gateway: Gateway, adapter: Adapter, now: datetime
) -> Job:
    message = leaving.message
    key = _begun(session, message, gateway, adapter, now)
    message.state, message.reason, message.gateway_id = State.SUBMITTING, None, gateway.id
    message.tries += 1
    _price(session, message, gateway, leaving.phone)
    return Job(outbound(session, here, message, leaving.phone, leaving.text, gateway, key), gateway.id, adapter)


def _begun(session: Session, message: Message, gateway: Gateway, adapter: Adapter, now: datetime) -> str:
    """Begin an attempt; where a gateway takes a key once, begin the last one again. Gives its key."""
    # An earlier request may still be under way, in a tunnel or a queue: a new key would let both out.
    if message.tries and adapter.capabilities.idempotent_submit:
        ours = sa.select(Attempt).where(Attempt.message_id == message.id, Attempt.gateway_id == gateway.id)
        if again := session.scalars(ours.order_by(Attempt.started_at.desc()).limit(1)).first():
            again.state, again.started_at, again.looks = AttemptState.SUBMITTING, now, 0
            again.settled_at = again.next_look_at = again.empty_since = None
            again.fault = again.error_code = again.error_text = None
            return again.id
    key = secrets.token_urlsafe(12)
    session.add(Attempt(id=key, message_id=message.id, gateway_id=gateway.id, started_at=now))
    return key


def _price(session: Session, message: Message, gateway: Gateway, phone: Phone) -> None:
    """What it really costs on the gateway it really takes; the planner reserved by the gateway it expected."""
    price = cost(message, gateway, phone)
    if price != message.price_micros:
        budget.reserve(session, message.programme_id, message.due_at, price - message.price_micros)
        message.price_micros = price


def outbound(
    session: Session, here: Installation, message: Message, phone: Phone, text: str, gateway: Gateway, key: str
) -> Outbound:
    """What is handed to the gateway for one attempt."""
    return Outbound(
        idempotency_key=key,
        to=keys_of(session).open(phone.sealed),
        text=text,
        encoding="GSM-7" if message.encoding == "GSM-7" else "UCS-2",
        segments=message.segments,
        sender=gateway.sender or None,
        useful_until=message.useful_until,
        report_url=addresses.report_url(here.settings.public_url, gateway.name, key, here.keys),
        priority=message.priority,
    )


Group = list[tuple[Job, Submitted]]
TOO_LATE = Submitted(Outcome.TEMPORARY, error=Error("too-late", "its turn came too late", Fault.NETWORK))
BROKEN = Submitted(Outcome.UNKNOWN, error=Error("broken", "the adapter failed", Fault.NETWORK))


def _submit(jobs: Sequence[Job], workers: int, patience: float) -> Iterable[Group]:
    """Hand all over, several at a time; gives what is answered in groups, so that one commit stores many.

    A job whose turn comes later than `patience` seconds after its claim is not handed over any more: it would soon
    count as lost, be found unsent, and leave a second time.
    """
    if not jobs:
        return
    until = monotonic() + patience
    with ThreadPoolExecutor(min(workers, len(jobs)), thread_name_prefix="submit") as pool:
        running: dict[Future[Submitted], Job] = {pool.submit(_hand_over, job, until): job for job in jobs}
        while running:
            done, _ = wait(running, timeout=GATHER_SECONDS)
            if done:
                yield [(running.pop(future), future.result()) for future in done]


def _hand_over(job: Job, until: float) -> Submitted:
    if monotonic() > until:
        return TOO_LATE
    try:
        return job.adapter.submit(job.outbound)
    except Exception as error:  # an adapter must not raise; if one does, the others' outcomes are stored all the same
        log.error("an adapter failed", gateway=job.gateway_id, error=type(error).__name__, exc_info=True)
        return BROKEN
