"""What this account may see of people, as conditions and names: own places, persons at all, village or commune.

Source: the safeguarding rules, section 11. A first name and the village of a person are for the officer of the place;
a club lies in one village, so naming a person's club would name it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa
from flask import abort, g, redirect, url_for
from sqlalchemy.orm import Session, aliased

from campaigns import sorting
from campaigns.admin import paging
from campaigns.admin.security import me
from messaging import places, search
from messaging.clock import at_local, local
from messaging.models import Language, Phone, Place, PlaceParent, Programme, ProgrammeVillage, Role
from messaging.models.place import Level

PERSONS = (Role.OFFICER, Role.EVALUATION, Role.AUDITOR)  # who works with single people; others see counts

TELLING = ("life_stages", "hea")  # keys of an audience that would tell the stage of a life, or how rich a household is


@dataclass(frozen=True)
class Home:
    """A village, and the commune it lies in today."""

    village_id: int
    village: str
    commune_id: int | None
    commune: str


@dataclass(frozen=True)
class Spot:
    """The village or commune that a list is cut to; `missed` is what was typed and is like no place."""

    place: Place | None = None
    missed: str = ""

    def within(self, column: Any, now: datetime) -> sa.ColumnElement[bool]:
        """The condition on a column of village ids, own places included."""
        own = me().within(column)
        if self.missed:
            return sa.false()
        if self.place is None:
            return own
        if self.place.level is not Level.COMMUNE:
            return sa.and_(own, column == self.place.id)
        pairs = places.communes(local(now, g.programme.zone).date()).subquery()
        lying = sa.select(pairs.c.village_id).where(pairs.c.commune_id == self.place.id)
        return sa.and_(own, column.in_(lying))


def sees_persons() -> bool:
    """True for an account that may look at single people; of which of them, her places say."""
    return any(me().has(role) for role in PERSONS)


def is_officer() -> bool:
    """True for the officer of the place: no page shows anybody outside her places."""
    return me().has(Role.OFFICER)


def may_know() -> sa.ColumnElement[bool]:
    """The condition for SMS of which the account may know that they came; of all others, only how many they are."""
    if is_officer():
        return sorting.BOX.not_in(("sensitive", "twin"))
    is_open = sa.or_(sorting.WHAT.is_(None), sorting.WHAT.not_in(sorting.RESTRICTED))
    return sa.and_(sorting.BOX.in_(sorting.ORDINARY), is_open)


def village(session: Session, ident: int) -> Place:
    """A village of the programme and of the account; anything else is not there (404)."""
    if not me().sees(ident) or session.get(ProgrammeVillage, (g.programme.id, ident)) is None:
        abort(404)
    return session.get_one(Place, ident)


def homes(session: Session, village_ids: Iterable[int], now: datetime) -> dict[int, Home]:
    """The names of villages and their communes, by village."""
    return {row.village_id: row for row in _homes(session, Place.id.in_(set(village_ids)), now)}


def own_homes(session: Session, programme: Programme, now: datetime) -> list[Home]:
    """The villages of the programme that the account sees, by commune and name."""
    return _homes(session, sa.and_(Place.id.in_(ticked(programme.id)), me().within(Place.id)), now)


def regions(session: Session, village_ids: Iterable[int], now: datetime) -> dict[int, str]:
    """The name of the region that each village lies in, by village: all that a security message tells of its place."""
    day = local(now, g.programme.zone).date()
    at = {ident: ident for ident in village_ids}
    found: dict[int, str] = {}
    while at:
        query = sa.select(PlaceParent.place_id, Place).join(Place, Place.id == PlaceParent.parent_id)
        lying = query.where(PlaceParent.place_id.in_(set(at.values())), places.valid(PlaceParent, day))
        above = dict(session.execute(lying).all())
        higher = {village_id: above[ident] for village_id, ident in at.items() if ident in above}
        found |= {village_id: place.name for village_id, place in higher.items() if place.level is Level.REGION}
        at = {village_id: place.id for village_id, place in higher.items() if village_id not in found}
    return found


def ticked(programme_id: int) -> sa.Select[int]:
    """A query of the ids of a programme's villages."""
    return sa.select(ProgrammeVillage.place_id).where(ProgrammeVillage.programme_id == programme_id)


def spot(session: Session, given: str, now: datetime) -> Spot:
    """The place that a list is to be cut to, by its id or by what was typed; 404 for one that is not one's own.

    Who may not know the village of a person names a commune.
    """
    given = given.strip()
    if not given:
        return Spot()
    if search.is_number(given):
        abort(redirect(url_for("people.summary", number=1), 303))  # out of the address at once
    if given.isdecimal():
        found = [_own(session, given, now)]
    else:
        today = local(now, g.programme.zone).date()
        found = search.find_places(session, g.programme.id, given, me().within, today)
    found = [one for one in found if is_officer() or one.level is Level.COMMUNE]
    return Spot(found[0]) if found else Spot(missed=given)


def tongues(session: Session, codes: Iterable[str]) -> dict[str, Language]:
    """The languages of some codes, by code."""
    return {row.code: row for row in session.scalars(sa.select(Language).where(Language.code.in_(set(codes))))}


def month_start(now: datetime, programme: Programme) -> datetime:
    """The first moment of this month on the programme's clock."""
    return at_local(local(now, programme.zone).date().replace(day=1), time(0), programme.zone)


def reached(since: datetime) -> sa.ColumnElement[bool]:
    """The condition that a phone wrote to us, or that an SMS was delivered to it, since then."""
    return sa.or_(Phone.last_in_at >= since, Phone.last_delivered_at >= since)


def _own(session: Session, given: str, now: datetime) -> Place:
    own = {ident for home in own_homes(session, g.programme, now) for ident in (home.village_id, home.commune_id)}
    ident = paging.after(given)
    return session.get_one(Place, ident) if ident in own else abort(404)


def _homes(session: Session, which: sa.ColumnElement[bool], now: datetime) -> list[Home]:
    pairs, commune = places.communes(local(now, g.programme.zone).date()).subquery(), aliased(Place)
    query = (
        sa.select(Place.id, Place.name, commune.id, sa.func.coalesce(commune.name, "–"))
        .outerjoin(pairs, pairs.c.village_id == Place.id)
        .outerjoin(commune, commune.id == pairs.c.commune_id)
        .where(which)
        .order_by(commune.name, Place.name, Place.id)
    )
    return [Home(*row) for row in session.execute(query)]
