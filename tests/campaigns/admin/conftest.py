"""An office: two demonstration programmes and a real one, accounts with different roles, texts, SMS in and out."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

import campaigns.admin
from campaigns.definitions import Definition
from campaigns.models import Campaign
from messaging import staff
from messaging.clock import utc_now
from messaging.errors import DataError
from messaging.installation import Installation
from messaging.models import Gateway, Inbound, Message, Role, Staff
from messaging.models.post import Delivery, InboundState, Kind, State
from tests.world import World, approve_texts, hygiene

PASSWORD = "ceci-est-un-essai"
ORIGIN = "https://sms.example.org"
QUICK = {"argon2__time_cost": 1, "argon2__memory_cost": 8, "argon2__parallelism": 1}  # as `quick_passwords` hashes
ACCOUNTS: dict[str, list[tuple[Role, str]]] = {
    "editor": [(Role.EDITOR, "")],
    "second_editor": [(Role.EDITOR, "")],
    "translator": [(Role.TRANSLATOR, "fr"), (Role.TRANSLATOR, "bm")],
    "approver": [(Role.APPROVER, "")],
    "officer": [(Role.OFFICER, "")],
    "evaluation": [(Role.EVALUATION, "")],
    "second_approver": [(Role.APPROVER, "")],
    "auditor": [(Role.AUDITOR, "")],
    "administrator": [(Role.ADMINISTRATOR, "")],
    "focal_point": [(Role.FOCAL_POINT, "fraud")],
}


@dataclass
class Browser:
    """A test client that behaves like a person with a browser: signs in, sends forms with their token."""

    client: FlaskClient

    def get(self, path: str, **more: object) -> TestResponse:
        """Open a page."""
        return self.client.get(path, base_url=ORIGIN, **more)

    def read(self, path: str) -> str:
        """The words of a page, as a person reads them."""
        return html.unescape(self.get(path).text)

    def post(self, path: str, page: str = "/admin/settings", **form: object) -> TestResponse:
        """Send a form with the token of a page."""
        data = {"csrf_token": token(self.get(page).text), **form}
        return self.client.post(path, base_url=ORIGIN, data=data, headers={"Referer": f"{ORIGIN}{page}"})

    def sign_in(self, who: str, password: str = PASSWORD) -> TestResponse:
        """Sign in as one of the accounts."""
        return self.post("/admin/login", "/admin/login", email=f"{who}@essai.example", password=password)


def token(page: str) -> str:
    """The token of the first form of a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


@pytest.fixture
def office(installation: Installation) -> World:
    """The demonstration `essai` with clubs, members, a campaign with texts, messages and SMS."""
    world = World(installation.db, utc_now()).programme("essai", demonstration=True)
    world.club("1041", facilitator="+22376000041")
    world.member("+22376000011", club="1041")
    world.member("+22376000012", "bm", club="1041")
    world.member()
    world.campaign(campaign(), start=False)
    traffic(world)
    return world


@pytest.fixture
def other(office: World) -> World:
    """A second programme, in which none of the accounts works."""
    world = World(office.db, office.now).programme("autre", demonstration=True)
    world.club("2035", facilitator="+22376000051")
    world.member("+22376000052", club="2035")
    world.campaign(campaign("autre-campagne"), start=False)
    return world


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """The templates, compiled once for all the applications of a run."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(installation: Installation, compiled: FileSystemBytecodeCache) -> Flask:
    """The pages alone on an installation."""
    made = Flask("jekulu", static_folder=None)
    made.config["SECRET_KEY"] = installation.keys.derive("web")
    made.config["SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS"] = QUICK
    made.jinja_env.bytecode_cache = compiled
    made.extensions["jekulu"] = installation
    campaigns.admin.init_app(made, installation)
    return made


@pytest.fixture
def browse(app: Flask, office: World) -> Callable[[str], Browser]:
    """A signed-in browser for an account of that name, which is made when it is new; no name: one at the door."""

    def open_browser(who: str) -> Browser:
        browser = Browser(app.test_client())
        if who:
            account(office, who)
            assert browser.sign_in(who).status_code == 302
        return browser

    return open_browser


@pytest.fixture
def editor(browse: Callable[[str], Browser]) -> Browser:
    """An editor's browser."""
    return browse("editor")


def account(world: World, who: str) -> Staff:
    """The account of that name in the programme, made when it is new; of the demonstration where it spares the code."""
    with world.db.write() as session:
        try:
            return staff.by_email(session, f"{who}@essai.example")
        except DataError:
            staff.add(
                session, f"{who}@essai.example", ACCOUNTS[who], world.now, name=who, programmes=["essai"],
                password=PASSWORD, demonstration=not {role for role, _ in ACCOUNTS[who]} <= staff.WITHOUT_SECOND_FACTOR,
            )  # fmt: skip
            return staff.by_email(session, f"{who}@essai.example")


def campaign(code: str = "hygiene-essai") -> Definition:
    """Two steps: a message in French and Bambara, and a question in French."""
    question = {
        "step": "quiz", "kind": "question", "when": {"after_enrolment": 3}, "hour": "16:30", "facts": ["HY3"],
        "facts_checked": "2026-03-01", "question": {"type": "single", "correct": [1]},
        "texts": {"fr": {
            "sms": "Sans savon, que prendre? 1 la cendre 2 rien", "read_aloud": "Sans savon, que prendre ?",
            "options": {"1": "la cendre", "2": "rien"}, "right": "Oui.", "wrong": "Prenez de la cendre.",
        }},
    }  # fmt: skip
    made = hygiene(
        texts={
            "fr": {"sms": "Lavez les mains au savon ou a la cendre.", "read_aloud": "Lavez les mains."},
            "bm": {"sms": "I bolo ko ni safinè ye", "official": "I bolo ko ni safinɛ ye", "read_aloud": "I bolo ko."},
        }
    )
    whole = made.model_dump(mode="json")
    return Definition.model_validate({**whole, "campaign": code, "steps": [*whole["steps"], question]})


def traffic(world: World) -> None:
    """A few messages in several states, and SMS that came in."""
    phone = world.phones["+22376000011"]
    with world.db.write() as session:
        gateway = session.scalars(sa.select(Gateway.id).where(Gateway.name == "simulator")).one()
        for number, (state, reason, delivery) in enumerate(
            (
                (State.CLOSED, "delivered", Delivery.DELIVERED),
                (State.HANDED_OVER, None, Delivery.SENT),
                (State.HELD, "quarantine", None),
                (State.WAITING, None, None),
            )
        ):
            session.add(_message(world, phone, number, state, reason, delivery, gateway))
        for number, (text, intent, sensitive) in enumerate(
            (
                ("Merci, mon numéro est 76 12 34 56", "feedback", False),
                ("l'agent demande argent", "sensitive", False),
                ("a bɛ di ?", "feedback", True),
            )
        ):
            session.add(_inbound(world, phone, number, text, intent, sensitive, gateway))


def _message(
    world: World, phone: int, number: int, state: State, reason: str | None, delivery: Delivery | None, gateway: int
) -> Message:
    at = world.now - timedelta(minutes=number)
    return Message(
        programme_id=world.programme_id, kind=Kind.CAMPAIGN, step_id=1, occurrence=f"o{number}", phone_id=phone,
        language_wanted="fr", language="fr", encoding="GSM-7", segments=1, state=state, reason=reason,
        delivery=delivery, gateway_id=gateway, due_at=at, next_at=at, useful_until=at + timedelta(days=1),
        created_at=at, handed_over_at=at if delivery else None,
    )  # fmt: skip


def _inbound(world: World, phone: int, number: int, text: str, intent: str, sensitive: bool, gateway: int) -> Inbound:
    at = world.now - timedelta(minutes=number)
    return Inbound(
        gateway_id=gateway, dedupe_key=f"k{number}", text=text, phone_id=phone, received_at=at, next_at=at,
        digest=str(number), state=InboundState.HANDLED, role="member", intent=intent, maybe_sensitive=sensitive,
        category="thanks" if intent == "feedback" else "fraud",
    )  # fmt: skip


def approve_all(world: World, code: str = "hygiene-essai") -> None:
    """Have two other accounts review and approve every text of a campaign."""
    with world.db.write() as session:
        row = session.scalars(sa.select(Campaign).where(Campaign.code == code)).one()
        approve_texts(session, row, world.now)
