"""Quiz: what people know, question by question and wave by wave, by sex, language and commune, and what they gained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, render_template, request
from sqlalchemy.orm import Session

from campaigns import scores
from campaigns.admin import covered, span, words
from campaigns.admin.bill import names
from campaigns.admin.members import SEXES
from campaigns.admin.results import SEES
from campaigns.admin.security import installation, needs
from campaigns.admin.span import Span
from campaigns.admin.words import N_
from campaigns.evaluation import indicators
from campaigns.evaluation import knowledge as waves
from campaigns.evaluation.indicators import Figure
from campaigns.evaluation.knowledge import Comparison
from campaigns.models import Answer, Campaign
from messaging.clock import utc_now
from messaging.models.people import Sex

knowledge = Blueprint("knowledge", __name__, url_prefix="/admin/<programme>/results", template_folder="templates")
WAVES = {"pre": N_("avant"), "mid": N_("à mi-chemin"), "post": N_("après"), "practice": N_("exercice")}
CODES = ("QUI-OK", "QUI-DK", "QUI-LATE", "QUI-NONAME", "QUI-GAIN", "QUI-PASS", "QUI-RR")


@dataclass(frozen=True)
class Group:
    """The answers of one group in one wave: right ones, and « I do not know » apart."""

    key: Any
    wave: str
    right: Figure | None
    unknown: Figure | None


@knowledge.get("/quiz")
@needs(*SEES)
def page() -> str:
    """One quiz, with the others to choose from."""
    now = utc_now()
    with installation().db.read() as session:
        chosen = span.here(session, now)
        quizzes = _quizzes(session, chosen)
        wanted = request.args.get("quiz", "")
        quiz = wanted if wanted in quizzes else next(iter(quizzes), "")
        compared, groups, more = None, {}, {}
        if quiz:
            period = chosen.period
            compared = _covered(
                session, chosen, now, waves.compare(session, g.programme, quiz, period, now, within=chosen.within)
            )
            groups = {name: _groups(session, quiz, chosen, now, name) for name in ("sex", "language", "area")}
            found = covered.figures(session, chosen, now, ("QUI-RR", "QUI-PASS"), ("quiz", "wave"))
            more = {(one.code, one.cut["wave"]): one for one in found if one.cut["quiz"] == quiz}
        tongues = names(session)
    return render_template(
        "knowledge.html", span=chosen, quizzes=quizzes, quiz=quiz, compared=compared, groups=groups, more=more,
        WAVES=WAVES, codes=CODES, named_group=lambda name, key: _called(name, key, chosen, tongues),
        sentence=waves.sentence(compared.gain, words.code()) if compared and compared.gain else "",
    )  # fmt: skip


def _quizzes(session: Session, chosen: Span) -> dict[str, Campaign]:
    """The campaigns with questions that are right or wrong, by code: those answered in most waves first."""
    asked = scores.questions(Campaign.programme_id == g.programme.id)
    told = sa.and_(Answer.step_id == asked.c.step_id, chosen.period.holds(Answer.answered_at))
    waves_told = sa.func.count(sa.case((Answer.id.is_not(None), asked.c.wave)).distinct())
    query = sa.select(asked.c.quiz).outerjoin(Answer, told).group_by(asked.c.quiz)
    codes = list(session.scalars(query.order_by(waves_told.desc(), sa.func.count(Answer.id).desc(), asked.c.quiz)))
    rows = session.scalars(sa.select(Campaign).where(Campaign.programme_id == g.programme.id, Campaign.code.in_(codes)))
    found = {row.code: row for row in rows}
    return {code: found[code] for code in codes}


def _covered(session: Session, chosen: Span, now: datetime, compared: Comparison) -> Comparison:
    """A comparison of one commune without what the table of all communes hides."""
    told = [one for item in compared.items for of_it in item.waves.values() for one in of_it.values()]
    items: dict[str, dict[str, dict[str, Figure]]] = {item.question: {} for item in compared.items}
    for one in covered.hide(session, chosen, now, told, ("quiz", "wave", "question")):
        if one.cut["quiz"] == compared.quiz and one.cut["question"] in items:
            items[one.cut["question"]].setdefault(one.cut["wave"], {})[one.code] = one
    gains = covered.hide(session, chosen, now, [compared.gain] if compared.gain else [], ("quiz",))
    return replace(
        compared, items=tuple(replace(item, waves=items[item.question]) for item in compared.items),
        gain=next((one for one in gains if one.cut["quiz"] == compared.quiz), None),
    )  # fmt: skip


def _groups(session: Session, quiz: str, chosen: Span, now: datetime, name: str) -> Sequence[Group]:
    """The answers of a quiz by sex, language or commune, and by wave."""
    by = (name, "quiz", "wave")
    if name == "area":  # of all own communes, so that what must be hidden beside the others is hidden
        found = indicators.compute(
            session, g.programme, chosen.period, now, by=by, codes=("QUI-OK", "QUI-DK"), within=covered.own()
        )  # fmt: skip
        found = [one for one in found if chosen.commune in (None, one.cut["area"])]
    else:
        found = covered.figures(session, chosen, now, ("QUI-OK", "QUI-DK"), by)
    cells: dict[tuple[Any, str], dict[str, Figure]] = {}
    for one in found:
        if one.cut["quiz"] == quiz:
            cells.setdefault((one.cut[name], one.cut["wave"]), {})[one.code] = one
    groups = [Group(key, wave, of_it.get("QUI-OK"), of_it.get("QUI-DK")) for (key, wave), of_it in cells.items()]
    order = {ident: place for place, ident in enumerate(chosen.communes)}  # communes by name
    return sorted(groups, key=lambda one: (order.get(one.key, 0), str(one.key), scores.WAVES.index(one.wave)))


def _called(name: str, key: Any, chosen: Span, tongues: dict[str, str]) -> str:
    """What a group is called on the page."""
    if name == "sex":
        return words._(SEXES[Sex(key or Sex.UNKNOWN)])
    return chosen.communes.get(key, "–") if name == "area" else tongues.get(key, str(key))
