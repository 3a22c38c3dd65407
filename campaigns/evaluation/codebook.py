"""The codebook of a table: what its columns mean, in French and English, and which could point to a person; pure."""

from __future__ import annotations

from collections.abc import Iterator

from campaigns.evaluation.tables.table import DEMONSTRATION, Column, Table

HEADER = (
    "colonne / column", "HXL", "français", "English", "meaning",
    "quasi-identifiant / quasi-identifier",
)  # fmt: skip
OVERLAP = (
    "Deux fichiers de périodes qui se chevauchent peuvent, par différence, parler de peu de personnes : n'en remettez "
    "qu'un. / Two files of overlapping periods may, by their difference, tell of few persons: hand over only one."
)
INVENTED = f"{DEMONSTRATION}: les gens de ce fichier sont inventés / the people of this file are invented"


def lines(table: Table, columns: tuple[Column, ...], said: str, *, demonstration: bool) -> Iterator[tuple[str, ...]]:
    """The lines of a codebook: the title, what a row is, from when to when, and a line for each column.

    Args:
        table: which.
        columns: as they leave.
        said: of which programme and period the file is.
        demonstration: the first line then says that nobody of it lives.
    """
    if demonstration:
        yield (INVENTED,)
    yield (f"{table.name} · {table.fr} / {table.en}",)
    yield (said,)
    yield (f"one row: {table.row}",)
    yield (OVERLAP,)
    yield ()
    yield HEADER
    for one in columns:
        yield one.name, one.tag, one.fr, one.en, one.meaning, "oui / yes" if one.quasi else ""
