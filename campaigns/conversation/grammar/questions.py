"""The answer to one question: single, several options, yes or no, a number; pure, knows no quiz.

Source: the page on incoming SMS, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from campaigns.conversation.grammar import lookalikes, words
from campaigns.conversation.grammar.numbers import spelled
from campaigns.conversation.grammar.options import ONES, Answered, Options, Outcome, Refused, tokenise
from campaigns.conversation.grammar.said import LONG, Said
from campaigns.conversation.grammar.sms import Sms
from messaging import fold

Question = Mapping[str, Any]

EITHER = r"\b(?:ou|et)\b|[\s,;/+&.:=()-]+"  # one answer is asked: whatever joins two is understood
AND = re.compile(r"\bet\b|[,;+/&]")
LISTED = r"\bet\b|[\s,;/+&.]+"  # `1-3` may mean 1 to 3
UNITS = ("mois", "ans", "an", "jours", "jour")
YESNO = {"1": "yes", "2": "no", "o": "yes", "n": "no"}


def answer(question: Question, said: Said, sms: Sms) -> Outcome:
    """What an SMS answers to the only question that is open."""
    if said.plain in words.DONT_KNOW:
        return Answered("DK")
    return READERS[question["type"]](question, said, sms)


def _single(question: Question, said: Said, sms: Sms) -> Outcome:
    options = Options(question["options"])
    if len(said.cased) == 1:
        return _alone(options, said)
    digits, repairs = said.digits(EITHER)
    if digits:
        return _repaired(_one_of(options, digits), repairs) or _unknown(options, digits)
    letters = said.letters(EITHER)
    if len(set(letters)) > 1 and (several := _one_of(options, letters)):
        return several
    return options.said(said.tokens)


def _alone(options: Options, said: Said) -> Outcome:
    """One sign is the whole answer."""
    found = options.of(said.cased)
    if found:
        return Answered(found.value, ("accent_removed",) * said.accented + found.repairs)
    return Refused("option_unknown", {"given": [said.cased.upper()]}) if options.is_sign(said.cased) else None


def _one_of(options: Options, signs: list[str]) -> Outcome:
    """The one option that these signs stand for; none when one of them is no option."""
    found = [options.of(sign, alone=False) for sign in signs]
    known = {one.value: one for one in found if one}
    if None in found:
        return None
    return found[0] if len(known) == 1 else Refused("one_answer_only", {"given": list(known)})


def _repaired(outcome: Outcome, repairs: tuple[str, ...]) -> Outcome:
    return Answered(outcome.value, repairs + outcome.repairs) if isinstance(outcome, Answered) else outcome


def _unknown(options: Options, digits: list[str]) -> Refused:
    unknown = [digit for digit in digits if not options.of(digit)]
    return Refused("option_unknown", {"given": list(dict.fromkeys(unknown))})


def _multi(question: Question, said: Said, sms: Sms) -> Outcome:
    options = Options(question["options"])
    if len(said.cased) == 1:
        one = _alone(options, said)
        return Answered([one.value], one.repairs) if isinstance(one, Answered) else one
    digits, repairs = said.digits(LISTED)
    if digits:
        return _repaired(all_of(options, digits), repairs) or _unknown(options, digits)
    return all_of(options, said.letters(LISTED)) or _named(options, said)


def all_of(options: Options, signs: list[str]) -> Answered | None:
    """All options that signs stand for; none when one of them is no option."""
    alone = len(signs) == 1
    return _union(options, [one for sign in signs if (one := options.of(sign, alone))], len(signs))


def _union(options: Options, found: list[Answered], asked: int) -> Answered | None:
    """Several answers as one, in the order of the question; none when fewer were found than asked."""
    if not found or len(found) < asked:
        return None
    values = {one.value for one in found}
    repairs = dict.fromkeys(name for one in found for name in one.repairs)
    return Answered([key for key in options.keys if key in values], tuple(repairs))


def _named(options: Options, said: Said) -> Answered | None:
    """Options by their words, one or several."""
    whole = options.said(said.tokens)
    parts = [part for part in AND.split(said.plain) if part.strip()]
    found = [whole] if isinstance(whole, Answered) else [options.said(tokenise(part)) for part in parts]
    return _union(options, [one for one in found if isinstance(one, Answered)], len(found))


def _yesno(question: Question, said: Said, sms: Sms) -> Outcome:
    if len(said.cased) == 1:
        return _yesno_sign(said, sms)
    marks = {mark for token in said.tokens if token not in ("ou", "et") for mark in _marks(token, sms)}
    if marks == {"yes", "no"}:
        return Refused("one_answer_only", {"given": ["yes", "no"]})
    if len(marks) == 1 and None not in marks and len(said.tokens) <= 2:
        return Answered(marks.pop())
    agrees = sms.agrees() if sms.plain in words.PLACEHOLDERS else _agrees(said.cased, sms)
    if agrees is not None:
        return Answered("yes" if agrees else "no")
    return _yesno_words(question, said)


def _yesno_sign(said: Said, sms: Sms) -> Outcome:
    if said.plain in YESNO:
        return Answered(YESNO[said.plain])
    if said.cased in ONES:
        return Answered("yes", (ONES[said.cased],))
    agrees = _agrees(said.cased, sms)
    if agrees is not None:
        return Answered("yes" if agrees else "no")
    meant = said.plain.isdigit() or said.plain in "abcd"
    return Refused("option_unknown", {"given": [said.cased.upper()]}) if meant else None


def _marks(token: str, sms: Sms) -> list[str | None]:
    """What a word says, or each digit of a run; None: neither yes nor no."""
    if token.isdigit():
        return [YESNO.get(digit) for digit in token] if len(token) < LONG else [None]
    agrees = _agrees(token, sms)
    return [None if agrees is None else "yes" if agrees else "no"]


def _yesno_words(question: Question, said: Said) -> Outcome:
    """The words of an option, where the question has some."""
    found = Options(question.get("options") or {}).said(said.tokens)
    return Answered(YESNO[found.value], found.repairs) if isinstance(found, Answered) else None


def _agrees(text: str, sms: Sms) -> bool | None:
    """What at most two words say; beside a bare letter they say nothing: `c non` is one letter from `c bon`."""
    tokens = tokenise(text)
    if len(tokens) > 1 and any(len(token) == 1 and token.isalpha() for token in tokens):
        return None
    return Sms(text, sms.role, sms.context).agrees()


def _number(question: Question, said: Said, sms: Sms) -> Outcome:
    text = _without_unit(said.cased, str(question.get("unit") or ""))
    repaired = lookalikes.repair(text)
    if repaired and len(repaired[0]) < LONG:
        return within(question, int(repaired[0]), repaired[1])
    tokens = re.split(r"[ '-]+", text.lower())
    found = spelled(tokens, bambara=not sms.dogon)
    # A misspelt number would have to be asked again, and some are words of their own: set, dis, vin.
    if found and found.used == len(tokens) and not found.fuzzy:
        return within(question, found.value, ("number_words",))
    return None


def within(question: Question, value: int, repairs: tuple[str, ...] = ()) -> Answered | Refused:
    """A number, when it lies between the limits of its question."""
    low, high = question.get("min"), question.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        return Refused("out_of_range", {"given": value})
    return Answered(value, repairs)


def _without_unit(text: str, own: str) -> str:
    """A number without the unit behind it, that of the question or a common one."""
    for unit in (fold.plain(own), *UNITS):
        bare = text[: -len(unit)].rstrip() if unit and text.lower().endswith(unit) else ""
        if bare and (bare[-1].isdigit() or text[len(bare)] == " "):
            return bare
    return text


READERS: Mapping[str, Callable[[Question, Said, Sms], Outcome]] = {
    "single": _single, "multi": _multi, "yesno": _yesno, "number": _number,
}  # fmt: skip
