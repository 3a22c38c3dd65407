"""Today: what needs the account that looks, and its programmes at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin.messages import RECENT, SENSITIVE, of_programme
from campaigns.admin.security import Me, installation, me
from campaigns.models import Campaign, CampaignState, Feedback, Step
from messaging.clock import at_local, local, utc_now
from messaging.models import (
    Club,
    Gateway,
    Inbound,
    Language,
    Member,
    MemberPhone,
    Message,
    Programme,
    Role,
    Text,
    TextState,
)
from messaging.models.people import MemberStatus
from messaging.models.post import InboundState, State
from messaging.texts import STRICT

today = Blueprint("today", __name__, template_folder="templates")


@dataclass(frozen=True)
class Work:
    """Texts of one campaign that wait for this account."""

    campaign: Campaign
    programme: Programme
    texts: int


@dataclass(frozen=True)
class Glance:
    """A programme in five numbers; `out` and `came_in` are of its local day."""

    programme: Programme
    members: int
    phones: int
    clubs: int
    out: int
    came_in: int


@dataclass(frozen=True)
class Trouble:
    """What stands still: messages held by programme and reason, paused gateways, SMS nobody could read, feedback."""

    held: list[tuple[Programme, str, int]]
    paused: list[Gateway]
    unread: int
    unsorted: int
    sensitive: int


@today.get("/")
def front() -> Response:
    """The front door leads to Today."""
    return redirect(url_for("today.page"))


@today.get("/admin/")
def page() -> str:
    """What needs me, and my programmes."""
    now = utc_now()
    with installation().db.read() as session:
        return render_template(
            "today.html",
            review=to_review(session, me()),
            approve=to_approve(session, me()),
            trouble=trouble(session, me(), now),
            glances=[glance(session, programme, now) for programme in me().programmes],
            now=now,
        )


def to_review(session: Session, who: Me) -> list[Work]:
    """Drafts in languages this account translates, written by somebody else."""
    languages = who.roles.get(Role.TRANSLATOR, set())
    return _work(session, who, Text.state == TextState.DRAFT, Text.language.in_(languages))


def to_approve(session: Session, who: Me) -> list[Work]:
    """Reviewed texts this account may approve: not its own, nor its own review where four eyes are six."""
    if not who.has(Role.APPROVER):
        return []
    strict = sa.select(Language.code).where(Language.family.in_(STRICT))
    own_review = sa.and_(Text.reviewer_id == who.id, Text.language.in_(strict))
    return _work(session, who, Text.state == TextState.REVIEWED, sa.or_(Text.reviewer_id.is_(None), ~own_review))


def trouble(session: Session, who: Me, now: datetime) -> Trouble:
    """What stands still in the programmes of this account."""
    own = {row.id: row for row in who.programmes}
    held = session.execute(
        sa.select(Message.programme_id, Message.reason, sa.func.count())
        .where(Message.programme_id.in_(own), Message.due_at >= now - RECENT, Message.state == State.HELD)
        .group_by(Message.programme_id, Message.reason)
        .order_by(sa.func.count().desc())
    )
    waiting = sa.select(Feedback.id).where(
        Feedback.sorted_at.is_(None), sa.or_(Feedback.programme_id.in_(own), Feedback.programme_id.is_(None))
    )
    return Trouble(
        held=[(own[programme_id], reason or "", count) for programme_id, reason, count in held],
        paused=list(session.scalars(sa.select(Gateway).where(Gateway.paused_at.is_not(None)).order_by(Gateway.name))),
        unread=_count(session, sa.select(Inbound.id).where(Inbound.state == InboundState.FAILED, _recent(own, now))),
        unsorted=_count(session, waiting),
        sensitive=_count(session, sa.select(Inbound.id).where(SENSITIVE, _recent(own, now))),
    )


def glance(session: Session, programme: Programme, now: datetime) -> Glance:
    """The five numbers of a programme."""
    midnight = at_local(local(now, programme.zone).date(), time(0), programme.zone)
    members = sa.select(Member.id).where(Member.programme_id == programme.id, Member.status == MemberStatus.ACTIVE)
    phones = sa.select(MemberPhone.phone_id).where(MemberPhone.member_id.in_(members)).distinct()
    clubs = sa.select(Club.id).where(Club.programme_id == programme.id, Club.closed_on.is_(None))
    out = sa.select(Message.id).where(
        Message.programme_id == programme.id, Message.due_at >= midnight, Message.handed_over_at.is_not(None),
        Message.trial_of.is_(None),
    )  # fmt: skip
    came_in = sa.select(Inbound.id).where(Inbound.received_at >= midnight, of_programme(programme.id))
    return Glance(programme, *(_count(session, query) for query in (members, phones, clubs, out, came_in)))


def _work(session: Session, who: Me, *which: sa.ColumnElement[bool]) -> list[Work]:
    own = {row.id: row for row in who.programmes}
    rows = session.execute(
        sa.select(Campaign, sa.func.count(Text.id))
        .join(Step, Step.campaign_id == Campaign.id)
        .join(Text, Text.step_id == Step.id)
        .where(Campaign.programme_id.in_(own), Campaign.state != CampaignState.ENDED, Step.removed_at.is_(None))
        .where(sa.or_(Text.author_id.is_(None), Text.author_id != who.id), *which)
        .group_by(Campaign.id)
        .order_by(Campaign.programme_id, Campaign.code)
    )
    return [Work(campaign, own[campaign.programme_id], texts) for campaign, texts in rows]


def _recent(own: dict[int, Programme], now: datetime) -> sa.ColumnElement[bool]:
    ours = sa.or_(*(of_programme(programme_id) for programme_id in own)) if own else sa.false()
    return sa.and_(Inbound.received_at >= now - RECENT, ours)


def _count(session: Session, query: sa.Select[int]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
