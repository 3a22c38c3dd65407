"""Who joins by SMS: the club or village that was meant, and the member that a phone's consent makes or finds.

Nobody is attached to another: the only person of a phone is known by it, of several none is guessed. Age and sex are
not asked by SMS; under 18 only the club is offered, which the consent read aloud says.

Source: the page on incoming SMS, 8.1; the safeguarding rules, sections 3, 6 and 7.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import known
from campaigns.conversation.context import Sender
from messaging import places
from messaging.clock import local
from messaging.database import insert_ignore
from messaging.models import (
    Club,
    ClubMember,
    Language,
    Member,
    MemberPhone,
    Phone,
    Place,
    PlaceName,
    Programme,
    ProgrammeVillage,
)
from messaging.models.people import MemberStatus, Ownership, Route, Sex
from messaging.routing import SIMULATOR

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"  # of a code: none that is taken for a digit


def find_club(session: Session, sender: Sender, code: str, now: datetime) -> Club | None:
    """The club of a code that the SMS may mean: open, in a running programme, of the number it was sent to.

    A code is unique within programme and number; where two programmes have it, the sender's own comes first.
    """
    query = sa.select(Club, Programme).join(Programme, Programme.id == Club.programme_id)
    query = query.where(Club.code == code, Programme.ended_at.is_(None))
    if sender.gateway.adapter != SIMULATOR:
        query = query.where(Programme.demonstration.is_(False))
    own = sender.programme.id if sender.programme else 0
    rows = sorted(session.execute(query).all(), key=lambda row: (row[1].id != own, row[1].id, row[0].id))
    for programme in dict.fromkeys(row[1] for row in rows):
        today = local(now, programme.zone).date()
        clubs = [club for club, its in rows if its is programme and (club.closed_on is None or club.closed_on > today)]
        if found := known.of_number(clubs, sender.inbound.recipient, today):
            return found[0]
    return None


def find_village(session: Session, sender: Sender, name: str, commune: str | None, now: datetime) -> Place | None:
    """The one village of the sender's programme with this name, in this commune if one is told; None: not just one."""
    assert sender.programme is not None
    today = local(now, sender.programme.zone).date()
    other = sa.select(PlaceName.place_id).where(PlaceName.folded == places.folded(name))
    query = (
        sa.select(Place)
        .join(ProgrammeVillage, ProgrammeVillage.place_id == Place.id)
        .where(
            ProgrammeVillage.programme_id == sender.programme.id,
            sa.or_(Place.folded == places.folded(name), Place.id.in_(other)),
            places.valid(Place, today),
        )
    )
    if commune is not None:
        above = places.communes(today).subquery()
        named = sa.select(above.c.village_id).join(Place, Place.id == above.c.commune_id)
        query = query.where(Place.id.in_(named.where(Place.folded == places.folded(commune))))
    found = session.scalars(query.limit(2)).all()
    return found[0] if len(found) == 1 else None


def is_in(session: Session, phone: Phone, club: Club) -> bool:
    """Whether somebody who is reached on this phone is in a club; who chose the club alone is not told of."""
    reached = sa.select(MemberPhone.member_id).join(Member, Member.id == MemberPhone.member_id)
    reached = reached.where(MemberPhone.phone_id == phone.id, Member.route == Route.PHONE)
    query = sa.select(ClubMember.member_id).where(ClubMember.club_id == club.id, ClubMember.member_id.in_(reached))
    return session.scalar(query.limit(1)) is not None


def members_of(session: Session, phone: Phone, programme: Programme) -> Sequence[Member]:
    """The members of a programme who are reached on a phone; who chose her club is not."""
    query = sa.select(Member).join(MemberPhone).where(MemberPhone.phone_id == phone.id)
    here = query.where(Member.programme_id == programme.id, Member.route == Route.PHONE)
    return session.scalars(here.order_by(Member.id)).all()


def enrol(
    session: Session, phone: Phone, programme: Programme, kept: Mapping[str, Any], now: datetime
) -> Sequence[Member]:
    """Do what a consent was asked for; gives the members that it is given for.

    Args:
        session: a writing session.
        phone: the phone that agreed.
        programme: the one that asked.
        kept: `club_id` or `village_id` of what she joins; neither: only the phone opens again.
        now: the time.
    """
    reached = members_of(session, phone, programme)
    if kept.get("club_id"):
        return _into_club(session, phone, programme, session.get_one(Club, kept["club_id"]), reached, now)
    if kept.get("village_id"):
        return _into_village(session, phone, programme, int(kept["village_id"]), reached, now)
    return reached if len(reached) == 1 else ()


def _into_club(
    session: Session, phone: Phone, programme: Programme, club: Club, reached: Sequence[Member], now: datetime
) -> Sequence[Member]:
    """The only person of a phone, else a new one; when somebody of it is in the club, which of them is not known."""
    if is_in(session, phone, club):
        return reached if len(reached) == 1 else ()
    member = reached[0] if len(reached) == 1 else _member(session, phone, programme, club.village_id, now, club)
    member.status = MemberStatus.ACTIVE
    row = {"club_id": club.id, "member_id": member.id}
    session.execute(insert_ignore(session, ClubMember, list(row)).values(**row))
    return (member,)


def _into_village(
    session: Session, phone: Phone, programme: Programme, village_id: int, reached: Sequence[Member], now: datetime
) -> Sequence[Member]:
    """The only person of a phone, wherever she lives; else a new one, unless somebody of it is of that village."""
    if len(reached) != 1 and any(member.village_id == village_id for member in reached):
        return ()
    member = reached[0] if len(reached) == 1 else _member(session, phone, programme, village_id, now)
    member.status = MemberStatus.ACTIVE
    return (member,)


def _member(
    session: Session, phone: Phone, programme: Programme, village_id: int, now: datetime, club: Club | None = None
) -> Member:
    """A new member, of whom only village, language and phone are known; whose the phone is she was not asked."""
    village = session.get_one(Place, village_id)
    wanted = (phone.language, club.language if club else None, *village.languages[:1], programme.language)
    spoken = set(session.scalars(sa.select(Language.code)))
    member = Member(
        programme_id=programme.id, code=_new_code(session, programme), village_id=village_id, sex=Sex.UNKNOWN,
        language=next(code for code in wanted if code in spoken), route=Route.PHONE, created_at=now,
    )  # fmt: skip
    session.add(member)
    session.flush()
    session.add(MemberPhone(member_id=member.id, phone_id=phone.id, ownership=Ownership.HOUSEHOLD))
    session.flush()
    return member


def _new_code(session: Session, programme: Programme) -> str:
    """A pseudonym by chance, as a card would carry it: two letters and six digits, `JK-482913`."""
    while True:
        code = f"J{secrets.choice(LETTERS)}-{secrets.randbelow(10**6):06}"
        taken = sa.select(Member.id).where(Member.programme_id == programme.id, Member.code == code)
        if session.scalar(taken) is None:
            return code
