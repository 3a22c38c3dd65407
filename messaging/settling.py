"""Settling by a person: what is parked because nobody knows whether it left, and her order to send it again or not.

Nothing is ever sent again unresolved without such an order. Source: the page on gateways, section 3.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit
from messaging.errors import RefusedError
from messaging.models import Attempt, Gateway, Message, Phone
from messaging.models.post import AttemptState, State
from messaging.rules import Reason

IS_PARKED = sa.and_(Message.state == State.HELD, Message.reason == Reason.UNKNOWN.value)


@dataclass(frozen=True)
class Parked:
    """One message of which nobody knows whether it left; of its number only the last two digits."""

    message: Message
    gateway: str  # that was last asked to carry it
    since: datetime  # when its last attempt began
    last_two: str


def parked(session: Session, *where: sa.ColumnElement[bool], after: int = 0, most: int = 100) -> Sequence[Parked]:
    """What waits for a person's order, in the order of their ids.

    Args:
        session: a session.
        where: further conditions on `Message`, such as those of a programme and of own places.
        after: only those with a greater id: the last one of the page before.
        most: no more than so many.
    """
    since = (
        sa.select(sa.func.max(Attempt.started_at)).where(Attempt.message_id == Message.id).scalar_subquery()
    )  # fmt: skip
    query = (
        sa.select(Message, Gateway.name, since, Phone.last_two)
        .join(Gateway, Gateway.id == Message.gateway_id)
        .join(Phone, Phone.id == Message.phone_id)
        .where(IS_PARKED, Message.state != State.CLOSED, Message.id > after, *where)
        .order_by(Message.id)
        .limit(most)
    )
    return [Parked(*row) for row in session.execute(query)]


def send_again(session: Session, message: Message, now: datetime, staff_id: int | None = None) -> None:
    """Send a parked message once more although it may have left: by a new attempt, when the rules let it go.

    Where a gateway takes a key once, the attempt has the same key, and there is no risk at all. Else the person takes
    the risk of a double, so that a late receipt for the first one raises no alarm.

    Args:
        session: a writing session.
        message: a parked one.
        now: the time.
        staff_id: who orders it; None: the command line.

    Raises:
        RefusedError: it is not parked any more, or of no use any more.
    """
    _lock(session, message)
    if message.useful_until <= now:
        raise RefusedError(
            f"Le message {message.id} n'est plus utile : fermez-le. / "
            f"Message {message.id} is of no use any more: close it."
        )
    session.execute(
        sa.update(Attempt)
        .where(Attempt.message_id == message.id, Attempt.state == AttemptState.UNKNOWN)
        .values(state=AttemptState.NOT_SENT, settled_at=now, denied_at=None, next_look_at=None)
    )
    message.state, message.reason, message.next_at = State.WAITING, None, now
    _note(session, message, "sent_again", now, staff_id)


def give_up(session: Session, message: Message, now: datetime, staff_id: int | None = None) -> None:
    """Close a parked message for good; a late receipt still tells what became of it.

    Args:
        session: a writing session.
        message: a parked one.
        now: the time.
        staff_id: who orders it; None: the command line.

    Raises:
        RefusedError: it is not parked any more.
    """
    _lock(session, message)
    message.state, message.closed_at = State.CLOSED, now  # its money stays set aside: it may have left
    _note(session, message, "given_up", now, staff_id)


def _lock(session: Session, message: Message) -> None:
    """The message as it stands now: a receipt may have told meanwhile what became of it."""
    session.refresh(message, with_for_update=True)
    if message.state is not State.HELD or message.reason != Reason.UNKNOWN.value:
        raise RefusedError(
            f"Le message {message.id} n'attend plus de décision : rechargez la page. / "
            f"Message {message.id} waits for no decision any more: load the page again."
        )


def _note(session: Session, message: Message, action: str, now: datetime, staff_id: int | None) -> None:
    after = {"state": message.state.value, "reason": message.reason}
    before = {"state": State.HELD.value, "reason": Reason.UNKNOWN.value}
    audit.note(session, audit.actor(staff_id), action, "message", message.id, now, before=before, after=after)
