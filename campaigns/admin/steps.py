"""The form of a step: changed, added, moved, taken out; what it does to people is told before it is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import changes, difference, effects, life, loading
from campaigns.admin import audiences, changed, fields, words
from campaigns.admin.campaigns import find, tongues
from campaigns.admin.fields import Form
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.when import ONLY, PEOPLE, STAGES, TAGS, WEALTH, names
from campaigns.admin.words import N_, _
from campaigns.changes import Hand
from campaigns.definitions import Audience, Finding, check
from campaigns.definitions import Step as Said
from campaigns.definitions.model import merge
from campaigns.models import Campaign, Series, Step
from messaging.clock import local, utc_now
from messaging.errors import DataError, RefusedError, StaleError
from messaging.hours import next_open
from messaging.models import Role
from messaging.openings import hours_rules

steps = Blueprint("steps", __name__, url_prefix="/admin/<programme>/campaigns", template_folder="templates")
# Words of our own addresses: a step of this code could not be opened.
TAKEN = ("add", "approve", "calendar", "cost", "head", "history", "pause", "review", "start", "translation", "trial")
STALE = N_(
    "Quelqu'un d'autre a changé cette campagne entre-temps. Vos mots sont encore ici, à côté de ce qui est enregistré "
    "maintenant : comparez, puis enregistrez."
)
TOLD = N_("Voici ce que ce changement fait. Enregistrez encore une fois pour le faire.")
DAYS = {
    "mon": N_("lundi"), "tue": N_("mardi"), "wed": N_("mercredi"), "thu": N_("jeudi"), "fri": N_("vendredi"),
    "sat": N_("samedi"), "sun": N_("dimanche"),
}  # fmt: skip
TRIGGERS = {
    "after_enrolment": N_("des jours après l'inscription"),
    "date": N_("un jour du calendrier"),
    "weekly": N_("chaque semaine"),
    "every_days": N_("tous les tant de jours"),
    "market": N_("selon le marché du village"),
    "child_month": N_("selon l'âge de l'enfant"),
    "before_airing": N_("avant une émission"),
    "after_airing": N_("après une émission"),
}
SENT_AS = {"campaign": N_("campagne"), "service": N_("service"), "alert": N_("alerte")}
CHOICES: dict[str, Mapping[Any, str]] = {
    "days": DAYS, "triggers": TRIGGERS, "sent_as": SENT_AS, "personal": changed.PERSONAL, "tags": TAGS,
    "questions": changed.QUESTIONS, "waves": changed.WAVES, "stages": STAGES, "wealth": WEALTH, "only": ONLY,
    "roles": {role: word for (role, sex), word in PEOPLE.items() if sex is None},
    "sexes": {sex: word for (role, sex), word in PEOPLE.items() if sex is not None},
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What was typed, looked at: the step when it can be taken, what is wrong by field, and what it would do."""

    said: Said | None
    faults: Mapping[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # warnings, and what the texts then lack
    effects: list[str] = field(default_factory=list)
    people: int | None = None
    must_tell: bool = False

    @property
    def mark(self) -> str:
        """Stands for what was told: another step, or another effect, is told again."""
        return changed.mark(loading.body(self.said) if self.said else None, self.effects)


@steps.get("/<campaign>/<step>/edit")
@needs(Role.EDITOR)
def edit(campaign: str, step: str) -> str:
    """The form of a step, and below it how to take it out."""
    with installation().db.read() as session:
        row = find(session, campaign)
        stored = of_code(session, row, step)
        return _form(session, row, stored, fields.of_step(stored.definition), row.lock)


@steps.post("/<campaign>/<step>/edit")
@needs(Role.EDITOR)
def save(campaign: str, step: str) -> Response | str | tuple[str, int]:
    """Check, tell what it does, store."""

    def store(session: Session, row: Campaign, by: Hand, said: Said) -> None:
        changes.set_step(session, row.id, by, step, said)

    return _take(campaign, step, store)


@steps.get("/<campaign>/add")
@needs(Role.EDITOR)
def blank(campaign: str) -> str:
    """An empty form for a new step at a place."""
    with installation().db.read() as session:
        row = find(session, campaign)
        start: Form = Form({"kind": "message", "trigger": "after_enrolment", "hour": "16:30"})
        return _form(session, row, None, start, row.lock)


@steps.post("/<campaign>/add")
@needs(Role.EDITOR)
def add(campaign: str) -> Response | str | tuple[str, int]:
    """Check, tell what it does, store the new step; then its page, where the French text is written."""
    place = request.form.get("place", type=int) or 0

    def store(session: Session, row: Campaign, by: Hand, said: Said) -> None:
        changes.add_step(session, row.id, by, said, place)

    return _take(campaign, None, store)


@steps.post("/<campaign>/<step>/move")
@needs(Role.EDITOR)
def move(campaign: str, step: str) -> Response:
    """One place up or down."""
    places = -1 if "up" in request.form else 1
    return _do(campaign, lambda session, row, by: changes.move(session, row.id, by, step, places))


@steps.post("/<campaign>/<step>/remove")
@needs(Role.EDITOR)
def remove(campaign: str, step: str) -> Response:
    """Take it out."""
    return _do(campaign, lambda session, row, by: changes.remove(session, row.id, by, step))


@steps.post("/<campaign>/<step>/today")
@needs(Role.EDITOR)
def today(campaign: str, step: str) -> Response:
    """Move a dated step whose moment has passed to the next open hour."""

    def shift(session: Session, row: Campaign, by: Hand) -> Campaign:
        stored = of_code(session, row, step)
        at = soon(session, stored.send_as.value, by.now)
        when = {"when": {"date": at.date().isoformat()}, "hour": f"{at:%H:%M}"}
        said = Said.model_validate({**stored.definition, **when})
        return changes.set_step(session, row.id, by, step, said)

    return _do(campaign, shift)


def soon(session: Session, send_as: str, now: datetime) -> datetime:
    """The next open moment of the programme, on its clock."""
    rules = [] if g.programme.always_open else hours_rules(session, g.programme.id)
    kind = "service" if send_as == "service" else "campaign"
    opens = now if g.programme.always_open else next_open(rules, kind, now, g.programme.zone) or now
    return local(opens, g.programme.zone)


def of_code(session: Session, row: Campaign, code: str) -> Step:
    """The step of this code, or 404."""
    return next((step for step in loading.steps_of(session, row.id) if step.code == code), None) or abort(404)


def _take(
    campaign: str, code: str | None, store: Callable[[Session, Campaign, Hand, Said], None]
) -> Response | str | tuple[str, int]:
    """Look at what was typed; store it when it is sound and its effects were told, else show the form again."""
    typed, seen, now = request.form.copy(), request.form.get("seen", type=int) or 0, utc_now()
    if "pause" in typed:
        return _paused(campaign, code, typed, seen)
    with installation().db.read() as session:
        row = find(session, campaign)
        stored = of_code(session, row, code) if code else None
        asked = _ask(session, row, stored, typed, now)
        is_told = not asked.must_tell or typed.get("told") == asked.mark
        if asked.said is None:
            return _form(session, row, stored, typed, seen, asked, _("À corriger : voyez les champs marqués.")), 400
        if "check" in typed or not is_told:
            return _form(session, row, stored, typed, seen, asked, "" if "check" in typed else _(TOLD))
    try:
        with writing() as session:
            store(session, find(session, campaign), Hand(me().id, seen, now), asked.said)
    except StaleError:
        return _again(campaign, code, typed, asked, _(STALE), is_stale=True), 409
    except (RefusedError, DataError) as refusal:
        return _again(campaign, code, typed, asked, words.sentence(str(refusal))), 400
    flash(_("Étape enregistrée.") if code else _("Étape ajoutée. Écrivez maintenant son texte français."), "good")
    return redirect(url_for("campaigns.step", campaign=campaign, step=asked.said.step), 303)


def _paused(campaign: str, code: str | None, typed: Form, seen: int) -> str:
    """Pause, and go on with the form."""
    seen, notice = pause(campaign, seen)
    with installation().db.read() as session:
        row = find(session, campaign)
        return _form(session, row, of_code(session, row, code) if code else None, typed, seen, None, notice)


def pause(campaign: str, seen: int) -> tuple[int, str]:
    """Pause a campaign that is being changed: the lock that the form carries on with, and what to say."""
    try:
        with writing() as session:
            row = life.pause(session, find(session, campaign).id, me().id, utc_now())
            seen = row.lock if row.lock == seen + 1 else seen  # else somebody else was quicker
    except RefusedError as refusal:
        return seen, words.sentence(str(refusal))
    return seen, _("La campagne est en pause ; ce qui attend est retenu. Rien d'autre n'est encore enregistré.")


def _do(campaign: str, act: Callable[[Session, Campaign, Hand], Campaign]) -> Response:
    """Do something that needs no form of its own, then the campaign's page."""
    by = Hand(me().id, request.form.get("seen", type=int) or 0, utc_now())
    try:
        with writing() as session:
            row = act(session, find(session, campaign), by)
            flash(
                _("Enregistré. La campagne est maintenant : %(state)s.", state=_(words.CAMPAIGN_STATES[row.state])),
                "good",
            )
    except StaleError:
        flash(_("Quelqu'un d'autre a changé cette campagne entre-temps : voyez ce qu'elle dit maintenant."), "bad")
    except (RefusedError, DataError) as refusal:
        flash(words.sentence(str(refusal)), "bad")
    return redirect(url_for("campaigns.one", campaign=campaign), 303)


def _ask(session: Session, row: Campaign, stored: Step | None, typed: Form, now: datetime) -> Asked:
    data, faults = _settled(session, typed, stored)
    found = _checked(session, row, stored, data)
    errors = [one for one in found if one.level == "error" and one.path[:1] != ("texts",)]
    faults = {**fields.beside(errors, words.code()), **faults}
    if not stored and data.get("step") in TAKEN:
        faults.setdefault("step", []).append(_("Ce mot est pris par une page : choisissez un autre code."))
    said = None if errors else Said.model_validate(data)
    if said is not None and (stored is None or _audience_of(stored.definition) != (said.audience or Audience())):
        faults = {**audiences.beyond(session, merge(_whole(row), said.audience)), **faults}
    if said is None or faults:
        return Asked(None, faults)
    before = _checked(session, row, stored, dict(stored.definition)) if stored else []
    notes = [_noted(one) for one in found if one not in before]
    old = Said.model_validate(stored.definition) if stored else None
    done = effects.decide(old, said, effects.of_step(session, row, stored.id if stored else None, said, now))
    people = sum(life.spoken(session, g.programme, row, said, merge(_whole(row), said.audience), now).values())
    must_tell = any(one.what != "nobody" for one in done)
    return Asked(said, {}, notes, changed.effects(done), people, must_tell)


def _settled(session: Session, typed: Form, stored: Step | None) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The typed step with its places found, its code kept."""
    data = fields.step(typed, stored.definition if stored else None)
    if stored:
        data["step"] = stored.code
    faults: dict[str, list[str]] = {}
    if "audience" in data:
        data["audience"], faults = audiences.settled(session, data["audience"])
    return data, faults


def _checked(session: Session, row: Campaign, stored: Step | None, data: Mapping[str, Any]) -> list[Finding]:
    """What the file's rules find in a step with its present texts; the paths start at the step."""
    texts = loading.texts_of(session, stored.id) if stored else {}
    whole = {"campaign": row.code, **row.definition, "steps": [{**data, "texts": texts}]}
    _definition, found = check(whole, [row.definition.get("agency") or ""])
    own = [one for one in found if one.path[:2] == ("steps", 0) and one.key != "no_text"]
    return [Finding(one.path[2:], one.key, one.values) for one in own]


def _noted(finding: Finding) -> str:
    """A remark of the checks; of the texts with the language it is about."""
    told = finding.say(words.code())
    return f"{finding.path[1]} · {told}" if finding.path[:1] == ("texts",) and len(finding.path) > 1 else told


def _whole(row: Campaign) -> Audience:
    return Audience.model_validate(row.definition.get("audience") or {})


def _audience_of(definition: Mapping[str, Any]) -> Audience:
    return Audience.model_validate(definition.get("audience") or {})


def _again(campaign: str, code: str | None, typed: Form, asked: Asked, notice: str, is_stale: bool = False) -> str:
    """The form with all that was typed; when somebody was quicker, with what stands now beside it."""
    with installation().db.read() as session:
        row = find(session, campaign)
        stored = next((step for step in loading.steps_of(session, row.id) if step.code == code), None)
        seen = row.lock if is_stale else request.form.get("seen", type=int) or 0
        asked = _ask(session, row, stored, typed, utc_now()) if is_stale else asked
        return _form(session, row, stored, typed, seen, asked, notice, is_stale)


def _form(
    session: Session,
    row: Campaign,
    stored: Step | None,
    typed: Form,
    seen: int,
    asked: Asked | None = None,
    notice: str = "",
    is_stale: bool = False,
) -> str:
    now = utc_now()
    asked = asked or Asked(None)
    known = names(session, [_whole(row), *([asked.said.audience] if asked.said and asked.said.audience else [])])
    told = []
    if is_stale and stored and asked.said:
        told = changed.lines(difference.of_fields(None, stored.definition, loading.body(asked.said)), known)
    gone = (
        effects.decide(
            Said.model_validate(stored.definition), None, effects.of_step(session, row, stored.id, None, now)
        )
        if stored
        else []
    )
    return render_template(
        "step_form.html", campaign=row, stored=stored, typed=typed, seen=seen, asked=asked, notice=notice, told=told,
        is_stale=is_stale, why_not=changes.refusal(row), gone=changed.effects(gone), choices=CHOICES,
        place=request.values.get("place", type=int) or 0, languages=tongues(session, g.programme, []),
        kinds=words.STEP_KINDS, club_kinds=words.CLUB_KINDS,
        series=list(session.scalars(sa.select(Series.code).where(Series.programme_id == g.programme.id))),
    )  # fmt: skip
