"""What a page says when it cannot do what was asked: one page for every such answer, in the language of the account."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, flash, g, make_response, redirect, render_template, request, url_for
from flask_security import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from campaigns.admin import kept
from campaigns.admin.wire import OURS
from campaigns.admin.words import N_, _, sentence

SENTENCES = {
    400: (N_("Ce formulaire n'a pas été accepté"), N_("Revenez en arrière, rechargez la page et recommencez.")),
    403: (N_("Ce n'est pas ouvert à votre rôle"), N_("Un administrateur peut vous donner le rôle qu'il faut.")),
    404: (N_("Cette page n'existe pas"), N_("L'adresse est fausse, ou la page appartient à un autre programme.")),
    405: (N_("Cette adresse ne s'ouvre pas ainsi"), N_("Passez par les boutons de la page.")),
    500: (N_("Quelque chose s'est cassé ici"), N_("Rien n'a été écrit à moitié. L'erreur est dans le journal.")),
}
FORM_TOO_OLD = N_("La page est restée ouverte trop longtemps. Recommencez, s'il vous plaît.")


def init_app(app: Flask) -> None:
    """Answer for our own addresses only: what webhooks answer is read by machines."""
    app.register_error_handler(CSRFError, _form_refused)
    app.register_error_handler(kept.KeptError, _form_not_shown)
    app.register_error_handler(HTTPException, _problem)
    app.log_exception = _log  # type: ignore[method-assign, assignment]


def _log(trouble: Any) -> None:
    """Write what broke by the name of the page: the address of a host's page holds its key."""
    current_app.logger.error("Exception on %s [%s]", request.endpoint, request.method, exc_info=trouble)


def _form_refused(error: CSRFError) -> Response | HTTPException:
    if request.endpoint == "security.login":
        page = render_template("sign_in.html", notice=_(FORM_TOO_OLD))
        return make_response(page, 400)
    return _problem(error)


def _form_not_shown(error: kept.KeptError) -> Response:
    """A form with nothing to show again, such as a single button: back to where it stood."""
    flash(sentence(str(error)), "bad")
    return redirect(kept.page() or url_for("today.page"), 303)


def _problem(error: HTTPException) -> Response | HTTPException:
    if not request.path.startswith(OURS) or error.code is None or error.code < 400:
        return error
    title, advice = SENTENCES.get(error.code, SENTENCES[400])
    is_known = "me" in g or (error.code != 500 and current_user.is_authenticated)
    page = render_template("problem.html", title=_(title), advice=_(advice), signed_in=is_known)
    return make_response(page, error.code)
