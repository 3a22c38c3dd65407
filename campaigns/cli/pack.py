"""The donor pack on the command line: the page and its tables as one ZIP."""

from __future__ import annotations

from pathlib import Path

import click

from campaigns import admin
from campaigns.admin import words
from campaigns.admin.donor import make
from campaigns.cli.campaign import programme_option
from campaigns.evaluation import bundle, export
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.period import parse
from messaging import audit
from messaging.cli.frame import command_errors, emit, json_option, moment, now_option, opened
from messaging.clock import local, parse_date
from messaging.programmes import only


@click.command()
@click.option("--from", "since", required=True, metavar="DATE", help="The first day.")
@click.option("--to", "until", required=True, metavar="DATE", help="The last day, included.")
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), help="The folder of the ZIP.")
@click.option("--lang", "language", type=click.Choice(list(words.LANGUAGES)), default=words.FIRST, show_default=True)
@click.option("--why", default="", metavar="TEXT", help="What it is for; it stands in the audit log.")
@click.option("--until", "kept", required=True, metavar="DATE", help="Until which day it will be kept.")
@programme_option
@now_option
@json_option
@command_errors
def pack(
    since: str, until: str, folder: Path, language: str, why: str, kept: str, programme_code: str | None,
    now: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write the donor pack of some days: a page to read and to print, and the tables behind it, as one ZIP."""
    folder.mkdir(parents=True, exist_ok=True)
    with opened() as here:
        at = moment(here, now)
        with here.db.read() as reading:
            programme = only(reading, programme_code)
            period = parse(since, until, programme.zone)
            ask = Ask(reading, programme, period, at)
        given = export.reason(why, parse_date(kept), local(at, programme.zone).date(), audit.actor(None))
        with here.db.write() as writing:
            export.begin(writing, programme, ask, bundle.NAME, "zip", given)
        with admin.outside(here, language):
            name, body = make(
                here, programme, period, at, given,
                lambda name, body: export.save(export.Parcel(name, lambda _one: iter([body])), folder),
            )  # fmt: skip
    emit({"programme": programme.code, "file": str(folder / name), "bytes": len(body)}, as_json)
