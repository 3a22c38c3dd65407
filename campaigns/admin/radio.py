"""Radio: what stations air in a week, and what became of it; past broadcasts of which nobody said anything stand out.

Editors and officers note, move, add and call off, each at the stations of their places. That a station was silent for
its security is shown to the focal point of security alone, to all others as another reason.

Source: the page on safeguarding, 5.3 and 11; the page on the domain, 6.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import words
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _
from campaigns.clubs import airings
from campaigns.clubs.scorecard import Score, scorecard
from campaigns.models import Airing, AiringStatus, Episode
from campaigns.week import monday_of
from messaging import places
from messaging.clock import at_local, local, utc_now
from messaging.errors import RefusedError
from messaging.models import Place, Role, StaffPlace, Station

radio = Blueprint("radio", __name__, url_prefix="/admin/<programme>/people/radio", template_folder="templates")
FORM = "radio_form.html"  # every form of these pages, by its kind
KEEPERS = (Role.EDITOR, Role.OFFICER)
WEEK = timedelta(days=7)
FARTHEST = timedelta(days=730)
UNTOLD_FOR = timedelta(days=60)  # how long a broadcast of which nobody said anything is asked after
PATIENCE = timedelta(hours=1)  # after which it is
MOST = 100  # of them on a page
USUAL_MINUTES = 30
REASONS = {
    "power": N_("courant ou carburant"),
    "network": N_("réseau ou liaison"),
    "staff": N_("équipe absente ou malade"),
    "security": N_("sécurité"),
    "other": N_("autre raison"),
}
SECRET, OTHER = "security", "other"
STALE = N_(
    "Quelqu'un d'autre a changé cela entre-temps. Ce que vous avez écrit est encore ici : comparez, enregistrez."
)
NOT_YET = N_("Cette diffusion n'a pas encore commencé.")


@dataclass(frozen=True)
class Line:
    """One broadcast of a page; `stand` is planned, untold, aired or not_aired."""

    airing: Airing
    episode: Episode
    station: Station
    stand: str
    at: datetime  # on the programme's clock

    @property
    def title(self) -> str:
        """« E12 · Le moringa »."""
        return f"E{self.episode.number} · {title(self.episode)}"


@radio.get("")
def week() -> str:
    """One week of broadcasts, and the stations with their month; `untold` shows the past ones nobody spoke of."""
    now, zone = utc_now(), g.programme.zone
    today = local(now, zone).date()
    monday = _monday(request.args.get("week", ""), today)
    is_untold = "untold" in request.args
    with installation().db.read() as session:
        own = here(session, now)
        start = at_local(monday, time(0), zone)
        cut = untold(now) if is_untold else sa.and_(Airing.planned_at >= start, Airing.planned_at < start + WEEK)
        stations = sa.select(Station, Place.name).outerjoin(Place, Place.id == Station.place_id).where(own)
        return render_template(
            "radio.html", days=_by_day(lines_of(session, sa.and_(own, cut), now)),
            stations=session.execute(stations.order_by(Station.name)).all(),
            scores=scores(session, today), waiting=session.scalar(_count(own, now)) or 0, is_untold=is_untold,
            monday=monday, before=monday - WEEK, after=monday + WEEK, this=monday_of(today), today=today, now=now,
            may_note=may_note(), reason=reason, day_long=timedelta(days=1),
        )  # fmt: skip


@radio.post("/aired")
@needs(*KEEPERS)
def aired() -> Response:
    """Note that a broadcast went on the air at its hour: the one press that most of them need."""
    now = utc_now()
    try:
        with writing() as session:
            airing = own_airing(session, request.form.get("airing", type=int) or 0)
            if airing.planned_at > now:
                raise RefusedError(_(NOT_YET))
            airings.say(session, airing, aired=True, at=None, reason=None, who=me().id, now=now)
        flash(_("Noté : diffusée à l'heure prévue."), "good")
        wake()
    except RefusedError as refusal:
        flash(words.sentence(str(refusal)), "bad")
    back = {"untold": 1} if "untold" in request.form else {"week": request.form.get("week") or None}
    return redirect(url_for("radio.week", **back), 303)


def here(session: Session, now: datetime) -> sa.ColumnElement[bool]:
    """The condition on stations that they are of the programme and lie in the account's own places."""
    return sa.and_(Station.programme_id == g.programme.id, lies(session, Station.place_id, now))


def lies(session: Session, place: Any, now: datetime) -> sa.ColumnElement[bool]:
    """The condition that a place, of whatever level, is one of the account's own or lies in one."""
    if me().villages is None:
        return sa.true()
    tops = session.scalars(sa.select(StaffPlace.place_id).where(StaffPlace.staff_id == me().id)).all()
    inside = places.inside(tops, local(now, g.programme.zone).date()).subquery()
    found: sa.ColumnElement[bool] = place.in_(sa.select(inside.c.place_id))
    return found


def own_station(session: Session, ident: int) -> Station:
    """A station of the programme and of the account's places; anything else is not there (404)."""
    found = session.scalar(sa.select(Station).where(Station.id == ident, here(session, utc_now())))
    return found or abort(404)


def own_airing(session: Session, ident: int) -> Airing:
    """A broadcast of such a station; anything else is not there (404)."""
    query = sa.select(Airing).join(Station, Station.id == Airing.station_id)
    return session.scalar(query.where(Airing.id == ident, here(session, utc_now()))) or abort(404)


def may_note() -> bool:
    """True for an account that keeps the stations of its places."""
    return any(me().has(role) for role in KEEPERS)


def knows_security() -> bool:
    """True for the focal point of security, who alone sees that it was the reason."""
    return me().has(Role.FOCAL_POINT, SECRET)


def reason(code: str | None) -> str:
    """Why a broadcast failed, as this account may know it; empty when nobody said."""
    shown = OTHER if code == SECRET and not knows_security() else code
    return _(REASONS.get(shown, REASONS[OTHER])) if shown else ""


def title(episode: Episode) -> str:
    """The title of an episode, in the language of the page where it has one."""
    titles = episode.titles
    return str(titles.get(words.code()) or titles.get(words.FIRST) or next(iter(titles.values()), ""))


def untold(now: datetime) -> sa.ColumnElement[bool]:
    """The condition on airings that their hour has passed, lately, and nobody said what became of them."""
    is_over = Airing.planned_at.between(now - UNTOLD_FOR, now - PATIENCE)
    return sa.and_(Airing.status == AiringStatus.PLANNED, is_over)


def scores(session: Session, today: date) -> dict[int, Score]:
    """The scores of this month until today, by station."""
    first = today.replace(day=1)
    rows = scorecard(session, g.programme, first, today, security=knows_security())
    return {row.station_id: row for row in rows}


def wake() -> None:
    """Let what follows a broadcast be planned at once."""
    current_app.extensions.get("jekulu.wake", lambda *_: None)("plan")


def _monday(given: str, today: date) -> date:
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = today
    return monday_of(day if abs(day - today) <= FARTHEST else today)


def _count(own: sa.ColumnElement[bool], now: datetime) -> sa.Select[int]:
    query = sa.select(sa.func.count()).select_from(Airing).join(Station, Station.id == Airing.station_id)
    return query.where(own, untold(now))


def lines_of(session: Session, which: sa.ColumnElement[bool], now: datetime) -> list[Line]:
    query = (
        sa.select(Airing, Episode, Station)
        .join(Station, Station.id == Airing.station_id)
        .join(Episode, Episode.id == Airing.episode_id)
        .where(which)
        .order_by(Airing.planned_at, Airing.id)
        .limit(MOST)
    )
    return [line_of(*row, now) for row in session.execute(query)]


def line_of(airing: Airing, episode: Episode, station: Station, now: datetime) -> Line:
    is_over = airing.planned_at + timedelta(minutes=airing.minutes) <= now
    stand = "untold" if airing.status is AiringStatus.PLANNED and is_over else airing.status.value
    return Line(airing, episode, station, stand, local(airing.planned_at, g.programme.zone))


def _by_day(lines: Sequence[Line]) -> dict[date, list[Line]]:
    found: dict[date, list[Line]] = {}
    for line in lines:
        found.setdefault(line.at.date(), []).append(line)
    return found
