"""Scenario 19: an answer in any form, or a missed call, is read; the advice returns in her language within 10 s."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaigns.models import Answer
from messaging.models import Gateway, Inbound, Message
from tests.script import Script
from tests.wire import wired
from tests.world import World, hygiene

AWA, BINTA = "+22370000001", "+22370000002"
ASKED = "Jusqu'a quel mois le bebe prend seulement le lait du sein? Repondez le nombre de mois."
MILK = {
    "step": "lait", "kind": "question", "one_act": False, "facts": ["BF3"],
    "question": {"type": "number", "min": 0, "max": 24, "unit": "mois", "correct": [6], "closes": "2d"},
    "texts": {
        "fr": {
            "sms": ASKED, "read_aloud": "Jusqu'à quel mois seulement le lait ?",
            "right": "Oui: 6 mois, meme pas d'eau.", "wrong": "C'est 6 mois: le lait seul, meme pas d'eau.",
        },
        # Not a sentence of any language: only that it is not French is asked here.
        "bm": {"sms": "xx 0-24?", "read_aloud": "xx 0-24?", "right": "xx 6 OK", "wrong": "xx 6"},
    },
}  # fmt: skip
CHOICE = {
    "kind": "question", "one_act": False, "question": {"type": "single", "correct": [1], "closes": "1d"},
    "texts": {"fr": {
        "sms": "Sans savon, que prendre? 1 la cendre 2 rien", "read_aloud": "Sans savon, que prendre ?",
        "options": {"1": "la cendre", "2": "rien"}, "right": "Oui: la cendre.", "wrong": "Non: prenez la cendre.",
    }},
}  # fmt: skip
WITHIN = timedelta(seconds=10)


@pytest.mark.parametrize("typed", ["6mois", "six", "Q1 6", "6", "C'est 6 mois svp"])
def test_the_number_is_read_and_the_advice_comes_back(installation, world: World, typed: str) -> None:
    world.member(AWA)
    world.campaign(hygiene(**MILK))
    with wired(Script(installation, {"awa": AWA}, world.now)) as wire:
        wire.turn()
        wire.expect("awa", ASKED)
        wire.write("awa", typed)
        wire.expect("awa", "Oui: 6 mois, meme pas d'eau.")
        wire.expect("awa", "")
    assert answers(world) == [("6", True)]
    assert_quick(world)


def test_the_advice_comes_in_her_language(installation, world: World) -> None:
    world.member(AWA, "bm")
    world.campaign(hygiene(**MILK))
    with wired(Script(installation, {"awa": AWA}, world.now)) as wire:
        wire.turn()
        wire.expect("awa", "xx 0-24?")
        wire.write("awa", "wooro")
        wire.expect("awa", "xx 6 OK")


def test_a_neighbour_calls_the_number_of_an_answer_and_hangs_up(installation, world: World) -> None:
    world.member(AWA)
    world.member(BINTA)
    world.campaign(hygiene(**CHOICE))
    Script(installation, {"awa": AWA, "binta": BINTA}, world.now).play("""
        @ 2026-03-12 17:30
        awa < Sans savon, que prendre? 1 la cendre 2 rien
        binta < Sans savon, que prendre? 1 la cendre 2 rien
        binta beeps 2
        binta < Non: prenez la cendre.
        binta beeps B
        binta < Non: prenez la cendre.
        awa beeps 1
        awa < Oui: la cendre.
        awa beeps 9
        awa <
    """)
    assert answers(world) == [("2", False), ("2", False), ("1", True)]
    assert_quick(world)


def test_the_first_sms_of_a_paid_line_tells_its_price(installation, world: World) -> None:
    """On a gateway where an answer costs its sender money, JOIN says how much before anybody is asked anything."""
    world.club("1041")
    with world.db.write() as session:
        session.get_one(Gateway, 1).answer_cost = "25"
    Script(installation, {"awa": AWA}, world.now).play("""
        awa > JOIN 1041
        awa < Info club: messages du club 1041, 25 FCFA par SMS. Accepter? OUI, NON ou INFO. Arreter a tout moment: STOP
    """)


def answers(world: World) -> list[tuple[str, bool | None]]:
    with world.db.read() as session:
        rows = session.execute(sa.select(Answer.value, Answer.correct).order_by(Answer.id)).all()
    return [tuple(row) for row in rows]


def assert_quick(world: World) -> None:
    with world.db.read() as session:
        query = sa.select(Message.handed_over_at, Inbound.received_at).join(Inbound, Inbound.id == Message.inbound_id)
        rows = session.execute(query).all()
    assert rows and all(left - came <= WITHIN for left, came in rows)
