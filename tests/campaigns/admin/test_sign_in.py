"""Sign-in: generic answers, a lock-out counted in the database, an idle session that ends, still cookies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from campaigns.admin.sign_in import IDLE
from messaging import staff
from messaging.clock import utc_now
from messaging.credentials import LOCKED_FOR, TRIES, count_failure, is_locked
from messaging.models import Audit, Gateway, Staff
from tests.campaigns.admin.conftest import ORIGIN, PASSWORD, Browser, account, token
from tests.world import World

Browse = Callable[[str], Browser]


def test_account_of_the_demonstration_ends_with_the_first_real_gateway(browse: Browse, office: World) -> None:
    browser = browse("officer")
    assert "Ce compte sert à s'exercer" in browser.read("/admin/settings")
    with office.db.write() as session:
        session.add(Gateway(name="orange", adapter="twilio", sender="36000", rate=1, prefixes=[], kinds=[]))
    ended = browser.get("/admin/")
    assert ended.headers["Location"] == "/admin/login?next=/admin/"
    assert "envoie de vrais SMS" in browser.read(ended.headers["Location"])
    refused = browser.sign_in("officer")
    assert refused.status_code == 200
    unknown = browser.sign_in("personne", "faux")
    for page in (refused, unknown):  # the same words, whoever asks
        assert "Les comptes de démonstration sont fermés ici" in page.text
    assert browser.get("/admin/").status_code == 303


@pytest.mark.parametrize(
    ("label", "form", "is_taken"),
    [
        ("right", {"password": PASSWORD, "new_password": "quatre mots au hasard é"}, True),
        ("old one wrong", {"password": "faux", "new_password": "quatre mots au hasard"}, False),
        ("too short", {"password": PASSWORD, "new_password": "court"}, False),
    ],
)
def test_own_password_is_changed_by_who_knows_the_old_one(
    browse: Browse, office: World, label: str, form: dict[str, str], is_taken: bool
) -> None:
    editor, elsewhere = browse("editor"), browse("editor")
    answer = editor.post("/admin/settings/password", **form)
    assert answer.status_code == (303 if is_taken else 400), label
    assert editor.get("/admin/").status_code == 200
    assert elsewhere.get("/admin/").status_code == (303 if is_taken else 200)
    password = form["new_password"] if is_taken else PASSWORD
    assert browse("").sign_in("editor", password).status_code == 302
    with office.db.read() as session:
        person = staff.by_email(session, "editor@essai.example")
        actions = set(session.scalars(sa.select(Audit.action).where(Audit.actor == f"staff:{person.id}")))
    assert ("password_set" in actions) is is_taken


def test_guessing_the_password_in_settings_counts_too(editor: Browser, office: World) -> None:
    for _ in range(TRIES):
        assert editor.post("/admin/settings/password", password="faux", new_password="x" * 20).status_code == 400
    assert editor.post("/admin/settings/password", password=PASSWORD, new_password="x" * 20).status_code == 400
    with office.db.read() as session:
        assert is_locked(staff.by_email(session, "editor@essai.example"), utc_now())


def test_right_password_opens_today(browse: Browse) -> None:
    assert "Ce qui m'attend" in browse("editor").read("/admin/")


def test_every_page_leads_to_sign_in_and_back(browse: Browse, office: World) -> None:
    account(office, "editor")
    browser = browse("")
    door = browser.get("/admin/essai/people")
    assert door.status_code == 303
    assert door.headers["Location"] == "/admin/login?next=/admin/essai/people"
    page = browser.get(door.headers["Location"])
    assert 'value="/admin/essai/people"' in page.text
    answer = browser.post(
        "/admin/login", door.headers["Location"], email="Editor@Essai.example ", password="ceci-est-un-essai",
        next="/admin/essai/people",
    )  # fmt: skip
    assert answer.headers["Location"] == "/admin/essai/people"


@pytest.mark.parametrize("next_page", ["https://ailleurs.example/", "//ailleurs.example/", "\\\\ailleurs.example"])
def test_sign_in_never_leads_elsewhere(browse: Browse, office: World, next_page: str) -> None:
    account(office, "editor")
    answer = browse("").post(
        "/admin/login", "/admin/login", email="editor@essai.example", password="ceci-est-un-essai", next=next_page
    )
    where = urljoin(f"{ORIGIN}/admin/login", answer.headers.get("Location", ""))
    assert urlsplit(where).netloc == urlsplit(ORIGIN).netloc


def test_wrong_password_unknown_address_and_closed_account_answer_alike(browse: Browse, office: World) -> None:
    account(office, "editor")
    browser = browse("")

    def answer(email: str, password: str) -> str:
        page = browser.post("/admin/login", "/admin/login", email=email, password=password)
        assert page.status_code == 200
        return page.text.replace(token(page.text), "").replace(email, "")

    wrong = answer("editor@essai.example", "faux")
    assert answer("personne@essai.example", "faux") == wrong
    with office.db.write() as session:
        row = staff.by_email(session, "editor@essai.example")
        row.locked_until = utc_now() + timedelta(minutes=5)
    assert answer("editor@essai.example", "ceci-est-un-essai") == wrong
    with office.db.write() as session:
        row = staff.by_email(session, "editor@essai.example")
        row.locked_until, row.active = None, False
    assert answer("editor@essai.example", "ceci-est-un-essai") == wrong


def test_eight_wrong_passwords_close_the_account_for_a_while(browse: Browse, office: World) -> None:
    account(office, "editor")
    browser = browse("")
    assert TRIES == 8  # the page says so in words
    for _ in range(TRIES):
        browser.sign_in("editor", "faux")
    assert browser.sign_in("editor").status_code == 200
    with time_machine.travel(utc_now() + LOCKED_FOR + timedelta(seconds=1)):
        assert browser.sign_in("editor").status_code == 302
    with office.db.read() as session:
        row = staff.by_email(session, "editor@essai.example")
        assert (row.failed_count, row.locked_until) == (0, None)
        assert row.last_sign_in_at is not None
        assert set(session.scalars(sa.select(Audit.action).where(Audit.object == "staff"))) >= {"locked", "signed_in"}


def test_lock_is_not_prolonged_by_further_tries_and_starts_anew_afterwards(office: World) -> None:
    ident = account(office, "editor").id
    with office.db.write() as session:
        person = session.get_one(Staff, ident)
        for _ in range(TRIES + 3):
            count_failure(session, person, office.now)
        assert is_locked(person, office.now + LOCKED_FOR - timedelta(seconds=1))
        later = office.now + LOCKED_FOR
        assert not is_locked(person, later)
        count_failure(session, person, later)
        assert person.failed_count == 1


def test_idle_page_asks_to_sign_in_again(editor: Browser) -> None:
    with time_machine.travel(utc_now() + IDLE - timedelta(seconds=30)):
        assert editor.get("/admin/").status_code == 200
    with time_machine.travel(utc_now() + IDLE * 2 - timedelta(seconds=60)):
        assert editor.get("/admin/").status_code == 200
    with time_machine.travel(utc_now() + IDLE * 4):
        assert editor.get("/admin/").status_code == 303


def test_polling_does_not_keep_a_forgotten_page_signed_in(editor: Browser, office: World) -> None:
    poll = f"/simulator/{office.phones['+22376000011']}/thread"
    with time_machine.travel(utc_now() + IDLE - timedelta(seconds=30)):
        page = editor.get(poll, headers={"HX-Request": "true"})
        assert page.status_code == 200
        assert "Set-Cookie" not in page.headers
    with time_machine.travel(utc_now() + IDLE + timedelta(seconds=30)):
        page = editor.get(poll, headers={"HX-Request": "true"})
        assert page.status_code == 401
        assert "HX-Redirect" not in page.headers  # words typed around it stay


def test_new_password_ends_open_pages(editor: Browser, office: World) -> None:
    with office.db.write() as session:
        staff.reset(session, "editor@essai.example", office.now)
    assert editor.get("/admin/").status_code == 303


def test_signing_out_closes_the_pages(editor: Browser) -> None:
    assert editor.post("/admin/logout").headers["Location"] == "/admin/login"
    assert editor.get("/admin/").status_code == 303


def test_cookie_is_kept_from_scripts_and_other_sites(app: Flask, browse: Browse) -> None:
    cookie = browse("").get("/admin/login").headers["Set-Cookie"]
    assert cookie.startswith("jekulu=")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert app.config["SESSION_COOKIE_SECURE"]


def test_no_token_opens_a_page(editor: Browser, app: Flask) -> None:
    with app.test_request_context():
        person = app.extensions["security"].datastore.find_user(email="editor@essai.example")
        key = person.get_auth_token()
    assert Browser(app.test_client()).get("/admin/", headers={"Authentication-Token": key}).status_code == 303
    assert Browser(app.test_client()).get(f"/admin/?auth_token={key}").status_code == 303


def test_language_is_chosen_at_the_door_and_kept_with_the_account(browse: Browse, office: World) -> None:
    account(office, "editor")
    browser = browse("")
    assert '<html lang="en">' in browser.get("/admin/login?lang=en").text
    browser.sign_in("editor")
    assert '<html lang="en">' in browser.get("/admin/").text
    browser.post("/admin/settings", language="fr")
    assert '<html lang="fr">' in browse("editor").get("/admin/").text
    assert browser.post("/admin/settings", language="xx").status_code == 400
