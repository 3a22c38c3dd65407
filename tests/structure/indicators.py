"""The page `docs/indicators.md`: what each indicator counts, from the one table of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from campaigns.evaluation import definitions
from campaigns.evaluation.definitions import DEFINITIONS, PERCENT, Definition
from campaigns.evaluation.suppression import LEAST

TABLE = Path(definitions.__file__).with_name("indicators.toml")
HEAD = f"""\
# Indicators

This page is written by `make docs` from `campaigns/evaluation/indicators.toml`. `jekulu indicators` counts them for any
days, the pages of *Results* show them, and tests count each of them again in another way.

Reach is counted three ways, by phone, through the group and by radio, which are never added up. *Sent* is not reach.
What is not known stays apart: a message without a receipt is neither delivered nor lost. Practice that a survey found
has codes of its own and is never counted from SMS.

¹ counts people as persons: fewer than {LEAST} are not shown, nor a second figure that would give them back.

## Words that all share

"""
TITLES = {
    "reach": "Reach", "ladder": "The ladder", "delivery": "Delivery", "quiz": "Quiz", "attendance": "Attendance",
    "listening": "Listening, questions, decisions", "cases": "Cases", "cost": "Cost", "quality": "Data quality",
    "coverage": "The programme beside its targets",
}  # fmt: skip


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from _terms(TABLE.read_text(encoding="utf-8"))
    families = sorted(DEFINITIONS.values(), key=lambda one: list(TITLES).index(one.family))
    for family, rows in groupby(families, lambda one: one.family):
        yield from ("", f"## {TITLES[family]}", "")
        yield "| code | name | counted | out of | in | by |"
        yield "|---|---|---|---|---|---|"
        yield from map(_row, rows)


def _row(one: Definition) -> str:
    mark = " ¹" if one.persons else ""
    unit = f"{one.unit}, {PERCENT}" if one.is_share else one.unit
    cells = (
        f"`{one.code}`{mark}", f"{one.en} · *{one.fr}*", one.numerator, one.denominator or "–", unit,
        ", ".join(one.by) or "–",
    )  # fmt: skip
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _terms(table: str) -> Iterator[str]:
    """The words at the head of the table: the first comment, its indented lines as a list."""
    head = [line.removeprefix("#").rstrip() for line in table.split("\n\n")[0].splitlines()]
    terms = [line for line in head if line.startswith("   ")]
    for term in re.split(r"\n(?=   \S)", "\n".join(terms)):
        word, meaning = re.split(r" {2,}", " ".join(term.split("\n")).strip(), maxsplit=1)
        yield f"* *{word}*: {' '.join(meaning.split())}"
    after = head[head.index(terms[-1]) + 1 :]
    yield ""
    yield from (line.strip() for line in after if not line.startswith(" `persons`"))
