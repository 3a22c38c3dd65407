"""Texts out to translators and back, as a sheet."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from campaigns import translation
from messaging import programmes, staff
from messaging.cli.frame import command_errors, emit, json_option, opened
from messaging.clock import utc_now


@click.group()
def texts() -> None:
    """Texts to translators and back."""


@texts.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--programme", "programme_code", help="Only the campaigns of this programme.")
@click.option("--campaign", "codes", multiple=True, help="Only this campaign; may be given several times.")
@click.option("--lang", "spoken", multiple=True, help="Only this language; may be given several times.")
@json_option
@command_errors
def texts_export(
    file: Path, programme_code: str | None, codes: tuple[str, ...], spoken: tuple[str, ...], as_json: bool
) -> None:
    """Write the sheet for translators: XLSX, or CSV when the name ends so; what is to be translated has empty cells."""
    with opened() as here, here.db.read() as session:
        campaigns = translation.named(session, programme_code, codes, spoken)
        found = list(translation.entries(session, campaigns, spoken or None))
    file.write_bytes(translation.write("csv" if file.suffix.lower() == ".csv" else "xlsx", found))
    rows = sum(len(entry.parts()) for entry in found)
    told = f"{file}: {rows} rows, {len(campaigns)} campaign(s)"
    emit({"written": str(file), "campaigns": [row.code for row in campaigns], "rows": rows}, as_json, told)


@texts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "email", required=True, help="The account that says so: the author of what changes.")
@click.option("--programme", "programme_code", help="Only the campaigns of this programme.")
@click.option("--dry-run", is_flag=True, help="Only tell what would happen.")
@click.option("--overwrite", is_flag=True, help="Change reviewed and approved texts too; they return to draft.")
@json_option
@command_errors
def texts_import(
    file: Path, email: str, programme_code: str | None, dry_run: bool, overwrite: bool, as_json: bool
) -> None:
    """Take a translators' sheet back: every row is told; nothing is stored when any row has a problem."""
    with opened() as here, here.db.write() as session:
        programme = programmes.by_code(session, programme_code) if programme_code else None
        taken = translation.take(
            session, file.read_bytes(), staff.by_email(session, email), utc_now(),
            programme=programme, overwrite=overwrite, dry_run=dry_run,
        )  # fmt: skip
    _tell(taken, file.name, as_json)


def _tell(taken: translation.Taken, name: str, as_json: bool) -> None:
    lines = [f"{name}:{one.line}: {one.column}: {one.problem}" for one in taken.problems]
    lines += [f"{name}:{one.line}: {one.column}: à savoir : {one.problem}" for one in taken.warnings]
    lines += [
        f"{name}:{one.row}: {one.campaign}/{one.step}/{one.language} {one.part}: {', '.join(one.columns)}; "
        f"{one.before} → {one.after}"
        for one in taken.changes
    ]
    emit(taken.as_dict(), as_json, "\n".join([*lines, *taken.sentence()]))
    if taken.problems:
        sys.exit(1)
