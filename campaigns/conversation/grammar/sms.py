"""One SMS as the rules see it: folded once, with who sent it and what is known; pure, knows no database.

Source: the page on incoming SMS, sections 2 and 5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from campaigns.conversation.grammar import words
from campaigns.conversation.grammar.reading import Role
from messaging import fold

Context = Mapping[str, Any]
LONGEST = 4_000  # characters that are read; ten joined SMS have 1 530, and a longer text must not hold up the others
_SPOKEN = re.compile(r"[^\W\d_]+|\d+")


class Sms:
    """One message with what the rules ask of it again and again.

    `cased` is the folded text with its capitals, `plain` the same in small letters; `body` and `cased_body` are
    these without separators and greetings at the start; `words` are the runs of letters of the body.
    """

    def __init__(self, text: str, role: Role, context: Context) -> None:
        """Fold the text once."""
        self.text = text[:LONGEST]
        self.role = role
        self.context = context
        self.cased = fold.plain(text, lower=False)
        self.plain = self.cased.lower()
        opening = words.OPENING.match(self.cased)
        self.cased_body = self.cased[opening.end() :] if opening else self.cased
        self.body = self.cased_body.lower()
        self.words = fold.words(self.body)
        self.language = str(context.get("lang") or "fr")
        self.dogon = bool(context.get("dogon", self.language in words.DOGON))

    @property
    def now(self) -> datetime:
        """When the SMS came in, UTC."""
        moment = datetime.fromisoformat(str(self.context["now"]))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def today(self) -> date:
        """The day in Bamako, which is on UTC."""
        return self.now.date()

    @property
    def clubs(self) -> list[str]:
        """The codes that the sender may report for, in their order."""
        return [str(code) for code in self.context.get("clubs") or ()]

    @property
    def existing(self) -> list[Mapping[str, Any]]:
        """The reports of these clubs that are stored already; one alone counts as a list of one."""
        stored = self.context.get("existing") or ()
        return [stored] if isinstance(stored, Mapping) else list(stored)

    @property
    def pending(self) -> Mapping[str, Any]:
        """The question we last asked this phone; empty when there is none."""
        return self.context.get("pending") or {}

    @property
    def is_reporter(self) -> bool:
        """True for those who may report for a club."""
        return self.role in ("facilitator", "advisor")

    def typed(self, rest: str) -> str:
        """The end of the text as it was typed that folds to this; found by halving, for folding takes its time."""
        low, high = 0, len(self.text)
        while low < high:
            middle = (low + high + 1) // 2
            if len(fold.plain(self.text[middle:], lower=False)) >= len(rest):
                low = middle
            else:
                high = middle - 1
        return self.text[low:]

    def agrees(self) -> bool | None:
        """True for a yes word, False for a no word, of at most two words; None for anything else.

        A number counts as a word: `oui 13 8` says more than yes.
        """
        if self.language == "dts" and self.plain in words.PLACEHOLDERS:
            return words.PLACEHOLDERS[self.plain] == "yes"
        spoken = _SPOKEN.findall(self.plain)
        if len(spoken) > 2:
            return None
        yes = words.YES | (words.YES_DOGON if self.dogon else frozenset())
        no = words.NO | (words.NO_DOGON if self.dogon else frozenset())
        says = any(word in yes or words.OUI.fullmatch(word) for word in spoken)
        denies = spoken == ["no"] or any(word in no for word in spoken)
        return says if says != denies else None
