"""One commune: its risk level and its pause, who changed them, what waits for a second person, what is held there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import masks
from campaigns.admin.masks import Home
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.when import TAGS
from campaigns.admin.words import _, _n, sentence
from messaging import communes as switches
from messaging import places, proposals, risk, staff
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.models import PausedPlace, Place, Proposal, Risk, Role
from messaging.models.place import RiskLevel

communes = Blueprint("communes", __name__, url_prefix="/admin/<programme>/people/communes", template_folder="templates")
View = str | tuple[str, int] | Response


@dataclass(frozen=True)
class Card:
    """What the page shows of one commune."""

    place: Place
    level: RiskLevel
    blocked: Sequence[str]  # tags
    pause: PausedPlace | None
    villages: Sequence[Home]
    history: Sequence[Risk]
    asked: Sequence[Proposal]
    held: Mapping[str, int]
    names: Mapping[int, str]  # of the accounts that stand on the page

    @property
    def since(self) -> Risk | None:
        """The change that set the present level; None: it is green because nobody ever set one."""
        return self.history[0] if self.history else None

    @property
    def higher(self) -> list[RiskLevel]:
        """The levels above the present one."""
        return [one for one in risk.ORDER if risk.ORDER.index(one) > risk.ORDER.index(self.level)]

    @property
    def lower(self) -> list[RiskLevel]:
        """The levels below it."""
        return [one for one in risk.ORDER if risk.ORDER.index(one) < risk.ORDER.index(self.level)]

    def waits(self, kind: str) -> bool:
        """True when the same need not be asked again."""
        return any(row.kind == kind for row in self.asked)


@communes.get("/<int:commune>")
def one(commune: int) -> View:
    """The commune as it stands."""
    return _show(commune)


@communes.post("/<int:commune>/raise")
@needs(Role.APPROVER)
def raise_level(commune: int) -> View:
    """Raise its level, at once."""

    def act(session: Session) -> str:
        held = switches.raise_level(session, commune, _level(), me().id, utc_now())
        return _n("Niveau relevé : %(num)s message retenu.", "Niveau relevé : %(num)s messages retenus.", held)

    return _act(commune, act)


@communes.post("/<int:commune>/lower")
@needs(Role.APPROVER, Role.OFFICER)
def lower(commune: int) -> View:
    """Ask to lower its level."""

    def act(session: Session) -> str:
        switches.ask_to_lower(session, commune, _level(), me().id, utc_now(), g.programme.id)
        return _("Demande notée : une autre personne doit l'accepter.")

    return _act(commune, act)


@communes.post("/<int:commune>/pause")
@needs(Role.APPROVER, Role.OFFICER)
def pause(commune: int) -> View:
    """Pause it, at once."""

    def act(session: Session) -> str:
        held = switches.pause(session, commune, me().id, utc_now())
        return _n("Commune en pause : %(num)s message retenu.", "Commune en pause : %(num)s messages retenus.", held)

    return _act(commune, act)


@communes.post("/<int:commune>/lift")
@needs(Role.APPROVER, Role.OFFICER)
def lift(commune: int) -> View:
    """Ask to lift the pause."""

    def act(session: Session) -> str:
        switches.ask_to_lift(session, commune, request.form.get("old", ""), me().id, utc_now(), g.programme.id)
        return _("Demande notée : une autre personne doit l'accepter.")

    return _act(commune, act)


@communes.post("/<int:commune>/proposals/<int:proposal>")
@needs(Role.APPROVER)
def decide(commune: int, proposal: int) -> View:
    """Accept or refuse what another account asked."""

    def act(session: Session) -> str:
        row = session.get(Proposal, proposal)
        if row is None or (row.object, row.object_id) != (proposals.PLACE, str(commune)):
            abort(404)
        if request.form.get("answer") != "accept":
            proposals.refuse(session, proposal, me().id, utc_now())
            return _("Demande refusée : rien ne change.")
        switches.accept(session, proposal, me().id, utc_now())
        return _("Demande acceptée : c'est fait.")

    return _act(commune, act)


def _act(commune: int, act: Callable[[Session], str]) -> View:
    """Do it, then the page again; or the same page, as it was filled, with the reason why not."""
    try:
        with writing() as session:
            _own(session, commune)
            told = act(session)
    except RefusedError as refusal:
        return _show(commune, sentence(str(refusal))), 400
    flash(told, "good")
    current_app.extensions.get("jekulu.wake", lambda *_: None)("send")
    return redirect(url_for("communes.one", commune=commune), 303)


def _show(commune: int, refusal: str = "") -> str:
    with installation().db.read() as session:
        card = _card(session, commune)
    return render_template("commune.html", card=card, refusal=refusal, typed=request.form, tags=TAGS)


def _card(session: Session, commune: int) -> Card:
    now, place, villages = utc_now(), *_own(session, commune)
    level, pause = places.risk(session, commune, now), session.get(PausedPlace, commune)
    history, asked = switches.history(session, commune), proposals.open_about(session, proposals.PLACE, commune)
    people = {row.staff_id for row in history} | {row.asked_by for row in asked} | {pause.staff_id if pause else None}
    return Card(
        place, level, sorted(risk.blocked_tags(session)[level], key=risk.TAGS.index), pause, villages, history, asked,
        switches.held(session, commune, g.programme.id, now), staff.names(session, people),
    )  # fmt: skip


def _own(session: Session, commune: int) -> tuple[Place, list[Home]]:
    """The commune with the account's villages in it; one without is not there (404)."""
    villages = [home for home in masks.own_homes(session, g.programme, utc_now()) if home.commune_id == commune]
    return (session.get_one(Place, commune), villages) if villages else abort(404)


def _level() -> RiskLevel:
    try:
        return RiskLevel(request.form.get("level", ""))
    except ValueError:
        raise RefusedError("Choisissez un niveau. / Choose a level.") from None
