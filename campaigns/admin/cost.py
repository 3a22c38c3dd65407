"""What a text costs while it is written: encoding, signs, segments and the price on the programme's gateways."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.definitions import slots
from messaging import letters, routing
from messaging.letters import Size
from messaging.models import Gateway, Programme
from messaging.models.post import Kind


@dataclass(frozen=True)
class Price:
    """The price of one segment: the cheapest and the dearest way it may take, in millionths of XOF."""

    lowest: int = 0
    highest: int = 0


@dataclass(frozen=True)
class Count:
    """What a text takes at the longest values of its slots."""

    size: Size
    room: int  # units that the segments hold altogether
    has_slots: bool


def count(text: str) -> Count:
    """Count a text as it would leave."""
    size = letters.measure(slots.stretched(text))
    each = letters.ALONE if size.segments == 1 else letters.JOINED
    return Count(size, each[size.encoding] * size.segments, bool(slots.names(text)))


def price(session: Session, programme: Programme) -> Price:
    """The price of a segment of a campaign: by the simulator for a demonstration, else by gateway and operator."""
    gateways = session.scalars(sa.select(Gateway)).all()
    ways = routing.ways(gateways, Kind.CAMPAIGN, programme.demonstration)
    prices = [way.price_micros for way in ways if way.gateway] or [way.price_micros for way in ways]
    return Price(min(prices, default=0), max(prices, default=0))
