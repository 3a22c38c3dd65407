"""Whether a sheet stays in the villages of who sends it; knows nothing else of any kind of sheet.

A row lies in a village itself, or it is of a club that does.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable

import sqlalchemy as sa

from messaging.batches import rows_in
from messaging.imports.intake import Intake, Line
from messaging.imports.rows import Rows
from messaging.models import Club

CLUB = "club_id"  # the column of a sheet whose lines are each of a club
NOT_YOURS = (
    "Ce village n'est pas un des vôtres. Retirez la ligne, ou demandez à qui y travaille.",
    "This village is not one of yours. Take the line out, or ask somebody who works there.",
)


def check(intake: Intake, rows: Rows, villages: Collection[int]) -> None:
    """Note a problem on each line that adds a row outside these villages, or changes one that is or was outside."""
    if CLUB in intake.columns:
        _check_clubs(intake, villages)
        return
    if "village_id" not in rows.table.c:
        intake.problem(
            0,
            "",
            "Cette feuille vaut pour tous les lieux. Demandez à un compte qui travaille dans tous.",
            "This sheet is for all places. Ask an account that works in all of them.",
        )
        return
    for line in intake.lines:
        if not _homes(rows, _key(rows, line)) <= set(villages):
            intake.problem(line, "village_id", *NOT_YOURS)


def _check_clubs(intake: Intake, villages: Collection[int]) -> None:
    ids = {line.get(CLUB) for line in intake.lines} - {None}
    near = {row.id for row in rows_in(intake.session, sa.select(Club.id, Club.village_id), Club.id, ids)
            if row.village_id in villages}  # fmt: skip
    far = {line.number: line for line in intake.lines if line.get(CLUB) is not None and line.get(CLUB) not in near}
    intake.problems = [one for one in intake.problems if one.line not in far]  # they may tell what stands there
    for line in far.values():
        intake.problem(line, CLUB, *NOT_YOURS)


def _homes(rows: Rows, key: Hashable) -> set[int]:
    """The villages of a row that is added or changed: where it is now, and where it would be."""
    wanted = rows.new.get(key, rows.changes.get(key))
    if wanted is None:
        return set()
    places = {rows.known.get(key, {}).get("village_id"), wanted.get("village_id")}
    return places - {None}  # type: ignore[return-value]


def _key(rows: Rows, line: Line) -> Hashable:
    """What the rows are known by: a club by its number and code, all others by their code."""
    code = line.get("code", "")
    return (line.get("number", ""), code.replace(" ", "")) if "number" in rows.table.c else code
