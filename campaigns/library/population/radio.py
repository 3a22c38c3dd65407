"""Invented stations, the radio series of `episodes.toml` with their slots, and the airings made from these around now.

A programme with several series airs them in turn, a week each. Knows no club.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import airings
from campaigns.library.population.land import find
from campaigns.library.population.making import Making
from campaigns.models import Airing, AiringStatus, Episode, EpisodeText, Series, Slot
from messaging.batches import insert, insert_with_ids, update
from messaging.clock import at_local
from messaging.database import change
from messaging.models import Phone, Programme, Station, StationPhone, TextState
from messaging.profile import sms_value

STATION: sa.Table = Station.__table__  # type: ignore[assignment]
STATION_PHONE: sa.Table = StationPhone.__table__  # type: ignore[assignment]
PHONE: sa.Table = Phone.__table__  # type: ignore[assignment]
SERIES: sa.Table = Series.__table__  # type: ignore[assignment]
EPISODE: sa.Table = Episode.__table__  # type: ignore[assignment]
EPISODE_TEXT: sa.Table = EpisodeText.__table__  # type: ignore[assignment]
SLOT: sa.Table = Slot.__table__  # type: ignore[assignment]
AIRING: sa.Table = Airing.__table__  # type: ignore[assignment]

EPISODES = Path(__file__).parent / "episodes.toml"
WEEKS_BACK = 3
WEEK = timedelta(weeks=1)
FIRST_DAY, FIRST_HOUR = 1, time(20, 30)  # Tuesday evening at the first station, a day later at each further one
REPEAT_DAY, REPEAT_HOUR = 5, time(16, 30)  # Saturday
MINUTES = 30
NOT_AIRED = 9  # every so many past broadcasts one was not aired
REASONS = {"power": 3, "network": 1, "staff": 1}


def make_stations(making: Making) -> None:
    """Make the stations of the plan, each with the phone of a host; every other one lets its hours be told."""
    rows = [
        {
            "programme_id": making.programme.id,
            "name": name,
            "sms_name": sms_value(name),
            "place_id": find(making, making.plan["cercle"]),
            "languages": list(making.plan["chains"])[:3],
            "coverage": "Station inventée pour la démonstration",
            "tells_hours": place % 2 == 0,
        }
        for place, name in enumerate(making.plan["stations"])
    ]
    making.stations = insert_with_ids(making.session, STATION, rows)
    phones = insert_with_ids(making.session, PHONE, [making.phone() for _row in rows])
    links = ({"station_id": s, "phone_id": p} for s, p in zip(making.stations, phones, strict=True))
    insert(making.session, STATION_PHONE, links)


def make_radio(making: Making) -> int:
    """Make the series of a programme with texts and slots, and their airings from three weeks back to six ahead."""
    told = [one for one in series() if one["programme"] == making.plan["code"]]
    heads = [{"programme_id": making.programme.id, "code": one["code"], "title": one["title"]} for one in told]
    ids = insert_with_ids(making.session, SERIES, heads)
    for turn, (series_id, one) in enumerate(zip(ids, told, strict=True)):
        numbers = range(turn + 1, len(told) * len(one["episode"]) + 1, len(told))
        _make_episodes(making, series_id, numbers, one["episode"])
    monday = making.today - timedelta(days=making.today.weekday(), weeks=WEEKS_BACK)
    for place, station_id in enumerate(making.stations):
        _make_slots(making, station_id, ids, monday, place)
    first = at_local(monday, time.min, making.programme.zone)
    count = airings.plan_airings(making.session, making.programme, first, making.now - first + airings.AHEAD)
    update(making.session, AIRING, list(_past(making)))
    return count


def approve(session: Session, author: int, reviewer: int, approver: int) -> int:
    """Approve the French of the invented episodes by the accounts of the demonstration; gives how many texts."""
    ours = sa.select(Episode.id).join(Series).join(Programme).where(Programme.demonstration)
    approved = {"author_id": author, "reviewer_id": reviewer, "approver_id": approver, "state": TextState.APPROVED}
    drafts = sa.update(EpisodeText).where(
        EpisodeText.episode_id.in_(ours), EpisodeText.state == TextState.DRAFT, EpisodeText.language == "fr"
    )
    return change(session, drafts.values(**approved))


@cache
def series() -> tuple[dict[str, Any], ...]:
    """The series of `episodes.toml`, each with its episodes in order."""
    return tuple(tomllib.loads(EPISODES.read_text(encoding="utf-8"))["series"])


def _make_episodes(making: Making, series_id: int, numbers: Iterable[int], told: list[dict[str, Any]]) -> None:
    """Make the episodes of a series; a number is one episode's alone at its stations, for hosts name no series."""
    rows = [
        {
            "series_id": series_id, "number": number, "topic": one["topic"], "titles": {"fr": one["title"]},
            "minutes": MINUTES,
        }
        for number, one in zip(numbers, told, strict=True)
    ]  # fmt: skip
    ids = insert_with_ids(making.session, EPISODE, rows)
    texts = [
        {
            "episode_id": ident, "language": "fr", "guide": one["guide"], "read_aloud": one["read_aloud"],
            "question": one["question"], "options": one["options"], "source": one.get("source"),
            "state": TextState.DRAFT, "changed_at": making.now,
        }
        for ident, one in zip(ids, told, strict=True)
    ]  # fmt: skip
    insert(making.session, EPISODE_TEXT, texts)


def _make_slots(making: Making, station_id: int, series_ids: list[int], monday: date, place: int) -> None:
    """An evening and its repeat for each series, in turn."""
    evening, saturday = monday + timedelta(days=FIRST_DAY + place), monday + timedelta(days=REPEAT_DAY)
    turns = [turn * WEEK for turn in range(len(series_ids))]
    shared = [
        {"station_id": station_id, "series_id": series_id, "minutes": MINUTES, "language": "fr", "starts_on": monday}
        for series_id in series_ids
    ]
    first = [
        {**slot, **_rule(evening + turn, len(turns)), "starts": FIRST_HOUR, "is_live": True}
        for slot, turn in zip(shared, turns, strict=True)
    ]
    ids = insert_with_ids(making.session, SLOT, first)
    repeats = [
        {**slot, **_rule(saturday + turn, len(turns)), "starts": REPEAT_HOUR, "is_live": False, "repeat_of": ident}
        for slot, turn, ident in zip(shared, turns, ids, strict=True)
    ]
    insert(making.session, SLOT, repeats)


def _rule(day: date, weeks: int) -> dict[str, Any]:
    """A weekday, or a cycle of some weeks."""
    if weeks == 1:
        return {"weekday": day.weekday(), "every_days": None, "anchor": None}
    return {"weekday": None, "every_days": 7 * weeks, "anchor": day}


def _past(making: Making) -> Iterator[dict[str, Any]]:
    """What became of the broadcasts that are over."""
    over = Airing.planned_at <= making.now - timedelta(minutes=MINUTES)
    query = sa.select(Airing.id, Airing.planned_at).where(Airing.station_id.in_(making.stations), over)
    for place, (ident, planned_at) in enumerate(making.session.execute(query.order_by(Airing.id)).all(), 1):
        if place % NOT_AIRED:
            yield {"id": ident, "status": AiringStatus.AIRED, "aired_at": planned_at}
        else:
            yield {"id": ident, "status": AiringStatus.NOT_AIRED, "reason": making.pick(REASONS)}
