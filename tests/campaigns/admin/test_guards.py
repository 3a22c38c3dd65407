"""The gate: every route is guarded or listed as public, own programmes only, forged forms refused, strict headers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from campaigns.admin.security import POLLS, PUBLIC, is_public
from messaging import staff
from messaging.database import Base
from messaging.models import Role
from tests.campaigns.admin.conftest import ORIGIN, Browser, token
from tests.world import World

Browse = Callable[[str], Browser]
# The parts of addresses that every office has; whatever else stands in one is 1.
VALUES = {"programme": "essai", "campaign": "hygiene-essai", "step": "mains", "language": "fr"}
SCOPES = {Role.TRANSLATOR: "fr", Role.FOCAL_POINT: "fraud"}


def addresses(app: Flask, method: str) -> list[tuple[str, str]]:
    """Endpoint and a filled address of every rule with this method."""
    adapter = app.url_map.bind("localhost")
    return [
        (rule.endpoint, adapter.build(rule.endpoint, {name: VALUES.get(name, "1") for name in rule.arguments}, method))
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ())
    ]


@pytest.fixture
def everybody(browse: Browse, office: World) -> Browser:
    """The browser of an account with every role, in one programme."""
    browser = browse("editor")
    with office.db.write() as session:
        person = staff.by_email(session, "editor@essai.example")
        person.demonstration = True
        roles = frozenset((role, SCOPES.get(role, "")) for role in Role)
        staff.change(session, person, staff.Duties(roles, frozenset({"essai"})), office.now, 0)
    return browser


def test_every_page_is_closed_to_strangers(app: Flask, office: World) -> None:
    client = app.test_client()
    for endpoint, path in addresses(app, "GET"):
        if not is_public(endpoint):
            assert client.get(path, base_url=ORIGIN).status_code == (401 if endpoint in POLLS else 303), path


def test_every_form_without_a_token_is_refused(app: Flask, editor: Browser) -> None:
    for _endpoint, path in addresses(app, "POST"):
        assert editor.client.post(path, base_url=ORIGIN, data={}).status_code == 400, path


def test_every_form_from_another_site_is_refused_though_its_token_is_right(app: Flask, everybody: Browser) -> None:
    key = token(everybody.get("/admin/settings").text)
    foreign = {
        "Origin": "https://ailleurs.example",
        "Referer": "https://ailleurs.example/",
        "Sec-Fetch-Site": "cross-site",
    }
    for _endpoint, path in addresses(app, "POST"):
        answer = everybody.client.post(path, base_url=ORIGIN, data={"csrf_token": key}, headers=foreign)
        assert answer.status_code == 400, path


def test_looking_at_a_page_changes_nothing(app: Flask, everybody: Browser, office: World) -> None:
    """Every row of every table stays; a look at what is sensitive is written down, and nothing else."""

    def rows() -> dict[str, object]:
        with office.db.read() as session:
            tables = [table for table in Base.metadata.sorted_tables if table.name != "audit"]
            return {table.name: sorted(map(repr, session.execute(sa.select(table)))) for table in tables}

    before = rows()
    for _endpoint, path in addresses(app, "GET"):
        assert everybody.get(path).status_code < 500, path
    assert rows() == before


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


def test_other_programme_is_not_there(app: Flask, everybody: Browser, other: World) -> None:
    for endpoint, path in addresses(app, "GET"):
        if "/essai" in path:
            theirs = path.replace("/essai", "/autre").replace("hygiene-essai", "autre-campagne")
            assert everybody.get(theirs).status_code == 404, theirs
            if app.url_map._rules_by_endpoint[endpoint][0].arguments <= VALUES.keys():
                assert everybody.get(path).status_code in (200, 302, 303), path
    editor = everybody
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
    known = {name for rule in app.url_map.iter_rules() for name in (rule.endpoint, rule.endpoint.partition(".")[0])}
    assert set(PUBLIC) - {"health", "metrics", "webhooks"} <= known  # those are not of the staff's pages
