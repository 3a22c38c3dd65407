"""Looks for what must be gone: in every row of every table, sealed numbers too, and in every byte of every file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

import campaigns.models  # noqa: F401 - fills the metadata
from messaging.database import Base
from messaging.installation import Installation
from messaging.models import Phone


def spellings(number: str) -> tuple[str, ...]:
    """The ways to write a number of Mali that a person or a library uses."""
    national = number.removeprefix("+223")
    pairs = [national[at : at + 2] for at in range(0, len(national), 2)]
    return (
        national,
        f"223{national}",
        " ".join(pairs),
        ".".join(pairs),
        "-".join(pairs),
        f"{national[:4]} {national[4:]}",
    )


def traces(here: Installation, number: str, *words: str) -> list[str]:
    """Where a number, in any spelling, or one of these words still stands: `table.column` or the name of a file."""
    wanted = (*spellings(number), *words)
    return sorted({place for place, text in (*_rows(here), *_files(here.settings.data)) if _holds(text, wanted)})


def _holds(text: str, wanted: tuple[str, ...]) -> bool:
    return any(one in text for one in wanted)


def _rows(here: Installation) -> Iterator[tuple[str, str]]:
    with here.db.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(sa.select(table)).mappings():
                for column, value in row.items():
                    yield f"{table.name}.{column.name if hasattr(column, 'name') else column}", _text(value)
        for sealed in session.scalars(sa.select(Phone.sealed)):
            yield "phone.sealed", here.keys.open(sealed) if sealed else ""


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            yield path.name, held.decode("latin-1")
            yield path.name, held.decode("utf-8", "replace")
