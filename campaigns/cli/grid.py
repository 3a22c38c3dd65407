"""The grid of clubs on the command line: as words, or as JSON for whoever counts on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import click

from campaigns.cli.campaign import programme_option
from campaigns.clubs.cells import Cell, State
from campaigns.clubs.grid import BY_EPISODE, Column, Grid, Row, Sums, gather
from messaging.cli.frame import command_errors, emit, json_option, moment, now_option, opened
from messaging.clock import local, parse_date
from messaging.errors import DataError
from messaging.programmes import only

LETTERS = {
    State.LIVE: "L", State.REPEAT: "R", State.RECORDING: "E", State.HELD: "H", State.PARTLY: "P",
    State.NO_SIGNAL: "x", State.CANCELLED: "c", State.SILENT: "s", State.MISSED: "m", State.NOT_AIRED: "n",
    State.NO_REPORT: "-", State.NOT_YET: ".",
}  # fmt: skip
SHOWN = ("clubs", "heard", "live", "repeat", "held", "reported", "women", "men")


@click.command()
@click.option("--from", "since", required=True, metavar="DATE", help="The first day.")
@click.option("--to", "until", required=True, metavar="DATE", help="The last day, included.")
@programme_option
@now_option
@json_option
@command_errors
def grid(since: str, until: str, programme_code: str | None, now: str | None, as_json: bool) -> None:
    """Show clubs x episodes: heard live, on repeat, not aired, no report; groups of other kinds by week."""
    first, last = parse_date(since), parse_date(until)
    if last < first:
        raise DataError(f"--to {until} lies before --from {since}. Write the earlier day as --from.")
    with opened() as here:
        at = moment(here, now)
        with here.db.read() as session:
            programme = only(session, programme_code)
            found = gather(session, programme, first, last, local(at, programme.zone).date())
            values = {"programme": programme.code, **_as_json(found)}
    emit(values, as_json, "\n".join(_told(found)))


def _as_json(found: Grid) -> dict[str, Any]:
    """The grid as `jekulu grid --json` prints it: no number, no name of a person; security stands as `other`."""
    return {
        "from": found.since.isoformat(),
        "to": found.until.isoformat(),
        "episodes": [_episode(column) for column in found.episodes],
        "weeks": [column.key for column in found.weeks],
        "clubs": [
            {
                "code": row.code, "kind": row.kind.value, "commune": row.commune,
                "cells": {key: _cell(one) for key, one in row.cells.items()},
            }
            for row in found.rows
        ],
        "totals": {
            "columns": _totals(found.by_column()),
            "communes": [{"commune": name, **asdict(of_it)} for (_id, name), of_it in found.by_commune().items()],
            "kinds": _totals(found.by_kind()),
        },
    }  # fmt: skip


def _episode(column: Column) -> dict[str, Any]:
    return {
        "episode": column.key, "series": column.series, "number": column.number, "topic": column.topic,
        "from": column.day.isoformat(),
    }  # fmt: skip


def _cell(one: Cell) -> dict[str, Any]:
    """A cell; what is not said of it is left out."""
    said = {
        "reason": one.reason and one.reason.value, "sessions": list(one.sessions), "women": one.women, "men": one.men
    }  # fmt: skip
    return {"state": one.state.value} | {name: value for name, value in said.items() if value}


def _totals(sums: Mapping[Any, Sums]) -> dict[str, dict[str, int]]:
    return {str(key): asdict(of_it) for key, of_it in sums.items()}


def _told(found: Grid) -> Iterator[str]:
    """Two tables of letters and a legend."""
    listening = [row for row in found.rows if row.kind in BY_EPISODE]
    others = [row for row in found.rows if row.kind not in BY_EPISODE]
    yield f"From {found.since} to {found.until}"
    yield from _table("Listeners' clubs by episode", listening, found.episodes)
    yield from _table("Other groups by week", others, found.weeks)
    yield "  ".join(f"{letter} {state.value.replace('_', ' ')}" for state, letter in LETTERS.items())
    for kind, of_it in found.by_kind().items():
        yield f"{kind.value}: " + "  ".join(f"{name} {getattr(of_it, name)}" for name in SHOWN)


def _table(title: str, rows: Iterable[Row], columns: Iterable[Column]) -> Iterator[str]:
    keys = [column.key for column in columns]
    yield ""
    yield f"{title}: {' '.join(keys) or 'none in these days'}"
    for row in rows:
        cells = (row.cells.get(key) for key in keys)
        yield f"  {row.code} {row.commune:<20.20} " + " ".join(LETTERS[one.state] if one else " " for one in cells)
