"""What others call our words, one line a code: a DHIS2 instance's sets, elements, combinations and units; a donor's
logframe."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from campaigns.evaluation.intake.numbers import code
from campaigns.models import DhisCode
from messaging.imports.columns import Column, choice
from messaging.imports.intake import Intake, Line
from messaging.imports.numbers import row_values
from messaging.imports.result import SharedPhone
from messaging.imports.rows import Rows

CODE: sa.Table = DhisCode.__table__  # type: ignore[assignment]
WHAT = choice(
    ("data_set", "jeu de données|data set"), ("element", "élément de données|data element"),
    ("combo", "combinaison|category option combo"), ("org_unit", "unité d'organisation|organisation unit"),
    ("logframe", "cadre logique|logical framework"),
)  # fmt: skip
COLUMNS = (
    Column("what", "Quoi", "What", WHAT, "élément de données", needed=True),
    Column("ours", "Notre code", "Our code", code(60), "ATT-HELD", needed=True),
    Column("theirs", "Leur code", "Their code", code(60), "CDR_SESS_HELD", needed=True),
)


class DhisCodes:
    """The codes of one file."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        own = sa.select(*CODE.c).where(CODE.c.programme_id == intake.programme.id)
        self.rows = Rows(CODE, {(row.what, row.ours): row_values(row) for row in intake.session.execute(own)})
        for line in intake.lines:
            self._take(line)

    def store(self, now: datetime) -> None:
        """Write what is new or changed."""
        self.rows.store(self.intake.session)

    def shared_phones(self) -> list[SharedPhone]:
        """None: these lines have no phones."""
        return []

    def _take(self, line: Line) -> None:
        self.intake.need(line)
        key = (line.get("what"), line.get("ours"))
        if not line.bad and self.intake.once(line, "ours", key):
            self.rows.want(key, line.only("what", "ours", "theirs") | {"programme_id": self.intake.programme.id})
