"""A programme at a glance: the figures of own places that stand on Today for everybody who works in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from campaigns import sorting
from campaigns.admin.messages import RECENT, counted, ours
from campaigns.admin.security import me
from campaigns.admin.weeks import cost_of_week
from messaging.clock import at_local, local
from messaging.models import Club, Inbound, Member, MemberPhone, Message, Programme
from messaging.models.people import MemberStatus

T = TypeVar("T")
KEPT = timedelta(minutes=1)


@dataclass(frozen=True)
class Glance:
    """`out` and `came_in` are of the local day; `sensitive` of the last days; `cost_xof` of the week from `monday`."""

    programme: Programme
    members: int
    phones: int
    clubs: int
    out: int
    came_in: int
    sensitive: int
    monday: date
    cost_xof: int


def glance(session: Session, programme: Programme, now: datetime) -> Glance:
    """The figures of a programme, as they were a moment ago at most."""
    return lately(("glance", programme.id, me().villages), now, lambda: figures(session, programme, now))


def lately(key: tuple[object, ...], now: datetime, count: Callable[[], T]) -> T:
    """What `count` gives, or gave within the last `KEPT`: for figures over everybody that change little in it."""
    shelf: dict[tuple[object, ...], tuple[datetime, T]] = current_app.extensions.setdefault("jekulu.kept", {})
    at, known = shelf.get(key) or (now, count())
    if not at <= now < at + KEPT:
        at, known = now, count()
    shelf[key] = (at, known)
    return known


def figures(session: Session, programme: Programme, now: datetime) -> Glance:
    """Count them."""
    day = local(now, programme.zone).date()
    midnight = at_local(day, time(0), programme.zone)
    monday = day - timedelta(days=day.weekday() + 7)
    active = (
        Member.programme_id == programme.id, Member.status == MemberStatus.ACTIVE, me().within(Member.village_id)
    )  # fmt: skip
    phones = sa.select(sa.func.count(sa.distinct(MemberPhone.phone_id))).join(Member).where(*active)
    out = (
        Message.programme_id == programme.id, Message.due_at >= midnight, Message.handed_over_at.is_not(None),
        Message.trial_of.is_(None), me().within(Message.village_id),
    )  # fmt: skip
    heard = ours(programme.id)
    came_in = sa.select(sa.func.count(Inbound.id)).where(Inbound.received_at >= midnight, heard)
    clubs = (Club.programme_id == programme.id, Club.closed_on.is_(None), me().within(Club.village_id))
    cost_xof, _segments = cost_of_week(session, programme, monday, me().within(Message.village_id))
    return Glance(
        programme,
        session.scalar(sa.select(sa.func.count(Member.id)).where(*active)) or 0,
        session.scalar(phones) or 0,
        session.scalar(sa.select(sa.func.count(Club.id)).where(*clubs)) or 0,
        session.scalar(sa.select(sa.func.count(Message.id)).where(*out)) or 0,
        session.scalar(came_in) or 0,
        counted(session, heard, sorting.boxed("sensitive"), Inbound.received_at > now - RECENT),
        monday,
        cost_xof,
    )  # fmt: skip
