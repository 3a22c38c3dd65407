"""Answers to several questions in one SMS: each with its number, or letters in their order; pure, knows no quiz.

Source: the page on incoming SMS, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.conversation.grammar import words
from campaigns.conversation.grammar.options import LETTERS, ONES, Answered, Options, Refused
from campaigns.conversation.grammar.questions import YESNO, Question, all_of, within
from campaigns.conversation.grammar.said import Said

# A digit needs a sign between it and the number of its question, or a blank after Q; a letter may be glued.
PAIR = re.compile(
    r"(?P<q>q ?)?(?P<n>\d{1,2})(?: ?(?P<sign>[:=.)-]) ?|(?P<blank> )|)"
    r"(?P<value>\d+(?: ?(?:mois|ans?|jours?)\b)?|(?!q ?\d)[a-z]+|\|)",
    re.IGNORECASE,
)
BETWEEN = re.compile(r"[ ,;]*(?:et\b)?[ ,;]*", re.IGNORECASE)
IN_ORDER = r"[\s,;/+&.]+"
SPLIT = re.compile(r"\bet\b|[^a-z0-9|]+")
CHUNK = re.compile(r"q|q?\d{1,6}[a-h]?|[a-h|]\d{0,2}|[il]")
UNIT = re.compile(r" ?[a-z]+$")


@dataclass(frozen=True)
class Several:
    """Values by the number of the question, and what was put right to find them."""

    values: Mapping[int, Any]
    repairs: tuple[str, ...] = ()


UNCLEAR = Refused("pairs_unclear", {})


def read(questions: Sequence[Question], said: Said) -> Several | Refused | None:
    """What an SMS answers to several questions; none when it is no answer."""
    if said.plain in words.DONT_KNOW:
        return Several({_number(questions[0]): "DK"})
    pairs = _pairs(said.cased)
    if pairs:
        return _numbered(questions, pairs)
    return _in_order(questions, said) or (UNCLEAR if _is_unclear(said) else None)


def _pairs(text: str) -> list[tuple[int, str]]:
    """Number and value of each answer, when the whole text is made of such pairs; empty otherwise."""
    found, at = [], 0
    while at < len(text):
        hit = PAIR.match(text, at)
        if hit is None or not _is_pair(hit, text):
            return []
        found.append((int(hit["n"]), hit["value"]))
        gap = BETWEEN.match(text, hit.end())
        at = gap.end() if gap else hit.end()
    return found


def _is_pair(hit: re.Match[str], text: str) -> bool:
    value, after = hit["value"], text[hit.end() : hit.end() + 1].lower()
    if hit["blank"] and not hit["q"]:
        return False
    if not hit["sign"] and not hit["blank"]:  # glued: `1A`, `q1oui`; `Q12` and `1l` may be numbers
        one = value.lower() in LETTERS + "on" or value.lower() in ("oui", "non")
        if not one:
            return False
    return not after.isalnum() or after == "q" or (value.isalpha() and after.isdigit() and len(value) == 1)


def _numbered(questions: Sequence[Question], pairs: Sequence[tuple[int, str]]) -> Several | Refused:
    """Each value with its question; the first fault decides."""
    asked = {_number(question): question for question in questions}
    given: dict[int, list[Any]] = {}
    repairs: dict[str, None] = {}
    if not {number for number, _ in pairs} <= set(asked):
        return UNCLEAR
    for number, value in pairs:
        found = _fit(asked[number], value)
        if found is None:
            return _not_there(number, value)
        repairs |= dict.fromkeys(found.repairs)
        if found.value not in given.setdefault(number, []):
            given[number].append(found.value)
    for number, values in given.items():
        if len(values) > 1:
            return Refused("conflicting_answers", {"question": number, "given": values})
    return Several({number: values[0] for number, values in given.items()}, tuple(repairs))


def _in_order(questions: Sequence[Question], said: Said) -> Several | Refused | None:
    """Letters alone, the first for the first question; a word that is made of such letters only must fit as a whole."""
    letters = said.letters(IN_ORDER)
    apart = re.search(IN_ORDER, said.plain) is not None or len(letters) == 1
    if not letters or not set(letters) <= set(LETTERS + "on" if apart else LETTERS):
        return None
    if len(letters) > len(questions):
        return UNCLEAR if apart else None
    values: dict[int, Any] = {}
    repairs = {"accent_removed": None} if len(letters) == 1 and said.accented else {}
    for question, letter in zip(questions, letters, strict=False):
        found = _fit(question, letter)
        if found is None:
            return _not_there(_number(question), letter) if apart else None
        values[_number(question)] = found.value
        repairs |= dict.fromkeys(found.repairs)
    return Several(values, (*repairs, "positional"))


def _not_there(number: int, value: str) -> Refused:
    return Refused("option_unknown", {"question": number, "given": [value.upper()]})


def _fit(question: Question, value: str) -> Answered | None:
    """A value that fits the type of its question; none: it is no option there."""
    if value.lower() in words.DONT_KNOW:
        return Answered("DK")
    if question["type"] == "yesno":
        return _yes_or_no(value)
    if question["type"] == "number":
        bare = UNIT.sub("", value.lower())
        found = within(question, int(bare)) if bare.isdigit() else None
        return found if isinstance(found, Answered) else None
    options = Options(question["options"])
    if question["type"] == "single":
        return options.of(value) if len(value) == 1 else None
    return all_of(options, list(value))


def _yes_or_no(value: str) -> Answered | None:
    small = value.lower()
    if small in YESNO or small in words.YES | words.NO:
        return Answered(YESNO.get(small) or ("yes" if small in words.YES else "no"))
    return Answered("yes", (ONES[value],)) if value in ONES else None


def _is_unclear(said: Said) -> bool:
    """Digits alone, glued pairs, pieces of pairs: meant as answers, but not to be told apart."""
    chunks = [chunk for chunk in SPLIT.split(said.plain) if chunk]
    meant = any(char.isdigit() for char in said.plain) or said.cased in ONES
    return meant and all(CHUNK.fullmatch(chunk) for chunk in chunks)


def _number(question: Question) -> int:
    return int(question["n"])
