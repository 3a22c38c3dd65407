"""Programmes and dated places with their several codings; knows nothing of the people who live there."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base, words


class Level(enum.StrEnum):
    """Administrative level of a place."""

    COUNTRY = "country"
    REGION = "region"
    CERCLE = "cercle"
    ARRONDISSEMENT = "arrondissement"
    COMMUNE = "commune"
    VILLAGE = "village"
    FRACTION = "fraction"
    QUARTIER = "quartier"


class RiskLevel(enum.StrEnum):
    """How dangerous it is to write about outsiders, goods or money to a commune."""

    GREEN = "green"
    ORANGE = "orange"
    RED = "red"


class Programme(Base):
    """One programme with its languages, hours, targets and numbers; a demonstration never meets a real gateway."""

    __tablename__ = "programme"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name_fr: Mapped[str] = mapped_column(sa.String(120))
    name_en: Mapped[str] = mapped_column(sa.String(120))
    service_name: Mapped[str] = mapped_column(sa.String(40))  # the neutral name that an SMS may carry
    demonstration: Mapped[bool] = mapped_column(default=False)
    zone: Mapped[str] = mapped_column(sa.String(40), default="Africa/Bamako")
    always_open: Mapped[bool] = mapped_column(default=False)  # demonstrations only: no closed hours
    language: Mapped[str] = mapped_column(sa.String(12), default="fr")
    languages: Mapped[list[str]]
    details: Mapped[dict[str, Any]]  # phases, donors, agencies, pillars, targets
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Place(Base):
    """One place; its parents are dated rows of their own, because laws move communes between cercles."""

    __tablename__ = "place"

    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[Level] = words(Level)
    name: Mapped[str] = mapped_column(sa.String(120))
    folded: Mapped[str] = mapped_column(sa.String(120), index=True)  # for finding only: names are never keys
    sms_name: Mapped[str] = mapped_column(sa.String(40))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    livelihood_zone: Mapped[str | None] = mapped_column(sa.String(80))
    market_days: Mapped[int | None]  # length of the market cycle, 5 or 7
    market_anchor: Mapped[date | None]  # one day on which the market was held
    network: Mapped[str | None] = mapped_column(sa.String(80))
    languages: Mapped[list[str]] = mapped_column(default=list)


class PlaceParent(Base):
    """Which place another one lies in, from one day to another (both included; none: open)."""

    __tablename__ = "place_parent"

    id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"), index=True)
    parent_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"), index=True)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class PlaceCode(Base):
    """One code of a place in one coding scheme."""

    __tablename__ = "place_code"
    __table_args__ = (sa.UniqueConstraint("scheme", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"), index=True)
    scheme: Mapped[str] = mapped_column(sa.String(40))
    code: Mapped[str] = mapped_column(sa.String(40))


class PlaceName(Base):
    """Another spelling or a local name of a place."""

    __tablename__ = "place_name"

    id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    folded: Mapped[str] = mapped_column(sa.String(120), index=True)


class ProgrammeVillage(Base):
    """A village that a programme works in."""

    __tablename__ = "programme_village"

    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"), primary_key=True)
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"), primary_key=True)


class Risk(Base):
    """One change of the risk level of a commune; the latest row is the level, none is green."""

    __tablename__ = "risk"

    id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"), index=True)
    level: Mapped[RiskLevel] = words(RiskLevel)
    since: Mapped[datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))


class PausedPlace(Base):
    """A commune to which nothing leaves; lifting it needs two people."""

    __tablename__ = "paused_place"

    place_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"), primary_key=True)
    since: Mapped[datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
