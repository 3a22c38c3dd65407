"""The door in a real browser: second factor, lock-out, a session that ends while one writes, forged forms refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from campaigns.models import Campaign, Step
from messaging import staff, totp
from messaging.clock import utc_now
from messaging.models import Facilitator, Programme, Role, Text, TextVersion
from tests.browser.conftest import PATIENCE
from tests.browser.looks import violations
from tests.browser.running import Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
WORDS = 'Lavez les mains\nau savon, "toujours" & <partout>'
ROLES = ((Role.EDITOR, ""), (Role.ADMINISTRATOR, ""))


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Open]:
    """A page of a fresh browser; here it is right that the log tells of refused forms."""
    contexts: list[BrowserContext] = []

    def open_one(**options: object) -> Page:
        context = chromium.new_context(base_url=site.address, locale="fr-FR", reduced_motion="reduce", **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


def make(site: Site, name: str) -> staff.Access:
    """A real account, made for one test; what opened it in an earlier run is void."""
    with site.here.db.write() as session:
        try:
            return staff.reset(session, f"{name}@exemple.org", utc_now())
        except staff.DataError:
            return staff.add(session, f"{name}@exemple.org", ROLES, utc_now(), name=name)


def type_password(page: Page, email: str, password: str) -> None:
    """Fill the form at the door and send it."""
    page.fill("#email", email)
    page.fill("#password", password)
    page.click("main form button")


def type_code(page: Page, access: staff.Access, later: int = 0) -> None:
    """Type what the authenticator shows, some half minutes later."""
    page.fill("#code", totp.code(access.second_factor or "", totp.step_at(utc_now()) + later))
    page.click("main form button")


def come_in(page: Page, access: staff.Access) -> None:
    """Through the door with password and code."""
    page.goto("/admin/login")
    type_password(page, access.email, access.password)
    type_code(page, access)
    page.wait_for_url("**/admin/")


def text_page(site: Site) -> str:
    """The address of a French draft."""
    with site.here.db.read() as session:
        query = (
            sa.select(Programme.code, Campaign.code, Step.code)
            .join(Campaign, Campaign.programme_id == Programme.id)
            .join(Step, Step.campaign_id == Campaign.id)
            .join(Text, sa.and_(Text.step_id == Step.id, Text.language == "fr"))
            .where(Step.kind == "message", Campaign.code.startswith("hygiene"))
        )
        programme, campaign, step = session.execute(query.order_by(Step.id).limit(1)).one()
    return f"/admin/{programme}/campaigns/{campaign}/{step}/fr"


def stored(site: Site, words: str) -> int:
    """How many versions of texts hold these words."""
    with site.here.db.read() as session:
        found = session.scalars(sa.select(TextVersion.sms)).all()
    return sum(words in sms for sms in found)


@pytest.mark.parametrize("has_script", [True, False])
def test_second_factor_is_asked_and_a_wrong_code_refused(visit: Open, site: Site, has_script: bool) -> None:
    access, page = make(site, "oumou"), visit(java_script_enabled=has_script)
    page.goto("/admin/essai/people")
    type_password(page, access.email, access.password)
    expect(page.locator("h1")).to_have_text("Code de l'application")
    expect(page.locator("nav.sections")).to_have_count(0)
    page.fill("#code", "abcdef")
    page.click("main form button")
    expect(page.get_by_role("alert")).to_contain_text("Ce code n'est pas bon")
    if has_script:
        assert not violations(page)
    type_code(page, access)
    page.wait_for_url("**/admin/essai/people")


def test_second_factor_is_changed_and_recovery_codes_open_once(visit: Open, site: Site) -> None:
    access, page = make(site, "awa"), visit()
    come_in(page, access)
    page.goto("/admin/settings")
    page.click("text=Changer de téléphone ou d'application")
    expect(page.locator("svg.square")).to_be_visible()
    secret = "".join(page.locator(".key").inner_text().split())
    page.fill("#password", access.password)
    renewed = staff.Access(access.email, access.password, secret)
    type_code(page, renewed)
    expect(page.locator(".codes code")).to_have_count(8)
    codes = page.locator(".codes code").all_inner_texts()
    assert not violations(page)
    for code, leads_in in ((codes[0], True), (codes[0], False), (codes[1].upper(), True)):
        page.context.clear_cookies()
        page.goto("/admin/login")
        type_password(page, access.email, access.password)
        page.fill("#code", code)
        page.click("main form button")
        expect(page.locator("nav.sections")).to_have_count(1 if leads_in else 0)


def test_locked_out_after_eight_wrong_passwords(visit: Open, site: Site) -> None:
    access, page = make(site, "bloque"), visit()
    for _ in range(8):
        page.goto("/admin/login")
        type_password(page, access.email, "faux")
        expect(page.get_by_role("alert")).to_contain_text("Adresse ou mot de passe inconnu")
    said = page.get_by_role("alert").inner_text()
    type_password(page, access.email, access.password)
    expect(page.get_by_role("alert")).to_have_text(said)
    renewed = make(site, "bloque")
    come_in(page, renewed)


@pytest.mark.parametrize("has_script", [True, False])
def test_expired_session_loses_nothing_typed(visit: Open, site: Site, has_script: bool) -> None:
    access, page, words = make(site, "moussa"), visit(java_script_enabled=has_script), f"{WORDS} {has_script}"
    come_in(page, access)
    page.goto(text_page(site))
    page.fill("#sms", words)
    page.context.clear_cookies()
    page.click(".actions button")
    expect(page.get_by_role("alert")).to_contain_text("Ce que vous avez écrit est gardé")
    type_password(page, access.email, access.password)
    type_code(page, access, later=1)
    expect(page.locator("h1")).to_have_text("Votre formulaire est encore là")
    assert "savon" not in page.url
    assert "savon" not in str(page.context.cookies())
    page.click("main form button")
    expect(page.get_by_role("alert")).to_contain_text("Rien n'est encore enregistré")
    expect(page.locator("#sms")).to_have_value(words)
    assert stored(site, str(has_script)) == 0
    page.click(".actions button")
    expect(page.locator(".notice.good")).to_contain_text("Texte enregistré")
    assert stored(site, str(has_script)) == 1


def test_signed_in_again_in_another_tab_loses_nothing_typed(visit: Open, site: Site) -> None:
    access, page = make(site, "fanta"), visit()
    come_in(page, access)
    page.goto(text_page(site))
    page.fill("#sms", "Mes mots dans l'autre onglet")
    page.context.clear_cookies()
    other = page.context.new_page()
    other.goto("/admin/login")
    type_password(other, access.email, access.password)
    type_code(other, access, later=1)
    other.wait_for_url("**/admin/")
    page.click(".actions button")
    expect(page.locator("h1")).to_have_text("Votre formulaire est encore là")
    page.click("main form button")
    expect(page.locator("#sms")).to_have_value("Mes mots dans l'autre onglet")


def test_count_says_that_the_session_ended_and_stays(visit: Open, site: Site) -> None:
    page = visit()
    come_in(page, make(site, "sira"))
    page.goto(text_page(site))
    page.context.clear_cookies()
    page.fill("#sms", "Des mots qui restent")
    expect(page.locator("#count")).to_contain_text("vous pourrez vous reconnecter sans rien perdre")
    expect(page.locator("#sms")).to_have_value("Des mots qui restent")


def test_phone_of_the_simulator_goes_through_the_door_too(visit: Open, site: Site) -> None:
    access, page = make(site, "kadia"), visit()
    come_in(page, access)
    with site.here.db.read() as session:
        phone = session.scalars(sa.select(Facilitator.phone_id).order_by(Facilitator.id).limit(1)).one()
    page.goto(f"/simulator/?phone={phone}")
    page.context.clear_cookies()
    page.fill(f"#text-{phone}", "Un SMS qui reste")
    page.click(f"#phone-{phone} button")
    expect(page.get_by_role("alert")).to_contain_text("Ce que vous avez écrit est gardé")
    assert "Un SMS qui reste" in (page.locator('input[name="kept_form"]').get_attribute("value") or "")


def test_forged_form_is_refused(visit: Open, site: Site) -> None:
    page = visit()
    come_in(page, make(site, "drissa"))
    for headers in ({}, {"Origin": "https://ailleurs.example"}):
        for form in ({"language": "en"}, {"language": "en", "csrf_token": "deviné"}):
            answer = page.request.post("/admin/settings", form=form, headers=headers, max_redirects=0)
            assert answer.status == 400
    page.goto("/admin/settings")
    expect(page.locator("html")).to_have_attribute("lang", "fr")


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_form_on_another_site_is_refused_though_its_token_is_right(visit: Open, site: Site, is_signed_in: bool) -> None:
    page = visit()
    if is_signed_in:
        come_in(page, make(site, "salif"))
        page.goto("/admin/settings")
    else:
        page.goto("/admin/login")
    key = page.locator('input[name="csrf_token"]').first.get_attribute("value")
    trap = f"""<form method="post" action="{site.address}/admin/settings"><input name="csrf_token" value="{key}">
        <input name="language" value="en"><button>Gagner</button></form>"""
    page.route("http://ailleurs.example/", lambda route: route.fulfill(body=trap, content_type="text/html"))
    page.goto("http://ailleurs.example/")
    with page.expect_response("**/admin/settings") as answer:
        page.click("button")
    assert answer.value.status == 400
    expect(page.locator("h1")).to_have_text("Ce formulaire n'a pas été accepté")


def test_accounts_are_looked_after_in_the_browser(visit: Open, site: Site) -> None:
    page = visit()
    come_in(page, make(site, "chef"))
    page.goto("/admin/accounts/new")
    page.fill("#email", "nouveau@exemple.org")
    page.check('input[value="officer"]')
    page.fill("#wanted", "Bandiagara")
    page.click('button[name="find"]')
    page.locator('input[name="place"]').first.check()
    page.click(".actions button")
    expect(page.locator(".key")).to_have_count(2)
    password, secret = ("".join(one.split()) for one in page.locator(".key").all_inner_texts())
    assert not violations(page)
    other = visit()
    come_in(other, staff.Access("nouveau@exemple.org", password, secret))
