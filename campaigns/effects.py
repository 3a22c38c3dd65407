"""What a change of a step does to people already enrolled: counted from the tables, decided by one pure function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import calendar, planner
from campaigns.definitions import Step
from campaigns.difference import RULE
from campaigns.models import Campaign, CampaignState, Enrolment
from campaigns.models import Step as StepRow
from messaging.clock import local
from messaging.models import MemberPhone, Message, Programme
from messaging.models.post import State
from messaging.outbox import UNSENT
from messaging.rules import Reason

# Whoever had such a step has it once: its occurrence does not name the day it was due on.
ONCE = ("date", "after_enrolment", "child_month")
What = Literal[
    "pause_first", "approve_again", "nobody", "withdrawn", "planned_anew", "goes_on", "had_it", "had_earlier",
    "passed", "at_once", "ahead", "date_at_once", "date_passed", "from_now", "newcomers", "same_rule",
]  # fmt: skip


@dataclass(frozen=True)
class Counts:
    """A step as it stands among people: messages that wait and that left; of the enrolled who have not had it, those
    whose day under the new rule is over, so near that they get it when the campaign goes on, and still to come."""

    state: CampaignState
    started: bool
    waiting: int = 0
    sent: int = 0
    passed: int = 0
    at_once: int = 0
    ahead: int = 0


@dataclass(frozen=True)
class Effect:
    """One thing that happens, and to how many."""

    what: What
    count: int = 0


def decide(old: Step | None, new: Step | None, counts: Counts) -> list[Effect]:
    """What happens when `old` becomes `new`; no old one: it is added, no new one: it is removed."""
    found = []
    if counts.state is CampaignState.RUNNING:
        found.append(Effect("pause_first"))
    elif counts.state is not CampaignState.DRAFT or counts.started:
        found.append(Effect("approve_again"))
    if not counts.started:
        return [*found, Effect("nobody")]
    if old is not None and new is not None and is_same_rule(old, new):
        return [*found, Effect("same_rule"), *_some("goes_on", counts.waiting)]
    found += _some("withdrawn" if new is None else "planned_anew", counts.waiting)
    return found if new is None else [*found, *_had(old, new, counts), *_days(old, new, counts)]


def decide_head(is_of_rule: bool, counts: Counts) -> list[Effect]:
    """What happens when the head of a campaign changes; `counts` are those of all its steps together."""
    found = decide(None, None, Counts(counts.state, counts.started))
    if not counts.started:
        return found
    return [*found, *_some("planned_anew" if is_of_rule else "goes_on", counts.waiting)]


def of_campaign(session: Session, campaign: Campaign) -> Counts:
    """Count what waits of a whole campaign."""
    if campaign.started_at is None:
        return Counts(campaign.state, False)
    steps = sa.select(StepRow.id).where(StepRow.campaign_id == campaign.id)
    own = (Message.step_id.in_(steps), Message.trial_of.is_(None))
    return Counts(campaign.state, True, _count(session, sa.select(Message.id).where(*own, is_unsent())))


def is_same_rule(old: Step, new: Step) -> bool:
    """Whether the same people get it at the same time."""
    return all(getattr(old, name, None) == getattr(new, name, None) for name in RULE)


def of_step(session: Session, campaign: Campaign, step_id: int | None, new: Step | None, now: datetime) -> Counts:
    """Count what `decide` needs of a step; a step that is new has no number yet.

    Args:
        session: a session.
        campaign: its campaign.
        step_id: the stored step; None when it is added.
        new: how it is to be; None when it is removed.
        now: the time.
    """
    started = campaign.started_at is not None
    waiting = sent = 0
    if started and step_id is not None:
        own = (Message.step_id == step_id, Message.trial_of.is_(None))
        waiting = _count(session, sa.select(Message.id).where(*own, is_unsent()))
        sent = _count(session, sa.select(Message.phone_id).where(*own, Message.state.not_in(UNSENT), left()).distinct())
    days = _enrolled(session, campaign, step_id, new, now) if started and new else (0, 0, 0)
    return Counts(campaign.state, started, waiting, sent, *days)


def is_unsent() -> sa.ColumnElement[bool]:
    """The condition that a message has not left and cannot have left."""
    may_have = (Reason.UNKNOWN.value, Reason.RESTORED.value)
    parked = sa.and_(Message.reason.is_not(None), Message.reason.in_(may_have))
    return sa.and_(Message.state.in_(UNSENT), ~parked)


def left() -> sa.ColumnElement[bool]:
    """The condition that a message left, or may have."""
    return sa.or_(Message.handed_over_at.is_not(None), Message.state == State.SUBMITTING)


def _had(old: Step | None, new: Step, counts: Counts) -> list[Effect]:
    if old is None:
        return []
    once = [step.when.trigger in ONCE for step in (old, new)]
    return _some("had_it" if all(once) else "had_earlier", counts.sent)


def _days(old: Step | None, new: Step, counts: Counts) -> list[Effect]:
    if new.when.trigger == "after_enrolment":
        found = [*_some("at_once", counts.at_once), *_some("passed", counts.passed), *_some("ahead", counts.ahead)]
        widened = old is None or old.audience != new.audience or old.when.trigger != "after_enrolment"
        return [*found, Effect("newcomers")] if widened else found
    if new.when.trigger == "date":
        return _some("date_at_once", counts.at_once) + _some("date_passed", counts.passed)
    return [] if new.when.trigger == "child_month" else [Effect("from_now")]


def _some(what: What, count: int) -> list[Effect]:
    return [Effect(what, count)] if count else []


def _enrolled(
    session: Session, campaign: Campaign, step_id: int | None, new: Step, now: datetime
) -> tuple[int, int, int]:
    """Passed, at once, ahead: of a step by enrolment the people, of a dated one 1 for the day itself."""
    programme = session.get_one(Programme, campaign.programme_id)
    if new.when.trigger not in ("date", "after_enrolment"):
        return 0, 0, 0
    since = planner.since(campaign, new, programme.zone, now)
    batches = calendar.batches(new, since, now, programme.zone)
    useful = [batch for batch in batches if batch.useful_until > now]
    today = local(now, programme.zone)
    is_over = new.hour is not None and new.hour <= today.time()
    last = today.date() - timedelta(days=0 if is_over else 1)  # the last day whose hour is over
    if new.when.date is not None:
        return int(new.when.date <= last and not useful), int(bool(useful)), 0
    span = timedelta(days=new.when.after_enrolment or 0)
    nearest = min((batch.enrolled_on for batch in useful if batch.enrolled_on), default=last - span + timedelta(days=1))
    had = sa.exists().where(
        Message.step_id == (step_id or 0),
        Message.phone_id == MemberPhone.phone_id,
        MemberPhone.member_id == Enrolment.member_id,
        left(),
    )
    over, soon = Enrolment.anchor_on < nearest, Enrolment.anchor_on <= last - span
    place = sa.case((over, 0), (soon, 1), else_=2)
    query = sa.select(place, sa.func.count()).where(
        Enrolment.campaign_id == campaign.id, Enrolment.ended_at.is_(None), ~had
    )
    counted = {where: count for where, count in session.execute(query.group_by(place))}  # noqa: C416
    return counted.get(0, 0), counted.get(1, 0), counted.get(2, 0)


def _count(session: Session, query: sa.Select[int]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
