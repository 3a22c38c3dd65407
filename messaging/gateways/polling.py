"""Repair of what came in: each gateway that keeps a list is asked for what its webhook may have failed to bring.

Webhook and list tell of one SMS under one key, so that it is stored once whichever comes first, or both at once. A
list counts as read only when all of it is stored; until then the same span is asked for again.

A gateway that is paused is asked as well: it rests from sending, and a STOP must still come in.
Source: the page on gateways, section 6.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from messaging import inbox
from messaging.batches import batches
from messaging.database import Database, change
from messaging.errors import JekuluError, SettingError
from messaging.installation import Installation
from messaging.models import Gateway
from messaging.settings import Settings

log = structlog.get_logger()
OVERLAP = timedelta(minutes=15)  # read once more each time: a list may show an SMS some minutes late
LONGEST = timedelta(days=4)  # a feast with its weekend; an SMS that is older is not looked for
AT_ONCE = 50  # SMS a transaction: the webhooks want to write too


def rhythm(settings: Settings) -> float:
    """Seconds from one pass to the next."""
    return settings.poll_every.total_seconds()


def poll(here: Installation, now: datetime) -> Mapping[str, int]:
    """One pass over all gateways; one that fails does not stop the others.

    Returns:
        How many SMS were `found` that no webhook had brought, and how many gateways were `silent` (they did not
        answer), `closed` (they cannot be opened) or `broken` (their adapter failed).
    """
    with here.db.read() as session:
        rows = session.scalars(sa.select(Gateway).order_by(Gateway.position, Gateway.id)).all()
    counts: Counter[str] = Counter()
    for row in rows:
        try:
            counts["found"] += _read(here, row, now)
        except Exception as error:  # the list of one gateway may take any shape
            counts[_trouble(row, error)] += 1
    return {what: count for what, count in counts.items() if count}


def since(gateway: Gateway, now: datetime) -> datetime:
    """From when on something may have been missed.

    A gateway that was never read begins now, a little before: years of its past are nothing that anybody waits for. A
    telephone only takes the question and brings the SMS later by itself, so its last sign of life counts as well.
    """
    read_to = gateway.polled_to or gateway.seen_at or now
    heard = min(read_to, gateway.seen_at or read_to)
    return max(heard - OVERLAP, now - LONGEST)


def _read(here: Installation, row: Gateway, now: datetime) -> int:
    """Store what the list of a gateway holds; gives how many SMS are new."""
    adapter = here.adapters.get(row)
    if not adapter.capabilities.can_list_inbound:
        return 0
    listed = adapter.list_inbound(since(row, now), now)
    missed = inbox.unknown(here.db, row.id, listed)
    found = sum(inbox.receive(here.db, row.name, batch) for batch in batches(missed, AT_ONCE))
    _note_read(here.db, row.id, now)
    return found


def _note_read(db: Database, gateway_id: int, now: datetime) -> None:
    further = sa.or_(Gateway.polled_to.is_(None), Gateway.polled_to < now)
    with db.write() as session:
        change(session, sa.update(Gateway).where(Gateway.id == gateway_id, further).values(polled_to=now))


def _trouble(row: Gateway, error: Exception) -> str:
    """Log why a gateway was not read, and give the word for it; staff are told by `heartbeat`."""
    if isinstance(error, SettingError):
        log.error("a gateway cannot be opened", gateway=row.name, error=str(error))
        return "closed"
    if isinstance(error, JekuluError):
        log.warning("a list of received SMS was not read", gateway=row.name, error=type(error).__name__)
        return "silent"
    log.error("a list of received SMS was not read", gateway=row.name, error=type(error).__name__, exc_info=True)
    return "broken"
