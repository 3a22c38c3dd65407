"""Figures that are brought and not counted, what was handed out, what was paid, and files that leave the house."""

from __future__ import annotations

import enum
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base, BigId, words
from messaging.models.people import Sex


class MeasureKind(enum.StrEnum):
    """What a figure is that somebody brought: a target, or what a survey found."""

    TARGET = "target"
    BASELINE = "baseline"
    MIDLINE = "midline"
    ENDLINE = "endline"


class Measure(Base):
    """One figure that is brought, never counted by us: a target of an indicator, or what a survey found.

    Without a place it is of the whole programme, with the sex `unknown` of everybody. `value` is in the unit of the
    indicator; a survey tells the numerator and denominator behind it.
    """

    __tablename__ = "measure"
    __table_args__ = (sa.Index("ix_measure_indicator", "programme_id", "indicator", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    indicator: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[MeasureKind] = words(MeasureKind)
    place_id: Mapped[int | None] = mapped_column(sa.ForeignKey("place.id"))
    sex: Mapped[Sex] = words(Sex, default=Sex.UNKNOWN)
    numerator: Mapped[float | None]
    denominator: Mapped[float | None]
    value: Mapped[float]
    day: Mapped[date | None]  # of the survey; of a target, by when
    source: Mapped[str] = mapped_column(sa.String(120), default="")


class Distribution(Base):
    """What was handed out of one item in one place: households alone, nobody's name.

    `step_id` is the step that told of it, whose answers RECU and PAS RECU are counted beside it. Money is in millionths
    of XOF.
    """

    __tablename__ = "distribution"
    __table_args__ = (sa.UniqueConstraint("programme_id", "code", "place_id", "item"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    code: Mapped[str] = mapped_column(sa.String(40))
    day: Mapped[date]
    modality: Mapped[str] = mapped_column(sa.String(12))  # in_kind, cash, voucher, cash+
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"), index=True)  # a commune or a village
    item: Mapped[str] = mapped_column(sa.String(60))
    unit: Mapped[str] = mapped_column(sa.String(12))
    planned: Mapped[int]  # households
    served: Mapped[int]
    served_women_headed: Mapped[int | None]
    quantity: Mapped[float]
    value_micros: Mapped[int | None] = mapped_column(sa.BigInteger)
    step_id: Mapped[int | None]


class Invoice(Base):
    """What a provider charged for one month and gateway, typed in from its bill; in millionths of XOF."""

    __tablename__ = "invoice"
    __table_args__ = (sa.UniqueConstraint("gateway_id", "month"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    gateway_id: Mapped[int] = mapped_column(sa.ForeignKey("gateway.id"))
    month: Mapped[str] = mapped_column(sa.String(7))  # 2026-03
    segments: Mapped[int | None]
    amount_micros: Mapped[int] = mapped_column(sa.BigInteger)
    note: Mapped[str] = mapped_column(sa.String(120), default="")
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    at: Mapped[datetime]


class DhisCode(Base):
    """What others call one of our words: a DHIS2 instance, or a donor's logframe; codes differ from one to the next."""

    __tablename__ = "dhis_code"
    __table_args__ = (sa.UniqueConstraint("programme_id", "what", "ours"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    what: Mapped[str] = mapped_column(sa.String(12))  # data_set, element, combo, org_unit, logframe
    ours: Mapped[str] = mapped_column(sa.String(60))
    theirs: Mapped[str] = mapped_column(sa.String(60))


class EvaluationPurpose(Base):
    """Why evaluators are given files of persons, and until when; two accounts stand for it.

    The keys of its pseudonyms lie in a folder outside the database, and are destroyed when it ends: after that nothing
    leads back.
    """

    __tablename__ = "evaluation_purpose"

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"), index=True)
    title: Mapped[str] = mapped_column(sa.String(120))
    recipient: Mapped[str] = mapped_column(sa.String(120))  # the body that gets them
    until: Mapped[date]  # the last day
    asked_by: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    approved_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # its keys are gone


class Handover(Base):
    """One file that left for a purpose: how many rows, and its hash."""

    __tablename__ = "handover"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    purpose_id: Mapped[int] = mapped_column(sa.ForeignKey("evaluation_purpose.id"), index=True)
    file: Mapped[str] = mapped_column(sa.String(20))  # persons, clusters
    rows: Mapped[int]
    left_out: Mapped[int]  # persons without consent to sharing; clusters: counts that were blanked
    sha256: Mapped[str] = mapped_column(sa.String(64))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    at: Mapped[datetime]
