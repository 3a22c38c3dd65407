"""The answer of a new SIM that staff put in the place of a number in quarantine; the rules: `messaging.quarantine`."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, SILENT, Done
from messaging import quarantine
from messaging.models import Pending


def answer(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """A yes moves who was reached on the old number to this one, a no changes nothing; both end the question."""
    session.execute(sa.delete(Pending).where(Pending.phone_id == sender.phone.id))
    if not reading.fields["granted"]:
        return DONE
    return DONE if quarantine.move(session, reading.fields["old"], sender.phone, now) else SILENT
