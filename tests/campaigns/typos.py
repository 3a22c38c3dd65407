"""Texts one edit away from another, for tests of what a slip of the finger may do."""

from __future__ import annotations

import string
from collections.abc import Iterator

SIGNS = string.ascii_lowercase + string.digits + "ABCDIO .,;:!'-/()+=|éàɛɔɲ"


def edits(text: str, signs: str = SIGNS) -> set[str]:
    """Every text one edit away: insert, delete, change, swap of neighbours."""
    return set(_edits(text, signs)) - {text}


def _edits(text: str, signs: str) -> Iterator[str]:
    for at in range(len(text) + 1):
        head, tail = text[:at], text[at:]
        yield from (head + sign + tail for sign in signs)
        if tail:
            yield head + tail[1:]
            yield from (head + sign + tail[1:] for sign in signs)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
