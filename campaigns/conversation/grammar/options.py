"""The options of one question: which one a sign or words stand for; pure, knows no quiz.

Options are printed as digits in every language, letters are read by position; questions brought in from elsewhere may
have letters. Source: the page on incoming SMS, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from messaging import fold

LETTERS = "abcdefgh"
ONES = {"I": "I>1", "l": "l>1", "|": "|>1"}
ARTICLES = frozenset({"le", "la", "les", "l", "un", "une", "du", "de", "des", "d"})
TOKEN = re.compile(r"[^\W\d_]+|\d+")
ENOUGH = 4  # letters, for a part of an option to stand for it


@dataclass(frozen=True)
class Answered:
    """A value for one question, and what was put right to find it."""

    value: Any
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """Why what was plainly meant as an answer cannot be taken, and the fields that say so."""

    error: str
    fields: Mapping[str, Any]


Outcome = Answered | Refused | None  # none: no answer at all


class Options:
    """What a person may choose from."""

    def __init__(self, options: Mapping[Any, Any]) -> None:
        """Take the options in their order, with the words of the version that was asked."""
        self.texts = {str(key): str(text) for key, text in options.items()}
        self.keys = list(self.texts)
        self.lettered = any(key.isalpha() for key in self.keys)

    def of(self, sign: str, alone: bool = True) -> Answered | None:
        """The option that one sign, with its capital, stands for; I, l and a bar are 1 only where they stand alone."""
        small = sign.lower()
        exact = next((key for key in self.keys if key.lower() == small), None)
        if exact is not None:
            return Answered(exact)
        if self.lettered:
            return self._at(int(small) - 1, "number_for_letter") if small in set("123456789") else None
        if alone and sign in ONES and "1" in self.texts:
            return Answered("1", (ONES[sign],))
        return self._at(LETTERS.index(small), "letter_for_number") if small and small in LETTERS else None

    def _at(self, place: int, repair: str) -> Answered | None:
        return Answered(self.keys[place], (repair,)) if place < len(self.keys) else None

    def is_sign(self, sign: str) -> bool:
        """Whether one sign alone was meant as an option, be it there or not."""
        small = sign.lower()
        return small.isdigit() or (small.isalpha() if self.lettered else small in LETTERS)

    def said(self, tokens: Sequence[str]) -> Outcome:
        """The option that words stand for: its sign and its words, its whole text, or enough words of it alone."""
        led, whole = self._led(tokens), self._whole(tokens)
        named = [key for key in self.keys if key in {*led, *whole}]
        if len(named) == 1:
            return Answered(named[0], () if led else ("option_words",))
        found = named or self._part(tokens)
        if len(found) > 1:
            return Refused("option_words_ambiguous", {"given": found})
        return Answered(found[0], ("option_words",)) if found else None

    def _led(self, tokens: Sequence[str]) -> list[str]:
        """`2 savon`: the option itself, then words of the same."""
        key = next((key for key in self.keys if tokens and key.lower() == tokens[0]), None)
        rest = _bare(tokens[1:])
        return [key] if key and rest and set(rest) <= set(tokenise(self.texts[key])) else []

    def _whole(self, tokens: Sequence[str]) -> list[str]:
        same = [key for key in self.keys if tokens and tokenise(self.texts[key]) == list(tokens)]
        bare = _bare(tokens)
        return same or [key for key in self.keys if bare and _bare(tokenise(self.texts[key])) == bare]

    def _part(self, tokens: Sequence[str]) -> list[str]:
        bare = _bare(tokens)
        if sum(len(token) for token in bare if token.isalpha()) < ENOUGH:
            return []
        return [key for key in self.keys if set(bare) <= set(tokenise(self.texts[key]))]


def tokenise(text: str) -> list[str]:
    """The runs of letters and of digits of an option's text, folded."""
    return TOKEN.findall(fold.plain(text))


def _bare(tokens: Sequence[str]) -> list[str]:
    return [token for token in tokens if token not in ARTICLES]
