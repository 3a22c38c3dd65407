"""Who has a message already under another name: what follows two broadcasts of one episode goes to a phone once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from campaigns.audience import Source
from messaging.models import Message
from messaging.models.post import State
from messaging.rules import Reason


def unreached(people: Source, step_id: int, others: Collection[str]) -> Source:
    """Those of a query whose phone neither got nor waits for the step under another occurrence that stands for it."""
    if not others:
        return people
    meant = people.subquery("meant_now")
    had = sa.exists().where(Message.step_id == step_id, Message.phone_id == meant.c.phone_id, stands(Message, others))
    return sa.select(meant).where(~had)


def stands(message: Any, occurrences: Collection[str]) -> sa.ColumnElement[bool]:
    """The condition that a message of one of these occurrences left, may have left, or still will."""
    off, may_have = Reason.NOT_AIRED.value, (Reason.UNKNOWN.value, Reason.RESTORED.value)
    will = message.state.in_((State.WAITING, State.SUBMITTING))
    held = sa.and_(message.state == State.HELD, message.reason != off)
    left = sa.or_(message.handed_over_at.is_not(None), message.reason.in_(may_have))
    return sa.and_(message.occurrence.in_(occurrences), message.trial_of.is_(None), sa.or_(will, held, left))
