"""Accounts for administrators: made, changed, renewed, closed and opened; what opens one is shown once."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from messaging import staff, totp
from messaging.clock import utc_now
from messaging.credentials import TRIES
from messaging.models import Audit, Place, Role, Staff
from tests.campaigns.admin.conftest import ACCOUNTS, PASSWORD, Browser, account, token
from tests.world import World

Browse = Callable[[str], Browser]
ACCOUNT = "/admin/accounts"
NEW = {"email": "Oumou@Essai.example ", "name": "Oumou", "organisation": "Radio Kita", "language": "fr"}


@pytest.fixture
def admin(browse: Browse) -> Browser:
    """An administrator's browser."""
    return browse("administrator")


def person(world: World, email: str = "oumou@essai.example") -> Staff:
    """The account as it is stored."""
    with world.db.read() as session:
        return staff.by_email(session, email)


def duties(world: World, email: str = "oumou@essai.example") -> staff.Duties:
    """What the account may do and where."""
    with world.db.read() as session:
        return staff.duties(session, staff.by_email(session, email).id)


def keys_shown(page: str) -> list[str]:
    """Password and secret on the page that shows them once."""
    return ["".join(found.split()) for found in re.findall(r'<code class="key">([^<]+)</code>', page)]


def log(world: World, action: str) -> list[tuple[str, object, object]]:
    """The lines of the log with this action: actor, before, after."""
    with world.db.read() as session:
        rows = session.scalars(sa.select(Audit).where(Audit.object == "staff", Audit.action == action))
        return [(row.actor, row.before, row.after) for row in rows]


@pytest.mark.parametrize("who", [who for who in ACCOUNTS if who != "administrator"])
def test_accounts_are_for_administrators_only(browse: Browse, office: World, who: str) -> None:
    browser, ident = browse(who), account(office, who).id
    for path in (ACCOUNT, f"{ACCOUNT}/new", f"{ACCOUNT}/{ident}"):
        assert browser.get(path).status_code == 403
    for path in (ACCOUNT, f"{ACCOUNT}/{ident}", f"{ACCOUNT}/{ident}/reset", f"{ACCOUNT}/{ident}/state"):
        assert browser.post(path, role="administrator", act="open", **NEW).status_code == 403
    assert ACCOUNT not in browser.get("/admin/settings").text


def test_new_account_signs_in_with_what_was_shown_once(admin: Browser, browse: Browse, office: World) -> None:
    page = admin.post(ACCOUNT, role=["officer", "translator:bm"], programme="essai", **NEW)
    password, secret = keys_shown(page.text)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert password not in admin.get(ACCOUNT).text
    assert duties(office) == staff.Duties(
        frozenset({(Role.OFFICER, ""), (Role.TRANSLATOR, "bm")}), frozenset({"essai"})
    )
    assert (person(office).organisation, person(office).demonstration) == ("Radio Kita", False)
    browser = browse("")
    assert browser.sign_in("oumou", password).headers["Location"] == "/admin/second-factor"
    page = browser.get("/admin/second-factor").text
    done = browser.post("/admin/second-factor", "/admin/second-factor", code=totp.code(secret, totp.step_at(utc_now())))
    assert done.headers["Location"] == "/admin/", token(page)


def test_editor_gets_a_password_only(admin: Browser) -> None:
    page = admin.post(ACCOUNT, role="editor", **NEW).text
    assert len(keys_shown(page)) == 1
    assert "<svg" not in page


@pytest.mark.parametrize(
    ("label", "form", "sentence"),
    [
        ("taken", {"email": "administrator@essai.example", "role": "editor"}, "Il y a déjà un compte"),
        ("no address", {"email": "oumou", "role": "editor"}, "n'est pas une adresse électronique"),
        ("no role", {}, "Cochez au moins un rôle."),
        ("no such programme", {"role": "editor", "programme": "rien"}, "Il n'y a pas de programme « rien »"),
        ("role nobody has", {"role": "chef"}, "rechargez la page"),
        ("role with a scope it has not", {"role": "editor:" + "x" * 40}, "rechargez la page"),
        ("language nobody writes", {"role": "translator:zz"}, "rechargez la page"),
        ("place that is not there", {"role": "editor", "place": "999"}, "rechargez la page"),
        ("long name", {"role": "editor", "name": "o" * 81}, "Au plus 80 signes"),
    ],
)
def test_refused_form_keeps_what_was_typed(
    admin: Browser, office: World, label: str, form: dict[str, str | list[str]], sentence: str
) -> None:
    place = str(office.village_id)
    ticked = [place, "999"] if "place" in form else place
    page = admin.post(ACCOUNT, **{**NEW, **form, "place": ticked})
    assert page.status_code == 400, label
    text = html.unescape(page.text)
    assert sentence in text
    assert 'value="Radio Kita"' in text
    assert f'name="place" value="{place}" checked' in text
    with office.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Staff)) == 1


def test_place_is_found_by_name_or_code_and_ticked(admin: Browser, office: World) -> None:
    with office.db.read() as session:
        village = session.get_one(Place, office.village_id)
    for wanted in (village.name, village.name.lower()):
        page = admin.post(ACCOUNT, find="1", wanted=wanted, role="officer", **NEW)
        assert page.status_code == 200
        assert f'name="place" value="{village.id}"> <span>{village.name} · village' in html.unescape(page.text)
        assert 'value="officer" checked' in page.text
    assert "Aucun lieu ne porte ce nom" in admin.post(ACCOUNT, find="1", wanted="Zzyzx", **NEW).text
    assert person(office, "administrator@essai.example")
    admin.post(ACCOUNT, role="officer", place=str(village.id), **NEW)
    with office.db.read() as session:
        assert staff.village_ids(session, person(office).id, utc_now().date()) == {village.id}


def test_change_is_logged_with_before_and_after(admin: Browser, office: World) -> None:
    ident, by = account(office, "editor").id, person(office, "administrator@essai.example").id
    village = str(office.village_id)
    answer = admin.post(f"{ACCOUNT}/{ident}", role=["editor", "officer"], place=village, name="Awa", language="en")
    assert answer.status_code == 303
    before = {"roles": "editor", "programmes": "essai", "places": ""}
    after = {"roles": "editor, officer", "programmes": "", "places": village}
    assert log(office, "changed") == [(f"staff:{by}", before, after)]
    assert log(office, "renamed") == [(f"staff:{by}", None, None)]
    admin.post(f"{ACCOUNT}/{ident}", role=["editor", "officer"], place=village, name="Awa", language="en")
    assert len(log(office, "changed")) == len(log(office, "renamed")) == 1  # nothing changed


def test_administrator_keeps_role_and_account(admin: Browser, office: World) -> None:
    own = person(office, "administrator@essai.example").id
    page = admin.post(f"{ACCOUNT}/{own}", role="editor", programme="essai", name="Autre")
    assert page.status_code == 400
    assert "Personne ne ferme son propre compte" in html.unescape(page.text)
    assert 'value="Autre"' in page.text
    admin.post(f"{ACCOUNT}/{own}/state", act="close")
    admin.post(f"{ACCOUNT}/{own}/reset")
    stored = person(office, "administrator@essai.example")
    assert (stored.active, stored.name) == (True, "administrator")
    assert duties(office, stored.email).roles == {(Role.ADMINISTRATOR, "")}
    assert admin.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "wider", [{"role": ["administrator", "officer"], "programme": "essai"}, {"role": "administrator"}]
)
def test_administrator_does_not_widen_what_she_may_see(admin: Browser, office: World, wider: dict[str, object]) -> None:
    own = person(office, "administrator@essai.example").id
    before = duties(office, "administrator@essai.example")
    page = admin.post(f"{ACCOUNT}/{own}", **wider)
    assert page.status_code == 400
    assert "Une autre personne administratrice" in html.unescape(page.text)
    assert duties(office, "administrator@essai.example") == before


def test_closed_account_is_out_at_once_and_comes_back_as_it_was(
    admin: Browser, editor: Browser, browse: Browse, office: World
) -> None:
    ident = account(office, "editor").id
    assert editor.get("/admin/").status_code == 200
    admin.post(f"{ACCOUNT}/{ident}/state", act="close")
    assert editor.get("/admin/").status_code == 303
    assert editor.sign_in("editor").status_code == 200
    assert "fermé" in admin.read(ACCOUNT)
    admin.post(f"{ACCOUNT}/{ident}/state", act="open")
    assert browse("").sign_in("editor").status_code == 302
    assert [len(log(office, action)) for action in ("closed", "opened")] == [1, 1]


def test_locked_account_is_shown_and_unlocked(admin: Browser, browse: Browse, office: World) -> None:
    ident, door = account(office, "editor").id, browse("")
    for _ in range(TRIES):
        door.sign_in("editor", "faux")
    assert "bloqué" in admin.read(ACCOUNT)
    admin.post(f"{ACCOUNT}/{ident}/state", act="open")
    assert "bloqué" not in admin.read(ACCOUNT)
    assert door.sign_in("editor").status_code == 302


def test_renewing_ends_what_opened_before(admin: Browser, editor: Browser, office: World) -> None:
    ident = account(office, "editor").id
    page = admin.post(f"{ACCOUNT}/{ident}/reset")
    (password,) = keys_shown(page.text)
    assert editor.get("/admin/").status_code == 303
    assert editor.sign_in("editor", PASSWORD).status_code == 200
    assert editor.sign_in("editor", password).status_code == 302


def test_unknown_account_and_unknown_act_are_refused(admin: Browser, office: World) -> None:
    ident = account(office, "editor").id
    assert admin.get(f"{ACCOUNT}/999").status_code == 404
    assert admin.post(f"{ACCOUNT}/999/reset").status_code == 404
    assert admin.post(f"{ACCOUNT}/{ident}/state", act="delete").status_code == 400


def test_list_tells_what_a_long_one_goes_on_with(admin: Browser, office: World, app: Flask) -> None:
    with office.db.write() as session:
        for number in range(35):
            person = Staff(
                email=f"n{number:02}@essai.example", name=f"N{number:02}", password="x", fs_uniquifier=f"u{number}",
                created_at=office.now - timedelta(days=1),
            )  # fmt: skip
            session.add(person)
    first = admin.get(ACCOUNT).text
    further = re.search(r'href="(/admin/accounts\?after=[^"]+)"', first)
    assert further
    second = admin.get(html.unescape(further[1])).text
    assert "N34" in second
    assert "N34" not in first
    assert "jamais" in second
