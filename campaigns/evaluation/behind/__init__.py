"""The rows behind a figure: which households, sessions, messages, answers or cases one indicator counts.

Each query gives one row for each thing that the indicator may count, with what it adds to the numerator (`counted`):
the sum over all rows is the numerator. Rows come in the order of `key`, so that a list is read page by page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from campaigns.evaluation.behind import cases, meetings, people, posts, quizzes
from campaigns.evaluation.behind.columns import Cuts, Query
from campaigns.evaluation.behind.people import QUIET
from campaigns.evaluation.counting import Ask

PERSONS = ("households", "phones", "members", "answers", "asked", "scores", "gains", "cases")  # single people
NARROWED = ("kind", "sex", "language", "quiz", "wave", "question", "theme", "category")  # cuts that rows can be of
WHOLE: Cuts = {}


@dataclass(frozen=True)
class Behind:
    """What the rows behind an indicator are, how they are asked for, and of which part of a cut alone."""

    what: str
    query: Callable[[Ask, str, Cuts], Query]
    needs: tuple[str, ...] = ()


def rows(ask: Ask, code: str, cuts: Cuts = WHOLE) -> Query | None:
    """The rows behind an indicator with `key`, `village_id`, `counted` and what its kind of rows tells.

    Args:
        ask: which days and places.
        code: of the indicator.
        cuts: the part of a cut, by the names of `NARROWED`: its code; empty: of none, as of a session without a club.

    Returns:
        The query; None when there are no such rows, or none of such a part.
    """
    found = BEHIND.get(code)
    if found is None or not set(found.needs) <= set(cuts):
        return None
    whole = found.query(ask, code, cuts).subquery()
    if not all(name in NARROWED and name in whole.c for name in cuts):
        return None
    said = {name: sa.type_coerce(whole.c[name], sa.String) for name in cuts}
    which = (said[name] == cut if cut else said[name].is_(None) for name, cut in cuts.items())
    return sa.select(whole).where(*which).order_by(whole.c.key)


def what(code: str) -> str | None:
    """What the rows of an indicator are; None: there are none to open."""
    return BEHIND[code].what if code in BEHIND else None


_OF: Mapping[tuple[str, Callable[[Ask, str, Cuts], Query]], tuple[str, ...]] = {
    ("households", people.households): ("COV-HH", "RCH-HH", "RCH-HH-PH", "RCH-HH-GR"),
    ("phones", people.phones): ("RCH-PH", "RCH-NR"),
    ("members", people.members): (
        "COV-F", "COV-M", "COV-W", "LAD-1", "LAD-2", "LAD-3", "LAD-4", "LAD-5", "LAD-6", "LAD-7",
    ),
    ("messages", posts.messages): ("MSG-DR", "MSG-NR", "MSG-LOST", "MSG-ANS"),
    ("due", posts.stale): ("MSG-STALE",),
    ("messages", posts.stops): ("MSG-OPT",),
    ("sessions", meetings.sessions): (
        "ATT-SES", "ATT-CAN", "ATT-HELD", "ATT-MEAN", "ATT-W", "ATT-JF", "ATT-JG", "ATT-48", "ATT-TOT", "ATT-WO",
        "RCH-RAD-L",
    ),
    ("sessions", meetings.largest): (
        "RCH-IND", "RCH-IND-F", "RCH-IND-M", "RCH-IND-JF", "RCH-IND-JG", "RCH-IND-FE", "RCH-IND-FA",
    ),
    ("clubs", meetings.clubs): ("CLB-ACT", "RCH-RAD", "COV-APFLS", "COV-COOP"),
    ("questions", meetings.questions): ("LIS-Q", "LIS-DAYS", "GEN-VOICE"),
    ("villages", people.villages): ("COV-VIL", QUIET),
    ("decisions", meetings.decisions): ("DEC-KEPT",),
    ("answers", quizzes.answers): ("QUI-OK", "QUI-DK", "QUI-LATE", "QUI-NONAME"),
    ("asked", quizzes.phones): ("QUI-RR", "QUI-CR"),
    ("scores", quizzes.passed): ("QUI-PASS",),
    ("gains", quizzes.gains): ("QUI-GAIN",),
    ("cases", cases.feedback): ("CFM-RATE", "CFM-W", "CFM-ACK", "CFM-CLOSE", "CFM-CLOSE90", "CFM-LOOP", "ADV"),
}  # fmt: skip
_NEEDS = {"QUI-RR": ("quiz", "wave"), "QUI-CR": ("quiz", "wave"), "QUI-PASS": ("quiz", "wave"), "QUI-GAIN": ("quiz",)}
BEHIND: Mapping[str, Behind] = {
    code: Behind(*kind, _NEEDS.get(code, ())) for kind, codes in _OF.items() for code in codes
}

__all__ = ["BEHIND", "NARROWED", "PERSONS", "QUIET", "Behind", "Query", "rows", "what"]
