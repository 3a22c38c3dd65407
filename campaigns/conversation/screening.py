"""Free words beside a report: what the sensitive words catch in them is its focal points' alone; the report counts.

Source: the page on incoming SMS, section 4.2; the safeguarding rules, section 8.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from campaigns.conversation import asking, feedback
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar import words
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import Done
from messaging import fold

FREE = ("note", "question", "text")  # the fields that hold somebody's own words
WORDS = ("note", "question")  # those of them that stand beside counts
_UNSAFE = re.compile(r"\binsecurite\b(?! alimentaire)")  # why a club did not meet: its focal point's alone
_ATTACKS = re.compile(r"attaqu\w*")  # what a pest does to the millet


def category(text: str, intent: str = "") -> str | None:
    """The first category of sensitive words that a text holds; None when it holds none of those we know."""
    plain = fold.plain(text)
    if intent == "pest":
        plain = _ATTACKS.sub("", plain)
    found = next((name for name, pattern in words.SENSITIVE if pattern.search(plain)), None)
    return found or ("security" if intent in asking.REPORTS and _UNSAFE.search(plain) else None)


def is_sensitive(sender: Sender, text: object, intent: str = "") -> bool:
    """Whether these words are hidden on ordinary pages: a hit, or a language without a reviewed list."""
    return bool(text) and (category(str(text), intent) is not None or not feedback.is_screened(sender))


def flag(session: Session, sender: Sender, reading: Reading, now: datetime) -> None:
    """File an SMS with sensitive words for their focal points, or for the officer when no list has screened them.

    What answers a question of ours brings no words of its own: those it completes were filed with their own SMS.
    """
    if found := category(sender.inbound.text, reading.intent):
        feedback.flag(session, sender, found, now)
        return
    said = {**reading.kept, **reading.fields}
    if (
        any(isinstance(said.get(name), str) and said[name] for name in FREE)  # of MAINS `question` is a number
        and not feedback.is_screened(sender)
        and not asking.answers(sender, reading)
    ):
        feedback.flag(session, sender, None, now)


def own(sender: Sender, reading: Reading) -> Reading:
    """A reading as it is kept: words of an earlier SMS stay with that one, where they are masked and erased."""
    if reading.intent not in asking.REPORTS or not asking.answers(sender, reading):
        return reading
    return replace(reading, fields={name: value for name, value in reading.fields.items() if name not in WORDS})


def free_text(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """File a message; behind a keyword of reports whose body cannot be read, no screen has seen its words yet."""
    found = category(sender.inbound.text, "pest" if "ravageur" in fold.plain(sender.inbound.text) else "")
    if found is None:
        return feedback.store(session, sender, reading, now)
    feedback.flag(session, sender, found, now)
    key = "sens.not_emergency" if found == "security" else "sens.ack"
    return Done(key=key, reading=Reading("sensitive", "ok", {"category": found}))


def the_rest(session: Session, sender: Sender, reading: Reading, now: datetime) -> None:
    """File what somebody wrote beside a command, such as a complaint behind STOP: the reader took the command alone."""
    found = category(sender.inbound.text) if reading.intent in feedback.COMMANDS else None
    if found is not None:
        feedback.flag(session, sender, found, now)
    else:
        feedback.doubt_the_rest(session, sender, reading, now)
