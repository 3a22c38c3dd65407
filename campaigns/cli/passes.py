"""One pass of the planner or of the conversation, reading one SMS, and the time-lapse."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from campaigns import planner, simulation
from campaigns.conversation import converse as conversation
from campaigns.conversation.grammar import read as read_sms
from messaging import languages
from messaging.cli.frame import command_errors, emit, json_option, moment, now_option, opened
from messaging.clock import parse_time


@click.command()
@now_option
@json_option
@command_errors
def plan(now: str | None, as_json: bool) -> None:
    """One pass of the planner."""
    with opened() as here:
        done = planner.plan(here.db, moment(here, now), here.settings.plan_ahead)
    told = [f"planned {done.planned}"]
    told += [f"  waiting: {row['people']} in {row['language']}: {row['reason']}" for row in done.rows()]
    emit({"planned": done.planned, "waiting": done.rows()}, as_json, "\n".join(told))


@click.command("converse")
@now_option
@json_option
@command_errors
def converse(now: str | None, as_json: bool) -> None:
    """One pass of the conversation."""
    with opened() as here:
        emit(conversation.converse(here.db, moment(here, now)), as_json)


@click.command()
@click.argument("words", nargs=-1)
@click.option("--role", default="member", help="What is known about the sender.")
@click.option("--lang", default="fr")
@json_option
def read(words: tuple[str, ...], role: str, lang: str, as_json: bool) -> None:
    """Explain how an SMS is read; with --json: JSON lines {text, role, context} in, {readings, reply} out."""
    if not as_json:
        said = " ".join(words) if words else sys.stdin.read().rstrip("\n")
        result = read_sms(said, role, {"lang": lang, "dogon": lang in dogon_codes()})  # type: ignore[arg-type]
        for reading in result.readings:
            fields = ", ".join(f"{name} = {value}" for name, value in reading.fields.items()) or "no values"
            click.echo(f"{reading.intent}: {reading.status}; {fields}")
        click.echo(f"reply: {result.reply or 'none'}")
        return
    bad = [number for number, line in enumerate(sys.stdin, 1) if line.strip() and not _read_line(line, number)]
    if bad:
        sys.exit(2)


def _read_line(line: str, number: int) -> bool:
    """Read one line; False, with its number on standard error, when it is no such object."""
    try:
        given = json.loads(line)
        context = dict(given.get("context") or {})
        context.setdefault("dogon", context.get("lang") in dogon_codes())
        found: dict[str, Any] = read_sms(given["text"], given["role"], context).as_json()
    except (ValueError, KeyError, TypeError, AttributeError):
        click.echo(f"line {number}: no JSON object with text and role", err=True)
        found = {"readings": [], "error": "bad_input"}
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    return "error" not in found


def dogon_codes() -> set[str]:
    """The Dogon languages of the shipped table; `read` opens no database."""
    return {row["code"] for row in languages.shipped() if row["family"] == "dogon"}


@click.command()
@click.option("--from", "since", required=True, metavar="DATE", help="The first day.")
@click.option("--days", type=click.IntRange(1, 1000), required=True)
@click.option("--seed", default="1", show_default=True)
@json_option
@command_errors
def simulate(since: str, days: int, seed: str, as_json: bool) -> None:
    """Run the demonstrations through some days on the simulator."""

    with opened() as here, click.progressbar(length=days, file=sys.stderr, label="days", hidden=as_json) as bar:
        counts = simulation.simulate(here, parse_time(since), days, seed, lambda done, whole: bar.update(1))
    emit(counts, as_json, "\n".join(f"{name:<10} {count}" for name, count in counts.items()))
