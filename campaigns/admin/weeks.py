"""What left and what came back, week by week, for own places, and what it cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from flask import Blueprint, g, render_template
from sqlalchemy.orm import Session

from campaigns import received
from campaigns.admin.bill import names
from campaigns.admin.security import installation, me
from campaigns.bill import xof
from campaigns.models import Answer, Campaign, Step
from campaigns.week import monday_of, span_of
from messaging import budget
from messaging.clock import at_local, local, utc_now
from messaging.models import Budget, Message, Programme
from messaging.models.post import Delivery, Kind

weeks = Blueprint("weeks", __name__, url_prefix="/admin/<programme>", template_folder="templates")
WEEKS = 8
ARRIVED = (Delivery.DELIVERED, Delivery.READ)
LOST = (Delivery.FAILED, Delivery.EXPIRED, Delivery.CANCELLED)


@dataclass(frozen=True)
class Week:
    """One week from Monday on: messages that left, of them delivered, not delivered and without news; answers.

    Segments and millionths of XOF are of all that left, automatic replies and trials too: all of it is charged.
    """

    monday: date
    answers: int = 0
    sent: int = 0
    delivered: int = 0
    lost: int = 0
    segments: int = 0
    micros: int = 0

    @property
    def unknown(self) -> int:
        """Left, and no receipt says what became of it."""
        return self.sent - self.delivered - self.lost


@dataclass(frozen=True)
class Cost:
    """What one campaign, in one language, took, in millionths of XOF; of no campaign: replies and the like."""

    campaign: Campaign | None
    language: str
    messages: int
    segments: int
    micros: int


@weeks.get("/results/weeks")
def page() -> str:
    """The last weeks, the present one first, and what the last whole one and the month cost."""
    programme: Programme = g.programme
    with installation().db.read() as session:
        now = utc_now()
        found = by_week(session, programme, now)
        costs = costs_of_week(session, programme, found[1].monday)
        month = budget.month_of(now)
        return render_template(
            "weeks.html", weeks=found, most=max([week.sent for week in found] + [1]), names=names(session),
            by_campaign=_summed(costs, "campaign"), by_language=_summed(costs, "language"), month=month,
            purse=session.get(Budget, (programme.id, month)),
            received=[one for one in received.of_programme(session, programme.id) if not one.is_wanted],
        )  # fmt: skip


def by_week(session: Session, programme: Programme, now: datetime) -> list[Week]:
    """Counts of the last `WEEKS` weeks, the present one first; replies are left out, they answer what people wrote."""
    monday = monday_of(local(now, programme.zone).date())
    mondays = [monday - timedelta(weeks=back) for back in range(WEEKS)]
    starts = [at_local(day, time(0), programme.zone) for day in mondays]
    sent, answers = _messages(session, programme.id, starts), _answers(session, programme.id, starts)
    return [Week(day, answers.get(back, 0), *sent.get(back, ())) for back, day in enumerate(mondays)]


def cost_of_week(
    session: Session, programme: Programme, monday: date, within: sa.ColumnElement[bool] | None = None
) -> tuple[int, int]:
    """What left in a local week took, everywhere or within some places: whole XOF and SMS segments."""
    query = sa.select(sa.func.sum(Message.price_micros), sa.func.sum(Message.segments)).where(*_left(programme, monday))
    if within is not None:
        query = query.where(within)
    micros, segments = session.execute(query).one()
    return xof(int(micros or 0)), segments or 0


def costs_of_week(session: Session, programme: Programme, monday: date) -> list[Cost]:
    """What left in a local week for own places, by campaign and language."""
    parts = Step.campaign_id, Message.language
    rows = session.execute(
        sa.select(*parts, sa.func.count(), sa.func.sum(Message.segments), sa.func.sum(Message.price_micros))
        .join(Step, Step.id == Message.step_id, isouter=True)
        .where(*_left(programme, monday), me().within(Message.village_id))
        .group_by(*parts)
    ).all()
    ids = {row[0] for row in rows}
    campaigns = {row.id: row for row in session.scalars(sa.select(Campaign).where(Campaign.id.in_(ids)))}
    return [
        Cost(campaigns.get(campaign_id), language, messages, segments, int(micros))
        for campaign_id, language, messages, segments, micros in rows
    ]


def _left(programme: Programme, monday: date) -> tuple[sa.ColumnElement[bool], ...]:
    since, until = span_of(monday, programme.zone)
    return (
        Message.programme_id == programme.id, Message.due_at >= since, Message.due_at < until,
        Message.handed_over_at.is_not(None),
    )  # fmt: skip


def _summed(costs: Sequence[Cost], name: str) -> list[tuple[Campaign | str | None, int, int, int]]:
    """Messages, segments and millionths of XOF by `campaign` or `language`, the dearest first."""
    found: defaultdict[Campaign | str | None, list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in costs:
        for place, count in enumerate((one.messages, one.segments, one.micros)):
            found[getattr(one, name)][place] += count
    return sorted(((key, *sums) for key, sums in found.items()), key=lambda row: -row[3])  # type: ignore[misc]


def _messages(session: Session, programme_id: int, starts: list[datetime]) -> dict[int, tuple[int, ...]]:
    week = _week(Message.due_at, starts)
    ours = sa.and_(Message.kind != Kind.REPLY, Message.trial_of.is_(None))
    counts = (ours, sa.and_(ours, Message.delivery.in_(ARRIVED)), sa.and_(ours, Message.delivery.in_(LOST)))
    rows = session.execute(
        sa.select(week, *map(_sum, counts), sa.func.sum(Message.segments), sa.func.sum(Message.price_micros))
        .where(Message.programme_id == programme_id, Message.due_at >= starts[-1], Message.handed_over_at.is_not(None))
        .where(me().within(Message.village_id))
        .group_by(week)
    )
    return {back: tuple(int(count) for count in counts) for back, *counts in rows}


def _answers(session: Session, programme_id: int, starts: list[datetime]) -> dict[int, int]:
    week = _week(Answer.answered_at, starts)
    rows = session.execute(
        sa.select(week, sa.func.count())
        .join(Step, Step.id == Answer.step_id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .join(Message, Message.id == Answer.message_id)
        .where(Campaign.programme_id == programme_id, Answer.answered_at >= starts[-1], me().within(Message.village_id))
        .group_by(week)
    )
    return dict(rows.all())


def _week(column: sa.orm.InstrumentedAttribute[datetime], starts: list[datetime]) -> sa.Label[int]:
    """How many weeks back a moment lies: the first start, from the present one on, that is not after it."""
    return sa.case(*((column >= start, back) for back, start in enumerate(starts)), else_=WEEKS).label("week")


def _sum(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((which, 1), else_=0))
