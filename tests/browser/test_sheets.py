"""The club's sheet on paper: printed by a real browser it keeps to two sides, and what is to be read stands on it."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page
from pypdf import PdfReader

from campaigns.clubs import month
from campaigns.clubs.sheets import Sheet, card
from messaging.clock import utc_now
from messaging.models import Club, Programme
from messaging.models.people import ClubKind
from tests.browser.running import PROGRAMME, Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
SHEETS = f"/admin/{PROGRAMME}/people/sheets"
A4 = {(594, 841), (595, 842)}


def sheet(site: Site) -> Sheet:
    """Next month's sheet of a listeners' club."""
    with site.here.db.read() as session:
        programme = session.scalars(sa.select(Programme).where(Programme.code == PROGRAMME)).one()
        query = sa.select(Club).where(Club.programme_id == programme.id, Club.kind == ClubKind.LISTENERS_CLUB)
        clubs = session.scalars(query.order_by(Club.id).limit(1)).all()
        (found,) = month.sheets(session, programme, clubs, month.following(utc_now().date()), utc_now())
        return found


def printed(page: Page, path: str) -> PdfReader:
    """A page as the browser prints it."""
    page.goto(path)
    return PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))


def plain(text: str) -> str:
    """Letters and digits alone, without ligatures: a line ends wherever it does on paper."""
    return re.sub(r"\W+", "", unicodedata.normalize("NFKC", text))


def test_one_sheet_is_printed_on_two_sides_with_all_that_is_read(sign_in: Open, site: Site) -> None:
    wanted = sheet(site)
    sides = printed(sign_in(), f"{SHEETS}/clubs/{wanted.club_id}").pages
    assert 1 <= len(sides) <= 2
    assert {(round(side.mediabox.width), round(side.mediabox.height)) for side in sides} <= A4
    paper = plain(" ".join(side.extract_text() for side in sides))
    assert wanted.meetings
    for meeting in wanted.meetings:
        for said in (*(one.own or one.french for one in meeting.passages), card(wanted, meeting)):
            assert plain(said) in paper, said
    for part in ("PLAINTE", "PAS CAPTE", f"PRES {wanted.code} ANNULE", "Comment mener la séance"):
        assert plain(part) in paper, part
    assert "Aller au contenu" not in paper, "nothing of the page around it"


def test_each_club_of_a_commune_has_a_leaf_of_its_own(sign_in: Open, site: Site) -> None:
    page = sign_in()
    sides = printed(page, f"{SHEETS}/print?commune={sheet(site).commune_id}").pages
    clubs = page.locator(".club-sheet").count()
    assert clubs == 40
    assert len(sides) <= 2 * clubs, "each begins on the front of a leaf, so a third side would show"
