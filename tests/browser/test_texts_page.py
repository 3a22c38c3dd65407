"""Texts in a real browser: written with what the phone shows, reviewed with a variety, tried on the own phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, Response, expect

from campaigns import loading
from campaigns.definitions import Definition
from campaigns.models import Campaign, Step
from messaging import texts
from messaging.clock import utc_now
from messaging.models import Programme, Text, TextState, TextVersion
from tests.browser.looks import violations
from tests.browser.running import Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
CODE = "deux-lettres"
PROGRAMME = "caisses-bandiagara"
PLACE = f"/admin/{PROGRAMME}/campaigns/{CODE}/savon"
TRIAL = f"/admin/{PROGRAMME}/trial"
MOST = 30_000  # bytes of a first load
DEFINITION = Definition.model_validate(
    {
        "campaign": CODE, "title": {"fr": "Deux lettres", "en": "Two letters"}, "topic": "hygiene",
        "pillar": "social", "audience": {"languages": ["fr", "bm", "dts"]},
        "steps": [
            {
                "step": "savon", "kind": "message", "when": {"date": "2099-12-01"}, "hour": "17:30", "facts": ["HY3"],
                "facts_checked": "2026-11-01", "one_act": True,
                "texts": {
                    "fr": {"sms": "Lavez les mains au savon.", "read_aloud": "Lavez les mains au savon."},
                    "bm": {"sms": "Safunè.", "official": "Safunɛ.", "read_aloud": "Safunɛ."},
                },
            },
            {
                "step": "quiz", "kind": "question", "when": {"date": "2099-12-02"}, "hour": "17:30", "facts": ["HY3"],
                "facts_checked": "2026-11-01", "question": {"type": "single", "correct": [1]},
                "texts": {"fr": {
                    "sms": "Que prendre? 1 savon 2 rien", "read_aloud": "Que prendre ?",
                    "options": {"1": "savon", "2": "rien"}, "right": "Oui.", "wrong": "Prenez du savon.",
                }},
            },
        ],
    }
)  # fmt: skip


@pytest.fixture(autouse=True)
def drafts(site: Site) -> Iterator[None]:
    """A campaign of drafts; what a test changed is written anew for the next one."""
    with site.here.db.write() as session:
        programme = session.scalars(sa.select(Programme).where(Programme.code == PROGRAMME)).one()
        loading.load(session, programme, DEFINITION, utc_now(), take={"all"})
        row = loading.find(session, programme.id, CODE)
        assert row is not None
        for step in loading.steps_of(session, row.id):
            session.execute(sa.update(Text).where(Text.step_id == step.id).values(changed_by_staff=False))
        loading.load(session, programme, DEFINITION, utc_now(), take={"all"})
    yield


def stored(site: Site, language: str, step: str = "savon") -> tuple[Text, TextVersion]:
    """A text of the campaign with its present version."""
    with site.here.db.read() as session:
        query = sa.select(Text).join(Step, Step.id == Text.step_id).join(Campaign, Campaign.id == Step.campaign_id)
        text = session.scalars(query.where(Campaign.code == CODE, Step.code == step, Text.language == language)).one()
        return text, texts.current(session, text)


def test_dear_letters_are_marked_and_taken_out_with_one_press(sign_in: Open, site: Site) -> None:
    page = sign_in()
    page.goto(f"{PLACE}/fr")
    page.fill("#sms", "maïs œuf")
    count = page.locator("#count")
    expect(count).to_contain_text("UCS-2")
    expect(count.locator(".preview")).to_have_text("maïs oeuf")  # œ goes by itself
    expect(count.locator(".preview mark")).to_have_text("maïs")
    expect(count.locator(".remarks .error")).to_contain_text("Hors de GSM-7 : ï (U+00EF)")
    expect(count.locator(".remarks")).to_contain_text("Sans son accent, ce mot se lit comme un autre : maïs")
    expect(count.locator(".suggestion")).to_contain_text("ainsi : GSM-7 · 9 / 160 · 1 SMS")
    assert not violations(page)
    page.get_by_role("button", name="Prendre").click()
    expect(page.locator("#sms")).to_have_value("mais oeuf")
    expect(page.locator("#official")).to_have_value("maïs œuf")
    expect(count).to_contain_text("GSM-7")
    expect(count.locator(".remarks .error")).to_have_count(0)
    assert stored(site, "fr")[1].sms == "Lavez les mains au savon."
    page.locator(".rest .actions button").click()
    expect(page.locator(".notice.good")).to_contain_text("Texte enregistré")
    assert (stored(site, "fr")[1].sms, stored(site, "fr")[1].official) == ("mais oeuf", "maïs œuf")


def test_without_a_script_the_same_buttons_serve(sign_in: Open, site: Site) -> None:
    page = sign_in(java_script_enabled=False)
    page.goto(f"{PLACE}/fr")
    page.fill("#sms", "maïs œuf")
    page.get_by_role("button", name="Refaire le compte").click()
    expect(page.locator("#count")).to_contain_text("UCS-2")
    page.get_by_role("button", name="Prendre").click()
    expect(page.locator("#sms")).to_have_value("mais oeuf")
    expect(page.locator("#count")).to_contain_text("GSM-7")
    assert stored(site, "fr")[1].sms == "Lavez les mains au savon."


def test_bambara_is_typed_in_official_letters_and_shown_in_those_of_the_phone(sign_in: Open, site: Site) -> None:
    page = sign_in()
    page.goto(f"{PLACE}/bm")
    page.fill("#official", "Tɛgɛ ko ni safunɛ ye.")
    count = page.locator("#count")
    expect(count.locator(".preview")).to_have_text("Tègè ko ni safunè ye.")
    expect(count).to_contain_text("Lettres SMS faites par le profil.")
    expect(count).to_contain_text("GSM-7")
    page.fill("#sms", "Tege ko ni safune ye.")
    expect(count).to_contain_text("forme du relecteur")
    expect(count).to_contain_text("Le profil ferait : Tègè ko ni safunè ye.")
    page.fill("#sms", "")
    page.fill("#official", "Tègè ko")
    expect(count.locator(".remarks .error")).to_contain_text("Lettres d'avant 1982")
    page.select_option("#kind", "old")
    expect(count.locator(".remarks .error")).to_have_count(0)
    assert not violations(page)
    page.locator(".rest .actions button").click()
    page.wait_for_url(f"**{PLACE}#bm")
    assert stored(site, "bm")[1].sms == "Tègè ko"


def test_enter_in_a_line_saves_the_text(sign_in: Open, site: Site) -> None:
    page = sign_in()
    page.goto(f"/admin/{PROGRAMME}/campaigns/{CODE}/quiz/fr")
    page.fill("#right", "Oui, bien sûr.")
    expect(page.get_by_role("button", name="Prendre")).to_be_visible()  # it stands before the other buttons
    page.locator("#option_2").press("Enter")
    expect(page.locator(".notice.good")).to_contain_text("Texte enregistré")
    assert stored(site, "fr", "quiz")[1].right == "Oui, bien sûr."


def test_review_names_the_variety_and_the_page_says_who_and_when(sign_in: Open, site: Site) -> None:
    page = sign_in("bakary")
    page.goto(PLACE)
    card = page.locator("#bm")
    expect(card).to_contain_text("BROUILLON : seul le simulateur le porte.")
    expect(page.locator("#dts")).to_contain_text("à traduire")
    for summary in page.locator("main summary").all():
        summary.click()
    expect(page.locator("#dts")).to_contain_text("samnɛ")
    assert not violations(page)
    accept = card.get_by_role("button", name="Relu : j'accepte")
    accept.click()
    expect(card.get_by_label("Variété que vous parlez")).to_be_focused()  # the browser asks for it
    card.get_by_label("Variété que vous parlez").fill("Bandiagara")
    accept.click()
    expect(page.locator(".notice.good")).to_be_in_viewport()
    expect(card.locator(".who")).to_contain_text("Relu par Bakary (démonstration) (Bandiagara)")
    assert stored(site, "bm")[0].state is TextState.REVIEWED


def test_trial_round_on_the_simulator(sign_in: Open) -> None:
    """Waits for the engine to send the code and the trial."""
    page = sign_in("coumba")
    page.goto(PLACE)
    page.get_by_role("link", name="Essayer un texte sur mon téléphone").click()
    page.wait_for_url(f"**{TRIAL}")
    expect(page.locator("main")).to_contain_text("c'est le simulateur qui reçoit le code et les essais")
    page.get_by_label("Numéro de mon téléphone").fill("76 99 00 12")
    page.get_by_role("button", name="Recevoir un code").click()
    sms = page.locator(".thread .got p").last
    expect(sms).to_contain_text("ESSAI: code")
    assert not violations(page)
    page.get_by_label("Code à six chiffres").fill(sms.inner_text()[-6:])
    page.get_by_role("button", name="Confirmer").click()
    expect(page.locator("#phone-title")).to_contain_text("confirmé")
    assert not violations(page)
    page.goto(PLACE)
    page.locator("#bm").get_by_role("button", name="Envoyer un essai à mon téléphone (••12)").click()
    expect(page.locator(".notice.good")).to_contain_text("Essai en route vers ••12")
    page.get_by_role("link", name="Mon téléphone d'essai").click()
    for _ in range(40):
        page.wait_for_load_state()
        if page.locator(".thread .got").count() > 1:
            break
        page.wait_for_timeout(500)
        page.get_by_role("link", name="Actualiser").click()
    expect(page.locator(".thread .got p").last).to_have_text("ESSAI Safunè.")
    assert "990012" not in page.content().replace(" ", "")


@pytest.mark.parametrize("path", [PLACE, f"{PLACE}/fr", f"{PLACE}/bm", TRIAL])
def test_first_load_stays_small(sign_in: Open, path: str) -> None:
    """With style, script and picture fetched anew, as on a first visit."""
    page = sign_in()
    fetched: list[Response] = []
    page.context.route("**/*", lambda route: route.continue_())  # nothing from the cache
    page.on("response", lambda response: fetched.append(response))
    page.goto(path)
    page.wait_for_load_state("networkidle")
    sizes = {one.url: one.request.sizes()["responseBodySize"] for one in fetched}
    assert len(sizes) >= 4
    assert sum(sizes.values()) <= MOST, sizes
