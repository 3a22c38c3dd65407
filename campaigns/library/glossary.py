"""Attested words of Bambara and three Dogon varieties, found for a French text; a translator's aid, no translation.

Nobody has reviewed the words: each is shown with its source and status. Source: `glossary.toml`; docs/sources.md.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from campaigns.library import HERE
from messaging import fold

Status = Literal["attested", "weak", "derived", "guess"]
Form = tuple[str, ...]  # the folded words of one French form

SHORT = 4  # letters: no plural sign is taken off a word this short (mois, bras)


@dataclass(frozen=True, slots=True)
class Word:
    """One word or fixed phrase of one language for one concept.

    `plural` and `variants` are in official letters; `dialect` says where the form is from, when not from the usual
    place; `is_homograph`: other words are spelt the same without tones.
    """

    concept: str
    french: str
    language: str
    official: str
    sms: str
    source: str
    status: Status
    note: str = ""
    plural: str = ""
    variants: tuple[str, ...] = ()
    dialect: str = ""
    is_homograph: bool = False

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every spelling that is given, in official letters."""
        return tuple(one for one in (self.official, *self.variants, self.plural) if one)


@dataclass(frozen=True, slots=True)
class Credit:
    """Where words are from, with the licence and what was changed."""

    short: str
    source: str
    licence: str
    changes: str
    must_show: bool
    credit: str = ""


def words_for(text: str, language: str) -> list[Word]:
    """The words of a language for what a French text speaks of, in the order of the text, none twice.

    Whole words are compared, folded, with or without a plural s or x; of two forms at one place the longer counts,
    so that `lait maternel` is not `lait`. Empty for a language of which the glossary knows nothing, such as dds.
    """
    said = [_singular(word) for word in fold.words(fold.plain(text))]
    concepts: dict[str, None] = {}
    at = 0
    while at < len(said):
        length = next((size for size in range(_longest(), 0, -1) if tuple(said[at : at + size]) in _forms()), 0)
        concepts |= dict.fromkeys(_forms().get(tuple(said[at : at + length]), ()))
        at += length or 1
    return [word for concept in concepts for word in words(language) if word.concept == concept]


@cache
def words(language: str) -> tuple[Word, ...]:
    """All words of a language, in the order of the file."""
    return tuple(
        _word(concept, row) for concept in _file()["concept"] for row in concept["words"] if row["lang"] == language
    )


@cache
def tokens(language: str) -> frozenset[str]:
    """Every single word that the glossary attests in a language, in official letters, small; phrases are cut."""
    return frozenset(
        part for word in words(language) for spelling in word.spellings for part in spelling.lower().split()
    )


@cache
def credits() -> tuple[Credit, ...]:
    """The sources of the words."""
    return tuple(Credit(**row) for row in _file()["credit"])


def languages() -> list[str]:
    """The languages that have words, in the order of the file."""
    return list(dict.fromkeys(row["lang"] for concept in _file()["concept"] for row in concept["words"]))


def _word(concept: dict[str, Any], row: dict[str, Any]) -> Word:
    note = "; ".join(part for part in (row.get("note"), concept.get("note")) if part)
    return Word(
        concept["id"], concept["fr"][0], row["lang"], row["official"], row["sms"], row["source"], row["status"], note,
        row.get("plural", ""), tuple(row.get("variants", ())), row.get("dialect", ""), row.get("homograph", False),
    )  # fmt: skip


@cache
def _forms() -> dict[Form, tuple[str, ...]]:
    """The concepts of each French form."""
    found: dict[Form, list[str]] = {}
    for concept in _file()["concept"]:
        for form in concept["fr"]:
            key = tuple(_singular(word) for word in fold.words(fold.plain(form)))
            found.setdefault(key, []).append(concept["id"])
    return {form: tuple(concepts) for form, concepts in found.items()}


@cache
def _longest() -> int:
    return max(map(len, _forms()))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > SHORT and word[-1] in "sx" else word


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads((HERE / "glossary.toml").read_text(encoding="utf-8"))
