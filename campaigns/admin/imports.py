"""Sheets brought by a page: checked first, then taken whole or not at all.

Persons and who came are the officer's, other registers the editor's, figures of surveys the evaluation's.
"""

from __future__ import annotations

import base64
import binascii
import zlib

from flask import Blueprint, Response, abort, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from campaigns.admin import words
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _
from campaigns.evaluation import forms
from campaigns.evaluation import intake as intake  # with it come its kinds of sheet
from messaging import imports as registers
from messaging.clock import utc_now
from messaging.errors import DataError, RefusedError
from messaging.imports import Result
from messaging.models import Role

imports = Blueprint("imports", __name__, url_prefix="/admin/<programme>/people/imports", template_folder="templates")
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LARGEST = 3_000_000  # bytes of a sheet
LARGEST_PACKED = 330_000  # packed: between the check and the taking it travels in the form of the page
SHOWN = 100  # problems, and shared phones, on a page
WHO = (Role.EDITOR, Role.OFFICER, Role.EVALUATION)
FORM_OF = {"sessions": "attendance", "enrolments": "enrolment"}  # the form whose answers come back as such a sheet
KINDS: dict[str, tuple[str, Role]] = {
    "places": (N_("Lieux"), Role.EDITOR),
    "stations": (N_("Radios"), Role.EDITOR),
    "clubs": (N_("Clubs"), Role.EDITOR),
    "households": (N_("Ménages"), Role.OFFICER),
    "members": (N_("Membres"), Role.OFFICER),
    "enrolments": (N_("Inscriptions"), Role.OFFICER),
    "sessions": (N_("Séances"), Role.OFFICER),
    "lessons": (N_("Leçons"), Role.EDITOR),
    "followers": (N_("Clubs et leçons"), Role.EDITOR),
    "distributions": (N_("Distributions"), Role.OFFICER),
    "measures": (N_("Cibles et enquêtes"), Role.EVALUATION),
    "dhis2": (N_("Codes DHIS2"), Role.EVALUATION),
}
EVERYWHERE = (
    "places",
    "stations",
    "lessons",
    "distributions",
    "measures",
    "dhis2",
)  # not bound to one village: for accounts that work in all places


@imports.get("")
@needs(*WHO)
def page() -> str:
    """Choose a kind, take its empty sheet, bring it back."""
    return _page(_kind(request.args.get("kind")))


@imports.get("/sheet")
@needs(*WHO)
def sheet() -> Response:
    """The empty sheet of a kind, to fill in."""
    kind = _kind(request.args.get("kind"))
    headers = {"Content-Disposition": f'attachment; filename="{kind}.xlsx"'}
    return Response(registers.empty_sheet(kind, "xlsx"), mimetype=WORKBOOK, headers=headers)


@imports.get("/forms/<name>.xlsx")
@needs(*WHO)
def form(name: str) -> Response:
    """A form for phones with Collect (KoBo, ODK) whose answers come back as a sheet."""
    if name not in forms.FORMS:
        abort(404)
    with installation().db.read() as session:
        data = forms.write(session, g.programme, name)
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return Response(data, mimetype=WORKBOOK, headers=headers)


@imports.post("")
@needs(*WHO)
def back() -> Answer | tuple[str, int] | str:
    """Check a sheet; take it once it was checked and is sent on."""
    kind = _kind(request.form.get("kind"))
    try:
        data = _sent()
    except DataError as error:
        return _page(kind, notice=str(error)), 400
    found = _check(kind, data)
    if "take" not in request.form or found.problems:
        return _page(kind, found, data)
    try:
        found = _take(kind, data)
    except RefusedError as refusal:
        return _page(kind, found, data, words.sentence(str(refusal))), 400
    if found.problems:  # somebody else was quicker than this press
        return _page(kind, found, data), 409
    flash(_("Importé : %(added)s ajouté(s), %(changed)s changé(s).", added=found.added, changed=found.changed), "good")
    return redirect(url_for("imports.page", kind=kind), 303)


def kinds() -> list[str]:
    """The kinds of sheet that this account may bring, in the order in which they build on each other."""
    free = [kind for kind in registers.KINDS if me().villages is None or kind not in EVERYWHERE]
    return [kind for kind in free if me().has(KINDS[kind][1])]


def _kind(given: str | None) -> str:
    """The wanted kind, the first one where none is named; 403 for one of another role."""
    own = kinds()
    if given is not None and given not in registers.KINDS:
        abort(404)
    if not own or (given is not None and given not in own):
        abort(403)
    return given or own[0]


def _check(kind: str, data: bytes) -> Result:
    with installation().db.read() as session:
        return registers.take(session, kind, g.programme, data, utc_now(), dry_run=True, villages=me().villages)


def _take(kind: str, data: bytes) -> Result:
    with writing() as session:
        return registers.take(session, kind, g.programme, data, utc_now(), staff_id=me().id, villages=me().villages)


def _page(kind: str, found: Result | None = None, data: bytes = b"", notice: str = "") -> str:
    """The page, with what a check found and the checked sheet, ready to be taken."""
    is_new = found is not None and not found.problems and found.added + found.changed > 0
    return render_template(
        "imports.html", kind=kind, form=FORM_OF.get(kind), kinds=[(one, KINDS[one][0]) for one in kinds()],
        columns=registers.columns(kind), found=found, notice=notice, shown=SHOWN,
        kept=_packed(data) if is_new else "", counted=_counted,
    )  # fmt: skip


def _counted(found: Result) -> list[tuple[str, int]]:
    return [(_("nouveaux"), found.added), (_("changés"), found.changed), (_("sans changement"), found.unchanged)]


def _sent() -> bytes:
    """The sheet of the form: as a file, or as the page has kept it since the check.

    Raises:
        DataError: there is none, or it is too large.
    """
    file = request.files.get("sheet")
    data = file.read(LARGEST + 1) if file else _unpacked(request.form.get("data", ""))
    if not data:
        raise DataError(_("Choisissez d'abord un fichier .xlsx ou .csv."))
    if len(data) > LARGEST or len(zlib.compress(data)) > LARGEST_PACKED:
        raise DataError(
            _("Ce fichier est trop grand. Coupez-le en plusieurs, ou prenez la commande « jekulu import ».")
        )
    return data


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode("ascii")


def _unpacked(field: str) -> bytes:
    """What `_packed` made; nothing for anything else. A field never unpacks to more than a sheet may have."""
    try:
        return zlib.decompressobj().decompress(base64.b64decode(field, validate=True), LARGEST + 1)
    except (binascii.Error, zlib.error):
        return b""
