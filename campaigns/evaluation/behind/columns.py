"""The columns that all rows behind a figure have, and what narrows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

Query = sa.Select[*tuple[Any, ...]]
Cuts = Mapping[str, str]  # the part of a cut that a figure is of, such as the wave of a quiz


def one(counted: Any, name: str = "counted") -> sa.ColumnElement[int]:
    """A condition as 1 or 0, a number as it is; what is not known adds nothing."""
    if isinstance(getattr(counted, "type", None), sa.Boolean) or not hasattr(counted, "type"):
        return flag(counted).label(name)
    return sa.func.coalesce(counted, 0).label(name)


def flag(which: Any) -> sa.ColumnElement[int]:
    """1 where a condition holds, else 0."""
    return sa.case((which, 1), else_=0)


def among(ident: Any, ids: Iterable[int]) -> sa.ColumnElement[bool]:
    """The condition that an id is one of these, of which there may be more than a statement takes as arguments."""
    told: sa.BindParameter[Any] = sa.bindparam("ids", sorted(ids), expanding=True, literal_execute=True, unique=True)
    found: sa.ColumnElement[bool] = ident.in_(told)
    return found


def nowhere() -> sa.Label[int]:
    """The village of what has none."""
    return sa.cast(sa.null(), sa.Integer).label("village_id")
