"""One handler at work: an SMS is stored, its sender gathered, and a reading handed over in one transaction."""

from __future__ import annotations

import itertools
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.conversation import context
from campaigns.conversation.context import Sender
from campaigns.conversation.converse import HANDLERS
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import Done
from messaging import inbox
from messaging.gateways.protocol import Arrival
from messaging.models import Gateway, Inbound, Phone
from tests.world import World

_keys = itertools.count(1)


def hear(world: World, number: str, reading: Reading, text: str = "…", at: datetime | None = None) -> Done:
    """Let somebody be read so, and the handler act; gives what it leaves for the reply."""
    with world.db.write() as session:
        sender = arrive(session, world, number, text, at)
        return HANDLERS[reading.intent](session, sender, reading, at or world.now)


def arrive(session: Session, world: World, number: str, text: str, at: datetime | None = None, **more: str) -> Sender:
    """Store an SMS and gather its sender."""
    world.phones.setdefault(number, 0)
    key = f"hear-{next(_keys)}"
    arrival = Arrival(
        dedupe_key=key, sender=number, text=text, received_at=at or world.now, digest=key, **more
    )  # fmt: skip
    ident = inbox.store(session, session.get_one(Gateway, 1), arrival)
    inbound = session.get_one(Inbound, ident)
    assert inbound.phone_id is not None
    world.phones[number] = inbound.phone_id
    return context.gather(session, inbound, session.get_one(Phone, inbound.phone_id, with_for_update=True))
