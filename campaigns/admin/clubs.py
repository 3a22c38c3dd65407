"""Clubs: the list with its search, one club, and the clubs that have gone silent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from babel.dates import get_day_names
from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import masks, paging
from campaigns.admin.security import installation, me
from campaigns.admin.words import N_, _, code, day
from campaigns.conversation.known import COUNTS
from campaigns.models import Attendance, ClubSession, Decision
from campaigns.models.club import ClubSessionStatus
from messaging import search
from messaging.clock import local, utc_now
from messaging.models import (
    Club,
    ClubMember,
    ClubStation,
    Facilitator,
    FacilitatorClub,
    Language,
    Phone,
    Place,
    Programme,
    Station,
)
from messaging.models.people import FacilitatorKind

clubs = Blueprint("clubs", __name__, url_prefix="/admin/<programme>/people/clubs", template_folder="templates")
Query = sa.Select[*tuple[Any, ...]]
SILENCE = timedelta(days=14)
RECENT = 10  # club sessions on the page of a club
OUTCOMES = {
    ClubSessionStatus.PLANNED: N_("prévue"),
    ClubSessionStatus.HELD: N_("tenue"),
    ClubSessionStatus.CANCELLED: N_("annulée"),
    ClubSessionStatus.MISSED: N_("manquée"),
}
WAYS = {"sms": N_("par SMS"), "form": N_("saisi à la main"), "paper": N_("sur papier")}  # how a report came
KEPT = {"yes": N_("oui"), "partly": N_("en partie"), "no": N_("non")}  # what became of a decision
REPORTED = (ClubSessionStatus.HELD, ClubSessionStatus.CANCELLED)  # a meeting called off was reported too


@dataclass(frozen=True)
class Leader:
    """Who may report for a club: the last two digits of the phone, and whether an adviser."""

    last_two: str
    kind: FacilitatorKind
    language: str


@dataclass(frozen=True)
class Quiet:
    """A silent club, and the day of its last report; None when it never reported."""

    club: Club
    last_on: date | None


@clubs.get("")
def index() -> str | Response:
    """The open clubs by code: all, the silent ones, or what a search found."""
    now, wanted = utc_now(), request.args.get("q", "").strip()
    if search.is_number(wanted):
        return redirect(url_for("people.summary", number=1), 303)
    is_silent_only = "silent" in request.args
    with installation().db.read() as session:
        quiet = {one.club.id for one in silent(session, g.programme, now, me().villages)}
        query = listed(g.programme.id, request.args.get("after", ""))
        if is_silent_only:
            query = query.where(Club.id.in_(quiet))
        if wanted:
            found = search.find_clubs(session, g.programme.id, wanted, me().within)
            query = query.where(Club.id.in_([club.id for club in found]))
        page = paging.page(session, query)
        leaders = leaders_of(session, [row.Club.id for row in page.rows])
    return render_template(
        "clubs.html", page=page, leaders=leaders, quiet=quiet, only_silent=is_silent_only, wanted=wanted,
        silence=SILENCE.days,
    )  # fmt: skip


@clubs.get("/<int:ident>")
def one(ident: int) -> str:
    """One club: who leads it, when it meets, what it reported."""
    now = utc_now()
    may_read = masks.is_officer()  # the words of a club's SMS are for the officer of the place
    with installation().db.read() as session:
        club = session.get(Club, ident)
        if club is None or club.programme_id != g.programme.id or not me().sees(club.village_id):
            abort(404)
        last = session.scalars(_last().where(ClubSession.club_id == ident)).first()
        stations = sa.select(Station.name).join(ClubStation).where(ClubStation.club_id == ident).order_by(Station.name)
        members = sa.select(sa.func.count()).where(ClubMember.club_id == ident)
        return render_template(
            "club.html", club=club, home=masks.homes(session, [club.village_id], now)[club.village_id],
            leaders=leaders_of(session, [ident]).get(ident, []), stations=session.scalars(stations).all(),
            relay=session.get(Phone, club.relay_phone_id) if club.relay_phone_id else None, meets=meets(club),
            members=session.scalar(members) or 0, meetings=session.execute(_meetings(ident)).all(), last=last,
            decisions=session.scalars(_decisions(ident)).all() if may_read else (), may_read=may_read,
            outcomes=OUTCOMES, ways=WAYS, kept=KEPT, tongue=session.get_one(Language, club.language),
            is_silent=any(row.club.id == ident for row in silent(session, g.programme, now, [club.village_id])),
            silence=SILENCE.days,
        )  # fmt: skip


def is_silent(club: Club, last_on: date | None, today: date) -> bool:
    """True when a club that has a rule of meeting let more than 14 days pass without a report.

    A club that meets less often than that is given one of its own cycles; a new one counts from its first day.
    """
    if club.closed_on is not None or (club.meets_weekday is None and club.meets_every_days is None):
        return False
    since = last_on or club.created_on
    return since is None or today - since > max(SILENCE, timedelta(days=club.meets_every_days or 0))


def silent(
    session: Session, programme: Programme, now: datetime, villages: Collection[int] | None = None
) -> list[Quiet]:
    """The open clubs of a programme that are silent now, by code; only those of some villages when they are given.

    While no club of the programme ever reported, reports have not begun: then none is silent.
    """
    if not session.scalar(sa.select(_last().where(ClubSession.programme_id == programme.id).exists())):
        return []
    last = _last().subquery()
    query = (
        sa.select(Club, last.c.last_on)
        .outerjoin(last, last.c.club_id == Club.id)
        .where(Club.programme_id == programme.id, Club.closed_on.is_(None))
        .order_by(Club.code, Club.id)
    )
    if villages is not None:
        query = query.where(Club.village_id.in_(villages))
    today = local(now, programme.zone).date()
    return [Quiet(club, last_on) for club, last_on in session.execute(query) if is_silent(club, last_on, today)]


def listed(programme_id: int, after: str) -> Query:
    """The clubs that are open and in own places, by code, from the one after `after` (`code-id`) on."""
    last = _last().subquery()
    query = (
        sa.select(Club, Place.name.label("village"), last.c.last_on)
        .join(Place, Place.id == Club.village_id)
        .outerjoin(last, last.c.club_id == Club.id)
        .where(Club.programme_id == programme_id, Club.closed_on.is_(None), me().within(Club.village_id))
        .order_by(Club.code, Club.id)
    )
    code, _dash, ident = after.partition("-")
    key = paging.after(ident)
    if key is None:
        return query
    return query.where(Club.code >= code, sa.or_(Club.code > code, Club.id > key))


def leaders_of(session: Session, club_ids: Iterable[int]) -> dict[int, list[Leader]]:
    """The active facilitators and advisers by club."""
    query = (
        sa.select(FacilitatorClub.club_id, Phone.last_two, Facilitator.kind, Facilitator.language)
        .join(Facilitator, Facilitator.id == FacilitatorClub.facilitator_id)
        .join(Phone, Phone.id == Facilitator.phone_id)
        .where(FacilitatorClub.club_id.in_(list(club_ids)), Facilitator.active)
        .order_by(Facilitator.kind.desc(), Facilitator.id)
    )
    found: dict[int, list[Leader]] = {}
    for club_id, last_two, kind, language in session.execute(query):
        found.setdefault(club_id, []).append(Leader(last_two, kind, language))
    return found


def meets(club: Club) -> str:
    """When a club meets, in words; empty when nobody noted it."""
    if club.meets_weekday is not None:
        return _("chaque %(days)s", days=get_day_names("wide", locale=code())[club.meets_weekday])
    if club.meets_every_days is None:
        return ""
    if club.meets_anchor is None:
        return _("tous les %(n)s jours", n=club.meets_every_days)
    return _("tous les %(n)s jours, comptés du %(day)s", n=club.meets_every_days, day=day(club.meets_anchor))


def _last() -> sa.Select[date | None, int | None]:
    """The day of the last report by club."""
    return (
        sa.select(sa.func.max(ClubSession.held_on).label("last_on"), ClubSession.club_id)
        .where(ClubSession.club_id.is_not(None), ClubSession.status.in_(REPORTED))
        .group_by(ClubSession.club_id)
    )


def _meetings(club_id: int) -> sa.Select[ClubSession, Attendance]:
    """The last club sessions, each with the one report that counts, if there is one."""
    told = sa.and_(Attendance.club_session_id == ClubSession.id, Attendance.state.in_(COUNTS))
    query = sa.select(ClubSession, Attendance).outerjoin(Attendance, told)
    own = query.where(ClubSession.club_id == club_id, ClubSession.held_on.is_not(None))
    return own.order_by(ClubSession.held_on.desc()).limit(RECENT)


def _decisions(club_id: int) -> sa.Select[Decision]:
    return (
        sa.select(Decision)
        .where(Decision.club_id == club_id)
        .order_by(Decision.day.desc(), Decision.id.desc())
        .limit(RECENT)
    )
