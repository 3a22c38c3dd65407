"""What becomes of a message, from all that is known of its attempts; pure, and blind to the order in which it came.

    delivered, read        closed as delivered, whatever else was planned
    an attempt is open     nothing is decided: it may have left, or is about to
    all have failed        by the fault of each: a new attempt, a person's decision, or closed as undelivered

A new attempt has a new key and asks all rules again. Source: the page on gateways, sections 3.3 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from messaging.gateways.protocol import Fault
from messaging.models import Attempt, Message
from messaging.models.post import AttemptState, Delivery, Kind, State
from messaging.rules import Reason

ARRIVED = (Delivery.DELIVERED, Delivery.READ)
MISSED = (Delivery.FAILED, Delivery.EXPIRED, Delivery.CANCELLED)
OPEN = (AttemptState.SUBMITTING, AttemptState.UNKNOWN)
AIRING = "airing:"  # start of the occurrences that are bound to a broadcast: late, they are of no use
AGAIN: dict[str | None, int] = {  # how many more attempts a fault is worth; what is not here: none
    Fault.NETWORK.value: 2,
    Fault.LINE.value: 2,
    Fault.CHANNEL.value: 2,
    Fault.VAGUE.value: 1,
}
OUTLIVED = 2  # the same, for a message whose time at the carrier ran out
WAITS = (timedelta(hours=1), timedelta(hours=4))  # before the first and the second of them: a phone is charged, a
# walk is over
FOLLOWS = (Reason.UNKNOWN.value, Reason.UNDELIVERED.value, Reason.NO_RECEIPT.value)  # closed, and not for good


@dataclass(frozen=True)
class Fate:
    """The state that a message turns to."""

    state: State
    reason: Reason | None = None
    next_at: datetime | None = None


DELIVERED = Fate(State.CLOSED, Reason.DELIVERED)
UNDELIVERED = Fate(State.CLOSED, Reason.UNDELIVERED)
PARKED = Fate(State.HELD, Reason.UNKNOWN)


def decide(message: Message, attempts: Sequence[Attempt], now: datetime, told: float | None = None) -> Fate | None:
    """What becomes of a message; None: it stays what it is.

    Args:
        message: the message.
        attempts: all its attempts, with what is known of each.
        now: the time.
        told: after how many seconds the gateway said that a new attempt makes sense.
    """
    if any(one.delivery in ARRIVED for one in attempts):
        return DELIVERED
    taken = [one for one in attempts if one.state is AttemptState.ACCEPTED]
    if not taken or any(one.state in OPEN for one in attempts) or any(one.delivery not in MISSED for one in taken):
        return None
    fate = _of_missed(message, taken, now, told)
    return fate if _is_open_to(message, fate) else None


def is_late_of_no_use(message: Message) -> bool:
    """True for what is bound to a broadcast: after an unknown outcome it is given up."""
    return message.occurrence.startswith(AIRING)


def _of_missed(message: Message, missed: Sequence[Attempt], now: datetime, told: float | None) -> Fate:
    if any(one.fault == Fault.UNSURE.value for one in missed):
        return PARKED
    counted = sum(one.fault != Fault.CHANNEL.value for one in missed)  # the gateway's own trouble uses none up
    if counted > min(_worth(message, one) for one in missed):
        return UNDELIVERED
    next_at = now if not counted else now + _wait(message, counted, now, told)
    return Fate(State.WAITING, None, next_at) if next_at < message.useful_until else UNDELIVERED


def _worth(message: Message, attempt: Attempt) -> int:
    """How many attempts more a message is worth after this one."""
    if attempt.delivery is Delivery.CANCELLED:
        return 0
    if attempt.delivery is Delivery.EXPIRED:  # it is late already: an answer that nobody waits for any more is not
        is_wanted = message.kind is not Kind.REPLY and not is_late_of_no_use(message)
        return OUTLIVED if is_wanted else 0
    return AGAIN.get(attempt.fault, 0)


def _wait(message: Message, nth: int, now: datetime, told: float | None) -> timedelta:
    """How long to wait for the nth new attempt: as long as told, else never past half of what is left of its use.

    A part by chance, drawn from the message's id, so that a thousand do not come back in the same second.
    """
    chance = 1 + message.id % 100 / 200
    if told is not None:
        return timedelta(seconds=told) * chance
    return min(WAITS[min(nth, len(WAITS)) - 1] * chance, max(message.useful_until - now, timedelta(0)) / 2)


def _is_open_to(message: Message, fate: Fate) -> bool:
    """Whether a message still follows its receipts, or somebody has decided otherwise about it meanwhile."""
    if message.state in (State.HANDED_OVER, State.WAITING) or message.reason in FOLLOWS:
        return True
    return message.state is State.HELD and fate.state is State.CLOSED
