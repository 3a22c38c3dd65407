"""Places move and share names: both hierarchies, the level of risk, and finding by a name typed anyhow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from messaging import places
from messaging.models import Place, PlaceName, PlaceParent, Risk
from messaging.models.place import Level, RiskLevel

BEFORE, AFTER = date(2022, 6, 1), date(2025, 6, 1)
LAW = date(2023, 3, 13)


@pytest.fixture
def land(db):
    """Two regions, a cercle that moved from one to the other, two communes, an arrondissement, four villages."""
    rows = [
        ("Mopti", Level.REGION, [(None, None, None)]),
        ("Bandiagara", Level.REGION, []),
        ("Bandiagara", Level.CERCLE, [("Mopti", None, LAW - timedelta(days=1)), ("Bandiagara", LAW, None)]),
        ("Doucombo", Level.COMMUNE, [("cercle", None, None)]),
        ("Kendié", Level.COMMUNE, [("cercle", None, None)]),
        ("Secteur", Level.ARRONDISSEMENT, [("cercle", None, None)]),
        ("Dourou", Level.VILLAGE, [("Doucombo", None, None)]),
        ("Dourou", Level.VILLAGE, [("Kendié", None, None)]),
        ("Pignari-Bana", Level.FRACTION, [("Doucombo", None, LAW - timedelta(days=1)), ("Kendié", LAW, None)]),
        ("Amba", Level.VILLAGE, []),
    ]
    with db.write() as session:
        found = [
            Place(level=level, name=name, folded=places.folded(name), sms_name=name, languages=[])
            for name, level, _parents in rows
        ]
        session.add_all(found)
        session.flush()
        ids = {"Mopti": found[0].id, "Bandiagara": found[1].id, "cercle": found[2].id}
        ids |= {"Doucombo": found[3].id, "Kendié": found[4].id}
        for place, (_name, _level, parents) in zip(found, rows, strict=True):
            for parent, start, end in parents:
                if parent:
                    session.add(PlaceParent(place_id=place.id, parent_id=ids[parent], valid_from=start, valid_to=end))
        session.add(PlaceName(place_id=found[7].id, name="Duru", folded=places.folded("Duru")))
    return ids | {"one": found[6].id, "two": found[7].id, "moved": found[8].id, "lost": found[9].id}


def below(db, place, on):
    with db.read() as session:
        return set(session.scalars(places.villages_below([place], on)))


def test_a_region_of_2023_has_the_villages_that_another_had_before(db, land):
    villages = {land["one"], land["two"], land["moved"]}

    assert below(db, land["Mopti"], BEFORE) == villages
    assert below(db, land["Mopti"], AFTER) == set()
    assert below(db, land["Bandiagara"], BEFORE) == set()
    assert below(db, land["Bandiagara"], AFTER) == villages
    assert below(db, land["cercle"], BEFORE) == below(db, land["cercle"], AFTER) == villages


def test_a_village_is_below_itself_and_below_its_commune_of_that_day(db, land):
    assert below(db, land["moved"], AFTER) == {land["moved"]}
    assert below(db, land["Doucombo"], LAW - timedelta(days=1)) == {land["one"], land["moved"]}
    assert below(db, land["Doucombo"], LAW) == {land["one"]}


def test_what_lies_in_each_of_some_communes_on_a_day(db, land):
    with db.read() as session:
        found = session.execute(places.inside([land["Doucombo"], land["Kendié"]], AFTER)).all()

    assert sorted(found) == sorted(
        [(land["Doucombo"], land["Doucombo"]), (land["one"], land["Doucombo"])]
        + [(land[place], land["Kendié"]) for place in ("Kendié", "two", "moved")]
    )


def test_a_village_that_is_no_more_is_below_nothing(db, land):
    with db.write() as session:
        session.get(Place, land["one"]).valid_to = LAW

    assert land["one"] in below(db, land["Doucombo"], LAW)
    assert land["one"] not in below(db, land["Doucombo"], AFTER)


def test_the_commune_of_each_village_on_a_day(db, land):
    with db.read() as session:
        before, after = (dict(session.execute(places.communes(day)).all()) for day in (BEFORE, AFTER))

        assert before == {land[v]: land[c] for v, c in (("one", "Doucombo"), ("two", "Kendié"), ("moved", "Doucombo"))}
        assert after == before | {land["moved"]: land["Kendié"]}
        assert places.commune_of(session, land["moved"], AFTER) == land["Kendié"]
        assert places.commune_of(session, land["lost"], AFTER) is None


def test_the_latest_level_of_risk_holds(db, land, now):
    with db.write() as session:
        for level, days in ((RiskLevel.RED, -3), (RiskLevel.ORANGE, -1), (RiskLevel.RED, 2)):
            session.add(Risk(place_id=land["Doucombo"], level=level, since=now + timedelta(days=days)))

    with db.read() as session:
        assert places.risk(session, land["Doucombo"], now) is RiskLevel.ORANGE
        assert places.risk(session, land["Doucombo"], now - timedelta(days=2)) is RiskLevel.RED
        assert places.risk(session, land["Doucombo"], now + timedelta(days=3)) is RiskLevel.RED
        assert places.risk(session, land["Kendié"], now) is RiskLevel.GREEN
        assert session.execute(places.risk_levels(now)).all() == [(land["Doucombo"], RiskLevel.ORANGE)]


TYPED = [
    ("as it is written", "Dourou", ["one", "two"]),
    ("capitals", "DOUROU", ["one", "two"]),
    ("its other spelling", "duru", ["two"]),
    ("without the hyphen", "pignari bana", ["moved"]),
    ("the beginning only", "pigna", ["moved"]),
    ("a part", "bana", ["moved"]),
    ("a letter doubled", "Pignarri Banna", ["moved"]),
    ("a letter wrong", "Pigmari Bana", ["moved"]),
    ("nothing like it", "Zanzibar", []),
    ("no letter at all", " - ", []),
    ("a percent sign", "%", []),
]


@pytest.mark.parametrize("case", TYPED, ids=[row[0] for row in TYPED])
def test_finding_by_name(db, land, case):
    _label, typed, wanted = case
    with db.read() as session:
        found = [place.id for place in places.find(session, typed)]

    assert found == [land[name] for name in wanted]


def test_a_commune_is_found_when_communes_are_asked_for(db, land):
    with db.read() as session:
        assert places.find(session, "kendie") == []
        assert [place.id for place in places.find(session, "kendie", [Level.COMMUNE])] == [land["Kendié"]]


def test_the_very_name_comes_first_among_hundreds_that_hold_it(db):
    with db.write() as session:
        for number in range(300):
            name = f"Koro {number}"
            session.add(Place(level=Level.VILLAGE, name=name, folded=places.folded(name), sms_name=name, languages=[]))
        session.add(Place(level=Level.VILLAGE, name="Koro", folded="koro", sms_name="Koro", languages=[]))

    with db.read() as session:
        found = places.find(session, "kôro", limit=5)
        assert found[0].name == "Koro"
        assert len(found) == 5


def test_folding_a_very_long_sign_fits_the_column():
    assert len(places.folded("ﷺ" * 120)) <= places.LONGEST
    assert places.folded("Kendié") == places.folded("KENDIE") == "kendie"


def test_a_query_of_places_joins_others(db, land):
    query = sa.select(sa.func.count()).select_from(places.villages_below([land["cercle"]], AFTER).subquery())
    with db.read() as session:
        assert session.scalar(query) == 3


def test_now_is_a_moment_with_a_zone(db, land):
    with db.read() as session:
        assert places.risk(session, land["Kendié"], datetime(2026, 1, 1, tzinfo=UTC)) is RiskLevel.GREEN
