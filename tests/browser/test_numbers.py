"""Phones and registers in a browser: a sheet with errors is mended and taken; a number is held, and in use again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from messaging.models import Household, Member, MemberPhone, Phone, Place, PlaceCode, Programme, ProgrammeVillage
from tests.browser.looks import violations
from tests.browser.running import Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
PROGRAMME = "caisses-bandiagara"
PEOPLE = f"/admin/{PROGRAMME}/people"
WHY = "elle a appelé du village voisin"


def one_phone(site: Site) -> tuple[int, str, str]:
    """A member's phone of her own: its id, its number, its village."""
    alone = sa.select(MemberPhone.phone_id).group_by(MemberPhone.phone_id).having(sa.func.count() == 1)
    query = (
        sa.select(Phone.id, Phone.sealed, Place.name)
        .join(MemberPhone, MemberPhone.phone_id == Phone.id)
        .join(Member, Member.id == MemberPhone.member_id)
        .join(Programme, Programme.id == Member.programme_id)
        .join(Place, Place.id == Member.village_id)
        .where(Programme.code == PROGRAMME, Phone.id.in_(alone), Phone.opted_out_at.is_(None))
        .order_by(Phone.id.desc())
        .limit(1)
    )
    with site.here.db.read() as session:
        ident, sealed, village = session.execute(query).one()
    return ident, site.here.keys.open(sealed), village


def test_sheet_with_errors_is_mended_and_taken(sign_in: Open, site: Site) -> None:
    with site.here.db.read() as session:
        query = sa.select(PlaceCode.code).join(ProgrammeVillage, ProgrammeVillage.place_id == PlaceCode.place_id)
        village = session.scalars(query.join(Programme).where(Programme.code == PROGRAMME).limit(1)).one()
    page = sign_in()
    page.goto(PEOPLE)
    page.get_by_role("link", name="Importer").click()
    page.locator(".filters").get_by_role("link", name="Ménages").click()
    expect(page.locator(".filters [aria-current]")).to_contain_text("Ménages")
    assert not violations(page)

    bring(page, f"Code du ménage;Code du village;Personnes\nFEUILLE-1;{village};six\nFEUILLE-2;V-RIEN;4")
    expect(page.locator(".notice.bad")).to_contain_text("2 problèmes : rien n'est enregistré.")
    rows = page.locator("table.stack tbody tr")
    expect(rows.nth(0)).to_contain_text(re.compile(r"2\s*Personnes\s*« six »"))
    expect(rows.nth(1)).to_contain_text(re.compile(r"3\s*Code du village\s*Aucun lieu n'a le code « V-RIEN »"))
    assert not violations(page)

    bring(page, f"Code du ménage;Code du village;Personnes\nFEUILLE-1;{village};6\nFEUILLE-2;{village};4")
    expect(page.locator(".notice.good")).to_contain_text("Rien n'est encore enregistré.")
    expect(page.locator(".figures")).to_contain_text("2")
    assert not violations(page)
    page.get_by_role("button", name="Importer").click()
    expect(page.locator(".notice.good")).to_contain_text("Importé : 2 ajouté(s)")
    with site.here.db.read() as session:
        assert len(session.scalars(sa.select(Household).where(Household.code.startswith("FEUILLE-"))).all()) == 2


def bring(page: Page, sheet: str) -> None:
    file = {"name": "menages.csv", "mimeType": "text/csv", "buffer": sheet.encode()}
    page.set_input_files("#sheet", file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Vérifier").click()


def test_number_is_held_and_in_use_again(sign_in: Open, site: Site) -> None:
    ident, number, village = one_phone(site)
    page = sign_in()
    page.goto(PEOPLE)
    page.get_by_role("link", name="Téléphones", exact=True).click()
    page.get_by_label("Village, commune ou code de club").fill(village)
    page.get_by_label("Deux derniers chiffres").fill(number[-2:])
    page.get_by_role("button", name="Chercher").click()
    expect(page.locator("table tbody")).to_contain_text(number[-2:])
    assert not violations(page)
    page.get_by_label("Numéro entier").fill(number.removeprefix("+223"))
    page.get_by_role("button", name="Ouvrir ce téléphone").click()
    page.wait_for_url(f"**/phones/{ident}")
    assert not violations(page)

    page.get_by_label("perdu").check()
    page.get_by_role("button", name="Mettre en quarantaine").click()
    expect(page.locator("h1")).to_contain_text("quarantaine : perdu")
    page.locator("summary", has_text="Lire la conversation").click()
    page.locator("#talk-reason").fill(WHY)
    page.get_by_role("button", name="Lire la conversation").click()
    expect(page.locator(".talk")).to_be_visible()
    assert not violations(page)

    page.get_by_label("Les laisser de côté").check()
    page.locator("#lift-reason").fill("ok")
    page.get_by_role("button", name="Lever la quarantaine").click()
    expect(page.locator("#lift-reason")).to_be_focused()  # too short: the browser asks for more
    page.locator("#lift-reason").fill(WHY)
    page.get_by_role("button", name="Lever la quarantaine").click()
    expect(page.locator(".notice.good")).to_contain_text("Quarantaine levée.")
    expect(page.locator("h1")).not_to_contain_text("quarantaine")


def test_a_number_typed_into_the_search_stays_out_of_the_address(sign_in: Open) -> None:
    page = sign_in()
    page.goto(f"{PEOPLE}/phones")
    page.get_by_label("Village, commune ou code de club").fill("76 12 34 56")
    page.get_by_role("button", name="Chercher").click()
    page.wait_for_timeout(300)
    assert page.url.endswith("/phones")
