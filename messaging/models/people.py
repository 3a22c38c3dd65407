"""Households, members, phones, clubs, facilitators, stations and consent; knows nothing of messages.

Member, phone and household are three tables: several members share a phone, a member may have none, and consent
belongs to a member while opt-out belongs to a phone.
"""

from __future__ import annotations

import enum
from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from messaging.database import Base, BigId, words


class Sex(enum.StrEnum):
    """Sex as told; unknown is an honest answer."""

    F = "f"
    M = "m"
    UNKNOWN = "unknown"


class HeaBand(enum.StrEnum):
    """Wealth group of a household (Household Economy Approach); filters only, never in an SMS."""

    VERY_POOR = "very_poor"
    POOR = "poor"
    MIDDLE = "middle"
    BETTER_OFF = "better_off"


class LifeStage(enum.StrEnum):
    """Health data: noted with its own consent, with an expiry date."""

    PREGNANT = "pregnant"
    LACTATING = "lactating"
    CAREGIVER = "caregiver"
    NONE = "none"


class Route(enum.StrEnum):
    """How a member wants to be reached."""

    PHONE = "phone"
    GROUP = "group"


class ContentLevel(enum.StrEnum):
    """What a phone may show: anyone may read it, or it is the person's own and she chose personal content."""

    ANYONE = "anyone"
    PERSON = "person"


class MemberStatus(enum.StrEnum):
    """Whether a person or household takes part."""

    ACTIVE = "active"
    LEFT = "left"
    MOVED = "moved"
    DISPLACED = "displaced"


class Ownership(enum.StrEnum):
    """Whose the phone is, seen from the member who is reached on it."""

    OWN = "own"
    SPOUSE = "spouse"
    HOUSEHOLD = "household"
    NEIGHBOUR = "neighbour"
    CLUB = "club"
    FACILITATOR = "facilitator"


class ClubKind(enum.StrEnum):
    """Kind of a group."""

    APFLS = "apfls"
    FFS = "ffs"
    LISTENERS_CLUB = "listeners_club"
    IYCF = "iycf"
    SAVINGS = "savings"
    WOMENS_GROUP = "womens_group"
    COOPERATIVE = "cooperative"
    UNION = "union"
    PLATFORM = "platform"
    ADVISER_CIRCUIT = "adviser_circuit"


class FacilitatorKind(enum.StrEnum):
    """A facilitator leads clubs; an adviser serves several groups and must always write the code."""

    FACILITATOR = "facilitator"
    ADVISER = "adviser"


class Purpose(enum.StrEnum):
    """What consent was given for; each is accepted or refused on its own."""

    MESSAGES = "messages"
    EVALUATION = "evaluation"
    VOICE = "voice"
    SHARING = "sharing"
    LIFE_STAGE = "life_stage"


class Way(enum.StrEnum):
    """How consent was given."""

    SMS = "sms"
    ORAL = "oral"
    PAPER = "paper"
    MISSED_CALL = "missed_call"


class Quarantine(enum.StrEnum):
    """Why nothing goes to a number any more."""

    LOST = "lost"
    SEIZED = "seized"
    RESOLD = "resold"


class Household(Base):
    """One household; its code is a pseudonym printed on the card, no name is needed."""

    __tablename__ = "household"
    __table_args__ = (sa.UniqueConstraint("programme_id", "code"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    code: Mapped[str] = mapped_column(sa.String(40))
    village_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"), index=True)
    hea_band: Mapped[HeaBand | None] = words(HeaBand)
    sex_of_head: Mapped[Sex] = words(Sex, default=Sex.UNKNOWN)
    people: Mapped[int | None]
    women_15_49: Mapped[int | None]
    children_0_23: Mapped[int | None]
    children_24_59: Mapped[int | None]
    selected_on: Mapped[date | None]
    status: Mapped[MemberStatus] = words(MemberStatus, default=MemberStatus.ACTIVE)


class Member(Base):
    """One person; without a phone she is reached and counted through her club."""

    __tablename__ = "member"
    __table_args__ = (
        sa.UniqueConstraint("programme_id", "code"),
        sa.Index("ix_member_child_birth", "programme_id", "child_birth_month"),
        sa.Index("ix_member_programme", "programme_id", "id"),  # a large audience is planned by ranges of it
        sa.Index("ix_member_first_name", "programme_id", "first_name"),
        sa.Index("ix_member_village", "village_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    code: Mapped[str] = mapped_column(sa.String(40))
    household_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("household.id"), index=True)
    village_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"))
    first_name: Mapped[str | None] = mapped_column(sa.String(40))  # or an initial; tags a person on a shared phone
    sex: Mapped[Sex] = words(Sex, default=Sex.UNKNOWN)
    birth_year: Mapped[int | None]
    age_band: Mapped[str | None] = mapped_column(sa.String(10))
    life_stage: Mapped[LifeStage] = words(LifeStage, default=LifeStage.NONE)
    life_stage_until: Mapped[date | None]
    child_birth_month: Mapped[date | None]  # first day of the month; of a child nothing else is stored
    language: Mapped[str] = mapped_column(sa.ForeignKey("language.code"))
    variety: Mapped[str | None] = mapped_column(sa.String(40))  # as the person said it, when we have no such language
    falls_to: Mapped[list[str] | None]  # her own fallback chain; none: the programme's
    literacy: Mapped[str | None] = mapped_column(sa.String(10))  # self, helped, nobody
    safe_hours: Mapped[str | None] = mapped_column(sa.String(60))
    content_level: Mapped[ContentLevel] = words(ContentLevel, default=ContentLevel.ANYONE)
    route: Mapped[Route] = words(Route, default=Route.PHONE)
    status: Mapped[MemberStatus] = words(MemberStatus, default=MemberStatus.ACTIVE)
    created_at: Mapped[datetime]


class Phone(Base):
    """One number, sealed; found by a keyed hash. Opt-out, quarantine and the last signs of life belong to it."""

    __tablename__ = "phone"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sealed: Mapped[bytes]
    hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    last_two: Mapped[str] = mapped_column(sa.String(2))
    prefix: Mapped[str] = mapped_column(sa.String(8), index=True)  # country code and two digits: the operator's range
    language: Mapped[str | None] = mapped_column(sa.String(12))  # last used, decides the language of replies
    opted_out_at: Mapped[datetime | None]
    opted_out_by: Mapped[str | None] = mapped_column(sa.String(20))  # sms, gateway, voice, staff
    quarantine: Mapped[Quarantine | None] = words(Quarantine)
    replaced_by_id: Mapped[int | None] = mapped_column(
        BigId, sa.ForeignKey("phone.id"), index=True
    )  # a new SIM, once it answered
    invalid_at: Mapped[datetime | None]  # a gateway said that there is no such number
    last_in_at: Mapped[datetime | None]
    last_delivered_at: Mapped[datetime | None]
    erase_asked_at: Mapped[datetime | None]  # EFFACER, and a yes
    erased_at: Mapped[datetime | None]  # the number is gone; its hash stays, for ever closed
    created_at: Mapped[datetime]


class MemberPhone(Base):
    """A member is reached on a phone; several members may share it."""

    __tablename__ = "member_phone"

    member_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("member.id"), primary_key=True)
    phone_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("phone.id"), primary_key=True, index=True)
    ownership: Mapped[Ownership] = words(Ownership)


class Club(Base):
    """One group with its printed code: three digits and a Damm check digit, unique within the number it writes to."""

    __tablename__ = "club"
    __table_args__ = (sa.UniqueConstraint("programme_id", "number", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    number: Mapped[str] = mapped_column(sa.String(20), default="")  # the number called; empty: the programme's only one
    code: Mapped[str] = mapped_column(sa.String(4))
    kind: Mapped[ClubKind] = words(ClubKind)
    name: Mapped[str] = mapped_column(sa.String(120))
    sms_name: Mapped[str] = mapped_column(sa.String(40))
    village_id: Mapped[int] = mapped_column(sa.ForeignKey("place.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("club.id"))
    relay_phone_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("phone.id"))
    language: Mapped[str] = mapped_column(sa.ForeignKey("language.code"))
    meets_weekday: Mapped[int | None]  # 0 Monday to 6 Sunday
    meets_every_days: Mapped[int | None]
    meets_anchor: Mapped[date | None]
    meets_at: Mapped[time | None]  # local; none: nobody noted it
    size_f: Mapped[int] = mapped_column(default=0)
    size_m: Mapped[int] = mapped_column(default=0)
    is_old: Mapped[bool] = mapped_column(default=False)  # existed before the programme
    arm: Mapped[str | None] = mapped_column(sa.String(12))  # of an evaluation that compares; none: there is none
    created_on: Mapped[date | None]
    closed_on: Mapped[date | None]


class ClubMember(Base):
    """A member belongs to a club."""

    __tablename__ = "club_member"

    club_id: Mapped[int] = mapped_column(sa.ForeignKey("club.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("member.id"), primary_key=True, index=True)


class Facilitator(Base):
    """A facilitator or adviser: known by the phone alone, or by a member's too."""

    __tablename__ = "facilitator"
    __table_args__ = (sa.UniqueConstraint("programme_id", "phone_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    kind: Mapped[FacilitatorKind] = words(FacilitatorKind)
    phone_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("phone.id"), index=True)
    sex: Mapped[Sex] = words(Sex, default=Sex.UNKNOWN)
    language: Mapped[str] = mapped_column(sa.ForeignKey("language.code"))
    leader: Mapped[bool] = mapped_column(default=False)  # also an opinion leader
    active: Mapped[bool] = mapped_column(default=True)
    practice: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # reports are for training only


class FacilitatorClub(Base):
    """A facilitator may report for a club."""

    __tablename__ = "facilitator_club"

    facilitator_id: Mapped[int] = mapped_column(sa.ForeignKey("facilitator.id"), primary_key=True)
    club_id: Mapped[int] = mapped_column(sa.ForeignKey("club.id"), primary_key=True, index=True)


class Station(Base):
    """A radio station; its people are kept out of exports."""

    __tablename__ = "station"
    __table_args__ = (sa.UniqueConstraint("programme_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    name: Mapped[str] = mapped_column(sa.String(80))
    sms_name: Mapped[str] = mapped_column(sa.String(40))
    place_id: Mapped[int | None] = mapped_column(sa.ForeignKey("place.id"))
    frequency: Mapped[str | None] = mapped_column(sa.String(20))
    languages: Mapped[list[str]]
    coverage: Mapped[str | None] = mapped_column(sa.String(200))
    contact: Mapped[str | None] = mapped_column(sa.String(120))  # its people: shown to editor and officer, in no export
    tells_hours: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # agreed, for red communes


class StationPhone(Base):
    """A phone of a station's host or technician."""

    __tablename__ = "station_phone"

    station_id: Mapped[int] = mapped_column(sa.ForeignKey("station.id"), primary_key=True)
    phone_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("phone.id"), primary_key=True, index=True)


class ClubStation(Base):
    """A club listens to a station."""

    __tablename__ = "club_station"

    club_id: Mapped[int] = mapped_column(sa.ForeignKey("club.id"), primary_key=True)
    station_id: Mapped[int] = mapped_column(sa.ForeignKey("station.id"), primary_key=True)


class Consent(Base):
    """One answer to one purpose with its evidence; a refusal holds the phone alone."""

    __tablename__ = "consent"
    __table_args__ = (
        sa.Index("ix_consent_member_purpose", "member_id", "purpose"),
        sa.Index("ix_consent_phone_purpose", "phone_id", "purpose"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    member_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("member.id"))
    phone_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("phone.id"))
    purpose: Mapped[Purpose] = words(Purpose)
    granted: Mapped[bool]
    text_version: Mapped[str] = mapped_column(sa.String(20))
    language: Mapped[str] = mapped_column(sa.String(12))
    way: Mapped[Way] = words(Way)
    witness: Mapped[str | None] = mapped_column(sa.String(4))  # an initial only
    taken_by: Mapped[str | None] = mapped_column(sa.String(80))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
