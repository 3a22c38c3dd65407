"""Members: the list with its filters, and one member with what may be changed about her."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, g, render_template, request
from sqlalchemy.orm import Session

from campaigns.admin import masks, paging
from campaigns.admin.masks import Home, Spot, is_officer, month_start, reached
from campaigns.admin.security import installation, me, needs
from campaigns.admin.words import N_
from messaging.clock import local, utc_now
from messaging.imports.protection import UNDER_18
from messaging.models import Club, ClubMember, Household, Language, Member, MemberPhone, Phone
from messaging.models.people import HeaBand, MemberStatus, Sex

members = Blueprint("members", __name__, url_prefix="/admin/<programme>/people", template_folder="templates")
Query = sa.Select[*tuple[Any, ...]]
STATUSES = {
    MemberStatus.ACTIVE: N_("actif"),
    MemberStatus.LEFT: N_("parti"),
    MemberStatus.MOVED: N_("a déménagé hors du programme"),
    MemberStatus.DISPLACED: N_("déplacé"),
}
AGES = {
    UNDER_18: N_("moins de 18"),
    "18-24": N_("18 à 24"),
    "25-49": N_("25 à 49"),
    "50plus": N_("50 et plus"),
    "18plus": N_("18 et plus"),
}
SEXES = {Sex.F: N_("femme"), Sex.M: N_("homme"), Sex.UNKNOWN: N_("non dit")}
HEA_BANDS = {
    HeaBand.VERY_POOR: N_("très pauvre"),
    HeaBand.POOR: N_("pauvre"),
    HeaBand.MIDDLE: N_("moyen"),
    HeaBand.BETTER_OFF: N_("aisé"),
}
KEPT = ("place", "household", "club", "phone", "status", "quiet")  # of the address, on the next page too
WORDS = {"statuses": STATUSES, "sexes": SEXES, "hea_bands": HEA_BANDS}
BANDS = ((18, UNDER_18), (24, "18-24"), (49, "25-49"))  # the last year of age of each; who turns 18 may be under 18


@dataclass(frozen=True)
class Filter:
    """What cuts the list: a place, a household, a club, no phone, a situation, no contact this month."""

    spot: Spot = Spot()
    household: Household | None = None
    club: Club | None = None
    without_phone: bool = False
    status: MemberStatus | None = None
    quiet: bool = False


@dataclass(frozen=True)
class Line:
    """What stands in the list beside a member; `digits` are the last two of each phone, `clubs` (id, code)."""

    home: Home | None
    language: Language
    digits: list[str]
    clubs: list[tuple[int, str]]


@members.get("/members")
@needs(*masks.PERSONS)
def index() -> str:
    """The members that the account may see, in the order in which they were added."""
    now = utc_now()
    with installation().db.read() as session:
        cut = _filter(session, now)
        page = paging.page(session, listed(cut, now, paging.after(request.args.get("after"))))
        rows = [row.Member for row in page.rows]
        return render_template(
            "members.html", page=page, rows=rows, lines=lines(session, rows, now), cut=cut, officer=is_officer(),
            ages=ages(rows, local(now, g.programme.zone).date()), **WORDS,
            kept={name: value for name, value in request.args.items() if name in KEPT},
        )  # fmt: skip


@members.get("/households")
@needs(*masks.PERSONS)
def households() -> str:
    """The households that the account may see; the wealth group for the evaluation alone."""
    now = utc_now()
    with installation().db.read() as session:
        spot = masks.spot(session, request.args.get("place", ""), now)
        query = sa.select(Household).where(
            Household.programme_id == g.programme.id, spot.within(Household.village_id, now)
        ).order_by(Household.id)  # fmt: skip
        after = paging.after(request.args.get("after"))
        page = paging.page(session, query if after is None else query.where(Household.id > after))
        rows = [row.Household for row in page.rows]
        return render_template(
            "households.html", page=page, rows=rows, spot=spot, officer=is_officer(), **WORDS,
            homes=masks.homes(session, [row.village_id for row in rows], now), sizes=_sizes(session, rows),
        )  # fmt: skip


def listed(cut: Filter, now: datetime, after: int | None) -> Query:
    """The members of the programme in own places that pass a filter, from the one after `after` on."""
    query = sa.select(Member).where(Member.programme_id == g.programme.id, cut.spot.within(Member.village_id, now))
    if cut.household:
        query = query.where(Member.household_id == cut.household.id)
    if cut.club:
        query = query.where(Member.id.in_(sa.select(ClubMember.member_id).where(ClubMember.club_id == cut.club.id)))
    if cut.status:
        query = query.where(Member.status == cut.status)
    phones = sa.select(MemberPhone.phone_id).where(MemberPhone.member_id == Member.id)
    if cut.without_phone:
        query = query.where(~phones.exists())
    if cut.quiet:
        heard = phones.join(Phone, Phone.id == MemberPhone.phone_id).where(reached(month_start(now, g.programme)))
        query = query.where(~heard.exists())
    return (query if after is None else query.where(Member.id > after)).order_by(Member.id)


def lines(session: Session, rows: Iterable[Member], now: datetime) -> dict[int, Line]:
    """What stands beside each of some members, by member, in a few queries however many they are."""
    rows = list(rows)
    ids = [row.id for row in rows]
    homes = masks.homes(session, [row.village_id for row in rows], now)
    tongues = masks.tongues(session, [row.language for row in rows])
    digits: dict[int, list[str]] = defaultdict(list)
    clubs: dict[int, list[tuple[int, str]]] = defaultdict(list)
    phones = sa.select(MemberPhone.member_id, Phone.last_two).join(Phone, Phone.id == MemberPhone.phone_id)
    for member_id, last_two in session.execute(phones.where(MemberPhone.member_id.in_(ids)).order_by(Phone.id)):
        digits[member_id].append(last_two)
    groups = sa.select(ClubMember.member_id, Club.id, Club.code).join(Club, Club.id == ClubMember.club_id)
    for member_id, club_id, code in session.execute(groups.where(ClubMember.member_id.in_(ids)).order_by(Club.code)):
        clubs[member_id].append((club_id, code))
    return {
        row.id: Line(homes.get(row.village_id), tongues[row.language], digits[row.id], clubs[row.id]) for row in rows
    }


def age(member: Member, today: date) -> str:
    """The band of age, from the year of birth where only that is known; empty when nothing is."""
    if member.age_band or not member.birth_year:
        return member.age_band or ""
    years = today.year - member.birth_year
    return next((band for last, band in BANDS if years <= last), "50plus")


def ages(rows: Iterable[Member], today: date) -> dict[int, str]:
    """The words for the ages of some members, by member."""
    return {row.id: AGES.get(band, band) for row in rows if (band := age(row, today))}


def _filter(session: Session, now: datetime) -> Filter:
    """What the address asks for; 404 for what is not one's own or would name the village of a person."""
    status = request.args.get("status", "")
    return Filter(
        masks.spot(session, request.args.get("place", ""), now),
        _household(session, request.args.get("household", "")),
        _club(session, request.args.get("club", "")),
        request.args.get("phone") == "none",
        MemberStatus(status) if status in set(MemberStatus) else None,
        "quiet" in request.args,
    )


def _household(session: Session, given: str) -> Household | None:
    if not given:
        return None
    ident = paging.after(given)
    row = session.get(Household, ident) if ident is not None else None
    return row if row and row.programme_id == g.programme.id and me().sees(row.village_id) else abort(404)


def _club(session: Session, given: str) -> Club | None:
    """The club of an id; a club lies in one village, so only for the officer of the place."""
    if not given:
        return None
    ident = paging.after(given)
    row = session.get(Club, ident) if ident is not None and is_officer() else None
    return row if row and row.programme_id == g.programme.id and me().sees(row.village_id) else abort(404)


def _sizes(session: Session, rows: Iterable[Household]) -> dict[int, int]:
    """How many members a household has, by household."""
    counts = sa.select(Member.household_id, sa.func.count()).where(Member.household_id.in_([row.id for row in rows]))
    return {ident: count for ident, count in session.execute(counts.group_by(Member.household_id)) if ident}
