"""The translators' round trip of a campaign: the sheet out, back in after a dry run, and the printed review sheet."""

from __future__ import annotations

import base64
import binascii
from collections import Counter

from flask import Blueprint, Response, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from campaigns.admin.campaigns import find, tongues, written
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.when import spell
from campaigns.admin.words import N_, _, _n
from campaigns.loading import steps_of
from campaigns.models import Campaign
from campaigns.translation import Taken, entries, take, write
from messaging.clock import local, utc_now
from messaging.errors import DataError
from messaging.models import Language, Role, Staff

translation = Blueprint(
    "translation", __name__, url_prefix="/admin/<programme>/translation/<campaign>", template_folder="templates"
)
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LARGEST = 300_000  # bytes of a sheet: between the check and the taking it travels in the form of the page
PARTS = {
    "sms": N_("SMS"),
    "club": N_("Pour la famille, par le club"),
    "right": N_("Réponse juste"),
    "wrong": N_("Réponse fausse"),
    "read_aloud": N_("À lire à haute voix"),
}


@translation.get("")
def page(campaign: str) -> str:
    """Download the sheet, bring it back, print a review sheet."""
    return _page(campaign)


@translation.get("/sheet")
def sheet(campaign: str) -> Response:
    """The sheet of a campaign, in all languages or in one."""
    code = request.args.get("lang")
    with installation().db.read() as session:
        row = find(session, campaign)
        if code is not None and code not in {language.code for language in _languages(session, row)}:
            abort(404)
        data = write("xlsx", entries(session, [row], None if code is None else [code]))
    name = "-".join(part for part in (campaign, code) if part)
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"', "Cache-Control": "private, no-store"}
    return Response(data, mimetype=WORKBOOK, headers=headers)


@translation.post("")
@needs(Role.EDITOR, Role.TRANSLATOR)
def back(campaign: str) -> Answer | tuple[str, int] | str:
    """Check the sheet; take it once it was checked and is sent on."""
    try:
        data = _sent()
    except DataError as error:
        flash(str(error), "bad")
        return _page(campaign), 400
    overwrite = "overwrite" in request.form
    if "take" not in request.form:
        with installation().db.read() as session:
            found = take(
                session, data, session.get_one(Staff, me().id), utc_now(),
                programme=g.programme, overwrite=overwrite, dry_run=True,
            )  # fmt: skip
        return _page(campaign, found, data, overwrite)
    with writing() as session:
        person = session.get_one(Staff, me().id)
        taken = take(session, data, person, utc_now(), programme=g.programme, overwrite=overwrite)
    if not taken.stored:  # somebody else was quicker than the second press
        return _page(campaign, taken, data, overwrite), 409
    flash(_n("%(num)s ligne enregistrée.", "%(num)s lignes enregistrées.", len(taken.changes)), "good")
    return redirect(url_for("campaigns.one", campaign=campaign), 303)


@translation.get("/review/<language>")
def review(campaign: str, language: str) -> str:
    """The sheet that a reviewer reads on paper, with the mark of each text."""
    with installation().db.read() as session:
        row = find(session, campaign)
        tongue = next((one for one in _languages(session, row) if one.code == language), None) or abort(404)
        found = list(entries(session, [row], [language]))
        return render_template(
            "review_sheet.html", campaign=row, language=tongue, parts=PARTS, spell=spell,
            entries=[(number, one) for number, one in enumerate(found, 1) if one.text],
            missing=[one.step.code for one in found if not one.text],
            today=local(utc_now(), g.programme.zone).date(),
        )  # fmt: skip


def _page(campaign: str, found: Taken | None = None, data: bytes = b"", overwrite: bool = False) -> str:
    """The page, with what a check found and the checked sheet, ready to be taken."""
    with installation().db.read() as session:
        row = find(session, campaign)
        languages = _languages(session, row)
        return render_template(
            "translation.html", campaign=row, languages=languages, texts=_texts(session, row),
            found=found, overwrite=overwrite, data=base64.b64encode(data).decode("ascii"),
            may_write=any(me().may_write(language.code) for language in languages),
        )  # fmt: skip


def _languages(session: Session, row: Campaign) -> list[Language]:
    """The languages of the programme, and those in which a text of the campaign is written all the same."""
    return tongues(session, g.programme, _texts(session, row))


def _texts(session: Session, row: Campaign) -> Counter[str]:
    """How many texts of the campaign are written, by language."""
    return Counter(language for _step, language in written(session, [step.id for step in steps_of(session, row.id)]))


def _sent() -> bytes:
    """The sheet of the form: as a file, or as the page has kept it since the check.

    Raises:
        DataError: there is none, or it is too large.
    """
    file = request.files.get("sheet")
    try:
        data = file.read(LARGEST + 1) if file else base64.b64decode(request.form.get("data", ""), validate=True)
    except binascii.Error:
        data = b""
    if not data:
        raise DataError(_("Choisissez d'abord un fichier .xlsx ou .csv."))
    if len(data) > LARGEST:
        raise DataError(_("Ce fichier est trop grand. Prenez une campagne et une langue à la fois."))
    return data
