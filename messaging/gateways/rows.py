"""What the web needs to know of a gateway row, as a frozen value; knows nothing of how a gateway is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from messaging.database import Database
from messaging.errors import BusyError
from messaging.models import Gateway

NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")
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


def named(db: Database, name: str) -> GatewayFacts | None:
    """The gateway of this name, None when there is none; a name that none can have never reaches the database.

    Raises:
        BusyError: the database is locked or down.
    """
    if not NAME.fullmatch(name):
        return None
    try:
        with db.read() as session:
            row = session.execute(BY_NAME, {"name": name}).one_or_none()
    except sa.exc.OperationalError as error:
        raise BusyError from error
    return GatewayFacts(*row) if row else None
