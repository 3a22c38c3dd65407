"""Finding people and places as they are called, however they are spelt; never by a number, never outside own places."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from messaging import search
from messaging.models import Club, Household, Member, Place, PlaceParent, ProgrammeVillage
from messaging.models.people import ClubKind
from messaging.models.place import Level
from messaging.places import folded

EVERYWHERE = lambda column: sa.true()  # noqa: E731  # an account without places of its own
NAMES = ("Aïssata", "Fanta", "Fatouma", "Fatoumata", "Moussa", "Boubacar", "Awa", "A.", "Kadiatou", "Seydou")
SPELT = [
    ("without its dots", "Aissata", ["Aïssata"]),
    ("one s", "Aisata", ["Aïssata"]),
    ("two letters swapped", "Assaita", ["Aïssata"]),
    ("capitals", "AÏSSATA", ["Aïssata"]),
    ("its beginning", "Fatou", ["Fatouma", "Fatoumata"]),
    ("another name is apart", "Fanta", ["Fanta"]),
    ("the name itself comes first", "Fatoumata", ["Fatoumata", "Fatouma"]),
    ("one s, u for ou", "Musa", ["Moussa"]),
    ("k for c", "Boubakar", ["Boubacar"]),
    ("i for ey", "Sidou", ["Seydou"]),
    ("an h before it", "Hawa", ["Awa"]),
    ("an initial finds itself alone", "a", ["A."]),
    ("letters of nobody", "xyz", []),
    ("nothing", "", []),
    ("signs only", "…", []),
]


@pytest.mark.parametrize("case", SPELT, ids=[row[0] for row in SPELT])
def test_first_names_are_found_however_they_are_spelt(case):
    _label, wanted, found = case
    near = search.likeness(wanted, NAMES)
    assert sorted(near, key=lambda name: (-near[name], name)) == found


NUMBERS = [
    ("a number of Mali", "76 12 34 56", True), ("with its country", "+223 76123456", True),
    ("in words", "tel 76-12-34-56", True), ("a club", "1041", False), ("a card", "P-0001", False),
    ("a card with many digits", "M 00012345", False), ("a number behind a name", "Awa Diarra 76123456", True),
    ("a village", "Village A01", False), ("nothing", "", False),
]  # fmt: skip


@pytest.mark.parametrize("case", NUMBERS, ids=[row[0] for row in NUMBERS])
def test_a_number_is_known_for_one(case):
    _label, typed, is_number = case
    assert search.is_number(typed) is is_number


@pytest.fixture
def places(world):
    """Two villages of the programme in one commune, and one that is not in it; a club, household, member in each."""
    with world.db.write() as session:
        commune = place("Doucombo", Level.COMMUNE)
        villages = [place(name) for name in ("Bénédougou", "Kani Gogouna", "Benedougu-Ouest")]
        session.add_all([commune, *villages])
        session.flush()
        session.add_all(PlaceParent(place_id=one.id, parent_id=commune.id) for one in villages)
        session.add_all(ProgrammeVillage(programme_id=world.programme_id, place_id=one.id) for one in villages[:2])
        for number, village in enumerate(villages):
            code = ("1041", "1055", "2035")[number]
            home = Household(programme_id=world.programme_id, code=f"M-000{number}", village_id=village.id)
            session.add_all(
                [
                    home,
                    Club(
                        programme_id=world.programme_id, code=code, kind=ClubKind.SAVINGS, language="fr",
                        name=f"Groupement Benkadi {village.name}", sms_name="B", village_id=village.id,
                    ),
                    Member(
                        programme_id=world.programme_id, code=f"P-00{number}", village_id=village.id, language="fr",
                        first_name=("Aïssata", "Aissata", "Assaita")[number], created_at=world.now,
                    ),
                ]
            )  # fmt: skip
    return [village.id for village in villages]


def place(name: str, level: Level = Level.VILLAGE) -> Place:
    return Place(level=level, name=name, folded=folded(name), sms_name=name[:10], languages=[])


PLACES = [
    ("another spelling", "Benedugu", ["Bénédougou"]),
    ("its beginning", "kani", ["Kani Gogouna"]),
    ("its second word, spelt otherwise", "Goguna", ["Kani Gogouna"]),
    ("both its words in another order", "gogouna kanni", ["Kani Gogouna"]),
    ("the commune", "Dukombo", ["Doucombo"]),
    ("what is not in the programme is not found", "Benedougu-Ouest", []),
]


@pytest.mark.parametrize("case", PLACES, ids=[row[0] for row in PLACES])
def test_villages_and_communes_of_the_programme(world, places, case):
    _label, wanted, names = case
    with world.db.read() as session:
        found = search.find_places(session, world.programme_id, wanted, EVERYWHERE, world.now.date())
        assert [one.name for one in found] == names


CLUBS = [
    ("its code", "1041", ["1041"]),
    ("two digits swapped", "1401", ["1041"]),
    ("one digit wrong", "1056", ["1055"]),
    ("a word of its name", "Gogounna", ["1055"]),
    ("two words, both spelt otherwise", "benkady kanni", ["1055"]),
    ("one word that none has", "Benkadi Sikasso", []),
    ("a code of nobody", "9999", []),
]


@pytest.mark.parametrize("case", CLUBS, ids=[row[0] for row in CLUBS])
def test_clubs_by_code_or_name(world, places, case):
    _label, wanted, codes = case
    with world.db.read() as session:
        found = search.find_clubs(session, world.programme_id, wanted, lambda column: column.in_(places[:2]))
        assert [club.code for club in found] == codes


CARDS = [("as printed", "P-001"), ("small letters", "p-001"), ("without its sign", "p001"), ("with a blank", "P 001")]


@pytest.mark.parametrize("case", CARDS, ids=[row[0] for row in CARDS])
def test_members_by_card(world, places, case):
    with world.db.read() as session:
        found = search.find_members(session, world.programme_id, case[1], EVERYWHERE)
        assert [member.code for member in found] == ["P-001"]


def test_households_by_card(world, places):
    with world.db.read() as session:
        found = search.find_households(session, world.programme_id, "m0001", EVERYWHERE)
        assert [home.code for home in found] == ["M-0001"]


def test_first_names_the_best_first(world, places):
    with world.db.read() as session:
        found = search.find_named(session, world.programme_id, "Aissata", EVERYWHERE)
        assert [member.code for member in found] == ["P-001", "P-000", "P-002"]


def test_nothing_is_found_outside_own_places_or_the_programme(world, places):
    mine = places[1]

    def within(column):
        return column == mine

    with world.db.read() as session:
        ours = world.programme_id
        assert [row.name for row in search.find_places(session, ours, "Benedougou", within, world.now.date())] == []
        assert search.find_clubs(session, ours, "1041", within) == []
        assert [row.code for row in search.find_named(session, ours, "Aissata", within)] == ["P-001"]
        assert not search.find_members(session, ours, "P-000", within)
        assert not search.find_households(session, ours, "M-0000", within)
        assert not search.find_named(session, ours + 1, "Aissata", EVERYWHERE)
        assert not search.find_clubs(session, ours + 1, "1041", EVERYWHERE)
        assert not search.find_members(session, ours + 1, "P-001", EVERYWHERE)
