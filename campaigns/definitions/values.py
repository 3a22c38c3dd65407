"""The small values of a campaign file (hours, spans, codes, lists of one) and how they are written; knows no step."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, PlainSerializer, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError

HOUR = re.compile(r"([01]?\d|2[0-3])[:hH]([0-5]\d)")
SPAN = re.compile(r"(\d{1,5}) ?([mhd])")
LONGEST_SPAN = dt.timedelta(days=366)
MINUTES = {"d": 1440, "h": 60, "m": 1}

CODE = r"^[a-z0-9](-?[a-z0-9]){1,39}$"
LANGUAGE = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?$"
CLUB = r"^[1-9]\d{3}$"
ROW = r"^[A-Z]{1,3}\d{1,3}$"
STEP = r"^[a-z0-9](-?[a-z0-9]){1,39}/[a-z0-9](-?[a-z0-9]){1,39}$"


def hour(value: object) -> dt.time:
    """Read a local hour: `16:30` or `16h30`; a time stays as it is.

    Raises:
        PydanticCustomError: of the kind `hour`, for anything else.
    """
    if isinstance(value, dt.time):
        return value
    found = HOUR.fullmatch(str(value).strip())
    if not found:
        raise PydanticCustomError("hour", "an hour")
    return dt.time(int(found[1]), int(found[2]))


def span(value: object) -> dt.timedelta:
    """Read a length of time: a whole number of minutes, hours or days (`30m`, `2h`, `3d`), 1 minute to 366 days.

    Raises:
        PydanticCustomError: of the kind `span`, for anything else.
    """
    if isinstance(value, dt.timedelta):
        return value
    found = SPAN.fullmatch(str(value).strip())
    length = dt.timedelta(minutes=int(found[1]) * MINUTES[found[2]]) if found else dt.timedelta()
    if not dt.timedelta() < length <= LONGEST_SPAN:
        raise PydanticCustomError("span", "a length of time")
    return length


def written_hour(value: dt.time) -> str:
    """Write an hour as it stands in a file: `16:30`."""
    return f"{value:%H:%M}"


def written_span(value: dt.timedelta) -> str:
    """Write a span in the largest unit that holds it whole: `3d`, `2h`, `90m`."""
    minutes = int(value.total_seconds()) // 60
    unit = next(unit for unit, size in MINUTES.items() if minutes % size == 0)
    return f"{minutes // MINUTES[unit]}{unit}"


def as_list(value: object) -> object:
    """Take one value as a list of one: `weekly: mon` says the same as `weekly: [mon]`."""
    return [value] if isinstance(value, str | int) else value


class OneOrMany:
    """Says in the JSON Schema what `as_list` takes: one value or a list."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(core)
        return {"anyOf": [many["items"], many]}


Hour = Annotated[
    dt.time,
    BeforeValidator(hour),
    PlainSerializer(written_hour, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^([01]?[0-9]|2[0-3])[:hH][0-5][0-9]$"}),
]
Span = Annotated[
    dt.timedelta,
    BeforeValidator(span),
    PlainSerializer(written_span, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,5} ?[mhd]$"}),
]
Line = Annotated[str, Field(min_length=1, max_length=200)]
Passage = Annotated[str, Field(min_length=1, max_length=2000)]
Code = Annotated[str, Field(pattern=CODE, max_length=40)]
Lang = Annotated[str, Field(pattern=LANGUAGE)]
ClubCode = Annotated[str, Field(pattern=CLUB)]
Row = Annotated[str, Field(pattern=ROW)]
StepName = Annotated[str, Field(pattern=STEP)]
