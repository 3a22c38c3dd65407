"""The reader against the worked examples of the page on incoming SMS, as far as it reads yet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.cli.passes import dogon_codes
from campaigns.conversation.grammar import read

EXAMPLES = json.loads((Path(__file__).parent.parent / "data" / "inbound_examples.json").read_text(encoding="utf-8"))
READ = {"stop", "start", "help", "consent", "sensitive", "feedback", "unknown", "noise"}  # whole intents, so far
SEVERAL = {"A B C", "a,b,c", "AB", "1A 2B 3C", "1)a 2)b 3)c", "Q1 A Q1 B", "Q1 2 Q2 3", "12"}  # several questions
LETTERED = {"1", "à", "B ou C", "lait", "ACD", "A C D", "a+c+d"}  # options that are letters, or words of options


def is_read(example: dict) -> bool:
    intent = example["expected"]["readings"][0]["intent"]
    quiz = intent == "quiz_answer" and example["text"] not in SEVERAL | LETTERED
    return intent in READ or quiz


CASES = [example for example in EXAMPLES if is_read(example)]


def result(text: str, role: str, context: dict) -> dict:
    return read(text, role, {**context, "dogon": context.get("lang") in dogon_codes()}).as_json()  # type: ignore[arg-type]


@pytest.mark.parametrize("example", CASES, ids=[f"{n}: {case['text'][:30]}" for n, case in enumerate(CASES)])
def test_example(example: dict) -> None:
    got = result(example["text"], example["role"], example["context"])
    for reading in (*got["readings"], *example["expected"]["readings"]):
        reading["repairs"] = sorted(reading.get("repairs", []))
    assert got == example["expected"]


def test_enough_of_the_examples_is_read() -> None:
    assert len(CASES) >= 70


@given(st.text(), st.sampled_from(["facilitator", "advisor", "radio", "member", "unknown", "operator"]))
def test_no_text_ever_raises_and_reading_twice_gives_the_same(text: str, role: str) -> None:
    quiz = {
        "id": "q",
        "open": True,
        "late": False,
        "questions": [{"n": 1, "type": "single", "options": {"1": "a", "2": "b"}}],
    }
    context = {"now": "2026-03-12T17:30:00Z", "quiz": quiz}
    assert result(text, role, context) == result(text, role, context)


@pytest.mark.parametrize("kind", ["single", "multi", "yesno", "number"])
@given(text=st.text(alphabet="0123456789abcdil|oON ,./+ouietQ1", max_size=12))
def test_every_kind_of_question_takes_any_answer(kind: str, text: str) -> None:
    question = {"n": 1, "type": kind, "options": {"1": "eau", "2": "savon"}, "min": 0, "max": 20}
    found = result(text, "member", {"quiz": {"id": "q", "open": True, "late": False, "questions": [question]}})
    assert found["readings"]
