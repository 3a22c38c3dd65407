"""What a complainant answers to « are you satisfied? »: a yes closes the case, a no opens it again for a call."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import caseload, cases, sorting
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import Done
from campaigns.models import Feedback
from messaging import calls
from messaging.models import Pending


def answer(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Act on the answer; a case that has become sensitive since is left alone, and the reply says nothing of it."""
    asked = sa.and_(Pending.phone_id == sender.phone.id, Pending.kind == sorting.ASKED)
    session.execute(sa.delete(Pending).where(asked))
    ident = caseload.ident(reading.fields["case"])
    case = session.get(Feedback, ident, with_for_update=True, populate_existing=True) if ident else None
    if case is None or case.phone_id != sender.phone.id or case.category in caseload.SENSITIVE:
        return Done(key="fb.ack")
    satisfied = bool(reading.fields["satisfied"])
    cases.say(session, case, satisfied=satisfied, who="phone:sms", now=now)
    if not satisfied:
        calls.ask(session, case.programme_id, case.phone_id, "case", sender.inbound.id, now)
    return Done(slots={"case": caseload.number(case.id)})
