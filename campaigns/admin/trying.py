"""« Try a message »: the reader on any text, as any sender or with the context of one phone; it stores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

import sqlalchemy as sa
from flask import Blueprint, abort, g, render_template, request
from sqlalchemy.orm import Session

from campaigns.admin import holders, paging
from campaigns.admin.campaigns import tongues
from campaigns.admin.security import installation, me
from campaigns.admin.words import _
from campaigns.cli.explaining import explain
from campaigns.conversation import context
from campaigns.conversation.asking import REPORTS
from campaigns.conversation.grammar.reading import Role as Sender
from campaigns.conversation.screening import WORDS
from messaging import languages
from messaging.clock import utc_now
from messaging.models import Gateway, Inbound, Phone, Role

trying = Blueprint("trying", __name__, url_prefix="/admin/<programme>/messages/try", template_folder="templates")
LONGEST = 1_000  # characters, as of an SMS at the simulator
ROLES: tuple[str, ...] = get_args(Sender)


@dataclass(frozen=True)
class Line:
    """One line of the explanation, in French; a detail belongs to the line above it."""

    words: str
    is_detail: bool


@trying.get("")
def page() -> str:
    """The form, empty; with the phone of the address."""
    with installation().db.read() as session:
        return _page(session, _phone(session, request.args.get("phone", "")))


@trying.post("")
def read() -> str | tuple[str, int]:
    """How the text is read, what was put right, and the reply."""
    text, role = request.form.get("text", "")[:LONGEST], request.form.get("role", "")
    with installation().db.read() as session:
        phone = _phone(session, request.form.get("phone", ""))
        if not text.strip():
            return _page(session, phone, fault=_("Écrivez un SMS.")), 400
        if phone is None and role not in ROLES:
            return _page(session, phone, fault=_("Choisissez qui écrit.")), 400
        role, known = _as(session, phone, text) if phone else (role, _anybody(session))
        lines = [Line(line.strip(), line.startswith(" ")) for line in explain(text, cast(Sender, role), known)]
        return _page(session, phone, lines[1:], role)


def _as(session: Session, phone: Phone, text: str) -> tuple[str, dict[str, Any]]:
    """The role and the context of a phone, as if this SMS came now; the row is never put into a table."""
    now = utc_now()
    last = sa.select(Inbound.gateway_id).where(Inbound.phone_id == phone.id).order_by(Inbound.id.desc()).limit(1)
    gateway_id = session.scalar(last) or session.scalar(sa.select(Gateway.id).order_by(Gateway.id).limit(1))
    inbound = Inbound(
        gateway_id=gateway_id, kind="sms", text=text, phone_id=phone.id, received_at=now, handled_at=now, readings=None,
    )  # fmt: skip
    sender = context.gather(session, inbound, phone)
    return sender.role, {**sender.context, **_waiting(sender.context.get("pending"))}


def _waiting(pending: Mapping[str, Any] | None) -> dict[str, Any]:
    """The question that waits, without the words kept with it: they stay with their own SMS, for who may read it."""
    if pending is None or pending.get("intent") not in REPORTS:
        return {}
    return {"pending": {name: value for name, value in pending.items() if name not in WORDS}}


def _anybody(session: Session) -> dict[str, Any]:
    """The context of somebody of whom only the language and the clubs are known."""
    language = request.form.get("language", "") or g.programme.language
    clubs = request.form.get("clubs", "").replace(",", " ").split()
    known: Mapping[str, Any] = {"clubs": clubs} if clubs else {}
    return {"now": utc_now().isoformat(), "lang": language, "dogon": languages.is_dogon(session, language), **known}


def _phone(session: Session, given: str) -> Phone | None:
    """The phone that is asked for; only for officers, and of their own places (404)."""
    ident = paging.after(given)
    if ident is None:
        return None
    return holders.find(session, ident) if me().has(Role.OFFICER) else abort(403)


def _page(
    session: Session, phone: Phone | None, lines: list[Line] | None = None, role: str = "", fault: str = ""
) -> str:
    return render_template(
        "trying.html", phone=phone, lines=lines, role=role, fault=fault, typed=request.form, ROLES=ROLES,
        languages=tongues(session, g.programme, []), LONGEST=LONGEST,
    )  # fmt: skip
