"""What stands in the braces of a text: groups of people who get the same values; an empty value stops the message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.definitions import SLOTS, Slot
from campaigns.definitions.slots import names, stretched
from campaigns.due import Due
from campaigns.models import Airing, Episode, Series, Value
from messaging import figures
from messaging.clock import local
from messaging.letters import measure
from messaging.models import Club, Place, Station
from messaging.profile import sms_value

REPORT_AGE = timedelta(days=7)  # a price or a rain report older than a week is not news


@dataclass(frozen=True)
class Group:
    """People with the same slot values; `empty` names the values that are missing."""

    values: dict[str, str]
    conditions: tuple[sa.ColumnElement[bool], ...] = ()
    empty: tuple[str, ...] = ()
    count: int = 0


def groups(
    session: Session,
    due: Due,
    people: sa.Subquery,
    spoken: sa.ColumnElement[bool],
    words: str,
    language: str,
    to_count: bool = False,
) -> Iterator[Group]:
    """The groups of a language: one when no value depends on the recipient, else one a club or a village.

    Args:
        session: a session.
        due: the batch that is planned.
        people: phone_id, member_id, club_id, village_id of the audience.
        spoken: the condition of the language.
        words: what goes to the phone, with its slots.
        language: the language the words are in.
        to_count: only sizes matter: a report that has not come yet stands at its longest, and people whose values
            cannot change the number of segments stay together.
    """
    wanted = [SLOTS[name] for name in dict.fromkeys(names(words)) if name in SLOTS]
    wanted = [slot for slot in wanted if slot.source != "gateway"]  # another for each way, put in by the bundle
    common = _of_batch(session, due, wanted, language)
    if to_count:
        common = {slot.name: "x" * slot.longest for slot in wanted if "report" in slot.source} | common
    by = _recipient_column(people, wanted)
    if to_count and by is not None and _has_one_size(words):
        longest = {slot.name: "x" * slot.longest for slot in wanted}
        yield Group({**longest, **common}, (by.is_not(None),))
        yield _group(session, people, wanted, common, (spoken, by.is_(None)), (by.is_(None),))
        return
    if by is None:
        yield _group(session, people, wanted, common, (spoken,), ())
        return
    for (ident,) in session.execute(sa.select(by).where(spoken).distinct().order_by(by)):
        own = _of_recipient(session, by.name, ident)
        same = by.is_(None) if ident is None else by == ident
        yield _group(session, people, wanted, {**common, **own}, (spoken, same), (same,))


def _has_one_size(words: str) -> bool:
    """Whether a text takes as many segments with the longest values as with values of one letter."""
    return measure(stretched(words)).segments == measure(stretched(words, "x")).segments


def _group(
    session: Session,
    people: sa.Subquery,
    wanted: list[Slot],
    values: dict[str, str],
    whole: tuple[sa.ColumnElement[bool], ...],
    conditions: tuple[sa.ColumnElement[bool], ...],
) -> Group:
    used = {slot.name: values.get(slot.name, "") for slot in wanted}
    empty = tuple(name for name, value in used.items() if not value)
    count = session.scalar(sa.select(sa.func.count()).select_from(people).where(*whole)) or 0 if empty else 0
    return Group(used, conditions, empty, count)


def _recipient_column(people: sa.Subquery, wanted: list[Slot]) -> Any:
    names_wanted = {slot.name for slot in wanted if slot.source == "recipient"}
    if names_wanted & {"club", "club_name"}:
        return people.c.club_id
    return people.c.village_id if names_wanted else None


def _of_recipient(session: Session, column: str, ident: int | None) -> dict[str, str]:
    if ident is None:
        return {}
    if column == "club_id":
        club = session.get_one(Club, ident)
        place = session.get_one(Place, club.village_id)
        return {
            "club": club.code,
            "club_name": short("club_name", club.sms_name),
            "place": short("place", place.sms_name),
        }
    return {"place": short("place", session.get_one(Place, ident).sms_name)}


def _of_batch(session: Session, due: Due, wanted: list[Slot], language: str) -> dict[str, str]:
    values: dict[str, str] = {}
    if due.batch.airing is not None:
        values |= _of_airing(session, due.batch.airing.id, due.programme.zone, language)
    for slot in wanted:
        if slot.source == "report":
            values |= _of_report(session, due, slot)
    return values


def _of_airing(session: Session, airing_id: int, zone: str, language: str) -> dict[str, str]:
    airing = session.get_one(Airing, airing_id)
    episode = session.get_one(Episode, airing.episode_id)
    series = session.get_one(Series, episode.series_id)
    station = session.get_one(Station, airing.station_id)
    at = local(airing.planned_at, zone)
    return {
        "series": short("series", series.title),
        "episode": str(episode.number),
        "title": short("title", str(episode.titles.get(language) or episode.titles.get("fr", ""))),
        "station": short("station", station.sms_name),
        "hour": figures.hour(at.time()),
        "date": figures.day(at.date()),
    }


def _of_report(session: Session, due: Due, slot: Slot) -> dict[str, str]:
    """The newest accepted value of a kind and item, no older than a week; nothing when there is none."""
    today = local(due.batch.due_at, due.programme.zone).date()
    query = (
        sa.select(Value.value, Value.day)
        .where(
            Value.programme_id == due.programme.id,
            Value.kind == slot.kind,
            Value.item == slot.item,
            Value.state == "ok",
            Value.day.between(today - REPORT_AGE, today),
        )
        .order_by(Value.day.desc(), Value.id.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return {} if row is None else {slot.name: figures.number(row.value), "date": figures.day(row.day)}


def short(slot: str, value: str) -> str:
    """A value in SMS letters, no longer than its slot was counted at."""
    return sms_value(value)[: SLOTS[slot].longest].rstrip()
