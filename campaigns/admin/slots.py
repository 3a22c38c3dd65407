"""The slots of a station: when it airs a series, for how long, what it costs and until when; an editor writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from babel.dates import get_day_names
from flask import Blueprint, abort, flash, g, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import words
from campaigns.admin.campaigns import tongues
from campaigns.admin.fields import Form
from campaigns.admin.radio import FORM, STALE, USUAL_MINUTES, here, own_station, wake
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.typed import TO_MEND, Page, Typed, seal
from campaigns.admin.words import _, day, tongue
from campaigns.clubs import timetable
from campaigns.clubs.timetable import Time
from campaigns.models import Series, Slot
from messaging.clock import local, utc_now
from messaging.errors import DataError, RefusedError, StaleError
from messaging.models import Language, Role, Station

slots = Blueprint("slots", __name__, url_prefix="/admin/<programme>/people/radio", template_folder="templates")
MICROS = 1_000_000


@slots.get("/stations/<int:station>/slots/new")
@needs(Role.EDITOR)
def new_slot(station: int) -> str:
    """The empty form of a slot: half an hour a week, from today on."""
    today = local(utc_now(), g.programme.zone).date()
    with installation().db.read() as session:
        typed = Form({"minutes": str(USUAL_MINUTES), "starts_on": today.isoformat()})
        return _slot_form(session, own_station(session, station), None, Typed(typed))


@slots.post("/stations/<int:station>/slots/new")
@needs(Role.EDITOR)
def add_slot(station: int) -> Response | tuple[str, int]:
    """Make a slot, and its airings."""
    return _keep_slot(station, None)


@slots.get("/slots/<int:slot>")
@needs(Role.EDITOR)
def edit_slot(slot: int) -> str:
    """The form of a slot, as it stands."""
    with installation().db.read() as session:
        row = own_slot(session, slot)
        return _slot_form(session, own_station(session, row.station_id), row, Typed(_of_slot(row)))


@slots.post("/slots/<int:slot>")
@needs(Role.EDITOR)
def change_slot(slot: int) -> Response | tuple[str, int]:
    """Change a slot or end it; the airings to come follow."""
    with installation().db.read() as session:
        station = own_slot(session, slot).station_id
    return _keep_slot(station, slot)


def often(slot: Slot | Time) -> str:
    """When a slot recurs, in words."""
    if slot.weekday is not None:
        return _("chaque %(days)s", days=get_day_names("wide", locale=words.code())[slot.weekday])
    return _("tous les %(n)s jours, comptés du %(day)s", n=slot.every_days, day=day(slot.anchor))


def own_slot(session: Session, ident: int) -> Slot:
    query = sa.select(Slot).join(Station, Station.id == Slot.station_id)
    return session.scalar(query.where(Slot.id == ident, here(session, utc_now()))) or abort(404)


def slots_of(session: Session, row: Station, now: datetime) -> Sequence[tuple[Slot, str, str | None, bool]]:
    """The slots of a station with their series, their language and whether they are over; those that are, last."""
    today = local(now, g.programme.zone).date()
    query = sa.select(Slot, Series.title, Language).join(Series, Series.id == Slot.series_id)
    query = query.outerjoin(Language, Language.code == Slot.language).where(Slot.station_id == row.id)
    found = [
        (slot, title, tongue(language) if language else None, slot.ends_on is not None and slot.ends_on < today)
        for slot, title, language in session.execute(query)
    ]
    return sorted(
        found, key=lambda one: (one[3], one[0].weekday is None, one[0].weekday or 0, one[0].starts, one[0].id)
    )


def _keep_slot(station: int, ident: int | None) -> Response | tuple[str, int]:
    typed, now = Typed(request.form.copy()), utc_now()
    try:
        with writing() as session:
            row = own_station(session, station)
            slot = session.get_one(Slot, ident, with_for_update=True) if ident else None
            if slot is not None and request.form.get("seen") != seal(_of_slot(slot)):
                raise StaleError
            wanted = _time(session, typed, row, ident)
            if wanted is None:
                return _slot_form(session, row, slot, typed, _(TO_MEND)), 400
            if slot is None:
                timetable.add(session, g.programme, row.id, wanted, now, me().id)
            else:
                timetable.set_time(session, g.programme, slot, wanted, now, me().id)
    except (RefusedError, DataError, StaleError) as refusal:
        is_stale = isinstance(refusal, StaleError)
        told = _(STALE) if is_stale else words.sentence(str(refusal))
        with installation().db.read() as session:
            stored = own_slot(session, ident) if ident else None
            return _slot_form(session, own_station(session, station), stored, typed, told), 409 if is_stale else 400
    flash(_("Créneau enregistré. Les diffusions à venir sont prévues."), "good")
    wake()
    return redirect(url_for("stations.one", station=station, _anchor="slots"), 303)


def _time(session: Session, typed: Typed, station: Station, ident: int | None) -> Time | None:
    """What was typed of a slot; None when a field is wrong."""
    known = timetable.slots_of(session, g.programme.id)
    series = typed.choice("series", [str(one.id) for one in _series(session)], is_needed=True)
    weekday = typed.choice("weekday", [str(number) for number in range(7)])
    repeats = typed.choice("repeat_of", [str(one) for one in known])
    starts, starts_on = typed.hour("starts", is_needed=True), typed.day("starts_on", is_needed=True)
    minutes = typed.number("minutes", 1, timetable.LONGEST_MINUTES, is_needed=True)
    cost = typed.number("cost", 0, timetable.MOST_XOF)
    every, anchor = typed.number("every_days", 2, timetable.LONGEST_CYCLE), typed.day("anchor")
    spoken = [one.code for one in tongues(session, g.programme, station.languages)]
    language, ends_on = typed.choice("language", spoken), typed.day("ends_on")
    if typed.faults or starts is None or starts_on is None or minutes is None:
        return None
    wanted = Time(
        series_id=int(series), starts=starts, starts_on=starts_on, weekday=int(weekday) if weekday else None,
        every_days=every, anchor=anchor if every else None, minutes=minutes, language=language or None,
        repeat_of=int(repeats) if repeats else None, is_live="is_live" in typed.form,
        cost_micros=None if cost is None else cost * MICROS, ends_on=ends_on,
    )  # fmt: skip
    typed.refuse(timetable.faults(wanted, known, ident))
    return None if typed.faults else wanted


def _of_slot(row: Slot) -> Form:
    """A stored slot as the fields of its form."""
    values = {
        "series": row.series_id, "weekday": row.weekday, "every_days": row.every_days, "anchor": row.anchor,
        "starts": f"{row.starts:%H:%M}", "minutes": row.minutes, "language": row.language, "repeat_of": row.repeat_of,
        "cost": None if row.cost_micros is None else row.cost_micros // MICROS, "starts_on": row.starts_on,
        "ends_on": row.ends_on, "is_live": "on" if row.is_live else None,
    }  # fmt: skip
    return Form({name: str(value) for name, value in values.items() if value is not None})


def _slot_form(session: Session, station: Station, row: Slot | None, typed: Typed, notice: str = "") -> str:
    above = [(url_for("radio.week"), _("Radio")), (url_for("stations.one", station=station.id), station.name)]
    heading = _("Modifier le créneau") if row is not None else _("Ajouter un créneau")
    seen = seal(_of_slot(row)) if row is not None else ""
    page = Page("slot", heading, typed.form, above, typed.faults, notice, seen)
    firsts = _firsts(session, row)
    names = get_day_names("wide", locale=words.code())
    return page.show(FORM,
        series={one.id: one.title for one in _series(session)}, weekdays={number: names[number] for number in range(7)},
        languages={one.code: tongue(one) for one in tongues(session, g.programme, station.languages)}, firsts=firsts,
    )  # fmt: skip


def _firsts(session: Session, row: Slot | None) -> dict[int, str]:
    """The slots of first broadcasts that another may repeat, as a choice."""
    query = sa.select(Slot, Station.name).join(Station, Station.id == Slot.station_id)
    own = query.where(Station.programme_id == g.programme.id, Slot.repeat_of.is_(None))
    return {
        slot.id: f"{name}, {often(slot)}, {slot.starts:%H:%M}"
        for slot, name in session.execute(own.order_by(Station.name, Slot.id))
        if row is None or slot.id != row.id
    }


def _series(session: Session) -> Sequence[Series]:
    return session.scalars(sa.select(Series).where(Series.programme_id == g.programme.id).order_by(Series.title)).all()
