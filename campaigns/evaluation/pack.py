"""What a donor is shown of a period: the figures of a programme in the order of a report; draws and writes nothing.

Every count of persons went through `suppression`; nothing is estimated but what is called an estimate.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import scores
from campaigns.evaluation import areas, indicators, knowledge, logframe, money
from campaigns.evaluation.areas import Area
from campaigns.evaluation.definitions import DEFINITIONS
from campaigns.evaluation.indicators import Figure
from campaigns.evaluation.knowledge import Comparison
from campaigns.evaluation.period import Period
from campaigns.evaluation.surveys import SURVEYS
from campaigns.models import Campaign, Measure, MeasureKind
from messaging.models import Programme

AIMS = ("COV-HH", "COV-F", "COV-M", "COV-W", "COV-VIL", "COV-APFLS", "COV-COOP", "COV-ADV", "RCH-HH")
BY_COMMUNE = ("COV-HH", "RCH-HH-PH", "RCH-HH-GR", "RCH-PH", "RCH-IND", "ATT-HELD", "ATT-W", "LIS-COV")
BY_MONTH = ("RCH-PH", "RCH-HH", "RCH-IND", "MSG-DR", "MSG-NR", "ATT-SES", "ATT-HELD", "ATT-MEAN", "ATT-W", "ATT-48")
BY_SEX = ("LAD-1", "LAD-2", "LAD-4", "LAD-5", "ATT-MEAN", "QUI-OK", "QUI-DK", "QUI-PASS")
BY_HOUSEHOLD = ("RCH-HH", "RCH-HH-PH", "RCH-HH-GR")  # by sex of the head, and by wealth group


@dataclass(frozen=True)
class Line:
    """The figures of one month, commune, sex or the like, by code; `key` is its part of the cut."""

    key: Any
    figures: Mapping[str, Figure]

    def __getitem__(self, code: str) -> Figure | None:
        return self.figures.get(code)

    def value(self, code: str) -> float | None:
        """The value of a figure; None: not counted, or not shown."""
        one = self.figures.get(code)
        return one.value if one else None


@dataclass(frozen=True)
class Survey:
    """What surveys found of an indicator that is never counted from SMS, by round, and its target."""

    code: str
    sex: str
    rounds: Mapping[MeasureKind, Measure]


@dataclass(frozen=True)
class Pack:
    """All that the page of a donor holds; `whole` is by code."""

    programme: Programme
    period: Period
    made_at: datetime
    whole: Mapping[str, Figure]
    months: Sequence[Line]
    communes: Sequence[tuple[Area, Line]]
    sexes: Sequence[Line]
    heads: Sequence[Line]
    bands: Sequence[Line]
    pillars: Sequence[Line]
    themes: Sequence[Line]
    categories: Sequence[Line]
    quizzes: Sequence[tuple[Campaign, Comparison]]
    surveys: Sequence[Survey]
    money: Sequence[money.Row]
    logframe: Mapping[str, str]

    def __getitem__(self, code: str) -> Figure | None:
        return self.whole.get(code)

    @property
    def aims(self) -> list[Figure]:
        """The figures that have a target, as they stand in the table of definitions."""
        return [one for one in self.whole.values() if "target" in one.measures]


def gather(session: Session, programme: Programme, period: Period, now: datetime) -> Pack:
    """Read all of it; the cost grows with what happened in the period.

    Args:
        session: a reading session.
        programme: whose.
        period: which days.
        now: the present moment.
    """

    def cut(by: str, codes: Collection[str]) -> list[Line]:
        found = indicators.compute(session, programme, period, now, by=(by,), codes=codes)
        return lines(found, by)

    whole = indicators.compute(session, programme, period, now)
    map_of_day = areas.communes(session, programme, period.last)
    return Pack(
        programme, period, now, {one.code: one for one in whole}, cut("month", BY_MONTH),
        [(map_of_day[one.key], one) for one in cut("area", BY_COMMUNE) if one.key in map_of_day], cut("sex", BY_SEX),
        cut("head", BY_HOUSEHOLD), cut("hea", BY_HOUSEHOLD), cut("pillar", ("RCH-HH-PH", "MSG-DR")),
        cut("theme", ("DEC-KEPT",)), cut("category", ("CFM-RATE", "CFM-ACK", "CFM-CLOSE")),
        quizzes(session, programme, period, now), surveys(session, programme),
        money.sheet(session, programme, period), logframe.read(session, programme),
    )  # fmt: skip


def lines(found: Sequence[Figure], by: str) -> list[Line]:
    """Figures of one cut, a line for each of its parts; what is not known stands last."""
    parts: dict[Any, dict[str, Figure]] = {}
    for one in found:
        parts.setdefault(one.cut[by], {})[one.code] = one
    return [Line(key, parts[key]) for key in sorted(parts, key=lambda key: (key is None, str(key)))]


def quizzes(session: Session, programme: Programme, period: Period, now: datetime) -> list[tuple[Campaign, Comparison]]:
    """The campaigns with a question that was answered in the period, each with its waves compared."""
    answered = indicators.compute(session, programme, period, now, by=("quiz",), codes=("QUI-OK", "QUI-DK"))
    codes = {one.cut["quiz"] for one in answered}
    rows = session.scalars(
        sa.select(Campaign)
        .where(Campaign.programme_id == programme.id, Campaign.code.in_(codes))
        .order_by(Campaign.code)
    )
    compared = [(row, knowledge.compare(session, programme, row.code, period, now)) for row in rows]
    return sorted(compared, key=lambda pair: not {"pre", "post"} <= set(pair[1].waves))  # what can be compared is first


def surveys(session: Session, programme: Programme) -> list[Survey]:
    """What surveys found in the whole programme, by indicator and sex: the newest of each round."""
    query = sa.select(Measure).where(
        Measure.programme_id == programme.id, Measure.indicator.not_in(list(DEFINITIONS)), Measure.place_id.is_(None)
    )
    found: dict[tuple[str, str], dict[MeasureKind, Measure]] = {}
    for row in session.scalars(query.order_by(Measure.indicator, Measure.sex, Measure.day, Measure.id)):
        found.setdefault((row.indicator, row.sex.value), {})[row.kind] = row
    return [Survey(code, sex, rounds) for (code, sex), rounds in found.items() if code in SURVEYS]


WAVES = scores.WAVES
