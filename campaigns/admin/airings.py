"""One broadcast: what became of it, another hour for it, one more by hand; its page and its forms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from flask import Blueprint, flash, g, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import words
from campaigns.admin.fields import Form
from campaigns.admin.radio import (
    FORM,
    KEEPERS,
    NOT_YET,
    OTHER,
    REASONS,
    SECRET,
    USUAL_MINUTES,
    Line,
    here,
    knows_security,
    line_of,
    may_note,
    own_airing,
    reason,
    title,
    wake,
)
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.typed import TO_MEND, Page, Typed
from campaigns.admin.words import _, _n
from campaigns.clubs import airings as became
from campaigns.clubs import timetable
from campaigns.models import Airing, AiringStatus, Episode, Series
from messaging.clock import at_local, local, utc_now
from messaging.errors import DataError, RefusedError
from messaging.models import Programme, Station

airings = Blueprint("airings", __name__, url_prefix="/admin/<programme>/people/radio", template_folder="templates")


@airings.get("/airings/new")
@needs(*KEEPERS)
def new_airing() -> str:
    """The form of a broadcast outside every slot."""
    with installation().db.read() as session:
        typed = Form({"station": request.args.get("station", ""), "minutes": str(USUAL_MINUTES)})
        return _new_form(session, Typed(typed))


@airings.post("/airings/new")
@needs(*KEEPERS)
def add_airing() -> Response | tuple[str, int]:
    """Add it."""
    typed, now = Typed(request.form.copy()), utc_now()
    try:
        with writing() as session:
            wanted = _wanted(session, typed)
            if wanted is None:
                return _new_form(session, typed, _(TO_MEND)), 400
            airing = timetable.add_airing(session, g.programme, wanted, now, me().id)
    except (RefusedError, DataError) as refusal:
        with installation().db.read() as session:
            return _new_form(session, typed, words.sentence(str(refusal))), 400
    flash(_("Diffusion ajoutée."), "good")
    wake()
    return _to_week(airing)


@airings.get("/airings/<int:airing>")
def one(airing: int) -> str:
    """A broadcast: what became of it, and its hour."""
    with installation().db.read() as session:
        return _airing_form(session, own_airing(session, airing))


@airings.post("/airings/<int:airing>")
@needs(*KEEPERS)
def say(airing: int) -> Response | tuple[str, int]:
    """Note what became of it; of one to come, that it will not take place."""
    typed, now = Typed(request.form.copy()), utc_now()
    what = typed.choice("became", ("aired", "not_aired"), is_needed=True)
    why = typed.choice("reason", tuple(REASONS)) or None
    try:
        with writing() as session:
            row = own_airing(session, airing)
            at = _aired_at(typed, row, now) if what == "aired" else None
            if typed.faults:
                return _airing_form(session, row, typed), 400
            if why == OTHER and row.reason == SECRET and not knows_security():
                why = SECRET  # shown to this account as another reason: it did not mean to change it
            became.say(session, row, aired=what == "aired", at=at, reason=why, who=me().id, now=now)
    except (RefusedError, DataError) as refusal:
        return _airing_again(airing, typed, refusal)
    flash(_("C'est noté."), "good")
    wake()
    return _to_week(row)


@airings.post("/airings/<int:airing>/move")
@needs(*KEEPERS)
def move(airing: int) -> Response | tuple[str, int]:
    """Give it another hour."""
    typed, now = Typed(request.form.copy()), utc_now()
    at, minutes = _moment(typed), typed.number("minutes", 1, timetable.LONGEST_MINUTES, is_needed=True)
    try:
        with writing() as session:
            row = own_airing(session, airing)
            if at is None or minutes is None:
                return _airing_form(session, row, typed), 400
            taken = timetable.move(session, g.programme, row, at, minutes, now, me().id)
    except (RefusedError, DataError) as refusal:
        return _airing_again(airing, typed, refusal)
    told = _n("%(num)s message qui attendait est refait.", "%(num)s messages qui attendaient sont refaits.", taken)
    flash(_("Diffusion déplacée.") + (f" {told}" if taken else ""), "good")
    wake()
    return _to_week(row)


def episodes_of(session: Session, programme: Programme) -> dict[int, str]:
    """The episodes of a programme as a choice, the latest first."""
    query = sa.select(Episode, Series).join(Series, Series.id == Episode.series_id)
    rows = session.execute(
        query.where(Series.programme_id == programme.id).order_by(Series.title, Episode.number.desc())
    )
    return {row.id: f"{series.title} · E{row.number} {title(row)}" for row, series in rows}


def _moment(typed: Typed, at: str = "hour") -> datetime | None:
    day, hour = typed.day("day", is_needed=True), typed.hour(at, is_needed=True)
    return at_local(day, hour, g.programme.zone) if day and hour else None


def _aired_at(typed: Typed, row: Airing, now: datetime) -> datetime | None:
    """When it went on the air, as typed; without an hour at the planned one."""
    hour = typed.hour("aired_hour")
    day = typed.day("aired_day") or local(row.planned_at, g.programme.zone).date()
    at = at_local(day, hour, g.programme.zone) if hour else row.planned_at
    if at > now and not typed.faults:
        typed.wrong("aired_hour" if hour else "became", _(NOT_YET))
    return at


def _wanted(session: Session, typed: Typed) -> Airing | None:
    """The broadcast that was typed; None when a field is wrong."""
    known = episodes_of(session, g.programme)
    station = typed.choice("station", [str(row.id) for row in _stations(session)], is_needed=True)
    episode = typed.choice("episode", [str(ident) for ident in known], is_needed=True)
    at, minutes = _moment(typed), typed.number("minutes", 1, timetable.LONGEST_MINUTES, is_needed=True)
    if typed.faults or at is None or minutes is None:
        return None
    return Airing(
        station_id=int(station), episode_id=int(episode), planned_at=at, minutes=minutes,
        is_repeat="is_repeat" in typed.form, status=AiringStatus.PLANNED,
    )  # fmt: skip


def _stations(session: Session) -> Sequence[Station]:
    return session.scalars(sa.select(Station).where(here(session, utc_now())).order_by(Station.name)).all()


def _new_form(session: Session, typed: Typed, notice: str = "") -> str:
    above = [(url_for("radio.week"), _("Radio"))]
    page = Page("new_airing", _("Ajouter une diffusion"), typed.form, above, typed.faults, notice)
    stations = {row.id: row.name for row in _stations(session)}
    return page.show(FORM, stations=stations, episodes=episodes_of(session, g.programme))


def _airing_form(session: Session, row: Airing, typed: Typed | None = None, notice: str = "") -> str:
    now = utc_now()
    line = line_of(row, session.get_one(Episode, row.episode_id), session.get_one(Station, row.station_id), now)
    shown = _stored(line)  # two forms: what was typed in one lies over what is stored
    for name, values in typed.form.lists() if typed else ():
        shown.setlist(name, values)
    faults = typed.faults if typed else {}
    above = [(url_for("radio.week", week=line.at.date()), _("Radio"))]
    page = Page("airing", line.title, shown, above, faults, notice or (_(TO_MEND) if faults else ""))
    return page.show(
        FORM, line_=line, is_to_come=row.planned_at > now, reasons=REASONS, reason=reason, may_note=may_note()
    )


def _stored(line: Line) -> Form:
    """What is known of a broadcast, as the fields of its form; a secret reason as another one."""
    row, typed = line.airing, Form()
    typed["day"], typed["hour"], typed["minutes"] = f"{line.at:%Y-%m-%d}", f"{line.at:%H:%M}", str(row.minutes)
    if row.status is not AiringStatus.PLANNED:
        typed["became"] = row.status.value
    if row.aired_at is not None and row.aired_at != row.planned_at:
        at = local(row.aired_at, g.programme.zone)
        typed["aired_day"], typed["aired_hour"] = f"{at:%Y-%m-%d}", f"{at:%H:%M}"
    if row.reason:
        is_known = row.reason in REASONS and (row.reason != SECRET or knows_security())
        typed["reason"] = row.reason if is_known else OTHER
    return typed


def _airing_again(airing: int, typed: Typed, refusal: Exception) -> tuple[str, int]:
    with installation().db.read() as session:
        return _airing_form(session, own_airing(session, airing), typed, words.sentence(str(refusal))), 400


def _to_week(row: Airing) -> Response:
    day = local(row.planned_at, g.programme.zone).date()
    return redirect(url_for("radio.week", week=day, _anchor=f"a{row.id}"), 303)
