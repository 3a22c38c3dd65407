"""Messages of which nobody knows whether they left: a person orders to send one again, or to close it.

A second copy is a person's decision, never the product's: this page says what it may cost.
"""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import masks, outbox, paging, words
from campaigns.admin.outbox import SETTLERS
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import _n
from campaigns.models import Campaign, Step
from messaging import settling
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.models import Inbound, Message

unclear = Blueprint("unclear", __name__, url_prefix="/admin/<programme>/unclear", template_folder="templates")
MOST = 50  # on one page
ORDERS = {"send": settling.send_again, "close": settling.give_up}


@unclear.get("")
def page() -> str:
    """What waits for an order, the oldest first."""
    return _show()


@unclear.post("")
@needs(*SETTLERS)
def settle() -> Response | tuple[str, int]:
    """Send the ticked ones again, or close them: all or none."""
    idents = {int(ident) for ident in request.form.getlist("message") if ident.isdecimal() and len(ident) < 19}
    act = ORDERS.get(request.form.get("do", ""))
    try:
        with writing() as session:
            rows = session.scalars(sa.select(Message).where(Message.id.in_(idents), *_mine()).order_by(Message.id))
            found = rows.all()
            if len(found) < len(idents):
                abort(404)
            if not found:
                raise RefusedError("Cochez un message au moins. / Tick one message at least.")
            if act is None:
                raise RefusedError("Choisissez : fermer, ou envoyer encore. / Choose: close, or send again.")
            for message in found:
                act(session, message, utc_now(), me().id)
    except RefusedError as refusal:
        return _show(words.sentence(str(refusal)), idents), 400
    current_app.extensions.get("jekulu.wake", lambda *_: None)("send")
    flash(_n("C'est noté pour %(num)s message.", "C'est noté pour %(num)s messages.", len(found)), "good")
    return redirect(url_for("unclear.page"), 303)


def _mine() -> tuple[sa.ColumnElement[bool], ...]:
    """Those of the programme and of own places; a reply tells that an SMS came, so it stands for who may know that."""
    known = sa.exists().where(Inbound.id == Message.inbound_id, masks.may_know())
    return (
        Message.programme_id == g.programme.id,
        me().within(Message.village_id),
        sa.or_(Message.inbound_id.is_(None), known),
    )


def _show(trouble: str = "", ticked: set[int] | None = None) -> str:
    after = paging.after(request.args.get("after")) or 0  # of a refused form too: its ticks stand on that page
    with installation().db.read() as session:
        found = settling.parked(session, *_mine(), after=after, most=MOST + 1)
        rows = found[:MOST]
        return render_template(
            "unclear.html", rows=rows, steps=_steps(session, {one.message.step_id for one in rows}), trouble=trouble,
            ticked=ticked or set(), last=rows[-1].message.id if len(found) > MOST else None, now=utc_now(),
            is_masked=outbox.is_masked, after=after or None, may_settle=any(me().has(role) for role in SETTLERS),
        )  # fmt: skip


def _steps(session: Session, idents: set[int]) -> dict[int, tuple[Step, Campaign]]:
    query = sa.select(Step, Campaign).join(Campaign, Campaign.id == Step.campaign_id).where(Step.id.in_(idents))
    return {step.id: (step, campaign) for step, campaign in session.execute(query)}
