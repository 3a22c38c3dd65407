"""Who heard an episode, what was answered on the air, which decisions were kept.

What a club told of an episode comes from the raw SMS (`tests.recount`); what it did not tell, from the rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from statistics import median

from tests.recount import Airing, Told
from tests.recounts.cells import Fact, Figures
from tests.recounts.raw import Row
from tests.recounts.world import World, month_of

LONGEST, GRACE, A_MONTH = timedelta(days=14), timedelta(days=1), timedelta(days=30)
TOLD = ("live", "repeat", "recording", "partly", "no_signal", "cancelled")
HEARD = TOLD[:4]
DAY = timedelta(days=1)
Heard = Sequence[tuple[str, Airing, Told]]  # by which club, of which broadcast, and what


@dataclass
class Turn:
    """What a station broadcast of an episode, and the first day that is no longer of it."""

    airings: list[Row]
    since: date
    until: date


def turns(world: World) -> Iterator[Turn]:
    """The turns of all stations: a broadcast begins one, its repeats of the fortnight after are of it."""
    stations = {row.id for row in world.own("station")}
    days = {row.id: world.day_of(row.planned_at) for row in world.raw["airing"]}
    found: list[Turn] = []
    running: dict[tuple[int, int], Turn] = {}
    rows = [row for row in world.raw["airing"] if row.station_id in stations]
    for row in sorted(rows, key=lambda row: (days[row.id], bool(row.is_repeat), row.id)):
        turn = running.get((row.station_id, row.episode_id))
        if turn is None or not row.is_repeat or days[row.id] - turn.since > LONGEST:
            turn = running[row.station_id, row.episode_id] = Turn([], days[row.id], days[row.id] + LONGEST)
            found.append(turn)
        turn.airings.append(row)
    for turn in found:
        at = turn.airings[0].station_id
        later = [one.since for one in found if one.airings[0].station_id == at and one.since > turn.since]
        turn.until = min([turn.until, *later])
        if world.within_day(turn.since):
            yield turn


def cells(world: World, heard: Heard) -> Iterator[tuple[Row, str]]:
    """Each listeners' club with what it made of each episode of the period."""
    stations: dict[int, set[int]] = defaultdict(set)
    for row in world.raw["club_station"]:
        stations[row.club_id].add(row.station_id)
    said: dict[tuple[str, int], list[str]] = defaultdict(list)
    for code, airing, told in heard:
        said[code, airing.id].append(told[0])
    of_period = list(turns(world))
    for club in world.clubs.values():
        if club.kind != "listeners_club" or not was_open(world, club):
            continue
        own: dict[int, list[Turn]] = defaultdict(list)
        for turn in of_period:
            if turn.airings[0].station_id in stations[club.id] and was_there(club, turn):
                own[turn.airings[0].episode_id].append(turn)
        for given in own.values():
            states = [state for turn in given for one in turn.airings for state in said[club.code, one.id]]
            yield club, min(states, key=TOLD.index) if states else untold(world, club, given)


def was_open(world: World, club: Row) -> bool:
    """Whether a club was open on a day of the period."""
    return (club.created_on is None or club.created_on <= world.last) and (
        club.closed_on is None or club.closed_on >= world.since
    )


def was_there(club: Row, turn: Turn) -> bool:
    """Whether a club was open in the time of an episode."""
    return (club.created_on is None or club.created_on < turn.until) and (
        club.closed_on is None or club.closed_on > turn.since
    )


def untold(world: World, club: Row, given: Sequence[Turn]) -> str:
    """Why a club said nothing of an episode."""
    if all(one.status == "not_aired" for turn in given for one in turn.airings):
        return "not_aired"
    near = [
        (row.held_on or row.planned_on, row)
        for row in world.sessions
        if row.club_id == club.id and row.kind != "visit" and is_near(world, row, given)
    ]
    if any(row.silence is not None for _day, row in near):
        why = next(row.silence for _day, row in sorted(near, key=lambda one: (one[0], one[1].id)) if row.silence)
        return "not_aired" if why == "not_aired" else "silent"
    due = min((day for day, _row in near), default=max(turn.until for turn in given)) + GRACE
    return "no_report" if world.today > due else "not_yet"


def is_near(world: World, session: Row, given: Sequence[Turn]) -> bool:
    """Whether a session is of a broadcast of these, or falls in their time and is of none."""
    if session.airing_id is not None:
        return any(one.id == session.airing_id for turn in given for one in turn.airings)
    day = session.held_on or session.planned_on
    return any(first_day(world, turn) <= day < turn.until for turn in given)


def first_day(world: World, turn: Turn) -> date:
    """The first day on which an episode could be heard."""
    days = [world.day_of(one.aired_at or one.planned_at) for one in turn.airings if one.status != "not_aired"]
    return min(days, default=turn.since)


def episodes(states: Sequence[str], heard: Heard, world: World, by: Sequence[str]) -> Figures:
    """LIS-REP, LIS-COV."""
    every = [
        (Fact((place, club.id), {"area": world.area_of_club(club.id)}), state)
        for place, (club, state) in enumerate(cells(world, heard))
        if state not in ("not_aired", "not_yet")
    ]
    return world.cut(by).share([fact for fact, state in every if state in states], [fact for fact, _state in every])


def asked(world: World) -> list[Row]:
    """The questions to air first asked within the period."""
    return [row for row in world.own("air_question") if world.within(row.asked_at)]


def is_answered(row: Row) -> bool:
    """On the air."""
    return row.state == "answered" and row.episode_id is not None


def questions(world: World, by: Sequence[str]) -> Figures:
    """LIS-Q."""
    every = [(row, Fact(row.id, {"month": world.month(row.asked_at)})) for row in asked(world)]
    return world.cut(by).share([fact for row, fact in every if is_answered(row)], [fact for _row, fact in every])


def days(world: World, by: Sequence[str]) -> Figures:
    """LIS-DAYS."""
    facts = [
        Fact(row.id, {"month": world.month(row.asked_at)}, (row.answered_at - row.asked_at) / DAY)
        for row in asked(world)
        if is_answered(row)
    ]
    return world.cut(by).worth(facts, lambda of_it: median(fact.weight for fact in of_it))


def kept(world: World, by: Sequence[str]) -> Figures:
    """DEC-KEPT."""
    every = [
        (row, Fact(row.id, {"area": world.area_of_club(row.club_id), "month": month_of(due), "theme": row.theme}))
        for row in world.own("decision")
        if world.within_day(due := row.day + A_MONTH) and due <= world.today
    ]
    return world.cut(by).share([fact for row, fact in every if row.kept == "yes"], [fact for _row, fact in every])


def voices(world: World, by: Sequence[str]) -> Figures:
    """GEN-VOICE."""
    women = {row.air_question_id for row in world.raw["air_question_asker"] if row.sex == "f"}
    facts = [
        Fact(row.id, {"month": world.month(row.answered_at)})
        for row in world.own("air_question")
        if is_answered(row) and world.within(row.answered_at)
    ]
    return world.cut(by).share([fact for fact in facts if fact.key in women], facts)


def facilitators(world: World, by: Sequence[str]) -> Figures:
    """GEN-FAC."""
    active = [row for row in world.own("facilitator") if row.active]
    return world.cut(by).share([Fact(row.id) for row in active if row.sex == "f"], [Fact(row.id) for row in active])


CODES: dict[str, Callable[[World, Sequence[str]], Figures]] = {
    "LIS-Q": questions, "LIS-DAYS": days, "DEC-KEPT": kept, "GEN-VOICE": voices, "GEN-FAC": facilitators,
}  # fmt: skip


def of_grid(heard: Heard) -> dict[str, Callable[[World, Sequence[str]], Figures]]:
    """The indicators that need what the raw SMS told."""
    return {"LIS-REP": partial(episodes, TOLD, heard), "LIS-COV": partial(episodes, HEARD, heard)}
