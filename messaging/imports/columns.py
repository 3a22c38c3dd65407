"""The columns of a sheet and how one cell is read, forgivingly and exactly; knows no table and no other cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from messaging import fold
from messaging.clock import parse_date
from messaging.errors import DataError
from messaging.imports.result import quote
from messaging.letters import is_gsm7
from messaging.models import Programme
from messaging.phones import NumberError, NumberFault, mask, parse, redact
from messaging.profile import sms_value

EMPTIED = "-"  # an empty cell leaves what is there; this empties it
LARGEST = 1_000_000
YEARS = range(1900, 2101)
CODES = r"[\s;,|/]+"  # what may stand between several codes or languages
NAMES = r"\s*[;|]\s*"  # between several names, which may hold blanks and commas

_JUNK = re.compile(r"[\W_]+")
_HINT = re.compile(r"\([^)]*\)|\*")
_MONTH = re.compile(r"(?:(?P<year>\d{4})[-/.]?(?P<month>\d{2})|(?P<m>\d{1,2})[-/.](?P<y>\d{4}))")
_PHONES = re.compile(r"\s*(?:[;,|/]|\bou\b|\bet\b|\bor\b|\band\b)\s*")

PHONE_FAULTS: dict[NumberFault, str] = {
    "empty": "Il n'y a pas de numéro.",
    "unreadable": "Ce n'est pas un numéro de téléphone. Écrivez seulement ses chiffres, comme 76 12 34 56.",
    "shortened": "Le tableur a abrégé ce numéro. Mettez la colonne au format texte et retapez-le.",
    "too_short": "Il manque des chiffres. Un numéro du Mali en a 8 ; un numéro étranger commence par + et son pays.",
    "too_long": "Il y a trop de chiffres. Écrivez 8 chiffres pour le Mali, sinon + et le pays.",
    "wrong_length": "Les numéros de ce pays ont une autre longueur. Vérifiez chaque chiffre.",
    "unknown_country": "Aucun pays n'a cet indicatif. Un numéro du Mali s'écrit +223 et 8 chiffres.",
    "landline": "C'est un téléphone fixe, qui ne reçoit pas de SMS. Donnez un numéro mobile.",
    "not_mobile": "Aucun mobile du Mali ne commence ainsi. Vérifiez les deux premiers chiffres.",
    "premium": "Écrire à ce numéro coûte plus cher. Donnez un numéro mobile ordinaire.",
}


class CellError(Exception):
    """A cell cannot be taken: what to do, in French and English."""

    def __init__(self, fr: str, en: str) -> None:
        super().__init__(en)
        self.fr, self.en = fr, en


Found = Mapping[str, Any]  # what each word stands for: a value, or a CellError that says why it stands for none


@dataclass(frozen=True)
class Reference:
    """Cells that point to rows: `find` looks all words of a column up at once; a word it leaves out is unknown."""

    find: Callable[[Session, Programme, set[str]], Found]
    fr: str
    en: str

    def unknown(self, word: str) -> CellError:
        """The sentence about a word that points to nothing."""
        return CellError(self.fr.format(word=quote(word)), self.en.format(word=quote(word)))


@dataclass(frozen=True)
class Column:
    """One column: its key, its French and English header, how a cell is read, an example.

    `needed`: a new row cannot do without it. `refers`: what the words that `read` gives point to. `also`: further
    headers, as other programs export them; of several of them in one file the one that is named first here counts.
    """

    key: str
    fr: str
    en: str
    read: Callable[[str], Any]
    example: str = ""
    needed: bool = False
    refers: Reference | None = None
    also: Sequence[str] = ()

    def names(self) -> set[str]:
        """The headers that are understood, folded."""
        return {folded(name) for name in (self.key, self.fr, self.en, *self.also)}

    def rank(self, header: str) -> int:
        """Which of two headers of this column counts, the lower: 0 is its own, then come those of other programs."""
        others = [folded(name) for name in self.also]
        said = folded(header) if folded(header) in self.names() else folded(header.rpartition("/")[2])
        return others.index(said) + 1 if said in others else 0


def folded(words: str) -> str:
    """A header or a word of a cell as it is compared: no accents, capitals, blanks and signs, no hint in brackets."""
    return bare(_HINT.sub(" ", words))


def bare(words: str) -> str:
    """A name as it is compared: no accents, capitals, blanks and signs; what stands in brackets counts."""
    return _JUNK.sub("", fold.plain(words))


def text(longest: int) -> Callable[[str], str]:
    """Read text of at most so many letters."""

    def read(cell: str) -> str:
        if len(cell) > longest:
            raise CellError(
                f"C'est trop long : {longest} lettres au plus.", f"This is too long: {longest} letters at most."
            )
        return cell

    return read


def words(longest: int) -> Callable[[str], str]:
    """Read words that people write, such as a name; a phone number among them would lie open, so it is refused."""

    def read(cell: str) -> str:
        if redact(cell) != cell:
            raise CellError(
                "Il y a un numéro de téléphone ici. Mettez-le dans la colonne des téléphones, où il est protégé.",
                "There is a phone number here. Put it into the phone column, where it is protected.",
            )
        return text(longest)(cell)

    return read


def air(longest: int) -> Callable[[str], str]:
    """Read a name that will stand in an SMS, spelt for the air; a letter that would double the price is refused."""

    def read(cell: str) -> str:
        spelt = words(longest)(sms_value(cell))
        if not is_gsm7(spelt):
            raise CellError(
                f"« {quote(cell)} » : une lettre d'ici doublerait le prix d'un SMS. Écrivez sans signe spécial.",
                f"« {quote(cell)} »: a letter here would double the price of an SMS. Write without special signs.",
            )
        return spelt

    return read


def whole(low: int, high: int = LARGEST) -> Callable[[str], int]:
    """Read a whole number from `low` to `high`."""

    def read(cell: str) -> int:
        plain = re.sub(r"[.,]0+$", "", fold.plain(cell).replace(" ", ""))
        if not re.fullmatch(r"\d{1,9}", plain) or not low <= int(plain) <= high:
            raise CellError(
                f"« {quote(cell)} » : écrivez un nombre entier de {low} à {high}.",
                f"« {quote(cell)} »: write a whole number from {low} to {high}.",
            )
        return int(plain)

    return read


def day(cell: str) -> date:
    """Read a day: `2026-12-31`, `31/12/2026`, also with points or hyphens, also with an hour behind it."""
    plain = re.sub(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$", "", fold.plain(cell, lower=False))
    try:
        found = parse_date(re.sub(r"^(\d{1,2})[.-](\d{1,2})[.-](\d{4})$", r"\1/\2/\3", plain))
    except DataError:
        found = date.min
    if found.year not in YEARS:
        raise CellError(
            f"« {quote(cell)} » n'est pas une date. Écrivez-la comme 2026-12-31 ou 31/12/2026.",
            f"« {quote(cell)} » is no date. Write it like 2026-12-31 or 31/12/2026.",
        )
    return found


def month(cell: str) -> date:
    """Read a month as its first day: `2025-03`, `202503`, `03/2025`, or any day of it."""
    hit = _MONTH.fullmatch(fold.plain(cell))
    if not hit:
        return day(cell).replace(day=1)
    year, number = int(hit["year"] or hit["y"]), int(hit["month"] or hit["m"])
    if year not in YEARS or not 1 <= number <= 12:
        raise CellError(
            f"« {quote(cell)} » n'est pas un mois. Écrivez-le comme 2025-03.",
            f"« {quote(cell)} » is no month. Write it like 2025-03.",
        )
    return date(year, number, 1)


def choice(*options: tuple[Any, str]) -> Callable[[str], Any]:
    """Read one of several words; an option is (value, "French|English|others"), the value's own name counts too."""
    known: dict[str, Any] = {}
    for value, words in options:
        for word in (*words.split("|"), str(value)):
            # Signs do not count in a word, so « 18+ » and « <18 » would be one: better no start than a wrong value.
            assert known.setdefault(folded(word), value) == value, f"{word} has two meanings"
    fr, en = (", ".join(words.split("|")[which] for _value, words in options) for which in (0, 1))

    def read(cell: str) -> Any:
        if folded(cell) not in known:
            raise CellError(f"« {quote(cell)} » : écrivez {fr}.", f"« {quote(cell)} »: write {en}.")
        return known[folded(cell)]

    return read


yes = choice((True, "oui|yes|o|y|1|x|vrai|true"), (False, "non|no|n|0|faux|false"))


def several(read: Callable[[str], Any], between: str = CODES) -> Callable[[str], tuple[Any, ...]]:
    """Read several words of one cell, each once, in their order."""

    def read_all(cell: str) -> tuple[Any, ...]:
        parts = (part for part in re.split(between, cell) if part)
        return tuple(dict.fromkeys(read(part) for part in parts))

    return read_all


def each(read: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    """Read several words of one cell that go with the parts of another cell: none is left out."""
    return lambda cell: tuple(read(part) for part in re.split(r"\s*[;,|/]\s*", cell.strip(" ;,|/")))


def phone(cell: str) -> str:
    """Read one phone number, written any way, into E.164; a problem shows its last two digits only."""
    try:
        return parse(cell)
    except NumberError as error:
        raise CellError(f"{mask(cell)} : {PHONE_FAULTS[error.fault]}", f"{mask(cell)}: {error}") from None


def phones(cell: str) -> tuple[str, ...]:
    """Read one or several phone numbers into E.164, each once; `;` `,` `/` or a word stands between them."""
    try:
        return (parse(cell),)
    except NumberError as error:
        parts = [part for part in _PHONES.split(fold.plain(cell)) if part]
        if len(parts) < 2 or error.fault == "shortened":
            return (phone(cell),)
    return tuple(dict.fromkeys(phone(part) for part in parts))
