"""Scenario 8: Bandiagara became a region in 2023; 2022 and 2025 are compared, each on its own map, and totals agree.

Every year has the same sessions in the same villages. A village that changed its commune in 2024 is counted where it
lay.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from campaigns.clubs import reports
from campaigns.evaluation import areas, indicators
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.period import parse
from campaigns.evaluation.tables import TABLES
from campaigns.library import population
from messaging import places
from messaging.models import Club, Place, PlaceParent, Programme
from messaging.models.people import ClubKind
from messaging.models.place import Level

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
CODE = "caisses-bandiagara"
YEARS = {2022: ("Mopti", "MLI005"), 2025: ("Bandiagara", "")}  # in the old set of codes the new region has none
COUNTS = {"women": 12, "men": 8}


@pytest.fixture
def compared(db):
    """The programme, with a session of every listeners' club on 10 March of both years."""
    with db.write() as session:
        population.load(session, NOW, villages=4)
        programme = session.scalars(sa.select(Programme).where(Programme.code == CODE)).one()
        clubs = sa.select(Club).where(Club.programme_id == programme.id, Club.kind == ClubKind.LISTENERS_CLUB)
        for club in session.scalars(clubs):
            for year in YEARS:
                reports.record(session, club, date(year, 3, 10), COUNTS, source="paper", staff_id=None, now=NOW)
    with db.write() as session:
        yield session, session.scalars(sa.select(Programme).where(Programme.code == CODE)).one()


def of(year: int, programme):
    return parse(f"{year}-03-01", f"{year}-03-31", programme.zone)


def exported(session, programme, year: int) -> list[dict]:
    table = TABLES["1_reach_by_commune"]
    names = [column.name for column in table.columns]
    return [
        dict(zip(names, row, strict=False)) for row in table.rows(Ask(session, programme, of(year, programme), NOW))
    ]


def counted(session, programme, year: int, by: tuple[str, ...] = ()) -> list:
    return indicators.count(
        session, programme, of(year, programme), NOW, by=by, codes=["RCH-IND", "ATT-HELD", "COV-VIL"]
    )


def test_each_year_has_the_hierarchy_of_its_day(compared):
    session, programme = compared
    for year, (region, code) in YEARS.items():
        found = areas.communes(session, programme, date(year, 3, 31)).values()
        assert {(area.region, area.region_code) for area in found} == {(region, code)}
        assert {(area.cercle, area.cercle_code) for area in found} == {("Bandiagara", "MLI005002")}
        assert len(found) == 4


def test_the_exports_give_both_hierarchies_and_the_totals_agree(compared):
    session, programme = compared
    totals = {}
    for year, (region, code) in YEARS.items():
        rows = exported(session, programme, year)
        assert {(row["region"], row["region_code"]) for row in rows} == {(region, code)}
        assert {row["cercle_code"] for row in rows} == {"MLI005002"}
        totals[year] = [
            sum(row[name] or 0 for row in rows) for name in ("people_reached", "women_reached", "groups_active")
        ]
    assert totals[2022] == totals[2025] == [20 * 8, 12 * 8, 8]


def test_the_communes_add_up_to_the_programme_in_both_years(compared):
    session, programme = compared
    for year in YEARS:
        for whole in counted(session, programme, year):
            parts = [one.numerator for one in counted(session, programme, year, ("area",)) if one.code == whole.code]
            assert sum(parts) == whole.numerator, (year, whole.code)
            assert len(parts) == 4, (year, whole.code)


def test_the_regions_hold_the_same_villages_each_in_its_time(compared):
    session, _programme = compared

    def below(region: str, year: int) -> set[int]:
        top = session.scalars(sa.select(Place.id).where(Place.level == Level.REGION, Place.name == region)).one()
        return set(session.scalars(places.villages_below([top], date(year, 3, 31))))

    assert below("Mopti", 2022) == below("Bandiagara", 2025) != set()
    assert below("Mopti", 2025) == below("Bandiagara", 2022) == set()


def test_a_village_that_changed_its_commune_is_counted_where_it_lay(compared):
    """One village moves in 2024: the cells of two communes change, no total does."""
    session, programme = compared
    before = {
        one.cut[0]: one.numerator for one in counted(session, programme, 2025, ("area",)) if one.code == "RCH-IND"
    }
    first, second = sorted(before)[:2]
    lies = sa.select(PlaceParent).join(Place, Place.id == PlaceParent.place_id)
    link = session.scalars(lies.where(PlaceParent.parent_id == first, Place.level == Level.VILLAGE)).one()
    link.valid_to = date(2024, 12, 31)
    session.add(PlaceParent(place_id=link.place_id, parent_id=second, valid_from=date(2025, 1, 1)))
    session.flush()
    cells = {
        year: {
            one.cut[0]: one.numerator for one in counted(session, programme, year, ("area",)) if one.code == "RCH-IND"
        }
        for year in YEARS
    }
    assert cells[2022] == before
    assert cells[2025].get(first, 0) == 0
    assert cells[2025][second] == 2 * before[second]
    assert sum(cells[2022].values()) == sum(cells[2025].values())
