"""Sessions, episodes and cases at the edges of days, periods, clubs and clocks, each worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import sqlalchemy as sa

from campaigns.models import Airing, AiringStatus, CasePause, ClubSessionStatus, Decision, Episode
from messaging import staff
from messaging.models import Club, Hours, Programme, Role
from tests.campaigns.evaluation.meetings import at, case, counted, meet, report, valued
from tests.world import World

CANCELLED = ClubSessionStatus.CANCELLED
MARCH = ("2026-03-01", "2026-03-20")  # seen from the 25th
WOMAN = "+22376000011"


def closes(world: World, code: str, **days: date) -> None:
    with world.db.write() as session:
        session.execute(sa.update(Club).where(Club.code == code).values(**days))


def told(world: World, held: str, day: str, hour: str, **heads: int) -> None:
    report(world, meet(world, "1041", held), at(day, hour), **(heads or {"women": 6, "men": 2}))


Sessions = Callable[[World], object]
SESSIONS: list[tuple[str, str, tuple[float, float | None], Sessions]] = [
    ("on the last day", "ATT-HELD", (1, None), lambda w: told(w, "03-20", "03-20", "12:00")),
    ("on the day after", "ATT-HELD", (0, None), lambda w: told(w, "03-21", "03-21", "12:00")),
    ("told at 48 hours", "ATT-48", (1, 1), lambda w: told(w, "03-05", "03-08", "00:00")),
    ("told a minute later", "ATT-48", (0, 1), lambda w: told(w, "03-05", "03-08", "00:01")),
    ("called off, moved out of a day within", "ATT-CAN", (1, None),
     lambda w: meet(w, "1041", "03-02", "02-27", status=CANCELLED)),
    ("called off, moved out of the period", "ATT-CAN", (0, None),
     lambda w: meet(w, "1041", "03-21", "03-20", status=CANCELLED)),
    ("called off, planned within", "ATT-CAN", (1, None), lambda w: meet(w, "1041", None, "03-20", status=CANCELLED)),
    ("called off, of those planned", "ATT-SES", (0, 0), lambda w: meet(w, "1041", None, "03-10", status=CANCELLED)),
    ("planned within, held after", "ATT-SES", (1, 1), lambda w: meet(w, "1041", "03-22", "03-19")),
    ("31 days before the end", "CLB-ACT", (0, 1), lambda w: told(w, "02-18", "02-18", "12:00")),
    ("30 days before the end", "CLB-ACT", (1, 1), lambda w: told(w, "02-19", "02-19", "12:00")),
    ("closed on the last day", "CLB-ACT", (0, 0), lambda w: (
        told(w, "03-05", "03-05", "12:00"), closes(w, "1041", closed_on=date(2026, 3, 20)))),
    ("closed on the day after", "CLB-ACT", (1, 1), lambda w: (
        told(w, "03-05", "03-05", "12:00"), closes(w, "1041", closed_on=date(2026, 3, 21)))),
    ("men were not counted", "ATT-WO", (0, 0), lambda w: told(w, "03-05", "03-05", "12:00", women=6)),
    ("nobody came, and it was written", "ATT-W", (0, 0), lambda w: told(w, "03-05", "03-05", "12:00", women=0, men=0)),
]  # fmt: skip


def test_sessions_at_the_edges(world: World) -> None:
    """Each in a programme of its own, so that one world is enough."""
    wrong = []
    for place, (label, code, expected, make) in enumerate(SESSIONS):
        own = World(world.db, world.now).programme(f"essai-{place}")
        own.club("1041")
        make(own)
        found = counted(own, [code], days=MARCH)[code]
        if found != {(): expected}:
            wrong.append((label, found))
    assert not wrong


def test_a_day_ends_where_the_clock_of_the_programme_says(world: World) -> None:
    world.club("1041")
    with world.db.write() as session:
        session.get_one(Programme, world.programme_id).zone = "Africa/Nairobi"  # three hours ahead, all year
    told(world, "03-05", "03-07", "21:00")
    told(world, "03-10", "03-12", "21:01")
    assert counted(world, ["ATT-48"], days=MARCH) == {"ATT-48": {(): (1, 2)}}


def test_an_episode_is_expected_of_the_clubs_that_were_open_then(world: World) -> None:
    """Of four clubs one closed before it, one was founded after it; at midnight a day begins."""
    for code in ("1041", "1055", "2035", "3115"):
        world.club(code)
    world.airing(at("03-03", "00:00"), 12)
    closes(world, "1055", closed_on=date(2026, 3, 3))
    closes(world, "2035", closed_on=date(2026, 3, 4))
    closes(world, "3115", created_on=date(2026, 3, 17))  # fourteen days after it nobody hears of it any more
    with world.db.write() as session:
        first = session.scalars(sa.select(Airing)).one()
        series = session.get_one(Episode, first.episode_id).series_id
        for number, day in ((11, "03-01"), (13, "03-21")):
            session.add(episode := Episode(series_id=series, number=number, topic="hygiene", titles={}))
            session.flush()
            session.add(
                Airing(
                    episode_id=episode.id, station_id=first.station_id, planned_at=at(day, "00:00"),
                    status=AiringStatus.PLANNED,
                )
            )  # fmt: skip
    assert counted(world, ["LIS-REP"], days=("2026-03-02", "2026-03-20")) == {"LIS-REP": {(): (0, 2)}}
    assert counted(world, ["LIS-REP"], days=("2026-03-01", "2026-03-01")) == {"LIS-REP": {(): (0, 3)}}


def test_a_decision_is_due_on_the_last_day_and_not_on_the_next(world: World) -> None:
    world.club("1041")
    with world.db.write() as session:
        for day in (date(2026, 2, 18), date(2026, 2, 19)):
            session.add(
                Decision(programme_id=world.programme_id, club_id=world.clubs["1041"], day=day, text="x", kept="yes")
            )
    assert counted(world, ["DEC-KEPT"], days=MARCH) == {"DEC-KEPT": {(): (1, 1)}}


def test_three_working_days_over_a_weekend_a_holiday_and_two_pauses(world: World) -> None:
    """Told on Friday evening at six, and Monday is a feast: six hours, Tuesday, Wednesday, and Thursday until six."""
    world.member(WOMAN)
    cases = {
        label: case(world, WOMAN, "suggestion", at("03-06", "18:00"), **more)
        for label, more in {
            "in time": {"taken_at": at("03-12", "17:59")},
            "as it runs out": {"taken_at": at("03-12", "18:00")},
            "paused twice": {"taken_at": at("03-16", "17:59"), "closed_at": at("03-16", "18:00")},
            "paused, and late": {"taken_at": at("03-13", "18:00")},
            "paused after it was taken": {"taken_at": at("03-12", "18:30")},
        }.items()
    }
    with world.db.write() as session:
        staff.add(session, "awa@essai.example", [(Role.OFFICER, "")], world.now, programmes=["essai"])
        who = staff.by_email(session, "awa@essai.example").id
        feast = date(2026, 3, 9)
        session.add(
            Hours(
                programme_id=world.programme_id, position=1, kind="both", open_spans="", reason="fête", starts=feast,
                ends=feast,
            )
        )  # fmt: skip
        for label, begin, end in (
            ("paused twice", at("03-10"), at("03-11")), ("paused twice", at("03-12", "00:00"), at("03-13", "00:00")),
            ("paused, and late", at("03-07"), at("03-08")),  # on a weekend, when the clock rests anyway
            ("paused after it was taken", at("03-13"), None),
        ):  # fmt: skip
            session.add(
                CasePause(
                    feedback_id=cases[label], reason="agency", started_at=begin, started_by=who, ended_at=end
                )
            )  # fmt: skip
    found = counted(world, ["CFM-ACK", "CFM-CLOSE"], days=MARCH)
    assert found == {"CFM-ACK": {(): (2, 5)}, "CFM-CLOSE": {(): (1, 1)}}
    assert valued(world, ["CFM-CLOSE"]) == {("CFM-CLOSE",): 10 - 2}
