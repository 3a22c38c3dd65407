"""Consent by SMS: nothing opens before a clear yes; a no is kept as a no; STOP is confirmed once.

Source: the safeguarding rules, sections 3 and 4; the page on incoming SMS, 8.1 and 8.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import erasure, life
from campaigns.conversation import enrolment, questions
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, SILENT, Done
from messaging import audit, inbox, people
from messaging.database import keys_of
from messaging.models import Member, Message, Pending, Programme
from messaging.models.people import Purpose, Way

TEXT_VERSION = "sms-1"  # of the consent line in the replies; a wider purpose needs a new version
LIVES = timedelta(days=7)
REMIND = timedelta(hours=24)  # once; then nothing


def stop(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """The opt-out was written when the SMS was stored; only the STOP that closed the phone is confirmed.

    What the reader takes for a STOP and the inbox did not, in a language known only by village or programme, closes
    the phone here.
    """
    if not sender.inbound.stopped and sender.phone.opted_out_at is None:
        sender.inbound.stopped = inbox.opt_out(session, sender.phone, "sms", sender.inbound.received_at)
    return DONE if sender.inbound.stopped and sender.inbound.gateway_opt is None else SILENT


def start(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Ask for consent anew: nothing opens before a yes; no question after a STOP that came later."""
    if has_stopped(sender):
        return SILENT
    ask(session, sender, now)
    return DONE


def join(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Ask who wants to enter a club or a village whether she agrees; what is not clear yet is asked first."""
    if has_stopped(sender) or sender.programme is None:
        return SILENT
    if reading.error == "village_fuzzy":
        questions.put(session, sender, "join_village", now, village=reading.fields["village"])
        return DONE
    if reading.error == "village_ambiguous":
        fields = reading.fields
        questions.put(session, sender, "join_commune", now, village=fields["village"], communes=fields["communes"])
        return DONE
    questions.clear(session, sender, "join_village", "join_commune")
    if reading.fields.get("club"):
        return _join_club(session, sender, str(reading.fields["club"]), now)
    if reading.fields.get("village"):
        return _join_village(session, sender, reading, now)
    return DONE


def ask(session: Session, sender: Sender, now: datetime, **kept: object) -> None:
    """Put the question; it is asked once more a day later, but never to a phone that said STOP."""
    remind_at = None if sender.phone.opted_out_at else now + REMIND
    said = {"club": None, "text_version": TEXT_VERSION, **kept}
    questions.put(session, sender, "consent", now, LIVES, remind_at, **said)


def answer(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """A clear yes opens the phone and is stored as evidence, a clear no is kept; anything else is no consent."""
    pending = sender.pending
    if reading.status != "ok" or sender.programme is None or pending is None:
        return DONE
    if has_stopped(sender):
        return SILENT
    programme = session.get_one(Programme, pending.kept.get("programme", sender.programme.id))
    evidence = people.Evidence(
        text_version=str(reading.fields["text_version"]), language=_language(session, sender, pending), way=Way.SMS,
        given_at=now,
    )  # fmt: skip
    questions.clear(session, sender)
    if reading.fields["granted"]:
        return _open(session, sender, programme, dict(pending.kept), evidence, now)
    return _refuse(session, sender, programme, dict(pending.kept), evidence, now)


def has_stopped(sender: Sender) -> bool:
    """Whether a STOP came after this SMS, while it waited to be read or to be brought: the STOP wins."""
    stopped_at = sender.phone.opted_out_at
    return stopped_at is not None and stopped_at > inbox.written_at(sender.inbound)


def _join_club(session: Session, sender: Sender, code: str, now: datetime) -> Done:
    club = enrolment.find_club(session, sender, code, now)
    if club is None:
        return Done(key="join.club_invalid", slots={"given": code})
    if sender.phone.opted_out_at is None and enrolment.is_in(session, sender.phone, club):
        return Done(key="join.already", slots={"code": code})
    ask(session, sender, now, club=code, club_id=club.id, said=code, programme=club.programme_id)
    return Done(key="join.consent", slots={"club": code})


def _join_village(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    village = enrolment.find_village(session, sender, reading.fields["village"], reading.fields.get("commune"), now)
    if village is None:  # its commune has two of that name: the code of a club tells them apart
        return Done(key="join.which_club")
    ask(session, sender, now, village_id=village.id, said=village.sms_name)
    return Done(slots={"club": village.sms_name})


def _open(
    session: Session, sender: Sender, programme: Programme, kept: dict[str, Any], evidence: people.Evidence,
    now: datetime,
) -> Done:  # fmt: skip
    """Open the phone; on a shared one nobody consents for another: what its members agreed to themselves holds."""
    phone, anew = sender.phone, sender.phone.erase_asked_at is not None
    if anew:
        _begin_anew(session, sender, now)
    phone.opted_out_at = phone.opted_out_by = None
    people.give(session, programme.id, Purpose.MESSAGES, evidence, phone_id=phone.id)
    agreed = enrolment.enrol(session, phone, programme, kept, now)
    for member in agreed:
        people.give(session, programme.id, Purpose.MESSAGES, evidence, member_id=member.id)
    reached = enrolment.members_of(session, phone, programme)
    for member in reached:
        life.enrol(session, member.id, programme, now)
    audit.note(session, "phone:sms", "consented", "phone", phone.id, now, after={"members": _ids(agreed)})
    reports = not anew and bool(sender.station or sender.clubs)
    return DONE if reached or reports else Done(key="start.which_club")


def _refuse(
    session: Session, sender: Sender, programme: Programme, kept: dict[str, Any], evidence: people.Evidence,
    now: datetime,
) -> Done:  # fmt: skip
    """Who is here already only stays out of what she asked for; of a stranger the hash and the refusal are left."""
    phone = sender.phone
    if sender.role != "unknown" and phone.opted_out_at is None and kept.get("said"):
        audit.note(session, "phone:sms", "stayed_out", "phone", phone.id, now)
        return Done(key="join.unchanged")
    people.refuse(session, programme.id, Purpose.MESSAGES, evidence, phone.id)
    inbox.opt_out(session, phone, "sms", sender.inbound.received_at)
    if sender.role == "unknown":
        phone.erase_asked_at = phone.erase_asked_at or now
    return DONE


def _begin_anew(session: Session, sender: Sender, now: datetime) -> None:
    """What she had asked to erase goes before she comes in again; of her number we have need."""
    number = keys_of(session).open(sender.phone.sealed)
    erasure.erase(session, sender.phone, now)
    people.seal(session, sender.phone, number, now)


def _language(session: Session, sender: Sender, pending: Pending) -> str:
    """The language of the words that were really sent, which the evidence names."""
    question = sa.select(Message.language).where(
        Message.phone_id == sender.phone.id,
        Message.step_id == 0,
        Message.occurrence == f"reply:{pending.inbound_id}",
    )
    return session.scalar(question) or sender.language


def _ids(members: Sequence[Member]) -> str:
    return " ".join(str(member.id) for member in members)
