"""Places from a sheet: codes by scheme, parents by date, markets, ticks; stations beside them."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from messaging import places
from messaging.imports.parents import Parent, merge
from messaging.models import Phone, Place, PlaceCode, PlaceName, PlaceParent, ProgrammeVillage, Station, StationPhone
from tests.messaging.registers import PLACES, STATIONS, count, make_programme, problems, take

MOVED = """
Code            ; Nomenclature ; Nom officiel ; Niveau ; Code du parent ; Rattaché du ; Rattaché au
REG             ; nouveau      ; Bandiagara   ; région ;                ;             ;
MLI005002       ; ocha-2017    ;              ;        ; MLI005         ;             ; 12/03/2023
MLI005002       ; ocha-2017    ;              ;        ; nouveau:REG    ; 13/03/2023  ;
"""


@pytest.fixture
def land(db, now):
    make_programme(db, now)
    result = take(db, "places", PLACES, now)
    assert (result.added, result.problems) == (5, ())
    return db


def ident(session, scheme, code):
    return session.scalar(sa.select(PlaceCode.place_id).where(PlaceCode.scheme == scheme, PlaceCode.code == code))


def test_a_village_has_its_code_commune_languages_and_tick(land, now):
    with land.read() as session:
        village = session.get(Place, ident(session, "essai", "V001"))
        assert (village.name, village.folded, village.sms_name) == (
            "Village inventé 1",
            "vilageinvente1",
            "Village inventé 1",
        )
        assert village.languages == ["dds", "bm"]
        assert places.commune_of(session, village.id, date(2026, 1, 1)) == ident(session, "ocha-2017", "MLI00500207")
        assert count(land, ProgrammeVillage) == 2


def test_the_same_file_changes_nothing_in_any_order(land, now):
    head, *lines = PLACES.strip().splitlines()
    result = take(land, "places", "\n".join([head, *reversed(lines)]), now)

    assert (result.added, result.changed, result.unchanged) == (0, 0, 5)


def test_a_law_moves_a_cercle(land, now):
    result = take(land, "places", MOVED, now)

    assert (result.added, result.changed, result.problems) == (1, 1, ())
    with land.read() as session:
        mopti, new = ident(session, "ocha-2017", "MLI005"), ident(session, "nouveau", "REG")
        for region, day, number in (
            (mopti, date(2022, 1, 1), 2),
            (mopti, date(2025, 1, 1), 0),
            (new, date(2022, 1, 1), 0),
            (new, date(2025, 1, 1), 2),
        ):
            assert len(session.scalars(places.villages_below([region], day)).all()) == number
    again = take(land, "places", MOVED, now)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)


def test_a_new_parent_from_a_day_on_ends_the_old_one(land, now):
    text = "Code;Nomenclature;Code du parent;Rattaché du\nV001;;MLI005002;2024-01-01"
    assert problems(take(land, "places", text, now)) == []

    with land.read() as session:
        rows = session.execute(
            sa.select(PlaceParent.valid_from, PlaceParent.valid_to)
            .where(PlaceParent.place_id == ident(session, "essai", "V001"))
            .order_by(PlaceParent.valid_from.is_not(None))
        ).all()
        assert rows == [(None, date(2023, 12, 31)), (date(2024, 1, 1), None)]


def test_a_parent_without_dates_corrects_one_without_dates(land, now):
    assert take(land, "places", "Code;Code du parent\nV001;MLI005002", now).changed == 1
    assert count(land, PlaceParent) == 4

    take(land, "places", MOVED, now)
    result = take(land, "places", "Code;Nomenclature;Code du parent\nMLI005002;ocha-2017;MLI005", now)
    assert problems(result) == [(2, "Rattaché du")]


A, B, C = "a", "b", "c"
D1, D2, D3 = date(2020, 1, 1), date(2023, 1, 1), date(2025, 1, 1)
MERGED = [
    ("the first parent", [], [Parent(A)], [Parent(A)]),
    ("the same again", [Parent(A)], [Parent(A)], [Parent(A)]),
    ("a correction", [Parent(A)], [Parent(B)], [Parent(B)]),
    ("from a day on", [Parent(A)], [Parent(B, D2)], [Parent(A, None, date(2022, 12, 31)), Parent(B, D2)]),
    (
        "both told with their days",
        [Parent(A)],
        [Parent(B, D2), Parent(A, None, date(2022, 12, 31))],
        [Parent(A, None, date(2022, 12, 31)), Parent(B, D2)],
    ),
    ("the end is told later", [Parent(A, D1)], [Parent(A, D1, D2)], [Parent(A, D1, D2)]),
    ("the open one again", [Parent(A, None, D1), Parent(B, D2)], [Parent(B)], [Parent(A, None, D1), Parent(B, D2)]),
    ("it crosses another", [Parent(A, D1, D2)], [Parent(B, D2, D3)], None),
    ("before the first", [Parent(A, D2)], [Parent(B, D1)], None),
    ("without dates beside dated ones", [Parent(A, None, D1), Parent(B, D2)], [Parent(C)], None),
    ("it ends before it begins", [], [Parent(A, D3, D1)], None),
    ("two at once without dates", [], [Parent(A), Parent(B)], None),
]


@pytest.mark.parametrize("case", MERGED, ids=[row[0] for row in MERGED])
def test_what_a_file_says_of_parents_is_merged(case):
    _label, known, given, wanted = case
    parents, conflict = merge(known, given)

    assert (conflict is None) == (wanted is not None)
    if wanted is not None:
        assert parents == wanted
        assert merge(parents, given) == (wanted, None)


HEAD = "Code;Nomenclature;Nom officiel;Niveau;Code du parent;Autres codes;Cycle du marché (jours);Un jour de marché;"
HEAD += "Village du programme;Valide du;Valide au\n"
WRONG = [
    ("a parent that is lower", "X1;;X;commune;V001;;;;;;", [(2, "Code du parent")], "ne peut pas"),
    ("a parent of the same level", "X1;;X;village;V001;;;;;;", [(2, "Code du parent")], "ne peut pas"),
    ("a parent that nobody knows", "X1;;X;village;ZZ;;;;;;", [(2, "Code du parent")], "Aucun lieu"),
    ("a parent by its name", "X1;;X;village;doucombo;;;;;;", [(2, "Code du parent")], "MLI00500207"),
    ("itself", "X1;;X;village;X1;;;;;;", [(2, "Code du parent")], "ne peut pas"),
    ("no such level", "X1;;X;hameau;;;;;;;", [(2, "Niveau")], "région"),
    ("neither name nor level", "X1;;;;;;;;;;", [(2, "Nom officiel"), (2, "Niveau")], "vide"),
    ("no code", ";;X;village;;;;;;;", [(2, "Code")], "vide"),
    ("another level than before", "V001;;V;commune;;;;;;;", [(2, "Niveau")], "change pas"),
    ("the code of another place", "X1;;X;village;;ocha-2017:MLI005;;;;;", [(2, "Autres codes")], "autre lieu"),
    ("the code of another line", "X1;;X;village;;\nX2;;Y;village;;X1;;;;;", [(3, "Autres codes")], "ligne 2"),
    ("a six-day market", "X1;;X;village;;;6;2026-01-01;;;", [(2, "Cycle du marché (jours)")], "5, 7"),
    ("a market without a day", "X1;;X;village;;;5;;;;", [(2, "Un jour de marché")], "marché"),
    ("a commune ticked as a village", "X1;;X;commune;;;;;oui;;", [(2, "Village du programme")], "village"),
    ("it ends before it begins", "X1;;X;village;;;;;;2026-01-01;2025-01-01", [(2, "Valide au")], "avant"),
    ("twice the same line", "X1;;X;village;;\nX1;;X;village;;", [(3, "Code")], "ligne 2"),
    ("two lines that differ", "X1;;X;village;MLI005\nX1;;Y;;MLI005002", [(3, "Nom officiel"), (3, "Rattaché du")], ""),
    ("the place of another line", "V001;;V;;;z:Z1\nV001;essai;W;;;", [(3, "Nom officiel"), (3, "Code")], "ligne 2"),
]


@pytest.mark.parametrize("case", WRONG, ids=[row[0] for row in WRONG])
def test_what_is_wrong_with_a_place(land, now, case):
    _label, lines, wanted, word = case
    result = take(land, "places", HEAD + lines, now)

    assert problems(result) == wanted
    assert word in result.problems[0].problem
    assert count(land, Place) == 5


def test_a_place_named_by_two_of_its_codes_is_one_place(land, now):
    take(land, "places", "Code;Autres codes\nV001;ocha-2017:VX", now)
    result = take(land, "places", "Code;Nomenclature;Nom officiel\nV001;;Un\nVX;ocha-2017;Deux", now)

    assert problems(result) == [(3, "Code")]


def test_codes_names_markets_and_ticks_are_added_and_taken_away(land, now):
    text = """
    Code ; Autres codes ; Autres noms ; Cycle du marché (jours) ; Un jour de marché ; Village du programme
    V001 ; ocha-2017:X9 ; Vilaj; 5 ; 9/4/2014 ; non
    """
    text = "\n".join(line.strip() for line in text.strip().splitlines())
    assert take(land, "places", text, now).changed == 1
    assert take(land, "places", text, now).unchanged == 1

    with land.read() as session:
        village = session.get(Place, ident(session, "ocha-2017", "X9"))
        assert village.id == ident(session, "essai", "V001")
        assert (village.market_days, village.market_anchor) == (5, date(2014, 4, 9))
        assert [row.name for row in session.scalars(sa.select(PlaceName))] == ["Vilaj"]
        assert session.scalars(sa.select(ProgrammeVillage.place_id)).all() == [ident(session, "essai", "V002")]


def test_a_station_is_known_by_its_name_and_its_phones_are_told_whole(land, now):
    assert take(land, "stations", STATIONS, now).added == 1
    assert take(land, "stations", STATIONS, now).unchanged == 1
    assert take(land, "stations", "Name;Phones\nRADIO INVENTEE;77 00 00 09 ou 76 00 00 01", now).changed == 1
    assert count(land, StationPhone) == 2
    assert take(land, "stations", "Nom;Téléphones;Fréquence\nRadio Inventée;-;95,5 FM", now).changed == 1

    with land.read() as session:
        row = session.scalars(sa.select(Station)).one()
        assert (row.name, row.sms_name, row.languages) == ("Radio Inventée", "Radio Inventée", ["bm", "dds"])
    assert count(land, StationPhone) == 0
    assert count(land, Phone) == 2


BAD_STATIONS = [
    ("no name", ";;bm", [(2, "Nom")]),
    ("the same name twice", "Radio A;;\nradio a;;", [(3, "Nom")]),
    ("a landline", "Radio A;20 22 33 44;", [(2, "Téléphones")]),
    ("a language by its family", "Radio A;;dogon", [(2, "Langues")]),
    ("the code of a landline in words", "Radio A;pas de téléphone;", [(2, "Téléphones")]),
]


@pytest.mark.parametrize("case", BAD_STATIONS, ids=[row[0] for row in BAD_STATIONS])
def test_what_is_wrong_with_a_station(land, now, case):
    _label, lines, wanted = case
    assert problems(take(land, "stations", "Nom;Téléphones;Langues\n" + lines, now)) == wanted
    assert count(land, Station) == 0
