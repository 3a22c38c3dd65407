"""Cases of feedback, their clocks, and what was handed out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from statistics import median

from tests.recounts.cells import Fact, Facts, Figure, Figures
from tests.recounts.clocks import UNCLOCKED, Pause, runs_out
from tests.recounts.raw import Row
from tests.recounts.world import World

DAY = timedelta(days=1)
FAR = timedelta(days=60)  # no three working days take longer, unless they rest


def is_sensitive(row: Row) -> bool:
    """Its focal points' alone."""
    return bool(row.category.startswith("sensitive_"))


def told(world: World) -> list[Row]:
    """The feedback told within the period, sensitive ones left out."""
    return [row for row in world.own("feedback") if world.within(row.told_at) and not is_sensitive(row)]


def closed(world: World) -> list[Row]:
    """The feedback closed within the period, sensitive ones and thanks left out."""
    rows = [row for row in world.own("feedback") if world.within(row.closed_at)]
    return [row for row in rows if not is_sensitive(row) and row.category != "thanks"]


def facts(world: World, rows: Iterable[Row], moment: str = "told_at") -> list[Fact]:
    """Cases, in the month of a moment."""
    return [Fact(row.id, {"month": world.month(getattr(row, moment)), "category": row.category}) for row in rows]


def rate(world: World, by: Sequence[str]) -> Figures:
    """CFM-RATE."""
    members = [Fact(member) for member in world.members]
    found = world.cut(by).share(facts(world, told(world)), members)
    return {
        cell: Figure(
            one.numerator, one.denominator, 1000 * one.numerator / one.denominator if one.denominator else None
        )
        for cell, one in found.items()
        if one.numerator or not by
    }


def of_women(world: World, by: Sequence[str]) -> Figures:
    """CFM-W."""
    sexes: dict[int, set[str]] = defaultdict(set)
    for row in world.raw["member_phone"]:
        if row.member_id in world.members:
            sexes[row.phone_id].add(world.members[row.member_id].sex)
    known = [row for row in told(world) if sexes[row.phone_id] and "unknown" not in sexes[row.phone_id]]
    women = [row for row in known if sexes[row.phone_id] == {"f"}]
    return world.cut(by).share(facts(world, women), facts(world, known))


def pauses(world: World, case: Row) -> list[Pause]:
    """The times in which its clock stood still."""
    return [(row.started_at, row.ended_at) for row in world.raw["case_pause"] if row.feedback_id == case.id]


def acknowledged(world: World, by: Sequence[str]) -> Figures:
    """CFM-ACK."""
    part, whole = [], []
    for row in told(world):
        if row.category in UNCLOCKED:
            continue
        steps = [row.taken_at, row.sorted_at, row.answered_at, row.referred_at, row.closed_at]
        first = min((moment for moment in steps if moment is not None), default=None)
        due = first_due(world, row)
        in_time = first is not None and (due is None or first < due)
        if in_time or (due is not None and due <= world.now):
            whole.append(row)
            part += [row] if in_time else []
    return world.cut(by).share(facts(world, part), facts(world, whole))


def first_due(world: World, case: Row) -> datetime | None:
    """When three working days are over: Monday to Friday, without the days on which the programme is shut."""

    def is_working(day: date) -> bool:
        return day.weekday() < 5 and not any(row.starts <= day <= row.ends for row in shut)

    shut = [
        row
        for row in world.raw["hours"]
        if row.programme_id in (None, world.programme.id)
        and (row.place_id, row.weekday, row.weekly_cap) == (None, None, None)
        and not row.open_spans and not row.closed_spans and row.starts and row.ends
    ]  # fmt: skip
    far = max(world.now, case.told_at) + FAR
    return runs_out(case.told_at, pauses(world, case), is_working, world.day_of, world.midnight, far)


def lasted(world: World, case: Row) -> float:
    """The days from the telling to the closing, without its pauses."""
    whole = case.closed_at - case.told_at
    for begin, end in pauses(world, case):
        until = min(end or case.closed_at, case.closed_at)
        whole -= max(until - max(begin, case.told_at), timedelta(0))
    return float(whole / DAY)


def closing(value: Callable[[list[float]], float], world: World, by: Sequence[str]) -> Figures:
    """CFM-CLOSE, CFM-CLOSE90."""
    days = {row.id: lasted(world, row) for row in closed(world)}

    def worth(of_it: Facts) -> float:
        return value(sorted(days[fact.key] for fact in of_it))  # type: ignore[index]

    return world.cut(by).worth(facts(world, closed(world), "closed_at"), worth)


def nearly_all(days: list[float]) -> float:
    """The smallest that 90 % do not exceed."""
    return days[math.ceil(0.9 * len(days)) - 1]


def looped(world: World, by: Sequence[str]) -> Figures:
    """CFM-LOOP."""
    said = [row for row in closed(world) if row.satisfied is not None]
    return world.cut(by).share(facts(world, said, "closed_at"), facts(world, closed(world), "closed_at"))


def referred(world: World, by: Sequence[str]) -> Figures:
    """CFM-REF: nothing but of whole quarters that are over."""
    edges = ((1, 1), (4, 1), (7, 1), (10, 1))
    if any((day.month, day.day) not in edges for day in (world.since, world.until)) or world.ends > world.now:
        return {}
    every = [row for row in world.own("feedback") if world.within(row.told_at) and is_sensitive(row)]
    in_time = []
    for row in every:
        steps = [row.referred_at]
        if row.category in ("sensitive_fraud", "sensitive_security"):
            steps += [row.taken_at, row.answered_at]
        if any(moment is not None and moment <= row.told_at + DAY for moment in steps):
            in_time.append(row)
    return world.cut(by).share(facts(world, in_time), facts(world, every))


def adverse(world: World, by: Sequence[str]) -> Figures:
    """ADV."""
    return world.cut(by).count(facts(world, [row for row in told(world) if row.category == "adverse"]))


def confirmed(world: World, by: Sequence[str]) -> Figures:
    """DIS-CONF."""
    given = [row for row in world.own("distribution") if world.within_day(row.day)]
    campaigns, steps = world.by_id("campaign"), world.by_id("step")
    names = {
        f"{campaigns[steps[row.step_id].campaign_id].code}/{steps[row.step_id].code}"
        for row in given
        if row.step_id in steps
    }
    served: dict[tuple[str, int, date], int] = defaultdict(int)
    for row in given:
        served[row.code, row.place_id, row.day] = max(served[row.code, row.place_id, row.day], row.served)
    came = [
        row
        for row in world.own("value")
        if row.kind == "distribution_ack" and row.state == "ok" and row.value > 0 and row.text in names
    ]
    return {(): Figure(len(came), sum(served.values()))}


CODES: dict[str, Callable[[World, Sequence[str]], Figures]] = {
    "CFM-RATE": rate, "CFM-W": of_women, "CFM-ACK": acknowledged, "CFM-CLOSE": partial(closing, median),
    "CFM-CLOSE90": partial(closing, nearly_all), "CFM-LOOP": looped, "CFM-REF": referred, "ADV": adverse,
    "DIS-CONF": confirmed,
}  # fmt: skip
