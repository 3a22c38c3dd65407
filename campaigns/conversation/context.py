"""What the service knows about a sender, gathered from the tables before an SMS is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import known
from campaigns.conversation.asked import Asked as Asked
from campaigns.conversation.asked import last_question, option_called
from campaigns.conversation.grammar.reading import Role
from campaigns.conversation.pending import UNREAD_TO
from messaging import inbox, languages
from messaging.models import (
    Club,
    Facilitator,
    FacilitatorClub,
    Gateway,
    Inbound,
    Language,
    Member,
    MemberPhone,
    Pending,
    Phone,
    Place,
    Programme,
    Station,
    StationPhone,
)
from messaging.models.people import FacilitatorKind
from messaging.routing import SIMULATOR

HALVES = ("attendance_club", "attendance_partial", "report_total", "feedback_text")  # sent on without being asked


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
    """Build the sender of a stored inbound; `now` of the reader is when the inbound was received, or, when it came
    hours late, when it was written."""
    now = inbox.written_at(inbound)
    members = _members(session, phone)
    facilitator = _facilitator(session, phone)
    station = _station(session, phone)
    gateway = session.get_one(Gateway, inbound.gateway_id)
    pending = _pending(session, phone, inbound)
    programme = _programme(session, members, facilitator, station, pending, gateway)
    language = _language(session, phone, members, facilitator, programme)
    sender = Sender(
        inbound=inbound,
        phone=phone,
        gateway=gateway,
        role=_role(station, facilitator, members),
        programme=programme,
        language=language,
        dogon=languages.is_dogon(session, language),
        codes=tuple(languages.chain(session, programme.id, language)) if programme else (language,),
        members=members,
        clubs=known.of_number(_clubs(session, facilitator), inbound.recipient, now.date()),
        station=station,
        pending=pending,
        asked=last_question(session, phone, now, is_late=now < inbound.received_at),
    )
    return replace(sender, context=_context(session, sender, now))


def _context(session: Session, sender: Sender, now: datetime) -> dict[str, Any]:
    """The keys of the reader's context; a missing key means none."""
    context: dict[str, Any] = {"now": now.isoformat(), "lang": sender.language, "dogon": sender.dogon}
    if sender.pending:
        context["pending"] = {"type": sender.pending.kind, **sender.pending.kept}
    if sender.asked:
        context["quiz"] = dict(sender.asked.quiz)
    if len(sender.members) > 1:
        context["phone_members"] = [member.first_name for member in sender.members if member.first_name]
    if sender.station:
        context["station"] = sender.station.name
    if sender.phone.opted_out_at:
        context["opted_out"] = True
    if sender.clubs:
        context |= _of_clubs(session, sender, now)
    return context | _of_text(session, sender, now)


def _of_clubs(session: Session, sender: Sender, now: datetime) -> dict[str, Any]:
    """What a reporter's clubs add; a club without registered members has no size, so that the usual one holds."""
    sizes = {club.code: club.size_f + club.size_m for club in sender.clubs}
    return {
        "clubs": list(sizes),
        "club_size": {code: size for code, size in sizes.items() if size},
        "existing": known.existing(session, sender.clubs, now.date()),
        "market": session.get_one(Place, sender.clubs[0].village_id).sms_name,
    }


def _of_text(session: Session, sender: Sender, now: datetime) -> dict[str, Any]:
    """What only some messages need: a missed call, a wish to join, the receipt of a distribution."""
    inbound, found = sender.inbound, dict[str, Any]()
    if inbound.kind == "missed_call":
        asked = sender.asked.quiz["questions"][0] if sender.asked else {}
        found |= {"event": "missed_call", "called": option_called(inbound.called or "", asked)}
    if sender.programme and known.may_join(inbound.text):
        found["villages"] = known.villages(session, sender.programme.id, now.date())
        found["member_clubs"] = known.member_clubs(session, sender.members)
    if known.may_acknowledge(inbound.text) and (given := known.distribution(session, sender.phone.id, now)):
        found["distribution"] = given
    return found


def _pending(session: Session, phone: Phone, inbound: Inbound) -> Pending | None:
    """The question that this SMS may answer: no yes that lay there before it was asked; a half may have."""
    pending = session.get(Pending, phone.id)
    written_at = inbox.written_at(inbound)
    if pending is None or pending.expires_at <= written_at:
        return None
    if written_at < inbound.received_at and pending.made_at > written_at:
        return None
    is_before = inbound.id is not None and inbound.id <= pending.kept.get(UNREAD_TO, 0)  # one that is tried has no id
    return None if is_before and pending.kind not in HALVES else pending


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
