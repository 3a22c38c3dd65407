"""Radio: series, episodes with their texts, slots of stations, airings, and the questions answered on air."""

from __future__ import annotations

import enum
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base, BigId, words
from messaging.models.people import Sex
from messaging.models.text import TextState


class AiringStatus(enum.StrEnum):
    """What became of a broadcast."""

    PLANNED = "planned"
    AIRED = "aired"
    NOT_AIRED = "not_aired"


class AirQuestionState(enum.StrEnum):
    """Where a question to air stands."""

    WAITING = "waiting"
    GIVEN = "given"  # to a station or an expert
    ANSWERED = "answered"
    SKIPPED = "skipped"


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
    guide: Mapped[str | None] = mapped_column(sa.Text)  # the run-sheet of the studio
    minutes: Mapped[int | None]


class Airing(Base):
    """One broadcast of an episode by a station."""

    __tablename__ = "airing"
    __table_args__ = (
        sa.Index("ix_airing_planned", "planned_at"),
        sa.Index("ux_airing_slot", "slot_id", "planned_at", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    episode_id: Mapped[int] = mapped_column(sa.ForeignKey("episode.id"), index=True)
    station_id: Mapped[int] = mapped_column(sa.ForeignKey("station.id"), index=True)
    planned_at: Mapped[datetime]
    minutes: Mapped[int] = mapped_column(default=30)
    is_repeat: Mapped[bool] = mapped_column(default=False)
    status: Mapped[AiringStatus] = words(AiringStatus, default=AiringStatus.PLANNED)
    aired_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(sa.String(20))  # power, network, security, staff, other
    slot_id: Mapped[int | None]  # the slot it was made from
    told_at: Mapped[datetime | None]  # the clubs were told that it was not aired
    changed_by: Mapped[int | None]  # the account that noted what became of it; none: the host, by SMS


class EpisodeText(Base):
    """What a club is given of an episode in one language; only what is approved is printed to be read aloud.

    The reviewer is another than the author, the approver another than the author and, for Bambara and Dogon, another
    than the reviewer, as for every text.
    """

    __tablename__ = "episode_text"
    __table_args__ = (sa.UniqueConstraint("episode_id", "language"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    episode_id: Mapped[int] = mapped_column(sa.ForeignKey("episode.id"))
    language: Mapped[str] = mapped_column(sa.ForeignKey("language.code"))
    guide: Mapped[str] = mapped_column(sa.Text, default="")  # for who leads the session
    read_aloud: Mapped[str] = mapped_column(sa.Text, default="")
    question: Mapped[str] = mapped_column(sa.Text, default="")  # answered by a show of hands
    options: Mapped[dict[str, Any] | None]  # digit -> words
    state: Mapped[TextState] = words(TextState, default=TextState.DRAFT)
    source: Mapped[str | None] = mapped_column(sa.String(200))  # of its facts
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    reviewer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    approver_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    changed_at: Mapped[datetime]


class Slot(Base):
    """A time that a station gives to a series: a weekday or a cycle, and an hour; its airings are made from it.

    The slot that repeats another airs what that one aired last. Money is in millionths of XOF.
    """

    __tablename__ = "slot"

    id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[int] = mapped_column(sa.ForeignKey("station.id"), index=True)
    series_id: Mapped[int] = mapped_column(sa.ForeignKey("series.id"), index=True)
    weekday: Mapped[int | None]  # 0 Monday to 6 Sunday
    every_days: Mapped[int | None]
    anchor: Mapped[date | None]
    starts: Mapped[time]  # local
    minutes: Mapped[int] = mapped_column(default=30)
    language: Mapped[str | None] = mapped_column(sa.ForeignKey("language.code"))
    repeat_of: Mapped[int | None] = mapped_column(sa.ForeignKey("slot.id"))
    is_live: Mapped[bool] = mapped_column(default=False)
    cost_micros: Mapped[int | None] = mapped_column(sa.BigInteger)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


class AirQuestion(Base):
    """A question for the studio or an expert, in staff's words without a name; several askings may be of one.

    Days waiting count from the first asking. An answer that is approved may be given again.
    """

    __tablename__ = "air_question"
    __table_args__ = (sa.Index("ix_air_question_state", "programme_id", "state", "asked_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    topic: Mapped[str | None] = mapped_column(sa.String(20))
    wording: Mapped[str] = mapped_column(sa.Text)
    language: Mapped[str | None] = mapped_column(sa.String(12))
    state: Mapped[AirQuestionState] = words(AirQuestionState, default=AirQuestionState.WAITING)
    asked_at: Mapped[datetime]  # first
    station_id: Mapped[int | None] = mapped_column(sa.ForeignKey("station.id"))  # it was given to
    expert: Mapped[bool] = mapped_column(default=False)  # or to an expert
    given_at: Mapped[datetime | None]
    episode_id: Mapped[int | None] = mapped_column(sa.ForeignKey("episode.id"), index=True)  # that answers it
    answer: Mapped[str | None] = mapped_column(sa.Text)
    answer_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    approved_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    answered_at: Mapped[datetime | None]
    answered_from: Mapped[int | None] = mapped_column(BigId)  # the question whose answer was used again


class AirQuestionAsker(Base):
    """One asking of a question: by which club or phone, and when the asker was told of the answer."""

    __tablename__ = "air_question_asker"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    air_question_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("air_question.id"), index=True)
    club_id: Mapped[int | None] = mapped_column(sa.ForeignKey("club.id"), index=True)
    phone_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("phone.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("inbound.id"), unique=True)
    sex: Mapped[Sex] = words(Sex, default=Sex.UNKNOWN)
    asked_at: Mapped[datetime]
    told_at: Mapped[datetime | None]


class StudioPage(Base):
    """An address for a host: the questions of one episode without numbers or names; it can be withdrawn.

    Only the hash of the key in the address is stored.
    """

    __tablename__ = "studio_page"

    id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[int] = mapped_column(sa.ForeignKey("station.id"))
    episode_id: Mapped[int] = mapped_column(sa.ForeignKey("episode.id"))
    key_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    until: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
