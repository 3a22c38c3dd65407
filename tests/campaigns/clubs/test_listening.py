"""Which airing a meeting counts for: tables in memory, then reports and airings in any order on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import permutations

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.clubs import airings, listening
from campaigns.clubs.listening import Link, Met, OnAir, link
from campaigns.conversation.grammar.reading import Reading
from campaigns.models import Airing, AiringStatus, Attendance, ClubSession, Episode, Heard, HeardAs
from messaging.models.people import ClubKind
from tests.hearing import hear
from tests.world import World

FANTA = "+22370000009"
LIVE, REPEAT, RECORDING = HeardAs.LIVE, HeardAs.REPEAT, HeardAs.RECORDING
WELL, NOT_SAID, NO_SIGNAL = Heard.WELL, Heard.NOT_SAID, Heard.NO_SIGNAL


def day(number: int) -> date:
    """A day of March 2026."""
    return date(2026, 3, number)


def aired(ident: int, episode: int, on: int, *, is_repeat: bool = False, is_off: bool = False) -> OnAir:
    """A broadcast at half past eight in the evening."""
    at = datetime.combine(day(on), time(20, 30), UTC)
    return OnAir(ident, episode, at, day(on), is_repeat=is_repeat, is_off=is_off)


# Tuesdays 3, 10, 17 with a repeat on the Thursday; E13 of the 10th failed, its repeat did not.
GRID = (
    aired(1, 12, 3), aired(2, 12, 5, is_repeat=True), aired(3, 13, 10, is_off=True),
    aired(4, 13, 12, is_repeat=True), aired(5, 14, 17),
)  # fmt: skip

ONE = [
    pytest.param(Met(1, day(3)), 1, NOT_SAID, LIVE, id="PRES on the evening itself"),
    pytest.param(Met(1, day(4)), 1, NOT_SAID, LIVE, id="PRES on the day after"),
    pytest.param(Met(1, day(5)), 2, NOT_SAID, REPEAT, id="PRES on the day of the repeat"),
    pytest.param(Met(1, day(11)), 2, NOT_SAID, REPEAT, id="the next episode failed: the one before counts"),
    pytest.param(Met(1, day(13)), 4, NOT_SAID, REPEAT, id="it failed, and its repeat was aired"),
    pytest.param(Met(1, day(2)), None, None, None, id="PRES before anything was aired"),
    pytest.param(Met(1, day(18), listened=True), 5, WELL, LIVE, id="ECOUTE without E"),
    pytest.param(Met(1, day(2), listened=True), None, WELL, None, id="ECOUTE without E before anything was aired"),
    pytest.param(Met(1, day(18), listened=True, episode=12), 2, WELL, REPEAT, id="ECOUTE E12 a fortnight later"),
    pytest.param(Met(1, day(4), listened=True, episode=12), 1, WELL, LIVE, id="ECOUTE E12: the last one up to the day"),
    pytest.param(Met(1, day(11), listened=True, episode=13), None, WELL, RECORDING, id="ECOUTE E13, which failed"),
    pytest.param(Met(1, day(11), episode=13), None, NOT_SAID, RECORDING, id="PRES E13, which failed"),
    pytest.param(Met(1, day(4), problem="no_signal"), 1, NO_SIGNAL, None, id="PAS CAPTE"),
    pytest.param(Met(1, day(4), is_held=False, problem="no_signal"), 1, NO_SIGNAL, None, id="PAS CAPTE of nobody"),
    pytest.param(Met(1, day(4), problem="partly", listened=True), 1, Heard.PARTLY, LIVE, id="the form said partly"),
    pytest.param(Met(1, day(4), heard_as=RECORDING), 1, NOT_SAID, RECORDING, id="the form said a recording"),
    pytest.param(Met(1, day(4), listens=False), None, None, None, id="of a school, or a visit"),
    pytest.param(Met(1, day(4), is_held=False, is_told=False), 1, None, None, id="called off: what it would have been"),
]  # fmt: skip


@pytest.mark.parametrize(("met", "airing", "heard", "heard_as"), ONE)
def test_one_meeting(met: Met, airing: int | None, heard: Heard | None, heard_as: HeardAs | None) -> None:
    assert link([met], GRID) == {1: Link(airing, heard, heard_as)}


SERIES = [
    pytest.param([Met(1, day(3)), Met(2, day(4))], [1, None], id="the second one heard nothing new"),
    pytest.param([Met(1, day(3)), Met(2, day(6))], [1, 2], id="the second one met after the repeat"),
    pytest.param([Met(1, day(3), is_held=False, is_told=False), Met(2, day(4))], [1, 1], id="the first was called off"),
    pytest.param([Met(1, day(3), is_held=False, problem="no_signal"), Met(2, day(4))], [1, 1],
                 id="nobody heard it, and nobody was counted"),
    pytest.param([Met(1, day(4)), Met(2, day(4), listens=False, is_held=False), Met(3, day(17))], [1, None, 5],
                 id="a visit between them"),
]  # fmt: skip


@pytest.mark.parametrize(("meetings", "airings"), SERIES)
def test_several_meetings(meetings: list[Met], airings: list[int | None]) -> None:
    found = link(meetings, GRID)
    assert [found[meeting.id].airing_id for meeting in meetings] == airings


def test_what_was_held_before_these_counts_too() -> None:
    assert link([Met(1, day(4))], GRID, last=day(3)) == {1: Link()}
    assert link([Met(1, day(5))], GRID, last=day(3))[1].airing_id == 2


MEETINGS = st.lists(
    st.builds(
        Met, id=st.just(0), on=st.integers(1, 28).map(day), is_held=st.booleans(), listened=st.booleans(),
        episode=st.none() | st.integers(11, 15), problem=st.none() | st.just("no_signal"),
    ),
    max_size=6, unique_by=lambda one: one.on,
)  # fmt: skip
AIRINGS = st.lists(
    st.builds(
        lambda episode, on, is_repeat, is_off: aired(on, episode, on, is_repeat=is_repeat, is_off=is_off),
        st.integers(11, 15), st.integers(1, 28), st.booleans(), st.booleans(),
    ),
    max_size=8, unique_by=lambda one: one.id,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(MEETINGS, AIRINGS, st.randoms())
def test_the_order_in_which_reports_and_airings_come_changes_nothing(meetings, airings, dice) -> None:
    meetings = [Met(**{**vars(one), "id": place}) for place, one in enumerate(meetings)]
    whole = link(meetings, airings)
    assert set(whole) == {one.id for one in meetings}
    arrived, found = list[Met](), dict[int, Link]()
    for one in dice.sample(meetings, len(meetings)):  # each links what is held from its own day on
        arrived.append(one)
        held = [other.on for other in arrived if other.is_held and other.on < one.on]
        later = [other for other in arrived if other.on >= one.on]
        found |= link(later, dice.sample(airings, len(airings)), max(held, default=None))
    assert found == whole


@pytest.fixture
def club(world: World) -> World:
    """A listeners' club of one station, which airs E12 on 3 March, and E13 on the 10th."""
    world.club("1041", facilitator=FANTA)
    world.airing(datetime(2026, 3, 3, 20, 30, tzinfo=UTC))
    air(world, 13, datetime(2026, 3, 10, 20, 30, tzinfo=UTC))
    return world


def air(world: World, number: int, at: datetime, *, is_repeat: bool = False) -> int:
    """A further broadcast of the one station."""
    with world.db.write() as session:
        first = session.scalars(sa.select(Airing).order_by(Airing.id)).first()
        assert first is not None
        series = session.get_one(Episode, first.episode_id).series_id
        same = sa.select(Episode).where(Episode.number == number)
        episode = session.scalar(same) or Episode(series_id=series, number=number, topic="nutrition", titles={})
        session.add(episode)
        session.flush()
        row = Airing(episode_id=episode.id, station_id=first.station_id, planned_at=at, is_repeat=is_repeat)
        session.add(row)
        session.flush()
        return row.id


def told(intent: str, on: int, **more: object) -> Reading:
    """What the reader gives for a report of a day of March; `cancelled` and `problem` come without counts."""
    counts = {} if {"cancelled", "problem"} & set(more) else {"women": 12, "men": 8, "total": 20}
    return Reading(intent, "ok", {"club": "1041", "date": day(on).isoformat(), **counts, **more})


def links(world: World) -> dict[str, tuple[int | None, str | None, str | None]]:
    """Of each day held: the episode, how it was heard, and as what."""
    with world.db.read() as session:
        query = (
            sa.select(ClubSession, Episode.number)
            .outerjoin(Airing, Airing.id == ClubSession.airing_id)
            .outerjoin(Episode, Episode.id == Airing.episode_id)
            .where(ClubSession.held_on.is_not(None))
            .order_by(ClubSession.held_on)
        )
        return {f"{row.held_on:%d/%m}": (number, row.heard, row.heard_as) for row, number in session.execute(query)}


def test_one_meeting_one_report(club: World) -> None:
    done = hear(club, FANTA, told("attendance", 3))
    assert links(club) == {"03/03": (12, NOT_SAID, LIVE)}
    assert done.slots["counts"] == "E12 F12 H8 T20", "the echo says which episode it counted for"
    hear(club, FANTA, told("listening", 3))
    assert links(club) == {"03/03": (12, WELL, LIVE)}, "PRES and ECOUTE of a day are one meeting"
    with club.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(ClubSession.id))) == 1


REPORTS = [
    told("attendance", 3), told("listening", 4), told("listening", 10, problem="no_signal"), told("attendance", 11),
]  # fmt: skip


def test_late_reports_and_reports_in_any_order_end_with_the_same_links(club: World) -> None:
    found = set()
    for order in list(permutations(REPORTS))[::5]:
        with club.db.write() as session:
            session.execute(sa.delete(Attendance))
            session.execute(sa.delete(ClubSession))
        for reading in order:
            hear(club, FANTA, reading)
        found.add(tuple(sorted(links(club).items())))
    assert found == {(
        ("03/03", (12, NOT_SAID, LIVE)), ("04/03", (None, WELL, None)), ("10/03", (13, NO_SIGNAL, None)),
        ("11/03", (13, NOT_SAID, LIVE)),
    )}  # fmt: skip


def test_what_the_host_says_later_links_anew(club: World) -> None:
    hear(club, FANTA, told("listening", 4, episode=12))
    hear(club, FANTA, told("attendance", 11))
    with club.db.write() as session:
        for row in session.scalars(sa.select(Airing)):
            row.status = AiringStatus.NOT_AIRED
        session.flush()
        station = session.scalars(sa.select(Airing.station_id)).first()
        assert station is not None
        assert listening.of_station(session, station, day(3)) == 2
        assert listening.of_station(session, station, day(3)) == 0
    assert links(club) == {"04/03": (None, WELL, RECORDING), "11/03": (None, None, None)}


def test_an_airing_that_came_on_another_day_counts_on_that_day(club: World) -> None:
    with club.db.write() as session:
        first = session.scalars(sa.select(Airing).order_by(Airing.id)).first()
        assert first is not None
        first.status, first.aired_at = AiringStatus.AIRED, first.planned_at + timedelta(days=1)
    hear(club, FANTA, told("attendance", 3))
    hear(club, FANTA, told("attendance", 4))
    assert {when: one[0] for when, one in links(club).items()} == {"03/03": None, "04/03": 12}


@pytest.mark.parametrize(
    ("kind", "intent", "expected"),
    [
        pytest.param(ClubKind.APFLS, "listening", (None, None, None), id="ECOUTE of a school is its attendance"),
        pytest.param(ClubKind.IYCF, "attendance", (None, None, None), id="PRES of another group"),
        pytest.param(ClubKind.IYCF, "listening", (12, WELL, LIVE), id="ECOUTE of another group"),
        pytest.param(ClubKind.LISTENERS_CLUB, "visit", (None, None, None), id="an adviser's visit"),
    ],
)
def test_whose_meetings_count_for_an_episode(world: World, kind: ClubKind, intent: str, expected: object) -> None:
    world.club("1041", kind, FANTA)
    world.airing(datetime(2026, 3, 3, 20, 30, tzinfo=UTC))
    done = hear(world, FANTA, told(intent, 3))
    assert links(world) == {"03/03": expected}
    assert ("counts" in done.slots) is (expected[0] is not None)  # type: ignore[index]


def test_a_correction_keeps_the_episode(club: World) -> None:
    hear(club, FANTA, told("listening", 11, episode=12))
    hear(club, FANTA, told("attendance", 11, women=13, total=21, replaces={"women": 12, "men": 8}))
    assert links(club) == {"11/03": (12, WELL, LIVE)}


def test_a_meeting_that_was_called_off_leaves_the_episode_to_the_next(club: World) -> None:
    hear(club, FANTA, told("attendance", 3, cancelled=True))
    hear(club, FANTA, told("attendance", 5))
    assert links(club) == {"03/03": (12, None, None), "05/03": (12, NOT_SAID, LIVE)}


def test_an_airing_that_came_a_day_early_counts_for_that_day_until_it_is_corrected(club: World) -> None:
    hear(club, FANTA, told("listening", 9))
    for at, number in ((datetime(2026, 3, 9, 20, 30, tzinfo=UTC), 13), (None, 12)):
        with club.db.write() as session:
            last = session.scalars(sa.select(Airing).order_by(Airing.planned_at.desc())).first()
            assert last is not None
            airings.say(session, last, aired=True, at=at, reason=None, who=None, now=club.now)
        assert links(club) == {"09/03": (number, "well", "live")}
