"""The money sheet: by month and gateway what we reckoned, what the provider told, and the invoice that was typed in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.admin import span
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.typed import TO_MEND, Typed
from campaigns.admin.words import _, sentence
from campaigns.evaluation import money as sheet
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.models import Role

money = Blueprint("money", __name__, url_prefix="/admin/<programme>/results/money", template_folder="templates")
TYPES = (Role.ADMINISTRATOR, Role.EVALUATION)
View = str | tuple[str, int] | Response


@money.get("")
@needs(*TYPES, Role.AUDITOR)
def page() -> str:
    """The months that the chosen days touch, the latest first."""
    _everywhere()
    return _show(Typed(request.form))


@money.post("")
@needs(*TYPES)
def enter() -> View:
    """Type the invoice of a month and gateway, or mend it."""
    _everywhere()
    now = utc_now()
    typed = Typed(request.form)
    with installation().db.read() as session:
        months = sheet.whole_months(span.here(session, now).period)
        gateways = sheet.used_by(session, g.programme, months)
    gateway = typed.choice("gateway", [str(ident) for ident in gateways], is_needed=True)
    month = typed.choice("month", [f"{one.since:%Y-%m}" for one in months.months()], is_needed=True)
    amount = typed.number("amount", 0, sheet.MOST, is_needed=True)
    segments = typed.number("segments", 0, sheet.MOST)
    note = typed.text("note", sheet.LONGEST_NOTE)
    if typed.faults or amount is None:
        return _show(typed, _(TO_MEND)), 400
    try:
        with writing() as session:
            sheet.enter(session, int(gateway), month, amount, segments, note, me().id, now)
    except RefusedError as refusal:
        return _show(typed, sentence(str(refusal))), 400
    flash(_("Facture notée."), "good")
    days: dict[str, Any] = _days(request.args)
    return redirect(url_for("money.page", **days), 303)


def _everywhere() -> None:
    """A gateway is told as a whole, over all programmes: it is not for accounts of some places."""
    if me().villages is not None:
        abort(404)


def _show(typed: Typed, refusal: str = "") -> str:
    now = utc_now()
    with installation().db.read() as session:
        chosen = span.here(session, now)
        months = sheet.whole_months(chosen.period)
        rows = sheet.sheet(session, g.programme, chosen.period)
        gateways = sheet.used_by(session, g.programme, months)
    return render_template(
        "money.html", span=chosen, rows=rows, typed=typed.form, faults=typed.faults, refusal=refusal,
        gateways={ident: row.name for ident, row in gateways.items()}, may_type=any(me().has(role) for role in TYPES),
        months=[month.since for month in months.months()][::-1], first_of=first_of, days=_days(request.args),
    )  # fmt: skip


def _days(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given[name] for name in ("from", "to") if given.get(name)}


def first_of(month: str) -> date:
    """The first day of a month such as `2026-03`."""
    return date.fromisoformat(f"{month}-01")
