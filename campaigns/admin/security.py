"""Who may come in: sign-in with lock-out, the gate before every page, and what the signed-in account may see.

The gate is closed unless an endpoint or a blueprint stands in `PUBLIC`: a page nobody thought of is guarded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask_security import (
    LoginForm,
    RoleMixin,
    Security,
    UserDatastore,
    UserMixin,
    current_user,
    user_authenticated,
)
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import EmailField
from wtforms.validators import InputRequired

from messaging import audit, staff
from messaging.clock import utc_now
from messaging.database import Database
from messaging.installation import Installation
from messaging.models import Programme, Role, Staff

PUBLIC = ("security.login", "assets.file", "today.front", "health", "metrics", "webhooks")
WITHOUT_TOKEN = ("webhooks",)  # blueprints whose callers have no form of ours: they sign their requests
POLLS = ("phones.thread_of",)  # what asks by itself does not keep a forgotten page signed in

IDLE = timedelta(minutes=15)
TRIES = 8
LOCKED_FOR = timedelta(minutes=15)
LIBRARY_COLUMNS = ("password", "tf_primary_method", "tf_totp_secret", "mf_recovery_codes")

P = ParamSpec("P")
R = TypeVar("R")


class Account(UserMixin, Staff):  # type: ignore[misc]  # the mixin only declares what the table has
    """A row of the staff table as the sign-in library wants it."""

    def track_failed_authn(self, auth_type: str, tfa: bool = False) -> None:
        """Count a wrong password."""
        count_failure(installation().db, self.id, utc_now())

    def is_locked(self, form_error: list[str] | None = None) -> bool:
        """Asked after the password was right: a closed account answers as for a wrong one."""
        if not is_locked(installation().db, self.id, utc_now()):
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
        """Keep what the library itself changes on an account, and nothing else of it."""
        values = {name: getattr(model, name) for name in LIBRARY_COLUMNS}
        with self.db.write() as writing:
            writing.execute(sa.update(Staff).where(Staff.id == model.id).values(**values))
        return model

    def commit(self) -> None:
        """Nothing to do: `put` has committed."""


class SignInForm(LoginForm):
    """Address and password; no « remember me » on a shared office computer, no check how the address is spelt."""

    email = EmailField(validators=[InputRequired()])
    remember = None


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


def init_app(app: Flask, opened: Installation) -> None:
    """Set up sign-in, the guard against forged forms, and the gate."""
    _configure(app, opened)
    CSRFProtect(app)
    security = Security(app, Accounts(opened.db), login_form=SignInForm)
    security.want_json(lambda _request: False)  # pages only: no tokens are given out
    app.login_manager._request_callback = None  # type: ignore[attr-defined]  # nor taken
    user_authenticated.connect(_signed_in, app)
    app.before_request(_check_form)
    app.before_request(gate)


def installation() -> Installation:
    """The installation that this application serves."""
    found = current_app.extensions["jekulu"]
    assert isinstance(found, Installation)
    return found


@contextmanager
def writing() -> Iterator[Session]:
    """The session in which a page changes something; every page writes through this one."""
    with installation().db.write() as session:
        yield session


def gate() -> Response | None:
    """Let in who is signed in, and take the programme out of the address: 404 unless it is one of her own."""
    if request.endpoint is not None and is_public(request.endpoint):
        return None
    if not current_user.is_authenticated:
        return _to_sign_in() if request.endpoint else None  # what is not there is not there for anybody
    g.me = _me(installation().db, current_user.id)
    if request.endpoint not in POLLS:
        session["seen"] = int(utc_now().timestamp())  # signs the cookie anew: it is good for `IDLE`
    if request.view_args and "programme" in request.view_args:
        g.programme = own(request.view_args.pop("programme"))
        session["programme"] = g.programme.code
    return None


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


def count_failure(db: Database, staff_id: int, now: datetime) -> None:
    """Count one wrong password; after `TRIES` in a row the account is closed for a while. While closed, none count."""
    with db.write() as writing:
        row = writing.get_one(Staff, staff_id, with_for_update=True)
        if row.locked_until is not None and row.locked_until > now:
            return
        row.failed_count = row.failed_count + 1 if row.locked_until is None else 1
        row.locked_until = None
        if row.failed_count >= TRIES:
            row.locked_until = now + LOCKED_FOR
            audit.note(writing, f"staff:{staff_id}", "locked", "staff", staff_id, now)


def is_locked(db: Database, staff_id: int, now: datetime) -> bool:
    """True while the account is closed after wrong passwords."""
    with db.read() as reading:
        until = reading.scalar(sa.select(Staff.locked_until).where(Staff.id == staff_id))
    return until is not None and until > now


def _signed_in(app: Flask, user: Account, **_more: object) -> None:
    now = utc_now()
    session.permanent = True
    with installation().db.write() as writing:
        row = writing.get_one(Staff, user.id)
        row.failed_count, row.locked_until, row.last_sign_in_at = 0, None, now
        audit.note(writing, f"staff:{user.id}", "signed_in", "staff", user.id, now)


def _configure(app: Flask, opened: Installation) -> None:
    is_https = opened.settings.public_url.startswith("https://")
    app.config.update(
        SESSION_COOKIE_NAME="jekulu",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=IDLE,
        WTF_CSRF_CHECK_DEFAULT=False,  # `_check_form` asks, so that whole blueprints can be left out by name
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


def _check_form() -> None:
    if request.endpoint and request.blueprint not in WITHOUT_TOKEN:
        csrf: CSRFProtect = current_app.extensions["csrf"]
        csrf.protect()


def _to_sign_in() -> Response:
    """To the sign-in page, and back here afterwards when this was a page to read."""
    is_page = request.method == "GET" and request.endpoint not in POLLS
    where = url_for("security.login", next=request.full_path.rstrip("?") if is_page else None)
    if "HX-Request" in request.headers:
        return Response(status=401, headers={"HX-Redirect": url_for("security.login")})
    return redirect(where, 303)


def _me(db: Database, staff_id: int) -> Me:
    with db.read() as reading:
        row = reading.get_one(Staff, staff_id)
        ids = staff.programme_ids(reading, staff_id)
        programmes = reading.scalars(sa.select(Programme).where(Programme.id.in_(ids)).order_by(Programme.code))
        roles = staff.roles(reading, staff_id)
        villages = staff.village_ids(reading, staff_id, utc_now().date())
        return Me(row.id, row.email, row.name, row.language, roles, tuple(programmes), villages)
