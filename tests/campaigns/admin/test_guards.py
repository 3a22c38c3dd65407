"""The gate: every route is guarded or listed as public, own programmes only, forged forms refused, strict headers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from campaigns.admin.security import PUBLIC
from tests.campaigns.admin.conftest import ORIGIN, Browser
from tests.world import World

Browse = Callable[[str], Browser]
OURS = ("security", "assets", "today", "campaigns", "texts", "people", "messages", "results", "settings", "phones")
VALUES = {
    "programme": "essai",
    "campaign": "hygiene-essai",
    "step": "mains",
    "language": "fr",
    "name": "x",
    "ident": "1",
}


def addresses(app: Flask, method: str) -> list[tuple[str, str]]:
    """Endpoint and a filled address of every rule with this method."""
    adapter = app.url_map.bind("localhost")
    return [
        (rule.endpoint, adapter.build(rule.endpoint, {name: VALUES[name] for name in rule.arguments}, method=method))
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ())
    ]


def test_every_page_is_closed_to_strangers(app: Flask, office: World) -> None:
    client = app.test_client()
    for endpoint, path in addresses(app, "GET"):
        if endpoint not in PUBLIC:
            assert client.get(path, base_url=ORIGIN).status_code == 303, path


def test_every_form_without_a_token_is_refused(app: Flask, editor: Browser) -> None:
    for _endpoint, path in addresses(app, "POST"):
        assert editor.client.post(path, base_url=ORIGIN, data={}).status_code == 400, path


def test_form_from_another_site_is_refused(editor: Browser) -> None:
    page = editor.get("/admin/settings")
    key = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    answer = editor.client.post(
        "/admin/settings", base_url=ORIGIN, data={"csrf_token": key, "language": "en"},
        headers={"Referer": "https://ailleurs.example/"},
    )  # fmt: skip
    assert answer.status_code == 400


def test_sign_in_page_left_open_too_long_offers_a_fresh_form(browse: Browse) -> None:
    page = browse("").client.post("/admin/login", base_url=ORIGIN, data={"email": "a@b.example", "password": "x"})
    assert page.status_code == 400
    assert 'name="csrf_token"' in page.text


def test_other_programme_is_not_there(app: Flask, editor: Browser, other: World) -> None:
    for endpoint, path in addresses(app, "GET"):
        if "/essai" in path and endpoint != "phones.page":
            mine, theirs = path, path.replace("/essai", "/autre").replace("hygiene-essai", "autre-campagne")
            assert editor.get(mine).status_code == 200, mine
            assert editor.get(theirs).status_code == 404, theirs
    assert editor.get("/admin/essai/campaigns/autre-campagne").status_code == 404
    assert editor.get(f"/simulator/{other.phones['+22376000052']}/thread").status_code == 404
    assert editor.get(f"/simulator/?phone={other.phones['+22376000052']}").status_code == 404
    assert editor.post(f"/simulator/{other.phones['+22376000052']}", text="x").status_code == 404
    assert editor.post("/admin/autre/campaigns/autre-campagne/start").status_code == 404
    count = {"programme": "autre", "campaign": "autre-campagne", "step": "mains", "language": "fr", "sms": "x"}
    assert editor.post("/admin/count", **count).status_code == 404
    for page in ("/admin/", "/admin/essai/people/clubs", "/admin/essai/messages", "/simulator/"):
        assert "2035" not in editor.get(page).text


def test_forms_of_another_role_are_refused(browse: Browse) -> None:
    evaluation = browse("evaluation")
    place = "/admin/essai/campaigns/hygiene-essai"
    assert evaluation.post(f"{place}/start").status_code == 403
    assert evaluation.post(f"{place}/mains/fr", sms="x").status_code == 403
    assert evaluation.get(f"{place}/mains/fr").status_code == 403
    assert browse("editor").post(f"{place}/approve").status_code == 403


@pytest.mark.parametrize("path", ["/admin/login", "/admin/", "/admin/nowhere", "/simulator/"])
def test_headers_are_strict(editor: Browser, path: str) -> None:
    headers = editor.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_are_not_kept_by_the_browser(editor: Browser) -> None:
    assert editor.get("/admin/").headers["Cache-Control"] == "private, no-store"


def test_nothing_inline(editor: Browser, office: World) -> None:
    phone = office.phones["+22376000011"]
    for path in ("/admin/", "/admin/essai/campaigns/hygiene-essai/mains/fr", f"/simulator/?phone={phone}"):
        page = editor.get(path).text
        for forbidden in (" style=", "<style", "<script>", " onclick=", " hx-on", "javascript:"):
            assert forbidden not in page, (path, forbidden)
        assert "http://" not in page.replace("http://www.w3.org", ""), path


def test_error_pages_speak_the_language_and_say_no_more(editor: Browser) -> None:
    assert editor.get("/admin/essai/campaigns/rien").status_code == 404
    assert "n'existe pas" in editor.read("/admin/essai/campaigns/rien")
    assert 'class="sections"' in editor.get("/admin/nowhere").text


def test_unknown_address_says_no_more_to_a_stranger(browse: Browse) -> None:
    page = browse("").get("/admin/nowhere")
    assert page.status_code == 404
    assert 'class="sections"' not in page.text


def test_public_list_names_only_what_there_is(app: Flask) -> None:
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert {name for name in PUBLIC if name.partition(".")[0] in OURS} <= known
