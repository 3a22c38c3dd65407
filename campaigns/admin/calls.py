"""The call list: phones that a person is to call, why and since when, with what they wrote last as it was read.

A number stands in no list: the page of the phone shows it once, for a reason that is noted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import sorting
from campaigns.admin import paging, readings
from campaigns.admin.grid import SILENCES
from campaigns.admin.messages import MOST, homes, of_programme, words_of
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _
from campaigns.clubs import silence
from campaigns.clubs.silence import SilentClub
from campaigns.models import Silence
from messaging import calls as desk
from messaging import staff
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.models import Call, Inbound, Phone, Programme, Role

calls = Blueprint("calls", __name__, url_prefix="/admin/<programme>/calls", template_folder="templates")
REASONS = {
    "errors": N_("trois SMS pas compris en une heure"),
    "unknown_number": N_("compte rendu d'un numéro inconnu, gardé 7 jours"),
    "loop": N_("trop de réponses automatiques en une heure"),
    "case": N_("dossier : la personne n'est pas satisfaite"),
    "no_report": N_("pas de compte rendu du club"),
}
ASKED = {why.value: SILENCES[why] for why in silence.ASKED}  # why an episode was not aired is known from its host
NO_SILENCE = (
    "Choisissez la raison du silence, puis notez l'appel. / Choose why the club was silent, then note the call."
)
DONE_BEFORE = "Cet appel était déjà fait. / This call was made before."


@dataclass(frozen=True)
class Row:
    """One call: the phone, and the last SMS of it as the officer may see it."""

    call: Call
    last_two: str | None
    inbound: Inbound | None
    said: str | None
    reading: str
    silent: Sequence[SilentClub] = ()  # that this phone leads


@calls.get("")
@needs(Role.OFFICER)
def index() -> str:
    """The open calls, the oldest first; or those that were made."""
    return _page()


@calls.post("/<int:ident>")
@needs(Role.OFFICER)
def done(ident: int) -> Response | tuple[str, int]:
    """Somebody called; of a silent club with the reason of its silence."""
    try:
        with writing() as session:
            call = session.scalar(
                sa.select(Call).where(Call.id == ident, mine(g.programme), silence.may_ask(session, utc_now()))
            )
            if call is None:
                abort(404)
            if not _called(session, call):
                raise RefusedError(DONE_BEFORE)
    except RefusedError as refusal:
        return _page(str(refusal)), 400
    flash(_("L'appel est noté."), "good")
    return redirect(url_for("calls.index"), 303)


def _called(session: Session, call: Call) -> bool:
    """Note a call; False when it was made before, or a report came meanwhile."""
    if call.reason != silence.WHY:
        return desk.done(session, call.id, me().id, utc_now())
    if call.done_at is not None:
        return False
    why = request.form.get("silence", "")
    if why not in ASKED:
        raise RefusedError(NO_SILENCE)
    return silence.note(session, call, Silence(why), me().id, utc_now())


def mine(programme: Programme) -> sa.ColumnElement[bool]:
    """The condition for calls of the programme and of own places; those to strangers for who works everywhere."""
    ours = sa.or_(Call.programme_id == programme.id, Call.programme_id.is_(None))
    if me().villages is None:
        return sa.and_(ours, of_programme(programme.id, phone=Call.phone_id))
    return sa.and_(ours, of_programme(programme.id, me().within, Call.phone_id))


def counted(session: Session, programme: Programme) -> int:
    """How many calls are open for this account, at most `MOST`."""
    may_ask = silence.may_ask(session, utc_now())
    query = sa.select(Call.id).where(Call.done_at.is_(None), mine(programme), may_ask).limit(MOST)
    return session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0


def _page(refusal: str = "") -> str:
    is_done, after = request.args.get("view") == "done", paging.after(request.args.get("after"))
    query = sa.select(Call, Phone.last_two).join(Phone, Phone.id == Call.phone_id).where(mine(g.programme))
    if is_done:
        query = query.where(Call.done_at.is_not(None)).order_by(Call.id.desc())
        query = query if after is None else query.where(Call.id < after)
    else:
        query = query.where(Call.done_at.is_(None)).order_by(Call.id)
        query = query if after is None else query.where(Call.id > after)
    with installation().db.read() as session:
        found = paging.page(session, query.where(silence.may_ask(session, utc_now())))
        return render_template(
            "calls.html", rows=_rows(session, found.rows), last=found.last, is_done=is_done, refusal=refusal,
            REASONS=REASONS, ASKED=ASKED, homes=homes(session, {row.Call.phone_id for row in found.rows}),
            by=staff.names(session, {row.Call.done_by for row in found.rows}), chosen=_chosen(),
        )  # fmt: skip


def _chosen() -> tuple[int | None, str]:
    """The call of a form that comes back, and the reason chosen in it."""
    return (request.view_args or {}).get("ident"), request.form.get("silence", "")


def _rows(session: Session, found: Sequence[Any]) -> list[Row]:
    """Calls with the SMS that came last; of what nobody has screened, and of what is sensitive, nothing."""
    query = sa.select(Inbound).where(
        Inbound.id.in_({row.Call.inbound_id for row in found} - {None}), sorting.boxed(*sorting.ORDINARY)
    )
    known = {row.id: row for row in session.scalars(query)}
    asked = {row.Call.phone_id for row in found if row.Call.reason == silence.WHY and row.Call.done_at is None}
    silent = silence.open_of(session, asked, g.programme.id, utc_now()) if asked else {}
    return [
        _row(row.Call, row.last_two, known.get(row.Call.inbound_id), silent.get(row.Call.phone_id, ())) for row in found
    ]


def _row(call: Call, last_two: str | None, inbound: Inbound | None, silent: Sequence[SilentClub]) -> Row:
    if call.reason == silence.WHY:
        return Row(call, last_two, None, None, "", silent)
    if inbound is None:
        return Row(call, last_two, None, None, "")
    return Row(call, last_two, inbound, words_of(inbound), readings.in_words(inbound.readings))
