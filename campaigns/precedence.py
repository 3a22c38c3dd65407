"""Two campaigns that want a phone in one open window: the higher priority keeps it, the other moves to the next one.

It is decided when the later of both is planned, phone by phone and set-wise, and stands in the row as its reason. What
would be of no use by the next window stays, and caps decide. Campaigns of the same priority leave as they fall due.

A step with a priority above 0 is planned when its window opens, so that what is due earlier in it makes room.

Source: the page on the domain, section 7 and scenario 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from campaigns.definitions import Step as Said
from campaigns.due import Due
from campaigns.models import Campaign, Step
from messaging.clock import at_local, local
from messaging.database import change
from messaging.hours import HoursRule, next_open, open_spans
from messaging.models import Message, Programme
from messaging.models.post import Kind, State
from messaging.openings import hours_rules
from messaging.rules import PRIORITY, Reason

log = structlog.get_logger()


@dataclass(frozen=True)
class Window:
    """An open window: from, until (not included), in UTC."""

    opens: datetime
    closes: datetime


@dataclass(frozen=True)
class Claimant:
    """A step that wants phones in a window."""

    step_id: int
    campaign_id: int
    programme: Programme
    priority: int


def window(rules: Sequence[HoursRule], moment: datetime, zone: str) -> Window | None:
    """The open window of campaigns in which a moment lies; None when it is shut, or no row ever shuts."""
    here = local(moment, zone)
    for start, end in open_spans(rules, "campaign", here.date()) if rules else ():
        if start <= here.time() < end:
            return Window(at_local(here.date(), start, zone), at_local(here.date(), end, zone))
    return None


def horizon(said: Said, rules: Sequence[HoursRule], until: datetime, zone: str) -> datetime:
    """How far ahead a step is planned: as far as others, or to the end of the window if it goes before others."""
    if said.priority <= 0 or said.send_as != Kind.CAMPAIGN.value:
        return until
    found = window(rules, until, zone)
    return found.closes if found else until


def rivals(session: Session, due: Due, moment: datetime | None) -> list[Claimant]:
    """The steps of other campaigns that wait for phones in the window of a batch: one query, mostly of nothing."""
    if due.step.send_as is not Kind.CAMPAIGN or moment is None:
        return []
    found = window(due.rules, moment, due.programme.zone)
    if found is None:
        return []
    waiting = sa.select(Message.step_id).where(*_waits(found), Message.step_id != due.step.id).distinct()
    query = (
        sa.select(Step, Campaign.programme_id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(Step.id.in_(waiting), Step.campaign_id != due.campaign.id)
    )
    return [
        Claimant(step.id, step.campaign_id, session.get_one(Programme, programme_id), priority_of(step))
        for step, programme_id in session.execute(query).all()
    ]


def priority_of(step: Step) -> int:
    """The priority that its definition gives; 0 when it gives none."""
    return int(step.definition.get("priority") or 0)


def keep_apart(session: Session, due: Due, moment: datetime, others: Sequence[Claimant]) -> int:
    """Part the phones of a batch, which stands in the outbox, and of its rivals; gives how many messages moved."""
    found = window(due.rules, moment, due.programme.zone)
    own = Claimant(due.step.id, due.campaign.id, due.programme, due.said.priority)
    moved = 0
    for other in others if found else ():
        high, low = sorted((own, other), key=lambda one: -one.priority)
        if found is not None and high.priority > low.priority:
            moved += _move(session, high, low, found)
    return moved


def _move(session: Session, high: Claimant, low: Claimant, found: Window) -> int:
    """Let the lower of two leave the phones that both want to the higher."""
    rules = [] if low.programme.always_open else hours_rules(session, low.programme.id)
    opens_at = next_open(rules, "campaign", found.closes, low.programme.zone)
    if opens_at is None:
        return 0
    wanted = sa.select(Message.phone_id).where(Message.step_id == high.step_id, *_waits(found))
    which = (Message.step_id == low.step_id, Message.phone_id.in_(wanted), Message.useful_until > opens_at)
    rows = sa.update(Message).where(*_waits(found), *which)
    count = change(session, rows.values(next_at=opens_at, reason=Reason.MOVED.value))
    if count:
        log.info("moved", messages=count, step=low.step_id, before=high.step_id, until=opens_at.isoformat())
    return count


def _waits(found: Window) -> tuple[sa.ColumnElement[bool], ...]:
    """What waits for a window, in the words of its index."""
    at = (Message.next_at >= found.opens, Message.next_at < found.closes)
    return (
        Message.state == State.WAITING,
        Message.priority == PRIORITY[Kind.CAMPAIGN],
        *at,
        Message.trial_of.is_(None),
    )
