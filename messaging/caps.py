"""What phones have had of late: who has had enough of a kind, and who is answered too often; set-wise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.models import Cap, Inbound, Message
from messaging.models.post import Kind, State

REPLIES_AN_HOUR = 10
WEEK = 7  # days
NONE: Mapping[int, int] = MappingProxyType({})


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


@dataclass
class Limit:
    """So many messages of a kind in some days; `had` counts what phones got in them. None: of every programme."""

    kind: Kind
    most: int
    had: dict[int, int]
    programme_id: int | None = None

    def binds(self, kind: Kind, programme_id: int | None) -> bool:
        """Whether it speaks of such a message."""
        return self.kind is kind and self.programme_id in (None, programme_id)


class Room:
    """How many messages of each kind phones may still have; it shrinks while a batch leaves."""

    def __init__(self) -> None:
        """Nothing is limited."""
        self._limits: list[Limit] = []

    def limit(self, kind: Kind, most: int, had: Mapping[int, int], programme_id: int | None = None) -> None:
        """Of a kind a phone may have so many, and these had some already; of several limits the narrowest counts.

        One of a programme stops only what that programme sends; what phones had of the others counts in it too.
        """
        self._limits.append(Limit(kind, most, dict(had), programme_id))

    def is_full(self, kind: Kind, phone_id: int, programme_id: int | None = None) -> bool:
        """True when the phone has had its number."""
        return any(one.had.get(phone_id, 0) >= one.most for one in self._limits if one.binds(kind, programme_id))

    def take(self, kind: Kind, phone_id: int) -> None:
        """One more leaves for the phone."""
        for one in self._limits:
            if one.kind is kind:
                one.had[phone_id] = one.had.get(phone_id, 0) + 1


def room(session: Session, phone_ids: set[int], now: datetime, weekly: Mapping[int, int] = NONE) -> Room:
    """What phones may still have this day, week and month; rows without a number limit nothing.

    Args:
        session: any session.
        phone_ids: the phones.
        now: the time.
        weekly: most messages of campaigns in a week, by programme, as rows of today say it.
    """
    found = Room()
    week: dict[int, int] | None = None
    for cap in session.scalars(sa.select(Cap)):
        for most, days in ((cap.per_day, 1), (cap.per_week, WEEK), (cap.per_month, 30)):
            if most is None:
                continue
            had = _had(session, phone_ids, Kind(cap.kind), now - timedelta(days=days))
            found.limit(Kind(cap.kind), most, had)
            if (cap.kind, days) == (Kind.CAMPAIGN, WEEK):
                week = had
    if weekly and week is None:
        week = _had(session, phone_ids, Kind.CAMPAIGN, now - timedelta(days=WEEK))
    for programme_id, most in weekly.items():
        found.limit(Kind.CAMPAIGN, most, week or {}, programme_id)
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
