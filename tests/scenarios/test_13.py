"""Scenario 13: half a report and, four minutes later, the other half make one; without it one question after 2 h."""

from __future__ import annotations

import sqlalchemy as sa

from campaigns.models import Attendance
from tests.script import Script
from tests.wire import wired
from tests.world import World

FANTA = "+22370000009"
ASKED = "1041: F12 garde. Et les hommes? Repondez H et le nombre, H0 si aucun."


def test_two_sms_make_one_report(installation, world: World) -> None:
    world.club("1041", facilitator=FANTA)
    with wired(Script(installation, {"fanta": FANTA}, world.now)) as wire:
        wire.play(f"""
            @ 2026-03-12 17:30
            fanta > PRES 1041 F12
            fanta < {ASKED}
            @ 2026-03-12 17:34
            fanta > H8 T20
            fanta < OK 1041 12/03 F12 H8 T20. Erreur? CORR 1041 F.. H.. T..
            @ 2026-03-12 19:40
            fanta <
        """)
    assert stored(world) == [(12, 8, 20)]


def test_without_the_second_half_she_is_asked_once_more_and_no_more(installation, world: World) -> None:
    world.club("1041", facilitator=FANTA)
    with wired(Script(installation, {"fanta": FANTA}, world.now)) as wire:
        wire.play(f"""
            @ 2026-03-12 15:30
            fanta > PRES 1041 F12
            fanta < {ASKED}
            @ 2026-03-12 17:25
            fanta <
            @ 2026-03-12 17:31
            fanta < {ASKED}
            @ 2026-03-12 19:45
            fanta <
            @ 2026-03-13 15:00
            fanta <
            fanta > H8
            fanta < OK 1041 12/03 F12 H8 T20. Erreur? CORR 1041 12/03 F.. H.. T..
        """)
    assert stored(world) == [(12, 8, 20)]


def stored(world: World) -> list[tuple[int, int, int]]:
    with world.db.read() as session:
        return [tuple(row) for row in session.execute(sa.select(Attendance.women, Attendance.men, Attendance.total))]
