"""Answers to the last question SMS: who answered, which question, what is still open; pure, knows no database.

Source: the page on incoming SMS, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from campaigns.conversation.grammar import pairs, questions, said
from campaigns.conversation.grammar.options import Answered, Outcome, Refused
from campaigns.conversation.grammar.pairs import Several
from campaigns.conversation.grammar.questions import Question
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.said import Said
from campaigns.conversation.grammar.sms import Sms

NUMBERED = re.compile(r"q ?(?P<n>\d{1,2})(?: ?[:=.)-] ?| |(?=[a-z]))(?P<value>(?!.*\bq ?\d).+)", re.IGNORECASE)
NOISE = Result((Reading("noise", "ignored"),))  # a call on a number that stands for no option
REPLIES = {
    "one_answer_only": "quiz.one_only", "conflicting_answers": "quiz.one_only", "out_of_range": "quiz.range",
}  # fmt: skip


def read_answer(sms: Sms) -> Result | None:
    """Read an answer to the questions of `quiz`, open or late; None when the SMS is none.

    A missed call answers the first question with `called`: a digit or a letter, as if it had been written.
    """
    quiz = sms.context.get("quiz") or {}
    asked: Sequence[Question] = quiz.get("questions") or ()
    if not asked or not (quiz.get("open") or quiz.get("late")):
        return None
    if sms.context.get("event") == "missed_call":
        called = Said(str(sms.context.get("called") or ""), "")
        found = _several(asked[0], questions.answer(asked[0], called, sms))
        return _result(sms, quiz, asked, found, None) if isinstance(found, Several) else NOISE
    phrase, person = said.of(sms)
    if not phrase.cased:
        return None
    outcome = _one(asked[0], phrase, sms) if len(asked) == 1 else pairs.read(asked, phrase)
    return _result(sms, quiz, asked, outcome, person) if outcome else None


def _one(question: Question, phrase: Said, sms: Sms) -> Several | Refused | None:
    """The answer to the only question, also behind its number."""
    numbered = NUMBERED.fullmatch(phrase.cased)
    if numbered and int(numbered["n"]) == question["n"]:
        return _several(question, questions.answer(question, replace(phrase, cased=numbered["value"]), sms))
    if re.match(r"q ?\d", phrase.plain):
        return pairs.read([question], phrase)
    return _several(question, questions.answer(question, phrase, sms))


def _several(question: Question, outcome: Outcome) -> Several | Refused | None:
    if isinstance(outcome, Answered):
        return Several({int(question["n"]): outcome.value}, outcome.repairs)
    return outcome


def _result(
    sms: Sms, quiz: Mapping[str, Any], asked: Sequence[Question], outcome: Several | Refused, person: str | None
) -> Result:
    if isinstance(outcome, Refused):
        reading = Reading("quiz_answer", "error", {"quiz": quiz["id"], **outcome.fields}, outcome.error)
        return Result((reading,), REPLIES.get(outcome.error, "quiz.options"))
    fields: dict[str, Any] = {"quiz": quiz["id"], "answers": {str(n): value for n, value in outcome.values.items()}}
    if sms.context.get("phone_members"):
        fields["person"] = person
    if quiz.get("late"):
        return Result((Reading("quiz_answer", "late", fields, repairs=outcome.repairs),), "quiz.closed")
    if len(outcome.values) < len(asked):
        return Result((Reading("quiz_answer", "partial", fields, repairs=outcome.repairs),), "quiz.remaining")
    return Result((Reading("quiz_answer", "ok", fields, repairs=outcome.repairs),), "quiz.feedback")
