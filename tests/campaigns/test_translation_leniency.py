"""What a translators' sheet is not refused for: old rows nobody touched, notes alone, capitals; and its warnings."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from campaigns import library
from campaigns.definitions import read as read_definition
from campaigns.models import Step
from messaging import profile, texts
from messaging.models import TextState
from messaging.wording import Wording, spelt
from tests.campaigns.translators import (
    BACK,
    CAMPAIGN,
    COMMENT,
    MAINS_BM,
    MAINS_DDS,
    MAINS_FR,
    OFFICIAL,
    READ_BM,
    SMS,
    VILLAGE_BM,
    Office,
    Sheet,
    told,
)
from tests.conftest import NOW
from tests.world import World


@pytest.fixture
def office(world: World) -> Office:
    """The small campaign on either database."""
    return Office(world.db).prepare(CAMPAIGN)


def warned(office: Office, sheet: Sheet, word: str) -> list[tuple[int, str]]:
    """Row and column of every warning that says a word; the sheet is taken."""
    taken = office.take(sheet)
    assert (told(taken), taken.stored) == ([], True)
    assert taken.as_dict()["warnings"] == [
        {"row": one.line, "column": one.column, "problem": one.problem, "problem_en": one.problem_en}
        for one in taken.warnings
    ]
    return [(one.line, one.column) for one in taken.warnings if word in one.problem]


# --- what is not refused


@pytest.mark.parametrize("language", ["bm", "dts"])
def test_one_letter_of_every_shipped_text_may_change(world: World, language: str) -> None:
    found = [read_definition(path.read_text(encoding="utf-8"), path.name)[0] for path in library.files()]
    office = Office(world.db).prepare(*(one for one in found if one))
    sheet = office.sheet()
    rows = [at for at, row in enumerate(sheet.rows, 1) if row[2:4] == ["sms", language] and sheet.get(at, OFFICIAL)]
    for at in rows:
        sheet.set(at, OFFICIAL, sheet.get(at, OFFICIAL) + "!")
        if sheet.get(at, SMS):
            sheet.set(at, SMS, sheet.get(at, SMS) + "!")
    taken = office.take(sheet)
    assert [(one.line, one.column, one.problem) for one in taken.problems] == []
    assert [one.row for one in taken.changes] == rows
    assert rows


def test_a_slot_in_a_part_that_nobody_touched_is_no_problem(office: Office) -> None:
    with office.db.write() as session:
        step = session.scalars(sa.select(Step).where(Step.code == "mains")).one()
        texts.write(session, step.id, "bm", Wording("I bolo ko", "I bolo ko", "{place}: I bolo ko."), NOW)
    sheet = office.sheet()
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko!")
    sheet.set(MAINS_BM, SMS, "")
    assert told(office.take(sheet)) == []
    sheet = office.sheet()
    sheet.set(READ_BM, OFFICIAL, "{place}: I bolo ko kosɛbɛ.")
    assert told(office.take(sheet)) == [(READ_BM, OFFICIAL)]


def test_old_rows_that_nobody_touched_are_skipped(office: Office) -> None:
    sheet, theirs = office.sheet(), office.sheet()
    theirs.set(MAINS_BM, OFFICIAL, "Aw bolo ko")
    theirs.set(MAINS_FR, OFFICIAL, "Lavez bien les mains.")
    theirs.set(MAINS_DDS, OFFICIAL, "Numo")
    office.take(theirs)
    sheet.set(VILLAGE_BM, OFFICIAL, "{place}: i bolo ko")
    taken = office.take(sheet)
    assert (told(taken), [one.row for one in taken.changes]) == ([], [VILLAGE_BM])
    assert office.text("mains", "bm")[1].official == "Aw bolo ko"
    assert office.text("mains", "fr")[1].official == "Lavez bien les mains."
    assert office.text("mains", "dds")[1].official == "Numo"


def test_a_translation_of_french_that_changed_since_is_still_told(office: Office) -> None:
    sheet, theirs = office.sheet(), office.sheet()
    theirs.set(MAINS_FR, OFFICIAL, "Lavez bien les mains.")
    office.take(theirs)
    sheet.set(MAINS_BM, OFFICIAL, "Aw bolo ko")
    assert told(office.take(sheet)) == [(MAINS_BM, "français")]


def test_a_note_on_a_text_to_be_written_does_not_hold_up_the_rest(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_DDS, COMMENT, "je ne sais pas")
    sheet.set(MAINS_DDS + 1, BACK, "rien")
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko kosɛbɛ")
    taken = office.take(sheet)
    assert (told(taken), [one.row for one in taken.changes]) == ([], [MAINS_BM])
    assert [(one.line, one.column) for one in taken.warnings] == [(MAINS_DDS, COMMENT), (MAINS_DDS + 1, BACK)]
    assert "n'est pas gardée" in taken.warnings[0].problem


@pytest.mark.parametrize("words", ["#N/A", "a" * 2001], ids=["a failed formula", "a text without end"])
def test_whatever_is_stored_is_not_judged_again(office: Office, words: str) -> None:
    with office.db.write() as session:
        step = session.scalars(sa.select(Step).where(Step.code == "mains")).one()
        texts.write(session, step.id, "dds", spelt(Wording("", words, words, comment=words), "manding-dogon"), NOW)
        texts.write(session, step.id, "fr", Wording(words, words, words), NOW)
    taken = office.take(office.export())
    assert (told(taken), taken.changes) == ([], ())


def test_names_of_rows_may_come_in_any_case(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko")
    for column, cell in (("campagne", "Hygiene-Essai"), ("étape", "MAINS"), ("partie", "Sms"), ("langue", "BM")):
        sheet.set(MAINS_BM, column, cell)
    taken = office.take(sheet)
    assert (told(taken), [one.row for one in taken.changes]) == ([], [MAINS_BM])


# --- warnings


def test_unchanged_sheet_warns_of_nothing(office: Office) -> None:
    assert not office.take(office.export()).warnings


def test_letters_that_a_keyboard_lost_are_told(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko ni safine ye")
    assert warned(office, sheet, "ɛ ɔ ɲ ŋ") == [(MAINS_BM, OFFICIAL)]
    assert office.text("mains", "bm")[0].state is TextState.DRAFT


def test_a_text_of_two_sms_is_told_with_their_number(office: Office) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_BM, OFFICIAL, "I bolo ko ni safinɛ ye. " * 8)
    assert warned(office, sheet, "2 SMS") == [(MAINS_BM, OFFICIAL)]


def test_a_warning_of_the_letters_is_told(office: Office) -> None:
    sheet = office.sheet()
    words = "I bolo ko ni safinɛ ye, séance"
    found = [one.say("fr") for one in profile.find(words, "manding-dogon") if one.level == "warning"]
    sheet.set(MAINS_BM, OFFICIAL, words)
    assert warned(office, sheet, found[0]) == [(MAINS_BM, OFFICIAL)]


@pytest.mark.parametrize(
    ("bambara", "rows"),
    [
        ("I bolo ko: ECOUTE", [(MAINS_BM, OFFICIAL)]),
        ("ECOUTE 1, STOP", []),
        ("Ecoute, Stop", [(MAINS_BM, OFFICIAL)] * 2),
    ],
    ids=["one is missing", "both are there", "in small letters"],
)
def test_keywords_of_the_french_stand_in_the_translation(
    office: Office, bambara: str, rows: list[tuple[int, str]]
) -> None:
    sheet = office.sheet()
    sheet.set(MAINS_FR, OFFICIAL, "Envoyez ECOUTE 12. Pour finir STOP.")
    sheet.set(MAINS_BM, OFFICIAL, bambara)
    assert warned(office, sheet, "tel quel") == rows
