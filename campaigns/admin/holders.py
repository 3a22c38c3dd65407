"""Who is reached on a phone, as this account may see it; a phone whose people are all elsewhere is not there.

A number that was replaced is seen by who sees the one in its place: its history stays with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import abort, g
from sqlalchemy.orm import Session

from campaigns.admin.masks import Spot
from campaigns.admin.security import me
from messaging.models import (
    Club,
    ClubMember,
    Facilitator,
    FacilitatorClub,
    Member,
    MemberPhone,
    Phone,
    Place,
    Staff,
    Station,
    StationPhone,
)
from messaging.models.people import FacilitatorKind, Ownership

Query = sa.Select[*tuple[Any, ...]]
LONGEST_CHAIN = 10  # SIMs one after the other
ROLES = {FacilitatorKind.FACILITATOR: "facilitator", FacilitatorKind.ADVISER: "advisor"}  # as the reader says it


@dataclass(frozen=True)
class Holder:
    """One person, club or station behind a phone; a facilitator of several clubs is there once for each."""

    phone_id: int
    programme_id: int
    role: str  # of `words.SENDERS`, or `club` for a club's own phone
    code: str  # of the member or club, or the station's name
    village_id: int | None  # a station's place
    first_name: str | None = None
    ownership: Ownership | None = None

    @property
    def is_own(self) -> bool:
        """True when the account works in this programme's page and in this village."""
        return self.programme_id == g.programme.id and me().sees(self.village_id)


def of(session: Session, phone_ids: Collection[int]) -> list[Holder]:
    """Everybody behind these phones, of whatever programme, in four queries."""
    return [*_members(session, phone_ids), *_leaders(session, phone_ids), *_others(session, phone_ids)]


def find(session: Session, ident: int) -> Phone:
    """A phone that the account may see; any other is not there (404)."""
    phone = session.get(Phone, ident)
    return phone if phone is not None and is_visible(session, phone) else abort(404)


def is_visible(session: Session, phone: Phone) -> bool:
    """Whether one of its people is in an own place; what is nobody's is seen by accounts without places.

    A phone that an account tries texts on is its own affair.
    """
    chain = _chain(session, phone)
    held = of(session, [one.id for one in chain])
    if held:
        return any(one.is_own for one in held)
    is_staff = session.scalar(sa.select(sa.exists().where(Staff.phone_id == phone.id)))
    return me().villages is None and not is_staff


def former(session: Session, phone: Phone) -> list[Phone]:
    """The numbers in whose place this one is."""
    return list(session.scalars(sa.select(Phone).where(Phone.replaced_by_id == phone.id).order_by(Phone.id)))


def within(session: Session, spot: Spot, now: datetime) -> list[Query]:
    """The ids of the phones of the programme in a place, one query for each way to be behind a phone."""
    ours = g.programme.id
    here = set(session.scalars(sa.select(Place.id).where(spot.within(Place.id, now))))
    leaders = sa.select(Facilitator.phone_id).join(FacilitatorClub).join(Club, Club.id == FacilitatorClub.club_id)
    hosts = sa.select(StationPhone.phone_id).join(Station)
    return [
        _of_members().where(Member.programme_id == ours, Member.village_id.in_(here)),
        leaders.where(Facilitator.programme_id == ours, Club.village_id.in_(here)),
        _relays().where(Club.programme_id == ours, Club.village_id.in_(here)),
        hosts.where(Station.programme_id == ours, Station.place_id.in_(here)),
    ]


def of_clubs(ids: Iterable[int]) -> list[Query]:
    """The ids of the phones of some clubs: their members', those who lead them, their own."""
    ids = list(ids)
    members = _of_members().join(ClubMember, ClubMember.member_id == Member.id)
    leaders = sa.select(Facilitator.phone_id).join(FacilitatorClub)
    return [
        members.where(ClubMember.club_id.in_(ids), me().within(Member.village_id)),
        leaders.where(FacilitatorClub.club_id.in_(ids)),
        _relays().where(Club.id.in_(ids)),
    ]


def _of_members() -> sa.Select[int]:
    return sa.select(MemberPhone.phone_id).join(Member, Member.id == MemberPhone.member_id)


def _relays() -> Query:
    return sa.select(Club.relay_phone_id).where(Club.relay_phone_id.is_not(None))


def _chain(session: Session, phone: Phone) -> list[Phone]:
    """A phone and the SIMs that came in its place, one after the other."""
    found = [phone]
    while found[-1].replaced_by_id is not None and len(found) < LONGEST_CHAIN:
        found.append(session.get_one(Phone, found[-1].replaced_by_id))
    return found


def _members(session: Session, ids: Collection[int]) -> list[Holder]:
    query = (
        sa.select(MemberPhone.phone_id, MemberPhone.ownership, Member)
        .join(Member)
        .where(MemberPhone.phone_id.in_(ids))
        .order_by(Member.id)
    )
    return [
        Holder(phone_id, row.programme_id, "member", row.code, row.village_id, row.first_name, ownership)
        for phone_id, ownership, row in session.execute(query)
    ]


def _leaders(session: Session, ids: Collection[int]) -> list[Holder]:
    query = (
        sa.select(Facilitator.phone_id, Facilitator.programme_id, Facilitator.kind, Club.code, Club.village_id)
        .outerjoin(FacilitatorClub, FacilitatorClub.facilitator_id == Facilitator.id)
        .outerjoin(Club, Club.id == FacilitatorClub.club_id)
        .where(Facilitator.phone_id.in_(ids), Facilitator.active)
        .order_by(Facilitator.id, Club.code)
    )
    return [
        Holder(phone_id, programme_id, ROLES[kind], code or "", village_id)
        for phone_id, programme_id, kind, code, village_id in session.execute(query)
    ]


def _others(session: Session, ids: Collection[int]) -> list[Holder]:
    clubs = sa.select(Club).where(Club.relay_phone_id.in_(ids)).order_by(Club.id)
    hosts = sa.select(StationPhone.phone_id, Station).join(Station).where(StationPhone.phone_id.in_(ids))
    relays = [
        Holder(row.relay_phone_id or 0, row.programme_id, "club", row.code, row.village_id)
        for row in session.scalars(clubs)
    ]
    stations = session.execute(hosts.order_by(Station.id))
    return relays + [Holder(phone_id, row.programme_id, "radio", row.name, row.place_id) for phone_id, row in stations]
