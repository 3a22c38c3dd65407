"""The page of a commune: its level, its pause, what two people decide, and who sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaigns import loading
from messaging import outbox, places, staff
from messaging.letters import measure
from messaging.models import Message, PausedPlace, Programme, Role, StaffPlace
from messaging.models.place import RiskLevel
from messaging.models.post import Kind
from messaging.outbox import Letter
from tests.campaigns.admin.conftest import ACCOUNTS, Browser, account
from tests.land import commune
from tests.world import World, hygiene

AWA = "+22376000071"
Browse = Callable[[str], Browser]


@pytest.fixture(autouse=True)
def second() -> Iterator[None]:
    """A second approver, and an officer whose place another commune is."""
    ACCOUNTS["second"] = [(Role.APPROVER, "")]
    ACCOUNTS["elsewhere"] = [(Role.OFFICER, ""), (Role.APPROVER, "")]
    yield
    del ACCOUNTS["second"], ACCOUNTS["elsewhere"]


@pytest.fixture
def doucombo(office: World) -> int:
    """A commune with one member, for whom a message on a distribution waits."""
    found = commune(office, "Doucombo")
    member = office.member(AWA)
    letter = Letter(
        programme_id=office.programme_id, kind=Kind.CAMPAIGN, occurrence="once", step_id=7, language_wanted="fr",
        language="fr", size=measure("Bonjour"), due_at=office.now, useful_until=office.now.replace(year=2099),
        body="Bonjour", tags=["distribution"],
    )  # fmt: skip
    with office.db.write() as session:
        outbox.put(session, letter, office.phones[AWA], office.now, member_id=member, village_id=office.village_id)
    return found


def address(commune_id: int, act: str = "") -> str:
    return f"/admin/essai/people/communes/{commune_id}{act and '/' + act}"


def level(office: World, commune_id: int) -> RiskLevel:
    with office.db.read() as session:
        return places.risk(session, commune_id, office.now.replace(year=2099))


def state(office: World) -> str:
    with office.db.read() as session:
        row = session.scalars(sa.select(Message).where(Message.step_id == 7)).one()
        return f"{row.state.value} {row.reason or ''}".strip()


def test_a_level_is_raised_at_once_and_lowered_by_two(browse: Browse, office: World, doucombo: int) -> None:
    approver, officer = browse("approver"), browse("officer")
    here = address(doucombo)
    assert "vert" in approver.read(here)
    assert approver.post(f"{here}/raise", here, level="red").status_code == 303
    page = approver.read(here)
    assert "1 message retenu" in page
    assert "Le niveau de risque de la commune ne le permet pas" in page
    assert (level(office, doucombo), state(office)) == (RiskLevel.RED, "held risk")
    assert officer.post(f"{here}/lower", here, level="green").status_code == 303
    assert "Une autre personne décide" in officer.read(here)
    assert level(office, doucombo) is RiskLevel.RED
    answer = approver.post(f"{here}/proposals/1", here, answer="accept")
    assert answer.status_code == 303
    assert (level(office, doucombo), state(office)) == (RiskLevel.GREEN, "waiting")
    assert approver.read(here).count("approver") >= 2  # both changes with their author


def test_a_pause_is_one_button_and_lifting_drops_what_is_old(browse: Browse, office: World, doucombo: int) -> None:
    officer, approver = browse("officer"), browse("approver")
    here = address(doucombo)
    assert officer.post(f"{here}/pause", here).status_code == 303
    assert state(office) == "held paused_place"
    assert "en pause" in officer.read(here)
    assert officer.post(f"{here}/lift", here).status_code == 303
    assert "Les anciens messages sont abandonnés" in approver.read(here)
    assert approver.post(f"{here}/proposals/1", here, answer="accept").status_code == 303
    assert state(office) == "closed paused_place"
    with office.db.read() as session:
        assert session.get(PausedPlace, doucombo) is None


def test_nobody_decides_what_she_asked(browse: Browse, office: World, doucombo: int) -> None:
    approver, here = browse("approver"), address(doucombo)
    approver.post(f"{here}/raise", here, level="orange")
    approver.post(f"{here}/lower", here, level="green")
    page = approver.read(here)
    assert "Accepter" not in page
    answer = approver.post(f"{here}/proposals/1", here, answer="accept")
    assert (answer.status_code, "une autre personne doit décider" in answer.text) == (400, True)
    assert level(office, doucombo) is RiskLevel.ORANGE
    assert browse("second").post(f"{here}/proposals/1", here, answer="refuse").status_code == 303
    assert level(office, doucombo) is RiskLevel.ORANGE


def test_a_refused_form_comes_back_as_it_was_filled(browse: Browse, doucombo: int) -> None:
    officer, here = browse("officer"), address(doucombo)
    officer.post(f"{here}/pause", here)
    officer.post(f"{here}/lift", here)
    answer = officer.post(f"{here}/lift", here, old="keep")
    assert (answer.status_code, "attend déjà" in answer.text) == (400, True)
    approver = browse("approver")
    assert "Choisissez un niveau" in approver.post(f"{here}/raise", here, level="violet").text


# who, address, form, answer
MAY_NOT = [
    ("officer", "raise", {"level": "red"}, 403),
    ("editor", "pause", {}, 403),
    ("editor", "lower", {"level": "green"}, 403),
    ("officer", "proposals/1", {"answer": "accept"}, 403),
    ("elsewhere", "pause", {}, 404),
    ("elsewhere", "raise", {"level": "red"}, 404),
    ("approver", "proposals/99", {"answer": "accept"}, 404),
]


@pytest.mark.parametrize("case", MAY_NOT, ids=[f"{row[0]}: {row[1]}" for row in MAY_NOT])
def test_each_role_does_only_its_own(browse: Browse, office: World, doucombo: int, case: tuple) -> None:
    who, act, form, answer = case
    browser = browse(who)
    if who == "elsewhere":
        _elsewhere(office)
        assert browser.get(address(doucombo)).status_code == 404
    assert browser.post(address(doucombo, act), "/admin/", **form).status_code == answer
    assert level(office, doucombo) is RiskLevel.GREEN
    assert state(office) == "waiting"


def test_only_communes_of_the_programme_have_a_page(browse: Browse, office: World, doucombo: int) -> None:
    editor = browse("editor")
    assert editor.get(address(doucombo)).status_code == 200
    assert "Mettre la commune en pause" not in editor.read(address(doucombo))
    assert editor.get(address(office.village_id)).status_code == 404
    assert editor.get(address(4711)).status_code == 404


def test_the_pages_of_a_campaign_say_where_it_does_not_leave(browse: Browse, office: World, doucombo: int) -> None:
    with office.db.write() as session:
        programme = session.get_one(Programme, office.programme_id)
        soon = (office.now + timedelta(days=20)).date().isoformat()
        definition = hygiene(tags=["distribution"], when={"date": soon})
        loading.load(session, programme, definition.model_copy(update={"campaign": "vivres"}), office.now)
    approver = browse("approver")
    approver.post(address(doucombo, "raise"), address(doucombo), level="red")
    sentence = "Doucombo est rouge : les étapes marquées « distribution » n'y partent pas (1 téléphone)."
    for page in ("", "/cost", "/mains"):
        assert sentence in approver.read(f"/admin/essai/campaigns/vivres{page}"), page
    cost = approver.read("/admin/essai/campaigns/vivres/cost")
    assert "Le niveau de risque de la commune ne le permet pas" in cost
    assert "Deux approbateurs" in cost
    assert "Deux approbateurs" not in approver.read("/admin/essai/campaigns/hygiene-essai/cost")


def _elsewhere(office: World) -> None:
    account(office, "elsewhere")
    other = commune(office, "Kendié")
    with office.db.write() as session:
        person = staff.by_email(session, "elsewhere@essai.example")
        session.add(StaffPlace(staff_id=person.id, place_id=other))
