"""What the web needs to know of a gateway row, as a frozen value; knows nothing of how a gateway is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from messaging.database import UNABLE, Database
from messaging.errors import BusyError
from messaging.models import Gateway

NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")
TELEPHONES = ("android",)  # adapters that give signs of life by themselves
FRESH_SECONDS = 1.0  # for so long a row is not asked for again; a telephone's is, for its signs of life
# Built once: each call of a gateway asks it.
BY_NAME = sa.select(
    Gateway.id, Gateway.name, Gateway.adapter, Gateway.sender, Gateway.device, Gateway.seen_at, Gateway.clock_off
).where(Gateway.name == sa.bindparam("name"))


@dataclass(frozen=True)
class GatewayFacts:
    """One configured gateway, without its secrets."""

    id: int
    name: str
    adapter: str
    sender: str
    device: str | None = None
    seen_at: datetime | None = None
    clock_off: int | None = None


_seen: WeakKeyDictionary[Database, dict[str, tuple[float, GatewayFacts]]] = WeakKeyDictionary()


def named(db: Database, name: str) -> GatewayFacts | None:
    """The gateway of this name, None when there is none; a name that none can have never reaches the database.

    Raises:
        BusyError: the database is locked or down.
    """
    if not NAME.fullmatch(name):
        return None
    seen = _seen.setdefault(db, {})
    at, facts = seen.get(name, (0.0, None))
    if facts is None or monotonic() - at > FRESH_SECONDS:
        facts = _asked(db, name)
        if facts is not None and facts.adapter not in TELEPHONES:
            seen[name] = monotonic(), facts
    return facts


def _asked(db: Database, name: str) -> GatewayFacts | None:
    try:
        with db.read() as session:
            row = session.execute(BY_NAME, {"name": name}).one_or_none()
    except UNABLE as error:
        raise BusyError from error
    return GatewayFacts(*row) if row else None
