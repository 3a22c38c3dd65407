"""Whether a keyword leads an SMS, and what follows it; pure, knows no keyword.

Reports of who came find their keywords themselves, mistyped ones too. Source: the page on incoming SMS, section 4.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from campaigns.conversation.grammar.sms import Sms
from messaging import fold

_RUN = re.compile(r"[^\W\d_]+")
_GAP = re.compile(r"[\s,;:.\-/#*+()_&\"!?\[\]']*")


def after(sms: Sms, keywords: Iterable[str], *, doubled: bool = False) -> str | None:
    """What follows the keyword that leads, with its capitals; None when none of them leads.

    Args:
        sms: its greetings are passed over.
        keywords: each of one word or more, folded, with blanks between.
        doubled: whether doubled letters count once, as in keywords that carry no counts.

    A keyword may be glued to digits (`join1041`), also to a letter typed for the first of them (`joinlO41`).
    """
    runs = [*_RUN.finditer(sms.cased_body)]
    return next(
        (rest for keyword in keywords if (rest := _after(sms.cased_body, runs, keyword, doubled)) is not None), None
    )


def separated(text: str) -> str:
    """A text without the separators at its start."""
    gap = _GAP.match(text)
    return text[gap.end() :] if gap else text


def _after(text: str, runs: list[re.Match[str]], keyword: str, doubled: bool) -> str | None:
    wanted = keyword.split()
    found = runs[: len(wanted)]
    if len(found) < len(wanted) or found[0].start() != 0:
        return None
    gaps = [text[one.end() : other.start()] for one, other in pairwise(found)]
    if any(char.isdigit() for gap in gaps for char in gap):
        return None
    said, end = " ".join(run[0] for run in found), found[-1].end()
    if text[end : end + 1].isdigit() and not _same(said.lower(), keyword, doubled):
        bare = said.rstrip("OoIl")
        said, end = bare, end - (len(said) - len(bare))
    return separated(text[end:]) if _same(said.lower(), keyword, doubled) else None


def _same(said: str, keyword: str, doubled: bool) -> bool:
    return said == keyword or (doubled and fold.undouble(said) == fold.undouble(keyword))
