"""After a restore: what may have left before, from the machine the backup came from, and the order that settles it.

The restored tables say what was so when the backup was made. Until the restore the other machine may have sent what
was due, answered what came in and asked again; nobody can read that here. So what was due by then does not leave
unasked: it is held when its turn comes, also what the calendar or a late SMS makes anew, until a person says how it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, outbox
from messaging.database import change
from messaging.models import Gateway, Inbound, Mark, Message
from messaging.models.post import State
from messaging.rules import Reason

MARK = "restored"
LEFT = "left"
AUTOMATIC = ("reply:", "remind:", outbox.DUTY)  # starts of occurrences that name the SMS they follow from


@dataclass(frozen=True)
class Gap:
    """The time of which these tables know nothing."""

    since: datetime  # the backup
    until: datetime  # the restore
    left: bool = False  # a person said that what was due in it has left

    def text(self) -> str:
        """As it stands in the mark."""
        words = [self.since.isoformat(), self.until.isoformat(), *([LEFT] if self.left else [])]
        return " ".join(words)

    @classmethod
    def read(cls, text: str) -> Gap:
        """Read the mark."""
        since, until, *said = text.split()
        return cls(datetime.fromisoformat(since), datetime.fromisoformat(until), LEFT in said)


@dataclass(frozen=True)
class Doubt:
    """What may have left before a restore, among some messages."""

    gap: Gap | None = None
    messages: frozenset[int] = frozenset()

    def holds(self, message: Message) -> bool:
        """It may have left, and nobody has said."""
        return self.gap is not None and not self.gap.left and message.id in self.messages

    def closes(self, message: Message) -> bool:
        """It has left, somebody said."""
        return self.gap is not None and self.gap.left and message.id in self.messages


def gap(session: Session) -> Gap | None:
    """The gap of the last restore; None when there was none, or nothing left in it."""
    value = session.scalar(sa.select(Mark.value).where(Mark.name == MARK))
    return Gap.read(value) if value else None


def doubt(session: Session, messages: Sequence[Message]) -> Doubt:
    """Which of these messages may have left before the restore."""
    known = gap(session)
    if known is None:
        return Doubt()
    due = {message.id for message in messages if message.due_at <= known.until}
    causes = {message.id: cause for message in messages if (cause := _cause(message)) is not None}
    came = sa.func.coalesce(Inbound.gateway_at, Inbound.received_at) <= known.until
    query = sa.select(Inbound.id).where(Inbound.id.in_(set(causes.values())), came)
    before = set(session.scalars(query)) if causes else set()
    return Doubt(known, frozenset(due | {ident for ident, cause in causes.items() if cause in before}))


def _cause(message: Message) -> int | None:
    """The SMS that made it by itself: the other machine may have read it too, and have answered."""
    start, _, rest = message.occurrence.partition(":")
    number = rest.partition(":")[0]
    return int(number) if f"{start}:" in AUTOMATIC and number.isdecimal() else None


@dataclass(frozen=True)
class Rest:
    """How a restore stands."""

    gap: Gap | None
    paused: list[str]  # real gateways
    held: int  # messages that wait for the order


def rest(session: Session) -> Rest:
    """What is still to be done after the last restore."""
    paused = sa.select(Gateway.name).where(Gateway.paused_at.is_not(None), Gateway.adapter != "simulator")
    held = sa.select(sa.func.count()).select_from(Message).where(Message.state == State.HELD, _is_kept_back())
    return Rest(gap(session), list(session.scalars(paused.order_by(Gateway.name))), session.scalar(held) or 0)


def close_left(session: Session, now: datetime, staff_id: int | None = None) -> int:
    """What was due before the restore has left: close what is held, and what still comes up; gives how many now."""
    known = gap(session)
    if known is None:
        return 0
    mark = session.get_one(Mark, MARK)
    mark.value = Gap(known.since, known.until, left=True).text()
    session.flush()
    outbox.await_claim(session, sa.true())
    held = sa.update(Message).where(Message.state == State.HELD, _is_kept_back())
    count = change(session, held.values(state=State.CLOSED, closed_at=now))  # its money is spent: it left
    _note(session, "left", count, now, staff_id)
    return count


def let_go(session: Session, now: datetime, staff_id: int | None = None) -> int:
    """Nothing left before the restore: what is held and still of use goes; gives how many."""
    mark = session.get(Mark, MARK)
    if mark is None:
        return 0
    session.delete(mark)
    session.flush()
    count = outbox.release_all(session, sa.true(), Reason.RESTORED, now)
    outbox.close_all(session, sa.and_(Message.state == State.HELD, _is_kept_back()), Reason.STALE, now)
    _note(session, "unsent", count, now, staff_id)
    return count


def _is_kept_back() -> sa.ColumnElement[bool]:
    return Message.reason == Reason.RESTORED.value


def _note(session: Session, said: str, count: int, now: datetime, staff_id: int | None) -> None:
    after = {"said": said, "messages": count}
    audit.note(session, audit.actor(staff_id), "settled_restore", "installation", "restore", now, after=after)
