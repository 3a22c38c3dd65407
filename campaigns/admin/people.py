"""People and clubs: totals by commune and village, and the clubs; no page here shows one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, render_template, request
from sqlalchemy.orm import Session

from campaigns.admin import paging
from campaigns.admin.security import installation
from messaging import places
from messaging.clock import local, utc_now
from messaging.models import (
    Club,
    Facilitator,
    FacilitatorClub,
    Member,
    MemberPhone,
    Place,
    Programme,
    ProgrammeVillage,
)
from messaging.models.people import MemberStatus

people = Blueprint("people", __name__, url_prefix="/admin/<programme>", template_folder="templates")
Query = sa.Select[*tuple[Any, ...]]
ACTIVE = Member.status == MemberStatus.ACTIVE


@dataclass(frozen=True)
class Totals:
    """Counts of one village or of all villages of a commune."""

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


@people.get("/people")
def summary() -> str:
    """Totals by commune and village."""
    programme: Programme = g.programme
    with installation().db.read() as session:
        communes = by_commune(session, programme.id, local(utc_now(), programme.zone).date())
    return render_template("people.html", communes=communes, all=total("", [one.sums for one in communes]))


@people.get("/people/clubs")
def clubs() -> str:
    """The clubs by code."""
    programme: Programme = g.programme
    with installation().db.read() as session:
        found = paging.page(session, list_clubs(programme.id, request.args.get("after", "")))
    return render_template("clubs.html", page=found)


def by_commune(session: Session, programme_id: int, today: date) -> list[Commune]:
    """Every village of the programme under its commune of today, both by name."""
    counts = _members(session, programme_id)
    groups = _clubs(session, programme_id)
    found: dict[str, list[Totals]] = {}
    for village_id, village, commune in session.execute(_villages(programme_id, today)):
        members, without, phones = counts.get(village_id, (0, 0, 0))
        line = Totals(village, members, without, phones, groups.get(village_id, 0))
        found.setdefault(commune or "–", []).append(line)
    return [Commune(total(name, villages), villages) for name, villages in found.items()]


def total(name: str, lines: Sequence[Totals]) -> Totals:
    """The sum of some lines."""
    columns = ("members", "without_phone", "phones", "clubs")
    return Totals(name, *(sum(getattr(line, column) for line in lines) for column in columns))


def list_clubs(programme_id: int, after: str) -> Query:
    """The clubs that are open, by code, from the one after `after` (`code-id`) on."""
    facilitators = (
        sa.select(sa.func.count())
        .select_from(FacilitatorClub)
        .join(Facilitator)
        .where(FacilitatorClub.club_id == Club.id, Facilitator.active)
        .scalar_subquery()
    )
    query = (
        sa.select(Club, Place.name.label("village"), facilitators.label("facilitators"))
        .join(Place, Place.id == Club.village_id)
        .where(Club.programme_id == programme_id, Club.closed_on.is_(None))
        .order_by(Club.code, Club.id)
    )
    code, _dash, ident = after.partition("-")
    key = paging.after(ident)
    if key is None:
        return query
    return query.where(Club.code >= code, sa.or_(Club.code > code, Club.id > key))


def _villages(programme_id: int, today: date) -> Query:
    pairs, commune = places.communes(today).subquery(), sa.orm.aliased(Place)
    return (
        sa.select(Place.id, Place.name, commune.name)
        .join(ProgrammeVillage, ProgrammeVillage.place_id == Place.id)
        .outerjoin(pairs, pairs.c.village_id == Place.id)
        .outerjoin(commune, commune.id == pairs.c.commune_id)
        .where(ProgrammeVillage.programme_id == programme_id)
        .order_by(commune.name, Place.name)
    )


def _members(session: Session, programme_id: int) -> dict[int, tuple[int, int, int]]:
    """Village -> members, members without a phone, phones."""
    rows = session.execute(
        sa.select(
            Member.village_id,
            sa.func.count(sa.distinct(Member.id)),
            sa.func.count(sa.distinct(sa.case((MemberPhone.phone_id.is_(None), Member.id)))),
            sa.func.count(sa.distinct(MemberPhone.phone_id)),
        )
        .outerjoin(MemberPhone, MemberPhone.member_id == Member.id)
        .where(Member.programme_id == programme_id, ACTIVE)
        .group_by(Member.village_id)
    )
    return {village: (members, without, phones) for village, members, without, phones in rows}


def _clubs(session: Session, programme_id: int) -> dict[int, int]:
    rows = session.execute(
        sa.select(Club.village_id, sa.func.count())
        .where(Club.programme_id == programme_id, Club.closed_on.is_(None))
        .group_by(Club.village_id)
    )
    return dict(rows.all())
