"""Today: what needs the account that looks, the most urgent first, and its programmes at a glance."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import tasks
from campaigns.admin.glance import glance
from campaigns.admin.security import Me, installation, me
from campaigns.admin.tasks import Work
from campaigns.models import Campaign, CampaignState, Step
from messaging.clock import utc_now
from messaging.models import Language, Role, Text, TextState
from messaging.texts import STRICT

today = Blueprint("today", __name__, template_folder="templates")


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
            tasks=tasks.of(session, now),
            review=to_review(session, me()),
            approve=to_approve(session, me()),
            held=tasks.held(session, now),
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
