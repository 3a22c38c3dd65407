"""Trials: an account confirms its own phone, then gets one text on it, draft or not; the rules: `messaging.trial`.

Who is on duty confirms a phone here too: on it she is told that something waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import words
from campaigns.admin.phones import Thread, thread
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.texts import ADDRESS, text_at, to_step
from campaigns.admin.words import N_, _
from campaigns.definitions import SLOTS
from messaging import trial as trials
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.models import Phone, Staff
from messaging.phones import NumberError, NumberFault

trial = Blueprint("trial", __name__, template_folder="templates")
PAGE = "/admin/<programme>/trial"
WHO = (*trials.ROLES, *trials.ON_DUTY)
FAULTS: dict[NumberFault, str] = {
    "empty": N_("Écrivez le numéro de votre téléphone."),
    "unreadable": N_("Ce n'est pas un numéro. Écrivez ses chiffres seulement, par exemple 76 12 34 56."),
    "shortened": N_("Ce numéro a perdu des chiffres. Écrivez-le en entier."),
    "too_short": N_("Il manque des chiffres. Un numéro du Mali en a huit ; un autre commence par + et son pays."),
    "too_long": N_("Il y a trop de chiffres. Écrivez un seul numéro."),
    "wrong_length": N_("Les numéros de ce pays ont une autre longueur. Vérifiez chaque chiffre."),
    "unknown_country": N_("Aucun pays n'a cet indicatif. Un numéro du Mali s'écrit +223 et huit chiffres."),
    "landline": N_("C'est un téléphone fixe : il ne reçoit pas de SMS. Donnez un numéro mobile."),
    "not_mobile": N_("Aucun mobile du Mali ne commence ainsi. Vérifiez les deux premiers chiffres."),
    "premium": N_("Écrire à ce numéro coûte un supplément. Donnez un numéro ordinaire."),
}
# What stands in the braces of a trial; a name that is not here shows itself.
EXAMPLES = {
    "club": "1041", "episode": "12", "hour": "20h30", "date": "09/08", "rain": "12", "answer_cost": "10 FCFA",
    **{slot.name: "250" for slot in SLOTS.values() if slot.kind == "price"},
}  # fmt: skip


@dataclass(frozen=True)
class Own:
    """The account's phone; `thread` is what the simulator holds of it, for an account of the demonstration only."""

    last_two: str
    is_confirmed: bool
    awaits_code: bool
    thread: Thread | None


@trial.get(PAGE)
@needs(*WHO)
def page() -> str:
    """The own phone: none yet, waiting for its code, or confirmed."""
    return _page()


@trial.post(PAGE)
@needs(*WHO)
def ask() -> Response | tuple[str, int]:
    """Note a number and send it a code."""
    try:
        with writing() as session:
            person = session.get_one(Staff, me().id)
            unfit = trials.ask(session, person, request.form.get("number", ""), utc_now(), programme=g.programme)
    except NumberError as error:
        return _page(_(FAULTS[error.fault])), 400
    except RefusedError as refusal:
        return _page(words.sentence(str(refusal))), 400
    if unfit:
        return _page(words.sentence(unfit)), 400
    _wake()
    flash(_("Un code à six chiffres part vers ce téléphone. Il est bon pendant une demi-heure."), "good")
    return _to_page()


@trial.post(PAGE + "/code")
@needs(*WHO)
def confirm() -> Response | tuple[str, int]:
    """Take the code that came."""
    with writing() as session:
        person = session.get_one(Staff, me().id)
        fault = trials.confirm(session, person, request.form.get("code", ""), utc_now())
    if fault:
        return _page(words.sentence(fault)), 400
    said = _("Téléphone confirmé : les pages des étapes ont maintenant un bouton d'essai.")
    flash(said if _may_try() else _("Téléphone confirmé."), "good")
    return _to_page()


@trial.post(ADDRESS + "/trial")
@needs(*trials.ROLES)
def send(campaign: str, step: str, language: str) -> Response:
    """Send one text as it stands now to the own phone."""
    part = request.form.get("part", "sms")
    try:
        with writing() as session:
            text, person = text_at(session, campaign, step, language), session.get_one(Staff, me().id)
            size = trials.send(session, person, text.id, utc_now(), part, programme=g.programme, slots=EXAMPLES)
            last_two = session.get_one(Phone, person.phone_id).last_two
    except RefusedError as refusal:
        flash(words.sentence(str(refusal)), "bad")
        return to_step(campaign, step, language)
    _wake()
    flash(_("Essai en route vers ••%(last_two)s : %(num)s SMS.", last_two=last_two, num=size.segments), "good")
    return to_step(campaign, step, language)


def own(session: Session, now: datetime) -> Own | None:
    """The phone of the account, confirmed or waiting for its code; None before a number was given.

    A demonstration account's trials always go to the simulator, so that its screen may be shown. Another account
    could show itself here the code that went to a stranger's number, and write to her by a real gateway afterwards.
    """
    person = session.get_one(Staff, me().id)
    if person.phone_id is None:
        return None
    phone, until = session.get_one(Phone, person.phone_id), person.phone_code_until
    is_awaited = person.phone_code is not None and until is not None and now < until
    said = thread(session, phone.id) if person.demonstration else None
    return Own(phone.last_two, person.phone_confirmed_at is not None, is_awaited, said)


def _page(notice: str = "") -> str:
    with installation().db.read() as session:
        return render_template(
            "trial.html", own=own(session, utc_now()), notice=notice, may_try=_may_try(),
            is_on_duty=any(map(me().has, trials.ON_DUTY)),
        )  # fmt: skip


def _may_try() -> bool:
    return any(map(me().has, trials.ROLES))


def _to_page() -> Response:
    """To the page; it looks once more by itself, because an SMS takes a moment."""
    return redirect(url_for("trial.page", sent=1), 303)


def _wake() -> None:
    current_app.extensions.get("jekulu.wake", lambda *_: None)("send")
