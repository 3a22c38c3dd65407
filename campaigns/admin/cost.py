"""What a text costs while it is written: encoding, signs, segments and the price on the programme's gateways."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.definitions import slots
from messaging import letters
from messaging.letters import Size
from messaging.models import Gateway, Programme
from messaging.models.post import Kind
from messaging.routing import SIMULATOR


@dataclass(frozen=True)
class Price:
    """The price of one segment: the cheapest and the dearest gateway that may carry it, in millionths of XOF."""

    lowest: int = 0
    highest: int = 0


@dataclass(frozen=True)
class Count:
    """What a text takes at the longest values of its slots; `dear` are the letters that make it cost more."""

    size: Size
    room: int  # units that the segments hold altogether
    dear: tuple[str, ...]
    has_slots: bool


def count(text: str) -> Count:
    """Count a text as it would leave."""
    size = letters.measure(slots.stretched(text))
    each = letters.ALONE if size.segments == 1 else letters.JOINED
    dear = tuple(dict.fromkeys(one.char for one in letters.dear(text)))
    return Count(size, each[size.encoding] * size.segments, dear, bool(slots.names(text)))


def price(session: Session, programme: Programme) -> Price:
    """The price of a segment of a campaign: by the simulator for a demonstration, else by the real gateways."""
    rows = session.scalars(sa.select(Gateway)).all()
    simulators = [row for row in rows if row.adapter == SIMULATOR]
    real = [row for row in rows if row.adapter != SIMULATOR and (not row.kinds or Kind.CAMPAIGN.value in row.kinds)]
    carriers = simulators if programme.demonstration or not real else real
    prices = [row.price_micros for row in carriers]
    return Price(min(prices, default=0), max(prices, default=0))
