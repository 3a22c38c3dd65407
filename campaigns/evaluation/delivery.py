"""What became of the messages: delivered, without a receipt, lost, out of date, and who stopped after one.

Source: the page on evaluation, section 2 (MSG).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import terms
from campaigns.evaluation.cells import Cells, by_month, distinct, one, shares, sums
from campaigns.evaluation.counting import Ask, Count
from messaging import places
from messaging.models import Message, Phone
from messaging.models.post import State
from messaging.rules import Reason

AFTER = timedelta(days=7)  # an opt-out so soon after a message is counted beside it
STALE = (Reason.STALE.value, Reason.CAUGHT_UP.value)
# an indicator: which number is above, which below
FATES = {
    "MSG-DR": ("delivered", "sent"),
    "MSG-NR": ("unreceipted", "sent"),
    "MSG-LOST": ("lost", "sent"),
    "MSG-ANS": ("proved", "delivered"),
}


@by_month
def delivery(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
    """The counts of these codes of the family `delivery`."""
    fates = [code for code in codes if code in FATES]
    if fates:
        numbers = _fates(ask)
        for code in fates:
            above, below = FATES[code]
            yield from shares(ask, code, numbers[above], numbers[below])
    if "MSG-STALE" in codes:
        yield from _stale(ask)
    if "MSG-OPT" in codes:
        yield from _opt_outs(ask)


def _fates(ask: Ask) -> dict[str, Cells]:
    """What became of the messages sent, in one pass."""
    delivered = terms.delivered()
    return sums(
        ask,
        _messages(ask).where(*terms.sent(ask.period, ask.programme)),
        _by(),
        sent=sa.literal(1),
        delivered=one(delivered),
        unreceipted=one(terms.unreceipted()),
        lost=one(terms.lost()),
        proved=one(sa.and_(delivered, sa.not_(terms.received()))),
    )


def _stale(ask: Ask) -> Iterator[Count]:
    """Those that were due, and were out of date before they could leave."""
    numbers = sums(ask, _messages(ask).where(*due(ask)), _by(), due=sa.literal(1), late=one(out_of_date()))
    yield from shares(ask, "MSG-STALE", numbers["late"], numbers["due"])


def _opt_outs(ask: Ask) -> Iterator[Count]:
    """Phones that stopped within a week of a message; the latest message before the stop tells which commune."""
    reached = _messages(ask).where(*terms.sent(ask.period, ask.programme), terms.delivered())
    below = distinct(ask, reached, {"area": Message.village_id}, Message.phone_id)
    above: Counter[tuple[Any, ...]] = Counter((row.commune_id,) if "area" in ask.by else () for row in stops(ask))
    yield from shares(ask, "MSG-OPT", Cells(below.names, above), below)


def due(ask: Ask) -> terms.Conditions:
    """A message of a campaign, no trial, that was due within the period."""
    return (Message.programme_id == ask.programme.id, *terms.ours(), ask.period.holds(Message.due_at))


def out_of_date() -> sa.ColumnElement[bool]:
    """Closed because it came too late to be of use, before it could leave."""
    return sa.and_(Message.state == State.CLOSED, Message.reason.in_(STALE), Message.handed_over_at.is_(None))


def stops(ask: Ask) -> list[sa.Row[Any]]:
    """Each phone that stopped within a week of a message: (opted_out_at, handed_over_at, message_id, commune_id)."""
    found = ask.session.execute(_stopped(ask))
    return [row for row in found if row.opted_out_at - row.handed_over_at <= AFTER]  # neither database subtracts alike


def _stopped(ask: Ask) -> sa.Select[Any]:
    """The phones that stopped in the period, each with the latest message that had been delivered to it until then."""
    latest = sa.func.row_number().over(
        partition_by=Message.phone_id, order_by=(Message.handed_over_at.desc(), Message.id.desc())
    )
    before = (
        sa.select(
            Phone.opted_out_at, Message.handed_over_at, Message.id.label("message_id"), Message.village_id,
            latest.label("place"),
        )
        .join(Message, Message.phone_id == Phone.id)
        .where(
            ask.period.holds(Phone.opted_out_at), Message.programme_id == ask.programme.id, *terms.ours(),
            Message.due_at >= ask.period.starts - AFTER - terms.WAITS, Message.due_at < ask.period.ends,
            Message.handed_over_at >= ask.period.starts - AFTER, Message.handed_over_at <= Phone.opted_out_at,
            terms.delivered(), ask.within(Message.village_id),
        )
        .subquery("before")
    )  # fmt: skip
    pairs = places.communes(ask.mapped_on).subquery("mapped")
    return (
        sa.select(*(before.c[name] for name in ("opted_out_at", "handed_over_at", "message_id")), pairs.c.commune_id)
        .outerjoin(pairs, pairs.c.village_id == before.c.village_id)
        .where(before.c.place == 1)
    )


def _messages(ask: Ask) -> sa.Select[Any]:
    rows = sa.select(Message.id).where(ask.within(Message.village_id))
    return terms.of_campaign(rows) if {"pillar", "agency"} & set(ask.by) else rows


def _by() -> dict[str, Any]:
    return {
        "area": Message.village_id, "language": Message.language, "pillar": terms.pillar(), "agency": terms.agency()
    }  # fmt: skip
