"""Telephones that are gateways, as staff see them: on the page of gateways, and on Today when one needs somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from messaging import alarms, staff, totp
from messaging.alarms import Kind
from messaging.clock import utc_now
from messaging.models import Gateway, Role
from tests.campaigns.admin.conftest import PASSWORD, Browser
from tests.campaigns.admin.test_today import lines
from tests.world import World

Browse = Callable[[str], Browser]


def real(browse: Browse, office: World, role: Role) -> Browser:
    """A browser of a real account: those of the demonstration are shut out where a telephone writes to people."""
    email = f"{role.value}-reel@essai.example"
    with office.db.write() as session:
        access = staff.add(
            session, email, [(role, "")], office.now, name=role.value, programmes=["essai"], password=PASSWORD
        )
    browser = browse("")
    browser.post("/admin/login", "/admin/login", email=email, password=PASSWORD)
    if access.second_factor:
        code = totp.code(access.second_factor, totp.step_at(utc_now()))
        browser.post("/admin/second-factor", "/admin/second-factor", code=code)
    return browser


ROWS = [  # last heard before, seconds its clock is ahead, words on the page, words on Today
    ("heard", timedelta(minutes=3), 4, "entendu il y a 3 min", None),
    ("heard just now", timedelta(seconds=5), None, "entendu il y a moins d'une minute", None),
    ("silent", timedelta(hours=2, minutes=5), 0, "silencieux depuis 2 h", "ne donne plus signe de vie"),
    ("silent for days", timedelta(days=4), 0, "silencieux depuis 4 j", "ne donne plus signe de vie"),
    ("never heard", None, None, "jamais entendu", "ne donne plus signe de vie"),
    ("clock ahead", timedelta(minutes=20), 12 * 60, "Son horloge avance de 12 min", "L'horloge du téléphone"),
    ("clock behind", timedelta(minutes=1), -3 * 3600, "Son horloge retarde de 3 h", "L'horloge du téléphone"),
]


def telephone(office: World, heard: timedelta | None, clock_off: int | None) -> None:
    with office.db.write() as session:
        row = Gateway(name="sim1", adapter="android", sender="", prefixes=["+2237"], kinds=[], clock_off=clock_off)
        row.seen_at = None if heard is None else utc_now() - heard
        row.sims = [1, 2]
        session.add(row)


@pytest.mark.parametrize(("heard", "clock_off", "page", "today"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_how_a_telephone_does(
    browse: Browse, office: World, heard: timedelta | None, clock_off: int | None, page: str, today: str | None
) -> None:
    telephone(office, heard, clock_off)
    administrator = real(browse, office, Role.ADMINISTRATOR)
    shown = administrator.read("/admin/essai/gateways")
    assert page in shown
    assert "Cartes SIM</dt><dd>1, 2<" in shown
    told = [words for words in lines(administrator) if "téléphone sim1" in words]
    assert [words for words in told if today and today in words] == told
    assert len(told) == (1 if today else 0)
    assert not any("téléphone sim1" in words for words in lines(real(browse, office, Role.OFFICER)))


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        pytest.param(timedelta(minutes=1), "La passerelle sim1 va mal", id="heard, and it says itself that it is ill"),
        pytest.param(timedelta(hours=1), "Le téléphone sim1 ne donne plus signe de vie", id="silent"),
    ],
)
def test_a_telephone_of_which_an_alarm_tells_stands_on_today_once(
    browse: Browse, office: World, heard: timedelta, expected: str
) -> None:
    telephone(office, heard, 0)
    with office.db.write() as session:
        alarms.raise_one(session, Kind.UNWELL, "sim1", office.now)
    (told,) = [words for words in lines(real(browse, office, Role.ADMINISTRATOR)) if "sim1" in words]
    assert expected in told


def test_a_gateway_that_is_no_telephone_gives_no_sign_of_life(browse: Browse, office: World) -> None:
    shown = browse("administrator").read("/admin/essai/gateways")
    assert "jamais entendu" not in shown and "Cartes SIM" not in shown
