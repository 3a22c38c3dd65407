"""What is brought to an evaluation by a sheet: figures, distributions, DHIS2 codes, curricula, the arms of clubs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import pytest
import sqlalchemy as sa

from campaigns.clubs import meetings
from campaigns.evaluation import intake
from campaigns.evaluation.definitions import DEFINITIONS
from campaigns.evaluation.surveys import SURVEYS
from campaigns.models import ClubCurriculum, ClubSession, Curriculum, DhisCode, Distribution, Lesson, Measure
from messaging import imports
from messaging.models import Club, Programme
from tests.messaging.registers import CLUBS_HEADER, csv, problems, take, whole

MEASURES = """
Indicateur ; Genre     ; Code de la commune    ; Sexe  ; Numérateur ; Dénominateur ; Valeur ; Date       ; Source
COV-HH     ; cible     ;                       ;       ;            ;              ; 3000   ; 2026-12-31 ; document de programme
mdd-w      ; référence ;                       ; femme ; 129        ; 300          ; 43     ; 2026-02-15 ; enquête de ménages
EBF        ; référence ; ocha-2017:MLI00500207 ;       ; 2          ; 3            ;        ; 2026-02-15 ; enquête de ménages
"""  # noqa: E501
DISTRIBUTIONS = """
Code de la distribution; Date; Modalité; Code du lieu; Article; Unité; Ménages prévus; Ménages servis; Servis, chef femme; Quantité; Valeur (XOF)
SEM-1; 2026-03-05; en nature; V001; semences de mil; kg; 50; 48; 12; 240; 84000
ESP-1; 2026-03-06; cash+    ; ocha-2017:MLI00500207; espèces; XOF; 20; 20; ; 500000,5;
"""  # noqa: E501
DHIS2 = """
Quoi              ; Notre code ; Leur code
data_set          ; monthly    ; CDR_MONTHLY
élément de données; ATT-HELD   ; CDR_SESS_HELD
"""
LESSONS = """
Code du programme de formation; Titre du programme de formation; Numéro; Titre; Titres en d'autres langues; Thème; Volet agro ou vie; Semaine
CEAP-1; Champ-école 2026; 1; Préparer la parcelle; ; agriculture; agro; 0
CEAP-1; ; 2; L'eau propre; bm = ji sanuman | ffm = ndiyam; hygiène; vie; 1
"""  # noqa: E501
FOLLOWERS = """
Code du club; Code du programme de formation; Commence le
1055; CEAP-1; 2026-03-02
"""
SHEETS = [
    ("measures", MEASURES, Measure, 3), ("distributions", DISTRIBUTIONS, Distribution, 2),
    ("dhis2", DHIS2, DhisCode, 2), ("lessons", LESSONS, Lesson, 2), ("followers", FOLLOWERS, ClubCurriculum, 1),
]  # fmt: skip


def test_every_kind_is_stored_once_and_a_second_time_changes_nothing(db, now):
    whole(db, now)
    for kind, sheet, model, number in SHEETS:
        done = take(db, kind, sheet, now)
        assert (kind, done.problems, done.added) == (kind, (), number)
        again = take(db, kind, sheet, now)
        assert (kind, again.added, again.changed, again.unchanged) == (kind, 0, 0, number)
        with db.read() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(model)) == number
    with db.read() as session:
        values = dict(session.execute(sa.select(Measure.indicator, Measure.value)).all())
        assert {code: round(value, 2) for code, value in values.items()} == {"COV-HH": 3000, "MDD-W": 43, "EBF": 66.67}
        rows = session.execute(sa.select(Distribution.modality, Distribution.value_micros).order_by(Distribution.id))
        assert rows.all() == [("in_kind", 84_000_000_000), ("cash+", None)]
        assert session.scalars(sa.select(Curriculum.title)).all() == ["Champ-école 2026"]
        titles = {"fr": "L'eau propre", "bm": "ji sanuman", "ffm": "ndiyam"}
        second = session.scalars(sa.select(Lesson).where(Lesson.number == 2)).one()
        assert (second.titles, second.topic, second.track, second.week) == (titles, "hygiene", "life", 1)


def test_a_change_is_taken_and_what_a_line_leaves_out_stays(db, now):
    whole(db, now)
    for kind, sheet in (("lessons", LESSONS), ("measures", MEASURES), ("followers", FOLLOWERS)):
        take(db, kind, sheet, now)
    assert take(db, "measures", MEASURES.replace("3000", "3200"), now).changed == 1
    assert take(db, "followers", FOLLOWERS.replace("03-02", "03-09"), now).changed == 1
    shorter = "Code du programme de formation; Numéro; Titre; Thème\nCEAP-1; 2; L'eau potable; hygiène"
    assert take(db, "lessons", shorter, now).changed == 1
    with db.read() as session:
        assert session.scalar(sa.select(Measure.value).where(Measure.indicator == "COV-HH")) == 3200
        assert f"{session.scalar(sa.select(ClubCurriculum.starts_on))}" == "2026-03-09"
        lesson = session.scalars(sa.select(Lesson).where(Lesson.number == 2)).one()
        assert (lesson.titles["fr"], lesson.titles["bm"], lesson.week) == ("L'eau potable", "ji sanuman", 1)


FIGURE = "Indicateur; Genre; Code de la commune; Sexe; Numérateur; Dénominateur; Valeur; Date; Source\n"
WRONG = [
    ("no such code", "XYZ; cible; ; ; ; ; 5; ;", "Indicateur", "MDD-W"),
    ("not what its parts make", "MDD-W; référence; ; femme; 129; 300; 45; 2026-02-15; enquête", "Valeur", "font 43"),
    ("more than all", "MDD; référence; ; ; 301; 300; ; 2026-02-15; enquête", "Dénominateur", "plus petit"),
    ("a share over 100", "MDD; référence; ; ; ; ; 143; 2026-02-15; enquête", "Valeur", "100 au plus"),
    ("a survey by SMS", "HW5; référence; ; ; ; ; 43; 2026-02-15; SMS", "Source", "par SMS"),
    ("a survey of men", "MDD-W; référence; ; homme; ; ; 43; 2026-02-15; enquête", "Sexe", "femmes seules"),
    ("a quiz as a survey", "QUI-OK; référence; ; ; ; ; 43; 2026-02-15; enquête", "Genre", "propre code"),
    ("no day", "MDD; fin; ; ; ; ; 43; ; enquête", "Date", "vide"),
    ("a survey to come", "MDD; fin; ; ; ; ; 43; 2027-02-15; enquête", "Date", "futur"),
    ("not counted by commune", "COV-ADV; cible; ocha-2017:MLI00500207; ; ; ; 5; ;", "Code de la commune", "commune"),
    ("a cercle", "COV-HH; cible; MLI005002; ; ; ; 5; ;", "Code de la commune", "plus haut"),
    ("nothing", "COV-HH; cible; ; ; ; ; ; ;", "Valeur", "vide"),
]


def test_a_figure_that_cannot_be(db, now):
    whole(db, now)
    done = take(db, "measures", FIGURE + "\n".join(row for _label, row, _column, _word in WRONG), now)
    found = {problem.line: problem for problem in done.problems}
    for number, (label, _row, column, word) in enumerate(WRONG, 2):
        assert (found[number].column, word in found[number].problem) == (column, True), label
    assert len(done.problems) == len(WRONG)


def test_both_sexes_and_a_share_that_a_spreadsheet_shows_as_percent(db, now):
    whole(db, now)
    rows = ["COV-W; cible; ; les deux; ; ; 50; ;", "MDD; référence; ; ; ; ; 0,435; 2026-02-15; enquête"]
    done = take(db, "measures", FIGURE + "\n".join(rows), now)
    assert (done.problems, done.added) == ((), 2)
    assert [(one.line, one.column) for one in done.remarks] == [(3, "Valeur")]
    assert done.remarks[0].problem == "0,435 % : moins de 1 %. Pour 43,5 %, écrivez 43,5."
    assert done.remarks[0].problem_en == "0.435 %: less than 1 %. For 43.5 % write 43.5."


def test_two_who_bring_one_sheet_at_once_store_it_once(db, now):
    """The second waits until the first is done, and finds all of it there."""
    whole(db, now)
    with ThreadPoolExecutor(1) as pool:
        with db.write() as session:
            programme = session.scalars(sa.select(Programme)).one()
            first = imports.take(session, "measures", programme, csv(MEASURES), now)
            waiting = pool.submit(take, db, "measures", MEASURES, now)
            wait([waiting], 0.3)
            assert not waiting.done()
        second = waiting.result()
    assert (first.added, second.added, second.unchanged) == (3, 0, 3)
    with db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Measure)) == 3


def test_lessons_and_a_club_that_follows_them_plan_its_meetings_by_them(db, now):
    whole(db, now)
    assert not take(db, "lessons", LESSONS, now).problems
    assert not take(db, "followers", FOLLOWERS.replace("2026-03-02", "2026-03-16"), now).problems
    with db.write() as session:
        meetings.plan_meetings(session, session.scalars(sa.select(Programme)).one(), now)
    with db.read() as session:
        query = sa.select(ClubSession.planned_on, ClubSession.number, ClubSession.topic)
        rows = session.execute(query.order_by(ClubSession.planned_on).where(ClubSession.number.is_not(None))).all()
    assert [(f"{day:%d/%m}", *more) for day, *more in rows] == [("16/03", 1, "agro"), ("23/03", 2, "hygiene")]


OTHERS = [
    ("distributions", DISTRIBUTIONS.replace("48; 12", "48; 49"), [(2, "Servis, chef femme")]),
    ("distributions", DISTRIBUTIONS.replace("2026-03-05", "2026-04-05"), [(2, "Date")]),
    ("distributions", DISTRIBUTIONS.replace("cash+    ", "troc"), [(3, "Modalité")]),
    ("dhis2", DHIS2 + "data_set; monthly; AUTRE", [(4, "Notre code")]),
    ("lessons", LESSONS.replace("ffm =", "xx ="), [(3, "Titres en d'autres langues")]),
    ("lessons", LESSONS.replace("hygiène", "sport"), [(3, "Thème")]),
    ("followers", FOLLOWERS, [(2, "Code du programme de formation")]),
]


def test_what_is_wrong_in_the_other_sheets(db, now):
    whole(db, now)
    for kind, sheet, wanted in OTHERS:
        assert (kind, problems(take(db, kind, sheet, now))) == (kind, wanted)


def test_a_survey_never_shares_a_code_with_what_we_count():
    assert not SURVEYS.keys() & DEFINITIONS.keys()
    assert {"MDD-W", "MDD", "MMF", "MAD", "EBF", "HW5"} <= SURVEYS.keys()
    assert SURVEYS["MDD"].fr != SURVEYS["MDD-2008"].fr


def test_the_kinds_come_after_the_registers_they_build_on():
    assert tuple(imports.KINDS)[-len(intake.KINDS) :] == intake.KINDS


@pytest.mark.parametrize(("cell", "wanted"), [("T1", "t1"), ("Témoin", "control"), ("control", "control")])
def test_the_arm_of_a_club(db, now, cell, wanted):
    whole(db, now)
    header, row = (
        CLUBS_HEADER.strip() + "; Bras",
        f"1041; Club d'écoute; Club un; V001; radio inventee; ; ; mardi; {cell}",
    )
    assert take(db, "clubs", f"{header}\n{row}", now).changed == 1
    assert problems(take(db, "clubs", f"{header}\n{row} ou bien autre", now)) == [(2, "Bras de l'étude")]
    with db.read() as session:
        assert session.scalar(sa.select(Club.arm).where(Club.code == "1041")) == wanted
