"""SMS that may become a question to air: the officer words each without a name, or adds it to one that waits.

Only what stands in an ordinary list is offered, of own places; the words of an SMS are for the officer alone.

Source: the safeguarding rules, 8 and 11.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import paging, words
from campaigns.admin.messages import homes, ours
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, TOPICS, _
from campaigns.clubs import askers, names, questions
from campaigns.models import AirQuestion, AirQuestionState
from messaging.clock import local, utc_now
from messaging.errors import RefusedError
from messaging.models import Inbound, Role
from messaging.models.people import Sex
from messaging.phones import redact

taking = Blueprint("taking", __name__, url_prefix="/admin/<programme>/people/air/sms", template_folder="templates")
SEXES = {Sex.F: N_("une femme"), Sex.M: N_("un homme"), Sex.UNKNOWN: N_("pas dit, ou un groupe")}
MOST = 99  # what the list is counted to
COMPARED = 500  # questions an SMS is compared with
NO_DO = "Choisissez ce que devient ce SMS. / Choose what becomes of this SMS."


@taking.get("")
@needs(Role.OFFICER)
def index() -> str:
    """The SMS on offer, the oldest first."""
    now, after = utc_now(), paging.after(request.args.get("after"))
    query = mine(now).order_by(Inbound.id)
    with installation().db.read() as session:
        found = paging.page(session, query if after is None else query.where(Inbound.id > after))
        places = homes(session, {row.Inbound.phone_id for row in found.rows})
        return render_template("air_offered.html", found=found, said=said, homes=places, days=askers.RECENT.days)


@taking.get("/<int:ident>")
@needs(Role.OFFICER)
def one(ident: int) -> str:
    """One of them, with the form of its question and those that seem to ask the same."""
    with installation().db.read() as session:
        return _page(session, ident)


@taking.post("/<int:ident>")
@needs(Role.OFFICER)
def take(ident: int) -> Response | tuple[str, int]:
    """Make a question of it, add it to one, or set it aside; what was typed stays when it is refused."""
    try:
        with writing() as session:
            inbound = _find(session, ident).Inbound
            question = _take(session, inbound, request.form.get("do", ""), utc_now())
    except RefusedError as refusal:
        with installation().db.read() as session:
            faults = [words.sentence(part) for part in str(refusal).split("\n")]
            return _page(session, ident, faults), 400
    flash(_("C'est noté."), "good")
    return redirect(url_for("air.one", ident=question) if question else url_for("taking.index"), 303)


def mine(now: datetime) -> sa.Select[*tuple[Any, ...]]:
    """The SMS on offer of the programme and of own places."""
    return askers.offered(g.programme.id, now - askers.RECENT).where(ours(g.programme.id))


def counted(session: Session, now: datetime) -> int:
    """How many SMS are on offer, at most `MOST`."""
    few = mine(now).with_only_columns(Inbound.id).limit(MOST)
    return session.scalar(sa.select(sa.func.count()).select_from(few.subquery())) or 0


def said(inbound: Inbound, question: str | None) -> str:
    """What the officer reads of an SMS: its question alone where it is a report, without a number."""
    return redact(question or inbound.text)


def _take(session: Session, inbound: Inbound, do: str, now: datetime) -> int | None:
    """The id of the question it asks now; None when it was set aside."""
    programme, who = g.programme, me().id
    if do == "aside":
        questions.set_aside(session, programme, inbound, who, now)
        return None
    sex = Sex(request.form["sex"]) if request.form.get("sex") in set(Sex) else Sex.UNKNOWN
    if do == "make":
        wording, topic = request.form.get("wording", ""), request.form.get("topic", "")
        known = names.known(session, programme.id, local(now, programme.zone).date())
        if faults := list(questions.refusals(wording, known)):
            raise RefusedError("\n".join(faults))
        topic = topic if topic in TOPICS else ""
        return questions.make(session, programme, inbound, wording, topic or None, sex, who, now).id
    question = questions.find(session, programme.id, paging.after(do) or 0, lock=True)
    if question is None:
        raise RefusedError(NO_DO)
    return questions.join(session, programme, question, inbound, sex, who, now).id


def _find(session: Session, ident: int) -> sa.Row[Inbound, str | None]:
    """An SMS on offer; anything else is not there (404)."""
    query: Any = mine(utc_now()).where(Inbound.id == ident)
    return session.execute(query).first() or abort(404)


def _page(session: Session, ident: int, faults: list[str] | None = None) -> str:
    found = _find(session, ident)
    heard = said(found.Inbound, found.question)
    known = _known(session)
    same = questions.alike(heard, ((row.id, row.wording) for row in known.values()), most=5)
    asker = askers.of(session, g.programme.id, found.Inbound)
    return render_template(
        "air_take.html", inbound=found.Inbound, said=heard, same=[known[one] for one in same], faults=faults or [],
        typed=request.form, sex=request.form.get("sex") or asker.sex, SEXES=SEXES, LONGEST=questions.LONGEST,
        homes=homes(session, {found.Inbound.phone_id}), answered=AirQuestionState.ANSWERED,
    )  # fmt: skip


def _known(session: Session) -> dict[int, AirQuestion]:
    """The questions an SMS may be added to: those that wait, and the first ones that have an approved answer."""
    open_or_known = sa.or_(
        AirQuestion.state.in_(questions.OPEN),
        sa.and_(AirQuestion.state == AirQuestionState.ANSWERED, AirQuestion.approved_by.is_not(None)),
    )
    query = sa.select(AirQuestion).where(
        AirQuestion.programme_id == g.programme.id, open_or_known, AirQuestion.answered_from.is_(None),
        askers.is_shown(),
    )  # fmt: skip
    rows = session.scalars(query.order_by(AirQuestion.id.desc()).limit(COMPARED))
    return {row.id: row for row in rows}
