"""Indicators of a period: counted family by family, with target and surveys beside them, small counts taken away."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.evaluation import suppression
from campaigns.evaluation.attendance import attendance
from campaigns.evaluation.cases import cases
from campaigns.evaluation.cost import cost
from campaigns.evaluation.counting import Ask, Count, Within, everywhere
from campaigns.evaluation.coverage import coverage
from campaigns.evaluation.definitions import DEFINITIONS, Definition
from campaigns.evaluation.delivery import delivery
from campaigns.evaluation.ladder import ladder
from campaigns.evaluation.listening import listening
from campaigns.evaluation.period import Period
from campaigns.evaluation.quality import quality
from campaigns.evaluation.quiz import quiz
from campaigns.evaluation.reach import reach
from campaigns.models import Measure, MeasureKind
from messaging.models import Programme
from messaging.models.people import Sex

Family = Callable[[Ask, Collection[str]], Iterable[Count]]  # gives the counts of these codes of the family
FAMILIES: Mapping[str, Family] = {
    "reach": reach,
    "ladder": ladder,
    "delivery": delivery,
    "cost": cost,
    "coverage": coverage,
    "attendance": attendance,
    "listening": listening,
    "cases": cases,
    "quality": quality,
    "quiz": quiz,
}


@dataclass(frozen=True)
class Figure:
    """One figure as it may be shown. Suppressed: numerator, denominator and value are None.

    `value` is in percent where the indicator is a share, else in its unit. `measures` holds the target and what surveys
    found, by their kind; only where the figure is of the whole programme, of one commune, or of one sex.
    """

    code: str
    cut: Mapping[str, Any]
    numerator: float | None
    denominator: float | None
    value: float | None
    more: Mapping[str, float] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    is_suppressed: bool = False

    @property
    def definition(self) -> Definition:
        """What it counts."""
        return DEFINITIONS[self.code]


def compute(
    session: Session,
    programme: Programme,
    period: Period,
    now: datetime,
    *,
    by: Sequence[str] = (),
    codes: Collection[str] | None = None,
    within: Within = everywhere,
) -> list[Figure]:
    """The figures of a period, in the order of the definitions and then of their cuts.

    Args:
        session: a reading session.
        programme: whose.
        period: which days.
        now: the present moment: what is still to come is not counted as missing.
        by: some of `counting.CUTS`; an indicator that cannot be cut so is left out.
        codes: these indicators alone; None: all.
        within: the condition on a column of villages, for accounts bound to places.
    """
    wanted = DEFINITIONS.keys() if codes is None else codes
    counted = {*wanted, *suppression.followed(wanted)}
    found = count(session, programme, period, now, by=by, codes=counted, within=within)
    return figures(session, programme, found, by, wanted, within)


def figures(
    session: Session,
    programme: Programme,
    counts: Iterable[Count],
    by: Sequence[str],
    codes: Collection[str],
    within: Within = everywhere,
) -> list[Figure]:
    """Counts in one cut as they may be shown; all of an indicator in this cut must be there, and what these follow."""
    # measures are of all places, or of a whole commune
    measures = _measures(session, programme) if within is everywhere else {}
    return [_figure(one, by, measures) for one in suppression.apply(counts, by) if one.count.code in codes]


def added_up(counts: Iterable[Count], by: Sequence[str], onto: Sequence[str]) -> list[Count]:
    """Counts of a finer cut put together in a coarser one; pure.

    Only for what adds up: a household lies in one commune, a phone may have been reached in two.
    """
    places = [list(by).index(name) for name in onto]
    sums: dict[tuple[str, tuple[Any, ...]], Count] = {}
    for one in counts:
        cut = tuple(one.cut[place] for place in places)
        known = sums.get((one.code, cut)) or Count(one.code, cut, 0, None if one.denominator is None else 0)
        below = None if one.denominator is None else (known.denominator or 0) + one.denominator
        sums[one.code, cut] = replace(known, numerator=known.numerator + one.numerator, denominator=below)
    return list(sums.values())


def count(
    session: Session,
    programme: Programme,
    period: Period,
    now: datetime,
    *,
    by: Sequence[str] = (),
    codes: Collection[str] | None = None,
    within: Within = everywhere,
) -> list[Count]:
    """The same as counted: nothing is suppressed. For recounts and sums; never to be shown."""
    ask = Ask(session, programme, period, now, tuple(by), within)
    wanted = [code for code in DEFINITIONS if (codes is None or code in codes) and ask.takes(code)]
    found: list[Count] = []
    for name, family in FAMILIES.items():
        of_it = [code for code in wanted if DEFINITIONS[code].family == name]
        found += family(ask, of_it) if of_it else ()
    order = {code: place for place, code in enumerate(DEFINITIONS)}
    return sorted(found, key=lambda one: (order[one.code], [(part is None, str(part)) for part in one.cut]))


def value_of(one: Count) -> float | None:
    """The value of a count: given, or a share in percent, or a mean, or the number itself; None without a ground."""
    definition = DEFINITIONS[one.code]
    if one.value is not None:
        return one.value
    if not definition.denominator:
        return one.numerator
    if not one.denominator:
        return None
    return (100 if definition.is_share else 1) * one.numerator / one.denominator


def _figure(
    one: suppression.Shown, by: Sequence[str], measures: Mapping[tuple[Any, ...], Mapping[str, float]]
) -> Figure:
    cut = dict(zip(by, one.count.cut, strict=True))
    beside = measures.get((one.count.code, cut.get("area"), cut.get("sex"))) or {}
    figure = Figure(
        one.count.code, cut, one.count.numerator, one.count.denominator, value_of(one.count), one.count.more,
        beside if set(by) <= {"area", "sex"} else {},
    )  # fmt: skip
    if one.is_suppressed:
        return replace(figure, numerator=None, denominator=None, value=None, more={}, is_suppressed=True)
    return figure


def _measures(session: Session, programme: Programme) -> dict[tuple[Any, ...], dict[str, float]]:
    """Targets and surveys by (code, commune or None, sex or None); of several of a kind the newest."""
    found: dict[tuple[Any, ...], dict[str, float]] = {}
    query = sa.select(Measure).where(Measure.programme_id == programme.id).order_by(Measure.day, Measure.id)
    for row in session.scalars(query):
        sex = None if row.sex is Sex.UNKNOWN else row.sex.value
        found.setdefault((row.indicator, row.place_id, sex), {})[row.kind.value] = row.value
    return found


__all__ = ["FAMILIES", "Figure", "MeasureKind", "added_up", "compute", "count", "figures", "value_of"]
