"""What is wrong with this installation, and what to do about it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from messaging import doctor, settings
from messaging.cli.frame import command_errors, emit, json_option
from messaging.clock import utc_now
from messaging.database import UNABLE
from messaging.doctor import disk, telling
from messaging.doctor.diagnosis import Diagnosis, State
from messaging.errors import DataError, SettingError
from messaging.logs import set_up

ORDER = [State.WRONG, State.WARN, State.OK]


@click.command("doctor")
@click.option("--tell", is_flag=True, help="Tell those on duty of what is wrong, and of an engine that is silent.")
@click.option("--key-copy", type=click.Path(path_type=Path), help="Compare a second copy of the key, note the day.")
@json_option
@command_errors
def examine(tell: bool, key_copy: Path | None, as_json: bool) -> None:
    """Say what is wrong and what to do; exit 0 when nothing is."""
    set_up("CRITICAL")  # what a check stumbles over is a sentence of the report
    now = utc_now()
    if key_copy is not None:
        _compare(key_copy, now)
    found = doctor.examine(now, often=tell)  # by a timer; a person has everything looked at
    emit({"checks": [dataclasses.asdict(one) for one in found]}, as_json, words(found))
    if tell:
        _tell(found, now)
    if doctor.is_wrong(found):
        sys.exit(1)


def words(found: Sequence[Diagnosis]) -> str:
    """The report: what is wrong first, each with its remedy, what is well last."""
    lines = []
    for one in sorted(found, key=lambda one: ORDER.index(one.state)):
        lines.append(f"{one.state:<5}  {one.check}: {one.sentence}")
        lines += [f"       -> {one.remedy}"] if one.remedy else []
    return "\n".join(lines)


def _compare(copy: Path, now: datetime) -> None:
    here, _ = doctor.open_still(settings.load())
    if here is None:
        raise DataError("There is no installation to compare the copy with: run jekulu doctor.")
    try:
        disk.compare(here, copy, now)
    finally:
        here.close()


def _tell(found: Sequence[Diagnosis], now: datetime) -> None:
    try:
        telling.tell(found, now)
    except (SettingError, OSError, *UNABLE) as error:
        click.echo(f"jekulu: nobody could be told ({type(error).__name__}).", err=True)
