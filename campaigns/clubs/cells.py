"""What one cell of the grid says: a club and an episode, or a club and a week; pure, knows no table.

Source: the page on the domain, sections 6.3 and 4 (listening); the indicators LIS-REP and LIS-COV.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from campaigns.models import AiringStatus, ClubSessionStatus, Heard, HeardAs, Silence

LONGEST = timedelta(days=14)  # after a broadcast a session may count for it, when no other episode comes before
GRACE = timedelta(days=1)  # after the day of a meeting its report may come


class State(enum.StrEnum):
    """What a cell says; of two sessions in one cell the one that stands first here."""

    LIVE = "live"
    REPEAT = "repeat"
    RECORDING = "recording"
    HELD = "held"  # in the grid by weeks
    PARTLY = "partly"
    NO_SIGNAL = "no_signal"
    CANCELLED = "cancelled"
    SILENT = "silent"  # with a reason
    MISSED = "missed"
    NOT_AIRED = "not_aired"
    NO_REPORT = "no_report"
    NOT_YET = "not_yet"


HEARD = (State.LIVE, State.REPEAT, State.RECORDING, State.PARTLY)
TOOK_PLACE = (*HEARD, State.HELD)
REPORTED = (*TOOK_PLACE, State.NO_SIGNAL, State.CANCELLED)  # the club said something
RANK = list(State)


@dataclass(frozen=True)
class Broadcast:
    """One airing as the grid needs it; days are local."""

    id: int
    episode_id: int
    station_id: int
    number: int  # of the episode
    day: date  # planned
    heard_on: date  # the day it was aired, else planned
    is_repeat: bool
    status: AiringStatus


@dataclass(frozen=True)
class Turn:
    """A station's turn with an episode: the first broadcast and its repeats, until its next episode."""

    airings: tuple[Broadcast, ...]
    until: date  # the first day that is no longer of it

    @property
    def since(self) -> date:
        """The day of the first broadcast."""
        return self.airings[0].day

    @property
    def is_lost(self) -> bool:
        """True when no broadcast of it came or will come."""
        return all(one.status is AiringStatus.NOT_AIRED for one in self.airings)

    @property
    def heard_from(self) -> date:
        """The first day on which it could be heard."""
        days = (one.heard_on for one in self.airings if one.status is not AiringStatus.NOT_AIRED)
        return min(days, default=self.since)


@dataclass(frozen=True)
class Gathering:
    """One club session with the report that counts; `silence` is what the reader of the grid may know."""

    id: int
    day: date  # held on, else planned on
    status: ClubSessionStatus
    airing_id: int | None = None
    heard: Heard | None = None
    heard_as: HeardAs | None = None
    silence: Silence | None = None
    recording_of: int | None = None  # the episode that was heard without an airing
    women: int = 0
    men: int = 0


@dataclass(frozen=True)
class Cell:
    """What stands in one cell: the state, why a silent club is silent, the sessions behind it, who came to them."""

    state: State
    reason: Silence | None = None
    sessions: tuple[int, ...] = ()
    women: int = 0
    men: int = 0


def turns(airings: Iterable[Broadcast]) -> list[Turn]:
    """Group the broadcasts of stations into turns; a repeat belongs to the episode's last broadcast before it.

    A repeat that comes later than `LONGEST` is a turn of its own: the series is run again.
    """
    groups: list[list[Broadcast]] = []
    open_ones: dict[tuple[int, int], list[Broadcast]] = {}  # by station and episode
    for one in sorted(airings, key=lambda airing: (airing.day, airing.is_repeat, airing.id)):
        group = open_ones.get((one.station_id, one.episode_id))
        if group is None or not one.is_repeat or one.day - group[0].day > LONGEST:
            group = open_ones[one.station_id, one.episode_id] = []
            groups.append(group)
        group.append(one)
    starts: dict[int, list[date]] = {}
    for group in groups:
        starts.setdefault(group[0].station_id, []).append(group[0].day)
    return [Turn(tuple(group), _until(group[0].day, starts[group[0].station_id])) for group in groups]


def _until(first: date, starts: Iterable[date]) -> date:
    """The day of the station's next episode, or when a report can no longer be of this one."""
    return min([first + LONGEST, *(day for day in starts if day > first)])


def recorded(number: int, day: date, given: Iterable[Turn]) -> int | None:
    """The episode that a club means by a number of which it heard no broadcast: of two series the nearer one."""
    near = (turn for turn in given if turn.airings[0].number == number)
    found = min(near, key=lambda turn: abs(turn.since - day), default=None)
    return found.airings[0].episode_id if found else None


def cell(given: Sequence[Turn], sessions: Iterable[Gathering], today: date) -> Cell:
    """What a club made of an episode that its stations were given.

    Args:
        given: the turns of its stations with the episode, at least one.
        sessions: the club's sessions; those of another episode are passed over.
        today: the local day.
    """
    near = [one for one in sessions if _concerns(one, given)]
    told = [(state, one) for one in near if (state := _heard(one)) is not None]
    if told:
        return _summed(told)
    if all(turn.is_lost for turn in given):
        return Cell(State.NOT_AIRED)
    return _silent(near) or Cell(State.NO_REPORT if today > _due(given, near) else State.NOT_YET)


def week_cell(sessions: Iterable[Gathering], today: date) -> Cell | None:
    """What a club did in a week; None when nothing was planned and nothing held."""
    near = list(sessions)
    told = [(state, one) for one in near if (state := _held(one)) is not None]
    if told:
        return _summed(told)
    if not near:
        return None
    if silent := _silent(near):
        return silent
    if all(one.status is ClubSessionStatus.MISSED for one in near):
        return Cell(State.MISSED, sessions=tuple(one.id for one in near))
    return Cell(State.NO_REPORT if today > max(one.day for one in near) + GRACE else State.NOT_YET)


def _concerns(one: Gathering, given: Sequence[Turn]) -> bool:
    """Whether a session is of this episode: of a broadcast, of a recording, or it falls in the time of the episode."""
    if one.airing_id is not None:
        return any(airing.id == one.airing_id for turn in given for airing in turn.airings)
    if one.recording_of is not None:
        return any(turn.airings[0].episode_id == one.recording_of for turn in given)
    return any(turn.heard_from <= one.day < turn.until for turn in given)


def _heard(one: Gathering) -> State | None:
    """What a club said of the episode in one session; None: nothing yet."""
    if one.heard is Heard.NO_SIGNAL:
        return State.NO_SIGNAL
    if one.status is ClubSessionStatus.CANCELLED:
        return State.CANCELLED
    if one.status is not ClubSessionStatus.HELD or one.heard_as is None:
        return None
    return State.PARTLY if one.heard is Heard.PARTLY else State(one.heard_as.value)


def _held(one: Gathering) -> State | None:
    found = {ClubSessionStatus.HELD: State.HELD, ClubSessionStatus.CANCELLED: State.CANCELLED}
    return found.get(one.status)


def _summed(told: Sequence[tuple[State, Gathering]]) -> Cell:
    """The best of what was said; the people of all sessions that took place."""
    ranked = sorted(told, key=lambda pair: (RANK.index(pair[0]), pair[1].day, pair[1].id))
    held = [one for state, one in ranked if state in TOOK_PLACE]
    return Cell(
        ranked[0][0], sessions=tuple(one.id for _state, one in ranked),
        women=sum(one.women for one in held), men=sum(one.men for one in held),
    )  # fmt: skip


def _silent(near: Iterable[Gathering]) -> Cell | None:
    found = [one for one in near if one.silence is not None]
    if not found:
        return None
    why, sessions = found[0].silence, tuple(one.id for one in found)
    return Cell(State.NOT_AIRED, sessions=sessions) if why is Silence.NOT_AIRED else Cell(State.SILENT, why, sessions)


def _due(given: Sequence[Turn], near: Sequence[Gathering]) -> date:
    """The last day on which a report of the episode may still come: after the next meeting, or before what follows."""
    planned = min((one.day for one in near), default=None)
    return (planned if planned is not None else max(turn.until for turn in given)) + GRACE
