"""The person on duty is told by a neutral SMS that something waits: no content, no place, no category.

Focal points are told of a sensitive SMS of their category, officers of one that no reviewed list has screened; both
only on a phone that they have confirmed, and at most once in ten minutes. Source: the safeguarding rules, section 8.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation.context import Sender
from messaging import notices, outbox, routing, staff
from messaging.models import Club, FacilitatorClub, Gateway, Phone, Programme, Role, Staff, StaffRole
from messaging.models.post import Kind

KEY = "duty.waiting"


def tell(session: Session, sender: Sender, category: str | None, now: datetime) -> int:
    """Tell those on duty that an SMS waits for them; gives how many are told.

    Args:
        session: the session of the inbound's transaction.
        sender: who wrote it.
        category: a sensitive one; None: it may be sensitive, and the officers look first.
        now: the time.
    """
    programme = sender.programme
    if programme is None:
        return 0
    there = _villages(session, sender)
    people = [one for one in on_duty(session, programme, category, now) if _works_there(session, one, there, now)]
    due = [person for person in people if not notices.was_told_lately(session, person, now, with_alarms=False)]
    return sum(_put(session, sender, programme, person, now) for person in due)


def on_duty(session: Session, programme: Programme, category: str | None, now: datetime) -> Iterator[Staff]:
    """The accounts of a programme that can be told: with a confirmed phone that may be written to.

    An account of the demonstration is told by the simulator or not at all: its phone may be anybody's.
    """
    role = StaffRole.role == (Role.FOCAL_POINT if category else Role.OFFICER)
    for person in notices.reachable(session, sa.and_(role, StaffRole.scope == (category or ""))):
        is_ours = programme.demonstration or not person.demonstration
        if is_ours and programme.id in staff.programme_ids(session, person.id):
            yield person


def unheard(session: Session, programme: Programme, categories: Iterable[str], now: datetime) -> list[str]:
    """The sensitive categories, and `officer`, of which nobody in a programme can be told by SMS."""
    found = [name for name in categories if not any(on_duty(session, programme, name, now))]
    return found if any(on_duty(session, programme, None, now)) else [*found, "officer"]


def _villages(session: Session, sender: Sender) -> Collection[int]:
    """Where who wrote lives, leads or works; nothing for a stranger."""
    clubs = sa.select(Club.village_id).join(FacilitatorClub)
    own = [club.id for club in sender.clubs]
    station = sender.station.place_id if sender.station else None
    led = session.scalars(clubs.where(Club.id.in_(own))).all() if own else ()
    return {*(member.village_id for member in sender.members), *led, *([station] if station else [])}


def _works_there(session: Session, person: Staff, there: Collection[int], now: datetime) -> bool:
    """As on the pages: what comes from nowhere is for who works everywhere."""
    own = staff.village_ids(session, person.id, now.date())
    return own is None or not own.isdisjoint(there)


def _put(session: Session, sender: Sender, programme: Programme, person: Staff, now: datetime) -> bool:
    assert person.phone_id is not None
    prefix = session.get_one(Phone, person.phone_id).prefix
    gateways = session.scalars(sa.select(Gateway).order_by(Gateway.id)).all()
    gateway = routing.choose(gateways, prefix, Kind.REPLY, programme.demonstration)
    occurrence = f"{outbox.DUTY}{sender.inbound.id}"
    return notices.put(session, person, programme, KEY, occurrence, gateway, now)
