"""One SMS as the rules see it: folded once, with who sent it and what is known; pure, knows no database.

Source: the page on incoming SMS, sections 2 and 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from campaigns.conversation.grammar import words
from campaigns.conversation.grammar.reading import Role
from messaging import fold

Context = Mapping[str, Any]


class Sms:
    """One message with what the rules ask of it again and again.

    `cased` is the folded text with its capitals, `plain` the same in small letters; `body` and `cased_body` are
    these without greetings at the start; `words` are the runs of letters of the body.
    """

    def __init__(self, text: str, role: Role, context: Context) -> None:
        """Fold the text once."""
        self.text = text
        self.role = role
        self.context = context
        self.cased = fold.plain(text, lower=False)
        self.plain = self.cased.lower()
        self.cased_body = words.GREETING.sub("", self.cased)
        self.body = self.cased_body.lower()
        self.words = fold.words(self.body)
        self.language = str(context.get("lang") or "fr")
        self.dogon = bool(context.get("dogon"))

    @property
    def now(self) -> datetime:
        """When the SMS came in, UTC."""
        return datetime.fromisoformat(str(self.context["now"]))

    @property
    def today(self) -> date:
        """The day in Bamako, which is on UTC."""
        return self.now.date()

    @property
    def clubs(self) -> list[str]:
        """The codes that the sender may report for, in their order."""
        return [str(code) for code in self.context.get("clubs") or ()]

    @property
    def pending(self) -> Mapping[str, Any]:
        """The question we last asked this phone; empty when there is none."""
        return self.context.get("pending") or {}

    @property
    def is_reporter(self) -> bool:
        """True for those who may report for a club."""
        return self.role in ("facilitator", "advisor")

    def agrees(self) -> bool | None:
        """True for a yes word, False for a no word, of at most two words; None for anything else."""
        if self.plain in words.PLACEHOLDERS:
            return words.PLACEHOLDERS[self.plain] == "yes"
        if not 1 <= len(self.words) <= 2:
            return None
        yes = words.YES | (words.YES_DOGON if self.dogon else frozenset())
        no = words.NO | (words.NO_DOGON if self.dogon else frozenset())
        says = [_is_oui(word) or word in yes for word in self.words]
        denies = [word in no or self.words == ["no"] for word in self.words]
        if any(says) == any(denies):
            return None
        return any(says)


def _is_oui(word: str) -> bool:
    return word.startswith("ou") and word.endswith("i") and word.strip("o").strip("ui") == ""
