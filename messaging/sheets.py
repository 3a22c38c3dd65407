"""Tables in files: CSV and XLSX read into numbered rows of text, and written; knows no column and no meaning.

What a spreadsheet hides is made plain here: a number typed as a phone, a date, a comma or semicolon between the cells,
an old Windows encoding, an error in a cell, one forgotten cell a million rows below.
"""

from __future__ import annotations

import csv
import io
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from messaging.errors import DataError

Format = Literal["csv", "xlsx"]
Cell = str | int | float | date | None
MOST_CELLS = 5_000_000  # of the rectangle that holds all cells; the reader keeps it whole in memory
MOST_BYTES = 200_000_000  # of a workbook when unpacked
COMMENT = "#"
WRONG = "#ERREUR!"  # what a cell gives whose formula failed

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_QUOTED = re.compile('"[^"]*"')
_SAYS_SEPARATOR = re.compile("sep=([;,\t])\r?\n", re.I)
_XML_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*[^/>])>")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_SHEET_ID = re.compile(rb"<(?:\w+:)?sheet\s[^>]*\br:id=\"([^\"]+)\"")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s([^>]*)>")
_ATTRIBUTE = re.compile(rb"(\w+)=\"([^\"]*)\"")
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_IS_ERROR = re.compile(rb'\bt="e"')
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_DEFUSED = re.compile("^'(?=[=+@\t\r-])")
_ERROR = re.compile("#(?:[A-ZÀ-Ü]+(?:/[A-Z0-9]+)?[!?]|N/A|N/D)")
_BROKEN = (
    *(CalamineError, zipfile.BadZipFile, zlib.error, KeyError, IndexError),
    *(NotImplementedError, RuntimeError, EOFError, OSError, ValueError, struct.error),
)


class SheetError(DataError):
    """A file cannot be read as a table: `line` of the file (0: the whole), and what to do in French and English."""

    def __init__(self, line: int, fr: str, en: str) -> None:
        super().__init__(en)
        self.line, self.fr, self.en = line, fr, en


@dataclass(frozen=True, slots=True)
class Row:
    """One row that holds something: its line as an editor or a spreadsheet counts it, and its cells as clean text."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Look:
    """How a workbook shows a table: the width of each column in letters, those that are only for reading, advice.

    Cells are wrapped; a column for reading is grey. The advice is a second sheet, which `read` never looks at.
    """

    widths: Sequence[int]
    for_reading: Collection[int]
    advice: Sequence[tuple[str, str]] = ()


def read(data: bytes, *, keep_lines: bool = False) -> list[Row]:
    """Read a CSV or XLSX file: the rows that hold something, in order, without those that begin with `#`.

    CSV may be UTF-8 with or without BOM, UTF-16 or Windows-1252, with `;` `,` or tab between the cells. Of a workbook
    the first sheet is read: whole numbers without `.0`, dates as `2026-12-31`, times as `08:30`, yes and no as `1` and
    `0`, a failed formula as `#ERREUR!`. Each cell comes as `clean` gives it.

    Raises:
        SheetError: the file is no such table; nothing of it is given then.
    """
    if data.startswith(_OLD_EXCEL):
        raise SheetError(
            0,
            "Ce fichier est d'un ancien format d'Excel (.xls). Enregistrez-le au format .xlsx ou CSV.",
            "This file has an old format of Excel (.xls). Save it as .xlsx or CSV.",
        )
    rows = _workbook_rows(data) if data.startswith(_ZIP) else _csv_rows(_decoded(data))
    cleaned = (Row(line, tuple(clean(cell, keep_lines) for cell in cells)) for line, cells in rows)
    return [row for row in cleaned if any(row.cells) and not _is_comment(row.cells[0])]


def is_error(cell: str) -> bool:
    """Tell whether a cell holds what a spreadsheet writes when a formula fails, such as `#N/A` or `#REF!`."""
    return _ERROR.fullmatch(cell) is not None


def clean(cell: Any, keep_lines: bool = False) -> str:
    """A cell as `read` gives it: text in NFC, on one line, without control characters and blanks at its ends.

    With `keep_lines` a cell of several lines keeps its line ends, as `\\n`.
    """
    text = unicodedata.normalize("NFC", cell if isinstance(cell, str) else _plain(cell))
    text = _DEFUSED.sub("", text, count=1)  # before its blanks go: they may be what was defused
    if not text.isprintable():
        text = "".join(char for char in text if char.isspace() or unicodedata.category(char) != "Cc")
    lines = text.splitlines() if keep_lines else [text]
    return _DEFUSED.sub("", "\n".join(" ".join(line.split()) for line in lines).strip(), count=1)


def write(form: Format, header: Sequence[str], rows: Iterable[Sequence[Cell]], look: Look | None = None) -> bytes:
    """Write a table as CSV (UTF-8 with BOM, `;`, as a French spreadsheet opens it) or XLSX.

    No text of a cell becomes a formula: in CSV a `'` stands before `=` `+` `-` `@`, which `read` takes away again; a
    workbook holds all text as text, also phone numbers that are typed into it later. Only a workbook has a `look`.
    """
    return _workbook(header, rows, look) if form == "xlsx" else _csv(header, rows)


def _is_comment(cell: str) -> bool:
    return cell.startswith(COMMENT) and not is_error(cell)


def _csv_rows(text: str) -> Iterator[tuple[int, Sequence[Any]]]:
    separator, skipped = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 0
    try:
        for cells in reader:
            if line >= skipped:
                yield line + 1, cells
            line = reader.line_num
    except csv.Error as error:
        raise SheetError(
            line + 1,
            f"À partir d'ici le fichier ne se lit plus comme un tableau : cherchez un guillemet isolé ({error}).",
            f"From here on the file cannot be read as a table: look for a lone quotation mark ({error}).",
        ) from None


def _separator(text: str) -> tuple[str, int]:
    """The sign between the cells, and how many lines to skip before the first row."""
    said = _SAYS_SEPARATOR.match(text)
    if said:
        return said[1], 1
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip('" ').startswith(COMMENT))
    first = _QUOTED.sub("", next(lines, ""))
    return max(";\t,", key=first.count), 0


def _decoded(data: bytes) -> str:
    codecs = [codec for bom, codec in _BOMS if data.startswith(bom)] or ["utf-8", "cp1252"]
    for codec in codecs:
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    raise SheetError(
        0,
        "Les lettres de ce fichier ne se lisent pas. Enregistrez-le comme « CSV UTF-8 » ou au format .xlsx.",
        "The letters of this file cannot be read. Save it as “CSV UTF-8” or as .xlsx.",
    )


def _workbook_rows(data: bytes) -> Iterator[tuple[int, Sequence[Any]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as pack:
            wrong = _wrong_cells(pack)
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except _BROKEN:
        raise SheetError(
            0,
            "Ce fichier n'est pas un classeur .xlsx lisible. Ouvrez-le dans un tableur et enregistrez-le à nouveau.",
            "This file is no readable .xlsx workbook. Open it in a spreadsheet program and save it again.",
        ) from None
    for line, cells in enumerate(rows, start=1):
        yield line, [WRONG if (line, column) in wrong else cell for column, cell in enumerate(cells, start=1)]


def _wrong_cells(pack: zipfile.ZipFile) -> set[tuple[int, int]]:
    """Line and column of each cell of the first sheet whose formula failed: the reader shows them as empty.

    Raises:
        SheetError: a sheet is so large that the reader would die of it.
    """
    if sum(item.file_size for item in pack.infolist()) > MOST_BYTES:
        raise SheetError(0, "Ce classeur est trop grand. Partagez-le.", "This workbook is too large. Split it.")
    first = _first_sheet(pack)
    found = {name: _cells(pack.read(name)) for name in pack.namelist() if _SHEET.fullmatch(name)}
    return {(line, column) for line, column, is_wrong in found[first] if is_wrong}


def _first_sheet(pack: zipfile.ZipFile) -> str:
    """The name of the part that holds the sheet a person sees first."""
    ident = _SHEET_ID.search(pack.read("xl/workbook.xml"))
    for relation in _RELATION.findall(pack.read("xl/_rels/workbook.xml.rels")):
        words: dict[bytes, bytes] = dict(_ATTRIBUTE.findall(relation))
        if ident and words.get(b"Id") == ident[1]:
            return "xl/" + words[b"Target"].decode().removeprefix("/xl/")
    raise KeyError("no first sheet")


def _cells(xml: bytes) -> list[tuple[int, int, bool]]:
    """Line, column and whether it holds an error, of each cell that holds something."""
    cells = []
    widest = lowest = 0
    for cell in _XML_CELL.finditer(xml):
        place = _REFERENCE.search(cell[1])
        if not place:
            continue
        line, column = int(place[2]), _number(place[1])
        widest, lowest = max(widest, column), max(lowest, line)
        if widest * lowest > MOST_CELLS:
            raise _far((place[1] + place[2]).decode())
        cells.append((line, column, bool(_IS_ERROR.search(cell[1]))))
    return cells


def _far(where: str) -> SheetError:
    return SheetError(
        0,
        f"La cellule {where} est très loin du tableau. Supprimez les lignes et colonnes vides qui le suivent.",
        f"Cell {where} is very far from the table. Delete the empty rows and columns after it.",
    )


def _number(letters: bytes) -> int:
    """The number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _plain(cell: Any) -> str:
    """What a spreadsheet holds as a number, date, time or truth, as a person would type it."""
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time.min else cell.isoformat(" ", "minutes")
    if isinstance(cell, time):
        return cell.isoformat("minutes")
    return "" if cell is None else str(cell)


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([_defused(cell) for cell in header])
    writer.writerows([_defused(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _defused(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _workbook(header: Sequence[str], rows: Iterable[Sequence[Cell]], look: Look | None) -> bytes:
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet()
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        formats = _looks(book, look, len(header)) if look else [text] * len(header)
        for column, title in enumerate(header):
            sheet.set_column(column, column, look.widths[column] if look else max(12, len(title) + 2), text)
            sheet.write_string(0, column, title, bold)
        sheet.freeze_panes(1, 0)
        for line, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                _put(sheet, line, column, cell, formats[column])
        if look and look.advice:
            _advise(book, look.advice)
    return out.getvalue()


def _looks(book: Any, look: Look, columns: int) -> list[Any]:
    """The format of each column's cells."""
    own = {"num_format": "@", "text_wrap": True, "valign": "top", "border": 1, "border_color": "#C8C8C8"}
    typed, reading = book.add_format(own), book.add_format({**own, "bg_color": "#EDEDED", "font_color": "#505050"})
    return [reading if column in look.for_reading else typed for column in range(columns)]


def _advise(book: Any, advice: Sequence[tuple[str, str]]) -> None:
    """A second sheet: what a column is called, and what to do with it."""
    sheet = book.add_worksheet("Mode d'emploi")
    name, words = (book.add_format({"valign": "top", "text_wrap": True, "bold": bold}) for bold in (True, False))
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 100)
    for line, row in enumerate(advice):
        sheet.write_string(line, 0, row[0], name)
        sheet.write_string(line, 1, row[1], words)


def _put(sheet: Any, line: int, column: int, cell: Cell, form: Any) -> None:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        sheet.write_number(line, column, cell, form)
    elif cell is None:
        sheet.write_blank(line, column, None, form)
    else:
        sheet.write_string(line, column, str(cell), form)
