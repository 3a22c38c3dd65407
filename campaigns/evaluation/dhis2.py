"""Monthly values of communes as DHIS2 takes them (`dataValueSets`); sends nothing.

Source: the page on evaluation, section 5. Values are strings. What is suppressed is left out, never sent as 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.evaluation import areas, indicators
from campaigns.evaluation.areas import Area
from campaigns.evaluation.indicators import Figure
from campaigns.evaluation.period import Period
from campaigns.models import DhisCode
from messaging.clock import local
from messaging.errors import DataError
from messaging.models import Programme

MONTHLY = "monthly"  # our name of the data set
OF = ":of"  # after the code of an indicator: what it is a share of
DEMONSTRATION = "DEMONSTRATION"  # the comment beside every value of invented people
NOT_WANTED = "-"  # as their code: this instance has no place for it


@dataclass(frozen=True)
class Value:
    """One kind of value: an indicator, cut beside the commune; our combination joins its cut and `last`."""

    code: str
    cut: tuple[str, ...] = ()
    is_below: bool = False  # the denominator
    last: str = ""

    @property
    def element(self) -> str:
        """Our name of the data element."""
        return self.code + (OF if self.is_below else "")

    def combo(self, figure: Figure) -> str:
        """Our name of the category option combination, such as `apfls_f`; empty: the instance's own default."""
        parts = [str(figure.cut[name] or "none") for name in self.cut]
        return "_".join([*parts, self.last] if self.last else parts)

    def number(self, figure: Figure) -> float | None:
        """The number that is sent; None: it is not shown."""
        return figure.denominator if self.is_below else figure.numerator


VALUES = (
    Value("ATT-SES", ("kind",), is_below=True),
    Value("ATT-HELD", ("kind",)),
    Value("ATT-MEAN", ("kind", "sex")),
    Value("ATT-JF", ("kind",), last="jf"),
    Value("ATT-JG", ("kind",), last="jg"),
    Value("QUI-OK", ("sex",), is_below=True),
    Value("QUI-OK", ("sex",)),
    Value("QUI-DK", ("sex",)),
    Value("MSG-DR", ("language",), is_below=True),
    Value("MSG-DR", ("language",)),
    Value("RCH-PH"),
    Value("RCH-HH"),
)


@dataclass
class Codes:
    """What an instance calls our words; what it has no word for is gathered, so that all is told at once."""

    theirs: Mapping[tuple[str, str], str]

    def __post_init__(self) -> None:
        """Nothing is missing yet."""
        self.missing: dict[tuple[str, str], None] = {}

    def of(self, what: str, ours: str) -> str:
        """Their code; empty and remembered when there is none."""
        if (what, ours) not in self.theirs:
            self.missing[what, ours] = None
        return self.theirs.get((what, ours), "")


def value_sets(session: Session, programme: Programme, period: Period, now: datetime) -> list[dict[str, Any]]:
    """One value set for each commune and month in which something is known, as JSON takes it.

    Args:
        session: a reading session.
        programme: whose.
        period: whole calendar months.
        now: the present moment; a month that is not over is sent without the day of its completion.

    Raises:
        DataError: the period cuts a month, or codes of the instance are missing; all of them are named.
    """
    months = list(period.months())
    if period.since.day != 1 or period.until.day != 1:
        raise DataError(
            f"DHIS2 takes whole months: {period.since} to {period.last} cuts one. Begin on the 1st and end on the "
            "last day of a month."
        )
    codes = codes_of(session, programme)
    found = [one for month in months for one in _of_month(session, programme, month, now, codes)]
    if codes.missing:
        raise DataError(_missing(codes.missing))
    return found


def codes_of(session: Session, programme: Programme) -> Codes:
    """The mapping table of a programme."""
    query = sa.select(DhisCode.what, DhisCode.ours, DhisCode.theirs).where(DhisCode.programme_id == programme.id)
    return Codes({(what, ours): theirs for what, ours, theirs in session.execute(query)})


def month_of(day: date) -> str:
    """The month of a day as DHIS2 writes it: `202603`."""
    return f"{day:%Y%m}"


def week_of(day: date) -> str:
    """The ISO week of a day as DHIS2 writes it, without a leading zero: `2026W9`."""
    year, week, _ = day.isocalendar()
    return f"{year}W{week}"


def _of_month(
    session: Session, programme: Programme, month: Period, now: datetime, codes: Codes
) -> Iterator[dict[str, Any]]:
    communes = areas.communes(session, programme, month.last)
    rows: dict[int, list[dict[str, str]]] = defaultdict(list)
    for value, figure in _figures(session, programme, month, now):
        if figure.cut["area"] in communes:
            rows[figure.cut["area"]] += _data_value(value, figure, codes, programme.demonstration)
    today = local(now, programme.zone).date()
    head = {"completeDate": today.isoformat()} if month.until <= today else {}
    for ident, values in rows.items():
        unit, of = codes.of("org_unit", _unit(communes[ident])), codes.of("data_set", MONTHLY)
        if values and unit != NOT_WANTED:
            yield {"dataSet": of, **head, "period": month_of(month.since), "orgUnit": unit, "dataValues": values}


def _figures(session: Session, programme: Programme, month: Period, now: datetime) -> Iterator[tuple[Value, Figure]]:
    """Every figure that may be shown, commune by commune, in the order of `VALUES`."""
    told: dict[tuple[str, ...], list[Figure]] = {}
    for cut in dict.fromkeys(value.cut for value in VALUES):
        wanted = {value.code for value in VALUES if value.cut == cut}
        told[cut] = indicators.compute(session, programme, month, now, by=("area", *cut), codes=wanted)
    for value in VALUES:
        for figure in told[value.cut]:
            if figure.code == value.code and value.number(figure) is not None:
                yield value, figure


def _data_value(value: Value, figure: Figure, codes: Codes, is_invented: bool) -> Iterable[dict[str, str]]:
    element = codes.of("element", value.element)
    if element == NOT_WANTED:
        return []
    ours = value.combo(figure)
    combo = codes.of("combo", ours) if ours else ""
    if combo == NOT_WANTED:
        return []
    said = {"dataElement": element, "categoryOptionCombo": combo, "value": f"{value.number(figure):.0f}"}
    said |= {"comment": DEMONSTRATION} if is_invented else {}
    return [{name: word for name, word in said.items() if word}]


def _unit(area: Area) -> str:
    """Our name of an organisation unit: the code of the commune in the programme's scheme, else its name."""
    return area.commune_code or area.commune.replace(" ", "_")


def _missing(pairs: Iterable[tuple[str, str]]) -> str:
    said = "; ".join(f"{what} {ours}" for what, ours in sorted(pairs))
    return (
        f"DHIS2 has no code yet for: {said}. Write each as a line what;ours;theirs of a sheet "
        f"(theirs « {NOT_WANTED} »: not wanted) and load it: jekulu import dhis2 FILE"
    )
