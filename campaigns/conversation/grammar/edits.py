"""How many edits lie between two words: insert, delete, change, swap of neighbours; pure."""

from __future__ import annotations

from collections.abc import Iterable


def within(one: str, other: str, most: int) -> bool:
    """Whether at most so many edits make one word of the other; the same word needs none."""
    if abs(len(one) - len(other)) > most:
        return False
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, char in enumerate(one, 1):
        here = [row]
        for column, against in enumerate(other, 1):
            cost = min(here[-1] + 1, last[column] + 1, last[column - 1] + (char != against))
            if row > 1 and column > 1 and char == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            here.append(cost)
        if min(here) > most:
            return False
        before, last = last, here
    return last[-1] <= most


def nearest(word: str, known: Iterable[str], most: int) -> str | None:
    """The one known word within so many edits; None when there is none, or more than one."""
    near = [one for one in known if within(word, one, most)]
    return near[0] if len(near) == 1 else None
