"""The reader against the worked examples of the page on incoming SMS: as a function and through the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.cli.read import read as read_command
from campaigns.conversation.grammar import read
from campaigns.conversation.grammar.reading import Role

EXAMPLES = json.loads((Path(__file__).parent.parent / "data" / "inbound_examples.json").read_text(encoding="utf-8"))
NAMES = [f"{n}: {case['text'][:30]}" for n, case in enumerate(EXAMPLES)]
ROLES: tuple[Role, ...] = ("facilitator", "advisor", "radio", "member", "unknown", "operator")


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    """A result with its repairs as a set: their order is free."""
    readings = [{**reading, "repairs": sorted(reading.get("repairs", []))} for reading in result["readings"]]
    return {**result, "readings": readings}


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_example(example: dict[str, Any]) -> None:
    got = read(example["text"], example["role"], example["context"]).as_json()
    assert comparable(got) == comparable(example["expected"])


def test_every_example_through_the_command() -> None:
    lines = "".join(json.dumps(example) + "\n" for example in EXAMPLES)
    done = CliRunner().invoke(read_command, ["--json"], input=lines.encode())
    assert (done.exit_code, done.stderr) == (0, "")
    got = [comparable(json.loads(line)) for line in done.stdout.splitlines()]
    wrong = [
        (example["text"], one)
        for example, one in zip(EXAMPLES, got, strict=True)
        if one != comparable(example["expected"])
    ]
    assert wrong == []


# --- any text, from anybody, whatever is known

WORDS = [
    *("PRES", "ECOUTE", "VISITE", "CORR", "PRIX", "PLUIE", "CAISSE", "PEPINIERE", "RAVAGEUR", "MAINS", "QUIZ"),
    *("DECISION", "RAD", "RECU", "PAS RECU", "JOIN", "AVIS", "PLAINTE", "QUESTION", "LANGUE", "AIDE", "START"),
    *("FICHE", "MES INFOS", "EFFACER", "STOP", "oui", "non", "bonjour", "merci", "svp", "mais", "mil", "moringa"),
    *("F12", "H8", "T20", "1041", "1O41", "1401", "l2", "12,5mm", "25 000 F", "E12", "hier", "10/03", "31/02"),
    *(
        "Q1",
        "1=12",
        "A",
        "B",
        "2",
        "douze",
        "tan ni fila",
        "bambara",
        "dogon",
        "?",
        "|",
        "'",
        "\u200b",
        "é",
        "😀",
        "\n",
    ),
    *("70061482", "Dourou", "attaque", "argent", "agent", "99999999999", "dogon donno so", "ok", "NON", "panne"),
]
SPOKEN = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
GLUED = st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=4)), max_size=9).map("".join)
TEXTS = st.one_of(st.text(), SPOKEN, GLUED)
REPORT = st.fixed_dictionaries(
    {"club": st.sampled_from(["1041", "1055"]), "date": st.sampled_from(["2026-03-12", "2026-03-11"]),
     "women": st.integers(0, 30), "men": st.integers(0, 30)}
)  # fmt: skip
OPTIONS = st.sampled_from([{"1": "eau", "2": "savon"}, {"A": "lait", "B": "lait et eau", "C": "tisane"}])
QUESTION = st.fixed_dictionaries(
    {"n": st.integers(1, 3), "type": st.sampled_from(["single", "multi", "number", "yesno"]), "options": OPTIONS,
     "min": st.just(0), "max": st.integers(1, 99)}
)  # fmt: skip
QUIZ = st.fixed_dictionaries(
    {"id": st.just("Q"), "open": st.booleans(), "late": st.booleans(), "questions": st.lists(QUESTION, max_size=3)}
)
KINDS = [
    *("consent", "attendance_club", "attendance_partial", "report_total", "attendance_confirm", "hands_confirm"),
    *("price_confirm", "feedback_text", "language_menu", "join_village", "join_commune", "erase", "case_closed"),
    *("decision_kept", "new_number", "quorum", "new_sim", "something new"),
]
PENDING = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)},
    optional={
        "club": st.sampled_from(["1041", None]), "date": st.just("2026-03-12"), "women": st.integers(0, 30),
        "men": st.integers(0, 30), "total": st.integers(0, 60), "episode": st.integers(1, 20),
        "intent": st.sampled_from(["attendance", "listening", "visit"]), "text_version": st.just("1"),
        "category": st.just("question"), "options": st.sampled_from([["fr", "bm"], {"1": "fr"}]),
        "village": st.just("Dourou"), "communes": st.just(["Dourou", "Metoumou"]), "case": st.just(7),
        "request": st.just(3), "decision": st.just(5), "prices": st.just({"mais": 12500}), "market": st.just("KITA"),
        "counts": st.just({"1": 12}), "question": st.just(3), "quiz": st.just("Q"), "old": st.just(1),
    },
)  # fmt: skip
CONTEXT = st.fixed_dictionaries(
    {"now": st.just("2026-03-12T17:30:00Z")},
    optional={
        "lang": st.sampled_from(["fr", "bm", "dts", "ffm"]), "clubs": st.sampled_from([[], ["1041"], ["1041", "1055"]]),
        "club_size": st.sampled_from([25, {"1041": 12}]), "member_clubs": st.just(["1041"]),
        "existing": st.one_of(REPORT, st.lists(REPORT, max_size=2)), "pending": PENDING, "quiz": QUIZ,
        "phone_members": st.just(["Awa", "Moussa"]), "event": st.just("missed_call"),
        "called": st.sampled_from(["1", "A"]),
        "villages": st.just({"dourou": ["Dourou", "Metoumou"], "bendougouni": ["Bendougouba"]}),
        "opted_out": st.booleans(), "market": st.just("KITA"), "station": st.just("R01"), "distribution": st.just("D3"),
    },
)  # fmt: skip
STATUSES = {"ok", "confirm", "pending", "error", "partial", "late", "ignored"}


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.sampled_from(ROLES), CONTEXT)
def test_every_text_is_read_and_twice_the_same(text: str, role: Role, context: dict[str, Any]) -> None:
    first = read(text, role, context).as_json()
    assert first == read(text, role, context).as_json()
    assert first["readings"]
    for reading in first["readings"]:
        assert reading["status"] in STATUSES
        assert ("error" in reading) or reading["status"] != "error"
        assert "repairs" not in reading or (reading["status"] != "error" and reading["repairs"])
        assert len(reading.get("repairs", [])) == len(set(reading.get("repairs", [])))
    is_silent = {reading["intent"] for reading in first["readings"]} == {"noise"}
    assert ("reply" in first) != is_silent
    json.dumps(first)
