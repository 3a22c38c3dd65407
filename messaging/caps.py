"""What phones have had of late: who has had enough of a kind, and who is answered too often; set-wise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.models import Cap, Inbound, Message
from messaging.models.post import Kind, State

REPLIES_AN_HOUR = 10


def looping(session: Session, messages: Sequence[Message], now: datetime) -> set[int]:
    """Replies to phones that had ten within the hour; the one confirmation of a STOP always leaves."""
    replies = [message for message in messages if message.kind is Kind.REPLY]
    query = (
        sa.select(Message.phone_id)
        .where(
            Message.phone_id.in_({message.phone_id for message in replies}),
            Message.kind == Kind.REPLY,
            _left_since(now - timedelta(hours=1)),
        )
        .group_by(Message.phone_id)
        .having(sa.func.count() >= REPLIES_AN_HOUR)
    )
    phones = set(session.scalars(query)) if replies else set()
    found = [message for message in replies if message.phone_id in phones]
    answered = {message.inbound_id for message in found}
    stops = (
        set(session.scalars(sa.select(Inbound.id).where(Inbound.id.in_(answered), Inbound.stopped))) if found else ()
    )
    return {message.id for message in found if message.inbound_id not in stops}


class Room:
    """How many messages of each kind phones may still have; it shrinks while a batch leaves."""

    def __init__(self) -> None:
        """Nothing is limited."""
        self._most: dict[Kind, int] = {}
        self._left: dict[tuple[Kind, int], int] = {}  # of phones that had some

    def limit(self, kind: Kind, most: int, had: Mapping[int, int]) -> None:
        """Of a kind a phone may have so many, and these had some already; of several limits the narrowest counts."""
        self._left = {key: min(left, most) if key[0] is kind else left for key, left in self._left.items()}
        for phone_id, count in had.items():
            key = (kind, phone_id)
            self._left[key] = min(self._left.get(key, self._most.get(kind, most)), most - count)
        self._most[kind] = min(self._most.get(kind, most), most)

    def is_full(self, kind: Kind, phone_id: int) -> bool:
        """True when the phone has had its number."""
        return kind in self._most and self._left.get((kind, phone_id), self._most[kind]) <= 0

    def take(self, kind: Kind, phone_id: int) -> None:
        """One more leaves for the phone."""
        if kind in self._most:
            self._left[kind, phone_id] = self._left.get((kind, phone_id), self._most[kind]) - 1


def room(session: Session, phone_ids: set[int], now: datetime) -> Room:
    """What phones may still have this day, week and month; rows without a number limit nothing."""
    found = Room()
    for cap in session.scalars(sa.select(Cap)):
        for most, days in ((cap.per_day, 1), (cap.per_week, 7), (cap.per_month, 30)):
            if most is not None:
                found.limit(Kind(cap.kind), most, _had(session, phone_ids, Kind(cap.kind), now - timedelta(days=days)))
    return found


def _had(session: Session, phone_ids: set[int], kind: Kind, since: datetime) -> dict[int, int]:
    query = (
        sa.select(Message.phone_id, sa.func.count())
        .where(Message.phone_id.in_(phone_ids), Message.kind == kind, _left_since(since))
        .group_by(Message.phone_id)
    )
    return dict(session.execute(query).all())


def _left_since(since: datetime) -> sa.ColumnElement[bool]:
    """What has reached a phone or may have; not what failed and waits for a new attempt, or it would bar itself."""
    left = sa.and_(Message.handed_over_at > since, Message.state != State.WAITING)
    return sa.or_(left, Message.state == State.SUBMITTING)
