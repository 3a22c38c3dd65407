"""Registers from CSV and XLSX, all or nothing: places, stations, clubs, households, members; knows no campaign."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from messaging import audit, sheets
from messaging.errors import DataError
from messaging.imports import clubs, households, members, places, reach, stations
from messaging.imports.columns import Column
from messaging.imports.intake import Intake
from messaging.imports.result import Problem, Result, SharedPhone, problem_list
from messaging.imports.rows import Rows
from messaging.models import Programme

__all__ = ["KINDS", "Problem", "Result", "SharedPhone", "columns", "empty_sheet", "problem_list", "take"]


class Taker(Protocol):
    """What each kind makes of a file: rows to add or change, and how to store them with all that belongs to them."""

    rows: Rows

    def __init__(self, intake: Intake) -> None:
        """Check every line and add to the problems of the intake; nothing is written."""

    def store(self, now: datetime) -> None:
        """Write what is new or changed."""

    def shared_phones(self) -> list[SharedPhone]:
        """The phones of several lines, or of a line and somebody beside the file."""


_TAKERS: dict[str, tuple[type[Taker], Sequence[Column]]] = {
    "places": (places.Places, places.COLUMNS),
    "stations": (stations.Stations, stations.COLUMNS),
    "clubs": (clubs.Clubs, clubs.COLUMNS),
    "households": (households.Households, households.COLUMNS),
    "members": (members.Members, members.COLUMNS),
}
KINDS = tuple(_TAKERS)  # in the order in which they build on each other


def take(
    session: Session,
    kind: str,
    programme: Programme,
    data: bytes,
    now: datetime,
    *,
    dry_run: bool = False,
    who: str = audit.COMMAND,
    villages: Collection[int] | None = None,
) -> Result:
    """Take a file of one kind into a programme, in the caller's transaction.

    Nothing is written in a dry run, nor when any line has a problem. The same file a second time changes nothing. An
    empty cell leaves what is there, `-` empties it; phones, clubs, stations and facilitators of a line are told whole.

    Args:
        session: a writing session; a reading one is enough for a dry run.
        kind: one of `KINDS`.
        programme: whose register it is.
        data: the bytes of a CSV or XLSX file, see `sheets.read`.
        now: the real time; dates of consent may not lie after it.
        dry_run: only tell what would happen.
        who: the actor in the audit log.
        villages: where the account works: a line of another village is a problem; none: everywhere.

    Raises:
        DataError: there is no such kind. What the file says never raises, it is a problem of the result.
    """
    taker, its_columns = _of(kind)
    intake = Intake(session, programme, data, its_columns, now)
    taken = taker(intake)
    if villages is not None:
        reach.check(intake, taken.rows, villages)
    shared = tuple(taken.shared_phones())
    if intake.problems:
        return Result(problems=intake.sorted_problems(), shared_phones=shared)
    rows = taken.rows
    added, changed, unchanged = len(rows.new), len(rows.changes), len(rows.same)
    if not dry_run and added + changed:
        taken.store(now)
        counts = {"added": added, "changed": changed, "sha256": hashlib.sha256(data).hexdigest()}
        audit.note(session, who, "imported", kind, programme.code, now, after=counts)
    return Result(added, changed, unchanged, stored=not dry_run, shared_phones=shared)


def empty_sheet(kind: str, form: sheets.Format) -> bytes:
    """A sheet to fill in: French headers, and one example line that begins with `#` and is never imported.

    Raises:
        DataError: there is no such kind.
    """
    _taker, its_columns = _of(kind)
    example = [column.example for column in its_columns]
    example[0] = f"{sheets.COMMENT} exemple {example[0]}"
    return sheets.write(form, [column.fr for column in its_columns], [example])


def columns(kind: str) -> Sequence[Column]:
    """The columns of a kind, in the order of its sheet.

    Raises:
        DataError: there is no such kind.
    """
    return _of(kind)[1]


def _of(kind: str) -> tuple[type[Taker], Sequence[Column]]:
    if kind not in _TAKERS:
        raise DataError(f"There is no kind of sheet « {kind} ». Kinds: {', '.join(KINDS)}.")
    return _TAKERS[kind]
