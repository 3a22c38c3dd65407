"""The rules as rows: open hours, caps, risk, budget, further stop words; knows nothing of how they are applied."""

from __future__ import annotations

import enum
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base, words
from messaging.models.place import RiskLevel


class Decision(enum.StrEnum):
    """What a risk tag may do at a risk level."""

    ALLOW = "allow"
    BLOCK = "block"


class Hours(Base):
    """One dated rule of open hours; each row may only narrow those above it (lower `position`).

    `open_spans` lists local spans such as `08:00-11:30 16:15-17:20`; `closed_spans` takes spans away. With neither
    of them, and no `weekly_cap`, the whole day is closed.
    """

    __tablename__ = "hours"

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int | None] = mapped_column(sa.ForeignKey("programme.id"), index=True)
    place_id: Mapped[int | None] = mapped_column(sa.ForeignKey("place.id"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(sa.String(12))  # campaign, service or both
    starts: Mapped[date | None]
    ends: Mapped[date | None]
    weekday: Mapped[int | None]  # 0 Monday to 6 Sunday
    open_spans: Mapped[str] = mapped_column(sa.String(120), default="")
    closed_spans: Mapped[str] = mapped_column(sa.String(120), default="")
    weekly_cap: Mapped[int | None]
    reason: Mapped[str] = mapped_column(sa.String(120))


class Cap(Base):
    """How many messages of a kind a phone may get, all programmes together; none: no limit."""

    __tablename__ = "cap"

    kind: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    per_day: Mapped[int | None]
    per_week: Mapped[int | None]
    per_month: Mapped[int | None]


class RiskRule(Base):
    """What a risk tag may do at a risk level of the commune."""

    __tablename__ = "risk_rule"

    level: Mapped[RiskLevel] = words(RiskLevel, primary_key=True)
    tag: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    decision: Mapped[Decision] = words(Decision)


class Budget(Base):
    """The money of one programme in one month, in millionths of XOF; no limit: it only counts."""

    __tablename__ = "budget"

    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)  # first day
    limit_micros: Mapped[int | None] = mapped_column(sa.BigInteger)
    reserved_micros: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    charged_micros: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class PausedStep(Base):
    """A step of a paused campaign: nothing of it leaves, whatever puts a message of it back to waiting."""

    __tablename__ = "paused_step"

    step_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class StopWord(Base):
    """A further word that means STOP; staff may add, never take one of the code's away."""

    __tablename__ = "stop_word"

    word: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    language: Mapped[str | None] = mapped_column(sa.String(12))
