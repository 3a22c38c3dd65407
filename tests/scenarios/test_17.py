"""Scenario 17: she lost her phone; quarantine holds both ways, and her new SIM works after one confirmation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from messaging import people, quarantine
from messaging.models import Inbound, Message, Programme
from messaging.models.people import Quarantine
from tests.script import Script
from tests.world import World, hygiene

FANTA = {"fanta": "+22370000009", "nouvelle": "+22376000002"}
DAILY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
BEFORE = """
    @ 2026-03-12 17:30
    fanta < Lavez les mains au savon ou a la cendre.
    fanta > merci
    fanta < Merci a vous.
"""
LOST = """
    # somebody found it and writes; the daily text is due
    fanta > aide
    @ 2026-03-13 17:30
    fanta <
"""
ASKED = """
    nouvelle < Info club: cette carte SIM remplace-t-elle votre ancienne carte? Repondez OUI ou NON. Arreter: STOP
    nouvelle > Oui
    nouvelle < Merci, c'est note: cette carte remplace l'ancienne. Arreter a tout moment: STOP
    nouvelle > AIDE PRES
    nouvelle < PRES 1041 F12 H8 T20: code du club, femmes, hommes, total. Erreur? CORR 1041 F.. H.. T..
    @ 2026-03-14 17:30
    nouvelle < Lavez les mains au savon ou a la cendre.
    fanta <
"""


@pytest.fixture
def script(installation, world: World) -> Script:
    """Fanta leads the club 1041, is a member of it and gets a daily text."""
    world.club("1041", facilitator=FANTA["fanta"])
    world.member(FANTA["fanta"], club="1041")
    world.campaign(hygiene(when={"weekly": DAILY}))
    return Script(installation, FANTA, world.now)


def test_lost_phone_and_new_sim(script: Script, world: World) -> None:
    script.play(BEFORE)
    with world.db.write() as session:
        quarantine.put(session, held_by(session, "fanta"), Quarantine.LOST, "staff:1", script.now)
    script.play(LOST)
    with world.db.write() as session:
        quarantine.replace(
            session, held_by(session, "fanta"), FANTA["nouvelle"], "staff:1", script.now,
            programme=session.get_one(Programme, world.programme_id),
        )  # fmt: skip
    script.turn()
    script.play(ASKED)
    with world.db.read() as session:  # history stays with the SIM that wrote it
        old = held_by(session, "fanta").id
        came = session.execute(
            sa.select(Inbound.text, Inbound.state).where(Inbound.phone_id == old).order_by(Inbound.id)
        )
        assert [(text, state.value) for text, state in came] == [("merci", "handled"), ("aide", "held")]
        left = sa.select(sa.func.max(Message.handed_over_at)).where(Message.phone_id == old)
        assert session.scalar(left) == datetime(2026, 3, 12, 17, 30, tzinfo=UTC)


def held_by(session, who: str):
    return people.find_phone(session, FANTA[who])
