"""Signs of life of a gateway that is a telephone: when it was last heard, and how wrong its clock is."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from messaging.database import UNABLE, Database
from messaging.gateways.rows import TELEPHONES as TELEPHONES
from messaging.gateways.rows import GatewayFacts
from messaging.models import Gateway

SILENT_AFTER = timedelta(minutes=15)
CLOCK_MOST = timedelta(minutes=10)  # how wrong the clock of a telephone may be before its calls are refused
NOTED_EVERY = timedelta(minutes=1)


def note(db: Database, facts: GatewayFacts, now: datetime, clock_off: int) -> None:
    """A telephone was heard; written down once a minute, and when its clock was mended."""
    is_fresh = facts.seen_at is not None and now - facts.seen_at < NOTED_EVERY
    if not is_fresh or is_wrong(facts.clock_off):
        _write(db, facts, seen_at=now, clock_off=clock_off)


def note_clock(db: Database, facts: GatewayFacts, clock_off: int) -> None:
    """A telephone was refused for its clock; written down when it is news, for staff."""
    if facts.clock_off is None or abs(facts.clock_off - clock_off) > NOTED_EVERY.total_seconds():
        _write(db, facts, clock_off=clock_off)


def is_telephone(gateway: Gateway) -> bool:
    """True for a gateway that should be heard again and again."""
    return gateway.adapter in TELEPHONES


def silence(gateway: Gateway, now: datetime) -> timedelta | None:
    """For how long a telephone has been silent, None when it never was heard."""
    return max(now - gateway.seen_at, timedelta(0)) if gateway.seen_at else None


def is_silent(gateway: Gateway, now: datetime) -> bool:
    """True for a telephone that was not heard for a quarter of an hour, or never."""
    since = silence(gateway, now)
    return is_telephone(gateway) and (since is None or since >= SILENT_AFTER)


def is_wrong(clock_off: int | None) -> bool:
    """True when a clock is so far from ours that the calls of its telephone are refused; `clock_off` in seconds."""
    return clock_off is not None and abs(clock_off) > CLOCK_MOST.total_seconds()


def _write(db: Database, facts: GatewayFacts, **values: object) -> None:
    try:
        with db.write(hasty=True) as session:
            session.execute(sa.update(Gateway).where(Gateway.id == facts.id).values(**values))
    except UNABLE:  # the next call tells it again
        return
