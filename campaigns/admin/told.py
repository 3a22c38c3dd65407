"""The reports of one session: what each said, who told it and how, and which one it took the place of."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import sorting
from campaigns.admin import masks, tally
from campaigns.admin.messages import words_of
from campaigns.admin.words import N_
from campaigns.models import Attendance, AttendanceState
from messaging import staff
from messaging.models import Inbound, Phone

STATES = {
    AttendanceState.CONFIRMED: N_("celui qui compte"),
    AttendanceState.VERIFIED: N_("celui qui compte, comparé à la feuille"),
    AttendanceState.CORRECTED: N_("remplacé"),
    AttendanceState.REJECTED: N_("rejeté"),
}


@dataclass(frozen=True)
class Entry:
    """One report in the history of a session; `corrects` is the place of the one it took the place of."""

    place: int
    row: Attendance
    last_two: str | None
    by: str | None
    said: str | None
    corrects: int | None


def history(session: Session, ident: int) -> list[Entry]:
    """Every report of a session, the last first; the words of an SMS for the officer, once they may be read by all."""
    query = (
        sa.select(Attendance, Phone.last_two)
        .outerjoin(Phone, Phone.id == Attendance.phone_id)
        .where(Attendance.club_session_id == ident)
        .order_by(Attendance.id)
    )
    rows = session.execute(query).all()
    names = staff.names(session, {row.Attendance.staff_id for row in rows})
    ids = {row.Attendance.inbound_id for row in rows} - {None}
    open_ones = sa.select(Inbound).where(Inbound.id.in_(ids), sorting.boxed(*sorting.ORDINARY))
    said = {row.id: words_of(row) for row in session.scalars(open_ones)} if ids and masks.is_officer() else {}
    places = {row.Attendance.id: place for place, row in enumerate(rows, 1)}
    found = [
        Entry(
            places[row.id], row, last_two, names.get(row.staff_id or 0), said.get(row.inbound_id or 0),
            places.get(row.supersedes_id or 0),
        )
        for row, last_two in rows
    ]  # fmt: skip
    return found[::-1]


def figures(told: Attendance) -> str:
    """« F12 H8 T20 »."""
    pairs = ((letter, getattr(told, name)) for name, (letter, _label) in tally.COUNTS.items())
    return " ".join(f"{letter}{count}" for letter, count in pairs if count is not None)


def mark(told: Attendance | None) -> str:
    """Stands in the form for the report that it shows; empty: none counts yet."""
    return str(told.id) if told else ""
