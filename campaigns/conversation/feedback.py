"""Questions, complaints, thanks and remarks: kept for staff to sort; a sensitive one is for its focal points alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.models import Feedback
from messaging.database import insert_ignore

REVIEWED_LISTS = ("fr",)  # languages whose list of sensitive words a speaker has reviewed


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """File the message; free text in a language without a reviewed list may be sensitive until a person has looked."""
    if reading.status != "ok":
        return DONE
    sender.inbound.category = str(reading.fields["category"])
    sender.inbound.maybe_sensitive = sender.language not in REVIEWED_LISTS
    _file(session, sender, sender.inbound.category)
    return DONE


def sensitive(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """File a message that the screen caught; nobody but the focal points of its category may open it."""
    sender.inbound.category = str(reading.fields["category"])
    sender.inbound.maybe_sensitive = True
    _file(session, sender, f"sensitive_{sender.inbound.category}")
    return DONE


def _file(session: Session, sender: Sender, category: str) -> None:
    row = {
        "programme_id": sender.programme.id if sender.programme else None, "inbound_id": sender.inbound.id,
        "phone_id": sender.phone.id, "category": category[:24], "told_at": sender.inbound.received_at,
    }  # fmt: skip
    session.execute(insert_ignore(session, Feedback, ["inbound_id"]).values(**row))
