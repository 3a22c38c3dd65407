"""A damaged sheet of translators: every problem is told by row and column, with what to do, and nothing is stored."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.translation.lines import read
from messaging.database import Database
from messaging.phones import Keys
from tests.campaigns.translators import CAMPAIGN, COLUMN, COMMENT, OFFICIAL, QUIZ_BM, SMS, Office, Sheet, told
from tests.conftest import NOW
from tests.world import World

TOO_LONG = "a" * 2001
Damage = Callable[[Sheet], object]


def typed(row: int, column: str, cell: str) -> Damage:
    """One cell typed over."""
    return lambda sheet: sheet.set(row, column, cell)


def several(*damages: Damage) -> Damage:
    """Several things wrong at once."""
    return lambda sheet: [damage(sheet) for damage in damages]


def emptied(row: int) -> Damage:
    """A part deleted, in both its letters."""
    return several(typed(row, OFFICIAL, ""), typed(row, SMS, ""))


def titled(column: str, title: str) -> Damage:
    """A header typed over."""
    return typed(1, column, title)


def without(column: str) -> Damage:
    """A column deleted."""
    return lambda sheet: [row.pop(COLUMN[column]) for row in sheet.rows]


def again(row: int) -> Damage:
    """A row copied to the end."""
    return lambda sheet: sheet.rows.append([*sheet.rows[row - 1]])


def slipped(column: str) -> Damage:
    """One column sorted without the others: each of its cells one row lower."""

    def slip(sheet: Sheet) -> None:
        place = COLUMN[column]
        cells = [row[place] for row in sheet.rows[1:]]
        for row, cell in zip(sheet.rows[1:], [cells[-1], *cells[:-1]], strict=True):
            row[place] = cell

    return slip


QUIZ = ("1 bugurijɛ 2 foyi", "bugurijɛ", "foyi", "Ɔwɔ.", "Bugurijɛ ta.")


def quiz(*cells: str) -> Damage:
    """The Bambara question typed in, part by part."""
    return lambda sheet: [sheet.set(QUIZ_BM + at, OFFICIAL, cell) for at, cell in enumerate(cells)]


DAMAGES: list[tuple[str, Damage, list[tuple[int, str]], str]] = [
    # the file's form
    ("a column is missing", without("segments"), [(1, "segments")], "segments"),
    ("a column that names rows is missing", without("partie"), [(1, "partie")], "Il manque"),
    ("a column is renamed", titled(OFFICIAL, "lettre offi"), [(1, "lettre offi"), (1, OFFICIAL)], "Vouliez-vous"),
    ("a column is there twice", titled("état", "langue"), [(1, "langue"), (1, "état")], "deux fois"),
    ("a column of one's own", lambda s: [row.append("x") for row in s.rows], [(1, "x")], "supprimez-la"),
    ("all rows are gone but no header", lambda s: s.rows.pop(0), [(1, "")], "marque"),
    # what names a row
    ("an unknown campaign", typed(2, "campagne", "hygiene-esai"), [(2, "campagne")], "hygiene-essai"),
    ("no campaign", typed(2, "campagne", ""), [(2, "campagne")], "Remettez"),
    (
        "cells merged over two rows",
        several(*(typed(5, column, "") for column in ("campagne", "étape", "langue"))),
        [(5, "campagne"), (5, "étape"), (5, "langue")],
        "défusionnez",
    ),
    ("an unknown step", typed(4, "étape", "main"), [(4, "étape")], "mains"),
    ("an unknown part", typed(4, "partie", "smss"), [(4, "partie")], "read_aloud"),
    ("a part that the step has not", typed(4, "partie", "option_1"), [(4, "partie")], "read_aloud"),
    ("an unknown language", typed(4, "langue", "bambara"), [(4, "langue")], "fr, bm, dds"),
    ("a language that is not the programme's", typed(4, "langue", "dts"), [(4, "langue")], "dds"),
    ("a row twice", again(4), [(32, "partie")], "ligne 4"),
    ("a row taken for another", typed(5, "partie", "sms"), [(5, "partie")], "ligne 4"),
    # what is for reading
    ("the French typed over", typed(4, "français", "Lavez."), [(4, "français")], "Lavez les mains au savon."),
    ("the French emptied", typed(8, "français", ""), [(8, "français")], "dans la campagne"),
    ("a mark deleted", typed(4, "marque", ""), [(4, "marque")], "2-1-"),
    ("a mark nobody gave", typed(4, "marque", "2-1-ZZZZ"), [(4, "marque")], "ne dit rien"),
    ("a mark of a version to come", typed(4, "marque", "2-9-ABCD"), [(4, "marque")], "ne dit rien"),
    ("a mark on a text to be written", typed(6, "marque", "x"), [(6, "marque")], "NOUVEAU"),
    ("the mark of another text", typed(4, "marque", "3-1-ABCD"), [(4, "marque")], "glissé"),
    ("the mark of a text on one to be written", typed(6, "marque", "2-1-ABCD"), [(6, "marque")], "glissé"),
    # cells
    ("a failed formula", typed(4, OFFICIAL, "#N/A"), [(4, OFFICIAL)], "Tapez le texte"),
    ("a failed formula in a mark", typed(4, "marque", "#REF!"), [(4, "marque")], "Tapez le texte"),
    ("a text without end", typed(6, OFFICIAL, TOO_LONG), [(6, OFFICIAL)], "2001 signes, 2000"),
    ("a comment without end", typed(4, COMMENT, TOO_LONG), [(4, COMMENT)], "Raccourcissez"),
    ("an answer without end", quiz(QUIZ[0], "b" * 201, *QUIZ[2:]), [(21, OFFICIAL)], "200"),
    # slots
    ("a slot is missing", typed(10, OFFICIAL, "I bolo ko"), [(10, OFFICIAL)], "{place}"),
    ("a slot is translated", typed(10, OFFICIAL, "{dugu}: i bolo ko"), [(10, OFFICIAL), (10, OFFICIAL)], "{place}"),
    ("a slot is mistyped", typed(10, OFFICIAL, "{ place }: i bolo ko"), [(10, OFFICIAL), (10, OFFICIAL)], "{place}"),
    ("a slot that the French has not", typed(4, OFFICIAL, "{place}: i bolo ko"), [(4, OFFICIAL)], "Retirez-la"),
    ("a brace alone", typed(10, OFFICIAL, "{place: i bolo ko"), [(10, OFFICIAL), (10, OFFICIAL)], "{place}"),
    ("a slot lost in the SMS letters", typed(10, SMS, "i bolo ko"), [(10, OFFICIAL)], "{place}"),
    # whole texts
    ("a part without its sms", typed(7, OFFICIAL, "Numo."), [(6, OFFICIAL)], "Il manque le sms"),
    ("a text emptied", emptied(4), [(4, OFFICIAL)], "Récrivez-les"),
    ("what is read aloud emptied", emptied(5), [(5, OFFICIAL)], "prenez la page"),
    ("an answer emptied", emptied(17), [(17, OFFICIAL)], "Récrivez-les"),
    ("official letters emptied, SMS letters left", typed(4, OFFICIAL, ""), [(4, OFFICIAL)], "formule sans valeur"),
    ("a part emptied beside work", several(emptied(5), typed(4, OFFICIAL, "I bolo ko")), [(5, OFFICIAL)], "Récrivez"),
    ("SMS letters for what is read aloud", typed(5, SMS, "I bolo ko"), [(5, SMS)], "Videz"),
    ("an answer printed but absent", quiz(*QUIZ[:2], "", *QUIZ[3:]), [(22, OFFICIAL)], "imprime la réponse 2"),
    ("an answer absent altogether", quiz("1 bugurijɛ", "bugurijɛ", "", *QUIZ[3:]), [(22, OFFICIAL)], "réponse 2"),
    ("an answer not printed", quiz("Safinɛ tɛ?", *QUIZ[1:]), [(20, OFFICIAL), (20, OFFICIAL)], "1 bugurijè"),
    ("what one gets is missing", quiz(*QUIZ[:4]), [(24, OFFICIAL)], "wrong"),
    ("a French answer taken away", emptied(16), [(16, OFFICIAL)], "Récrivez-les"),
    # letters
    ("a French letter that costs", typed(2, OFFICIAL, "Lavez la tête."), [(2, OFFICIAL)], "GSM-7"),
    ("two spellings at once", typed(4, OFFICIAL, "tègɛ ko"), [(4, OFFICIAL)], "Deux orthographes"),
    ("old letters in the official text", typed(4, OFFICIAL, "safinè"), [(4, OFFICIAL)], "1982"),
    ("official letters left empty", typed(6, SMS, "dèmè"), [(6, OFFICIAL)], "1982"),
    ("a tone mark", typed(6, OFFICIAL, "námo"), [(6, OFFICIAL), (6, OFFICIAL)], "ton"),
    ("an emoji in the SMS letters", typed(4, SMS, "I bolo ko \U0001f600"), [(4, SMS), (4, SMS)], "moji"),
    # content
    ("an amount of money", typed(2, OFFICIAL, "Lavez les mains: 500 francs."), [(2, OFFICIAL)] * 2, "500 francs"),
    ("an address", typed(2, SMS, "Lavez les mains, voir www.exemple.org"), [(2, SMS)], "adresse"),
    ("an answer of two SMS", typed(17, OFFICIAL, "Oui. " * 40), [(17, OFFICIAL)], "un SMS"),
    # several at once
    (
        "everything at once",
        several(
            typed(2, "campagne", "x"), typed(4, "français", "x"), typed(6, "marque", "x"), typed(9, "langue", "x"),
            typed(10, OFFICIAL, "I bolo ko"), typed(12, OFFICIAL, "#REF!"), again(14),
        ),
        [(2, "campagne"), (4, "français"), (6, "marque"), (9, "langue"), (10, OFFICIAL), (12, OFFICIAL),
         (32, "partie")],
        "Remettez",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, keys: Keys) -> Iterator[Office]:
    """One office for all damaged files: none of them may leave a trace."""
    path = tmp_path_factory.mktemp("shelf") / "jekulu.sqlite"
    shutil.copy(sqlite_template, path)
    db = Database(f"sqlite:///{path}", keys)
    World(db, NOW).programme()
    yield Office(db).prepare(CAMPAIGN)
    db.dispose()


@pytest.mark.parametrize("damage", DAMAGES, ids=[row[0] for row in DAMAGES])
def test_every_damage_is_told_by_row_and_column(
    shelf: Office, damage: tuple[str, Damage, list[tuple[int, str]], str]
) -> None:
    _label, act, expected, word = damage
    sheet, before = shelf.sheet(), shelf.all_stored()
    act(sheet)
    taken = shelf.take(sheet)
    assert told(taken) == expected, [one.problem for one in taken.problems]
    assert word in " ".join(one.problem for one in taken.problems)
    assert all(one.problem_en and one.problem_en != one.problem for one in taken.problems)
    assert (taken.changes, taken.stored) == ((), False)
    assert shelf.all_stored() == before


def test_a_column_that_slipped_is_told_row_by_row(shelf: Office) -> None:
    for column in ("marque", "français"):
        sheet = shelf.sheet()
        cells = [row[COLUMN[column]] for row in sheet.rows[1:]]
        came = [cells[-1], *cells[:-1]]
        moved = [at for at, cell in enumerate(cells, 2) if came[at - 2] not in (cell, "NOUVEAU")]
        slipped(column)(sheet)
        found = told(shelf.take(sheet))
        assert [row for row, _column in found] == moved
        assert {name for _row, name in found} == {column}


NO_SHEETS = [
    ("nothing", b"", "vide"),
    ("headers of nothing", b"\n\n", "vide"),
    ("half a workbook", b"PK\x03\x04half", ".xlsx"),
    ("an old workbook", b"\xd0\xcf\x11\xe0" + bytes(600), ".xls"),
    ("a picture", b"\x89PNG\r\n\x1a\n\x81\x8d", "lettres"),
]


@pytest.mark.parametrize(("data", "word"), [row[1:] for row in NO_SHEETS], ids=[row[0] for row in NO_SHEETS])
def test_what_is_no_sheet_is_told(shelf: Office, data: bytes, word: str) -> None:
    taken = shelf.take(data)
    assert told(taken) == [(0, "")]
    assert word in taken.problems[0].problem


@given(st.binary(max_size=300))
def test_no_bytes_break_the_import(data: bytes) -> None:
    lines, problems = read(data)
    assert problems or not lines
