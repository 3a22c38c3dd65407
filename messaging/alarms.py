"""Alarms: what is wrong with the post itself, raised once, told to those on duty, cleared when it is over."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy.orm import Session


class Kind(enum.StrEnum):
    """What those on duty are told of."""

    PAUSED = "paused"  # a gateway rests
    BUDGET = "budget"  # 80 % of a programme's month
    SILENT = "silent"  # no sign of the engine
    UNKNOWN = "unknown"  # more than 1 % of an hour's attempts at a gateway have an unknown outcome
    DOUBLED = "doubled"  # an attempt that was declared not sent left after all
    UNWELL = "unwell"  # a gateway says so itself, or does not answer


def raise_one(session: Session, kind: Kind, about: str, now: datetime, figure: float | None = None) -> bool:
    """Note that something is wrong; False when it is noted already and not cleared."""
    raise NotImplementedError


def clear(session: Session, kind: Kind, about: str, now: datetime) -> None:
    """It is over."""
    raise NotImplementedError
