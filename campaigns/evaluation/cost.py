"""What was paid for each phone, person, quiz and session, in whole XOF; and the segments of a message.

The price is the one that was reckoned with when a message was made; what providers tell and charge is in `money`.

Source: the page on evaluation, section 2 (CST).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

import sqlalchemy as sa

from campaigns import scores
from campaigns.bill import xof
from campaigns.evaluation import terms
from campaigns.evaluation.cells import Family, by_month, shares, sums
from campaigns.evaluation.counting import Ask, Count
from campaigns.evaluation.quiz import quiz
from campaigns.evaluation.reach import reach
from campaigns.models import Airing, Attendance, Campaign, ClubSession, Slot
from messaging.models import Message
from messaging.models.post import Kind


@by_month
def cost(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
    """The counts of these codes of the family `cost`; money is told for the programme alone, it has no place."""
    if "CST-SEG" in codes:
        yield from _segments(ask)
    for code in codes if ask.is_everywhere else ():
        if code in ABOVE:
            yield Count(code, (), xof(ABOVE[code](ask)), BELOW[code](ask))


def _segments(ask: Ask) -> Iterator[Count]:
    rows = sa.select(Message.id).where(*terms.sent(ask.period, ask.programme), ask.within(Message.village_id))
    numbers = sums(ask, rows, {"language": Message.language}, segments=Message.segments, sent=sa.literal(1))
    yield from shares(ask, "CST-SEG", numbers["segments"], numbers["sent"])


def _whole(ask: Ask) -> int:
    """Of all messages and of the air time, in millionths of XOF."""
    return _price(ask, *terms.left(ask.period, ask.programme)) + _airtime(ask)


def _airtime(ask: Ask) -> int:
    aired = terms.aired(ask.session, ask.programme, ask.period, ask.now)
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(Slot.cost_micros), 0))
        .select_from(Airing)
        .join(Slot, Slot.id == Airing.slot_id)
        .where(Airing.id.in_(aired))
    )
    return int(ask.session.scalar(query) or 0)


def _questions(ask: Ask) -> int:
    asked = scores.questions(Campaign.programme_id == ask.programme.id)
    steps = sa.select(asked.c.step_id)
    return _price(ask, *terms.sent(ask.period, ask.programme), Message.step_id.in_(steps))


def _service(ask: Ask) -> int:
    return _price(ask, *terms.left(ask.period, ask.programme), Message.kind == Kind.SERVICE)


def _price(ask: Ask, *which: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(Message.price_micros), 0)).where(*which)
    return int(ask.session.scalar(query) or 0)


def _reported(ask: Ask) -> int:
    """Sessions held with a report."""
    query = (
        sa.select(sa.func.count())
        .select_from(Attendance)
        .join(ClubSession, ClubSession.id == Attendance.club_session_id)
        .where(*terms.held(ask.period, ask.programme), terms.counts())
    )
    return ask.session.scalar(query) or 0


def _numerator(family: Family, code: str, ask: Ask) -> float:
    """The numerator of another indicator, as its own family counts it."""
    return sum(found.numerator for found in family(ask, [code]))


ABOVE: Mapping[str, Callable[[Ask], int]] = {
    "CST-REACH": _whole,
    "CST-IND": _whole,
    "CST-QUIZ": _questions,
    "CST-SES": _service,
}
BELOW: Mapping[str, Callable[[Ask], float]] = {
    "CST-REACH": partial(_numerator, reach, "RCH-PH"),
    "CST-IND": partial(_numerator, reach, "RCH-IND"),
    "CST-QUIZ": partial(_numerator, quiz, "QUI-CR"),
    "CST-SES": _reported,
}
