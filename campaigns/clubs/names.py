"""Whether words name a person, a place or a number: what is read on the air or goes to a phone names none.

Source: the safeguarding rules, 5.2 and 6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import fold, places
from messaging.models import Member, Place, ProgrammeVillage

SHORTEST = 3  # letters: an initial is a word of the language as well
LONGEST = 5  # words of a name
DIGITS = re.compile(r"\d(?:[ .-]?\d){3,}")  # a code of a club, or more of a number
_SIGNS = re.compile(r"[\W_]+")
Kind = Literal["person", "place", "number"]


@dataclass(frozen=True)
class Known:
    """First names and places of a programme, folded."""

    people: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()


def known(session: Session, programme_id: int, on: date) -> Known:
    """The first names of a programme's members, its villages and their communes."""
    people = sa.select(Member.first_name).where(Member.programme_id == programme_id, Member.first_name.is_not(None))
    own = sa.select(ProgrammeVillage.place_id).where(ProgrammeVillage.programme_id == programme_id)
    pairs = places.communes(on).subquery()
    above = sa.select(pairs.c.commune_id).where(pairs.c.village_id.in_(own))
    names = sa.select(Place.name).where(sa.or_(Place.id.in_(own), Place.id.in_(above)))
    return Known(
        frozenset(_plain(name) for name in session.scalars(people.distinct()) if name and len(name) >= SHORTEST),
        frozenset(_plain(name) for name in session.scalars(names)),
    )


def named(text: str, of: Known) -> Iterator[tuple[Kind, str]]:
    """What a text names, folded; nothing when it names none."""
    yield from (("number", hit[0]) for hit in DIGITS.finditer(text))
    words = _plain(text).split()
    runs = {" ".join(words[at : at + many]): None for at in range(len(words)) for many in range(1, LONGEST + 1)}
    yield from (("person", run) for run in runs if run in of.people)
    yield from (("place", run) for run in runs if run in of.places)


def _plain(text: str) -> str:
    return _SIGNS.sub(" ", fold.plain(text)).strip()
