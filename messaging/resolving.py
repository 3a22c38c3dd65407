"""Unknown outcomes: an attempt whose answer was lost is looked up at its gateway, never sent again blindly.

Source: the page on gateways, sections 3.4 and 5.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from messaging import budget, receipts
from messaging.claiming import outbound
from messaging.database import ALONE, change, keys_of
from messaging.departure import wire
from messaging.errors import JekuluError
from messaging.fate import is_late_of_no_use
from messaging.gateways.protocol import Adapter, Found, Outbound, Resolution
from messaging.installation import Installation
from messaging.models import Attempt, Gateway, Message, Phone, TextVersion
from messaging.models.post import AttemptState, State
from messaging.receipts import locked_messages
from messaging.rules import Reason
from messaging.settings import Settings
from messaging.tab import Tab

log = structlog.get_logger()
BATCH = 200
LONGEST_RHYTHM = 15.0  # seconds
LONGEST_PASS = timedelta(minutes=1)  # of the looks at one gateway: the next pass of all begins when each has ended
PARKED_APART = timedelta(hours=1)  # looks for what waits for a person: a line that was cut comes back
CAN_TELL = ("by_key", "by_search")  # gateways that say so as soon as they answer


@dataclass(frozen=True)
class Case:
    """One unknown attempt to look up."""

    outbound: Outbound
    adapter: Adapter
    started_at: datetime
    gateway: str
    taken: frozenset[str]  # the gateway's ids of other attempts: the same words twice must not be bound twice
    is_parked: bool = False  # a person may decide already


def rhythm(settings: Settings) -> float:
    """Seconds from one pass to the next: a look comes late by a quarter of the first wait at most."""
    first, *_ = settings.resolve_after
    return min(LONGEST_RHYTHM, first.total_seconds() / 4)


def resolve(here: Installation, now: datetime) -> dict[str, int]:
    """One pass: old `submitting` attempts become unknown, unknown ones are looked up when their time has come.

    Returns:
        How many were `stuck`, how many were found `sent`, `not_sent` or `still_unknown`, how many were `parked` for a
        person or `settled` by a receipt meanwhile; `ambiguous`: more than one SMS matched, and the oldest was taken.
    """
    with here.db.write() as session:
        stuck = mark_stuck(session, here, now)
        cases = _cases(session, here, now)
    lanes: dict[str, list[Case]] = {}
    for case in cases:
        lanes.setdefault(case.gateway, []).append(case)
    counts = Counter(stuck=stuck)
    with ThreadPoolExecutor(max(len(lanes), 1), thread_name_prefix="look") as lane:  # one that hangs holds up no other
        for found in lane.map(lambda of_one: _look_at(of_one, here, now), lanes.values()):
            counts += found
    return dict(+counts)


def _look_at(cases: list[Case], here: Installation, now: datetime) -> Counter[str]:
    """The looks at one gateway, one after the other."""
    counts, began, is_silent = Counter[str](), monotonic(), False
    for done, case in enumerate(cases, 1):
        if case.is_parked and is_silent:
            continue  # a thousand of them at a gateway out of reach must not hold up those that nobody decided yet
        resolution = _look(case, now)  # no transaction is open here
        is_silent = is_silent or resolution.found is Found.STILL_UNKNOWN
        # Behind slow looks this one came late: two empty ones must lie apart as they were made, not as they were due.
        spent = timedelta(seconds=int(monotonic() - began))
        with here.db.write() as session:
            counts[_settle(session, here, case, resolution, now + spent)] += 1
        counts["ambiguous"] += resolution.duplicates
        if spent >= LONGEST_PASS:
            _put_back(here, cases[done:], now)
            break
    return counts


def _put_back(here: Installation, cases: list[Case], now: datetime) -> None:
    """Leave looks that were not made to the next pass, as if they had not been counted: other gateways wait for it."""
    keys = [case.outbound.idempotency_key for case in cases]
    with here.db.write() as session:
        left = sa.update(Attempt).where(Attempt.id.in_(keys), Attempt.state == AttemptState.UNKNOWN)
        change(session, left.values(looks=Attempt.looks - 1, next_look_at=now))


def _look(case: Case, now: datetime) -> Resolution:
    """Ask the gateway; one that fails leaves the outcome unknown, and must not stop the other cases."""
    try:
        return case.adapter.resolve(case.outbound, case.started_at, now, case.taken)
    except Exception as error:
        log.error("a look failed", gateway=case.gateway, error=type(error).__name__, exc_info=True)
        return Resolution(Found.STILL_UNKNOWN)


def mark_stuck(session: Session, here: Installation, now: datetime) -> int:
    """Attempts that a crash or a hung call left `submitting` become unknown; gives how many."""
    return change(
        session,
        sa.update(Attempt)
        .where(
            budget.OPEN,
            Attempt.state == AttemptState.SUBMITTING,
            Attempt.started_at <= now - here.settings.stuck_after,
        )
        .values(state=AttemptState.UNKNOWN),
    )


def _cases(session: Session, here: Installation, now: datetime) -> list[Case]:
    """The attempts whose next look is due, each put off at once so that no second worker takes it too."""
    first, *_ = here.settings.resolve_after
    is_first = sa.and_(Attempt.next_look_at.is_(None), Attempt.looks == 0)
    query = sa.select(Attempt).where(
        budget.OPEN,
        Attempt.state == AttemptState.UNKNOWN,
        Attempt.started_at <= now - first,
        sa.or_(is_first, Attempt.next_look_at <= now),
    )
    query = query.order_by(Attempt.looks, Attempt.started_at).limit(BATCH)  # what may leave soon comes first
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    cases = []
    for attempt in rows:
        attempt.looks += 1
        attempt.next_look_at = _next_look(attempt, here, now)
        try:
            cases.append(_case(session, here, attempt))
        except JekuluError as error:  # its gateway or its number cannot be opened now; its turn comes again
            log.error("an attempt cannot be looked up", attempt=attempt.id, error=type(error).__name__)
    return cases


def _next_look(attempt: Attempt, here: Installation, now: datetime) -> datetime:
    """When the attempt is looked at again; set before the look, so that a crash in it costs one look and no more."""
    times = here.settings.resolve_after
    if attempt.looks < len(times):
        return max(attempt.started_at + times[attempt.looks], now)
    return now + here.settings.looks_apart


def _case(session: Session, here: Installation, attempt: Attempt) -> Case:
    message = session.get_one(Message, attempt.message_id)
    gateway = session.get_one(Gateway, attempt.gateway_id)
    text = message.body
    if text is None:
        version = session.get_one(TextVersion, (message.text_id, message.text_version))
        text = wire(message, version)
    phone = session.get_one(Phone, message.phone_id)
    to = keys_of(session).open(phone.sealed)
    letter = outbound(here, message, to, text, gateway, attempt.id)
    is_parked = message.state is not State.SUBMITTING
    adapter = here.adapters.get(gateway)
    return Case(letter, adapter, attempt.started_at, gateway.name, _taken(session, message), is_parked)


def _taken(session: Session, message: Message) -> frozenset[str]:
    query = sa.select(Attempt.provider_id).join(Message, Message.id == Attempt.message_id)
    query = query.where(Message.phone_id == message.phone_id, Attempt.provider_id.is_not(None))
    return frozenset(ident for ident in session.scalars(query) if ident)


def _settle(session: Session, here: Installation, case: Case, resolution: Resolution, now: datetime) -> str:
    attempt = session.get_one(Attempt, case.outbound.idempotency_key)
    message = session.get_one(Message, attempt.message_id)
    if resolution.found is Found.SENT:  # else two messages of the same words to one phone take the same SMS for theirs
        session.get_one(Phone, message.phone_id, with_for_update=ALONE)
    message = locked_messages(session, [message.id])[message.id]
    session.refresh(attempt)  # now that nobody else writes to it
    if attempt.state is not AttemptState.UNKNOWN:
        return "settled"  # a receipt was quicker
    tab = Tab()
    what = _what(attempt, case, resolution, here, now)
    if what is Found.SENT and resolution.provider_id not in _taken(session, message):
        _sent(session, attempt, message, resolution, tab, now)
    elif what is Found.NOT_SENT:
        _not_sent(session, attempt, message, tab, now)
    elif _is_half_sure(attempt, resolution) or _is_looked_for(attempt, message, case, here, now):
        what = Found.STILL_UNKNOWN
    else:
        what = Found.STILL_UNKNOWN
        attempt.next_look_at = now + PARKED_APART if _may_tell_yet(message, case, now) else None
        if _park(message, tab, now):
            tab.pay(session)
            return "parked"
    tab.pay(session)
    return what.value


def _what(attempt: Attempt, case: Case, resolution: Resolution, here: Installation, now: datetime) -> Found:
    """What one look proves."""
    if resolution.found is Found.NOT_SENT and not _is_certain(attempt, case.adapter, here, now):
        return Found.STILL_UNKNOWN
    return resolution.found


def _sent(
    session: Session, attempt: Attempt, message: Message, resolution: Resolution, tab: Tab, now: datetime
) -> None:
    """It left; what the gateway tells of it is folded in like a report."""
    attempt.provider_id = attempt.provider_id or resolution.provider_id
    receipts.accept(session, attempt, message, tab, now)
    if resolution.report is not None:
        report = replace(resolution.report, idempotency_key=attempt.id)
        receipts.apply(session, session.get_one(Gateway, attempt.gateway_id), [report], now)


def _not_sent(session: Session, attempt: Attempt, message: Message, tab: Tab, now: datetime) -> None:
    """It did not leave: the kind of its message decides what follows.

    A campaign waits for its next open minute, as the rules tell when it is looked at; a call, a reply and an alert
    leave at once; what is bound to a broadcast, or closed by a person meanwhile, is given up.
    """
    attempt.state, attempt.settled_at, attempt.denied_at = AttemptState.NOT_SENT, now, now
    attempt.next_look_at = None
    if message.state is not State.SUBMITTING and message.reason != Reason.UNKNOWN.value:
        receipts.follow(message, receipts.attempts_of(session, [message.id])[message.id], tab, now)
    elif message.state is State.CLOSED or is_late_of_no_use(message) or message.useful_until <= now:
        tab.turn(message, State.CLOSED, Reason.STALE, now)
    else:
        tab.turn(message, State.WAITING, None, now)
        message.next_at = now


def _park(message: Message, tab: Tab, now: datetime) -> bool:
    """Nobody can tell whether it left: a person decides, and of what is bound to a broadcast nobody need.

    False when it was parked or settled before.
    """
    if message.state is not State.SUBMITTING:
        return False
    state = State.CLOSED if is_late_of_no_use(message) else State.HELD
    tab.turn(message, state, Reason.UNKNOWN, now)
    return True


def _may_tell_yet(message: Message, case: Case, now: datetime) -> bool:
    """Whether the gateway, out of reach until now, may still tell while the message is of use."""
    return case.adapter.capabilities.can_resolve in CAN_TELL and now < message.useful_until


def _is_half_sure(attempt: Attempt, resolution: Resolution) -> bool:
    """Whether a search came up empty and waits for the second that decides, however late this one was.

    Looks are counted before they are made, so a crash loses those of its whole pass.
    """
    return resolution.found is Found.NOT_SENT and attempt.empty_since is not None


def _is_looked_for(attempt: Attempt, message: Message, case: Case, here: Installation, now: datetime) -> bool:
    """Whether there is another look; where a key is taken once there always is one: it may leave again at any time."""
    is_safe = case.adapter.capabilities.idempotent_submit and now < message.useful_until
    return is_safe or attempt.looks <= len(here.settings.resolve_after)


def _is_certain(attempt: Attempt, adapter: Adapter, here: Installation, now: datetime) -> bool:
    """Whether "not sent" may be believed.

    A gateway that knows our key is believed at once, and so is one that proves it by what it reports. A search must
    come up empty twice, some time apart.
    """
    how = adapter.capabilities.can_resolve
    if how in ("by_key", "by_report"):
        return True
    if how == "no":
        return False
    if attempt.empty_since is None:
        attempt.empty_since = now
        return False
    return now - attempt.empty_since >= here.settings.looks_apart
