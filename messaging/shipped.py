"""The languages that come with the program, as rows of `languages.toml`; needs no database."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def shipped() -> tuple[dict[str, str], ...]:
    """The rows of `languages.toml`."""
    text = (Path(__file__).parent / "languages.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["language"])


@cache
def dogon() -> frozenset[str]:
    """The codes of the Dogon languages."""
    return frozenset(row["code"] for row in shipped() if row["family"] == "dogon")
