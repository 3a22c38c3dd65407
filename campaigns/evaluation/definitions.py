"""The one table of indicators, read from `indicators.toml`; pure data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PERCENT = "%"
AMOUNTS = ("points", "days", "hours")  # units of a value that is not a share


@dataclass(frozen=True)
class Definition:
    """One indicator: its two names, the unit of what is counted, what exactly is counted, how it can be cut.

    Without a denominator the numerator is the value. `persons`: people are counted as persons, so that counts under 5
    are not shown.
    """

    code: str
    fr: str
    en: str
    unit: str
    family: str
    numerator: str
    denominator: str = ""
    by: tuple[str, ...] = ()
    persons: bool = False

    @property
    def is_share(self) -> bool:
        """Whether the value is a share, shown in percent; else it is a number of its unit, or a mean."""
        return bool(self.denominator) and self.code not in MEANS and self.unit not in AMOUNTS


MEANS = ("ATT-MEAN", "CST-REACH", "CST-IND", "CST-QUIZ", "CST-SES", "CST-SEG", "CFM-RATE")  # numerator ÷ denominator


@cache
def _read() -> Mapping[str, Definition]:
    said = tomllib.loads((Path(__file__).parent / "indicators.toml").read_text(encoding="utf-8"))
    return {code: Definition(code, **{**row, "by": tuple(row["by"])}) for code, row in said.items()}


DEFINITIONS: Mapping[str, Definition] = _read()
