"""Alarms on Today, and the phone on which an administrator is told of them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from messaging import alarms, staff
from messaging.alarms import Kind
from messaging.clock import utc_now
from messaging.installation import Installation
from messaging.models import Gateway, Role
from tests.campaigns.admin.conftest import PASSWORD, Browser
from tests.world import World


@pytest.fixture
def alarmed(office: World) -> World:
    """Everything is wrong at once."""
    with office.db.write() as session:
        alarms.raise_one(session, Kind.SILENT, "", office.now, 12)
        alarms.raise_one(session, Kind.UNKNOWN, "orange", office.now, 2.5)
        alarms.raise_one(session, Kind.DOUBLED, "orange", office.now)
        alarms.raise_one(session, Kind.UNWELL, "kannel", office.now)
        alarms.raise_one(session, Kind.PAUSED, "malitel", office.now)
        alarms.raise_one(session, Kind.BUDGET, "essai", office.now, 85)
    return office


LINES = {
    "silent": "Le moteur ne donne plus signe de vie",
    "unknown": "Passerelle orange : de 2,5 % des envois",
    "doubled": "un SMS déclaré non parti est parti quand même",
    "unwell": "La passerelle kannel va mal",
    "told by another line": "La passerelle malitel est en pause",
    "told by a line of the budget": "dépensé ou réservé à 85 %",
}


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("officer", {"silent", "unknown", "doubled", "unwell"}),
        ("administrator", {"silent", "unknown", "doubled", "unwell"}),
        ("editor", set()),
        ("evaluation", set()),
    ],
)
def test_today_tells_officers_and_administrators(alarmed: World, browse, who: str, seen: set[str]) -> None:
    page = browse(who).read("/admin/")
    assert {name for name, words in LINES.items() if words in page} == seen
    if seen:
        assert "N'envoyez rien une deuxième fois" in page


def test_what_is_over_is_not_told(alarmed: World, browse) -> None:
    with alarmed.db.write() as session:
        alarms.clear(session, Kind.SILENT, "", alarmed.now)
    assert LINES["silent"] not in browse("officer").read("/admin/")


def test_an_administrator_confirms_a_phone(office: World, browse) -> None:
    boss: Browser = browse("administrator")
    assert "quand une passerelle a besoin de vous" in boss.read("/admin/settings")
    assert "Numéro de mon téléphone" in boss.read("/admin/essai/trial")


def test_today_stands_before_there_is_any_programme(installation: Installation, app: Flask) -> None:
    with installation.db.write() as session:
        staff.add(
            session, "boss@essai.example", [(Role.ADMINISTRATOR, "")], utc_now(), password=PASSWORD, demonstration=True
        )
        session.execute(sa.update(Gateway).values(paused_at=utc_now(), paused_reason="Plus de crédit"))
        alarms.raise_one(session, Kind.DOCTOR, "disk", utc_now())
    boss = Browser(app.test_client())
    boss.sign_in("boss")
    answer = boss.get("/admin/")
    assert answer.status_code == 200 and "Plus de crédit" in answer.text and "disk" in answer.text
