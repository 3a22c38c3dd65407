"""Conversations as SMS transcripts, from the stored SMS to the answer on the phone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from messaging import inbox
from messaging.models import Consent, Facilitator, FacilitatorClub, Phone
from messaging.models.people import ClubKind
from tests.script import Script
from tests.world import World, hygiene

FOLDER = Path(__file__).parent.parent / "conversations"
NUMBERS = {
    "awa": "+22370000001", "binta": "+22370000002", "fanta": "+22370000009", "moussa": "+22370000008",
    "inconnu": "+22370000077", "kadia": "+22371000001", "sidiki": "+22371000009", "yaiye": "+22372000001",
    "amadingue": "+22372000009",
}  # fmt: skip
DAILY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@pytest.fixture
def script(installation, world: World) -> Script:
    """Two members who get a daily message, two facilitators, one of them of two clubs, a stranger; Kadia and Sidiki,
    member and facilitator, speak Bambara, Yaiye and Amadingue Toro So."""
    world.club("1041", ClubKind.LISTENERS_CLUB, NUMBERS["fanta"])
    world.club("1055", facilitator=NUMBERS["moussa"])
    other = world.club("2035")
    with world.db.write() as session:
        moussa = session.scalars(
            sa.select(Facilitator.id).where(Facilitator.phone_id == world.phones[NUMBERS["moussa"]])
        ).one()
        session.add(FacilitatorClub(facilitator_id=moussa, club_id=other))
    world.member(NUMBERS["awa"], club="1041")
    world.member(NUMBERS["binta"], club="1041")
    for language, code, leader, member in (("bm", "4025", "sidiki", "kadia"), ("dts", "4017", "amadingue", "yaiye")):
        world.club(code, ClubKind.LISTENERS_CLUB, NUMBERS[leader], language)
        world.member(NUMBERS[member], language, club=code)
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


def test_the_last_stop_wins_over_a_yes_that_waited_to_be_read(script: Script, world: World) -> None:
    script.play("@ 2026-03-12 17:30\nawa < Lavez les mains au savon ou a la cendre.\nawa > STOP")
    arrivals = []
    for second, text in enumerate(("reprendre", "OUI", "STOP"), 1):  # stored in a burst, read together afterwards
        at = script.now + timedelta(seconds=second)
        arrivals.append(script.here.adapters.book.write(NUMBERS["awa"], text, at, f"burst-{second}"))
    inbox.receive(world.db, "simulator", arrivals)
    script.now += timedelta(seconds=10)
    script.turn()
    with world.db.read() as session:
        assert session.get_one(Phone, world.phones[NUMBERS["awa"]]).opted_out_at is not None
    script.play("awa < C'est fait. Plus de messages. Pour reprendre: REPRENDRE\nawa < Message recu. Merci.")
    script.play("@ 2026-03-13 17:30\nawa <")


def test_on_a_shared_phone_nobody_consents_for_another(script: Script, world: World) -> None:
    other = world.member(NUMBERS["awa"], consent=False)
    script.play("@ 2026-03-12 17:30\nawa < Lavez les mains au savon ou a la cendre.\nawa > reprendre")
    script.write("awa", "OUI")
    with world.db.read() as session:
        assert session.scalars(sa.select(Consent).where(Consent.member_id == other)).all() == []
