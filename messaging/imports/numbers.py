"""The phone numbers of one file by hash: matched with what is known, sealed when stored; knows no kind of sheet."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import people
from messaging.batches import rows_in
from messaging.database import keys_of
from messaging.imports.rows import Values
from messaging.models import Phone

KnownLinks = dict[int, dict[Hashable, tuple[int, Values]]]


class Numbers:
    """Numbers by hash: a hash may be compared with what is stored, a number may not."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.by_hash: dict[str, str] = {}

    def hash(self, number: str) -> str:
        """The hash of a number of this file."""
        found = keys_of(self.session).find(number)
        self.by_hash[found] = number
        return found

    def last_two(self, found: str) -> str:
        """What may be shown of a number of this file."""
        return f"•• {self.by_hash[found][-2:]}"

    def links(self, table: sa.Table, left: str, left_ids: Iterable[int], *more: str) -> KnownLinks:
        """The phones that rows are linked with now: by left id, the phone's id and further columns by its hash."""
        columns = [table.c[name] for name in more]
        query = sa.select(table.c[left], Phone.hash, Phone.id, *columns).join(Phone, Phone.id == table.c.phone_id)
        found: KnownLinks = {}
        for ident, hashed, phone_id, *values in rows_in(self.session, query, table.c[left], left_ids):
            found.setdefault(ident, {})[hashed] = (phone_id, dict(zip(more, values, strict=True)))
        return found

    def store(self, now: datetime) -> dict[Hashable, int]:
        """The ids of all numbers of this file by hash; what is new is sealed and stored."""
        ids = people.add_phones(self.session, self.by_hash.values(), now)
        return {hashed: ids[number] for hashed, number in self.by_hash.items()}


def row_values(row: Any) -> Values:
    """A row of a query as plain values by column."""
    return dict(row._mapping)
