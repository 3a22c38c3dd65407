"""Scenario 11: a facilitator with one club texts `f12h8`, and one GSM-7 SMS answers with code, day and counts."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from campaigns.models import Attendance, ClubSession
from messaging import letters
from tests.script import Script
from tests.wire import wired
from tests.world import World

FANTA = "+22370000009"


@pytest.mark.parametrize(
    "typed", ["f12h8", "F12 H8", "pres1041f12h8", "Bonjour chef. PRES 1041 F12 H8. Merci", "1041F12H8"]
)
def test_a_report_is_read_stored_and_echoed_in_one_sms(installation, world: World, typed: str) -> None:
    world.club("1041", facilitator=FANTA)
    with wired(Script(installation, {"fanta": FANTA}, world.now)) as wire:
        wire.write("fanta", typed)
        wire.expect("fanta", "OK 1041 12/03 F12 H8 T20. Erreur? CORR 1041 F.. H.. T..")
        wire.expect("fanta", "")
        size = letters.measure(wire.sent(FANTA)[0])
        assert (size.encoding, size.segments) == ("GSM-7", 1)
    with world.db.read() as session:
        row = session.execute(sa.select(Attendance, ClubSession.held_on).join(ClubSession)).one()
        assert (row.Attendance.women, row.Attendance.men, row.Attendance.total) == (12, 8, 20)
        assert row.held_on == world.now.date()
