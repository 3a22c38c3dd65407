"""A translators' sheet read back into lines by column, with every problem of its form; knows no text of ours.

What the words are worth is asked where they are compared: what an export wrote is never wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from campaigns.definitions.problems import hint
from campaigns.translation.problems import problem
from campaigns.translation.sheet import TITLES
from messaging import sheets
from messaging.imports import Problem
from messaging.imports.columns import folded
from messaging.imports.result import quote

PLACE = ("campaign", "step", "part", "language")  # what names a row


@dataclass(frozen=True)
class Line:
    """One line: its number in the file, and its sound cells by key; a missing column or a bad cell has no key."""

    number: int
    cells: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Campaign, step, part and language, as they stand there."""
        campaign, step, part, language = (self.cells[key] for key in PLACE)
        return campaign, step, part, language


def read(data: bytes) -> tuple[list[Line], list[Problem]]:
    """The lines whose place can be read, and every problem of the file's form; never raises for what a file says."""
    try:
        rows = sheets.read(data, keep_lines=True)
    except sheets.SheetError as error:
        return [], [Problem(error.line, "", error.fr, error.en)]
    if not rows:
        return [], [problem(0, "", "empty_file")]
    columns, problems = _columns(rows[0])
    if not columns:
        return [], [problem(rows[0].line, "", "no_titles", titles=", ".join(TITLES.values()))]
    if not {*PLACE, "mark"} <= set(columns.values()):
        return [], problems
    lines = []
    for row in rows[1:]:
        line = Line(row.line, {key: row.cells[at] if at < len(row.cells) else "" for at, key in columns.items()})
        line.cells.update({key: _code(key, line.cells[key]) for key in PLACE})
        wrong = list(_wrong_cells(line))
        problems += [one for _key, one in wrong]
        for key, _one in wrong:
            line.cells.pop(key)
        if {*PLACE, "mark"} <= line.cells.keys():
            lines.append(line)
    return lines, problems


def _columns(header: sheets.Row) -> tuple[dict[int, str], list[Problem]]:
    """The key of the column at each titled place, and what is wrong with the titles."""
    known = {folded(title): key for key, title in TITLES.items()}
    found: dict[int, str] = {}
    problems = []
    for place, cell in enumerate(header.cells):
        key = known.get(folded(cell))
        if key is None and cell:
            values = hint(cell, [title for key, title in TITLES.items()])
            problems.append(problem(header.line, quote(cell), "column_unknown", **values))
        elif key in found.values():
            problems.append(problem(header.line, str(key), "column_twice"))
        elif key is not None:
            found[place] = key
    for key, title in TITLES.items():
        if key not in found.values():
            problems.append(problem(header.line, key, "column_missing", title=title))
    return found, problems


def _code(key: str, cell: str) -> str:
    """A code as we write it, in whatever case it came: a spreadsheet likes to begin a cell with a capital."""
    first, dash, script = cell.lower().partition("-") if key == "language" else (cell.lower(), "", "")
    return f"{first}{dash}{script.capitalize()}"


def _wrong_cells(line: Line) -> Iterator[tuple[str, Problem]]:
    """The cells without which nobody can tell which row this is."""
    for key in (*PLACE, "mark"):
        cell = line.cells[key]
        if sheets.is_error(cell):
            yield key, problem(line.number, key, "formula")
        elif not cell and key in PLACE:
            yield key, problem(line.number, key, "place_empty")
