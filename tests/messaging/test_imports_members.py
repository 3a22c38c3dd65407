"""Members from a sheet: phones written any way and shared, consent with its evidence, what protects a person."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from messaging import people
from messaging.database import keys_of
from messaging.imports.protection import age, is_minor, months_later
from messaging.models import ClubMember, Consent, Household, Member, MemberPhone, Phone, Programme
from messaging.models.people import LifeStage, Ownership, Purpose, Route, Way
from messaging.people import Evidence
from tests.messaging.registers import CONSENT, MEMBERS, MEMBERS_HEADER, count, problems, take, whole, xlsx


@pytest.fixture
def register(db, now):
    whole(db, now)
    return db


@pytest.fixture
def members(register, now):
    result = take(register, "members", MEMBERS, now)
    assert (result.added, result.problems) == (3, ())
    return register


def member(session, code):
    return session.scalars(sa.select(Member).where(Member.code == code)).one()


def numbers(session, code):
    rows = session.scalars(
        sa.select(Phone.sealed).join(MemberPhone).join(Member).where(Member.code == code).order_by(Phone.id)
    )
    return [keys_of(session).open(sealed) for sealed in rows]


def test_a_member_with_her_phone_club_household_and_consent(members, now):
    with members.read() as session:
        row = member(session, "P1")
        home = session.get(Household, row.household_id)
        assert (home.code, row.village_id, row.route) == ("M1", home.village_id, Route.PHONE)
        assert numbers(session, "P1") == ["+22376000011"]
        assert session.scalars(sa.select(ClubMember.member_id)).all().count(row.id) == 1
        consent = session.scalars(sa.select(Consent).where(Consent.member_id == row.id)).one()
        assert (consent.purpose, consent.granted, consent.way) == (Purpose.MESSAGES, True, Way.ORAL)
        assert (consent.text_version, consent.language, consent.witness) == ("v1", "bm", "K")
        assert consent.given_at.date() == date(2026, 3, 1)
        assert member(session, "P3").route == Route.GROUP


def test_a_shared_phone_is_one_row_and_is_shown(members, now):
    assert count(members, Phone) == 2 + 1 + 1  # two facilitators, a host, and the phone of P1 and P2
    line = f"P9; M2; femme; 25-49; bm; 76000011; voisine; ; {CONSENT}"
    result = take(members, "members", MEMBERS_HEADER + line, now)

    assert [(one.phone, one.lines, one.others) for one in result.shared_phones] == [("•• 11", (2,), 2)]
    assert count(members, Phone) == 4


WRITTEN = [
    ("in pairs", "76 00 00 21"),
    ("with points", "76.00.00.21"),
    ("with the country", "+223 76 00 00 21"),
    ("with two zeros", "00223 76-00-00-21"),
    ("the country without a sign", "22376000021"),
    ("as a spreadsheet's float", "22376000021.0"),
    ("as a power of ten", "2,2376000021E+10"),
    ("held by an apostrophe", "'76000021"),
    ("with its label", "Tél : 76 00 00 21"),
    ("no-break blanks", "76\u00a000\u202f00\u00a021"),
    ("twice the same", "76000021 / 76 00 00 21"),
]


@pytest.mark.parametrize("case", WRITTEN, ids=[row[0] for row in WRITTEN])
def test_a_phone_written_any_way(register, now, case):
    _label, written = case
    result = take(register, "members", f"{MEMBERS_HEADER}P1;M1;F;25-49;bm;{written};own;;{CONSENT}", now)

    assert problems(result) == []
    with register.read() as session:
        assert numbers(session, "P1") == ["+22376000021"]


def test_a_workbook_with_numbers_and_dates_as_numbers_and_dates(register, now):
    titles = [title.strip() for title in MEMBERS_HEADER.split(";")]
    line = ["P1", "M1", "F", "25-49", "bm", 76000021.0, "own", 1041, "messages", 1, "bm", date(2026, 3, 1)]
    assert problems(take(register, "members", xlsx([titles, [*line, "oral", "animatrice", "K"]]), now)) == []

    with register.read() as session:
        assert numbers(session, "P1") == ["+22376000021"]
        assert session.scalars(sa.select(Consent.text_version)).one() == "1"


def test_several_phones_with_whose_each_is(register, now):
    text = f"{MEMBERS_HEADER}P1;M1;F;25-49;bm;76000021, 76000022;elle-même, conjoint;;{CONSENT}"
    assert take(register, "members", text, now).added == 1

    with register.read() as session:
        assert sorted(numbers(session, "P1")) == ["+22376000021", "+22376000022"]
        rows = session.execute(sa.select(Phone.last_two, MemberPhone.ownership).join(Phone))
        assert dict(list(rows)) == {"21": Ownership.OWN, "22": Ownership.SPOUSE}


BAD_PHONES = [
    ("a landline", "20 22 33 44", "fixe"),
    ("a digit too few", "76 00 00 2", "Il manque des chiffres"),
    ("a digit too many", "76 00 00 211", "trop de chiffres"),
    ("shortened by the spreadsheet", "2,2376E+10", "abrégé"),
    ("no mobile of Mali", "+223 10 00 00 00", "mobile"),
    ("a word", "aucun", "chiffres"),
    ("one good, one bad", "76000021 / 7600", "•• "),
]


@pytest.mark.parametrize("case", BAD_PHONES, ids=[row[0] for row in BAD_PHONES])
def test_a_phone_that_cannot_be_is_refused_without_repeating_it(register, now, case):
    _label, written, word = case
    result = take(register, "members", f"{MEMBERS_HEADER}P1;M1;F;25-49;bm;{written};own;;{CONSENT}", now)

    assert problems(result) == [(2, "Téléphone")]
    assert word in result.problems[0].problem
    assert written not in result.problems[0].problem
    assert count(register, Member) == 0


VERSION, DAY, TAKEN = "Version du texte d'accord", "Date de l'accord", "Recueilli par"
EVIDENCE = [
    ("nothing at all", ";;;;;;", [(2, VERSION)]),
    ("no version", "messages;;bm;2026-03-01;oral;une;K", [(2, VERSION)]),
    ("no language", "messages;v1;;2026-03-01;oral;une;K", [(2, "Langue de l'accord")]),
    ("no date", "messages;v1;bm;;oral;une;K", [(2, DAY)]),
    ("no way", "messages;v1;bm;2026-03-01;;une;K", [(2, "Accord par")]),
    ("nobody who took it", "messages;v1;bm;2026-03-01;oral;;K", [(2, TAKEN)]),
    ("oral without a witness", "messages;v1;bm;2026-03-01;oral;une;", [(2, "Initiale du témoin")]),
    ("a witness by name", "messages;v1;bm;2026-03-01;oral;une;Kadidia", [(2, "Initiale du témoin")]),
    ("in the future", "messages;v1;bm;2026-03-13;oral;une;K", [(2, DAY)]),
    ("for quizzes only", "évaluation;v1;bm;2026-03-01;oral;une;K", [(2, "Accords donnés")]),
    ("a way that there is not", "messages;v1;bm;2026-03-01;radio;une;K", [(2, "Accord par")]),
    ("paper needs no witness", "messages;v1;bm;2026-03-01;papier;une;", []),
    ("today", "messages;v1;bm;2026-03-12;papier;une;", []),
    ("purposes left out mean messages", ";v1;bm;2026-03-01;papier;une;", []),
]


@pytest.mark.parametrize("case", EVIDENCE, ids=[row[0] for row in EVIDENCE])
def test_a_phone_needs_evidence_of_consent(register, now, case):
    _label, evidence, wanted = case
    result = take(register, "members", f"{MEMBERS_HEADER}P1;M1;F;25-49;bm;76000021;own;;{evidence}", now)

    assert problems(result) == wanted
    assert count(register, Member) == (0 if wanted else 1)
    assert count(register, Phone) == (3 if wanted else 4)


def test_the_missing_evidence_is_named_in_one_problem(register, now):
    result = take(register, "members", f"{MEMBERS_HEADER}P1;M1;F;25-49;bm;76000021;own;;;;;;;;", now)

    (problem,) = result.problems
    for title in (VERSION, DAY, TAKEN, "Accord par"):
        assert f"« {title} »" in problem.problem
    assert "Without evidence of consent nothing is kept" in problem.problem_en


def withdraw(db, code, at):
    with db.write() as session:
        people.withdraw(session, at, member_id=member(session, code).id)


def active(db):
    with db.read() as session:
        return len(session.scalars(people.agreed(Purpose.MESSAGES)).all())


def test_the_old_file_never_opens_what_was_withdrawn(members, now):
    withdraw(members, "P1", now - timedelta(days=2))

    result = take(members, "members", MEMBERS, now)
    assert (result.changed, result.unchanged, result.problems) == (0, 3, ())
    assert active(members) == 1

    older = MEMBERS_HEADER + "P1;;;;;;;;messages;v2;bm;2026-03-10;papier;une;"
    assert problems(take(members, "members", older, now)) == [(2, DAY)]

    newer = older.replace("2026-03-10", "2026-03-11")
    assert take(members, "members", newer, now).changed == 1
    assert active(members) == 2
    assert take(members, "members", newer, now).unchanged == 1


def test_a_new_phone_after_a_withdrawal_needs_new_evidence(members, now):
    withdraw(members, "P1", now - timedelta(days=2))
    line = MEMBERS_HEADER + "P1;;;;;77000001;own;;" + CONSENT

    assert problems(take(members, "members", line, now)) == [(2, DAY)]


def test_a_phone_whose_holder_refused_needs_newer_evidence(register, now):
    with register.write() as session:
        programme = session.scalars(sa.select(Programme)).one()
        phone = people.add_phone(session, "+22376000021", now)
        evidence = Evidence("sms-1", "fr", Way.SMS, now - timedelta(days=5))
        people.refuse(session, programme.id, Purpose.MESSAGES, evidence, phone.id)
    line = MEMBERS_HEADER + "P1;M1;F;25-49;bm;76000021;own;;" + CONSENT

    result = take(register, "members", line, now)
    assert problems(result) == [(2, DAY)]
    assert "07/03/2026" in result.problems[0].problem
    assert take(register, "members", line.replace("2026-03-01", "2026-03-08"), now).added == 1


def test_an_import_never_opens_a_phone_that_said_stop(members, now):
    with members.write() as session:
        people.find_phone(session, "+22376000011").opted_out_at = now

    take(members, "members", MEMBERS.replace("2026-03-01", "2026-03-12"), now)
    with members.read() as session:
        assert people.find_phone(session, "+22376000011").opted_out_at == now


AGES = [
    ("under 18 with a phone", "moins de 18", "", "76000021", "", [(2, "Téléphone")]),
    ("born 17 years ago with a phone", "", "2009", "76000021", "", [(2, "Téléphone")]),
    ("18 this year, perhaps not yet", "", "2008", "76000021", "", [(2, "Téléphone")]),
    ("18 this year, and she says so", "18-24", "2008", "76000021", "", []),
    ("19 this year", "", "2007", "76000021", "", []),
    ("under 18 who wants the phone", "<18", "", "", "téléphone", [(2, "Messages par")]),
    ("under 18 by the club", "mineure", "", "", "club seulement", []),
    ("under 18, nothing said", "under18", "", "", "", []),
    ("no age, with a phone", "", "", "76000021", "", [(2, "Tranche d'âge")]),
    ("no age, by the club", "", "", "", "", []),
    ("born next year", "", "2027", "", "", [(2, "Année de naissance")]),
    ("a phone without a number", "25-49", "", "", "téléphone", [(2, "Téléphone")]),
    ("a phone, yet by the club", "25-49", "", "76000021", "club seulement", []),
]


@pytest.mark.parametrize("case", AGES, ids=[row[0] for row in AGES])
def test_under_18_there_is_the_club_only(register, now, case):
    _label, band, year, phone, route, wanted = case
    head = "Code du membre;Code du village;Langue;Tranche d'âge;Année de naissance;Téléphone;À qui est le téléphone;"
    head += "Messages par;Accords donnés;Version du texte d'accord;Langue de l'accord;Date de l'accord;Accord par;"
    head += "Recueilli par;Initiale du témoin\n"
    line = f"P1;V001;bm;{band};{year};{phone};{'own' if phone else ''};{route};{CONSENT if phone else ';;;;;;'}"
    result = take(register, "members", head + line, now)

    assert problems(result) == wanted
    if not wanted:
        with register.read() as session:
            by_phone = bool(phone) and route != "club seulement"
            assert member(session, "P1").route == (Route.PHONE if by_phone else Route.GROUP)


BANDS = [("<18", "under18"), ("- 18", "under18"), ("Moins de 18 ans", "under18"), ("18+", "18plus")]
BANDS += [("50 +", "50plus"), ("25–49", "25-49"), ("18 à 24", "18-24"), ("50plus", "50plus")]


@pytest.mark.parametrize("case", BANDS, ids=[row[0] for row in BANDS])
def test_a_band_of_age_is_read_with_its_signs(case):
    assert age(case[0]) == case[1]


def test_age_by_the_year_alone():
    today = date(2026, 3, 12)
    assert is_minor({"age_band": None, "birth_year": 2008}, today)
    assert is_minor({"age_band": None, "birth_year": 2007}, today) is False
    assert is_minor({"age_band": None, "birth_year": None}, today) is None
    assert months_later(date(2025, 12, 1), 25) == date(2028, 1, 1)


STAGE_HEAD = (
    "Code du membre;Code du village;Langue;Sexe;Étape de vie;Étape de vie jusqu'au;Mois de naissance de l'enfant;"
    "Accords donnés;Version du texte d'accord;Langue de l'accord;Date de l'accord;Accord par;Recueilli par\n"
)
YES = "étape de vie;v1;bm;2026-03-01;papier;une"
STAGES = [
    ("pregnant until a day", f"F;enceinte;2026-09-01;;{YES}", []),
    ("a child of a month", f"F;enfant de 0 à 23 mois;;2025-06;{YES}", []),
    ("a month alone", f"F;;;06/2025;{YES}", []),
    ("without consent for it", "F;enceinte;2026-09-01;;messages;v1;bm;2026-03-01;papier;une", [(2, "Accords donnés")]),
    ("without any consent", "F;enceinte;2026-09-01;;;;;;;", [(2, VERSION)]),
    ("without an end", f"F;enceinte;;;{YES}", [(2, "Étape de vie jusqu'au")]),
    ("a pregnant man", f"H;enceinte;2026-09-01;;{YES}", [(2, "Étape de vie")]),
    ("a father", f"H;caregiver;;2025-06;{YES}", []),
    ("a child of next month", f"F;;;2026-04;{YES}", [(2, "Mois de naissance de l'enfant")]),
    ("none", "F;aucune;;;;;;;;", []),
]


@pytest.mark.parametrize("case", STAGES, ids=[row[0] for row in STAGES])
def test_a_life_stage_has_its_own_consent_and_its_end(register, now, case):
    _label, cells, wanted = case
    result = take(register, "members", f"{STAGE_HEAD}P1;V001;bm;{cells}", now)

    assert problems(result) == wanted
    assert count(register, Member) == (0 if wanted else 1)


def test_a_childs_month_ends_after_the_month_of_24_months_and_a_stage_can_be_emptied(register, now):
    take(register, "members", f"{STAGE_HEAD}P1;V001;bm;F;lactating;;14/06/2025;{YES}", now)
    with register.read() as session:
        row = member(session, "P1")
        assert (row.child_birth_month, row.life_stage_until) == (date(2025, 6, 1), date(2027, 7, 1))

    text = "Code du membre;Étape de vie;Mois de naissance de l'enfant\nP1;-;-"
    assert take(register, "members", text, now).changed == 1
    with register.read() as session:
        row = member(session, "P1")
        assert (row.life_stage, row.child_birth_month, row.life_stage_until) == (LifeStage.NONE, None, None)


PERSONAL = [
    ("her own phone and her hours", "elle-même", "soir", []),
    ("her husband's phone", "conjoint", "soir", [(2, "Contenu")]),
    ("no hours", "elle-même", "", [(2, "Heures sûres")]),
]


@pytest.mark.parametrize("case", PERSONAL, ids=[row[0] for row in PERSONAL])
def test_personal_content_needs_a_phone_of_her_own_and_safe_hours(register, now, case):
    _label, owner, hours, wanted = case
    head = MEMBERS_HEADER.rstrip("\n") + ";Contenu;Heures sûres\n"
    line = f"P1;M1;F;25-49;bm;76000021;{owner};;{CONSENT};personnel;{hours}"

    assert problems(take(register, "members", head + line, now)) == wanted


WRONG = [
    ("no such household", "P1;M9;F;25-49;bm;;;;;;;;;;", [(2, "Code du ménage")]),
    ("neither household nor village", "P1;;F;25-49;bm;;;;;;;;;;", [(2, "Code du village")]),
    ("no language", "P1;M1;F;25-49;;;;;;;;;;;", [(2, "Langue")]),
    ("a language by its family", "P1;M1;F;25-49;dogon;;;;;;;;;;", [(2, "Langue")]),
    ("no such club", "P1;M1;F;25-49;bm;;;1041 2035;;;;;;;", [(2, "Codes des clubs")]),
    ("whose phone is left out", f"P1;M1;F;25-49;bm;76000021;;;{CONSENT}", [(2, "À qui est le téléphone")]),
    ("whose phone, but no phone", "P1;M1;F;25-49;bm;;conjoint;;;;;;;;", [(2, "Téléphone")]),
    ("twice in the file", "P1;M1;F;25-49;bm;;;;;;;;;;\nP1;M1;F;25-49;bm;;;;;;;;;;", [(3, "Code du membre")]),
    ("everything at once", "P1;M9;x;vieux;zz;12;moi?;1;;;;;;;", None),
]


@pytest.mark.parametrize("case", WRONG, ids=[row[0] for row in WRONG])
def test_what_is_wrong_with_a_member(register, now, case):
    _label, lines, wanted = case
    result = take(register, "members", MEMBERS_HEADER + lines, now)

    if wanted is None:
        assert {column for _line, column in problems(result)} >= {"Code du ménage", "Sexe", "Langue", "Téléphone"}
    else:
        assert problems(result) == wanted
    assert count(register, Member) == 0


LANGUAGES = [("Donno So", "dds"), ("bambara", "bm"), ("FRANÇAIS", "fr"), ("dogon (toro so)", "dts"), ("peul", "ffm")]


@pytest.mark.parametrize("case", LANGUAGES, ids=[row[0] for row in LANGUAGES])
def test_a_language_by_its_name(register, now, case):
    name, code = case
    assert take(register, "members", f"{MEMBERS_HEADER}P1;M1;F;;{name};;;;;;;;;;", now).added == 1
    with register.read() as session:
        assert member(session, "P1").language == code


def test_a_village_that_is_not_the_households(register, now):
    text = "Code du membre;Code du ménage;Code du village;Langue\nP1;M1;V002;bm"
    assert problems(take(register, "members", text, now)) == [(2, "Code du village")]


def test_phones_and_clubs_are_told_whole(members, now):
    line = MEMBERS_HEADER + "P1;;;;;77 00 00 01;own;1055;;;;;;;"
    assert take(members, "members", line, now).changed == 1
    with members.read() as session:
        row = member(session, "P1")
        assert numbers(session, "P1") == ["+22377000001"]
        assert session.scalars(sa.select(ClubMember).where(ClubMember.member_id == row.id)).one()

    gone = "Code du membre;Téléphone;Codes des clubs\nP1;-;-"
    assert take(members, "members", gone, now).changed == 1
    with members.read() as session:
        assert numbers(session, "P1") == []
        assert member(session, "P1").route == Route.GROUP


def test_three_thousand_members_within_seconds(register, now):
    lines = [f"X{i};M1;F;25-49;dds;77{i // 2:06};conjoint;1041;{CONSENT}" for i in range(3_000)]
    data = (MEMBERS_HEADER + "\n".join(lines)).encode()

    start = time.perf_counter()
    result = take(register, "members", data, now)
    assert time.perf_counter() - start < 6
    assert (result.added, len(result.shared_phones)) == (3_000, 1_500)

    start = time.perf_counter()
    assert take(register, "members", data, now).unchanged == 3_000
    assert time.perf_counter() - start < 6
