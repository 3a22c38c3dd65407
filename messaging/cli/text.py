"""What a text costs on the air."""

from __future__ import annotations

import json
import sys

import click

from messaging import letters
from messaging.cli.frame import command_errors, emit, json_option


@click.command()
@click.argument("words", nargs=-1)
@json_option
@command_errors
def text(words: tuple[str, ...], as_json: bool) -> None:
    """Explain what a text costs; with --json: JSON lines {"text": …} in and out."""
    if not as_json:
        said = " ".join(words) if words else sys.stdin.read().rstrip("\n")
        size = letters.measure(said)
        click.echo(f"{size.encoding}, {size.units} units, {size.segments} segment(s)")
        for letter in letters.dear(said):
            click.echo(f"  {letter.char} ({letter.code}) at {letter.index + 1} is outside GSM-7")
        return
    bad = [number for number, line in enumerate(sys.stdin, 1) if line.strip() and not _measure_line(line, number)]
    if bad:
        sys.exit(2)


def _measure_line(line: str, number: int) -> bool:
    try:
        size = letters.measure(str(json.loads(line)["text"]))
    except (ValueError, KeyError, TypeError):
        click.echo(f"line {number}: no JSON object with text", err=True)
        emit({"error": "bad_input"}, True)
        return False
    row = {"encoding": size.encoding, "units": size.units, "segments": size.segments}
    emit({**row, "segment_units": list(size.segment_units)}, True)
    return True
