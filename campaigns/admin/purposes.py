"""The evaluator's files: who asked for what, who accepted, what left, and until when; no account for evaluators."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _, sentence
from campaigns.evaluation.evaluator import anonymity, archive, keys
from campaigns.evaluation.evaluator import purposes as life
from campaigns.models import EvaluationPurpose, Handover
from messaging import staff
from messaging.clock import local, parse_date, utc_now
from messaging.errors import DataError, RefusedError
from messaging.models import Role

purposes = Blueprint("purposes", __name__, url_prefix="/admin/<programme>/results/purposes",
                     template_folder="templates")  # fmt: skip
SEES = (Role.EVALUATION, Role.APPROVER, Role.AUDITOR)
SHOWN = 30  # purposes
LAST = 6  # files of each: three downloads
STANDINGS = {
    "waits": N_("attend une deuxième personne"),
    "open": N_("ouverte"),
    "refused": N_("refusée"),
    "ended": N_("finie, clés détruites"),
    "over": N_("dernier jour passé"),
}
FEW = range(1, anonymity.LEAST)  # persons left out that are no number to show
FILES = {keys.PERSONS: N_("personnes"), keys.CLUSTERS: N_("clubs")}
View = str | tuple[str, int] | Response


@dataclass(frozen=True)
class Card:
    """One purpose, how it stands, and what left for it, the latest first."""

    row: EvaluationPurpose
    standing: str
    files: Sequence[Handover]


@purposes.get("")
@needs(*SEES)
def page() -> str:
    """All purposes, the newest first."""
    return _show()


@purposes.post("")
@needs(Role.EVALUATION)
def ask() -> View:
    """Ask for the files of a purpose."""

    def act(session: Session) -> str:
        form = request.form
        life.ask(
            session, g.programme, form.get("title", ""), form.get("recipient", ""), _until(), me().id, utc_now()
        )  # fmt: skip
        return _("Demande notée : une autre personne doit l'accepter.")

    return _act(act)


@purposes.post("/<int:purpose>/decide")
@needs(Role.APPROVER, Role.AUDITOR)
def decide(purpose: int) -> View:
    """Accept or refuse what another account asked."""

    def act(session: Session) -> str:
        _own(session, purpose)
        if request.form.get("answer") != "accept":
            life.refuse(session, purpose, me().id, utc_now())
            return _("Demande refusée : rien ne change.")
        life.accept(session, _folder(), purpose, me().id, utc_now())
        return _("Demande acceptée : les fichiers peuvent être faits jusqu'au dernier jour.")

    return _act(act)


@purposes.post("/<int:purpose>/files")
@needs(Role.EVALUATION)
def files(purpose: int) -> View:
    """Both files with their notes, as one ZIP; that they left is written down before they do."""
    now = utc_now()
    try:
        with installation().db.read() as session:
            made = life.build(session, _folder(), _own(session, purpose), me().id, now)
        with writing() as session:
            life.hand_over(session, _folder(), made, purpose, me().id, now)
    except RefusedError as refusal:
        return _show(sentence(str(refusal))), 400
    return _zip(made)


@purposes.post("/<int:purpose>/end")
@needs(Role.EVALUATION, Role.AUDITOR)
def end(purpose: int) -> View:
    """End it at once: its keys are destroyed, nothing leads back to the people any more."""

    def act(session: Session) -> str:
        _own(session, purpose)
        life.end(session, _folder(), purpose, me().id, utc_now())
        return _("Finalité finie : ses clés sont détruites.")

    return _act(act)


def _act(act: Callable[[Session], str]) -> View:
    """Do it, then the page again; or the same page, as it was filled, with the reason why not."""
    try:
        with writing() as session:
            told = act(session)
    except RefusedError as refusal:
        return _show(sentence(str(refusal))), 400
    flash(told, "good")
    return redirect(url_for("purposes.page"), 303)


def _show(refusal: str = "") -> str:
    today = local(utc_now(), g.programme.zone).date()
    with installation().db.read() as session:
        rows = life.of_programme(session, g.programme.id, SHOWN)
        left = life.handed_over(session, [row.id for row in rows])
        cards = [Card(row, standing(row, today), left[row.id][:LAST]) for row in rows]
        names = staff.names(session, _people(cards))
    return render_template(
        "purposes.html", cards=cards, names=names, refusal=refusal, typed=_typed(), STANDINGS=STANDINGS, FILES=FILES,
        FEW=FEW, today=today, latest=today + life.LONGEST, is_bound=me().villages is not None,
    )  # fmt: skip


def standing(row: EvaluationPurpose, today: date) -> str:
    """How a purpose stands, as a key of `STANDINGS`."""
    if row.ended_at is not None:
        return "ended" if row.approved_at else "refused"
    if today > row.until:
        return "over"
    return "open" if row.approved_at else "waits"


def _people(cards: Sequence[Card]) -> Collection[int | None]:
    rows = {ident for card in cards for ident in (card.row.asked_by, card.row.approved_by)}
    return rows | {one.staff_id for card in cards for one in card.files}


def _typed() -> Mapping[str, str]:
    """What stands in the form for a new purpose: only what was typed there."""
    return request.form if request.endpoint == "purposes.ask" else {}


def _own(session: Session, purpose: int) -> EvaluationPurpose:
    """The purpose, if it is this programme's; anything else is not there (404)."""
    query = sa.select(EvaluationPurpose).where(
        EvaluationPurpose.id == purpose, EvaluationPurpose.programme_id == g.programme.id
    )
    return session.scalar(query) or abort(404)


def _until() -> date:
    try:
        return parse_date(request.form.get("until", ""))
    except DataError:
        raise RefusedError(
            "Écrivez le dernier jour ainsi : 01/12/2026. / Write the last day like 2026-12-01."
        ) from None


def _folder() -> Path:
    return keys.folder_of(installation().settings)


def _zip(made: archive.Archive) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "private, no-store"
    }  # fmt: skip
    return Response(made.content, mimetype="application/zip", headers=headers)
