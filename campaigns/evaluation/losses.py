"""Why members of one step of the ladder are not on the next: each of them for one reason, the first that holds.

Source: the page on evaluation, section 1, point 2: the reason for a loss is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import ladder, terms
from campaigns.evaluation.counting import Ask
from messaging.models import Consent, Member, MemberPhone, Message, Phone
from messaging.models.people import Purpose, Route
from messaging.models.post import Delivery

Losses = Mapping[str, Mapping[str, int]]
STEPS = ("LAD-1", "LAD-2", "LAD-3", "LAD-4")
HELD = "held:"  # what the reason of a message that did not leave is marked with


def losses(ask: Ask) -> Losses:
    """By the step that was left, how many members for which reason; an answer not given has none but that."""
    following = {step: code for code, step in ladder.CLIMB.items() if step in STEPS and code != "LAD-7"}
    climbed = ladder.climbers(ask, following.values())
    reasons = dict(zip(STEPS, (_consent(ask), _unsent(ask), _undelivered(ask), _unanswered(ask)), strict=True))
    parts = [
        sa.select(sa.literal(code).label("step"), reason.label("reason"), sa.func.count().label("members"))
        .join_from(climbed, Member, Member.id == climbed.c.id)
        .where(ladder.stands(climbed, code) == 1, climbed.c[following[code]] == 0)
        .group_by(reason)
        for code, reason in reasons.items()
    ]
    told = sa.union_all(*parts).subquery()
    found: dict[str, dict[str, int]] = {code: {} for code in STEPS}
    for step, reason, number in ask.session.execute(sa.select(told).order_by(told.c.members.desc(), told.c.reason)):
        found[step][reason] = number
    return found


def _consent(ask: Ask) -> sa.ColumnElement[str]:
    asked = sa.exists().where(
        Consent.member_id == Member.id, Consent.purpose == Purpose.MESSAGES, Consent.given_at < ask.period.ends
    )
    gone = asked.where(Consent.granted, Consent.withdrawn_at < ask.period.ends)
    return sa.case((gone, "withdrawn"), (asked, "refused"), else_="not_asked")


def _unsent(ask: Ask) -> sa.ColumnElement[str]:
    """A phone that said STOP, a message that stayed with us and why, or nothing that was due."""
    own = sa.exists().where(MemberPhone.member_id == Member.id)
    stopped = own.where(Phone.id == MemberPhone.phone_id, Phone.opted_out_at < ask.period.ends)
    stayed: sa.ScalarSelect[Any] = (
        sa.select(sa.func.max(Message.reason))
        .join(MemberPhone, MemberPhone.phone_id == Message.phone_id)
        .where(
            MemberPhone.member_id == Member.id, Message.programme_id == ask.programme.id, *terms.ours(),
            Message.kind.in_(terms.CONTENT), ask.period.holds(Message.due_at), Message.handed_over_at.is_(None),
            Message.reason.is_not(None),
        )
        .correlate(Member)
        .scalar_subquery()
    )  # fmt: skip
    return sa.case(
        (Member.route != Route.PHONE, "group_only"),
        (sa.not_(own), "no_phone"),
        (stopped, "opted_out"),
        (stayed.is_not(None), sa.literal(HELD) + stayed),
        else_="nothing_due",
    )


def _undelivered(ask: Ask) -> sa.ColumnElement[str]:
    unsure = sa.or_(Message.delivery.is_(None), Message.delivery.not_in(terms.LOST))
    return sa.case(
        (_sent_to(ask, unsure), "no_receipt"),
        (_sent_to(ask, Message.delivery == Delivery.EXPIRED), "phone_off"),
        else_="number_dead",
    )


def _unanswered(ask: Ask) -> sa.ColumnElement[str]:
    return sa.case((_sent_to(ask, Message.asks), "no_answer"), else_="no_question")


def _sent_to(ask: Ask, which: Any) -> sa.ColumnElement[bool]:
    """The condition that such a content message was sent to one of a member's phones; gathered once for all members."""
    phones = sa.select(Message.phone_id).where(*terms.content(ask.period, ask.programme), which)
    return Member.id.in_(sa.select(MemberPhone.member_id).where(MemberPhone.phone_id.in_(phones)))
