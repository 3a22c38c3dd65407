"""Scenario 10: an agent asks for money; only the two fraud focal points can read it, others see +1, the clock runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

import campaigns.admin
from campaigns import caseload, clocks
from campaigns.models import Feedback
from messaging import people, staff, totp
from messaging.clock import utc_now
from messaging.installation import Installation
from messaging.models import Audit, Inbound, Message, Role
from tests.campaigns.admin.conftest import PASSWORD, Browser
from tests.script import Script
from tests.wire import Wire, wired
from tests.world import World

AWA, FATIM = "+22370000001", "+22379000001"
SAID = "L'agent demande de l'argent pour nous inscrire"
NEUTRAL, WAITS = "Message recu. Merci.", "Jekulu: un message vous attend."
ACCOUNTS: dict[str, tuple[Role, str]] = {
    "fatim": (Role.FOCAL_POINT, "fraud"),
    "moussa": (Role.FOCAL_POINT, "fraud"),
    "kadia": (Role.FOCAL_POINT, "psea"),
    "officer": (Role.OFFICER, ""),
    "approver": (Role.APPROVER, ""),
    "auditor": (Role.AUDITOR, ""),
    "editor": (Role.EDITOR, ""),
    "evaluation": (Role.EVALUATION, ""),
    "administrator": (Role.ADMINISTRATOR, ""),
}
FOCAL = ("fatim", "moussa")
CASES = ("kadia", "officer", "approver", "auditor")  # who has a list of cases


@pytest.fixture
def office(installation: Installation) -> Iterator[dict[str, Browser]]:
    """A real programme, a member, and a signed-in browser for each account; Fatim has confirmed her phone."""
    with time_machine.travel(utc_now().replace(microsecond=0), tick=False):
        world = World(installation.db, utc_now()).programme()
        world.member(AWA)
        app = Flask("jekulu", static_folder=None)
        app.config["SECRET_KEY"] = installation.keys.derive("web")
        app.extensions["jekulu"] = installation
        campaigns.admin.init_app(app, installation)
        yield {name: enter(world, app, name) for name in ACCOUNTS}


def enter(world: World, app: Flask, name: str) -> Browser:
    """Make an account of a real programme and sign in, with its code where one is needed."""
    email = f"{name}@essai.example"
    with world.db.write() as session:
        access = staff.add(session, email, [ACCOUNTS[name]], world.now, programmes=["essai"], password=PASSWORD)
        if name == "fatim":
            person = staff.by_email(session, email)
            person.phone_id, person.phone_confirmed_at = people.add_phone(session, FATIM, world.now).id, world.now
    browser = Browser(app.test_client())
    browser.sign_in(name)
    if access.second_factor:
        code = totp.code(access.second_factor, totp.step_at(utc_now()))
        browser.post("/admin/second-factor", "/admin/second-factor", code=code)
    assert browser.get("/admin/").status_code == 200, name
    return browser


def complain(here: Installation) -> Wire:
    """She writes; a minute later everything that follows has happened."""
    with wired(Script(here, {"awa": AWA, "fatim": FATIM}, utc_now())) as wire:
        assert wire.knock(AWA, SAID) == 200
        wire.now += timedelta(seconds=59)
        wire.turn()
        return wire


def test_a_neutral_answer_leaves_within_a_minute_and_one_on_duty_is_told(installation, office) -> None:
    wire = complain(installation)
    assert wire.sent(AWA) == [NEUTRAL]
    assert wire.sent(FATIM) == [WAITS], "no content, no place, no category"
    with installation.db.read() as session:
        received = session.scalars(sa.select(Inbound.received_at)).one()
        left = session.scalars(sa.select(Message.handed_over_at)).all()
    assert all(at - received < timedelta(minutes=1) for at in left)


def test_only_the_two_focal_points_of_fraud_read_it(installation, office) -> None:
    complain(installation)
    with installation.db.read() as session:
        case, sms = session.execute(sa.select(Feedback.id, Feedback.inbound_id)).one()
    page, old = f"/admin/essai/cases/{case}", f"/admin/essai/messages/sensitive/{sms}"
    for name in FOCAL:
        focal = office[name]
        assert SAID not in focal.read(page) + focal.read("/admin/essai/cases?view=calm"), "not without a reason"
        assert focal.post(page, do="read").status_code == 400
        assert "demande de l&#39;argent" in focal.post(page, do="read", reason="first").text
    for name in office.keys() - set(FOCAL):
        other = office[name]
        assert other.get(page).status_code in (403, 404), name
        for act in ("read", "take", "close"):
            assert other.post(page, do=act, reason="first").status_code in (403, 404), name
        assert other.post(old, reason="first").status_code in (403, 404), name
        views = [other.read(f"/admin/essai/messages?view={view}") for view in ("all", "waiting", "doubtful", "sorted")]
        seen = " ".join([other.read("/admin/"), *views])
        assert "inscrire" not in seen, name
        assert "1 message sensible ou à vérifier" in views[0], name
    for name in CASES:
        said = office[name].read("/admin/essai/cases?view=late") + office[name].read("/admin/essai/cases?view=calm")
        assert "Cas sensible <strong>+1</strong>" in said, name
        assert f"/cases/{case}" not in said, name
    with installation.db.read() as session:
        reads = session.scalars(sa.select(Audit).where(Audit.action == "read").order_by(Audit.id)).all()
    assert [(row.object_id, row.after) for row in reads] == [(str(sms), {"reason": "first", "category": "fraud"})] * 2


def test_the_clock_of_24_hours_runs_until_somebody_takes_it(installation, office) -> None:
    complain(installation)
    with installation.db.read() as session:
        case = session.scalars(sa.select(Feedback)).one()
    days = clocks.Days("Africa/Bamako")
    assert caseload.due(case, days) == case.told_at + timedelta(hours=24)
    for later, wanted in ((1, "calm"), (13, "near"), (24, "late")):
        assert caseload.standing(case, case.told_at + timedelta(hours=later), days) == wanted
    focal, page = office["fatim"], f"/admin/essai/cases/{case.id}"
    assert "Premier geste avant" in focal.read(page)
    seen = focal.get(page).text.split('name="seen" value="')[1].split('"')[0]
    assert focal.post(page, page, do="take", seen=seen).status_code == 303
    assert office["moussa"].post(page, page, do="take", seen=seen).status_code == 400, "the second is told"
    with installation.db.read() as session:
        taken = session.scalars(sa.select(Feedback)).one()
    assert caseload.due(taken, days) == case.told_at + timedelta(days=14)


def test_nothing_of_it_stands_in_the_log(installation, office, caplog: pytest.LogCaptureFixture) -> None:
    complain(installation)
    with installation.db.read() as session:
        lines = session.scalars(sa.select(Audit)).all()
    told = caplog.text + str([(row.object_id, row.before, row.after) for row in lines])
    for word in ("inscrire", AWA, AWA[4:], FATIM[4:]):
        assert word not in told
