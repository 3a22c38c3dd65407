"""Why a message waits, in words, where its row does not say it: by the rules that the sender will ask.

It only looks: the outbox stays as it is, and nothing here keeps a message back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.admin import words
from campaigns.admin.words import _
from messaging import caps, pacing, trial
from messaging.clock import local
from messaging.engines import pulse
from messaging.errors import DataError
from messaging.hours import HoursRule, next_open, weekly_cap
from messaging.models import Gateway, Message, Programme
from messaging.models.post import Kind, State
from messaging.openings import hours_rules
from messaging.receipts import attempts_of
from messaging.routing import FRESH, Past, choose, past, receives
from messaging.rules import Facts, Reason, Verdict, decide


@dataclass(frozen=True)
class Wait:
    """Why one message waits; `reason` leads to the page where it is mended."""

    words: str
    reason: Reason | None = None


@dataclass(frozen=True)
class Known:
    """What the rules ask about some messages of one programme."""

    now: datetime
    zone: str
    demonstration: bool = False
    rules: Sequence[HoursRule] | None = ()  # none: always open; None: a row of them cannot be read
    gateways: Sequence[Gateway] = ()
    room: caps.Room = field(default_factory=caps.Room)  # of the phones whose messages are due
    past: Mapping[int, Past] = field(default_factory=dict)  # of the messages that were tried before
    owners: Mapping[int, trial.Owner] = field(default_factory=dict)
    is_silent: bool = False  # no engine runs


def of(
    session: Session, programme: Programme, rows: Iterable[Any], now: datetime, patience: timedelta
) -> dict[int, Wait]:
    """Why those of some rows of the outbox wait that have no reason, by message.

    Args:
        session: any session.
        programme: whose messages they are.
        rows: each with `Message` and the `prefix` of its phone.
        now: the time.
        patience: an engine that is silent for longer does not run.
    """
    unsaid = [row for row in rows if row.Message.state is State.WAITING and not row.Message.reason]
    if not unsaid:
        return {}
    known = _gather(session, programme, [row.Message for row in unsaid], now, patience)
    return {row.Message.id: wait(known, row.Message, row.prefix) for row in unsaid}


def wait(known: Known, message: Message, prefix: str) -> Wait:
    """Why a message waits whose number starts with `prefix`."""
    at, gateway = max(message.next_at, known.now), _carrier(known, message, prefix)
    verdict, name = judge(known, message, gateway, at), gateway.name if gateway else ""
    match verdict.reason:
        case None:
            said = _going(known, message, name)
        case Reason.PAUSED_GATEWAY if message.next_at > known.now:
            said = _("part %(when)s si la passerelle %(name)s a repris", when=_when(known, at), name=name)
        case Reason.PAUSED_GATEWAY:
            said = _("attend que la passerelle %(name)s reprenne", name=name)
        case Reason.HOURS if verdict.at is not None:
            said = _("hors des heures ouvertes : part %(when)s", when=_when(known, verdict.at))
        case Reason.STALE:
            said = _("ne partira plus : trop tard pour être utile")
        case _:
            said = words.why(verdict.reason)
    return Wait(said, verdict.reason)


def judge(known: Known, message: Message, gateway: Gateway | None, at: datetime) -> Verdict:
    """What the rules say of a message at the moment when it is looked at again."""
    if message.asks and gateway is not None and not receives(gateway):
        return Verdict("later", Reason.ONE_WAY)
    if known.rules is None:
        return Verdict("later", Reason.HOURS)
    kind = "service" if message.kind is Kind.SERVICE else "campaign"
    facts = Facts(
        kind=message.kind,
        useful_until=message.useful_until,
        opens_at=next_open(known.rules, kind, at, known.zone),
        capped=message.next_at <= known.now
        and known.room.is_full(message.kind, message.phone_id, message.programme_id),
        gateway="none" if gateway is None else "paused" if gateway.paused_at is not None else "real",
        trial=message.trial_of is not None,
    )
    return decide(facts, at)


def _carrier(known: Known, message: Message, prefix: str) -> Gateway | None:
    owner = known.owners.get(message.trial_of or 0)
    demonstration = known.demonstration or (owner is not None and owner.demonstration)
    came_by = message.gateway_id if message.kind is Kind.REPLY else None
    before = known.past.get(message.id, FRESH)
    return choose(known.gateways, prefix, message.kind, demonstration, came_by, asks=message.asks, before=before)


def _going(known: Known, message: Message, gateway: str) -> str:
    """Of a message that nothing keeps back but its moment."""
    if message.next_at <= known.now:
        return _("attend que le service d'envoi reprenne") if known.is_silent else _("part dans la minute")
    when = _when(known, message.next_at)
    if message.tries:
        return _("nouvel essai %(when)s", when=when)
    if message.due_at <= known.now and message.next_at - known.now <= pacing.LONGEST:
        return _("attend son tour à la passerelle %(name)s", name=gateway)
    return _("part %(when)s", when=when)


def _when(known: Known, at: datetime) -> str:
    """A moment inside a sentence: the hour alone for one of today."""
    here, today = local(at, known.zone), local(known.now, known.zone).date()
    hour = f"{here:%H:%M}" if words.code() == "en" else f"{here:%Hh%M}"
    if here.date() == today:
        return _("à %(hour)s", hour=hour)
    return _("le %(day)s à %(hour)s", day=words.day(here.date(), "d MMM"), hour=hour)


def _gather(
    session: Session, programme: Programme, messages: Sequence[Message], now: datetime, patience: timedelta
) -> Known:
    """All of it with few queries, however many messages there are."""
    due = {message.phone_id for message in messages if message.next_at <= now}
    attempts = attempts_of(session, {message.id for message in messages if message.tries})
    silence = pulse.silence(session, now)
    rules = () if programme.always_open else _rules(session, programme)
    most = weekly_cap(rules or (), local(now, programme.zone).date())
    weekly = {programme.id: most} if most is not None else {}
    return Known(
        now=now,
        zone=programme.zone,
        demonstration=programme.demonstration,
        rules=rules,
        gateways=session.scalars(sa.select(Gateway).order_by(Gateway.id)).all(),
        room=caps.room(session, due, now, weekly) if due else caps.Room(),
        past={ident: past(earlier) for ident, earlier in attempts.items()},
        owners=trial.owners(session, {message.trial_of for message in messages if message.trial_of}),
        is_silent=silence is not None and silence >= patience,
    )


def _rules(session: Session, programme: Programme) -> Sequence[HoursRule] | None:
    try:
        return hours_rules(session, programme.id)
    except DataError:  # the sender logs it, at each look
        return None
