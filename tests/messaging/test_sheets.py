"""Tables in files: whatever a spreadsheet makes of them, and whatever somebody types."""

from __future__ import annotations

import io
import unicodedata
from datetime import date

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from messaging import sheets
from messaging.sheets import SheetError, read, write
from tests.messaging.registers import xlsx

TABLE = "Code;Nom\nV1;Kendié\nV2;Sébékoro"
ENCODED = [
    ("UTF-8", TABLE.encode()),
    ("UTF-8 with BOM", TABLE.encode("utf-8-sig")),
    ("Windows-1252", TABLE.encode("cp1252")),
    ("UTF-16 as Excel saves Unicode text", TABLE.replace(";", "\t").encode("utf-16")),
    ("commas", TABLE.replace(";", ",").encode()),
    ("tabs", TABLE.replace(";", "\t").encode()),
    ("Windows line ends", TABLE.replace("\n", "\r\n").encode()),
    ("old Macintosh line ends", TABLE.replace("\n", "\r").encode()),
    ("the separator said first", ("sep=;\n" + TABLE).encode()),
    ("blanks, no-break and not", TABLE.replace("Kendié", " \u00a0Kendié ").encode()),
    ("letters in two parts", TABLE.replace("é", "e\u0301").encode()),
    ("cells in quotes", '"Code";"Nom"\n"V1";"Kendié"\n"V2";"Sébékoro"'.encode()),
]


@pytest.mark.parametrize("data", [row[1] for row in ENCODED], ids=[row[0] for row in ENCODED])
def test_every_way_to_save_a_csv(data):
    assert [row.cells for row in read(data)] == [("Code", "Nom"), ("V1", "Kendié"), ("V2", "Sébékoro")]


def test_lines_are_counted_as_an_editor_does():
    text = '# a comment\nCode;Nom\n\n"V1";"two\nlines"\n;;\n# exemple V9;x\nV2;y\n'

    assert [(row.line, row.cells) for row in read(text.encode())] == [
        (2, ("Code", "Nom")),
        (4, ("V1", "two lines")),
        (8, ("V2", "y")),
    ]


def test_the_failed_formula_of_a_csv_is_no_comment():
    rows = read(b"Code;Nom\n#N/A;x\n#REF!;y\n#exemple;z")

    assert [row.line for row in rows] == [1, 2, 3]
    assert sheets.is_error("#N/A")
    assert not sheets.is_error("# exemple")


def test_a_comma_in_the_example_does_not_decide_the_separator():
    assert read(b"# a, b, c, d\nCode;Nom\nV1;x")[0].cells == ("Code", "Nom")
    assert read('"Nom, prénom, village";Code\nx;V1'.encode())[0].cells == ("Nom, prénom, village", "Code")


def workbook(fill) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        fill(book, book.add_worksheet())
    return out.getvalue()


def test_a_workbook_as_people_type_it():
    def fill(book, sheet):
        sheet.write_row(2, 1, ["Téléphone", "Jour", "Heure", "Oui", "Prix", "Long"])
        sheet.write(3, 1, 22376123456.0)
        sheet.write_datetime(3, 2, date(2026, 3, 12), book.add_format({"num_format": "dd/mm/yyyy"}))
        sheet.write(3, 3, 0.35416666667, book.add_format({"num_format": "hh:mm"}))
        sheet.write(3, 4, True)
        sheet.write(3, 5, 12.5)
        sheet.write(3, 6, "two\nlines")

    assert [(row.line, row.cells[1:]) for row in read(workbook(fill))] == [
        (3, ("Téléphone", "Jour", "Heure", "Oui", "Prix", "Long")),
        (4, ("22376123456", "2026-03-12", "08:30", "1", "12.5", "two lines")),
    ]


def test_a_failed_formula_is_not_read_as_empty():
    def fill(_book, sheet):
        sheet.write_row(0, 0, ["Code", "Nom"])
        sheet.write(1, 0, "V1")
        sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")

    assert read(workbook(fill))[1].cells == ("V1", sheets.WRONG)
    assert sheets.is_error(sheets.WRONG)


def test_only_the_first_sheet_counts():
    def fill(book, sheet):
        sheet.write(0, 0, "Code")
        other = book.add_worksheet()
        other.write_formula(0, 0, "=1/0", None, "#DIV/0!")

    assert [row.cells for row in read(workbook(fill))] == [("Code",)]


def far(_book, sheet):
    sheet.write(0, 0, "Code")
    sheet.write(1_048_575, 16_383, "x")


UNREADABLE = [
    ("a cell at the end of the world", workbook(far), 0, "XFD1048576"),
    ("old Excel", b"\xd0\xcf\x11\xe0" + bytes(600), 0, ".xls"),
    ("a broken workbook", xlsx([["Code"]])[:-40], 0, ".xlsx"),
    ("another zip", b"PK\x03\x04junk", 0, ".xlsx"),
    ("a lone quotation mark", b'Code;Nom\nV1;x\nV2;"y\nV3;z', 3, "guillemet"),
    ("no known letters", "Code;é".encode("cp1252") + b"\x81", 0, "lettres"),
    ("half of UTF-16", "Code".encode("utf-16")[:-1], 0, "lettres"),
]


@pytest.mark.parametrize("case", UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_what_cannot_be_read_is_told_with_its_line(case):
    _label, data, line, word = case
    with pytest.raises(SheetError) as caught:
        read(data)

    assert caught.value.line == line
    assert word in caught.value.fr
    assert caught.value.en


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=100).map(lambda tail: b"PK\x03\x04" + tail)))
def test_no_bytes_break_the_reader(data):
    try:
        rows = read(data)
    except SheetError:
        return
    assert all(any(row.cells) and row.line > 0 for row in rows)
    assert all("\0" not in cell and cell == cell.strip() for row in rows for cell in row.cells)


CELLS = st.text(
    alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf")), min_size=1, max_size=20
).filter(lambda text: not text.startswith(("#", "'")))


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5), st.sampled_from(["csv", "xlsx"]))
def test_what_is_written_is_read_again(rows, form):
    expected = [("a", "b"), *(tuple(unicodedata.normalize("NFC", cell) for cell in row) for row in rows)]

    assert [row.cells for row in read(write(form, ["a", "b"], rows))] == expected


FORMULAS = ["=1+1", "+22376123456", "-5", "@SUM(A1)", '=HYPERLINK("http://example.org")']


@pytest.mark.parametrize("cell", FORMULAS)
def test_no_text_becomes_a_formula(cell):
    line = write("csv", ["a"], [[cell]]).decode("utf-8-sig").splitlines()[1]
    assert line.lstrip('"').startswith("'")

    sheet = openpyxl.load_workbook(io.BytesIO(write("xlsx", ["a"], [[cell]]))).active
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].value == cell
    assert sheet["A2"].number_format == "@"

    for form in ("csv", "xlsx"):
        assert read(write(form, ["a"], [[cell]]))[1].cells == (cell,)


def test_numbers_and_days_are_written_as_they_are():
    cells = [3, 2.5, date(2026, 3, 12), None, True]

    assert read(write("xlsx", list("abcde"), [cells]))[1].cells == ("3", "2.5", "2026-03-12", "", "True")
    assert write("csv", ["a"], [[-5]]).decode("utf-8-sig").splitlines()[1] == "-5"


def test_line_ends_inside_a_cell_are_kept_when_asked():
    for form in ("csv", "xlsx"):
        data = write(form, ["a"], [["un \n\n  deux\r\ntrois "]])
        assert read(data, keep_lines=True)[1].cells == ("un\n\ndeux\ntrois",)
        assert read(data)[1].cells == ("un deux trois",)


def test_the_advice_is_a_second_sheet_that_is_never_read():
    look = sheets.Look([10, 30], {0}, [("a", "only to read")])
    data = write("xlsx", ["a", "b"], [["x", None]], look)

    assert [row.cells for row in read(data)] == [("a", "b"), ("x", "")]
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.worksheets[1]["B1"].value == "only to read"
    grey, typed = book.active["A2"], book.active["B2"]
    assert (grey.fill.patternType, typed.fill.patternType, typed.alignment.wrap_text) == ("solid", None, True)
