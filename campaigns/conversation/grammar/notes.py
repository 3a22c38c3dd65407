"""What people add in their own words: kept as typed, without phone numbers; pure.

Source: the page on incoming SMS, section 6.6.
"""

from __future__ import annotations

import re

from campaigns.conversation.grammar.labels import LABELS

PHONE = "[numéro]"
# Phones leave invisible signs inside numbers; a number is one all the same.
_HIDDEN = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
_LONG_NUMBER = re.compile(rf"\d(?:[{_HIDDEN}]*\d){{6,}}")
_ENDS = re.compile(rf"^[\s.{_HIDDEN}]+|[\s.{_HIDDEN}]+$")


def kept(raw: str) -> tuple[str, bool]:
    """The words as we keep them, and whether a phone number was taken out.

    Accents and capitals stay; blanks and full stops go at the ends; a run of seven or more digits becomes
    `[numéro]`. Empty when neither a letter nor a digit stands in it.
    """
    text, numbers = _LONG_NUMBER.subn(PHONE, _ENDS.sub("", raw))
    return (text, numbers > 0) if any(char.isalnum() for char in text) else ("", False)


def hides_a_number(note: str) -> bool:
    """Whether a digit in the first two words of a folded note may be a value that was not read; phone numbers apart."""
    return any(_may_count(word) for word in note.lower().split()[:2])


def _may_count(word: str) -> bool:
    bare = _LONG_NUMBER.sub("", word)
    return any(char.isdigit() for char in bare) or (bare != word and bare in LABELS)
