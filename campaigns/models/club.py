"""Every gathering as one `ClubSession` with a kind, who came, and what a club decided."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base, BigId, words


class ClubSessionStatus(enum.StrEnum):
    """What became of a gathering."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"
    MISSED = "missed"


class ClubSessionKind(enum.StrEnum):
    """What a gathering is; all kinds share one table."""

    SCHOOL = "school"
    CLUB = "club"
    DEMONSTRATION = "demonstration"
    TRAINING = "training"
    VISIT = "visit"
    ASSEMBLY = "assembly"
    PLATFORM = "platform"


class Heard(enum.StrEnum):
    """How a club heard the episode of its session."""

    WELL = "well"
    PARTLY = "partly"
    NO_SIGNAL = "no_signal"
    NOT_SAID = "not_said"


class HeardAs(enum.StrEnum):
    """What it was that a club heard."""

    LIVE = "live"
    REPEAT = "repeat"
    RECORDING = "recording"


class Silence(enum.StrEnum):
    """Why a club did not report; security is its focal point's alone, to others it is `other`."""

    NOT_AIRED = "not_aired"
    NO_SIGNAL = "no_signal"
    NO_NETWORK = "no_network"
    NO_CREDIT = "no_credit"
    FACILITATOR_AWAY = "facilitator_away"
    SECURITY = "security"
    OTHER = "other"


class AttendanceState(enum.StrEnum):
    """Whether a report counts: one of a club session does, what it corrected is kept."""

    CONFIRMED = "confirmed"
    VERIFIED = "verified"  # staff compared it with the paper sheet
    CORRECTED = "corrected"  # by a later one
    REJECTED = "rejected"


class ClubSession(Base):
    """One gathering of any kind; a club has one on a day.

    `planned_on` is the day of the rule, `held_on` the day it took place: a meeting that was moved keeps both. Which
    airing it counts for, and how that was heard, is worked out from the reports and the airings (`clubs.listening`).
    """

    __tablename__ = "club_session"
    __table_args__ = (
        sa.UniqueConstraint("club_id", "held_on"),
        sa.Index("ux_club_session_planned", "club_id", "planned_on", unique=True),
        sa.Index("ix_club_session_days", "programme_id", "held_on"),
        sa.Index("ix_club_session_due", "programme_id", "status", "planned_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    kind: Mapped[ClubSessionKind] = words(ClubSessionKind)
    club_id: Mapped[int | None] = mapped_column(sa.ForeignKey("club.id"))
    place_id: Mapped[int | None] = mapped_column(sa.ForeignKey("place.id"))
    number: Mapped[int | None]  # in the curriculum
    topic: Mapped[str | None] = mapped_column(sa.String(20))
    planned_at: Mapped[datetime | None]
    held_on: Mapped[date | None]
    status: Mapped[ClubSessionStatus] = words(ClubSessionStatus, default=ClubSessionStatus.PLANNED)
    cancel_reason: Mapped[str | None] = mapped_column(sa.String(20))
    airing_id: Mapped[int | None] = mapped_column(sa.ForeignKey("airing.id"))
    source: Mapped[str] = mapped_column(sa.String(10), default="sms")
    planned_on: Mapped[date | None]
    lesson_id: Mapped[int | None]  # of the club's curriculum
    heard: Mapped[Heard | None] = words(Heard)
    heard_as: Mapped[HeardAs | None] = words(HeardAs)
    nudged_at: Mapped[datetime | None]
    silence: Mapped[Silence | None] = words(Silence)
    silence_by: Mapped[int | None]  # the account that noted it; none: worked out
    silence_at: Mapped[datetime | None]


class Attendance(Base):
    """One report of who came to a club session; a correction is a further row, none is changed or taken away."""

    __tablename__ = "attendance"
    __table_args__ = (
        sa.Index(
            "ux_attendance_counts",
            "club_session_id",
            unique=True,
            sqlite_where=sa.text("state IN ('confirmed', 'verified')"),
            postgresql_where=sa.text("state IN ('confirmed', 'verified')"),
        ),
        sa.Index("ux_attendance_submission", "submission", unique=True),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    club_session_id: Mapped[int] = mapped_column(sa.ForeignKey("club_session.id"), index=True)
    intent: Mapped[str] = mapped_column(sa.String(12))  # attendance, listening, visit: how it was reported
    women: Mapped[int | None]
    men: Mapped[int | None]
    girls: Mapped[int | None]
    boys: Mapped[int | None]
    total: Mapped[int]
    pregnant: Mapped[int | None]
    lactating: Mapped[int | None]
    children: Mapped[int | None]  # of 6 to 23 months that were served, at a demonstration
    women_spoke: Mapped[int | None]  # how many women spoke; an optional count of the session form
    woman_chaired: Mapped[bool | None]
    episode: Mapped[int | None]
    heard_as: Mapped[HeardAs | None] = words(HeardAs)  # as the session form has it
    staff_id: Mapped[int | None]  # who typed a paper sheet
    problem: Mapped[str | None] = mapped_column(sa.String(20))  # no_signal
    note: Mapped[str | None] = mapped_column(sa.Text)
    question: Mapped[str | None] = mapped_column(sa.Text)  # for the station
    sensitive: Mapped[bool] = mapped_column(default=False)  # note or question is its focal points' alone
    repairs: Mapped[list[str]] = mapped_column(default=list)
    source: Mapped[str] = mapped_column(sa.String(10), default="sms")  # sms, form, paper
    submission: Mapped[str | None] = mapped_column(sa.String(64))  # of a form: it is taken once
    phone_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("phone.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("inbound.id"))
    received_at: Mapped[datetime]
    state: Mapped[AttendanceState] = words(AttendanceState, default=AttendanceState.CONFIRMED)
    supersedes_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("attendance.id"))


class Decision(Base):
    """What a club decided, in its own words, and later whether it was kept."""

    __tablename__ = "decision"
    __table_args__ = (sa.Index("ix_decision_club", "club_id", "day"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    club_id: Mapped[int] = mapped_column(sa.ForeignKey("club.id"))
    day: Mapped[date]
    text: Mapped[str] = mapped_column(sa.Text)
    sensitive: Mapped[bool] = mapped_column(default=False)
    theme: Mapped[str | None] = mapped_column(sa.String(20))  # staff set it
    asked_at: Mapped[datetime | None]
    kept: Mapped[str | None] = mapped_column(sa.String(8))  # yes, partly, no
    kept_at: Mapped[datetime | None]
    phone_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("phone.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("inbound.id"))


class Curriculum(Base):
    """The numbered sessions of a season-long group, such as those of a field school."""

    __tablename__ = "curriculum"
    __table_args__ = (sa.UniqueConstraint("programme_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    code: Mapped[str] = mapped_column(sa.String(40))
    title: Mapped[str] = mapped_column(sa.String(120))


class Lesson(Base):
    """One numbered session of a curriculum; `week` counts from the club's own start, for clubs without another rule."""

    __tablename__ = "lesson"
    __table_args__ = (sa.UniqueConstraint("curriculum_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    curriculum_id: Mapped[int] = mapped_column(sa.ForeignKey("curriculum.id"))
    number: Mapped[int]
    topic: Mapped[str] = mapped_column(sa.String(20))
    track: Mapped[str] = mapped_column(sa.String(10), default="agro")  # agro or life
    titles: Mapped[dict[str, Any]]  # language -> title
    week: Mapped[int | None]  # 0 the first


class ClubCurriculum(Base):
    """The curriculum a club follows, and since when; a club follows one."""

    __tablename__ = "club_curriculum"

    club_id: Mapped[int] = mapped_column(sa.ForeignKey("club.id"), primary_key=True)
    curriculum_id: Mapped[int] = mapped_column(sa.ForeignKey("curriculum.id"), index=True)
    starts_on: Mapped[date]


class PracticeReport(Base):
    """What a facilitator in training wrote, and how it was read; apart from every count, for it never took place."""

    __tablename__ = "practice_report"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"), index=True)
    facilitator_id: Mapped[int] = mapped_column(sa.ForeignKey("facilitator.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("inbound.id"), unique=True)
    intent: Mapped[str] = mapped_column(sa.String(16))
    status: Mapped[str] = mapped_column(sa.String(12))  # of the reading: ok, confirm, pending, error
    error: Mapped[str | None] = mapped_column(sa.String(40))
    fields: Mapped[dict[str, Any]]
    repairs: Mapped[list[str]] = mapped_column(default=list)
    received_at: Mapped[datetime]
