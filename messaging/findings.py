"""What can be said of a text before it leaves: the places, and a sentence that says what to write instead.

Source: the page on languages, 5.6; the sentences stand in `findings.toml`. Which finding is made when: `lint`.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, get_args

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = get_args(Level)  # the gravest first
SHOWN = 8  # signs in one sentence; a page in another script has hundreds


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is to be mended.

    `index` is the place in the text as given (in characters, from 0); `char` the sign, or the whole word, number or
    emoji. `code` (`U+00EA`) and `name` are Unicode's for the sign, in a word for its letter outside GSM-7, else empty.
    `suggest` is what to write instead: empty to leave it out, None when only a person can tell.
    """

    index: int
    char: str
    code: str
    name: str
    suggest: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a text, and everywhere it stands, in the order of the text.

    `suggest` is the whole text, in its own letters, with each suggestion of this finding taken; None where a person
    must choose. `values` fill the sentence.
    """

    code: str
    level: Level
    places: tuple[Place, ...]
    suggest: str | None = None
    values: Mapping[str, object] = field(default_factory=dict, compare=False)

    def say(self, lang: str = "fr") -> str:
        """What is wrong and what to write instead, in French or (any other language) in English."""
        lang = "fr" if lang == "fr" else "en"
        return sentences()[self.code][lang].format(
            signs=_list(map(_sign, self.places)),
            found=_list(map(_coded, self.places)),
            instead=_list(f"{_sign(place)} → {_instead(place, lang)}" for place in self.places),
            **self.values,
        )


@cache
def sentences() -> dict[str, dict[str, str]]:
    """By code of a finding: `level`, `fr` and `en`; the finding fills the braces."""
    return tomllib.loads((Path(__file__).parent / "findings.toml").read_text(encoding="utf-8"))


def level(code: str) -> Level:
    """How grave a finding is.

    Raises:
        KeyError: there is no such finding.
    """
    return LEVELS[LEVELS.index(sentences()[code]["level"])]


def _list(words: Iterable[str]) -> str:
    different = list(dict.fromkeys(words))
    return ", ".join(different[:SHOWN]) + (" …" if len(different) > SHOWN else "")


def _sign(place: Place) -> str:
    """A word, or a sign that can be read alone; a mark or an invisible sign by its code."""
    is_plain = place.char.isprintable() and not unicodedata.combining(place.char[0])
    return place.char if is_plain or len(place.char) > 1 else place.code


def _coded(place: Place) -> str:
    sign = _sign(place)
    return f"{sign} ({place.name.lower() if sign == place.code else place.code})"


def _instead(place: Place, lang: str) -> str:
    if place.suggest is None:
        return "un autre mot" if lang == "fr" else "another word"
    return place.suggest.strip() or ("à enlever" if lang == "fr" else "leave out")
