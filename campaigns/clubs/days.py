"""The days on which clubs meet, from their rule, their curriculum and the airings; pure, knows no table of reports.

a rule              its weekday, or every so many days from a known one
a curriculum        its lessons in their order on those days; without a rule, by their weeks
a listeners' club   without either: the day of the first airing of each episode
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from campaigns.clubs.listening import OnAir
from campaigns.models import Lesson
from messaging.clock import at_local
from messaging.models import Club
from messaging.models.people import ClubKind

WEEK = 7


@dataclass(frozen=True)
class Planned:
    """One meeting to come."""

    on: date
    at: datetime | None = None
    number: int | None = None  # of its lesson
    topic: str | None = None
    lesson_id: int | None = None
    airing_id: int | None = None


@dataclass(frozen=True)
class Lessons:
    """The lessons a club goes through, in their order, and since when."""

    starts_on: date
    rows: Sequence[Lesson]


def never(_: date) -> bool:
    """No day is shut."""
    return False


def has_rule(club: Club) -> bool:
    """Whether a club meets by a rule of its own."""
    return club.meets_weekday is not None or bool(club.meets_every_days and club.meets_anchor)


def cycle(club: Club) -> int:
    """How many days lie between two meetings of a club."""
    return WEEK if club.meets_weekday is not None else club.meets_every_days or WEEK


def takes(club: Club, planned_on: date, held_on: date, *, is_of_airing: bool) -> bool:
    """Whether a meeting held on one day can be the one planned for another: within half a cycle.

    What was planned for an airing alone is not held before it, but may be held until the next, on the repeat.
    """
    late = (held_on - planned_on).days
    if is_of_airing and not has_rule(club):
        return 0 <= late < WEEK
    return abs(late) <= cycle(club) // 2


def dates(
    club: Club,
    since: date,
    until: date,
    airings: Sequence[OnAir] = (),
    lessons: Lessons | None = None,
    *,
    is_shut: Callable[[date], bool] = never,
    zone: str = "Africa/Bamako",
) -> list[Planned]:
    """The meetings of a club from one day until another, both included, in their order.

    Args:
        club: with its rule.
        since: the first day.
        until: the last day.
        airings: of its stations, from some weeks before `since` on.
        lessons: of the curriculum it follows.
        is_shut: whether nobody meets on a day, such as a feast.
        zone: the programme's time zone.
    """
    if has_rule(club):
        found = _by_rule(club, since, until, airings, lessons, is_shut)
    elif lessons is not None:
        found = _by_weeks(lessons)
    elif club.kind is ClubKind.LISTENERS_CLUB:
        found = _by_airings(airings)
    else:
        return []
    kept = sorted((one for one in found if since <= one.on <= until and not is_shut(one.on)), key=lambda one: one.on)
    if club.meets_at is None:
        return kept
    return [replace(one, at=at_local(one.on, club.meets_at, zone)) for one in kept]


def rule_days(club: Club, since: date, until: date) -> Iterator[date]:
    """The days of a club's own rule, both ends included."""
    step = cycle(club)
    if club.meets_weekday is not None:
        ahead = (club.meets_weekday - since.weekday()) % step
    else:
        assert club.meets_anchor is not None
        ahead = (club.meets_anchor - since).days % step
    for day in range(since.toordinal() + ahead, until.toordinal() + 1, step):
        yield date.fromordinal(day)


def _by_rule(
    club: Club,
    since: date,
    until: date,
    airings: Sequence[OnAir],
    lessons: Lessons | None,
    is_shut: Callable[[date], bool],
) -> Iterator[Planned]:
    """By the rule; the lesson of a day that is shut is given on the next one."""
    rest = iter(lessons.rows if lessons else ())
    first = min(since, lessons.starts_on) if lessons else since
    before = sorted(
        airings, key=lambda one: (not one.is_off, one.at)
    )  # one that was aired goes before one that was not
    for day in rule_days(club, first, until):
        if is_shut(day):
            continue
        is_taught = lessons is not None and day >= lessons.starts_on
        if is_taught and (lesson := next(rest, None)) is not None:
            yield _of_lesson(day, lesson)
            continue
        last = day - timedelta(days=cycle(club))
        heard = [one for one in before if last < one.on <= day] if club.kind is ClubKind.LISTENERS_CLUB else []
        yield Planned(day, topic=heard[-1].topic, airing_id=heard[-1].id) if heard else Planned(day)


def _by_weeks(lessons: Lessons) -> Iterator[Planned]:
    by_day: dict[date, Lesson] = {}
    for lesson in lessons.rows:
        if lesson.week is not None:  # two lessons of one week are one meeting
            by_day.setdefault(lessons.starts_on + timedelta(weeks=lesson.week), lesson)
    return (_of_lesson(day, lesson) for day, lesson in by_day.items())


def _of_lesson(day: date, lesson: Lesson) -> Planned:
    return Planned(day, number=lesson.number, topic=lesson.topic, lesson_id=lesson.id)


def _by_airings(airings: Sequence[OnAir]) -> Iterator[Planned]:
    """The first airing of each episode that was not said to have failed; of two on one day the earlier.

    An episode that begins with a repeat was first aired before these airings begin.
    """
    by_episode = dict[int, list[OnAir]]()
    for one in sorted(airings, key=lambda one: (one.at, one.id)):
        by_episode.setdefault(one.episode_id, []).append(one)
    aired = ([one for one in group if not one.is_off][:1] for group in by_episode.values() if not group[0].is_repeat)
    by_day = dict[date, OnAir]()
    for first in sorted((one for firsts in aired for one in firsts), key=lambda one: (one.at, one.id)):
        by_day.setdefault(first.on, first)
    return (Planned(day, at=one.at, topic=one.topic, airing_id=one.id) for day, one in by_day.items())
