"""Bundles: one batch parted into people who get the same words by the same way, with the letter each bundle carries.

What the planner puts and what the bill counts are the same bundles, so that the bill is what is later charged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import audience, reached, slots
from campaigns.definitions.slots import names
from campaigns.due import Due
from messaging import hours, outages, outbox, risk, routing
from messaging.letters import measure
from messaging.models import Chain, Gateway, Text, TextState, TextVersion
from messaging.models.post import Kind
from messaging.outbox import Letter
from messaging.routing import Way
from messaging.rules import Reason
from messaging.wording import render


@dataclass(frozen=True)
class Bundle:
    """A letter, the query of the people it goes to (phone_id, member_id, club_id, village_id), and their way."""

    letter: Letter
    people: sa.Select[Any]
    way: Way


@dataclass(frozen=True)
class Waiting:
    """People of a batch who get nothing now, and why."""

    language: str
    reason: Reason
    people: int


@dataclass(frozen=True)
class Use:
    """What the bundles are made for."""

    drafts: bool
    to_count: bool


@dataclass(frozen=True)
class Chosen:
    """The text that people get, in the language it really is in."""

    row: Text
    version: TextVersion
    club: bool  # its wording for the family

    @property
    def words(self) -> str:
        """What goes to the phone, with its slots."""
        return (self.version.club if self.club else self.version.sms) or ""


def of_batch(
    session: Session,
    due: Due,
    now: datetime,
    piece: tuple[int, int] | None = None,
    *,
    drafts: bool | None = None,
    to_count: bool = False,
) -> Iterator[Bundle | Waiting]:
    """Part one batch; of a personal step also the clubs of those whose phone did not choose personal content.

    Args:
        session: a session.
        due: the batch with its step, audience, places and hours.
        now: the time.
        piece: a range of member ids, the first excluded; None: all.
        drafts: whether what is written is taken whatever its state; None: for a demonstration only.
        to_count: the bundles are counted and never put: values that nobody knows yet stand at their longest.
    """
    use = Use(due.programme.demonstration if drafts is None else drafts, to_count)
    tongues = audience.tongues(session, due.meant, due.where, due.batch, piece)
    people = audience.source(due.meant, due.where, due.batch, personal=due.said.personal is not None, among=piece)
    yield from _of_people(session, due, people, tongues, now, use, club=False)
    if due.said.personal is not None and piece is None:
        clubs = audience.through_clubs(due.meant, due.where, due.batch)
        yield from _of_people(session, due, clubs, audience.spoken_by(session, clubs), now, use, club=True)


def _of_people(
    session: Session,
    due: Due,
    source: audience.Source,
    tongues: audience.Tongues,
    now: datetime,
    use: Use,
    *,
    club: bool,
) -> Iterator[Bundle | Waiting]:
    people = reached.unreached(source, due.step.id, due.batch.others).subquery("people")
    kind = Kind.SERVICE if club else due.step.send_as
    moment = leaves_at(due, now, kind)
    due_at = _due_at(session, due, moment, now)
    gateways = session.scalars(sa.select(Gateway)).all()
    ways = routing.ways(gateways, kind, due.programme.demonstration, asks=_asks(due, club=club))
    shuts: dict[tuple[str, ...], sa.ColumnElement[bool] | None] = {}
    for language, own in tongues:
        spoken = sa.and_(people.c.language == language, people.c.own.is_(None) if own is None else people.c.own == own)
        text = text_for(session, due, language, own, club=club, drafts=use.drafts)
        if text is None or moment is None:
            reason = Reason.STALE if moment is None else Reason.NO_TEXT
            yield Waiting(language, reason, _count(session, people, spoken))
            continue
        tags = due.tags_of(text.words)
        if tags not in shuts:
            shuts[tags] = risk.shut(session, tags, people, now)
        shut = shuts[tags]
        for group in slots.groups(session, due, people, spoken, text.words, text.row.language, use.to_count):
            if group.empty:
                yield Waiting(language, Reason.EMPTY_SLOT, group.count)
                continue
            letter = _letter(due, language, text, group.values, due_at or moment, moment)
            columns = (people.c.phone_id, people.c.member_id, people.c.club_id, people.c.village_id)
            query = sa.select(*columns).where(spoken, *group.conditions).order_by(people.c.member_id)
            for way in ways:
                if shut is not None and (count := outbox.count(session, letter, query.where(shut), way)):
                    yield Waiting(language, Reason.RISK, count)
                yield _by_way(session, due, letter, text, query if shut is None else query.where(~shut), way)


def _by_way(
    session: Session, due: Due, letter: Letter, text: Chosen, people: sa.Select[Any], way: Way
) -> Bundle | Waiting:
    """The bundle of one way, with its price and what an answer costs there.

    A question needs to know the latter, and a way that an answer can come back by.
    """
    priced = replace(letter, segment_price_micros=way.price_micros)
    cost = routing.answer_cost(way.gateway)
    is_said = routing.ANSWER_COST in names(text.words)
    if letter.asks and way.gateway is not None and not routing.receives(way.gateway):
        return Waiting(letter.language_wanted, Reason.ONE_WAY, outbox.count(session, priced, people, way))
    if not cost and (is_said or letter.asks):
        return Waiting(letter.language_wanted, Reason.ANSWER_COST, outbox.count(session, priced, people, way))
    if is_said:
        values = {**(letter.slots or {}), routing.ANSWER_COST: cost or ""}
        priced = replace(priced, slots=values, size=measure(render(text.words, values)))
    return Bundle(priced, people, way)


def _asks(due: Due, *, club: bool) -> bool:
    """Whether people are asked a question; the wording for the family, through the club, is none."""
    return due.said.question is not None and not club


def leaves_at(due: Due, now: datetime, kind: Kind) -> datetime | None:
    """The open moment at which the batch leaves; None when there is none before its use ends."""
    batch, zone = due.batch, due.programme.zone
    if batch.useful_until <= now:
        return None
    if kind in (Kind.ALERT, Kind.REPLY):
        return max(batch.due_at, now)
    hours_kind = "service" if kind is Kind.SERVICE else "campaign"
    start = max(batch.due_at, now)
    opens = hours.next_open(due.rules, hours_kind, start, zone)
    if opens is not None and opens < batch.useful_until and (batch.moves == "forward" or opens == start):
        return opens
    if batch.moves == "back":
        return hours.last_open(due.rules, hours_kind, start, now, zone) or (
            opens if opens and opens < batch.useful_until else None
        )
    return None


def _due_at(session: Session, due: Due, moment: datetime | None, now: datetime) -> datetime | None:
    """When it was due, of what nobody planned while nothing could leave: it stands with the rest of that outage."""
    is_late = due.batch.due_at < now and any(one.holds(due.batch.due_at) for one in outages.known(session))
    return due.batch.due_at if is_late else moment


def text_for(session: Session, due: Due, language: str, own: str | None, *, club: bool, drafts: bool) -> Chosen | None:
    """The first text of the chain that may leave: approved, or with `drafts` any that has words."""
    for code in [language, *_falls_to(session, due.programme.id, language, own)]:
        text = session.scalar(sa.select(Text).where(Text.step_id == due.step.id, Text.language == code))
        if text is None or not (text.state is TextState.APPROVED or drafts):
            continue
        chosen = Chosen(text, session.get_one(TextVersion, (text.id, text.version)), club)
        if chosen.words:  # a personal text never stands in for the wording for the family
            return chosen
    return None


def _count(session: Session, people: sa.Subquery, spoken: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(people).where(spoken)) or 0


def _falls_to(session: Session, programme_id: int, language: str, own: str | None) -> list[str]:
    if own not in (None, "null"):
        return [str(code) for code in json.loads(own or "[]")]
    row = session.get(Chain, (programme_id, language))
    return row.falls_to if row else []


def _letter(
    due: Due, language: str, text: Chosen, values: dict[str, str], due_at: datetime, moment: datetime
) -> Letter:
    return Letter(
        programme_id=due.programme.id,
        kind=Kind.SERVICE if text.club else due.step.send_as,
        step_id=due.step.id,
        text_id=text.row.id,
        text_version=text.version.version,
        occurrence=due.batch.occurrence,
        language_wanted=language,
        language=text.row.language,
        size=measure(render(text.words, values)),
        slots=values or None,
        use_club=text.club,
        personal=due.said.personal is not None and not text.club,
        tags=due.tags_of(text.words),
        draft=text.row.state is not TextState.APPROVED,
        asks=_asks(due, club=text.club),
        due_at=due_at,
        next_at=moment,
        useful_until=due.batch.useful_until,
    )
