"""Free words beside a report: what the sensitive words catch in them is its focal points' alone; the report counts.

Source: the page on incoming SMS, section 4.2; the safeguarding rules, section 8.
"""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from campaigns.conversation import asking, feedback
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar import words
from campaigns.conversation.grammar.reading import Reading
from messaging import fold

FREE = ("note", "question", "text")  # the fields that hold somebody's own words
_ATTACKS = re.compile(r"attaqu\w*")  # what a pest does to the millet


def category(text: str, intent: str = "") -> str | None:
    """The first category of sensitive words that a text holds; None when it holds none of those we know."""
    plain = fold.plain(text)
    if intent == "pest":
        plain = _ATTACKS.sub("", plain)
    return next((name for name, pattern in words.SENSITIVE if pattern.search(plain)), None)


def is_sensitive(sender: Sender, text: object, intent: str = "") -> bool:
    """Whether these words are hidden on ordinary pages: a hit, or a language without a reviewed list."""
    return bool(text) and (category(str(text), intent) is not None or not feedback.is_screened(sender))


def flag(session: Session, sender: Sender, reading: Reading) -> None:
    """File an SMS with sensitive words for their focal points, or for the officer when no list has screened them.

    What answers a question of ours brings no words of its own: those it completes were filed with their own SMS.
    """
    if found := category(sender.inbound.text, reading.intent):
        feedback.flag(session, sender, found)
        return
    said = {**reading.kept, **reading.fields}
    if (
        any(said.get(name) for name in FREE)
        and not feedback.is_screened(sender)
        and not asking.answers(sender, reading)
    ):
        feedback.flag(session, sender, None)
