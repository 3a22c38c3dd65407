"""The host's page: the questions of one episode in large letters, without a number or a name; public, by its address.

Its address holds the key of `clubs.studio`: there is no account, no cookie and no token. A form of another site cannot
press a button here, for it would have to know the key; whoever knows it is let in as the host. The page asks for
itself anew every ten seconds by a header, until that is turned off, and weighs less than 4 KB.

Source: the page on the domain, 6.3; the safeguarding rules, 11.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa
from flask import Blueprint, abort, g, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin.air import title
from campaigns.admin.security import installation
from campaigns.clubs import questions
from campaigns.clubs import studio as addresses
from campaigns.models import AirQuestion, AirQuestionState, Episode, StudioPage
from messaging import audit
from messaging.clock import utc_now
from messaging.models import Audit, Programme, Station

studio = Blueprint("studio", __name__, url_prefix="/studio", template_folder="templates")
EVERY = 10  # seconds
READ = "read_on_air"  # in the log, where it is found again: that a question was read changes nothing else
MARKS = {
    "answered": AirQuestionState.ANSWERED,
    "skip": AirQuestionState.SKIPPED,
    "again": AirQuestionState.WAITING,
}
LATELY = timedelta(days=90)


@studio.get("/<key>")
def page(key: str) -> Response:
    """The questions, the most asked first."""
    with installation().db.read() as session:
        own = _own(session, key)
        programme = session.get_one(Programme, session.get_one(Station, own.station_id).programme_id)
        g.programme = programme
        asked = questions.for_host(session, own.episode_id, with_skipped=True)
        ids = {row.AirQuestion.id for row in asked}
        since = utc_now() - LATELY
        first = [row for row in questions.most_asked(session, programme.id, since) if row.AirQuestion.id not in ids]
        is_still = "still" in request.args
        shown = render_template(
            "studio.html", key=key, asked=asked, first=first, read=_read(session, ids), still=is_still,
            title=title(session.get_one(Episode, own.episode_id)), states=AirQuestionState,
            station=session.get_one(Station, own.station_id), demonstration=programme.demonstration,
        )  # fmt: skip
    answer = make_response(shown)
    answer.headers["Referrer-Policy"] = "no-referrer"
    if not is_still:
        answer.headers["Refresh"] = str(EVERY)
    return answer


@studio.post("/<key>/<int:ident>")
def mark(key: str, ident: int) -> Response:
    """Note that a question was read, answered or left aside on the air, or that this was a mistake."""
    do, now = request.form.get("do", ""), utc_now()
    if do not in (*MARKS, "read"):
        abort(400)
    with installation().db.write() as session:
        own = _own(session, key)
        query = sa.select(AirQuestion).where(AirQuestion.id == ident, AirQuestion.episode_id == own.episode_id)
        programme_id = session.get_one(Station, own.station_id).programme_id
        row = session.scalar(query) and questions.find(session, programme_id, ident, lock=True)
        if row is None:
            abort(404)
        who = f"host:{own.id}"
        if do != "read":
            questions.mark(session, row, MARKS[do], who, now)
            if do == "answered" and row.station_id is None and not row.expert:
                row.station_id = own.station_id  # it counts for the station that answered it
        elif ident not in _read(session, [ident]):
            audit.note(session, who, READ, questions.OBJECT, ident, now)
    still = 1 if "still" in request.args else None
    return redirect(url_for("studio.page", key=key, still=still, _anchor=f"q{ident}"), 303)


def _own(session: Session, key: str) -> StudioPage:
    """The page of a key; a key that is not good is not there (404)."""
    return addresses.find(session, key, utc_now()) or abort(404)


def _read(session: Session, ids: Iterable[int]) -> set[int]:
    """Which of these questions were read on the air."""
    own = sa.select(Audit.object_id).where(Audit.object == questions.OBJECT, Audit.object_id.in_(map(str, ids)))
    return {int(ident) for ident in session.scalars(own.where(Audit.action == READ))}
