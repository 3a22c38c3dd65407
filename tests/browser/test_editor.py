"""The editor of campaigns in a real browser: effects told, steps in and out, history, two editors, one message now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from campaigns import life, loading
from campaigns.definitions import Definition
from campaigns.models import Campaign, CampaignState, Step
from messaging import outbox
from messaging.clock import local, utc_now
from messaging.models import Club, Facilitator, FacilitatorClub, Message, Programme, TextVersion
from messaging.models.people import ClubKind
from messaging.models.post import State
from messaging.rules import Reason
from tests.browser.looks import violations
from tests.browser.running import Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
PROGRAMME = "caisses-bandiagara"
CAMPAIGNS = f"/admin/{PROGRAMME}/campaigns"
CODE = "editeur"
PLACE = f"{CAMPAIGNS}/{CODE}"
SOON = timedelta(minutes=12)  # later than the tests take, sooner than the planner looks ahead


@pytest.fixture(autouse=True)
def clubs(site: Site) -> Iterator[tuple[str, int]]:
    """The code of a club and its facilitator's phone; a draft of two steps for it, which is ended afterwards."""
    with site.here.db.write() as session:
        programme = session.scalars(sa.select(Programme).where(Programme.code == PROGRAMME)).one()
        query = (
            sa.select(Club.code, Facilitator.phone_id)
            .join(FacilitatorClub, FacilitatorClub.club_id == Club.id)
            .join(Facilitator, Facilitator.id == FacilitatorClub.facilitator_id)
            .where(Club.programme_id == programme.id, Club.kind == ClubKind.LISTENERS_CLUB, Club.closed_on.is_(None))
            .where(Club.relay_phone_id.is_(None))
        )
        club, phone = session.execute(query.order_by(Club.code.desc()).limit(1)).one()
        loading.load(session, programme, definition(f"{CODE}-{utc_now():%H%M%S%f}", club), utc_now())
    yield club, phone
    with site.here.db.write() as session:
        ours = sa.or_(Campaign.code.startswith(CODE), Campaign.code.startswith("message-"))
        for row in session.scalars(sa.select(Campaign).where(ours)).all():
            row.state = CampaignState.ENDED
            steps = sa.select(Step.id).where(Step.campaign_id == row.id)
            outbox.close_all(session, Message.step_id.in_(steps), Reason.CHANGED, utc_now())


def definition(code: str, club: str) -> Definition:
    at = local(utc_now() + SOON, "Africa/Bamako")
    texts = {"fr": {"sms": "Lavez les mains au savon.", "read_aloud": "Lavez les mains au savon."}}
    step = {
        "step": "savon", "kind": "message", "send_as": "service", "when": {"date": at.date().isoformat()},
        "hour": f"{at:%H:%M}", "facts": ["HY3"], "facts_checked": "2026-11-01", "one_act": True, "texts": texts,
    }  # fmt: skip
    return Definition.model_validate(
        {
            "campaign": code, "title": {"fr": "Essai de l'éditeur", "en": "Trial of the editor"}, "topic": "hygiene",
            "pillar": "social", "audience": {"role": "club", "clubs": [club]},
            "steps": [step, {**step, "step": "cendre", "when": {"weekly": "mon"}}],
        }
    )  # fmt: skip


def newest(site: Site, start: str = CODE) -> tuple[Campaign, list[str]]:
    """The newest campaign of ours, and the codes of its steps."""
    with site.here.db.read() as session:
        query = sa.select(Campaign).where(Campaign.code.startswith(start)).order_by(Campaign.id.desc()).limit(1)
        row = session.scalars(query).one()
        return row, [step.code for step in loading.steps_of(session, row.id)]


def started(site: Site) -> int:
    """Start the newest campaign; gives its first step, once the engine has put its message into the outbox."""
    with site.here.db.write() as session:
        row = session.get_one(Campaign, newest(site)[0].id)
        life.start(session, row.id, None, utc_now())
        step = loading.steps_of(session, row.id)[0].id
    site.app.extensions["jekulu.wake"]("plan")
    return step


def messages(site: Site, step: int) -> list[Message]:
    with site.here.db.read() as session:
        return list(session.scalars(sa.select(Message).where(Message.step_id == step)))


def test_an_hour_is_moved_and_what_that_does_is_told_before(sign_in: Open, site: Site) -> None:
    page = sign_in()
    step = started(site)
    for _ in range(40):
        if messages(site, step):
            break
        page.wait_for_timeout(250)
    row, _codes = newest(site)
    page.goto(f"{CAMPAIGNS}/{row.code}/savon/edit")
    page.fill("#hour", "23:50")
    page.get_by_role("button", name="Mettre en pause et continuer ici").click()
    expect(page.locator("#hour")).to_have_value("23:50")
    page.get_by_role("button", name="Vérifier ce que cela fait").click()
    told = page.locator(".consequences")
    expect(told).to_contain_text("1 message attend selon l'ancienne règle : il est retiré, puis refait")
    expect(told).to_contain_text("une autre personne l'approuve avant qu'elle reparte")
    expect(told).to_contain_text("Vise 1 téléphone aujourd'hui")
    assert not violations(page)
    page.get_by_role("button", name="Enregistrer ce changement").click()
    expect(page.locator(".notice.good")).to_contain_text("Étape enregistrée")
    assert [(one.state, one.reason) for one in messages(site, step)] == [(State.CLOSED, "changed")]
    page.goto(f"{CAMPAIGNS}/{row.code}")
    expect(page.locator("h1")).to_contain_text("brouillon")
    expect(page.locator("main")).to_contain_text("ce qui attend reste retenu")
    assert not violations(page)


def test_a_step_comes_goes_and_is_restored(sign_in: Open, site: Site) -> None:
    page = sign_in()
    row, _codes = newest(site)
    page.goto(f"{CAMPAIGNS}/{row.code}")
    page.locator("tbody tr").first.locator("summary").click()
    page.get_by_role("link", name="Ajouter après savon").click()
    page.fill("#step", "plus")
    page.select_option("#trigger", "weekly")
    expect(page.locator("#after_enrolment")).to_be_hidden()  # only what the trigger needs stands there
    page.get_by_label("jeudi").check()
    page.fill("#hour", "16h30")
    page.fill("#facts", "HY99")
    page.get_by_role("button", name="Enregistrer", exact=True).last.click()
    expect(page.locator("#facts-fault")).to_contain_text("Le fait « HY99 » n'existe pas.")
    expect(page.get_by_label("jeudi")).to_be_checked()
    assert not violations(page)
    page.fill("#facts", "HY3")
    page.get_by_role("button", name="Enregistrer", exact=True).last.click()
    expect(page.locator(".notice.good")).to_contain_text("Étape ajoutée")
    assert newest(site)[1] == ["savon", "plus", "cendre"]
    page.goto(f"{CAMPAIGNS}/{row.code}/savon/edit#remove")
    page.get_by_role("button", name="Retirer l'étape").click()
    expect(page.locator(".notice.good")).to_be_visible()
    assert newest(site)[1] == ["plus", "cendre"]
    page.get_by_role("link", name="Historique").click()
    expect(page.locator(".past > li").first).to_contain_text("Étape retirée par Aminata")
    assert not violations(page)
    page.get_by_role("button", name="Restaurer cette version").last.click()
    expect(page.locator(".notice.good")).to_contain_text("restaurée")
    assert newest(site)[1] == ["savon", "cendre"]


def test_the_form_works_without_a_script(sign_in: Open, site: Site) -> None:
    page = sign_in(java_script_enabled=False)
    row, _codes = newest(site)
    page.goto(f"{CAMPAIGNS}/{row.code}/cendre/edit")
    page.select_option("#trigger", "market")
    page.select_option("#market", "day")
    page.get_by_role("button", name="Enregistrer", exact=True).last.click()
    page.goto(f"{CAMPAIGNS}/{row.code}")
    expect(page.locator("tr", has=page.get_by_role("link", name="cendre", exact=True))).to_contain_text("marché")


def test_two_editors_on_one_step_the_second_is_told_and_loses_nothing(sign_in: Open, site: Site) -> None:
    first, second = sign_in(), sign_in()
    address = f"{CAMPAIGNS}/{newest(site)[0].code}/cendre/edit"
    for page, hour in ((first, "18:00"), (second, "19:00")):
        page.goto(address)
        page.fill("#hour", hour)
    first.get_by_role("button", name="Enregistrer", exact=True).last.click()
    second.fill("#national_text", "classeur 4")
    refused(second, lambda: second.get_by_role("button", name="Enregistrer", exact=True).last.click())
    expect(second.get_by_role("alert")).to_contain_text("Quelqu'un d'autre a changé cette campagne")
    expect(second.locator("#hour")).to_have_value("19:00")
    expect(second.locator("#national_text")).to_have_value("classeur 4")
    expect(second.locator("section", has=second.locator("#meanwhile"))).to_contain_text("18:00")
    assert not violations(second)


def test_two_editors_on_one_text_the_second_is_told_and_loses_nothing(sign_in: Open, site: Site) -> None:
    first, second = sign_in(), sign_in("bakary")
    address = f"{CAMPAIGNS}/{newest(site)[0].code}/savon/fr"
    for page, words in ((first, "Du savon, vite."), (second, "De la cendre, vite.")):
        page.goto(address)
        page.fill("#sms", words)
    first.locator(".rest .actions button").first.click()
    expect(first.locator(".notice.good")).to_contain_text("Texte enregistré")
    refused(second, lambda: second.locator(".rest .actions button").first.click())
    expect(second.get_by_role("alert")).to_contain_text("Quelqu'un d'autre a changé ce texte")
    expect(second.locator("#sms")).to_have_value("De la cendre, vite.")
    expect(second.locator("main")).to_contain_text("Du savon, vite.")
    second.locator(".rest .actions button").first.click()  # knowing, he may
    expect(second.locator(".notice.good")).to_contain_text("Texte enregistré")
    first.goto(f"{address}/history")
    expect(first.locator("del").first).to_contain_text("Du savon")
    expect(first.locator("ins").first).to_contain_text("De la cendre")
    assert not violations(first)
    first.get_by_role("button", name="Restaurer cette version 2").click()
    expect(first.locator(".notice.good")).to_contain_text("C'est un brouillon")
    with site.here.db.read() as session:
        words = session.scalars(sa.select(TextVersion.sms).order_by(TextVersion.made_at.desc()).limit(1)).one()
    assert words == "Du savon, vite."


def test_one_message_now_is_approved_by_others_and_reaches_the_phone(
    sign_in: Open, site: Site, clubs: tuple[str, int]
) -> None:
    """Waits for the engine to plan and send."""
    club, phone = clubs
    editor, translator, approver = sign_in(), sign_in("bakary"), sign_in("coumba")
    editor.goto(f"{CAMPAIGNS}/once")
    assert not violations(editor)
    editor.fill("#sms", f"Club {club}: la radio parle du moringa ce soir.")
    editor.select_option("#topic", "agro")
    editor.select_option("#role", "club")
    editor.fill("#clubs", club)
    editor.get_by_role("button", name="Enregistrer le brouillon").last.click()
    expect(editor.locator(".presses")).to_contain_text("reste 1 texte")
    address = editor.url.removeprefix(site.address)
    translator.goto(f"{address}/message")
    translator.locator("#fr").get_by_role("button", name="Relu : j'accepte").click()
    approver.goto(f"{address}/message")
    approver.locator("#fr").get_by_role("button", name="Approuver").click()
    approver.goto(f"{address}/cost")
    for box in approver.locator("input[name=accepted]").all():
        box.check()
    approver.get_by_role("button", name="Approuver la campagne").click()
    expect(approver.locator("h1")).to_contain_text("approuvée")
    editor.goto(address)
    editor.get_by_role("button", name="Démarrer").click()
    expect(editor.locator("h1")).to_contain_text("en cours")
    editor.goto(f"/simulator/?phone={phone}")
    expect(editor.locator(".thread .got").last).to_contain_text(f"Club {club}: la radio parle du moringa ce soir.")


def refused(page: Page, press: Callable[[], None]) -> None:
    """Press, and expect the answer 409; the count of letters, which a page asks by itself, may come in between."""
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and not answer.url.endswith("/count")
    ) as it:
        press()
    assert it.value.status == 409
