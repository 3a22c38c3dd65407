"""The pages of the sheets: how far a month is, what is printed for whom, the host's list, airtime without numbers."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaigns.models import (
    AirQuestion,
    AirQuestionAsker,
    AirQuestionState,
    Attendance,
    ClubSession,
    ClubSessionKind,
    Episode,
)
from messaging import staff
from messaging.models import Audit, Club, Place, PlaceParent, Role
from messaging.models.place import Level
from tests.campaigns.admin.conftest import PASSWORD, Browser
from tests.world import World

Browse = Callable[[str], Browser]
SHEETS = "/admin/essai/people/sheets"


@pytest.fixture
def episode(office: World) -> int:
    """A broadcast of next month, with a rule for the club and two questions, one of them skipped."""
    at = (office.now.replace(day=1) + timedelta(days=40)).replace(hour=20, minute=30)
    office.airing(at)
    with office.db.write() as session:
        club = session.scalars(sa.select(Club).where(Club.code == "1041")).one()
        club.meets_weekday = at.weekday()
        ident = session.scalars(sa.select(Episode.id)).one()
        for wording, state in (("Quand semer ?", AirQuestionState.GIVEN), ("Non dite", AirQuestionState.SKIPPED)):
            row = AirQuestion(
                programme_id=office.programme_id, wording=wording, state=state, asked_at=office.now, episode_id=ident
            )
            session.add(row)
            session.flush()
            session.add(AirQuestionAsker(air_question_id=row.id, club_id=club.id, asked_at=office.now))
        return ident


def report(office: World, number: str = "+22376000041") -> None:
    """A report of last month by the facilitator's phone."""
    at = office.now.replace(day=1) - timedelta(days=3)
    with office.db.write() as session:
        club = session.scalars(sa.select(Club).where(Club.code == "1041")).one()
        held = ClubSession(
            programme_id=club.programme_id, kind=ClubSessionKind.CLUB, club_id=club.id, held_on=at.date()
        )
        session.add(held)
        session.flush()
        session.add(Attendance(
            club_session_id=held.id, intent="attendance", total=20, received_at=at, phone_id=office.phones[number]
        ))  # fmt: skip


@pytest.mark.parametrize(
    ("who", "codes"),
    [
        ("editor", {"": 200, "/print?all": 200, "/questions/{}": 200, "/guides/{}": 200, "/airtime": 403,
                    "/airtime.csv": 403}),
        ("officer", {"": 200, "/questions/{}": 200, "/airtime": 200, "/airtime.csv": 200}),
        ("translator", {"": 200, "/guides/{}": 200, "/questions/{}": 403, "/airtime": 403}),
        ("evaluation", {"/questions/{}": 403, "/airtime": 403, "/airtime.csv": 403}),
    ],
)  # fmt: skip
def test_who_sees_which(browse: Browse, episode: int, who: str, codes: dict[str, int]) -> None:
    browser = browse(who)
    found = {path: browser.get(SHEETS + path.format(episode)).status_code for path in codes}
    assert found == codes


def test_the_month_to_come_is_shown_and_leads_to_print(editor: Browser, office: World, episode: int) -> None:
    page = editor.get(SHEETS)
    assert "Le moringa" in page.text
    assert "Émission 12" in page.text, "its text is missing, and is named"
    assert len(gzip.compress(page.data)) < 8_000
    printed = editor.read(f"{SHEETS}/print?all")
    assert printed.count('class="club-sheet ') == 1
    assert "ECOUTE 1041 E12 F.. H.. T.." in printed
    assert "PLAINTE" in printed
    assert "DÉMONSTRATION" in printed


def test_a_print_run_that_names_no_place_leads_to_the_list(editor: Browser, office: World) -> None:
    answer = editor.get(f"{SHEETS}/print?month=2099-01")
    assert answer.status_code == 303
    assert answer.location.partition("?")[0].endswith(SHEETS)


def test_the_sheet_is_french_whatever_the_page(editor: Browser, office: World, episode: int) -> None:
    editor.post("/admin/settings", language="en")
    page = editor.read(f"{SHEETS}/print?all")
    assert '<html lang="en">' in page
    assert "Comment mener la séance" in page
    assert "émission 12" in page


def test_only_own_places_are_printed(browse: Browse, office: World, episode: int) -> None:
    with office.db.write() as session:
        far, commune = (
            Place(level=level, name=name, folded=name.lower(), sms_name=name, languages=["fr"])
            for level, name in ((Level.VILLAGE, "Loin"), (Level.COMMUNE, "Ailleurs"))
        )
        session.add_all([far, commune])
        session.flush()
        session.add(PlaceParent(place_id=far.id, parent_id=commune.id))
        theirs = Club(
            programme_id=office.programme_id, code="3115", kind="apfls", name="Autre", sms_name="Autre",
            village_id=far.id, language="fr",
        )  # fmt: skip
        session.add(theirs)
        session.flush()
        club, place = theirs.id, commune.id
        staff.add(
            session, "proche@essai.example", [(Role.EDITOR, "")], office.now, programmes=["essai"], password=PASSWORD,
            places=[office.village_id],
        )  # fmt: skip
    near = Browser(browse("").client)
    assert near.sign_in("proche").status_code == 302
    assert near.get(f"{SHEETS}/clubs/{club}").status_code == 404
    assert near.get(f"{SHEETS}/print?commune={place}").status_code == 404
    assert "3115" not in near.get(f"{SHEETS}/print?all").text
    assert "3115" in browse("editor").get(f"{SHEETS}/print?commune={place}").text


def test_another_programmes_sheets_are_not_there(editor: Browser, office: World, other: World) -> None:
    theirs = other.clubs["2035"]
    other.airing(other.now + timedelta(days=30))
    with other.db.read() as session:
        episode = session.scalars(sa.select(Episode.id)).one()
    for path in (f"/clubs/{theirs}", f"/guides/{episode}", f"/questions/{episode}"):
        assert editor.get(SHEETS + path).status_code == 404, path


def test_the_hosts_list_holds_open_questions_and_no_name(editor: Browser, episode: int) -> None:
    page = editor.read(f"{SHEETS}/questions/{episode}")
    assert "Quand semer ?" in page
    assert "Non dite" not in page
    sheet = page.split('<article class="club-sheet')[1].split("</article>")[0]
    for name in ("1041", "Village Essai", "76000041"):
        assert name not in sheet


def test_airtime_holds_codes_and_two_digits(browse: Browse, office: World) -> None:
    report(office)
    officer = browse("officer")
    page = officer.get(f"{SHEETS}/airtime").text
    assert "1041" in page
    assert "760000" not in page.replace(" ", "")
    lines = officer.get(f"{SHEETS}/airtime.csv").data.decode("utf-8-sig").split("\r\n")
    assert lines[:2] == ["Clubs;Deux derniers chiffres;Rôle;Rapports;À temps;En retard", "1041;…41;animateur;1;1;0"]
    with office.db.read() as session:
        note = session.scalars(sa.select(Audit).where(Audit.object == "airtime")).one()
    assert (note.action, note.after["rows"]) == ("exported", 1)


def test_the_page_of_a_club_leads_to_its_sheet(editor: Browser, office: World) -> None:
    assert (
        f"{SHEETS}/clubs/{office.clubs['1041']}" in editor.get(f"/admin/essai/people/clubs/{office.clubs['1041']}").text
    )
