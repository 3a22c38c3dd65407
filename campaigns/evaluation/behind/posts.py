"""Behind figures of messages: what became of each; never a phone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import delivery, terms
from campaigns.evaluation.behind.columns import Cuts, Query, among, one
from campaigns.evaluation.counting import Ask
from messaging.models import Message


def messages(ask: Ask, code: str, _cuts: Cuts) -> Query:
    """Messages that were sent, and what became of each."""
    counted = {
        "MSG-DR": terms.delivered(), "MSG-NR": terms.unreceipted(), "MSG-LOST": terms.lost(),
        "MSG-ANS": sa.and_(terms.delivered(), sa.not_(terms.received())),
    }[code]  # fmt: skip
    query = _rows(counted, Message.handed_over_at).where(
        *terms.sent(ask.period, ask.programme), ask.within(Message.village_id)
    )
    return query.where(terms.delivered()) if code == "MSG-ANS" else query


def stale(ask: Ask, _code: str, _cuts: Cuts) -> Query:
    """Messages that were due, and whether they were out of date before they could leave."""
    return _rows(delivery.out_of_date(), Message.due_at).where(*delivery.due(ask), ask.within(Message.village_id))


def stops(ask: Ask, _code: str, _cuts: Cuts) -> Query:
    """The latest message before each phone that stopped soon after it: which texts make people stop."""
    last = (row.message_id for row in delivery.stops(ask))
    return _rows(sa.true(), Message.handed_over_at).where(among(Message.id, last), ask.within(Message.village_id))


def _rows(counted: sa.ColumnElement[bool], at: Any) -> Query:
    return sa.select(
        Message.id.label("key"), Message.village_id.label("village_id"), one(counted), Message.step_id,
        Message.language, at.label("at"), Message.delivery, Message.error_code,
    )  # fmt: skip
