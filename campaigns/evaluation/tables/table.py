"""What a table for export is: its columns, declared once, and its rows as a stream; knows no file and no query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.evaluation.counting import Ask

Cell = str | int | float | bool | None
Row = Sequence[Cell]
Query = sa.Select[*tuple[Any, ...]]
PIECE = 2000  # rows that are fetched at a time: what a table holds in memory, however long it is
DEMONSTRATION = "DEMONSTRATION"


@dataclass(frozen=True)
class Column:
    """One column: its name and HXL tag, its label in French and English, what it means.

    `quasi`: a neighbour could know it of a person, so that rows of persons need the care of section 7.
    """

    name: str
    tag: str
    fr: str
    en: str
    meaning: str = ""
    quasi: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its file name, what it is called, what one row is, and its rows for a question, in constant memory."""

    name: str
    fr: str
    en: str
    row: str
    columns: tuple[Column, ...]
    rows: Callable[[Ask], Iterator[Row]]

    @property
    def short(self) -> str:
        """Its name without the number."""
        return self.name.partition("_")[2]


MARK = Column(
    "demonstration", "#meta+demonstration", "Démonstration", "Demonstration",
    "the people of this file are invented; the column goes along wherever its rows are copied to",
)  # fmt: skip


def columns(table: Table, *, demonstration: bool, p_codes: bool) -> tuple[Column, ...]:
    """The columns as they leave: codes of places say when they are P-codes, a demonstration has a last column more."""
    own = tuple(_coded(one) if p_codes else one for one in table.columns)
    return (*own, MARK) if demonstration else own


def rows(table: Table, ask: Ask) -> Iterator[Row]:
    """The rows as they leave: those of a demonstration end with the word."""
    if not ask.programme.demonstration:
        return table.rows(ask)
    return ((*row, DEMONSTRATION) for row in table.rows(ask))


def stream(session: Session, query: Query) -> Iterator[Any]:
    """The rows of a query, a piece at a time: neither the driver nor the session ever holds all of them."""
    yield from session.execute(query, execution_options={"yield_per": PIECE})


def _coded(one: Column) -> Column:
    is_code = one.tag.startswith("#adm") and "+code" in one.tag
    return Column(**{**vars(one), "tag": f"{one.tag}+v_pcodes"}) if is_code else one
