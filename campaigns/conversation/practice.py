"""Reports of a facilitator in training: read and answered as real ones, kept apart and counted nowhere.

STOP, complaints, questions and what the sensitive words catch stay real. When training ends, nothing of it counts.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import asking, screening
from campaigns.conversation.catalogue import ROWS
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.conversation.reporting import club_of, not_yours
from campaigns.models import PracticeReport
from messaging import audit, languages
from messaging.database import change
from messaging.models import Facilitator, Pending, Phone

INTENTS = frozenset({*asking.REPORTS, "hands", "decision", *(row.kind for row in ROWS if "facilitator" in row.roles)})
BEFORE = "practice.before"  # stands in front of each reply to an exercise
ASKED = (*asking.KINDS.values(), *asking.CONFIRMS.values())


def is_exercise(sender: Sender, reading: Reading) -> bool:
    """Whether a reading is a report that does not count. Whether a decision was kept is the answer to a question."""
    return sender.practice is not None and reading.intent in INTENTS and "kept" not in reading.fields


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Ask for what a real report would be asked for, and keep how it was read."""
    screening.flag(session, sender, reading, now)
    if reading.status == "ok" and reading.fields.get("club") and club_of(sender, reading) is None:
        return not_yours(reading)
    if reading.status in ("ok", "ignored"):
        asking.settle(session, sender, reading)
    else:
        asking.ask(session, sender, reading, now)
    if reading.status != "ignored":
        _keep(session, sender, reading)
    return DONE


def mark(sender: Sender, reading: Reading, line: str) -> str:
    """A reply that says first that this is an exercise."""
    if not is_exercise(sender, reading):
        return line
    before, _ = languages.line(BEFORE, sender.codes, sender.drafts)
    return f"{before} {line}"


def switch(session: Session, leader: Facilitator, on: bool, who: str, now: datetime) -> bool:
    """Begin or end the training of a facilitator; False when nothing changed.

    A question about a report that waits on the phone is dropped: half a real report and half an exercise are none.
    """
    session.get_one(Phone, leader.phone_id, with_for_update=True)  # an SMS that is being read is read to its end
    session.refresh(leader)
    if leader.practice is on:
        return False
    leader.practice = on
    change(session, sa.delete(Pending).where(Pending.phone_id == leader.phone_id, Pending.kind.in_(ASKED)))
    was, now_is = {"practice": not on}, {"practice": on}
    audit.note(session, who, "practice", "facilitator", leader.id, now, before=was, after=now_is)
    return True


def _keep(session: Session, sender: Sender, reading: Reading) -> None:
    """Note how it was read; of several reports in one SMS the first names it."""
    inbound = sender.inbound
    is_named = session.scalar(sa.select(sa.exists().where(PracticeReport.inbound_id == inbound.id)))
    assert sender.programme is not None
    session.add(
        PracticeReport(
            programme_id=sender.programme.id, facilitator_id=sender.practice, intent=reading.intent,
            inbound_id=None if is_named else inbound.id, status=reading.status, error=reading.error,
            fields=_without_words(reading), repairs=list(reading.repairs), received_at=inbound.received_at,
        )
    )  # fmt: skip
    session.flush()


def _without_words(reading: Reading) -> dict[str, Any]:
    """What was read, without what somebody said in words of her own; of MAINS `question` is a number."""
    said = reading.fields.items()
    return {name: value for name, value in said if not (name in screening.FREE and isinstance(value, str))}
