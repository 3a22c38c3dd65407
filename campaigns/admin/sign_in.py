"""Sign-in: address and password, then a code where the account has a second factor; the sign-in library on our table.

The library checks the password, makes the session and ends it. Between password and code nobody is signed in: the
session only says whose code is awaited, for as long as it lives.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_security import (
    LoginForm,
    RoleMixin,
    Security,
    UserDatastore,
    UserMixin,
    login_user,
    user_authenticated,
)
from flask_security.tf_plugin import TfPlugin
from flask_security.utils import _get_post_login_redirect
from wtforms import EmailField
from wtforms.validators import InputRequired

from campaigns.admin import kept
from campaigns.admin.security import installation
from messaging import audit, credentials, staff
from messaging.clock import utc_now
from messaging.database import Database
from messaging.installation import Installation
from messaging.models import Staff

IDLE = timedelta(minutes=15)
AWAITED = "awaited"  # in the session: whose password was right and whose code is not there yet
LASTING = ("language",)  # all that a new session takes over from the one at the door

sign_in = Blueprint("sign_in", __name__, template_folder="templates")


class Account(UserMixin, Staff):  # type: ignore[misc]  # the mixin only declares what the table has
    """A row of the staff table as the sign-in library wants it."""

    def track_failed_authn(self, auth_type: str, tfa: bool = False) -> None:
        """Count a wrong password."""
        with installation().db.write() as writing:
            row = writing.get_one(Staff, self.id, with_for_update=True)
            credentials.count_failure(writing, row, utc_now())

    def is_locked(self, form_error: list[str] | None = None) -> bool:
        """Asked after the password was right: a locked or shut out account answers as for a wrong one."""
        with installation().db.read() as reading:
            row = reading.get_one(Staff, self.id)
            if not credentials.is_locked(row, utc_now()) and not staff.is_shut_out(reading, row):
                return False
        if form_error is not None:
            form_error.append("locked")
        return True


class Accounts(UserDatastore):
    """The library's way to our table: each call is a short transaction of its own, so no page holds the writer."""

    def __init__(self, db: Database) -> None:
        super().__init__(Account, RoleMixin)
        self.db = db

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Account | None:
        """The account with this one value; addresses are stored in small letters."""
        (name, value), *_ = kwargs.items()
        wanted = str(value).strip().lower() if case_insensitive else value
        with self.db.read() as found:
            return found.scalar(sa.select(Account).where(getattr(Account, name) == wanted))

    def put(self, model: Any) -> Any:
        """Keep what the library itself changes on an account, its rehashed password, and nothing else of it."""
        with self.db.write() as writing:
            writing.execute(sa.update(Staff).where(Staff.id == model.id).values(password=model.password))
        return model

    def commit(self) -> None:
        """Nothing to do: `put` has committed."""


class SignInForm(LoginForm):
    """Address and password; no « remember me » on a shared office computer, no check how the address is spelt."""

    email = EmailField(validators=[InputRequired()])
    remember = None


class Steps(TfPlugin):
    """What comes after the right password."""

    def tf_enter(self, user: Any, remember_me: bool | None, primary_authn_via: str, next_loc: str | None) -> Any:
        """Ask for the code where the account has a second factor, else sign in."""
        if user.tf_totp_secret is None or user.demonstration:
            return enter(user)
        session[AWAITED] = user.fs_uniquifier
        if found := kept.carried():
            return _ask(found)
        return redirect(url_for("sign_in.second_factor", next=request.form.get("next") or None), 303)


def init_app(app: Flask, opened: Installation) -> None:
    """Set up the sign-in library."""
    _configure(app, opened)
    security = Security(app, Accounts(opened.db), login_form=SignInForm)
    security.want_json(lambda _request: False)  # pages only: no tokens are given out
    security.two_factor_plugins = Steps()
    security.login_context_processor(_at_the_door)
    app.login_manager._request_callback = None  # type: ignore[attr-defined]  # nor taken
    user_authenticated.connect(_signed_in, app)


@sign_in.route("/admin/second-factor", methods=["GET", "POST"])
def second_factor() -> ResponseReturnValue:
    """The code of the authenticator, or a recovery code, of the account whose password was right."""
    user = _awaited()
    if user is None:
        return redirect(url_for("security.login"), 303)
    if request.method == "GET":
        return _ask(None)
    with installation().db.write() as writing:
        is_right = credentials.accept_code(writing, user.id, request.form.get("code", ""), utc_now())
    return enter(user) if is_right else (_ask(kept.carried(), failed=True), 400)


def enter(user: Account) -> ResponseReturnValue:
    """Sign in with a new session; then the form that waited for it, or the page that was asked for."""
    lasting = {name: session[name] for name in LASTING if name in session}
    session.clear()
    session.update(lasting)
    g.pop("csrf_token", None)  # the library has made one of the old session
    where = _get_post_login_redirect()
    login_user(user, remember=False)
    found = kept.carried()
    return kept.show(found) if found else redirect(where)


def stay(person: Staff) -> None:
    """Keep this browser signed in after all pages of its own account were ended."""
    session["_user_id"] = person.fs_uniquifier


def _ask(found: kept.Kept | None, failed: bool = False) -> str:
    where = request.form.get("next") or request.args.get("next") or ""
    return render_template("second_factor.html", failed=failed, kept=found, next=where)


def _awaited() -> Account | None:
    """The account whose password was right, unless it was closed or reset since."""
    if AWAITED not in session:
        return None
    found: Account | None = Accounts(installation().db).find_user(fs_uniquifier=session[AWAITED])
    return found if found and found.active else None


def _at_the_door() -> dict[str, object]:
    with installation().db.read() as reading:
        return {"kept": kept.carried(), "is_real": staff.has_real_gateway(reading)}


def _signed_in(app: Flask, user: Account, **_more: object) -> None:
    now = utc_now()
    session.permanent = True
    with installation().db.write() as writing:
        row = writing.get_one(Staff, user.id)
        credentials.unlock(row)
        row.last_sign_in_at = now
        audit.note(writing, audit.actor(user.id), "signed_in", "staff", user.id, now)


def _configure(app: Flask, opened: Installation) -> None:
    is_https = opened.settings.public_url.startswith("https://")
    app.config.update(
        SESSION_COOKIE_NAME="jekulu",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=IDLE,
        WTF_CSRF_CHECK_DEFAULT=False,  # `security.check_form` asks, so that whole blueprints can be left out by name
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        SECURITY_URL_PREFIX="/admin",
        SECURITY_POST_LOGIN_VIEW="/admin/",
        SECURITY_POST_LOGOUT_VIEW="/admin/login",
        SECURITY_LOGIN_USER_TEMPLATE="sign_in.html",
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106  # the name of the way
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_PASSWORD_SINGLE_HASH={"argon2"},
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_STATIC_FOLDER=None,
        SECURITY_FRESHNESS=timedelta(-1),
        SECURITY_CLI_USERS_NAME=False,
        SECURITY_CLI_ROLES_NAME=False,
        SECURITY_API_ENABLED_METHODS=["session"],
    )
