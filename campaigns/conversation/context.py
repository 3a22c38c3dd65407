"""What the service knows about a sender, gathered from the tables before an SMS is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation.grammar.reading import Role
from campaigns.definitions import Step as Said
from campaigns.models import Campaign, Step
from messaging import languages
from messaging.models import (
    Club,
    Facilitator,
    FacilitatorClub,
    Gateway,
    Inbound,
    Language,
    Member,
    MemberPhone,
    Message,
    Pending,
    Phone,
    Place,
    Programme,
    Station,
    StationPhone,
    TextVersion,
)
from messaging.models.people import FacilitatorKind
from messaging.models.post import State
from messaging.routing import SIMULATOR

ANSWERABLE = timedelta(days=45)  # later than this nobody means the question any more


@dataclass(frozen=True)
class Asked:
    """The last question SMS that was sent to a phone."""

    message: Message
    step: Step
    said: Said
    version: TextVersion
    closes_at: datetime
    quiz: Mapping[str, Any]  # as the reader takes it


@dataclass(frozen=True)
class Sender:
    """Everything about who wrote and how to answer."""

    inbound: Inbound
    phone: Phone
    gateway: Gateway
    role: Role
    programme: Programme | None
    language: str
    dogon: bool
    codes: tuple[str, ...]  # languages to try for a reply
    members: tuple[Member, ...] = ()
    clubs: tuple[Club, ...] = ()
    station: Station | None = None
    pending: Pending | None = None
    asked: Asked | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def drafts(self) -> bool:
        """True when unreviewed replies may be shown: on the simulator alone."""
        return self.gateway.adapter == SIMULATOR


def gather(session: Session, inbound: Inbound, phone: Phone) -> Sender:
    """Build the sender of a stored inbound; `now` of the reader is when the inbound was received."""
    now = inbound.received_at
    members = _members(session, phone)
    facilitator = _facilitator(session, phone)
    station = _station(session, phone)
    gateway = session.get_one(Gateway, inbound.gateway_id)
    pending = session.get(Pending, phone.id)
    pending = pending if pending and pending.expires_at > now else None
    programme = _programme(session, members, facilitator, station, pending, gateway)
    clubs = _clubs(session, facilitator)
    language = _language(session, phone, members, facilitator, programme)
    asked = last_question(session, phone, now)
    dogon = languages.is_dogon(session, language)
    sender = Sender(
        inbound=inbound,
        phone=phone,
        gateway=gateway,
        role=_role(station, facilitator, members),
        programme=programme,
        language=language,
        dogon=dogon,
        codes=tuple(languages.chain(session, programme.id, language)) if programme else (language,),
        members=members,
        clubs=clubs,
        station=station,
        pending=pending,
        asked=asked,
    )
    return replace(sender, context=_context(sender, now))


def _context(sender: Sender, now: datetime) -> dict[str, Any]:
    """The keys of the reader's context; a missing key means none."""
    context: dict[str, Any] = {"now": now.isoformat(), "lang": sender.language, "dogon": sender.dogon}
    if sender.clubs:
        context["clubs"] = [club.code for club in sender.clubs]
        context["club_size"] = {club.code: club.size_f + club.size_m for club in sender.clubs}
    if sender.pending:
        context["pending"] = {"type": sender.pending.kind, **sender.pending.kept}
    if sender.asked:
        context["quiz"] = dict(sender.asked.quiz)
    if len(sender.members) > 1:
        context["phone_members"] = [member.first_name or "" for member in sender.members]
    if sender.station:
        context["station"] = sender.station.name
    if sender.phone.opted_out_at:
        context["opted_out"] = True
    if sender.inbound.kind == "missed_call":
        context |= {"event": "missed_call", "called": sender.inbound.called}
    return context


def last_question(session: Session, phone: Phone, now: datetime) -> Asked | None:
    """The last message to a phone, when it was a question: open, or late after its closing."""
    query = (
        sa.select(Message, Step)
        .join(Step, Step.id == Message.step_id)
        .where(
            Message.phone_id == phone.id,
            Message.trial_of.is_(None),
            Message.handed_over_at.is_not(None),
            Message.handed_over_at > now - ANSWERABLE,
            Message.state.in_((State.HANDED_OVER, State.CLOSED)),
            Step.kind == "question",
        )
        .order_by(Message.handed_over_at.desc(), Message.id.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    if row is None or row.Message.handed_over_at is None or row.Message.text_id is None:
        return None
    message, step = row.Message, row.Step
    said = Said.model_validate(step.definition)
    version = session.get_one(TextVersion, (message.text_id, message.text_version))
    assert said.question is not None
    closes_at = message.handed_over_at + said.question.closes
    return Asked(message, step, said, version, closes_at, _quiz(session, step, said, version, closes_at > now))


def _quiz(session: Session, step: Step, said: Said, version: TextVersion, is_open: bool) -> dict[str, Any]:
    question = said.question
    assert question is not None
    shown: dict[str, Any] = {"n": 1, "type": question.type}
    if question.type in ("single", "multi"):
        shown["options"] = dict(version.options or {})
    if question.type == "number":
        shown |= {"min": question.min, "max": question.max, "unit": question.unit}
    campaign = session.get_one(Campaign, step.campaign_id)
    return {"id": f"{campaign.code}/{step.code}", "open": is_open, "late": not is_open, "questions": [shown]}


def _members(session: Session, phone: Phone) -> tuple[Member, ...]:
    query = sa.select(Member).join(MemberPhone).where(MemberPhone.phone_id == phone.id).order_by(Member.id)
    return tuple(session.scalars(query))


def _facilitator(session: Session, phone: Phone) -> Facilitator | None:
    """An adviser before a facilitator: one phone has one role."""
    query = sa.select(Facilitator).where(Facilitator.phone_id == phone.id, Facilitator.active.is_(True))
    rows = session.scalars(query.order_by(Facilitator.id)).all()
    return min(rows, key=lambda row: row.kind is not FacilitatorKind.ADVISER, default=None)


def _station(session: Session, phone: Phone) -> Station | None:
    query = sa.select(Station).join(StationPhone).where(StationPhone.phone_id == phone.id).order_by(Station.id)
    return session.scalar(query.limit(1))


def _clubs(session: Session, facilitator: Facilitator | None) -> tuple[Club, ...]:
    if facilitator is None:
        return ()
    query = sa.select(Club).join(FacilitatorClub).where(FacilitatorClub.facilitator_id == facilitator.id)
    return tuple(session.scalars(query.order_by(Club.code)))


def _role(station: Station | None, facilitator: Facilitator | None, members: tuple[Member, ...]) -> Role:
    if station:
        return "radio"
    if facilitator:
        return "advisor" if facilitator.kind is FacilitatorKind.ADVISER else "facilitator"
    return "member" if members else "unknown"


def _programme(
    session: Session,
    members: tuple[Member, ...],
    facilitator: Facilitator | None,
    station: Station | None,
    pending: Pending | None,
    gateway: Gateway,
) -> Programme | None:
    """The programme of the sender, or the one that asked; of a stranger the oldest that has not ended and that the
    gateway may serve."""
    own = next((row.programme_id for row in (station, facilitator, *members) if row is not None), None)
    own = own or (pending.kept.get("programme") if pending else None)
    if own is not None:
        return session.get_one(Programme, own)
    running = sa.select(Programme).where(Programme.ended_at.is_(None))
    if gateway.adapter != SIMULATOR:
        running = running.where(Programme.demonstration.is_(False))
    return session.scalar(running.order_by(Programme.id).limit(1))


def _language(
    session: Session,
    phone: Phone,
    members: tuple[Member, ...],
    facilitator: Facilitator | None,
    programme: Programme | None,
) -> str:
    """The phone's last used language, else its first member's, the facilitator's, the village's, the programme's."""
    known = [
        phone.language,
        *(member.language for member in members[:1]),
        facilitator.language if facilitator else None,
    ]
    if members:
        known += session.get_one(Place, members[0].village_id).languages[:1]
    known.append(programme.language if programme else None)
    codes = set(session.scalars(sa.select(Language.code)))
    return next((code for code in known if code is not None and code in codes), languages.LAST)
