"""What the service knows about a sender, gathered from the tables before an SMS is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.conversation import known
from campaigns.conversation.asked import Asked as Asked
from campaigns.conversation.asked import last_question, option_called
from campaigns.conversation.facts import Facts, facts_of
from campaigns.conversation.grammar.reading import Role
from campaigns.conversation.pending import UNREAD_TO
from messaging import inbox, languages
from messaging.models import Club, Facilitator, Gateway, Inbound, Member, Pending, Phone, Programme, Station
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
    practice: int | None = None  # the facilitator, while her reports are for training only
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def drafts(self) -> bool:
        """True when unreviewed replies may be shown: on the simulator alone."""
        return self.gateway.adapter == SIMULATOR


def gather(session: Session, inbound: Inbound, phone: Phone, facts: Facts | None = None) -> Sender:
    """Build the sender of a stored inbound; `now` of the reader is when the inbound was received, or, when it came
    hours late, when it was written. Who has many to build gives what was asked for all of them at once."""
    now = inbox.written_at(inbound)
    facts = facts or facts_of(session, [inbound])
    members = tuple(facts.members.get(phone.id, ()))
    facilitator = _facilitator(facts.facilitators.get(phone.id, ()))
    station = next(iter(facts.stations.get(phone.id, ())), None)
    clubs = facts.clubs.get(facilitator.id, ()) if facilitator else ()
    gateway = facts.gateways[inbound.gateway_id]
    pending = _pending(facts.questions.get(phone.id), inbound)
    programme = _programme(facts, members, facilitator, station, pending, gateway)
    language = _language(facts, phone, members, facilitator, programme)
    is_asked = phone.id in facts.asked
    sender = Sender(
        inbound=inbound,
        phone=phone,
        gateway=gateway,
        role=_role(station, facilitator, members),
        programme=programme,
        language=language,
        dogon=facts.families.get(language) == "dogon",
        codes=_codes(session, facts, programme, language),
        members=members,
        clubs=known.of_number(clubs, inbound.recipient, now.date()),
        station=station,
        pending=pending,
        asked=last_question(session, phone, now, is_late=now < inbound.received_at) if is_asked else None,
        practice=facilitator.id if facilitator and facilitator.practice else None,
    )
    return replace(sender, context=_context(session, facts, sender, now))


def _context(session: Session, facts: Facts, sender: Sender, now: datetime) -> dict[str, Any]:
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
        context |= _of_clubs(session, facts, sender, now)
    return context | _of_text(session, sender, now)


def _of_clubs(session: Session, facts: Facts, sender: Sender, now: datetime) -> dict[str, Any]:
    """What a reporter's clubs add; a club without registered members has no size, so that the usual one holds."""
    sizes = {club.code: club.size_f + club.size_m for club in sender.clubs}
    today, trains = now.date(), sender.practice
    return {
        "clubs": list(sizes),
        "club_size": {code: size for code, size in sizes.items() if size},
        "existing": known.practised(session, trains, today) if trains else known.existing(session, sender.clubs, today),
        "market": facts.places[sender.clubs[0].village_id].sms_name,
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


def _pending(pending: Pending | None, inbound: Inbound) -> Pending | None:
    """The question that this SMS may answer: no yes that lay there before it was asked; a half may have."""
    written_at = inbox.written_at(inbound)
    if pending is None or pending.expires_at <= written_at:
        return None
    if written_at < inbound.received_at and pending.made_at > written_at:
        return None
    is_before = inbound.id is not None and inbound.id <= pending.kept.get(UNREAD_TO, 0)  # one that is tried has no id
    return None if is_before and pending.kind not in HALVES else pending


def _facilitator(rows: Sequence[Facilitator]) -> Facilitator | None:
    """An adviser before a facilitator: one phone has one role."""
    return min(rows, key=lambda row: row.kind is not FacilitatorKind.ADVISER, default=None)


def _role(station: Station | None, facilitator: Facilitator | None, members: tuple[Member, ...]) -> Role:
    if station:
        return "radio"
    if facilitator:
        return "advisor" if facilitator.kind is FacilitatorKind.ADVISER else "facilitator"
    return "member" if members else "unknown"


def _programme(
    facts: Facts,
    members: Sequence[Member],
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
        return facts.programmes[own]
    running = (row for row in facts.programmes.values() if row.ended_at is None)
    return next((row for row in running if gateway.adapter == SIMULATOR or not row.demonstration), None)


def _language(
    facts: Facts,
    phone: Phone,
    members: Sequence[Member],
    facilitator: Facilitator | None,
    programme: Programme | None,
) -> str:
    """The phone's last used language, else its first member's, the facilitator's, the village's, the programme's."""
    spoken = [
        phone.language,
        *(member.language for member in members[:1]),
        facilitator.language if facilitator else None,
    ]
    if members:
        spoken += facts.places[members[0].village_id].languages[:1]
    spoken.append(programme.language if programme else None)
    return next((code for code in spoken if code is not None and code in facts.families), languages.LAST)


def _codes(session: Session, facts: Facts, programme: Programme | None, language: str) -> tuple[str, ...]:
    if programme is None:
        return (language,)
    return tuple(languages.chain(session, programme.id, language, facts.chains.get((programme.id, language), ())))
