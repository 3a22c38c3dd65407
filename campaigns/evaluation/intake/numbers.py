"""How a number with decimals, a moment, a short code and an area are read from a cell; knows no kind of sheet."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import fold
from messaging.batches import rows_in
from messaging.clock import parse_time
from messaging.errors import DataError
from messaging.imports.columns import CellError, Found, Reference, day
from messaging.imports.references import PLACE, places_by_word
from messaging.imports.result import quote
from messaging.models import Place, Programme
from messaging.models.place import Level
from messaging.places import LOWEST

LARGEST = 1e12
_HOUR = re.compile(r"[ T]\d{1,2}:\d{2}.*$")
_NUMBER = re.compile(r"\d{1,15}([.,]\d{1,6})?")


def number(cell: str) -> float:
    """Read a number that is not negative, with a point or a comma, blanks between thousands, and a sign of percent."""
    plain = fold.plain(cell).replace(" ", "").removesuffix("%")
    if not _NUMBER.fullmatch(plain) or float(plain.replace(",", ".")) > LARGEST:
        raise CellError(
            f"« {quote(cell)} » : écrivez un nombre comme 12 ou 43,5.",
            f"« {quote(cell)} »: write a number such as 12 or 43.5.",
        )
    return float(plain.replace(",", "."))


def moment(cell: str) -> datetime | date:
    """Read when a form was sent, as KoBo and ODK write it or a spreadsheet shows it; a day alone stays a day.

    Without a zone it is UTC.
    """
    try:
        own_day = day(cell)
        hit = _HOUR.search(cell)
        return parse_time(f"{own_day}T{hit[0].strip(' T').zfill(5)}") if hit else own_day
    except (CellError, DataError):
        raise CellError(
            f"« {quote(cell)} » n'est pas un moment. Écrivez-le comme 2026-03-05 17:30, ou videz la case.",
            f"« {quote(cell)} » is no moment. Write it like 2026-03-05 17:30, or empty the cell.",
        ) from None


def written(value: float) -> str:
    """A number as a French spreadsheet has it, to one decimal."""
    return f"{round(value, 1):g}".replace(".", ",")


def code(longest: int) -> Callable[[str], str]:
    """Read a code: no blank, at most so many letters."""

    def read(cell: str) -> str:
        if len(cell) > longest or " " in cell:
            raise CellError(
                f"« {quote(cell)} » : un code a {longest} lettres au plus, sans blanc.",
                f"« {quote(cell)} »: a code has {longest} letters at most, and no blank.",
            )
        return cell

    return read


def _places(session: Session, programme: Programme, words: set[str], levels: tuple[Level, ...]) -> Found:
    found: dict[str, int | CellError] = places_by_word(session, programme, words)
    ids = {ident for ident in found.values() if isinstance(ident, int)}
    level_of = {row.id: row.level for row in rows_in(session, sa.select(Place.id, Place.level), Place.id, ids)}
    for word, ident in found.items():
        if isinstance(ident, int) and level_of[ident] not in levels:
            fr, en = (
                ("d'une commune", "of a commune") if levels == COMMUNES else
                ("d'une commune ou d'un village", "of a commune or a village")
            )  # fmt: skip
            found[word] = CellError(
                f"« {quote(word)} » est plus haut ou plus bas ({level_of[ident]}). Écrivez le code {fr}.",
                f"« {quote(word)} » is a {level_of[ident]}. Write the code {en}.",
            )
    return found


COMMUNES = (Level.COMMUNE,)
COMMUNE = Reference(partial(_places, levels=COMMUNES), PLACE.fr, PLACE.en)
AREA = Reference(partial(_places, levels=(Level.COMMUNE, *LOWEST)), PLACE.fr, PLACE.en)
