"""The page and the file of a commune's sheet: who may have it, what is in it, and that it was taken."""

from __future__ import annotations

import io
from collections.abc import Callable

import hxl
import pytest
import sqlalchemy as sa

from campaigns.admin.commune_sheet import shifted
from campaigns.models import ClubSession
from messaging import staff
from messaging.clock import utc_now
from messaging.models import Audit, Place, PlaceParent, ProgrammeVillage, StaffPlace
from messaging.models.place import Level
from messaging.places import folded
from tests.campaigns.admin.conftest import Browser
from tests.campaigns.evaluation.meetings import meet, report
from tests.land import commune
from tests.world import World

Browse = Callable[[str], Browser]


@pytest.fixture
def beta(office: World) -> str:
    """A commune with a club that met in the last whole month; the address of its sheet."""
    ident = commune(office, "Beta")
    office.club("2035")
    day = shifted(utc_now().date().replace(day=1), -1).replace(day=9)
    meeting = meet(office, "2035", None)
    with office.db.write() as session:
        row = session.get_one(ClubSession, meeting)
        row.held_on = row.planned_on = day
    report(office, meeting, utc_now(), women=12, men=3)
    return f"/admin/essai/people/communes/{ident}/sheet"


def test_the_page_holds_counts_and_names_nobody(browse: Browse, beta: str) -> None:
    page = browse("officer").read(beta)
    assert "Commune de Beta" in page
    assert "DÉMONSTRATION" in page
    assert page.count("moins de 5") == 2  # three men
    for word in ("2035", "Village de Beta", "+223"):
        assert word not in page


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("editor", 200),
        ("approver", 200),
        ("evaluation", 200),
        ("auditor", 403),
        ("translator", 403),
        ("administrator", 403),
    ],
)
def test_who_may_have_it(browse: Browse, beta: str, who: str, status: int) -> None:
    browser = browse(who)
    assert browser.get(beta).status_code == browser.get(f"{beta}.csv").status_code == status
    assert (beta in browser.get(beta.removesuffix("/sheet")).text) is (status == 200)


def test_elsewhere_is_not_there_and_part_of_it_says_so(browse: Browse, office: World, beta: str) -> None:
    officer = browse("officer")
    assert officer.get("/admin/essai/people/communes/999999/sheet").status_code == 404
    with office.db.write() as session:
        own = office.village_id
        above = session.scalars(sa.select(PlaceParent.parent_id).where(PlaceParent.place_id == own)).one()
        session.add(
            more := Place(level=Level.VILLAGE, name="Loin", folded=folded("Loin"), sms_name="Loin", languages=[])
        )
        session.flush()
        session.add(PlaceParent(place_id=more.id, parent_id=above))
        session.add(ProgrammeVillage(programme_id=office.programme_id, place_id=more.id))
        session.add(StaffPlace(staff_id=staff.by_email(session, "officer@essai.example").id, place_id=own))
    assert "Comptés ici : 1 des 2 villages" in officer.read(beta)
    elsewhere = commune(office, "Gamma")
    assert officer.get(f"/admin/essai/people/communes/{elsewhere}/sheet").status_code == 404


def test_the_file_passes_hxl_and_is_in_the_log(browse: Browse, office: World, beta: str) -> None:
    answer = browse("editor").get(f"{beta}.csv")
    lines = answer.data.decode().splitlines()
    assert lines[1].startswith("#adm1+name,#adm1+code,")
    assert all(line.endswith("DEMONSTRATION") for line in lines[2:])
    assert hxl.data(hxl.make_input(io.BytesIO(answer.data), hxl.InputOptions(allow_local=True))).validate()
    with office.db.read() as session:
        note = session.scalars(sa.select(Audit).where(Audit.action == "sheet_taken")).one()
    assert (note.object, set(note.after or {})) == ("programme", {"place", "month", "hash"})
