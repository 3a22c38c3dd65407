"""Sessions: a week of them with what became of each; one with its history; the form for paper sheets and corrections.

The officer of the place writes; all who see clubs read the counts. The words of an SMS are for the officer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from campaigns.admin import masks, paging, tally, told, weekly, words
from campaigns.admin.clubs import OUTCOMES
from campaigns.admin.fields import Form
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.typed import Typed
from campaigns.admin.words import N_, TOPICS, _
from campaigns.clubs import gatherings, listening, reports
from campaigns.clubs.gatherings import Gathering
from campaigns.models import (
    Airing,
    Attendance,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Episode,
)
from messaging import search
from messaging.clock import local, utc_now
from messaging.errors import RefusedError
from messaging.models import Club, Role
from messaging.models.place import Level

meeting = Blueprint("meeting", __name__, url_prefix="/admin/<programme>/people/sessions", template_folder="templates")
KINDS = {
    ClubSessionKind.SCHOOL: N_("école"),
    ClubSessionKind.CLUB: N_("club"),
    ClubSessionKind.DEMONSTRATION: N_("démonstration"),
    ClubSessionKind.TRAINING: N_("formation"),
    ClubSessionKind.VISIT: N_("visite"),
    ClubSessionKind.ASSEMBLY: N_("assemblée"),
    ClubSessionKind.PLATFORM: N_("plateforme"),
}
TAKEN = N_("Il y a déjà un compte rendu : %(figures)s. Enregistrez de nouveau pour le remplacer.")


class TakenError(Exception):
    """A report is there that the form did not show; it is not replaced before somebody has seen it."""

    def __init__(self, counted: Attendance | None) -> None:
        super().__init__()
        self.seen, self.figures = told.mark(counted), told.figures(counted) if counted else ""


@dataclass
class Shown:
    """What the page of one session, or of a new one, shows."""

    typed: Form
    row: ClubSession | None = None
    club: Club | None = None
    home: masks.Home | None = None
    counted: Attendance | None = None
    history: Sequence[told.Entry] = ()
    episode: Episode | None = None
    seen: str = ""
    notice: str = ""
    faults: dict[str, list[str]] = field(default_factory=dict)


@meeting.get("")
def page() -> str:
    """The sessions of a week, the earliest first, all or those of one state."""
    monday = weekly.monday(request.args.get("week", ""), _today())
    state = request.args.get("state", "")
    chosen = ClubSessionStatus(state) if state in tuple(ClubSessionStatus) else None
    with installation().db.read() as session:
        query = weekly.of_week(monday).group_by(ClubSession.status)
        counts = {
            row[0]: row[1] for row in session.execute(query.with_only_columns(ClubSession.status, sa.func.count()))
        }
        found = paging.page(session, weekly.listed(monday, chosen, request.args.get("after", "")))
    return render_template(
        "sessions.html", page=found, monday=monday, sunday=monday + timedelta(days=6), counts=counts, chosen=chosen,
        before=monday - timedelta(days=7), following=monday + timedelta(days=7), outcomes=OUTCOMES, kinds=KINDS,
        today=_today(),
    )  # fmt: skip


@meeting.get("/<int:ident>")
def one(ident: int) -> str:
    """One session: what counts, and every report of it."""
    with installation().db.read() as session:
        return _show(_shown(session, ident))


@meeting.post("/<int:ident>")
@needs(Role.OFFICER)
def correct(ident: int) -> Response | tuple[str, int]:
    """Store what was typed of a session that is known: planned, missed, or reported otherwise."""
    typed = Typed(request.form)
    with installation().db.read() as session:
        shown = _shown(session, ident)
    assert shown.row is not None
    day = shown.row.held_on or typed.day("day", is_needed=True)
    counts = tally.read(typed, of_club=shown.club is not None)
    target = Target(shown.club, day, None if shown.club else _gathering(typed, shown.row.place_id, day), ident)
    return _store(shown, typed, counts, target)


@meeting.get("/new")
@needs(Role.OFFICER)
def new() -> str:
    """The empty form: of a club's session, or of a gathering without a club."""
    form: Form = MultiDict({"happened": "held", "day": _today().isoformat(), **request.args.to_dict()})
    return _show(Shown(form))


@meeting.post("/new")
@needs(Role.OFFICER)
def add() -> Response | tuple[str, int]:
    """Store what was typed of a session of which nothing may be known yet."""
    typed = Typed(request.form)
    is_club = request.form.get("what") != "gathering"
    day = typed.day("day", is_needed=True)
    counts = tally.read(typed, of_club=is_club)
    with installation().db.read() as session:
        club = _club(session, typed) if is_club else None
        gathering = None if is_club else _gathering(typed, _place(session, typed), day)
    return _store(Shown(request.form), typed, counts, Target(club, day, gathering))


@dataclass(frozen=True)
class Target:
    """Which session a form is about: a club's on a day, or a gathering; `ident` of one that is known."""

    club: Club | None
    day: date | None
    gathering: Gathering | None
    ident: int | None = None


def _store(shown: Shown, typed: Typed, counts: dict[str, Any], target: Target) -> Response | tuple[str, int]:
    """Store it, or show the form again with all that was typed and what is wrong."""
    shown.typed, shown.faults, shown.seen = request.form, typed.faults, request.form.get("seen", "")
    if typed.faults:
        shown.notice = _("À corriger : voyez les champs marqués.")
        return _show(shown), 400
    try:
        with writing() as session:
            ident = _record(session, counts, target)
    except TakenError as taken:
        shown.notice, shown.seen = _(TAKEN, figures=taken.figures), taken.seen
        return _show(shown), 400
    except RefusedError as refusal:
        shown.notice = words.sentence(str(refusal))
        return _show(shown), 400
    flash(_("La séance est enregistrée."), "good")
    return redirect(url_for("meeting.one", ident=ident), 303)


def _record(session: Session, counts: dict[str, Any], target: Target) -> int:
    """Store it; gives the id of the session."""
    assert target.day is not None
    how: dict[str, Any] = {
        "source": "paper" if "paper" in request.form else "form", "staff_id": me().id, "now": utc_now(),
    }  # fmt: skip
    if target.club is not None:
        listening.lock(session, Club.id == target.club.id)
        known = sa.and_(ClubSession.club_id == target.club.id, ClubSession.held_on == target.day)
        _unchanged(session, known, counts)
        return reports.record(session, target.club, target.day, counts, **how).id
    assert target.gathering is not None
    row = _unchanged(session, ClubSession.id == target.ident, counts) if target.ident is not None else None
    return gatherings.record(session, g.programme, target.gathering, counts, meeting=row, **how).id


def _unchanged(session: Session, which: sa.ColumnElement[bool], counts: dict[str, Any]) -> ClubSession | None:
    """The locked session that the form is about, when no report came since it was shown.

    Raises:
        TakenError: one came.
    """
    row = session.scalars(sa.select(ClubSession).where(which).with_for_update()).one_or_none()
    if row is None:
        return None
    counted = reports.counted(session, row)
    if told.mark(counted) != request.form.get("seen", ""):
        raise TakenError(counted)
    if counts.get("cancelled"):
        counts["cancelled"] = tally.kept_reason(counts["cancelled"], row.cancel_reason, to_security=_is_security())
    return row


def _is_security() -> bool:
    return me().has(Role.FOCAL_POINT, "security")


def _today() -> date:
    return local(utc_now(), g.programme.zone).date()


def _shown(session: Session, ident: int) -> Shown:
    """A session of the programme and of own places; any other is not there (404)."""
    row = session.get(ClubSession, ident)
    club = session.get(Club, row.club_id) if row and row.club_id else None
    village_id = club.village_id if club else row.place_id if row else None
    if row is None or row.programme_id != g.programme.id or not me().sees(village_id):
        abort(404)
    counted = session.scalar(
        sa.select(Attendance).where(Attendance.club_session_id == ident, Attendance.state.in_(reports.COUNTS))
    )
    heard = sa.select(Episode).join(Airing, Airing.episode_id == Episode.id).where(Airing.id == row.airing_id)
    shown = Shown(
        tally.fields(row, counted), row, club, counted=counted, history=told.history(session, ident),
        episode=session.scalar(heard), home=masks.homes(session, [village_id or 0], utc_now()).get(village_id or 0),
        seen=told.mark(counted),
    )  # fmt: skip
    shown.typed["day"] = str(row.held_on or row.planned_on or "")
    shown.typed["topic"], shown.typed["kind"] = row.topic or "", row.kind.value
    if "reason" in shown.typed:
        shown.typed["reason"] = tally.shown_reason(row.cancel_reason, to_security=_is_security()) or ""
    return shown


def _club(session: Session, typed: Typed) -> Club | None:
    """The open club of own places whose code was typed; the SMS reads nearly right codes, a form does not guess."""
    code = typed.text("club", 20, is_needed=True)
    if not code:
        return None
    mine = (Club.programme_id == g.programme.id, Club.code == code, me().within(Club.village_id))
    found = session.scalars(sa.select(Club).where(*mine).order_by(Club.closed_on.is_not(None), Club.id)).first()
    if found is None:
        typed.wrong("club", _("Aucun club de vos lieux n'a ce code."))
    return found


def _place(session: Session, typed: Typed) -> int | None:
    name = typed.text("place", 60, is_needed=True)
    if not name:
        return None
    if search.is_number(name):
        typed.wrong("place", _("Aucun village de vos lieux ne s'appelle ainsi."))
        return None
    today = _today()
    found = [
        one
        for one in search.find_places(session, g.programme.id, name, me().within, today)
        if one.level is not Level.COMMUNE
    ]
    if not found:
        typed.wrong("place", _("Aucun village de vos lieux ne s'appelle ainsi."))
    elif len(found) > 1 and found[0].name == found[1].name:
        typed.wrong("place", _("Plusieurs villages s'appellent ainsi : écrivez le code du village."))
    return found[0].id if found else None


def _gathering(typed: Typed, place_id: int | None, day: date | None) -> Gathering | None:
    kind = typed.choice("kind", gatherings.KINDS, is_needed=True)
    topic = typed.choice("topic", TOPICS) or None
    if not kind or place_id is None or day is None:
        return None
    return Gathering(ClubSessionKind(kind), place_id, day, topic)


def _show(shown: Shown) -> str:
    is_club = shown.club is not None or (shown.row is None and shown.typed.get("what") != "gathering")
    reason = tally.shown_reason(shown.row.cancel_reason, to_security=_is_security()) if shown.row else None
    return render_template(
        "session.html", it=shown, typed=shown.typed, faults=shown.faults, is_club=is_club, reason=reason, tally=tally,
        kinds=KINDS, of_place={kind.value: KINDS[kind] for kind in gatherings.KINDS}, outcomes=OUTCOMES,
        states=told.STATES,
        may_write=masks.is_officer(), figures=told.figures, to_come=bool(shown.row and _is_to_come(shown.row)),
    )  # fmt: skip


def _is_to_come(row: ClubSession) -> bool:
    return row.held_on is None and row.planned_on is not None and row.planned_on > _today()
