"""Scenario 2 in a browser: one Toro So text is missing; the approver sees what that means, and accepts it or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from campaigns import loading
from campaigns.definitions import Definition
from campaigns.models import Campaign, CampaignState
from messaging import staff, texts
from messaging.clock import utc_now
from messaging.models import Audit, Programme, Text
from messaging.texts import Outside
from tests.browser.running import Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
CODE = "trois-langues"
PROGRAMME = "caisses-bandiagara"
SOON = (utc_now() + timedelta(days=20)).date().isoformat()
DEFINITION = Definition.model_validate(
    {
        "campaign": CODE, "title": {"fr": "Trois langues", "en": "Three languages"}, "topic": "hygiene",
        "pillar": "social", "audience": {"languages": ["fr", "bm", "dts"]},
        "steps": [{
            "step": "savon", "kind": "message", "when": {"date": SOON}, "hour": "17:30", "facts": ["HY3"],
            "facts_checked": "2026-11-01", "one_act": True,
            "texts": {
                "fr": {"sms": "Lavez les mains au savon.", "read_aloud": "Lavez les mains au savon."},
                "bm": {"sms": "Safunè.", "official": "Safunɛ.", "read_aloud": "Safunɛ."},
            },
        }],
    }
)  # fmt: skip


@pytest.fixture
def draft(site: Site) -> Iterator[str]:
    """A draft campaign whose French and Bambara texts are approved and whose Toro So text is missing."""
    with site.here.db.write() as session:
        now = utc_now()
        programme = session.scalars(sa.select(Programme).where(Programme.code == PROGRAMME)).one()
        loading.load(session, programme, DEFINITION, now)
        row = loading.find(session, programme.id, CODE)
        assert row is not None
        steps = [step.id for step in loading.steps_of(session, row.id)]
        filer, approver = (staff.by_email(session, f"{name}@demo.example") for name in ("aminata", "coumba"))
        for text in session.scalars(sa.select(Text).where(Text.step_id.in_(steps))).all():
            version = texts.current(session, text)
            sheet = Outside("relectrice de radio", "Bandiagara", now.date(), texts.mark(version))
            texts.review(session, text.id, filer, staff.roles(session, filer.id), now, outside=sheet)
            texts.approve(session, text.id, approver, staff.roles(session, approver.id), now)
    yield f"/admin/{PROGRAMME}/campaigns/{CODE}"


def test_a_missing_language_is_shown_with_its_price_and_accepted_by_name(sign_in: Open, site: Site, draft: str) -> None:
    page = sign_in("coumba")
    page.goto(draft)
    page.get_by_role("link", name="Coût, jours et approbation").click()
    lack = page.locator("section", has=page.get_by_role("heading", name="Textes approuvés qui manquent"))
    expect(lack).to_contain_text("Dogon (toro so) → Français")
    expect(lack).to_contain_text("savon")  # which text
    expect(lack).to_contain_text("SMS facturé")  # its segments
    expect(lack).to_contain_text("XOF")  # and its price
    expect(lack).not_to_contain_text(", 0 XOF")
    expect(lack).not_to_contain_text("Bambara →")
    lack.get_by_role("button", name="Approuver la campagne").click()  # nothing ticked
    expect(page.get_by_role("alert").or_(page.locator(".notice.bad")).first).to_contain_text("dts: savon")
    assert state(site) is CampaignState.DRAFT
    lack.get_by_role("checkbox").check()
    lack.get_by_role("button", name="Approuver la campagne").click()
    expect(page.locator("h1")).to_contain_text("approuvée")
    assert state(site) is CampaignState.APPROVED
    with site.here.db.read() as session:
        row = session.scalars(sa.select(Campaign).where(Campaign.code == CODE)).one()
        assert [(gap["language"], gap["fallback"]) for gap in row.accepted_gaps or ()] == [("dts", "fr")]
        mine = sa.select(Audit).where(Audit.object == "campaign", Audit.object_id == str(row.id))
        assert session.scalars(mine.where(Audit.action == "approved")).one()
    page.goto(f"{draft}/cost")
    expect(page.get_by_role("heading", name="Replis acceptés à l'approbation")).to_be_visible()


def state(site: Site) -> CampaignState:
    with site.here.db.read() as session:
        return session.scalars(sa.select(Campaign.state).where(Campaign.code == CODE)).one()
