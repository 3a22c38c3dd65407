"""Radio series, episodes and airings, and every gathering as one `ClubSession` with a kind."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base, BigId, words


class AiringStatus(enum.StrEnum):
    """What became of a broadcast."""

    PLANNED = "planned"
    AIRED = "aired"
    NOT_AIRED = "not_aired"


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


class AttendanceState(enum.StrEnum):
    """Whether a report counts: one of a club session does, what it corrected is kept."""

    CONFIRMED = "confirmed"
    VERIFIED = "verified"  # staff compared it with the paper sheet
    CORRECTED = "corrected"  # by a later one
    REJECTED = "rejected"


class Series(Base):
    """A radio series of a programme."""

    __tablename__ = "series"
    __table_args__ = (sa.UniqueConstraint("programme_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    code: Mapped[str] = mapped_column(sa.String(40))
    title: Mapped[str] = mapped_column(sa.String(120))


class Episode(Base):
    """One numbered episode of a series."""

    __tablename__ = "episode"
    __table_args__ = (sa.UniqueConstraint("series_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(sa.ForeignKey("series.id"))
    number: Mapped[int]
    topic: Mapped[str] = mapped_column(sa.String(20))
    titles: Mapped[dict[str, Any]]  # language -> title
    guide: Mapped[str | None] = mapped_column(sa.Text)


class Airing(Base):
    """One broadcast of an episode by a station."""

    __tablename__ = "airing"
    __table_args__ = (sa.Index("ix_airing_planned", "planned_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    episode_id: Mapped[int] = mapped_column(sa.ForeignKey("episode.id"), index=True)
    station_id: Mapped[int] = mapped_column(sa.ForeignKey("station.id"), index=True)
    planned_at: Mapped[datetime]
    minutes: Mapped[int] = mapped_column(default=30)
    is_repeat: Mapped[bool] = mapped_column(default=False)
    status: Mapped[AiringStatus] = words(AiringStatus, default=AiringStatus.PLANNED)
    aired_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(sa.String(20))


class ClubSession(Base):
    """One gathering of any kind; a club has one on a day."""

    __tablename__ = "club_session"
    __table_args__ = (sa.UniqueConstraint("club_id", "held_on"),)

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
    episode: Mapped[int | None]
    problem: Mapped[str | None] = mapped_column(sa.String(20))  # no_signal
    note: Mapped[str | None] = mapped_column(sa.Text)
    question: Mapped[str | None] = mapped_column(sa.Text)  # for the station
    sensitive: Mapped[bool] = mapped_column(default=False)  # note or question is its focal points' alone
    repairs: Mapped[list[str]] = mapped_column(default=list)
    source: Mapped[str] = mapped_column(sa.String(10), default="sms")  # sms, form, paper
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
    phone_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("phone.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("inbound.id"))
