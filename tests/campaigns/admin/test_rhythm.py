"""Staff read the rows of open hours, add a funeral, change a season, shift a feast, and are told what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from messaging import rhythm
from messaging.clock import utc_now
from messaging.models import Audit, Hours, Message, Programme, Role, StaffPlace
from messaging.models.post import State
from messaging.rhythm import Row
from tests.campaigns.admin.conftest import ACCOUNTS, Browser, account
from tests.land import commune
from tests.world import World

RULES, NEW = "/admin/essai/programme", "/admin/essai/programme/hours/new"
TOMORROW = utc_now().date() + timedelta(days=1)
Browse = Callable[[str], Browser]


@pytest.fixture(autouse=True)
def elsewhere() -> Iterator[None]:
    """An officer whose place another commune is."""
    ACCOUNTS["elsewhere"] = [(Role.OFFICER, "")]
    yield
    del ACCOUNTS["elsewhere"]


@pytest.fixture
def doucombo(office: World) -> int:
    """The commune of Doucombo with its village, in a programme that keeps the hours of Bandiagara."""
    found = commune(office, "Doucombo")
    with office.db.write() as session:
        programme = session.get_one(Programme, office.programme_id)
        programme.always_open = False
        rhythm.seed(session, programme, "bandiagara")
    return found


def row(office: World, reason: str, which: int = -1) -> Hours:
    with office.db.read() as session:
        return session.scalars(sa.select(Hours).where(Hours.reason == reason).order_by(Hours.id)).all()[which]


def address(office: World, reason: str, act: str = "") -> str:
    return f"{RULES}/hours/{row(office, reason).id}{act and '/' + act}"


def noted(office: World) -> list[str]:
    """What the log says of rows."""
    with office.db.read() as session:
        return list(session.scalars(sa.select(Audit.action).where(Audit.object == "hours").order_by(Audit.id)))


def only(browser: Browser, path: str, **changed: str) -> dict[str, str]:
    """The fields of a form as they stand, some of them changed."""
    import re

    page = browser.get(path).text
    form = page[page.index('class="step-form"') :].partition("</form>")[0]
    found = dict(re.findall(r'<input[^>]* name="([a-z_]+)"[^>]* value="([^"]*)"', form))
    for name, options in re.findall(r'<select[^>]* name="([a-z_]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return {**found, **changed}


def test_the_page_tells_the_rhythm_and_what_nobody_knows_yet(browse: Browse, office: World, doucombo: int) -> None:
    page = browse("editor").read(RULES)
    for said in ("Ramadan", "fermé 17:30–20:00 ; au plus 1 par semaine et téléphone", "Tabaski",
                 "Mawlid 2028 : le jour n'est pas encore connu", "30 novembre 2028"):  # fmt: skip
        assert said in page
    assert "/programme/hours/" not in page, "an editor reads only"


def test_an_officer_enters_a_funeral_of_her_village(browse: Browse, office: World, doucombo: int) -> None:
    officer = browse("officer")
    assert "Ajouter une ligne" in officer.read(RULES)
    said = {"reason": "Funérailles", "place": "village de doucombo", "starts": TOMORROW.isoformat(),
            "closed_spans": "8h-12h30, 15:00–17:00", "kind": "both"}  # fmt: skip
    assert officer.post(NEW, NEW, **said).status_code == 303
    page = officer.read(RULES)
    assert "Village de Doucombo" in page
    assert "fermé 08:00–12:30, 15:00–17:00" in page
    made = row(office, "Funérailles")
    assert (made.place_id, made.starts, made.ends) == (office.village_id, TOMORROW, TOMORROW)
    assert noted(office) == ["added"]
    assert officer.post(address(office, "Funérailles", "remove"), NEW).status_code == 303
    assert "Funérailles" not in officer.read(RULES)
    assert noted(office) == ["added", "removed"]


WRONG = [
    ("the last day first", {"ends": "2020-02-02"}, "vient avant le premier"),
    ("no such day", {"starts": "hier"}, "Écrivez le jour ainsi"),
    ("no such hours", {"closed_spans": "le matin"}, "Écrivez les heures ainsi"),
    ("no reason", {"reason": ""}, "Dites pourquoi"),
    ("no place, of an officer", {"place": ""}, "Nommez un village"),
    ("no such place", {"place": "Tombouctou"}, "Aucun de vos lieux"),
    ("for nobody", {"kind": "alert"}, "Choisissez dans la liste"),
]


@pytest.mark.parametrize(("changed", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_cannot_be_stands_beside_its_field_with_all_that_was_typed(
    browse: Browse, office: World, doucombo: int, changed: dict[str, str], said: str
) -> None:
    officer = browse("officer")
    typed = {"reason": "Mariage à Doucombo", "place": "Doucombo", "starts": TOMORROW.isoformat(), "kind": "both"}
    answer = officer.post(NEW, NEW, **{**typed, **changed})
    assert answer.status_code == 400
    field = next(iter(changed))
    assert said in answer.text.partition(f'id="{field}-fault"')[2].partition("</p>")[0].replace("&#39;", "'")
    for name, words in {**typed, **changed}.items():
        assert words in ("", "both", "alert") or f'value="{words}"' in answer.text, name


def test_an_approver_changes_a_season_and_nobody_is_overwritten(browse: Browse, office: World, doucombo: int) -> None:
    approver, second = browse("approver"), browse("administrator")
    harvest = next(one.reason for one in rhythm.dated() if one.reason.startswith("Récolte"))
    here = address(office, harvest)
    mine, theirs = only(approver, here, open_spans="16:00-22:00"), only(second, here, ends="2028-12-15")
    assert second.post(here, here, **theirs).status_code == 303
    answer = approver.post(here, here, **mine)
    assert answer.status_code == 409
    assert 'value="16:00-22:00"' in answer.text
    assert row(office, harvest).ends == date(2028, 12, 15)
    mine = only(approver, here, open_spans="16:00-22:00")
    assert approver.post(here, here, **mine).status_code == 303
    assert row(office, harvest).open_spans == "16:00-22:00"
    assert noted(office) == ["changed", "changed"]


def test_the_officer_on_duty_shifts_a_feast_and_changes_no_more_of_it(
    browse: Browse, office: World, doucombo: int
) -> None:
    officer = browse("officer")
    here, before = address(office, "Tabaski"), row(office, "Tabaski").starts
    page = officer.read(here)
    assert "Un jour plus tard" in page
    assert "se change avec un approbateur" in page
    assert officer.post(f"{here}/shift", here, way="later").status_code == 303
    assert row(office, "Tabaski").starts == before + timedelta(days=1)
    assert noted(office) == ["changed"]
    for act in ("", "/remove"):
        assert officer.post(here + act, here, reason="x", kind="both").status_code == 404
    assert officer.get(address(office, "Prière du vendredi")).status_code == 404


def test_the_ground_cannot_be_taken_away(browse: Browse, office: World, doucombo: int) -> None:
    approver = browse("approver")
    here = address(office, "Toute l'année : à 20 minutes de chaque prière")
    answer = approver.post(f"{here}/remove", here)
    assert answer.status_code == 400
    assert "la nuit et les heures de prière seraient ouvertes" in answer.text


def test_rows_of_other_places_and_programmes_are_not_hers(
    browse: Browse, office: World, other: World, doucombo: int
) -> None:
    with office.db.write() as session:
        feast = Row(starts=TOMORROW, ends=TOMORROW, place_id=doucombo, reason="fête")
        mine = rhythm.add(session, office.programme_id, feast, office.now, None).id
        theirs = rhythm.add(
            session, other.programme_id, Row(starts=TOMORROW, ends=TOMORROW, reason="x"), office.now, None
        ).id
    commune(office, "Ailleurs")
    person = account(office, "elsewhere")
    with office.db.write() as session:
        session.add(StaffPlace(staff_id=person.id, place_id=office.village_id))
    stranger = browse("elsewhere")
    assert stranger.get(f"{RULES}/hours/{mine}").status_code == 404
    assert f"hours/{mine}" not in stranger.get(RULES).text
    said = {"reason": "x", "place": "Doucombo", "starts": TOMORROW.isoformat(), "kind": "both"}
    assert "Aucun de vos lieux" in stranger.post(NEW, NEW, **said).text
    assert stranger.post(NEW, NEW, **{**said, "place": "Village de Ailleurs"}).status_code == 303
    assert browse("approver").get(f"{RULES}/hours/{theirs}").status_code == 404
    assert browse("editor").get(NEW).status_code == 403


def test_a_name_that_several_places_have_asks_for_a_code(browse: Browse, office: World, doucombo: int) -> None:
    commune(office, "Doucombo")
    said = {"reason": "x", "place": "Doucombo", "starts": TOMORROW.isoformat(), "kind": "both"}
    assert "Plusieurs de vos lieux" in browse("officer").post(NEW, NEW, **said).text


def test_a_change_is_asked_at_once_by_what_waits(browse: Browse, office: World, doucombo: int) -> None:
    later = utc_now() + timedelta(days=2)
    with office.db.write() as session:
        waits = sa.update(Message).where(Message.state == State.WAITING)
        session.execute(waits.values(reason="hours", next_at=later, useful_until=later))
    approver, here = browse("approver"), address(office, "Tabaski")
    approver.post(f"{here}/remove", here)
    with office.db.read() as session:
        (next_at,) = session.scalars(sa.select(Message.next_at).where(Message.state == State.WAITING))
    assert next_at < later - timedelta(days=1)
