"""The practice phone beside the editor, for training: a text goes to it as it stands now, and it answers.

It is there while every loaded programme is a demonstration. The keys of the phone may belong to the form of the text
(`form=`), so that without a script, too, nothing is lost of what stands typed there.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session, object_session
from werkzeug.wrappers import Response

from campaigns import loading
from campaigns.admin import words
from campaigns.admin.campaigns import find
from campaigns.admin.phones import Handset, Thread, handset, held, only_demonstrations, say, thread, wake
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.sides import may_try
from campaigns.admin.texts import save
from campaigns.admin.trial import EXAMPLES
from campaigns.admin.words import is_htmx, tongue
from campaigns.models import Step
from messaging import rehearsal as rehearsals
from messaging import trial
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.models import Facilitator, Language, Text
from messaging.texts import SOURCE

rehearsal = Blueprint("rehearsal", __name__, url_prefix="/simulator", template_folder="templates")
rehearsal.before_request(only_demonstrations)


@dataclass(frozen=True)
class Beside:
    """The phone beside a text: whose, her language in words, its SMS, and the languages whose text may go to it."""

    phone: Handset
    speaks: str
    thread: Thread
    languages: list[Language]


def beside(step: Step, language: str | None = None) -> Beside | None:
    """The phone for a page about a step, or about one language of it; None where there is no practice."""
    reading = object_session(step)
    assert reading is not None
    is_offered = any(map(me().has, trial.ROLES)) and rehearsals.is_allowed(reading)
    phone = _chosen(reading) if is_offered else None
    if phone is None:
        return None
    query = sa.select(Language).join(Text, Text.language == Language.code).where(Text.step_id == step.id)
    if language:
        query = query.where(Text.language == language)
    may = [row for row in reading.scalars(query) if may_try(row.code)]
    may.sort(key=lambda row: (row.code != phone.language, row.code != SOURCE, row.code))
    return Beside(phone, tongue(reading.get_one(Language, phone.language)), thread(reading, phone.id), may)


rehearsal.add_app_template_global(beside, "beside")


@rehearsal.post("/<programme>/<campaign>/<step>/<int:ident>")
@needs(*trial.ROLES)
def act(campaign: str, step: str, ident: int) -> Response | str | tuple[str, int]:
    """Send the text to the phone, or write with the phone; then the same page again, with everything typed in it."""
    with installation().db.read() as reading:
        phone = handset(reading, ident, [g.programme.id])
    session["phone"] = ident
    key = request.form.get("show")
    refusal = _send(campaign, step, ident) if key == "send" else None
    if key == "write":
        try:
            say(ident, request.form.get("text", ""))
        except RefusedError as refused:
            refusal = words.sentence(str(refused))
    if is_htmx():
        with installation().db.read() as reading:
            said = thread(reading, ident)
        return render_template("screen.html", phone=phone, thread=said, refusal=refusal)
    if refusal:
        flash(refusal, "bad")
    if "seen" in request.form:  # pressed within the form of the text, which is only shown again
        return save(campaign, step, request.form.get("language", ""))
    return redirect(url_for("campaigns.step", campaign=campaign, step=step, _anchor="practice"), 303)


def _send(campaign: str, step: str, ident: int) -> str | None:
    """Put the text into the outbox; the sentence that says why not."""
    language = request.form.get("language", "")
    try:
        with writing() as putting:
            row = find(putting, campaign)
            one = next((one for one in loading.steps_of(putting, row.id) if one.code == step), None) or abort(404)
            which = sa.select(Text.id).where(Text.step_id == one.id, Text.language == language)
            text_id = putting.scalar(which) or abort(404)
            if not may_try(language):
                abort(403)
            now, programme = utc_now(), g.programme
            rehearsals.send(putting, me().id, text_id, ident, now, programme=programme, slots=EXAMPLES)
    except RefusedError as refused:
        return words.sentence(str(refused))
    wake("send")
    return None


def _chosen(reading: Session) -> Handset | None:
    """The phone of the programme that this account used last, else a facilitator's."""
    own = [g.programme.id]
    last = held(reading, session.get("phone", 0), own)
    if last:
        return last
    first = sa.select(Facilitator.phone_id).where(Facilitator.programme_id == g.programme.id, Facilitator.active)
    return held(reading, reading.scalar(first.order_by(Facilitator.id).limit(1)) or 0, own)
