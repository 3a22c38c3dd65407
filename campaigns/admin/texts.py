"""One text: written with its count while one types, reviewed and approved; the rules are those of `messaging.texts`."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import loading
from campaigns.admin import words
from campaigns.admin.campaigns import find, written
from campaigns.admin.cost import count, price
from campaigns.admin.security import installation, me, own
from campaigns.admin.words import N_, _
from campaigns.definitions import Audience, Finding, editing
from campaigns.definitions import Step as Definition
from campaigns.models import Campaign, Step
from messaging import texts as states
from messaging.clock import utc_now
from messaging.errors import DataError, RefusedError, StaleError
from messaging.models import Language, Staff, Text, TextVersion
from messaging.texts import Outside, Wording

texts = Blueprint("texts", __name__, template_folder="templates")
ADDRESS = "/admin/<programme>/campaigns/<campaign>/<step>/<language>"
OPTIONS = tuple("123456789")
USUAL = 4  # options that a form offers at least
STALE = N_("Quelqu'un d'autre a changé ce texte entre-temps. Vos mots sont encore ici : comparez, puis enregistrez.")
PARTS = ("sms", "official", "read_aloud", "club", "right", "wrong", "back_translation")


@dataclass(frozen=True)
class Place:
    """Where a text stands: its campaign, step and language, and the text itself once it is written."""

    campaign: Campaign
    step: Step
    language: Language
    text: Text | None
    version: TextVersion | None


@texts.get(ADDRESS)
def edit(campaign: str, step: str, language: str) -> str:
    """The form of a text; a new one starts empty."""
    with installation().db.read() as session:
        place = locate(session, campaign, step, language)
        words = states.wording(place.version) if place.version else Wording("", "", "")
        return _form(session, place, words, place.text.version if place.text else 0)


@texts.post(ADDRESS)
def save(campaign: str, step: str, language: str) -> Response | tuple[str, int]:
    """Write the text; when somebody else was quicker, show both and lose nothing."""
    typed = read(request.form)
    seen = request.form.get("seen", type=int) or 0
    if not typed.sms:
        return _again(campaign, step, language, typed, seen, _("Le SMS est vide."), 400)
    try:
        with installation().db.write() as session:
            _store(session, locate(session, campaign, step, language), typed, seen)
    except StaleError:
        return _again(campaign, step, language, typed, seen, _(STALE), 409)
    flash(_("Texte enregistré. C'est un brouillon : il attend une relecture."), "good")
    return _to_step(campaign, step, language)


@texts.post(ADDRESS + "/review")
def review(campaign: str, step: str, language: str) -> Response:
    """Accept wording and letters, or file the sheet of a reviewer without an account."""
    try:
        outside = _outside(request.form)
        with installation().db.write() as session:
            text, person = _seen(session, campaign, step, language), session.get_one(Staff, me().id)
            states.review(session, text.id, person, me().roles, utc_now(), request.form.get("remark", ""), outside)
        flash(_("Texte relu. Il attend une approbation."), "good")
    except (RefusedError, DataError) as refusal:
        flash(words.sentence(str(refusal)), "bad")
    return _to_step(campaign, step, language)


@texts.post(ADDRESS + "/approve")
def approve(campaign: str, step: str, language: str) -> Response:
    """Accept the content: from now on exactly these words may leave."""
    try:
        with installation().db.write() as session:
            text, person = _seen(session, campaign, step, language), session.get_one(Staff, me().id)
            states.approve(session, text.id, person, me().roles, utc_now())
        flash(_("Texte approuvé. Il peut partir tel qu'il est."), "good")
    except RefusedError as refusal:
        flash(words.sentence(str(refusal)), "bad")
    return _to_step(campaign, step, language)


@texts.post("/admin/count")
def live() -> str:
    """The count of what is being typed, and what the editing rules say of it; a part of the form."""
    g.programme = own(request.form.get("programme", ""))
    with installation().db.read() as session:
        place = locate(session, *(request.form.get(name, "") for name in ("campaign", "step", "language")))
        typed = read(request.form)
        return render_template(
            "count.html",
            place=place,
            said=typed,
            count=count(typed.sms),
            price=price(session, g.programme),
            findings=findings(place, typed),
        )


def locate(session: Session, campaign: str, step: str, language: str) -> Place:
    """The place of a text by its address; 404 when there is none, 403 when this account may not write there."""
    row = find(session, campaign)
    one = next((one for one in loading.steps_of(session, row.id) if one.code == step), None) or abort(404)
    tongue = session.get(Language, language) or abort(404)
    text, version = written(session, [one.id]).get((one.id, language), (None, None))
    if text is None and language not in g.programme.languages:
        abort(404)
    if not me().may_write(language):
        abort(403)
    return Place(row, one, tongue, text, version)


def read(form: Mapping[str, str]) -> Wording:
    """What was typed, composed and with plain line ends; the official text is the SMS where it is left empty."""
    said = {name: unicodedata.normalize("NFC", form.get(name, "").replace("\r\n", "\n")).strip() for name in PARTS}
    options = {digit: words for digit in OPTIONS if (words := form.get(f"option_{digit}", "").strip())}
    optional = {name: said[name] or None for name in PARTS[3:]}
    return Wording(
        said["sms"], said["official"] or said["sms"], said["read_aloud"],
        options=options or None, unicode="unicode" in form, **optional,
    )  # fmt: skip


def findings(place: Place, typed: Wording) -> list[Finding]:
    """What the editing rules say of these words; nothing while they are no text of a definition yet."""
    said = {name: value for name, value in asdict(typed).items() if value is not None}
    try:
        step = Definition.model_validate({**place.step.definition, "texts": {place.language.code: said}})
        whole = Audience.model_validate(place.campaign.definition.get("audience") or {})
    except ValidationError:
        return []
    found = editing.of_step(step, place.campaign.topic, whole)
    return [one for one in found if one.path[0] == "texts"]


def _store(session: Session, place: Place, typed: Wording, seen: int) -> None:
    now = utc_now()
    if place.text is not None:
        states.edit(session, place.text.id, seen, typed, session.get_one(Staff, me().id), now)
        return
    if seen:
        raise StaleError
    states.write(session, place.step.id, place.language.code, typed, now, me().id).changed_by_staff = True


def _seen(session: Session, campaign: str, step: str, language: str) -> Text:
    """The text that the form was about.

    Raises:
        RefusedError: its words are no longer those that stood on the page.
    """
    row = find(session, campaign)
    one = next((one for one in loading.steps_of(session, row.id) if one.code == step), None) or abort(404)
    text, _version = written(session, [one.id]).get((one.id, language), (None, None))
    if text is None:
        abort(404)
    if request.form.get("seen", type=int) != text.version:
        raise RefusedError(_("Ce texte a changé depuis que vous l'avez lu. Lisez-le de nouveau."))
    return text


def _again(
    campaign: str, step: str, language: str, typed: Wording, seen: int, notice: str, status: int
) -> tuple[str, int]:
    """The form with what was typed, and beside it what is stored when that is newer than what was seen."""
    with installation().db.read() as session:
        place = locate(session, campaign, step, language)
        newer = place.version if place.text and place.text.version != seen else None
        seen = place.text.version if place.text else 0
        return _form(session, place, typed, seen, notice, newer), status


def _form(
    session: Session, place: Place, said: Wording, seen: int, notice: str = "", newer: TextVersion | None = None
) -> str:
    french = written(session, [place.step.id]).get((place.step.id, states.SOURCE), (None, None))[1]
    options = OPTIONS[: max([USUAL, *map(int, said.options or ())])]
    return render_template(
        "text.html", place=place, said=said, seen=seen, notice=notice, newer=newer, options=options,
        french=french if place.language.code != states.SOURCE else None,
        count=count(said.sms), price=price(session, g.programme), findings=findings(place, said) if said.sms else [],
    )  # fmt: skip


def _outside(form: Mapping[str, str]) -> Outside | None:
    """The reviewer without an account, when the sheet's form was sent.

    Raises:
        DataError: role, variety or day is missing.
    """
    if "sheet" not in form:
        return None
    role, variety = form.get("role", "").strip(), form.get("variety", "").strip()
    try:
        read_on = date.fromisoformat(form.get("read_on", ""))
    except ValueError:
        read_on = None
    if not (role and variety and read_on):
        raise DataError(_("Écrivez le rôle, la variété et le jour de la lecture."))
    return Outside(role[:80], variety[:40], read_on)


def _to_step(campaign: str, step: str, language: str) -> Response:
    return redirect(url_for("campaigns.step", campaign=campaign, step=step, _anchor=language), 303)
