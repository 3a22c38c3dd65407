"""One case: its SMS, its clock, what was done, and what may be done now; two at once are told of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import answering, caseload, clocks, sorting
from campaigns import cases as acts
from campaigns.admin import audit as log
from campaigns.admin import cost, docket, talk, words
from campaigns.admin.campaigns import tongues
from campaigns.admin.docket import WHO
from campaigns.admin.messages import KINDS, SENSITIVE, words_of
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.sorting import REASON, REASONS
from campaigns.admin.words import N_, _
from campaigns.models import CasePause, Feedback
from messaging import audit, staff
from messaging.clock import utc_now
from messaging.errors import RefusedError, StaleError
from messaging.letters import ALONE
from messaging.models import Audit, Inbound, Member, MemberPhone, Phone
from messaging.phones import redact

case = Blueprint("case", __name__, url_prefix="/admin/<programme>/cases/<int:ident>", template_folder="templates")
Act = Callable[[Session, Feedback, datetime], str]
PAUSES = {
    "complainant": N_("on attend la personne"),
    "security": N_("sécurité"),
    "agency": N_("on attend un autre service"),
}
SPOKEN = {"": N_("pas demandé"), "yes": N_("oui, satisfaite"), "no": N_("non")}
ROOM = ALONE["GSM-7"]


@dataclass(frozen=True)
class Draft:
    """An answer as it would leave: its words, what it takes, and why it cannot leave so."""

    words: str
    count: cost.Count
    faults: Sequence[str]


@dataclass(frozen=True)
class Line:
    """One line of the history: when, what was done, by whom, and what of it is told."""

    at: datetime
    what: str
    who: str
    more: str = ""


@dataclass(frozen=True)
class Record:
    """What stands on the page of a case."""

    case: Feedback
    row: docket.Row
    may: Mapping[str, bool]
    seen: str
    rest: CasePause | None
    clock: clocks.Clock | None
    lines: Sequence[Line]
    by: Mapping[int, str]
    said: str | None = None  # the words of the SMS, where the account may read them now
    around: talk.Talk | None = None
    no_sms: str | None = None
    no_question: str | None = None
    language: str = ""
    hours: Sequence[str] = ()  # safe hours of who is reached on the phone
    draft: Draft | None = None


@dataclass(frozen=True)
class Shown:
    """What this one answer shows beyond the case itself: the words of a sensitive SMS, an answer counted."""

    said: str | None = None
    draft: Draft | None = None
    faults: Mapping[str, str] = field(default_factory=dict)  # by act, why it was not taken


@case.get("")
@needs(*WHO)
def one(ident: int) -> str:
    """The case."""
    return _page(ident)


@case.post("")
@needs(*WHO)
def act(ident: int) -> Response | str | tuple[str, int]:
    """Do one of `ACTS` to a case, or read, count or sort; what was typed stays when it is refused."""
    name = request.form.get("do", "")
    if name == "count":
        return _page(ident, Shown(draft=_draft()))
    if name not in {*ACTS, "read", "sort"}:
        abort(400)
    try:
        with writing() as session:
            found, inbound = docket.find(session, ident) or abort(404)
            may = docket.may(found)
            if not may["read" if name == "read" else "act" if name in SUPERVISED else "work"]:
                abort(403)
            now = utc_now()
            if name == "read":
                return _read(session, found, inbound, now)
            locked = acts.locked(session, ident, request.form.get("seen", ""))
            locked.programme_id = locked.programme_id or g.programme.id
            done = _sort(session, inbound, now) if name == "sort" else ACTS[name](session, locked, now)
    except (RefusedError, StaleError) as refusal:
        return _page(ident, Shown(faults={name: words.sentence(str(refusal))}, draft=_draft(name))), 400
    current_app.extensions.get("jekulu.wake", lambda *_: None)("send")
    flash(done, "good")
    with installation().db.read() as session:
        still = docket.find(session, ident)
    return redirect(url_for("case.one", ident=ident) if still else url_for("cases.index"), 303)


@case.post("/count")
@needs(*WHO)
def live(ident: int) -> str:
    """What the answer takes, while it is typed."""
    with installation().db.read() as session:
        found, _sms = docket.find(session, ident) or abort(404)
        if not docket.may(found)["work"]:
            abort(403)
    return render_template("draft.html", draft=_draft(), ROOM=ROOM)


def take(session: Session, row: Feedback, now: datetime) -> str:
    """Make it one's own."""
    acts.take(session, row, me().id, now)
    return _("Ce dossier est à vous.")


def answer(session: Session, row: Feedback, now: datetime) -> str:
    """Answer by SMS."""
    language = request.form.get("language", "")
    if language not in g.programme.languages:
        raise RefusedError("Choisissez la langue de la réponse. / Choose the language of the answer.")
    said = answering.spelt(session, request.form.get("words", ""), language)
    is_asked = acts.answer(session, row, said, language, g.programme, me().id, now)
    return _("Réponse envoyée. Un second SMS demande si la personne est satisfaite.") if is_asked else _(
        "Réponse envoyée."
    )  # fmt: skip


def phone(session: Session, row: Feedback, now: datetime) -> str:
    """Note a call, and what the person said of the answer."""
    spoken = request.form.get("satisfied", "")
    acts.phoned(session, row, request.form.get("note", ""), me().id, now)
    if row.category not in caseload.SENSITIVE and spoken in ("yes", "no"):
        acts.say(session, row, satisfied=spoken == "yes", who=audit.actor(me().id), now=now)
    return _("L'appel est noté.")


def ask(session: Session, row: Feedback, now: datetime) -> str:
    """Ask by SMS whether she is satisfied."""
    if row.answered_at is None:
        raise RefusedError("Répondez d'abord. / Answer first.")
    refusal = acts.no_question(session, row, session.get_one(Phone, row.phone_id), now)
    if refusal:
        raise RefusedError(refusal)
    acts.ask(session, row, g.programme, me().id, now)
    return _("La question part par SMS. La personne a 24 heures pour répondre OUI ou NON.")


def refer(session: Session, row: Feedback, now: datetime) -> str:
    """Refer it."""
    acts.refer(session, row, request.form.get("body", ""), me().id, now)
    return _("L'orientation est notée.")


def pause(session: Session, row: Feedback, now: datetime) -> str:
    """Stop the clock."""
    acts.pause(session, row, request.form.get("reason", ""), me().id, now)
    return _("Le délai est arrêté.")


def resume(session: Session, row: Feedback, now: datetime) -> str:
    """Let the clock go on."""
    acts.resume(session, row, me().id, now)
    return _("Le délai reprend.")


def close(session: Session, row: Feedback, now: datetime) -> str:
    """Close it."""
    acts.close(session, row, me().id, now)
    return _("Dossier clos.")


def reopen(session: Session, row: Feedback, now: datetime) -> str:
    """Open it again."""
    acts.reopen(session, row, me().id, now)
    return _("Dossier rouvert.")


ACTS: dict[str, Act] = {
    "take": take, "answer": answer, "phone": phone, "ask": ask, "refer": refer, "pause": pause, "resume": resume,
    "close": close, "reopen": reopen,
}  # fmt: skip
SUPERVISED = ("take", "refer", "pause", "resume", "close", "reopen")  # what a supervisor may, who reads no SMS


def _read(session: Session, found: Feedback, inbound: Inbound, now: datetime) -> str:
    """The words of a sensitive SMS, once, for a reason that goes into the log."""
    reason = request.form.get("reason", "")
    if reason not in REASONS:
        raise RefusedError(REASON)
    note = {"reason": reason, "category": found.category.removeprefix("sensitive_")}
    audit.note(session, audit.actor(me().id), "read", "inbound", inbound.id, now, after=note)
    return _render(session, found, inbound, Shown(said=redact(inbound.text)))


def _sort(session: Session, inbound: Inbound, now: datetime) -> str:
    """It is something else."""
    kind = request.form.get("as", "")
    sorting.sort(session, {inbound.id: kind}, {inbound.id: inbound.sorted_as or ""}, me().id, g.programme.id, now)
    return _("C'est noté.")


def _draft(name: str = "answer") -> Draft | None:
    typed, language = request.form.get("words", ""), request.form.get("language", "")
    if name != "answer" or not typed.strip():
        return None
    with installation().db.read() as session:
        said = answering.spelt(session, typed, language)
        found = answering.refusals(said, answering.agencies(session, g.programme))
        return Draft(said, cost.count(said), [words.sentence(one) for one in found])


def _page(ident: int, shown: Shown | None = None) -> str:
    with installation().db.read() as session:
        found, inbound = docket.find(session, ident) or abort(404)
        return _render(session, found, inbound, shown or Shown())


def _render(session: Session, found: Feedback, inbound: Inbound, shown: Shown) -> str:
    now = utc_now()
    record = _record(session, found, inbound, shown, now)
    return render_template(
        "case.html", it=record, faults=shown.faults, typed=request.form if shown.faults or shown.draft else {},
        number=docket.number, step=docket.step, CATEGORIES=docket.CATEGORIES, PAUSES=PAUSES, SPOKEN=SPOKEN,
        KINDS=KINDS, SENSITIVE=SENSITIVE, REASONS=REASONS, ROOM=ROOM, now=now, RUNNING=docket.RUNNING,
        is_security=docket.is_security(found), is_sensitive=found.category in caseload.SENSITIVE,
        languages=tongues(session, g.programme, []), inbound=inbound, officer=words_of(inbound) is not None,
    )  # fmt: skip


def _record(session: Session, found: Feedback, inbound: Inbound, shown: Shown, now: datetime) -> Record:
    may, row = docket.may(found), docket.rows(session, [(found, inbound)], now)[0]
    held = session.get_one(Phone, found.phone_id)
    is_open_word = may["read"] and found.category not in caseload.SENSITIVE
    return Record(
        found, row, may, acts.seen(session, found), caseload.resting(session, found.id), caseload.clock(found),
        _history(session, found, inbound),
        staff.names(session, {found.taken_by, found.answered_by}),
        said=shown.said if shown.said is not None else words_of(inbound) if is_open_word else None,
        around=talk.around(session, found.phone_id, found.told_at) if is_open_word else None,
        no_sms=_said(acts.no_sms(found, held)), no_question=_said(acts.no_question(session, found, held, now)),
        language=answering.language_of(session, held, g.programme), hours=_safe_hours(session, found.phone_id),
        draft=shown.draft,
    )  # fmt: skip


def _said(refusal: str | None) -> str | None:
    return words.sentence(refusal) if refusal else None


def _safe_hours(session: Session, phone_id: int) -> list[str]:
    query = sa.select(Member.safe_hours).join(MemberPhone).where(MemberPhone.phone_id == phone_id)
    return sorted(set(session.scalars(query.where(Member.safe_hours.is_not(None), me().within(Member.village_id)))))


def _history(session: Session, found: Feedback, inbound: Inbound) -> list[Line]:
    """What the log says of the case and of its SMS, the first line first."""
    of_case = sa.and_(Audit.object == "case", Audit.object_id == str(found.id))
    of_sms = sa.and_(Audit.object == "inbound", Audit.object_id == str(inbound.id))
    rows = session.scalars(sa.select(Audit).where(sa.or_(of_case, of_sms)).order_by(Audit.id)).all()
    names = staff.names(session)
    return [Line(row.at, log.act(row), log.actor(row.actor, names), _more(row)) for row in rows]


def _more(row: Audit) -> str:
    after: Mapping[str, Any] = row.after or {}
    if row.action == "paused":
        return _(PAUSES.get(str(after.get("reason")), ""))
    if row.action == "answered":
        return _("par SMS") if after.get("way") == "sms" else _("par téléphone")
    return log.spoken(after["as"]) if row.action == "sorted" and after.get("as") else ""
