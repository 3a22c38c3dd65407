"""The shipped campaigns and the facts they rest on, as files; reads no definition itself."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
FACTS = HERE / "facts.yaml"


def files() -> list[Path]:
    """The campaign files that come with the programme, by name."""
    return sorted(path for path in HERE.glob("*.yaml") if path != FACTS)
