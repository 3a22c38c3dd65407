"""Tables as files: CSV, CSV with the HXL row, XLSX with its codebook, JSON; in pieces, so that a million rows fit.

A cell that a spreadsheet would take for a formula is defused as in `messaging.sheets`; numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import xlsxwriter

from campaigns.evaluation.tables.table import Cell, Column, Row
from messaging.errors import DataError

PIECE = 1000  # rows of a piece
BYTES = 1 << 16  # of a piece of a workbook
MOST_ROWS = 1_048_575  # of a sheet, below its header
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Sheet:
    """What a file is to hold: the name of its first sheet, its columns, the lines of its codebook, its rows."""

    name: str
    columns: tuple[Column, ...]
    codebook: Sequence[Sequence[str]]
    rows: Iterable[Row]


class Writer(Protocol):
    """Turns a sheet into the pieces of a file."""

    def __call__(self, sheet: Sheet) -> Iterator[bytes]:
        """The bytes, in order."""


def write_csv(sheet: Sheet) -> Iterator[bytes]:
    """CSV in UTF-8 with commas and one header row."""
    yield _lines([[one.name for one in sheet.columns]])
    yield from _pieces(sheet.rows)


def write_hxl(sheet: Sheet) -> Iterator[bytes]:
    """The same with the row of HXL tags below the header."""
    yield _lines([[one.name for one in sheet.columns], [one.tag for one in sheet.columns]])
    yield from _pieces(sheet.rows)


def write_json(sheet: Sheet) -> Iterator[bytes]:
    """One JSON list of objects, one object a line."""
    names = [one.name for one in sheet.columns]
    before = "[\n"
    rows = iter(sheet.rows)
    while piece := list(islice(rows, PIECE)):
        objects = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in piece)
        yield (before + ",\n".join(objects)).encode()
        before = ",\n"
    yield b"\n]\n" if before == ",\n" else b"[]\n"


def write_xlsx(sheet: Sheet) -> Iterator[bytes]:
    """A workbook: the rows, and a second sheet with the codebook. It is whole on the disk before its first byte.

    Raises:
        DataError: there are more rows than a sheet has.
    """
    with tempfile.TemporaryFile() as file:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(file, options) as book:
            bold = book.add_format({"bold": True})
            _fill(book.add_worksheet(sheet.name[:31]), sheet, bold)
            _explain(book.add_worksheet("codebook"), sheet.codebook)
        file.seek(0)
        while piece := file.read(BYTES):
            yield piece


WRITERS: Mapping[str, Writer] = {"csv": write_csv, "hxl": write_hxl, "xlsx": write_xlsx, "json": write_json}
ENDINGS = {"csv": "csv", "hxl": "hxl.csv", "xlsx": "xlsx", "json": "json"}


def defused(cell: Cell) -> Any:
    """A cell as CSV holds it: no formula, truth as HXL writes it."""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA) else cell
    return ("true" if cell else "false") if isinstance(cell, bool) else cell


def _pieces(rows: Iterable[Row]) -> Iterator[bytes]:
    rows = iter(rows)
    while piece := list(islice(rows, PIECE)):
        yield _lines([[defused(cell) for cell in row] for row in piece])


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _fill(page: Any, sheet: Sheet, bold: Any) -> None:
    page.freeze_panes(1, 0)
    for place, one in enumerate(sheet.columns):
        page.set_column(place, place, max(10, len(one.name) + 2))
        page.write_string(0, place, one.name, bold)
    for line, row in enumerate(sheet.rows, start=1):
        if line > MOST_ROWS:
            raise DataError(
                f"Une feuille XLSX ne tient que {MOST_ROWS} lignes. Choisissez CSV, ou une période plus courte. / "
                f"A sheet of XLSX holds {MOST_ROWS} rows only. Choose CSV, or a shorter period."
            )
        for place, cell in enumerate(row):
            _put(page, line, place, cell)


def _put(page: Any, line: int, place: int, cell: Cell) -> None:
    if isinstance(cell, bool):
        page.write_boolean(line, place, cell)
    elif isinstance(cell, int | float):
        page.write_number(line, place, cell)
    elif cell:
        page.write_string(line, place, cell)


def _explain(page: Any, lines: Iterable[Sequence[str]]) -> None:
    for place, width in enumerate((28, 38, 30, 30, 80, 20)):
        page.set_column(place, place, width)
    for number, line in enumerate(lines):
        for place, words in enumerate(line):
            page.write_string(number, place, words)
