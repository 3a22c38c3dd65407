"""The evaluator's files on the command line: which purposes there are, and the files of one of them."""

from __future__ import annotations

import os
from pathlib import Path

import click
import sqlalchemy as sa

from campaigns.cli.campaign import as_option, programme_option
from campaigns.evaluation.evaluator import keys
from campaigns.evaluation.evaluator import purposes as life
from campaigns.models import EvaluationPurpose
from messaging import programmes, staff
from messaging.cli.frame import command_errors, emit, json_option, opened
from messaging.clock import local, utc_now
from messaging.errors import DataError

MOST = 1000  # purposes that are listed


@click.group()
def evaluator() -> None:
    """Files without names for evaluators."""


@evaluator.command("list")
@programme_option
@json_option
@command_errors
def purposes(programme_code: str | None, as_json: bool) -> None:
    """List the purposes, the newest first, and whether files may be had."""
    with opened() as here, here.db.read() as session:
        programme = programmes.only(session, programme_code)
        today = local(utc_now(), programme.zone).date()
        rows = [
            {
                "purpose": row.id, "open": life.is_open(row, today), "until": row.until.isoformat(),
                "title": row.title, "recipient": row.recipient,
            }
            for row in life.of_programme(session, programme.id, MOST)
        ]  # fmt: skip
    emit(rows, as_json)


@evaluator.command()
@click.argument("purpose", type=int)
@click.option(
    "--out", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the ZIP."
)
@as_option
@json_option
@command_errors
def download(purpose: int, folder: Path, email: str, as_json: bool) -> None:
    """Make both files of an open purpose; that they leave is written down first."""
    now = utc_now()
    with opened() as here:
        secrets = keys.folder_of(here.settings)
        with here.db.read() as session:
            row = session.scalar(sa.select(EvaluationPurpose).where(EvaluationPurpose.id == purpose))
            if row is None:
                raise DataError(f"There is no purpose {purpose}. See: jekulu evaluator list")
            person = staff.acting(session, email, row.programme_id)
            made = life.build(session, secrets, row, person.id, now)
        folder.mkdir(parents=True, exist_ok=True)
        with here.db.write() as session:
            life.hand_over(session, secrets, made, purpose, person.id, now)
    path = folder / made.name
    path.unlink(missing_ok=True)  # an older one may be open to others, or lead elsewhere
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(made.content)
    rows = [{"file": one.file, "rows": one.rows, "left_out": one.left_out, "sha256": one.sha256} for one in made.files]
    told = "\n".join("  ".join(f"{name} {value}" for name, value in one.items()) for one in rows)
    emit({"written": str(path), "files": rows}, as_json, f"{path}\n{told}")
