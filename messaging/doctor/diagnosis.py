"""What one check found: a sentence that anybody can read, and what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class State(enum.StrEnum):
    """How bad it is: well, worth a look, or SMS, data or money are at stake."""

    OK = "ok"
    WARN = "warn"
    WRONG = "wrong"


@dataclass(frozen=True)
class Diagnosis:
    """One finding of one check; what is well needs no remedy."""

    check: str
    state: State
    sentence: str
    remedy: str = ""


def fine(check: str, sentence: str) -> Diagnosis:
    """All is well."""
    return Diagnosis(check, State.OK, sentence)


def warn(check: str, sentence: str, remedy: str) -> Diagnosis:
    """Nothing is lost, but somebody should look at it."""
    return Diagnosis(check, State.WARN, sentence, remedy)


def wrong(check: str, sentence: str, remedy: str) -> Diagnosis:
    """Something does not work, or will be lost."""
    return Diagnosis(check, State.WRONG, sentence, remedy)


def size(count: float) -> str:
    """`740 kB`, `3.2 GB` of bytes."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
