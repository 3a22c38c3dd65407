"""Phones: one is found by its number or its last digits; its number and its SMS are shown once, for a noted reason.

A number stands in no address and no list. Quarantine and the new SIM: `messaging.quarantine`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import holders, masks, paging, talk, words
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.trial import FAULTS
from campaigns.admin.words import N_, _
from messaging import audit, inbox, people, quarantine, search
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.models import Audit, Inbound, Message, Pending, Phone, Role
from messaging.models.people import Ownership, Quarantine
from messaging.models.post import InboundState, State
from messaging.phones import NumberError, parse
from messaging.rules import Reason

numbers = Blueprint("numbers", __name__, url_prefix="/admin/<programme>/people/phones", template_folder="templates")
WHO = (Role.OFFICER, Role.FOCAL_POINT)
REASON = range(5, 201)  # letters
WHYS = {
    Quarantine.LOST: N_("perdu"),
    Quarantine.SEIZED: N_("saisi"),
    Quarantine.RESOLD: N_("revendu"),
}
OWNERS = {
    Ownership.OWN: N_("le sien"),
    Ownership.SPOUSE: N_("du conjoint"),
    Ownership.HOUSEHOLD: N_("du ménage"),
    Ownership.NEIGHBOUR: N_("d'un voisin"),
    Ownership.CLUB: N_("du club"),
    Ownership.FACILITATOR: N_("de l'animateur"),
}
STOPPED = {
    "sms": N_("par SMS"),
    "gateway": N_("chez l'opérateur"),
    "voice": N_("de vive voix"),
    "staff": N_("par l'équipe"),
}
NOTED = "stop_noted"  # in the log: a STOP that somebody was told
TELLERS = {
    "person": N_("la personne elle-même"),
    "facilitator": N_("l'animatrice"),
}
ASKED = {
    "consent": N_("accord"),
    quarantine.NEW_SIM: N_("nouvelle carte SIM"),
    "attendance_club": N_("compte rendu : le club manque"),
    "attendance_partial": N_("compte rendu : il manque un nombre"),
    "report_total": N_("compte rendu : femmes et hommes manquent"),
    "attendance_confirm": N_("compte rendu à confirmer"),
    "hands_confirm": N_("mains levées à confirmer"),
    "price_confirm": N_("prix à confirmer"),
    "feedback_text": N_("la suite de son message"),
    "case_closed": N_("dossier : satisfaite ?"),
    "language_menu": N_("choix de la langue"),
    "erase": N_("effacement à confirmer"),
    "": N_("question"),
}
EMPTY = N_("Écrivez le numéro.")


@dataclass(frozen=True)
class Found:
    """Phones of a place, with who is behind each; `missed` is what was typed and is like no place or club."""

    page: paging.Page[Phone]
    held: dict[int, list[holders.Holder]]
    homes: dict[int, masks.Home]
    missed: bool = False


@dataclass(frozen=True)
class Shown:
    """What this one answer shows, and why: the number, or the SMS."""

    number: str = ""
    talk: talk.Talk | None = None
    reason: str = ""


@dataclass(frozen=True)
class Record:
    """What stands on the page of one phone."""

    phone: Phone
    held: list[holders.Holder]
    homes: dict[int, masks.Home]
    elsewhere: int
    former: list[Phone]
    successor: Phone | None
    pending: Pending | None
    asked: Pending | None
    asked_phone: Phone | None
    messages: int = 0
    inbounds: int = 0
    told_by: str = ""  # who said its STOP by mouth, of `TELLERS`
    shown: Shown = field(default_factory=Shown)


@numbers.get("")
@needs(*WHO)
def page() -> Response | str:
    """Find one phone by its number, or some by their last digits in a place."""
    place, digits = request.args.get("place", "").strip(), request.args.get("digits", "").strip()
    if search.is_number(place) or search.is_number(digits):  # it stands in the address already: take it out of sight
        flash(_("Un numéro entier se cherche par l'autre case : elle ne laisse pas de trace."), "bad")
        return redirect(url_for("numbers.page"), 303)
    return _page(place, digits)


@numbers.post("")
@needs(*WHO)
def find() -> Response | tuple[str, int]:
    """Go to the page of one phone by its whole number; what is another place's is answered like what is unknown."""
    try:
        number = parse(request.form.get("number", ""))
    except NumberError as error:
        return _page(fault=_said(error)), 400
    with installation().db.read() as session:
        phone = people.find_phone(session, number)
        if phone is not None and holders.is_visible(session, phone):
            return redirect(url_for("numbers.one", ident=phone.id), 303)
    return _page(fault=_("Aucun téléphone de vos lieux n'a ce numéro.")), 404


@numbers.get("/<int:ident>")
@needs(*WHO)
def one(ident: int) -> str:
    """One phone: who is behind it, its state, and what one may do."""
    return _one(ident)


@numbers.post("/<int:ident>")
@needs(*WHO)
def act(ident: int) -> Response | tuple[str, int] | str:
    """Do one of `ACTS` to a phone, and note it."""
    name = request.form.get("do", "")
    if name not in ACTS:
        abort(400)
    if name not in READING and not me().has(Role.OFFICER):
        abort(403)
    try:
        with writing() as session:
            done = ACTS[name](session, holders.find(session, ident), utc_now())
    except NumberError as error:
        return _one(ident, faults={name: _said(error)}), 400
    except RefusedError as refusal:
        return _one(ident, faults={name: words.sentence(str(refusal))}), 400
    if isinstance(done, Shown):
        return _one(ident, done)
    for job in ("converse", "send"):
        current_app.extensions.get("jekulu.wake", lambda *_: None)(job)
    flash(done, "good")
    return redirect(url_for("numbers.one", ident=ident), 303)


def show(session: Session, phone: Phone, now: datetime) -> Shown:
    """The whole number, once."""
    reason = _reason()
    if not phone.sealed:
        raise RefusedError("Ce numéro a été effacé. / This number has been erased.")
    audit.note(session, audit.actor(me().id), "number_shown", "phone", phone.id, now, after={"reason": reason})
    return Shown(number=installation().keys.open(phone.sealed), reason=reason)


def read(session: Session, phone: Phone, now: datetime) -> Shown:
    """A page of its SMS, once."""
    reason = _reason()
    audit.note(session, audit.actor(me().id), "conversation_read", "phone", phone.id, now, after={"reason": reason})
    return Shown(talk=talk.latest(session, phone.id, request.form.get("before", "")), reason=reason)


def hold(session: Session, phone: Phone, now: datetime) -> str:
    """Put it into quarantine."""
    try:
        why = Quarantine(request.form.get("why", ""))
    except ValueError:
        raise RefusedError("Choisissez ce qui est arrivé. / Choose what has happened.") from None
    quarantine.put(session, phone, why, audit.actor(me().id), now)
    return _("Numéro en quarantaine : rien n'y part plus, et ce qu'il écrit attend.")


def lift(session: Session, phone: Phone, now: datetime) -> str:
    """Take it out of quarantine."""
    held = request.form.get("held", "")
    if held not in ("read", "drop"):
        raise RefusedError("Choisissez que faire des SMS retenus. / Choose what to do with the SMS that were held.")
    quarantine.lift(session, phone, _reason(), audit.actor(me().id), now, read=held == "read")
    return _("Quarantaine levée.")


def replace(session: Session, phone: Phone, now: datetime) -> str:
    """Ask the new SIM."""
    number = request.form.get("number", "")
    quarantine.replace(session, phone, number, audit.actor(me().id), now, programme=g.programme)
    return _("Un SMS demande OUI à la nouvelle carte. Sans OUI dans les 24 heures, rien ne change.")


def stop(session: Session, phone: Phone, now: datetime) -> str:
    """Note a STOP that was said by mouth: it acts as one by SMS does, and nothing is sent."""
    by = request.form.get("by", "")
    if by not in TELLERS:
        raise RefusedError("Choisissez qui l'a dit. / Choose who said it.")
    if request.form.get("sure") != "yes":
        raise RefusedError("Cochez la case pour confirmer. / Tick the box to confirm.")
    session.refresh(phone, with_for_update=True)
    inbox.opt_out(session, phone, "voice", now)
    audit.note(session, audit.actor(me().id), NOTED, "phone", phone.id, now, after={"by": by})
    return _("C'est noté : plus rien ne part vers ce téléphone, sauf la réponse à ses propres SMS.")


ACTS: dict[str, Callable[[Session, Phone, datetime], Shown | str]] = {
    "number": show, "talk": read, "hold": hold, "lift": lift, "replace": replace, "stop": stop,
}  # fmt: skip
READING = ("number", "talk")  # open to focal points too; all else is the officer's


def _reason() -> str:
    reason = " ".join(request.form.get("reason", "").split())
    if len(reason) not in REASON:
        raise RefusedError("Écrivez pourquoi, en 5 à 200 signes. / Say why, in 5 to 200 characters.")
    return reason


def _said(error: NumberError) -> str:
    return _(EMPTY) if error.fault == "empty" else _(FAULTS[error.fault])


def _page(place: str = "", digits: str = "", fault: str = "") -> str:
    with installation().db.read() as session:
        found = _search(session, place, digits, utc_now()) if place else None
    return render_template(
        "numbers.html", found=found, place=place, digits=digits, fault=fault, typed=request.form.get("number", ""),
        whys=WHYS, officer=masks.is_officer(),
    )  # fmt: skip


def _search(session: Session, place: str, digits: str, now: datetime) -> Found:
    """The phones of a village, commune or club by their key; a focal point names a commune."""
    if place.isdecimal():
        clubs = search.find_clubs(session, g.programme.id, place, me().within) if masks.is_officer() else []
        sources, missed = holders.of_clubs(club.id for club in clubs), not clubs
    else:
        spot = masks.spot(session, place, now)
        sources, missed = holders.within(session, spot, now), bool(spot.missed)
    query = sa.select(Phone).where(Phone.id.in_(sa.union(*sources))).order_by(Phone.id)
    if digits:
        query = query.where(Phone.last_two == digits)
    if (after := paging.after(request.args.get("after"))) is not None:
        query = query.where(Phone.id > after)
    page = paging.page(session, query)
    held: dict[int, list[holders.Holder]] = {}
    for row in holders.of(session, [phone.id for (phone,) in page.rows]):
        if row.is_own:
            held.setdefault(row.phone_id, []).append(row)
    return Found(page, held, _homes(session, [row for rows in held.values() for row in rows], now), missed)


def _one(ident: int, shown: Shown | None = None, faults: dict[str, str] | None = None) -> str:
    now = utc_now()
    with installation().db.read() as session:
        record = _record(session, holders.find(session, ident), now, shown or Shown())
    return render_template(
        "number.html", it=record, faults=faults or {}, typed=request.form if faults else {}, whys=WHYS, owners=OWNERS,
        stopped=STOPPED, tellers=TELLERS, asked=ASKED, officer=masks.is_officer(),
    )  # fmt: skip


def _record(session: Session, phone: Phone, now: datetime, shown: Shown) -> Record:
    held = holders.of(session, [phone.id])
    own = [row for row in held if row.is_own]
    pending, asked = session.get(Pending, phone.id), quarantine.asked(session, phone, now)
    messages = _count(session, Message, Message.state == State.HELD, Message.reason == Reason.QUARANTINE.value, phone)
    inbounds = _count(session, Inbound, Inbound.state == InboundState.HELD, sa.true(), phone)
    return Record(
        phone, own, _homes(session, own, now), len(held) - len(own), holders.former(session, phone),
        session.get(Phone, phone.replaced_by_id) if phone.replaced_by_id else None,
        pending if pending and now < pending.expires_at else None, asked,
        session.get(Phone, asked.phone_id) if asked else None, messages, inbounds, _told(session, phone), shown,
    )  # fmt: skip


def _told(session: Session, phone: Phone) -> str:
    """Who said the STOP of a phone, where that is known; empty: it came by SMS, or from its operator."""
    if phone.opted_out_at is None or phone.opted_out_by != "voice":
        return ""
    noted = (Audit.object == "phone", Audit.object_id == str(phone.id), Audit.action == NOTED)
    after = session.scalar(sa.select(Audit.after).where(*noted).order_by(Audit.id.desc()).limit(1))
    return str((after or {}).get("by", ""))


def _count(
    session: Session, table: type[Message | Inbound], state: sa.ColumnElement[bool], why: sa.ColumnElement[bool],
    phone: Phone,
) -> int:  # fmt: skip
    return session.scalar(sa.select(sa.func.count(table.id)).where(table.phone_id == phone.id, state, why)) or 0


def _homes(session: Session, held: list[holders.Holder], now: datetime) -> dict[int, masks.Home]:
    return masks.homes(session, {row.village_id for row in held if row.village_id is not None}, now)
