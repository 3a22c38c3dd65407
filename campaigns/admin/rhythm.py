"""The rows of open hours: all of them in words, and the form of one, to add, change, shift by a day or take away.

Rows of the whole programme belong to approvers and administrators; the officer on duty, whom facilitators call, enters
the feasts and funerals of her own places, and shifts a feast when the moon was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from babel.dates import get_day_names
from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from campaigns.admin import masks, words
from campaigns.admin.fields import Form
from campaigns.admin.openings import KINDS, hours, when
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.typed import TO_MEND, Typed, seal
from campaigns.admin.words import N_, _
from messaging import places
from messaging import rhythm as table
from messaging.clock import local, utc_now
from messaging.errors import DataError, RefusedError, StaleError
from messaging.models import Hours, Place, PlaceCode, Programme, Role
from messaging.rhythm import Row

rhythm = Blueprint("rhythm", __name__, url_prefix="/admin/<programme>/programme/hours", template_folder="templates")
NOT_YOURS = N_("Aucun de vos lieux ne s'appelle « %(name)s ». Écrivez le nom ou le code d'un village ou d'une commune.")
SEVERAL = N_("Plusieurs de vos lieux s'appellent « %(name)s » : écrivez le code. %(codes)s")
PLACE_FIRST = N_("Nommez un village ou une commune : les lignes de tout le programme se changent avec un approbateur.")
YEAR = timedelta(days=366)
View = str | tuple[str, int] | Response
Stands = Literal["now", "later", "past"]  # of the coming year or of every year, after it, or over


@dataclass(frozen=True)
class Line:
    """One row in words; `ident` is none where the account may not change it."""

    ident: int | None
    when: str
    kind: str
    place: str | None
    hours: str
    reason: str
    stands: Stands


@dataclass(frozen=True)
class Rhythm:
    """The rows of a programme, the feasts that nobody knows the day of, and the last day that a dated row names."""

    lines: Mapping[Stands, Sequence[Line]]
    missing: Sequence[tuple[str, int]]
    until: date | None
    may_add: bool


@rhythm.get("/new")
@needs(Role.APPROVER, Role.ADMINISTRATOR, Role.OFFICER)
def new() -> str:
    """The empty form: a day that is shut."""
    with installation().db.read() as session:
        return _form(session, None, Typed(MultiDict({"kind": "both"})))


@rhythm.post("/new")
@needs(Role.APPROVER, Role.ADMINISTRATOR, Role.OFFICER)
def add() -> View:
    """Add a row below the others."""

    def act(session: Session, _row: Hours | None, wanted: Row, now: datetime) -> None:
        table.add(session, g.programme.id, wanted, now, me().id)

    return _keep(None, act)


@rhythm.get("/<int:ident>")
@needs(Role.APPROVER, Role.ADMINISTRATOR, Role.OFFICER)
def one(ident: int) -> str:
    """A row as it stands."""
    with installation().db.read() as session:
        row = _own(session, ident)
        return _form(session, row, Typed(_of_row(session, row)))


@rhythm.post("/<int:ident>")
@needs(Role.APPROVER, Role.ADMINISTRATOR, Role.OFFICER)
def change(ident: int) -> View:
    """Let a row say something else."""

    def act(session: Session, row: Hours | None, wanted: Row, now: datetime) -> None:
        assert row is not None
        if request.form.get("seen") != seal(_of_row(session, row)):
            raise StaleError(_STALE)
        table.edit(session, row, wanted, now, me().id)

    return _keep(ident, act)


_STALE = (
    "Une autre personne a changé cette ligne. Regardez-la avant d'enregistrer la vôtre. / "
    "Somebody else has changed this row. Look at it before you save yours."
)


@rhythm.post("/<int:ident>/shift")
@needs(Role.APPROVER, Role.ADMINISTRATOR, Role.OFFICER)
def shift(ident: int) -> View:
    """Move a dated row by one day, earlier or later."""
    days = -1 if request.form.get("way") == "earlier" else 1
    return _do(ident, lambda session, row: table.shift(session, row, days, utc_now(), me().id), is_shift=True)


@rhythm.post("/<int:ident>/remove")
@needs(Role.APPROVER, Role.ADMINISTRATOR, Role.OFFICER)
def remove(ident: int) -> View:
    """Take a row away."""
    return _do(ident, lambda session, row: table.remove(session, row, utc_now(), me().id))


def of_programme(session: Session, programme: Programme, now: datetime) -> Rhythm:
    """The rows that hold for a programme, in words: those of every year, then the dated ones by their days."""
    today = local(now, programme.zone).date()
    own = sa.or_(Hours.programme_id.is_(None), Hours.programme_id == programme.id)
    query = sa.select(Hours, Place.name).join(Place, Place.id == Hours.place_id, isouter=True).where(own)
    found = session.execute(query.order_by(Hours.position, Hours.id)).all()
    rows = [row for row, _place in found]
    mine = _mine(session, (row.place_id for row in rows))
    found = sorted(found, key=lambda one: one[0].starts or date.min)
    lines = [_line(row, place, mine, today) for row, place in found]
    ends = [row.ends for row in rows if row.ends is not None and row.place_id is None]
    stands: tuple[Stands, ...] = ("now", "later", "past")
    return Rhythm(
        {where: [one for one in lines if one.stands == where] for where in stands}, table.missing(rows),
        max(ends, default=None), _may_all() or me().has(Role.OFFICER),
    )  # fmt: skip


def _line(row: Hours, place: str | None, mine: Set[int], today: date) -> Line:
    ident = row.id if _may(row, mine) or _may_shift(row) else None
    stands: Stands = "later" if row.starts is not None and row.starts > today + YEAR else "now"
    if row.ends is not None and row.ends < today:
        stands = "past"
    return Line(ident, when(row), _(KINDS.get(row.kind, row.kind)), place, hours(row), row.reason, stands)


def _may_all() -> bool:
    return me().has(Role.APPROVER) or me().has(Role.ADMINISTRATOR)


def _may(row: Hours, mine: Set[int]) -> bool:
    """Whether the account may change a row: of the whole programme, or of a place that is wholly her own."""
    if row.programme_id != g.programme.id:
        return False
    return _may_all() or (me().has(Role.OFFICER) and row.place_id in mine)


def _may_shift(row: Hours) -> bool:
    """Whether the account may move it by a day: the moon waits for nobody."""
    is_feast = row.programme_id == g.programme.id and row.place_id is None and _is_dated(row)
    return is_feast and me().has(Role.OFFICER)


def _is_dated(row: Hours) -> bool:
    return row.starts is not None and row.ends is not None


def _mine(session: Session, place_ids: Iterable[int | None]) -> set[int]:
    """Those of some places that are wholly the account's; one query, and none for who works everywhere."""
    wanted = {ident for ident in place_ids if ident is not None}
    villages = me().villages
    if not wanted or villages is None:
        return wanted
    below = places.inside(wanted, local(utc_now(), g.programme.zone).date()).subquery("inside")
    query = sa.select(below.c.top_id, Place.id).join(Place, Place.id == below.c.place_id)
    away = {top for top, place in session.execute(query.where(Place.level.in_(places.LOWEST))) if place not in villages}
    return wanted - away


def _own(session: Session, ident: int, *, to_change: bool = False) -> Hours:
    """The row, if the account may open it, or change it; else it is not there (404)."""
    row = session.get(Hours, ident)
    if row is None or not (_may(row, _mine(session, [row.place_id])) or (_may_shift(row) and not to_change)):
        abort(404)
    return row


def _keep(ident: int | None, act: Callable[[Session, Hours | None, Row, datetime], None]) -> View:
    """Store what was typed; or the same form with all of it, and what is wrong beside its field."""
    typed, now = Typed(request.form.copy()), utc_now()
    try:
        with writing() as session:
            row = None if ident is None else _own(session, ident, to_change=True)
            wanted = _read(session, typed, now)
            if wanted is not None:
                act(session, row, wanted, now)
    except (DataError, RefusedError, StaleError) as refusal:
        told, status = words.sentence(str(refusal)), 409 if isinstance(refusal, StaleError) else 400
        return _again(ident, typed, told), status
    if wanted is None:
        return _again(ident, typed, _(TO_MEND)), 400
    return _done(_("Ligne enregistrée. Ce qui attend une heure est revu tout de suite."))


def _do(ident: int, act: Callable[[Session, Hours], None], *, is_shift: bool = False) -> View:
    try:
        with writing() as session:
            act(session, _own(session, ident, to_change=not is_shift))
    except (DataError, RefusedError) as refusal:
        with installation().db.read() as session:
            row = _own(session, ident)
            return _form(session, row, Typed(_of_row(session, row)), words.sentence(str(refusal))), 400
    if is_shift:
        return _done(_("Ligne décalée d'un jour."))
    return _done(_("Ligne retirée. Ce qui attend une heure est revu tout de suite."))


def _done(said: str) -> Response:
    current_app.extensions.get("jekulu.wake", lambda *_: None)("send")
    flash(said, "good")
    return redirect(url_for("rules.page", _anchor="hours"), 303)


def _again(ident: int | None, typed: Typed, notice: str) -> str:
    with installation().db.read() as session:
        return _form(session, None if ident is None else _own(session, ident), typed, notice)


def _form(session: Session, row: Hours | None, typed: Typed, notice: str = "") -> str:
    days = get_day_names("wide", locale=words.code())
    return render_template(
        "hours_row.html", row=row, typed=typed.form, faults=typed.faults, notice=notice, KINDS=KINDS,
        weekdays={number: days[number] for number in range(7)}, may_all=_may_all(),
        may_change=row is None or _may(row, _mine(session, [row.place_id])),
        is_dated=row is not None and _is_dated(row),
        when=when(row) if row is not None else "", hours=hours(row) if row is not None else "",
        seen=seal(_of_row(session, row)) if row is not None else "",
    )  # fmt: skip


def _read(session: Session, typed: Typed, now: datetime) -> Row | None:
    """What was typed, as a row; None when a field is wrong."""
    starts, ends = typed.day("starts"), typed.day("ends")
    weekday = typed.choice("weekday", [str(number) for number in range(7)])
    row = Row(
        kind=typed.choice("kind", table.KINDS, is_needed=True),
        starts=starts,
        ends=ends or (starts if starts and not typed.form.get("ends", "").strip() else None),
        weekday=int(weekday) if weekday else None,
        open_spans=_spans(typed.text("open_spans", table.LONGEST)),
        closed_spans=_spans(typed.text("closed_spans", table.LONGEST)),
        weekly_cap=typed.number("weekly_cap", 1, table.MOST_A_WEEK),
        place_id=_place(session, typed, now),
        reason=typed.text("reason", table.LONGEST),
    )
    typed.refuse((name, said) for name, said in table.faults(row) if name not in typed.faults)
    return None if typed.faults else row


def _spans(said: str) -> str:
    """Hours as the table writes them: « 8h-11h30, 16:15–17:20 » too."""
    plain = said.replace("–", "-").replace(" - ", "-").replace(",", " ").replace(";", " ").lower()
    return " ".join("-".join(_clock(hour) for hour in part.split("-")) for part in plain.split())


def _clock(hour: str) -> str:
    hours, mark, minutes = hour.partition("h")
    return f"{hours.zfill(2)}:{minutes or '00'}" if mark and hours.isdecimal() else hour.zfill(5)


def _place(session: Session, typed: Typed, now: datetime) -> int | None:
    """The place that was named, by its name or code; None for the whole programme."""
    said = typed.text("place", places.LONGEST)
    if not said:
        if not _may_all():
            typed.wrong("place", _(PLACE_FIRST))
        return None
    found = _named(session, said, now)
    if len(found) == 1:
        return found[0].id
    typed.wrong("place", _(SEVERAL, name=said, codes=_codes(session, found)) if found else _(NOT_YOURS, name=said))
    return None


def _named(session: Session, said: str, now: datetime) -> list[Place]:
    """The own places of a name or code."""
    homes = masks.own_homes(session, g.programme, now)
    mine = {home.village_id for home in homes} | {home.commune_id for home in homes if home.commune_id is not None}
    coded = {ident for rows in places.by_codes(session, [said]).values() for _scheme, ident in rows}
    wanted = sa.or_(Place.folded == places.folded(said), Place.id.in_(coded))
    query = sa.select(Place).where(wanted, Place.level.in_(table.PLACES), Place.id.in_(mine)).order_by(Place.id)
    found = session.scalars(query).all()
    own = _mine(session, [place.id for place in found])
    return [place for place in found if place.id in own]


def _codes(session: Session, found: Sequence[Place]) -> str:
    query = sa.select(PlaceCode.code).where(PlaceCode.place_id.in_([place.id for place in found]))
    return ", ".join(session.scalars(query.order_by(PlaceCode.code)))


def _of_row(session: Session, row: Hours) -> Form:
    """A stored row as the fields of its form."""
    place = session.get(Place, row.place_id) if row.place_id is not None else None
    values = {
        "kind": row.kind, "starts": row.starts, "ends": row.ends, "weekday": row.weekday, "open_spans": row.open_spans,
        "closed_spans": row.closed_spans, "weekly_cap": row.weekly_cap, "place": _stored(session, place),
        "reason": row.reason,
    }  # fmt: skip
    return MultiDict({name: str(value) for name, value in values.items() if value not in (None, "")})


def _stored(session: Session, place: Place | None) -> str:
    """The name of a place where it is the only one of it, else a code of it."""
    if place is None:
        return ""
    same = session.scalar(sa.select(sa.func.count()).select_from(Place).where(Place.folded == place.folded))
    code = session.scalar(sa.select(PlaceCode.code).where(PlaceCode.place_id == place.id).order_by(PlaceCode.scheme))
    return code if code and same != 1 else place.name
