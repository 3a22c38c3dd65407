"""Answers to questions: every one is kept, late ones are told apart, the advice goes back in the same language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.conversation.asked import Asked
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.models import Answer
from messaging import inbox
from messaging.database import insert_ignore
from messaging.models import Text, TextState

YESNO = {"yes": 1, "no": 2}
DONT_KNOW = "DK"


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Keep the answers of one SMS and say what is right; nothing is stored for what could not be read."""
    asked = sender.asked
    if asked is None or reading.status not in ("ok", "partial", "late"):
        return DONE
    answers = reading.fields["answers"]
    value = answers.get(_number(asked))
    if value is None:
        return DONE
    row = {
        "step_id": asked.step.id, "occurrence": asked.message.occurrence, "message_id": asked.message.id,
        "inbound_id": sender.inbound.id, "phone_id": sender.phone.id,
        "member_id": person(sender, reading.fields.get("person")), "value": spelt(value),
        "correct": correct(asked, value), "late": reading.status == "late",
        "answered_at": inbox.written_at(sender.inbound),
    }  # fmt: skip
    session.execute(insert_ignore(session, Answer, ["step_id", "inbound_id"]).values(**row))
    return _advice(session, sender, asked, value) if reading.status == "ok" else DONE


def person(sender: Sender, name: str | None) -> int | None:
    """Who answered: the only member of the phone, or the only one of that name; None: it counts for the phone."""
    if len(sender.members) > 1:
        found = [member.id for member in sender.members if name and member.first_name == name]
    else:
        found = [member.id for member in sender.members]
    return found[0] if len(found) == 1 else None


def spelt(value: Any) -> str:
    """A value as the column holds it: `1 3 4`, `yes`, `12`, `DK`."""
    return " ".join(value) if isinstance(value, list) else str(value)


def correct(asked: Asked, value: Any) -> bool | None:
    """Whether an answer is right; None for a poll and for "I do not know", which the figures leave out."""
    question = asked.said.question
    assert question is not None
    if question.poll or value == DONT_KNOW or not question.correct:
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


def _advice(session: Session, sender: Sender, asked: Asked, value: Any) -> Done:
    """The question's own words, when two people have approved them as they were asked; else the catalogue thanks."""
    text = session.get_one(Text, asked.version.text_id)
    is_approved = text.state is TextState.APPROVED and text.approved_hash == asked.version.hash
    said = feedback(asked, value) if sender.drafts or is_approved else None
    return Done(words=(said, text.language)) if said else DONE


def _number(asked: Asked) -> str:
    """A step asks one question: its number in the reading."""
    return str(asked.quiz["questions"][0]["n"])


def _as_number(value: Any) -> int:
    return YESNO[value] if value in YESNO else int(value)
