"""Places and clubs as an editor types them: found in any spelling, and within the places of her account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import g
from sqlalchemy.orm import Session

from campaigns.admin.security import me
from campaigns.admin.when import listed
from campaigns.admin.words import N_, _
from campaigns.audience import place_ids
from campaigns.definitions import Audience
from messaging import places
from messaging.clock import local, utc_now
from messaging.models import Club, Place, PlaceCode
from messaging.models.place import Level

Faults = dict[str, list[str]]
EVERY_LEVEL = tuple(places.RANK)
NEAR = 5  # places that are offered
LEVELS = {
    Level.COUNTRY: N_("pays"),
    Level.REGION: N_("région"),
    Level.CERCLE: N_("cercle"),
    Level.ARRONDISSEMENT: N_("arrondissement"),
    Level.COMMUNE: N_("commune"),
    Level.VILLAGE: N_("village"),
    Level.FRACTION: N_("fraction"),
    Level.QUARTIER: N_("quartier"),
}
ELSEWHERE = N_("« %(place)s » n'est pas dans vos lieux.")
SEVERAL = N_("Plusieurs lieux s'appellent « %(name)s » : écrivez le code de l'un d'eux : %(choices)s.")
UNKNOWN = N_("Aucun lieu ne s'appelle « %(name)s ».")
NEARLY = N_("Aucun lieu ne s'appelle « %(name)s ». Vouliez-vous dire : %(choices)s ?")


def settled(session: Session, typed: Mapping[str, Any]) -> tuple[dict[str, Any], Faults]:
    """A typed audience with each place by its code, where it has one; and what was not found, by field."""
    said, faults = dict(typed), Faults()
    if "places" in said:
        found = [_place(session, name) for name in said["places"]]
        said["places"] = list(dict.fromkeys(value for value, _fault in found))
        faults["places"] = [fault for _value, fault in found if fault]
    if "clubs" in said:
        open_clubs = sa.select(Club.code).where(Club.programme_id == g.programme.id, Club.closed_on.is_(None))
        known = set(session.scalars(open_clubs.where(Club.code.in_(said["clubs"]))))
        lost = [code for code in said["clubs"] if code not in known]
        faults["clubs"] = [_("Le club « %(code)s » n'est pas dans ce programme.", code=code) for code in lost]
    return said, {name: told for name, told in faults.items() if told}


def beyond(session: Session, meant: Audience) -> Faults:
    """What of an audience lies outside the account's own places, by field; nothing for an account of all places.

    Args:
        session: a session.
        meant: the audience as it counts, the step's keys laid over the campaign's.
    """
    mine = me().villages
    if mine is None:
        return {}
    today = local(utc_now(), g.programme.zone).date()
    outside = [
        name
        for name in meant.places or ()
        if not set(session.scalars(places.villages_below(place_ids(session, [name]), today))) <= mine
    ]
    clubs = sa.select(Club.code).where(Club.programme_id == g.programme.id, Club.code.in_(meant.clubs or ()))
    away = sorted(session.scalars(clubs.where(~me().within(Club.village_id))))
    faults = {"places": [_(ELSEWHERE, place=_called(session, name)) for name in outside]}
    faults["clubs"] = [_("Le club « %(code)s » n'est pas dans vos lieux.", code=code) for code in away]
    if not (meant.places or meant.clubs) or meant.role == "host":
        faults["places"].append(_("Nommez au moins un de vos lieux ou de vos clubs."))
    return {name: told for name, told in faults.items() if told}


def _place(session: Session, name: str) -> tuple[str, str | None]:
    """A place as it is stored, and why it cannot be told."""
    if places.by_codes(session, [name]):
        return name, None
    near = places.find(session, name, EVERY_LEVEL, NEAR)
    same = [place for place in near if place.folded == places.folded(name)]
    if len(same) == 1:
        return _stored(session, same[0]), None
    if len(same) > 1:
        return name, _(SEVERAL, name=name, choices=_choices(session, same))
    return name, _(NEARLY, name=name, choices=_choices(session, near)) if near else _(UNKNOWN, name=name)


def _stored(session: Session, place: Place) -> str:
    """The code of a place, when it is a code of this place alone; else its name."""
    codes = session.scalars(sa.select(PlaceCode.code).where(PlaceCode.place_id == place.id).order_by(PlaceCode.scheme))
    known = places.by_codes(session, list(codes))
    alone = [code for code, rows in known.items() if {ident for _scheme, ident in rows} == {place.id}]
    return alone[0] if alone else place.name


def _choices(session: Session, found: Sequence[Place]) -> str:
    return listed(_choice(place, _stored(session, place)) for place in found)


def _choice(place: Place, stored: str) -> str:
    """« ML01 (Doucombo, commune) », or « Doucombo (commune) » for a place without a code."""
    level = _(LEVELS[place.level])
    return f"{stored} ({level})" if stored == place.name else f"{stored} ({place.name}, {level})"


def _called(session: Session, name: str) -> str:
    known = sa.select(Place.name).join(PlaceCode).where(PlaceCode.code == name)
    return session.scalar(known.limit(1)) or name
