"""What the words of a cell point to: languages, places, households, clubs, stations; knows no sheet, stores nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.batches import rows_in
from messaging.imports.columns import CellError, Found, Reference, bare
from messaging.imports.result import quote
from messaging.models import Club, Household, Language, Place, PlaceCode, PlaceName, Programme, Station
from messaging.models.place import Level
from messaging.places import LOWEST, by_codes, folded

SHOWN = 3  # codes that a problem names

_MORE_NAMES = {"peul": "ffm", "fulfulde": "ffm", "malinke": "mwk", "french": "fr"}


class Home(NamedTuple):
    """A household and the village it lives in."""

    id: int
    village_id: int


def _languages(session: Session, _programme: Programme, words: set[str]) -> Found:
    """A language by its code, its French or own name, or what stands in brackets there; never by family.

    `dogon` alone names no language: its varieties are not understood by each other's speakers.
    """
    rows = list(session.scalars(sa.select(Language)))
    codes = {row.code for row in rows}
    known = {word: code for word, code in _MORE_NAMES.items() if code in codes}
    for row in rows:
        variety = row.name_fr.partition("(")[2]
        known |= {bare(name): row.code for name in (row.name_fr, variety, row.name_own, row.code) if bare(name)}
    return {word: known[bare(word)] for word in words if bare(word) in known}


def places_by_word(session: Session, programme: Programme, words: set[str]) -> dict[str, int | CellError]:
    """The place of each word: a code, or `scheme:code` when several schemes know the code.

    The programme's own scheme comes first. A word that is a name gives the error that lists the codes of that name.
    """
    codes = by_codes(session, {word.rpartition(":")[2].strip() for word in words})
    found: dict[str, int | CellError] = {}
    for word in words:
        scheme, _, code = (part.strip() for part in word.rpartition(":"))
        hits = [hit for hit in codes.get(code, []) if not scheme or hit[0] == scheme]
        own = [hit for hit in hits if hit[0] == programme.code]
        chosen = own or hits
        if len({ident for _scheme, ident in chosen}) > 1:
            found[word] = _ambiguous(code, [scheme for scheme, _ident in chosen])
        elif chosen:
            found[word] = chosen[0][1]
    named = _by_name(session, words - found.keys())
    return found | {word: _is_name(word, codes) for word, codes in named.items()}


def _by_name(session: Session, words: set[str]) -> dict[str, list[str]]:
    """The codes of places that have a word as their name."""
    names = {folded(word): word for word in words if folded(word)}
    own = sa.select(Place.id, Place.folded)
    other = sa.select(PlaceName.place_id, PlaceName.folded)
    hits = [*rows_in(session, own, Place.folded, names), *rows_in(session, other, PlaceName.folded, names)]
    words_of = {ident: names[name] for ident, name in hits}
    found: dict[str, list[str]] = {}
    query = sa.select(PlaceCode.place_id, PlaceCode.code).order_by(PlaceCode.id)
    for ident, code in rows_in(session, query, PlaceCode.place_id, words_of):
        found.setdefault(words_of[ident], []).append(code)
    return found


def _is_name(word: str, codes: list[str]) -> CellError:
    listed = ", ".join(codes[:SHOWN])
    return CellError(
        f"« {quote(word)} » est un nom, et plusieurs lieux peuvent le porter. Écrivez le code : {listed} ?",
        f"« {quote(word)} » is a name, which several places may have. Write the code: {listed}?",
    )


def _ambiguous(code: str, schemes: list[str]) -> CellError:
    examples = " / ".join(f"{scheme}:{code}" for scheme in schemes[:SHOWN])
    return CellError(
        f"Plusieurs nomenclatures ont ce code. Écrivez {examples}.",
        f"Several schemes have this code. Write {examples}.",
    )


def _villages(session: Session, programme: Programme, words: set[str]) -> Found:
    found: dict[str, Any] = dict(places_by_word(session, programme, words))
    ids = {ident for ident in found.values() if isinstance(ident, int)}
    levels = {row.id: row.level for row in rows_in(session, sa.select(Place.id, Place.level), Place.id, ids)}
    for word, ident in found.items():
        if isinstance(ident, int) and levels[ident] not in LOWEST:
            found[word] = _no_village(word, levels[ident])
    return found


def _no_village(word: str, level: Level) -> CellError:
    return CellError(
        f"« {quote(word)} » n'est pas un village ({level}). Écrivez le code d'un village.",
        f"« {quote(word)} » is no village ({level}). Write the code of a village.",
    )


def _households(session: Session, programme: Programme, words: set[str]) -> Found:
    query = sa.select(Household.code, Household.id, Household.village_id).where(Household.programme_id == programme.id)
    return {row.code: Home(row.id, row.village_id) for row in rows_in(session, query, Household.code, words)}


def _clubs(session: Session, programme: Programme, words: set[str]) -> Found:
    """A club by its code, or `number:code` in a programme that is called on several numbers."""
    clubs: dict[str, list[tuple[str, int]]] = {}
    query = sa.select(Club.code, Club.number, Club.id).where(Club.programme_id == programme.id)
    for code, number, ident in rows_in(session, query, Club.code, {word.rpartition(":")[2] for word in words}):
        clubs.setdefault(code, []).append((number, ident))
    found: dict[str, Any] = {}
    for word in words:
        number, _, code = word.rpartition(":")
        hits = [hit for hit in clubs.get(code, []) if not number or hit[0] == number]
        if len(hits) > 1:
            found[word] = _ambiguous(code, [number for number, _ident in hits])
        elif hits:
            found[word] = hits[0][1]
    return found


def _stations(session: Session, programme: Programme, words: set[str]) -> Found:
    rows = session.execute(sa.select(Station.name, Station.id).where(Station.programme_id == programme.id))
    known = {bare(name): ident for name, ident in rows}
    return {word: known[bare(word)] for word in words if bare(word) in known}


LANGUAGE = Reference(
    _languages,
    "« {word} » n'est pas une langue connue. Écrivez son code : fr, bm, dds…",
    "« {word} » is no known language. Write its code: fr, bm, dds…",
)
PLACE = Reference(
    places_by_word,
    "Aucun lieu n'a le code « {word} ». Importez d'abord les lieux.",
    "No place has the code « {word} ». Import the places first.",
)
VILLAGE = Reference(_villages, PLACE.fr, PLACE.en)
HOUSEHOLD = Reference(
    _households,
    "Aucun ménage n'a le code « {word} ». Importez d'abord les ménages.",
    "No household has the code « {word} ». Import the households first.",
)
CLUB = Reference(
    _clubs,
    "Aucun club n'a le code « {word} ». Importez d'abord les clubs.",
    "No club has the code « {word} ». Import the clubs first.",
)
STATION = Reference(
    _stations,
    "Aucune station ne s'appelle « {word} ». Importez d'abord les stations.",
    "No station is called « {word} ». Import the stations first.",
)
