"""Sorting SMS: one or several at once, back again; and the sensitive ones, for the focal points of their category."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import caseload, cases
from campaigns import sorting as desk
from campaigns.admin import docket, paging, words
from campaigns.admin.messages import KINDS, SENSITIVE, asked, ours, show
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _, _n
from campaigns.models import Feedback
from messaging import audit, staff
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.models import Inbound, Phone, Role, Staff, StaffRole
from messaging.phones import redact

sorting = Blueprint("sorting", __name__, url_prefix="/admin/<programme>/messages", template_folder="templates")
TICK = "Cochez au moins un SMS. / Tick at least one SMS."
REASON = "Choisissez pourquoi vous l'ouvrez. / Choose why you open it."
REASONS = {  # why a focal point opens a sensitive SMS; it goes into the log
    "first": N_("premier regard"),
    "follow_up": N_("suite du dossier"),
    "refer": N_("orientation vers un service"),
    "check": N_("vérifier le tri"),
}


@sorting.post("/sort")
@needs(Role.OFFICER)
def sort() -> Response | tuple[str, int]:
    """Sort the SMS whose own button was pressed, or those that are ticked."""
    one = paging.after(request.form.get("take") or request.form.get("one"))
    ids = [one] if one is not None else numbers(request.form.getlist("sms"))
    field = "as" if one is None else f"as-{one}"
    try:
        with writing() as session:
            found = sortable(session, ids)
            if not ids:
                raise RefusedError(TICK)
            kind = request.form.get(field, "")
            seen = {ident: request.form.get(f"was-{ident}", "") for ident in found}
            rows = desk.sort(session, dict.fromkeys(found, kind), seen, me().id, g.programme.id, utc_now())
            lonely = kind in SENSITIVE and not focal_points(session, kind)
            taken = _taken(session, rows, kind) if "take" in request.form else None
    except RefusedError as refusal:
        return shown_again(words.sentence(str(refusal)), one), 400
    _tell(kind, len(rows), len(ids) - len(rows), lonely=lonely)
    if taken is not None:
        return redirect(url_for("case.one", ident=taken), 303)
    just = "" if kind in SENSITIVE else ".".join(str(row.id) for row in rows)
    return _back(just or None)


@sorting.post("/unsort")
@needs(Role.OFFICER)
def unsort() -> Response | tuple[str, int]:
    """Put SMS back among those to sort: the one whose button was pressed, or those just sorted."""
    try:
        with writing() as session:
            ids = sortable(session, numbers(request.form.getlist("back")))
            rows = desk.unsort(session, ids, me().id, g.programme.id, utc_now())
    except RefusedError as refusal:
        return shown_again(words.sentence(str(refusal))), 400
    flash(_n("%(num)s SMS est de nouveau à trier.", "%(num)s SMS sont de nouveau à trier.", len(rows)), "good")
    return _back()


@sorting.get("/sensitive")
@needs(Role.FOCAL_POINT)
def sensitive() -> str:
    """The sensitive SMS of the account's own categories, without their words."""
    with installation().db.read() as session:
        return sensitive_page(session)


@sorting.post("/sensitive/<ident>")
@needs(Role.FOCAL_POINT)
def open_one(ident: str) -> str | tuple[str, int]:
    """Read one, for a reason that goes into the log."""
    reason = request.form.get("reason", "")
    try:
        with writing() as session:
            row = of_mine(session, ident)
            if reason not in REASONS:
                raise RefusedError(REASON)
            note = {"reason": reason, "category": category_of(row)}
            audit.note(session, audit.actor(me().id), "read", "inbound", row.id, utc_now(), after=note)
            return sensitive_page(session, row)
    except RefusedError as refusal:
        with installation().db.read() as session:
            return sensitive_page(session, refusal=words.sentence(str(refusal)), reason=reason), 400


@sorting.post("/sensitive/<ident>/settle")
@needs(Role.FOCAL_POINT)
def settle(ident: str) -> Response | tuple[str, int]:
    """It is dealt with."""
    return _seen_to(ident, None)


@sorting.post("/sensitive/<ident>/sort")
@needs(Role.FOCAL_POINT)
def sort_again(ident: str) -> Response | tuple[str, int]:
    """It is something else: another category's, or an ordinary SMS."""
    return _seen_to(ident, request.form.get("as", ""))


def shown_again(refusal: str, one: int | None = None) -> str:
    """The inbox with everything that was ticked and chosen; the row whose button was pressed stands open."""
    ticked = [*request.form.getlist("sms"), *([str(one)] if one else [])]
    with installation().db.read() as session:
        return show(session, asked(session, typed=request.form, ticked=ticked, refusal=refusal))


def sensitive_page(session: Session, opened: Inbound | None = None, refusal: str = "", reason: str = "") -> str:
    """The list, and above it the one that is open."""
    is_settled = request.args.get("view") == "settled"
    found = paging.page(session, listed(is_settled, paging.after(request.args.get("before"))))
    inbounds = [row.Inbound for row in found.rows]
    return render_template(
        "sensitive.html", page=found, opened=opened, said=redact(opened.text) if opened else "", refusal=refusal,
        reason=reason, is_settled=is_settled, category_of=category_of, cases=rows_of(session, inbounds),
        number=docket.number, KINDS=KINDS, SENSITIVE=SENSITIVE, REASONS=REASONS,
    )  # fmt: skip


def rows_of(session: Session, inbounds: Collection[Inbound]) -> dict[int, docket.Row]:
    """The cases of some SMS with their clocks, by SMS."""
    known = caseload.of_inbound(session, [row.id for row in inbounds])
    found = [(known[row.id], row) for row in inbounds if row.id in known]
    return {one.case.inbound_id: one for one in docket.rows(session, found, utc_now())}


def listed(is_settled: bool, before: int | None) -> sa.Select[Inbound, str | None]:
    """Sensitive SMS of the account's categories with the last digits of their phone, the latest first."""
    done = sa.exists().where(Feedback.inbound_id == Inbound.id, Feedback.closed_at.is_not(None))
    query = (
        sa.select(Inbound, Phone.last_two)
        .outerjoin(Phone, Phone.id == Inbound.phone_id)
        .where(mine(g.programme.id), done if is_settled else ~done)
        .order_by(Inbound.id.desc())
    )
    return query if before is None else query.where(Inbound.id < before)


def mine(programme_id: int) -> sa.ColumnElement[bool]:
    """The condition for sensitive SMS of the programme, own places and own categories."""
    own = me().roles.get(Role.FOCAL_POINT, set())
    return sa.and_(ours(programme_id), desk.boxed("sensitive"), desk.CATEGORY.in_(own))


def of_mine(session: Session, ident: str) -> Inbound:
    """A sensitive SMS that this account may read; anything else is not there (404)."""
    query = sa.select(Inbound).where(Inbound.id == paging.after(ident), mine(g.programme.id))
    return session.scalar(query) or abort(404)


def category_of(inbound: Inbound) -> str:
    """The sensitive category of an SMS: what staff say, else what the reader said."""
    return inbound.sorted_as or inbound.category or ""


def sortable(session: Session, ids: Collection[int]) -> list[int]:
    """Those of some SMS that the officer may sort; when none of them is hers, it is not there (404)."""
    boxes = (*desk.ORDINARY, "doubtful")
    query = sa.select(Inbound.id).where(Inbound.id.in_(ids), ours(g.programme.id), desk.boxed(*boxes))
    found = list(session.scalars(query))
    return found if found or not ids else abort(404)


def focal_points(session: Session, category: str) -> list[int]:
    """The accounts that may open this category in the programme of the address."""
    query = sa.select(StaffRole.staff_id).join(Staff, Staff.id == StaffRole.staff_id).where(
        StaffRole.role == Role.FOCAL_POINT, StaffRole.scope == category, Staff.active
    )  # fmt: skip
    return [one for one in session.scalars(query) if g.programme.id in staff.programme_ids(session, one)]


def numbers(given: Iterable[str]) -> list[int]:
    """The ids in some fields, at most a page of them."""
    found = [ident for part in given for one in part.split(".") if (ident := paging.after(one)) is not None]
    return list(dict.fromkeys(found))[: paging.SIZE]


def _taken(session: Session, rows: Collection[Inbound], kind: str) -> int | None:
    """Take the case of the one SMS that was just sorted; None when it is none that somebody works on."""
    found = caseload.of_inbound(session, [row.id for row in rows]) if kind in caseload.WORKED else {}
    for case in found.values():
        cases.take(session, cases.locked(session, case.id), me().id, utc_now())
    return next((case.id for case in found.values()), None)


def _seen_to(ident: str, kind: str | None) -> Response | tuple[str, int]:
    """Settle a sensitive SMS, or with a kind sort it as that."""
    try:
        with writing() as session:
            row = of_mine(session, ident)
            if kind is None:
                cases.settle(session, row, me().id, g.programme.id, utc_now())
            else:
                seen = {row.id: row.sorted_as or ""}
                desk.sort(session, {row.id: kind}, seen, me().id, g.programme.id, utc_now())
    except RefusedError as refusal:
        with installation().db.read() as session:
            return sensitive_page(session, refusal=words.sentence(str(refusal))), 400
    flash(_("C'est noté."), "good")
    return redirect(url_for("sorting.sensitive"), 303)


def _tell(kind: str, done: int, left: int, *, lonely: bool) -> None:
    """Say what was sorted as what, what somebody else did first, and when nobody is there for it."""
    name = _(KINDS[kind]) if kind in KINDS else _(SENSITIVE[kind])
    if done:
        flash(_n("%(num)s SMS rangé : %(kind)s.", "%(num)s SMS rangés : %(kind)s.", done, kind=name), "good")
    if done and kind in SENSITIVE:
        flash(_("Seuls les points focaux peuvent maintenant le lire."), "good")
    if lonely:
        flash(_("Aucun compte n'est point focal pour cela : prévenez l'administrateur."), "bad")
    if left:
        other = _n(
            "%(num)s SMS était déjà rangé par quelqu'un d'autre : il est resté tel quel.",
            "%(num)s SMS étaient déjà rangés par quelqu'un d'autre : ils sont restés tels quels.", left,
        )  # fmt: skip
        flash(other, "bad")


def _back(just: str | None = None) -> Response:
    kept: dict[str, Any] = {name: request.args.get(name) for name in ("view", "kind", "place", "before")}
    return redirect(url_for("messages.inbox", just=just, **kept), 303)
