"""The grid of clubs: one table of cases for a cell, how broadcasts make turns, and the sums of a small programme."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

import wsgi
from campaigns.clubs.cells import Broadcast, Cell, Gathering, State, cell, recorded, turns, week_cell
from campaigns.clubs.grid import Grid, gather
from campaigns.models import (
    Airing,
    AiringStatus,
    Attendance,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Episode,
    Heard,
    HeardAs,
    Silence,
)
from messaging.installation import Installation
from messaging.models import Club, Programme
from messaging.models.people import ClubKind
from tests.world import World

TUESDAY = date(2026, 3, 10)
MEETING = TUESDAY + timedelta(days=1)
SATURDAY = TUESDAY + timedelta(days=4)
LATER = TUESDAY + timedelta(days=20)
FIRST = Broadcast(1, 12, 1, 12, TUESDAY, TUESDAY, is_repeat=False, status=AiringStatus.AIRED)
REPEAT = replace(FIRST, id=2, day=SATURDAY, heard_on=SATURDAY, is_repeat=True)
HELD = Gathering(7, MEETING, ClubSessionStatus.HELD, 1, Heard.WELL, HeardAs.LIVE, women=12, men=8)
PLANNED = Gathering(7, MEETING, ClubSessionStatus.PLANNED, 1)
MISSED = replace(PLANNED, status=ClubSessionStatus.MISSED)


def failed(one: Broadcast) -> Broadcast:
    return replace(one, status=AiringStatus.NOT_AIRED)


def unsaid(one: Broadcast) -> Broadcast:
    return replace(one, status=AiringStatus.PLANNED)


CASES: list[tuple[str, Sequence[Broadcast], Sequence[Gathering], date, State]] = [
    ("met after the broadcast", [FIRST, REPEAT], [HELD], LATER, State.LIVE),
    ("heard the repeat", [FIRST, REPEAT], [replace(HELD, airing_id=2, heard_as=HeardAs.REPEAT)], LATER, State.REPEAT),
    ("the station failed, the repeat was heard", [failed(FIRST), REPEAT],
     [replace(HELD, airing_id=2, heard_as=HeardAs.REPEAT)], LATER, State.REPEAT),
    ("a recording of a broadcast", [FIRST], [replace(HELD, heard_as=HeardAs.RECORDING)], LATER, State.RECORDING),
    ("a recording of what was never aired", [failed(FIRST)],
     [replace(HELD, airing_id=None, heard_as=HeardAs.RECORDING, recording_of=12)], LATER, State.RECORDING),
    ("a recording of another episode", [failed(FIRST)],
     [replace(HELD, airing_id=None, heard_as=HeardAs.RECORDING, recording_of=11)], LATER, State.NOT_AIRED),
    ("the host said nothing, the club heard it", [unsaid(FIRST)], [HELD], LATER, State.LIVE),
    ("heard, not said how", [FIRST], [replace(HELD, heard=Heard.NOT_SAID)], LATER, State.LIVE),
    ("heard in part", [FIRST], [replace(HELD, heard=Heard.PARTLY)], LATER, State.PARTLY),
    ("nothing could be heard", [FIRST],
     [replace(HELD, status=ClubSessionStatus.CANCELLED, heard=Heard.NO_SIGNAL, heard_as=None)], LATER, State.NO_SIGNAL),
    ("called off", [FIRST], [replace(PLANNED, status=ClubSessionStatus.CANCELLED)], LATER, State.CANCELLED),
    ("called off, then met for the repeat", [FIRST, REPEAT],
     [replace(PLANNED, status=ClubSessionStatus.CANCELLED), replace(HELD, id=8, airing_id=2, heard_as=HeardAs.REPEAT)],
     LATER, State.REPEAT),
    ("not aired", [failed(FIRST)], [], LATER, State.NOT_AIRED),
    ("neither aired", [failed(FIRST), failed(REPEAT)], [MISSED], LATER, State.NOT_AIRED),
    ("the repeat is to come", [failed(FIRST), unsaid(REPEAT)], [], MEETING, State.NOT_YET),
    ("missed because it was not aired", [failed(FIRST), REPEAT],
     [replace(MISSED, silence=Silence.NOT_AIRED)], LATER, State.NOT_AIRED),
    ("silent with a reason", [FIRST], [replace(MISSED, silence=Silence.NO_CREDIT)], LATER, State.SILENT),
    ("missed, nobody knows why", [FIRST], [MISSED], LATER, State.NO_REPORT),
    ("no rule, no report", [FIRST], [], LATER, State.NO_REPORT),
    ("the meeting is today", [FIRST], [PLANNED], MEETING, State.NOT_YET),
    ("the day after the meeting a report may still come", [FIRST], [PLANNED], MEETING + timedelta(days=1),
     State.NOT_YET),
    ("two days after it does not come", [FIRST], [PLANNED], MEETING + timedelta(days=2), State.NO_REPORT),
    ("no rule, the same week", [FIRST], [], SATURDAY, State.NOT_YET),
    ("a session of another episode", [FIRST], [replace(HELD, airing_id=99)], LATER, State.NO_REPORT),
]  # fmt: skip


@pytest.mark.parametrize(
    ("airings", "sessions", "today", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_cell(airings: Sequence[Broadcast], sessions: Sequence[Gathering], today: date, expected: State) -> None:
    assert cell(turns(airings), sessions, today).state is expected


def test_a_cell_names_its_sessions_and_sums_their_people() -> None:
    second = replace(HELD, id=9, day=SATURDAY, airing_id=2, heard_as=HeardAs.REPEAT, women=5, men=0)
    assert cell(turns([FIRST, REPEAT]), [second, HELD], LATER) == Cell(State.LIVE, None, (7, 9), 17, 8)


def test_the_reason_of_a_silence_stands_in_the_cell() -> None:
    found = cell(turns([FIRST]), [replace(MISSED, silence=Silence.NO_NETWORK)], LATER)
    assert (found.reason, found.sessions) == (Silence.NO_NETWORK, (7,))


def test_an_episode_is_that_of_a_stations_turn() -> None:
    following = replace(
        FIRST, id=3, episode_id=13, number=13, day=TUESDAY + timedelta(7), heard_on=TUESDAY + timedelta(7)
    )
    again = replace(FIRST, id=4, day=TUESDAY + timedelta(70), heard_on=TUESDAY + timedelta(70))
    found = turns([again, following, REPEAT, FIRST])
    assert [(turn.airings, turn.until) for turn in found] == [
        ((FIRST, REPEAT), following.day),
        ((following,), following.day + timedelta(14)),
        ((again,), again.day + timedelta(14)),
    ]


def test_a_number_without_a_broadcast_is_the_nearer_of_two_series() -> None:
    twin = replace(FIRST, id=5, episode_id=80, day=LATER)
    found = turns([FIRST, twin])
    assert recorded(12, MEETING, found) == FIRST.episode_id
    assert recorded(12, LATER, found) == twin.episode_id
    assert recorded(13, LATER, found) is None


WEEKS = [
    ("held", [HELD], State.HELD),
    ("held and called off", [replace(HELD, id=8, status=ClubSessionStatus.CANCELLED), HELD], State.HELD),
    ("called off", [replace(PLANNED, status=ClubSessionStatus.CANCELLED)], State.CANCELLED),
    ("silent with a reason", [replace(MISSED, silence=Silence.NO_NETWORK)], State.SILENT),
    ("missed", [MISSED], State.MISSED),
    ("nobody has said", [PLANNED], State.NO_REPORT),
    ("to come", [replace(PLANNED, day=LATER)], State.NOT_YET),
]


@pytest.mark.parametrize(("sessions", "expected"), [case[1:] for case in WEEKS], ids=[case[0] for case in WEEKS])
def test_a_week(sessions: Sequence[Gathering], expected: State) -> None:
    found = week_cell(sessions, LATER)
    assert found is not None
    assert found.state is expected


def test_a_week_without_a_meeting_is_empty() -> None:
    assert week_cell([], LATER) is None


# --- gathered from the tables


def look(world: World, today: date = LATER, **more: object) -> Grid:
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        return gather(session, programme, date(2026, 3, 1), date(2026, 3, 31), today, **more)  # type: ignore[arg-type]


def states(found: Grid) -> dict[str, dict[str, str]]:
    return {row.code: {key: one.state.value for key, one in row.cells.items()} for row in found.rows}


@pytest.fixture
def clubs(world: World) -> World:
    """Two listeners' clubs of one station, one of none, and a school; E12 was aired and heard by one."""
    world.club("1041")
    world.club("1055")
    airing = world.airing(datetime.fromisoformat("2026-03-10T20:30+00:00"))
    world.club("2035")
    world.club("3115", ClubKind.APFLS)
    with world.db.write() as session:
        session.get_one(Airing, airing).status = AiringStatus.AIRED
        meet(session, world, "1041", "2026-03-11", women=12, men=8, airing_id=airing, heard_as=HeardAs.LIVE)
        meet(session, world, "1055", "2026-03-11", status=ClubSessionStatus.MISSED, silence=Silence.SECURITY)
        meet(session, world, "3115", "2026-03-12", kind=ClubSessionKind.SCHOOL, women=20, men=5)
        meet(session, world, "1041", "2026-03-12", kind=ClubSessionKind.VISIT, women=1, men=1)
    return world


def meet(
    session: sa.orm.Session, world: World, code: str, day: str, women: int = 0, men: int = 0,
    status: ClubSessionStatus = ClubSessionStatus.HELD, kind: ClubSessionKind = ClubSessionKind.CLUB, **more: object,
) -> None:  # fmt: skip
    row = ClubSession(
        programme_id=world.programme_id, club_id=world.clubs[code], kind=kind, status=status,
        planned_on=date.fromisoformat(day), held_on=date.fromisoformat(day) if women else None, **more,
    )  # fmt: skip
    session.add(row)
    session.flush()
    if women:
        session.add(
            Attendance(
                club_session_id=row.id, intent="listening", women=women, men=men, total=women + men,
                received_at=world.now, repairs=[],
            )
        )  # fmt: skip


def test_listeners_stand_by_episode_and_schools_by_week(clubs: World) -> None:
    found = look(clubs)
    assert states(found) == {
        "1041": {"E12": "live"}, "1055": {"E12": "silent"}, "2035": {}, "3115": {"2026-W11": "held"}
    }  # fmt: skip
    assert [(column.key, column.day, column.topic) for column in found.episodes] == [("E12", TUESDAY, "nutrition")]
    assert [column.key for column in found.weeks] == [f"2026-W{week:02}" for week in range(9, 15)]


def test_the_sums_count_a_club_once_and_people_once_a_session(clubs: World) -> None:
    found = look(clubs)
    sums = found.by_column()["E12"]
    assert (sums.clubs, sums.heard, sums.live, sums.reported, sums.silent) == (2, 1, 1, 1, 1)
    assert (sums.women, sums.men) == (12, 8)  # the visit of an adviser is no listening
    assert {kind.value: (one.clubs, one.held, one.women) for kind, one in found.by_kind().items()} == {
        "listeners_club": (2, 0, 12), "apfls": (1, 1, 20)
    }  # fmt: skip


@pytest.mark.parametrize(("sees", "told"), [(False, Silence.OTHER), (True, Silence.SECURITY)])
def test_security_is_its_focal_points_alone(clubs: World, *, sees: bool, told: Silence) -> None:
    row = next(row for row in look(clubs, sees_security=sees).rows if row.code == "1055")
    assert row.cells["E12"].reason is told


def test_an_episode_counts_in_the_month_of_its_first_broadcast(clubs: World) -> None:
    with clubs.db.write() as session:
        first = session.scalars(sa.select(Airing)).one()
        first.planned_at = datetime.fromisoformat("2026-02-28T20:30+00:00")
        session.add(
            Airing(
                episode_id=first.episode_id, station_id=first.station_id, is_repeat=True,
                planned_at=datetime.fromisoformat("2026-03-03T20:30+00:00"),
            )
        )  # fmt: skip
    assert states(look(clubs))["1041"] == {}


def test_two_series_are_told_apart(clubs: World) -> None:
    with clubs.db.write() as session:
        from campaigns.models import Series

        series = Series(programme_id=clubs.programme_id, code="autre", title="Autre")
        session.add(series)
        session.flush()
        session.add(episode := Episode(series_id=series.id, number=12, topic="hygiene", titles={}))
        session.flush()
        station = session.scalars(sa.select(Airing.station_id)).one()
        at = datetime.fromisoformat("2026-03-15T20:30+00:00")
        session.add(Airing(episode_id=episode.id, station_id=station, planned_at=at))
    assert list(states(look(clubs))["1041"]) == ["serie/E12", "autre/E12"]


def test_a_club_that_was_closed_before_is_not_there(clubs: World) -> None:
    with clubs.db.write() as session:
        session.execute(sa.update(Club).where(Club.code == "2035").values(closed_on=date(2026, 2, 1)))
    assert set(states(look(clubs))) == {"1041", "1055", "3115"}


def test_the_number_of_queries_does_not_grow(clubs: World) -> None:
    counted: list[str] = []
    sa.event.listen(clubs.db.engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    look(clubs)
    few = len(counted)
    for code in ("4122", "5133", "6144"):
        clubs.club(code)
    counted.clear()
    look(clubs)
    assert len(counted) == few <= 7


# --- the command


def run(*words: str) -> Result:
    return CliRunner().invoke(wsgi.main, ["grid", *words])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "2026-13-01", "--to", "2026-03-31"), "« 2026-13-01 » is no date"),
        (("--from", "2026-03-31", "--to", "2026-03-01"), "--to 2026-03-01 lies before --from 2026-03-31"),
    ],
)
def test_a_wrong_date_is_told(words: tuple[str, ...], told: str) -> None:
    done = run(*words)
    assert done.exit_code == 1
    assert told in done.stderr


def test_the_command_shows_the_grid(clubs: World, installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.cli.grid.opened", lambda: nullcontext(installation))
    days = ("--from", "2026-03-01", "--to", "2026-03-31", "--now", "2026-03-31T12:00:00Z")
    words = run(*days).stdout
    assert "Listeners' clubs by episode: E12" in words
    assert "  1041 –                    L\n" in words
    assert "listeners_club: clubs 2  heard 1" in words
    found = json.loads(run(*days, "--json").stdout)
    assert found["clubs"][0] == {
        "code": "1041", "kind": "listeners_club", "commune": "–",
        "cells": {"E12": {"state": "live", "sessions": [1], "women": 12, "men": 8}},
    }  # fmt: skip
    assert found["clubs"][1]["cells"]["E12"] == {"state": "silent", "reason": "other", "sessions": [2]}
    assert found["totals"]["columns"]["E12"]["heard"] == 1
    assert run(*days, "--programme", "autre").exit_code == 1
