"""The forms for a phone with Collect, as sheets that KoBo and ODK read."""

from __future__ import annotations

from pathlib import Path

import click

from campaigns.evaluation import forms as written
from messaging import programmes
from messaging.cli.frame import command_errors, emit, json_option, opened


@click.command()
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write them.",
)
@click.option("--programme", "code", help="Whose languages; not needed when there is only one programme.")
@json_option
@command_errors
def forms(folder: Path, code: str | None, as_json: bool) -> None:
    """Write the XLSForms of attendance and enrolment, with the codes of this service."""
    with opened() as here, here.db.read() as session:
        programme = programmes.only(session, code)
        made = {name: written.write(session, programme, name) for name in written.FORMS}
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        (folder / f"{name}.xlsx").write_bytes(data)
    emit({"written": sorted(str(folder / f"{name}.xlsx") for name in made)}, as_json)
