"""The page of the donor pack in a real browser: it reads on a phone, and prints on A4 with no title alone at a foot."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from pypdf import PdfReader

from tests.browser import looks
from tests.browser.running import PROGRAMME
from tests.browser.test_sheets import A4, plain

pytestmark = pytest.mark.browser

PAGE = f"/admin/{PROGRAMME}/results/donor/page"
MOST = 12  # sides of three months


def test_the_page_of_a_donor_reads_on_a_phone_and_prints_well(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.goto(PAGE)
    titles = [plain(title) for title in page.locator("h2, h3, caption").all_inner_texts()]
    assert len(titles) > 20
    assert page.locator(".demonstration").count() == 2
    assert looks.violations(page, schemes=("light",)) == []
    sides = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    assert len(sides) <= MOST
    assert {(round(side.mediabox.width), round(side.mediabox.height)) for side in sides} <= A4
    for number, side in enumerate(sides, start=1):
        lines = [plain(line) for line in side.extract_text().splitlines() if plain(line)]
        assert lines[-1] not in titles, f"{lines[-1]} stands alone at the foot of page {number}"
