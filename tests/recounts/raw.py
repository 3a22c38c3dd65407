"""The rows of every table as they lie in the database, read whole, one time; moments are UTC without a zone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

TABLES = (
    "air_question", "air_question_asker", "airing", "answer", "attendance", "campaign", "case_pause", "club",
    "club_member", "club_session", "club_station", "consent", "decision", "distribution", "episode", "facilitator",
    "feedback", "hours", "household", "inbound", "member", "member_phone", "message", "phone", "place", "place_parent",
    "practice_report", "programme", "programme_village", "series", "slot", "station", "station_phone", "step", "value",
)  # fmt: skip
MOMENTS = (
    "answered_at", "asked_at", "closed_at", "created_at", "due_at", "ended_at", "given_at", "handed_over_at", "kept_at",
    "opted_out_at", "erased_at", "planned_at", "aired_at", "received_at", "referred_at", "sorted_at", "started_at",
    "taken_at", "told_at", "withdrawn_at",
)  # fmt: skip
DAYS = (
    "closed_on", "created_on", "day", "ends", "held_on", "planned_on", "selected_on", "starts", "valid_from",
    "valid_to",
)  # fmt: skip
TREES = ("definition", "readings")
Row = SimpleNamespace
Raw = Mapping[str, list[Row]]


def read(connection: sa.Connection) -> Raw:
    """All rows by table, in the order of their keys."""
    return {table: _table(connection, table) for table in TABLES}


def _table(connection: sa.Connection, table: str) -> list[Row]:
    found = connection.execute(sa.text(f'SELECT * FROM "{table}"'))
    names = list(found.keys())
    ways = [_way(table, name) for name in names]
    rows = [Row(**{name: way(value) for name, way, value in zip(names, ways, row, strict=True)}) for row in found.all()]
    return sorted(rows, key=lambda row: row.id) if "id" in names else rows


def _way(table: str, name: str) -> Callable[[Any], Any]:
    if name in MOMENTS:
        return moment
    if name in DAYS and table != "slot":  # there `starts` is an hour
        return day
    return tree if name in TREES else same


def moment(value: Any) -> datetime | None:
    """A moment, whatever the database gives."""
    if value is None:
        return None
    read = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return read if read.tzinfo is None else read.astimezone(UTC).replace(tzinfo=None)


def day(value: Any) -> date | None:
    """A day."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def tree(value: Any) -> Any:
    """What is kept as JSON."""
    return json.loads(value) if isinstance(value, str) else value


def same(value: Any) -> Any:
    """As it is."""
    return value
