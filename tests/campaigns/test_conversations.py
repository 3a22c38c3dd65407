"""Conversations as SMS transcripts, from the stored SMS to the answer on the phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from messaging.models.people import ClubKind
from tests.script import Script
from tests.world import World, hygiene

FOLDER = Path(__file__).parent.parent / "conversations"
NUMBERS = {"awa": "+22370000001", "binta": "+22370000002", "fanta": "+22370000009", "inconnu": "+22370000077"}
DAILY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@pytest.fixture
def script(installation, world: World) -> Script:
    """Two members who get a daily message, a facilitator, a stranger."""
    world.club("1041", ClubKind.LISTENERS_CLUB, NUMBERS["fanta"])
    world.member(NUMBERS["awa"], club="1041")
    world.member(NUMBERS["binta"], club="1041")
    world.campaign(hygiene(when={"weekly": DAILY}))
    return Script(installation, NUMBERS, world.now)


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_conversation(script: Script, name: str) -> None:
    script.play((FOLDER / f"{name}.txt").read_text(encoding="utf-8"))


QUESTION = {
    "kind": "question", "question": {"type": "single", "correct": [1], "closes": "1d"}, "one_act": False,
    "texts": {"fr": {
        "sms": "Sans savon, que prendre? 1 la cendre 2 rien", "read_aloud": "Sans savon, que prendre ?",
        "options": {"1": "la cendre", "2": "rien"}, "right": "Oui: la cendre.", "wrong": "Non: prenez la cendre.",
    }},
}  # fmt: skip


def test_a_question_is_answered_in_any_form_and_late_answers_are_told_apart(installation, world: World) -> None:
    world.member(NUMBERS["awa"])
    world.member(NUMBERS["binta"])
    world.campaign(hygiene(**QUESTION))
    Script(installation, NUMBERS, world.now).play(
        """
        @ 2026-03-12 17:30
        awa < Sans savon, que prendre? 1 la cendre 2 rien
        awa > 2
        awa < Non: prenez la cendre.
        awa > la réponse est A svp
        awa < Oui: la cendre.
        awa > 1 ou 2
        awa < Une seule reponse svp: 1 ou 2
        awa > 7
        awa < Repondez par 1 ou 2
        awa > a ka ɲi
        awa < Message recu. Merci.
        @ 2026-03-14 09:00
        binta < Sans savon, que prendre? 1 la cendre 2 rien
        binta > 1
        binta < Merci. Le quiz est ferme, votre reponse est gardee.
        """
    )


def test_the_same_sms_twice_is_answered_once(script: Script) -> None:
    script.turn()
    script.seen = {"awa": 1}
    script.write("awa", "merci", "same")
    script.write("awa", "merci", "same")
    script.expect("awa", "Merci a vous.")
    script.expect("awa", "")
