"""The translators' round trip in the browser: out, checked, taken; and the review sheet with the mark of each text."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from campaigns.translation.sheet import TITLES
from messaging import sheets, texts
from messaging.models import Text, TextState, TextVersion
from tests.campaigns.admin.conftest import Browser, account, approve_all
from tests.world import World

Browse = Callable[[str], Browser]
PLACE = "/admin/essai/translation/hygiene-essai"
OFFICIAL = list(TITLES.values()).index("lettres officielles")
BAMBARA = "I bolo ko ni safunɛ ye"


def sheet(browser: Browser, language: str = "") -> list[list[str]]:
    """The rows of a sheet as it is downloaded."""
    data = browser.get(f"{PLACE}/sheet" + (f"?lang={language}" if language else "")).data
    return [[*row.cells] + [""] * (len(TITLES) - len(row.cells)) for row in sheets.read(data, keep_lines=True)]


def send(browser: Browser, rows: list[list[str]] | bytes, **form: object) -> TestResponse:
    """Choose a file, as rows or as bytes, and press the button."""
    data = rows if isinstance(rows, bytes) else sheets.write("xlsx", rows[0], rows[1:])
    return browser.post(PLACE, sheet=(io.BytesIO(data), "textes.xlsx"), **form)


def typed(browser: Browser, words: str = BAMBARA) -> list[list[str]]:
    """The sheet with a new Bambara text for the first step."""
    rows = sheet(browser, "bm")
    rows[1][OFFICIAL] = words
    return rows


def kept(page: str) -> dict[str, str]:
    """What the page keeps of the checked sheet for the next press."""
    return dict(re.findall(r'<input type="hidden" name="(data|take|overwrite)" value="([^"]*)">', page))


def bambara(office: World) -> tuple[Text, TextVersion]:
    """The Bambara text of the first step."""
    with office.db.read() as session:
        text = session.scalars(sa.select(Text).where(Text.language == "bm")).one()
        return text, texts.current(session, text)


def test_campaign_leads_to_the_sheet_and_to_the_review_sheets(editor: Browser) -> None:
    assert f'href="{PLACE}"' in editor.get("/admin/essai/campaigns/hygiene-essai").text
    page = editor.get(PLACE).text
    for language in ("fr", "bm", "dds"):
        assert f'href="{PLACE}/sheet?lang={language}"' in page
        assert (f'href="{PLACE}/review/{language}"' in page) is (language != "dds")


def test_sheet_is_a_workbook_of_all_languages_or_of_one(editor: Browser) -> None:
    answer = editor.get(f"{PLACE}/sheet?lang=bm")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="hygiene-essai-bm.xlsx"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert {row[3] for row in sheet(editor, "bm")[1:]} == {"bm"}
    assert {row[3] for row in sheet(editor)[1:]} == {"fr", "bm", "dds"}
    assert editor.get(f"{PLACE}/sheet?lang=mwk").status_code == 404
    assert editor.get(f"{PLACE}/review/mwk").status_code == 404


def test_sheet_is_checked_first_and_taken_at_the_second_press(editor: Browser, office: World) -> None:
    page = send(editor, typed(editor)).text
    assert "1 ligne(s) changée(s)" in page
    assert bambara(office)[0].version == 1  # nothing is written yet
    answer = editor.post(PLACE, **kept(page))
    assert answer.headers["Location"] == "/admin/essai/campaigns/hygiene-essai"
    text, version = bambara(office)
    assert (version.official, version.sms) == (BAMBARA, "I bolo ko ni safunè ye")
    assert (text.state, text.author_id, text.changed_by_staff) == (TextState.DRAFT, account(office, "editor").id, True)


def test_same_sheet_back_offers_nothing_to_store(editor: Browser) -> None:
    page = send(editor, sheet(editor)).text
    assert "0 ligne(s) changée(s)" in page
    assert not kept(page)


def test_problems_are_told_by_row_and_column(editor: Browser, office: World) -> None:
    page = send(editor, typed(editor, "safinè")).text
    cells = [html.unescape(cell) for cell in re.findall(r"<td[^>]*>([^<]*)</td>", page)]
    assert cells[:2] == ["2", "lettres officielles"]
    assert "1982" in cells[2]
    assert not kept(page)
    assert bambara(office)[0].version == 1


def test_warnings_are_shown_and_hold_nothing_up(editor: Browser) -> None:
    page = send(editor, typed(editor, "I bolo ko ni safine ye. " * 8))
    assert "À savoir" in page.text
    assert "2 SMS" in page.text
    assert kept(page.text)


def test_approved_text_is_replaced_only_when_that_is_ticked(editor: Browser, office: World) -> None:
    approve_all(office)
    rows = typed(editor)
    page = send(editor, rows)
    again = kept(page.text)
    assert again.keys() == {"data"}  # no button to take it
    page = editor.post(PLACE, **again, overwrite="1")
    assert "approuvé → brouillon" in html.unescape(page.text)
    assert bambara(office)[0].state is TextState.APPROVED
    assert editor.post(PLACE, **kept(page.text)).status_code == 303
    assert bambara(office)[0].state is TextState.DRAFT


def test_change_between_check_and_taking_is_told(editor: Browser, office: World) -> None:
    checked = kept(send(editor, typed(editor)).text)
    editor.post(PLACE, **kept(send(editor, typed(editor, "I bolo ko kosɛbɛ")).text))
    late = editor.post(PLACE, **checked)
    assert late.status_code == 409
    assert "depuis l'export" in html.unescape(late.text)
    assert bambara(office)[1].official == "I bolo ko kosɛbɛ"


@pytest.mark.parametrize(
    ("data", "word"), [(b"", "Choisissez"), (b"x" * 300_001, "trop grand")], ids=["no file", "a huge file"]
)
def test_what_cannot_be_a_sheet_is_refused(editor: Browser, data: bytes, word: str) -> None:
    answer = send(editor, data)
    assert answer.status_code == 400
    assert word in answer.text


@pytest.mark.parametrize("data", ["###", "", "QUJD"], ids=["no code", "nothing", "no sheet"])
def test_forged_form_stores_nothing(editor: Browser, office: World, data: str) -> None:
    assert editor.post(PLACE, data=data, take="1").status_code in (400, 409)
    assert bambara(office)[0].version == 1


def test_translator_writes_her_languages_only_and_readers_none(browse: Browse, office: World) -> None:
    translator = browse("translator")
    rows = sheet(translator, "dds")
    rows[1][OFFICIAL] = "Numo"
    assert "éditeur, ou traducteur" in send(translator, rows).text
    evaluation = browse("evaluation")
    assert 'type="file"' not in evaluation.get(PLACE).text
    assert send(evaluation, rows).status_code == 403


def test_campaign_of_another_programme_is_not_there(editor: Browser, other: World) -> None:
    rows = sheet(editor, "bm")
    rows[1][0] = "autre-campagne"
    assert "pas de campagne" in send(editor, rows).text
    assert editor.post("/admin/autre/translation/autre-campagne").status_code == 404


def test_review_sheet_names_exactly_what_is_read(editor: Browser, office: World) -> None:
    text, version = bambara(office)
    page = editor.read(f"{PLACE}/review/bm")
    mark = texts.mark(version)
    assert page.count(mark) == 2  # at the text, and above the signature
    assert "BROUILLON" in page
    for words, language in (
        ("Lavez les mains au savon ou a la cendre.", "fr"), (version.official, "bm"), (version.sms, "bm"),
        (version.read_aloud, "bm"),
    ):  # fmt: skip
        assert re.search(rf'<p[^>]* ?lang="{language}">{re.escape(words)}</p>', page), words
    assert "Étapes sans texte dans cette langue : quiz." in page
    for asked in ("Corrections", "retraduction", "Rôle", "Variété", "Jour de la lecture", "Signature"):
        assert asked in page
    editor.post(PLACE, **kept(send(editor, typed(editor)).text))
    assert mark not in editor.read(f"{PLACE}/review/bm")
    assert text.version == 1


def test_review_sheet_of_a_question_holds_its_answers(editor: Browser, office: World) -> None:
    page = editor.read(f"{PLACE}/review/fr")
    for said in (
        "Réponse 1",
        "la cendre",
        "Réponse 2",
        "rien",
        "Réponse juste",
        "Réponse fausse",
        "Prenez de la cendre.",
    ):
        assert said in page
    assert "retraduction" not in page
    approve_all(office)
    page = editor.read(f"{PLACE}/review/fr")
    assert "BROUILLON" not in page
    assert "approuvé" in page


def test_review_sheet_of_a_language_without_a_text(editor: Browser) -> None:
    page = editor.read(f"{PLACE}/review/dds")
    assert "rien à relire" in page
    assert "Signature" not in page


def test_pages_speak_english_too(editor: Browser) -> None:
    editor.post("/admin/settings", language="en")
    assert "Bring the sheet back" in editor.read(PLACE)
    assert "Mend them and import again" in send(editor, b"no sheet").text
    assert "Good as it is" in editor.read(f"{PLACE}/review/bm")
