"""Scenario 12: a total that does not match is not recorded; the reply shows the sum and her own line to send again."""

from __future__ import annotations

import sqlalchemy as sa

from campaigns.models import Attendance
from tests.script import Script
from tests.wire import wired
from tests.world import World

FANTA = "+22370000009"


def test_nothing_is_recorded_until_the_total_is_right(installation, world: World) -> None:
    world.club("1041", facilitator=FANTA)
    with wired(Script(installation, {"fanta": FANTA}, world.now)) as wire:
        wire.play("""
            fanta > PRES lO41 Fl2 H8 T21
            fanta < 1041: 12+8=20, pas 21. Renvoyez: PRES 1041 F12 H8 T..
            fanta <
        """)
        assert stored(world) == []
        wire.play("""
            fanta > PRES 1041 F12 H8 T20
            fanta < OK 1041 12/03 F12 H8 T20. Erreur? CORR 1041 F.. H.. T..
        """)
        assert stored(world) == [20]


def stored(world: World) -> list[int]:
    with world.db.read() as session:
        return list(session.scalars(sa.select(Attendance.total)))
