"""Which gateway carries a message and what a segment costs there: pure functions over the gateways' rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from messaging import figures
from messaging.gateways.protocol import Fault
from messaging.models import Attempt, Gateway
from messaging.models.post import AttemptState, Kind

SIMULATOR = "simulator"
ANSWER_COST = "answer_cost"  # the slot of a text that says what an SMS to us costs its sender
FREE, UNKNOWN = "free", "unknown"
NUMBER = re.compile(r"\+?[0-9]+")  # of a sender: nobody can answer a name
EASIEST = 1 / 16  # of the rate: a gateway that says "too many" is never left alone altogether
COMES_BACK = timedelta(seconds=30)  # the share that is used doubles in this time: odd refusals must not slow a day
ONE_SIGNAL = timedelta(seconds=10)  # calls that were under way together are refused together


@dataclass(frozen=True)
class Way:
    """The numbers that one gateway carries at one price: those that start so, but not those of a narrower way."""

    gateway: Gateway | None  # None: no gateway serves them
    price_micros: int  # of one segment, in millionths of XOF
    starts: tuple[tuple[str, tuple[str, ...]], ...]  # (start, narrower starts that are another way's)

    @property
    def is_for_all(self) -> bool:
        """True when there is no other way."""
        return self.starts == (("", ()),)


@dataclass(frozen=True)
class Past:
    """What the earlier attempts of a message say about the next one; gateways by their ids."""

    stays_at: int | None = None  # there a request may be under way still: nowhere else until a person orders it
    unreached: int | None = None  # there the last attempt found no way, and not a byte went out


FRESH = Past()


def past(attempts: Sequence[Attempt]) -> Past:
    """What the attempts of one message say about its next one.

    One that was unknown may come out of a tunnel hours after it was declared not sent. So the message stays with its
    gateway: there a key is taken once, or the gateway was asked twice.
    """
    if not attempts:
        return FRESH
    last = max(attempts, key=lambda one: (one.started_at, one.id))
    is_unreached = last.state is AttemptState.TEMPORARY and last.fault == Fault.LINE.value
    hangs = [one for one in attempts if _may_be_under_way(one)]
    stays_at = max(hangs, key=lambda one: (one.started_at, one.id)).gateway_id if hangs else None
    return Past(stays_at, last.gateway_id if is_unreached else None)


def _may_be_under_way(attempt: Attempt) -> bool:
    was_unknown = attempt.denied_at is not None and attempt.state is not AttemptState.ACCEPTED
    return was_unknown or attempt.state in (AttemptState.SUBMITTING, AttemptState.UNKNOWN)


def choose(
    gateways: Sequence[Gateway],
    prefix: str,
    kind: Kind,
    demonstration: bool,
    came_by: int | None = None,
    *,
    asks: bool = False,
    before: Past = FRESH,
) -> Gateway | None:
    """The gateway for a message to a number that starts with `prefix`; None when none serves it.

    A demonstration goes by the simulator, whatever else is configured. A reply goes where the question came by, a
    question (`asks`) by a gateway that receives where there is one. A real programme goes by the simulator only while
    no other gateway is configured at all: then nothing can leave by mistake, and somebody who tries the product sees
    it work.

    The next in order stands in for a gateway that paused itself or was not reached; never for one that a person
    paused, and never while an attempt `before` may still be under way.
    """
    if demonstration:
        return next((row for row in gateways if row.adapter == SIMULATOR), None)
    own = [row for row in gateways if row.id == (before.stays_at or came_by)]
    if own:
        return own[0]
    real = [row for row in gateways if row.adapter != SIMULATOR]
    fitting = [row for row in real or gateways if serves(row, prefix, kind)]
    if asks:
        fitting = [row for row in fitting if receives(row)] or fitting
    return _first_able(sorted(fitting, key=lambda row: (row.position, row.id)), before.unreached)


def _first_able(ordered: Sequence[Gateway], unreached: int | None) -> Gateway | None:
    """The first gateway of an order, or who stands in for it."""
    if not ordered:
        return None
    first = ordered[0]
    if first.paused_at is not None and not first.paused_itself:
        return first
    after = next((place + 1 for place, row in enumerate(ordered) if row.id == unreached), 0)
    turn = [*ordered[after:], *ordered[:after]]
    return next((row for row in turn if row.paused_at is None), first)


def serves(gateway: Gateway, prefix: str, kind: Kind) -> bool:
    """True when the gateway's prefixes and kinds, where it names any, take the message."""
    by_prefix = not gateway.prefixes or any(prefix.startswith(own) for own in gateway.prefixes)
    return by_prefix and (not gateway.kinds or kind.value in gateway.kinds)


def receives(gateway: Gateway) -> bool:
    """Whether SMS come in by the gateway: as staff say, else as its adapter and sender let expect."""
    if gateway.receives is not None:
        return gateway.receives
    if gateway.adapter != "twilio":
        return True
    is_service = gateway.sender.startswith("MG") and len(gateway.sender) == 34
    return is_service or NUMBER.fullmatch(gateway.sender) is not None


def share(gateway: Gateway, now: datetime) -> float:
    """Which share of its rate a gateway may use: less after it said "too many", and by itself more again."""
    if gateway.eased_at is None or gateway.ease >= 1:
        return 1.0
    doublings = max(now - gateway.eased_at, timedelta(0)) // COMES_BACK
    return float(min(1.0, gateway.ease * 2 ** min(doublings, 10)))


def pace(gateway: Gateway, now: datetime) -> float:
    """How many segments a second a gateway may carry now."""
    return gateway.rate * share(gateway, now)


def ease(gateway: Gateway, now: datetime) -> None:
    """Halve what a gateway carries, because it said "too many"; what it says of several calls at once counts once."""
    if gateway.eased_at is None or now - gateway.eased_at >= ONE_SIGNAL:
        gateway.ease, gateway.eased_at = max(share(gateway, now) / 2, EASIEST), now


def answer_cost(gateway: Gateway | None) -> str:
    """What an SMS to us costs its sender, as an SMS says it: `0 FCFA`, `10 FCFA`; empty when nobody knows."""
    said = gateway.answer_cost if gateway is not None else UNKNOWN
    return "" if said == UNKNOWN else figures.money(0 if said == FREE else Decimal(said))


def price(gateway: Gateway, prefix: str) -> int:
    """The price of one segment to a number, in millionths of XOF: by the longest start that has a price of its own."""
    own = [row for row in gateway.tariffs if prefix.startswith(row.prefix)]
    return max(own, key=lambda row: len(row.prefix)).price_micros if own else gateway.price_micros


def ways(gateways: Sequence[Gateway], kind: Kind, demonstration: bool, asks: bool = False) -> list[Way]:
    """All numbers, parted by the gateway that carries them and by its price; together they are every number.

    Numbers that no gateway serves are priced as the first gateway would: they wait, and their money is set aside.
    """
    starts = {""}
    for row in gateways:
        starts |= {*row.prefixes, *(tariff.prefix for tariff in row.tariffs)}
    found: dict[tuple[int | None, int], list[tuple[str, tuple[str, ...]]]] = {}
    carriers: dict[int | None, Gateway | None] = {}
    for start in sorted(starts):
        gateway = choose(gateways, start, kind, demonstration, asks=asks)
        priced = gateway or min(gateways, key=lambda row: (row.position, row.id), default=None)
        key = (gateway.id if gateway else None, price(priced, start) if priced else 0)
        carriers[key[0]] = gateway
        narrower = tuple(sorted(one for one in starts if one != start and one.startswith(start)))
        found.setdefault(key, []).append((start, narrower))
    if len(found) == 1:
        (key,) = found
        return [Way(carriers[key[0]], key[1], (("", ()),))]
    return [Way(carriers[ident], micros, tuple(parts)) for (ident, micros), parts in found.items()]
