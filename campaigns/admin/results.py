"""Results: a few honest counts by week; indicators and exports come beside them, not instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from flask import Blueprint, g, render_template
from sqlalchemy.orm import Session

from campaigns import received
from campaigns.admin.bill import names
from campaigns.admin.security import installation
from campaigns.models import Answer, Campaign, Step
from messaging.clock import at_local, local, utc_now
from messaging.models import Message, Programme
from messaging.models.post import Delivery, Kind

results = Blueprint("results", __name__, url_prefix="/admin/<programme>", template_folder="templates")
WEEKS = 8
ARRIVED = (Delivery.DELIVERED, Delivery.READ)
LOST = (Delivery.FAILED, Delivery.EXPIRED, Delivery.CANCELLED)


@dataclass(frozen=True)
class Week:
    """One week from Monday on: messages that left, of them delivered, not delivered and without news; answers."""

    monday: date
    sent: int = 0
    delivered: int = 0
    lost: int = 0
    answers: int = 0

    @property
    def unknown(self) -> int:
        """Left, and no receipt says what became of it."""
        return self.sent - self.delivered - self.lost


@results.get("/results")
def summary() -> str:
    """The last weeks, the present one first."""
    with installation().db.read() as session:
        weeks = by_week(session, g.programme, utc_now())
        return render_template(
            "results.html", weeks=weeks, most=max([week.sent for week in weeks] + [1]), names=names(session),
            received=[one for one in received.of_programme(session, g.programme.id) if not one.is_wanted],
        )  # fmt: skip


def by_week(session: Session, programme: Programme, now: datetime) -> list[Week]:
    """Counts of the last `WEEKS` weeks, the present one first; replies are left out, they answer what people wrote."""
    today = local(now, programme.zone).date()
    monday = today - timedelta(days=today.weekday())
    mondays = [monday - timedelta(weeks=back) for back in range(WEEKS)]
    starts = [at_local(day, time(0), programme.zone) for day in mondays]
    sent, answers = _messages(session, programme.id, starts), _answers(session, programme.id, starts)
    return [Week(day, *sent.get(back, (0, 0, 0)), answers.get(back, 0)) for back, day in enumerate(mondays)]


def _messages(session: Session, programme_id: int, starts: list[datetime]) -> dict[int, tuple[int, int, int]]:
    week = _week(Message.due_at, starts)
    rows = session.execute(
        sa.select(week, _sum(sa.true()), _sum(Message.delivery.in_(ARRIVED)), _sum(Message.delivery.in_(LOST)))
        .where(Message.programme_id == programme_id, Message.due_at >= starts[-1], Message.kind != Kind.REPLY)
        .where(Message.handed_over_at.is_not(None), Message.trial_of.is_(None))
        .group_by(week)
    )
    return {back: (sent, delivered, lost) for back, sent, delivered, lost in rows}


def _answers(session: Session, programme_id: int, starts: list[datetime]) -> dict[int, int]:
    week = _week(Answer.answered_at, starts)
    rows = session.execute(
        sa.select(week, sa.func.count())
        .join(Step, Step.id == Answer.step_id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(Campaign.programme_id == programme_id, Answer.answered_at >= starts[-1])
        .group_by(week)
    )
    return dict(rows.all())


def _week(column: sa.orm.InstrumentedAttribute[datetime], starts: list[datetime]) -> sa.Label[int]:
    """How many weeks back a moment lies: the first start, from the present one on, that is not after it."""
    return sa.case(*((column >= start, back) for back, start in enumerate(starts)), else_=WEEKS).label("week")


def _sum(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((which, 1), else_=0))
