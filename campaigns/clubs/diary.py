"""The diary of the clubs: meetings are planned, those nobody reported are missed, and somebody is to ask why."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import sqlalchemy as sa

from campaigns.clubs import meetings, silence
from messaging import batches
from messaging.database import Database
from messaging.models import Club, Programme


def keep(db: Database, now: datetime) -> dict[str, int]:
    """Plan, miss and list for every programme that runs; gives what was new.

    Clubs are planned some at a time, so that a report waits no longer than for those.
    """
    with db.read() as session:
        running = session.scalars(sa.select(Programme.id).where(Programme.ended_at.is_(None))).all()
    counts = Counter[str]()
    for ident in running:
        with db.read() as session:
            clubs = session.scalars(sa.select(Club.id).where(Club.programme_id == ident).order_by(Club.id)).all()
        for some in batches.batches(clubs, meetings.CLUBS):
            with db.write() as session:
                counts["meetings"] += meetings.plan_meetings(
                    session, session.get_one(Programme, ident), now, clubs=some
                )
        with db.write() as session:
            programme = session.get_one(Programme, ident)
            missed = meetings.miss(session, programme, now)
            counts["missed"] += len(missed)
            counts["calls"] += silence.list_calls(session, programme, missed, now)
    return {name: count for name, count in counts.items() if count}
