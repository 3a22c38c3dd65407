"""The translators' round trip: out and back changes nothing, what is typed arrives letter by letter, four eyes hold."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
import xlsxwriter
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import wsgi
from campaigns import library, translation
from campaigns.definitions import read as read_definition
from campaigns.models import Campaign, Step
from campaigns.translation.entries import NOTHING, STATES, Entry, joined, notes
from campaigns.translation.lines import read
from campaigns.translation.matching import Row
from campaigns.translation.rewording import reword
from campaigns.translation.sheet import TITLES
from messaging import profile, sheets, staff, texts
from messaging.models import Audit, Programme, Role, SmsForm, Text, TextState, TextVersion
from messaging.wording import Wording, spelt
from tests.campaigns.translators import (
    BACK,
    CAMPAIGN,
    COLUMN,
    COMMENT,
    HYGIENE,
    MAINS_BM,
    MAINS_DDS,
    MAINS_FR,
    OFFICIAL,
    QUIZ_BM,
    QUIZ_FR,
    READ_BM,
    SMS,
    Office,
    told,
)
from tests.conftest import NOW
from tests.world import World


@pytest.fixture
def office(world: World) -> Office:
    """The small campaign on either database."""
    return Office(world.db).prepare(CAMPAIGN)


# --- out and back


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_the_whole_library_out_and_back_changes_nothing(world: World, form: sheets.Format) -> None:
    found = [read_definition(path.read_text(encoding="utf-8"), path.name)[0] for path in library.files()]
    office = Office(world.db).prepare(*(one for one in found if one))
    with world.db.write() as session:
        for step in session.scalars(sa.select(Step).where(Step.id % 3 == 0)).all():
            words = Wording("", "Ɛ, ɔ ni ŋ: « safinɛ » {place}\nɲɛ", "ɲɛgɛn…", comment="a\nb", back_translation="savon")
            texts.write(session, step.id, "bm", spelt(words, "manding-dogon"), NOW)
    before, sheet = office.all_stored(), office.export(form)
    taken = office.take(sheet)
    assert (len(taken.changes), taken.problems) == (0, ())
    assert taken.unchanged == len(sheets.read(sheet)) - 1 > 700
    assert office.all_stored() == before


LETTERS = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
BAMBARA = st.text(st.sampled_from("abcdegiklmnorstuwy ɛɔɲŋƐƆƝŊ'’èò.,?!0123456789 \n"), max_size=80)


def entry(said: Wording | None, language: str = "bm", french: Wording = NOTHING) -> Entry:
    """A text of one step, on no shelf."""
    campaign = Campaign(code="c", definition={}, topic="hygiene")
    step = Step(code="s", definition={**HYGIENE, "step": "s"})
    if said is None:
        return Entry(campaign, step, language, "manding-dogon", french)
    text = Text(id=7, step_id=1, language=language, version=2, state=TextState.DRAFT)
    values = {name: getattr(said, name) for name in Wording.__dataclass_fields__}
    version = TextVersion(text_id=7, version=2, hash=said.hash, **values)
    return Entry(campaign, step, language, "manding-dogon", french, text, version)


@given(
    st.builds(
        Wording, LETTERS, LETTERS, LETTERS, right=LETTERS, club=st.none() | LETTERS, comment=st.none() | LETTERS,
        options=st.none() | st.dictionaries(st.sampled_from("123"), LETTERS), back_translation=st.none() | LETTERS,
    ),
    LETTERS,
    st.sampled_from(["xlsx", "csv"]),
)  # fmt: skip
def test_whatever_is_stored_comes_back_as_unchanged(said: Wording, french: str, form: sheets.Format) -> None:
    one = entry(said, french=replace(NOTHING, sms=french, official=french))
    lines, problems = read(translation.write(form, [one]))
    assert [(line.place[2], Row(line, one, line.place[2]).typed) for line in lines] == [(p, {}) for p in one.parts()]
    assert not problems


@given(BAMBARA)
def test_no_letter_of_a_typed_text_is_lost(typed: str) -> None:
    cell = sheets.clean(typed, keep_lines=True)
    made = reword(
        entry(None), {"sms": {"official": cell}, "right": {"official": cell}, "read_aloud": {"official": cell}}
    )
    assert (made.official, made.read_aloud) == (cell, cell)
    air = profile.spell(cell, "manding-dogon").sms
    assert (made.sms, made.right or "", made.official_of("right")) == (air, air, cell if air else "")


@given(BAMBARA, BAMBARA)
def test_hand_written_sms_letters_are_kept(official: str, own: str) -> None:
    official, own = (sheets.clean(words, keep_lines=True) for words in (official, own))
    made = reword(entry(None), {part: {"official": official, "sms": own} for part in ("sms", "wrong")})
    tidy, machine = (
        profile.spell(words, "manding-dogon", kind).sms for words, kind in ((own, "old"), (official, "official"))
    )
    assert made.sms == (tidy or (machine if official else ""))
    assert (made.wrong or "") == (tidy or machine)
    if official and tidy not in ("", machine):
        assert (made.form, made.official_of("wrong")) == (SmsForm.REVIEWER, official)


@pytest.mark.parametrize(
    ("kept", "by_part"),
    [
        (None, {}),
        ("un doute", {"sms": "un doute"}),
        (
            "un doute\nright: trop long\nclub: ton familier",
            {"sms": "un doute", "right": "trop long", "club": "ton familier"},
        ),
        ("note : rien", {"sms": "note : rien"}),
    ],
)
def test_notes_stand_with_the_part_they_speak_of(kept: str | None, by_part: dict[str, str]) -> None:
    assert notes(kept) == by_part
    assert joined(by_part) == kept


# --- the sheet


def test_languages_without_a_text_have_empty_rows_to_fill_in(office: Office) -> None:
    sheet = office.sheet()
    assert sheet.rows[0] == list(TITLES.values())
    assert [row[2] for row in sheet.rows[QUIZ_BM - 1 : QUIZ_BM + 5]] == [
        "sms", "option_1", "option_2", "right", "wrong", "read_aloud",
    ]  # fmt: skip
    assert sheet.rows[QUIZ_BM][3:] == ["bm", "la cendre", "", "", "", "à traduire", "", "", "NOUVEAU"]
    text, _words = office.text("mains", "bm")
    bambara = [sheet.get(MAINS_BM, title) for title in (OFFICIAL, SMS, "segments", "état", COMMENT)]
    assert bambara == ["I bolo ko ni safinɛ ye", "I bolo ko ni safinè ye", "1", "brouillon", "relu au CSCom"]
    assert sheet.get(MAINS_BM, "marque").startswith(f"{text.id}-1-")


def test_segments_are_counted_at_the_longest_values(office: Office) -> None:
    sheet = office.sheet()
    words = "{place} " + "a" * 150
    sheet.set(sheet.row("village", "sms", "fr"), OFFICIAL, words)
    assert not office.take(sheet).problems
    again = office.sheet()
    assert again.get(again.row("village", "sms", "fr"), "segments") == "2"


def test_one_language_alone(office: Office) -> None:
    rows = sheets.read(office.export(spoken=("bm",)))[1:]
    assert {row.cells[3] for row in rows} == {"bm"}
    assert {row.cells[4] for row in rows} > {"Lavez les mains au savon."}


def test_the_workbook_is_plain_to_type_into(office: Office) -> None:
    with office.db.write() as session:
        step = session.scalars(sa.select(Step).where(Step.code == "village")).one()
        texts.write(session, step.id, "dds", Wording("=1+1", "=1+1", "+22376000011"), NOW)
    book = openpyxl.load_workbook(io.BytesIO(office.export()))
    sheet = book.worksheets[0]
    assert sheet.freeze_panes == "A2"
    formula = sheet.cell(12, COLUMN[OFFICIAL] + 1)
    assert (formula.value, formula.data_type) == ("=1+1", "s")
    grey = {title: sheet.cell(4, place + 1).fill.fgColor.rgb for title, place in COLUMN.items()}
    typed = {title for title, colour in grey.items() if colour == "00000000"}
    assert typed == {OFFICIAL, SMS, COMMENT, BACK}
    assert sheet.cell(6, COLUMN[OFFICIAL] + 1).alignment.wrap_text  # empty cells too
    assert "marque" in " ".join(str(row[1].value) for row in book.worksheets[1].iter_rows())


# --- back with work in it


def test_a_translation_becomes_a_draft_of_its_author(office: Office) -> None:
    sheet = office.sheet()
    row = sheet.row("village", "sms", "bm")
    sheet.set(row, OFFICIAL, "{place}: i bolo ko ni safinɛ ye")
    sheet.set(row, COMMENT, "safinɛ ou safunɛ ?")
    sheet.set(row + 1, OFFICIAL, "I bolo ko.")
    sheet.set(row + 1, BACK, "Lave-toi les mains.")
    taken = office.take(sheet, "traducteur")
    assert [(one.row, one.part, one.columns, one.before, one.after) for one in taken.changes] == [
        (row, "sms", (OFFICIAL, COMMENT), "à traduire", "brouillon"),
        (row + 1, "read_aloud", (OFFICIAL, BACK), "à traduire", "brouillon"),
    ]
    text, said = office.text("village", "bm")
    assert (said.sms, said.official) == ("{place}: i bolo ko ni safinè ye", "{place}: i bolo ko ni safinɛ ye")
    assert (said.read_aloud, said.form, said.comment) == ("I bolo ko.", SmsForm.PROFILE, "safinɛ ou safunɛ ?")
    assert said.back_translation == "read_aloud: Lave-toi les mains."
    assert (text.state, text.version, text.changed_by_staff) == (TextState.DRAFT, 1, True)
    assert office.take(sheet, "traducteur").changes == ()  # the same file again


def test_a_whole_question_comes_in_with_its_answers(office: Office) -> None:
    sheet = office.sheet()
    cells = ("Safinɛ tɛ? 1 bugurijɛ 2 foyi", "bugurijɛ", "foyi", "Ɔwɔ.", "Bugurijɛ ta.", "Safinɛ tɛ?")
    for at, cell in enumerate(cells):
        sheet.set(QUIZ_BM + at, OFFICIAL, cell)
    assert not office.take(sheet).problems
    _text, said = office.text("quiz", "bm")
    assert (said.options, said.right) == ({"1": "bugurijè", "2": "foyi"}, "òwò.")
    assert [said.official_of(part) for part in ("sms", "option_1", "option_2", "right", "wrong")] == list(cells[:5])


def test_empty_sms_letters_are_made_anew_and_hand_written_ones_kept(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_BM, SMS, "I bolo ko ni safine ye")
    office.take(sheet)
    text, said = office.text("mains", "bm")
    assert (said.sms, said.official, said.form) == (
        "I bolo ko ni safine ye",
        "I bolo ko ni safinɛ ye",
        SmsForm.REVIEWER,
    )
    sheet = office.sheet()
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko ni safunɛ ye")
    assert told(office.take(sheet)) == [(MAINS_BM, SMS)]  # written by hand, now behind
    sheet.set(MAINS_BM, SMS, "")
    assert office.take(sheet).changes
    text, said = office.text("mains", "bm")
    assert (said.sms, said.form, text.version) == ("I bolo ko ni safunè ye", SmsForm.PROFILE, 3)


def test_hand_written_letters_of_an_answer_survive_a_change_of_another_part(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(QUIZ_FR + 3, SMS, "Oui!")
    office.take(sheet)
    sheet = office.sheet()
    sheet.set(QUIZ_FR + 4, OFFICIAL, "Prenez la cendre.")
    office.take(sheet)
    _text, said = office.text("quiz", "fr")
    assert (said.right, said.official_of("right"), said.wrong) == ("Oui!", "Oui.", "Prenez la cendre.")


@pytest.mark.parametrize("state", [TextState.REVIEWED, TextState.APPROVED])
def test_nothing_reviewed_or_approved_is_overwritten_silently(office: Office, state: TextState) -> None:
    office.approve("mains", "bm", state)
    sheet = office.sheet()
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko")
    before = office.all_stored()
    refused = office.take(sheet)
    assert told(refused) == [(MAINS_BM, OFFICIAL)]
    assert "--overwrite" in refused.problems[0].problem
    assert office.all_stored() == before
    taken = office.take(sheet, overwrite=True)
    assert [(one.before, one.after) for one in taken.changes] == [(STATES[state], "brouillon")]
    text, said = office.text("mains", "bm")
    assert (text.state, text.approved_hash, said.sms) == (TextState.DRAFT, None, "I bolo ko")


def test_french_that_would_cost_another_language_its_approval_asks_first(office: Office) -> None:
    office.approve("mains", "bm")
    sheet = office.sheet()
    sheet.set(MAINS_FR, OFFICIAL, "Lavez bien les mains au savon.")
    refused = office.take(sheet)
    assert told(refused) == [(MAINS_FR, OFFICIAL)]
    assert "bm (approuvé)" in refused.problems[0].problem
    assert office.take(sheet, overwrite=True).changes
    assert office.text("mains", "bm")[0].state is TextState.DRAFT


def test_comments_and_back_translations_change_no_state(office: Office) -> None:
    office.approve("mains", "bm")
    sheet = office.sheet()
    sheet.set(MAINS_BM, COMMENT, "à redire au club")
    sheet.set(MAINS_BM, BACK, "Lave-toi les mains\navec du savon")
    sheet.set(READ_BM, COMMENT, "plus lentement")
    taken = office.take(sheet)
    assert [(one.row, one.before, one.after) for one in taken.changes] == [
        (MAINS_BM, "approuvé", "approuvé"), (READ_BM, "approuvé", "approuvé"),
    ]  # fmt: skip
    text, said = office.text("mains", "bm")
    assert (text.state, text.version) == (TextState.APPROVED, 1)
    assert said.comment == "à redire au club\nread_aloud: plus lentement"
    assert said.back_translation == "Lave-toi les mains\navec du savon"
    assert office.take(office.export()).changes == ()


def test_a_french_change_and_its_translation_come_in_one_sheet(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko kosɛbɛ")
    sheet.set(MAINS_FR, OFFICIAL, "Lavez bien les mains.")
    assert len(office.take(sheet).changes) == 2
    assert office.text("mains", "fr")[1].sms == "Lavez bien les mains."
    assert office.text("mains", "bm")[1].sms == "I bolo ko kosèbè"


def test_a_slot_added_to_french_and_translation_comes_in_one_sheet(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_FR, OFFICIAL, "{place}: lavez les mains.")
    assert told(office.take(sheet, dry_run=True)) == []  # the stored translation is a draft again, and not judged
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko")
    assert told(office.take(sheet, dry_run=True)) == [(MAINS_BM, OFFICIAL)]
    sheet.set(MAINS_BM, OFFICIAL, "{place}: i bolo ko")
    assert len(office.take(sheet).changes) == 2


def test_an_import_stands_in_the_audit_log(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko")
    office.take(sheet, "traducteur")
    with office.db.read() as session:
        row = session.scalars(sa.select(Audit).where(Audit.action == "imported")).one()
        person = staff.by_email(session, "traducteur@essai.example")
        assert (row.actor, row.object) == (f"staff:{person.id}", "texts")
        assert row.after == {"changed": 1, "campaigns": "hygiene-essai"}


def test_somebody_elses_change_is_not_overwritten(office: Office) -> None:
    sheet, theirs = office.sheet(), office.sheet()
    theirs.set(READ_BM, OFFICIAL, "Aw bolo ko.")
    office.take(theirs, "traducteur")
    sheet.set(MAINS_BM, OFFICIAL, "N bolo ko")
    sheet.set(MAINS_DDS, OFFICIAL, "Numo")
    before = office.all_stored()
    assert told(office.take(sheet)) == [(MAINS_BM, "marque")]
    assert office.all_stored() == before


def test_a_text_written_meanwhile_is_not_overwritten(office: Office) -> None:
    sheet, theirs = office.sheet(), office.sheet()
    theirs.set(MAINS_DDS, OFFICIAL, "Numo")
    office.take(theirs)
    sheet.set(MAINS_DDS, OFFICIAL, "Numo ye")
    assert told(office.take(sheet)) == [(MAINS_DDS, "marque")]


def test_a_dry_run_tells_the_same_and_stores_nothing(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_DDS, OFFICIAL, "Numo")
    before = office.all_stored()
    dry = office.take(sheet, dry_run=True)
    assert office.all_stored() == before
    wet = office.take(sheet)
    assert (dry.changes, dry.unchanged, dry.stored) == (wet.changes, wet.unchanged, False)
    assert wet.stored


def test_rows_may_be_left_out_moved_and_saved_by_another_program(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko")
    kept = [sheet.rows[0], sheet.rows[QUIZ_FR - 1], sheet.rows[MAINS_BM - 1]]
    order = [11, *range(11)]
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for line, row in enumerate(kept):
            page.write_row(line + 3, 0, [row[place] for place in order])
    taken = office.take(out.getvalue())
    assert ([one.row for one in taken.changes], taken.unchanged) == ([6], 1)


def test_a_translator_leaves_other_languages_alone(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko")
    sheet.set(MAINS_FR, OFFICIAL, "Lavez.")
    sheet.set(MAINS_DDS, OFFICIAL, "Numo")
    taken = office.take(sheet, "traducteur")
    assert told(taken) == [(MAINS_FR, "langue"), (MAINS_DDS, "langue")]
    assert "traducteur" in taken.problems[0].problem


def test_campaigns_of_a_programme_that_is_not_hers_are_not_there(office: Office, world: World) -> None:
    with world.db.write() as session:
        session.add(
            Programme(code="autre", name_fr="Autre", name_en="Other", service_name="Info", language="fr",
                      languages=["fr"], details={}, created_at=NOW)
        )  # fmt: skip
        session.flush()
        staff.add(session, "ailleurs@essai.example", [(Role.EDITOR, "")], NOW, programmes=["autre"])
    assert {column for _row, column in told(office.take(office.export(), "ailleurs"))} == {"campagne"}


# --- the commands


def test_commands_out_and_back(tmp_path: Path) -> None:
    environment = {"JEKULU_DATA": str(tmp_path), "JEKULU_DATABASE": ""}

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(wsgi.main, list(words), env=environment)
        assert done.exit_code == code, done.output
        return done.stdout or done.output

    for code in ("un", "deux"):
        run("programme", "new", code)
    path = tmp_path / "campaign.yaml"
    path.write_text(library.files()[0].read_text(encoding="utf-8"), encoding="utf-8")
    run("load", str(path), "--programme", "un")
    run("staff", "add", "t@x.example", "--role", "translator:bm")
    sheet = str(tmp_path / "textes.xlsx")
    written = json.loads(run("texts", "export", sheet, "--lang", "bm", "--json"))
    back = json.loads(run("texts", "import", sheet, "--as", "t@x.example", "--json"))
    assert (back["changed"], back["unchanged"], back["problems"]) == (0, written["rows"], [])

    rows = [[*row.cells] for row in sheets.read(Path(sheet).read_bytes())]
    place = next(at for at, row in enumerate(rows) if row[2] == "sms" and len(row) > 5 and row[-1] == "NOUVEAU")
    rows[place][COLUMN[OFFICIAL]] = "dɛ̀mɛ"
    csv = tmp_path / "textes.csv"
    csv.write_bytes(sheets.write("csv", rows[0], rows[1:]))
    damaged = json.loads(run("texts", "import", str(csv), "--as", "t@x.example", "--dry-run", "--json", code=1))
    assert {(one["row"], one["column"]) for one in damaged["problems"]} >= {(place + 1, OFFICIAL)}
    assert damaged["changed"] == 0
    assert f"textes.csv:{place + 1}: {OFFICIAL}: " in run("texts", "import", str(csv), "--as", "t@x.example", code=1)

    run("load", str(path), "--programme", "deux")
    run("texts", "export", sheet, code=1)
    run("texts", "export", sheet, "--programme", "un")
    run("texts", "import", sheet, "--as", "t@x.example", code=1)  # two programmes have the campaign
    run("texts", "import", sheet, "--as", "t@x.example", "--programme", "un")
    for wrong in (["--campaign", "rien"], ["--lang", "en"], ["--programme", "trois"]):
        run("texts", "export", sheet, *wrong, code=1)
