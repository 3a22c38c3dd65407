"""Sessions on the pages: a week of them, one with its history, and the form for paper sheets and corrections."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from campaigns.admin import tally
from campaigns.admin.typed import Typed
from campaigns.clubs import reports
from campaigns.models import Attendance, AttendanceState, ClubSession, ClubSessionKind, ClubSessionStatus
from messaging.models import Audit, Club, Inbound, Place, Programme, ProgrammeVillage, Role, StaffPlace, StaffRole
from messaging.models.place import Level
from messaging.places import folded
from tests.campaigns.admin.conftest import Browser, account
from tests.world import World

Browse = Callable[[str], Browser]
LIST = "/admin/essai/people/sessions"
NEW = f"{LIST}/new"
SHEET = {"women": "12", "men": "8", "total": "20"}


@pytest.fixture
def meetings(office: World) -> dict[str, int]:
    """Of the club 1041: one missed and one planned session; the village is one of the programme."""
    today = office.now.date()
    with office.db.write() as session:
        session.add(ProgrammeVillage(programme_id=office.programme_id, place_id=office.village_id))
        session.get_one(Club, office.clubs["1041"]).meets_weekday = today.weekday()
        rows = {
            name: ClubSession(
                programme_id=office.programme_id, kind=ClubSessionKind.CLUB, club_id=office.clubs["1041"],
                planned_on=day, status=state,
            )
            for name, day, state in (
                ("missed", today - timedelta(days=7), ClubSessionStatus.MISSED),
                ("planned", today, ClubSessionStatus.PLANNED),
            )
        }  # fmt: skip
        session.add_all(rows.values())
        session.flush()
        return {name: row.id for name, row in rows.items()}


def stored(world: World) -> list[tuple[str, int | None, int, str]]:
    """Every report: state, women, total, way."""
    with world.db.read() as session:
        rows = session.scalars(sa.select(Attendance).order_by(Attendance.id))
        return [(row.state.value, row.women, row.total, row.source) for row in rows]


READ = (
    # what is typed, what is wrong with which field; nothing: what is read
    ("counts", SHEET, {}, {"women": 12, "men": 8}),
    ("total", {**SHEET, "total": "21"}, {"total": "12+8=20, pas 21. Corrigez un des nombres."}, None),
    ("four parts", {**SHEET, "girls": "5", "boys": "4", "total": "29"}, {}, {"girls": 5, "boys": 4}),
    ("no total", {"women": "12"}, {"total": "Écrivez aussi le total : il protège des fautes de frappe."}, None),
    ("letters", {**SHEET, "men": "lO"}, {"men": "Écrivez un nombre de 0 à 999, en chiffres."}, None),
    ("called off", {"happened": "cancelled", "reason": "rain", **SHEET}, {}, {"cancelled": "rain"}),
    ("no reason", {"happened": "cancelled"}, {"reason": "À remplir."}, None),
    ("no signal", {"heard": "no_signal"}, {}, {"heard": "no_signal"}),
    ("no signal, live", {"heard": "no_signal", "heard_as": "live"},
     {"heard_as": "Rien n'a été capté : laissez cette case vide."}, None),
    ("how, but not whether", {**SHEET, "heard_as": "live"}, {"heard": "Dites aussi comment on a entendu."}, None),
    ("chaired", {**SHEET, "woman_chaired": "no"}, {}, {"woman_chaired": False}),
)  # fmt: skip


@pytest.mark.parametrize(("form", "wrong", "found"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_what_a_sheet_says(app, form: dict[str, str], wrong: dict[str, str], found: dict[str, object] | None) -> None:
    typed = Typed(MultiDict(form))
    with app.test_request_context():
        counts = tally.read(typed, of_club=True)
    assert {name: said[0] for name, said in typed.faults.items()} == wrong
    assert found is None or {name: counts[name] for name in found} == found


REASONS = (
    # stored, whose account, what is shown, what "other" then keeps
    ("insecurity", False, "other", "insecurity"),
    ("insecurity", True, "insecurity", "other"),
    ("rain", False, "rain", "other"),
    (None, False, None, "other"),
)


@pytest.mark.parametrize(("reason", "to_security", "shown", "kept"), REASONS)
def test_insecurity_is_its_focal_points_alone(reason, to_security, shown, kept) -> None:
    assert tally.shown_reason(reason, to_security=to_security) == shown
    assert tally.kept_reason("other", reason, to_security=to_security) == kept
    assert tally.kept_reason("rain", reason, to_security=to_security) == "rain"


def test_a_paper_sheet_of_a_missed_session(browse: Browse, office: World, meetings: dict[str, int]) -> None:
    officer, one = browse("officer"), f"{LIST}/{meetings['missed']}"
    day = office.now.date() - timedelta(days=7)
    assert "manquée" in officer.read(f"{LIST}?week={day}")
    wrong = officer.post(one, one, day=str(day), **{**SHEET, "total": "21"}, paper="yes")
    assert wrong.status_code == 400
    assert "12+8=20, pas 21" in wrong.text
    for typed in ('value="12"', 'value="21"', 'name="paper" value="yes" checked'):
        assert typed in wrong.text  # nothing typed is lost
    assert stored(office) == []
    extra = {"children": "9", "women_spoke": "4", "woman_chaired": "yes", "episode": "12", "heard": "partly"}
    assert officer.post(one, one, day=str(day), paper="yes", **SHEET, **extra).status_code == 303
    assert stored(office) == [("verified", 12, 20, "paper")]
    page = officer.read(one)
    for words in ("feuille comparée", "F12 H8 T20", "sur papier", "Une femme a présidé", "oui"):
        assert words in page
    assert "feuille comparée" in officer.read(f"{LIST}?week={day}&state=held")
    with office.db.read() as session:
        row = session.get_one(ClubSession, meetings["missed"])
        assert (row.status, row.held_on) == (ClubSessionStatus.HELD, day)
        line = session.scalars(sa.select(Audit).where(Audit.action == "recorded")).one()
        assert (line.object, line.object_id) == ("club_session", str(row.id))


def test_what_came_by_sms_is_corrected_with_its_history(browse: Browse, office: World) -> None:
    """An SMS, a correction on the form, the sheet that says the same: three lines, one that counts."""
    held = reported(office)
    officer, one = browse("officer"), f"{LIST}/{held}"
    page = officer.get(one).text
    assert "F12 H8 T20" in page
    assert "PRES 1041 F12 H8 T20" in page
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen
    better = {**SHEET, "men": "9", "total": "21"}
    assert officer.post(one, one, seen=seen[1], **better).status_code == 303
    assert stored(office) == [("corrected", 12, 20, "sms"), ("confirmed", 12, 21, "form")]
    late = officer.post(one, one, seen=seen[1], **SHEET)  # the same form from another tab
    assert late.status_code == 400
    assert "Il y a déjà un compte rendu : F12 H9 T21" in late.text
    seen = re.search(r'name="seen" value="(\d+)"', late.text)
    assert seen
    assert officer.post(one, one, seen=seen[1], **better, paper="yes").status_code == 303
    assert [row[0] for row in stored(office)] == ["corrected", "verified"]
    assert "remplace le n° 1" in officer.read(one)
    assert "PRES 1041" not in browse("editor").read(one)


def test_a_visit_stays_a_visit_and_a_note_hinders_no_comparison(browse: Browse, office: World) -> None:
    held = reported(office, intent="visit", kind=ClubSessionKind.VISIT, note="il pleut")
    officer, one = browse("officer"), f"{LIST}/{held}"
    seen = re.search(r'name="seen" value="(\d+)"', officer.get(one).text)
    assert seen
    assert officer.post(one, one, seen=seen[1], **SHEET).status_code == 303  # nothing new, and no sheet
    assert stored(office) == [("confirmed", 12, 20, "sms")]
    assert officer.post(one, one, seen=seen[1], **SHEET, paper="yes").status_code == 303
    assert stored(office) == [("verified", 12, 20, "sms")]
    assert officer.post(one, one, seen=seen[1], women="5", total="5").status_code == 303
    with office.db.read() as session:
        assert session.get_one(ClubSession, held).kind is ClubSessionKind.VISIT
        assert session.scalars(sa.select(Attendance.intent).order_by(Attendance.id)).all() == ["visit", "visit"]


def test_nobody_replaces_a_report_that_the_empty_form_did_not_show(browse: Browse, office: World) -> None:
    reported(office)
    officer = browse("officer")
    form = {"club": "1041", "day": str(office.now.date()), **SHEET, "women": "13", "total": "21"}
    taken = officer.post(NEW, NEW, **form)
    assert "Il y a déjà un compte rendu : F12 H8 T20" in taken.text
    seen = re.search(r'name="seen" value="(\d+)"', taken.text)
    assert seen
    assert officer.post(NEW, NEW, seen=seen[1], **form).status_code == 303
    assert [row[:3] for row in stored(office)] == [("corrected", 12, 20), ("confirmed", 13, 21)]


def test_called_off_for_insecurity_shows_another_reason(
    browse: Browse, office: World, meetings: dict[str, int]
) -> None:
    officer, one = browse("officer"), f"{LIST}/{meetings['planned']}"
    form = {"day": str(office.now.date()), "happened": "cancelled"}
    assert officer.post(one, one, **form, reason="insecurity").status_code == 303
    page = officer.read(one)
    assert "annulée : une autre raison" in page
    assert officer.post(one, one, **form, reason="other").status_code == 303  # saved as it was shown
    with office.db.read() as session:
        assert session.get_one(ClubSession, meetings["planned"]).cancel_reason == "insecurity"
    who = account(office, "focal_point").id
    with office.db.write() as session:
        session.add(StaffRole(staff_id=who, role=Role.FOCAL_POINT, scope="security"))
    assert "annulée : l'insécurité" in browse("focal_point").read(one)


def test_a_demonstration_without_a_club(browse: Browse, office: World, meetings: dict[str, int]) -> None:
    officer = browse("officer")
    page = f"{NEW}?what=gathering"
    form = {"what": "gathering", "kind": "demonstration", "place": "Village Essai", "topic": "iycf",
            "day": str(office.now.date())}  # fmt: skip
    refused = officer.post(NEW, page, **{**form, "place": "Ailleurs"}, **SHEET)
    assert "Aucun village de vos lieux" in refused.text
    assert officer.post(NEW, page, **form, **SHEET, children="9", paper="yes").status_code == 303
    with office.db.read() as session:
        row = session.scalars(sa.select(ClubSession).where(ClubSession.club_id.is_(None))).one()
        assert (row.kind, row.place_id, row.topic, row.status) == (
            ClubSessionKind.DEMONSTRATION, office.village_id, "iycf", ClubSessionStatus.HELD,
        )  # fmt: skip
        told = session.scalars(sa.select(Attendance).where(Attendance.club_session_id == row.id)).one()
        assert (told.children, told.total, told.state) == (9, 20, AttendanceState.VERIFIED)
    one = f"{LIST}/{row.id}"
    assert "Démonstration" in officer.read(f"{LIST}")
    again = {"kind": "training", "seen": str(told.id), "women": "3", "men": "", "total": "3"}
    assert officer.post(one, one, **again).status_code == 303
    assert "Formation du" in officer.read(one)


def test_what_is_missing_in_a_new_form_is_told_beside_its_field(browse: Browse, office: World) -> None:
    officer = browse("officer")
    refused = officer.post(NEW, NEW, club="9999", day="hier", women="3", total="3")
    assert refused.status_code == 400
    assert "Aucun club de vos lieux n'a ce code." in html.unescape(refused.text)
    assert "Écrivez le jour ainsi" in refused.text
    tomorrow = str(office.now.date() + timedelta(days=1))
    assert "pas encore passé" in officer.post(NEW, NEW, club="1041", day=tomorrow, **SHEET).text
    assert stored(office) == []


def test_other_roles_read_and_other_places_are_not_there(
    browse: Browse, office: World, other: World, meetings: dict[str, int]
) -> None:
    one = f"{LIST}/{meetings['missed']}"
    editor = browse("editor")
    assert [editor.get(path).status_code for path in (LIST, one, NEW)] == [200, 200, 403]
    assert "Enregistrer la séance" not in editor.read(one)
    assert editor.post(one, one, **SHEET).status_code == 403
    who = account(office, "officer").id
    with office.db.write() as session:
        far = Place(level=Level.VILLAGE, name="Loin", folded=folded("Loin"), sms_name="Loin", languages=["fr"])
        session.add(far)
        session.flush()
        session.add(StaffPlace(staff_id=who, place_id=far.id))
    officer = browse("officer")
    assert officer.get(one).status_code == 404
    assert officer.post(one, NEW, day=str(date(2026, 3, 5)), **SHEET).status_code == 404
    assert "1041" not in officer.read(LIST)
    taken = officer.post(NEW, NEW, club="1041", day=str(office.now.date()), **SHEET)
    assert "n'a ce code" in html.unescape(taken.text)


def test_a_long_week_is_read_by_pages(browse: Browse, office: World) -> None:
    today = office.now.date()
    monday = today - timedelta(days=today.weekday())
    with office.db.write() as session:
        session.add_all(
            ClubSession(
                programme_id=office.programme_id, kind=ClubSessionKind.TRAINING, place_id=office.village_id,
                held_on=monday + timedelta(days=place % 7), status=ClubSessionStatus.HELD,
            )
            for place in range(45)
        )  # fmt: skip
    officer, seen, path = browse("officer"), list[str](), LIST
    while path:
        page = officer.get(path).text
        seen += re.findall(rf'href="{LIST}/(\d+)"', page)
        found = re.search(r'href="([^"]+after=[^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 45


def reported(
    world: World, intent: str = "attendance", kind: ClubSessionKind = ClubSessionKind.CLUB, note: str | None = None
) -> int:
    """A session of the club 1041 today, reported by SMS; gives its id."""
    with world.db.write() as session:
        programme = session.get_one(Programme, world.programme_id)
        club = session.get_one(Club, world.clubs["1041"])
        inbound = session.scalars(sa.select(Inbound).order_by(Inbound.id)).first()
        assert inbound is not None
        inbound.text, inbound.intent, inbound.phone_id = (
            "PRES 1041 F12 H8 T20",
            "attendance",
            world.phones["+22376000041"],
        )
        row = ClubSession(
            programme_id=programme.id, kind=kind, club_id=club.id, held_on=world.now.date(),
            status=ClubSessionStatus.PLANNED,
        )  # fmt: skip
        session.add(row)
        session.flush()
        told = Attendance(
            club_session_id=row.id, intent=intent, women=12, men=8, total=20, phone_id=inbound.phone_id,
            inbound_id=inbound.id, received_at=world.now, note=note,
        )  # fmt: skip
        reports.supersede(session, row, None, told)
        return row.id
