"""Cases: those of the account, by how their clocks stand; of all other sensitive ones only how many there are."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request

from campaigns.admin import docket, paging
from campaigns.admin.security import installation, me, needs
from campaigns.models import Feedback
from messaging import staff
from messaging.clock import utc_now

cases = Blueprint("cases", __name__, url_prefix="/admin/<programme>/cases", template_folder="templates")


@cases.get("")
@needs(*docket.WHO)
def index() -> str:
    """The cases of one view, the oldest first."""
    now = utc_now()
    category, own = request.args.get("category", ""), bool(request.args.get("mine"))
    category = category if category in docket.offered() else ""
    with installation().db.read() as session:
        views = docket.counts(session, now)
        view = request.args.get("view", "")
        view = view if view in docket.VIEWS else next((name for name in docket.COUNTED if views[name]), "calm")
        query = docket.of_view(session, view, now)
        if category:
            query = query.where(Feedback.category == category)
        if own:
            query = query.where(Feedback.taken_by == me().id)
        if (after := paging.after(request.args.get("after"))) is not None:
            query = query.where(Feedback.id < after if view == "closed" else Feedback.id > after)
        found = paging.page(session, query)
        return render_template(
            "cases.html", rows=docket.rows(session, found.rows, now), last=found.last, view=view, views=views,
            VIEWS=docket.VIEWS, CATEGORIES=docket.CATEGORIES, offered=docket.offered(), category=category, own=own,
            hidden=docket.hidden(session), by=staff.names(session, {case.taken_by for case, _sms in found.rows}),
            programme=g.programme, number=docket.number, step=docket.step,
        )  # fmt: skip
