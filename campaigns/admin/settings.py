"""Settings of the account: the language of the pages, who one is, and the way out."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.admin import words
from campaigns.admin.security import me, writing
from campaigns.admin.words import _
from messaging.models import Staff

settings = Blueprint("settings", __name__, template_folder="templates")


@settings.get("/admin/settings")
def page() -> str:
    """Who am I, and in which language."""
    return render_template("settings.html", me=me())


@settings.post("/admin/settings")
def change() -> Response:
    """Keep the language, for this browser and for the account."""
    wanted = request.form.get("language", "")
    if not words.choose(wanted):
        abort(400)
    with writing() as session:
        session.execute(sa.update(Staff).where(Staff.id == me().id).values(language=wanted))
    flash(_("C'est noté."), "good")
    return redirect(url_for("settings.page"), 303)
