"""What the sheets of a month are made from, gathered set-wise for any number of clubs in the same few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import answering, planner
from campaigns.clubs import listening, readings
from campaigns.clubs.days import Lessons, Planned, dates
from campaigns.clubs.feasts import Feasts
from campaigns.clubs.readings import FRENCH, Circle, Passage
from campaigns.clubs.sheets import Hour, Meeting, Option, Sheet, Talk, arranged, fitted, numbered
from campaigns.models import (
    Airing,
    AiringStatus,
    ClubCurriculum,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Episode,
    EpisodeText,
    Lesson,
    Series,
)
from messaging import places, risk, routing
from messaging.clock import at_local, local
from messaging.models import Club, ClubStation, Gateway, Place, Programme, Station, TextState
from messaging.models.place import RiskLevel

DAY = timedelta(days=1)
BEFORE = timedelta(days=40)  # a broadcast so long before the month may be that of its first meeting
OFF = (ClubSessionStatus.CANCELLED, ClubSessionStatus.MISSED)


@dataclass(frozen=True)
class OnSheet:
    """One broadcast with what a sheet tells of it."""

    row: Airing
    episode: Episode
    series: Series
    station: Station
    at: datetime  # local


def sheets(session: Session, programme: Programme, clubs: Sequence[Club], month: date, now: datetime) -> list[Sheet]:
    """The sheets of some clubs for a month, in the order of the clubs.

    Args:
        session: a session.
        programme: of the clubs.
        clubs: that are open.
        month: its first day.
        now: the time; the risk levels of this moment count.
    """
    if not clubs:
        return []
    first, last = span(month)
    circles = _circles(session, clubs, first, now)
    air = _on_air(session, programme, circles, first, last)
    talks = _talks(session, programme, circles, {one.episode.id: one.episode for one in air.values()})
    planned = _planned(session, programme, circles, first, last, now)
    blocked = risk.blocked_tags(session)
    depends = _month(session, programme, circles, air, blocked, first, last)
    read, lacking = readings.of_month(session, depends)
    gateways = session.scalars(sa.select(Gateway).order_by(Gateway.position, Gateway.id)).all()
    titles = _lesson_titles(session, planned)
    found = []
    for circle in circles:
        club = circle.club
        own = numbered(_meeting(one, air, talks, club.language, titles, programme.zone) for one in planned[club.id])
        filled, left_out = arranged(club.kind, own, read.get(club.id, ()))
        missing = [f"E{one.talk.number}" for one in filled if one.talk and one.talk.aloud.is_missing]
        sheet = Sheet(
            club_id=club.id, code=club.code, kind=club.kind, language=club.language, village=circle.home.village,
            commune_id=circle.home.commune_id, commune=circle.home.commune, level=circle.home.level, month=first,
            meetings=tuple(filled), hours=tuple(_hours(circle, air, blocked, first, last)),
            number=_number(club, gateways, programme), listens=bool(circle.stations), left_out=tuple(left_out),
            lacking=tuple(dict.fromkeys([*missing, *lacking.get(club.id, ())])),
        )  # fmt: skip
        found.append(fitted(sheet))
    return found


def span(month: date) -> tuple[date, date]:
    """The first and the last day of the month that a day lies in."""
    first = month.replace(day=1)
    return first, following(first) - DAY


def following(month: date) -> date:
    """The first day of the next month."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def _circles(session: Session, clubs: Sequence[Club], first: date, now: datetime) -> list[Circle]:
    villages = {club.village_id for club in clubs}
    rows = {row.id: row for row in session.scalars(sa.select(Place).where(Place.id.in_(villages)))}
    pairs = places.communes(now.date()).subquery()
    query = sa.select(pairs.c.village_id, Place.id, Place.name).join(Place, Place.id == pairs.c.commune_id)
    communes = {row[0]: (row[1], row[2]) for row in session.execute(query.where(pairs.c.village_id.in_(villages)))}
    levels = risk.levels(session, now)
    stations: defaultdict[int, set[int]] = defaultdict(set)
    heard = sa.select(ClubStation).where(ClubStation.club_id.in_([club.id for club in clubs]))
    for link in session.scalars(heard):
        stations[link.club_id].add(link.station_id)
    homes = {}
    for ident, row in rows.items():
        commune = communes.get(ident)
        level = levels.get(commune[0], RiskLevel.GREEN) if commune else RiskLevel.GREEN
        homes[ident] = readings.home(row, commune, level)
    return [Circle(club, homes[club.village_id], frozenset(stations[club.id])) for club in clubs]


def _on_air(
    session: Session, programme: Programme, circles: Iterable[Circle], first: date, last: date
) -> dict[int, OnSheet]:
    """The broadcasts of the clubs' stations around a month that were not called off, in the order of time."""
    stations = {ident for circle in circles for ident in circle.stations}
    since = at_local(first - BEFORE, time(), programme.zone)
    until = at_local(last + DAY, time(), programme.zone)
    query = (
        sa.select(Airing, Episode, Series, Station)
        .join(Episode, Episode.id == Airing.episode_id)
        .join(Series, Series.id == Episode.series_id)
        .join(Station, Station.id == Airing.station_id)
        .where(Series.programme_id == programme.id, Airing.station_id.in_(stations))
        .where(Airing.planned_at >= since, Airing.planned_at < until, Airing.status != AiringStatus.NOT_AIRED)
        .order_by(Airing.planned_at, Airing.id)
    )
    return {
        row.id: OnSheet(row, episode, series, station, local(row.aired_at or row.planned_at, programme.zone))
        for row, episode, series, station in session.execute(query)
    }


def _talks(
    session: Session, programme: Programme, circles: Iterable[Circle], episodes: Mapping[int, Episode]
) -> dict[tuple[int, str], Talk]:
    """What each episode gives, by episode and language of a club."""
    languages = {circle.club.language for circle in circles}
    query = sa.select(EpisodeText).where(
        EpisodeText.episode_id.in_(episodes), EpisodeText.language.in_({*languages, FRENCH})
    )
    agencies = answering.agencies(session, programme)
    texts = {
        (row.episode_id, row.language): row
        for row in session.scalars(query)
        if row.state is TextState.APPROVED or programme.demonstration
    }
    return {
        (ident, language): talk(episode, language, texts.get((ident, language)), texts.get((ident, FRENCH)), agencies)
        for ident, episode in episodes.items()
        for language in languages
    }


def talk(
    episode: Episode, language: str, own: EpisodeText | None, french: EpisodeText | None, agencies: Collection[str] = ()
) -> Talk:
    """What an episode gives to clubs of a language; texts that may not be printed are None, or name an agency."""
    own, french = (_clean(text, agencies, episode.topic) for text in (own if language != FRENCH else None, french))
    drafts = frozenset(
        text.language for text in (own, french) if text is not None and text.state is not TextState.APPROVED
    )

    def passage(mine: str, theirs: str) -> Passage:
        said = frozenset(code for code, words in ((language, mine), (FRENCH, theirs)) if words)
        return Passage(language, mine, theirs, drafts & (said | ({FRENCH} if theirs else set())))

    def part(name: str) -> Passage:
        return passage(getattr(own, name, "") or "", getattr(french, name, "") or "")

    mine, theirs = (own.options or {}) if own else {}, (french.options or {}) if french else {}
    options = tuple(
        Option(digit, passage(str(mine.get(digit, "")), str(theirs.get(digit, ""))))
        for digit in sorted({*mine, *theirs})
    )
    title = str(episode.titles.get(FRENCH) or next(iter(episode.titles.values()), ""))
    return Talk(
        episode.id, episode.number, episode.topic, title, part("read_aloud"), part("guide"), part("question"), options
    )


def _clean(text: EpisodeText | None, agencies: Collection[str], topic: str) -> EpisodeText | None:
    if text is None:
        return None
    words = " ".join([text.read_aloud, text.question, text.guide, *map(str, (text.options or {}).values())])
    return None if readings.is_unfit(words, agencies, topic) else text


def _planned(
    session: Session,
    programme: Programme,
    circles: Sequence[Circle],
    first: date,
    last: date,
    now: datetime,
) -> dict[int, list[Planned]]:
    """The meetings of each club in the month: those that are planned, and behind them the days of its rule."""
    ids = [circle.club.id for circle in circles]
    query = sa.select(ClubSession).where(
        ClubSession.club_id.in_(ids), ClubSession.planned_on.between(first, last),
        ClubSession.kind != ClubSessionKind.VISIT,
    )  # fmt: skip
    rows: defaultdict[int, list[ClubSession]] = defaultdict(list)
    for row in session.scalars(query.order_by(ClubSession.planned_on)):
        rows[row.club_id or 0].append(row)
    lessons, feasts = _lessons(session, ids), Feasts.of(session, programme, now)
    heard = listening.heard_by(session, ids, first - BEFORE, last)
    found = {}
    for circle in circles:
        club, own = circle.club, rows[circle.club.id]
        since = max(
            [
                first,
                *(row.planned_on + DAY for row in own if row.planned_on),
                *([club.created_on] if club.created_on else []),
            ]
        )
        more = dates(
            club, since, last, heard.get(club.id, ()), lessons.get(club.id),
            is_shut=feasts.shut(club.village_id), zone=programme.zone,
        )  # fmt: skip
        found[club.id] = [*(_stored(row) for row in own if row.status not in OFF), *more]
    return found


def _stored(row: ClubSession) -> Planned:
    assert row.planned_on is not None
    return Planned(row.planned_on, row.planned_at, row.number, row.topic, row.lesson_id, row.airing_id)


def _lessons(session: Session, club_ids: Collection[int]) -> dict[int, Lessons]:
    query = (
        sa.select(ClubCurriculum.club_id, ClubCurriculum.starts_on, Lesson)
        .join(Lesson, Lesson.curriculum_id == ClubCurriculum.curriculum_id)
        .where(ClubCurriculum.club_id.in_(club_ids))
        .order_by(Lesson.number)
    )
    found: dict[int, tuple[date, list[Lesson]]] = {}
    for club_id, starts_on, lesson in session.execute(query):
        found.setdefault(club_id, (starts_on, []))[1].append(lesson)
    return {club_id: Lessons(starts_on, rows) for club_id, (starts_on, rows) in found.items()}


def _lesson_titles(session: Session, planned: Mapping[int, Iterable[Planned]]) -> dict[int, str]:
    ids = {one.lesson_id for own in planned.values() for one in own} - {None}
    rows = session.scalars(sa.select(Lesson).where(Lesson.id.in_(ids)))
    return {row.id: str(row.titles.get(FRENCH) or next(iter(row.titles.values()), "")) for row in rows}


def _meeting(
    one: Planned,
    air: Mapping[int, OnSheet],
    talks: Mapping[tuple[int, str], Talk],
    language: str,
    titles: Mapping[int, str],
    zone: str,
) -> Meeting:
    heard = air.get(one.airing_id or 0)
    given = talks[heard.episode.id, language] if heard else None
    return Meeting(
        one.on, local(one.at, zone).time() if one.at else None, given, one.number if one.lesson_id else None,
        titles.get(one.lesson_id or 0, ""), given.topic if given else one.topic,
    )  # fmt: skip


def _hours(
    circle: Circle, air: Mapping[int, OnSheet], blocked: risk.Blocked, first: date, last: date
) -> Iterator[Hour]:
    """When the club can hear its stations; in a red commune only those that agreed to it."""
    for one in air.values():
        is_near = one.station.id in circle.stations and first <= one.at.date() <= last
        if is_near and readings.may_tell(circle.home.level, one.station.tells_hours, blocked):
            title = str(one.episode.titles.get(FRENCH) or next(iter(one.episode.titles.values()), ""))
            yield Hour(one.at, one.station.name, one.episode.number, title, one.row.is_repeat)


def _month(
    session: Session,
    programme: Programme,
    circles: Sequence[Circle],
    air: Mapping[int, OnSheet],
    blocked: risk.Blocked,
    first: date,
    last: date,
) -> readings.Month:
    since, until = at_local(first, time(), programme.zone), at_local(last + DAY, time(), programme.zone)
    villages = {circle.club.village_id for circle in circles}
    return readings.Month(
        programme, since, until, circles, blocked, answering.agencies(session, programme),
        planner.broadcasts(session, programme.id, since, until), {one.row.id: _slots(one) for one in air.values()},
        readings.births(session, programme.id, villages),
    )  # fmt: skip


def _slots(one: OnSheet) -> dict[str, str]:
    title = str(one.episode.titles.get(FRENCH) or "")
    return readings.of_airing(one.episode.number, title, one.series.title, one.station.name, one.at)


def _number(club: Club, gateways: Sequence[Gateway], programme: Programme) -> str:
    """The number that the club writes to: its own, else that of the first gateway that receives; empty: not known."""
    if club.number:
        return club.number
    able = (row for row in gateways if (row.adapter == routing.SIMULATOR) == programme.demonstration)
    return next((row.sender for row in able if routing.receives(row) and routing.NUMBER.fullmatch(row.sender)), "")
