"""Answers to questions: every one is kept, late ones are told apart, the advice goes back in the same language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.conversation.context import Asked, Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.models import Answer
from messaging.database import insert_ignore

YESNO = {"yes": 1, "no": 2}


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Keep the answer; nothing is stored for one that could not be read."""
    asked = sender.asked
    if asked is None or reading.status not in ("ok", "late"):
        return DONE
    value = reading.fields["answers"]["1"]
    row = {
        "step_id": asked.step.id, "occurrence": asked.message.occurrence, "message_id": asked.message.id,
        "inbound_id": sender.inbound.id, "phone_id": sender.phone.id,
        "member_id": sender.members[0].id if len(sender.members) == 1 else None,
        "value": " ".join(value) if isinstance(value, list) else str(value), "correct": correct(asked, value),
        "late": reading.status == "late", "answered_at": sender.inbound.received_at,
    }  # fmt: skip
    session.execute(insert_ignore(session, Answer, ["step_id", "inbound_id"]).values(**row))
    return DONE


def correct(asked: Asked, value: Any) -> bool | None:
    """Whether an answer is right; None for a poll and for "I do not know", which the figures leave out."""
    question = asked.said.question
    assert question is not None
    if question.poll or value == "DK" or not question.correct:
        return None
    given = {int(one) for one in value} if isinstance(value, list) else {_as_number(value)}
    right = set(question.correct)
    return given == right if question.type == "multi" else given <= right


def feedback(asked: Asked, value: Any) -> str | None:
    """The text that answers an answer, in the words of the version that was asked."""
    question = asked.said.question
    assert question is not None
    if question.poll or correct(asked, value):
        return asked.version.right
    return asked.version.wrong or asked.version.right  # who does not know is told like who was wrong


def slots(sender: Sender, reading: Reading) -> Mapping[str, str]:
    """What stands in the braces of the replies about quizzes."""
    if sender.asked is None:
        return {}
    question = sender.asked.said.question
    assert question is not None
    numbers = [str(number) for number in (sender.asked.version.options or {"1": "", "2": ""})]
    return {
        "options": " ou ".join([", ".join(numbers[:-1]), numbers[-1]]) if len(numbers) > 1 else "1",
        "min": str(question.min), "max": str(question.max),
    }  # fmt: skip


def _as_number(value: Any) -> int:
    return YESNO[value] if value in YESNO else int(value)
