"""The words that all indicators share, each as conditions of SQL: sent, content, delivered, no receipt, lost, active.

Source: the head of `indicators.toml`, which says what each of them means.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation.known import COUNTS
from campaigns.evaluation.period import Period
from campaigns.models import (
    Airing,
    AiringStatus,
    Answer,
    Attendance,
    Campaign,
    ClubSession,
    ClubSessionStatus,
    Step,
)
from messaging.models import Club, Household, Member, MemberPhone, Message, Programme, Station
from messaging.models.people import MemberStatus, Route
from messaging.models.post import Delivery, Kind

WAITS = timedelta(days=31)  # a message leaves this long after it is due at the latest; bounds what is read
CONTENT = (Kind.CAMPAIGN, Kind.ALERT)
ARRIVED = (Delivery.DELIVERED, Delivery.READ)
LOST = (Delivery.FAILED, Delivery.EXPIRED, Delivery.CANCELLED)

Conditions = tuple[sa.ColumnElement[bool], ...]


def left(period: Period, programme: Programme) -> Conditions:
    """Handed over within the period, whatever it was: replies and trials too."""
    return (
        Message.programme_id == programme.id,
        Message.due_at >= period.starts - WAITS,
        Message.due_at < period.ends,
        period.holds(Message.handed_over_at),
    )


def ours() -> Conditions:
    """A message of a campaign, no trial."""
    return (Message.step_id != 0, Message.trial_of.is_(None))


def sent(period: Period, programme: Programme) -> Conditions:
    """A message of a campaign, no trial, handed over within the period."""
    return (*left(period, programme), *ours())


def content(period: Period, programme: Programme) -> Conditions:
    """Sent, of the kinds campaign and alert, and to a member: what goes to a club's phone reaches nobody by itself."""
    return (*sent(period, programme), Message.kind.in_(CONTENT), Message.member_id.is_not(None))


def received() -> sa.ColumnElement[bool]:
    """A receipt says that the message arrived."""
    return sa.func.coalesce(Message.delivery.in_(ARRIVED), sa.false())


def delivered() -> sa.ColumnElement[bool]:
    """Its delivery is delivered or read, or an answer to it exists: an answer is a proof."""
    of_it = (  # a message is alone with its step, occurrence and phone, which the answers are indexed by
        Answer.step_id == Message.step_id,
        Answer.occurrence == Message.occurrence,
        Answer.phone_id == Message.phone_id,
        Answer.message_id == Message.id,
    )
    return sa.or_(received(), sa.exists().where(*of_it).correlate(Message))


def lost() -> sa.ColumnElement[bool]:
    """Not delivered, and its delivery is failed, expired or cancelled."""
    return sa.and_(sa.func.coalesce(Message.delivery.in_(LOST), sa.false()), sa.not_(delivered()))


def unreceipted() -> sa.ColumnElement[bool]:
    """Neither delivered nor lost: nobody knows whether it arrived."""
    return sa.and_(sa.not_(sa.func.coalesce(Message.delivery.in_(LOST), sa.false())), sa.not_(delivered()))


def active(period: Period, programme: Programme) -> Conditions:
    """Members of a programme whose status is active, made before the end of the period."""
    return (Member.programme_id == programme.id, *takes_part(period))


def takes_part(period: Period) -> Conditions:
    """The same of members whose programme is known from elsewhere, such as their household's."""
    return (Member.status == MemberStatus.ACTIVE, Member.created_at < period.ends)


def households(period: Period, programme: Programme) -> Conditions:
    """Households whose status is active, not selected after the period."""
    return (
        Household.programme_id == programme.id,
        Household.status == MemberStatus.ACTIVE,
        sa.or_(Household.selected_on.is_(None), Household.selected_on < period.until),
    )


def on_own_phones(period: Period, programme: Programme) -> sa.Select[int]:
    """The phones of active members who chose to be reached by phone; a phone of two members comes twice."""
    return (
        sa.select(MemberPhone.phone_id)
        .join(Member, Member.id == MemberPhone.member_id)
        .where(*active(period, programme), Member.route == Route.PHONE)
    )


def open_on(last: date) -> sa.ColumnElement[bool]:
    """Clubs that are open on a day."""
    return sa.and_(
        sa.or_(Club.created_on.is_(None), Club.created_on <= last),
        sa.or_(Club.closed_on.is_(None), Club.closed_on > last),
    )


def held(period: Period, programme: Programme) -> Conditions:
    """Club sessions of status held on a day of the period."""
    return (
        ClubSession.programme_id == programme.id,
        ClubSession.status == ClubSessionStatus.HELD,
        period.holds_day(ClubSession.held_on),
    )


def counts() -> sa.ColumnElement[bool]:
    """The one attendance of a club session that is its report."""
    return Attendance.state.in_(COUNTS)


def aired(session: Session, programme: Programme, period: Period, now: datetime) -> list[int]:
    """The airings planned within the period that took place: their end lies before now, and nobody said not aired.

    Neither database adds minutes to a time as the other does; there are a few airings a week.
    """
    query = (
        sa.select(Airing.id, Airing.planned_at, Airing.minutes)
        .join(Station, Station.id == Airing.station_id)
        .where(
            Station.programme_id == programme.id, period.holds(Airing.planned_at),
            Airing.status != AiringStatus.NOT_AIRED,
        )
    )  # fmt: skip
    return [row.id for row in session.execute(query) if row.planned_at + timedelta(minutes=row.minutes) < now]


def of_campaign(query: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
    """A query of messages with their step and campaign joined, for `pillar` and `agency`."""
    return query.join(Step, Step.id == Message.step_id).join(Campaign, Campaign.id == Step.campaign_id)


def pillar() -> sa.ColumnElement[str | None]:
    """The pillar of a campaign, where it is joined (`of_campaign`)."""
    said: sa.ColumnElement[str | None] = Campaign.definition["pillar"].as_string()
    return said


def agency() -> sa.ColumnElement[str | None]:
    """The agency of a campaign, where it is joined; none: it names none."""
    said: sa.ColumnElement[str | None] = Campaign.definition["agency"].as_string()
    return said
