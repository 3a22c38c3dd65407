"""Finding villages, clubs, households and members by what one says or reads off a card; knows no phone number.

Spelling is forgiven. Each search takes `within`: the condition that a column of village ids is one that may be seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from difflib import SequenceMatcher
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import codes, fold, places
from messaging.models import Club, Household, Member, Place, PlaceName, ProgrammeVillage
from messaging.models.place import Level
from messaging.phones import redact
from messaging.places import folded

Within = Callable[[Any], sa.ColumnElement[bool]]
Carded = TypeVar("Carded", Household, Member)

LIMIT = 10
SHORT = 2  # letters; a single one, such as an initial, finds itself alone
SPELLINGS = 30  # of one first name: more are another name
SAME, BEGINS = 2.0, 1.0
ALIKE = 0.7  # Seydou and Sidou are 0.73, Fanta and Fatouma 0.67
_CARD = re.compile(r"(?!tel|num|no)[^\W\d_]{1,6}[-_./ ]?\d+", re.IGNORECASE)
_SIGNS = "-_./ "  # that somebody may leave out of a code


def is_number(wanted: str) -> bool:
    """True for what looks like a phone number: it is not searched here, because it would stand in an address.

    The code of a card has letters before its digits, however many these are.
    """
    return redact(wanted) != wanted and not _CARD.fullmatch(wanted.strip())


def likeness(wanted: str, words: Iterable[str]) -> dict[str, float]:
    """How near words come to the wanted one: 2 the same, above 1 those that begin with it, below 1 those alike.

    Accents, capitals, signs and doubled letters do not matter. A word that is not near is left out.
    """
    key = folded(wanted)
    match = SequenceMatcher(b=key, autojunk=False)
    found: dict[str, float] = {}
    for word in words:
        own = folded(word)
        if key and own == key:
            found[word] = SAME
        elif len(key) >= SHORT and own.startswith(key):
            found[word] = BEGINS + len(key) / len(own)
        elif len(key) > SHORT and (near := _ratio(match, own, key)) >= ALIKE:
            found[word] = near
    return found


def find_places(session: Session, programme_id: int, wanted: str, within: Within, today: date) -> list[Place]:
    """The villages of a programme, and the communes they lie in, by a code of theirs or by name; the best first."""
    own = sa.select(ProgrammeVillage.place_id).where(
        ProgrammeVillage.programme_id == programme_id, within(ProgrammeVillage.place_id)
    )
    pairs = places.communes(today).subquery()
    above = sa.select(pairs.c.commune_id).where(pairs.c.village_id.in_(own))
    among = sa.select(Place.id).where(Place.id.in_(session.scalars(own.union(above)).all()))
    coded = [place_id for rows in places.by_codes(session, [wanted.strip()]).values() for _scheme, place_id in rows]
    if found := session.scalars(sa.select(Place).where(Place.id.in_(coded), Place.id.in_(among))).all():
        return list(found)
    return places.find(session, wanted, (*places.LOWEST, Level.COMMUNE), LIMIT, among) or _called(
        session, wanted, among
    )


def find_clubs(session: Session, programme_id: int, wanted: str, within: Within) -> list[Club]:
    """The clubs of a programme by code, one digit wrong or two of them swapped too, or by name; the best first."""
    here = (Club.programme_id == programme_id, within(Club.village_id))
    names = {row.id: row for row in session.execute(sa.select(Club.id, Club.code, Club.name).where(*here))}
    by_code = [ident for ident, row in names.items() if row.code == wanted.strip()]
    near = by_code or _near_code(wanted.strip(), {ident: row.code for ident, row in names.items()})
    ids = (near or _by_words(wanted, [(ident, row.name) for ident, row in names.items()]))[:LIMIT]
    rows = {club.id: club for club in session.scalars(sa.select(Club).where(Club.id.in_(ids)))}
    return [rows[ident] for ident in ids]


def find_households(session: Session, programme_id: int, wanted: str, within: Within) -> Sequence[Household]:
    """The households of a card's code; capitals and the signs between its parts do not matter."""
    return _by_card(session, Household, programme_id, wanted, within)


def find_members(session: Session, programme_id: int, wanted: str, within: Within) -> Sequence[Member]:
    """The members of a card's code; capitals and the signs between its parts do not matter."""
    return _by_card(session, Member, programme_id, wanted, within)


def find_named(session: Session, programme_id: int, wanted: str, within: Within) -> list[Member]:
    """The members of a first name or of one alike, the best first; only for who may read first names."""
    known = sa.select(Member.first_name).where(Member.programme_id == programme_id, Member.first_name.is_not(None))
    near = likeness(wanted, (name for name in session.scalars(known.distinct()) if name))
    best = sorted(near, key=lambda name: (-near[name], name))[:SPELLINGS]
    if not best:
        return []
    order = sa.case({name: place for place, name in enumerate(best)}, value=Member.first_name)
    query = sa.select(Member).where(
        Member.programme_id == programme_id, Member.first_name.in_(best), within(Member.village_id)
    )
    return list(session.scalars(query.order_by(order, Member.id).limit(LIMIT)))


def _called(session: Session, wanted: str, among: sa.Select[int]) -> list[Place]:
    """The places that have the wanted words somewhere in a name of theirs, in any order and spelling."""
    names = sa.select(Place.id, Place.name).where(Place.id.in_(among))
    others = sa.select(PlaceName.place_id, PlaceName.name).where(PlaceName.place_id.in_(among))
    ids = _by_words(wanted, [(ident, name) for ident, name in session.execute(names.union_all(others))])[:LIMIT]
    rows = {place.id: place for place in session.scalars(sa.select(Place).where(Place.id.in_(ids)))}
    return [rows[ident] for ident in ids]


def _ratio(match: SequenceMatcher[str], word: str, wanted: str) -> float:
    """How alike a word and the wanted one are, 0 to 1; 0 when a quick look shows already that they are not."""
    match.set_seq1(word)
    if match.real_quick_ratio() < ALIKE or match.quick_ratio() < ALIKE:
        return 0
    return max(match.ratio(), SequenceMatcher(None, wanted, word, autojunk=False).ratio())  # it depends on the order


def _near_code(wanted: str, known: dict[int, str]) -> list[int]:
    if not (wanted.isascii() and wanted.isdecimal()):
        return []
    near = set(codes.suggest(wanted, known.values()))
    return sorted((ident for ident, code in known.items() if code in near), key=lambda ident: known[ident])


def _by_words(wanted: str, names: Iterable[tuple[int, str]]) -> list[int]:
    """The ids of names that have a word near each of the wanted ones, the best first; as good as the worst word."""
    words = [(ident, name, _words(name)) for ident, name in names]
    every = {word for _ident, _name, own in words for word in own}
    near = [likeness(word, every) for word in _words(wanted)]
    if not near or not all(near):
        return []
    scores = [
        (-min(max(one.get(word, 0) for word in own) for one in near), name, ident) for ident, name, own in words if own
    ]
    return list(dict.fromkeys(ident for score, _name, ident in sorted(scores) if score))


def _words(name: str) -> list[str]:
    return re.findall(r"\w+", fold.plain(name))


def _by_card(session: Session, table: type[Carded], programme_id: int, wanted: str, within: Within) -> Sequence[Carded]:
    code = wanted.strip()
    here = (table.programme_id == programme_id, within(table.village_id))
    exact = sa.select(table).where(*here, table.code.in_({code, code.upper()}))
    found = session.scalars(exact.limit(LIMIT)).all()
    if found or not any(char.isdecimal() for char in code):
        return found
    loose = sa.select(table).where(*here, _loose(table.code) == _bare(code)).order_by(table.id)
    return session.scalars(loose.limit(LIMIT)).all()


def _bare(code: str) -> str:
    return fold.plain(code).translate({ord(sign): None for sign in _SIGNS})


def _loose(column: Any) -> sa.ColumnElement[str]:
    bare: Any = sa.func.lower(column)
    for sign in _SIGNS:
        bare = sa.func.replace(bare, sign, "")
    return bare  # type: ignore[no-any-return]
