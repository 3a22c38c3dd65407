"""Questions of one code are compared between waves: so they ask the same, in waves that differ."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns import simulation
from campaigns.definitions import Definition, consistency, read
from campaigns.definitions.model import Step
from campaigns.library import files

SMS = "Sans savon, que prendre? 1 la cendre 2 rien"


def step(name: str, wave: str, *, sms: str = SMS, options: str = "rien", **block: Any) -> dict[str, Any]:
    return {
        "step": name, "kind": "question", "when": {"date": "2026-03-12"}, "hour": "17:30", "facts": ["HY3"],
        "question": {"type": "single", "correct": [1], "wave": wave, **block},
        "texts": {"fr": {"sms": sms, "options": {"1": "la cendre", "2": options}, "right": "Oui.", "wrong": "Non."}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("label", "steps", "found"),
    [
        ("the same in two waves", [step("avant", "pre", code="cendre"), step("apres", "post", code="cendre")], []),
        ("the step's own code", [step("avant", "pre"), step("apres", "post", code="avant")], []),
        ("other codes are not compared", [step("avant", "pre"), step("apres", "pre", sms="Et toi?")], []),
        ("one wave", [step("avant", "pre", code="cendre"), step("apres", "pre", code="cendre")],
         [("question_wave", {"code": "cendre", "step": "apres", "other": "avant", "wave": "pre"})]),
        ("a step's code in one wave", [step("avant", "pre"), step("apres", "pre", code="avant")],
         [("question_wave", {"code": "avant", "step": "apres", "other": "avant", "wave": "pre"})]),
        ("other words", [step("avant", "pre", code="cendre"),
         step("apres", "post", code="cendre", sms=SMS + "?")],
         [("question_words", {"code": "cendre", "step": "apres", "other": "avant", "field": "texts/fr/sms"})]),
        ("another option", [step("avant", "pre", code="cendre"),
         step("apres", "post", code="cendre", options="du sable")],
         [("question_words", {"code": "cendre", "step": "apres", "other": "avant", "field": "texts/fr/options"})]),
        ("another right answer", [step("avant", "pre", code="cendre"),
         step("apres", "post", code="cendre", correct=[2])],
         [("question_words", {"code": "cendre", "step": "apres", "other": "avant", "field": "correct"})]),
    ],
)  # fmt: skip
def test_questions_of_one_code(label: str, steps: list[dict[str, Any]], found: list[Any]) -> None:
    head = {"campaign": "essai", "title": {"fr": "Essai"}, "topic": "hygiene", "pillar": "social"}
    problems = consistency.of_campaign(Definition.model_validate({**head, "steps": tuple(steps)}))
    assert [(one.key, one.values) for one in problems] == found


def test_the_error_names_both_steps_in_both_languages() -> None:
    head = {"campaign": "essai", "title": {"fr": "Essai"}, "topic": "hygiene", "pillar": "social"}
    steps = [step("avant", "pre", code="cendre"), step("apres", "post", code="cendre", sms=SMS + "?")]
    (problem,) = consistency.of_campaign(Definition.model_validate({**head, "steps": tuple(steps)}))
    for said in (problem.say("fr"), problem.say("en")):
        assert "avant" in said
        assert "apres" in said


def test_the_library_asks_three_questions_before_and_after() -> None:
    path = next(path for path in files() if path.stem == "savoirs-bandiagara")
    whole, _ = read(path.read_text(encoding="utf-8"), path.name)
    assert whole is not None
    asked = {(one.question.wave, one.question.code): one.when.after_enrolment for one in whole.steps if one.question}
    codes = ["savoir-vitamine-a", "savoir-cendre", "savoir-diarrhee"]
    assert list(asked) == [(wave, code) for wave in ("pre", "post") for code in codes]
    assert [(asked["post", code] or 0) - (asked["pre", code] or 0) for code in codes] == [41, 42, 44]


def test_invented_people_know_more_after_than_before() -> None:
    right = {wave: sum(_answer(place, wave) == "1" for place in range(4000)) for wave in ("pre", "practice", "post")}
    assert right["pre"] < right["practice"] < right["post"]


def _answer(place: int, wave: str) -> str | None:
    said = Step.model_validate(step("avant", wave)).model_dump(mode="json")
    found = simulation.decide("1", place, "7/once", simulation.Kind.CAMPAIGN, said)
    return found[0] if found else None
