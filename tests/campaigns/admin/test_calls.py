"""The call list: who is to be called and why, without numbers; called once; own places alone."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from campaigns.clubs import diary
from campaigns.models import ClubSession, ClubSessionKind, ClubSessionStatus, Silence
from messaging import calls, people, staff
from messaging.models import Audit, Call, Inbound, Place, PlaceParent, Risk, StaffPlace
from messaging.models.place import Level, RiskLevel
from messaging.places import folded
from tests.campaigns.admin.conftest import ACCOUNTS, Browser
from tests.world import World

Browse = Callable[[str], Browser]
CALLS = "/admin/essai/calls"
AWA, STRANGER = "+22376000011", "+22376000077"


@pytest.fixture
def waiting(office: World) -> World:
    """A member and a stranger wait for a call; the member's last SMS was read."""
    with office.db.write() as session:
        last = session.scalars(sa.select(Inbound).where(Inbound.text.startswith("Merci"))).one()
        last.readings = {"readings": [{"intent": "attendance", "status": "error", "error": "total_mismatch",
                                       "fields": {"club": "1041", "women": 12, "men": 8}}]}  # fmt: skip
        last.intent, last.category = "attendance", None
        calls.ask(session, office.programme_id, office.phones[AWA], "errors", last.id, office.now)
        stranger = people.add_phone(session, STRANGER, office.now)
        calls.ask(session, office.programme_id, stranger.id, "unknown_number", None, office.now - timedelta(days=1))
    return office


def test_the_list_says_why_and_how_the_last_sms_was_read(browse: Browse, waiting: World) -> None:
    page = browse("officer").read(CALLS)
    assert "trois SMS pas compris en une heure" in page
    assert "compte rendu d'un numéro inconnu" in page
    assert "Merci, mon numéro est [numéro]" in page
    assert "présence 1041 F12 H8 (pas noté, dit pourquoi)" in page
    for number in (AWA, STRANGER):
        assert number[4:] not in page.replace(" ", "")


def test_a_call_is_made_once_and_noted(browse: Browse, waiting: World) -> None:
    officer = browse("officer")
    with waiting.db.read() as session:
        one = session.scalars(sa.select(Call.id).order_by(Call.id)).first()
    assert officer.post(f"{CALLS}/{one}", CALLS).status_code == 303
    second = officer.post(f"{CALLS}/{one}", CALLS)
    assert (second.status_code, "déjà fait" in html.unescape(second.text)) == (400, True)
    assert "trois SMS pas compris" not in officer.read(CALLS)
    assert "trois SMS pas compris" in officer.read(f"{CALLS}?view=done")
    with waiting.db.read() as session:
        lines = session.scalars(sa.select(Audit).where(Audit.object == "call")).all()
    assert [(row.action, row.object_id) for row in lines] == [("called", str(one))]


def test_today_counts_them(browse: Browse, waiting: World) -> None:
    assert "Personnes à appeler" in browse("officer").read("/admin/")
    assert "Personnes à appeler" not in browse("approver").read("/admin/")


def test_what_is_sensitive_stands_in_no_call(browse: Browse, waiting: World) -> None:
    with waiting.db.write() as session:
        session.execute(sa.update(Inbound).where(Inbound.text.startswith("Merci")).values(
            intent="sensitive", category="fraud", readings=None
        ))  # fmt: skip
    assert "Merci, mon numéro" not in browse("officer").read(CALLS)


def test_the_list_is_the_officers_of_the_place(browse: Browse, waiting: World) -> None:
    for who in ACCOUNTS:
        assert browse(who).get(CALLS).status_code == (200 if who == "officer" else 403), who
    officer = browse("officer")
    with waiting.db.write() as session:
        far = Place(level=Level.VILLAGE, name="Loin", folded=folded("Loin"), sms_name="Loin", languages=["fr"])
        session.add(far)
        session.flush()
        person = staff.by_email(session, "officer@essai.example")
        session.add(StaffPlace(staff_id=person.id, place_id=far.id))
        one = session.scalars(sa.select(Call.id).order_by(Call.id)).first()
    assert "Personne à appeler." in officer.read(CALLS)
    assert officer.post(f"{CALLS}/{one}").status_code == 404


@pytest.fixture
def silent(office: World) -> World:
    """The facilitator of club 1041 reported nothing of a Thursday's meeting for three days."""
    with office.db.write() as session:
        session.add(ClubSession(
            programme_id=office.programme_id, club_id=office.clubs["1041"], kind=ClubSessionKind.CLUB,
            planned_on=date(2026, 3, 12), status=ClubSessionStatus.PLANNED,
        ))  # fmt: skip
    diary.keep(office.db, office.now)
    return office


def test_a_silent_club_is_called_and_the_reason_noted(browse: Browse, silent: World) -> None:
    officer = browse("officer")
    page = re.sub(r"<[^>]+>", "", officer.read(CALLS))
    assert re.search(r"pas de compte rendu\s*1041 depuis 12 mars", page)
    with silent.db.read() as session:
        one = session.scalars(sa.select(Call.id).where(Call.reason == "no_report")).one()
    refused = officer.post(f"{CALLS}/{one}", CALLS)
    assert (refused.status_code, "Choisissez la raison du silence" in html.unescape(refused.text)) == (400, True)
    assert officer.post(f"{CALLS}/{one}", CALLS, silence="security").status_code == 303
    assert "pas de compte rendu" not in officer.read(CALLS)
    assert "sécurité" not in officer.read(f"{CALLS}?view=done"), "why is its focal point's alone"
    with silent.db.read() as session:
        meeting = session.scalars(sa.select(ClubSession).where(ClubSession.planned_on == date(2026, 3, 12))).one()
        assert (meeting.silence, meeting.silence_by is not None) == (Silence.SECURITY, True)
        line = session.scalars(sa.select(Audit).where(Audit.object == "club_session")).one()
        assert (line.action, line.after) == ("asked", {"silence": "other"})


def test_a_commune_that_turns_red_is_called_no_more(browse: Browse, silent: World) -> None:
    officer = browse("officer")
    assert "pas de compte rendu" in officer.read(CALLS)
    with silent.db.write() as session:
        commune = Place(level=Level.COMMUNE, name="Rouge", folded="rouge", sms_name="Rouge", languages=["fr"])
        session.add(commune)
        session.flush()
        session.add(PlaceParent(place_id=silent.village_id, parent_id=commune.id))
        session.add(Risk(place_id=commune.id, level=RiskLevel.RED, since=silent.now - timedelta(hours=1)))
        one = session.scalars(sa.select(Call.id).where(Call.reason == "no_report")).one()
    assert "pas de compte rendu" not in officer.read(CALLS)
    assert officer.post(f"{CALLS}/{one}", silence="other").status_code == 404
