"""The scorecard of stations: broadcasts of a month, clubs that heard them, questions answered."""

from __future__ import annotations

from datetime import UTC, date, datetime

import sqlalchemy as sa

from campaigns.clubs import airings, listening
from campaigns.clubs.scorecard import Score, scorecard
from campaigns.models import (
    Airing,
    AirQuestion,
    AirQuestionState,
    Attendance,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
)
from messaging.models import Programme, Station
from tests.world import World

TUESDAY = datetime(2026, 3, 10, 20, 30, tzinfo=UTC)
MARCH, APRIL = (date(2026, 3, 1), date(2026, 3, 31)), (date(2026, 4, 1), date(2026, 4, 30))


def scores(world: World, month: tuple[date, date]) -> list[Score]:
    with world.db.read() as session:
        return scorecard(session, session.get_one(Programme, world.programme_id), *month)


def report(world: World, code: str, day: int, problem: str | None = None) -> None:
    """A club that wrote ECOUTE, or PAS CAPTE."""
    shared = {"programme_id": world.programme_id, "club_id": world.clubs[code], "kind": ClubSessionKind.CLUB}
    with world.db.write() as session:
        row = ClubSession(held_on=date(2026, 3, day), status=ClubSessionStatus.HELD, **shared)
        session.add(row)
        session.flush()
        session.add(Attendance(
            club_session_id=row.id, intent="listening", total=20, problem=problem, received_at=world.now
        ))  # fmt: skip
        listening.relink(session, [world.clubs[code]], date(2026, 3, 1))


def test_a_month_of_a_station(world: World) -> None:
    for code in ("1041", "1055", "2035"):
        world.club(code)
    first = world.airing(TUESDAY)
    with world.db.write() as session:
        one = session.get_one(Airing, first)
        for day in (14, 17, 21):
            at = TUESDAY.replace(day=day)
            session.add(Airing(episode_id=one.episode_id, station_id=one.station_id, planned_at=at))
        asked = {"programme_id": world.programme_id, "wording": "Comment sécher ?", "asked_at": TUESDAY}
        answer = {"state": AirQuestionState.ANSWERED, "station_id": one.station_id}
        session.add(AirQuestion(**asked, **answer, answered_at=TUESDAY))
        session.add(AirQuestion(**asked, **answer, answered_at=TUESDAY.replace(month=4)))
        session.add(AirQuestion(**asked, station_id=one.station_id))
        session.add(Station(programme_id=world.programme_id, name="Autre", sms_name="Autre", languages=["fr"]))
        rows = session.scalars(sa.select(Airing).order_by(Airing.planned_at)).all()
        for row, aired, reason in zip(rows, (True, False, False), ("", "network", "security"), strict=False):
            airings.say(session, row, aired=aired, at=None, reason=reason or None, who=None, now=TUESDAY)
    report(world, "1041", 11)
    report(world, "1041", 12)
    report(world, "1055", 11, problem="no_signal")
    other, radio = scores(world, MARCH)
    assert radio.row() == {
        "station": "Radio Exemple", "planned": 4, "aired": 1, "not_aired": 2, "not_aired_power": 0,
        "not_aired_network": 1, "not_aired_staff": 0, "not_aired_other": 1, "unsaid": 1, "clubs": 3,
        "clubs_reporting": 1, "questions_answered": 1,
    }  # fmt: skip
    assert (other.station, other.planned, other.clubs) == ("Autre", 0, 0)
    assert [(one.planned, one.reporting, one.answered) for one in scores(world, APRIL)] == [(0, 0, 0), (0, 0, 1)]
