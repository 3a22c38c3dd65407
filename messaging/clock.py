"""Time at the edges: UTC inside, the programme's local time outside; knows nothing of what happens when.

Everything that decides takes `now` as an argument; only entry points (commands, jobs, webhooks) ask this module.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from messaging.errors import DataError

DURATION = re.compile(r"(\d+(?:[.,]\d+)?)\s*(min|s|m|h|d|j)")
SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "j": 86_400}


def utc_now() -> datetime:
    """The real time, aware, in UTC."""
    return datetime.now(UTC)


def parse_time(text: str) -> datetime:
    """Read an ISO 8601 moment or date as aware UTC; without a zone it is UTC (Mali's own).

    Raises:
        DataError: the text is no such moment.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise DataError(f"« {text} » is no date or time. Write it like 2026-12-01 or 2026-12-01T18:30:00Z.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_date(text: str) -> date:
    """Read `2026-12-01` or the French `01/12/2026`.

    Raises:
        DataError: the text is no such day.
    """
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise DataError(f"« {text} » is no date. Write it like 2026-12-01 or 01/12/2026.")


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `1.5h`, `30m`, `2h`, `3d` or a sum of them (`1d 12h`).

    Raises:
        DataError: the text is no such length of time.
    """
    parts = DURATION.findall(text)
    if not parts or DURATION.sub("", text).strip():
        raise DataError(f"« {text} » is no length of time. Write it like 30m, 2h or 3d.")
    return timedelta(seconds=sum(float(count.replace(",", ".")) * SECONDS[unit] for count, unit in parts))


def local(moment: datetime, zone: str) -> datetime:
    """The same moment on the programme's wall clock."""
    return moment.astimezone(ZoneInfo(zone))


def at_local(day: date, hour: time, zone: str) -> datetime:
    """The UTC moment of a local day and hour."""
    return datetime.combine(day, hour, ZoneInfo(zone)).astimezone(UTC)
