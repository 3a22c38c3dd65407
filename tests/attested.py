"""Which words of a Bambara or Dogon text no source attests: what a draft of the library or a reply may not hold."""

from __future__ import annotations

import re

from campaigns.definitions import slots
from campaigns.library import glossary

WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
# What is typed, printed on the card or read in every language alike; each in capitals only.
SIGNS = frozenset(["STOP", "PRES", "ECOUTE", "CORR", "QUESTION", "PAS", "CAPTE", "SMS", "FCFA", "F", "H", "T", "E"])


def strangers(text: str, language: str) -> list[str]:
    """The words of a text that the glossary does not hold; a part of a phrase counts only inside the whole phrase.

    Slots, digits and the signs that are the same in every language are left out.
    """
    said = WORD.findall(slots.without(text))
    known = {tuple(spelling.lower().split()) for word in glossary.words(language) for spelling in word.spellings}
    longest = max(map(len, known), default=0)
    lost, at = [], 0
    while at < len(said):
        small = tuple(word.lower() for word in said[at : at + longest])
        length = next((size for size in range(len(small), 0, -1) if small[:size] in known), 0)
        if not length and said[at] not in SIGNS:
            lost.append(said[at])
        at += length or 1
    return lost
