"""With the keyboard alone: a text is written, saved and approved, its campaign too, and focus is always to be seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from campaigns import loading
from campaigns.definitions import Definition
from campaigns.models import CampaignState
from messaging import staff, texts
from messaging.clock import utc_now
from messaging.models import Programme, Text
from messaging.models.text import TextState
from messaging.texts import Outside
from tests.browser.running import Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
PROGRAMME, CODE = "caisses-bandiagara", "au-clavier"
PAGE = f"/admin/{PROGRAMME}/campaigns/{CODE}"
MOST = 60  # keys until the farthest button of a page
SEEN = """() => {
  const at = document.activeElement, look = getComputedStyle(at), box = at.getBoundingClientRect();
  return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2 && box.width > 1 && box.height > 1;
}"""


@pytest.fixture
def draft(site: Site) -> int:
    """A draft campaign with one French text, a draft too; gives the text."""
    step = {
        "step": "savon", "kind": "message", "when": {"date": (utc_now() + timedelta(days=20)).date().isoformat()},
        "hour": "17:30", "facts": ["HY3"], "facts_checked": "2026-11-01", "one_act": True,
        "texts": {"fr": {"sms": "Lavez les mains au savon.", "read_aloud": "Lavez les mains au savon."}},
    }  # fmt: skip
    definition = Definition.model_validate(
        {
            "campaign": CODE, "title": {"fr": "Au clavier", "en": "By keyboard"}, "topic": "hygiene",
            "pillar": "social", "audience": {"languages": ["fr"], "clubs": ["1029"]}, "steps": [step],
        }
    )  # fmt: skip
    with site.here.db.write() as session:
        programme = session.scalars(sa.select(Programme).where(Programme.code == PROGRAMME)).one()
        loading.load(session, programme, definition, utc_now())
        row = loading.find(session, programme.id, CODE)
        assert row is not None
        steps = [step.id for step in loading.steps_of(session, row.id)]
        return session.scalars(sa.select(Text.id).where(Text.step_id.in_(steps))).one()


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until this is focused; what has the focus on the way is always to be seen."""
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if target.evaluate("one => one === document.activeElement"):
            assert page.evaluate(SEEN), f"no focus is seen on {target}"
            expect(target).to_be_in_viewport()
            return
        assert page.evaluate(SEEN), page.evaluate("document.activeElement.outerHTML")
    raise AssertionError(f"{MOST} times Tab do not reach {target}")


def test_text_and_campaign_are_written_and_approved_with_the_keyboard(sign_in: Open, site: Site, draft: int) -> None:
    page = sign_in()
    page.goto(f"{PAGE}/savon/fr")
    tab_to(page, page.locator("#sms"))
    page.keyboard.press("Control+A")
    page.keyboard.type("Lavez bien les mains au savon.")
    tab_to(page, page.locator(".rest .actions button"))
    page.keyboard.press("Enter")
    expect(page.locator(".notice.good")).to_contain_text("Texte enregistré")
    _review(site, draft)
    page = sign_in("coumba")
    page.goto(f"{PAGE}/savon")
    tab_to(page, page.get_by_role("button", name="Approuver Français"))
    page.keyboard.press("Enter")
    expect(page.locator(".notice.good")).to_contain_text("Texte approuvé")
    page.goto(f"{PAGE}/cost")
    tab_to(page, page.get_by_role("button", name="Approuver la campagne"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("approuvée")
    with site.here.db.read() as session:
        text = session.get_one(Text, draft)
        assert text.state is TextState.APPROVED
        assert texts.current(session, text).sms == "Lavez bien les mains au savon."
        programme_id = session.scalars(sa.select(Programme.id).where(Programme.code == PROGRAMME)).one()
        row = loading.find(session, programme_id, CODE)
        assert row is not None
        assert row.state is CampaignState.APPROVED


def test_list_of_programmes_opens_and_closes_with_the_keyboard(sign_in: Open) -> None:
    page = sign_in()
    choice = page.locator("details.programmes")
    tab_to(page, choice.locator("summary"))
    page.keyboard.press("Enter")
    expect(choice.get_by_role("link").last).to_be_visible()
    page.keyboard.press("Escape")
    expect(choice.get_by_role("link").last).to_be_hidden()
    page.keyboard.press("Enter")
    tab_to(page, choice.get_by_role("link").last)
    name = choice.get_by_role("link").last.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/campaigns")
    expect(choice.locator("summary")).to_contain_text(name)


def _review(site: Site, text_id: int) -> None:
    with site.here.db.write() as session:
        now, filer = utc_now(), staff.by_email(session, "aminata@demo.example")
        version = texts.current(session, session.get_one(Text, text_id))
        sheet = Outside("relectrice de radio", "Bandiagara", now.date(), texts.mark(version))
        texts.review(session, text_id, filer, staff.roles(session, filer.id), now, outside=sheet)
