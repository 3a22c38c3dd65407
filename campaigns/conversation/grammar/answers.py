"""Answers to one open question: digits, letters by position, yes and no, numbers; pure, knows no database.

Several questions in one SMS, words of options and number words come with the whole grammar.
Source: the page on incoming SMS, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from campaigns.conversation.grammar import words
from campaigns.conversation.grammar.reading import Reading, Result
from messaging import fold

LETTERS = "abcdefgh"
ONES = {"i": "I>1", "l": "l>1", "|": "|>1"}
TAIL = re.compile(r"(?:\b(?:merci|svp|stp)\b|[\s.,;:!?\"'()\[\]])+$")
PAIR = re.compile(r"^q ?1 ?[:=.)-]? ?(.+)$")
NUMBER = re.compile(r"^(\d{1,6})(?: ?(?:mois|ans|jours|an|jour))?$")


def read_answer(text: str, dogon: bool, agrees: bool | None, context: Mapping[str, Any]) -> Result | None:
    """The answer to the one question of `context["quiz"]`; None when the text is no answer to it."""
    quiz = context.get("quiz")
    if not quiz or not (quiz.get("open") or quiz.get("late")) or len(quiz.get("questions") or ()) != 1:
        return None
    question = quiz["questions"][0]
    if context.get("event") == "missed_call":
        called = str(context.get("called"))
        known = called in {str(key) for key in question.get("options") or ()}
        return _ok(quiz, question, called, context) if known else Result((Reading("noise", "ignored"),))
    said = strip(text)
    if said in words.DONT_KNOW:
        return _ok(quiz, question, "DK", context)
    if dogon and len(said) == 1 and agrees is None and said in "eo":
        return None
    return READERS[question["type"]](quiz, question, said, agrees, context, text)


def strip(text: str) -> str:
    """The folded text without introducers, thanks and signs at its end."""
    said = TAIL.sub("", fold.plain(text).lstrip("(['\" "))
    for opening in words.INTRODUCERS:
        if said.startswith(opening):
            said = said.removeprefix(opening).lstrip(" :=")
            break
    pair = PAIR.match(said)
    return pair.group(1) if pair else said


def _single(
    quiz: Mapping[str, Any], question: Mapping[str, Any], said: str, _: bool | None, context: Any, text: str
) -> Result | None:
    options = {str(key).lower(): str(key) for key in question["options"]}
    parts = [part for part in re.split(r"[\s,/+;]+|\bou\b|\bet\b", said) if part]
    if len(parts) == 1 and len(parts[0]) == 1:
        return _one_sign(quiz, question, options, parts[0], context, text)
    digits = list(dict.fromkeys("".join(parts))) if parts and all(part.isdigit() for part in parts) else []
    if digits:
        return _several(quiz, question, options, digits, context)
    letters = [part for part in parts if len(part) == 1 and part in LETTERS]
    if parts and len(letters) == len(parts):
        at = [str(LETTERS.index(letter) + 1) for letter in dict.fromkeys(letters)]
        return _several(quiz, question, options, at, context) if set(at) <= set(options) else None
    first = re.match(r"^(\d)\b ?(.*)$", said)
    if first and first.group(1) in options and _is_of(question, first.group(1), first.group(2)):
        return _ok(quiz, question, options[first.group(1)], context)
    whole = [key for key, option in question["options"].items() if fold.plain(str(option)) == said]
    return _ok(quiz, question, str(whole[0]), context, ("option_words",)) if len(whole) == 1 else None


def _one_sign(
    quiz: Mapping[str, Any], question: Mapping[str, Any], options: Mapping[str, str], sign: str, context: Any, text: str
) -> Result | None:
    if sign in options:
        return _ok(quiz, question, options[sign], context)
    if sign in ONES and "1" in options:
        return _ok(quiz, question, "1", context, (ONES[sign if sign != "i" or "I" in text else "i"],))
    if sign in LETTERS:
        at = str(LETTERS.index(sign) + 1)
        if at in options:
            return _ok(quiz, question, at, context, ("letter_for_number",))
        return _wrong(quiz, "option_unknown", [sign.upper()])
    return _wrong(quiz, "option_unknown", [sign]) if sign.isdigit() else None


def _several(
    quiz: Mapping[str, Any], question: Mapping[str, Any], options: Mapping[str, str], digits: list[str], context: Any
) -> Result:
    if not set(digits) <= set(options):
        return _wrong(quiz, "option_unknown", digits)
    if len(digits) == 1:
        return _ok(quiz, question, options[digits[0]], context)
    return _wrong(quiz, "one_answer_only", digits)


def _is_of(question: Mapping[str, Any], key: str, said: str) -> bool:
    option = set(fold.words(fold.plain(str(question["options"].get(key) or question["options"].get(int(key), "")))))
    return bool(said) and set(fold.words(said)) <= option


def _multi(
    quiz: Mapping[str, Any], question: Mapping[str, Any], said: str, _: bool | None, context: Any, text: str
) -> Result | None:
    options = {str(key).lower(): str(key) for key in question["options"]}
    signs = list(re.sub(r"\bet\b|[\s,/+;]", "", said))
    if not signs or not (all(sign.isdigit() for sign in signs) or all(sign in LETTERS for sign in signs)):
        return None
    by_letter = not signs[0].isdigit()
    keys = [str(LETTERS.index(sign) + 1) for sign in signs] if by_letter else signs
    if not set(keys) <= set(options):
        return None if by_letter else _wrong(quiz, "option_unknown", [key for key in keys if key not in options])
    value = sorted({options[key] for key in keys})
    return _ok(quiz, question, value, context, ("letter_for_number",) if by_letter else ())


def _yesno(
    quiz: Mapping[str, Any], question: Mapping[str, Any], said: str, agrees: bool | None, context: Any, text: str
) -> Result | None:
    one = {"1": "yes", "2": "no", "o": "yes", "n": "no", "i": "yes", "l": "yes", "|": "yes"}.get(said)
    if one:
        return _ok(quiz, question, one, context, (ONES[said],) if said in ONES else ())
    if agrees is not None:
        return _ok(quiz, question, "yes" if agrees else "no", context)
    if re.fullmatch(r"(?:1|oui)\W*(?:ou\W*)?(?:2|non)", said):
        return _wrong(quiz, "one_answer_only", ["yes", "no"])
    if len(said) == 1 and (said.isdigit() or said in "abcd"):
        return _wrong(quiz, "option_unknown", [said.upper()])
    return None


def _number(
    quiz: Mapping[str, Any], question: Mapping[str, Any], said: str, _: bool | None, context: Any, text: str
) -> Result | None:
    hit = NUMBER.match(said)
    if not hit:
        return None
    value = int(hit.group(1))
    low, high = question.get("min"), question.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        return Result(
            (Reading("quiz_answer", "error", {"quiz": quiz["id"], "given": value}, "out_of_range"),), "quiz.range"
        )
    return _ok(quiz, question, value, context)


def _ok(
    quiz: Mapping[str, Any], question: Mapping[str, Any], value: Any, context: Mapping[str, Any],
    repairs: tuple[str, ...] = (),
) -> Result:  # fmt: skip
    fields: dict[str, Any] = {"quiz": quiz["id"], "answers": {str(question["n"]): value}}
    if context.get("phone_members"):
        fields["person"] = None
    if quiz.get("late"):
        return Result((Reading("quiz_answer", "late", fields, repairs=repairs),), "quiz.closed")
    return Result((Reading("quiz_answer", "ok", fields, repairs=repairs),), "quiz.feedback")


def _wrong(quiz: Mapping[str, Any], error: str, given: list[str]) -> Result:
    reply = "quiz.one_only" if error == "one_answer_only" else "quiz.options"
    return Result((Reading("quiz_answer", "error", {"quiz": quiz["id"], "given": given}, error),), reply)


READERS = {"single": _single, "multi": _multi, "yesno": _yesno, "number": _number}
