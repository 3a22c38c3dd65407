"""A reader whose every reading is written by hand: for tests of what is done with readings, not of the grammar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns.conversation import converse as conversation
from campaigns.conversation.grammar.reading import Reading, Result
from messaging import inbox
from messaging.database import Database
from messaging.models import Call, Inbound, Message, Pending
from messaging.models.post import Kind
from tests.script import Script

THANKS = Result((Reading("feedback", "ok", {"category": "thanks"}),), "fb.thanks")
FULL: Mapping[str, Any] = {"club": "1041", "date": "2026-03-12", "women": 12, "men": 8, "total": 20}


def report(status: str = "ok", error: str | None = None, **fields: Any) -> Reading:
    """A PRES of club 1041 today, F12 H8, with other fields; None takes one away."""
    said = {key: value for key, value in {**FULL, **fields}.items() if value is not None}
    return Reading("attendance", status, said, error)  # type: ignore[arg-type]


@dataclass
class Reader:
    """Reads a text as it was told to; any other text is a thank-you."""

    known: dict[str, Result] = field(default_factory=dict)

    def reads(self, text: str, *readings: Reading, reply: str | None = "att.ok") -> None:
        """From now on this text is read so."""
        self.known[text] = Result(readings, reply)

    def __call__(self, text: str, role: str, context: Mapping[str, Any]) -> Result:
        """Read one SMS."""
        return self.known.get(text, THANKS)


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    """The reader of the conversation, replaced."""
    made = Reader()
    monkeypatch.setattr(conversation, "read", made)
    return made


def inbounds(db: Database) -> Sequence[Inbound]:
    """All SMS that came in, oldest first."""
    with db.read() as session:
        return session.scalars(sa.select(Inbound).order_by(Inbound.id)).all()


def calls_for(db: Database) -> list[str]:
    """The reasons on the call list."""
    with db.read() as session:
        return list(session.scalars(sa.select(Call.reason).where(Call.done_at.is_(None)).order_by(Call.id)))


def waits(db: Database) -> Pending | None:
    """The question that waits, of the only phone that has one."""
    with db.read() as session:
        return session.scalar(sa.select(Pending))


def answers(db: Database) -> int:
    """How many replies were put into the outbox."""
    with db.read() as session:
        return session.scalar(sa.select(sa.func.count()).where(Message.kind == Kind.REPLY)) or 0


def store(script: Script, who: str, texts: Sequence[str]) -> None:
    """SMS that come in together, a second after the other, and are read in one pass."""
    book = script.here.adapters.book
    for text in texts:
        script.written += 1
        arrival = book.write(script.numbers[who], text, script.now, f"t{script.written}")
        inbox.receive(script.here.db, "simulator", [replace(arrival, received_at=script.now)])


def at(day: str, hour: str) -> datetime:
    """A moment of March 2026, UTC."""
    return datetime.fromisoformat(f"2026-03-{day}T{hour}:00+00:00")
