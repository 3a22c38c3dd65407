"""Scenario 14: nine reports of ten days, out of order, two of them twice: nine sessions, three replies, one summary."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from campaigns.models import Attendance, ClubSession
from tests.script import Script
from tests.wire import wired
from tests.world import World

FANTA = "+22370000009"
DAYS = (7, 3, 11, 2, 9, 4, 10, 5, 8)  # of March, as the network brought them


def test_reports_that_waited_ten_days(installation, world: World) -> None:
    world.club("1041", facilitator=FANTA)
    with wired(Script(installation, {"fanta": FANTA}, world.now)) as wire:
        for place, day in enumerate((*DAYS, 3, 10)):
            wire.now += timedelta(seconds=5)
            wire.write("fanta", f"PRES 1041 {day:02}/03 F{10 + day} H8 T{18 + day}", f"{place:032}")
        single = wire.sent(FANTA)
        assert single == [
            f"OK 1041 {day:02}/03 F{10 + day} H8 T{18 + day}. Erreur? CORR 1041 {day:02}/03 F.. H.. T.."
            for day in DAYS[:3]
        ]
        wire.now += timedelta(minutes=9)
        wire.turn()
        assert len(wire.sent(FANTA)) == 3, "ten quiet minutes are not over"
        wire.now += timedelta(minutes=2)
        wire.turn()
        wire.turn()
        assert len(wire.sent(FANTA)) == 4
        summary = wire.sent(FANTA)[3]
        assert len(summary) <= 160 and "8" in summary, summary
        wire.now += timedelta(hours=1)
        wire.turn()
        assert len(wire.sent(FANTA)) == 4
    with world.db.read() as session:
        rows = session.execute(sa.select(ClubSession.held_on, Attendance.women).join(Attendance)).all()
    assert sorted((day, women) for day, women in rows) == [(date(2026, 3, day), 10 + day) for day in sorted(DAYS)]
