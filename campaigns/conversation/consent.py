"""Consent by SMS: START asks again, only a clear yes opens a phone, a no is noted; STOP is confirmed once."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import life
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, SILENT, Done
from messaging import audit, inbox, people
from messaging.models import Pending, Programme
from messaging.models.people import Purpose, Way

TEXT_VERSION = "sms-1"  # of the consent line in the replies; a wider purpose needs a new version
CONSENT_LIVES = timedelta(days=7)


def stop(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """The opt-out was written when the SMS was stored; only the STOP that closed the phone is confirmed."""
    return DONE if sender.inbound.stopped and sender.inbound.gateway_opt is None else SILENT


def start(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Ask for consent anew: nothing opens before a yes; no question after a STOP that came later."""
    if _stopped_since(sender):
        return SILENT
    ask(session, sender, now)
    return DONE


def _stopped_since(sender: Sender) -> bool:
    """Whether a STOP came after this SMS, while it waited to be read: the STOP wins."""
    stopped_at = sender.phone.opted_out_at
    return stopped_at is not None and stopped_at > sender.inbound.received_at


def ask(session: Session, sender: Sender, now: datetime, club: str | None = None) -> None:
    """Put the question into the table of pending states, in place of an older one."""
    session.execute(sa.delete(Pending).where(Pending.phone_id == sender.phone.id))
    session.add(
        Pending(
            phone_id=sender.phone.id, kind="consent", kept={"club": club, "text_version": TEXT_VERSION},
            inbound_id=sender.inbound.id, made_at=now, expires_at=now + CONSENT_LIVES,
        )
    )  # fmt: skip


def answer(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """A clear yes opens the phone and is stored as evidence; a clear no closes it; else we explain."""
    if reading.status != "ok" or sender.programme is None:
        return DONE
    if _stopped_since(sender):
        return SILENT
    session.execute(sa.delete(Pending).where(Pending.phone_id == sender.phone.id))
    evidence = people.Evidence(
        text_version=str(reading.fields["text_version"]), language=sender.language, way=Way.SMS, given_at=now
    )
    if reading.fields["granted"]:
        _open(session, sender, sender.programme, evidence, now)
    else:
        people.refuse(session, sender.programme.id, Purpose.MESSAGES, evidence, sender.phone.id)
        inbox.opt_out(session, sender.phone, "sms", sender.inbound.received_at)
    return DONE


def _open(session: Session, sender: Sender, programme: Programme, evidence: people.Evidence, now: datetime) -> None:
    """Open the phone; on a shared one nobody consents for another: what its members agreed to themselves holds."""
    sender.phone.opted_out_at = sender.phone.opted_out_by = None
    people.give(session, programme.id, Purpose.MESSAGES, evidence, phone_id=sender.phone.id)
    if len(sender.members) == 1:
        people.give(session, programme.id, Purpose.MESSAGES, evidence, member_id=sender.members[0].id)
    for member in sender.members:
        life.enrol(session, member.id, programme, now)
    audit.note(session, "phone:sms", "consented", "phone", sender.phone.id, now)
