"""The programme at a glance: who was reached in three ways, what needs a look, by commune, beside the targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import covered, meanings, span
from campaigns.admin.security import installation, me
from campaigns.admin.span import Span
from campaigns.admin.words import N_
from campaigns.evaluation import behind, indicators
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.definitions import DEFINITIONS
from campaigns.evaluation.indicators import Figure
from campaigns.evaluation.surveys import SURVEYS
from campaigns.models import Measure, MeasureKind
from messaging.clock import utc_now
from messaging.models import Role

results = Blueprint("results", __name__, url_prefix="/admin/<programme>", template_folder="templates")
SEES = (Role.EDITOR, Role.OFFICER, Role.APPROVER, Role.EVALUATION, Role.AUDITOR)  # figures of own places
REACH = (
    "COV-HH", "RCH-HH-PH", "RCH-HH-GR", "RCH-PH", "RCH-IND", "RCH-IND-F", "RCH-IND-M", "RCH-IND-JF",
    "RCH-IND-JG", "RCH-RAD", "ATT-SES", "ATT-W",
)  # fmt: skip
WHOLE = ("RCH-PH", "RCH-NR", "RCH-RAD-L", "ATT-48", "MSG-DR", "CLB-ACT")
ON_GRID = ("LIS-REP", "LIS-COV")  # their rows are the cells of the grid
TELLS = tuple(dict.fromkeys((*REACH, *WHOLE, behind.QUIET)))


@dataclass(frozen=True)
class Sign:
    """One thing that tells whether it goes well: a share beside its goal, and how many are missing.

    `state` is good at the goal, wait from three quarters of it on, else bad; empty: nothing was there to count.
    """

    code: str
    name: str
    missing: str  # what the rest of the whole is called
    part: float | None
    whole: float | None
    goal: float

    @property
    def percent(self) -> float | None:
        """The share."""
        return 100 * self.part / self.whole if self.part is not None and self.whole else None

    @property
    def state(self) -> str:
        """How far from the goal."""
        if self.percent is None:
            return ""
        return "good" if self.percent >= self.goal else "wait" if self.percent >= 0.75 * self.goal else "bad"


SIGNS: Sequence[tuple[str, str, str, float]] = (
    (behind.QUIET, N_("Villages en contact"), N_("sans contact"), 95),
    ("ATT-SES", N_("Séances prévues, tenues"), N_("pas tenues"), 80),
    ("ATT-48", N_("Comptes rendus en 48 heures"), N_("plus tard ou jamais"), 80),
    ("CLB-ACT", N_("Clubs actifs"), N_("sans séance depuis 30 jours"), 80),
    ("MSG-DR", N_("Messages livrés"), N_("pas livrés ou sans accusé"), 80),
    ("ATT-W", N_("Femmes aux séances"), "", 50),
)


@dataclass(frozen=True)
class Line:
    """The figures of one commune by code, and its villages: how many, and without contact."""

    commune: int | None
    name: str
    figures: Mapping[str, Figure]
    villages: int = 0
    quiet: int = 0

    def __getitem__(self, code: str) -> Figure | None:
        return self.figures.get(code)

    @property
    def target(self) -> float | None:
        """The target of households, where there is one."""
        return self.beside("COV-HH").get("target")

    def beside(self, code: str) -> Mapping[str, float]:
        """Target and surveys of an indicator."""
        one = self.figures.get(code)
        return one.measures if one else {}


@results.get("/results")
def summary() -> str | Response:
    """Whether the days went well, at a glance; who sees no figures of places gets the weeks."""
    if not any(me().has(role) for role in SEES):
        return redirect(url_for("weeks.page"), 303)
    now = utc_now()
    with installation().db.read() as session:
        chosen = span.here(session, now)
        whole, lines = board(session, chosen, now)
        return render_template(
            "results.html", span=chosen, whole=whole, lines=lines, signs=signs(whole), tells=TELLS,
            aims=_aims(session, chosen, now), surveys=_surveys(session), SURVEYS=SURVEYS, QUIET=behind.QUIET,
        )  # fmt: skip


def board(session: Session, chosen: Span, now: datetime) -> tuple[Line, list[Line]]:
    """The whole, and each commune of the chosen place."""
    ask = Ask(session, g.programme, chosen.period, now, within=chosen.within)
    by, within = ("area",), covered.own() if chosen.commune is None else chosen.within
    counts = indicators.count(session, g.programme, chosen.period, now, by=by, codes=REACH, within=within)
    cut = indicators.figures(session, g.programme, counts, by, REACH, covered.own())
    added = indicators.added_up((one for one in counts if one.code not in WHOLE), by, ())
    whole = indicators.figures(session, g.programme, added, (), REACH, within) + indicators.compute(
        session, g.programme, chosen.period, now, codes=WHOLE, within=chosen.within
    )
    by_area: dict[int | None, dict[str, Figure]] = {}
    for one in cut:
        by_area.setdefault(one.cut["area"], {})[one.code] = one
    villages = _villages(ask)
    shown = {chosen.commune: chosen.place} if chosen.commune is not None else chosen.communes
    lines = [Line(ident, name, by_area.get(ident, {}), *villages.get(ident, (0, 0))) for ident, name in shown.items()]
    all_of_them = [sum(sums) for sums in zip(*villages.values(), strict=True)] or [0, 0]
    return Line(None, "", {one.code: one for one in whole}, *all_of_them), lines


def signs(whole: Line) -> list[Sign]:
    """What tells whether it goes well; pure."""
    found = []
    for code, name, missing, goal in SIGNS:
        if code == behind.QUIET:
            found.append(Sign(code, name, missing, whole.villages - whole.quiet, whole.villages, goal))
        elif one := whole[code]:
            goal = one.measures.get("target", goal)
            found.append(Sign(code, name, missing, one.numerator, one.denominator, goal))
    return found


def _villages(ask: Ask) -> dict[int | None, tuple[int, int]]:
    """How many villages a commune has, and how many of them without contact."""
    query = behind.rows(ask, behind.QUIET)
    assert query is not None
    rows = query.order_by(None).subquery()
    area = ask.area_of(rows.c.village_id).label("area")
    sums = sa.select(area, sa.func.count(), sa.func.sum(rows.c.counted)).group_by(area)
    return {ident: (many, int(quiet)) for ident, many, quiet in ask.session.execute(sums)}


def _aims(session: Session, chosen: Span, now: datetime) -> list[Figure]:
    """The figures that a target or a survey stands beside, of the whole or of the commune."""
    query = sa.select(Measure.indicator).where(Measure.programme_id == g.programme.id).distinct()
    codes = {code for code in session.scalars(query) if code in DEFINITIONS}
    if not codes:
        return []
    if chosen.commune is None:
        found = covered.figures(session, chosen, now, codes)
    else:  # of all own communes, so that what must be hidden beside the others is hidden
        of_all = indicators.compute(
            session, g.programme, chosen.period, now, by=("area",), codes=codes, within=covered.own()
        )  # fmt: skip
        found = [one for one in of_all if one.cut["area"] == chosen.commune]
    return [one for one in found if one.measures]


def _surveys(session: Session) -> list[tuple[str, dict[MeasureKind, Measure]]]:
    """What surveys alone tell, such as what women ate: never counted from SMS; the newest of each kind."""
    query = sa.select(Measure).where(
        Measure.programme_id == g.programme.id, Measure.indicator.not_in(list(DEFINITIONS)), Measure.place_id.is_(None)
    )
    found: dict[str, dict[MeasureKind, Measure]] = {}
    for row in session.scalars(query.order_by(Measure.indicator, Measure.day, Measure.id)):
        found.setdefault(row.indicator, {})[row.kind] = row
    return list(found.items())


@results.app_template_global()
def behind_it(one: Figure, chosen: Span, which: str | None = None) -> str | None:
    """The address of what a figure was counted from; None: it is not opened, or is no sum of rows.

    `which` of the rows: those counted, `rest` or `all` that may be counted.
    """
    cut, where = dict(one.cut), chosen.where
    if one.is_suppressed:
        return None
    if month := cut.pop("month", None):
        where = next(chosen.of(part) for part in chosen.period.months() if f"{part.since:%Y-%m}" == month)
    if "area" in cut:
        where["commune"] = cut.pop("area") or chosen.commune
    if one.code in ON_GRID:
        return url_for("grid.page", month=f"{chosen.period.last:%Y-%m}", commune=where["commune"])
    found = behind.BEHIND.get(one.code)
    if found is None or not set(found.needs) <= set(cut) <= set(behind.NARROWED):
        return None
    told = {"code": one.code, **where, **{name: part or "" for name, part in cut.items()}, "which": which}
    return url_for("rows.page", **told)


@results.app_template_filter()
def values_of(lines: Iterable[Any], code: str) -> list[float | None]:
    """The values of an indicator, line by line, for a picture."""
    return [line.value(code) for line in lines]


results.add_app_template_global(meanings.meaning)
results.add_app_template_global(meanings.named)
results.add_app_template_filter(meanings.rounded)
