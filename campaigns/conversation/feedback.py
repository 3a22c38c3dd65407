"""Questions, complaints, thanks and remarks: kept for staff to sort; a sensitive one is for its focal points alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import caseload
from campaigns.conversation import duty
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar import words
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.grammar.sms import Sms
from campaigns.conversation.handling import DONE, Done
from campaigns.models import Feedback
from messaging import fold
from messaging.database import insert_ignore
from messaging.models import Pending

REVIEWED_LISTS = ("fr",)  # languages whose list of sensitive words a speaker has reviewed
ANSWER_DAYS = 14  # until a complaint is answered, as its reply says
SAY_MORE = "feedback_text"  # the kind of pending state of AVIS, PLAINTE or QUESTION without words
TEXT_LIVES = timedelta(hours=24)
COMMANDS = ("stop", "start", "consent", "join", "language", "help", "my_data", "erase", "tip_sheet")
COMMAND_WORDS = 3  # a longer one says something besides: « AIDE, l'agent … »


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """File the message as a case; a keyword alone waits a day for its words."""
    session.execute(sa.delete(Pending).where(Pending.phone_id == sender.phone.id, Pending.kind == SAY_MORE))
    if reading.status != "ok":
        _await_words(session, sender, now)
        return DONE
    case = open_case(session, sender, str(reading.fields["category"]), now)
    return Done(slots={"case": case, "days": str(ANSWER_DAYS)})


def open_case(session: Session, sender: Sender, category: str, now: datetime) -> str:
    """File an SMS as a case of a category; gives its number, such as N42.

    Free words in a language without a reviewed list may be sensitive until a person has looked.
    """
    sender.inbound.category = category
    sender.inbound.maybe_sensitive = not is_screened(sender)
    ident = _file(session, sender, category)
    if sender.inbound.maybe_sensitive:
        duty.tell(session, sender, None, now)
    return caseload.number(ident)


def sensitive(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """File a message that the screen caught; nobody but the focal points of its category may open it."""
    flag(session, sender, str(reading.fields["category"]), now)
    return DONE


def flag(session: Session, sender: Sender, category: str | None, now: datetime) -> None:
    """File an SMS whose note or decision is sensitive; what the reader read in it stays as it is.

    Args:
        session: the session of the inbound's transaction.
        sender: who wrote it.
        category: `fraud`, `psea`, `protection` or `security`; None: no reviewed list has screened the words, so the
            officer on duty looks first.
        now: the time.
    """
    sender.inbound.category, sender.inbound.maybe_sensitive = category, True
    _file(session, sender, f"sensitive_{category}" if category else "unclassified")
    duty.tell(session, sender, category, now)


def doubt(session: Session, sender: Sender, now: datetime) -> None:
    """Mark words that no reading tells and no reviewed list has screened: the officer on duty looks first."""
    if not is_screened(sender) and not sender.inbound.maybe_sensitive:
        flag(session, sender, None, now)


def doubt_the_rest(session: Session, sender: Sender, reading: Reading, now: datetime) -> None:
    """Mark what somebody wrote beside a command, or in place of a yes or no: the reader took the command alone."""
    is_long = len(fold.words(fold.plain(sender.inbound.text))) > COMMAND_WORDS
    if reading.intent in COMMANDS and (is_long or reading.error == "consent_unclear"):
        doubt(session, sender, now)


def is_screened(sender: Sender) -> bool:
    """Whether a reviewed list of sensitive words has looked at what this sender writes; of a stranger nobody knows
    the language."""
    return sender.role != "unknown" and sender.language in REVIEWED_LISTS


def _await_words(session: Session, sender: Sender, now: datetime) -> None:
    sms = Sms(sender.inbound.text, sender.role, sender.context)
    first = fold.undouble(sms.words[0]) if sms.words else ""
    keywords = {fold.undouble(word): category for word, category in words.FEEDBACK.items()}
    kept = {"category": keywords.get(first, "unclassified")}
    session.execute(sa.delete(Pending).where(Pending.phone_id == sender.phone.id))
    session.add(
        Pending(
            phone_id=sender.phone.id, kind=SAY_MORE, kept=kept, inbound_id=sender.inbound.id, made_at=now,
            expires_at=now + TEXT_LIVES,
        )
    )  # fmt: skip


def _file(session: Session, sender: Sender, category: str) -> int:
    """The id of the case of this SMS, made when it is new."""
    row = {
        "programme_id": sender.programme.id if sender.programme else None, "inbound_id": sender.inbound.id,
        "phone_id": sender.phone.id, "category": category[:24], "told_at": sender.inbound.received_at,
    }  # fmt: skip
    session.execute(insert_ignore(session, Feedback, ["inbound_id"]).values(**row))
    return session.scalars(sa.select(Feedback.id).where(Feedback.inbound_id == sender.inbound.id)).one()
