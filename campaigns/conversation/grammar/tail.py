"""What follows the keyword of a report of a single value: look-alikes mended, the day and the club taken out; pure.

Source: the page on incoming SMS, sections 5, 6.5 and 8.6.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

from campaigns.conversation.grammar import dates, labels, lookalikes, words
from campaigns.conversation.grammar.sms import Sms

FILLERS = labels.FILLERS | {
    "a", "au", "aux", "c", "ce", "cest", "d", "du", "est", "il", "l", "la", "numero", "par", "y",
}  # fmt: skip
_RUN = re.compile(r"(?:[^\W_]|\|)+")
_HEAD = re.compile(r"[^\W\d_]*")
# A letter at the end of a number is a digit only when no further letter follows: `12O`, never `125oignon`.
_NUMBER = re.compile(r"[OoIl|]*\d(?:[\dOoIl|]*\d)?(?:[OoIl|]+(?![^\W\d_]))?")
_START = re.compile(r"(?<![^\W_])[^\W_]")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_CODE = re.compile(r"(?<!\d)\d{4}(?!\d)")
_DATES = 60  # places where a day may begin


def plain(rest: str, known: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """The text in small letters without thanks, letters typed for digits put right, and these repairs.

    Args:
        rest: what follows the keyword, with its capitals.
        known: words that stay whole before a digit: in `MIL125` the L belongs to the crop.
    """
    repairs: dict[str, None] = {}

    def mended(run: re.Match[str]) -> str:
        if not any(char.isdigit() for char in run[0]):
            return run[0]
        head, tail = _cut(run[0], known)
        repairs.update(dict.fromkeys(name for typed in _NUMBER.findall(tail) for name in lookalikes.names(typed)))
        number = _NUMBER.sub(lambda typed: lookalikes.value(typed[0]), tail)
        return f"{head} {number}" if head else number

    text = _RUN.sub(mended, words.THANKS.sub("", rest)).lower()
    return text, tuple(repairs)


def dated(text: str, today: date) -> tuple[str, date] | None:
    """The text without the day that stands in it, and that day, else today; None when it cannot have been that day."""
    for at in [*_START.finditer(text)][:_DATES]:
        found = dates.at(text, at.start(), today)
        if found is not None:
            if found.day is None or found.day > today:
                return None
            return f"{text[: at.start()]} {text[found.end :]}", found.day
    return text, today


def placed(text: str, sms: Sms) -> tuple[str, str] | None:
    """The text without the club's code, and that code, else the only club; None when the club is not known."""
    for found in _CODE.finditer(text):
        if found[0] in sms.clubs:
            return f"{text[: found.start()]} {text[found.end() :]}", found[0]
    return (text, sms.clubs[0]) if len(sms.clubs) == 1 else None


def tokens(text: str, skipped: Collection[str] = ()) -> list[str]:
    """The words and the numbers in order, `12,5` as one, without fillers and the words to skip."""
    return [token for token in _TOKEN.findall(text) if token not in FILLERS and token not in skipped]


def _cut(run: str, known: Collection[str]) -> tuple[str, str]:
    """The letters before the number, and the number with what follows it."""
    found = _HEAD.match(run)
    head = found[0] if found else ""
    bare = head.rstrip("OoIl")
    if bare and (head.lower() in known or bare.lower() not in known):
        bare = head
    return bare, run[len(bare) :]
