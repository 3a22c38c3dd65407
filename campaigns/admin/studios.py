"""The addresses of hosts: made for one episode of one station, shown once, and withdrawn with one press.

Source: the safeguarding rules, 11: a host has no account, and an address that can be withdrawn.
"""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import paging, words
from campaigns.admin.air import KEEPS, programmed, title
from campaigns.admin.radio import here
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import _
from campaigns.clubs import questions, studio
from campaigns.models import Episode, StudioPage
from messaging import staff
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.models import Station

studios = Blueprint("studios", __name__, url_prefix="/admin/<programme>/people/air/studio", template_folder="templates")


@studios.get("")
@needs(*KEEPS)
def index() -> str:
    """The addresses that are good, and the form of a new one."""
    with installation().db.read() as session:
        return _page(session)


@studios.post("")
@needs(*KEEPS)
def make() -> str | tuple[str, int]:
    """Make an address; it stands on this answer alone."""
    try:
        with writing() as session:
            now, station = utc_now(), request.form.get("station", "")
            own = sa.select(Station).where(Station.id == paging.after(station), here(session, now))
            found = session.scalar(own)
            episode = questions.episode_of(session, g.programme.id, paging.after(request.form.get("episode", "")))
            if found is None or episode is None:
                raise RefusedError("Choisissez la station et l'émission. / Choose the station and the episode.")
            _row, key = studio.make(session, found, episode, me().id, now)
            session.flush()
            return _page(session, address=url_for("studio.page", key=key, _external=True))
    except RefusedError as refusal:
        with installation().db.read() as session:
            return _page(session, refusal=words.sentence(str(refusal))), 400


@studios.post("/<int:ident>")
@needs(*KEEPS)
def withdraw(ident: int) -> Response:
    """Close an address at once."""
    with writing() as session:
        now = utc_now()
        own = sa.select(StudioPage).join(Station, Station.id == StudioPage.station_id)
        row = session.scalar(own.where(StudioPage.id == ident, here(session, now))) or abort(404)
        studio.withdraw(session, row, me().id, now)
    flash(_("L'adresse ne s'ouvre plus."), "good")
    return redirect(url_for("studios.index"), 303)


def _page(session: Session, address: str = "", refusal: str = "") -> str:
    now = utc_now()
    pages = (
        sa.select(StudioPage, Station.name, Episode)
        .join(Station, Station.id == StudioPage.station_id)
        .join(Episode, Episode.id == StudioPage.episode_id)
        .where(here(session, now), StudioPage.withdrawn_at.is_(None), StudioPage.until > now)
        .order_by(StudioPage.id.desc())
    )
    found = session.execute(pages).all()
    stations = session.scalars(sa.select(Station).where(here(session, now)).order_by(Station.name)).all()
    return render_template(
        "studios.html", pages=found, by=staff.names(session, {row.StudioPage.made_by for row in found}),
        title=title, stations=stations, episodes=programmed(session, now), address=address, refusal=refusal,
        typed=request.form,
    )  # fmt: skip
