"""A folded text cut into chunks: runs of letters and digits between separators; pure, knows no label.

Source: the page on incoming SMS, section 6.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SEPARATORS = ' ,;:.=-/#*+()_&"!?[]°'  # the degree sign stands in `n°`
_GAP = re.compile(f"[{re.escape(SEPARATORS)}]*")
_CHUNK = re.compile(r"(?:[^\W_]|['|])+|.", re.DOTALL)
_LETTERS = re.compile(r"[^0-9]*")


@dataclass(frozen=True)
class Chunk:
    """One chunk with its capitals and its place in the text; a sign that separates nothing is one of its own."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where the chunk ends in the text."""
        return self.start + len(self.text)

    @property
    def word(self) -> str:
        """The chunk in small letters."""
        return self.text.lower()

    @property
    def head(self) -> str:
        """What stands before its first digit, in small letters."""
        hit = _LETTERS.match(self.word)
        return hit[0] if hit else ""

    @property
    def has_digit(self) -> bool:
        """Whether a digit stands in it."""
        return len(self.head) < len(self.text)

    @property
    def is_mixed(self) -> bool:
        """Whether both letters and digits stand in it."""
        return self.has_digit and any(char.isalpha() for char in self.text)


def first(text: str, start: int, end: int) -> Chunk | None:
    """The first chunk that begins from here on; None when only separators are left."""
    gap = _GAP.match(text, start, end)
    hit = _CHUNK.match(text, gap.end() if gap else start, end)
    return Chunk(hit[0], hit.start()) if hit else None


def each(text: str, start: int, end: int) -> Iterator[Chunk]:
    """All chunks in their order."""
    while (chunk := first(text, start, end)) is not None:
        yield chunk
        start = chunk.end
