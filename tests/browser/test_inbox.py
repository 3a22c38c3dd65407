"""In a real browser: an SMS from a phone is read, sorted in its place, taken back, and sorted without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from messaging.clock import utc_now
from messaging.models import Gateway, Inbound, MemberPhone, Programme
from messaging.models.post import InboundState
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def came(site: Site, words: str) -> str:
    """An SMS of a member that nobody understood; gives the address of its programme's inbox."""
    with site.here.db.write() as session:
        phone = session.scalars(sa.select(MemberPhone.phone_id).order_by(MemberPhone.member_id)).first()
        code = session.scalars(sa.select(Programme.code).order_by(Programme.id)).first()
        session.add(
            Inbound(
                gateway_id=session.scalars(sa.select(Gateway.id)).first(), dedupe_key=words, text=words, phone_id=phone,
                received_at=utc_now(), next_at=utc_now(), digest=words, state=InboundState.HANDLED, role="member",
                intent="unknown",
            )
        )  # fmt: skip
    return f"/admin/{code}/messages"


def test_one_is_sorted_in_its_place_and_taken_back(sign_in: Open, site: Site) -> None:
    inbox = came(site, "Où est le puits ?")
    page = sign_in()
    page.goto(inbox)
    row = page.locator("tr", has_text="Où est le puits ?")
    row.locator("summary").click()
    row.locator("select").select_option("question")
    row.get_by_role("button", name="Ranger", exact=True).click()
    expect(page.locator(".notice.good")).to_contain_text("1 SMS rangé : question.")
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Annuler : remettre à trier").click()
    expect(row).to_have_count(1)


def test_several_are_sorted_without_javascript_and_nothing_ticked_is_lost(sign_in: Open, site: Site) -> None:
    came(site, "Premier mot")
    inbox = came(site, "Second mot")
    page = sign_in(java_script_enabled=False)
    page.goto(inbox)
    rows = [page.locator("tr", has_text=words) for words in ("Premier mot", "Second mot")]
    for row in rows:
        row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Ranger les SMS cochés").click()
    expect(page.locator(".notice.bad")).to_contain_text("Choisissez ce que c'est.")
    for row in rows:
        expect(row.get_by_role("checkbox")).to_be_checked()
    page.locator("#as").select_option("wrong_number")
    page.get_by_role("button", name="Ranger les SMS cochés").click()
    for row in rows:
        expect(row).to_have_count(0)
    page.get_by_role("link", name="rangés").click()
    expect(rows[0]).to_contain_text("faux numéro")


def test_today_leads_to_what_waits(sign_in: Open, site: Site) -> None:
    came(site, "Qui êtes-vous ?")
    page = sign_in()
    page.get_by_role("link", name="SMS à trier").first.click()
    expect(page.locator(".filters [aria-current]")).to_contain_text("à trier")
