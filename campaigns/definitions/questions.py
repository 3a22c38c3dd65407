"""Rules of question steps: options, right answers, limits and answer texts; knows nothing of who is asked and when."""

from __future__ import annotations

from collections.abc import Iterator

from campaigns.definitions.model import Audience, Question, Step, Text
from campaigns.definitions.problems import Finding, Path

YES_NO = (1, 2)
MOST = 9  # the reader takes one digit for one option


def of_step(step: Step, _: Audience) -> Iterator[Finding]:
    """Findings about a question step, or about parts of a question in another step; the paths start at the step."""
    if step.kind != "question":
        yield from _strays(step)
    elif step.question is None:
        yield Finding(("question",), "question_missing", {})
    else:
        yield from _limits(step.question)
        yield from _right(step.question, step)
        for language, text in step.texts.items():
            yield from _options(step.question, text, ("texts", language, "options"))
            yield from _answers(step.question, text, ("texts", language))


def _strays(step: Step) -> Iterator[Finding]:
    if step.question:
        yield Finding(("question",), "question_only", {"name": "question"})
    for language, text in step.texts.items():
        for name in ("options", "right", "wrong"):
            if getattr(text, name):
                yield Finding(("texts", language, name), "question_only", {"name": name})


def _limits(question: Question) -> Iterator[Finding]:
    for name in ("min", "max"):
        value = getattr(question, name)
        if question.type == "number" and value is None:
            yield Finding(("question", name), "limits_missing", {"name": name})
        if question.type != "number" and value is not None:
            yield Finding(("question", name), "limits_only", {"name": name})
    if question.type != "number" and question.unit:
        yield Finding(("question", "unit"), "limits_only", {"name": "unit"})
    if question.min is not None and question.max is not None and question.min > question.max:
        yield Finding(("question", "min"), "limits_order", {"min": question.min, "max": question.max})


def _right(question: Question, step: Step) -> Iterator[Finding]:
    path: Path = ("question", "correct")
    if question.poll:
        if question.correct:
            yield Finding(path, "R14.poll", {"name": "correct"})
        return
    if not question.correct:
        yield Finding(("question",), "R14.correct", {})
    if question.type in ("single", "yesno") and len(question.correct) > 1:
        yield Finding(path, "R14.one", {"type": question.type, "count": len(question.correct)})
    for number in question.correct:
        if not _is_possible(number, question, step):
            yield Finding(path, "R14.unknown", {"given": number, "expected": _possible(question, step)})


def _is_possible(number: int, question: Question, step: Step) -> bool:
    if question.type == "number":
        above = question.min is None or number >= question.min
        return above and (question.max is None or number <= question.max)
    return all(number in _numbers(question, text) for text in step.texts.values())


def _possible(question: Question, step: Step) -> str:
    if question.type == "number":
        return f"{question.min}-{question.max}"
    sets = [set(_numbers(question, text)) for text in step.texts.values()]
    return ", ".join(map(str, sorted(set.intersection(*sets)))) if sets else "-"


def _numbers(question: Question, text: Text) -> tuple[int, ...]:
    return YES_NO if question.type == "yesno" else tuple(text.options or ())


def _options(question: Question, text: Text, path: Path) -> Iterator[Finding]:
    numbers = sorted(text.options or ())
    if question.type == "number":
        if numbers:
            yield Finding(path, "options_number", {})
    elif not numbers:
        # The reader knows yes and no in every language it reads: only there may the options stay unsaid.
        if question.type != "yesno":
            yield Finding(path, "options_missing", {})
    elif not _is_row(numbers, question):
        yield Finding(path, "options_count", {"given": ", ".join(map(str, numbers))})


def _is_row(numbers: list[int], question: Question) -> bool:
    most = 2 if question.type == "yesno" else MOST
    return numbers == list(range(1, len(numbers) + 1)) and 2 <= len(numbers) <= most


def _answers(question: Question, text: Text, path: Path) -> Iterator[Finding]:
    if not text.right:
        yield Finding((*path, "right"), "R14.answer", {"name": "right"})
    if question.poll and text.wrong:
        yield Finding((*path, "wrong"), "R14.poll", {"name": "wrong"})
    if not question.poll and not text.wrong:
        yield Finding((*path, "wrong"), "R14.answer", {"name": "wrong"})
