"""Places as sets: what lies below a place on a day, communes, risk levels, finding by name; knows no people.

Names are never keys: in two cercles alone 810 villages share 63 names. Who needs one place asks by code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import fold
from messaging.batches import rows_in
from messaging.models import Place, PlaceCode, PlaceName, PlaceParent, Risk
from messaging.models.place import Level, RiskLevel

RANK: dict[Level, int] = {
    Level.COUNTRY: 0,
    Level.REGION: 1,
    Level.CERCLE: 2,
    Level.ARRONDISSEMENT: 3,
    Level.COMMUNE: 4,
    Level.VILLAGE: 5,
    Level.FRACTION: 5,
    Level.QUARTIER: 5,
}
LOWEST = tuple(level for level, rank in RANK.items() if rank == RANK[Level.VILLAGE])  # where people live
LONGEST = 120  # letters of a name; a folded sign such as ﷺ may grow to many letters
ALIKE = 0.75  # how near two folded names must be, 0 to 1; Ama and Amba are 0.86

_JUNK = re.compile(r"[\W_]+")


def folded(name: str) -> str:
    """A name as it is looked for: plain small letters and digits, none of them doubled letters, no blank or sign."""
    return _JUNK.sub("", fold.undouble(fold.plain(name)))[:LONGEST]


def villages_below(places: Iterable[int], on: date) -> sa.Select[int]:
    """A query of the ids of all villages, fractions and quartiers that lay below these places on a day.

    A village among the places themselves is its own. The parents of that day count, not today's.
    """
    parent = PlaceParent
    tree = sa.select(Place.id).where(Place.id.in_(list(places))).cte("below", recursive=True)
    below = sa.select(parent.place_id).join(tree, parent.parent_id == tree.c.id).where(valid(parent, on))
    tree = tree.union(below)
    return sa.select(Place.id).where(Place.id.in_(sa.select(tree.c.id)), Place.level.in_(LOWEST), valid(Place, on))


def inside(tops: Iterable[int], on: date) -> sa.Select[int, int]:
    """A query of (place_id, top_id): these places themselves and all that lay below each of them on a day."""
    parent = PlaceParent
    start = sa.select(Place.id.label("place_id"), Place.id.label("top_id")).where(Place.id.in_(list(tops)))
    tree = start.cte("inside", recursive=True)
    below = sa.select(parent.place_id, tree.c.top_id).join(tree, parent.parent_id == tree.c.place_id)
    tree = tree.union(below.where(valid(parent, on)))
    return sa.select(tree.c.place_id, tree.c.top_id)


def communes(on: date) -> sa.Select[int, int]:
    """A query of (village_id, commune_id): the commune each village, fraction and quartier lay in on a day.

    A village without a commune on that day has no row.
    """
    parent = PlaceParent
    start = (
        sa.select(parent.place_id.label("village_id"), parent.parent_id.label("place_id"))
        .join(Place, Place.id == parent.place_id)
        .where(Place.level.in_(LOWEST), valid(parent, on))
    )
    climb = start.cte(recursive=True)  # without a name: a query may ask it of two days, or twice
    above = Place.__table__.alias("above")
    higher = (
        sa.select(climb.c.village_id, parent.parent_id)
        .join(above, above.c.id == climb.c.place_id)
        .join(parent, parent.place_id == climb.c.place_id)
        .where(above.c.level != Level.COMMUNE, valid(parent, on))
    )
    climb = climb.union(higher)
    found = sa.select(climb.c.village_id, climb.c.place_id.label("commune_id"))
    return found.join(Place, Place.id == climb.c.place_id).where(Place.level == Level.COMMUNE)


def commune_of(session: Session, village_id: int, on: date) -> int | None:
    """The commune a village lay in on a day, or None."""
    pairs = communes(on).subquery()
    return session.scalar(sa.select(pairs.c.commune_id).where(pairs.c.village_id == village_id))


def risk_levels(now: datetime) -> sa.Select[int, RiskLevel]:
    """A query of (commune_id, level), one row for each commune whose level was ever set; without a row it is green."""
    latest = sa.func.row_number().over(partition_by=Risk.place_id, order_by=(Risk.since.desc(), Risk.id.desc()))
    ranked = sa.select(Risk.place_id, Risk.level, latest.label("age")).where(Risk.since <= now).subquery()
    return sa.select(ranked.c.place_id.label("commune_id"), ranked.c.level).where(ranked.c.age == 1)


def risk(session: Session, commune_id: int, now: datetime) -> RiskLevel:
    """The risk level of a commune now; green when none was ever set."""
    levels = risk_levels(now).subquery()
    return session.scalar(sa.select(levels.c.level).where(levels.c.commune_id == commune_id)) or RiskLevel.GREEN


def find(
    session: Session,
    name: str,
    levels: Sequence[Level] = LOWEST,
    limit: int = 10,
    among: sa.Select[int] | None = None,
) -> list[Place]:
    """Places by name, the best first: the same name, then names that begin with it or hold it, then names alike.

    Accents, capitals, signs and doubled letters do not matter, other spellings of a place count. `among` is a query of
    the ids that may be found; none: every place. Empty for a name without letters or digits.
    """
    wanted = folded(name)
    if not wanted:
        return []
    spellings = _spellings(levels)
    column = spellings.c.folded
    query = sa.select(spellings.c.place_id, column)
    if among is not None:
        query = query.where(spellings.c.place_id.in_(among))
    holding = query.where(column.contains(wanted, autoescape=True)).order_by(sa.func.length(column))
    hits = session.execute(holding.limit(20 * limit)).all()  # the same name is the shortest that holds it
    if not hits:
        near = (column.startswith(wanted[0]), sa.func.length(column).between(len(wanted) - 2, len(wanted) + 2))
        hits = [hit for hit in session.execute(query.where(*near)) if _likeness(hit.folded, wanted) >= ALIKE]
    hits = sorted(hits, key=lambda hit: (-_likeness(hit.folded, wanted), hit.folded, hit.place_id))
    return _places(session, list(dict.fromkeys(hit.place_id for hit in hits))[:limit])


def by_codes(session: Session, codes: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
    """The places of codes, in any coding scheme: (scheme, place id) by code; what is not known is left out."""
    found: dict[str, list[tuple[str, int]]] = {}
    query = sa.select(PlaceCode.code, PlaceCode.scheme, PlaceCode.place_id)
    for row in rows_in(session, query, PlaceCode.code, codes):
        found.setdefault(row.code, []).append((row.scheme, row.place_id))
    return found


def valid(table: Any, on: date) -> sa.ColumnElement[bool]:
    """The condition that a dated row (`valid_from`, `valid_to`, both included, none: open) holds on a day."""
    return sa.and_(
        sa.or_(table.valid_from.is_(None), table.valid_from <= on),
        sa.or_(table.valid_to.is_(None), table.valid_to >= on),
    )


def _spellings(levels: Sequence[Level]) -> sa.Subquery:
    """Every folded name of every place of these levels: its own and the others it has."""
    own = sa.select(Place.id.label("place_id"), Place.folded).where(Place.level.in_(levels))
    other = sa.select(PlaceName.place_id, PlaceName.folded).join(Place).where(Place.level.in_(levels))
    return own.union_all(other).subquery("spellings")


def _likeness(name: str, wanted: str) -> float:
    """2 for the same name, 1 and a bit for one that begins with it, up to 1 for all others."""
    if name == wanted:
        return 2
    return SequenceMatcher(None, name, wanted).ratio() + name.startswith(wanted)


def _places(session: Session, ids: Sequence[int]) -> list[Place]:
    rows = {place.id: place for place in session.scalars(sa.select(Place).where(Place.id.in_(ids)))}
    return [rows[ident] for ident in ids]
