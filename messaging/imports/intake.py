"""One file on its way in: its lines by column, with every problem found so far; knows no table of ours.

An empty cell leaves what is there, `-` empties it. Nothing is stored here.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from messaging import sheets
from messaging.clock import local
from messaging.imports.columns import EMPTIED, CellError, Column, folded
from messaging.imports.result import Problem, quote
from messaging.models import Programme


@dataclass
class Line:
    """One line: what its cells say, by key of the column (None: emptied on purpose), and which of them are bad."""

    number: int
    given: dict[str, Any] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)

    def get(self, key: str, default: Any = None) -> Any:
        """What the cell says; the default when it is empty, emptied or bad."""
        value = self.given.get(key)
        return default if value is None else value

    def has(self, key: str) -> bool:
        """True when the cell says something, be it bad: then nobody should ask for it."""
        return key in self.bad or self.given.get(key) is not None

    def only(self, *keys: str) -> dict[str, Any]:
        """What this line says of these columns, emptied ones too."""
        return {key: self.given[key] for key in keys if key in self.given}


class Intake:
    """One file for one programme: `lines`, and `problems` and `remarks` that every check adds to."""

    def __init__(
        self,
        session: Session,
        programme: Programme,
        data: bytes,
        columns: Sequence[Column],
        now: datetime,
        *,
        staff_id: int | None = None,
        passed_over: Collection[str] = (),
    ) -> None:
        """Read the file and look up all that its cells point to; never raises for what the file says."""
        self.session, self.programme, self.now, self.staff_id = session, programme, now, staff_id
        self._passed_over = passed_over
        self.columns = {column.key: column for column in columns}
        self.problems: list[Problem] = []
        self.remarks: list[Problem] = []
        self._lost: set[str] = set()  # columns that are not there, or under a title that nobody knows
        self._seen: dict[tuple[str, Hashable], int] = {}
        self.lines = list(self._read(data))
        for column in columns:
            if column.refers:
                self._resolve(column)

    @property
    def today(self) -> date:
        """The day where the programme works."""
        return local(self.now, self.programme.zone).date()

    def problem(self, line: Line | int, key: str, fr: str, en: str) -> None:
        """Note a problem of a column on a line; its cell counts as bad from then on."""
        if isinstance(line, Line):
            line.bad.add(key)
            line = line.number
        column = self.columns[key].fr if key in self.columns else key
        self.problems.append(Problem(line, column, fr, en))

    def remark(self, line: Line, key: str, fr: str, en: str) -> None:
        """Note what somebody should look at again; it stops nothing."""
        self.remarks.append(Problem(line.number, self.columns[key].fr, fr, en))

    def need(self, line: Line, keys: Iterable[str] | None = None) -> None:
        """Note a problem for each column that a new row cannot do without and that is empty."""
        needed = [column.key for column in self.columns.values() if column.needed] if keys is None else keys
        for key in needed:
            if not line.has(key):
                self.problem(line, key, "Cette case ne peut pas rester vide.", "This cell cannot stay empty.")

    def once(self, line: Line, key: str, value: Hashable) -> bool:
        """True when no line before said the same in this column; else it is a problem that names that line."""
        first = self._seen.setdefault((key, value), line.number)
        if first != line.number:
            self.problem(line, key, f"Déjà à la ligne {first}.", f"Already on line {first}.")
        return first == line.number

    def words(self, key: str) -> set[str]:
        """All words that the lines say in a column."""
        return {word for line in self.lines for word in _words(line.given.get(key))}

    def sorted_problems(self) -> list[Problem]:
        """The problems in the order of the file."""
        return sorted(self.problems, key=lambda problem: problem.line)

    def _read(self, data: bytes) -> Iterator[Line]:
        try:
            rows = sheets.read(data)
        except sheets.SheetError as error:
            self.problem(error.line, "", error.fr, error.en)
            return
        if not rows:
            self.problem(0, "", "Ce fichier est vide.", "This file is empty.")
            return
        columns = self._headers(rows[0])
        for row in rows[1:]:
            yield self._line(row, columns)

    def _headers(self, row: sheets.Row) -> dict[int, Column | None]:
        """The column that stands at each titled place; None for a title that nobody knows."""
        names = {name: column for column in self.columns.values() for name in column.names()}
        found: dict[int, Column | None] = {}
        for place, cell in enumerate(row.cells):
            if not cell or cell.startswith(sheets.COMMENT) or cell in self._passed_over:
                continue
            column = names.get(folded(cell)) or self._of_group(cell, names)
            if column is None:
                self._unknown(row.line, cell, names)
            elif column in found.values():
                first = next(before for before, its in found.items() if its is column)
                ranks = column.rank(row.cells[first]), column.rank(cell)
                if ranks == (0, 0):
                    self.problem(row.line, column.key, "Cette colonne est là deux fois.", "This column is there twice.")
                if ranks[0] <= ranks[1]:
                    continue
                del found[first]
            found[place] = column
        self._missing(row.line, found.values())
        return found

    def _of_group(self, cell: str, names: Mapping[str, Column]) -> Column | None:
        """The column of a form's field, by the end of its path through the groups: `page/counts/women`."""
        *groups, field_name = cell.split("/")
        is_path = groups and self._passed_over and not any(folded(group) in names for group in groups)
        return names.get(folded(field_name)) if is_path else None

    def _unknown(self, line: int, cell: str, names: dict[str, Column]) -> None:
        near = difflib.get_close_matches(folded(cell)[:80], names, 1)
        self._lost |= {names[name].key for name in near}
        fr = f"Voulez-vous dire « {names[near[0]].fr} » ? " if near else ""
        en = f"Do you mean « {names[near[0]].fr} »? " if near else ""
        self.problem(
            line,
            quote(cell),
            f"Colonne inconnue. {fr}Corrigez son titre ou supprimez-la.",
            f"Unknown column. {en}Mend its title or delete it.",
        )

    def _missing(self, line: int, found: Iterable[Column | None]) -> None:
        key = next(iter(self.columns.values()))
        if key not in found:
            self._lost.add(key.key)
            self.problem(
                line,
                key.key,
                f"Il manque la colonne « {key.fr} ». Prenez la feuille vide comme modèle.",
                f"The column « {key.fr} » is missing. Take the empty sheet as a model.",
            )

    def _line(self, row: sheets.Row, columns: dict[int, Column | None]) -> Line:
        line = Line(row.line, bad=set(self._lost))
        for place, column in columns.items():
            if column is not None and place < len(row.cells) and row.cells[place]:
                self._cell(line, column, row.cells[place])
        return line

    def _cell(self, line: Line, column: Column, cell: str) -> None:
        if cell == EMPTIED and not column.needed:
            line.given[column.key] = None
            return
        try:
            if sheets.is_error(cell):
                raise CellError(
                    "La formule de cette case a échoué. Tapez la valeur.",
                    "The formula of this cell failed. Type the value.",
                )
            value = column.read(cell)
        except CellError as error:
            self.problem(line, column.key, error.fr, error.en)
            return
        if value != ():
            line.given[column.key] = value

    def _resolve(self, column: Column) -> None:
        """Put what the words of a column point to in place of the words."""
        assert column.refers
        words = self.words(column.key)
        found = column.refers.find(self.session, self.programme, words) if words else {}
        for line in self.lines:
            said = line.given.get(column.key)
            if said is None:
                continue
            values = [found.get(word, column.refers.unknown(word)) for word in _words(said)]
            wrong = [value for value in values if isinstance(value, CellError)]
            for error in wrong:
                self.problem(line, column.key, error.fr, error.en)
            if wrong:
                del line.given[column.key]
            else:
                line.given[column.key] = values[0] if isinstance(said, str) else values


def _words(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
