"""The sentence of every problem, in French and English, read from `sentences.toml`; knows no rule."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Sentence:
    """What staff read: French first; the braces are filled by the finding."""

    level: Literal["error", "warning"]
    fr: str
    en: str


def load() -> dict[str, Sentence]:
    """Every sentence by its key."""
    rows = tomllib.loads((Path(__file__).parent / "sentences.toml").read_text(encoding="utf-8"))
    return {key: Sentence(row.get("level", "error"), row["fr"], row["en"]) for key, row in rows.items()}


SENTENCES = load()
