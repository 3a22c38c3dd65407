"""What every kind of sheet has in common: forgiving headers, all problems at once, all or nothing."""

from __future__ import annotations

import json
from random import Random

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import campaigns.evaluation.intake  # noqa: F401 (its kinds are held to the same rules)
from messaging import codes, imports, sheets
from messaging.errors import DataError
from messaging.imports import KINDS, columns, empty_sheet, problem_list
from messaging.models import Audit, Household, Member, Place
from tests.messaging.registers import (
    CODE,
    HOUSEHOLDS,
    MEMBERS,
    count,
    make_programme,
    problems,
    read,
    take,
    whole,
    xlsx,
)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_sheet_has_french_headers_and_its_example_is_never_imported(db, now, kind, form):
    make_programme(db, now)
    data = empty_sheet(kind, form)

    assert read(data) == [tuple(column.fr for column in columns(kind))]
    assert take(db, kind, data, now) == imports.Result(stored=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_sheet_is_a_good_line(db, now, kind):
    """Whoever takes the `#` and its word away has a line that says something."""
    make_programme(db, now)
    text = empty_sheet(kind, "csv").decode("utf-8-sig").replace("# exemple ", "")
    result = take(db, kind, text.encode(), now, dry_run=True)

    pointing = {column.fr for column in columns(kind) if column.refers} | {"Code du parent"}
    assert {problem.column for problem in result.problems} <= pointing


@pytest.mark.parametrize("kind", KINDS)
def test_headers_are_understood_in_english_too(db, now, kind):
    make_programme(db, now)
    english = ";".join(column.en for column in columns(kind)).upper()
    shouted = ";".join(f" {column.fr} (obligatoire) * ".upper().replace("É", "E") for column in columns(kind))

    assert not take(db, kind, english.encode(), now).problems
    assert not take(db, kind, shouted.encode(), now).problems


def test_no_two_columns_answer_to_one_header():
    for kind in KINDS:
        names = [name for column in columns(kind) for name in column.names()]
        assert len(names) == len(set(names)), kind
        assert columns(kind)[0].needed


HEADERS = [
    ("a title that is nearly right", "Code du ménage;Code du vilage", [(1, "Code du vilage")], "Code du village"),
    ("a title that nobody knows", "Code du ménage;Ethnie", [(1, "Ethnie")], "supprimez"),
    ("a title twice", "Code du ménage;Household code", [(1, "Code du ménage")], "deux fois"),
    ("without the code", "Code du village", [(1, "Code du ménage")], "feuille vide"),
    ("a phone number as a title", "Code du ménage;76123456", [(1, "[numéro]")], "supprimez"),
    ("nothing", "", [(0, "")], "vide"),
    ("a lone quotation mark", 'Code du ménage;"x', [(1, "")], "guillemet"),
]


@pytest.mark.parametrize("case", HEADERS, ids=[row[0] for row in HEADERS])
def test_what_is_wrong_with_a_header(db, now, case):
    _label, text, wanted, word = case
    make_programme(db, now)
    result = take(db, "households", text.encode(), now)

    assert problems(result) == wanted
    assert word in result.problems[0].problem


def test_a_column_without_a_title_is_a_remark(db, now):
    whole(db, now)
    result = take(db, "households", "Code du ménage;Code du village;\nM9;V001;une remarque", now)

    assert not result.problems
    assert result.added == 1


def test_a_dry_run_says_what_would_happen_and_stores_nothing(db, now):
    whole(db, now)
    before = count(db, Audit)
    result = take(db, "members", MEMBERS, now, dry_run=True)

    assert (result.added, result.stored, len(result.shared_phones)) == (3, False, 1)
    assert count(db, Member) == 0
    assert count(db, Audit) == before
    assert "Essai" in result.sentence()[0]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_two_thousand_lines_with_fifty_bad_ones(db, now, form):
    whole(db, now)
    homes = count(db, Household)
    rows = [["Code du ménage", "Code du village", "Personnes"]]
    rows += [[f"H{place}", "V001" if place % 40 else "V999", 5] for place in range(2_000)]
    data = xlsx(rows) if form == "xlsx" else "\n".join(";".join(map(str, row)) for row in rows).encode()

    result = take(db, "households", data, now)

    assert problems(result) == [(place + 2, "Code du village") for place in range(0, 2_000, 40)]
    assert (result.added, result.stored) == (0, False)
    assert "Rien n'est enregistré : 50 problème" in result.sentence()[0]
    assert count(db, Household) == homes

    listed = read(problem_list(result, form))
    assert len(listed) == 51
    assert listed[1][:2] == ("2", "Code du village")


def test_the_same_file_twice_changes_nothing_at_all(db, now):
    whole(db, now)
    assert take(db, "members", MEMBERS, now).added == 3
    with db.read() as session:
        before = session.execute(sa.text("SELECT count(*) FROM consent")).scalar()
        lines = count(db, Audit)

    again = take(db, "members", MEMBERS, now)

    assert (again.added, again.changed, again.unchanged) == (0, 0, 3)
    assert count(db, Audit) == lines
    with db.read() as session:
        assert session.execute(sa.text("SELECT count(*) FROM consent")).scalar() == before


def test_an_empty_cell_leaves_and_a_hyphen_empties(db, now):
    whole(db, now)
    left = take(db, "households", "Code du ménage;Personnes;Groupe HEA\nM1;;", now)
    assert (left.changed, left.unchanged) == (0, 1)

    emptied = take(db, "households", "Code du ménage;Personnes;Sexe du chef de ménage\nM1;-;-", now)
    assert emptied.changed == 1
    with db.read() as session:
        row = session.scalars(sa.select(Household).where(Household.code == "M1")).one()
        assert (row.people, row.sex_of_head, row.hea_band) == (None, "unknown", "very_poor")


def test_an_import_stands_in_the_audit_log_without_any_content(db, now):
    whole(db, now)
    with db.read() as session:
        row = session.scalars(sa.select(Audit).where(Audit.object == "households")).one()
        assert (row.action, row.object_id, row.after["added"]) == ("imported", CODE, 2)


def test_a_result_is_plain_values(db, now):
    whole(db, now)
    result = take(db, "members", MEMBERS + "P9;M9;x;;;;;;;;;;;;", now)

    plain = json.loads(json.dumps(result.as_dict()))
    assert {"line", "column", "problem", "problem_en"} == set(plain["problems"][0])
    assert plain["shared_phones"] == [{"phone": "•• 11", "lines": [3, 4], "others": 0}]
    assert plain["stored"] is False


def test_a_kind_that_there_is_not(db, now):
    make_programme(db, now)
    with pytest.raises(DataError, match="places, stations, clubs"):
        take(db, "phones", b"", now)
    with pytest.raises(DataError, match="stations"):
        empty_sheet("phones", "csv")


def test_no_problem_repeats_a_phone_number(db, now):
    whole(db, now)
    number = "76 98 76 54"
    titles = [column.fr for column in columns("members")]
    lines = [";".join(number if place == bad else "" for place in range(len(titles))) for bad in range(len(titles))]
    result = take(db, "members", "\n".join([";".join(titles), *lines]), now)

    told = json.dumps(result.as_dict(), ensure_ascii=False)
    assert result.problems
    for written in ("76987654", "76 98 76 54", "22376987654", "987654"):
        assert written not in told


def test_two_programmes_may_use_the_same_codes(db, now):
    whole(db, now)
    make_programme(db, now, "autre")
    villages = count(db, Place)
    text = "Code;Nom officiel;Niveau\nV001;Un autre village;village"

    assert take(db, "places", text, now, code="autre").added == 1
    assert count(db, Place) == villages + 1
    assert take(db, "households", HOUSEHOLDS, now).unchanged == 2
    assert take(db, "households", "Code du ménage;Code du village\nM1;V001", now, code="autre").added == 1


NASTY = st.sampled_from(
    [
        *("-", "#", "#N/A", "0", "1", "-1", "5", "7", "1041", "0123", "9999999999", "1e9", "22376123456.0"),
        *("V001", "V002", "P1", "M1", "MLI005", "ocha-2017:MLI005", ":", ";", ",", "/", "a:b:c", "fr", "dogon"),
        *("village", "commune", "région", "Club d'écoute", "coopérative", "femme", "homme", "oui", "mardi"),
        *("31/12/2026", "30/02/2026", "2025-03", "0001-01-01", "9999-12-31", "moins de 18", "25-49"),
        *("76 00 00 11", "76000011 / 77000012", "+33612345678", "oral", "messages, étape de vie", "téléphone"),
        *("club seulement", "personnel", "enceinte", "conjoint", "elle-même", "Radio Inventée", "v1", "K"),
        *("é" * 200, "ɛ", "ﷺ" * 40, "\u202e", "=1+1", "'", '"', "NULL", "١٢٣٤", "a" * 130),
    ]
)
LIKELY = {
    "places": {
        "code": ("V001", "V002", "N1", "N2"),
        "scheme": ("", "", "ocha-2017"),
        "name": ("Nom é", "Autre"),
        "parent": ("ocha-2017:MLI00500207", ""),
        "level": ("village",),
        "codes": ("", "x:N1;y:N2", "z:V9"),
        "parent_from": ("", "", "2023-03-13"),
        "market_days": ("5",),
    },
    "stations": {"name": ("Radio Inventée", "Nom é", "Autre"), "place_id": ("", "MLI005002", "-")},
    "clubs": {
        "code": tuple(codes.make(number) for number in (104, 105, 110, 111, 112)),
        "number": ("", "", "36000"),
        "village_id": ("V001", "V002"),
        "language": ("", "bm", "dds"),
        "parent": ("", "", codes.make(104), codes.make(110)),
        "stations": ("", "Radio Inventée", "-"),
        "facilitators": ("", "76000002", "76000002/77000001", "-"),
        "sexes": ("",),
        "meets_weekday": ("", "mardi", "-"),
    },
    "households": {"code": ("M1", "M2", "M3"), "village_id": ("V001", "V002")},
    "members": {
        "code": ("P1", "P2", "P3", "P4"),
        "household_id": ("M1", "M2"),
        "village_id": ("",),
        "language": ("bm", "dds", "fr"),
        "falls_to": ("", "bm fr", "-"),
        "phones": ("76000011", "76000012"),
        "owners": ("conjoint", "elle-même"),
        "age_band": ("25-49", "18-24", "25-49", "moins de 18"),
        "route": ("", "", "club seulement"),
        "clubs": ("", "1041 1055", "-"),
        "purposes": ("messages", "messages, étape de vie"),
        **{key: (words,) for key, words in (("text_version", "v1"), ("consent_language", "bm"), ("way", "oral"))},
        **{key: (words,) for key, words in (("given_on", "2026-03-01"), ("taken_by", "Une"), ("witness", "K"))},
        "life_stage": ("", "", "aucune", "-"),
    },
}


@pytest.fixture
def register(db, now):
    """The whole small register with its members."""
    whole(db, now)
    assert take(db, "members", MEMBERS, now).added == 3
    return db


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_sheet_of_random_cells_ever_raises(register, now, kind, data):
    titles = [column.fr for column in columns(kind)]
    cells = [st.one_of(st.sampled_from(("", column.example)), NASTY, st.text(max_size=12)) for column in columns(kind)]
    rows = data.draw(st.lists(st.tuples(*cells), max_size=3))

    result = take(register, kind, sheets.write("xlsx", titles, rows), now)

    assert bool(result.problems) != result.stored


@pytest.mark.parametrize("kind", LIKELY)
def test_likely_sheets_are_stored_and_a_second_time_change_nothing(register, now, kind):
    dice, stored = Random(kind), 0
    for _round in range(80):
        share = 1 if kind == "members" else dice.choice((0.2, 0.6, 1))
        chosen = [column for column in columns(kind) if column.needed or dice.random() < share]
        pools = [LIKELY[kind].get(column.key, ("", column.example, column.example)) for column in chosen]
        rows = [[dice.choice(pool) for pool in pools] for _ in range(dice.choice((1, 1, 2, 3)))]
        data = sheets.write("csv", [column.fr for column in chosen], rows)

        result = take(register, kind, data, now)

        assert bool(result.problems) != result.stored
        if result.stored:
            stored += bool(result.added + result.changed)
            again = take(register, kind, data, now)
            assert (again.added, again.changed, again.problems) == (0, 0, ()), rows
    assert stored > 3
