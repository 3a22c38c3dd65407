"""Numbers in words, French 0 to 999 and Bambara; pure, knows no label and no report.

Source: the page on incoming SMS, section 6.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

UNITS = {
    "zero": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8,
    "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16,
    "dixsept": 17, "dixhuit": 18, "dixneuf": 19,
}  # fmt: skip
TENS = {"vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60}
MISSPELT = {
    "douse": "douze", "dous": "douze", "uit": "huit", "dis": "dix", "set": "sept", "sis": "six", "vin": "vingt",
    "vint": "vingt", "trante": "trente", "catre": "quatre", "sinq": "cinq", "katorz": "quatorze", "onz": "onze",
}  # fmt: skip
BAMBARA = {
    "kelen": 1, "fila": 2, "fla": 2, "saba": 3, "naani": 4, "nani": 4, "duuru": 5, "duru": 5, "wooro": 6, "woro": 6,
    "wolonwula": 7, "wolonwila": 7, "wolonfila": 7, "seegin": 8, "segin": 8, "kononton": 9, "tan": 10, "mugan": 20,
}  # fmt: skip
LONGEST = 6  # neuf cent quatre vingt dix neuf


@dataclass(frozen=True)
class Spelled:
    """A number that stood in words: its value, how many of the words it took, and whether one was misspelt."""

    value: int
    used: int
    fuzzy: bool = False


def spelled(words: Sequence[str], *, bambara: bool) -> Spelled | None:
    """The longest number at the beginning of these folded words; None when they begin with none.

    Args:
        words: the runs of letters, lower case, without accents, apostrophes or hyphens; `dix-huit` is two words.
        bambara: whether Bambara words count too; never when the sender's language is a Dogon one.
    """
    return _french(words) or (_bambara(words) if bambara else None)


def _french(words: Sequence[str]) -> Spelled | None:
    proper = [MISSPELT.get(word, word) for word in words[:LONGEST]]
    found = _hundreds(proper) or _below_hundred(proper)
    if found is None:
        return None
    value, used = found
    return Spelled(value, used, proper[:used] != list(words[:used]) or _lacks_et(value, proper[:used]))


def _lacks_et(value: int, words: Sequence[str]) -> bool:
    """Whether it is a "vingt un": 21 is likely, and 20, then 1 would be recorded in silence, so it is misspelt."""
    return value % 100 in (21, 31, 41, 51, 61, 71) and "et" not in words


def _hundreds(words: Sequence[str]) -> tuple[int, int] | None:
    """The number from 100 on at the beginning, and how many words it takes."""
    times, at = (1, 0) if words[:1] == ["cent"] else (UNITS.get(words[0], 0) if words else 0, 1)
    if not (at == 0 or (2 <= times <= 9 and words[1:2] in (["cent"], ["cents"]))):
        return None
    value, used = _rest(words[at + 1 :], 99)
    return times * 100 + value, at + 1 + used


def _below_hundred(words: Sequence[str]) -> tuple[int, int] | None:
    if not words:
        return None
    if words[0] == "quatre" and words[1:2] in (["vingt"], ["vingts"]):
        value, used = _rest(words[2:], 19)
        return 80 + value, 2 + used
    if words[0] in TENS:
        ten = TENS[words[0]]
        joined = words[1:2] == ["et"] and (words[2:3] in (["un"], ["une"]) or words[:3] == ["soixante", "et", "onze"])
        value, used = _rest(words[1 + joined :], 19 if ten == 60 else 9)
        return ten + value, 1 + joined + used
    if words[0] == "dix" and words[1:2] in (["sept"], ["huit"], ["neuf"]):
        return 10 + UNITS[words[1]], 2
    return (UNITS[words[0]], 1) if words[0] in UNITS else None


def _rest(words: Sequence[str], most: int) -> tuple[int, int]:
    """What still belongs to a number that has begun: its value, 1 to `most`, and its words; 0, 0 when nothing does."""
    value, used = _below_hundred(words) or (0, 0)
    if 1 <= value <= most:
        return value, used
    return 0, 0


def _bambara(words: Sequence[str]) -> Spelled | None:
    """A number and smaller ones joined by `ni`: mugan ni tan ni fila is 32."""
    last = BAMBARA.get(words[0]) if words else None
    if last is None:
        return None
    value, used = last, 1
    while last >= 10 and words[used : used + 1] == ["ni"] and used + 1 < len(words):
        following = BAMBARA.get(words[used + 1])
        if following is None or following >= last:
            break
        value, used, last = value + following, used + 2, following
    return Spelled(value, used)
