"""Training: the practice phone beside the editor takes a question's text, answers it, and gets its reply."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from campaigns.models import Campaign, Step
from messaging.models import Text, TextVersion
from messaging.models.text import TextState
from tests.browser.looks import violations
from tests.browser.running import Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
PROGRAMME, CAMPAIGN, STEP = "caisses-bandiagara", "hygiene-bandiagara", "quiz-cendre"
PAGE = f"/admin/{PROGRAMME}/campaigns/{CAMPAIGN}/{STEP}"
SEND, WRITE = "Envoyer ce texte à ce téléphone", "Envoyer"


def question(site: Site) -> TextVersion:
    """The French words of the question, which are a draft."""
    query = (
        sa.select(Text, TextVersion)
        .join(TextVersion, sa.and_(TextVersion.text_id == Text.id, TextVersion.version == Text.version))
        .join(Step, Step.id == Text.step_id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(Campaign.code == CAMPAIGN, Step.code == STEP, Text.language == "fr")
    )
    with site.here.db.read() as session:
        text, version = session.execute(query).one()
        assert text.state is TextState.DRAFT
        found: TextVersion = version
        return found


def press(phone: Locator, name: str) -> None:
    """Press a button of the practice phone."""
    phone.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize("page_of", [PAGE, f"{PAGE}/fr"])
def test_the_phone_beside_the_editor_gets_the_question_and_its_answer_a_reply(
    sign_in: Open, site: Site, page_of: str
) -> None:
    """Waits for the engine: the text leaves, the answer is read, the reply comes, each within a few seconds."""
    said = question(site)
    page = sign_in()
    page.goto(page_of)
    phone = page.locator("#practice")
    if page_of == PAGE:
        phone.get_by_label("Langue du texte").select_option("fr")
    else:
        page.fill("#sms", "Des mots qui ne sont pas enregistrés")
    got = phone.locator(".thread .got")
    before = got.count()
    press(phone, SEND)
    expect(got).to_have_count(before + 1)
    expect(got.last).to_contain_text(said.sms[:20])
    phone.get_by_label("SMS à écrire").fill("1")
    press(phone, WRITE)
    expect(phone.locator(".thread .wrote").last).to_contain_text("1")
    expect(phone.get_by_label("SMS à écrire")).to_have_value("")
    expect(got).to_have_count(before + 2)
    assert got.last.locator("p").inner_text() in (said.right, said.wrong)
    if page_of != PAGE:
        expect(page.locator("#sms")).to_have_value("Des mots qui ne sont pas enregistrés")
    assert not violations(page)


def test_without_a_script_the_phone_serves_too_and_nothing_typed_is_lost(sign_in: Open, site: Site) -> None:
    said = question(site)
    page = sign_in(java_script_enabled=False)
    page.goto(f"{PAGE}/fr")
    phone = page.locator("#practice")
    before = phone.locator(".thread .got").count()
    page.fill("#sms", "Encore en train d'écrire")
    press(phone, SEND)
    for _ in range(40):
        page.wait_for_load_state()
        if phone.locator(".thread .got").count() > before:
            break
        page.wait_for_timeout(300)
        press(phone, "Actualiser")
    expect(phone.locator(".thread .got").last).to_contain_text(said.sms[:20])
    phone.get_by_label("SMS à écrire").fill("2")
    press(phone, WRITE)
    expect(phone.locator(".thread .wrote").last).to_contain_text("2")
    expect(page.locator("#sms")).to_have_value("Encore en train d'écrire")
    assert question(site).sms == said.sms


def test_the_phone_chosen_on_the_phones_page_stands_beside_the_editor(sign_in: Open, site: Site) -> None:
    page = sign_in()
    page.goto(f"{PAGE}/fr")
    first = page.locator("#practice-title").inner_text()
    page.get_by_role("link", name="Changer de téléphone").click()
    page.get_by_label("Code de club, village ou radio").fill("1029")
    page.get_by_role("button", name="Chercher").click()
    other = page.locator(".pick input:not(:checked)").last
    ident = other.get_attribute("value")
    page.goto(f"/simulator/?phone={ident}")
    page.goto(f"{PAGE}/fr")
    assert page.locator("#practice-title").inner_text() != first
    expect(page.locator(f"#screen-{ident}")).to_be_visible()
