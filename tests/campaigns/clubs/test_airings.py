"""Airings from the slots of stations, and what is said of each afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import airings, meetings
from campaigns.clubs.airings import Given, days, made
from campaigns.models import Airing, AiringStatus, Episode, Series, Slot
from messaging import budget
from messaging.errors import DataError
from messaging.models import Audit, Club, Gateway, Message, Programme, Station
from messaging.models.post import State
from tests.meanwhile import Act, at_once
from tests.world import World

ZONE = "Africa/Bamako"
MONDAY = datetime(2026, 3, 16, 6, 0, tzinfo=UTC)
TUESDAY, SATURDAY = 1, 5
EPISODES = {1: [101, 102, 103, 104]}


def slot(ident: int, weekday: int | None = TUESDAY, at: str = "20:30", **more: object) -> Slot:
    row = Slot(
        id=ident, station_id=1, series_id=1, weekday=weekday, starts=time.fromisoformat(at), minutes=30,
        starts_on=date(2026, 1, 1), is_live=False,
    )  # fmt: skip
    for name, value in more.items():
        setattr(row, name, value)
    return row


EVENING = slot(1)
REPEAT = slot(2, SATURDAY, "16:30", repeat_of=1)
TWICE = slot(3, 3, "20:30")
ELSEWHERE = slot(4, 2, station_id=2)
REPEAT_ELSEWHERE = slot(5, SATURDAY, "09:00", repeat_of=1, station_id=2)
TEN_DAYS = slot(6, None, every_days=10, anchor=date(2026, 3, 20))
AGAIN_AFTER_TEN = slot(7, TUESDAY, "08:00", repeat_of=6)


def told(rows: list[dict[str, object]]) -> list[str]:
    """Slot, day, hour and episode of each airing."""
    return [f"{row['slot_id']} {row['planned_at']:%d/%m %H:%M} {row['episode_id']}" for row in rows]


def at(day: int, hour: int = 20, minute: int = 30) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


ROWS = [
    ("a weekly slot goes on by number", [EVENING], {}, ["1 17/03 20:30 101", "1 24/03 20:30 102"]),
    ("a repeat airs what was aired last", [REPEAT, EVENING], {},
     ["1 17/03 20:30 101", "2 21/03 16:30 101", "1 24/03 20:30 102", "2 28/03 16:30 102"]),
    ("two slots of a station share a series", [EVENING, TWICE], {},
     ["1 17/03 20:30 101", "3 19/03 20:30 102", "1 24/03 20:30 103", "3 26/03 20:30 104"]),
    ("each station begins with the first episode", [EVENING, ELSEWHERE], {},
     ["1 17/03 20:30 101", "4 18/03 20:30 101", "1 24/03 20:30 102", "4 25/03 20:30 102"]),
    ("a station repeats what another aired", [EVENING, REPEAT_ELSEWHERE], {},
     ["1 17/03 20:30 101", "5 21/03 09:00 101", "1 24/03 20:30 102", "5 28/03 09:00 102"]),
    ("what a station was given comes no more", [EVENING], {"episodes": {(1, 101), (2, 102)}},
     ["1 17/03 20:30 102", "1 24/03 20:30 103"]),
    ("a series that is over airs nothing", [EVENING], {"episodes": {(1, one) for one in (101, 102, 103, 104)}}, []),
    ("nor is its last episode repeated for ever", [EVENING, REPEAT],
     {"episodes": {(1, one) for one in (101, 102, 103, 104)}, "aired": {1: [(at(10), 104)]}}, []),
    ("a slot goes on after its last airing", [EVENING], {"aired": {1: [(at(17), 101)]}, "episodes": {(1, 101)}},
     ["1 24/03 20:30 102"]),
    ("what staff moved is not made again", [EVENING], {"aired": {1: [(at(18, 9), 101)]}, "episodes": {(1, 101)}},
     ["1 24/03 20:30 102"]),
    ("a new repeat takes what was aired before it", [EVENING, REPEAT],
     {"aired": {1: [(at(17), 101), (at(24), 102), (at(31), 103)]}, "episodes": {(1, 101), (1, 102), (1, 103)}},
     ["2 21/03 16:30 101", "2 28/03 16:30 102"]),
    ("a repeat alone airs nothing", [REPEAT], {}, []),
    ("every ten days from a day on", [TEN_DAYS], {}, ["6 20/03 20:30 101"]),
    ("a cycle is repeated as long as it is", [TEN_DAYS, AGAIN_AFTER_TEN], {},
     ["6 20/03 20:30 101", "7 24/03 08:00 101"]),
    ("the contract ends", [slot(1, ends_on=date(2026, 3, 20))], {}, ["1 17/03 20:30 101"]),
    ("the contract has not begun", [slot(1, starts_on=date(2026, 3, 20))], {}, ["1 24/03 20:30 101"]),
    ("an hour that is over today", [slot(1, 0, "05:30")], {}, ["1 23/03 05:30 101", "1 30/03 05:30 102"]),
]  # fmt: skip


@pytest.mark.parametrize(("slots", "given", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_fortnight_of_slots(slots: list[Slot], given: dict[str, object], expected: list[str]) -> None:
    rows = made(slots, EPISODES, Given(**given), MONDAY, MONDAY + timedelta(days=14), ZONE)  # type: ignore[arg-type]
    assert told(rows) == expected


def test_a_slot_is_on_the_days_of_its_contract_only() -> None:
    found = days(slot(1, starts_on=date(2026, 3, 10), ends_on=date(2026, 3, 24)), date(2026, 3, 1), date(2026, 4, 30))
    assert [day.day for day in found] == [10, 17, 24]


class Radio:
    """A station with a weekly evening, its repeat on Saturday, and six episodes."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.now = MONDAY
        with world.db.write() as session:
            station = Station(programme_id=world.programme_id, name="Radio", sms_name="Radio", languages=["fr"])
            series = Series(programme_id=world.programme_id, code="serie", title="Bien manger")
            session.add_all([station, series])
            session.flush()
            numbers = range(1, 7)
            session.add_all(Episode(series_id=series.id, number=n, topic="nutrition", titles={}) for n in numbers)
            both = {"station_id": station.id, "series_id": series.id, "starts_on": date(2026, 3, 1)}
            evening = Slot(weekday=TUESDAY, starts=time(20, 30), **both)
            session.add(evening)
            session.flush()
            session.add(Slot(weekday=SATURDAY, starts=time(16, 30), repeat_of=evening.id, minutes=20, **both))

    def plan(self, weeks: int) -> int:
        with self.world.db.write() as session:
            programme = session.get_one(Programme, self.world.programme_id)
            return airings.plan_airings(session, programme, self.world.now, timedelta(weeks=weeks))

    def say(self, day: int, *, aired: bool, reason: str | None = None, who: int | None = None) -> None:
        with self.world.db.write() as session:
            (row,) = [one for one in session.scalars(sa.select(Airing)) if one.planned_at.day == day]
            airings.say(session, row, aired=aired, at=None, reason=reason, who=who, now=self.world.now)

    def shown(self) -> list[str]:
        query = sa.select(Airing, Episode.number).join(Episode, Episode.id == Airing.episode_id)
        with self.world.db.read() as session:
            return [
                f"{row.planned_at:%d/%m %H:%M} E{number}{' repeat' if row.is_repeat else ''} {row.minutes}"
                for row, number in session.execute(query.order_by(Airing.planned_at))
            ]


def test_planning_day_by_day_makes_what_planning_at_once_makes(world: World) -> None:
    radio = Radio(world)
    assert radio.plan(2) == 4
    assert radio.plan(2) == 0
    for _day in range(7):
        world.now += timedelta(days=1)
        radio.plan(2)
    assert radio.shown() == [
        "17/03 20:30 E1 30", "21/03 16:30 E1 repeat 20", "24/03 20:30 E2 30", "28/03 16:30 E2 repeat 20",
        "31/03 20:30 E3 30", "04/04 16:30 E3 repeat 20",
    ]  # fmt: skip


def test_an_episode_lost_live_and_on_repeat_comes_again(world: World) -> None:
    radio = Radio(world)
    radio.plan(1)
    radio.say(17, aired=False, reason="power")
    radio.plan(2)
    assert radio.shown()[2] == "24/03 20:30 E2 30", "its repeat is still to come"
    radio.say(21, aired=False)
    radio.plan(3)
    assert radio.shown()[4:] == ["31/03 20:30 E1 30", "04/04 16:30 E1 repeat 20"]


def test_what_staff_say_is_in_the_log_without_a_reason_of_security(world: World) -> None:
    radio = Radio(world)
    radio.plan(1)
    world.on_duty("+22370000042")
    with world.db.read() as session:
        who = session.scalars(sa.text("SELECT id FROM staff")).one()
    radio.say(17, aired=False, reason="security", who=who)
    radio.say(17, aired=False, reason="security", who=who)
    with world.db.read() as session:
        line = session.scalars(sa.select(Audit).where(Audit.object == "airing")).one()
        row = session.get_one(Airing, int(line.object_id))
        assert (row.status, row.reason, row.changed_by) == (AiringStatus.NOT_AIRED, "security", who)
        assert (line.actor, line.before["status"], line.after["reason"]) == (f"staff:{who}", "planned", "other")


def test_a_reason_outside_the_list_is_refused(world: World) -> None:
    radio = Radio(world)
    radio.plan(1)
    with pytest.raises(DataError, match="« panne » n'est pas une raison"):
        radio.say(17, aired=False, reason="panne")


def moved(world: World, day: int, by: timedelta) -> None:
    """Staff give a broadcast of March another hour."""
    with world.db.write() as session:
        (row,) = [one for one in session.scalars(sa.select(Airing)) if one.planned_at.day == day]
        row.planned_at += by


@pytest.mark.parametrize(
    ("day", "by", "expected"),
    [
        pytest.param(24, -1, ["17/03 20:30 E1 30", "23/03 20:30 E2 30", "31/03 20:30 E3 30"], id="the last, earlier"),
        pytest.param(24, 1, ["17/03 20:30 E1 30", "25/03 20:30 E2 30", "31/03 20:30 E3 30"], id="the last, later"),
        pytest.param(17, 40, ["24/03 20:30 E2 30", "31/03 20:30 E3 30", "26/04 20:30 E1 30"], id="one far away"),
    ],
)
def test_a_slot_goes_on_in_its_own_time_whatever_staff_moved(
    world: World, day: int, by: int, expected: list[str]
) -> None:
    radio = Radio(world)
    radio.plan(2)
    moved(world, day, timedelta(days=by))
    radio.plan(3)
    assert [line for line in radio.shown() if "repeat" not in line] == expected


def waiting(world: World) -> int:
    """How many SMS wait to tell clubs that nothing was aired."""
    with world.db.read() as session:
        query = sa.select(sa.func.count()).where(Message.state == State.WAITING, Message.occurrence.startswith("off:"))
        return session.scalar(query) or 0


def said(world: World, airing: int, *, aired: bool) -> Act:
    """The host says what became of a broadcast a little ago."""

    def act(session: Session) -> None:
        row = session.get_one(Airing, airing)
        airings.say(session, row, aired=aired, at=None, reason=None, who=None, now=world.now)

    return act


def test_a_host_who_says_no_then_yes_then_no_has_the_clubs_told(world: World) -> None:
    world.club("1041", facilitator="+22370000009")
    airing = world.airing(world.now - timedelta(hours=1))
    for aired in (False, True, False, True, False):
        with world.db.write() as session:
            said(world, airing, aired=aired)(session)
        assert waiting(world) == (0 if aired else 1)


def test_a_host_and_a_club_report_at_once_and_neither_waits_for_ever(world: World) -> None:
    club = world.club("1041", facilitator="+22370000009")
    airing = world.airing(world.now - timedelta(hours=1))
    with world.db.write() as session:
        session.execute(sa.update(Gateway).values(price_micros=10_000_000))

    def reports(session: Session) -> None:
        meetings.meeting_of(session, session.get_one(Club, club), world.now.date(), "attendance")

    def is_answered(session: Session) -> None:
        budget.reserve(session, world.programme_id, world.now, 10_000_000)

    at_once(world.db, reports, said(world, airing, aired=False), is_answered)
    assert waiting(world) == 1
