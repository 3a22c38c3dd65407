"""What a broadcast that was not aired means for the messages around it, and what its clubs are told of it.

    waits of it             held, and let go when it is corrected, unless another airing brought the phone the same
    planned by the next     `calendar.first`: what follows an episode follows the first broadcast that was aired
    the host was asked      the question is answered, and closed
    its clubs               one SMS with the next planned airing, or that the hour is to come; never why

Source: the page on the domain, 6.3; the page on safeguarding, 5.1 to 5.3.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from campaigns import audience, calendar, reached, slots
from campaigns.calendar import Batch, Broadcast
from campaigns.changes import TAKEN_BACK
from campaigns.definitions import Audience
from campaigns.models import Airing, AiringStatus, Episode, Occurrence
from messaging import figures, hours, languages, outbox, risk, routing
from messaging.clock import local
from messaging.database import change
from messaging.errors import DataError
from messaging.letters import measure
from messaging.models import Gateway, Message, Programme, Station
from messaging.models.post import Kind, State
from messaging.openings import hours_rules
from messaging.outbox import Letter
from messaging.rules import Reason

RECENT = timedelta(hours=36)  # of an older broadcast clubs know by themselves
USE = timedelta(days=2)  # of that news
OFF = "off:"  # start of the occurrence of what clubs are told


def lock(session: Session, episode_id: int) -> None:
    """Let nobody else say what became of an episode's airings, nor plan what follows them, until this is committed."""
    query = sa.select(Episode.id).where(Episode.id == episode_id)
    session.execute(query.with_for_update(key_share=True))


def settle(session: Session, airing: Airing, now: datetime) -> None:
    """Hold what waits of the failed airings of an episode at a station, and let go of what waits of the others.

    A phone that another airing brought the same step, or will, does not get it again.
    """
    group = session.scalars(_of_episode(airing)).all()
    names = {calendar.occurrence(one.id): one.status is AiringStatus.NOT_AIRED for one in group}
    steps = sa.select(Occurrence.step_id).where(Occurrence.name.in_(names))
    own = sa.and_(Message.step_id.in_(steps), Message.trial_of.is_(None))
    _close_answered(session, airing, own, now)
    off = [name for name, is_off in names.items() if is_off]
    outbox.hold_all(session, sa.and_(own, Message.occurrence.in_(off)), Reason.NOT_AIRED)
    for name in names.keys() - set(off):
        outbox.release_all(
            session, sa.and_(own, Message.occurrence == name, ~_served(names.keys() - {name})), Reason.NOT_AIRED, now
        )
    if airing.status is not AiringStatus.NOT_AIRED:
        _unsay(session, airing, now)


def _unsay(session: Session, airing: Airing, now: datetime) -> None:
    """Close what clubs were not told yet, and let them be told again: a host may take back the correction too."""
    which = sa.and_(Message.step_id == 0, Message.occurrence == f"{OFF}{airing.id}")
    outbox.close_all(session, which, Reason.STALE, now)
    unsent = sa.and_(which, Message.state == State.CLOSED, Message.reason == Reason.STALE.value)
    marked = sa.literal(TAKEN_BACK).concat(sa.cast(Message.id, sa.String))  # a phone has one message of a name
    if change(session, sa.update(Message).where(unsent).values(occurrence=marked)):
        airing.told_at = None


def tell(
    session: Session, programme: Programme, station: Station, airing: Airing, following: Airing | None, now: datetime
) -> int:
    """Tell the clubs of a station once that a broadcast was not aired, and when the next one is; gives how many.

    Only of a recent broadcast that they were to hear: not of a repeat of what was aired. Why stands in no SMS.
    """
    if airing.told_at is not None or now > airing.planned_at + RECENT or not _was_awaited(session, airing):
        return 0
    opens = _opens(session, programme, now)
    until = min(now + USE, following.planned_at) if following else now + USE
    if opens is None or opens >= until:
        return 0
    airing.told_at = now
    tags = () if station.tells_hours else (risk.RADIO,)
    people = _clubs(session, programme, airing, now).subquery("people")
    shut = risk.shut(session, tags, people, now)
    gateways = session.scalars(sa.select(Gateway)).all()
    ways = routing.ways(gateways, Kind.SERVICE, programme.demonstration)
    made = 0
    for (language,) in session.execute(sa.select(people.c.language).distinct().order_by(people.c.language)).all():
        text, used = _words(session, programme, station, airing, following, language)
        letter = Letter(
            programme_id=programme.id, kind=Kind.SERVICE, occurrence=f"{OFF}{airing.id}", language_wanted=language,
            language=used, size=measure(text), body=text, tags=tags, draft=programme.demonstration,
            due_at=opens, useful_until=until,
        )  # fmt: skip
        columns = (people.c.phone_id, people.c.member_id, people.c.club_id, people.c.village_id)
        query = sa.select(*columns).where(people.c.language == language, sa.true() if shut is None else ~shut)
        for way in ways:
            priced = replace(letter, segment_price_micros=way.price_micros)
            made += outbox.put_all(session, priced, query, now, way=way)
    return made


def _close_answered(session: Session, airing: Airing, own: sa.ColumnElement[bool], now: datetime) -> None:
    """A host who has said what became of it is not asked: those messages alone are neither a member's nor a club's."""
    to_host = sa.and_(Message.member_id.is_(None), Message.club_id.is_(None))
    after = Message.useful_until > airing.planned_at
    name = calendar.occurrence(airing.id)
    outbox.close_all(session, sa.and_(own, Message.occurrence == name, to_host, after), Reason.STALE, now)


def _of_episode(airing: Airing) -> sa.Select[Any]:
    return sa.select(Airing).where(Airing.episode_id == airing.episode_id, Airing.station_id == airing.station_id)


def _served(others: Collection[str]) -> sa.ColumnElement[bool]:
    """Whether the phone of a message got its step by another airing of the episode, or will."""
    other = aliased(Message)
    same = sa.and_(other.step_id == Message.step_id, other.phone_id == Message.phone_id)
    return sa.exists().where(same, reached.stands(other, others))


def _was_awaited(session: Session, airing: Airing) -> bool:
    """Whether clubs were called to this broadcast: no earlier one of the episode was aired, or may have been."""
    earlier = _of_episode(airing).where(Airing.planned_at < airing.planned_at, Airing.status != AiringStatus.NOT_AIRED)
    return session.scalar(earlier.limit(1)) is None


def _opens(session: Session, programme: Programme, now: datetime) -> datetime | None:
    """When service messages may leave; while a row of the open hours cannot be read the sender keeps them."""
    if programme.always_open:
        return now
    try:
        return hours.next_open(hours_rules(session, programme.id), "service", now, programme.zone)
    except DataError:
        return now


def _clubs(session: Session, programme: Programme, airing: Airing, now: datetime) -> audience.Source:
    """One phone of each club that listens to the station."""
    meant = Audience(role="club")
    where = audience.scope(session, programme, 0, meant, local(now, programme.zone).date())
    name = calendar.occurrence(airing.id)
    heard = Broadcast(airing.id, airing.station_id, "", airing.planned_at, airing.planned_at)
    return audience.source(meant, where, Batch(name, name, now, now, airing=heard))


def _words(
    session: Session, programme: Programme, station: Station, airing: Airing, following: Airing | None, language: str
) -> tuple[str, str]:
    """What the clubs of a language are told, and the language it is in."""
    codes = languages.chain(session, programme.id, language)
    key = "radio.off_next" if following else "radio.off_later"
    line, used = languages.line(key, codes, programme.demonstration)
    number = session.get_one(Episode, airing.episode_id).number
    values: dict[str, object] = {"e": number, "station": slots.short("station", station.sms_name)}
    if following:
        at = local(following.planned_at, programme.zone)
        values |= {"when": figures.weekday(at.date(), used), "hour": figures.hour(at.time())}
    return line.format(**values), used
