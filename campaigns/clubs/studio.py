"""Addresses for hosts: whoever knows one sees the questions of one episode, until it is withdrawn or its time is over.

A host has no account. The key in the address, 144 bits of chance, is all that lets her in, to read and to mark; only
its hash is stored. No cookie is asked, so another site cannot make a browser press a button: it would have to know
the key.

Source: the page on the domain, 6.3; the safeguarding rules, 11.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Airing, Episode, StudioPage
from messaging import audit
from messaging.models import Station

OBJECT = "studio_page"
BYTES = 18
USE, AFTER = timedelta(days=14), timedelta(days=1)  # without a coming airing; after the last one
LONGEST_USE = timedelta(days=42)


def make(session: Session, station: Station, episode: Episode, who: int, now: datetime) -> tuple[StudioPage, str]:
    """An address for a station and an episode; gives its row and the key, which is told this once.

    It is good until the day after the last planned airing of the episode there, else for a fortnight.
    """
    key = secrets.token_urlsafe(BYTES)
    last = sa.select(sa.func.max(Airing.planned_at)).where(
        Airing.station_id == station.id, Airing.episode_id == episode.id, Airing.planned_at > now
    )
    airs_at = session.scalar(last)
    row = StudioPage(
        station_id=station.id, episode_id=episode.id, key_hash=hashed(key), made_at=now, made_by=who,
        until=min(airs_at + AFTER, now + LONGEST_USE) if airs_at else now + USE,
    )  # fmt: skip
    session.add(row)
    session.flush()
    after = {"station": station.id, "episode": episode.id, "until": row.until}
    audit.note(session, audit.actor(who), "added", OBJECT, row.id, now, after=after)
    return row, key


def find(session: Session, key: str, now: datetime) -> StudioPage | None:
    """The row of a key that is still good; None for any other."""
    wanted = hashed(key)
    row = session.scalar(sa.select(StudioPage).where(StudioPage.key_hash == wanted))
    if row is None or not hmac.compare_digest(row.key_hash, wanted):
        return None
    return row if row.withdrawn_at is None and now < row.until else None


def withdraw(session: Session, row: StudioPage, who: int, now: datetime) -> None:
    """Close an address at once; a second time changes nothing."""
    if row.withdrawn_at is None:
        row.withdrawn_at = now
        audit.note(session, audit.actor(who), "withdrawn", OBJECT, row.id, now)


def hashed(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()
