"""The indicators that only a survey measures, read from `surveys.toml`; pure data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from campaigns.evaluation.definitions import PERCENT


@dataclass(frozen=True)
class Survey:
    """One indicator of surveys: its two names, the unit of its value, the sex that is asked (none: both)."""

    code: str
    fr: str
    en: str
    unit: str
    sex: str = ""

    @property
    def is_share(self) -> bool:
        """Whether the value is a share, in percent."""
        return self.unit == PERCENT


def _read() -> Mapping[str, Survey]:
    said = tomllib.loads((Path(__file__).parent / "surveys.toml").read_text(encoding="utf-8"))
    return {code: Survey(code, **row) for code, row in said.items()}


SURVEYS: Mapping[str, Survey] = _read()
