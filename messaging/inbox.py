"""The inbox: each SMS is stored once, as it came, before anything thinks about it; knows no campaign.

STOP is the one thing recognised here: the opt-out is written in the transaction that stores the SMS, so that no queue
and no crash stands between a STOP and its effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, outbox, people, stop
from messaging.database import ALONE, Database, insert_ignore
from messaging.errors import BusyError
from messaging.gateways.protocol import Arrival
from messaging.models import Facilitator, Gateway, Inbound, Language, Member, MemberPhone, Pending, Phone, StopWord
from messaging.models.post import InboundState
from messaging.phones import NumberError, parse
from messaging.rules import Reason

REPLACEMENT = "\ufffd"
TWIN_WITHIN = timedelta(seconds=60)
TWIN_BACK = timedelta(days=3)  # how far back the first of two is looked for


def receive(db: Database, gateway: str, arrivals: Sequence[Arrival]) -> int:
    """Store what came in, each once, in one transaction; gives how many are new.

    Raises:
        BusyError: the database is locked or down; the gateway should bring it again.
    """
    try:
        with db.write(hasty=True) as session:
            row = session.scalars(sa.select(Gateway).where(Gateway.name == gateway)).one()
            return sum(store(session, row, arrival) is not None for arrival in arrivals)
    except sa.exc.OperationalError as error:
        raise BusyError from error


def store(session: Session, gateway: Gateway, arrival: Arrival) -> int | None:
    """Store one SMS and, when it is a STOP, its effect; gives its id, or None when it was there already."""
    text = clean(arrival.text)
    phone = _phone(session, arrival)
    if phone is not None:  # first of all: whoever handles an SMS of this phone locks it first too
        session.refresh(phone, with_for_update=ALONE)
    statement = insert_ignore(session, Inbound, ["gateway_id", "dedupe_key"])
    values: dict[str, Any] = {
        "gateway_id": gateway.id, "dedupe_key": arrival.dedupe_key[:80], "kind": arrival.kind, "text": text,
        "phone_id": phone.id if phone else None, "sender_name": None if phone else clean(arrival.sender)[:40],
        "recipient": arrival.recipient, "called": arrival.called, "received_at": arrival.received_at,
        "gateway_at": arrival.gateway_at, "provider_id": arrival.provider_id, "gateway_opt": arrival.gateway_opt,
        "replaced": text != arrival.text, "undecodable": arrival.undecodable, "segments": arrival.segments,
        "digest": arrival.digest, "stopped": False, "tries": 0, "next_at": arrival.received_at,
        "maybe_sensitive": False, "state": InboundState.HELD if phone and phone.quarantine else InboundState.NEW,
        "twin_of": None,
    }  # fmt: skip
    if arrival.may_repeat:
        values["twin_of"] = _twin(session, values)
    found = session.execute(statement.values(**values).returning(Inbound.id)).scalar()
    if found is None or phone is None:
        return found
    phone.last_in_at = arrival.received_at
    by = "gateway" if arrival.gateway_opt == "stop" else "sms"
    is_stop = by == "gateway" or says_stop(session, phone, text)
    if is_stop and not _is_echo(session, values) and opt_out(session, phone, by, arrival.received_at):
        session.execute(sa.update(Inbound).where(Inbound.id == found).values(stopped=True, twin_of=None))
    return int(found)


def clean(text: str) -> str:
    """The text with U+0000 and lone surrogates, which no database takes, as U+FFFD."""
    return "".join(REPLACEMENT if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in text)


def says_stop(session: Session, phone: Phone, text: str) -> bool:
    """Whether this SMS is an opt-out, in the languages of those who use the phone."""
    known = voice(session, phone)
    words = session.execute(sa.select(StopWord.word, StopWord.language)).all()
    extra = [word for word, code in words if code is None or code in known.codes]
    return any(stop.is_stop(text, code, dogon=known.dogon, extra=extra) for code in known.codes)


@dataclass(frozen=True)
class Voice:
    """The languages that may be heard on a phone, and whether a Dogon one is among them."""

    codes: tuple[str, ...]
    dogon: bool


def voice(session: Session, phone: Phone) -> Voice:
    """The languages of a phone: its last used one, those of its members and of who leads clubs with it; else French."""
    members = sa.select(Member.language).join(MemberPhone).where(MemberPhone.phone_id == phone.id)
    leaders = sa.select(Facilitator.language).where(Facilitator.phone_id == phone.id, Facilitator.active.is_(True))
    codes = {phone.language, *session.scalars(sa.union(members, leaders))} - {None}
    families = session.scalars(sa.select(Language.family).where(Language.code.in_(codes))).all()
    return Voice(tuple(sorted(code for code in codes if code)) or ("fr",), "dogon" in families)


def opt_out(session: Session, phone: Phone, by: str, now: datetime) -> bool:
    """Close a phone for everything but answers to its own SMS, at once and for good; False when it was closed."""
    session.execute(sa.delete(Pending).where(Pending.phone_id == phone.id))
    if phone.opted_out_at is not None:
        phone.opted_out_at = max(phone.opted_out_at, now)  # a later yes must be later than the last STOP
        return False
    phone.opted_out_at, phone.opted_out_by = now, by
    outbox.close_phone(session, phone.id, Reason.OPTED_OUT, now)
    audit.note(session, f"phone:{by}", "opted_out", "phone", phone.id, now)
    return True


def _twin(session: Session, new: Mapping[str, Any]) -> int | None:
    """The SMS that this one is over again, when a telephone brings one SMS twice with two times; None for a new one.

    A telephone tells the time of the operator or its own, so its times are held against each other and against ours;
    never ours against ours, because a telephone that was away brings the SMS of a whole day within a minute. Two alike
    within a minute are taken for one: both are kept, one is answered.
    """
    heard, told = new["received_at"], new["gateway_at"] or new["received_at"]
    query = (
        sa.select(Inbound.id)
        .where(Inbound.gateway_id == new["gateway_id"], Inbound.text == new["text"], Inbound.twin_of.is_(None))
        .where(Inbound.phone_id == new["phone_id"], Inbound.sender_name == new["sender_name"])
        .where(Inbound.received_at >= heard - TWIN_BACK, Inbound.dedupe_key != new["dedupe_key"])
        .where(_near(Inbound.gateway_at, told) | _near(Inbound.received_at, told) | _near(Inbound.gateway_at, heard))
        .order_by(Inbound.id)
    )
    return session.scalar(query.limit(1))


def _is_echo(session: Session, new: Mapping[str, Any]) -> bool:
    """True for an SMS that is brought again, and not written again after something else.

    A STOP that is brought again must not close a phone whose owner came back since; one that is written again must.
    """
    if new["twin_of"] is None:
        return False
    first = sa.select(Inbound.gateway_at).where(Inbound.id == new["twin_of"]).scalar_subquery()
    between = sa.exists().where(
        Inbound.phone_id == new["phone_id"], Inbound.text != new["text"],
        Inbound.gateway_at > first, Inbound.gateway_at < new["gateway_at"],
    )  # fmt: skip
    return not session.scalar(sa.select(between))


def _near(column: Any, moment: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(column > moment - TWIN_WITHIN, column < moment + TWIN_WITHIN)


def _phone(session: Session, arrival: Arrival) -> Phone | None:
    """The phone row of a sender; none for a name or a short code."""
    try:
        number = parse(arrival.sender)
    except NumberError:
        return None
    return people.add_phone(session, number, arrival.received_at)
