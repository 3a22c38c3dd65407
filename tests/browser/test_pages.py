"""In a real browser: axe finds nothing on any page, the keyboard is enough, the phones answer, the count is live."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page, expect

from campaigns.models import Campaign, Step
from messaging.models import Facilitator, Programme
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
NOT_PAGES = ("assets.file", "health", "metrics", "today.front", "phones.thread_of", "translation.sheet", "webhooks")
WIDTHS = (360, 1280)
AXE = Axe().axe_script
RUN = "() => axe.run({resultTypes: ['violations'], elementRef: false})"


def values(site: Site) -> dict[str, object]:
    """A campaign with its first text, as parts of addresses."""
    with site.here.db.read() as session:
        query = (
            sa.select(Programme.code, Campaign.code, Step.code)
            .join(Campaign, Campaign.programme_id == Programme.id)
            .join(Step, Step.campaign_id == Campaign.id)
            .where(Step.kind == "question")
            .order_by(Step.id)
        )
        programme, campaign, step = session.execute(query.limit(1)).one()
    return {"programme": programme, "campaign": campaign, "step": step, "language": "fr"}


def facilitator(site: Site) -> int:
    """The phone of a facilitator."""
    with site.here.db.read() as session:
        return session.scalars(sa.select(Facilitator.phone_id).order_by(Facilitator.id).limit(1)).one()


def pages(app: Flask, filled: dict[str, object]) -> list[str]:
    """Every page of the application's own address map, and the page that says that there is none."""
    adapter = app.url_map.bind("localhost")
    found = [
        adapter.build(rule.endpoint, {name: filled[name] for name in rule.arguments})
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not {rule.endpoint, rule.endpoint.partition(".")[0]} & set(NOT_PAGES)
    ]
    return [*sorted(found), "/admin/nowhere"]


def violations(page: Page) -> list[str]:
    """What axe finds in both colour schemes and at both widths."""
    found = []
    page.evaluate(AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{page.url} {width}: {wide} px wide")
            for one in page.evaluate(RUN)["violations"]:
                where = one["nodes"][0]["html"][:120]
                found.append(f"{page.url} {scheme} {width}: {one['id']} ({len(one['nodes'])}): {where}")
    return found


@pytest.mark.parametrize("language", ["fr", "en"])
def test_axe_finds_nothing_on_any_page(open_page: Open, sign_in: Open, site: Site, language: str) -> None:
    door = open_page()
    door.goto(f"/admin/login?lang={language}")
    found = violations(door)
    page = sign_in(language=language)
    for path in [*pages(site.app, values(site)), f"/simulator/?phone={facilitator(site)}"]:
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == language
        found += violations(page)
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
    page.goto("/admin/{programme}/campaigns/{campaign}/{step}/{language}".format(**values(site)))
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
    page.goto("/admin/{programme}/campaigns/{campaign}".format(**values(site)))
    expect(page.locator("h1")).to_be_visible()
    page.goto("/admin/{programme}/campaigns/{campaign}/{step}".format(**values(site)))
    expect(page.locator(".refusal").first).to_be_visible()
