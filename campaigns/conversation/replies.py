"""Which reply leaves, and its words: at most one an SMS, one segment of GSM-7, in the sender's language.

    SAY      the reply of its key
    LAST     the third refusal within an hour: a person will call
    KEEP     a further refusal of that hour: kept, not answered
    GATHER   one of many reports at once: it waits for the summary (`bursts`)
    LOOP     ten automatic replies within an hour: none any more, and a person looks

Source: the page on incoming SMS, section 10; the design, 4.5.
"""

from __future__ import annotations

import enum
import string
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import practice, slots
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.slots import Said, Value
from messaging import languages, outbox
from messaging.letters import measure
from messaging.models import Burst, Inbound
from messaging.outbox import Letter
from messaging.routing import answer_cost, price

HOUR = timedelta(hours=1)
REPLIES_AN_HOUR = 10
ERRORS_AN_HOUR = 3
SINGLE = 3  # reports answered one by one before the rest of a burst is gathered
SINGLE_WITHIN = timedelta(minutes=10)
TYPED = timedelta(seconds=20)  # nobody reads our reply and writes again in less: what comes faster was waiting
USE = timedelta(days=1)  # a reply that could not leave within a day answers nothing any more
LONGEST_WAIT = timedelta(days=2)  # of an SMS before it is handled; bounds what is counted
REPORTS = (
    "attendance", "listening", "visit", "hands", "decision", "price", "rainfall", "fund_balance", "nursery", "pest",
    "radio_log",
)  # fmt: skip
KEY = 40  # letters of a reply's key that are kept
THIRD, SUMMARY, SUMMARY_AGAIN = "error.third", "att.summary", "att.summary_again"
# Built once, as each SMS asks them.
OF_PHONE = (Inbound.phone_id == sa.bindparam("phone"), Inbound.received_at > sa.bindparam("arrived"))
SINGLY = sa.and_(
    Inbound.handled_at > sa.bindparam("single"),
    Inbound.intent.in_(REPORTS),
    Inbound.replied.not_in((SUMMARY, SUMMARY_AGAIN)),
)
COUNTS = sa.select(
    sa.func.count(),
    sa.func.count().filter(Inbound.status == "error"),
    sa.func.count().filter(SINGLY),
    sa.exists().where(Burst.phone_id == sa.bindparam("phone")),
).where(*OF_PHONE, Inbound.handled_at > sa.bindparam("hour"), Inbound.replied.is_not(None))
BEFORE = (
    sa.select(Inbound.status, Inbound.handled_at, Inbound.replied)
    .where(*OF_PHONE, Inbound.handled_at.is_not(None))
    .order_by(Inbound.handled_at.desc(), Inbound.id.desc())
    .limit(1)
)
AMONG: sa.BindParameter[Any] = sa.bindparam("phones", expanding=True)
SPOKEN_TO: sa.CompoundSelect[Any] = sa.union(
    sa.select(Inbound.phone_id).where(
        Inbound.phone_id.in_(AMONG), Inbound.received_at > sa.bindparam("arrived"), Inbound.handled_at.is_not(None)
    ),
    sa.select(Burst.phone_id).where(Burst.phone_id.in_(AMONG)),
)


class Course(enum.Enum):
    """What becomes of a reply."""

    SAY = "say"
    LAST = "last"
    KEEP = "keep"
    GATHER = "gather"
    LOOP = "loop"


@dataclass(frozen=True)
class Told:
    """What a phone was answered of late."""

    replies: int = 0  # within the hour
    errors: int = 0  # among them
    reports: int = 0  # reports answered singly within ten minutes
    gathering: bool = False  # reports wait for a summary
    typed: bool = False  # there was time to type this SMS after the one before
    last: str | None = None  # status of the one before, when it was answered


def course(reading: Reading, told: Told) -> Course:
    """What becomes of the reply to a reading; pure."""
    if reading.intent == "stop":
        return Course.SAY
    if told.replies >= REPLIES_AN_HOUR:
        return Course.LOOP
    is_error = reading.status == "error"
    if is_error and told.errors >= ERRORS_AN_HOUR:
        return Course.KEEP
    if is_report(reading) and (told.gathering or told.reports >= SINGLE) and not is_talk(reading, told):
        return Course.GATHER
    return Course.LAST if is_error and told.errors == ERRORS_AN_HOUR - 1 else Course.SAY


def is_report(reading: Reading) -> bool:
    """Whether it may wait for a summary: a report, not the answer NON to our question about one."""
    return reading.intent in REPORTS and reading.status != "ignored"


def is_talk(reading: Reading, told: Told) -> bool:
    """Whether somebody is writing right now who must be asked, who answers us, or who corrects what we echoed."""
    asked = told.last in ("confirm", "pending", "error")
    return told.typed and (asked or reading.status != "ok" or "correction" in reading.repairs)


def spoken_to(session: Session, among: Collection[int], now: datetime) -> Collection[int]:
    """The phones of which an SMS was handled of late: the others were told nothing (`told`)."""
    return set(session.scalars(SPOKEN_TO, {"phones": among, "arrived": now - LONGEST_WAIT}))


def told(session: Session, phone_id: int, now: datetime) -> Told:
    """What a phone was answered within the last hour."""
    given = {"phone": phone_id, "arrived": now - LONGEST_WAIT, "hour": now - HOUR, "single": now - SINGLE_WITHIN}
    with session.no_autoflush:  # the SMS in hand has no reply yet, and is written once, with it
        counts, last = session.execute(COUNTS, given).one(), session.execute(BEFORE, given).one_or_none()
    typed = last is not None and last.handled_at <= now - TYPED
    return Told(*counts, typed=typed, last=last.status if last is not None and last.replied else None)


def say(session: Session, sender: Sender, key: str, text: str, language: str, now: datetime) -> None:
    """Put a reply into the outbox and note its key on the SMS that it answers."""
    sender.inbound.replied = key[:KEY]
    outbox.put(session, letter(session, sender, text, language, now), sender.phone.id, now)


def letter(session: Session, sender: Sender, text: str, language: str, now: datetime) -> Letter:
    """A reply as the outbox takes it."""
    assert sender.programme is not None
    return outbox.reply(
        session, sender.programme, text, language, occurrence=f"reply:{sender.inbound.id}", due_at=now,
        useful_until=now + USE, gateway_id=sender.gateway.id, inbound_id=sender.inbound.id,
        segment_price_micros=price(sender.gateway, sender.phone.prefix),
    )  # fmt: skip


def words(
    sender: Sender,
    codes: Sequence[str],
    key: str,
    readings: Sequence[Reading],
    reading: Reading,
    given: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """The words of a reply, and the language they are in.

    Args:
        sender: who wrote.
        codes: the languages to try, the best first.
        key: the reply's key.
        readings: all that was read.
        reading: the one that decided the reply.
        given: values for the braces by a handler, over those of the reading.

    Raises:
        KeyError: no catalogue holds the key.
    """
    line, language = languages.line(key, codes, sender.drafts)
    line = practice.mark(sender, reading, line)
    names = {name for _, name, _, _ in string.Formatter().parse(line) if name}
    return fit(line, slots.fill(names, _said(sender, language, readings, reading), given)), language


def fit(line: str, values: Mapping[str, Value]) -> str:
    """A line filled in, its longest list cut part by part until it is one SMS."""
    held = dict(values)
    while measure(text := line.format(**held)).segments > 1:
        shorter = [
            (len(str(value)), name, value.shorter) for name, value in held.items() if isinstance(value, slots.Cut)
        ]
        longest = max((one for one in shorter if one[2] is not None), default=None, key=lambda one: one[:2])
        if longest is None or longest[2] is None:
            return text
        held[longest[1]] = longest[2]
    return text


def _said(sender: Sender, language: str, readings: Sequence[Reading], reading: Reading) -> Said:
    return Said(
        reading=reading,
        today=sender.inbound.received_at.date(),
        language=language,
        own=tuple(club.code for club in sender.clubs),
        readings=tuple(readings),
        questions=(sender.context.get("quiz") or {}).get("questions") or (),
        service=sender.programme.service_name if sender.programme else "",
        case=str(sender.inbound.id),
        cost=_cost(sender, language),
    )


def _cost(sender: Sender, language: str) -> str:
    """What an SMS to us costs, in words for French readers and in a figure for all others."""
    said = answer_cost(sender.gateway)
    if language != "fr":
        return said or "? FCFA"
    in_words = {"free": "gratuit", "unknown": "prix de votre reseau"}
    return in_words.get(sender.gateway.answer_cost, f"{said} par SMS")
