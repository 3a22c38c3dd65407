"""Letters typed for digits: O for 0, I and l and the bar for 1, in a number that holds a real digit too; pure.

Never S, B or Z, never a small i. Source: the page on incoming SMS, section 5, rule 8.
"""

from __future__ import annotations

DIGITS = {"O": "0", "o": "0", "I": "1", "l": "1", "|": "1"}
NAMES = {"O": "O>0", "o": "O>0", "I": "I>1", "l": "l>1", "|": "|>1"}


def repair(typed: str) -> tuple[str, tuple[str, ...]] | None:
    """The digits that were meant and what was put right, each name once in the order typed.

    Args:
        typed: the signs of one number with their capitals, as `fold.plain(text, lower=False)` gives them.

    None when it is no number: another sign stands in it, or it holds no real digit.
    """
    if not typed.strip("0123456789OoIl|") and any(char.isdigit() for char in typed):
        return value(typed), names(typed)
    return None


def value(typed: str) -> str:
    """The digits that a run of such letters alone would be: `O` is `0`; the caller asks whether it was meant."""
    return "".join(DIGITS.get(char, char) for char in typed)


def names(typed: str) -> tuple[str, ...]:
    """The repairs that these signs need, each once, in the order typed."""
    return tuple(dict.fromkeys(NAMES[char] for char in typed if char in NAMES))
