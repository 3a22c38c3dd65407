"""The health facts a message may rest on, with sources and levels, read from `facts.yaml`; knows no campaign."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from ruamel.yaml import YAML

from campaigns.library import FACTS
from messaging import fold

Level = Literal["A", "B", "C", "rule", "background"]

FIGURE = re.compile(r"\d+/\d+|\d+(?:,\d+)?")
# "un" and "une" are articles as often as numbers, so they count as no figure.
COUNTED = (
    *("deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"),
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
)
WORDS = {
    **{word: str(2 + index % 9) for index, word in enumerate(COUNTED)},
    **dict.fromkeys(("demi", "demie", "moitie", "half"), "1/2"),
    **dict.fromkeys(("quart", "quarter"), "1/4"),
}
TENS = {"vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60}
COMPOSED = re.compile(rf"\b({'|'.join(TENS)})(?:[ -](?:et )?({'|'.join(COUNTED[:8])}))?\b")
QUARTERS = re.compile(r"\b(?:trois quarts|three quarters)\b")


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the table of facts: what may be said (A), with the national text only (B), or never (C).

    `rule` and `background` rows guide the editor and are cited by no step.
    """

    id: str
    age: str
    fr: str
    en: str
    sources: tuple[str, ...]
    level: Level

    @property
    def figures(self) -> frozenset[str]:
        """The figures of the fact and of the age it speaks of, folded as by `figures`."""
        return figures(f"{self.age} {self.fr} {self.en}")


def figures(text: str) -> frozenset[str]:
    """The figures in a text: `3`, `1/2`, `1,5`.

    Number words are folded in: French and English two to ten, half, quarter; French twenty to sixty-nine.
    """
    plain = COMPOSED.sub(_composed, QUARTERS.sub("3/4", fold.plain(text)))
    return frozenset(FIGURE.findall(plain)) | frozenset(WORDS[word] for word in fold.words(plain) if word in WORDS)


def _composed(found: re.Match[str]) -> str:
    return str(TENS[found[1]] + int(WORDS.get(found[2] or "", "0")))


@cache
def load() -> dict[str, Fact]:
    """All facts by id, as shipped.

    Source: `facts.yaml`, made from the editor's page of facts; the national protocol wins over it.
    """
    return {row["id"]: _fact(row) for row in _file()["facts"]}


@cache
def sources() -> dict[str, str]:
    """The title of each source by its id."""
    return dict(_file()["sources"])


@cache
def _file() -> dict[str, Any]:
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(FACTS.read_text(encoding="utf-8"))
    return data


def _fact(row: dict[str, Any]) -> Fact:
    return Fact(row["id"], row["age"], row["fr"], row["en"], tuple(row["sources"]), row["level"])
