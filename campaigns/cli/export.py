"""Tables as files, on the command line: each leaves with a reason and an end, and stands in the audit log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from campaigns.cli.campaign import programme_option
from campaigns.evaluation import dhis2, tables
from campaigns.evaluation import export as exports
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.export import Parcel, Why
from campaigns.evaluation.period import Period, parse
from campaigns.evaluation.writers import WRITERS
from messaging import audit
from messaging.cli.frame import command_errors, emit, json_option, moment, now_option, opened
from messaging.clock import local, parse_date, utc_now
from messaging.errors import DataError
from messaging.installation import Installation
from messaging.models import Programme
from messaging.programmes import only

DHIS2 = "dhis2"
OFTEN = 100_000  # rows
Made = dict[str, Any]


@click.command("export")
@click.argument("names", metavar="TABLE...", nargs=-1)
@click.option("--from", "since", required=True, metavar="DATE", help="The first day.")
@click.option("--to", "until", required=True, metavar="DATE", help="The last day, included.")
@click.option("--format", "form", type=click.Choice([*WRITERS, DHIS2]), default="csv", show_default=True)
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), help="The folder of the files.")
@click.option("--why", default="", metavar="TEXT", help="What the files are for; it stands in the audit log.")
@click.option("--until", "kept", default="", metavar="DATE", help="Until which day they will be kept.")
@programme_option
@now_option
@json_option
@command_errors
def export(
    names: tuple[str, ...], since: str, until: str, form: str, folder: Path, why: str, kept: str,
    programme_code: str | None, now: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write tables of the evaluation as files: all, or some by their names, with or without the number.

    With --format dhis2 the value sets of DHIS2 are written, and no TABLE is named.
    """
    with opened() as here:
        at = moment(here, now)
        with here.db.read() as session:
            programme = only(session, programme_code)
        period = parse(since, until, programme.zone)
        given = _why(why, kept, at, programme)
        if form == DHIS2 and names:
            raise DataError(f"--format {DHIS2} writes value sets of its own: leave out {', '.join(names)}.")
        if form == DHIS2:
            made = [_dhis2(here, programme, period, folder, at, given)]
        else:
            chosen = tables.find(names)
            if not chosen:
                raise DataError(f"Which table? Write {tables.ALL}, or some of: {', '.join(tables.TABLES)}.")
            made = [_table(here, programme, period, table, form, folder, at, given, as_json) for table in chosen]
    emit({"programme": programme.code, "files": made}, as_json, "\n".join(map(_told, made)))


def _why(why: str, kept: str, at: datetime, programme: Programme) -> Why:
    if not why.strip() or not kept.strip():
        missing = " and ".join(name for name, said in (("--why", why), ("--until", kept)) if not said.strip())
        raise DataError(
            f"{missing} is missing: every file that leaves says what it is for and until when it is kept, "
            "such as --why « rapport du trimestre » --until 2026-12-31."
        )
    return exports.reason(why, parse_date(kept), local(at, programme.zone).date(), audit.actor(None))


def _table(
    here: Installation, programme: Programme, period: Period, table: tables.Table, form: str, folder: Path,
    at: datetime, why: Why, quiet: bool,
) -> Made:  # fmt: skip
    with here.db.read() as session:
        ask = Ask(session, programme, period, at)
        one = exports.parcel(ask, table, form)
        if not quiet:
            click.echo(f"{table.name} …", err=True)
            one.told = _progress(table.name)
        return _leave(here, programme, ask, table.name, form, one, folder, why)


def _dhis2(here: Installation, programme: Programme, period: Period, folder: Path, at: datetime, why: Why) -> Made:
    """The value sets as one JSON list, a set a commune and month; codes that are missing stop it."""
    with here.db.read() as session:
        ask = Ask(session, programme, period, at)
        sets = dhis2.value_sets(session, programme, period, at)

        def made(parcel: Parcel) -> Iterator[bytes]:
            parcel.rows = sum(len(one["dataValues"]) for one in sets)
            yield json.dumps(sets, ensure_ascii=False, indent=1).encode()

        one = Parcel(exports.file_name(ask, DHIS2, "json"), made)
        return _leave(here, programme, ask, DHIS2, DHIS2, one, folder, why)


def _leave(
    here: Installation, programme: Programme, ask: Ask, name: str, form: str, one: Parcel, folder: Path, why: Why
) -> Made:
    """Note, write, note again."""
    why = Why(why.who, why.why, why.until)  # a mark of its own
    with here.db.write() as writing:
        exports.begin(writing, programme, ask, name, form, why)
    try:
        path = exports.save(one, folder)
    finally:
        with here.db.write() as writing:
            exports.finish(writing, programme, name, one, why, utc_now())
    return {"table": name, "rows": one.rows, "file": str(path), "sha256": one.sha256}


def _progress(name: str) -> Callable[[int], None]:
    """How many rows have been written, told now and then: how many there will be, nobody knows beforehand."""
    said = 0

    def told(rows: int) -> None:
        nonlocal said
        if rows - said >= OFTEN:
            said = rows
            click.echo(f"{name}: {rows} rows", err=True)

    return told


def _told(one: Made) -> str:
    return f"{one['rows']:>9} rows  {one['file']}  sha256 {one['sha256']}"
