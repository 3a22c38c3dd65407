"""What became of the messages, and who said stop after one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from tests.recounts.cells import Fact, Figures
from tests.recounts.raw import Row
from tests.recounts.world import ARRIVED, World, monthly

WEEK = timedelta(days=7)
USELESS = ("stale", "caught_up")


def messages(which: Callable[[World, Row], bool], world: World, by: Sequence[str]) -> Figures:
    """MSG-DR, MSG-NR, MSG-LOST."""
    every = [(row, Fact(row.id, world.of_message(row))) for row in world.sent]
    return world.cut(by).share([fact for row, fact in every if which(world, row)], [fact for _row, fact in every])


def proved(world: World, by: Sequence[str]) -> Figures:
    """MSG-ANS."""
    arrived = [(row, Fact(row.id, world.of_message(row))) for row in world.sent if world.is_delivered(row)]
    by_answer = [fact for row, fact in arrived if row.delivery not in ARRIVED]
    return world.cut(by).share(by_answer, [fact for _row, fact in arrived])


def stale(world: World, by: Sequence[str]) -> Figures:
    """MSG-STALE."""
    due = [row for row in world.ours if world.within(row.due_at)]
    useless = [row for row in due if row.state == "closed" and row.reason in USELESS and row.handed_over_at is None]
    facts = [[Fact(row.id, world.of_message(row)) for row in rows] for rows in (useless, due)]
    return world.cut(by).share(*facts)


def stops(world: World, by: Sequence[str]) -> Figures:
    """MSG-OPT."""
    found = []
    for phone in world.raw["phone"]:
        if not world.within(phone.opted_out_at):
            continue
        before = [
            row
            for row in world.ours
            if row.phone_id == phone.id
            and row.handed_over_at is not None
            and phone.opted_out_at - WEEK <= row.handed_over_at <= phone.opted_out_at
            and world.is_delivered(row)
        ]
        if before:
            last = max(before, key=lambda row: (row.handed_over_at, row.id))
            found.append(Fact(phone.id, world.of_message(last)))
    reached = [Fact(row.phone_id, world.of_message(row)) for row in world.sent if world.is_delivered(row)]
    return world.cut(by).share(found, reached)


EVERY = {
    "MSG-DR": partial(messages, World.is_delivered),
    "MSG-NR": partial(messages, World.has_no_receipt),
    "MSG-LOST": partial(messages, World.is_lost),
    "MSG-ANS": proved,
    "MSG-STALE": stale,
    "MSG-OPT": stops,
}
CODES = {code: partial(monthly, count) for code, count in EVERY.items()}
