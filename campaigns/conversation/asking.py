"""The question we last asked a phone about a report: kept with all that was read, cleared once it is answered.

One a phone; a newer one takes its place. An answer counts for 24 hours.

Source: the page on incoming SMS, section 4.4.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from messaging.models import Inbound, Pending

LIVES = timedelta(hours=24)
REMIND = timedelta(hours=2)
REPORTS = ("attendance", "listening", "visit")
KINDS = {  # of the question, by what is missing
    "club_missing": "attendance_club", "men_missing": "attendance_partial", "women_missing": "attendance_partial",
    "sex_missing": "report_total",
}  # fmt: skip
CONFIRMS = {**dict.fromkeys(REPORTS, "attendance_confirm"), "hands": "hands_confirm", "price": "price_confirm"}
UNKEPT = ("clubs", "code_given", "suggest", "total_given", "total_computed", "present")  # said in a reply, no value
COUNTS = ("date", "women", "men", "girls", "boys", "total")
JOINED = frozenset({"confirmed", "joined_two_sms"})  # repairs of a reading that was put together with what we kept
SUBJECT = {**dict.fromkeys(REPORTS, ("club", "date")), "hands": ("club", "date", "question"), "price": ("date",)}


def ask(session: Session, sender: Sender, reading: Reading, now: datetime, source: Inbound | None = None) -> bool:
    """Keep a reading that waits for an answer, in place of what waited before; False when it waits for none.

    `source` is the SMS the report came in, where the reading no longer tells.
    """
    kind = kind_of(reading)
    if kind is None:
        return False
    kept = _kept(reading, source or origin(session, sender, reading))
    session.execute(sa.delete(Pending).where(Pending.phone_id == sender.phone.id))
    session.add(
        Pending(
            phone_id=sender.phone.id, kind=kind, kept=kept, inbound_id=sender.inbound.id, made_at=now,
            expires_at=now + LIVES, remind_at=now + REMIND if reading.error in KINDS else None,
        )
    )  # fmt: skip
    session.flush()
    return True


def kind_of(reading: Reading) -> str | None:
    """The type of the question that a reading asks; None when it asks none."""
    if reading.status == "confirm":
        return CONFIRMS.get(reading.intent)
    return KINDS.get(reading.error or "") if reading.intent in REPORTS else None


def settle(session: Session, sender: Sender, reading: Reading) -> None:
    """Clear the question that this reading answers, or whose report it brings whole; another's stays."""
    pending = sender.pending
    if pending is None or not _is_ours(pending) or reading.intent != pending.kept.get("intent"):
        return
    subject = SUBJECT[reading.intent]
    is_same = all(pending.kept.get(key) == reading.fields.get(key) for key in subject)
    if is_same or answers(sender, reading):
        session.execute(sa.delete(Pending).where(Pending.phone_id == sender.phone.id))


def answers(sender: Sender, reading: Reading) -> bool:
    """Whether a reading was put together from what we kept and what has come now."""
    pending = sender.pending
    if pending is None or not _is_ours(pending) or reading.intent != pending.kept.get("intent"):
        return False
    if pending.kind == "attendance_club":
        return all(pending.kept[key] == reading.fields.get(key) for key in COUNTS if pending.kept.get(key) is not None)
    return reading.status == "ignored" or bool(JOINED.intersection(reading.repairs))


def _is_ours(pending: Pending) -> bool:
    return pending.kind in KINDS.values() or pending.kind in CONFIRMS.values()


def origin(session: Session, sender: Sender, reading: Reading) -> Inbound:
    """The SMS that a report came in: the one that was asked about, else this one."""
    first = sender.pending.kept.get("sms") if sender.pending and answers(sender, reading) else None
    return (session.get(Inbound, first) if first else None) or sender.inbound


def _kept(reading: Reading, source: Inbound) -> dict[str, Any]:
    said = {**reading.fields, **reading.kept}
    values = {key: value for key, value in said.items() if key not in UNKEPT and value is not None}
    return {**values, "intent": reading.intent, "sms": source.id}
