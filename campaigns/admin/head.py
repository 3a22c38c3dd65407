"""The head of a campaign: its title, its dates and whom it means; what a change does is told before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import changes, difference, effects, loading
from campaigns.admin import audiences, changed, fields, words
from campaigns.admin.campaigns import find, tongues
from campaigns.admin.fields import Form
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.steps import CHOICES, STALE, TOLD, pause
from campaigns.admin.when import names
from campaigns.admin.words import _
from campaigns.changes import Hand
from campaigns.definitions import Audience, Definition, check
from campaigns.models import Campaign
from messaging.clock import utc_now
from messaging.errors import DataError, RefusedError, StaleError
from messaging.models import Role

head = Blueprint("head", __name__, url_prefix="/admin/<programme>/campaigns", template_folder="templates")
RULE = ("audience", "starts", "ends")


@dataclass(frozen=True)
class Asked:
    """What was typed, looked at: the campaign as it would be, what is wrong by field, and what a change would do."""

    definition: Definition | None
    faults: Mapping[str, list[str]] = field(default_factory=dict)
    effects: list[str] = field(default_factory=list)
    must_tell: bool = False

    @property
    def mark(self) -> str:
        """Stands for what was told: other values, or another effect, are told again."""
        return changed.mark(loading.head(self.definition) if self.definition else None, self.effects)


@head.get("/<campaign>/head")
@needs(Role.EDITOR)
def edit(campaign: str) -> str:
    """The form, as the campaign stands."""
    with installation().db.read() as session:
        row = find(session, campaign)
        return _form(session, row, as_typed(row.definition), row.lock)


@head.post("/<campaign>/head")
@needs(Role.EDITOR)
def save(campaign: str) -> Response | str | tuple[str, int]:
    """Check, tell what it does, store."""
    typed, seen = request.form.copy(), request.form.get("seen", type=int) or 0
    notice = ""
    if "pause" in typed:
        seen, notice = pause(campaign, seen)
    with installation().db.read() as session:
        row = find(session, campaign)
        asked = _ask(session, row, typed)
        if notice:
            return _form(session, row, typed, seen, None, notice)
        if asked.definition is None:
            return _form(session, row, typed, seen, asked, _("À corriger : voyez les champs marqués.")), 400
        if "check" in typed or (asked.must_tell and typed.get("told") != asked.mark):
            return _form(session, row, typed, seen, asked, "" if "check" in typed else _(TOLD))
    try:
        with writing() as session:
            changes.set_head(session, find(session, campaign).id, Hand(me().id, seen, utc_now()), asked.definition)
    except StaleError:
        return _again(campaign, typed, _(STALE), is_stale=True), 409
    except (RefusedError, DataError) as refusal:
        return _again(campaign, typed, words.sentence(str(refusal))), 400
    flash(_("Campagne enregistrée."), "good")
    return redirect(url_for("campaigns.one", campaign=campaign), 303)


def as_typed(definition: Mapping[str, Any]) -> Form:
    """A stored head as the fields of the form."""
    form = fields.of_audience(definition.get("audience") or {})
    for name in ("starts", "ends"):
        form[name] = definition.get(name) or ""
    form["title_fr"] = definition["title"]["fr"]
    form["title_en"] = definition["title"].get("en") or ""
    return form


def _ask(session: Session, row: Campaign, typed: Form) -> Asked:
    said, faults = audiences.settled(session, fields.audience(typed))
    title = {"fr": typed.get("title_fr", ""), "en": typed.get("title_en", "").strip() or None}
    wanted = {**row.definition, "title": title, "audience": said}
    wanted |= {name: typed.get(name, "").strip() or None for name in ("starts", "ends")}
    steps = [step.definition for step in loading.steps_of(session, row.id)]
    definition, found = check({"campaign": row.code, **wanted, "steps": steps})
    for one in found:
        if one.level == "error" and "texts" not in one.path:
            name, told = _beside(one.path, steps), one.say(words.code())
            faults.setdefault(name[0], []).append(f"{name[1]} : {told}" if name[1] else told)
    if definition is not None and definition.audience != Audience.model_validate(row.definition.get("audience") or {}):
        faults = {**audiences.beyond(session, definition.audience), **faults}
    if definition is None or faults:
        return Asked(None, faults)
    differs = difference.of_fields(None, row.definition, loading.head(definition))
    is_of_rule = any(one.field in RULE for one in differs)
    done = effects.decide_head(is_of_rule, effects.of_campaign(session, row))
    return Asked(definition, {}, changed.effects(done), any(one.what != "nobody" for one in done))


def _beside(path: tuple[str | int, ...], steps: list[dict[str, Any]]) -> tuple[str, str]:
    """The field that a finding stands beside, and the code of the step where it is about one."""
    if path[:1] == ("steps",) and len(path) > 1:
        return ("starts" if path[-1] == "date" else "role"), steps[int(path[1])]["step"]
    if path[:1] == ("title",):
        return f"title_{path[1]}" if len(path) > 1 else "title_fr", ""
    return str(path[1]) if path[:1] == ("audience",) and len(path) > 1 else str(path[0]) if path else "title_fr", ""


def _again(campaign: str, typed: Form, notice: str, is_stale: bool = False) -> str:
    with installation().db.read() as session:
        row = find(session, campaign)
        seen = row.lock if is_stale else request.form.get("seen", type=int) or 0
        return _form(session, row, typed, seen, _ask(session, row, typed), notice, is_stale)


def _form(
    session: Session,
    row: Campaign,
    typed: Form,
    seen: int,
    asked: Asked | None = None,
    notice: str = "",
    is_stale: bool = False,
) -> str:
    asked = asked or Asked(None)
    told = []
    if is_stale and asked.definition:
        differs = list(difference.of_fields(None, row.definition, loading.head(asked.definition)))
        known = names(session, [asked.definition.audience, Audience.model_validate(row.definition["audience"] or {})])
        told = changed.lines(differs, known)
    return render_template(
        "head_form.html", campaign=row, typed=typed, seen=seen, asked=asked, notice=notice, told=told,
        is_stale=is_stale, why_not=changes.refusal(row), choices=CHOICES,
        languages=tongues(session, g.programme, []), club_kinds=words.CLUB_KINDS,
    )  # fmt: skip
