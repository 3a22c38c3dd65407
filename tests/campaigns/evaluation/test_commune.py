"""The sheet of a commune: what stands on it, and what must never."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.evaluation import areas, commune
from campaigns.evaluation.commune import Heads, Homes, Sheet, Theme, heads, homes
from campaigns.evaluation.period import parse
from campaigns.models import ClubSessionStatus, Decision, Measure, MeasureKind
from messaging.models import Programme
from messaging.models.people import ClubKind
from tests.campaigns.evaluation.meetings import TODAY, at, meet, report
from tests.land import commune as commune_of
from tests.world import World


def look(world: World, ident: int, villages: tuple[int, int] = (1, 1)) -> Sheet:
    """The sheet of March, on the 25th, of the village of a commune."""
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        period = parse("2026-03-01", "2026-03-31", programme.zone)
        area = areas.of(session, {ident}, "", period.last)[ident]
        village = world.village_id
        return commune.gather(session, programme, area, period, TODAY, lambda one: one.in_([village]), villages)


@pytest.fixture
def beta(world: World) -> int:
    """A commune with a school that meets and one that is silent; in another commune a club that does not count."""
    commune_of(world, "Alpha")
    world.club("1041", ClubKind.APFLS)
    report(world, meet(world, "1041", "03-03", "03-03"), at("03-03"), women=50, men=50)
    found = commune_of(world, "Beta")
    world.club("2035", ClubKind.APFLS)
    world.club("3115", ClubKind.APFLS)
    first, second = meet(world, "2035", "03-03", "03-03"), meet(world, "2035", "03-10", "03-10")
    report(world, first, at("03-03"), women=12, men=8, girls=3, boys=0)
    report(world, second, at("03-10"), women=11, men=4, girls=3, boys=0)
    for day, why in (("03-11", "insecurity"), ("03-12", "rain"), ("03-13", None)):
        meet(world, "2035", None, day, status=ClubSessionStatus.CANCELLED, why=why)
    meet(world, "3115", None, "03-04", status=ClubSessionStatus.MISSED)
    for _one in range(6):
        world.member(club="2035")
    with world.db.write() as session:
        for day, theme, kept in (
            ("2026-02-10", "garden", "yes"),
            ("2026-03-10", "garden", None),
            ("2026-03-10", None, None),
        ):
            session.add(
                Decision(
                    programme_id=world.programme_id,
                    club_id=world.clubs["2035"],
                    day=date.fromisoformat(day),
                    text="x",
                    theme=theme,
                    kept=kept,
                )
            )
        session.add(
            Measure(
                programme_id=world.programme_id, indicator="RCH-HH", kind=MeasureKind.TARGET, place_id=found, value=50
            )
        )
    return found


def test_what_stands_on_the_sheet(world: World, beta: int) -> None:
    sheet = look(world, beta)
    assert sheet.area.commune == "Beta"
    assert (sheet.clubs, sheet.silent, sheet.target) == (2, 1, 50)
    assert (sheet.held_as_planned, sheet.planned, sheet.held, sheet.cancelled) == (2, 3, 2, 3)
    assert sheet.largest == Heads(12, 8, None, 0, None)  # three girls are not told, nor a sum that tells them
    assert sheet.came == Heads(23, 12, 6, 0, 41)
    assert sheet.women_percent == pytest.approx(100 * 23 / 35)
    assert sheet.themes == [Theme("garden", 1, 1, 1), Theme("", 1, 0, 0)]


def test_insecurity_stands_as_another_reason(world: World, beta: int) -> None:
    sheet = look(world, beta)
    assert sheet.reasons == {"rain": 1, "other": 2}
    assert "insecurity" not in str(sheet) + str(list(sheet.rows()))


def test_the_table_tells_no_more_than_the_page(world: World, beta: int) -> None:
    rows = [dict(zip([one.name for one in commune.COLUMNS], row, strict=True)) for row in look(world, beta).rows()]
    told = {(row["indicator_code"], row["group"]): (row["numerator"], row["denominator"]) for row in rows}
    assert len(told) == len(rows)
    assert told["RCH-IND", "girls"] == told["RCH-IND", "total"] == (None, None)
    assert told["ATT-SES", ""] == (2, 3)
    assert told["DEC-KEPT", "garden"] == (1, 1)
    assert {row["period_end"] for row in rows} == {"2026-03-31"}
    for word in ("2035", "Village de Beta", "+223"):
        assert word not in str(rows)


HEADS = [
    ("all are many", (12, 8, 5, 6), 31, Heads(12, 8, 5, 6, 31)),
    ("nobody is no person", (12, 0, 0, 0), 12, Heads(12, 0, 0, 0, 12)),
    ("one is few", (12, 4, 0, 0), 16, Heads(12, None, 0, 0, None)),
    ("only sums are told", (0, 0, 0, 0), 3, Heads(0, 0, 0, 0, None)),
]


@pytest.mark.parametrize(("parts", "total", "expected"), [row[1:] for row in HEADS], ids=[row[0] for row in HEADS])
def test_few_people_are_not_told(parts: tuple[int, ...], total: int, expected: Heads) -> None:
    assert heads(parts, total) == expected


HOMES = [
    ("all are many", (20, 10, 40), Homes(30, 20, 10, 40)),
    ("a part of few is not told, nor the other", (20, 3, 40), Homes(23, None, None, 40)),
    ("nor how many few are left", (20, 10, 32), Homes(30, 20, 10, None)),
    ("few in all", (3, 0, 40), Homes(None, None, None, 40)),
    ("nobody", (0, 0, 40), Homes(0, 0, 0, 40)),
]


@pytest.mark.parametrize(("counts", "expected"), [row[1:] for row in HOMES], ids=[row[0] for row in HOMES])
def test_few_households_are_not_told(counts: tuple[int, int, int], expected: Homes) -> None:
    assert homes(*counts) == expected
