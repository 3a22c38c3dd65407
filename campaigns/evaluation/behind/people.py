"""Behind figures of people: households, phones, members; and the villages they live in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import ladder, terms
from campaigns.evaluation.attendance import HOME
from campaigns.evaluation.behind.columns import Cuts, Query, flag, one
from campaigns.evaluation.counting import Ask
from campaigns.models import ClubSession
from messaging.models import Club, ClubMember, Household, Inbound, Member, MemberPhone, Message, Place, ProgrammeVillage
from messaging.models.people import Route, Sex

QUIET = "VIL-QUIET"  # villages without any contact: no indicator, the other side of reach


def households(ask: Ask, code: str, _cuts: Cuts) -> Query:
    """Active households, and by which way each was reached."""
    by_phone = Household.id.in_(_household_of(ask, _by_phone(ask)))
    by_group = sa.and_(sa.not_(by_phone), Household.id.in_(_household_of(ask, _in_groups(ask))))
    counted = {
        "COV-HH": sa.true(), "RCH-HH-PH": by_phone, "RCH-HH-GR": by_group, "RCH-HH": sa.or_(by_phone, by_group),
    }[code]  # fmt: skip
    return sa.select(
        Household.id.label("key"), Household.village_id.label("village_id"), one(counted), Household.code,
        Household.sex_of_head.label("sex"), one(by_phone, "by_phone"), one(by_group, "by_group"),
    ).where(*terms.households(ask.period, ask.programme), ask.within(Household.village_id))  # fmt: skip


def _by_phone(ask: Ask) -> sa.Select[int]:
    """The members on one of whose phones a content message was delivered."""
    reached = sa.select(Message.phone_id).where(*terms.content(ask.period, ask.programme), terms.delivered())
    on_them = sa.select(MemberPhone.member_id).where(MemberPhone.phone_id.in_(reached))
    return sa.select(Member.id).where(
        *terms.active(ask.period, ask.programme), Member.route == Route.PHONE, Member.id.in_(on_them)
    )


def _in_groups(ask: Ask) -> sa.Select[int]:
    """The active members of clubs that held a session."""
    met = sa.select(ClubSession.club_id).where(*terms.held(ask.period, ask.programme), ClubSession.club_id.is_not(None))
    return (
        sa.select(ClubMember.member_id)
        .join(Member, Member.id == ClubMember.member_id)
        .where(ClubMember.club_id.in_(met), *terms.active(ask.period, ask.programme))
    )


def _household_of(ask: Ask, members: sa.Select[int]) -> sa.Select[int | None]:
    return sa.select(Member.household_id).where(Member.id.in_(members), Member.household_id.is_not(None))


def phones(ask: Ask, code: str, _cuts: Cuts) -> Query:
    """Phones that a content message went to: never their numbers."""
    arrived, silent = sa.func.sum(flag(terms.delivered())), sa.func.sum(flag(terms.unreceipted()))
    reached = sa.select(Message.phone_id).where(*terms.content(ask.period, ask.programme), terms.delivered())
    nowhere = sa.func.max(flag(Message.phone_id.in_(reached))) == 0
    counted = arrived > 0 if code == "RCH-PH" else sa.and_(nowhere, silent > 0)
    return (
        sa.select(
            Message.phone_id.label("key"), sa.func.min(Message.village_id).label("village_id"), one(counted),
            sa.func.count().label("messages"), arrived.label("arrived"),
            sa.func.max(Message.handed_over_at).label("at"), sa.func.min(Message.language).label("tongue"),
        )
        .where(*terms.content(ask.period, ask.programme), ask.within(Message.village_id))
        .group_by(Message.phone_id)
    )  # fmt: skip


def members(ask: Ask, code: str, _cuts: Cuts) -> Query:
    """Active members, never by their names; of the ladder those who stood on the step before."""
    if code in ladder.CLIMB:
        climbed = ladder.conditions(ask)
        *before, counted = climbed[code]
        which: tuple[sa.ColumnElement[bool], ...] = tuple(before)
    else:
        counted, which = {
            "COV-F": (Member.sex == Sex.F, ()),
            "COV-M": (Member.sex == Sex.M, ()),
            "COV-W": (Member.sex == Sex.F, (Member.sex != Sex.UNKNOWN,)),
            "LAD-1": (sa.true(), ()),
        }[code]
    return sa.select(
        Member.id.label("key"), Member.village_id.label("village_id"), one(counted), Member.code, Member.sex,
        Member.language, Member.route,
    ).where(*terms.active(ask.period, ask.programme), *which, ask.within(Member.village_id))  # fmt: skip


def villages(ask: Ask, code: str, _cuts: Cuts) -> Query:
    """Villages of the programme, and whether anybody there was reached or heard of in the period."""
    touched = Place.id.in_(_in_contact(ask))
    counted = {"COV-VIL": sa.true(), QUIET: sa.not_(touched)}[code]
    return (
        sa.select(
            Place.id.label("key"), Place.id.label("village_id"), one(counted), Place.name, one(touched, "touched")
        )
        .join(ProgrammeVillage, ProgrammeVillage.place_id == Place.id)
        .where(ProgrammeVillage.programme_id == ask.programme.id, ask.within(Place.id))
    )


def _in_contact(ask: Ask) -> sa.CompoundSelect[Any]:
    """Villages where an SMS was delivered, a member wrote, or a session was held."""
    arrived = sa.select(Message.village_id).where(*terms.sent(ask.period, ask.programme), terms.delivered())
    met = (
        sa.select(HOME).outerjoin_from(ClubSession, Club, Club.id == ClubSession.club_id)
    ).where(*terms.held(ask.period, ask.programme), HOME.is_not(None))  # fmt: skip
    wrote = (
        sa.select(Member.village_id)
        .join(MemberPhone, MemberPhone.member_id == Member.id)
        .join(Inbound, Inbound.phone_id == MemberPhone.phone_id)
        .where(Member.programme_id == ask.programme.id, ask.period.holds(Inbound.received_at))
    )
    return arrived.where(Message.village_id.is_not(None)).union(met, wrote)
