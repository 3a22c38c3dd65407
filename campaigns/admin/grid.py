"""The grid: clubs x episodes of a month, or clubs x weeks for groups of another kind; a large one by commune."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

import sqlalchemy as sa
from flask import Blueprint, abort, g, render_template, request, url_for
from sqlalchemy.orm import Session

from campaigns.admin import masks, paging
from campaigns.admin.security import installation, me, needs
from campaigns.admin.words import N_, _
from campaigns.clubs.cells import Cell, State
from campaigns.clubs.grid import BY_EPISODE, Column, Grid, gather
from campaigns.models import Airing, Silence
from messaging import places
from messaging.clock import at_local, local, utc_now
from messaging.models import Club, Programme, Role, Station
from messaging.models.people import ClubKind

grid = Blueprint("grid", __name__, url_prefix="/admin/<programme>/people/grid", template_folder="templates")
WEEKS = 5  # of a month
CELLS = 560  # on one page: with their links they come in less than 8 KB
SEES = (Role.EDITOR, Role.APPROVER, Role.OFFICER, Role.FOCAL_POINT, Role.EVALUATION, Role.AUDITOR)  # counts of clubs
STATES = {  # the letter of a cell and its words
    State.LIVE: ("D", N_("écoutée en direct")),
    State.REPEAT: ("R", N_("écoutée en rediffusion")),
    State.RECORDING: ("E", N_("écoutée sur enregistrement")),
    State.HELD: ("T", N_("tenue")),
    State.PARTLY: ("P", N_("écoutée en partie")),
    State.NO_SIGNAL: ("C", N_("pas captée")),
    State.CANCELLED: ("A", N_("séance annulée")),
    State.SILENT: ("S", N_("silence expliqué")),
    State.MISSED: ("M", N_("séance manquée")),
    State.NOT_AIRED: ("N", N_("pas diffusée")),
    State.NO_REPORT: ("–", N_("pas de compte rendu")),
    State.NOT_YET: ("·", N_("pas encore")),
}
OF_EPISODES = (
    State.LIVE, State.REPEAT, State.RECORDING, State.PARTLY, State.NO_SIGNAL, State.CANCELLED, State.SILENT,
    State.NOT_AIRED, State.NO_REPORT, State.NOT_YET,
)  # fmt: skip
OF_WEEKS = (State.HELD, State.CANCELLED, State.SILENT, State.MISSED, State.NO_REPORT, State.NOT_YET)
SILENCES = {
    Silence.NOT_AIRED: N_("pas diffusée"),
    Silence.NO_SIGNAL: N_("pas de signal"),
    Silence.NO_NETWORK: N_("pas de réseau"),
    Silence.NO_CREDIT: N_("pas de crédit"),
    Silence.FACILITATOR_AWAY: N_("animateur absent"),
    Silence.SECURITY: N_("sécurité"),
    Silence.OTHER: N_("autre raison"),
}


@dataclass(frozen=True)
class Commune:
    """A commune in which the account sees clubs of a kind, and how many."""

    id: int | None
    name: str
    clubs: int


@grid.get("")
@needs(*SEES)
def page() -> str:
    """One month of one kind of club; more than `CELLS` by commune."""
    programme: Programme = g.programme
    today = local(utc_now(), programme.zone).date()
    month = _month(request.args.get("month", ""), today)
    after = month_after(month)
    with installation().db.read() as session:
        kinds = _kinds(session, programme)
        kind = _kind(request.args.get("kind", ""), kinds)
        communes, most = _communes(session, programme, kind, today), _most(session, programme, kind, month)
        chosen = _chosen(request.args.get("commune", ""), communes, most)
        ids = _ids(session, programme, kind, chosen, today, most)
        found = gather(
            session, programme, month, after - timedelta(days=1), today, within=Club.id.in_(ids[:most]),
            sees_security=me().has(Role.FOCAL_POINT, "security"),
        )  # fmt: skip
        by_episode = kind in BY_EPISODE
        columns = (_concerning(found) if by_episode else found.weeks) if found.rows else []
        shown = {"month": month, "kind": kind, "commune": chosen.id if chosen else None}
        return render_template(
            "grid.html", here=lambda **other: address(**(shown | other)), found=found, columns=columns, month=month,
            before=month_before(month), after=after, kinds=kinds, kind=kind, communes=communes, chosen=chosen,
            by_episode=by_episode, states=OF_EPISODES if by_episode else OF_WEEKS, letters=STATES, why=why,
            sums=found.by_column(), more=ids[most - 1] if len(ids) > most else None,
        )  # fmt: skip


def address(month: date, kind: ClubKind, commune: int | None, after: int | None = None) -> str:
    """The page of a month, a kind of club and a commune."""
    return url_for("grid.page", month=f"{month:%Y-%m}", kind=kind.value, commune=commune, after=after)


def month_before(month: date) -> date:
    """The first day of the month before."""
    return (month - timedelta(days=1)).replace(day=1)


def month_after(month: date) -> date:
    """The first day of the month after."""
    return (month + timedelta(days=31)).replace(day=1)


def why(one: Cell) -> str:
    """The reason of a silence in words; empty for every other cell."""
    return _(SILENCES[one.reason]) if one.reason else ""


def _month(given: str, today: date) -> date:
    """The first day of a month in an address, such as 2026-03; of this month when it is none, or lies years away."""
    try:
        first = date.fromisoformat(f"{given}-01")
    except ValueError:
        return today.replace(day=1)
    return first if abs(first - today) < timedelta(days=3660) else today.replace(day=1)


def _own(programme: Programme) -> sa.ColumnElement[bool]:
    return sa.and_(Club.programme_id == programme.id, me().within(Club.village_id))


def _kinds(session: Session, programme: Programme) -> list[ClubKind]:
    """The kinds of the clubs that the account sees; listeners' clubs first."""
    found = set(session.scalars(sa.select(Club.kind).where(_own(programme)).distinct()))
    return sorted(found, key=lambda kind: (kind not in BY_EPISODE, list(ClubKind).index(kind)))


def _kind(given: str, kinds: list[ClubKind]) -> ClubKind:
    if not given:
        return kinds[0] if kinds else ClubKind.LISTENERS_CLUB
    return ClubKind(given) if given in kinds else abort(404)


def _most(session: Session, programme: Programme, kind: ClubKind, month: date) -> int:
    """How many clubs fit on the page: the more episodes a month has, the fewer."""
    if kind not in BY_EPISODE:
        return CELLS // WEEKS
    since, until = (at_local(day, time(0), programme.zone) for day in (month, month_after(month)))
    query = (
        sa.select(sa.func.count(sa.distinct(Airing.episode_id)))
        .join(Station, Station.id == Airing.station_id)
        .where(Station.programme_id == programme.id, Airing.is_repeat.is_(False))
        .where(Airing.planned_at >= since, Airing.planned_at < until)
    )
    return max(CELLS // max(session.scalar(query) or 0, 1), 1)


def _communes(session: Session, programme: Programme, kind: ClubKind, today: date) -> list[Commune]:
    """The communes of own places with clubs of that kind, by name."""
    pairs = places.communes(today).subquery()
    query = (
        sa.select(pairs.c.commune_id, sa.func.count(Club.id))
        .select_from(Club)
        .outerjoin(pairs, pairs.c.village_id == Club.village_id)
        .where(_own(programme), Club.kind == kind)
        .group_by(pairs.c.commune_id)
    )
    counts: dict[int | None, int] = dict(session.execute(query).all())
    names = {home.commune_id: home.commune for home in masks.own_homes(session, programme, utc_now())}
    found = [Commune(ident, names.get(ident, "–"), count) for ident, count in counts.items()]
    return sorted(found, key=lambda one: (one.name, one.id or 0))


def _chosen(given: str, communes: list[Commune], most: int) -> Commune | None:
    """The commune in the address; without one all of them, the first when they are too many for a page."""
    if given:
        return next((one for one in communes if str(one.id) == given), None) or abort(404)
    return communes[0] if sum(one.clubs for one in communes) > most and len(communes) > 1 else None


def _ids(
    session: Session, programme: Programme, kind: ClubKind, chosen: Commune | None, today: date, most: int
) -> list[int]:
    """The clubs of the page and one more when others follow, by id."""
    query = sa.select(Club.id).where(_own(programme), Club.kind == kind, Club.id > (paging.after(_after()) or 0))
    if chosen is not None:
        pairs = places.communes(today).subquery()
        lying = sa.select(pairs.c.village_id).where(pairs.c.commune_id == chosen.id)
        query = query.where(Club.village_id.in_(lying))
    return list(session.scalars(query.order_by(Club.id).limit(most + 1)))


def _after() -> str | None:
    return request.args.get("after")


def _concerning(found: Grid) -> Sequence[Column]:
    """The episodes that concern a club of the page; all when none does: a station is missing."""
    return [one for one in found.episodes if any(one.key in row.cells for row in found.rows)] or found.episodes
