"""What it cost, in XOF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tests.recounts import quiz, reach
from tests.recounts.cells import Fact, Figure, Figures, number, total
from tests.recounts.world import World, monthly

MICROS = 1_000_000


def spent(world: World) -> float:
    """On all messages that left, and on the air."""
    messages = sum(row.price_micros for row in world.own("message") if world.within(row.handed_over_at))
    slots = world.by_id("slot")
    aired = sum(slots[row.slot_id].cost_micros or 0 for row in world.took_place if row.slot_id is not None)
    return float(messages + aired) / MICROS


def for_each(of: Callable[[World, Sequence[str]], Figures], world: World, by: Sequence[str]) -> Figures:
    """CST-REACH, CST-IND."""
    return {(): Figure(spent(world), of(world, by)[()].numerator)}


def for_quiz(world: World, by: Sequence[str]) -> Figures:
    """CST-QUIZ."""
    asked = quiz.questions(world)
    price = sum(row.price_micros for row in world.sent if row.step_id in asked)
    return {(): Figure(price / MICROS, quiz.completed(world, by)[()].numerator)}


def for_report(world: World, by: Sequence[str]) -> Figures:
    """CST-SES."""
    rows = [row for row in world.own("message") if row.kind == "service" and world.within(row.handed_over_at)]
    return {(): Figure(sum(row.price_micros for row in rows) / MICROS, len(world.reports))}


def segments(world: World, by: Sequence[str]) -> Figures:
    """CST-SEG."""
    facts = [Fact(row.id, world.of_message(row), row.segments) for row in world.sent]
    return world.cut(by).share(facts, facts, total, number)


CODES: dict[str, Callable[[World, Sequence[str]], Figures]] = {
    "CST-REACH": partial(for_each, reach.phones),
    "CST-IND": partial(for_each, reach.CODES["RCH-IND"]),
    "CST-QUIZ": for_quiz,
    "CST-SES": for_report,
    "CST-SEG": partial(monthly, segments),
}
