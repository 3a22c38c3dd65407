"""What is asked of each telephone every few minutes: to bring again what it received, and how it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from messaging.errors import JekuluError, SettingError
from messaging.gateways.signs import TELEPHONES
from messaging.installation import Installation
from messaging.models import Gateway

log = structlog.get_logger()
OVERLAP = timedelta(minutes=10)
LONGEST = timedelta(days=2)  # an SMS that is older answers nothing any more


def beat(here: Installation, now: datetime) -> Mapping[str, int]:
    """Ask every telephone; gives how many took the question and how many did not.

    What it brings again is stored once, by the same keys as the first time.
    """
    with here.db.read() as session:
        rows = session.scalars(sa.select(Gateway).where(Gateway.adapter.in_(TELEPHONES))).all()
    counts = Counter(_ask(here, row, now) for row in rows)
    return dict(counts)


def since(gateway: Gateway, now: datetime) -> datetime:
    """From when on something may have been missed: a little before the telephone was last heard."""
    return max((gateway.seen_at or now) - OVERLAP, now - LONGEST)


def _ask(here: Installation, row: Gateway, now: datetime) -> str:
    try:
        adapter = here.adapters.get(row)
        adapter.list_inbound(since(row, now), now)
        trouble = adapter.health()
    except SettingError as error:
        log.error("a gateway cannot be opened", gateway=row.name, error=str(error))
        return "closed"
    except JekuluError as error:
        log.warning("a telephone does not answer", gateway=row.name, error=type(error).__name__)
        return "silent"
    if trouble is not None:
        log.warning("a telephone is not well", gateway=row.name, error=trouble.code, text=trouble.text)
        return "unwell"
    return "asked"
