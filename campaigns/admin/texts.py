"""One text: written with its count while one types, reviewed and approved; the rules are those of `messaging.texts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import loading
from campaigns.admin import remarks, words
from campaigns.admin.campaigns import find, written
from campaigns.admin.campaigns import step as page_of
from campaigns.admin.cost import price
from campaigns.admin.security import installation, me, own, writing
from campaigns.admin.sides import Refused, sides, words_for
from campaigns.admin.words import N_, _
from campaigns.admin.writing import FRENCH, OPTIONS, as_typed, read, taken, too_long
from campaigns.definitions import SLOTS, Slot
from campaigns.models import Campaign, Step
from messaging import fold
from messaging import texts as states
from messaging.clock import utc_now
from messaging.errors import DataError, RefusedError, StaleError
from messaging.models import Language, LetterKind, Staff, Text, TextVersion
from messaging.texts import Outside
from messaging.wording import Wording, spelt

texts = Blueprint("texts", __name__, template_folder="templates")
texts.add_app_template_global(sides, "sides")
ADDRESS = "/admin/<programme>/campaigns/<campaign>/<step>/<language>"
USUAL = 4  # options that a form offers at least
STALE = N_("Quelqu'un d'autre a changé ce texte entre-temps. Vos mots sont encore ici : comparez, puis enregistrez.")
TOO_LONG = N_("Trop long : 2000 signes par champ. Raccourcissez le texte qui commence par « %(start)s ».")
EMPTY = N_("Le texte est vide : écrivez le SMS.")
KINDS = {
    LetterKind.OFFICIAL: N_("officielle : ɛ ɔ ɲ ŋ"),
    LetterKind.OLD: N_("ancienne, d'avant 1982 : è ò ny ng"),
}


@dataclass(frozen=True)
class Place:
    """Where a text stands: its campaign, step and language, and the text itself once it is written."""

    campaign: Campaign
    step: Step
    language: Language
    text: Text | None
    version: TextVersion | None

    @property
    def has_two_letters(self) -> bool:
        """True where the official letters come first and the SMS form is made from them."""
        return self.language.profile != FRENCH


@texts.get(ADDRESS)
def edit(campaign: str, step: str, language: str) -> str:
    """The form of a text; a new one starts empty."""
    with installation().db.read() as session:
        place = locate(session, campaign, step, language)
        said = states.wording(place.version) if place.version else Wording("", "", "")
        return _form(session, place, as_typed(said, place.language.profile), place.text.version if place.text else 0)


@texts.post(ADDRESS)
def save(campaign: str, step: str, language: str) -> Response | str | tuple[str, int]:
    """Write the text; when somebody else was quicker, show both and lose nothing.

    The buttons `take` and `show` only show the form again, with the suggested letters and with a new count.
    """
    typed = read(request.form)
    seen = request.form.get("seen", type=int) or 0
    if start := too_long(typed):
        return _again(campaign, step, language, typed, seen, _(TOO_LONG, start=start)), 400
    if "take" in request.form or "show" in request.form:
        return _again(campaign, step, language, typed, seen)
    try:
        with writing() as session:
            place = locate(session, campaign, step, language)
            said = spelt(typed, place.language.profile)
            if said.sms:
                _store(session, place, said, seen)
    except StaleError:
        return _again(campaign, step, language, typed, seen, _(STALE)), 409
    except RefusedError as refusal:
        return _again(campaign, step, language, typed, seen, words.sentence(str(refusal))), 400
    if not said.sms:
        return _again(campaign, step, language, typed, seen, _(EMPTY)), 400
    flash(_("Texte enregistré. C'est un brouillon : il attend une relecture."), "good")
    return to_step(campaign, step, language)


@texts.post(ADDRESS + "/review")
def review(campaign: str, step: str, language: str) -> Response | tuple[str, int]:
    """Accept wording and letters, or file the sheet of a reviewer without an account."""
    typed = request.form
    try:
        outside = _outside(typed)
        with writing() as session:
            text, person = _seen(session, campaign, step, language), session.get_one(Staff, me().id)
            remark, variety = typed.get("remark", "").strip(), typed.get("variety", "")
            states.review(session, text.id, person, me().roles, utc_now(), remark, outside, variety)
    except (RefusedError, DataError) as refusal:
        form = "sheet" if "sheet" in typed else "review"
        g.refused = Refused(language, form, words.sentence(str(refusal)), typed.to_dict())
        return page_of(campaign, step), 400
    flash(_("Texte relu. Il attend une approbation."), "good")
    return to_step(campaign, step, language)


@texts.post(ADDRESS + "/approve")
def approve(campaign: str, step: str, language: str) -> Response:
    """Accept the content: from now on exactly these words may leave."""
    try:
        with writing() as session:
            text, person = _seen(session, campaign, step, language), session.get_one(Staff, me().id)
            states.approve(session, text.id, person, me().roles, utc_now())
        flash(_("Texte approuvé. Il peut partir tel qu'il est."), "good")
    except RefusedError as refusal:
        flash(words.sentence(str(refusal)), "bad")
    return to_step(campaign, step, language)


@texts.post("/admin/count")
def live() -> str:
    """What the phone shows of the words being typed, what they take and what is found in them; a part of the form."""
    g.programme = own(request.form.get("programme", ""))
    with installation().db.read() as session:
        place = locate(session, *(request.form.get(name, "") for name in ("campaign", "step", "language")))
        return render_template("count.html", place=place, **_pane(session, place, read(request.form)))


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


def text_at(session: Session, campaign: str, step: str, language: str) -> Text:
    """The text at an address, for accounts that may not write it too; 404 when there is none."""
    row = find(session, campaign)
    one = next((one for one in loading.steps_of(session, row.id) if one.code == step), None) or abort(404)
    text, _version = written(session, [one.id]).get((one.id, language), (None, None))
    return text or abort(404)


def slots_for(step: Step) -> list[Slot]:
    """The slots that a text of this step may hold, in the order of the list."""
    is_aired = bool(
        {"before_airing", "after_airing"} & {key for key, given in step.definition["when"].items() if given}
    )
    is_bulletin = step.kind == "bulletin"
    may = {
        "airing": is_aired,
        "report": is_bulletin,
        "airing or report": is_aired or is_bulletin,
    }
    return [slot for slot in SLOTS.values() if may.get(slot.source, True)]


def to_step(campaign: str, step: str, language: str) -> Response:
    """Back to the step, at this language."""
    return redirect(url_for("campaigns.step", campaign=campaign, step=step, _anchor=language), 303)


def _store(session: Session, place: Place, said: Wording, seen: int) -> None:
    now = utc_now()
    if place.text is not None:
        states.edit(session, place.text.id, seen, said, session.get_one(Staff, me().id), now)
        return
    if seen:
        raise StaleError
    states.write(session, place.step.id, place.language.code, said, now, me().id).changed_by_staff = True


def _seen(session: Session, campaign: str, step: str, language: str) -> Text:
    """The text that the form was about.

    Raises:
        RefusedError: its words are no longer those that stood on the page.
    """
    text = text_at(session, campaign, step, language)
    if request.form.get("seen", type=int) != text.version:
        raise RefusedError(_("Ce texte a changé depuis que vous l'avez lu. Lisez-le de nouveau."))
    return text


def _again(campaign: str, step: str, language: str, typed: Wording, seen: int, notice: str = "") -> str:
    """The form with what was typed, and beside it what is stored when that is newer than what was seen."""
    with installation().db.read() as session:
        place = locate(session, campaign, step, language)
        newer = place.version if place.text and place.text.version != seen else None
        if notice == _(STALE):
            seen = place.text.version if place.text else 0
        if "take" in request.form:
            typed = taken(typed, place.language.profile)
            flash(_("Lettres remplacées dans le SMS ; rien n'est encore enregistré."), "good")
        return _form(session, place, typed, seen, notice, newer)


def _form(
    session: Session, place: Place, typed: Wording, seen: int, notice: str = "", newer: TextVersion | None = None
) -> str:
    french = written(session, [place.step.id]).get((place.step.id, states.SOURCE), (None, None))[1]
    is_source = place.language.code == states.SOURCE
    return render_template(
        "text.html", place=place, typed=typed, seen=seen, notice=notice, newer=newer,
        options=OPTIONS[: max([USUAL, *map(int, typed.options or ())])], french=None if is_source else french,
        french_parts=_beside(french) if french and not is_source else [],
        words=[] if is_source else words_for(french, place.language.code),
        slots=slots_for(place.step), kinds=KINDS, **_pane(session, place, typed),
    )  # fmt: skip


def _beside(french: TextVersion) -> list[tuple[str, str]]:
    """The parts of the French text beside its SMS, which a translator has to say too, by their names."""
    said = states.wording(french)
    return [(remarks.label(name), said.official_of(name)) for name in said.parts() if name != "sms"]


def _pane(session: Session, place: Place, typed: Wording) -> dict[str, Any]:
    """What stands beside the form: the words as they would be stored, and all that is said of them."""
    letters = place.language.profile
    said = spelt(typed, letters)
    return {
        "said": said,
        "says_otherwise": not place.has_two_letters and fold.plain(said.sms) != fold.plain(said.official),
        "made": spelt(replace(typed, sms=""), letters).sms if typed.official else said.sms,
        "parts": remarks.parts(said, letters),
        "remarks": remarks.remarks(place.campaign, place.step, place.language.code, said, letters),
        "price": price(session, g.programme),
    }


def _outside(form: Mapping[str, str]) -> Outside | None:
    """The reviewer without an account, when the sheet's form was sent.

    Raises:
        DataError: role, variety, day or mark is missing.
    """
    if "sheet" not in form:
        return None
    role, variety, sheet = (form.get(name, "").strip() for name in ("role", "variety", "sheet"))
    try:
        read_on = date.fromisoformat(form.get("read_on", ""))
    except ValueError:
        read_on = None
    if not (role and variety and read_on and sheet):
        raise DataError(_("Écrivez la marque de la fiche, le rôle, la variété et le jour de la lecture."))
    return Outside(role, variety, read_on, sheet)
