"""Many reports at once: three answers, then one summary after ten quiet minutes, and no question that nobody reads."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from campaigns.conversation import slots
from campaigns.conversation.grammar.reading import Reading
from campaigns.models import Attendance
from messaging.models import Burst
from tests.campaigns.readers import Reader, answers, inbounds, reader, report, store, waits
from tests.script import Script
from tests.world import World

__all__ = ["reader"]
FANTA = "+22370000009"
WRONG = {"women": 12, "men": 8, "total": None, "date": None, "total_given": 21, "total_computed": 20}


@pytest.fixture
def script(installation, world: World, reader: Reader) -> Script:
    """A facilitator whose texts `d2`, `d3`, … are reports of that day of March."""
    world.club("1041", facilitator=FANTA)
    for day in range(1, 13):
        reader.reads(f"d{day}", report(date=f"2026-03-{day:02}"))
    reader.reads("odd", report("confirm", "implausible", date="2026-03-08"), reply="att.confirm")
    reader.reads("half", report("pending", "men_missing", date="2026-03-06", men=None, total=None))
    reader.reads("wrong", report("error", "total_mismatch", **WRONG), reply="att.total_mismatch")
    return Script(installation, {"fanta": FANTA}, world.now)


def three(script: Script) -> None:
    """Three reports that are answered one by one."""
    for day in (2, 3, 4):
        script.write("fanta", f"d{day}")
    assert len(script.sent(FANTA)) == 3
    script.seen["fanta"] = 3


def test_what_comes_after_three_is_summed_up_once(script: Script, world: World) -> None:
    three(script)
    for day in (7, 5, 5):
        script.now += timedelta(seconds=20)
        script.play(f"fanta > d{day}\nfanta <")
    script.now += timedelta(minutes=9)
    script.play("fanta > d6\nfanta <")
    script.now += timedelta(minutes=9)
    script.turn()
    script.expect("fanta", "")
    script.now += timedelta(minutes=2)
    script.turn()
    script.expect("fanta", "OK, rapports notes: 4. 1041 05/03 06/03 07/03.")
    script.now += timedelta(hours=2)
    script.turn()
    script.expect("fanta", "")
    assert [inbound.replied for inbound in inbounds(world.db)][-2:] == [None, "att.summary"]
    with world.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Attendance)) == 6
        assert session.scalar(sa.select(sa.func.count()).select_from(Burst)) == 0


def test_what_is_unclear_is_named_and_asks_nothing(script: Script, world: World) -> None:
    three(script)
    for text in ("odd", "d5", "wrong", "half"):
        script.play(f"fanta > {text}\nfanta <")
    assert waits(world.db) is None
    script.now += timedelta(minutes=11)
    script.turn()
    script.expect(
        "fanta",
        "Rapports notes: 1. A renvoyer un par un: 1041 F12 H8 06/03 08/03. Ex: PRES 1041 08/03 F12 H8 T20",
    )


def test_a_question_that_was_asked_before_still_waits(script: Script, world: World) -> None:
    script.play("fanta > d2")
    script.play("fanta > d3")
    script.play("fanta > half")
    script.play("fanta > odd")
    asked = waits(world.db)
    assert asked is not None
    assert (asked.kind, asked.kept["date"]) == ("attendance_partial", "2026-03-06")


def test_other_messages_are_answered_as_ever(script: Script, world: World) -> None:
    three(script)
    script.play("""
        fanta > d5
        fanta <
        fanta > merci
        fanta < Merci a vous.
        fanta > d6
        fanta <
    """)


def test_after_a_summary_reports_are_answered_one_by_one_again(script: Script, world: World) -> None:
    three(script)
    script.write("fanta", "d5")
    script.now += timedelta(minutes=11)
    script.turn()
    script.expect("fanta", "OK, rapports notes: 1. 1041 05/03.")
    script.play("fanta > d6\nfanta < OK 1041 06/03 F12 H8 T20. Erreur? CORR 1041 06/03 F.. H.. T..")


def test_three_refusals_are_not_told_once_more_in_a_summary(script: Script, world: World) -> None:
    for _ in range(6):
        script.write("fanta", "wrong")
    script.now += timedelta(minutes=11)
    script.turn()
    assert answers(world.db) == 3


def test_a_pass_that_reads_all_at_once_does_the_same(script: Script, world: World) -> None:
    store(script, "fanta", ["d9", "d2", "d7", "d3", "d8", "d4", "d6", "d5", "d11", "d2", "d11"])
    script.turn()
    assert len(script.sent(FANTA)) == 3
    script.now += timedelta(minutes=10)
    script.turn()
    script.seen["fanta"] = 3
    script.expect("fanta", "OK, rapports notes: 8. 1041 02/03 03/03 04/03 05/03 06/03 08/03 11/03.")


def test_a_phone_that_had_ten_replies_gets_no_summary(script: Script, world: World, reader: Reader) -> None:
    three(script)
    script.write("fanta", "d5")
    for _ in range(8):
        script.write("fanta", "merci")
    assert answers(world.db) == 10
    script.now += timedelta(minutes=11)
    script.turn()
    assert answers(world.db) == 10


# --- what a summary names


TODAY = date(2026, 3, 12)
VISIT = Reading("visit", "ok", {"club": "2035", "date": "2026-03-09"})
PRICE = Reading("price", "ok", {"prices": {"mais": 125}, "date": "2026-03-12"})
HANDS = Reading("hands", "error", {"club": "1041"}, "pairs_unclear")


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([report(date="2026-03-09"), report(date="2026-03-02")], "1041 02/03 09/03"),
        ([report(date="2026-03-09"), report(date="2026-03-09")], "1041 09/03"),
        ([report(), report(club="1055"), VISIT], "VISITE 2035 09/03, 1041 12/03, 1055 12/03"),
        ([PRICE], "PRIX 12/03"),
        ([HANDS], "MAINS 1041"),
        ([report(date=None, club=None, code_given="1401")], "1401 F12 H8 T20"),
        ([Reading("attendance", "error", {}, "counts_missing"), report()], "...., 1041 12/03"),
        ([], ".."),
    ],
)
def test_reports_are_named_by_club_and_day(readings: list[Reading], expected: str) -> None:
    assert str(slots.reports(readings, TODAY)) == expected
