"""The calendar in a browser: counts and conflicts come by themselves, and without JavaScript by a link."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from messaging.clock import utc_now

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
CALENDAR = "/admin/caisses-bandiagara/campaigns/calendar"


def next_week() -> str:
    return (utc_now() + timedelta(days=7)).date().isoformat()


def test_counts_and_conflicts_come_by_themselves(sign_in: Open) -> None:
    page = sign_in()
    page.goto("/admin/caisses-bandiagara/campaigns")
    page.goto(f"{CALENDAR}?week={next_week()}")
    conflicts = page.locator("section", has=page.get_by_role("heading", name="Plafonds et conflits"))
    expect(conflicts).to_contain_text("Aucun plafond n'est réglé", timeout=30_000)
    expect(page.locator("#week")).not_to_contain_text("pas encore compté")
    expect(page.locator("#week dl")).to_contain_text("XOF")
    row = page.locator("table.calendar tr", has_text="question-radio").first
    expect(row).to_contain_text("à venir")
    row.get_by_role("link").click()
    expect(page).to_have_url(re.compile("question-radio$"))


def test_weeks_follow_each_other(sign_in: Open) -> None:
    page = sign_in()
    page.goto(CALENDAR)
    this = page.locator("h1").inner_text()
    page.get_by_role("link", name="Semaine d'après").click()
    expect(page.locator("h1")).not_to_have_text(this)
    page.get_by_role("link", name="Cette semaine").click()
    expect(page.locator("h1")).to_have_text(this)
    expect(page.get_by_role("link", name="Cette semaine")).to_have_count(0)


def test_without_javascript_a_link_counts(sign_in: Open) -> None:
    page = sign_in("coumba", java_script_enabled=False)
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{CALENDAR}?week={next_week()}")
    page.get_by_role("link", name="Tout compter").click(timeout=30_000)
    expect(page.locator("#week")).not_to_contain_text("pas encore compté")
    expect(page.get_by_role("heading", name="Plafonds et conflits")).to_be_visible()


def test_last_weeks_cost_is_one_click_from_today(sign_in: Open) -> None:
    page = sign_in()
    page.get_by_role("link", name="coût de la semaine dernière").first.click()
    expect(page.get_by_text("Coût de la semaine dernière")).to_be_visible()


def test_a_budget_is_set_without_javascript(sign_in: Open) -> None:
    page = sign_in("coumba", java_script_enabled=False)
    page.goto("/admin/acces-marche-kita/programme")
    page.fill("#sum", "1 000 000")
    page.get_by_role("button", name="Changer le budget").click()
    expect(page.locator(".notice.good")).to_be_visible()
    expect(page.locator("#budget table")).to_contain_text(re.compile(r"1\s000\s000\sXOF"))
