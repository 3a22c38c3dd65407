"""Scenario 1: a programme from CSV; the officer opens March, finds every commune, and follows numbers to rows."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

import campaigns.admin
from campaigns.models import (
    Attendance,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Measure,
    MeasureKind,
)
from messaging import codes, staff
from messaging.clock import utc_now
from messaging.installation import Installation
from messaging.models import Club, Household, Member, MemberPhone, Message, Place, Programme, Role
from messaging.models.place import Level
from messaging.models.post import Delivery, Kind, State
from tests.campaigns.admin.conftest import PASSWORD, QUICK, Browser
from tests.messaging.registers import make_programme, take

COMMUNES = ("Dandoli", "Doucombo", "Pignari Bana", "Wadouba", "Soroly", "Borko", "Kendié", "Bandiagara")
QUIET = 4  # villages, the last of one commune, where nothing happens
CONSENT = "messages;v1;bm;2025-01-01;oral;animatrice;K"
LINK = re.compile(r'href="(/admin/essai/results/rows\?[^"]+)">([^<]+)<')


@dataclass(frozen=True)
class Size:
    """So many villages a commune, and households and members in all; a smaller one where writing takes longer."""

    villages: int = 8
    households: int = 3000

    @property
    def places(self) -> list[tuple[str, int]]:
        """(commune, number) of every village."""
        return [(name, number) for name in COMMUNES for number in range(self.villages)]


@dataclass
class March:
    """The last March that is over, and who looks at it."""

    here: Installation
    size: Size
    first: date
    officer: Browser

    @property
    def address(self) -> str:
        return f"/admin/essai/results?from={self.first}&to={self.first.replace(day=31)}"

    def line(self, page: str, commune: str) -> dict[str, str]:
        """The cells of a commune by their titles."""
        board = page[page.index('class="stack board"') :]
        row = next(one for one in board.split("<tr>") if f">{commune}</a></th>" in one)
        cells = re.findall(r'<td class="num" data-label="([^"]+)">(.*?)</td>', row, re.DOTALL)
        return {title: re.sub(r"<[^>]+>|\s", "", cell) for title, cell in cells}


@pytest.fixture
def march(installation: Installation) -> Iterator[March]:
    """A programme from CSV files, ten days of March with messages and sessions, and its officer."""
    now = utc_now()
    first = date(now.year if now.month > 3 else now.year - 1, 3, 1)
    size = Size() if installation.db.is_sqlite else Size(2, 300)
    load(installation, size, now)
    live(installation, size, datetime(first.year, 3, 10, 9, tzinfo=now.tzinfo))
    app = Flask("jekulu", static_folder=None)
    app.config["SECRET_KEY"] = installation.keys.derive("web")
    app.config["SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS"] = QUICK
    app.extensions["jekulu"] = installation
    campaigns.admin.init_app(app, installation)
    with installation.db.write() as session:
        session.execute(sa.update(Programme).values(demonstration=True))
        staff.add(
            session, "officer@essai.example", [(Role.OFFICER, "")], now, programmes=["essai"], password=PASSWORD,
            demonstration=True,
        )  # fmt: skip
    browser = Browser(app.test_client())
    assert browser.sign_in("officer").status_code == 302
    yield March(installation, size, first, browser)


def load(here: Installation, size: Size, now: datetime) -> None:
    """Places with codes, two field and life schools a village, households and a member of each, by the importer."""
    make_programme(here.db, now)
    village = {place: f"V{number:03}" for number, place in enumerate(size.places, 1)}
    at = list(village.values())
    places = ["Code;Nomenclature;Nom officiel;Niveau;Code du parent;Langues;Village du programme"]
    places += ["MLI005;ocha-2017;Mopti;région;;;", "MLI005002;ocha-2017;Bandiagara;cercle;MLI005;;"]
    places += [f"MLI0050029{n};ocha-2017;{name};commune;MLI005002;;" for n, name in enumerate(COMMUNES)]
    places += [
        f"{code};;{name} {number};village;ocha-2017:MLI0050029{COMMUNES.index(name)};bm;oui"
        for (name, number), code in village.items()
    ]
    groups = [code for code in codes.all_codes() if not code.startswith("0")][: 2 * len(at)]
    clubs = ["Code du club;Type;Nom;Code du village;Langue;Jour de réunion"]
    clubs += [f"{code};CEAP;École {code};{at[place // 2]};bm;mardi" for place, code in enumerate(groups)]
    households = ["Code du ménage;Code du village;Sexe du chef de ménage;Personnes"]
    households += [f"M{n};{at[n % len(at)]};{'F' if n % 4 else 'M'};6" for n in range(size.households)]
    members = [
        "Code du membre;Code du ménage;Sexe;Tranche d'âge;Langue;Téléphone;À qui est le téléphone;Codes des clubs;"
        "Accords donnés;Version du texte d'accord;Langue de l'accord;Date de l'accord;Accord par;Recueilli par;"
        "Initiale du témoin"
    ]
    for n in range(size.households):
        group = groups[2 * (n % len(at)) + n // len(at) % 2]
        phone = f"7600{n:04};elle-même" if n % 3 else ";"
        members.append(f"P{n};M{n};femme;25-49;bm;{phone};{group};{CONSENT if n % 3 else ';;;;;;'}")
    for kind, rows in (("places", places), ("clubs", clubs), ("households", households), ("members", members)):
        result = take(here.db, kind, "\n".join(rows), now)
        assert not result.problems, result.problems[:3]
        assert result.added == len(rows) - 1
    with here.db.write() as session:
        long_ago = now - timedelta(days=900)
        session.execute(sa.update(Member).values(created_at=long_ago))
        for ident in session.scalars(sa.select(Place.id).where(Place.level == Level.COMMUNE)):
            session.add(
                Measure(
                    programme_id=session.scalars(sa.select(Programme.id)).one(), indicator="COV-HH",
                    kind=MeasureKind.TARGET, place_id=ident, value=size.households // len(COMMUNES),
                )
            )  # fmt: skip


def live(here: Installation, size: Size, at: datetime) -> None:
    """A message to every other phone, of which one of three has no receipt; every school plans, some do not meet.

    Nothing at all happens in the last villages of Bandiagara.
    """
    with here.db.write() as session:
        programme = session.scalars(sa.select(Programme.id)).one()
        quiet = set(session.scalars(sa.select(Place.id).where(Place.name.in_(quiet_names(size)))))
        lives = sa.select(Member.id, Member.village_id, MemberPhone.phone_id).join(MemberPhone).order_by(Member.id)
        rows = [row for row in session.execute(lives) if row.village_id not in quiet]
        session.add_all(
            Message(
                programme_id=programme, kind=Kind.CAMPAIGN, step_id=1, occurrence="once", phone_id=row.phone_id,
                member_id=row.id, village_id=row.village_id, language_wanted="bm", language="bm", encoding="GSM-7",
                segments=1, state=State.HANDED_OVER, delivery=Delivery.SENT if place % 3 == 2 else Delivery.DELIVERED,
                due_at=at, next_at=at, useful_until=at + timedelta(days=1), created_at=at, handed_over_at=at,
            )
            for place, row in enumerate(rows)
            if place % 2
        )  # fmt: skip
        for place, club in enumerate(session.scalars(sa.select(Club).order_by(Club.id)).all()):
            if club.village_id not in quiet:
                meet(session, club, at.date() + timedelta(days=place % 7), is_held=place % 4 > 0)


def meet(session: sa.orm.Session, club: Club, day: date, *, is_held: bool) -> None:
    """A session that was planned; held, twelve women and eight men came."""
    row = ClubSession(
        programme_id=club.programme_id, kind=ClubSessionKind.SCHOOL, club_id=club.id, planned_on=day,
        held_on=day if is_held else None, status=ClubSessionStatus.HELD if is_held else ClubSessionStatus.MISSED,
    )  # fmt: skip
    session.add(row)
    session.flush()
    if is_held:
        told = datetime(day.year, day.month, day.day, 18, tzinfo=utc_now().tzinfo)
        session.add(
            Attendance(
                club_session_id=row.id,
                intent="attendance",
                women=12,
                men=8,
                girls=1,
                boys=0,
                total=21,
                received_at=told,
            )
        )


def quiet_names(size: Size) -> list[str]:
    """The villages without contact: the last ones of Bandiagara, all but one where there are few."""
    many = min(QUIET, size.villages - 1)
    return [f"Bandiagara {size.villages - 1 - back}" for back in range(many)]


def test_the_officer_opens_march(march: March) -> None:
    size, page = march.size, march.officer.read(march.address)
    phones, clubs = told_from_the_rows(march, "Doucombo")
    line = march.line(page, "Doucombo")
    registered = sum(size.places[n % len(size.places)][0] == "Doucombo" for n in range(size.households))
    assert line["Ménages, cible"] == str(size.households // len(COMMUNES))
    assert line["Ménages inscrits"] == str(registered)
    assert line["par téléphone"] == str(phones)
    assert line["Femmes"] == str(12 * clubs)
    assert line["Hommes"] == str(8 * clubs)
    assert line["Séances"] == f"{clubs}/{2 * size.villages}"
    assert line["Femmes, %"] == "60"
    assert line["Villages sans contact"] == f"0/{size.villages}"
    assert "jamais additionnés" in page

    quiet = quiet_names(size)
    assert march.line(page, "Bandiagara")["Villages sans contact"] == f"{len(quiet)}/{size.villages}"
    opened = next(address for address, _number in links(page) if "code=VIL-QUIET" in address)
    listed = march.officer.read(opened)
    assert sorted(re.findall(r"/people/villages/\d+\">([^<]+)</a></th>", listed)) == sorted(quiet)


def test_every_number_of_the_page_opens_rows_that_add_up_to_it(march: March) -> None:
    page = march.officer.read(march.address)
    found = links(page)
    assert len(found) > 60
    codes_seen = {re.search(r"code=([A-Z0-9-]+)", address)[1] for address, _number in found}  # type: ignore[index]
    assert {"COV-HH", "RCH-HH-PH", "RCH-HH-GR", "RCH-PH", "RCH-IND-F", "ATT-SES", "VIL-QUIET"} <= codes_seen
    for code in sorted(codes_seen):
        address, number = min((one for one in found if f"code={code}&" in one[0]), key=lambda one: one[1])
        assert added_up(march.officer, address) == number, (code, address)


def told_from_the_rows(march: March, commune: str) -> tuple[int, int]:
    """Households of a commune that a delivered message reached, and schools that met, straight from the tables."""
    names = [f"{commune} {number}" for number in range(march.size.villages)]
    with march.here.db.read() as session:
        own = set(session.scalars(sa.select(Place.id).where(Place.name.in_(names))))
        arrived = sa.select(Household.id).join(Member).join(Message, Message.member_id == Member.id)
        arrived = arrived.where(Message.delivery == Delivery.DELIVERED, Household.village_id.in_(own)).distinct()
        met = sa.select(ClubSession.id).join(Club).where(Club.village_id.in_(own), ClubSession.held_on.is_not(None))
        return len(session.scalars(arrived).all()), len(session.scalars(met).all())


def links(page: str) -> list[tuple[str, int]]:
    """The addresses of the rows behind the numbers of a page, each with its number."""
    found = [(html.unescape(address), re.match(r"[\d\s\u202f\xa0]+", text)) for address, text in LINK.findall(page)]
    shares = ("ATT-W", "MSG-DR")  # what is told of them is no sum
    return [
        (address, int(re.sub(r"\D", "", number[0])))
        for address, number in found
        if number and not any(f"code={code}&" in address for code in shares)
    ]


def added_up(browser: Browser, address: str) -> int:
    """What the rows of all pages add up to, in the column that the number counts."""
    code, total = re.search(r"code=([A-Z0-9-]+)", address)[1], 0  # type: ignore[index]
    column = {"RCH-IND": "Total", "RCH-IND-F": "Femmes", "RCH-IND-M": "Hommes", "RCH-IND-JF": "J. filles"}.get(code)
    while address:
        page = browser.read(address)
        body = page[page.index("<tbody>") : page.index("</tbody>")]
        cells = re.findall(rf'data-label="{column}">(\d+)<', body) if column else []
        total += sum(map(int, cells)) if column else body.count("<tr>")
        further = re.search(r'href="([^"]+)">Suite', page)
        address = further[1] if further else ""
    return total
