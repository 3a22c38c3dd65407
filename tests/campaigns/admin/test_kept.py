"""A session that ends while one writes: the form goes along through sign-in and comes back filled, unstored."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from io import BytesIO

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from campaigns.admin import kept
from messaging import staff, totp
from messaging.clock import utc_now
from messaging.models import Audit, Role, Text, TextVersion
from tests.campaigns.admin.conftest import ORIGIN, PASSWORD, Browser, account, token
from tests.campaigns.admin.test_guards import addresses, everybody
from tests.world import World

__all__ = ["everybody"]  # a fixture
Browse = Callable[[str], Browser]
FORM = "/admin/essai/campaigns/hygiene-essai/mains/fr"
WORDS = 'Lavez « les mains » & "la tasse" <b>\r\nau savon, ɛ'
TYPED = {"seen": "1", "sms": WORDS, "read_aloud": "À lire", "comment": ""}
OURS = {"Origin": ORIGIN, "Referer": f"{ORIGIN}{FORM}", "Sec-Fetch-Site": "same-origin"}
# What the browser says of where a form stood, and whether we take it for ours.
ORIGINS = {
    "a browser of today": (OURS, True),
    "without Sec-Fetch-Site": ({"Origin": ORIGIN, "Referer": f"{ORIGIN}/admin/"}, True),
    "an old browser": ({"Referer": f"{ORIGIN}/admin/"}, True),
    "nothing said": ({}, False),
    "another site": ({"Origin": "https://ailleurs.example", "Referer": "https://ailleurs.example/"}, False),
    "another site without referrer": ({"Origin": "https://ailleurs.example"}, False),
    "another site that names us": ({**OURS, "Sec-Fetch-Site": "cross-site"}, False),
    "a neighbour": ({**OURS, "Sec-Fetch-Site": "same-site"}, False),
    "a sandboxed frame": ({"Origin": "null"}, False),
    "an address that begins like ours": ({"Referer": f"{ORIGIN}.ailleurs.example/"}, False),
}


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form in the middle of a page, with its address as `action`."""
    form = re.search(r'<div class="door">.*?<form method="post" action="([^"]+)">(.*?)</form>', page, re.S)
    assert form, page
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[2])
    return {"action": html.unescape(form[1]), **{name: html.unescape(value) for name, value in fields}}


def send(browser: Browser, path: str, **form: str) -> TestResponse:
    """A form of ours, with the token that it had."""
    headers = {**OURS, "Referer": f"{ORIGIN}{FORM}"}
    return browser.client.post(path, base_url=ORIGIN, data=form, headers=headers)


def press(browser: Browser, page: str, **typed: str) -> TestResponse:
    """Press the button of the form in the middle of a page, with what was typed into it."""
    fields = hidden(page)
    return send(browser, fields.pop("action"), **fields, **typed)


def leave(browser: Browser) -> None:
    """What a quarter of an hour without a gesture does."""
    browser.client.delete_cookie("jekulu", domain="sms.example.org")


def versions(world: World) -> int:
    """How often texts were written."""
    with world.db.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(TextVersion)) or 0


def area(page: str, name: str) -> str:
    """What stands in a field of the text's form."""
    found = re.search(rf'<textarea id="{name}"[^>]*>\n([^<]*)</textarea>', page)
    assert found, page
    return html.unescape(found[1]).replace("\n", "\r\n").replace("\r\r", "\r")


def saved_after_return(browser: Browser, world: World, page: str) -> None:
    """From the page with the one button to the stored text."""
    before = versions(world)
    assert "Votre formulaire est encore là" in page
    again = press(browser, page)
    assert again.status_code == 400
    assert "Rien n'est encore enregistré" in html.unescape(again.text)
    assert area(again.text, "sms") == WORDS
    assert area(again.text, "read_aloud") == "À lire"
    assert versions(world) == before
    assert 'name="kept"' not in again.text
    assert send(browser, FORM, **TYPED, csrf_token=token(again.text)).status_code == 303
    assert versions(world) == before + 1


def test_ended_session_keeps_the_text(editor: Browser, office: World) -> None:
    key = token(editor.get(FORM).text)
    leave(editor)
    door = send(editor, FORM, **TYPED, csrf_token=key)
    assert door.status_code == 401
    assert "Ce que vous avez écrit est gardé" in door.text
    assert "Set-Cookie" in door.headers
    assert "savon" not in door.headers["Set-Cookie"]
    wrong = press(editor, door.text, email="editor@essai.example", password="faux")
    assert "Adresse ou mot de passe inconnu" in wrong.text
    page = press(editor, wrong.text, email="editor@essai.example", password=PASSWORD)
    assert page.status_code == 200
    saved_after_return(editor, office, page.text)


def test_ended_session_keeps_the_text_with_a_second_factor_in_between(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        roles = [(Role.EDITOR, ""), (Role.ADMINISTRATOR, "")]
        access = staff.add(session, "awa@essai.example", roles, utc_now(), programmes=["essai"])
    browser = browse("")
    door = send(browser, FORM, **TYPED, csrf_token="of a session that is gone")
    asked = press(browser, door.text, email=access.email, password=access.password)
    assert "Code de l'application" in asked.text
    wrong = press(browser, asked.text, code="000000")
    assert wrong.status_code == 400
    page = press(browser, wrong.text, code=totp.code(access.second_factor or "", totp.step_at(utc_now())))
    saved_after_return(browser, office, page.text)


def test_code_page_left_open_too_long_keeps_the_text(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        access = staff.add(session, "awa@essai.example", [(Role.EDITOR, "")], utc_now(), programmes=["essai"])
        staff.credentials.new_second_factor(session, staff.by_email(session, access.email))
    browser = browse("")
    asked = press(browser, send(browser, FORM, **TYPED).text, email=access.email, password=access.password)
    leave(browser)
    door = press(browser, asked.text, code="000000")
    assert door.status_code == 401
    assert hidden(door.text)["kept_form"] == hidden(asked.text)["kept_form"]


def test_signed_in_again_in_another_tab(editor: Browser, office: World) -> None:
    old = token(editor.get(FORM).text)
    leave(editor)
    editor.sign_in("editor")
    page = send(editor, FORM, **TYPED, csrf_token=old)
    assert page.status_code == 409
    saved_after_return(editor, office, page.text)


def test_signed_in_in_another_tab_while_the_door_still_holds_the_form(editor: Browser, office: World) -> None:
    leave(editor)
    door = send(editor, FORM, **TYPED, csrf_token="x")
    editor.sign_in("editor")
    page = press(editor, door.text, email="editor@essai.example", password=PASSWORD)
    saved_after_return(editor, office, page.text)


def test_another_account_gets_the_form_only_as_far_as_its_role_goes(editor: Browser, office: World) -> None:
    account(office, "evaluation")
    leave(editor)
    door = send(editor, FORM, **TYPED, csrf_token="x")
    page = press(editor, door.text, email="evaluation@essai.example", password=PASSWORD)
    assert press(editor, page.text).status_code == 403


@pytest.mark.parametrize("is_signed_in", [True, False], ids=["signed in", "signed out"])
@pytest.mark.parametrize("label", ORIGINS)
def test_only_a_form_of_ours_is_kept(editor: Browser, label: str, is_signed_in: bool) -> None:
    headers, is_ours = ORIGINS[label]
    if not is_signed_in:
        leave(editor)
    answer = editor.client.post(FORM, base_url=ORIGIN, data=TYPED, headers=headers)
    expected = (409 if is_signed_in else 401) if is_ours else 400
    assert answer.status_code == expected
    assert ("tasse" in answer.text) is is_ours


def test_secrets_and_what_is_too_long_are_not_kept(browse: Browse) -> None:
    browser = browse("")
    secret = send(browser, "/admin/settings/password", password="mon-secret-a-moi", new_password="un-autre-secret")
    assert "secret" not in secret.text
    too_long = send(browser, FORM, sms="a" * (kept.LARGEST + 1))
    assert too_long.status_code == 401
    assert "trop long pour être gardé" in too_long.text
    assert "kept_form" not in too_long.text


def test_file_is_to_be_chosen_again(browse: Browse) -> None:
    data = {"note": "Avril", "file": (BytesIO(b"x"), "x.xlsx")}
    answer = browse("").client.post(
        "/admin/essai/translation/hygiene-essai", base_url=ORIGIN, data=data, headers=OURS
    )  # fmt: skip
    assert "Un fichier ne peut pas être gardé" in html.unescape(answer.text)
    assert "Avril" in answer.text


@pytest.mark.parametrize(
    "told",
    ["", "[", "[1]", "null", '["https://ailleurs.example/", "", [], false]', '["//ailleurs.example/admin/", "", [], 0]',
     '["/admin/login", "", [["a", "b"]], false]', '["/ailleurs", "", [], false]', '["/admin/", "", [], false]',
     '["/webhooks/twilio/x/in", "", [], false]', '["/admin/settings", "", [["a"]], false]'],
)  # fmt: skip
def test_what_was_not_kept_by_us_leads_nowhere(browse: Browse, office: World, told: str) -> None:
    account(office, "editor")
    browser = browse("")
    page = browser.get("/admin/login").text
    answer = send(
        browser, "/admin/login", csrf_token=token(page), email="editor@essai.example", password=PASSWORD,
        kept_form=told,
    )  # fmt: skip
    assert answer.headers.get("Location") == "/admin/"


def test_button_without_a_field_leads_back_to_its_page(editor: Browser) -> None:
    leave(editor)
    door = send(editor, "/admin/essai/campaigns/hygiene-essai/pause", csrf_token="x")
    assert door.status_code == 401
    assert hidden(door.text)["next"] == FORM


def test_count_of_an_ended_session_does_not_lead_away(editor: Browser) -> None:
    leave(editor)
    answer = editor.client.post(
        "/admin/count", base_url=ORIGIN, data={"programme": "essai", "sms": "x"}, headers={**OURS, "HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "HX-Redirect" not in answer.headers
    assert "sans rien perdre" in answer.text
    assert "<html" not in answer.text


def test_phone_of_the_simulator_keeps_its_line(editor: Browser, office: World) -> None:
    leave(editor)
    path = f"/simulator/{office.phones['+22376000011']}"
    answer = editor.client.post(path, base_url=ORIGIN, data={"text": "a bɛ di"}, headers={**OURS, "HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (200, "body")
    assert "a bɛ di" in answer.text


def test_a_form_that_came_back_stores_nothing_wherever_it_goes(app: Flask, everybody: Browser, office: World) -> None:
    """Whatever the page does with it, its words are not stored and it does not break."""

    def written() -> tuple[int, int]:
        with office.db.read() as session:
            lines = session.scalar(sa.select(sa.func.count()).select_from(Audit)) or 0
            return lines, session.scalar(sa.select(sa.func.sum(Text.version))) or 0

    key, before = token(everybody.get("/admin/settings").text), written()
    for endpoint, path in addresses(app, "POST"):
        if endpoint.partition(".")[0] not in ("security", "sign_in", "webhooks"):
            form = {"language": "en", "act": "close", "seen": "1", "sms": "x", "text": ""}
            answer = send(everybody, path, csrf_token=key, kept=FORM, **form)
            assert answer.status_code < 500, path
            assert written() == before, path
