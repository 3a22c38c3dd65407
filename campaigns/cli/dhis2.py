"""Value sets to a DHIS2 instance, on the command line: tried first, brought only with --commit and when all is well."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from campaigns.evaluation import instance
from campaigns.evaluation.instance import COUNTS, Sets, Summary
from messaging import audit
from messaging.cli.frame import command_errors, emit, json_option, opened
from messaging.clock import utc_now
from messaging.errors import DataError
from messaging.installation import Installation

SHOWN = 20  # conflicts


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--to", "address", required=True, metavar="ADDRESS", help="Base address of the instance.")
@click.option("--commit", is_flag=True, help="Really bring the values, once the dry run was clean.")
@json_option
@command_errors
def dhis2(files: tuple[Path, ...], address: str, commit: bool, as_json: bool) -> None:
    """Bring value sets (jekulu export --format dhis2) to a DHIS2 instance.

    The instance first tells what it would do (dry run); without --commit that is all.
    """
    address = address.rstrip("/")
    sets = [one for path in files for one in _read(path)]
    with opened() as here:
        token = here.settings.dhis2_token
        instance.check(address, token, sets)
        tried = instance.bring(address, token, sets, dry_run=True)
        made: dict[str, Any] = {"sets": len(sets), "dry_run": tried.row(), "committed": None}
        if commit and tried.is_clean:
            made["committed"] = _commit(here, address, token, sets).row()
    emit(made, as_json, "\n".join(_told(made, commit)))
    if not tried.is_clean or (made["committed"] or {}).get("conflicts"):
        sys.exit(1)


def _commit(here: Installation, address: str, token: str, sets: Sets) -> Summary:
    """Bring them; the audit log says where to, and what the instance counted."""
    periods = sorted({one["period"] for one in sets})
    with here.db.write() as session:
        after: dict[str, Any] = {"to": address, "sets": len(sets), "periods": " ".join(periods)}
        audit.note(session, audit.actor(None), "begun", "dhis2", periods[0], utc_now(), after=after)
    done = instance.bring(address, token, sets, dry_run=False)
    with here.db.write() as session:
        after = {"to": address, **{name: getattr(done, name) for name in COUNTS}, "conflicts": len(done.conflicts)}
        audit.note(session, audit.actor(None), "brought", "dhis2", periods[0], utc_now(), after=after)
    return done


def _read(path: Path) -> Sets:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        sets = found if isinstance(found, list) else [found]
        for one in sets:
            _ = one["orgUnit"], one["period"], [value["dataElement"] for value in one["dataValues"]]
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{path}: this is no file of value sets. Write it with: jekulu export --format dhis2") from None
    return sets


def _told(made: dict[str, Any], commit: bool) -> list[str]:
    tried, done = made["dry_run"], made["committed"]
    lines = [f"{made['sets']} value sets. Dry run: {_counts(tried)}"]
    lines += [f"  {conflict}" for conflict in tried["conflicts"][:SHOWN]]
    if tried["conflicts"]:
        lines.append("Nothing was brought: mend these codes or values first.")
    elif done:
        lines += [f"Brought: {_counts(done)}", *(f"  {conflict}" for conflict in done["conflicts"][:SHOWN])]
    elif not commit:
        lines.append("Nothing was brought yet. To bring it, run the same command with --commit.")
    return lines


def _counts(row: dict[str, Any]) -> str:
    said = ", ".join(f"{row[name]} {name}" for name in COUNTS)
    return f"{said} (ignored: there already), {len(row['conflicts'])} conflicts"
