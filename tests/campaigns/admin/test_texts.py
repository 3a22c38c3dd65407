"""A text in the browser: written with a live count, never overwritten unseen, reviewed and approved with four eyes."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from hypothesis import assume, given
from hypothesis import strategies as st

from campaigns.admin.writing import FIELDS, as_typed, read, taken
from campaigns.models import Campaign, CampaignState
from messaging import profile, staff, texts
from messaging.clock import utc_now
from messaging.models import (
    Gateway,
    LetterKind,
    Programme,
    Role,
    SmsForm,
    Staff,
    StaffRole,
    Text,
    TextState,
    TextVersion,
)
from messaging.wording import Wording, spelt
from tests.campaigns.admin.conftest import ORIGIN, Browser, account, approve_all, token
from tests.world import World

Browse = Callable[[str], Browser]
PLACE = "/admin/essai/campaigns/hygiene-essai/mains"
WHERE = {"programme": "essai", "campaign": "hygiene-essai", "step": "mains", "language": "fr"}


TYPED = st.text("aeEnNyég3 \nɛɔɲŋƐŊèòàçïœ’«»{}\u0301", max_size=12)


def words(page: str) -> str:
    """What a person reads of a page, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split()).replace(" ,", ",").replace(" .", ".")


def fields(page: str) -> dict[str, str]:
    """The fields of a text's form, as a browser sends them."""
    found = dict(re.findall(r'<input id="(option_\d)"[^>]* value="([^"]*)"', page))
    found |= dict(re.findall(r'<input type="hidden" name="(seen)" value="(\d+)"', page))
    found |= dict(re.findall(r'<textarea id="(\w+)"[^>]*>\n([^<]*)</textarea>', page))
    if "checked" in page:
        found["unicode"] = "1"
    return {name: html.unescape(value) for name, value in found.items()}


def form_of(typed: Wording) -> dict[str, str]:
    """A wording as a form sends it."""
    said = {name: getattr(typed, name) or "" for name in FIELDS}
    said |= {f"option_{digit}": answer for digit, answer in (typed.options or {}).items()}
    return {**said, "kind": typed.kind.value, **({"unicode": "1"} if typed.unicode else {})}


def is_composed(said: Wording) -> bool:
    """False where a mark stood on œ or ŋ: it melts into the e of oe or the g of ng when it is read again."""
    return all(unicodedata.is_normalized("NFC", part) for part in said.parts().values())


def stored(world: World, language: str) -> Wording:
    """The newest text of a language, as it is stored."""
    with world.db.read() as session:
        query = sa.select(TextVersion).join(Text, Text.id == TextVersion.text_id).where(Text.language == language)
        return texts.wording(session.scalars(query.order_by(TextVersion.made_at.desc()).limit(1)).one())


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
    form = fields(page)
    assert form["option_1"] == "la cendre"
    editor.post(place, **{**form, "right": "Oui, la cendre."})
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


def test_bambara_keeps_official_letters_and_the_profile_makes_the_sms(editor: Browser, office: World) -> None:
    place = PLACE.replace("mains", "quiz") + "/bm"
    editor.post(
        place, seen="0", official="Safunɛ? 1 ɲɛ 2 bolo", read_aloud="Safunɛ", option_1="ɲɛ", option_2="bolo",
        right="Tɛgɛ “ko”", comment="à vérifier",
    )  # fmt: skip
    said = stored(office, "bm")
    assert (said.official, said.sms, said.form) == ("Safunɛ? 1 ɲɛ 2 bolo", "Safunè? 1 nyè 2 bolo", SmsForm.PROFILE)
    assert said.options == {"1": "nyè", "2": "bolo"}
    assert said.right == 'Tègè "ko"'
    assert said.officials == {"option_1": "ɲɛ", "right": "Tɛgɛ “ko”"}
    page = editor.get(place).text
    assert fields(page)["sms"] == ""  # the profile makes it again
    assert fields(page) | {"official": "Safunɛ? 1 ɲɛ 2 bolo", "right": "Tɛgɛ “ko”"} == fields(page)
    assert fields(page)["option_1"] == "ɲɛ"
    editor.post(place, **fields(page))
    assert stored(office, "bm") == said


def test_translator_sees_every_part_of_the_french_text(editor: Browser) -> None:
    page = words(editor.get(PLACE.replace("mains", "quiz") + "/bm").text)
    assert "Réponse fausse Prenez de la cendre." in page
    assert "Réponse 1 la cendre Réponse 2 rien" in page


def test_hand_made_sms_form_is_kept_and_marked(editor: Browser, office: World) -> None:
    editor.post(f"{PLACE}/bm", seen="1", official="Safunɛ ko", sms="Safine ko", read_aloud="Safunɛ")
    said = stored(office, "bm")
    assert (said.sms, said.form) == ("Safine ko", SmsForm.REVIEWER)
    page = editor.get(f"{PLACE}/bm").text
    assert fields(page)["sms"] == "Safine ko"
    assert "forme du relecteur Écrite à la main. Le profil ferait : Safunè ko" in words(page)


def test_old_letters_are_declared_not_guessed(editor: Browser, office: World) -> None:
    where = {**WHERE, "language": "bm", "official": "safunè", "read_aloud": "x"}
    for kind, is_said in (("official", True), ("old", False)):
        page = words(editor.post("/admin/count", f"{PLACE}/bm", **where, kind=kind).text)
        assert ("Lettres d'avant 1982" in page) is is_said
    editor.post(f"{PLACE}/bm", seen="1", kind="old", official="safunè", read_aloud="safunè")
    assert stored(office, "bm").kind is LetterKind.OLD
    assert re.search(r'<option value="old" selected>', editor.get(f"{PLACE}/bm").text)


def test_dear_letters_are_offered_without_and_taken_on_the_server(editor: Browser, office: World) -> None:
    typed = {"sms": "Du maïs et un œuf", "read_aloud": "Du maïs", "right": "Bien sûr"}
    page = editor.post("/admin/count", f"{PLACE}/fr", **WHERE, **typed).text
    assert "Du mais et un oeuf tel quel : UCS-2 · 18 / 70 · 1 SMS · 10 XOF ainsi : GSM-7 · 18 / 160" in words(page)
    assert "Bien sur Réponse juste · tel quel : UCS-2" in words(page)
    shown = editor.post(f"{PLACE}/fr", seen="1", take="1", **typed)
    assert shown.status_code == 200
    kept = fields(shown.text)
    assert (kept["sms"], kept["official"]) == ("Du mais et un oeuf", "Du maïs et un œuf")
    assert "GSM-7" in shown.text
    assert "Sans son accent, ce mot se lit comme un autre : maïs" in words(shown.text)
    assert words_of(office) != "Du mais et un oeuf"  # nothing is saved
    editor.post(f"{PLACE}/fr", **kept)
    assert words_of(office) == "Du mais et un oeuf"
    again = fields(editor.get(f"{PLACE}/fr").text)
    assert (again["sms"], again["official"]) == ("Du mais et un oeuf", "Du maïs et un œuf")


def test_a_count_that_comes_behind_the_button_takes_no_notice_away(editor: Browser, office: World) -> None:
    """Its answer would bring back the cookie of before; now and then typing is a sign of life all the same."""
    typed = {**WHERE, "sms": "Du savon", "read_aloud": "Du savon"}
    assert "Set-Cookie" not in editor.post("/admin/count", f"{PLACE}/fr", **typed).headers
    page = editor.get(f"{PLACE}/fr")
    form = {"csrf_token": token(page.text), **typed}
    with time_machine.travel(utc_now() + timedelta(minutes=6)):
        late = editor.client.post(
            "/admin/count", base_url=ORIGIN, data=form, headers={"Referer": f"{ORIGIN}{PLACE}/fr"}
        )
    assert "Set-Cookie" in late.headers


def test_without_a_script_the_count_is_asked_for(editor: Browser, office: World) -> None:
    page = editor.post(f"{PLACE}/fr", seen="1", show="1", sms="Un œuf", read_aloud="x")
    assert page.status_code == 200
    assert "7 / 160" in page.text
    assert text_of(office).version == 1


def test_unicode_is_kept_as_it_was_typed(editor: Browser, office: World) -> None:
    typed = {"official": "I bolo ko ni safunɛ ye", "read_aloud": "x", "unicode": "1"}
    page = words(editor.post("/admin/count", f"{PLACE}/bm", **{**WHERE, "language": "bm"}, **typed).text)
    assert "UCS-2" in page
    assert "Hors de GSM-7" not in page
    editor.post(f"{PLACE}/bm", seen="1", **typed)
    assert stored(office, "bm").sms == "I bolo ko ni safunɛ ye"
    assert fields(editor.get(f"{PLACE}/bm").text)["sms"] == ""


def test_same_thing_is_said_once(editor: Browser) -> None:
    dear, long = "À 6 mois, donnez 3 000 g le 9 août.", "a" * 161
    ask = lambda sms: editor.post("/admin/count", f"{PLACE}/fr", **WHERE, sms=sms, read_aloud="x").text  # noqa: E731
    page = words(ask(dear) + ask(long))
    for said, otherwise in (
        ("Hors de GSM-7", "Ces signes sont hors de l'alphabet SMS"),
        ("Nombre coupé en groupes", "écrivez les nombres sans espace"),
        ("Nom de mois hors de GSM-7", "la date s'écrit"),
        ("À écrire plutôt", "Lettres qui coûtent"),
        ("SMS à payer", "Trop long"),
    ):
        assert (said in page) + (otherwise in page) == 1, (said, otherwise)


def test_both_letters_of_one_text_are_not_told_the_same_twice(editor: Browser) -> None:
    where = {**WHERE, "language": "bm"}
    page = words(editor.post("/admin/count", f"{PLACE}/bm", **where, official="safunɛ 77", read_aloud="x").text)
    assert page.count("Le chiffre 77 n'est pas dans les faits cités") == 1


def test_slots_of_the_step_are_listed_with_what_they_mean(editor: Browser) -> None:
    page = words(editor.get(f"{PLACE}/fr").text)
    assert "{club_name} nom SMS du club 24 signes au plus" in page
    assert "{rain}" not in page  # no bulletin
    assert "{station}" not in page  # no broadcast


@pytest.mark.parametrize("letters", profile.PROFILES)
@given(
    st.builds(
        Wording, sms=TYPED, official=TYPED, read_aloud=TYPED, club=st.none() | TYPED, right=st.none() | TYPED,
        wrong=st.none() | TYPED, options=st.none() | st.dictionaries(st.sampled_from("123"), TYPED, min_size=1),
        unicode=st.booleans(), kind=st.sampled_from(LetterKind),
    )
)  # fmt: skip
def test_opening_and_saving_a_text_changes_nothing(letters: str, typed: Wording) -> None:
    stored = spelt(read(form_of(typed)), letters)
    assume(stored.sms and is_composed(stored))
    assert spelt(read(form_of(as_typed(stored, letters))), letters) == stored


@given(TYPED, TYPED)
def test_taking_the_suggestion_keeps_the_official_letters(sms: str, right: str) -> None:
    typed = read({"sms": sms, "right": right})
    before, after = spelt(typed, "french"), spelt(taken(typed, "french"), "french")
    assume(is_composed(before))
    assert after.official == before.official
    assert after.read_aloud == before.read_aloud
    for part, words_before in before.parts().items():
        assert after.parts()[part] == (profile.spell(words_before, "french").suggested or words_before)


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
    assert "Hors de GSM-7 : ɔ (U+0254), ɛ (U+025B)" in page
    assert "b<mark>ɔ</mark> <mark>ɛ</mark></div>" in page
    assert "Marqué : ɔ, ɛ" in words(page)


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
    assert forced.status_code == 400
    assert "Vous avez écrit ce texte" in words(forced.text)
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
    page = translator.post(f"{PLACE}/fr/review", seen="1", remark="bien dit")
    assert text_of(office).state is TextState.DRAFT
    assert "a changé depuis que vous l'avez lu" in words(page.text)
    assert 'value="bien dit"' in page.text


def test_refused_approval_gives_its_reason_in_the_language_of_the_page(browse: Browse, office: World) -> None:
    approver = browse("approver")
    approver.post("/admin/settings", language="en")
    approver.post(f"{PLACE}/fr/approve", seen="1")
    assert "Only a reviewed text can be approved." in approver.read(PLACE)


def test_bambara_needs_a_third_person(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        person = staff.by_email(session, account(office, "translator").email)
        text = session.get_one(Text, text_of(office, "bm").id)
        texts.review(session, text.id, person, staff.roles(session, person.id), office.now, variety="Ségou")
        session.add(StaffRole(staff_id=person.id, role=Role.APPROVER))
        person.demonstration = True  # it practises, so that this role asks for no second factor
    browser = browse("translator")
    assert "troisième personne" in browser.read(PLACE)
    browser.post(f"{PLACE}/bm/approve", seen="1")
    assert text_of(office, "bm").state is TextState.REVIEWED


def test_signed_sheet_of_an_outside_reviewer(editor: Browser, office: World) -> None:
    with office.db.read() as session:
        version = texts.current(session, text_of(office, "bm"))
        sheet, day = texts.mark(version), version.made_at.date()
    filed = {"sheet": sheet, "role": "institutrice", "variety": "Ségou", "read_on": str(day), "remark": "bien"}
    for wrong, sentence in (
        ({"variety": " "}, "Écrivez la marque de la fiche, le rôle, la variété et le jour de la lecture."),
        ({"sheet": "9-9-FFFF"}, "Cette fiche est d'une autre version du texte"),
        ({"read_on": "2999-01-01"}, "Le jour de la lecture est dans l'avenir."),
        ({"read_on": str(day - timedelta(days=1))}, "Ce jour-là, ce texte n'était pas encore écrit."),
        ({"read_on": "hier"}, "le jour de la lecture"),
    ):
        page = editor.post(f"{PLACE}/bm/review", seen="1", **{**filed, **wrong})
        assert page.status_code == 400
        assert sentence in words(page.text)
        kept = {**filed, **wrong}
        assert all(f'value="{typed}"' in page.text for typed in kept.values()), wrong
        assert text_of(office, "bm").state is TextState.DRAFT
    assert editor.post(f"{PLACE}/bm/review", seen="1", **filed).status_code == 303
    assert text_of(office, "bm").state is TextState.REVIEWED
    page = words(editor.get(PLACE).text)
    assert re.search(rf"Relu sur fiche par : institutrice \(Ségou\), {day.day} \w+\.? {day.year}, fiche {sheet}", page)
    assert "version 1 · enregistré par editor" in page


def test_reviewer_of_bambara_names_her_variety_and_what_she_typed_is_kept(browse: Browse, office: World) -> None:
    translator = browse("translator")
    page = translator.post(f"{PLACE}/bm/review", seen="1", variety="", remark="à voir à Kita")
    assert page.status_code == 400
    assert "Écrivez la variété que vous parlez" in words(page.text)
    assert 'value="à voir à Kita"' in page.text
    assert translator.post(f"{PLACE}/bm/review", seen="1", variety="Kita", remark="bien").status_code == 303
    page = words(translator.get(PLACE).text)
    assert "Relu par translator (Kita)" in page
    assert "PAS ENCORE APPROUVÉ : seul le simulateur le porte." in page


def test_history_tells_who_did_what_and_why_a_text_is_a_draft_again(browse: Browse, office: World) -> None:
    approve_all(office)
    page = words(browse("officer").get(PLACE).text)
    assert page.count("Approuvé par") == 4  # two texts, in the line below the title and in the history
    assert "BROUILLON" not in page
    browse("editor").post(f"{PLACE}/fr", seen="1", sms="Lavez-vous les mains.", read_aloud="Lavez-vous.")
    page = words(browse("officer").get(PLACE).text)
    assert "Modifié par editor" in page
    assert "Redevenu brouillon : le texte français a changé" in page
    assert page.count("BROUILLON : seul le simulateur le porte.") == 2
    assert "Relu : j'accepte" not in page  # an officer reviews nothing


def test_step_shows_both_letters_with_their_sizes_and_the_remarks(editor: Browser, office: World) -> None:
    editor.post(f"{PLACE}/bm", seen="1", official="I bolo ko ni safunɛ ye", read_aloud="I bolo ko.", sms="I bolo ko")
    page = words(editor.get(PLACE).text)
    assert "I bolo ko GSM-7 · 9 / 160 · 1 SMS · 10 XOF · forme du relecteur" in page
    assert "I bolo ko ni safunɛ ye telles quelles : UCS-2 · 22 / 70 · 1 SMS · 10 XOF" in page
    editor.post(f"{PLACE}/bm", seen="2", official="I bolo ko ni safunɛ ye à 3 000", read_aloud="I bolo ko.")
    page = words(editor.get(PLACE).text)
    assert "I bolo ko ni safunè ye à 3 000 Marqué : à, 3 000" in page
    assert "fait par le profil" in page
    assert "remarques À voir Ton, mot français ou nom propre ? à." in page


def test_unwritten_language_shows_the_attested_words_of_the_french_text(editor: Browser, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Programme).values(languages=["fr", "bm", "dts", "dds"]))
    page = words(editor.get(PLACE).text)
    assert "à traduire" in page
    assert "savon : samnɛ DCL 07568" in page
    assert page.count("mots attestés") == 1  # of Donno So no word is known
    assert "samnɛ" in words(editor.get(f"{PLACE}/dts").text)


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
    page = approver.get(f"{place}/cost").text
    shown = re.findall(r'name="accepted" value="(bm:[^"]+)"', page)  # the quiz has no Bambara text
    assert len(shown) == 1
    for accepted in ([], ["bm:dds"]):  # nothing, or a fallback that was never shown
        approver.post(f"{place}/approve", accepted=accepted)
        with office.db.read() as session:
            assert session.scalars(sa.select(Campaign.state)).one() is CampaignState.DRAFT
    approver.post(f"{place}/approve", accepted=shown)
    with office.db.read() as session:
        row = session.scalars(sa.select(Campaign)).one()
        assert row.state is CampaignState.APPROVED
        assert row.approver_id == session.scalars(sa.select(Staff.id).where(Staff.name == "approver")).one()
