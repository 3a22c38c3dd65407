"""Table 10: every indicator in one long table, and what surveys found beside them with a source of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import indicators
from campaigns.evaluation.areas import Area
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.definitions import DEFINITIONS, PERCENT
from campaigns.evaluation.indicators import Figure
from campaigns.evaluation.period import Period
from campaigns.evaluation.surveys import SURVEYS
from campaigns.evaluation.tables.placed import Communes
from campaigns.evaluation.tables.table import Cell, Column, Row, Table
from campaigns.models import Measure, MeasureKind
from messaging.models.people import Sex

CUTS: tuple[tuple[str, ...], ...] = ((), ("area",), ("area", "sex"), ("area", "month"))  # each as far as it can be cut
SOURCE = "monitoring"
SUPPRESSED = "empty: fewer than 5 persons, or beside such a count"
COLUMNS = (
    Column("adm3_code", "#adm3+code", "Code : commune", "Code of the commune",
           "empty: the whole programme; a commune without a code is left out"),
    Column("period_start", "#date+start", "Début", "Start"),
    Column("period_end", "#date+end", "Fin", "End", "the last day"),
    Column("indicator_code", "#indicator+code", "Indicateur", "Indicator"),
    Column("indicator_name", "#indicator+name", "Nom", "Name"),
    Column("sex", "#indicator+gender", "Sexe", "Sex", "f, m or unknown; empty: everybody"),
    Column("numerator", "#indicator+numerator+num", "Numérateur", "Numerator", SUPPRESSED),
    Column("denominator", "#indicator+denominator+num", "Dénominateur", "Denominator", SUPPRESSED),
    Column("value", "#indicator+value+num", "Valeur", "Value", SUPPRESSED),
    Column("unit", "#indicator+unit", "Unité", "Unit", "of the value"),
    Column("target", "#indicator+target+num", "Cible", "Target"),
    Column("baseline", "#indicator+baseline+num", "Référence", "Baseline"),
    Column("source", "#meta+source", "Source", "Source", f"{SOURCE}: counted by us; else the survey"),
)  # fmt: skip


def rows(ask: Ask) -> Iterator[Row]:
    """The indicators of the whole, then by commune, by commune and sex, by commune and month; last the surveys."""
    communes = Communes(ask)
    for by in CUTS:
        for figure in indicators.compute(
            ask.session, ask.programme, ask.period, ask.now, by=by, within=ask.within
        ):  # fmt: skip
            area = communes.of(figure.cut.get("area"))
            if "area" not in by or area.commune_code:
                yield _row(ask.period, area, figure)
    if ask.is_everywhere:
        yield from _surveys(ask, communes)


def _row(period: Period, area: Area, figure: Figure) -> Row:
    month, definition = figure.cut.get("month"), figure.definition
    span = next(one for one in period.months() if f"{one.since:%Y-%m}" == month) if month else period
    return (
        area.commune_code, span.since.isoformat(), span.last.isoformat(), figure.code, definition.en,
        figure.cut.get("sex") or "", _plain(figure.numerator), _plain(figure.denominator), _plain(figure.value),
        PERCENT if definition.is_share else definition.unit, *_beside(figure.measures), SOURCE,
    )  # fmt: skip


def _surveys(ask: Ask, communes: Communes) -> Iterator[Row]:
    """What surveys found until the end of the period, the oldest first."""
    found = list(
        ask.session.scalars(
            sa.select(Measure)
            .where(Measure.programme_id == ask.programme.id)
            .where(sa.or_(Measure.day.is_(None), Measure.day < ask.period.until, Measure.kind == MeasureKind.TARGET))
            .order_by(Measure.indicator, Measure.day, Measure.id)
        )
    )
    beside: dict[Any, dict[str, float]] = {}
    for one in found:
        beside.setdefault(_of(one), {})[one.kind.value] = one.value
    for one in found:
        code = communes.of(one.place_id).commune_code
        if one.kind is MeasureKind.TARGET or (one.place_id is not None and not code):
            continue
        day = one.day.isoformat() if one.day else ""
        yield (
            code, day, day, one.indicator, _name(one.indicator), "" if one.sex is Sex.UNKNOWN else one.sex.value,
            _plain(one.numerator), _plain(one.denominator), _plain(one.value), _unit(one.indicator),
            *_beside(beside[_of(one)]), one.source or one.kind.value,
        )  # fmt: skip


def _of(one: Measure) -> tuple[Any, ...]:
    return one.indicator, one.place_id, one.sex


def _beside(measures: Mapping[str, float]) -> tuple[Cell, Cell]:
    return _plain(measures.get(MeasureKind.TARGET.value)), _plain(measures.get(MeasureKind.BASELINE.value))


def _name(code: str) -> str:
    known = SURVEYS.get(code) or DEFINITIONS.get(code)
    return known.en if known else code


def _unit(code: str) -> str:
    if code in SURVEYS:
        return SURVEYS[code].unit
    known = DEFINITIONS.get(code)
    return "" if known is None else PERCENT if known.is_share else known.unit


def _plain(number: float | None) -> Cell:
    """A number as it is written: whole where it is, else with one digit behind the point."""
    if number is None:
        return None
    return int(number) if float(number).is_integer() else round(float(number), 1)


INDICATORS = Table(
    "10_indicators_long", "Indicateurs", "Indicators", "one indicator, period, place and sex", COLUMNS, rows
)  # fmt: skip
