"""Forms whose session had ended when they came: carried through sign-in in the page itself, then shown again, filled.

The words stand in hidden fields of the pages that ask to sign in: never in an address, a cookie or a log, and nobody
but this page of this browser has them. Back at its own address the form is only shown: its reader has not seen what
changed in the meantime.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import current_app, render_template, request
from werkzeug.exceptions import HTTPException

from campaigns.admin.wire import OURS
from messaging.errors import RefusedError

CARRIED = "kept_form"  # the field in which the pages of sign-in hand it on
MARK = "kept"  # in the form that came back: where it stood
SECRET = ("csrf_token", CARRIED, MARK, "password", "new_password", "code")
LARGEST = 60_000  # characters; a text with all its parts has 24 000 at most
MOST = 500  # fields
STILL_THERE = (
    "Votre session était finie. Rien n'est encore enregistré : relisez, puis enregistrez. / "
    "Your session had ended. Nothing is stored yet: read it again, then save."
)


class KeptError(RefusedError):
    """A form that came back after sign-in is shown again first."""


@dataclass(frozen=True)
class Kept:
    """A form as it was sent; `page` is where it stood, when the browser said so."""

    address: str
    page: str
    fields: tuple[tuple[str, str], ...]
    has_files: bool = False

    def as_json(self) -> str:
        """The form as one hidden field carries it."""
        return json.dumps([self.address, self.page, self.fields, self.has_files], ensure_ascii=False)


def is_same_origin() -> bool:
    """True when the browser says that the form of this request stood on a page of ours."""
    told = request.headers.get("Sec-Fetch-Site")
    if told is not None and told != "same-origin":
        return False
    stood = request.headers.get("Origin") or request.referrer
    return bool(stood) and urlsplit(stood).netloc == request.host


def take() -> Kept | None:
    """The form of this request, or the one that a page of sign-in carries along; None: nothing typed, or too much."""
    if not is_form_address(request.path):
        return carried()
    fields = typed()
    if not 0 < len(fields) <= MOST or sum(len(name) + len(value) for name, value in fields) > LARGEST:
        return None
    address, stood = request.full_path.rstrip("?"), request.form.get(MARK) or referrer()
    return Kept(address, stood, fields, any(request.files.values()))


def typed() -> tuple[tuple[str, str], ...]:
    """The fields of the form of this request, in their order, without passwords and marks; none for sign-in's own."""
    if not is_form_address(request.path):
        return ()
    return tuple((name, value) for name, value in request.form.items(multi=True) if name not in SECRET)


def carried() -> Kept | None:
    """The form that this page of sign-in carries along, if there is one and it goes to an address of ours."""
    try:
        address, page, fields, has_files = json.loads(request.form.get(CARRIED, ""))
        found = Kept(str(address), str(page), tuple((str(name), str(value)) for name, value in fields), bool(has_files))
    except (ValueError, TypeError):
        return None
    return found if is_form_address(found.address) else None


def show(kept: Kept) -> str:
    """The page whose one button sends the form to its address again."""
    return render_template("kept.html", kept=kept, mark=MARK)


def is_shown_only() -> bool:
    """True for a form that came back after sign-in: it is shown, filled, and nothing of it is stored."""
    return bool(request.form.get(MARK))


def page() -> str | None:
    """Where the form that came back stood, when that is a page of ours."""
    stood = request.form.get(MARK, "")
    return stood if _is_ours(stood) else None


def is_form_address(address: str) -> bool:
    """True for an address of ours that takes forms, other than those of sign-in itself."""
    if not _is_ours(address):
        return False
    try:
        endpoint, _values = current_app.url_map.bind(request.host).match(urlsplit(address).path, "POST")
    except HTTPException:
        return False
    return not str(endpoint).startswith(("security.", "sign_in."))


def referrer() -> str:
    """The page of ours on which the form of this request stood; empty when the browser did not say."""
    parts = urlsplit(request.referrer or "")
    return parts._replace(scheme="", netloc="").geturl() if parts.netloc == request.host else ""


def _is_ours(address: str) -> bool:
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc and parts.path.startswith(OURS)
