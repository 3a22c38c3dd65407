"""The page of a club: what its facilitator reported, with the words of a report for the officer alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns.models import Attendance, AttendanceState, ClubSession, ClubSessionKind, ClubSessionStatus, Decision
from messaging.models import Club
from tests.campaigns.admin.conftest import Browser
from tests.world import World

DAY = date(2026, 3, 11)
PATH = "/admin/essai/people/clubs/{}"
Browse = Callable[[str], Browser]


@pytest.fixture
def club(office: World) -> int:
    with office.db.read() as session:
        return session.scalars(sa.select(Club.id).where(Club.code == "1041")).one()


def report(office: World, club: int, day: date = DAY, **said: Any) -> None:
    """A report that counts."""
    with office.db.write() as session:
        row = session.get_one(Club, club)
        meeting = ClubSession(
            programme_id=row.programme_id, kind=ClubSessionKind.CLUB, club_id=club, held_on=day,
            status=said.pop("status", ClubSessionStatus.HELD),
        )  # fmt: skip
        session.add(meeting)
        session.flush()
        usual: dict[str, Any] = {"intent": "attendance", "women": 12, "men": 8, "total": 20, "received_at": office.now}
        session.add(Attendance(club_session_id=meeting.id, **usual | said))


def cells(page: str) -> list[list[str]]:
    """The rows of the first table, without marks."""
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    rows = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S) for row in body.split("</tr>")[:-1]]
    return [[" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in row] for row in rows]


@pytest.mark.parametrize(
    ("said", "happened", "figures"),
    [
        ({}, "tenue présence, par SMS", ["12", "8", "20"]),
        ({"intent": "listening", "episode": 7}, "tenue écoute E7, par SMS", ["12", "8", "20"]),
        ({"women": None, "men": None, "girls": 6, "boys": 5, "total": 11}, "tenue présence, par SMS",
         ["–", "–", "6", "5", "11"]),
        ({"intent": "listening", "women": None, "men": None, "total": 0, "problem": "no_signal",
          "status": ClubSessionStatus.CANCELLED}, "radio pas captée écoute, par SMS", ["–", "–", "–"]),
    ],
)  # fmt: skip
def test_a_report_stands_with_its_counts(
    browse: Browse, office: World, club: int, said: dict[str, Any], happened: str, figures: list[str]
) -> None:
    report(office, club, **said)
    assert cells(browse("editor").get(PATH.format(club)).text) == [["11 mars 2026", happened, *figures]]


@pytest.mark.parametrize(
    ("who", "sensitive", "note"),
    [("officer", False, ["causerie"]), ("officer", True, ["masqué"]), ("editor", False, []), ("editor", True, [])],
)
def test_the_words_of_a_report_are_the_officers(
    browse: Browse, office: World, club: int, who: str, sensitive: bool, note: list[str]
) -> None:
    report(office, club, note="causerie", sensitive=sensitive)
    page = browse(who).get(PATH.format(club)).text
    assert cells(page)[0][5:] == note
    assert ("causerie" in page) == (note == ["causerie"])
    assert ("SMS à vérifier" in page) == (note == ["masqué"])


def test_a_corrected_report_is_not_counted(browse: Browse, office: World, club: int) -> None:
    report(office, club, state=AttendanceState.CORRECTED)
    assert cells(browse("editor").get(PATH.format(club)).text)[0][1:] == ["tenue", "–", "–", "–"]


@pytest.mark.parametrize(("who", "told"), [("officer", True), ("editor", False)])
def test_decisions_are_the_officers_too(browse: Browse, office: World, club: int, who: str, told: bool) -> None:
    with office.db.write() as session:
        programme_id = session.get_one(Club, club).programme_id
        words = ("on creuse dix fosses", False), ("on parle de lui", True)
        session.add_all(
            Decision(programme_id=programme_id, club_id=club, day=DAY, text=text, sensitive=hidden)
            for text, hidden in words
        )
    page = browse(who).get(PATH.format(club)).text
    assert ("on creuse dix fosses" in page) == told
    assert "on parle de lui" not in page


def test_a_club_without_reports_says_how_they_come(editor: Browser, club: int) -> None:
    assert "Chacune l'est quand l'animateur en rend compte par SMS." in editor.read(PATH.format(club))
