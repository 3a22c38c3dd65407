"""What is left of an SMS that may answer a question, without the name, the introducers and the thanks; pure.

Source: the page on incoming SMS, section 7.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from campaigns.conversation.grammar import lookalikes, words
from campaigns.conversation.grammar.options import tokenise
from campaigns.conversation.grammar.sms import Sms
from messaging import fold

SIGNS = " .,;:!?'\"()[]{}<>-"  # no plus: `a+` is a greeting
THANKS = re.compile(r"(?<![\w|])(?:merci|svp|stp)$", re.IGNORECASE)
# Glued to its answer, an introducer is taken off letters of answers alone: of `REPONSEA`, never of `repas`.
INTRODUCER = re.compile(
    r"^(?:(?:la )?reponse est|je pense que c ?'? ?est|reponse|rep|c ?'? ?est)(?=[^a-z]|[a-hilno]{1,9}$)[\s:=.,'-]*",
    re.IGNORECASE,
)
SOMETHING = re.compile(r"\d|[a-z]{4}", re.IGNORECASE)
LONE = re.compile(r"(?<![^\W\d_])[^\W\d_](?![^\W\d_])")
ROUNDS = 3  # la reponse c'est B merci svp
LONG = 7  # digits: a phone number


@dataclass(frozen=True)
class Said:
    """The words that may answer, folded, with their capitals, and as the SMS had them."""

    cased: str
    raw: str

    @property
    def plain(self) -> str:
        """The words in small letters."""
        return self.cased.lower()

    @property
    def tokens(self) -> list[str]:
        """The runs of letters and of digits, in small letters."""
        return tokenise(self.plain)

    @property
    def accented(self) -> bool:
        """Whether the letter that stands alone was typed with an accent."""
        lone = LONE.findall(unicodedata.normalize("NFKC", self.raw))
        return bool(lone) and any(unicodedata.category(char) == "Mn" for char in unicodedata.normalize("NFD", lone[-1]))

    def digits(self, between: str) -> tuple[list[str], tuple[str, ...]]:
        """Every digit and what was put right, when there is nothing else than numbers and what may stand between."""
        runs = [run for run in re.split(between, self.cased, flags=re.IGNORECASE) if run]
        read = [number for run in runs if (number := lookalikes.repair(run)) and len(number[0]) < LONG]
        if len(read) < len(runs):
            return [], ()
        return list("".join(number for number, _ in read)), tuple(name for _, names in read for name in names)

    def letters(self, between: str) -> list[str]:
        """Every letter, when each stands alone, or all are joined in one run without an accent; empty otherwise."""
        runs = [run for run in re.split(between, self.plain) if run]
        if len(runs) == 1 and runs[0] != self.plain:  # `a+`
            return []
        if all(len(run) == 1 and run.isalpha() for run in runs):
            return runs
        # Accents tell words from letters: `dé` is no D and E, `bɛ` no B and E.
        joined = len(runs) == 1 and runs[0].isalpha() and runs[0] in unicodedata.normalize("NFKC", self.raw).lower()
        return list(runs[0]) if joined else []


def of(sms: Sms) -> tuple[Said, str | None]:
    """What may be an answer, and the first name among those who share the phone that stood before it."""
    text = sms.cased.strip(SIGNS)
    person, text = _person(text, [str(name) for name in sms.context.get("phone_members") or ()])
    bare = _bare(text, THANKS, SIGNS)
    # Around digits and words all courtesies go, and every sign that is neither a letter nor a digit.
    others = "".join(char for char in set(text) if not char.isalnum() and char != "|")
    polite = _bare(words.GREETING.sub("", text), words.THANKS, others)
    # A bare letter is an answer only alone or after an introducer; behind a greeting it is the beginning of a word.
    return Said(polite if SOMETHING.search(polite) else bare, sms.text), person


def _bare(text: str, thanks: re.Pattern[str], signs: str) -> str:
    """The text without introducers at its start and thanks at its end."""
    for _ in range(ROUNDS):
        text = thanks.sub("", INTRODUCER.sub("", text)).strip(signs)
    return text


def _person(text: str, names: Iterable[str]) -> tuple[str | None, str]:
    """The longest of these names that stands at the start, and the rest."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        hit = re.match(rf"{re.escape(fold.plain(name))}(?![^\W\d_])", text, re.IGNORECASE)
        if hit and fold.plain(name):
            return name, text[hit.end() :].strip(SIGNS)
    return None, text
