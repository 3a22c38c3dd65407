"""Sessions counted by hand: planned, moved, cancelled, missed; reports corrected, late, without a total, or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns.evaluation.attendance import TOTAL
from campaigns.models import AttendanceState, ClubSessionStatus
from messaging import fold
from messaging.models import Club
from messaging.models.people import ClubKind
from tests.campaigns.evaluation.meetings import Found, at, counted, meet, report
from tests.land import commune
from tests.world import World

CODES = ("ATT-SES", "ATT-HELD", "ATT-CAN", "ATT-MEAN", "ATT-W", "ATT-JF", "ATT-JG", "ATT-48", "ATT-TOT", "ATT-WO",
         "CLB-ACT")  # fmt: skip


@dataclass
class Land:
    """Two communes, with the village of each."""

    world: World
    alpha: int
    beta: int
    village: int  # of alpha


@pytest.fixture
def land(world: World) -> Land:
    alpha = commune(world, "Alpha")
    village = world.village_id
    world.club("1041", ClubKind.LISTENERS_CLUB)
    world.club("1055", ClubKind.APFLS)
    beta = commune(world, "Beta")
    world.club("2035", ClubKind.APFLS)
    world.club("4122", ClubKind.APFLS)  # nobody meets
    world.club("3115", ClubKind.UNION)
    world.club("5133", ClubKind.FFS)
    with world.db.write() as session:
        session.execute(sa.update(Club).where(Club.code == "5133").values(closed_on=date(2026, 3, 20)))
    _sessions(world)
    return Land(world, alpha, beta, village)


def _sessions(world: World) -> None:
    first = meet(world, "1041", "03-03", "03-03")
    report(world, first, at("03-03"), "PRES 1041 F12 H8 JF2 JG1 T23", women=12, men=8, girls=2, boys=1)
    second = meet(world, "1041", "03-10", "03-10")
    report(world, second, at("03-11"), "PRES 1041 F10 H5 T15", women=10, men=5, state=AttendanceState.CORRECTED)
    report(world, second, at("03-20"), "CORR 1041 F10 H6", women=10, men=6)
    unplanned = meet(world, "1055", "03-05")
    report(world, unplanned, at("03-08", "00:00"), women=9, men=0, state=AttendanceState.VERIFIED, source="form")
    late = meet(world, "1055", "03-12", "03-12")
    report(world, late, at("03-15", "00:01"), "PRES 1055 F6 H0 JG2 total 8", women=6, men=0, boys=2)
    silent = meet(world, "2035", "03-02", "03-02")
    report(world, silent, at("03-02"), "PRES 2035 F99 H99", women=99, men=99, state=AttendanceState.REJECTED)
    meet(world, "2035", None, "03-09", status=ClubSessionStatus.MISSED)
    meet(world, "2035", None, "03-16", status=ClubSessionStatus.CANCELLED, why="insecurity")
    meet(world, "2035", None, "03-26", status=ClubSessionStatus.PLANNED)  # tomorrow
    meet(world, "1041", None, "03-24", status=ClubSessionStatus.PLANNED)  # yesterday
    moved = meet(world, "1041", "02-28", "03-01")
    report(world, moved, at("02-28"), "PRES 1041 F30 H0 T30", women=30, men=0)
    assembly = meet(world, None, "03-20", place=world.village_id)
    report(world, assembly, at("03-20"), women=20, men=30, source="paper")
    there = World(world.db, world.now).programme("autre")
    there.club("1041")
    report(there, meet(there, "1041", "03-03", "03-03"), at("03-03"), "PRES 1041 F50 H50 T100", women=50, men=50)


def test_march_is_counted_as_on_paper(land: Land) -> None:
    assert counted(land.world, CODES) == {
        "ATT-SES": {(): (5, 7)},
        "ATT-HELD": {(): (6, None)},
        "ATT-CAN": {(): (1, None)},
        "ATT-MEAN": {(): (23 + 16 + 9 + 8 + 50, 5)},
        "ATT-W": {(): (12 + 10 + 9 + 6 + 20, 57 + 8 + 6 + 30)},
        "ATT-JF": {(): (2, None)},
        "ATT-JG": {(): (3, None)},
        "ATT-48": {(): (4, 6)},  # the one that was corrected came in time at first
        "ATT-TOT": {(): (3, 5)},
        "ATT-WO": {(): (1, 5)},
        "CLB-ACT": {(): (3, 4)},
    }


Cut = Callable[[Land], dict[tuple[Any, ...], tuple[float, float | None]]]
CUTS: list[tuple[str, str, tuple[str, ...], Cut]] = [
    ("by commune", "ATT-SES", ("area",), lambda at: {(at.alpha,): (4, 5), (at.beta,): (1, 2)}),
    ("an assembly has a place", "ATT-HELD", ("area",), lambda at: {(at.alpha,): (4, None), (at.beta,): (2, None)}),
    ("by sex and commune", "ATT-MEAN", ("sex", "area"), lambda at: {
        ("f", at.alpha): (37, 4), ("m", at.alpha): (14, 4), ("f", at.beta): (20, 1), ("m", at.beta): (30, 1)}),
    ("by kind of club", "ATT-W", ("kind",), lambda _: {
        ("listeners_club",): (22, 36), ("apfls",): (15, 15), (None,): (20, 50)}),
    ("by month", "ATT-48", ("month",), lambda _: {("2026-03",): (4, 6)}),
    ("totals by commune and kind", "ATT-TOT", ("kind", "area"), lambda at: {
        ("listeners_club", at.alpha): (1, 2), ("apfls", at.alpha): (2, 2), (None, at.beta): (0, 1)}),
    ("active clubs by commune", "CLB-ACT", ("area",), lambda at: {(at.alpha,): (2, 2), (at.beta,): (1, 2)}),
    ("cancelled by kind", "ATT-CAN", ("kind",), lambda _: {("apfls",): (1, None)}),
]  # fmt: skip


def test_every_cut_adds_up(land: Land) -> None:
    wrong = []
    for label, code, by, expected in CUTS:
        found: Found = counted(land.world, [code], by)[code]
        if found != expected(land):
            wrong.append((label, found))
    assert not wrong


def test_own_places_and_other_days(land: Land) -> None:
    here = counted(land.world, CODES, within=lambda column: column == land.village)
    assert (here["ATT-SES"], here["ATT-HELD"], here["CLB-ACT"]) == ({(): (4, 5)}, {(): (4, None)}, {(): (2, 2)})
    both = counted(land.world, CODES, ("month",), days=("2026-02-01", "2026-03-31"))
    assert both["ATT-HELD"] == {("2026-02",): (1, None), ("2026-03",): (6, None)}
    assert both["ATT-MEAN"][("2026-02",)] == (30, 1)
    none = counted(land.world, CODES, days=("2025-01-01", "2025-01-31"))
    assert (none["ATT-SES"], none["ATT-TOT"], none["CLB-ACT"]) == ({(): (0, 0)}, {(): (0, 0)}, {(): (0, 5)})
    assert counted(land.world, CODES, ("area",), days=("2025-01-01", "2025-01-31"))["ATT-HELD"] == {}


@pytest.mark.parametrize(
    ("words", "has"),
    [
        ("PRES 1041 F12 H8 T20", True), ("pres 1041 f12h8t20", True), ("F12 H8 Total: 20", True), ("F12 TOT=20", True),
        ("PRES 1041 F12 H8", False), ("1041 12 femmes et 8 hommes", False), ("ART 20", False),
        ("PRES 1041 F12 H8 merci", False),
    ],
)  # fmt: skip
def test_a_total_is_seen_in_the_words(words: str, *, has: bool) -> None:
    assert (TOTAL.search(fold.plain(words)) is not None) is has
