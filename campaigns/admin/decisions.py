"""The ledger of decisions: what clubs decided and whether it was kept, by commune, theme and state.

The words are for the officer of the place, those that may be sensitive for nobody here; all others see counts.

Source: the page on the domain, 6.1; the safeguarding rules, 11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import masks, paging, words
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _
from campaigns.clubs import decisions as ledger
from campaigns.clubs.decisions import State
from campaigns.models import Decision
from messaging.clock import local, utc_now
from messaging.errors import RefusedError
from messaging.models import Club, Role

decisions = Blueprint(
    "decisions", __name__, url_prefix="/admin/<programme>/people/decisions", template_folder="templates"
)
SEES = (Role.EDITOR, Role.APPROVER, Role.OFFICER, Role.EVALUATION, Role.AUDITOR)  # counts of clubs
STATES = {
    State.NOT_DUE: N_("pas encore demandée"),
    State.ASKED: N_("demandée"),
    State.YES: N_("tenue"),
    State.PARTLY: N_("en cours"),
    State.NO: N_("pas tenue"),
    State.NO_ANSWER: N_("sans réponse"),
    State.NOT_ASKED: N_("jamais demandée"),
}
THEMES = {
    "feeding": N_("alimentation"),
    "hygiene": N_("hygiène"),
    "garden": N_("jardin"),
    "field": N_("champ"),
    "livestock": N_("élevage"),
    "savings": N_("épargne"),
    "water": N_("eau"),
    "school": N_("école"),
    "other": N_("autre"),
}
NO_THEME = "none"
CUTS = ("place", "club", "theme", "state")  # what an address may cut the ledger to


@dataclass(frozen=True)
class Cut:
    """What the ledger is cut to."""

    spot: masks.Spot
    club: str = ""  # its code
    theme: str = ""
    state: State | None = None

    @property
    def where(self) -> dict[str, str | int | None]:
        """Its part of an address."""
        place = self.spot.place.id if self.spot.place else self.spot.missed
        return {"place": place or None, "club": self.club or None, "theme": self.theme or None, "state": self.state}


@dataclass(frozen=True)
class Sum:
    """The decisions of a commune, or of all, by state."""

    name: str
    states: Mapping[State, int]

    @property
    def decisions(self) -> int:
        """All of them."""
        return sum(self.states.values())

    @property
    def answered(self) -> int:
        """Those of which it is known."""
        return sum(self.states.get(state, 0) for state in (State.YES, State.PARTLY, State.NO))

    @property
    def share(self) -> int | None:
        """Percent kept of those of which it is known; None when that is of none."""
        return round(100 * self.states.get(State.YES, 0) / self.answered) if self.answered else None


@decisions.get("")
@needs(*SEES)
def page() -> str:
    """The counts by commune, and for the officer the decisions, the latest first."""
    with installation().db.read() as session:
        return _page(session)


@decisions.post("/<int:ident>")
@needs(Role.OFFICER)
def note(ident: int) -> Response | tuple[str, int]:
    """Note the theme of a decision, and whether it was kept."""
    try:
        with writing() as session:
            own = sa.select(Decision).join(Club).where(Decision.id == ident, _own())
            row = session.scalar(own.with_for_update(of=Decision)) or abort(404)
            theme, kept = request.form.get("theme", ""), request.form.get("stands", "")
            ledger.note(session, row, theme=theme, kept=kept, who=me().id, now=utc_now())
    except RefusedError as refusal:
        with installation().db.read() as session:
            return _page(session, ident, words.sentence(str(refusal))), 400
    flash(_("C'est noté."), "good")
    kept_where: dict[str, Any] = {name: request.args.get(name) for name in (*CUTS, "before")}
    return redirect(url_for("decisions.page", **kept_where, _anchor=f"d{ident}"), 303)


def _page(session: Session, refused: int = 0, refusal: str = "") -> str:
    """The ledger; of a form that was refused, with what was typed."""
    now = utc_now()
    today = local(now, g.programme.zone).date()
    cut = _cut(session, now)
    rows = paging.page(session, _listed(cut, now, today)) if masks.is_officer() else None
    homes = masks.homes(session, {row.Club.village_id for row in rows.rows}, now) if rows else {}
    sums = _sums(session, cut, now, today)
    return render_template(
        "decisions.html", cut=cut, rows=rows, homes=homes, sums=sums, total=_total(sums), STATES=STATES, THEMES=THEMES,
        NO_THEME=NO_THEME, KEPT=ledger.KEPT, stands=lambda row: ledger.state(row, now, today), refused=refused,
        refusal=refusal, typed=request.form, before=request.args.get("before") or None, days=ledger.AFTER.days,
    )  # fmt: skip


def _cut(session: Session, now: datetime) -> Cut:
    args = request.args
    theme, state = args.get("theme", ""), args.get("state", "")
    return Cut(
        masks.spot(session, args.get("place", ""), now), args.get("club", "").strip()[:4],
        theme if theme in (*THEMES, NO_THEME) else "", State(state) if state in set(State) else None,
    )  # fmt: skip


def _own(cut: Cut | None = None) -> sa.ColumnElement[bool]:
    """The condition for decisions of the programme and of own places, cut to what was asked but for the state."""
    own = [Decision.programme_id == g.programme.id, me().within(Club.village_id)]
    if cut is not None:
        own.append(cut.spot.within(Club.village_id, utc_now()))
        own += [Club.code == cut.club] if cut.club else []
        own += [Decision.theme.is_(None) if cut.theme == NO_THEME else Decision.theme == cut.theme] if cut.theme else []
    return sa.and_(*own)


def _listed(cut: Cut, now: datetime, today: date) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(Decision, Club).join(Club).where(_own(cut)).order_by(Decision.id.desc())
    if cut.state is not None:
        query = query.where(ledger.stands(cut.state, now, today))
    before = paging.after(request.args.get("before"))
    return query if before is None else query.where(Decision.id < before)


def _sums(session: Session, cut: Cut, now: datetime, today: date) -> list[Sum]:
    """The decisions of each commune by state; counted by village in one query."""
    state = sa.case(*((ledger.stands(one, now, today), one.value) for one in State))
    query = sa.select(Club.village_id, state, sa.func.count()).select_from(Decision).join(Club)
    rows = session.execute(query.where(_own(cut)).group_by(Club.village_id, state)).all()
    homes = masks.homes(session, {village_id for village_id, _state, _many in rows}, now)
    found: dict[str, Counter[State]] = {}
    for village_id, stands, many in rows:
        found.setdefault(homes[village_id].commune, Counter())[State(stands)] += many
    return [Sum(commune, found[commune]) for commune in sorted(found)]


def _total(sums: list[Sum]) -> Sum:
    counts = Counter[State]()
    for one in sums:
        counts.update(one.states)
    return Sum("", counts)
