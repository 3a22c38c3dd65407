"""The rows behind a figure, page by page, as far as the account may see them; they add up to it.

Single persons are for the officer of the place and the evaluation: households by the number of their card, members by
theirs, phones, answers, scores and cases without any number. A count of less than five of them is not opened, nor one
that is hidden beside such a count.

Source: the safeguarding rules, 11; the page on evaluation, 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import covered, docket, masks, meanings, paging, span
from campaigns.admin.air import SEES as ON_AIR
from campaigns.admin.air import STATES as QUESTIONS
from campaigns.admin.clubs import OUTCOMES
from campaigns.admin.decisions import THEMES
from campaigns.admin.knowledge import WAVES
from campaigns.admin.members import SEXES
from campaigns.admin.messages import KINDS
from campaigns.admin.results import SEES
from campaigns.admin.security import installation, me, needs
from campaigns.admin.words import CLUB_KINDS, N_, TOPICS, _
from campaigns.evaluation import behind
from campaigns.evaluation.behind import Query
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.suppression import LEAST
from campaigns.models import Campaign, ClubSessionStatus, Feedback, Step
from campaigns.week import monday_of
from messaging.clock import local, utc_now
from messaging.models import Inbound, Role

rows = Blueprint("rows", __name__, url_prefix="/admin/<programme>/results", template_folder="templates")
NAMES = {
    "households": N_("ménages"),
    "phones": N_("téléphones"),
    "members": N_("membres"),
    "messages": N_("messages"),
    "due": N_("messages"),
    "sessions": N_("séances"),
    "clubs": N_("clubs"),
    "villages": N_("villages"),
    "decisions": N_("décisions"),
    "questions": N_("questions pour l'antenne"),
    "answers": N_("réponses"),
    "asked": N_("téléphones"),
    "scores": N_("scores"),
    "gains": N_("gains"),
    "cases": N_("dossiers"),
}
KEPT = {"yes": N_("tenue"), "partly": N_("en cours"), "no": N_("pas tenue"), None: N_("pas encore demandée")}
WHICH = ("", "rest", "all")  # the rows that are counted, the others that may be, both


@dataclass(frozen=True)
class Sums:
    """Of all the rows: how many the indicator may count, how many it counts, and what these add up to."""

    all: int
    counted: int
    total: float

    @property
    def rest(self) -> int:
        """Those that it may count and does not."""
        return self.all - self.counted

    def of(self, which: str) -> int:
        """How many rows there are of those asked for."""
        return {"": self.counted, "rest": self.rest, "all": self.all}[which]


@rows.get("/rows")
@needs(*SEES)
def page() -> str | Response:
    """The rows that an indicator counts, the rest of those that it may count, or both."""
    if "code" not in request.args:
        return redirect(url_for("results.summary"), 303)
    code, now = request.args["code"], utc_now()
    kind = behind.what(code) or abort(404)
    which = request.args.get("which", "")
    which = which if which in WHICH else ""
    cuts = {name: request.args[name][:80] for name in behind.NARROWED if name in request.args}
    with installation().db.read() as session:
        chosen = span.here(session, now)
        query = behind.rows(Ask(session, g.programme, chosen.period, now, within=chosen.within), code, cuts)
        if query is None:
            abort(404)
        is_hidden = covered.is_hidden(session, chosen, now, code, cuts)
        sums = Sums(0, 0, 0) if is_hidden else _sums(session, query)
        why = "few" if is_hidden else refused(kind, sums.of(which))
        found = None if why else paging.page(session, _cut(query, which, paging.after(request.args.get("after"))))
        shown = found.rows if found else []
        homes = masks.homes(session, {row.village_id for row in shown if row.village_id}, now)
        return render_template(
            "rows.html", code=code, kind=kind, span=chosen, sums=sums, which=which, why=why, page=found, homes=homes,
            cuts=cuts, part=part(cuts), officer=masks.is_officer(), title=meanings.named(code), is_hidden=is_hidden,
            steps=_steps(session, kind, shown), own=_own_cases(session, kind, shown),
            tells=covered.telling(session, chosen, now, code, cuts, homes) if kind in covered.KINDS and shown else None,
            on_air=any(me().has(role) for role in ON_AIR), week_of=week_of, LEAST=LEAST, NAMES=NAMES, SEXES=SEXES,
            OUTCOMES=OUTCOMES, THEMES=THEMES, KEPT=KEPT, WAVES=WAVES, TOPICS=TOPICS, QUESTIONS=QUESTIONS, KINDS=KINDS,
            is_missed=ClubSessionStatus.MISSED,
        )  # fmt: skip


def refused(kind: str, many: int) -> str:
    """Why rows are not shown: `role`, `few`; empty: they are; pure but for the account."""
    if kind not in behind.PERSONS:
        return ""
    if not (me().has(Role.OFFICER) or me().has(Role.EVALUATION)):
        return "role"
    return "few" if 0 < many < LEAST else ""


def part(cuts: Mapping[str, str]) -> str:
    """Which part of a cut the rows are of, in words."""
    known: Mapping[str, Mapping[Any, str]] = {
        "sex": {str(sex): said for sex, said in SEXES.items()}, "wave": WAVES, "theme": THEMES, "category": KINDS,
        "kind": {str(kind): said for kind, said in CLUB_KINDS.items()} | {"": N_("sans club")},
    }  # fmt: skip
    return " · ".join(_(known[name][cut]) if cut in known.get(name, {}) else cut for name, cut in cuts.items())


def week_of(moment: Any) -> Any:
    """The Monday of the week of a moment: all that is told of when somebody answered."""
    return monday_of(local(moment, g.programme.zone).date())


def _sums(session: Session, query: Query) -> Sums:
    one = query.order_by(None).subquery()
    counted = sa.func.sum(sa.case((one.c.counted > 0, 1), else_=0))
    many, those, total = session.execute(sa.select(sa.func.count(), counted, sa.func.sum(one.c.counted))).one()
    return Sums(many, int(those or 0), float(total or 0))


def _cut(query: Query, which: str, after: int | None) -> sa.Select[*tuple[Any, ...]]:
    """The rows of one page, which start behind a key."""
    one = query.order_by(None).subquery()
    found = sa.select(one).order_by(one.c.key)
    if which != "all":
        found = found.where(one.c.counted <= 0 if which else one.c.counted > 0)
    return found if after is None else found.where(one.c.key > after)


def _steps(session: Session, kind: str, shown: Sequence[Any]) -> Mapping[int, tuple[Campaign, str]]:
    """The campaign and the step of some messages, by step."""
    if kind not in ("messages", "due") or not shown:
        return {}
    query = sa.select(Step.id, Campaign, Step.code).join(Campaign, Campaign.id == Step.campaign_id)
    found = session.execute(query.where(Step.id.in_({row.step_id for row in shown})))
    return {ident: (campaign, code) for ident, campaign, code in found}


def _own_cases(session: Session, kind: str, shown: Sequence[Any]) -> set[int]:
    """Which of some cases the account may open."""
    if kind != "cases" or not any(me().has(role) for role in docket.WHO):
        return set()
    query = sa.select(Feedback.id).join(Inbound, Inbound.id == Feedback.inbound_id)
    mine = docket.mine(g.programme.id)
    return set(session.scalars(query.where(Feedback.id.in_([row.key for row in shown]), mine)))
