"""Erasing what is held of the people behind a phone, when they asked for it; its hash stays on the stop list.

What a person is known by goes: her number, her words and ours to her, her name and health data, her roles. What was
counted stays, for it holds nobody. Source: the safeguarding rules, sections 3 and 10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, outbox, people
from messaging.database import change
from messaging.models import (
    Attempt,
    Burst,
    Call,
    Club,
    ClubMember,
    Consent,
    Facilitator,
    FacilitatorClub,
    Inbound,
    Member,
    MemberPhone,
    Message,
    Pending,
    Phone,
    Receipt,
    Staff,
    StationPhone,
)
from messaging.models.people import ContentLevel, LifeStage, MemberStatus, Ownership, Purpose, Route
from messaging.models.post import AttemptState, State
from messaging.rules import Reason

REST = timedelta(hours=1)  # the last answer is on its way
PATIENCE = timedelta(days=7)  # for a message whose outcome nobody knows; the law gives 30 days
WHO = "job:retention"
ON_ITS_WAY = (State.WAITING, State.SUBMITTING, State.HELD)

# Of what was read in an SMS: what says nothing of who wrote it, nor with which words.
COUNTED = frozenset(
    {
        "club", "date", "women", "men", "girls", "boys", "total", "pregnant", "lactating", "session", "episode",
        "cancelled", "replaces", "total_given", "total_computed", "present", "quiz", "answers", "counts",
        "category", "granted", "text_version", "lang", "scope", "topic", "prices", "unit", "mm", "amount", "currency",
        "plants", "received", "quantity", "aired", "time", "satisfied", "confirmed", "quorum", "kept", "already",
    }
)  # fmt: skip
NOBODY: Mapping[str, Any] = {  # what is left of a member
    "first_name": None, "birth_year": None, "age_band": None, "life_stage": LifeStage.NONE, "life_stage_until": None,
    "child_birth_month": None, "literacy": None, "safe_hours": None, "variety": None, "falls_to": None,
    "content_level": ContentLevel.ANYONE, "household_id": None, "route": Route.GROUP,
}  # fmt: skip


@dataclass(frozen=True)
class Erased:
    """Whose traces went: the phones, one and those it took the place of, and the members who are gone with them."""

    phones: tuple[int, ...]
    hashes: tuple[str, ...]
    members: tuple[int, ...]


def due(session: Session, now: datetime, most: int) -> Sequence[int]:
    """Phones whose holders asked to be erased, the oldest wish first; one to which an answer is on its way waits."""
    open_ones = sa.exists().where(Message.phone_id == Phone.id, Message.state.in_(ON_ITS_WAY))
    query = sa.select(Phone.id).where(
        Phone.erase_asked_at <= now - REST,
        Phone.erased_at.is_(None),
        sa.or_(~open_ones, Phone.erase_asked_at <= now - PATIENCE),
    )
    return session.scalars(query.order_by(Phone.erase_asked_at, Phone.id).limit(most)).all()


def erase(session: Session, phone: Phone, now: datetime) -> Erased:
    """Erase the people behind a phone, and behind the numbers that it took the place of; a second call finds nothing.

    Args:
        session: a writing session; it also locks the phone.
        phone: the phone of who asked.
        now: the time.
    """
    session.refresh(phone, with_for_update=True)
    former = sa.select(Phone).where(Phone.replaced_by_id == phone.id).order_by(Phone.id).with_for_update()
    phones = [phone, *session.scalars(former)]
    ids = [row.id for row in phones]
    gone = _members(session, ids, now)
    _roles(session, ids)
    _messages(session, ids, now)
    _inbounds(session, ids)
    for row in phones:
        people.withdraw(session, now, phone_id=row.id)
        _number(row, now)
    session.flush()
    audit.note(session, WHO, "erased", "phone", phone.id, now, after={"phones": len(ids), "members": len(gone)})
    return Erased(tuple(ids), tuple(row.hash for row in phones), tuple(gone))


def bare(readings: Mapping[str, Any]) -> dict[str, Any]:
    """What was read in an SMS without its words, names and places: intents, statuses and counts."""
    return {
        **readings,
        "readings": [
            {**one, "fields": {key: value for key, value in one.get("fields", {}).items() if key in COUNTED}}
            for one in readings.get("readings", ())
        ],
    }


def _number(phone: Phone, now: datetime) -> None:
    """Nothing of the number is left but its hash; the phone stays closed."""
    phone.sealed, phone.last_two, phone.prefix, phone.language = b"", "", "", None
    phone.opted_out_at, phone.opted_out_by = phone.opted_out_at or now, phone.opted_out_by or "sms"
    phone.invalid_at = phone.last_in_at = phone.last_delivered_at = phone.replaced_by_id = None
    phone.erased_at = now


def _members(session: Session, phones: Sequence[int], now: datetime) -> list[int]:
    """Erase who is reached on these phones alone, or whose own they are; gives who is thereby gone.

    Who is reached by her club, on the phone of somebody else, stays in it without a name: nobody ends what she chose.
    """
    links = sa.select(MemberPhone.member_id).where(MemberPhone.phone_id.in_(phones))
    elsewhere = sa.select(MemberPhone.member_id).where(MemberPhone.phone_id.not_in(phones))
    own = sa.select(MemberPhone.member_id).where(
        MemberPhone.phone_id.in_(phones), MemberPhone.ownership == Ownership.OWN
    )
    only = sa.or_(Member.id.in_(own), sa.and_(Member.id.in_(links), Member.id.not_in(elsewhere)))
    known = session.scalars(sa.select(Member.id).where(only)).all()
    gone = session.scalars(
        sa.select(Member.id).where(only, sa.or_(Member.route == Route.PHONE, Member.id.in_(own)))
    ).all()
    change(session, sa.update(Member).where(Member.id.in_(known)).values(**NOBODY))
    change(session, sa.update(Member).where(Member.id.in_(gone)).values(status=MemberStatus.LEFT))
    change(session, sa.delete(ClubMember).where(ClubMember.member_id.in_(gone)))
    ending = sa.or_(
        Consent.member_id.in_(gone), sa.and_(Consent.member_id.in_(known), Consent.purpose == Purpose.LIFE_STAGE)
    )
    agreed = sa.and_(ending, Consent.granted.is_(True), Consent.withdrawn_at.is_(None))
    change(session, sa.update(Consent).where(agreed).values(withdrawn_at=now))
    hers = sa.or_(MemberPhone.phone_id.in_(phones), MemberPhone.member_id.in_(gone))
    change(session, sa.delete(MemberPhone).where(hers))
    return list(gone)


def _roles(session: Session, phones: Sequence[int]) -> None:
    """End what the holder was here: facilitator, host, the phone of a club, an account's own phone."""
    leads = sa.select(Facilitator.id).where(Facilitator.phone_id.in_(phones))
    change(session, sa.delete(FacilitatorClub).where(FacilitatorClub.facilitator_id.in_(leads)))
    change(session, sa.delete(Facilitator).where(Facilitator.phone_id.in_(phones)))
    change(session, sa.delete(StationPhone).where(StationPhone.phone_id.in_(phones)))
    change(session, sa.update(Club).where(Club.relay_phone_id.in_(phones)).values(relay_phone_id=None))
    own = {"phone_id": None, "phone_confirmed_at": None, "phone_code": None, "phone_code_until": None}
    change(session, sa.update(Staff).where(Staff.phone_id.in_(phones)).values(**own))


def _messages(session: Session, phones: Sequence[int], now: datetime) -> None:
    """Close what waits for these phones, look nothing up any more, and erase what was written to them."""
    to_them = Message.phone_id.in_(phones)
    outbox.close_all(session, to_them, Reason.OPTED_OUT, now)
    left = sa.update(Message).where(to_them, Message.state == State.SUBMITTING)
    change(session, left.values(state=State.CLOSED, reason=Reason.UNKNOWN.value, closed_at=now))
    lost = sa.update(Attempt).where(
        Attempt.message_id.in_(sa.select(Message.id).where(to_them)),
        Attempt.state.in_((AttemptState.SUBMITTING, AttemptState.UNKNOWN)),
    )
    change(session, lost.values(state=AttemptState.UNKNOWN, looks=Attempt.looks + 1, next_look_at=None))
    ours = sa.select(Attempt.id).join(Message, Message.id == Attempt.message_id).where(to_them)
    change(session, sa.update(Receipt).where(Receipt.attempt_id.in_(ours)).values(digest=""))
    words = sa.or_(Message.body.is_not(None), Message.body_hash.is_not(None))
    change(session, sa.update(Message).where(to_them, words).values(body=None, body_hash=None))
    for table in (Pending, Burst):
        change(session, sa.delete(table).where(table.phone_id.in_(phones)))
    change(session, sa.update(Call).where(Call.phone_id.in_(phones), Call.done_at.is_(None)).values(done_at=now))


def _inbounds(session: Session, phones: Sequence[int]) -> None:
    """Erase what these phones wrote; what was read and counted in it stays."""
    from_them = Inbound.phone_id.in_(phones)
    read = session.execute(sa.select(Inbound.id, Inbound.readings).where(from_them, Inbound.readings.is_not(None)))
    rows = [{"id": ident, "readings": bare(readings or {})} for ident, readings in read]
    if rows:
        session.execute(sa.update(Inbound), rows)
    words = {"text": "", "undecodable": None, "sender_name": None, "trouble": None, "provider_id": None, "digest": ""}
    key = sa.literal("erased:") + sa.cast(Inbound.id, sa.String)  # a hash of number and words could be guessed
    change(session, sa.update(Inbound).where(from_them).values(**words, dedupe_key=key))
