"""People as sets: phones found and kept under seal, consent with its evidence; knows no message and no file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import phonenumbers
import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.batches import rows_in
from messaging.database import change, insert_ignore, keys_of
from messaging.models import Consent, Phone
from messaging.models.people import Purpose, Way


def find_phone(session: Session, number: str) -> Phone | None:
    """The row of an E.164 number, or None when it was never seen."""
    return session.scalar(sa.select(Phone).where(Phone.hash == keys_of(session).find(number)))


def find_phones(session: Session, numbers: Iterable[str]) -> dict[str, int]:
    """The ids of those E.164 numbers that are known, by number."""
    keys = keys_of(session)
    hashes = {keys.find(number): number for number in numbers}
    rows = rows_in(session, sa.select(Phone.hash, Phone.id), Phone.hash, hashes)
    return {hashes[row.hash]: row.id for row in rows}


def add_phone(session: Session, number: str, now: datetime) -> Phone:
    """The row of an E.164 number, made when it is new; a second call gives the same row.

    An erased number that writes again is kept again, for only so can it be answered; it stays closed, and without a
    new consent the next erasure takes it away.
    """
    known = find_phone(session, number)
    if known is not None:
        if not known.sealed:
            seal(session, known, number, now, erase_asked_at=now)
        return known
    _insert(session, [number], now)
    return session.scalars(sa.select(Phone).where(Phone.hash == keys_of(session).find(number))).one()


def add_phones(session: Session, numbers: Iterable[str], now: datetime) -> dict[str, int]:
    """The ids of all these E.164 numbers, by number; what is new is sealed and stored."""
    wanted = list(dict.fromkeys(numbers))
    known = find_phones(session, wanted)
    new = [number for number in wanted if number not in known]
    if new:
        _insert(session, new, now)
        known |= find_phones(session, new)
    return known


def seal(session: Session, phone: Phone, number: str, now: datetime, erase_asked_at: datetime | None = None) -> None:
    """Keep the number of an erased phone again; whether anything may be written to it is not decided here."""
    kept = phone_row(session, number, now)
    phone.sealed, phone.last_two, phone.prefix = kept["sealed"], kept["last_two"], kept["prefix"]
    phone.erased_at, phone.erase_asked_at = None, erase_asked_at
    session.flush()


@dataclass(frozen=True, slots=True)
class Evidence:
    """How consent was given: without all of this there is none. A witness is an initial, for oral consent only."""

    text_version: str
    language: str
    way: Way
    given_at: datetime
    taken_by: str | None = None
    witness: str | None = None


def give(
    session: Session,
    programme_id: int,
    purpose: Purpose,
    evidence: Evidence,
    *,
    member_id: int | None = None,
    phone_id: int | None = None,
) -> bool:
    """Note that a member, or a phone without a member, agrees to a purpose.

    Returns:
        False when this very consent is on record already, withdrawn or not: old evidence never opens it again.
    """
    whose = _of(member_id, phone_id)
    same = sa.and_(
        whose,
        Consent.purpose == purpose,
        Consent.granted.is_(True),
        Consent.given_at == evidence.given_at,
        Consent.text_version == evidence.text_version,
    )
    if session.scalar(sa.select(sa.exists().where(same))):
        return False
    session.add(Consent(**_row(programme_id, purpose, evidence, member_id, phone_id), granted=True))
    return True


def refuse(session: Session, programme_id: int, purpose: Purpose, evidence: Evidence, phone_id: int) -> None:
    """Note that the holder of a phone refuses a purpose; what the phone itself agreed to before ends."""
    withdraw(session, evidence.given_at, purpose=purpose, phone_id=phone_id)
    session.add(Consent(**_row(programme_id, purpose, evidence, None, phone_id), granted=False))


def withdraw(
    session: Session,
    now: datetime,
    *,
    purpose: Purpose | None = None,
    member_id: int | None = None,
    phone_id: int | None = None,
) -> int:
    """End what a member, or a phone without a member, agreed to: one purpose, or all; gives how many consents end."""
    open_ones = sa.and_(_of(member_id, phone_id), Consent.granted.is_(True), Consent.withdrawn_at.is_(None))
    if purpose is not None:
        open_ones = sa.and_(open_ones, Consent.purpose == purpose)
    return change(session, sa.update(Consent).where(open_ones).values(withdrawn_at=now))


def agreed(purpose: Purpose) -> sa.Select[int | None]:
    """A query of the ids of all members who agreed to a purpose and did not withdraw."""
    return sa.select(Consent.member_id).where(
        Consent.purpose == purpose,
        Consent.granted.is_(True),
        Consent.withdrawn_at.is_(None),
        Consent.member_id.is_not(None),
    )


def phone_row(session: Session, number: str, now: datetime) -> dict[str, Any]:
    """The columns of a new phone: sealed, findable by its hash, its last two digits and its operator's range."""
    keys = keys_of(session)
    return {
        "sealed": keys.seal(number),
        "hash": keys.find(number),
        "last_two": number[-2:],
        "prefix": _prefix(number),
        "created_at": now,
    }


def _insert(session: Session, numbers: list[str], now: datetime) -> None:
    # Two SMS of one new sender may arrive at once: the second row is ignored, and both find the first.
    rows = [phone_row(session, number, now) for number in numbers]
    session.execute(insert_ignore(session, Phone, ["hash"]), rows)


def _prefix(number: str) -> str:
    """Country code and two digits: `+22376`."""
    parsed = phonenumbers.parse(number)
    return f"+{parsed.country_code}{str(parsed.national_number)[:2]}"


def _of(member_id: int | None, phone_id: int | None) -> sa.ColumnElement[bool]:
    if member_id is not None:
        return Consent.member_id == member_id
    assert phone_id is not None, "consent belongs to a member or to a phone"
    return sa.and_(Consent.phone_id == phone_id, Consent.member_id.is_(None))


def _row(
    programme_id: int, purpose: Purpose, evidence: Evidence, member_id: int | None, phone_id: int | None
) -> dict[str, Any]:
    return {
        "programme_id": programme_id,
        "purpose": purpose,
        "member_id": member_id,
        "phone_id": phone_id,
        **asdict(evidence),
    }
