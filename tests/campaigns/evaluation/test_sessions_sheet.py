"""Paper sheets and forms of club sessions through the importer: taken once, never twice, never in silence."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from campaigns.clubs import reports
from campaigns.evaluation import forms
from campaigns.evaluation.intake.sessions import COLUMNS, Sessions
from campaigns.models import Attendance, AttendanceState, ClubSession, ClubSessionKind, Heard
from messaging import imports
from messaging.errors import RefusedError
from messaging.imports.columns import folded
from messaging.imports.intake import Intake
from messaging.models import Audit, Club, Programme
from tests.messaging.registers import csv, problems, take, whole, xlsx

HEADER = "Code du club; Date; Genre; Tenue ou annulée; Femmes; Hommes; Total; Remplacer\n"
PAPER = HEADER + "1041; 05/03/2026; séance; tenue; 12; 8; 20;\n1055; 2026-03-06; ; annulée; ; ; ;"
KOBO = [
    ("start", "kind", "club_code", "held_on", "status", "session_no", "counts/women", "counts/men", "counts/girls",
     "counts/total", "note", "meta/instanceID", "_id", "_uuid", "_status", "_index"),
    ("2026-03-05T10:00:00", "PRES", "1041", "2026-03-05", "held", "7", "12", "8", "5", "25", "Bonne pluie",
     "uuid:aa-1", "501", "aa-1", "submitted_via_web", "1"),
    ("2026-03-08T10:00:00", "VISITE", "1055", "2026-03-08", "held", "", "9", "3", "", "12", "", "uuid:aa-2", "502",
     "aa-2", "submitted_via_web", "2"),
]  # fmt: skip
ODK = [
    ("SubmissionDate", "kind", "club_code", "held_on", "status", "episode_no", "signal", "counts-women", "counts-men",
     "counts-total", "meta-instanceID", "KEY", "Status"),
    ("2026-03-05T10:00:00Z", "ECOUTE", "1041", "2026-03-05", "held", "12", "partly", "12", "8", "20", "uuid:bb-1",
     "uuid:bb-1", ""),
]  # fmt: skip


@pytest.fixture
def register(db, now):
    whole(db, now)
    return db


def stored(db) -> list[str]:
    """Every report as « 1041 05/03 held F12 H8 T20 paper verified », the oldest first."""
    query = (
        sa.select(Club.code, ClubSession, Attendance)
        .join(ClubSession, ClubSession.club_id == Club.id)
        .outerjoin(Attendance, Attendance.club_session_id == ClubSession.id)
        .where(ClubSession.held_on.is_not(None))
        .order_by(ClubSession.held_on, Attendance.id)
    )
    with db.read() as session:
        return [line(*row) for row in session.execute(query)]


def line(code, meeting, row) -> str:
    said = f"{code} {meeting.held_on:%d/%m} {meeting.status}"
    return f"{said} F{row.women} H{row.men} T{row.total} {row.source} {row.state}" if row else said


def test_a_paper_sheet_is_stored_once_and_the_same_again_changes_nothing(register, now):
    done = take(register, "sessions", PAPER, now)
    assert (done.added, done.changed, done.stored, done.problems) == (2, 0, True, ())
    assert stored(register) == ["1041 05/03 held F12 H8 T20 paper verified", "1055 06/03 cancelled"]

    again = take(register, "sessions", PAPER, now)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    assert len(stored(register)) == 2


def test_a_dry_run_tells_and_stores_nothing(register, now):
    assert take(register, "sessions", PAPER, now, dry_run=True).added == 2
    assert stored(register) == []


WRONG = [
    ("a total that does not match", "1041;2026-03-05;;;12;8;21;", "Total", "12+8=20, pas 21"),
    ("no total", "1041;2026-03-05;;;12;8;;", "Total", "protège"),
    ("nobody", "1041;2026-03-05;;;;;;", "Femmes", "Personne n'est compté"),
    ("a day to come", "1041;2026-03-13;;;12;8;20;", "Date", "futur"),
    ("another club's code", "9999;2026-03-05;;;12;8;20;", "Code du club", "Aucun club"),
    ("called off, and people", "1041;2026-03-05;;annulée;12;8;20;", "Tenue ou annulée", "Annulée, mais"),
    ("half a head", "1041;2026-03-05;;;12,5;8;20;", "Femmes", "nombre entier"),
    ("no day", "1041;;;;12;8;20;", "Date", "ne peut pas rester vide"),
]


def test_what_is_wrong_stands_by_line_and_column_and_nothing_is_stored(register, now):
    good = "1055;2026-03-05;;;9;1;10;"
    sheet = HEADER + "\n".join([good, *(row for _label, row, _column, _word in WRONG)])
    done = take(register, "sessions", sheet, now)
    found = {problem.line: problem for problem in done.problems}
    for number, (label, _row, column, word) in enumerate(WRONG, 3):
        assert (found[number].column, word in found[number].problem) == (column, True), label
    assert len(done.problems) == len(WRONG)
    assert stored(register) == []


def test_more_pregnant_and_nursing_than_women_are_refused(register, now):
    header = "Code du club; Date; Femmes; Hommes; Total; Femmes enceintes; Femmes allaitantes\n"
    done = take(register, "sessions", header + "1041; 2026-03-05; 4; 8; 12; 3; 2", now)
    assert problems(done) == [(2, "Femmes enceintes")]


def test_a_difference_is_told_and_replaces_only_when_the_line_says_so(register, now):
    take(register, "sessions", HEADER + "1041;2026-03-05;;;12;8;20;", now)
    other = HEADER + "1041;2026-03-05;;;11;8;19;{}"
    done = take(register, "sessions", other.format(""), now)
    assert problems(done) == [(2, "Remplacer")]
    assert "F12 H8 T20 (papier)" in done.problems[0].problem
    assert "yes" in done.problems[0].problem_en

    assert take(register, "sessions", other.format("oui"), now).changed == 1
    assert stored(register) == [
        "1041 05/03 held F12 H8 T20 paper corrected", "1041 05/03 held F11 H8 T19 paper verified"
    ]  # fmt: skip
    assert take(register, "sessions", other.format("oui"), now).unchanged == 1


def test_two_lines_of_one_club_and_day_are_one_session(register, now):
    twice = HEADER + "1041;2026-03-05;;;12;8;20;\n1041;2026-03-05;;;12;8;20;\n1041;2026-03-05;;;1;1;2;"
    done = take(register, "sessions", twice, now)
    assert problems(done) == [(4, "Remplacer")]
    assert "(ligne 2)" in done.problems[0].problem
    done = take(register, "sessions", twice + "oui", now)
    assert (done.added, done.changed, done.unchanged) == (1, 1, 1)
    assert stored(register)[-1] == "1041 05/03 held F1 H1 T2 paper verified"


def test_the_same_on_paper_proves_what_came_by_sms(register, now):
    with register.write() as session:
        club = session.scalars(sa.select(Club).where(Club.code == "1041")).one()
        day = now.date().replace(day=5)
        meeting = reports.record(session, club, day, {"women": 12, "men": 8}, source="form", staff_id=None, now=now)
        session.execute(sa.update(Attendance).values(source="sms"))
        assert meeting.held_on == day
    done = take(register, "sessions", HEADER + "1041;2026-03-05;;;12;8;20;", now)
    assert done.changed == 1
    assert stored(register) == ["1041 05/03 held F12 H8 T20 sms verified"]


@pytest.mark.parametrize(("rows", "ids"), [(KOBO, ["aa-1", "aa-2"]), (ODK, ["bb-1"])], ids=["KoBo", "ODK"])
def test_an_export_of_our_form_is_taken_as_it_is(register, now, rows, ids):
    done = take(register, "sessions", xlsx(rows), now)
    assert (done.problems, done.added) == ((), len(ids))
    as_csv = "\n".join(";".join(row) for row in rows)
    assert take(register, "sessions", csv(as_csv), now).unchanged == len(ids)
    with register.read() as session:
        assert session.scalars(sa.select(Attendance.submission).order_by(Attendance.id)).all() == ids
        assert set(session.scalars(sa.select(Attendance.source))) == {"form"}


SENT = [  # of a form of the 5th of March, brought on the 12th
    ("by KoBo, which has no zone", {"_submission_time": "2026-03-06T08:00:00"}, "06 08:00"),
    ("by ODK", {"SubmissionDate": "2026-03-06T08:00:00.123Z"}, "06 08:00"),
    ("in another zone", {"_submission_time": "2026-03-06T08:00:00.000+02:00"}, "06 06:00"),
    ("after a spreadsheet saved it", {"_submission_time": "06/03/2026 8:05"}, "06 08:05"),
    ("a day alone: late rather than early", {"today": "2026-03-05"}, "05 23:59"),
    ("when it arrived counts before when it was begun", {
        "start": "2026-03-05T10:00:00", "end": "2026-03-05T10:20:00", "_submission_time": "2026-03-09T08:00:00"},
     "09 08:00"),
    ("when it was ended before when it was begun", {
        "start": "2026-03-05T10:00:00", "end": "2026-03-05T10:20:00"}, "05 10:20"),
    ("in the future", {"_submission_time": "2027-03-06T08:00:00"}, "12 17:30"),
    ("before its session", {"_submission_time": "2026-03-04T08:00:00"}, "12 17:30"),
    ("on paper, whatever it says", {"_submission_time": "2026-03-06T08:00:00", "Source": "papier"}, "12 17:30"),
    ("without a time", {}, "12 17:30"),
]  # fmt: skip


def test_a_form_came_in_when_it_was_sent_and_not_when_it_was_brought(register, now):
    """Each of another club and day, so that one register is enough."""
    wrong = []
    for number, (label, more, expected) in enumerate(SENT):
        said = {"club_code": "1041", "held_on": "2026-03-05", "women": "1", "men": "1", "total": "2",
                "_uuid": f"u-{number}", "replace": "oui", **more}  # fmt: skip
        said["women"], said["total"] = str(number), str(number + 1)
        done = take(register, "sessions", xlsx([tuple(said), tuple(said.values())]), now)
        with register.read() as session:
            came = session.scalars(sa.select(Attendance.received_at).order_by(Attendance.id.desc())).first()
        if done.problems or f"{came:%d %H:%M}" != expected:
            wrong.append((label, done.problems, came))
    assert not wrong


def test_a_form_that_takes_the_place_of_an_older_report_is_the_whole_truth(register, now):
    """It was sent before, and taken after: the meeting counts for what it says."""
    header = "Code du club; Date; Genre; Émission; Captée; Femmes; Hommes; Total; _uuid; _submission_time; Remplacer\n"
    take(register, "sessions", header + "1041; 2026-03-05; ECOUTE; 12; pas captée; ; ; ; ; ;", now)
    form = "1041; 2026-03-05; ECOUTE; 13; bien; 4; 4; 8; u-1; 2026-03-05T20:00:00; oui"
    assert take(register, "sessions", header + form, now).changed == 1
    with register.read() as session:
        assert session.scalars(sa.select(ClubSession.heard)).all() == [Heard.WELL]


AS_EXPORTED = [
    ("a form in groups", "page/club_code;page/held_on;page/counts/women;page/counts/men;page/counts/total"),
    ("labels in groups", "Code du club (4 chiffres);Date de la séance;Présents/F femmes;Présents/H hommes;T total"),
]


@pytest.mark.parametrize("header", [row[1] for row in AS_EXPORTED], ids=[row[0] for row in AS_EXPORTED])
def test_an_export_in_groups_with_a_mark_in_front_hours_and_commas(register, now, header):
    sheet = f"\ufeff{header};_uuid;\n1041;2026-03-05T00:00:00.000+00:00;12,0;8;20.0;u-1;\n"
    done = take(register, "sessions", sheet.encode(), now)
    assert (done.problems, done.added) == ((), 1)


def test_whoever_works_elsewhere_learns_nothing_of_a_club(register, now):
    take(register, "sessions", PAPER, now)
    with register.read() as session:
        programme = session.scalars(sa.select(Programme)).one()
        near = session.scalars(sa.select(Club.village_id).where(Club.code == "1055")).one()
        sheet = csv(HEADER + "1041;2026-03-05;;;11;8;19;\n1055;2026-03-07;;;11;8;19;")
        done = imports.take(session, "sessions", programme, sheet, now, dry_run=True, villages=[near])
    assert [(one.line, one.problem.partition(".")[0]) for one in done.problems] == [
        (2, "Ce village n'est pas un des vôtres")
    ]


def test_a_title_of_two_columns_is_no_group(register, now):
    done = take(register, "sessions", "Code du club; Date; Femmes/Hommes; Total\n1041; 2026-03-05; 12; 12", now)
    assert (1, "Femmes/Hommes") in problems(done)


def test_a_title_with_a_slip_is_one_problem_and_not_one_a_line(register, now):
    done = take(register, "sessions", PAPER.replace("Femmes", "Femme"), now)
    assert problems(done) == [(1, "Femme")]
    assert "« Femmes »" in done.problems[0].problem
    assert problems(take(register, "sessions", PAPER.replace("Code du club", "Note"), now)) == [(1, "Code du club")]


def test_a_long_sheet_asks_what_follows_from_it_once(register, now):
    """Each further line costs what is its own: what later meetings count for is worked out at the end, for all."""
    days = [f"2026-02-{number:02}" for number in range(1, 21)]
    lines = [f"1041;{day};;;12;8;20;" for day in days]
    few, many = (_statements(register, now, some) for some in (lines[:4], lines[4:]))
    assert (many - few) / 12 < 9


def _statements(register, now, lines) -> int:
    told: list[str] = []

    def note(_connection, _cursor, statement, *_more):
        told.append(statement)

    sa.event.listen(register.engine, "before_cursor_execute", note)
    try:
        assert take(register, "sessions", HEADER + "\n".join(lines), now).added == len(lines)
    finally:
        sa.event.remove(register.engine, "before_cursor_execute", note)
    return len(told)


def test_what_a_form_says_is_stored_with_it(register, now):
    take(register, "sessions", xlsx(KOBO), now)
    take(register, "sessions", xlsx([ODK[0], (*ODK[1][:3], "2026-03-06", *ODK[1][4:])]), now)
    with register.read() as session:
        first, second, third = session.scalars(sa.select(Attendance).order_by(Attendance.id))
        assert (first.girls, first.total, first.note) == (5, 25, "Bonne pluie")
        assert session.get(ClubSession, first.club_session_id).number == 7
        assert session.get(ClubSession, second.club_session_id).kind is ClubSessionKind.VISIT
        assert (third.intent, third.problem, third.episode) == ("listening", "partly", 12)
        assert third.state is AttendanceState.CONFIRMED


def test_a_form_is_taken_once_whatever_became_of_it(register, now):
    """It was replaced since; when its export comes again it opens no question."""
    take(register, "sessions", xlsx(KOBO), now)
    take(register, "sessions", HEADER + "1041;2026-03-05;;;11;8;19;oui", now)
    again = take(register, "sessions", xlsx(KOBO), now)
    assert (again.unchanged, again.problems) == (2, ())
    assert stored(register)[1] == "1041 05/03 held F11 H8 T19 paper verified"


def test_words_of_danger_in_a_note_are_not_for_everybody(register, now):
    header = "Code du club; Date; Femmes; Hommes; Total; Note\n"
    take(
        register,
        "sessions",
        header + "1041; 2026-03-05; 4; 8; 12; une femme battue\n1055; 2026-03-05; 4; 8; 12; pluie",
        now,
    )
    with register.read() as session:
        assert session.scalars(sa.select(Attendance.sensitive).order_by(Attendance.id)).all() == [True, False]
        assert "battue" not in str(session.scalars(sa.select(Audit.after)).all())


def test_who_brought_it_stands_in_the_log(register, now):
    take(register, "sessions", PAPER, now)
    with register.read() as session:
        lines = session.scalars(sa.select(Audit).where(Audit.object == "club_session")).all()
        assert [(line.actor, line.action) for line in lines] == [("command", "recorded")] * 2


def test_a_report_that_comes_in_between_is_not_run_over(register, now):
    with register.write() as session:
        programme = session.scalars(sa.select(Programme)).one()
        taken = Sessions(Intake(session, programme, csv(PAPER), COLUMNS, now))
        club = session.scalars(sa.select(Club).where(Club.code == "1041")).one()
        reports.record(session, club, now.date().replace(day=5), {"women": 1}, source="form", staff_id=None, now=now)
        with pytest.raises(RefusedError, match="pendant l'import"):
            taken.store(now)


def test_every_field_of_the_form_has_its_column():
    known = {name for column in COLUMNS for name in column.names()}
    asked = [one for one in forms.attendance() if one["name"] not in ("", "start", "counts")]
    assert [one["name"] for one in asked if folded(one["name"]) not in known] == []
    assert [one["label"] for one in asked if folded(one["label"]) not in known] == []
