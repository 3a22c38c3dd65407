"""What comes back: quiz answers, feedback, and reports of one value."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base, BigId


class Answer(Base):
    """One answer to one question step; all are kept, the last valid one before closing counts."""

    __tablename__ = "answer"
    __table_args__ = (
        sa.UniqueConstraint("step_id", "inbound_id"),
        sa.Index("ix_answer_phone", "step_id", "occurrence", "phone_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    step_id: Mapped[int] = mapped_column(sa.ForeignKey("step.id"))
    occurrence: Mapped[str] = mapped_column(sa.String(64))
    message_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("message.id"))
    inbound_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("inbound.id"))
    phone_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("phone.id"))
    member_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("member.id"))  # none: it counts for the phone
    value: Mapped[str] = mapped_column(sa.String(40))
    correct: Mapped[bool | None]
    late: Mapped[bool] = mapped_column(default=False)
    answered_at: Mapped[datetime]


class Feedback(Base):
    """A question, complaint, thanks or remark; the words stay with the inbound."""

    __tablename__ = "feedback"
    __table_args__ = (
        sa.Index(
            "ix_feedback_open",
            "programme_id",
            "told_at",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    programme_id: Mapped[int | None] = mapped_column(sa.ForeignKey("programme.id"))
    inbound_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("inbound.id"), unique=True)
    phone_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("phone.id"))
    category: Mapped[str] = mapped_column(sa.String(24), index=True)
    told_at: Mapped[datetime]
    sorted_at: Mapped[datetime | None]
    sorted_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    # The life of a case; the page on evaluation, section 8.3. Its number on a phone is `N` and the id.
    taken_at: Mapped[datetime | None]  # somebody made it hers
    taken_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    referred_at: Mapped[datetime | None]
    referred_to: Mapped[str | None] = mapped_column(sa.String(80))  # the body alone, never what it is about
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    answer: Mapped[str | None] = mapped_column(sa.Text)  # the words sent, or a note of the call
    satisfied: Mapped[bool | None]  # what the complainant said, asked by SMS
    reopened: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")  # at 2 for a supervisor
    closed_at: Mapped[datetime | None]


class CasePause(Base):
    """A clock of a case that stood still, with the reason; an open one has no end."""

    __tablename__ = "case_pause"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    feedback_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("feedback.id"), index=True)
    reason: Mapped[str] = mapped_column(sa.String(20))  # complainant, security, agency
    started_at: Mapped[datetime]
    started_by: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))


class Value(Base):
    """One report of one value: price, rain, fund, nursery, …; a new report is a row of the catalogue."""

    __tablename__ = "value"
    __table_args__ = (sa.Index("ix_value_kind_day", "programme_id", "kind", "item", "day"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    kind: Mapped[str] = mapped_column(sa.String(20))
    club_id: Mapped[int | None] = mapped_column(sa.ForeignKey("club.id"))
    place_id: Mapped[int | None] = mapped_column(sa.ForeignKey("place.id"))
    item: Mapped[str] = mapped_column(sa.String(40), default="")
    value: Mapped[float]
    unit: Mapped[str] = mapped_column(sa.String(12))
    day: Mapped[date]
    phone_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("phone.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("inbound.id"))
    state: Mapped[str] = mapped_column(sa.String(12), default="ok")
    text: Mapped[str | None] = mapped_column(sa.String(160))  # words beside the value: what the pest is, what broke
    sensitive: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # `text` is its focal points'
