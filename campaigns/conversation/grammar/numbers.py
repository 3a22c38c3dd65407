"""Numbers in words, French 0 to 999 and Bambara; pure, knows no label and no report.

Source: the page on incoming SMS, section 6.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spelled:
    """A number that stood in words: its value, how many of the words it took, and whether one was misspelt."""

    value: int
    used: int
    fuzzy: bool = False


def spelled(words: Sequence[str], *, bambara: bool) -> Spelled | None:
    """The longest number at the beginning of these folded words; None when they begin with none.

    Args:
        words: the runs of letters, lower case, without accents, apostrophes or hyphens; `dix-huit` is two words.
        bambara: whether Bambara words count too; never when the sender's language is a Dogon one.
    """
    return None
