"""The indicators of a period on the command line: as words, or as JSON for whoever counts on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from campaigns.cli.campaign import programme_option
from campaigns.evaluation import areas
from campaigns.evaluation.areas import Area
from campaigns.evaluation.definitions import DEFINITIONS, PERCENT, Definition
from campaigns.evaluation.indicators import Figure, compute
from campaigns.evaluation.period import Period, parse
from campaigns.evaluation.suppression import LEAST
from messaging.cli.frame import command_errors, emit, json_option, moment, now_option, opened
from messaging.errors import DataError
from messaging.programmes import only

SMALL = f"<{LEAST}"
Areas = Mapping[int, Area]


@click.command()
@click.option("--from", "since", required=True, metavar="DATE", help="The first day.")
@click.option("--to", "until", required=True, metavar="DATE", help="The last day, included.")
@click.option("--by", "cuts", default="", metavar="CUTS", help="Cut them by these, such as area,month,sex.")
@click.option("--code", "codes", multiple=True, metavar="CODES", help="These alone, such as RCH-PH,MSG-DR.")
@programme_option
@now_option
@json_option
@command_errors
def indicators(
    since: str, until: str, cuts: str, codes: tuple[str, ...], programme_code: str | None, now: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Count the indicators of a period, with their targets; docs/indicators.md says what each of them counts."""
    by, wanted = _listed([cuts]), _listed(codes)
    _check(by, wanted)
    with opened() as here:
        at = moment(here, now)
        with here.db.read() as session:
            programme = only(session, programme_code)
            period = parse(since, until, programme.zone)
            figures = compute(session, programme, period, at, by=by, codes=wanted or None)
            known = areas.communes(session, programme, period.last) if "area" in by else {}
            head = {"programme": programme.code, "demonstration": programme.demonstration}
    values = {
        **head, "from": period.since.isoformat(), "to": period.last.isoformat(), "by": by,
        "figures": [_as_json(one, known) for one in figures],
    }  # fmt: skip
    emit(values, as_json, "\n".join(_told(period, figures, known)))


def _listed(said: Iterable[str]) -> list[str]:
    """Words between commas, of one option or of several; each once."""
    words = (word.strip() for one in said for word in one.split(","))
    return list(dict.fromkeys(word for word in words if word))


def _check(by: Sequence[str], codes: Sequence[str]) -> None:
    """Refuse what is not known, and what cannot be cut so.

    Raises:
        DataError: names what is wrong and lists what there is.
    """
    cuts = list(dict.fromkeys(cut for definition in DEFINITIONS.values() for cut in definition.by))
    for cut in by:
        if cut not in cuts:
            raise DataError(f"--by « {cut} »: indicators are not cut so. There is: {', '.join(cuts)}.")
    for code in codes:
        if code not in DEFINITIONS:
            raise DataError(f"--code « {code} »: there is no such indicator. There is: {', '.join(DEFINITIONS)}.")
        if not set(by) <= set(DEFINITIONS[code].by):
            ways = ", ".join(DEFINITIONS[code].by) or "nothing"
            raise DataError(f"{code} cannot be cut by {', '.join(by)}. It can be by: {ways}.")
    if not any(set(by) <= set(definition.by) for definition in DEFINITIONS.values()):
        raise DataError(f"No indicator can be cut by {', '.join(by)} at once. Leave one of them out.")


def _as_json(one: Figure, known: Areas) -> dict[str, Any]:
    """A figure as `--json` prints it; what is suppressed is null, and said to be so."""
    definition = one.definition
    return {
        "code": one.code, "fr": definition.fr, "en": definition.en, "unit": _unit(definition),
        "cut": {name: _part(name, part, known) for name, part in one.cut.items()},
        "numerator": one.numerator, "denominator": one.denominator, "value": one.value, **one.more,
        "suppressed": one.is_suppressed, **one.measures,
    }  # fmt: skip


def _part(name: str, part: Any, known: Areas) -> Any:
    if name != "area" or part is None:
        return part
    area = known.get(part, Area(part))
    return {"id": part, "commune": area.commune, "code": area.commune_code, "cercle": area.cercle}


def _unit(definition: Definition) -> str:
    return PERCENT if definition.is_share else definition.unit


def _told(period: Period, figures: Sequence[Figure], known: Areas) -> Iterator[str]:
    """A line a figure, those of one indicator below its name."""
    yield f"From {period.since} to {period.last}"
    code = ""
    for one in figures:
        if one.code != code:
            code = one.code
            yield "" if one.cut else f"{code:<10} {one.definition.en}: {_said(one)}"
            if one.cut:
                yield f"{code:<10} {one.definition.en}"
        if one.cut:
            yield f"  {_cell(one, known):<40} {_said(one)}"


def _cell(one: Figure, known: Areas) -> str:
    parts = ((name, part, known.get(part) if name == "area" else None) for name, part in one.cut.items())
    return ", ".join(area.commune if area else f"{'unknown' if part is None else part}" for _name, part, area in parts)


def _said(one: Figure) -> str:
    """Its value with what it was made of, or that it is too small to be told; then its target and surveys."""
    beside = "".join(f"  {name} {_number(value)}" for name, value in one.measures.items())
    if one.is_suppressed:
        return SMALL + beside
    value = "-" if one.value is None else f"{_number(one.value)} {_unit(one.definition)}"
    made_of = "" if one.denominator is None else f" ({_number(one.numerator)} of {_number(one.denominator)})"
    interval = f" [{_number(one.more['low'])} to {_number(one.more['high'])}]" if "low" in one.more else ""
    return value + interval + made_of + beside


def _number(value: float | None) -> str:
    """Whole where it is whole, else with one digit."""
    return "-" if value is None else f"{value:.0f}" if value == int(value) else f"{value:.1f}"
