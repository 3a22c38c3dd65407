"""Who may come in: the gate before every page, forms that are ours, and what the signed-in account may see.

The gate is closed unless an endpoint or a blueprint stands in `PUBLIC`: a page nobody thought of is guarded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from flask import Flask, abort, current_app, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import kept
from campaigns.admin.words import N_, _
from messaging import staff
from messaging.clock import utc_now
from messaging.database import Database
from messaging.installation import Installation
from messaging.models import Programme, Role, Staff

PUBLIC = (
    "security.login",
    "sign_in.second_factor",
    "assets.file",
    "today.front",
    "health",
    "metrics",
    "webhooks",
    "studio",
)
# Blueprints without a form of ours: gateways sign their requests, a host's address holds the key (`admin.studio`).
WITHOUT_TOKEN = ("webhooks", "studio")
WITHOUT_CODE = (
    "settings.second_factor",
    "settings.renew",
    "security.logout",
)  # all that is open before the second factor is set up
POLLS = ("phones.thread_of",)  # what asks by itself does not keep a forgotten page signed in
WHILE_TYPING = ("texts.live", "case.live")  # parts of a form that come while one types; they must not lead away from it
TYPED_SECONDS = 300  # of typing, after which it counts as a sign of life

SESSION_ENDED = N_("Votre session est finie. Connectez-vous de nouveau, s'il vous plaît.")
FORM_KEPT = N_("Votre session est finie. Ce que vous avez écrit est gardé : connectez-vous, vous le retrouverez.")
FORM_TOO_LONG = N_(
    "Votre session est finie, et ce formulaire est trop long pour être gardé ici. Connectez-vous dans un autre onglet, "
    "revenez à celui-ci par le bouton « Retour », et enregistrez."
)
ENDED_WHILE_TYPING = N_("Votre session est finie : enregistrez, vous pourrez vous reconnecter sans rien perdre.")
SHUT_OUT = N_("Les comptes de démonstration sont fermés ici : cette installation envoie de vrais SMS.")

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Me:
    """The signed-in account, its roles with their scopes, and its programmes in the order of their codes."""

    id: int
    email: str
    name: str
    language: str
    roles: dict[Role, set[str]] = field(repr=False)
    programmes: tuple[Programme, ...] = field(repr=False)
    villages: frozenset[int] | None = field(default=None, repr=False)  # None: all of them
    lacks_code: bool = False  # a second factor is needed, and there is none yet

    def has(self, role: Role, scope: str | None = None) -> bool:
        """True when the account holds the role, for this scope where one is named."""
        scopes = self.roles.get(role)
        return scopes is not None and (scope is None or scope in scopes)

    def may_write(self, language: str) -> bool:
        """True when the account may write texts of this language."""
        return self.has(Role.EDITOR) or self.has(Role.TRANSLATOR, language)

    def sees(self, village_id: int | None) -> bool:
        """True when the village is one of the account's; what lies nowhere is seen by who sees everything."""
        return self.villages is None or village_id in self.villages

    def within(self, village: Any) -> sa.ColumnElement[bool]:
        """The condition that a column of village ids is one of the account's."""
        return sa.true() if self.villages is None else village.in_(self.villages)


def init_app(app: Flask) -> None:
    """Set up the guard against forged forms, and the gate."""
    CSRFProtect(app)
    app.before_request(check_form)
    app.before_request(gate)


def installation() -> Installation:
    """The installation that this application serves."""
    found = current_app.extensions["jekulu"]
    assert isinstance(found, Installation)
    return found


@contextmanager
def writing() -> Iterator[Session]:
    """The session in which a page changes something; every page writes through this one.

    Raises:
        KeptError: the session of the browser had ended, and the form came back only to be read again.
    """
    if kept.is_shown_only():
        raise kept.KeptError(kept.STILL_THERE)
    with installation().db.write() as session:
        yield session


def check_form() -> ResponseReturnValue | None:
    """Refuse a forged form; one of our own pages whose session is another by now is kept."""
    if not request.endpoint or request.blueprint in WITHOUT_TOKEN:
        return None
    csrf: CSRFProtect = current_app.extensions["csrf"]
    try:
        csrf.protect()
    except CSRFError:
        if not kept.is_same_origin():
            raise
        if not current_user.is_authenticated:
            return ended()
        found = kept.take()  # signed in again in another tab
        return (kept.show(found), 409) if found else redirect(url_for("today.page"), 303)
    return None


def gate() -> ResponseReturnValue | None:
    """Let in who is signed in, and take the programme out of the address: 404 unless it is one of her own."""
    if request.endpoint is not None and is_public(request.endpoint):
        return None
    if not current_user.is_authenticated:
        return ended() if request.endpoint else None  # what is not there is not there for anybody
    found = _me(installation().db, current_user.id)
    if found is None:
        session.clear()
        flash(_(SHUT_OUT), "bad")
        return ended()
    g.me = found
    if request.endpoint not in POLLS:
        _sign_anew()
    if found.lacks_code and request.endpoint not in WITHOUT_CODE:
        return redirect(url_for("settings.second_factor"), 303)
    if request.view_args and "programme" in request.view_args:
        g.programme = own(request.view_args.pop("programme"))
        if session.get("programme") != g.programme.code:
            session["programme"] = g.programme.code
    return None


def _sign_anew() -> None:
    """Sign the cookie anew, so that it is good for `IDLE` from now on.

    What a page asks by itself while one types is rarely worth it: its answer may come behind that of the button, and
    would bring back the cookie of before, without the notice that the text is stored.
    """
    now = int(utc_now().timestamp())
    if request.endpoint not in WHILE_TYPING or now - session.get("seen", 0) >= TYPED_SECONDS:
        session["seen"] = now


def ended() -> ResponseReturnValue:
    """What somebody gets who is not signed in: the sign-in page; a form that was typed goes along with it."""
    is_form, is_htmx = request.method == "POST", "HX-Request" in request.headers
    if is_form and is_htmx and request.endpoint in WHILE_TYPING:
        return Markup('<p class="notice bad">{}</p>').format(_(ENDED_WHILE_TYPING))
    if is_form and kept.is_same_origin() and request.endpoint != "security.logout":
        return _sign_in_with_form(is_htmx)
    if request.endpoint in POLLS:
        return Response(status=401)  # the page around it may hold words that nobody has saved yet
    if is_htmx:
        return Response(status=401, headers={"HX-Redirect": url_for("security.login")})
    return redirect(url_for("security.login", next=None if is_form else request.full_path.rstrip("?")), 303)


def is_public(endpoint: str) -> bool:
    """True for an endpoint that stands in `PUBLIC`, by itself or by its blueprint."""
    return endpoint in PUBLIC or endpoint.partition(".")[0] in PUBLIC


def own(code: str) -> Programme:
    """The programme of this code if it is one of the account's; anything else is not there (404)."""
    return next((row for row in me().programmes if row.code == code), None) or abort(404)


def me() -> Me:
    """The signed-in account of this request."""
    found = g.me
    assert isinstance(found, Me)
    return found


def programme_ids() -> list[int]:
    """The ids of the account's programmes."""
    return [row.id for row in me().programmes]


def needs(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only for accounts with one of these roles; others get 403."""

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            if not any(me().has(role) for role in roles):
                abort(403)
            return view(*args, **kwargs)

        return checked

    return wrap


def _sign_in_with_form(is_htmx: bool) -> ResponseReturnValue:
    found = kept.take()
    notice = FORM_KEPT if found else FORM_TOO_LONG if kept.typed() else SESSION_ENDED
    page = render_template("sign_in.html", notice=_(notice), kept=found, next=kept.referrer())
    if is_htmx:  # it takes parts of pages only when they come with 200
        return page, 200, {"HX-Retarget": "body", "HX-Reswap": "innerHTML"}
    return page, 401


def _me(db: Database, staff_id: int) -> Me | None:
    """The account as it stands now; None once it is shut out."""
    with db.read() as reading:
        row = reading.get_one(Staff, staff_id)
        if staff.is_shut_out(reading, row):
            return None
        ids = staff.programme_ids(reading, staff_id)
        programmes = reading.scalars(sa.select(Programme).where(Programme.id.in_(ids)).order_by(Programme.code))
        roles = staff.roles(reading, staff_id)
        villages = staff.village_ids(reading, staff_id, utc_now().date())
        lacks_code = row.tf_totp_secret is None and staff.needs_code(row, ((role, "") for role in roles))
        return Me(row.id, row.email, row.name, row.language, roles, tuple(programmes), villages, lacks_code)
