"""The meetings of clubs: on which days they are planned, what a report takes, and which are missed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import meetings, reports
from campaigns.clubs.days import Lessons, dates, takes
from campaigns.clubs.listening import OnAir
from campaigns.conversation.grammar.reading import Reading
from campaigns.models import (
    Airing,
    AiringStatus,
    Attendance,
    AttendanceState,
    ClubCurriculum,
    ClubSession,
    ClubSessionKind,
    Curriculum,
    Lesson,
    Silence,
)
from messaging.errors import RefusedError
from messaging.models import Audit, Club, Hours, Programme
from messaging.models.people import ClubKind
from tests.campaigns.test_races import MOUSSA, says, second
from tests.hearing import hear
from tests.meanwhile import at_once
from tests.world import World

FANTA = "+22370000009"
TODAY = date(2026, 3, 12)  # a Thursday


def march(number: int) -> date:
    """A day of March 2026."""
    return date(2026, 3, number)


def club_of(kind: ClubKind = ClubKind.LISTENERS_CLUB, **rule: object) -> Club:
    """A club that stands in no table."""
    return Club(kind=kind, created_on=None, closed_on=None, **rule)


def aired(ident: int, episode: int, on: int, *, is_repeat: bool = False, is_off: bool = False) -> OnAir:
    """A broadcast of March."""
    at = datetime.combine(march(on), time(20, 30), UTC)
    return OnAir(ident, episode, at, march(on), is_repeat=is_repeat, is_off=is_off, episode_id=episode)


def taught(*weeks: int | None) -> Lessons:
    """Lessons 1, 2, 3 … from Monday 2 March on, with their weeks."""
    rows = [Lesson(id=place, number=place, topic="agro", week=week) for place, week in enumerate(weeks, 1)]
    return Lessons(march(2), rows)


AIRINGS = (aired(1, 12, 10), aired(2, 12, 12, is_repeat=True), aired(3, 13, 17), aired(4, 14, 24))
DAYS = [
    pytest.param(club_of(meets_weekday=3), (), [12, 19, 26], id="every Thursday"),
    pytest.param(club_of(meets_every_days=5, meets_anchor=date(2014, 4, 9)), (), [12, 17, 22, 27], id="market days"),
    pytest.param(club_of(meets_every_days=5), (), [], id="a rule without its first day"),
    pytest.param(club_of(), AIRINGS, [17, 24], id="listeners: the first airing of an episode, not its repeat"),
    pytest.param(club_of(), (aired(1, 12, 10, is_off=True), *AIRINGS[1:]), [12, 17, 24], id="it failed: its repeat"),
    pytest.param(club_of(), (*AIRINGS, aired(9, 15, 24)), [17, 24], id="two episodes on one day are one meeting"),
    pytest.param(club_of(), (aired(2, 12, 12, is_repeat=True),), [], id="an old episode again"),
    pytest.param(club_of(ClubKind.IYCF), AIRINGS, [], id="another group without a rule"),
]  # fmt: skip


@pytest.mark.parametrize(("club", "airings", "expected"), DAYS)
def test_the_days_on_which_a_club_meets(club: Club, airings: tuple[OnAir, ...], expected: list[int]) -> None:
    found = dates(club, march(11), march(28), airings)
    assert [one.on for one in found] == [march(number) for number in expected]


def test_the_ten_market_days_of_the_domain() -> None:
    club = club_of(ClubKind.COOPERATIVE, meets_every_days=5, meets_anchor=date(2014, 4, 9))
    found = [one.on for one in dates(club, march(13), date(2026, 5, 2))]
    assert found == [march(17) + timedelta(days=5 * place) for place in range(10)]


def test_a_meeting_of_a_rule_counts_for_what_was_aired_since_the_last() -> None:
    found = dates(club_of(meets_weekday=3), march(12), march(28), (*AIRINGS[:3], aired(4, 14, 24, is_off=True)))
    assert [(one.on.day, one.airing_id) for one in found] == [(12, 2), (19, 3), (26, 4)]


LESSONS = [
    pytest.param(club_of(ClubKind.FFS, meets_weekday=3), taught(None, None, None), {12: 2, 19: 3, 26: None},
                 id="in their order on the days of the rule"),
    pytest.param(club_of(ClubKind.FFS), taught(0, 2, 3), {16: 2, 23: 3}, id="by their weeks without one"),
    pytest.param(club_of(ClubKind.FFS), taught(None, None), {}, id="neither a rule nor weeks"),
]  # fmt: skip


@pytest.mark.parametrize(("club", "lessons", "expected"), LESSONS)
def test_lessons(club: Club, lessons: Lessons, expected: dict[int, int | None]) -> None:
    assert {one.on.day: one.number for one in dates(club, march(11), march(28), lessons=lessons)} == expected


def test_on_a_feast_nobody_meets_and_its_lesson_is_given_on_the_next_day() -> None:
    found = dates(
        club_of(ClubKind.FFS, meets_weekday=3), march(11), march(28), lessons=taught(None, None, None),
        is_shut=lambda one: one == march(19),
    )  # fmt: skip
    assert [(one.on.day, one.number) for one in found] == [(12, 2), (26, 3)]


def test_the_hour_is_the_clubs_own() -> None:
    (one,) = dates(club_of(meets_weekday=3, meets_at=time(16, 30)), march(11), march(13))
    assert one.at == datetime(2026, 3, 12, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("club", "held_on", "is_of_airing", "expected"),
    [
        pytest.param(club_of(meets_weekday=3), 9, False, True, id="three days before"),
        pytest.param(club_of(meets_weekday=3), 15, False, True, id="three days after"),
        pytest.param(club_of(meets_weekday=3), 16, False, False, id="nearer to the next one"),
        pytest.param(club_of(meets_every_days=5, meets_anchor=march(2)), 15, False, False, id="market: half of five"),
        pytest.param(club_of(), 11, True, False, id="before its airing nobody heard it"),
        pytest.param(club_of(), 18, True, True, id="on the repeat"),
        pytest.param(club_of(), 19, True, False, id="the next episode was aired"),
    ],
)
def test_which_planned_meeting_a_report_is_about(club: Club, held_on: int, is_of_airing: bool, expected: bool) -> None:
    assert takes(club, march(12), march(held_on), is_of_airing=is_of_airing) is expected


@pytest.fixture
def club(world: World) -> World:
    """A school that meets on Thursdays, planned for six weeks from Thursday 12 March on."""
    world.club("1041", ClubKind.FFS, FANTA)
    rule(world, meets_weekday=3)
    plan(world)
    return world


def rule(world: World, code: str = "1041", **values: object) -> None:
    """Change what a club's row says."""
    with world.db.write() as session:
        for name, value in values.items():
            setattr(session.get_one(Club, world.clubs[code]), name, value)


def plan(world: World, later: timedelta = timedelta(0)) -> int:
    """Plan the meetings of the programme."""
    with world.db.write() as session:
        programme = session.get_one(Programme, world.programme_id)
        return meetings.plan_meetings(session, programme, world.now + later)


def told(on: date, intent: str = "attendance", **more: object) -> Reading:
    """What the reader gives for a report."""
    counts = {} if "cancelled" in more else {"women": 12, "men": 8, "total": 20}
    return Reading(intent, "ok", {"club": "1041", "date": on.isoformat(), **counts, **more})


def rows(world: World) -> list[tuple[str | None, str | None, str]]:
    """Every club session: planned on, held on, what became of it."""
    with world.db.read() as session:
        found = session.scalars(sa.select(ClubSession)).all()
    days = sorted(found, key=lambda one: (one.planned_on or one.held_on, one.held_on or date.max))
    return [
        (one.planned_on and f"{one.planned_on:%d/%m}", one.held_on and f"{one.held_on:%d/%m}", one.status.value)
        for one in days
    ]


def planned(world: World) -> list[str]:
    """The planned days of meetings that nobody reported."""
    return [day for day, held, _ in rows(world) if day and not held]


THURSDAYS = ["12/03", "19/03", "26/03", "02/04", "09/04", "16/04", "23/04"]


def test_six_weeks_are_planned_once_and_none_gone_by(club: World) -> None:
    assert planned(club) == THURSDAYS
    assert plan(club) == 0
    assert plan(club, timedelta(days=7)) == 1
    assert planned(club) == [*THURSDAYS, "30/04"]
    with club.db.read() as session:
        assert set(session.scalars(sa.select(ClubSession.kind))) == {ClubSessionKind.SCHOOL}


def test_a_rule_that_changes_is_followed_and_what_was_reported_stays(club: World) -> None:
    hear(club, FANTA, told(TODAY))
    hear(club, FANTA, told(march(26), cancelled=True))
    rule(club, meets_weekday=4)
    plan(club)
    assert planned(club) == ["20/03", "03/04", "10/04", "17/04"]
    assert [one for one in rows(club) if one[1]] == [("12/03", "12/03", "held"), ("26/03", "26/03", "cancelled")]


def test_a_closed_club_has_no_meeting_to_come(club: World) -> None:
    rule(club, closed_on=march(20))
    plan(club)
    assert planned(club) == ["12/03", "19/03"]


def test_a_feast_has_none(club: World) -> None:
    with club.db.write() as session:
        feast = {"position": 9, "kind": "both", "reason": "fete"}
        session.add(Hours(starts=march(19), ends=march(19), **feast))
        session.add(Hours(starts=march(26), ends=march(26), closed_spans="12:00-15:00", **feast))
        session.add(Hours(starts=date(2026, 4, 2), ends=date(2026, 4, 2), place_id=club.village_id, **feast))
        session.add(Hours(programme_id=club.programme_id, **feast))  # of every day: it speaks of no meeting
    plan(club)
    assert planned(club) == ["12/03", *THURSDAYS[2:3], *THURSDAYS[4:]]


def test_lessons_and_what_is_planned_follow_each_other(club: World) -> None:
    with club.db.write() as session:
        session.add(Curriculum(id=1, programme_id=club.programme_id, code="mil", title="Le mil"))
        session.flush()
        for number in (1, 2, 3):
            session.add(Lesson(curriculum_id=1, number=number, topic="agro", titles={}))
        session.add(ClubCurriculum(club_id=club.clubs["1041"], curriculum_id=1, starts_on=march(1)))
    plan(club)
    hear(club, FANTA, told(TODAY, session=3))
    with club.db.read() as session:
        query = sa.select(ClubSession.number, ClubSession.lesson_id, ClubSession.topic).order_by(ClubSession.planned_on)
        first, then, *_ = session.execute(query).all()
        ids = session.scalars(sa.select(Lesson.id).order_by(Lesson.number)).all()
    assert [tuple(first), tuple(then)] == [(3, ids[2], "agro"), (3, ids[2], "agro")], "it wrote S3, two was planned"


def test_listeners_meet_on_the_days_of_the_airings(world: World) -> None:
    world.club("1041", facilitator=FANTA)
    airing = world.airing(datetime(2026, 3, 17, 20, 30, tzinfo=UTC))
    plan(world)
    assert rows(world) == [("17/03", None, "planned")]
    with world.db.write() as session:
        one = session.scalars(sa.select(ClubSession)).one()
        assert (one.airing_id, one.planned_at, one.topic) == (
            airing, datetime(2026, 3, 17, 20, 30, tzinfo=UTC), "nutrition",
        )  # fmt: skip
        session.get_one(Airing, airing).status = AiringStatus.NOT_AIRED
    plan(world)
    assert rows(world) == []


TAKEN = [
    pytest.param(march(12), [("12/03", "12/03", "held")], id="on the day"),
    pytest.param(march(10), [("12/03", "10/03", "held")], id="two days before"),
    pytest.param(march(5), [(None, "05/03", "held"), ("12/03", None, "planned")], id="of a week before"),
]


@pytest.mark.parametrize(("on", "expected"), TAKEN)
def test_a_report_takes_the_planned_meeting_it_is_nearest_to(club: World, on: date, expected: object) -> None:
    hear(club, FANTA, told(on))
    assert [one for one in rows(club) if one[0] not in THURSDAYS[1:]] == expected
    hear(club, FANTA, told(on, women=13, total=21, replaces={"women": 12, "men": 8}))
    assert len([one for one in rows(club) if one[1]]) == 1, "a correction is of the same meeting"


def test_an_advisers_visit_is_no_meeting_of_the_club(club: World) -> None:
    hear(club, FANTA, told(march(11), intent="visit"))
    assert rows(club)[:2] == [(None, "11/03", "held"), ("12/03", None, "planned")]


def test_a_report_that_came_before_its_day_was_planned_is_that_meeting(world: World) -> None:
    world.club("1041", ClubKind.FFS, FANTA)
    hear(world, FANTA, told(march(11)))
    rule(world, meets_weekday=3)
    plan(world)
    assert rows(world)[0] == ("12/03", "11/03", "held")
    assert planned(world) == THURSDAYS[1:]


OFF = [
    pytest.param("PRES 1041 annule", None, id="nothing said"),
    pytest.param("PRES 1041 annulé, la pluie", "rain", id="rain"),
    pytest.param("PRES 1041 annule jour de foire", "market", id="market"),
    pytest.param("PRES 1041 annule il y a un deces", "funeral", id="funeral"),
    pytest.param("PRES 1041 annule insecurite", "insecurity", id="insecurity"),
    pytest.param("PRES 1041 annule personne n'est venu", "other", id="another reason"),
]


@pytest.mark.parametrize(("text", "reason"), OFF)
def test_a_meeting_that_was_called_off_says_why(club: World, text: str, reason: str | None) -> None:
    hear(club, FANTA, told(TODAY, cancelled=True), text)
    with club.db.read() as session:
        one = session.scalars(sa.select(ClubSession).where(ClubSession.held_on.is_not(None))).one()
        assert (one.planned_on, one.status.value, one.cancel_reason) == (TODAY, "cancelled", reason)


def miss(world: World, later: timedelta) -> list[int]:
    """Note what nobody reported by then."""
    with world.db.write() as session:
        return meetings.miss(session, session.get_one(Programme, world.programme_id), world.now + later)


def test_what_nobody_reported_is_missed_until_its_report_comes(club: World) -> None:
    assert miss(club, timedelta(days=2)) == []
    assert len(miss(club, timedelta(days=3))) == 1
    assert rows(club)[0] == ("12/03", None, "missed")
    assert miss(club, timedelta(days=3)) == []
    hear(club, FANTA, told(march(13)), at=club.now + timedelta(weeks=4))
    assert rows(club)[0] == ("12/03", "13/03", "held"), "weeks later, on its own day"


def test_that_nothing_was_aired_is_reason_enough(world: World) -> None:
    world.club("1041", facilitator=FANTA)
    airing = world.airing(world.now + timedelta(hours=3))
    plan(world)
    with world.db.write() as session:
        session.get_one(Airing, airing).status = AiringStatus.NOT_AIRED
    assert miss(world, timedelta(days=4)) == [], "nobody is to ask"
    with world.db.read() as session:
        one = session.scalars(sa.select(ClubSession)).one()
        assert (one.status.value, one.silence, one.silence_by) == ("missed", Silence.NOT_AIRED, None)


def typed(session: Session, world: World, on: date = TODAY, source: str = "paper", **counts: object) -> ClubSession:
    """What staff type of a meeting."""
    club = session.get_one(Club, world.clubs["1041"])
    return reports.record(session, club, on, counts, source=source, staff_id=1, now=world.now)


def history(world: World) -> list[tuple[int, str, str]]:
    """Every report: how many, from where, and whether it counts."""
    with world.db.read() as session:
        found = session.scalars(sa.select(Attendance).order_by(Attendance.id))
        return [(one.total, one.source, one.state.value) for one in found]


def test_a_paper_sheet_takes_the_place_of_what_came_by_sms(club: World) -> None:
    hear(club, FANTA, told(TODAY))
    with club.db.write() as session:
        typed(session, club, women=13, men=8, girls=None, women_spoke=5, woman_chaired=True)
    assert history(club) == [(20, "sms", "corrected"), (21, "paper", "verified")]
    with club.db.read() as session:
        old, new = session.scalars(sa.select(Attendance).order_by(Attendance.id)).all()
        assert (new.supersedes_id, new.women_spoke, new.woman_chaired, new.staff_id) == (old.id, 5, True, 1)
        line = session.scalars(sa.select(Audit).where(Audit.action == "recorded")).one()
        assert (line.before["total"], line.after["total"], line.object) == (20, 21, "club_session")


def test_the_same_numbers_on_paper_say_that_they_were_compared(club: World) -> None:
    hear(club, FANTA, told(TODAY))
    with club.db.write() as session:
        typed(session, club, women=12, men=8)
    assert history(club) == [(20, "sms", "verified")]


def test_a_sheet_alone_is_a_meeting_on_its_own_day(club: World) -> None:
    with club.db.write() as session:
        typed(session, club, march(11), "form", women=12, men=8, heard="well")
    assert rows(club)[0] == ("12/03", "11/03", "held")
    with club.db.write() as session:
        typed(session, club, march(11), "form", cancelled="rain")
    assert rows(club)[0] == ("12/03", "11/03", "cancelled")
    assert history(club) == [(20, "form", AttendanceState.CORRECTED.value)]


@pytest.mark.parametrize(
    ("on", "counts"),
    [
        pytest.param(TODAY, {}, id="nobody counted"),
        pytest.param(TODAY, {"women": 4, "pregnant": 3, "lactating": 2}, id="more nursing than women"),
        pytest.param(march(13), {"women": 4}, id="tomorrow"),
        pytest.param(TODAY, {"cancelled": "sans raison"}, id="a reason that is none"),
    ],
)
def test_a_sheet_that_cannot_be_is_refused(club: World, on: date, counts: dict[str, object]) -> None:
    with pytest.raises(RefusedError, match=" / "), club.db.write() as session:
        typed(session, club, on, **counts)
    assert (history(club), planned(club)) == ([], THURSDAYS)


def test_two_report_two_days_of_one_planned_meeting_at_once(club: World) -> None:
    second(club, MOUSSA)
    at_once(club.db, says(club, FANTA, told(march(11))), says(club, MOUSSA, told(march(12))))
    assert rows(club)[:2] == [("12/03", "11/03", "held"), (None, "12/03", "held")]


def test_a_report_comes_while_its_meeting_is_planned(world: World) -> None:
    world.club("1041", ClubKind.FFS, FANTA)
    rule(world, meets_weekday=3)

    def planning(session: Session) -> object:
        return meetings.plan_meetings(session, session.get_one(Programme, world.programme_id), world.now)

    at_once(world.db, planning, says(world, FANTA, told(TODAY)))
    assert rows(world)[0] == ("12/03", "12/03", "held")


def test_a_meeting_is_planned_while_its_report_comes(world: World) -> None:
    world.club("1041", ClubKind.FFS, FANTA)
    rule(world, meets_weekday=3)

    def planning(session: Session) -> object:
        return meetings.plan_meetings(session, session.get_one(Programme, world.programme_id), world.now)

    at_once(world.db, says(world, FANTA, told(TODAY)), planning)
    assert rows(world)[0] == ("12/03", "12/03", "held")
    assert planned(world) == THURSDAYS[1:]


def test_an_advisers_visit_that_is_a_meeting_after_all_stands_where_it_was_planned(club: World) -> None:
    hear(club, FANTA, told(TODAY, "visit"))
    hear(club, FANTA, told(TODAY))
    assert rows(club)[:2] == [("12/03", "12/03", "held"), ("19/03", None, "planned")]


def test_a_report_that_came_before_the_day_moved_is_not_asked_for_again(club: World) -> None:
    hear(club, FANTA, told(march(18)))
    rule(club, meets_weekday=4)
    for days in (6, 8):
        plan(club, timedelta(days=days))
        assert ("19/03", "18/03", "held") in rows(club), "what was reported stays"
        assert ("20/03", None, "planned") not in rows(club)


def test_what_was_planned_after_a_club_closed_is_forgotten_when_that_is_noted_late(club: World) -> None:
    rule(club, closed_on=march(14))
    plan(club, timedelta(days=15))
    assert rows(club) == [("12/03", None, "planned")]
