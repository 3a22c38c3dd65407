"""Which gateway carries a message and what a segment costs there: pure functions over the gateways' rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from messaging import figures
from messaging.models import Gateway
from messaging.models.post import Kind

SIMULATOR = "simulator"
ANSWER_COST = "answer_cost"  # the slot of a text that says what an SMS to us costs its sender
FREE, UNKNOWN = "free", "unknown"


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


def choose(
    gateways: Sequence[Gateway], prefix: str, kind: Kind, demonstration: bool, came_by: int | None = None
) -> Gateway | None:
    """The gateway for a message to a number that starts with `prefix`; None when none serves it.

    A demonstration goes by the simulator, whatever else is configured. A reply goes where the question came by. A
    real programme goes by the simulator only while no other gateway is configured at all: then nothing can leave by
    mistake, and somebody who tries the product sees it work.
    """
    if demonstration:
        return next((row for row in gateways if row.adapter == SIMULATOR), None)
    own = [row for row in gateways if row.id == came_by]
    if own:
        return own[0]
    real = [row for row in gateways if row.adapter != SIMULATOR]
    fitting = [row for row in real or gateways if serves(row, prefix, kind)]
    return min(fitting, key=lambda row: (row.position, row.id), default=None)


def serves(gateway: Gateway, prefix: str, kind: Kind) -> bool:
    """True when the gateway's prefixes and kinds, where it names any, take the message."""
    by_prefix = not gateway.prefixes or any(prefix.startswith(own) for own in gateway.prefixes)
    return by_prefix and (not gateway.kinds or kind.value in gateway.kinds)


def answer_cost(gateway: Gateway | None) -> str:
    """What an SMS to us costs its sender, as an SMS says it: `0 FCFA`, `10 FCFA`; empty when nobody knows."""
    said = gateway.answer_cost if gateway is not None else UNKNOWN
    return "" if said == UNKNOWN else figures.money(0 if said == FREE else Decimal(said))


def price(gateway: Gateway, prefix: str) -> int:
    """The price of one segment to a number, in millionths of XOF: by the longest start that has a price of its own."""
    own = [row for row in gateway.tariffs if prefix.startswith(row.prefix)]
    return max(own, key=lambda row: len(row.prefix)).price_micros if own else gateway.price_micros


def ways(gateways: Sequence[Gateway], kind: Kind, demonstration: bool) -> list[Way]:
    """All numbers, parted by the gateway that carries them and by its price; together they are every number.

    Numbers that no gateway serves are priced as the first gateway would: they wait, and their money is set aside.
    """
    starts = {""}
    for row in gateways:
        starts |= {*row.prefixes, *(tariff.prefix for tariff in row.tariffs)}
    found: dict[tuple[int | None, int], list[tuple[str, tuple[str, ...]]]] = {}
    carriers: dict[int | None, Gateway | None] = {}
    for start in sorted(starts):
        gateway = choose(gateways, start, kind, demonstration)
        priced = gateway or min(gateways, key=lambda row: (row.position, row.id), default=None)
        key = (gateway.id if gateway else None, price(priced, start) if priced else 0)
        carriers[key[0]] = gateway
        narrower = tuple(sorted(one for one in starts if one != start and one.startswith(start)))
        found.setdefault(key, []).append((start, narrower))
    if len(found) == 1:
        (key,) = found
        return [Way(carriers[key[0]], key[1], (("", ()),))]
    return [Way(carriers[ident], micros, tuple(parts)) for (ident, micros), parts in found.items()]
