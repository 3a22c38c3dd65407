"""Which curriculum a club follows, and since when, one line a club; its meetings are planned by its lessons then."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import ClubCurriculum, Curriculum
from messaging.batches import rows_in
from messaging.imports.columns import Column, Found, Reference, day, text
from messaging.imports.intake import Intake, Line
from messaging.imports.numbers import row_values
from messaging.imports.references import CLUB
from messaging.imports.result import SharedPhone
from messaging.imports.rows import Rows
from messaging.models import Programme

FOLLOWER: sa.Table = ClubCurriculum.__table__  # type: ignore[assignment]


def _curricula(session: Session, programme: Programme, words: set[str]) -> Found:
    query = sa.select(Curriculum.code, Curriculum.id).where(Curriculum.programme_id == programme.id)
    return {row.code: row.id for row in rows_in(session, query, Curriculum.code, words)}


CURRICULUM = Reference(
    _curricula,
    "Aucun programme de formation n'a le code « {word} ». Importez d'abord ses leçons.",
    "No curriculum has the code « {word} ». Import its lessons first.",
)
COLUMNS = (
    Column("club_id", "Code du club", "Club code", text(30), "1041", needed=True, refers=CLUB),
    Column("curriculum_id", "Code du programme de formation", "Curriculum code", text(40), "CEAP-2026", needed=True,
           refers=CURRICULUM),
    Column("starts_on", "Commence le", "Starts on", day, "2026-03-02", needed=True),
)  # fmt: skip


class Followers:
    """The clubs of one file with what they follow."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        ids = {line.get("club_id") for line in intake.lines} - {None}
        found = rows_in(intake.session, sa.select(*FOLLOWER.c), FOLLOWER.c.club_id, ids)
        self.rows = Rows(FOLLOWER, {row.club_id: row_values(row) for row in found})
        for line in intake.lines:
            self._take(line)

    def store(self, now: datetime) -> None:
        """Write what is new or changed; a club is the key of its row."""
        session = self.intake.session
        for values in self.rows.new.values():
            session.execute(sa.insert(FOLLOWER).values(**values))
        for club_id, values in self.rows.changes.items():
            session.execute(sa.update(FOLLOWER).where(FOLLOWER.c.club_id == club_id).values(**values))

    def shared_phones(self) -> list[SharedPhone]:
        """None: these lines have no phones."""
        return []

    def _take(self, line: Line) -> None:
        club_id = line.get("club_id")
        if club_id not in self.rows.known:
            self.intake.need(line)
        if club_id is not None and self.intake.once(line, "club_id", club_id) and not line.bad:
            self.rows.want(club_id, line.only("club_id", "curriculum_id", "starts_on"))
