"""The page of the grid: who sees it, what of it, and what stands there while nothing has happened."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from campaigns.admin.grid import month_after, month_before
from campaigns.models import (
    Airing,
    AiringStatus,
    Attendance,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Heard,
    HeardAs,
    Silence,
)
from messaging.models import Club, Place, PlaceParent, ProgrammeVillage, Role
from messaging.models.people import ClubKind
from messaging.models.place import Level
from tests.campaigns.admin.conftest import ACCOUNTS, Browser
from tests.world import World

PAGE = "/admin/essai/people/grid"


@pytest.fixture
def listening(office: World) -> World:
    """E12 was aired at the start of this month; 1041 heard it, 1055 is silent for its security; a school met."""
    office.club("1055")
    month = office.now.replace(day=1, hour=12, minute=0)
    airing = office.airing(month)
    office.club("3115", ClubKind.APFLS)
    with office.db.write() as session:
        session.get_one(Airing, airing).status = AiringStatus.AIRED
        commune = Place(level=Level.COMMUNE, name="Borko", folded="borko", sms_name="Borko", languages=[])
        session.add(commune)
        session.flush()
        session.add(PlaceParent(place_id=office.village_id, parent_id=commune.id))
        session.merge(ProgrammeVillage(programme_id=office.programme_id, place_id=office.village_id))
        held = {"status": ClubSessionStatus.HELD, "held_on": month.date(), "planned_on": month.date()}
        heard = meeting(office, "1041", **held, airing_id=airing, heard=Heard.WELL, heard_as=HeardAs.LIVE)
        school = meeting(office, "3115", **held, kind=ClubSessionKind.SCHOOL)
        silent = meeting(
            office, "1055", status=ClubSessionStatus.MISSED, planned_on=month.date(), airing_id=airing,
            silence=Silence.SECURITY,
        )  # fmt: skip
        session.add_all([heard, school, silent])
        session.flush()
        session.add_all(
            Attendance(
                club_session_id=row.id, intent="listening", women=women, men=men, total=women + men,
                received_at=office.now, repairs=[],
            )
            for row, women, men in ((heard, 12, 8), (school, 21, 4))
        )  # fmt: skip
    return office


def meeting(world: World, code: str, kind: ClubSessionKind = ClubSessionKind.CLUB, **more: object) -> ClubSession:
    return ClubSession(programme_id=world.programme_id, club_id=world.clubs[code], kind=kind, source="sms", **more)


def test_a_cell_says_by_letter_word_and_numbers_what_its_colour_says(listening: World, editor: Browser) -> None:
    page = editor.read(PAGE)
    assert '<b aria-hidden="true">D</b><i class="unseen">écoutée en direct </i>12+8' in page
    assert '<td class="silent">' in page
    assert "E12" in page
    assert "3115" not in page
    assert '<th scope="row"><a href="/admin/essai/people/clubs/' in page
    assert "<caption" in page
    with listening.db.read() as session:
        ident = session.scalar(sa.select(ClubSession.id).where(ClubSession.heard == Heard.WELL))
    assert f'href="/admin/essai/people/sessions/{ident}"' in page


def test_other_groups_stand_by_week_and_other_months_apart(listening: World, editor: Browser) -> None:
    page = editor.read(f"{PAGE}?kind=apfls")
    assert "21+4" in page
    assert "semaine du" in page
    assert "E12" not in page
    before = month_before(listening.now.date().replace(day=1))
    assert "Aucune émission" in editor.read(f"{PAGE}?month={before:%Y-%m}")
    assert "E12" in editor.read(f"{PAGE}?month=never")  # what is no month is this one


def test_security_is_shown_to_its_focal_point_alone(
    listening: World, browse: Callable[[str], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACCOUNTS, "security", [(Role.FOCAL_POINT, "security")])
    assert "sécurité" in browse("security").read(PAGE)
    for who in ("officer", "editor", "focal_point"):
        page = browse(who).read(PAGE)
        assert "sécurité" not in page
        assert "autre raison" in page


def test_who_may_see_it(browse: Callable[[str], Browser]) -> None:
    wanted = {"officer": 200, "evaluation": 200, "auditor": 200, "translator": 403, "": 303}
    assert {who: browse(who).get(PAGE).status_code for who in wanted} == wanted


def test_what_is_not_there_is_no_page(other: World, editor: Browser) -> None:
    for asked in ("?kind=nothing", "?kind=union", "?commune=9999", "?commune=x"):
        assert editor.get(PAGE + asked).status_code == 404, asked
    assert editor.get("/admin/autre/people/grid").status_code == 404


def test_clubs_of_other_places_are_not_there(
    listening: World, browse: Callable[[str], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = browse("officer")
    assert "1041" in officer.read(PAGE)
    with listening.db.write() as session:
        far = Place(level=Level.VILLAGE, name="Loin", folded="loin", sms_name="Loin", languages=[])
        session.add(far)
        session.flush()
        session.execute(sa.update(Club).where(Club.code == "1041").values(village_id=far.id))
        village_ids = frozenset([listening.village_id])
    monkeypatch.setattr("messaging.staff.village_ids", lambda *_: village_ids)
    page = officer.read(PAGE)
    assert "1055" in page
    assert "1041" not in page


def test_an_empty_programme_says_so(office: World, editor: Browser) -> None:
    assert "Aucune émission" in editor.read(PAGE)
    with office.db.write() as session:
        session.execute(sa.update(Club).values(programme_id=make_other(office).programme_id))
    assert "pas encore de club" in editor.read(PAGE)


def make_other(office: World) -> World:
    return World(office.db, office.now).programme("ailleurs")


def test_many_clubs_come_by_commune_and_light(
    listening: World, editor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["campaigns.admin.grid"], "CELLS", 3)  # the package names the blueprint so
    for number in range(4):
        listening.club(f"41{number}0")
    page = editor.get(PAGE)
    assert "Suite" in page.text
    assert len(gzip.compress(page.data)) < 8_000
    rest = editor.read(PAGE + "?after=" + page.text.partition("after=")[2].partition('"')[0].partition("&")[0])
    assert "4130" in rest
    assert "1041" not in rest


def test_a_month_is_a_month() -> None:
    assert month_before(date(2026, 1, 1)) == date(2025, 12, 1)
    assert month_after(date(2026, 12, 1)) == date(2027, 1, 1)
    assert month_after(date(2026, 2, 1)) - timedelta(days=1) == date(2026, 2, 28)
