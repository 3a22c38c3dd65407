"""Campaigns: the list, one campaign with its steps, one step with its texts side by side; start, pause, approve.

What an editor changes of them is in `head`, `steps`, `history` and `once`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import changes, life, loading
from campaigns.admin import words
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.when import TAGS, names, overdue, spell, whom
from campaigns.admin.words import _
from campaigns.definitions import Audience
from campaigns.definitions.model import merge
from campaigns.models import Campaign, CampaignState, Step
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.models import Language, Programme, Role, Staff, Text, TextState, TextVersion

campaigns = Blueprint("campaigns", __name__, url_prefix="/admin/<programme>/campaigns", template_folder="templates")


@campaigns.get("")
def index() -> str:
    """The campaigns of a programme, or those of one state, with how far their texts are."""
    programme: Programme = g.programme
    state = request.args.get("state")
    state = state if state in set(CampaignState) else None
    with installation().db.read() as session:
        query = sa.select(Campaign).where(Campaign.programme_id == programme.id).order_by(Campaign.code)
        if state:
            query = query.where(Campaign.state == CampaignState(state))
        return render_template(
            "campaigns.html", rows=list(session.scalars(query)), states=text_states(session, programme.id), state=state
        )


@campaigns.get("/<campaign>")
def one(campaign: str) -> str:
    """One campaign: its steps in order, and for each the state of its texts."""
    programme: Programme = g.programme
    with installation().db.read() as session:
        row = find(session, campaign)
        steps = loading.steps_of(session, row.id)
        texts = written(session, [step.id for step in steps])
        used = {language for _step, language in texts}
        every = tongues(session, programme, used)
        may_approve = row.state is CampaignState.DRAFT and me().has(Role.APPROVER)
        whole, meant = audiences(row, steps)
        known = names(session, [whole, *meant])
        return render_template(
            "campaign.html", campaign=row, steps=steps, texts=texts, spell=spell, late=late(row, steps),
            whom=[whom(one, step.definition.get("personal"), known) for one, step in zip(meant, steps, strict=True)],
            whole=whom(whole, None, known), tags=TAGS,
            presses=presses(row, [text for text, _version in texts.values()]),
            may_edit=me().has(Role.EDITOR) and changes.refusal(row) is None,
            languages=[row for row in every if row.code in used],
            missing=[row for row in every if row.code not in used],
            may_approve=may_approve, may_run=me().has(Role.EDITOR) or me().has(Role.APPROVER),
            may_start=row.state in life.STARTABLE or (programme.demonstration and row.state is CampaignState.DRAFT),
        )  # fmt: skip


@campaigns.get("/<campaign>/<step>")
def step(campaign: str, step: str) -> str:
    """One step with its languages side by side."""
    with installation().db.read() as session:
        row = find(session, campaign)
        steps = loading.steps_of(session, row.id)
        place = next((place for place, one in enumerate(steps) if one.code == step), None)
        if place is None:
            abort(404)
        meant = audiences(row, steps[place : place + 1])[1][0]
        return render_template(
            "step.html", campaign=row, step=steps[place], number=place + 1, spell=spell,
            whom=whom(meant, steps[place].definition.get("personal"), names(session, [meant])),
            before=steps[place - 1] if place else None, after=steps[place + 1] if place + 1 < len(steps) else None,
        )  # fmt: skip


@campaigns.post("/<campaign>/start")
@needs(Role.EDITOR, Role.APPROVER)
def start(campaign: str) -> Response:
    """Start, or go on."""

    return _act(campaign, lambda session, row: life.start(session, row.id, me().id, utc_now()))


@campaigns.post("/<campaign>/pause")
@needs(Role.EDITOR, Role.APPROVER)
def pause(campaign: str) -> Response:
    """Pause."""
    return _act(campaign, lambda session, row: life.pause(session, row.id, me().id, utc_now()))


@campaigns.post("/<campaign>/approve")
@needs(Role.APPROVER)
def approve(campaign: str) -> Response:
    """Approve what stood on the page, with the fallbacks that were ticked."""

    def act(session: Session, row: Campaign) -> Campaign:
        person, seen = session.get_one(Staff, me().id), request.form.get("seen", type=int)
        return life.approve(session, row.id, person, utc_now(), request.form.getlist("accepted"), seen)

    return _act(campaign, act, refused="bill.cost")


def find(session: Session, code: str) -> Campaign:
    """The campaign of the programme in the address, or 404."""
    return loading.find(session, g.programme.id, code) or abort(404)


@dataclass(frozen=True)
class Press:
    """One press that a campaign needs before anything leaves, and what still waits for it."""

    what: str
    left: int
    is_done: bool


def presses(row: Campaign, texts: Sequence[Text]) -> list[Press]:
    """The presses between writing and leaving; none once it runs."""
    if row.state not in (CampaignState.DRAFT, CampaignState.APPROVED):
        return []
    drafts = sum(text.state is TextState.DRAFT for text in texts)
    reviewed = sum(text.state is TextState.REVIEWED for text in texts)
    is_approved = row.state is CampaignState.APPROVED
    return [
        Press(_("Relire chaque texte : quelqu'un d'autre que son auteur."), drafts, bool(texts) and not drafts),
        Press(_("Approuver chaque texte relu."), reviewed, bool(texts) and not drafts + reviewed),
        Press(_("Approuver la campagne, en voyant le coût."), 0, is_approved),
        Press(_("Démarrer : alors seulement elle part."), 0, False),
    ]


def audiences(row: Campaign, steps: Iterable[Step]) -> tuple[Audience, list[Audience]]:
    """Whom a campaign means, and whom each of some steps means when the campaign's keys are laid under its own."""
    whole = Audience.model_validate(row.definition.get("audience") or {})
    own = [Audience.model_validate(step.definition.get("audience") or {}) for step in steps]
    return whole, [merge(whole, one) for one in own]


def late(row: Campaign, steps: Iterable[Step]) -> list[Step]:
    """The dated steps of a campaign that waits to start whose moment has passed."""
    waits = row.state in (CampaignState.DRAFT, CampaignState.APPROVED)
    return overdue(steps, utc_now(), g.programme.zone) if waits else []


def text_states(session: Session, programme_id: int) -> dict[int, Counter[TextState]]:
    """How many texts of each campaign of a programme are in each state."""
    found: defaultdict[int, Counter[TextState]] = defaultdict(Counter)
    rows = session.execute(
        sa.select(Step.campaign_id, Text.state, sa.func.count())
        .join(Text, Text.step_id == Step.id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(Campaign.programme_id == programme_id, Step.removed_at.is_(None))
        .group_by(Step.campaign_id, Text.state)
    )
    for campaign_id, state, texts in rows:
        found[campaign_id][state] = texts
    return found


def written(session: Session, step_ids: Sequence[int]) -> dict[tuple[int, str], tuple[Text, TextVersion]]:
    """The texts of some steps with their present version, by step and language."""
    query = (
        sa.select(Text, TextVersion)
        .join(TextVersion, sa.and_(TextVersion.text_id == Text.id, TextVersion.version == Text.version))
        .where(Text.step_id.in_(step_ids))
    )
    return {(text.step_id, text.language): (text, version) for text, version in session.execute(query)}


def tongues(session: Session, programme: Programme, used: Iterable[str]) -> list[Language]:
    """The languages of a programme in its own order, then those that a text was written in all the same."""
    codes = list(dict.fromkeys([*programme.languages, *sorted(used)]))
    rows = {row.code: row for row in session.scalars(sa.select(Language).where(Language.code.in_(codes)))}
    return [rows[code] for code in codes if code in rows]


def _act(code: str, act: Callable[[Session, Campaign], Campaign], refused: str = "campaigns.one") -> Response:
    """Do it, then the campaign's page again; or say why not on the page where it was asked."""
    try:
        with writing() as session:
            row = act(session, find(session, code))
            told = _("La campagne est maintenant : %(state)s.", state=_(words.CAMPAIGN_STATES[row.state]))
            if row.state is CampaignState.DRAFT:
                told = _("Première approbation notée : une deuxième personne doit approuver.")
            flash(told, "good")
    except RefusedError as refusal:
        flash(words.sentence(str(refusal)), "bad")
        return redirect(url_for(refused, campaign=code), 303)
    current_app.extensions.get("jekulu.wake", lambda *_: None)("plan")
    return redirect(url_for("campaigns.one", campaign=code), 303)
