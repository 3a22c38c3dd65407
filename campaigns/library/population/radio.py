"""Invented stations, one series a programme, an episode a week and its broadcasts around now; knows no club."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from campaigns.library.population.land import find
from campaigns.library.population.making import Making
from campaigns.models import Airing, AiringStatus, Episode, Series
from messaging.batches import insert, insert_with_ids
from messaging.clock import at_local
from messaging.models import Phone, Station, StationPhone
from messaging.profile import sms_value

STATION: sa.Table = Station.__table__  # type: ignore[assignment]
STATION_PHONE: sa.Table = StationPhone.__table__  # type: ignore[assignment]
PHONE: sa.Table = Phone.__table__  # type: ignore[assignment]
SERIES: sa.Table = Series.__table__  # type: ignore[assignment]
EPISODE: sa.Table = Episode.__table__  # type: ignore[assignment]
AIRING: sa.Table = Airing.__table__  # type: ignore[assignment]

WEEKS_BACK, WEEKS_AHEAD = 4, 6
FIRST_DAY, FIRST_HOUR = 1, time(20, 30)  # Tuesday evening at the first station, a day later at each further one
REPEAT_DAY, REPEAT_HOUR = 5, time(16, 30)  # Saturday
MINUTES = 30
NOT_AIRED = 12  # every so many past broadcasts one was not aired
TITLES = {
    "nutrition": "Bien manger en famille",
    "iycf": "Nourrir le petit enfant",
    "hygiene": "Se laver les mains",
    "market": "Vendre ensemble",
    "climate": "La pluie et les semis",
    "agro": "Soigner le champ",
}


def make_stations(making: Making) -> None:
    """Make the stations of the plan, each with the phone of a host."""
    rows = [
        {
            "programme_id": making.programme.id,
            "name": name,
            "sms_name": sms_value(name),
            "place_id": find(making, making.plan["cercle"]),
            "languages": list(making.plan["chains"])[:3],
            "coverage": "Station inventée pour la démonstration",
        }
        for name in making.plan["stations"]
    ]
    making.stations = insert_with_ids(making.session, STATION, rows)
    phones = insert_with_ids(making.session, PHONE, [making.phone() for _row in rows])
    links = ({"station_id": s, "phone_id": p} for s, p in zip(making.stations, phones, strict=True))
    insert(making.session, STATION_PHONE, links)


def make_radio(making: Making) -> int:
    """Make a series with weekly episodes, two broadcasts a week and station, from four weeks back to six ahead."""
    topics = making.plan["topics"]
    series = {"programme_id": making.programme.id, "code": "exemple", "title": "Série d'exemple"}
    (series_id,) = insert_with_ids(making.session, SERIES, [series])
    weeks = range(WEEKS_BACK + WEEKS_AHEAD + 1)
    episodes = [_episode(series_id, week + 1, topics[week % len(topics)]) for week in weeks]
    ids = insert_with_ids(making.session, EPISODE, episodes)
    monday = making.today - timedelta(days=making.today.weekday(), weeks=WEEKS_BACK)
    airings = [
        airing
        for week in weeks
        for place, station in enumerate(making.stations)
        for airing in _airings(making, ids[week], station, monday + timedelta(weeks=week), place)
    ]
    insert(making.session, AIRING, airings)
    return len(airings)


def _episode(series_id: int, number: int, topic: str) -> dict[str, Any]:
    title = f"{TITLES[topic]} (exemple)"
    return {"series_id": series_id, "number": number, "topic": topic, "titles": {"fr": title}}


def _airings(making: Making, episode_id: int, station_id: int, monday: date, place: int) -> list[dict[str, Any]]:
    zone = making.programme.zone
    first = at_local(monday + timedelta(days=FIRST_DAY + place), FIRST_HOUR, zone)
    repeat = at_local(monday + timedelta(days=REPEAT_DAY), REPEAT_HOUR, zone)
    return [
        {
            "episode_id": episode_id,
            "station_id": station_id,
            "planned_at": planned_at,
            "minutes": MINUTES,
            "is_repeat": planned_at == repeat,
            **_outcome(making, planned_at),
        }
        for planned_at in (first, repeat)
    ]


def _outcome(making: Making, planned_at: datetime) -> dict[str, Any]:
    """What became of a broadcast by now."""
    if planned_at + timedelta(minutes=MINUTES) > making.now:
        return {"status": AiringStatus.PLANNED, "aired_at": None, "reason": None}
    if making.dice.randrange(NOT_AIRED) == 0:
        return {"status": AiringStatus.NOT_AIRED, "aired_at": None, "reason": "panne"}
    return {"status": AiringStatus.AIRED, "aired_at": planned_at, "reason": None}
