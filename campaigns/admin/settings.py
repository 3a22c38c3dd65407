"""Settings of the own account: language, password, second factor, and the way out."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import sign_in, words
from campaigns.admin.security import installation, me, writing
from campaigns.admin.square import square
from campaigns.admin.words import N_, _
from messaging import credentials, totp
from messaging.clock import utc_now
from messaging.credentials import LONGEST, SHORTEST
from messaging.errors import DataError, RefusedError
from messaging.models import Staff
from messaging.phones import SealError

settings = Blueprint("settings", __name__, template_folder="templates")

PRACTICE = (
    "Ce compte sert à s'exercer : il garde son mot de passe et s'ouvre sans code. / "
    "This account is for practice: it keeps its password and opens without a code."
)
WRONG_PASSWORD = N_("Ce n'est pas votre mot de passe. Après huit essais, un compte se ferme pour un quart d'heure.")
WRONG_PROOF = N_(
    "Ce n'est ni votre mot de passe, ni un code qui n'a pas servi. Après huit essais, un compte se ferme pour un quart "
    "d'heure."
)
WRONG_CODE = N_("L'application montre un autre code. Ajoutez-lui la clé de cette page, puis écrivez ses six chiffres.")


@settings.get("/admin/settings")
def page() -> str:
    """Who am I, in which language, and what opens my account."""
    return _page()


@settings.post("/admin/settings")
def change() -> Response:
    """Keep the language, for this browser and for the account."""
    wanted = request.form.get("language", "")
    if wanted not in words.LANGUAGES:
        abort(400)
    with writing() as session:
        session.execute(sa.update(Staff).where(Staff.id == me().id).values(language=wanted))
    words.choose(wanted)
    flash(_("C'est noté."), "good")
    return redirect(url_for("settings.page"), 303)


@settings.post("/admin/settings/password")
def password() -> ResponseReturnValue:
    """Take a new password from who knows the old one."""
    try:
        with writing() as session:
            person = _real(session)
            is_known = credentials.accept_password(session, person.id, request.form.get("password", ""), utc_now())
            if is_known:
                credentials.set_password(session, person, request.form.get("new_password", ""), utc_now())
    except (DataError, RefusedError) as error:
        return _page(password_notice=words.sentence(str(error))), 400
    if not is_known:
        return _page(password_notice=_(WRONG_PASSWORD)), 400
    sign_in.stay(person)
    flash(_("Nouveau mot de passe enregistré. Vos autres pages ouvertes sont fermées."), "good")
    return redirect(url_for("settings.page"), 303)


@settings.get("/admin/settings/second-factor")
def second_factor() -> str:
    """A new secret to put into an authenticator; it counts once its code was typed here."""
    return _offer(credentials.sealed(installation().keys, totp.new_secret()))


@settings.post("/admin/settings/second-factor")
def renew() -> ResponseReturnValue:
    """Take the new secret, and show its recovery codes once."""
    fresh, now = request.form.get("fresh", ""), utc_now()
    if not _is_ours(fresh):
        return redirect(url_for("settings.second_factor"), 303)
    try:
        with writing() as session:
            person = _real(session)
            is_known = me().lacks_code or _is_proved(session, person)
            is_right = is_known and credentials.set_second_factor(
                session, person, fresh, request.form.get("code", ""), now
            )
            codes = credentials.new_recovery_codes(session, person, now) if is_right else []
    except RefusedError as refusal:
        return _offer(fresh, words.sentence(str(refusal))), 400
    if not is_right:
        return _offer(fresh, _(WRONG_CODE) if is_known else _(WRONG_PROOF)), 400
    sign_in.stay(person)
    return render_template("recovery_codes.html", codes=codes, is_new=True)


@settings.post("/admin/settings/recovery-codes")
def recovery_codes() -> ResponseReturnValue:
    """Make new recovery codes and show them once; the old ones are void."""
    try:
        with writing() as session:
            person = session.get_one(Staff, me().id)
            is_known = person.tf_totp_secret is not None and _is_proved(session, person)
            codes = credentials.new_recovery_codes(session, person, utc_now()) if is_known else []
    except RefusedError as refusal:
        return _page(codes_notice=words.sentence(str(refusal))), 400
    if not is_known:
        return _page(codes_notice=_(WRONG_PROOF)), 400
    return render_template("recovery_codes.html", codes=codes, is_new=False)


def _real(session: Session) -> Staff:
    """The own account.

    Raises:
        RefusedError: it is one of the demonstration, which several people open with what the start prints.
    """
    person = session.get_one(Staff, me().id)
    if person.demonstration:
        raise RefusedError(PRACTICE)
    return person


def _is_ours(fresh: str) -> bool:
    try:
        return bool(credentials.opened(installation().keys, fresh))
    except SealError:
        return False


def _is_proved(session: Session, person: Staff) -> bool:
    """True when the form brings the password or, where there is a second factor, a code of it."""
    proof, now = request.form.get("password", ""), utc_now()
    if person.tf_totp_secret and len(proof) == totp.DIGITS and proof.isdecimal():
        return credentials.accept_code(session, person.id, proof, now)
    return credentials.accept_password(session, person.id, proof, now)


def _page(password_notice: str = "", codes_notice: str = "") -> str:
    with installation().db.read() as session:
        person = session.get_one(Staff, me().id)
        return render_template(
            "settings.html", me=me(), person=person, codes=len(person.mf_recovery_codes or []), shortest=SHORTEST,
            longest=LONGEST, password_notice=password_notice, codes_notice=codes_notice,
        )  # fmt: skip


def _offer(fresh: str, notice: str = "") -> str:
    secret = credentials.opened(installation().keys, fresh)
    return render_template(
        "renew.html", fresh=fresh, secret=secret, square=square(totp.address(secret, me().email)), notice=notice,
        me=me(),
    )  # fmt: skip
