"""What becomes of an answer: stored in full, answered in the words of the question, others by the catalogue."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from campaigns.models import Answer
from messaging import inbox
from messaging.models import Gateway, Message, Text, TextState
from messaging.models.post import Kind
from tests.script import Script
from tests.world import World, hygiene

AWA = "+22370000001"
TEXT = {
    "sms": "Sans savon, que prendre? 1 la cendre 2 rien 3 du sable", "read_aloud": "Sans savon, que prendre ?",
    "options": {"1": "la cendre", "2": "rien", "3": "du sable"}, "right": "Oui: la cendre.", "wrong": "Non: la cendre.",
}  # fmt: skip


def ask(world: World, sms: str = TEXT["sms"], options: dict[str, str] | None = None, **block: Any) -> None:  # type: ignore[assignment]
    """Ask everybody one question today; the block says of what type and what is right."""
    text = {**TEXT, "sms": sms, "options": TEXT["options"] if options is None else options}
    if not text["options"]:
        del text["options"]
    body = {"kind": "question", "one_act": False, "question": {"closes": "1d", **block}, "texts": {"fr": text}}
    world.campaign(hygiene(**body))


@pytest.fixture
def script(installation: Any, world: World) -> Script:
    world.member(AWA)
    return Script(installation, {"awa": AWA}, world.now)


def answers(world: World) -> list[tuple[str, bool | None, bool]]:
    with world.db.read() as session:
        rows = session.execute(sa.select(Answer.value, Answer.correct, Answer.late).order_by(Answer.id))
        return [tuple(row) for row in rows]


def test_right_wrong_and_not_known_are_answered_in_the_words_of_the_question(script: Script, world: World) -> None:
    ask(world, type="single", correct=[1])
    script.play(f"""
        @ 2026-03-12 17:30
        awa < {TEXT["sms"]}
        awa > le sable
        awa < Non: la cendre.
        awa > jsp
        awa < Non: la cendre.
        awa > c'est la cendre svp
        awa < Oui: la cendre.
    """)
    assert answers(world) == [("3", False, False), ("DK", None, False), ("1", True, False)]


def test_several_options_are_right_only_together(script: Script, world: World) -> None:
    ask(world, type="multi", correct=[1, 3])
    script.play(f"""
        @ 2026-03-12 17:30
        awa < {TEXT["sms"]}
        awa > 3 et 1
        awa < Oui: la cendre.
        awa > 1
        awa < Non: la cendre.
        awa > ABC
        awa < Non: la cendre.
    """)
    assert answers(world) == [("1 3", True, False), ("1", False, False), ("1 2 3", False, False)]


def test_yes_and_no(script: Script, world: World) -> None:
    sms = "Faut-il du savon? 1 OUI 2 NON"
    ask(world, sms, {}, type="yesno", correct=[2])
    script.play(f"@ 2026-03-12 17:30\nawa < {sms}\nawa > oui\nawa < Non: la cendre.\nawa > ayi\nawa < Oui: la cendre.")
    assert answers(world) == [("yes", False, False), ("no", True, False)]


def test_a_number(script: Script, world: World) -> None:
    sms = "Combien de fois laver les mains?"
    ask(world, sms, {}, type="number", correct=[5, 6], min=0, max=20)
    script.play(f"@ 2026-03-12 17:30\nawa < {sms}\nawa > six\nawa < Oui: la cendre.\nawa > 19\nawa < Non: la cendre.")
    assert answers(world) == [("6", True, False), ("19", False, False)]


def test_a_late_answer_is_kept_and_told_so(script: Script, world: World) -> None:
    ask(world, type="single", correct=[1])
    script.play("@ 2026-03-12 17:30")
    script.seen["awa"] = 1
    script.play("@ 2026-03-14 09:00\nawa > 1")
    assert answers(world) == [("1", True, True)]
    assert script.sent(AWA)[1] != "Oui: la cendre."


@pytest.mark.parametrize(("adapter", "said"), [("simulator", True), ("android", False)])
def test_words_that_nobody_approves_any_more_stay_on_the_simulator(
    script: Script, world: World, adapter: str, said: bool
) -> None:
    """A text that was taken back after it had been asked: on a real road the catalogue answers in its place."""
    ask(world, type="single", correct=[1])
    script.play("@ 2026-03-12 17:30")
    with world.db.write() as session:
        for text in session.scalars(sa.select(Text)):
            text.state = TextState.DRAFT
        session.get_one(Gateway, 1).adapter = adapter
    arrival = script.here.adapters.book.write(AWA, "1", script.now, "one")
    inbox.receive(world.db, "simulator", [arrival])
    script.turn_of_conversation()
    with world.db.read() as session:
        reply = session.scalar(sa.select(Message.body).where(Message.kind == Kind.REPLY))
    assert reply is not None and (reply == TEXT["right"]) is said
    assert answers(world) == [("1", True, False)]
