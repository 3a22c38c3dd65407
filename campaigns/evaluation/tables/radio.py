"""Table 7: one row an airing; no name of anybody at a station, and no reason why one was silent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import terms
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.tables.placed import cercle_codes
from campaigns.evaluation.tables.table import Column, Query, Row, Table, stream
from campaigns.models import (
    Airing,
    AiringStatus,
    AirQuestion,
    AirQuestionState,
    Attendance,
    ClubSession,
    Episode,
    Series,
    Slot,
)
from messaging.clock import local
from messaging.models import Club, ClubStation, Station

COLUMNS = (
    Column("station", "#org+radio+name", "Radio", "Station", "never its people"),
    Column("station_code", "#org+radio+code", "Code : radio", "Code of the station", "its number in the system"),
    Column("adm2_code", "#adm2+code", "Code : cercle", "Code of the cercle", "of the station"),
    Column("programme", "#activity+programme+name", "Série", "Series"),
    Column("episode", "#activity+episode+num", "Émission", "Episode"),
    Column("title", "#activity+episode+name", "Titre", "Title"),
    Column("language", "#meta+lang", "Langue", "Language", "of the slot; without one the station's first"),
    Column("planned_on", "#date+planned", "Prévue le", "Planned on"),
    Column("aired_on", "#date+occurred", "Diffusée le", "Aired on", "empty: not aired, or nobody has said"),
    Column("aired_at", "#meta+time", "Heure", "Hour"),
    Column("minutes", "#output+minutes+num", "Minutes", "Minutes"),
    Column("repeat", "#meta+repeat+bool", "Rediffusion", "Repeat"),
    Column("live", "#meta+live+bool", "En direct", "Live"),
    Column("aired", "#status+aired+bool", "Diffusée", "Aired", "empty: nobody has said"),
    Column("clubs_expected", "#output+clubs_expected+num", "Clubs attendus", "Clubs expected",
           "open clubs that listen to the station; empty: it was not aired"),
    Column("clubs_reported", "#output+clubs_reported+num", "Clubs qui rendent compte", "Clubs reporting",
           "clubs with a report of a session that counts for this airing"),
    Column("listeners_women", "#reached+ind+f", "Auditrices", "Women listening", "counted in those sessions"),
    Column("listeners_men", "#reached+ind+m", "Auditeurs", "Men listening", "counted in those sessions"),
    Column("questions_received", "#output+questions+num", "Questions reçues", "Questions received",
           "sessions of this airing with a question for the station"),
    Column("questions_answered_on_air", "#output+questions_answered+num", "Questions répondues",
           "Questions answered on air", "by this episode; told at its first airing, not at repeats"),
)  # fmt: skip


def rows(ask: Ask) -> Iterator[Row]:
    """A row for each airing planned within the period; of bound accounts those that an own club listens to."""
    codes = _codes(ask)
    for airing, station, episode, series, slot, told in _airings(ask):
        is_aired = None if airing.status is AiringStatus.PLANNED else airing.status is AiringStatus.AIRED
        at = local(airing.aired_at or airing.planned_at, ask.period.zone) if is_aired else None
        language = (slot and slot.language) or (station.languages or [""])[0]
        yield (
            station.name, f"R{station.id:02d}", codes.get(station.place_id, ""), series.title, episode.number,
            _title(episode.titles, language), language,
            local(airing.planned_at, ask.period.zone).date().isoformat(), at.date().isoformat() if at else None,
            f"{at:%H:%M}" if at else None, airing.minutes, airing.is_repeat, bool(slot and slot.is_live), is_aired,
            None if is_aired is False else told.expected, told.reported, told.women, told.men, told.questions,
            0 if airing.is_repeat else told.answered,
        )  # fmt: skip


def _airings(ask: Ask) -> Iterator[tuple[Airing, Station, Episode, Series, Slot | None, Any]]:
    columns = {**_listening(ask), **_reports(ask), "answered": _answered()}
    what: list[Any] = [Airing, Station, Episode, Series, Slot]
    what += [column.label(name) for name, column in columns.items()]
    query: Query = (
        sa.select()
        .add_columns(*what)
        .select_from(Airing)
        .join(Station, Station.id == Airing.station_id)
        .join(Episode, Episode.id == Airing.episode_id)
        .join(Series, Series.id == Episode.series_id)
        .outerjoin(Slot, Slot.id == Airing.slot_id)
        .where(Series.programme_id == ask.programme.id, ask.period.holds(Airing.planned_at))
        .order_by(Airing.planned_at, Airing.id)
    )
    if not ask.is_everywhere:
        query = query.where(_listening(ask)["expected"] > 0)
    for row in stream(ask.session, query):
        yield (*row[:5], row)


def _listening(ask: Ask) -> dict[str, sa.ScalarSelect[Any]]:
    """The clubs that are expected to report."""
    clubs = (
        sa.select(sa.func.count())
        .select_from(ClubStation)
        .join(Club, Club.id == ClubStation.club_id)
        .where(ClubStation.station_id == Airing.station_id, terms.open_on(ask.period.last), ask.within(Club.village_id))
        .correlate(Airing)
    )
    return {"expected": clubs.scalar_subquery()}


def _reports(ask: Ask) -> dict[str, sa.ScalarSelect[Any]]:
    """What the reports of sessions say that count for an airing; over all airings the listeners are RCH-RAD-L.

    At the edges of a period they differ: here the day of the airing counts, there that of the session.
    """
    has_question = sa.func.count(sa.func.nullif(Attendance.question, ""))
    sums: dict[str, Any] = {
        "reported": sa.func.count(ClubSession.club_id.distinct()), "questions": has_question,
        "women": sa.func.coalesce(sa.func.sum(Attendance.women), 0),
        "men": sa.func.coalesce(sa.func.sum(Attendance.men), 0),
    }  # fmt: skip
    return {
        name: sa.select(number)
        .select_from(ClubSession)
        .join(Attendance, sa.and_(Attendance.club_session_id == ClubSession.id, terms.counts()))
        .outerjoin(Club, Club.id == ClubSession.club_id)
        .where(ClubSession.airing_id == Airing.id, ask.within(Club.village_id))
        .correlate(Airing)
        .scalar_subquery()
        for name, number in sums.items()
    }


def _answered() -> sa.ScalarSelect[int]:
    """Questions that the episode answered; one that was given to another station is answered there."""
    given = AirQuestion.station_id
    return (
        sa.select(sa.func.count())
        .select_from(AirQuestion)
        .where(AirQuestion.episode_id == Airing.episode_id, AirQuestion.state == AirQuestionState.ANSWERED)
        .where(sa.or_(given.is_(None), given == Airing.station_id))
        .correlate(Airing)
        .scalar_subquery()
    )


def _codes(ask: Ask) -> dict[int | None, str]:
    """The code of the cercle in which each station stands."""
    stations = sa.select(Station.place_id).where(Station.programme_id == ask.programme.id).distinct()
    return cercle_codes(ask, [ident for ident in ask.session.scalars(stations) if ident is not None])


def _title(titles: dict[str, Any], language: str) -> str:
    return str(titles.get(language) or titles.get("fr") or next(iter(titles.values()), ""))


RADIO = Table(
    "7_radio_episodes", "Émissions de radio", "Radio episodes", "one airing of an episode by a station", COLUMNS, rows
)  # fmt: skip
