"""The communes of a programme as the map stood on a day, with their cercle, region and codes; knows no people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import places
from messaging.models import Place, PlaceCode, PlaceParent, Programme, ProgrammeVillage
from messaging.models.place import Level

SCHEME = "place_scheme"  # in a programme's details: the coding scheme of its exports
P_CODES = ("ocha",)  # schemes whose codes are P-codes begin so


@dataclass(frozen=True)
class Area:
    """One commune in its place: the six place columns of every export; an unknown name or code is empty."""

    id: int
    region: str = ""
    region_code: str = ""
    cercle: str = ""
    cercle_code: str = ""
    commune: str = ""
    commune_code: str = ""


def communes(session: Session, programme: Programme, on: date) -> dict[int, Area]:
    """The communes that hold a village of the programme, by id; one query a level."""
    pairs = places.communes(on).subquery()
    ids = session.scalars(
        sa.select(pairs.c.commune_id)
        .join(ProgrammeVillage, ProgrammeVillage.place_id == pairs.c.village_id)
        .where(ProgrammeVillage.programme_id == programme.id)
        .distinct()
    )
    return of(session, set(ids), scheme_of(session, programme), on)


def of(session: Session, commune_ids: set[int], scheme: str, on: date) -> dict[int, Area]:
    """These communes with what they lay in on a day, in the codes of one scheme alone."""
    above = _climb(session, commune_ids, on)
    ids = commune_ids | {ident for chain in above.values() for ident in chain}
    rows = {row.id: row for row in session.scalars(sa.select(Place).where(Place.id.in_(ids)))}
    codes = dict(
        session.execute(
            sa.select(PlaceCode.place_id, PlaceCode.code).where(PlaceCode.place_id.in_(ids), PlaceCode.scheme == scheme)
        ).all()
    )
    found = {}
    for ident in sorted(commune_ids):
        said: dict[str, str] = {}
        for one in (ident, *above[ident]):
            level = rows[one].level
            if level in (Level.COMMUNE, Level.CERCLE, Level.REGION):
                said |= {level.value: rows[one].name, f"{level.value}_code": codes.get(one, "")}
        found[ident] = Area(ident, **said)
    return found


def scheme_of(session: Session, programme: Programme) -> str:
    """The coding scheme of a programme's exports: as its details say, else the commonest of its communes' codes."""
    if said := programme.details.get(SCHEME):
        return str(said)
    number = sa.func.count()
    query = (
        sa.select(PlaceCode.scheme)
        .join(Place, Place.id == PlaceCode.place_id)
        .where(Place.level == Level.COMMUNE)
        .group_by(PlaceCode.scheme)
        .order_by(number.desc(), PlaceCode.scheme)
        .limit(1)
    )
    return session.scalar(query) or ""


def has_p_codes(scheme: str) -> bool:
    """Whether the codes of a scheme are P-codes, which an HXL row says."""
    return scheme.startswith(P_CODES)


def _climb(session: Session, start: set[int], on: date) -> dict[int, list[int]]:
    """What each place lay in on a day, from the next one upwards."""
    above: dict[int, list[int]] = {ident: [] for ident in start}
    tips = {ident: ident for ident in start}
    while tips:
        query = sa.select(PlaceParent.place_id, PlaceParent.parent_id).where(
            PlaceParent.place_id.in_(set(tips.values())), places.valid(PlaceParent, on)
        )
        parents = dict(session.execute(query).all())
        tips = {ident: parents[tip] for ident, tip in tips.items() if tip in parents}
        for ident, parent in tips.items():
            above[ident].append(parent)
    return above
