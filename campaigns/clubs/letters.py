"""Service SMS to those who lead clubs, in words of the catalogue of replies and in the language of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation.slots import plain
from messaging import languages, risk, routing
from messaging.errors import DataError
from messaging.hours import next_open
from messaging.letters import measure
from messaging.models import Gateway, Phone, Programme
from messaging.models.place import RiskLevel
from messaging.models.post import Kind
from messaging.openings import hours_rules
from messaging.outbox import Letter

REACHABLE = (Phone.opted_out_at.is_(None), Phone.quarantine.is_(None), Phone.invalid_at.is_(None))


@dataclass(frozen=True)
class Notice:
    """One SMS to one phone: the key of its words, what stands in their braces, and what it is called in the outbox."""

    phone_id: int
    prefix: str
    language: str
    occurrence: str
    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    asks: bool = False
    tags: tuple[str, ...] = ()


def is_open(session: Session, programme: Programme, now: datetime) -> bool:
    """Whether service messages may leave now; never while a row of the open hours cannot be read."""
    if programme.always_open:
        return True
    try:
        return next_open(hours_rules(session, programme.id), "service", now, programme.zone) == now
    except DataError:  # the sender tells it
        return False


def places_of(session: Session, level: RiskLevel, now: datetime) -> set[int]:
    """The communes of a risk level and every place in them."""
    communes = {commune for commune, found in risk.levels(session, now).items() if found is level}
    return set(risk.within(session, communes, now))


def written(
    session: Session, programme: Programme, notices: Iterable[Notice], now: datetime, useful_until: datetime
) -> list[tuple[Letter, int]]:
    """The letters of some notices, each with its phone, for `outbox.put_each`.

    Words that nobody reviewed go by the simulator alone; other phones get those of the next language of the chain.
    """
    gateways = session.scalars(sa.select(Gateway).order_by(Gateway.id)).all()
    chains = dict[str, list[str]]()
    made = []
    for one in notices:
        if one.language not in chains:
            chains[one.language] = languages.chain(session, programme.id, one.language)
        gateway = routing.choose(gateways, one.prefix, Kind.SERVICE, programme.demonstration, asks=one.asks)
        drafts = gateway is not None and gateway.adapter == routing.SIMULATOR
        values = {name: plain(value) for name, value in one.values.items()}
        words, language = languages.reply(one.key, chains[one.language], drafts, **values)
        letter = Letter(
            programme_id=programme.id, kind=Kind.SERVICE, occurrence=one.occurrence, language_wanted=one.language,
            language=language, size=measure(words), body=words, due_at=now, useful_until=useful_until, draft=drafts,
            asks=one.asks, tags=one.tags,
            segment_price_micros=routing.price(gateway, one.prefix) if gateway else 0,
        )  # fmt: skip
        made.append((letter, one.phone_id))
    return made
