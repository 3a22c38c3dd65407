"""Attendance: sessions and who came to them, month by month, by kind of club and by commune; and the silent clubs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, g, render_template

from campaigns.admin import span
from campaigns.admin.results import SEES
from campaigns.admin.security import installation, needs
from campaigns.evaluation import indicators
from campaigns.evaluation.indicators import Figure
from messaging.clock import utc_now
from messaging.models.people import ClubKind

presence = Blueprint("presence", __name__, url_prefix="/admin/<programme>/results", template_folder="templates")
CODES = (
    "ATT-SES", "ATT-HELD", "ATT-CAN", "ATT-MEAN", "ATT-W", "ATT-JF", "ATT-JG", "ATT-48", "ATT-TOT", "ATT-WO", "CLB-ACT",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """The figures of one month, kind of club or commune, by code; `key` is its part of the cut."""

    key: str | int | None
    figures: Mapping[str, Figure]

    def __getitem__(self, code: str) -> Figure | None:
        return self.figures.get(code)

    def value(self, code: str) -> float | None:
        """The value of a figure, for a picture."""
        one = self.figures.get(code)
        return one.value if one else None

    @property
    def planned(self) -> float | None:
        """How many sessions were planned."""
        one = self.figures.get("ATT-SES")
        return one.denominator if one else None

    @property
    def held(self) -> float | None:
        """How many took place, planned or not."""
        return self.value("ATT-HELD")


@presence.get("/attendance")
@needs(*SEES)
def page() -> str:
    """Sessions planned and held, who came, and how soon it was reported."""
    now = utc_now()
    with installation().db.read() as session:
        chosen = span.here(session, now)

        def cut(*by: str) -> list[Line]:
            found = indicators.compute(
                session, g.programme, chosen.period, now, by=by, codes=CODES, within=chosen.within
            )
            return lines(found, by[0]) if by else [Line(None, {one.code: one for one in found})]

        months, kinds, areas, (whole,) = cut("month"), cut("kind"), cut("area"), cut()
    known = {line.key: line for line in months}
    order = [f"{month.since:%Y-%m}" for month in chosen.period.months()]
    by_month, names = [known.get(key) or Line(key, {}) for key in order], list(chosen.communes)
    return render_template(
        "presence.html", span=chosen, months=by_month, kinds=kinds, whole=whole, codes=CODES, first_of=first_of,
        areas=sorted((line for line in areas if line.key in names), key=lambda line: names.index(line.key)),
        planned=[line.planned for line in by_month], held=[line.held for line in by_month],
        kind_of=lambda key: ClubKind(key) if key else None,
    )  # fmt: skip


def lines(figures: list[Figure], name: str) -> list[Line]:
    """Figures that are cut by one thing, a line for each of its parts; pure."""
    found: dict[str | int | None, dict[str, Figure]] = {}
    for one in figures:
        found.setdefault(one.cut[name], {})[one.code] = one
    return [Line(key, codes) for key, codes in found.items()]


def first_of(month: str) -> date:
    """The first day of a month such as `2026-03`."""
    return date.fromisoformat(f"{month}-01")
