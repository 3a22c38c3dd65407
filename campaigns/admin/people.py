"""People and clubs: totals by commune and village, the search, and one village."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import masks
from campaigns.admin.clubs import leaders_of
from campaigns.admin.masks import Home, is_officer, month_start, reached, sees_persons
from campaigns.admin.security import installation, me
from campaigns.models import ClubSession
from campaigns.models.club import ClubSessionStatus
from messaging import search
from messaging.clock import local, utc_now
from messaging.models import (
    Club,
    Facilitator,
    FacilitatorClub,
    Household,
    Member,
    MemberPhone,
    Phone,
    Place,
    Programme,
)
from messaging.models.people import FacilitatorKind, MemberStatus

people = Blueprint("people", __name__, url_prefix="/admin/<programme>/people", template_folder="templates")
Query = sa.Select[*tuple[Any, ...]]
ACTIVE = Member.status == MemberStatus.ACTIVE
MANY = 120  # villages; beyond, a commune shows its own on demand


@dataclass(frozen=True)
class Totals:
    """Counts of one village or of all villages of a commune, by the place's id."""

    id: int | None
    name: str
    members: int = 0
    without_phone: int = 0
    phones: int = 0
    clubs: int = 0


@dataclass(frozen=True)
class Commune:
    """A commune with its villages."""

    sums: Totals
    villages: list[Totals] = field(default_factory=list)


@dataclass(frozen=True)
class Hits:
    """What a search found; `named` are the members of a first name, for the officer of the place."""

    places: Sequence[Place] = ()
    clubs: Sequence[Club] = ()
    households: Sequence[Household] = ()
    members: Sequence[Member] = ()
    named: Sequence[Member] = ()

    def __bool__(self) -> bool:
        return any((self.places, self.clubs, self.households, self.members, self.named))


@people.get("")
def summary() -> str | Response:
    """Totals by commune and village, only the villages without contact, or what a search found."""
    wanted = request.args.get("q", "").strip()
    if search.is_number(wanted):
        return redirect(url_for("people.summary", number=1), 303)  # out of the address at once
    now = utc_now()
    with installation().db.read() as session:
        if wanted:
            return _found(session, wanted, now)
        quiet = "quiet" in request.args
        only = {place.id for place in without_contact(session, g.programme, now, me().villages)} if quiet else None
        communes = by_commune(session, g.programme, now, only)
    count = sum(len(one.villages) for one in communes)
    return render_template(
        "people.html", communes=communes, all=total(None, "", [one.sums for one in communes]), count=count,
        quiet=quiet, folded=count > MANY and not quiet, opened=request.args.get("commune", type=int),
        number="number" in request.args,
    )  # fmt: skip


@people.get("/villages/<int:ident>")
def village(ident: int) -> str:
    """One village: its counts, clubs and languages, and when it was last in contact."""
    now = utc_now()
    with installation().db.read() as session:
        place = masks.village(session, ident)
        clubs = session.scalars(
            sa.select(Club)
            .where(Club.programme_id == g.programme.id, Club.village_id == ident, Club.closed_on.is_(None))
            .order_by(Club.code, Club.id)
        ).all()
        return render_template(
            "village.html", place=place, home=masks.homes(session, [ident], now).get(ident), clubs=clubs,
            leaders=leaders_of(session, [club.id for club in clubs]),
            tongues=masks.tongues(session, place.languages), contact=_contact(session, g.programme.id, ident),
            market=next_market(place, local(now, g.programme.zone).date()),
            totals=_totals(session, g.programme.id, [Home(ident, place.name, None, "")])[0],
            households=session.scalar(_households(ident)) or 0,
            silent=bool(without_contact(session, g.programme, now, [ident])),
        )  # fmt: skip


def next_market(place: Place, today: date) -> date | None:
    """The next day on which a village holds its market, today included; None when nobody noted its cycle."""
    if not place.market_days or not place.market_anchor:
        return None
    return today + (place.market_anchor - today) % timedelta(days=place.market_days)


@people.app_template_global()
def has_page(endpoint: str) -> bool:
    """True when the application has a page of this name, so that a link to it leads somewhere."""
    return endpoint in current_app.view_functions


def without_contact(
    session: Session, programme: Programme, now: datetime, villages: Collection[int] | None = None
) -> list[Place]:
    """The villages where this month nobody wrote, no SMS was delivered and no club met, by name.

    Members, the clubs' own phones and their facilitators count; an adviser, who serves many villages, does not.

    Args:
        session: a reading session.
        programme: the programme; its clock tells when the month began.
        now: the time.
        villages: only these; None: all of them.
    """
    since = month_start(now, programme)
    day = local(since, programme.zone).date()
    lives = (
        sa.select(Member.id)
        .join(MemberPhone, MemberPhone.member_id == Member.id)
        .join(Phone, Phone.id == MemberPhone.phone_id)
        .where(Member.village_id == Place.id, Member.programme_id == programme.id)
    )
    club = (Club.village_id == Place.id, Club.programme_id == programme.id)
    relay = sa.select(Club.id).join(Phone, Phone.id == Club.relay_phone_id).where(*club)
    leads = _leaders().where(*club)
    where = sa.func.coalesce(Club.village_id, ClubSession.place_id)
    met = (
        sa.select(where)
        .outerjoin_from(ClubSession, Club, Club.id == ClubSession.club_id)
        .where(ClubSession.programme_id == programme.id, ClubSession.status == ClubSessionStatus.HELD)
        .where(ClubSession.held_on >= day, where.is_not(None))
    )
    silent = (~query.where(reached(since)).exists() for query in (relay, leads, lives))
    query = sa.select(Place).where(Place.id.in_(masks.ticked(programme.id)), Place.id.not_in(met), *silent)
    if villages is not None:
        query = query.where(Place.id.in_(villages))
    return list(session.scalars(query.order_by(Place.name, Place.id)))


def by_commune(
    session: Session, programme: Programme, now: datetime, only: Collection[int] | None = None
) -> list[Commune]:
    """Every village that the account sees under its commune of today, both by name; `only` these when given."""
    homes = [home for home in masks.own_homes(session, programme, now) if only is None or home.village_id in only]
    found: dict[tuple[int | None, str], list[Totals]] = {}
    for home, line in zip(homes, _totals(session, programme.id, homes), strict=True):
        found.setdefault((home.commune_id, home.commune), []).append(line)
    return [Commune(total(ident, name, villages), villages) for (ident, name), villages in found.items()]


def total(ident: int | None, name: str, lines: Sequence[Totals]) -> Totals:
    """The sum of some lines."""
    columns = ("members", "without_phone", "phones", "clubs")
    return Totals(ident, name, *(sum(getattr(line, column) for line in lines) for column in columns))


def _found(session: Session, wanted: str, now: datetime) -> str:
    hits = find(session, g.programme, wanted, now)
    shown: list[Club | Household | Member] = [*hits.clubs, *hits.households, *hits.members, *hits.named]
    villages = [row.village_id for row in shown] + [place.id for place in hits.places]
    return render_template("people.html", wanted=wanted, hits=hits, homes=masks.homes(session, villages, now))


def find(session: Session, programme: Programme, wanted: str, now: datetime) -> Hits:
    """What may be meant by a word, in the account's own places: single people only for who works with them."""
    today, own = local(now, programme.zone).date(), (programme.id, wanted, me().within)
    spots = search.find_places(session, *own, today)
    clubs = search.find_clubs(session, *own)
    if not sees_persons():
        return Hits(spots, clubs)
    return Hits(
        spots, clubs, search.find_households(session, *own), search.find_members(session, *own),
        search.find_named(session, *own) if is_officer() else (),
    )  # fmt: skip


def _leaders() -> sa.Select[int]:
    """Clubs with their active facilitators and their phones; an adviser does not live there."""
    return (
        sa.select(Club.id)
        .join(FacilitatorClub, FacilitatorClub.club_id == Club.id)
        .join(Facilitator, Facilitator.id == FacilitatorClub.facilitator_id)
        .join(Phone, Phone.id == Facilitator.phone_id)
        .where(Facilitator.active, Facilitator.kind == FacilitatorKind.FACILITATOR)
    )


def _contact(session: Session, programme_id: int, village_id: int) -> tuple[datetime | None, datetime | None]:
    """When somebody of a village wrote last, and when an SMS was last delivered there."""
    lives = (
        sa.select(MemberPhone.phone_id)
        .join(Member, Member.id == MemberPhone.member_id)
        .where(Member.village_id == village_id, Member.programme_id == programme_id)
    )
    club = (Club.village_id == village_id, Club.programme_id == programme_id)
    relay = sa.select(Club.relay_phone_id).where(*club, Club.relay_phone_id.is_not(None))
    leads = _leaders().where(*club).with_only_columns(Phone.id)
    own = lives.union(relay, leads).subquery().select()
    last = sa.select(sa.func.max(Phone.last_in_at), sa.func.max(Phone.last_delivered_at)).where(Phone.id.in_(own))
    wrote, delivered = session.execute(last).one()
    return wrote, delivered


def _households(village_id: int) -> sa.Select[int]:
    own = (Household.village_id == village_id, Household.programme_id == g.programme.id)
    return sa.select(sa.func.count()).where(*own, Household.status == MemberStatus.ACTIVE)


def _totals(session: Session, programme_id: int, homes: Sequence[Home]) -> list[Totals]:
    """The counts of villages, in their order."""
    ids = [home.village_id for home in homes]
    people = sa.select(
        Member.village_id,
        sa.func.count(sa.distinct(Member.id)),
        sa.func.count(sa.distinct(sa.case((MemberPhone.phone_id.is_(None), Member.id)))),
        sa.func.count(sa.distinct(MemberPhone.phone_id)),
    )
    people = people.outerjoin(MemberPhone, MemberPhone.member_id == Member.id).where(
        Member.programme_id == programme_id, ACTIVE
    )
    clubs = sa.select(Club.village_id, sa.func.count()).where(
        Club.programme_id == programme_id, Club.closed_on.is_(None)
    )
    counts = {ident: row for ident, *row in _by_village(session, people, Member.village_id, ids)}
    groups = dict(_by_village(session, clubs, Club.village_id, ids))
    lines = []
    for home in homes:
        members, without, phones = counts.get(home.village_id, (0, 0, 0))
        lines.append(Totals(home.village_id, home.village, members, without, phones, groups.get(home.village_id, 0)))
    return lines


def _by_village(session: Session, query: Query, column: Any, ids: Sequence[int]) -> list[Any]:
    """The rows of a count by village; of a few villages alone, or of all at once."""
    if len(ids) <= MANY:  # SQLite takes the index on villages for a query of ids, but not for a list of them
        query = query.where(column.in_(sa.select(Place.id).where(Place.id.in_(ids))))
    return list(session.execute(query.group_by(column)))
