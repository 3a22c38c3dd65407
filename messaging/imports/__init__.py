"""Sheets from CSV and XLSX, all or nothing: places, stations, clubs, households, members; knows no campaign.

Who stands above this package adds kinds of its own with `add`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, sheets
from messaging.errors import DataError
from messaging.imports import clubs, households, members, places, reach, stations
from messaging.imports.columns import Column
from messaging.imports.intake import Intake
from messaging.imports.result import Problem, Result, SharedPhone, problem_list
from messaging.imports.rows import Rows
from messaging.models import Programme

__all__ = [
    "KINDS",
    "Problem",
    "Result",
    "SharedPhone",
    "Taker",
    "add",
    "columns",
    "empty_sheet",
    "problem_list",
    "take",
]


class Taker(Protocol):
    """What each kind makes of a file: rows to add or change, and how to store them with all that belongs to them."""

    rows: Rows

    def __init__(self, intake: Intake) -> None:
        """Check every line and add to the problems of the intake; nothing is written."""

    def store(self, now: datetime) -> None:
        """Write what is new or changed."""

    def shared_phones(self) -> list[SharedPhone]:
        """The phones of several lines, or of a line and somebody beside the file."""


@dataclass(frozen=True)
class _Kind:
    taker: type[Taker]
    columns: Sequence[Column]
    passed_over: Collection[str] = ()


_TAKERS: dict[str, _Kind] = {
    "places": _Kind(places.Places, places.COLUMNS),
    "stations": _Kind(stations.Stations, stations.COLUMNS),
    "clubs": _Kind(clubs.Clubs, clubs.COLUMNS),
    "households": _Kind(households.Households, households.COLUMNS),
    "members": _Kind(members.Members, members.COLUMNS),
}
KINDS = _TAKERS.keys()  # in the order in which they build on each other; it grows with `add`


def add(kind: str, taker: type[Taker], columns: Sequence[Column], passed_over: Collection[str] = ()) -> None:
    """Let a further kind of sheet be taken; the command, the page and the empty sheets know it from then on.

    Args:
        kind: its name.
        taker: what it makes of a file.
        columns: its columns, the one that each line is known by first.
        passed_over: headers, exactly as a program writes them, of columns that nobody needs.
    """
    _TAKERS[kind] = _Kind(taker, columns, passed_over)


def take(
    session: Session,
    kind: str,
    programme: Programme,
    data: bytes,
    now: datetime,
    *,
    dry_run: bool = False,
    staff_id: int | None = None,
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
        staff_id: the account that brings it; none: the command line.
        villages: where the account works: a line of another village is a problem; none: everywhere.

    Raises:
        DataError: there is no such kind. What the file says never raises, it is a problem of the result.
    """
    its = _of(kind)
    if not dry_run:  # two sheets of one programme come in one after the other, and the second sees the first
        session.execute(sa.select(Programme.id).where(Programme.id == programme.id).with_for_update(key_share=True))
    intake = Intake(session, programme, data, its.columns, now, staff_id=staff_id, passed_over=its.passed_over)
    taken = its.taker(intake)
    if villages is not None:
        reach.check(intake, taken.rows, villages)
    shared, remarks = tuple(taken.shared_phones()), tuple(intake.remarks)
    if intake.problems:
        return Result(problems=intake.sorted_problems(), shared_phones=shared, remarks=remarks)
    rows = taken.rows
    added, changed, unchanged = len(rows.new), len(rows.changes), len(rows.same)
    if not dry_run and added + changed:
        taken.store(now)
        counts = {"added": added, "changed": changed, "sha256": hashlib.sha256(data).hexdigest()}
        audit.note(session, audit.actor(staff_id), "imported", kind, programme.code, now, after=counts)
    return Result(added, changed, unchanged, stored=not dry_run, shared_phones=shared, remarks=remarks)


def empty_sheet(kind: str, form: sheets.Format) -> bytes:
    """A sheet to fill in: French headers, and one example line that begins with `#` and is never imported.

    Raises:
        DataError: there is no such kind.
    """
    its_columns = _of(kind).columns
    example = [column.example for column in its_columns]
    example[0] = f"{sheets.COMMENT} exemple {example[0]}"
    return sheets.write(form, [column.fr for column in its_columns], [example])


def columns(kind: str) -> Sequence[Column]:
    """The columns of a kind, in the order of its sheet.

    Raises:
        DataError: there is no such kind.
    """
    return _of(kind).columns


def _of(kind: str) -> _Kind:
    if kind not in _TAKERS:
        raise DataError(f"There is no kind of sheet « {kind} ». Kinds: {', '.join(KINDS)}.")
    return _TAKERS[kind]
