"""The import of sheets."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from messaging import imports, programmes
from messaging.cli.frame import command_errors, emit, json_option, opened
from messaging.clock import utc_now


@click.group("import", invoke_without_command=False)
def import_files() -> None:
    """Take sheets (CSV, XLSX): registers, reports on paper or from forms, figures that are brought."""


def import_command(kind: str) -> click.Command:
    """The command that takes one kind of sheet."""

    @click.command(kind, help=f"Take a sheet of {kind}; nothing is stored when any line has a problem.")
    @click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--programme", "code", help="Whose register; not needed when there is only one programme.")
    @click.option("--dry-run", is_flag=True, help="Only tell what would happen.")
    @click.option(
        "--empty-sheet",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write an empty sheet to fill in.",
    )
    @json_option
    @command_errors
    def take(file: Path | None, code: str | None, dry_run: bool, empty_sheet: Path | None, as_json: bool) -> None:
        if empty_sheet is not None:
            empty_sheet.write_bytes(imports.empty_sheet(kind, "csv" if empty_sheet.suffix == ".csv" else "xlsx"))
            emit({"written": str(empty_sheet)}, as_json)
            return
        if file is None:
            raise click.UsageError(
                f"Which file? jekulu import {kind} FILE, or --empty-sheet FILE to get one to fill in."
            )
        with opened() as here, here.db.write() as session:
            result = imports.take(
                session, kind, programmes.only(session, code), file.read_bytes(), utc_now(), dry_run=dry_run
            )
        _tell_import(result, file.name, as_json)

    return take


def _tell_import(result: imports.Result, name: str, as_json: bool) -> None:
    lines = [f"{name}:{one.line}: {one.column}: {one.problem}" for one in result.problems]
    lines += [f"{name}:{one.line}: {one.column}: remarque : {one.problem}" for one in result.remarks]
    lines += [f"shared phone {one.phone}: lines {', '.join(map(str, one.lines))}" for one in result.shared_phones]
    emit(result.as_dict(), as_json, "\n".join([*lines, *result.sentence()]))
    if result.problems:
        sys.exit(1)


for _kind in imports.KINDS:
    import_files.add_command(import_command(_kind))
