"""Texts: one language version of a step, its versions and the history of its state; knows a step by number only.

The sender must ask whether a text is approved, so texts lie here; campaigns fill them.
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base, words


class TextState(enum.StrEnum):
    """A text is in use when its campaign runs; there is no further state."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    APPROVED = "approved"


class LetterKind(enum.StrEnum):
    """How the official text of a version is spelt; the page on languages, 2.4: the kind is told, never guessed."""

    OFFICIAL = "official"
    OLD = "old"  # the letters used before 1982: è ò ny ng


class SmsForm(enum.StrEnum):
    """Who made the SMS form from the official text."""

    PROFILE = "profile"  # the letter profile: made again when the profile changes
    REVIEWER = "reviewer"  # a person: the machine no longer rewrites it


class Text(Base):
    """One language version of a step, pointing to its present version."""

    __tablename__ = "text"
    __table_args__ = (sa.UniqueConstraint("step_id", "language"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    step_id: Mapped[int]
    language: Mapped[str] = mapped_column(sa.ForeignKey("language.code"))
    state: Mapped[TextState] = words(TextState, default=TextState.DRAFT)
    version: Mapped[int] = mapped_column(default=1)
    approved_hash: Mapped[str | None] = mapped_column(sa.String(64))
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    reviewer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))  # or who filed the reviewer's sheet
    approver_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    changed_by_staff: Mapped[bool] = mapped_column(default=False)  # a file never overwrites what staff changed


class TextVersion(Base):
    """What a text said, never changed afterwards: a message points to the version it carried."""

    __tablename__ = "text_version"

    text_id: Mapped[int] = mapped_column(sa.ForeignKey("text.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    sms: Mapped[str] = mapped_column(sa.Text)
    official: Mapped[str] = mapped_column(sa.Text)
    read_aloud: Mapped[str] = mapped_column(sa.Text)
    club: Mapped[str | None] = mapped_column(sa.Text)  # the same advice, worded for the family, through the club
    options: Mapped[dict[str, Any] | None]  # digit -> words
    right: Mapped[str | None] = mapped_column(sa.Text)
    wrong: Mapped[str | None] = mapped_column(sa.Text)
    back_translation: Mapped[str | None] = mapped_column(sa.Text)
    unicode: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[LetterKind] = words(LetterKind, default=LetterKind.OFFICIAL, server_default="official")
    form: Mapped[SmsForm] = words(SmsForm, default=SmsForm.REVIEWER, server_default="reviewer")
    profile: Mapped[int] = mapped_column(
        sa.SmallInteger, default=1, server_default="1"
    )  # version of the letter profile
    officials: Mapped[dict[str, Any] | None]  # part -> official letters, where the phone gets others
    comment: Mapped[str | None] = mapped_column(sa.Text)  # between translator and editor; no phone ever shows it
    hash: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))


class TextEvent(Base):
    """One step in the life of a text: written, edited, reviewed, approved, returned."""

    __tablename__ = "text_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    text_id: Mapped[int] = mapped_column(sa.ForeignKey("text.id"), index=True)
    version: Mapped[int]
    event: Mapped[str] = mapped_column(sa.String(20))
    at: Mapped[datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    outside_role: Mapped[str | None] = mapped_column(sa.String(80))  # an outside reviewer: role, variety, date
    variety: Mapped[str | None] = mapped_column(sa.String(40))  # that the reviewer speaks
    read_on: Mapped[date | None]
    sheet: Mapped[str | None] = mapped_column(sa.String(40))  # mark of the signed sheet on file
    remark: Mapped[str | None] = mapped_column(sa.Text)
