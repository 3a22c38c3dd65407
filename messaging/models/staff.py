"""Staff accounts with roles and places, the audit log, and the marks of this installation; knows no password rule."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base, BigId, words


class Role(enum.StrEnum):
    """What an account may do; one list for the whole product."""

    EDITOR = "editor"
    TRANSLATOR = "translator"
    APPROVER = "approver"
    OFFICER = "officer"
    FOCAL_POINT = "focal_point"
    EVALUATION = "evaluation"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Staff(Base):
    """One account; the sign-in library's own fields are the last ones."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(120), unique=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    organisation: Mapped[str | None] = mapped_column(sa.String(80))
    language: Mapped[str] = mapped_column(sa.String(12), default="fr")
    demonstration: Mapped[bool] = mapped_column(default=False)
    phone_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("phone.id"))  # her own, for a trial
    phone_confirmed_at: Mapped[datetime | None]
    phone_code: Mapped[str | None] = mapped_column(sa.String(64))  # hash of the code that confirms the phone
    phone_code_until: Mapped[datetime | None]
    phone_code_tries: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")
    created_at: Mapped[datetime]
    failed_count: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    last_sign_in_at: Mapped[datetime | None]
    password: Mapped[str] = mapped_column(sa.String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(sa.String(64), unique=True)
    tf_primary_method: Mapped[str | None] = mapped_column(sa.String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(sa.String(255))
    mf_recovery_codes: Mapped[list[str] | None]
    tf_last_step: Mapped[int | None] = mapped_column(sa.BigInteger)  # of time: a code is good once


class StaffRole(Base):
    """A role of an account; `scope` is a translator's language or a focal point's category."""

    __tablename__ = "staff_role"
    __table_args__ = (sa.UniqueConstraint("staff_id", "role", "scope"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    role: Mapped[Role] = words(Role)
    scope: Mapped[str] = mapped_column(sa.String(20), default="")


class StaffProgramme(Base):
    """An account works in a programme; no row: in all of them."""

    __tablename__ = "staff_programme"

    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"), primary_key=True)


class StaffPlace(Base):
    """An account works in a place and what lies in it; no row: in all of them."""

    __tablename__ = "staff_place"

    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), primary_key=True)
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"), primary_key=True)


class Proposal(Base):
    """What one account asks and another must accept: to lower a risk level, to lift a pause, to overrule a word list.

    `accepted` is None until somebody decides; nobody decides on her own.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        sa.Index("ix_proposal_open", "kind", "object_id", sqlite_where=sa.text("decided_at IS NULL"),
                 postgresql_where=sa.text("decided_at IS NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(24))  # lower_risk, lift_pause
    programme_id: Mapped[int | None] = mapped_column(sa.ForeignKey("programme.id"))
    object: Mapped[str] = mapped_column(sa.String(40))
    object_id: Mapped[str] = mapped_column(sa.String(40))
    details: Mapped[dict[str, Any]]
    asked_by: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    accepted: Mapped[bool | None]


class Audit(Base):
    """Who changed what, with before and after; ids only, never a number or the text of a sensitive SMS."""

    __tablename__ = "audit"
    __table_args__ = (sa.Index("ix_audit_object", "object", "object_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(sa.String(40))  # staff:<id>, command, job:<name>
    action: Mapped[str] = mapped_column(sa.String(40))
    object: Mapped[str] = mapped_column(sa.String(40))
    object_id: Mapped[str] = mapped_column(sa.String(40))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class Mark(Base):
    """A mark of this installation by name, such as the fingerprint of its key."""

    __tablename__ = "mark"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    value: Mapped[str] = mapped_column(sa.String(200))
