"""Campaigns, their steps, who is enrolled, and which occurrences are planned; texts lie with the post."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base, BigId, words
from messaging.models.post import Kind


class CampaignState(enum.StrEnum):
    """The life of a campaign."""

    DRAFT = "draft"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class Campaign(Base):
    """What is said to whom; `definition` holds the head of the campaign file (title, audience, tags, …)."""

    __tablename__ = "campaign"
    __table_args__ = (sa.UniqueConstraint("programme_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    code: Mapped[str] = mapped_column(sa.String(40))
    title_fr: Mapped[str] = mapped_column(sa.String(120))
    title_en: Mapped[str] = mapped_column(sa.String(120))
    topic: Mapped[str] = mapped_column(sa.String(20))
    definition: Mapped[dict[str, Any]]
    state: Mapped[CampaignState] = words(CampaignState, default=CampaignState.DRAFT)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    started_at: Mapped[datetime | None]
    accepted_fallbacks: Mapped[list[str] | None]
    accepted_gaps: Mapped[list[dict[str, Any]] | None]  # what was shown when they were accepted
    approver_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    lock: Mapped[int] = mapped_column(default=1)  # counts changes, so that two editors cannot overwrite each other
    file_hash: Mapped[str | None] = mapped_column(sa.String(64))  # of the file it was last loaded from


class Step(Base):
    """One thing a campaign does; `definition` is the step of the campaign file without its texts."""

    __tablename__ = "step"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    code: Mapped[str] = mapped_column(sa.String(40))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(sa.String(20))
    send_as: Mapped[Kind] = words(Kind)
    definition: Mapped[dict[str, Any]]
    changed_by_staff: Mapped[bool] = mapped_column(default=False)
    removed_at: Mapped[datetime | None]


class CampaignVersion(Base):
    """How a campaign stood: `definition` holds its head and its steps in order, without their texts.

    `version` is the campaign's lock at that time; the first change of a loaded campaign stores what was there before.
    """

    __tablename__ = "campaign_version"

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[dict[str, Any]]
    action: Mapped[str] = mapped_column(sa.String(24))  # loaded, edited, added, moved, removed, restored
    step: Mapped[str | None] = mapped_column(sa.String(40))  # the code of the step it was about
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    at: Mapped[datetime]


class Enrolment(Base):
    """A member takes part in a campaign from a day on; the anchor of the steps that count days."""

    __tablename__ = "enrolment"
    __table_args__ = (sa.Index("ix_enrolment_anchor", "campaign_id", "anchor_on"),)

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("member.id"), primary_key=True, index=True)
    anchor_on: Mapped[date]
    ended_at: Mapped[datetime | None]


class Occurrence(Base):
    """One batch of a step that is planned: planning looks here first, so that it is done once.

    A large audience is planned in pieces, so that nobody waits for the writer: `planned_to` is the last member of the
    pieces that are done, none when all are.
    """

    __tablename__ = "occurrence"

    step_id: Mapped[int] = mapped_column(sa.ForeignKey("step.id"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    due_at: Mapped[datetime]
    planned_at: Mapped[datetime]
    planned_to: Mapped[int | None] = mapped_column(BigId)
    messages: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[dict[str, Any] | None]  # {"rows": [{language, reason, people}]}
