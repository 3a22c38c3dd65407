"""Who was reached in a period, by phone and through a club, counted apart: who has no phone of her own counts in full.

By phone: an SMS of a campaign was delivered, or answered, on a phone that she chose to be reached on. Through the
club: her club held a session, so what was read aloud there reached it. Nobody is asked who came: heads are counted, not
names, and the largest meeting of a club counts once.

Source: the page on evaluation, section 2 (RCH-PH, RCH-HH, RCH-IND); the safeguarding rules, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.evaluation import terms
from campaigns.evaluation.period import Period
from campaigns.models import Attendance, ClubSession
from messaging.models import ClubMember, Member, MemberPhone, Message, Programme
from messaging.models.people import MemberStatus, Route


@dataclass(frozen=True)
class Heads:
    """Who came, as they were counted; without sex where nobody told."""

    women: int = 0
    men: int = 0
    girls: int = 0
    boys: int = 0
    total: int = 0


@dataclass(frozen=True)
class Reach:
    """The two routes of a period, never added up: `by_both` of the members are in both."""

    phones: int  # RCH-PH: with one delivered message at least
    by_phone: int  # members
    by_club: int  # members
    by_both: int
    households_by_phone: int
    households_by_club: int  # those that no phone reached
    clubs: int  # that held a session
    heads: Heads  # RCH-IND: of the largest session of each club


def reached(session: Session, programme: Programme, since: date, until: date) -> Reach:
    """Count who was reached from one local day until before another; a handful of queries, whatever the numbers."""
    by_phone, by_club = on_phones(programme, since, until).subquery(), in_clubs(programme, since, until).subquery()
    members, clubs = sa.select(by_phone.c.member_id), sa.select(by_club.c.member_id)
    on_phone = _homes(members)
    through_club = _homes(clubs).where(Member.household_id.not_in(on_phone))
    heads = session.execute(largest(programme, since, until)).one()
    return Reach(
        phones=_count(session, delivered(programme, since, until)),
        by_phone=_count(session, members.distinct()),
        by_club=_count(session, clubs.distinct()),
        by_both=_count(session, members.where(by_phone.c.member_id.in_(clubs)).distinct()),
        households_by_phone=_count(session, on_phone),
        households_by_club=_count(session, through_club),
        clubs=heads.clubs,
        heads=Heads(*(count or 0 for count in heads[1:])),
    )


def delivered(programme: Programme, since: date, until: date) -> sa.Select[int]:
    """The phones of members on which an SMS of a campaign arrived; an answer proves it where no receipt came."""
    period = Period(since, until, programme.zone)
    return sa.select(Message.phone_id).where(*terms.content(period, programme), terms.delivered()).distinct()


def on_phones(programme: Programme, since: date, until: date) -> sa.Select[int, int]:
    """Members with the phones that reached them; who chose the group is not reached on anybody's phone."""
    return (
        sa.select(MemberPhone.member_id, MemberPhone.phone_id)
        .join(Member, Member.id == MemberPhone.member_id)
        .where(_active(programme), Member.route == Route.PHONE)
        .where(MemberPhone.phone_id.in_(delivered(programme, since, until)))
    )


def in_clubs(programme: Programme, since: date, until: date) -> sa.Select[int, int]:
    """Members with their clubs that held a session."""
    held = sa.select(ClubSession.club_id).where(*_held(programme, since, until))
    return (
        sa.select(ClubMember.member_id, ClubMember.club_id)
        .join(Member, Member.id == ClubMember.member_id)
        .where(_active(programme), ClubMember.club_id.in_(held))
    )


def largest(programme: Programme, since: date, until: date) -> sa.Select[*tuple[Any, ...]]:
    """One row: how many clubs held a session, and the sums over clubs of the heads of their largest one."""
    counts = [getattr(Attendance, name) for name in Heads.__dataclass_fields__]
    rank = sa.func.row_number().over(
        partition_by=ClubSession.club_id, order_by=(Attendance.total.desc(), ClubSession.id)
    )
    told = (
        sa.select(*counts, rank.label("place"))
        .join(ClubSession, ClubSession.id == Attendance.club_session_id)
        .where(*_held(programme, since, until), terms.counts())
        .subquery()
    )
    sums = (sa.func.sum(told.c[name]) for name in Heads.__dataclass_fields__)
    return sa.select(sa.func.count().label("clubs"), *sums).where(told.c.place == 1)


def _held(programme: Programme, since: date, until: date) -> tuple[sa.ColumnElement[bool], ...]:
    return (*terms.held(Period(since, until, programme.zone), programme), ClubSession.club_id.is_not(None))


def _active(programme: Programme) -> sa.ColumnElement[bool]:
    return sa.and_(Member.programme_id == programme.id, Member.status == MemberStatus.ACTIVE)


def _homes(members: sa.Select[int]) -> sa.Select[int | None]:
    in_one = sa.select(Member.household_id).where(Member.id.in_(members), Member.household_id.is_not(None))
    return in_one.distinct()


def _count(session: Session, query: sa.Select[*tuple[Any, ...]]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
