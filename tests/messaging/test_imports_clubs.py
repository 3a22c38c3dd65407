"""Clubs from a sheet: the printed code, its facilitators, when it meets and what it listens to; households too."""

from __future__ import annotations

import time
from datetime import date

import pytest
import sqlalchemy as sa

from messaging import codes
from messaging.models import Club, ClubStation, Facilitator, FacilitatorClub, Household, Phone
from messaging.models.people import ClubKind, FacilitatorKind, Sex
from tests.messaging.registers import CLUBS, CLUBS_HEADER, HOUSEHOLDS, count, problems, take, whole


@pytest.fixture
def register(db, now):
    whole(db, now)
    return db


def club(session, code):
    return session.scalars(sa.select(Club).where(Club.code == code)).one()


def test_a_club_has_its_kind_village_language_station_and_day(register):
    with register.read() as session:
        row = club(session, "1041")
        assert (row.kind, row.name, row.sms_name) == (ClubKind.LISTENERS_CLUB, "Club un", "Club un")
        assert (row.language, row.meets_weekday, row.meets_every_days) == ("dds", 1, None)
        assert club(session, "1055").language == "bm"
    assert count(register, ClubStation) == 1


def test_several_facilitators_a_club_and_several_clubs_a_phone(register, now):
    with register.read() as session:
        rows = session.execute(
            sa.select(Club.code, Phone.last_two, Facilitator.sex, Facilitator.kind)
            .join(FacilitatorClub, FacilitatorClub.club_id == Club.id)
            .join(Facilitator, Facilitator.id == FacilitatorClub.facilitator_id)
            .join(Phone, Phone.id == Facilitator.phone_id)
            .order_by(Club.code, Phone.last_two)
        ).all()
    assert rows == [
        ("1041", "02", Sex.F, FacilitatorKind.FACILITATOR),
        ("1041", "03", Sex.M, FacilitatorKind.FACILITATOR),
        ("1055", "02", Sex.F, FacilitatorKind.FACILITATOR),
    ]
    shared = take(register, "clubs", CLUBS, now).shared_phones
    assert [(one.phone, one.lines, one.others) for one in shared] == [("•• 02", (3, 4), 0)]


def test_facilitators_are_told_whole_and_a_phone_elsewhere_is_shown(register, now):
    result = take(register, "clubs", "Code du club;Téléphones des animateurs\n1041;76000002", now)

    assert result.changed == 1
    assert [(one.phone, one.lines, one.others) for one in result.shared_phones] == [("•• 02", (2,), 1)]
    assert count(register, FacilitatorClub) == 2
    assert count(register, Facilitator) == 2


def test_an_adviser_and_the_language_of_a_new_facilitator(register, now):
    text = "Code du club;Téléphones des animateurs;Animateur ou conseiller\n1055;77 00 00 08;conseillère"
    assert take(register, "clubs", text, now).changed == 1

    with register.read() as session:
        row = session.scalars(sa.select(Facilitator).where(Facilitator.kind == FacilitatorKind.ADVISER)).one()
        assert row.language == "bm"


CODES = [
    ("a wrong check digit", "1042", "1041"),
    ("no check digit", "104", "1041"),
    ("it starts with 0", "0415", "commence par 0"),
    ("only zeros", "0000", "commence par 0"),
    ("too long", "10411", "Libre : 1007"),
    ("letters", "1O41", "Libre : 1007"),
    ("Arabic digits", "١٠٤١", "Libre : 1007"),
]


@pytest.mark.parametrize("case", CODES, ids=[row[0] for row in CODES])
def test_a_code_that_cannot_be_is_refused_with_what_to_write(register, now, case):
    _label, code, word = case
    result = take(register, "clubs", f"{CLUBS_HEADER}{code};CEAP;Club;V001;;;;", now)

    assert problems(result) == [(2, "Code du club")]
    assert word in result.problems[0].problem


def test_a_code_typed_as_a_number_or_with_a_blank_is_the_same(register, now):
    assert take(register, "clubs", "Code du club;Femmes\n10 41;12", now).changed == 1


def test_free_codes_are_offered_each_once(register, now):
    lines = "".join(f"code {place};CEAP;Club {place};V001;;;;\n" for place in range(3))
    result = take(register, "clubs", CLUBS_HEADER + lines, now)

    assert [problem.problem.split()[-1] for problem in result.problems] == ["1007.", "1010.", "1029."]


def full(first: str = "") -> str:
    lines = [f"{code};CEAP;Club {code};V001;;;;" for code in codes.all_codes()]
    return CLUBS_HEADER + "\n".join([*lines, first])


@pytest.mark.parametrize("code", ["0017", "1007", "12345", ""], ids=["starts with 0", "again", "too long", "none"])
def test_the_901st_club_of_a_number_is_refused_with_that_sentence(register, now, code):
    result = take(register, "clubs", full(f"{code};CEAP;Un de trop;V001;;;;"), now)

    assert {line for line, _column in problems(result)} == {902}
    assert "sert 900 clubs : prenez-en un deuxième" in result.problems[-1].problem or code == ""
    assert count(register, Club) == 2


def test_nine_hundred_clubs_fit_quickly_and_a_second_number_serves_more(register, now):
    start = time.perf_counter()
    assert take(register, "clubs", full(), now).added == 898
    assert time.perf_counter() - start < 5
    second = f"Numéro appelé;{CLUBS_HEADER}36001;1041;CEAP;Club;V001;;;;"
    assert take(register, "clubs", second, now).added == 1
    assert count(register, Club) == 901


HEAD = "Code du club;Type;Nom;Code du village;Jour de réunion;Réunion tous les (jours);Un jour de réunion;"
HEAD += "Code du groupe parent;Téléphone du club;Stations;Téléphones des animateurs;Sexes des animateurs\n"
NEW = "1108;CEAP;Club;V001"
WRONG = [
    ("twice in the file", f"{NEW};;;;;;;;\n{NEW};;;;;;;;", [(3, "Code du club")], "ligne 2"),
    ("a weekday and a cycle", f"{NEW};lundi;5;2026-03-12;;;;;", [(2, "Jour de réunion")], "l'un des deux"),
    ("a cycle without a day", f"{NEW};;5;;;;;;", [(2, "Un jour de réunion")], "un jour de réunion"),
    ("a day without a cycle", f"{NEW};;;2026-03-12;;;;;", [(2, "Un jour de réunion")], "nombre de jours"),
    ("a village by its name", "1108;CEAP;Club;village invente 1;;;;;;;;", [(2, "Code du village")], "V001"),
    ("a commune", "1108;CEAP;Club;MLI00500207;;;;;;;;", [(2, "Code du village")], "pas un village"),
    ("a station that nobody knows", f"{NEW};;;;;;Radio X;;", [(2, "Stations")], "stations"),
    ("a parent that nobody knows", f"{NEW};;;;2035;;;;", [(2, "Code du groupe parent")], "2035"),
    ("its own parent", f"{NEW};;;;1108;;;;", [(2, "Code du groupe parent")], "Aucun autre"),
    ("fewer sexes than phones", f"{NEW};;;;;;;76000007,76000008;femme", [(2, "Sexes des animateurs")], "2 téléphone"),
    ("a landline", f"{NEW};;;;;20223344;;;", [(2, "Téléphone du club")], "•• 44"),
    ("no kind", "1108;;Club;V001;;;;;;;;", [(2, "Type")], "vide"),
    ("a kind that there is not", "1108;chorale;Club;V001;;;;;;;;", [(2, "Type")], "club d'écoute"),
]


@pytest.mark.parametrize("case", WRONG, ids=[row[0] for row in WRONG])
def test_what_is_wrong_with_a_club(register, now, case):
    _label, lines, wanted, word = case
    result = take(register, "clubs", HEAD + lines, now)

    assert problems(result) == wanted
    assert word in result.problems[0].problem
    assert count(register, Club) == 2


def test_two_lines_may_not_say_different_things_of_one_facilitator(register, now):
    text = f"{HEAD}{NEW};;;;;;;76000008;femme\n1119;CEAP;Club;V001;;;;;;;76000008;homme"
    result = take(register, "clubs", text, now)

    assert problems(result) == [(3, "Sexes des animateurs")]
    assert "•• 08" in result.problems[0].problem


def test_parents_club_phones_and_meeting_days_change_later(register, now):
    union = f"{HEAD}1108;Union;Union;V001;;;;;;;;\n1119;Coopérative;Coop;V001;lundi;;;1108;76 00 00 09;;;"
    assert take(register, "clubs", union, now).added == 2
    assert take(register, "clubs", union, now).unchanged == 2
    with register.read() as session:
        parent, row = club(session, "1108"), club(session, "1119")
        assert row.parent_id == parent.id
        assert session.get(Phone, row.relay_phone_id).last_two == "09"

    later = f"{HEAD}1119;;;;;5;9 avril 2014;-;-;;;"
    assert problems(take(register, "clubs", later, now)) == [(2, "Un jour de réunion")]
    assert take(register, "clubs", later.replace("9 avril 2014", "09/04/2014"), now).changed == 1
    with register.read() as session:
        row = club(session, "1119")
        assert (row.meets_weekday, row.meets_every_days, row.meets_anchor) == (None, 5, date(2014, 4, 9))
        assert (row.parent_id, row.relay_phone_id) == (None, None)


def test_stations_of_a_club_are_told_whole(register, now):
    assert take(register, "clubs", "Code du club;Stations\n1041;-\n1055;Radio Inventée", now).changed == 2
    with register.read() as session:
        assert session.scalars(sa.select(ClubStation.club_id)).all() == [club(session, "1055").id]


HOMES = [
    ("more women and children than people", "M3;V001;;;3;2;1;1", [(2, "Personnes")], "4 femmes et enfants"),
    ("a group that there is not", "M3;V001;riche;;;;;", [(2, "Groupe HEA")], "très pauvre"),
    ("half a person", "M3;V001;;;2,5;;;", [(2, "Personnes")], "nombre entier"),
    ("no village", "M3;;;;;;;", [(2, "Code du village")], "vide"),
    ("no code", ";V001;;;;;;", [(2, "Code du ménage")], "vide"),
]


@pytest.mark.parametrize("case", HOMES, ids=[row[0] for row in HOMES])
def test_what_is_wrong_with_a_household(register, now, case):
    _label, line, wanted, word = case
    head = "Code du ménage;Code du village;Groupe HEA;Sexe du chef de ménage;Personnes;Femmes de 15 à 49 ans;"
    result = take(register, "households", f"{head}Enfants de 0 à 23 mois;Enfants de 24 à 59 mois\n{line}", now)

    assert problems(result) == wanted
    assert word in result.problems[0].problem
    assert count(register, Household) == 2


def test_a_household_moves_to_another_village(register, now):
    assert take(register, "households", HOUSEHOLDS, now).unchanged == 2
    assert take(register, "households", "Household code;Village code;Status\nM1;essai:V002;moved", now).changed == 1


SIZES = [
    ("too few", "CEAP; 12; 7", ["19 membres notés"]),
    ("too many", "CEAP; 23; 10", ["33 membres notés"]),
    ("the fewest", "CEAP; 12; 8", []),
    ("the most", "CEAP; 22; 10", []),
    ("nobody noted", "CEAP; ; ", []),
    ("another kind of club", "club d'écoute; 12; 7", []),
]


@pytest.mark.parametrize(("row", "said"), [one[1:] for one in SIZES], ids=[one[0] for one in SIZES])
def test_the_size_of_a_field_school_is_remarked_and_stops_nothing(register, now, row, said):
    sheet = f"Code du club; Type; Femmes; Hommes; Nom\n1055; {row}; Autre nom"
    done = take(register, "clubs", sheet, now)
    assert (done.changed, done.stored, done.problems) == (1, True, ())
    assert [one.problem.partition(" :")[0] for one in done.remarks] == said
    assert [(one.line, one.column) for one in done.remarks] == [(2, "Femmes")] * len(said)
