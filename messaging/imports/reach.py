"""Whether a sheet stays in the villages of who sends it; knows nothing else of any kind of sheet."""

from __future__ import annotations

from collections.abc import Collection, Hashable

from messaging.imports.intake import Intake, Line
from messaging.imports.rows import Rows


def check(intake: Intake, rows: Rows, villages: Collection[int]) -> None:
    """Note a problem on each line that adds a row outside these villages, or changes one that is or was outside."""
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
            intake.problem(
                line,
                "village_id",
                "Ce village n'est pas un des vôtres. Retirez la ligne, ou demandez à qui y travaille.",
                "This village is not one of yours. Take the line out, or ask somebody who works there.",
            )


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
