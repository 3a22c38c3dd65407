"""Airings: made from the slots of stations, and what is said of each afterwards.

A slot airs the next episode of its series that its station has not been given: one whose every broadcast failed comes
again. A slot that repeats another airs what that one aired last. What was said may be corrected in both directions.

Source: the page on the domain, sections 4 and 6.3.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import called_off, listening, silence
from campaigns.models import Airing, AiringStatus, Episode, Slot
from messaging import audit
from messaging.clock import at_local, local
from messaging.database import Database, change, insert_ignore
from messaging.errors import DataError
from messaging.models import Programme, Station

AHEAD = timedelta(days=42)
BEHIND = timedelta(days=60)  # what a slot aired longer ago no other slot repeats
WEEK = timedelta(days=7)
REASONS = ("power", "network", "security", "staff", "other")  # why a broadcast failed; security is its focal point's


@dataclass(frozen=True)
class Given:
    """What stations have been given already."""

    episodes: AbstractSet[tuple[int, int]] = frozenset()  # station and episode
    aired: Mapping[int, Sequence[tuple[datetime, int]]] = field(default_factory=dict)  # slot -> hour and episode
    filled: Mapping[int, datetime] = field(default_factory=dict)  # slot -> its last hour that was given an airing


def plan_airings(session: Session, programme: Programme, now: datetime, ahead: timedelta = AHEAD) -> int:
    """Make the airings of a programme's slots until `now + ahead`; gives how many are new.

    Planning again adds nothing: a slot goes on after its last airing, and what staff moved or changed stays.
    """
    query = sa.select(Slot).join(Station, Station.id == Slot.station_id).where(Station.programme_id == programme.id)
    slots = session.scalars(query.order_by(Slot.id).with_for_update(of=Slot)).all()  # one planner at a time
    if not slots:
        return 0
    series = {slot.series_id for slot in slots}
    rows = made(
        slots,
        _episodes(session, series),
        _given(session, slots, series, now, programme.zone),
        now,
        now + ahead,
        programme.zone,
    )
    if not rows:
        return 0
    return change(session, insert_ignore(session, Airing, ["slot_id", "planned_at"]).values(rows))


def plan_all(db: Database, now: datetime, ahead: timedelta = AHEAD) -> int:
    """The same for every programme that has not ended, each in a transaction of its own."""
    with db.read() as session:
        programmes = session.scalars(sa.select(Programme.id).where(Programme.ended_at.is_(None))).all()
    total = 0
    for ident in programmes:
        with db.write() as session:
            total += plan_airings(session, session.get_one(Programme, ident), now, ahead)
    return total


def made(
    slots: Sequence[Slot],
    episodes: Mapping[int, Sequence[int]],
    given: Given,
    since: datetime,
    until: datetime,
    zone: str,
) -> list[dict[str, Any]]:
    """The rows of the airings to make; pure.

    Args:
        slots: those of a programme.
        episodes: the episodes of each series, by number.
        given: what the stations were given.
        since: aware UTC, included.
        until: aware UTC, not included.
        zone: the time zone of the slots' hours.
    """
    aired = defaultdict(list, {slot_id: sorted(past) for slot_id, past in given.aired.items()})
    known, by_id = set(given.episodes), {slot.id: slot for slot in slots}
    rows = []
    for at, slot in _moments(slots, given, since, until, zone):
        if slot.repeat_of is None:
            numbered = episodes.get(slot.series_id, ())
            episode = next((one for one in numbered if (slot.station_id, one) not in known), None)
        else:
            episode = _aired_last(by_id.get(slot.repeat_of), aired, at)
        if episode is None:
            continue
        known.add((slot.station_id, episode))
        insort(aired[slot.id], (at, episode))
        rows.append(
            {
                "slot_id": slot.id, "station_id": slot.station_id, "episode_id": episode, "planned_at": at,
                "minutes": slot.minutes, "is_repeat": slot.repeat_of is not None, "status": AiringStatus.PLANNED,
            }
        )  # fmt: skip
    return rows


def days(slot: Slot, since: date, until: date) -> Iterator[date]:
    """The local days of a slot from one day to another, both included, within its contract; pure."""
    day, last = max(since, slot.starts_on), min(until, slot.ends_on or until)
    while day <= last:
        if _falls_on(slot, day):
            yield day
        day += timedelta(days=1)


def next_airing(session: Session, episode_id: int, station_id: int, after: datetime) -> Airing | None:
    """The next planned airing of an episode at a station later than a moment; None: its hour is to come."""
    query = sa.select(Airing).where(
        Airing.episode_id == episode_id,
        Airing.station_id == station_id,
        Airing.planned_at > after,
        Airing.status == AiringStatus.PLANNED,
    )
    return session.scalar(query.order_by(Airing.planned_at, Airing.id).limit(1))


def say(
    session: Session,
    airing: Airing,
    *,
    aired: bool,
    at: datetime | None,
    reason: str | None,
    who: int | None,
    now: datetime,
) -> None:
    """Note what became of an airing; saying the same again changes nothing.

    What was to follow a broadcast that failed waits, and leaves when it is corrected; clubs are told, and what their
    meetings count for is worked out anew.

    Args:
        session: a writing session.
        airing: the airing; what it says now may be corrected in both directions.
        aired: whether it went on the air.
        at: when, aware UTC; None: at its planned hour. Of no weight when it was not aired.
        reason: why not, one of `REASONS`, or None when it was not told.
        who: the account that says so; None: the host, by SMS.
        now: the time.

    Raises:
        DataError: there is no such reason.
    """
    if reason is not None and reason not in REASONS:
        raise DataError(
            f"« {reason} » n'est pas une raison. Choisissez : {', '.join(REASONS)}. / "
            f"`{reason}` is no reason. Choose one of: {', '.join(REASONS)}."
        )
    called_off.lock(session, airing.episode_id)
    session.refresh(airing)
    before, was_at = _state(airing), airing.aired_at or airing.planned_at
    airing.status = AiringStatus.AIRED if aired else AiringStatus.NOT_AIRED
    airing.aired_at = (at or airing.planned_at) if aired else None
    airing.reason = None if aired else reason
    after = _state(airing)
    if after == before:
        return
    airing.changed_by = who
    session.flush()
    if who is not None:
        audit.note(
            session, audit.actor(who), "said", "airing", airing.id, now, before=_shown(before), after=_shown(after)
        )
    if after[:2] == before[:2]:
        return  # another reason alone
    station = session.get_one(Station, airing.station_id)
    programme = session.get_one(Programme, station.programme_id)
    first = min(was_at, airing.planned_at, airing.aired_at or airing.planned_at)
    # As a report does: the clubs are locked before the money of messages, or two would wait for ever.
    listening.of_station(session, station.id, local(first, programme.zone).date())
    silence.follow(session, airing, now)
    called_off.settle(session, airing, now)
    if not aired:
        following = next_airing(session, airing.episode_id, airing.station_id, max(airing.planned_at, now))
        called_off.tell(session, programme, station, airing, following, now)


def _state(airing: Airing) -> tuple[AiringStatus, datetime | None, str | None]:
    return airing.status, airing.aired_at, airing.reason


def _shown(state: tuple[AiringStatus, datetime | None, str | None]) -> dict[str, Any]:
    """As the log has it: that a station is silent for its security is its focal point's alone."""
    status, aired_at, reason = state
    return {"status": status, "aired_at": aired_at, "reason": "other" if reason == "security" else reason}


def _moments(
    slots: Sequence[Slot], given: Given, since: datetime, until: datetime, zone: str
) -> list[tuple[datetime, Slot]]:
    """The hours still to be filled, in the order of time: first broadcasts before repeats of the same hour."""
    first, end = local(since, zone).date(), local(until, zone).date()
    found = [(at_local(day, slot.starts, zone), slot) for slot in slots for day in days(slot, first, end)]
    last = {slot.id: given.filled.get(slot.id) or _last(given.aired.get(slot.id, ()), since) for slot in slots}
    free = [(at, slot) for at, slot in found if since <= at < until and at > last[slot.id]]
    return sorted(free, key=lambda one: (one[0], one[1].repeat_of is not None, one[1].id))


def _falls_on(slot: Slot, day: date) -> bool:
    if slot.weekday is not None:
        return day.weekday() == slot.weekday
    if slot.every_days is None or slot.anchor is None:
        return False
    return (day - slot.anchor).days % slot.every_days == 0


def filled(slot: Slot, given: Iterable[datetime], zone: str) -> datetime | None:
    """The last hour of a slot that was given an airing; pure. `given` are its airings in the order they were made.

    One that staff moved was made for the slot's next hour after the one before it, wherever it stands now.
    """
    made = list(given)
    last: datetime | None = None
    for at in made:
        here = local(at, zone)
        if here.time() == slot.starts and any(days(slot, here.date(), here.date())):
            last = at
        else:
            last = min(made) if last is None else _next_hour(slot, last, zone) or at
    return last


def _next_hour(slot: Slot, after: datetime, zone: str) -> datetime | None:
    day = local(after, zone).date() + timedelta(days=1)
    following = next(days(slot, day, day + timedelta(days=slot.every_days or WEEK.days)), None)
    return at_local(following, slot.starts, zone) if following else None


def _last(aired: Sequence[tuple[datetime, int]], since: datetime) -> datetime:
    return aired[-1][0] if aired else since - timedelta(seconds=1)


def _aired_last(source: Slot | None, aired: Mapping[int, Sequence[tuple[datetime, int]]], at: datetime) -> int | None:
    """What the slot that is repeated aired last; nothing when it aired nothing this time round."""
    past = aired.get(source.id, ()) if source is not None else ()
    place = bisect_left(past, (at, 0))
    if source is None or not place:
        return None
    cycle = timedelta(days=source.every_days) if source.weekday is None and source.every_days else WEEK
    return past[place - 1][1] if at - past[place - 1][0] <= cycle else None


def _episodes(session: Session, series: Iterable[int]) -> dict[int, list[int]]:
    query = sa.select(Episode.series_id, Episode.id).where(Episode.series_id.in_(series)).order_by(Episode.number)
    found: dict[int, list[int]] = {}
    for series_id, ident in session.execute(query):
        found.setdefault(series_id, []).append(ident)
    return found


def _given(session: Session, slots: Sequence[Slot], series: Iterable[int], now: datetime, zone: str) -> Given:
    not_lost = Airing.status != AiringStatus.NOT_AIRED
    episodes = sa.select(Airing.station_id, Airing.episode_id).distinct().join(Episode, Episode.id == Airing.episode_id)
    given = session.execute(episodes.where(Episode.series_id.in_(series), not_lost))
    of_slots = sa.select(Airing.slot_id, Airing.planned_at, Airing.episode_id).where(
        Airing.slot_id.in_([slot.id for slot in slots]), Airing.planned_at > now - BEHIND
    )
    aired: dict[int, list[tuple[datetime, int]]] = {}
    for slot_id, at, episode in session.execute(of_slots.order_by(Airing.id)):
        aired.setdefault(slot_id or 0, []).append((at, episode))
    last = {slot.id: filled(slot, (at for at, _ in aired.get(slot.id, ())), zone) for slot in slots}
    return Given(
        {(station, episode) for station, episode in given}, aired, {slot: at for slot, at in last.items() if at}
    )
