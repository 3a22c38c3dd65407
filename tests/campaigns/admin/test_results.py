"""The pages of results: who sees which figures, what opens and what does not, and what an address may ask."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaigns.admin.ladder import rungs
from campaigns.admin.meanings import MEANINGS
from campaigns.admin.results import Sign
from campaigns.evaluation.behind import BEHIND, QUIET
from campaigns.evaluation.definitions import DEFINITIONS
from campaigns.evaluation.indicators import Figure
from campaigns.models import Answer, Step
from messaging import staff
from messaging.clock import local
from messaging.models import Gateway, Household, Inbound, Member, Message, Place, ProgrammeVillage, StaffPlace
from messaging.models.people import Sex
from messaging.models.place import Level
from messaging.models.post import Delivery, InboundState, Kind, State
from tests import land
from tests.campaigns.admin.conftest import Browser
from tests.world import World

Browse = Callable[[str], Browser]
RESULTS = "/admin/essai/results"
PAGES = (RESULTS, f"{RESULTS}/attendance", f"{RESULTS}/ladder", f"{RESULTS}/quiz", f"{RESULTS}/rows?code=ATT-SES")
FIGURES = ("editor", "officer", "approver", "evaluation", "auditor")
OTHERS = ("translator", "focal_point", "administrator")
LATER_PAGE = 8_000


@pytest.fixture
def field(office: World) -> World:
    """Two communes: Doucombo with seven households, Kendié with three."""
    for name, many in (("Doucombo", 7), ("Kendié", 3)):
        land.commune(office, name)
        with office.db.write() as session:
            homes = [
                Household(
                    programme_id=office.programme_id, code=f"{name[0]}{n}", village_id=office.village_id,
                    sex_of_head=Sex.F,
                )
                for n in range(many)
            ]  # fmt: skip
            session.add_all(homes)
    return office


@pytest.mark.parametrize("who", FIGURES)
def test_figures_are_for_those_who_follow_them(browse: Browse, who: str) -> None:
    browser = browse(who)
    for page in PAGES if who == "evaluation" else PAGES[:1]:
        answer = browser.get(page, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200, page
        assert len(answer.data) < LATER_PAGE, page


@pytest.mark.parametrize("who", OTHERS)
def test_others_get_the_weeks(browse: Browse, who: str) -> None:
    browser = browse(who)
    assert browser.get(RESULTS).headers["Location"].endswith(f"{RESULTS}/weeks")
    assert 'aria-current="page">Semaines<' in browser.read(f"{RESULTS}/weeks")
    for page in PAGES[1:]:
        assert browser.get(page).status_code == 403, page


def test_households_by_their_card_with_their_village_for_the_officer_alone(browse: Browse, field: World) -> None:
    rows = f"{RESULTS}/rows?code=COV-HH"
    officer, evaluation, editor = (browse(who).read(rows) for who in ("officer", "evaluation", "editor"))
    assert "Village de Doucombo" in officer
    assert re.search(r">D3</th>", evaluation)
    assert "Village de Doucombo" not in evaluation
    assert "Doucombo" in evaluation
    assert "D3" not in editor
    assert "comptées (10)" in editor, "the number stays"


def test_fewer_than_five_persons_are_not_opened(browse: Browse, field: World) -> None:
    with field.db.read() as session:
        communes = dict(session.execute(sa.select(Place.name, Place.id).where(Place.level == Level.COMMUNE)).all())
    for who in ("officer", "evaluation"):
        browser = browse(who)
        few = browser.read(f"{RESULTS}/rows?code=COV-HH&commune={communes['Kendié']}")
        assert "Moins de 5 personnes" in few
        assert "K1" not in few
        assert "D1" in browser.read(f"{RESULTS}/rows?code=COV-HH&commune={communes['Doucombo']}")


def test_an_account_of_one_commune_sees_that_one(browse: Browse, field: World) -> None:
    with field.db.write() as session:
        communes = dict(session.execute(sa.select(Place.name, Place.id).where(Place.level == Level.COMMUNE)).all())
    officer = browse("officer")
    with field.db.write() as session:
        person = staff.by_email(session, "officer@essai.example")
        session.add(StaffPlace(staff_id=person.id, place_id=communes["Doucombo"]))
    page = officer.read(RESULTS)
    assert "Doucombo" in page
    assert "Kendié" not in page
    assert "comptées (7)" in officer.read(f"{RESULTS}/rows?code=COV-HH")
    for address in (RESULTS, f"{RESULTS}/ladder", f"{RESULTS}/rows?code=COV-HH&from=2026-01-01"):
        sign = "&" if "?" in address else "?"
        assert officer.get(f"{address}{sign}commune={communes['Kendié']}").status_code == 404, address


def test_the_villages_without_contact_can_be_opened(browse: Browse, field: World) -> None:
    page = browse("editor").read(f"{RESULTS}/rows?code=VIL-QUIET")
    assert "Village de Doucombo" in page
    assert "Village de Kendié" in page


ASKED = [
    # what an address asks, what the page then says
    ("from=2026-03-01&to=2026-03-31", "du 1 mars 2026 au 31 mars 2026"),
    ("from=01/03/2026&to=31/03/2026", "du 1 mars 2026 au 31 mars 2026"),
    ("from=demain", "« demain » n'est pas un jour"),
    ("from=2026-03-31&to=2026-03-01", "Le dernier jour vient avant le premier"),
    ("from=2001-01-01&to=2026-03-01", "cinq ans au plus"),
    ("from=0001-01-01", "« 0001-01-01 » n'est pas un jour"),
]


def test_the_days_of_a_page_are_in_its_address(editor: Browser) -> None:
    for (asked, said), page in zip(ASKED, (*PAGES[:4], *PAGES[:4]), strict=False):
        assert said in editor.read(f"{page}?{asked}"), (page, asked)


def test_without_an_address_it_is_this_month_and_the_two_before(browse: Browse, office: World) -> None:
    today = local(office.now, "Africa/Bamako").date()
    month = (today.month - 3) % 12 + 1
    assert f'name="from" type="date" value="{today.year - (today.month < 3)}-{month:02}-01"' in browse("editor").read(
        RESULTS
    )


@pytest.mark.parametrize("code", ["", "NIX", "CST-REACH", "COV-HH'"])
def test_what_has_no_rows_is_not_there(browse: Browse, code: str) -> None:
    assert browse("editor").get(f"{RESULTS}/rows?code={code}").status_code == 404


def test_the_rows_of_a_quiz_name_nobody_and_do_not_open_where_the_number_is_hidden(
    browse: Browse, office: World
) -> None:
    answer(office, [True] * 12 + [False] * 6)
    address = f"{RESULTS}/rows?code=QUI-OK&quiz=hygiene-essai&wave=practice&question=quiz"
    for who in ("officer", "evaluation"):
        page = browse(who).read(address)
        body = page[page.index("<tbody>") : page.index("</tbody>")]
        assert body.count("<tr>") == 12, who
        assert "semaine du" in body
        assert not re.search(r"members/|phones/|téléphone|Village de", body), who
    assert "Les lignes de personnes sont pour" in browse("editor").read(address)
    assert "<tbody>" not in browse("editor").read(address)


def test_the_rows_of_every_indicator_open(browse: Browse, office: World) -> None:
    answer(office, [True] * 12 + [False] * 6)
    officer = browse("officer")
    for code, one in BEHIND.items():
        cuts = "".join(f"&{name}={part}" for name, part in (("quiz", "hygiene-essai"), ("wave", "practice")))
        for which in ("", "&which=all"):
            address = f"{RESULTS}/rows?code={code}{which}{cuts if one.needs == ('quiz', 'wave') else ''}"
            assert officer.get(f"{address}{'&quiz=hygiene-essai' if one.needs == ('quiz',) else ''}").status_code == 200


@pytest.mark.parametrize(("right", "wrong"), [(3, 0), (17, 1), (3, 12)])
def test_rows_of_a_hidden_number_tell_not_even_how_many(browse: Browse, office: World, right: int, wrong: int) -> None:
    answer(office, [True] * right + [False] * wrong)
    for which in ("", "&which=rest", "&which=all"):
        page = browse("evaluation").read(f"{RESULTS}/rows?code=QUI-OK&quiz=hygiene-essai{which}")
        assert "Ce nombre n'est pas montré" in page
        assert "comptées (" not in page
        assert "<tbody>" not in page


def test_every_indicator_has_its_sentence() -> None:
    assert set(MEANINGS) == {*DEFINITIONS, QUIET}
    assert [code for code, said in MEANINGS.items() if not said.endswith(".")] == []


SIGNS = [
    # part, whole, goal, percent, state
    (80, 100, 80, 80, "good"),
    (60, 100, 80, 60, "wait"),
    (59, 100, 80, 59, "bad"),
    (0, 0, 80, None, ""),
    (None, None, 80, None, ""),
]


@pytest.mark.parametrize(("part", "whole", "goal", "percent", "state"), SIGNS)
def test_a_sign_says_how_far_the_goal_is(
    part: float | None, whole: float | None, goal: float, percent: float | None, state: str
) -> None:
    one = Sign("ATT-SES", "", "", part, whole, goal)
    assert (one.percent, one.state) == (percent, state)


def test_a_rung_names_whom_it_lost() -> None:
    counts = {f"LAD-{n}": Figure(f"LAD-{n}", {}, many, None, many) for n, many in enumerate((10, 8, 5, 5, 2, 0), 1)}
    found = rungs(counts, {"LAD-2": {"group_only": 2, "no_phone": 1}})
    assert [(one.percent, one.lost) for one in found] == [(100, 2), (80, 3), (50, 0), (50, 3), (20, 2), (0, None)]
    assert found[1].reasons == {"group_only": 2, "no_phone": 1}


def test_losses_add_up_to_what_is_lost(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        for village in session.scalars(sa.select(Member.village_id).distinct()):
            session.add(ProgrammeVillage(programme_id=office.programme_id, place_id=village))
    page = browse("officer").read(f"{RESULTS}/ladder")
    losses = re.findall(r'class="loss"><strong>− (?:<a [^>]+>)?(\d+)(?:</a>)?</strong>(.*?)</p>', page, re.DOTALL)
    assert losses
    for lost, reasons in losses[:-1]:
        assert int(lost) == sum(map(int, re.findall(r"(\d+)</span>", reasons)))


@pytest.mark.parametrize(("right", "wrong", "shown"), [(12, 6, "67 %"), (17, 1, "< 5"), (3, 0, "< 5")])
def test_a_quiz_shows_its_share_and_interval_but_no_few_persons(
    browse: Browse, office: World, right: int, wrong: int, shown: str
) -> None:
    answer(office, [True] * right + [False] * wrong)
    page = browse("evaluation").read(f"{RESULTS}/quiz?quiz=hygiene-essai")
    row = re.search(r'class="code">quiz</span></th>(.*?)</tr>', page, re.DOTALL)
    assert row
    assert shown in row[1]
    assert ('class="doubt"' in row[1]) == (shown != "< 5")
    assert "Ce que chaque chiffre compte" in page


def answer(office: World, are_right: list[bool]) -> None:
    """Answers of members to the question of the campaign, one each, today."""
    with office.db.write() as session:
        step = session.scalars(sa.select(Step).where(Step.kind == "question")).one()
        gateway = session.scalars(sa.select(Gateway.id).where(Gateway.name == "simulator")).one()
    for place, is_right in enumerate(are_right):
        member = office.member(f"+2237200{place:04}")
        with office.db.write() as session:
            phone = office.phones[f"+2237200{place:04}"]
            asked = Message(
                programme_id=office.programme_id, kind=Kind.CAMPAIGN, step_id=step.id, occurrence="once",
                phone_id=phone, member_id=member, village_id=office.village_id, language_wanted="fr", language="fr",
                encoding="GSM-7", segments=1, state=State.HANDED_OVER, delivery=Delivery.DELIVERED, due_at=office.now,
                next_at=office.now, useful_until=office.now + timedelta(days=1), created_at=office.now,
                handed_over_at=office.now, asks=True,
            )  # fmt: skip
            told = Inbound(
                gateway_id=gateway, dedupe_key=f"q{place}", text="1", phone_id=phone, received_at=office.now,
                next_at=office.now, digest=f"q{place}", state=InboundState.HANDLED,
            )  # fmt: skip
            session.add_all([asked, told])
            session.flush()
            session.add(
                Answer(
                    step_id=step.id, occurrence="once", message_id=asked.id, inbound_id=told.id, phone_id=phone,
                    member_id=member, value="1", correct=is_right, answered_at=office.now,
                )
            )  # fmt: skip
