"""What must not be told of single persons on a page of results because fewer than five of them stand behind it.

A page of one commune, and the rows behind a figure, hide what the table of all communes hides: else the two side by
side would give a small count back.

Source: the page on evaluation, 1, point 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import g
from sqlalchemy.orm import Session

from campaigns.admin.masks import Home
from campaigns.admin.security import me
from campaigns.admin.span import Span
from campaigns.evaluation import indicators
from campaigns.evaluation.counting import Within, everywhere
from campaigns.evaluation.definitions import DEFINITIONS
from campaigns.evaluation.indicators import Figure

KINDS = ("answers", "asked", "scores", "gains", "cases")  # rows of which a part may have to stay untold
PARTS = ("quiz", "wave", "question", "category")  # what such a row tells of itself, beside its commune
Telling = Callable[[Any], tuple[bool, bool]]


def figures(
    session: Session, chosen: Span, now: datetime, codes: Iterable[str], by: tuple[str, ...] = ()
) -> list[Figure]:
    """The figures of the chosen days and place; of one commune, with what the table of all communes hides hidden."""
    found = indicators.compute(
        session, g.programme, chosen.period, now, by=by, codes=tuple(codes), within=chosen.within
    )  # fmt: skip
    return hide(session, chosen, now, found, by)


def hide(session: Session, chosen: Span, now: datetime, found: Iterable[Figure], by: tuple[str, ...]) -> list[Figure]:
    """Figures of one commune without those that are hidden in the table of all."""
    told = list(found)
    guarded = {one.code for one in told if _has_area(one.code)}
    if chosen.commune is None or not guarded or "area" in by:
        return told
    beside = indicators.compute(
        session, g.programme, chosen.period, now, by=("area", *by), codes=guarded, within=own()
    )  # fmt: skip
    hidden = {_key(one): one for one in beside if one.is_suppressed and one.cut["area"] == chosen.commune}
    kept = [replace(hidden[_key(one)], cut=one.cut) if _key(one) in hidden else one for one in told]
    more = hidden.keys() - {_key(one) for one in told}
    return [*kept, *(replace(one, cut=_part(one.cut)) for key, one in hidden.items() if key in more)]


def is_hidden(session: Session, chosen: Span, now: datetime, code: str, cuts: Mapping[str, str]) -> bool:
    """Whether the figure of these rows counts persons and is not shown."""
    if code not in DEFINITIONS or not DEFINITIONS[code].persons:
        return False
    found = figures(session, chosen, now, (code,), tuple(cuts))
    return not any(_is_of(one.cut, cuts) and not one.is_suppressed for one in found)


def telling(
    session: Session, chosen: Span, now: datetime, code: str, cuts: Mapping[str, str], homes: Mapping[int, Home]
) -> Telling:
    """Says of a row whether its commune may be told, and whether its question or category may.

    They may where the figure of just this part is shown.
    """
    by = DEFINITIONS[code].by
    parts = tuple(name for name in PARTS if name in by)
    names = tuple(dict.fromkeys((*(name for name in cuts if name in by), *parts)))
    near = _open(session, chosen, now, code, ("area", *names)) if "area" in by else set()
    far = _open(session, chosen, now, code, names)

    def tells(row: Any) -> tuple[bool, bool]:
        home = homes.get(row.village_id)
        part = tuple(cuts.get(name, getattr(row, name, None)) for name in names)
        return home is not None and (home.commune_id, *part) in near, part in far

    return tells


def _open(session: Session, chosen: Span, now: datetime, code: str, by: tuple[str, ...]) -> set[tuple[Any, ...]]:
    """The cells of a cut that are shown; of all communes, so that those of one are judged beside the others."""
    within = own() if "area" in by else chosen.within
    found = indicators.compute(session, g.programme, chosen.period, now, by=by, codes=(code,), within=within)
    shown = found if "area" in by else hide(session, chosen, now, found, by)
    return {tuple(one.cut[name] for name in by) for one in shown if not one.is_suppressed}


def own() -> Within:
    """Own places, whichever commune is chosen."""
    return everywhere if me().villages is None else me().within


def _has_area(code: str) -> bool:
    return DEFINITIONS[code].persons and "area" in DEFINITIONS[code].by


def _is_of(cut: Mapping[str, Any], cuts: Mapping[str, str]) -> bool:
    return all((cut[name] or "") == part for name, part in cuts.items())


def _key(one: Figure) -> tuple[Any, ...]:
    return one.code, tuple(sorted(_part(one.cut).items()))


def _part(cut: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in cut.items() if name != "area"}
