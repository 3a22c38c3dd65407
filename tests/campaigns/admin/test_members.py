"""People and clubs: what each role sees of whom, the search, moving a member, and own places on every page."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from campaigns.admin.clubs import is_silent
from campaigns.admin.people import next_market, without_contact
from campaigns.models import Campaign, ClubSession, Enrolment
from campaigns.models.club import ClubSessionKind, ClubSessionStatus
from messaging import communes as switches
from messaging import people, staff
from messaging.clock import utc_now
from messaging.models import (
    Audit,
    Club,
    Household,
    Inbound,
    Member,
    Message,
    Phone,
    Place,
    PlaceParent,
    Programme,
    ProgrammeVillage,
    Role,
    StaffPlace,
)
from messaging.models.people import HeaBand, LifeStage, MemberStatus, Purpose, Way
from messaging.models.place import Level
from messaging.places import folded
from tests.campaigns.admin.conftest import PASSWORD, Browser, account
from tests.world import World

Browse = Callable[[str], Browser]
PEOPLE = "/admin/essai/people"
NUMBER = "+22376000011"


@dataclass
class Land:
    """Two villages in two communes: the people of `essai`, and another club with its household and member."""

    world: World
    here: int = 0
    there: int = 0
    communes: dict[str, int] = field(default_factory=dict)
    home: int = 0
    other_home: int = 0
    other_club: int = 0
    other_member: int = 0

    @property
    def member(self) -> int:
        """The first member, with a phone and a club, in the village here."""
        return self.world.members[0]

    def change(self, **values: object) -> None:
        """Change the first member."""
        with self.world.db.write() as session:
            session.execute(sa.update(Member).where(Member.id == self.member).values(**values))

    def row(self) -> Member:
        """The first member as she stands."""
        with self.world.db.read() as session:
            return session.get_one(Member, self.member)


@pytest.fixture
def land(office: World) -> Land:
    """Places, names and a household around the people of the office."""
    made = Land(office, here=office.village_id)
    with office.db.write() as session:
        communes = [_place(name, Level.COMMUNE) for name in ("Doucombo", "Sangha")]
        there = _place("Kani Gogouna")
        session.add_all([*communes, there])
        session.flush()
        made.communes, made.there = {one.name: one.id for one in communes}, there.id
        for village, commune in ((made.here, communes[0].id), (made.there, communes[1].id)):
            session.add(PlaceParent(place_id=village, parent_id=commune))
            session.add(ProgrammeVillage(programme_id=office.programme_id, place_id=village))
        homes = [
            Household(programme_id=office.programme_id, code=code, village_id=village, hea_band=HeaBand.VERY_POOR)
            for code, village in (("M-0007", made.here), ("M-0008", made.there))
        ]
        session.add_all(homes)
        session.flush()
        made.home, made.other_home = (home.id for home in homes)
    made.change(first_name="Aïssata", household_id=made.home, age_band="25-49")
    office.club("2035", facilitator="+22376000061")
    made.other_club = office.clubs["2035"]
    made.other_member = office.member("+22376000062", club="2035")
    with office.db.write() as session:
        session.get_one(Club, made.other_club).village_id = made.there
        row = session.get_one(Member, made.other_member)
        row.village_id, row.first_name, row.household_id = made.there, "Fanta", made.other_home
    return made


@pytest.fixture
def local(app: Flask, land: Land) -> Callable[..., Browser]:
    """A browser of an account that works in the first village alone, with the roles that are given."""

    def open_browser(*roles: Role) -> Browser:
        name = "-".join(roles)
        with land.world.db.write() as session:
            staff.add(
                session, f"{name}@essai.example", [(role, "") for role in roles], land.world.now,
                programmes=["essai"], password=PASSWORD, demonstration=True,
            )  # fmt: skip
            session.add(StaffPlace(staff_id=staff.by_email(session, f"{name}@essai.example").id, place_id=land.here))
        browser = Browser(app.test_client())
        assert browser.sign_in(name).status_code == 302
        return browser

    return open_browser


def _place(name: str, level: Level = Level.VILLAGE) -> Place:
    return Place(level=level, name=name, folded=folded(name), sms_name=name, languages=["fr"])


def rows(page: str) -> list[str]:
    """The words of each row of the first table, without the head."""
    body = page.split("<tbody>", 1)[1].split("</table>")[0] if "<tbody>" in page else ""
    return [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in body.split("<tr")[1:]]


def said(page: str) -> str:
    """The words of a page, without what only machines read."""
    main = page.split("<main", 1)[1].split("</main>")[0]
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", main)).split())


def form(browser: Browser, land: Land, do: str, **values: object) -> tuple[int, str]:
    """Send a form of the member's page; gives the status and the page that answers."""
    path = f"{PEOPLE}/members/{land.member}"
    page = browser.get(path).text
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen, page
    answer = browser.post(path, path, do=do, **{"seen": seen[1], **values})
    return answer.status_code, answer.text


MASKS = [  # who, and for each of first name, village, clubs, wealth: whether it is shown
    ("officer", True, True, True, False),
    ("evaluation", False, False, False, True),
    ("auditor", False, False, False, False),
]


@pytest.mark.parametrize("case", MASKS, ids=[row[0] for row in MASKS])
def test_masks_of_a_person(browse: Browse, land: Land, case: tuple[str, bool, bool, bool, bool]) -> None:
    who, name, village, club, wealth = case
    land.change(life_stage=LifeStage.PREGNANT)
    browser = browse(who)
    shown = ""
    for path in ("members", f"members/{land.member}", "households", "?q=P1", "?q=M1", "?q=M-0007"):
        answer = browser.get(f"{PEOPLE}/{path}".replace("/?", "?"))
        assert answer.status_code == 200
        shown += said(answer.text)
        assert NUMBER[-4:] not in said(answer.text)
    assert ("Aïssata" in shown) is name
    assert ("Village Essai" in shown) is village
    assert ("1041" in shown) is club
    assert ("très pauvre" in shown) is wealth
    assert "Doucombo" in shown
    assert "•• 11" in shown
    assert "enceinte" not in shown


@pytest.mark.parametrize("who", ["editor", "approver", "administrator", "focal_point", "translator"])
def test_single_people_are_for_who_works_with_them(browse: Browse, land: Land, who: str) -> None:
    browser = browse(who)
    for path in ("members", f"members/{land.member}", "households"):
        assert browser.get(f"{PEOPLE}/{path}").status_code == 403
    for wanted in ("M1", "M-0007", "Aissata"):
        assert "Rien de semblable" in browser.get(f"{PEOPLE}?q={wanted}").text
    assert browser.get(f"{PEOPLE}/villages/{land.here}").status_code == 200
    assert "/members" not in browser.get(f"{PEOPLE}/villages/{land.here}").text
    assert "/members" not in browser.get(f"{PEOPLE}/clubs/{land.world.clubs['1041']}").text


def test_who_may_not_know_the_village_cannot_ask_by_it(browse: Browse, land: Land) -> None:
    browser = browse("evaluation")
    assert "M1" not in said(browser.get(f"{PEOPLE}/members?place=Village+Essai").text)
    assert "M1" not in said(browser.get(f"{PEOPLE}/members?place={land.here}").text)
    assert browser.get(f"{PEOPLE}/members?club={land.world.clubs['1041']}").status_code == 404
    assert "M1" in said(browser.get(f"{PEOPLE}/members?place=Dukombo").text)


def test_life_stage_is_for_the_officer_while_she_agrees_and_until_its_day(browse: Browse, land: Land) -> None:
    land.change(life_stage=LifeStage.PREGNANT, life_stage_until=date(2030, 1, 1))
    path, officer, auditor = f"{PEOPLE}/members/{land.member}", browse("officer"), browse("auditor")
    assert "enceinte" not in officer.get(path).text
    evidence = people.Evidence("1", "fr", Way.ORAL, land.world.now, "anim-01", "K")
    with land.world.db.write() as session:
        people.give(session, land.world.programme_id, Purpose.LIFE_STAGE, evidence, member_id=land.member)
    assert "enceinte" in officer.get(path).text
    assert "enceinte" not in auditor.get(path).text
    assert "enceinte" not in officer.get(f"{PEOPLE}/members").text
    land.change(life_stage_until=utc_now().date() - timedelta(days=1))
    assert "enceinte" not in officer.get(path).text


def test_a_campaign_that_would_tell_what_is_masked_is_not_shown(browse: Browse, land: Land) -> None:
    with land.world.db.write() as session:
        campaign = session.scalars(sa.select(Campaign)).one()
        session.add(Enrolment(campaign_id=campaign.id, member_id=land.member, anchor_on=date(2026, 3, 1)))
        title, definition = campaign.title_fr, campaign.definition
    officer, path = browse("officer"), f"{PEOPLE}/members/{land.member}"
    assert title in officer.get(path).text
    with land.world.db.write() as session:
        row = session.scalars(sa.select(Campaign)).one()
        row.definition = {**definition, "audience": {"life_stages": ["pregnant"]}}
    assert title not in officer.get(path).text


SEARCHES = [  # what is typed, and the card, club or place that it leads to
    ("a first name", "Assaita", "members/{member}"),
    ("a card", "m1", "members/{member}"),
    ("a household", "m0007", "members?household={home}"),
    ("a club's code", "1041", "clubs/{club}"),
    ("a village", "Vilage Esai", "villages/{here}"),
    ("a commune", "Dukombo", "{commune}"),
]


@pytest.mark.parametrize("case", SEARCHES, ids=[row[0] for row in SEARCHES])
def test_the_search_leads_to_what_is_meant(browse: Browse, land: Land, case: tuple[str, str, str]) -> None:
    _label, wanted, leads_to = case
    values = {
        "member": land.member, "home": land.home, "club": land.world.clubs["1041"], "here": land.here,
        "commune": land.communes["Doucombo"],
    }  # fmt: skip
    page = browse("officer").get(PEOPLE, query_string={"q": wanted}).text
    assert re.search(rf'href="[^"]*{re.escape(leads_to.format(**values))}"', page), page


def test_a_number_is_neither_searched_nor_repeated(browse: Browse, land: Land) -> None:
    officer = browse("officer")
    answer = officer.get(PEOPLE, query_string={"q": "76 00 00 11"})
    assert answer.status_code == 303
    assert "76" not in answer.headers["Location"]
    assert "76" not in answer.text
    page = officer.read(answer.headers["Location"])
    assert "On ne cherche pas ici par numéro" in page
    assert officer.get(f"{PEOPLE}/clubs", query_string={"q": "+22376000011"}).status_code == 303


def test_the_list_is_cut_by_every_filter(browse: Browse, land: Land) -> None:
    land.world.member()  # without a phone
    with land.world.db.write() as session:
        session.get_one(Member, land.other_member).status = MemberStatus.DISPLACED
        session.execute(sa.update(Phone).values(last_in_at=None, last_delivered_at=None))
        session.execute(sa.update(Phone).where(Phone.id == land.world.phones[NUMBER]).values(last_in_at=utc_now()))
    officer = browse("officer")

    def cards(query: str) -> list[str]:
        return [row.split(">", 1)[-1].split()[0] for row in rows(officer.get(f"{PEOPLE}/members?{query}").text)]

    assert cards("") == ["M1", "M2", "M3", "M4", "M5"]
    assert cards(f"place={land.there}") == cards("place=Sanga") == cards("status=displaced") == ["M4"]
    assert cards("phone=none") == ["M3", "M5"]
    assert cards("quiet=1") == ["M2", "M3", "M4", "M5"]
    assert cards(f"club={land.world.clubs['1041']}") == ["M1", "M2"]
    assert cards(f"household={land.home}") == ["M1"]
    assert cards("place=Xyzxyz") == []
    assert "ne ressemble à « Xyzxyz »" in officer.read(f"{PEOPLE}/members?place=Xyzxyz")


def test_the_list_goes_on_with_its_filters(browse: Browse, land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.admin.paging.page.__defaults__", (1,))
    officer, seen, where = browse("officer"), [], f"{PEOPLE}/members?place={land.here}&status=active"
    while where:
        page = officer.get(where).text
        seen += re.findall(r"members/(\d+)\"", page.split("<tbody>")[1])
        further = re.search(r'class="further"><a class="button quiet" href="([^"]+)"', page)
        where = further[1].replace("&amp;", "&") if further else ""
    assert seen == [str(ident) for ident in land.world.members[:3]]


def test_moving_a_member(browse: Browse, land: Land) -> None:
    officer, path = browse("officer"), f"{PEOPLE}/members/{land.member}"
    offered = officer.get(f"{path}?move=kani").text
    assert f'name="village" value="{land.there}"' in offered
    status, _page = form(officer, land, "move", village=land.there, household="m0008", clubs="2035", move="kani")
    assert status == 303
    moved = land.row()
    assert (moved.village_id, moved.household_id) == (land.there, land.other_home)
    page = officer.get(path).text
    assert "Déplacement noté. Il vaut pour les messages planifiés à partir de maintenant." in page
    assert "2035 ·" in page
    assert "1041 ·" not in page
    with land.world.db.read() as session:
        log = session.scalars(sa.select(Audit).where(Audit.action == "moved")).one()
        assert log.actor.startswith("staff:")
        assert (log.before["village"], log.after["village"]) == (land.here, land.there)


def test_a_refused_move_keeps_what_was_typed(browse: Browse, land: Land) -> None:
    status, page = form(
        browse("officer"), land, "move", village=land.there, household="M-9999", clubs="2035", move="kani"
    )
    assert status == 400
    assert "Aucun ménage de ce village n" in page
    assert 'value="M-9999"' in page
    assert 'id="clubs" name="clubs" value="2035"' in page
    assert re.search(rf'name="village" value="{land.there}" checked', page)
    assert land.row().village_id == land.here


def test_the_second_of_two_officers_is_told_and_keeps_her_choice(browse: Browse, land: Land) -> None:
    first, path = browse("officer"), f"{PEOPLE}/members/{land.member}"
    seen = re.search(r'name="seen" value="(\w+)"', first.get(path).text)
    assert seen
    assert form(first, land, "status", status="displaced")[0] == 303
    answer = first.post(path, path, do="route", seen=seen[1], route="group", safe_hours="le soir")
    assert answer.status_code == 409
    assert "entre-temps" in answer.text
    assert 'value="le soir"' in answer.text
    assert "déplacé" in answer.text
    fresh = re.search(r'name="seen" value="(\w+)"', answer.text)
    assert fresh
    assert first.post(path, path, do="route", seen=fresh[1], route="group", safe_hours="le soir").status_code == 303
    assert (land.row().status, land.row().safe_hours) == (MemberStatus.DISPLACED, "le soir")


FORMS = [
    ("status", {"status": "left"}, "Situation notée : parti."),
    ("language", {"language": "bm", "chain": "own", "falls_to": "fr"}, "Langue notée."),
    ("route", {"route": "group", "safe_hours": ""}, "comment la personne est jointe"),
    ("join", {"club": "2035"}, "maintenant du club 2035"),
    ("leave", {"club": "{club}"}, "plus de ce club"),
    ("withdraw", {"purpose": "messages"}, "Accord retiré."),
]


@pytest.mark.parametrize("case", FORMS, ids=[row[0] for row in FORMS])
def test_each_form_does_one_thing_says_so_and_is_audited(
    browse: Browse, land: Land, case: tuple[str, dict[str, str], str]
) -> None:
    do, values, told = case
    officer = browse("officer")
    filled = {name: value.format(club=land.world.clubs["1041"]) for name, value in values.items()}
    assert form(officer, land, do, **filled)[0] == 303
    assert told in officer.read(f"{PEOPLE}/members/{land.member}")
    with land.world.db.read() as session:
        log = session.scalars(sa.select(Audit).where(Audit.object == "member")).one()
        assert log.object_id == str(land.member)


BROKEN = [
    ("status", {"status": "rien"}), ("route", {"route": "rien"}), ("leave", {"club": "x"}),
    ("withdraw", {"purpose": "rien"}), ("rien", {}), ("move", {"village": "x" * 30}),
]  # fmt: skip


@pytest.mark.parametrize("case", BROKEN, ids=[f"{row[0]} {row[1]}" for row in BROKEN])
def test_a_broken_form_changes_nothing(browse: Browse, land: Land, case: tuple[str, dict[str, str]]) -> None:
    do, values = case
    assert form(browse("officer"), land, do, **values)[0] == 400
    with land.world.db.read() as session:
        assert not session.scalars(sa.select(Audit).where(Audit.object == "member")).all()


def test_only_the_officer_changes_a_member(browse: Browse, land: Land) -> None:
    path = f"{PEOPLE}/members/{land.member}"
    for who in ("evaluation", "auditor", "editor"):
        assert browse(who).post(path, do="status", status="left", seen="x").status_code == 403
    assert "<form" not in browse("auditor").get(path).text.split("<main")[1].split("</main>")[0]


def test_no_page_of_another_place_opens(local: Callable[..., Browser], land: Land, browse: Browse) -> None:
    """An account of one village: every page here, asked with the ids of the other village, is not there."""
    browser = local(Role.OFFICER, Role.EVALUATION, Role.AUDITOR)
    theirs = (
        f"villages/{land.there}", f"clubs/{land.other_club}", f"members/{land.other_member}",
        f"members?place={land.there}", f"members?place={land.communes['Sangha']}", f"members?club={land.other_club}",
        f"members?household={land.other_home}", f"households?place={land.there}",
        f"households?place={land.communes['Sangha']}",
    )  # fmt: skip
    everywhere = browse("officer")
    for path in theirs:
        assert everywhere.get(f"{PEOPLE}/{path}").status_code == 200, path
        assert browser.get(f"{PEOPLE}/{path}").status_code == 404, path
    for path in ("", "/clubs", "/members", "/households", "?quiet=1", "/members?place=Sangha", "/clubs?q=2035",
                 "?q=2035", "?q=Fanta", "?q=M-0008", "?q=M4", "?q=Kani", "?q=Sangha",
                 f"/members/{land.member}?move=kani"):  # fmt: skip
        page = browser.get(f"{PEOPLE}{path}")
        assert page.status_code == 200
        for word in ("Kani", "Sangha", "2035", "Fanta", "M-0008", "M4"):
            asked = path.rpartition("=")[2].lower()
            if word.lower() not in asked and not word.lower().startswith(asked or "-"):
                assert word not in said(page.text), (path, word)
            else:
                assert f"/{land.there}" not in page.text, path


def test_nobody_is_changed_or_moved_outside_own_places(local: Callable[..., Browser], land: Land) -> None:
    browser = local(Role.OFFICER)
    theirs = f"{PEOPLE}/members/{land.other_member}"
    assert browser.post(theirs, do="status", status="left", seen="x").status_code == 404
    assert form(browser, land, "move", village=land.there, move="kani")[0] == 400
    assert form(browser, land, "join", club="2035")[0] == 400
    assert land.row().village_id == land.here


def test_pages_of_another_programme_are_not_there(browse: Browse, land: Land, other: World) -> None:
    officer = browse("officer")
    for path in (f"members/{other.members[0]}", f"clubs/{other.clubs['2035']}", f"villages/{other.village_id}"):
        assert officer.get(f"{PEOPLE}/{path}").status_code == 404, path
        assert officer.get(f"/admin/autre/people/{path}").status_code == 404, path


def test_a_key_that_no_database_takes_is_no_page(browse: Browse, land: Land) -> None:
    officer = browse("officer")
    for path in ("members", "clubs", "villages"):
        assert officer.get(f"{PEOPLE}/{path}/{'9' * 20}").status_code == 404, path
    assert officer.get(f"{PEOPLE}/members?place={'9' * 6}").status_code == 404


def test_totals_are_those_of_own_villages(local: Callable[..., Browser], land: Land, browse: Browse) -> None:
    def members(page: str) -> int:
        return int(re.findall(r'<tfoot>.*?<td class="num">(\d+)', page, re.DOTALL)[0])

    assert members(browse("editor").get(PEOPLE).text) == 4
    assert members(local(Role.OFFICER).get(PEOPLE).text) == 3


def silent_villages(land: Land) -> list[str]:
    with land.world.db.read() as session:
        programme = session.get_one(Programme, land.world.programme_id)
        return [place.name for place in without_contact(session, programme, utc_now())]


def test_a_village_without_contact_this_month(browse: Browse, land: Land) -> None:
    with land.world.db.write() as session:
        session.execute(sa.update(Phone).values(last_in_at=None, last_delivered_at=utc_now() - timedelta(days=32)))
    assert silent_villages(land) == ["Kani Gogouna", "Village Essai"]
    officer = browse("officer")
    link = re.search(r'href="([^"]+)">Sans contact ce mois</a>', officer.get(PEOPLE).text)
    assert link
    page = said(officer.get(link[1]).text)
    assert "Sans contact ce mois (2)" in page
    assert "Kani Gogouna" in page
    with land.world.db.write() as session:
        _heard(session, land, "+22376000062", "last_in_at")
    page = said(officer.get(link[1]).text)
    assert "Sans contact ce mois (1)" in page
    assert "Kani Gogouna" not in page


SIGNS = [
    ("a member wrote", lambda s, land: _heard(s, land, "+22376000062", "last_in_at")),
    ("an SMS was delivered to a member", lambda s, land: _heard(s, land, "+22376000062", "last_delivered_at")),
    ("the facilitator wrote", lambda s, land: _heard(s, land, "+22376000061", "last_in_at")),
    ("the club's own phone was reached", lambda s, land: _relay(s, land)),
    ("a club met", lambda s, land: _met(s, land, utc_now().date())),
]


@pytest.mark.parametrize("case", SIGNS, ids=[row[0] for row in SIGNS])
def test_what_counts_as_contact(land: Land, case: tuple[str, Callable[..., None]]) -> None:
    with land.world.db.write() as session:
        session.execute(sa.update(Phone).values(last_in_at=None, last_delivered_at=None))
    assert "Kani Gogouna" in silent_villages(land)
    with land.world.db.write() as session:
        case[1](session, land)
    assert silent_villages(land) == ["Village Essai"]


def _heard(session: sa.orm.Session, land: Land, number: str, column: str) -> None:
    phone = land.world.phones[number]
    session.execute(sa.update(Phone).where(Phone.id == phone).values({column: utc_now()}))


def _relay(session: sa.orm.Session, land: Land) -> None:
    phone = people.add_phone(session, "+22376000099", utc_now())
    phone.last_delivered_at = utc_now()
    session.get_one(Club, land.other_club).relay_phone_id = phone.id


def _met(session: sa.orm.Session, land: Land, on: date, status: ClubSessionStatus = ClubSessionStatus.HELD) -> None:
    session.add(
        ClubSession(
            programme_id=land.world.programme_id, kind=ClubSessionKind.CLUB, club_id=land.other_club, held_on=on,
            status=status,
        )
    )  # fmt: skip


TODAY = date(2026, 3, 12)
SILENT = [  # rule, day of the last report (days ago), founded (days ago), silent
    ("weekly, reported last week", {"meets_weekday": 1}, 7, 90, False),
    ("weekly, 14 days ago", {"meets_weekday": 1}, 14, 90, False),
    ("weekly, 15 days ago", {"meets_weekday": 1}, 15, 90, True),
    ("weekly, never, founded last week", {"meets_weekday": 1}, None, 7, False),
    ("weekly, never, founded long ago", {"meets_weekday": 1}, None, 90, True),
    ("weekly, nobody knows since when", {"meets_weekday": 1}, None, None, True),
    ("every 30 days, 20 days ago", {"meets_every_days": 30}, 20, 90, False),
    ("every 30 days, 31 days ago", {"meets_every_days": 30}, 31, 90, True),
    ("no rule of meeting", {}, 90, 90, False),
    ("closed", {"meets_weekday": 1, "closed_on": TODAY}, 90, 90, False),
]


@pytest.mark.parametrize("case", SILENT, ids=[row[0] for row in SILENT])
def test_when_a_club_is_silent(case: tuple[str, dict[str, object], int | None, int | None, bool]) -> None:
    _label, rule, last, founded, expected = case
    club = Club(created_on=None if founded is None else TODAY - timedelta(days=founded), **rule)
    last_on = None if last is None else TODAY - timedelta(days=last)
    assert is_silent(club, last_on, TODAY) is expected


def test_silent_clubs_of_own_places_and_not_before_reports_begin(
    browse: Browse, land: Land, local: Callable[..., Browser]
) -> None:
    with land.world.db.write() as session:
        session.execute(sa.update(Club).values(meets_weekday=1))
    officer = browse("officer")
    assert "Silencieux</a> (0)" in re.sub(r" \((\d+)\)</a>", r"</a> (\1)", officer.get(f"{PEOPLE}/clubs").text)
    with land.world.db.write() as session:
        _met(session, land, utc_now().date() - timedelta(days=20), ClubSessionStatus.CANCELLED)
    page = officer.get(f"{PEOPLE}/clubs?silent=1").text
    assert len(rows(page)) == 2
    assert len(rows(local(Role.EDITOR).get(f"{PEOPLE}/clubs?silent=1").text)) == 1
    one = officer.read(f"{PEOPLE}/clubs/{land.other_club}")
    assert "aucun rapport n'est venu depuis plus de 14 jours" in one
    assert "annulée" in one
    assert "chaque mardi" in one


def test_a_village_says_when_its_market_is() -> None:
    place = Place(market_days=5, market_anchor=date(2014, 4, 9))
    day = next_market(place, TODAY)
    assert day is not None
    assert 0 <= (day - TODAY).days < 5
    assert (day - date(2014, 4, 9)).days % 5 == 0
    assert next_market(place, day) == day
    assert next_market(Place(), TODAY) is None


def test_today_and_results_count_own_places_alone(local: Callable[..., Browser], land: Land, browse: Browse) -> None:
    with land.world.db.write() as session:
        for row in session.scalars(sa.select(Message).where(Message.handed_over_at.is_not(None))).all():
            row.village_id = land.there
        session.execute(sa.update(Inbound).values(phone_id=land.world.phones["+22376000062"]))
    near, everywhere = local(Role.EDITOR), browse("evaluation")
    for label, here, all_of_them in (
        ("membres", 3, 4), ("clubs et groupes", 1, 2), ("partis aujourd'hui", 0, 2), ("reçus aujourd'hui", 0, 3),
        ("messages sensibles, 30 jours", 0, 1),
    ):  # fmt: skip
        for browser, count in ((near, here), (everywhere, all_of_them)):
            assert f"<dt>{label}</dt><dd>{count}</dd>" in browser.read("/admin/"), (label, count)
    for browser, count in ((near, "0"), (everywhere, "2")):
        week = browser.get("/admin/essai/results/weeks").text.split("<tbody>")[1].split("</tr>")[0]
        assert re.search(r'data-label="Partis">(\d+)<', week)[1] == count  # type: ignore[index]


def test_a_proposal_about_a_commune_elsewhere_is_not_on_today(local: Callable[..., Browser], land: Land) -> None:
    asking = account(land.world, "second_approver").id
    with land.world.db.write() as session:
        for ident in land.communes.values():
            switches.pause(session, ident, asking, utc_now())
            switches.ask_to_lift(session, ident, "drop", asking, utc_now(), land.world.programme_id)
    page = local(Role.APPROVER).read("/admin/")
    assert "lever la pause de Doucombo" in page
    assert "Sangha" not in page
