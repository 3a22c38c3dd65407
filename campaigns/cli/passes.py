"""One pass of the planner or of the conversation, and the time-lapse."""

from __future__ import annotations

import sys

import click

from campaigns import blackout, planner, simulation
from campaigns.conversation import converse as conversation
from messaging.cli.frame import command_errors, emit, json_option, moment, now_option, opened
from messaging.clock import parse_time
from messaging.errors import DataError
from messaging.gateways.simulator import Outage

LONGEST_OUTAGE = 100  # days


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
@click.option("--from", "since", required=True, metavar="DATE", help="The first day.")
@click.option("--days", type=click.IntRange(1, 1000), required=True)
@click.option("--seed", default="1", show_default=True)
@click.option("--outage", metavar="DATE:DAYS", help="The network is down from that day on, so many days.")
@json_option
@command_errors
def simulate(since: str, days: int, seed: str, outage: str | None, as_json: bool) -> None:
    """Run the demonstrations through some days on the simulator."""
    cut = _cut(outage) if outage else None
    with opened() as here, click.progressbar(length=days, file=sys.stderr, label="days", hidden=as_json) as bar:
        counts = simulation.simulate(here, parse_time(since), days, seed, lambda done, whole: bar.update(1), cut)
    emit(counts, as_json, "\n".join(f"{name:<10} {count}" for name, count in counts.items()))


def _cut(said: str) -> Outage:
    """`2026-03-13:10` as ten days without a network."""
    day, _, days = said.rpartition(":")
    if not day or not days.isdecimal() or not 0 < int(days) <= LONGEST_OUTAGE:
        raise DataError(f"« {said} » is no outage. Write it like 2026-03-13:10, the first day and how many.")
    return blackout.of_all(parse_time(day), int(days))
