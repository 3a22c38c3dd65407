"""Times in which nothing could leave: a gateway was paused, or the engine stood still, for a day or more.

They are noted when they end, the last one of each; a line that fails is read off the attempts instead (`digest`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.database import Database, change, insert_ignore
from messaging.engines import pulse
from messaging.models import Mark

LEAST = timedelta(hours=24)  # what was shorter is made up for as on any other day, within the caps
START = "outage:"  # of the marks
ENGINE = "engine"


@dataclass(frozen=True)
class Outage:
    """From `since` until `until`, not included, nothing could leave by a gateway; None: by none."""

    since: datetime
    until: datetime
    gateway_id: int | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.since <= moment < self.until

    def is_of(self, gateway_id: int | None) -> bool:
        """Whether it kept back what goes by this gateway."""
        return self.gateway_id in (None, gateway_id)


def note(session: Session, since: datetime | None, now: datetime, gateway_id: int | None = None) -> None:
    """Remember an outage that ends now, if it was one, in the place of the one before."""
    if since is None or now - since < LEAST:
        return
    name = f"{START}{ENGINE if gateway_id is None else gateway_id}"
    value = f"{since.isoformat()} {now.isoformat()}"
    if not change(session, sa.update(Mark).where(Mark.name == name).values(value=value)):
        session.execute(insert_ignore(session, Mark, ["name"]).values(name=name, value=value))


def note_silence(db: Database, now: datetime) -> None:
    """The engine starts: remember since when none ran, before its first message leaves."""
    with db.read() as session:
        last = pulse.last(session)
    if last is not None and now - last >= LEAST:
        with db.write() as session:
            note(session, last, now)


def known(session: Session) -> list[Outage]:
    """The outages that are noted."""
    rows = session.execute(sa.select(Mark.name, Mark.value).where(Mark.name.startswith(START))).all()
    return [_read(name.removeprefix(START), value) for name, value in rows]


def _read(about: str, value: str) -> Outage:
    since, until = (datetime.fromisoformat(part) for part in value.split())
    return Outage(since, until, None if about == ENGINE else int(about))
