"""One radio station: what it is, whom to ask for, which clubs hear it, its month, and the slots it gives to a series.

Editors and officers keep the station and know its people; its slots are the plan, and money: an editor writes them. An
approver notes that it agreed to its hours being told in red communes; anybody who keeps it may take that back.

Source: the page on safeguarding, 5.1, 5.3 and 11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import audiences, masks, words
from campaigns.admin.campaigns import tongues
from campaigns.admin.fields import Form
from campaigns.admin.radio import FORM, KEEPERS, MOST, STALE, lies, may_note, own_station, reason, scores, wake
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.slots import often, slots_of
from campaigns.admin.typed import TO_MEND, Page, Typed, seal
from campaigns.admin.words import _, tongue
from campaigns.audience import place_ids
from campaigns.clubs import stations as cards
from campaigns.clubs.stations import Card
from messaging.clock import local, utc_now
from messaging.errors import DataError, RefusedError, StaleError
from messaging.models import Club, ClubStation, Language, Phone, Place, Role, Station, StationPhone

stations = Blueprint("stations", __name__, url_prefix="/admin/<programme>/people/radio", template_folder="templates")


@stations.get("/stations/<int:station>")
def one(station: int) -> str:
    """The station."""
    now = utc_now()
    today = local(now, g.programme.zone).date()
    with installation().db.read() as session:
        row = own_station(session, station)
        clubs = (
            sa.select(Club)
            .join(ClubStation, ClubStation.club_id == Club.id)
            .where(ClubStation.station_id == row.id, Club.closed_on.is_(None), me().within(Club.village_id))
            .order_by(Club.code)
            .limit(MOST)
        )
        phones = sa.select(Phone.last_two).join(StationPhone).where(StationPhone.station_id == row.id)
        return render_template(
            "station.html", station=row, place=session.get(Place, row.place_id) if row.place_id else None,
            languages=_named(session, row.languages), clubs=session.scalars(clubs).all(),
            slots=slots_of(session, row, now), phones=session.scalars(phones.order_by(Phone.id)).all(),
            may_keep=may_note(), may_plan=me().has(Role.EDITOR),
            score=scores(session, today)[row.id], often=often, reason=reason, today=today,
            may_agree=cards.may_say_hours(me().roles, agrees=not row.tells_hours),
        )  # fmt: skip


@stations.get("/stations/new")
@needs(*KEEPERS)
def new() -> str:
    """The empty form of a station."""
    with installation().db.read() as session:
        return _card_form(session, None, Typed(Form()))


@stations.post("/stations/new")
@needs(*KEEPERS)
def add() -> Response | tuple[str, int]:
    """Make a station."""
    return _keep_card(None)


@stations.get("/stations/<int:station>/edit")
@needs(*KEEPERS)
def edit(station: int) -> str:
    """The form of a station, as it stands."""
    with installation().db.read() as session:
        row = own_station(session, station)
        return _card_form(session, row, Typed(_of_card(session, row)))


@stations.post("/stations/<int:station>/edit")
@needs(*KEEPERS)
def change(station: int) -> Response | tuple[str, int]:
    """Change a station."""
    return _keep_card(station)


@stations.post("/stations/<int:station>/hours")
@needs(*cards.TAKERS)
def agree(station: int) -> Response:
    """Note that it agrees, or no longer agrees, to its hours being told in red communes."""
    try:
        with writing() as session:
            row = own_station(session, station)
            session.refresh(row, with_for_update=True)
            cards.agree(session, row, request.form.get("agrees") == "yes", utc_now(), me().id, me().roles)
        flash(_("C'est noté."), "good")
        wake()
    except RefusedError as refusal:
        flash(words.sentence(str(refusal)), "bad")
    return redirect(url_for("stations.one", station=station), 303)


def _keep_card(ident: int | None) -> Response | tuple[str, int]:
    typed, now = Typed(request.form.copy()), utc_now()
    row: Station | None = None
    try:
        with writing() as session:
            row = own_station(session, ident) if ident else None
            if row is not None:
                session.refresh(row, with_for_update=True)
                if request.form.get("seen") != seal(_of_card(session, row)):
                    raise StaleError
            card = _card(session, typed, row)
            if typed.faults:
                return _card_form(session, row, typed, _(TO_MEND)), 400
            if row is None:
                row = cards.add(session, g.programme.id, card, now, me().id)
            else:
                cards.change(session, row, card, now, me().id)
    except (RefusedError, DataError, StaleError) as refusal:
        is_stale = isinstance(refusal, StaleError)
        with installation().db.read() as session:
            stored = own_station(session, ident) if ident else None
            told = _(STALE) if is_stale else words.sentence(str(refusal))
            return _card_form(session, stored, typed, told), 409 if is_stale else 400
    flash(_("Station enregistrée."), "good")
    return redirect(url_for("stations.one", station=row.id), 303)


def _card(session: Session, typed: Typed, row: Station | None) -> Card:
    """What was typed of a station; what is wrong stands in `typed`."""
    known = [one.code for one in _tongues(session, row)]
    card = Card(
        name=" ".join(typed.text("name", cards.NAME, is_needed=True).split()),
        sms_name=" ".join(typed.text("sms_name", cards.SMS_NAME).split()),
        place_id=_place(session, typed, row),
        frequency=typed.text("frequency", cards.FREQUENCY),
        languages=tuple(code for code in known if code in typed.form.getlist("languages")),
        coverage=typed.text("coverage", cards.COVERAGE),
        contact=typed.text("contact", cards.CONTACT),
    )
    typed.refuse(cards.faults(card))
    return card


def _place(session: Session, typed: Typed, row: Station | None) -> int | None:
    """The place that was typed, by its name or code, within the account's own; what stood there stays as it was."""
    name = typed.text("place", 120)
    if row is not None and name == _of_card(session, row)["place"]:
        return row.place_id
    if not name:
        if me().villages is not None:
            typed.wrong("place", _("Nommez un de vos lieux."))
        return None
    said, faults = audiences.settled(session, {"places": [name]})
    found = [] if faults else sorted(place_ids(session, said["places"]))
    own = sa.select(Place.id).where(Place.id.in_(found), lies(session, Place.id, utc_now()))
    if found and session.scalar(own) is None:
        faults = {"places": [_(audiences.ELSEWHERE, place=name)]}
    for sentence in faults.get("places", ()):
        typed.wrong("place", sentence)
    return found[0] if found else None


def _of_card(session: Session, row: Station) -> Form:
    """A stored station as the fields of its form."""
    place = session.get(Place, row.place_id) if row.place_id else None
    form = Form({
        "name": row.name, "sms_name": row.sms_name, "place": place.name if place else "",
        "frequency": row.frequency or "", "coverage": row.coverage or "", "contact": row.contact or "",
    })  # fmt: skip
    form.setlist("languages", list(row.languages))
    return form


def _card_form(session: Session, row: Station | None, typed: Typed, notice: str = "") -> str:
    above = [(url_for("radio.week"), _("Radio"))]
    if row is not None:
        above.append((url_for("stations.one", station=row.id), row.name))
    heading = _("Modifier la station") if row is not None else _("Ajouter une station")
    seen = seal(_of_card(session, row)) if row is not None else ""
    page = Page("station", heading, typed.form, above, typed.faults, notice, seen)
    return page.show(FORM, languages=[(one.code, tongue(one)) for one in _tongues(session, row)])


def _tongues(session: Session, station: Station | None = None) -> list[Language]:
    return tongues(session, g.programme, station.languages if station is not None else [])


def _named(session: Session, codes: Sequence[str]) -> list[str]:
    known: Mapping[str, Language] = masks.tongues(session, codes)
    return [tongue(known[code]) for code in codes if code in known]
