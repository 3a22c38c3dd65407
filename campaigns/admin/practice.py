"""Exercises: who is in training, how her last reports were read, and the switch; so that a trainer knows who is ready.

A number stands in no list: the last two digits and the codes of the clubs say who it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import holders, paging, readings
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _
from campaigns.conversation import asking
from campaigns.conversation import practice as training
from campaigns.models import PracticeReport
from messaging import audit
from messaging.clock import utc_now
from messaging.models import Club, Facilitator, FacilitatorClub, Phone, Role

practice = Blueprint("practice", __name__, url_prefix="/admin/<programme>/people/practice", template_folder="templates")
SHOWN = 10  # reports by which a trainer judges
AT_ONCE, ASKED, REFUSED = N_("lu tout de suite"), N_("redemandé"), N_("refusé, dit pourquoi")
AFTER = N_("lu après une question")


@dataclass(frozen=True)
class Trainee:
    """A facilitator or adviser with what she wrote in training; `read` of `written` were read at once."""

    leader: Facilitator
    last_two: str
    clubs: str
    written: int = 0
    read: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True)
class Exercise:
    """One report: what was read, and how it went."""

    at: datetime
    reading: str
    outcome: str
    is_well: bool


@practice.get("")
@needs(Role.OFFICER)
def page() -> str:
    """Who is in training now, then who was of late."""
    with installation().db.read() as session:
        found = paging.page(session, _trainees(paging.after(request.args.get("after"))))
        return render_template("practices.html", rows=_rows(session, found.rows), last=found.last, shown=SHOWN)


@practice.get("/<int:ident>")
@needs(Role.OFFICER)
def one(ident: int) -> str:
    """The exercises of the facilitator behind a phone, the last first."""
    with installation().db.read() as session:
        phone = holders.find(session, ident)
        leader = _leader(session, phone)
        query = sa.select(PracticeReport).where(PracticeReport.facilitator_id == leader.id)
        told = session.scalars(query.order_by(PracticeReport.id.desc()).limit(SHOWN)).all()
        return render_template(
            "practice.html", phone=phone, leader=leader, clubs=_clubs(session, [leader.id]).get(leader.id, ""),
            exercises=[_exercise(row) for row in told], shown=SHOWN,
        )  # fmt: skip


@practice.post("/<int:ident>")
@needs(Role.OFFICER)
def switch(ident: int) -> Response:
    """Begin or end the training."""
    is_on = request.form.get("do") == "begin"
    with writing() as session:
        leader = _leader(session, holders.find(session, ident))
        training.switch(session, leader, is_on, audit.actor(me().id), utc_now())
    begun = _("Les exercices commencent : ses rapports ne comptent plus, la réponse le dit.")
    flash(begun if is_on else _("Les exercices sont finis : ses rapports comptent de nouveau."), "good")
    return redirect(url_for("practice.one", ident=ident), 303)


def outcome(row: PracticeReport) -> str:
    """How a report of training went; pure."""
    if row.status == "ok":
        return AFTER if asking.JOINED.intersection(row.repairs) else AT_ONCE
    return REFUSED if row.status == "error" else ASKED


def _exercise(row: PracticeReport) -> Exercise:
    said = {"intent": row.intent, "status": "", "fields": row.fields}
    went = outcome(row)
    return Exercise(row.received_at, readings.in_words({"readings": [said]}), went, went == AT_ONCE)


def _leader(session: Session, phone: Phone) -> Facilitator:
    """The facilitator of the programme behind a phone; without one the page is not there (404)."""
    query = sa.select(Facilitator).where(
        Facilitator.phone_id == phone.id, Facilitator.programme_id == g.programme.id, Facilitator.active, _mine()
    )
    return session.scalars(query).one_or_none() or abort(404)


def _trainees(after: int | None) -> sa.Select[Facilitator, str]:
    """Facilitators of own places who are in training, or of whom reports of training are kept."""
    wrote = sa.exists().where(PracticeReport.facilitator_id == Facilitator.id)
    query = (
        sa.select(Facilitator, Phone.last_two)
        .join(Phone, Phone.id == Facilitator.phone_id)
        .where(
            Facilitator.programme_id == g.programme.id,
            Facilitator.active,
            _mine(),
            sa.or_(Facilitator.practice, wrote),
        )
        .order_by(Facilitator.id)
    )
    return query if after is None else query.where(Facilitator.id > after)


def _mine() -> sa.ColumnElement[bool]:
    """The condition for those who lead a club of own places; who sees everything sees those without a club too."""
    if me().villages is None:
        return sa.true()
    led = sa.select(FacilitatorClub.facilitator_id).join(Club, Club.id == FacilitatorClub.club_id)
    return Facilitator.id.in_(led.where(me().within(Club.village_id)))


def _rows(session: Session, found: Collection[Any]) -> list[Trainee]:
    ids = [row.Facilitator.id for row in found]
    clubs, told = _clubs(session, ids), _told(session, ids)
    return [
        Trainee(row.Facilitator, row.last_two, clubs.get(row.Facilitator.id, ""), *told.get(row.Facilitator.id, ()))
        for row in found
    ]


def _clubs(session: Session, leaders: Collection[int]) -> dict[int, str]:
    """The codes of their clubs, those of own places alone."""
    query = (
        sa.select(FacilitatorClub.facilitator_id, Club.code)
        .join(Club, Club.id == FacilitatorClub.club_id)
        .where(FacilitatorClub.facilitator_id.in_(leaders), Club.closed_on.is_(None), me().within(Club.village_id))
        .order_by(Club.code)
    )
    found: dict[int, list[str]] = {}
    for leader, code in session.execute(query):
        found.setdefault(leader, []).append(code)
    return {leader: ", ".join(codes) for leader, codes in found.items()}


def _told(session: Session, leaders: Collection[int]) -> Mapping[int, tuple[int, int, datetime]]:
    """Of the last reports of each how many there are, how many were read at once, and when the last one came."""
    place = sa.func.row_number().over(partition_by=PracticeReport.facilitator_id, order_by=PracticeReport.id.desc())
    query = sa.select(PracticeReport, place.label("place")).where(PracticeReport.facilitator_id.in_(leaders))
    numbered = query.subquery("numbered")
    last = sa.orm.aliased(PracticeReport, numbered)
    rows = session.scalars(sa.select(last).where(numbered.c.place <= SHOWN).order_by(last.id.desc()))
    found: dict[int, list[PracticeReport]] = {}
    for row in rows:
        found.setdefault(row.facilitator_id, []).append(row)
    return {
        leader: (len(told), sum(outcome(row) == AT_ONCE for row in told), told[0].received_at)
        for leader, told in found.items()
    }
