"""What a batch owes: the money that its messages set aside, let go and spend, written once a programme and month."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from messaging import budget
from messaging.models import Message
from messaging.models.post import State
from messaging.rules import Reason

TO_LEAVE = (State.WAITING, State.HELD, State.SUBMITTING)


def is_reserved(message: Message) -> bool:
    """Whether money is set aside for a message: it is to leave, or closed without anybody knowing whether it left."""
    return message.state in TO_LEAVE or (message.state is State.CLOSED and message.reason == Reason.UNKNOWN.value)


class Tab:
    """What a batch owes, by programme and month, so that it is written once and not for each message."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._owed: dict[tuple[int, date], tuple[datetime, int, int]] = {}

    def spend(self, message: Message) -> None:
        """A gateway took the message: each attempt that it takes costs what the message costs."""
        self._add(message, 0, message.price_micros)

    def turn(self, message: Message, state: State, reason: Reason | None, now: datetime) -> None:
        """Give a message another state; its money follows."""
        before = is_reserved(message)
        message.state, message.reason = state, reason.value if reason else None
        message.closed_at = (message.closed_at or now) if state is State.CLOSED else None
        self._add(message, message.price_micros * (is_reserved(message) - before), 0)

    def price(self, message: Message, micros: int) -> None:
        """A message for which money is set aside costs another sum than was expected."""
        self._add(message, micros - message.price_micros, 0)
        message.price_micros = micros

    def hand_over(self, programme_id: int, due_at: datetime, micros: int) -> None:
        """What was set aside for a message is spent on it."""
        self._owe(programme_id, due_at, -micros, micros)

    def pay(self, session: Session) -> None:
        """Write it down; last in a transaction, so that nobody waits for the month's row and a message in a circle."""
        for (programme_id, _), (due_at, reserved, charged) in sorted(self._owed.items()):
            budget.charge(session, programme_id, due_at, charged)
            budget.reserve(session, programme_id, due_at, reserved + charged)

    def _add(self, message: Message, reserved: int, charged: int) -> None:
        self._owe(message.programme_id, message.due_at, reserved, charged)

    def _owe(self, programme_id: int, due_at: datetime, reserved: int, charged: int) -> None:
        key = (programme_id, budget.month_of(due_at))
        due_at, set_aside, spent = self._owed.get(key, (due_at, 0, 0))
        self._owed[key] = (due_at, set_aside + reserved, spent + charged)
