"""In a real browser: axe finds nothing on any page, the keyboard is enough, the phones answer, the count is live."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from messaging.models import Facilitator
from tests.browser.looks import SCHEMES, WIDTHS, violations
from tests.browser.routes import ACCOUNTS, routes, values
from tests.browser.running import Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def question(site: Site) -> str:
    """The address of a question's French text."""
    with site.here.db.read() as session:
        codes = {name: code for name, (_ident, code) in values(session).items()}
    return "/admin/{programme}/campaigns/{campaign}/{step}/fr".format(**codes)


def facilitator(site: Site) -> int:
    """The phone of a facilitator."""
    with site.here.db.read() as session:
        return session.scalars(sa.select(Facilitator.phone_id).order_by(Facilitator.id).limit(1)).one()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_axe_finds_nothing_on_any_page(open_page: Open, sign_in: Open, site: Site, language: str) -> None:
    """One load a page; width and colour scheme are switched in place.

    One page is narrow by day and wide by night, the next one the other way round; in English, where only the words
    differ, every tenth page. `make axe` looks at all of them in every way.
    """
    door = open_page()
    door.goto(f"/admin/login?lang={language}")
    pages: dict[str | None, Page] = {None: door, **{who: sign_in(who, language) for who in ACCOUNTS}}
    found = []
    every = 1 if language == "fr" else 10
    for turn, route in enumerate(list(routes(site, {who: pages[who].request for who in ACCOUNTS}))[::every]):
        page = pages[route.account]
        page.goto(route.path)
        assert page.locator("html").get_attribute("lang") == language
        for width, scheme in zip(WIDTHS, SCHEMES if turn % 2 else SCHEMES[::-1], strict=True):
            found += violations(page, widths=(width,), schemes=(scheme,))
    assert not found, "\n".join(found)


def test_keyboard_alone_signs_in_and_reaches_the_content(open_page: Open, site: Site) -> None:
    page = open_page()
    page.goto("/admin/login")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.locator("#email").evaluate("field => field === document.activeElement"):
            break
    page.keyboard.type("coumba@demo.example")
    page.keyboard.press("Tab")
    page.keyboard.type(site.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_count_is_live(sign_in: Open, site: Site) -> None:
    page = sign_in()
    page.goto(question(site))
    page.fill("#sms", "a" * 161)
    expect(page.locator("#count")).to_contain_text("161 / 306")
    page.fill("#sms", "Bonjour ɛ")
    expect(page.locator("#count")).to_contain_text("9 / 70")
    expect(page.locator("#count .preview")).to_have_text("Bonjour ɛ")


def test_phone_writes_and_gets_its_reply(sign_in: Open, site: Site) -> None:
    """Waits for the conversation (converse and send among the jobs): AIDE is answered within a few seconds."""
    page = sign_in()
    phone = facilitator(site)
    page.goto(f"/simulator/?phone={phone}")
    received = page.locator(".thread .got").count()
    page.fill(f"#text-{phone}", "AIDE")
    page.click(f"#phone-{phone} button")
    expect(page.locator(".thread .wrote").last).to_contain_text("AIDE")
    expect(page.locator(f"#text-{phone}")).to_have_value("")
    expect(page.locator(".thread .got")).to_have_count(received + 1)
    expect(page.locator(".thread li").last).to_be_in_viewport()


def test_phone_works_without_javascript(sign_in: Open, site: Site) -> None:
    page = sign_in(java_script_enabled=False)
    phone = facilitator(site)
    page.goto(f"/simulator/?phone={phone}")
    page.fill(f"#text-{phone}", "Bonjour sans script")
    page.click(f"#phone-{phone} button")
    expect(page.locator(".thread")).to_contain_text("Bonjour sans script")


def test_approval_without_javascript_is_refused_with_its_reason(sign_in: Open, site: Site) -> None:
    page = sign_in("coumba", java_script_enabled=False)
    page.goto(question(site).removesuffix("/fr"))
    expect(page.locator(".refusal").first).to_be_visible()
