"""How well the SMS of the field could be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from statistics import median

from tests.recounts.cells import Fact, Figures
from tests.recounts.raw import Row
from tests.recounts.world import World

HOUR = timedelta(hours=1)
READ, ASKED = ("ok", "partial", "late"), ("confirm", "pending", "error")


def phones(world: World) -> set[int]:
    """Those of the programme's members, facilitators, stations and clubs."""
    members, stations = {row.id for row in world.own("member")}, {row.id for row in world.own("station")}
    return {
        *(row.phone_id for row in world.raw["member_phone"] if row.member_id in members),
        *(row.phone_id for row in world.own("facilitator")),
        *(row.phone_id for row in world.raw["station_phone"] if row.station_id in stations),
        *(row.relay_phone_id for row in world.clubs.values() if row.relay_phone_id is not None),
    }


def such(world: World) -> list[Row]:
    """The SMS that count."""
    own, practised = phones(world), {row.inbound_id for row in world.raw["practice_report"]}
    return [
        row
        for row in world.raw["inbound"]
        if row.kind == "sms" and row.twin_of is None and row.id not in practised
        and row.phone_id in own and world.within(row.received_at)
        and row.status is not None and row.status != "ignored" and row.intent != "noise"
    ]  # fmt: skip


def facts(world: World, rows: Sequence[Row]) -> list[Fact]:
    """SMS, in the month in which they came."""
    return [Fact(row.id, {"month": world.month(row.received_at)}) for row in rows]


def part(which: Callable[[Row], bool], world: World, by: Sequence[str]) -> Figures:
    """DQ-AUTO, DQ-ASK, DQ-STAFF."""
    every = such(world)
    return world.cut(by).share(facts(world, [row for row in every if which(row)]), facts(world, every))


def hours(world: World, by: Sequence[str]) -> Figures:
    """DQ-FIX."""
    took = {row.id: (row.sorted_at - row.received_at) / HOUR for row in such(world) if row.sorted_by is not None}
    rows = [row for row in such(world) if row.id in took]
    return world.cut(by).worth(facts(world, rows), lambda of_it: median(took[fact.key] for fact in of_it))  # type: ignore[index]


CODES: dict[str, Callable[[World, Sequence[str]], Figures]] = {
    "DQ-AUTO": partial(part, lambda row: row.status in READ),
    "DQ-ASK": partial(part, lambda row: row.status in ASKED),
    "DQ-STAFF": partial(part, lambda row: row.sorted_by is not None),
    "DQ-FIX": hours,
}
