"""The gateways: how each does, why one rests, what waits and why; a pause and its end hold for all programmes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask import g as frame
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import masks, words
from campaigns.admin.outbox import SPAN
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.telephones import Heard, heard, span
from campaigns.admin.words import N_, _
from messaging import alarms, routing, watch
from messaging.alarms import Kind
from messaging.clock import utc_now
from messaging.errors import DataError, RefusedError
from messaging.gateways import exchanges, pausing, signs, tariffs
from messaging.gateways.exchanges import Exchange
from messaging.models import Alarm, Gateway, Inbound, Message, Programme, Role
from messaging.models.post import State

gateways = Blueprint("gateways", __name__, url_prefix="/admin/<programme>/gateways", template_folder="templates")
SHOWN = 12  # exchanges of one gateway
WHATS = {
    "send": N_("envoi"),
    "look": N_("recherche d'un envoi"),
    "list": N_("liste des SMS reçus"),
    "track": N_("demande d'accusé"),
    "health": N_("état"),
    "register": N_("adresses"),
    "in": N_("SMS reçu"),
    "receipt": N_("accusé de réception"),
    "events": N_("appel du téléphone"),
}
HIS_TURN = N_("Attend son tour au débit de la passerelle.")
AGAIN = N_("L'envoi a échoué pour un moment ; un autre essai suit.")


@dataclass(frozen=True)
class Health:
    """One gateway as staff see it."""

    row: Gateway
    heard: Heard | None  # of a telephone
    receives: bool
    share: int  # percent of its rate that is used: less after it said "too many"
    sent: str  # how long ago it took an SMS; empty: never
    checked: str  # how long ago it was asked how it is; empty: never
    unknown: int  # attempts of which nobody knows the outcome
    exchanges: Sequence[Exchange]  # the newest, for who looks after gateways


@dataclass(frozen=True)
class Waiting:
    """How many messages wait or are held for one reason."""

    state: State
    reason: str
    words: str
    messages: int


@gateways.get("")
def page() -> str:
    """All gateways, and what waits for them."""
    return _show()


@gateways.post("")
@needs(Role.ADMINISTRATOR)
def pause() -> Response | tuple[str, int]:
    """Let a gateway rest, with the reason, or go on."""
    name, reason = request.form.get("gateway", ""), request.form.get("reason", "")
    try:
        with writing() as session:
            row, now = tariffs.named(session, name), utc_now()
            if request.form.get("do") == "resume":
                pausing.resume(session, row, now, me().id)
            else:
                pausing.pause(session, row, reason, now, me().id)
    except (DataError, RefusedError) as refusal:
        return _show(words.sentence(str(refusal))), 400
    current_app.extensions.get("jekulu.wake", lambda *_: None)("send")
    flash(_("C'est noté."), "good")
    return redirect(url_for("gateways.page"), 303)


def _show(trouble: str = "") -> str:
    now = utc_now()
    with installation().db.read() as session:
        return render_template(
            "gateways.html", rows=health(session, now), waiting=waiting(session, frame.programme, now),
            alarms=[_said(row) for row in alarms.open_alarms(session) if _is_ours(row)], trouble=trouble, WHATS=WHATS,
            typed=request.form if trouble else {}, may_pause=me().has(Role.ADMINISTRATOR), days=SPAN.days,
        )  # fmt: skip


def health(session: Session, now: datetime) -> list[Health]:
    """Every gateway in the order in which they are asked; the simulator last, as long as there are others."""
    unknown = watch.unknown_now(session)
    told = exchanges.tails(installation().settings.data, SHOWN) if me().has(Role.ADMINISTRATOR) else {}
    return [
        Health(
            row=row,
            heard=heard(row, now) if signs.is_telephone(row) else None,
            receives=routing.receives(row),
            share=round(100 * routing.share(row, now)),
            sent=_ago(row.sent_at, now),
            checked=_ago(row.checked_at, now),
            unknown=unknown.get(row.name, 0),
            exchanges=told.get(row.name, ()),
        )
        for row in session.scalars(sa.select(Gateway).order_by(Gateway.position, Gateway.id))
    ]


def waiting(session: Session, programme: Programme, now: datetime) -> list[Waiting]:
    """Why messages of the programme, and of own places, that are due have not left, the most first."""
    known = sa.exists().where(Inbound.id == Message.inbound_id, masks.may_know())
    is_again = sa.and_(Message.reason.is_(None), Message.tries > 0)
    query = (
        sa.select(Message.state, Message.reason, is_again, sa.func.count().label("messages"))
        .where(Message.programme_id == programme.id, Message.state.in_((State.WAITING, State.HELD)))
        .where(Message.due_at > now - SPAN, Message.due_at <= now, me().within(Message.village_id))
        .where(sa.or_(Message.inbound_id.is_(None), known))
        .group_by(Message.state, Message.reason, is_again)
        .order_by(sa.func.count().desc())
    )
    return [
        Waiting(state, reason or "", words.why(reason) if reason else _(AGAIN if tried else HIS_TURN), messages)
        for state, reason, tried, messages in session.execute(query)
    ]


def _is_ours(alarm: Alarm) -> bool:
    """Gateways and engine concern everybody, a budget those of its programme."""
    return alarm.kind != Kind.BUDGET or alarm.about in {row.code for row in me().programmes}


def _said(alarm: Alarm) -> str:
    return alarms.said(alarm, alarms.SENTENCES, words.code())


def _ago(moment: datetime | None, now: datetime) -> str:
    return span(max(int((now - moment).total_seconds()), 0)) if moment is not None else ""
