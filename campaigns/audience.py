"""Who is meant: an audience of a definition as one query of phones; knows neither texts nor times.

Every query gives phone_id, member_id, club_id, village_id, language and own (a member's own fallback chain as text).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.calendar import Batch, Cycle
from campaigns.definitions import Audience
from campaigns.models import Campaign, Enrolment, Step
from messaging.models import (
    Club,
    ClubMember,
    ClubStation,
    Facilitator,
    FacilitatorClub,
    Household,
    Member,
    MemberPhone,
    Message,
    Place,
    PlaceCode,
    Programme,
    Station,
    StationPhone,
)
from messaging.models.people import ContentLevel, LifeStage, MemberStatus, Ownership, Route
from messaging.places import folded, villages_below

Source = sa.Select[*tuple[Any, ...]]
Tongues = list[tuple[str, str | None]]
LIFE_STAGES = {"pregnant": LifeStage.PREGNANT, "lactating": LifeStage.LACTATING, "caregiver": LifeStage.CAREGIVER}


@dataclass(frozen=True)
class Scope:
    """What narrows a query beside the audience itself."""

    programme: Programme
    campaign_id: int
    today: date
    villages: Collection[int] | None  # None: all
    markets: Mapping[Cycle, Collection[int]] = field(default_factory=dict)  # villages by their market cycle


def scope(
    session: Session, programme: Programme, campaign_id: int, audience: Audience, today: date, markets: bool = False
) -> Scope:
    """Look the places of an audience up once, and with `markets` their market cycles."""
    villages = None
    if audience.places is not None:
        villages = set(session.scalars(villages_below(place_ids(session, audience.places), today)))
    return Scope(programme, campaign_id, today, villages, _markets(session, villages) if markets else {})


def place_ids(session: Session, names: Collection[str]) -> set[int]:
    """The places of some codes or names; a name may mean several places."""
    by_code = sa.select(PlaceCode.place_id).where(PlaceCode.code.in_(names))
    by_name = sa.select(Place.id).where(Place.folded.in_([folded(name) for name in names]))
    return set(session.scalars(by_code)) | set(session.scalars(by_name))


def source(
    audience: Audience,
    where: Scope,
    batch: Batch | None,
    *,
    personal: bool = False,
    among: tuple[int, int] | None = None,
) -> Source:
    """The phones of an audience for one batch.

    Args:
        audience: who is meant; its role is filled.
        where: programme, places and markets.
        batch: what narrows the audience; none: at any time.
        personal: only the phones that chose personal content.
        among: a range of member ids, the first excluded; none: all.
    """
    if audience.role in (None, "member"):
        query = _members(audience, where, batch, personal)
        query = query.where(Member.id > among[0], Member.id <= among[1]) if among else query
    elif audience.role == "host":
        query = _hosts(where, batch)
    elif audience.role == "club":
        query = _clubs(audience, where, batch)
    else:
        query = _facilitators(audience, where, batch)
    return query if audience.received is None else _who_received(query, audience.received, where)


def _who_received(query: Source, name: str, where: Scope) -> Source:
    """Only the phones that a step was handed over to: a correction follows the message it corrects."""
    campaign, _, step = name.partition("/")
    people = query.subquery("meant")
    got = (
        sa.select(Message.phone_id)
        .join(Step, Step.id == Message.step_id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(
            Campaign.programme_id == where.programme.id,
            Campaign.code == campaign,
            Step.code == step,
            Message.handed_over_at.is_not(None),
            Message.trial_of.is_(None),
        )
    )
    return sa.select(people).where(people.c.phone_id.in_(got))


def tongues(
    session: Session, audience: Audience, where: Scope, batch: Batch | None, among: tuple[int, int] | None
) -> Tongues:
    """The languages, each with a member's own fallback chain, that an audience may hold.

    Of members it is asked of the whole range, without the joins of the audience: a language too many costs nothing.
    """
    if audience.role not in (None, "member"):
        return spoken_by(session, source(audience, where, batch))
    own = sa.cast(Member.falls_to, sa.String())
    query = sa.select(Member.language, own).where(Member.programme_id == where.programme.id).distinct()
    if among:
        query = query.where(Member.id > among[0], Member.id <= among[1])
    return _sorted(session.execute(query))


def spoken_by(session: Session, people: Source) -> Tongues:
    """The languages of a query."""
    found = people.subquery("people")
    return _sorted(session.execute(sa.select(found.c.language, found.c.own).distinct()))


def _sorted(rows: Iterable[Any]) -> Tongues:
    return sorted(((language, own) for language, own in rows), key=lambda row: (row[0], row[1] or ""))


def members(audience: Audience, where: Scope) -> Source:
    """The members of an audience (id, village_id, language), whether they have a phone or not."""
    return _people(audience, where, None)


def through_clubs(audience: Audience, where: Scope, batch: Batch) -> Source:
    """For a personal step: the clubs of those whose phone did not choose personal content, one phone a club."""
    reached = _members(audience, where, batch, personal=True).subquery("reached")
    people = _people(audience, where, batch).subquery("meant")
    clubs = (
        sa.select(ClubMember.club_id)
        .join(people, people.c.id == ClubMember.member_id)
        .where(~sa.exists().where(reached.c.member_id == people.c.id))
    )
    return _club_phones(where).where(Club.id.in_(clubs))


def count_clubs(session: Session, where: Scope) -> int:
    """How many phones the clubs of these places have: what a message takes that goes to the clubs alone."""
    clubs = _club_phones(where).where(*_club_conditions(Audience(), where, True)).subquery("clubs")
    return session.scalar(sa.select(sa.func.count(sa.distinct(clubs.c.phone_id)))) or 0


def _markets(session: Session, villages: Collection[int] | None) -> dict[Cycle, set[int]]:
    query = sa.select(Place.id, Place.market_days, Place.market_anchor).where(
        Place.market_days.is_not(None), Place.market_anchor.is_not(None)
    )
    found: dict[Cycle, set[int]] = {}
    for place_id, days, anchor in session.execute(query):
        if days and anchor and (villages is None or place_id in villages):
            found.setdefault(Cycle.of(days, anchor), set()).add(place_id)
    return found


def _people(audience: Audience, where: Scope, batch: Batch | None) -> Source:
    """The members of an audience, whether they have a phone or not."""
    query = sa.select(Member.id, Member.village_id, Member.language).where(
        Member.programme_id == where.programme.id, Member.status == MemberStatus.ACTIVE
    )
    for condition in _conditions(audience, where):
        query = query.where(condition)
    return _in_batch(query, where, batch)


def _conditions(audience: Audience, where: Scope) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if where.villages is not None:
        found.append(Member.village_id.in_(where.villages))
    if audience.sex is not None:
        found.append(Member.sex == audience.sex)
    if audience.languages is not None:
        found.append(Member.language.in_(audience.languages))
    if audience.life_stages is not None:
        stages = [LIFE_STAGES[name] for name in audience.life_stages]
        found.append(Member.life_stage.in_(stages) & (Member.life_stage_until >= where.today))
    if audience.hea is not None:
        bands = sa.select(Household.id).where(Household.hea_band.in_(audience.hea))
        found.append(Member.household_id.in_(bands))
    if audience.only == "radio":
        found += [Member.household_id.is_(None), ~sa.exists().where(ClubMember.member_id == Member.id)]
    if audience.clubs is not None or audience.club_kinds is not None:
        clubs = sa.select(ClubMember.member_id).join(Club).where(*_club_conditions(audience, where, False))
        found.append(Member.id.in_(clubs))
    return found


def _in_batch(query: Source, where: Scope, batch: Batch | None) -> Source:
    if batch is None:
        return query
    if batch.enrolled_on is not None:
        query = query.join(Enrolment, Enrolment.member_id == Member.id).where(
            Enrolment.campaign_id == where.campaign_id,
            Enrolment.anchor_on == batch.enrolled_on,
            Enrolment.ended_at.is_(None),
        )
    if batch.born_in is not None:
        query = query.where(Member.child_birth_month == batch.born_in)
    if batch.cycle is not None:
        query = query.where(Member.village_id.in_(where.markets[batch.cycle]))
    if batch.airing is not None:
        listening = sa.select(ClubMember.member_id).join(ClubStation, ClubStation.club_id == ClubMember.club_id)
        query = query.where(Member.id.in_(listening.where(ClubStation.station_id == batch.airing.station_id)))
    return query


def _members(audience: Audience, where: Scope, batch: Batch | None, personal: bool) -> Source:
    query = (
        _people(audience, where, batch)
        .join(MemberPhone, MemberPhone.member_id == Member.id)
        .where(Member.route == Route.PHONE)
        .with_only_columns(
            MemberPhone.phone_id.label("phone_id"),
            Member.id.label("member_id"),
            sa.literal(None, sa.Integer()).label("club_id"),
            Member.village_id.label("village_id"),
            Member.language.label("language"),
            sa.cast(Member.falls_to, sa.String()).label("own"),
        )
    )
    if personal:
        query = query.where(Member.content_level == ContentLevel.PERSON, MemberPhone.ownership == Ownership.OWN)
    return query


def _facilitators(audience: Audience, where: Scope, batch: Batch | None) -> Source:
    query = (
        sa.select(
            Facilitator.phone_id.label("phone_id"),
            sa.literal(None, sa.BigInteger()).label("member_id"),
            sa.func.min(Club.id).label("club_id"),
            sa.func.min(Club.village_id).label("village_id"),
            sa.func.min(Facilitator.language).label("language"),
            sa.literal(None, sa.String()).label("own"),
        )
        .join(FacilitatorClub, FacilitatorClub.facilitator_id == Facilitator.id)
        .join(Club, Club.id == FacilitatorClub.club_id)
        .where(
            Facilitator.programme_id == where.programme.id,
            Facilitator.active.is_(True),
            Facilitator.kind == audience.role,
            *_club_conditions(audience, where, True),
            *_club_batch(where, batch),
        )
        .group_by(Facilitator.phone_id)
    )
    if audience.only == "leaders":
        query = query.where(Facilitator.leader.is_(True))
    return query if audience.languages is None else query.where(Facilitator.language.in_(audience.languages))


def _clubs(audience: Audience, where: Scope, batch: Batch | None) -> Source:
    query = _club_phones(where).where(*_club_conditions(audience, where, True), *_club_batch(where, batch))
    return query if audience.languages is None else query.where(Club.language.in_(audience.languages))


def _club_phones(where: Scope) -> Source:
    """One phone a club: its own, else that of a facilitator."""
    leaders = (
        sa.select(FacilitatorClub.club_id, sa.func.min(Facilitator.phone_id).label("phone_id"))
        .join(Facilitator, Facilitator.id == FacilitatorClub.facilitator_id)
        .where(Facilitator.active.is_(True))
        .group_by(FacilitatorClub.club_id)
        .subquery("leaders")
    )
    phone = sa.func.coalesce(Club.relay_phone_id, leaders.c.phone_id)
    return (
        sa.select(
            phone.label("phone_id"),
            sa.literal(None, sa.BigInteger()).label("member_id"),
            Club.id.label("club_id"),
            Club.village_id.label("village_id"),
            Club.language.label("language"),
            sa.literal(None, sa.String()).label("own"),
        )
        .join(leaders, leaders.c.club_id == Club.id, isouter=True)
        .where(Club.programme_id == where.programme.id, Club.closed_on.is_(None), phone.is_not(None))
    )


def _hosts(where: Scope, batch: Batch | None) -> Source:
    query = (
        sa.select(
            StationPhone.phone_id.label("phone_id"),
            sa.literal(None, sa.BigInteger()).label("member_id"),
            sa.literal(None, sa.Integer()).label("club_id"),
            Station.place_id.label("village_id"),
            sa.literal(where.programme.language, sa.String()).label("language"),
            sa.literal(None, sa.String()).label("own"),
        )
        .join(Station, Station.id == StationPhone.station_id)
        .where(Station.programme_id == where.programme.id)
    )
    if batch is not None and batch.airing is not None:
        query = query.where(Station.id == batch.airing.station_id)
    return query


def _club_conditions(audience: Audience, where: Scope, placed: bool) -> list[sa.ColumnElement[bool]]:
    found = [Club.programme_id == where.programme.id, Club.closed_on.is_(None)]
    if placed and where.villages is not None:
        found.append(Club.village_id.in_(where.villages))
    if audience.clubs is not None:
        found.append(Club.code.in_(audience.clubs))
    if audience.club_kinds is not None:
        found.append(Club.kind.in_(audience.club_kinds))
    return found


def _club_batch(where: Scope, batch: Batch | None) -> list[sa.ColumnElement[bool]]:
    if batch is None:
        return []
    found: list[sa.ColumnElement[bool]] = []
    if batch.cycle is not None:
        found.append(Club.village_id.in_(where.markets[batch.cycle]))
    if batch.airing is not None:
        listening = sa.select(ClubStation.club_id).where(ClubStation.station_id == batch.airing.station_id)
        found.append(Club.id.in_(listening))
    return found
