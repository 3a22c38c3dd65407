"""The rhythm of a programme as rows: those it starts with, and what staff add, change, shift and take away.

What a change says is asked by the sender at the last moment; what waits for an hour is looked at anew at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit
from messaging.database import change
from messaging.errors import DataError, RefusedError
from messaging.hours import parse_spans
from messaging.models import Hours, Mark, Message, Place, Programme
from messaging.models.place import Level
from messaging.models.post import Kind, State
from messaging.rules import Reason

ELSEWHERE = "elsewhere"
BOTH = "both"
KINDS = (BOTH, Kind.CAMPAIGN.value, Kind.SERVICE.value)
PLACES = (Level.COMMUNE, Level.VILLAGE, Level.FRACTION, Level.QUARTIER)
LONGEST = 120  # letters of a column of words
MOST_A_WEEK = 21
EARLIEST, LATEST = date(2020, 1, 1), date(2099, 12, 31)
TAKEN = "rhythm"  # the mark of installations whose older programmes have the dated rows
OLD_SERVICE = "06:30-21:00"  # of programmes of earlier versions: open while people pray
LAST_FIXED = (
    "Sans cette ligne, la nuit et les heures de prière seraient ouvertes : changez ses heures, elle ne s'enlève pas. / "
    "Without this row the night and the hours of prayer would be open: change its hours, it cannot be taken away."
)
Faults = list[tuple[str, str]]


@dataclass(frozen=True)
class Row:
    """What a row says; spans as in `08:00-11:30 16:15-17:20`."""

    kind: str = BOTH
    starts: date | None = None
    ends: date | None = None
    weekday: int | None = None
    open_spans: str = ""
    closed_spans: str = ""
    weekly_cap: int | None = None
    place_id: int | None = None
    reason: str = ""

    @property
    def is_fixed(self) -> bool:
        """Whether it holds every day for everybody: the ground of all other rows."""
        of_days = (self.starts, self.ends, self.weekday, self.place_id)
        return bool(self.open_spans) and all(one is None for one in of_days)


@cache
def shipped() -> Mapping[str, Any]:
    """What `rhythm.toml` says: `towns` and `rule`."""
    return tomllib.loads((Path(__file__).parent / "rhythm.toml").read_text(encoding="utf-8"))


def towns() -> list[str]:
    """The towns whose fixed hours are known."""
    return [name for name in shipped()["towns"] if name != ELSEWHERE]


def fixed(town: str | None) -> list[Row]:
    """The fixed hours of a town, or those that are open in all of them.

    Raises:
        DataError: the town is not known.
    """
    said = shipped()["towns"].get(town or ELSEWHERE)
    if said is None:
        known = ", ".join(towns())
        raise DataError(f"Ville inconnue : {town}. Connues : {known}. / No such town: {town}. Known: {known}.")
    return [
        Row(Kind.CAMPAIGN.value, open_spans=said["campaign"], reason="Toute l'année : à 20 minutes de chaque prière"),
        Row(Kind.SERVICE.value, open_spans=said["service"], reason="Appels et rappels : à 20 minutes de chaque prière"),
    ]


def dated() -> Iterator[Row]:
    """The dated rules that are shipped, one row a span of days."""
    for said in shipped()["rule"]:
        row = Row(
            said.get("kind", BOTH), weekday=said.get("weekday"), open_spans=said.get("open", ""),
            closed_spans=said.get("closed", ""), weekly_cap=said.get("weekly_cap"), reason=said["reason"],
        )  # fmt: skip
        for days in said.get("days", [None]):
            first, _, last = (days or "").partition("/")
            on = (date.fromisoformat(first), date.fromisoformat(last or first)) if days else (None, None)
            yield replace(row, starts=on[0], ends=on[1])


def unknown() -> list[tuple[str, int]]:
    """The feasts and years of which no table at hand knows the day."""
    return [(said["reason"], year) for said in shipped()["rule"] for year in said.get("unknown", ())]


def missing(rows: Sequence[Hours]) -> list[tuple[str, int]]:
    """Of those the feasts that staff have not entered yet."""
    known = {(row.reason, row.starts.year) for row in rows if row.starts}
    return [one for one in unknown() if one not in known]


def seed(session: Session, programme: Programme, town: str | None = None) -> None:
    """Give a new programme its rows.

    Raises:
        DataError: the town is not known.
    """
    _put(session, programme.id, [*fixed(town), *dated()], 0)


def obey(session: Session) -> None:
    """Give the programmes of an earlier version the dated rows, once; hours that their staff chose stay."""
    if session.get(Mark, TAKEN) is not None:
        return
    programmes = session.scalars(sa.select(Programme.id).where(Programme.id.not_in(_with_days()))).all()
    for ident in programmes:
        old = sa.update(Hours).where(
            Hours.programme_id == ident, Hours.kind == Kind.SERVICE.value, Hours.open_spans == OLD_SERVICE
        )
        change(session, old.values(open_spans=fixed(None)[1].open_spans))
        _put(session, ident, [row for row in dated() if row.starts is not None], _after(session, ident))
    session.add(Mark(name=TAKEN, value="2026-2028"))


def _with_days() -> sa.Select[Any]:
    return sa.select(Hours.programme_id).where(Hours.programme_id.is_not(None), Hours.starts.is_not(None))


def _put(session: Session, programme_id: int, rows: Sequence[Row], first: int) -> None:
    session.add_all(
        Hours(programme_id=programme_id, position=first + place, **asdict(row)) for place, row in enumerate(rows)
    )


def _after(session: Session, programme_id: int) -> int:
    own = sa.select(sa.func.max(Hours.position)).where(Hours.programme_id == programme_id)
    last = session.scalar(own)
    return 0 if last is None else last + 1


def faults(row: Row) -> Faults:
    """What is wrong with a row, by field: (field, sentence in both languages); pure."""
    return [*_faults_of_days(row), *_faults_of_hours(row)]


def _faults_of_days(row: Row) -> Iterator[tuple[str, str]]:
    for name in ("starts", "ends"):
        day = getattr(row, name)
        if day is not None and not EARLIEST <= day <= LATEST:
            yield name, "Ce jour est trop loin. / This day is too far away."
    if row.starts and row.ends and row.ends < row.starts:
        yield "ends", "Le dernier jour vient avant le premier. / The last day comes before the first."
    if row.weekday is not None and not 0 <= row.weekday <= 6:
        yield "weekday", "Choisissez un jour de la semaine. / Choose a day of the week."


def _faults_of_hours(row: Row) -> Iterator[tuple[str, str]]:
    for name in ("open_spans", "closed_spans"):
        if not _is_read(getattr(row, name)):
            yield (
                name,
                "Écrivez les heures ainsi : 08:00-11:30 16:15-17:20. / Write the hours like 08:00-11:30 16:15-17:20.",
            )
    if row.kind not in KINDS:
        yield "kind", "Choisissez pour quels messages. / Choose for which messages."
    if row.weekly_cap is not None and not 1 <= row.weekly_cap <= MOST_A_WEEK:
        yield "weekly_cap", f"Écrivez un nombre de 1 à {MOST_A_WEEK}. / Write a number from 1 to {MOST_A_WEEK}."
    elif row.weekly_cap is not None and (row.place_id is not None or row.kind == Kind.SERVICE):
        yield (
            "weekly_cap",
            "Un plafond vaut pour les campagnes de tout le programme : ni pour un lieu, ni pour les appels. / "
            "A cap is for the campaigns of the whole programme: for no place, and not for calls.",
        )
    shuts = not (row.open_spans or row.closed_spans or row.weekly_cap)
    if shuts and (row.starts is None or row.ends is None):
        yield (
            "ends",
            "Une fermeture toute la journée a un premier et un dernier jour. / "
            "What is shut all day has a first and a last day.",
        )
    if not row.reason.strip() or len(row.reason) > LONGEST:
        yield "reason", f"Dites pourquoi, en {LONGEST} signes au plus. / Say why, in {LONGEST} signs at most."


def _is_read(spans: str) -> bool:
    try:
        parse_spans(spans)
    except DataError:
        return False
    return len(spans) <= LONGEST


def add(session: Session, programme_id: int, row: Row, now: datetime, staff_id: int | None) -> Hours:
    """Add a row below all others.

    Raises:
        DataError: the row cannot be, or its place is none.
    """
    _check(session, row)
    made = Hours(programme_id=programme_id, position=_after(session, programme_id), **asdict(row))
    session.add(made)
    session.flush()
    _note(session, "added", made, now, staff_id, after=_noted(row))
    return made


def edit(session: Session, made: Hours, row: Row, now: datetime, staff_id: int | None) -> None:
    """Let a row say something else.

    Raises:
        DataError: the row cannot be, or its place is none.
        RefusedError: it would leave a kind of message without fixed hours.
    """
    _check(session, row)
    before = said(made)
    if before.is_fixed and not (row.is_fixed and row.kind == before.kind):
        _refuse_last(session, made)
    for name, value in asdict(row).items():
        setattr(made, name, value)
    _note(session, "changed", made, now, staff_id, before=_noted(before), after=_noted(row))


def shift(session: Session, made: Hours, days: int, now: datetime, staff_id: int | None) -> None:
    """Move a dated row by a day: the moon decides when a feast is.

    Raises:
        RefusedError: it has no dates.
    """
    if made.starts is None or made.ends is None or abs(days) != 1:
        raise RefusedError("Seule une ligne datée se décale. / Only a row with dates can be shifted.")
    row = said(made)
    edit(
        session,
        made,
        replace(row, starts=made.starts + timedelta(days), ends=made.ends + timedelta(days)),
        now,
        staff_id,
    )


def remove(session: Session, made: Hours, now: datetime, staff_id: int | None) -> None:
    """Take a row away.

    Raises:
        RefusedError: a kind of message would be left without fixed hours.
    """
    if said(made).is_fixed:
        _refuse_last(session, made)
    _note(session, "removed", made, now, staff_id, before=_noted(said(made)))
    session.delete(made)


def said(made: Hours) -> Row:
    """What a stored row says."""
    return Row(**{name: getattr(made, name) for name in Row.__dataclass_fields__})


def _check(session: Session, row: Row) -> None:
    if wrong := faults(row):
        raise DataError(wrong[0][1])
    place = session.get(Place, row.place_id) if row.place_id is not None else None
    if row.place_id is not None and (place is None or place.level not in PLACES):
        raise DataError("Choisissez une commune ou un village. / Choose a commune or a village.")


def _refuse_last(session: Session, made: Hours) -> None:
    others = session.scalars(sa.select(Hours).where(Hours.programme_id == made.programme_id, Hours.id != made.id))
    if not any(said(row).is_fixed and row.kind in (made.kind, BOTH) for row in others):
        raise RefusedError(LAST_FIXED)


def _noted(row: Row) -> dict[str, Any]:
    """A row as the log names its fields."""
    return {
        "kind": row.kind, "starts_on": row.starts, "ends_on": row.ends, "weekday": row.weekday,
        "open_hours": row.open_spans, "closed_hours": row.closed_spans, "weekly_cap": row.weekly_cap,
        "place": row.place_id, "reason": row.reason,
    }  # fmt: skip


def _note(
    session: Session, action: str, made: Hours, now: datetime, staff_id: int | None, **sides: Mapping[str, Any]
) -> None:
    """Write the change down, and let what waits for an hour be asked anew."""
    audit.note(session, audit.actor(staff_id), action, "hours", made.id, now, **sides)
    waits = sa.update(Message).where(Message.state == State.WAITING, Message.reason == Reason.HOURS.value)
    change(session, waits.where(Message.programme_id == made.programme_id).values(next_at=now))
