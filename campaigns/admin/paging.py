"""One page of a long list, by the key of its last row: as quick on the thousandth page as on the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.routing import IntegerConverter

Row = TypeVar("Row")
SIZE = 30


class Key(IntegerConverter):
    """A key in the path of an address: a number that a database takes; what is longer is no page."""

    regex = r"\d{1,17}"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and the last one's key when more follow."""

    rows: Sequence[Row]
    last: Row | None


def page(session: Session, query: sa.Select[*tuple[Any, ...]], size: int = SIZE) -> Page[Any]:
    """The first `size` rows of an ordered query that starts after the key already."""
    rows = session.execute(query.limit(size + 1)).all()
    return Page(rows[:size], rows[size - 1] if len(rows) > size else None)


def after(given: str | None) -> int | None:
    """The key in an address, when it is a number that a database takes."""
    return int(given) if given and given.isdecimal() and len(given) < 18 else None
