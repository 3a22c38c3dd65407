"""Behind figures of cases: which feedback was told or closed, by category and day; no words, no phone, none sensitive.

Source: the page on evaluation, section 8.
"""

from __future__ import annotations

import sqlalchemy as sa

from campaigns.evaluation import cases
from campaigns.evaluation.behind.columns import Cuts, Query, among, nowhere, one
from campaigns.evaluation.counting import Ask
from campaigns.models import Feedback


def feedback(ask: Ask, code: str, _cuts: Cuts) -> Query:
    """The feedback that an indicator of cases may count."""
    told, closed = (cases.told(ask), cases.IS_OPEN), tuple(cases.closed(ask))
    satisfied = Feedback.satisfied.is_not(None)
    if code == "CFM-ACK":
        clocks = {ident: is_stopped for ident, _cut, is_stopped in cases.first_clocks(ask)}
        stopped = among(Feedback.id, (ident for ident, is_stopped in clocks.items() if is_stopped))
        return _rows(ask, stopped, among(Feedback.id, clocks))
    if code == "CFM-W":
        phones = cases.of_one_sex(ask)
        hers = Feedback.phone_id.in_(sa.select(phones.c.phone_id).where(phones.c.others == 0))
        return _rows(ask, hers, *told, Feedback.phone_id.in_(sa.select(phones.c.phone_id)))
    counted, which = {
        "CFM-RATE": (sa.true(), told),
        "CFM-CLOSE": (sa.true(), closed),
        "CFM-CLOSE90": (sa.true(), closed),
        "CFM-LOOP": (satisfied, closed),
        "ADV": (sa.true(), (cases.told(ask), Feedback.category == "adverse")),
    }[code]
    return _rows(ask, counted, *which)


def _rows(ask: Ask, counted: sa.ColumnElement[bool], *which: sa.ColumnElement[bool]) -> Query:
    return sa.select(
        Feedback.id.label("key"), nowhere(), one(counted), Feedback.category, Feedback.told_at, Feedback.closed_at,
        Feedback.satisfied,
    ).where(*cases.own(ask), *which)  # fmt: skip
