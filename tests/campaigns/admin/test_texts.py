"""A text in the browser: written with a live count, never overwritten unseen, reviewed and approved with four eyes."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa

from campaigns.models import Campaign, CampaignState
from messaging import staff, texts
from messaging.models import Gateway, Programme, Role, Staff, StaffRole, Text, TextState, TextVersion
from tests.campaigns.admin.conftest import Browser, account, approve_all
from tests.world import World

Browse = Callable[[str], Browser]
PLACE = "/admin/essai/campaigns/hygiene-essai/mains"
WHERE = {"programme": "essai", "campaign": "hygiene-essai", "step": "mains", "language": "fr"}


def text_of(world: World, language: str = "fr") -> Text:
    """The first step's text in a language."""
    with world.db.read() as session:
        query = sa.select(Text).where(Text.language == language).order_by(Text.id).limit(1)
        return session.scalars(query).one()


def words_of(world: World, language: str = "fr") -> str:
    """What it says now."""
    text = text_of(world, language)
    with world.db.read() as session:
        return session.get_one(TextVersion, (text.id, text.version)).sms


def test_edit_makes_a_new_draft_of_the_editor(editor: Browser, office: World) -> None:
    approve_all(office)
    assert "remet ce texte en brouillon" in editor.read(f"{PLACE}/fr")
    answer = editor.post(f"{PLACE}/fr", seen="1", sms="Lavez-vous les mains.\r\nMerci", read_aloud="Lavez-vous.")
    assert answer.headers["Location"] == f"{PLACE}#fr"
    text = text_of(office)
    assert (text.version, text.state, text.changed_by_staff) == (2, TextState.DRAFT, True)
    assert text.author_id == account(office, "editor").id
    assert words_of(office) == "Lavez-vous les mains.\nMerci"


def test_edit_keeps_every_part_of_a_question(editor: Browser, office: World) -> None:
    place = PLACE.replace("mains", "quiz") + "/fr"
    page = editor.read(place)
    form = dict(re.findall(r'<input id="(option_\d)"[^>]* value="([^"]*)"', page))
    form |= dict(re.findall(r'<textarea id="(\w+)"[^>]*>\n([^<]*)</textarea>', page))
    assert form["option_1"] == "la cendre"
    editor.post(place, seen="1", **{**form, "right": "Oui, la cendre."})
    with office.db.read() as session:
        version = session.scalars(sa.select(TextVersion).where(TextVersion.right == "Oui, la cendre.")).one()
        assert version.options == {"1": "la cendre", "2": "rien"}
        assert version.wrong == "Prenez de la cendre."
        assert version.official == version.sms


def test_missing_language_is_written_as_a_first_draft(browse: Browse, office: World) -> None:
    editor = browse("editor")
    assert editor.post(f"{PLACE}/dds", seen="0", sms="Numo", read_aloud="Numo").status_code == 303
    assert text_of(office, "dds").changed_by_staff
    assert editor.get(f"{PLACE}/mwk").status_code == 404  # not a language of the programme
    assert browse("translator").get(f"{PLACE}/dds").status_code == 403


def test_second_editor_is_told_and_loses_nothing(browse: Browse, office: World) -> None:
    first, second = browse("editor"), browse("second_editor")
    assert first.post(f"{PLACE}/fr", seen="1", sms="Les mots du premier", read_aloud="x").status_code == 303
    page = second.post(f"{PLACE}/fr", seen="1", sms="Les mots du second", read_aloud="y")
    assert page.status_code == 409
    assert "Les mots du second" in page.text
    assert "Les mots du premier" in page.text
    assert words_of(office) == "Les mots du premier"
    seen = re.search(r'name="seen" value="(\d+)"', page.text)
    assert seen and seen[1] == "2"
    assert second.post(f"{PLACE}/fr", seen="2", sms="Les mots du second", read_aloud="y").status_code == 303
    assert second.post(f"{PLACE}/bm", seen="0", sms="z", read_aloud="z").status_code == 409


def test_empty_sms_is_refused_and_the_rest_kept(editor: Browser) -> None:
    page = editor.post(f"{PLACE}/fr", seen="1", sms="  ", read_aloud="mes mots")
    assert page.status_code == 400
    assert "mes mots" in page.text


def test_live_count_names_encoding_units_segments_price_and_dear_letters(editor: Browser, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Gateway).values(price_micros=25_000_000))
    page = editor.post("/admin/count", f"{PLACE}/fr", **WHERE, sms="a" * 161, read_aloud="x").text
    figures = re.findall(r"<dd>([^<]+)</dd>", page)
    assert figures == ["GSM-7", "161 / 306", "2", "50\xa0XOF"] or figures == ["GSM-7", "161 / 306", "2", "50 XOF"]
    page = editor.post("/admin/count", f"{PLACE}/fr", **WHERE, sms="bɔ ɛ", read_aloud="x").text
    assert "UCS-2" in page
    assert "ɔ ɛ" in page


def test_live_count_takes_slots_at_their_longest(editor: Browser) -> None:
    page = editor.post("/admin/count", f"{PLACE}/fr", **WHERE, sms="{club_name}", read_aloud="x").text
    assert "24 / 160" in page
    assert "{club_name}" in page


def test_live_count_says_what_the_editing_rules_find(editor: Browser) -> None:
    page = editor.post("/admin/count", f"{PLACE}/fr", **WHERE, sms="Envoyez votre code secret", read_aloud="x").text
    assert "demande une donnée personnelle" in page
    editor.post("/admin/settings", language="en")
    page = editor.post("/admin/count", f"{PLACE}/fr", **WHERE, sms="Envoyez votre code secret", read_aloud="x").text
    assert "asks for personal data" in page


def test_author_may_not_review_her_own_text_and_is_told_why(browse: Browse, office: World) -> None:
    translator = browse("translator")
    translator.post(f"{PLACE}/fr", seen="1", sms="Mes mots", read_aloud="Mes mots")
    page = translator.read(PLACE)
    assert "Vous avez écrit ce texte" in page
    assert "somebody else" not in page
    forced = translator.post(f"{PLACE}/fr/review", seen="2")
    assert forced.status_code == 303
    assert "Vous avez écrit ce texte" in translator.read(PLACE)
    assert text_of(office).state is TextState.DRAFT


def test_review_then_approval_by_two_people(browse: Browse, office: World) -> None:
    translator, approver = browse("translator"), browse("approver")
    assert "Relu : j'accepte" in translator.read(PLACE)
    translator.post(f"{PLACE}/fr/review", seen="1", remark="bien")
    assert text_of(office).state is TextState.REVIEWED
    assert "1 texte" in approver.get("/admin/").text
    approver.post(f"{PLACE}/fr/approve", seen="1")
    assert text_of(office).state is TextState.APPROVED
    assert "approuvé" in approver.read(PLACE)


def test_words_that_changed_since_they_were_read_are_not_approved(browse: Browse, office: World) -> None:
    translator, editor = browse("translator"), browse("editor")
    editor.post(f"{PLACE}/fr", seen="1", sms="D'autres mots", read_aloud="x")
    translator.post(f"{PLACE}/fr/review", seen="1")
    assert text_of(office).state is TextState.DRAFT
    assert "a changé depuis que vous l'avez lu" in translator.read(PLACE)


def test_refused_approval_gives_its_reason_in_the_language_of_the_page(browse: Browse, office: World) -> None:
    approver = browse("approver")
    approver.post("/admin/settings", language="en")
    approver.post(f"{PLACE}/fr/approve", seen="1")
    assert "Only a reviewed text can be approved." in approver.read(PLACE)


def test_bambara_needs_a_third_person(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        person = staff.by_email(session, account(office, "translator").email)
        text = session.get_one(Text, text_of(office, "bm").id)
        texts.review(session, text.id, person, staff.roles(session, person.id), office.now)
        session.add(StaffRole(staff_id=person.id, role=Role.APPROVER))
    browser = browse("translator")
    assert "troisième personne" in browser.read(PLACE)
    browser.post(f"{PLACE}/bm/approve", seen="1")
    assert text_of(office, "bm").state is TextState.REVIEWED


def test_signed_sheet_of_an_outside_reviewer(editor: Browser, office: World) -> None:
    editor.post(f"{PLACE}/bm/review", seen="1", sheet="1", role="institutrice", variety="", read_on="2026-03-01")
    assert text_of(office, "bm").state is TextState.DRAFT
    assert "variété" in editor.read(PLACE)
    editor.post(f"{PLACE}/bm/review", seen="1", sheet="1", role="institutrice", variety="Ségou", read_on="2026-03-01")
    assert text_of(office, "bm").state is TextState.REVIEWED
    with office.db.read() as session:
        assert texts.history(session, text_of(office, "bm").id)[-1].outside_role == "institutrice"


def test_campaign_starts_and_pauses(editor: Browser, office: World) -> None:
    place = "/admin/essai/campaigns/hygiene-essai"
    editor.post(f"{place}/start")
    assert "en cours" in editor.read(place)
    editor.post(f"{place}/pause")
    page = editor.read(place)
    assert "en pause" in page
    assert "Reprendre" in page
    editor.post(f"{place}/pause")
    assert "pas en cours" in editor.read(place)


def test_real_campaign_does_not_start_before_it_is_approved(editor: Browser, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Programme).values(demonstration=False))
    editor.post("/admin/essai/campaigns/hygiene-essai/start")
    assert "approuver" in editor.get("/admin/essai/campaigns/hygiene-essai").text
    with office.db.read() as session:
        assert session.scalars(sa.select(Campaign.state)).one() is CampaignState.DRAFT


def test_campaign_is_approved_with_the_fallbacks_that_were_ticked(browse: Browse, office: World) -> None:
    approve_all(office)
    approver = browse("approver")
    place = "/admin/essai/campaigns/hygiene-essai"
    page = approver.get(place).text
    assert re.search(r'name="accepted" value="bm"', page)  # the quiz has no Bambara text
    approver.post(f"{place}/approve")
    with office.db.read() as session:
        assert session.scalars(sa.select(Campaign.state)).one() is CampaignState.DRAFT
    approver.post(f"{place}/approve", accepted=["bm"])
    with office.db.read() as session:
        row = session.scalars(sa.select(Campaign)).one()
        assert row.state is CampaignState.APPROVED
        assert row.approver_id == session.scalars(sa.select(Staff.id).where(Staff.name == "approver")).one()
