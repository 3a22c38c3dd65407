"""Sessions, who came, and when it was told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial

from tests.recounts.cells import Fact, Figures, number, total
from tests.recounts.raw import Row
from tests.recounts.world import World

IN_TIME = timedelta(hours=48)
ACTIVE = timedelta(days=30)
TOTAL = re.compile(r"(?<![^\W\d_])T(OT(AL)?)?\W*\d", re.IGNORECASE)
NO_CLUBS = ("union", "adviser_circuit")


def facts(world: World, sessions: Iterable[Row], weight: Callable[[Row], float] = lambda _row: 1) -> list[Fact]:
    """Sessions held, by the day on which they were."""
    return [Fact(row.id, world.of_session(row, row.held_on), weight(row)) for row in sessions]


def planned(world: World, by: Sequence[str]) -> Figures:
    """ATT-SES."""
    due = [
        row
        for row in world.sessions
        if row.status in ("planned", "held", "missed")
        and world.within_day(row.planned_on)
        and row.planned_on < world.today
    ]
    every = [(row, Fact(row.id, world.of_session(row, row.planned_on))) for row in due]
    return world.cut(by).share([fact for row, fact in every if row.status == "held"], [fact for _row, fact in every])


def held(world: World, by: Sequence[str]) -> Figures:
    """ATT-HELD."""
    return world.cut(by).count(facts(world, world.held))


def cancelled(world: World, by: Sequence[str]) -> Figures:
    """ATT-CAN."""
    days = {row.id: row.held_on or row.planned_on for row in world.sessions}
    off = [row for row in world.sessions if row.status == "cancelled" and world.within_day(days[row.id])]
    return world.cut(by).count([Fact(row.id, world.of_session(row, days[row.id])) for row in off])


def mean(world: World, by: Sequence[str]) -> Figures:
    """ATT-MEAN: by sex the women and the men, else all who came."""
    columns = {"f": "women", "m": "men"} if "sex" in by else {"": "total"}
    came = [
        Fact((session.id, sex), {**world.of_session(session, session.held_on), "sex": sex}, getattr(report, column))
        for session, report in world.reports
        for sex, column in columns.items()
        if getattr(report, column) is not None
    ]
    return world.cut(by).share(came, came, total, number)


def women(world: World, by: Sequence[str]) -> Figures:
    """ATT-W."""
    both = [[], []]  # type: list[list[Fact]]
    for session, report in world.reports:
        where, told = world.of_session(session, session.held_on), (report.women or 0, report.men or 0)
        both[0].append(Fact(session.id, where, told[0]))
        both[1].append(Fact(session.id, where, sum(told)))
    return world.cut(by).share(*both, total)


def young(column: str, world: World, by: Sequence[str]) -> Figures:
    """ATT-JF, ATT-JG."""
    told = {session.id: getattr(report, column) or 0 for session, report in world.reports}
    own = [session for session, _report in world.reports]
    return world.cut(by).count(facts(world, own, lambda row: told[row.id]), total)


def timely(world: World, by: Sequence[str]) -> Figures:
    """ATT-48."""
    in_time = []
    for session in world.held:
        came = [
            row.received_at
            for row in world.raw["attendance"]
            if row.club_session_id == session.id and row.state != "rejected"
        ]
        if came and min(came) <= world.midnight(session.held_on + timedelta(days=1)) + IN_TIME:
            in_time.append(session)
    return world.cut(by).share(facts(world, in_time), facts(world, world.held))


def checked(world: World, by: Sequence[str]) -> Figures:
    """ATT-TOT."""
    inbounds = world.by_id("inbound")
    sure = [
        session
        for session, report in world.reports
        if report.source == "form" or (report.inbound_id and TOTAL.search(inbounds[report.inbound_id].text))
    ]
    return world.cut(by).share(facts(world, sure), facts(world, [session for session, _report in world.reports]))


def women_only(world: World, by: Sequence[str]) -> Figures:
    """ATT-WO."""
    told = [(session, one) for session, one in world.reports if one.women is not None and one.men is not None]
    alone = [session for session, one in told if one.women > 0 and one.men == 0 and not one.boys]
    return world.cut(by).share(facts(world, alone), facts(world, [session for session, _one in told]))


def active(world: World, by: Sequence[str]) -> Figures:
    """CLB-ACT."""
    first = world.last - ACTIVE + timedelta(days=1)
    met = {
        row.club_id
        for row in world.sessions
        if row.status == "held" and row.held_on is not None and first <= row.held_on <= world.last
    }
    every = [
        Fact(row.id, {"area": world.commune(row.village_id), "kind": row.kind})
        for row in world.open_clubs
        if row.kind not in NO_CLUBS
    ]
    return world.cut(by).share([fact for fact in every if fact.key in met], every)


CODES: dict[str, Callable[[World, Sequence[str]], Figures]] = {
    "ATT-SES": planned, "ATT-HELD": held, "ATT-CAN": cancelled, "ATT-MEAN": mean, "ATT-W": women,
    "ATT-JF": partial(young, "girls"), "ATT-JG": partial(young, "boys"), "ATT-48": timely, "ATT-TOT": checked,
    "ATT-WO": women_only, "CLB-ACT": active,
}  # fmt: skip
