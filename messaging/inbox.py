"""The inbox: each SMS is stored once, as it came, before anything thinks about it; knows no campaign.

STOP is the one thing recognised here: the opt-out is written in the transaction that stores the SMS, so that no queue
and no crash stands between a STOP and its effect.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from messaging import audit, outbox, people, stop
from messaging.batches import rows_in
from messaging.database import Database, keys_of
from messaging.gateways.protocol import Arrival
from messaging.gateways.rows import named
from messaging.gathering import Part
from messaging.models import Facilitator, Gateway, Inbound, Language, Member, MemberPhone, Pending, Phone, StopWord
from messaging.models.post import InboundState
from messaging.phones import NumberError, parse
from messaging.rules import Reason

Came = tuple[int, Arrival]  # what came in, behind the id of its gateway
REPLACEMENT = "\ufffd"
TWIN_WITHIN = timedelta(seconds=60)
LATE = timedelta(hours=3)  # more than two clocks and a wrong zone may be apart
BELIEVED = timedelta(days=7)
TWIN_BACK = timedelta(days=3)  # how far back the first of two is looked for

# Built once, and of tables alone: each SMS that comes in asks them, and building costs more than asking.
INBOUND: sa.Table = Inbound.__table__  # type: ignore[assignment]
PHONES: sa.Table = Phone.__table__  # type: ignore[assignment]
STOP_WORDS: sa.Table = StopWord.__table__  # type: ignore[assignment]
LOCKED_PHONES = (
    sa.select(PHONES.c.hash, PHONES.c.id, PHONES.c.quarantine, PHONES.c.sealed)
    .where(PHONES.c.hash.in_(sa.bindparam("hashes", expanding=True)))
    .order_by(PHONES.c.id)
    .with_for_update(key_share=True)
)
HEARD = sa.update(PHONES).where(PHONES.c.id == sa.bindparam("ident")).values(last_in_at=sa.bindparam("at"))
WORDS = sa.select(STOP_WORDS.c.word, STOP_WORDS.c.language)
INSERT = {
    name: insert(INBOUND)
    .on_conflict_do_nothing(index_elements=["gateway_id", "dedupe_key"])
    .returning(INBOUND.c.gateway_id, INBOUND.c.dedupe_key, INBOUND.c.id)
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


def receive(db: Database, gateway: str, arrivals: Sequence[Arrival]) -> int:
    """Store what came in, each once, in one transaction; gives how many are new.

    Raises:
        BusyError: the database is locked or down; the gateway should bring it again.
        LookupError: there is no such gateway.
    """
    facts = named(db, gateway)
    if facts is None:
        raise LookupError("no such gateway")
    return db.gather(Part(_receive, [(facts.id, arrival) for arrival in arrivals]))


def unknown(db: Database, gateway_id: int, arrivals: Collection[Arrival]) -> list[Arrival]:
    """Of many that a gateway lists those that are not stored yet, in their order."""
    with db.read() as session:
        query = sa.select(INBOUND.c.dedupe_key).where(INBOUND.c.gateway_id == gateway_id)
        listed = (_key(arrival) for arrival in arrivals)
        known = {row.dedupe_key for row in rows_in(session, query, INBOUND.c.dedupe_key, listed)}
    return [arrival for arrival in arrivals if _key(arrival) not in known]


def store(session: Session, gateway: Gateway, arrival: Arrival) -> int | None:
    """Store one SMS and, when it is a STOP, its effect; gives its id, or None when it was there already."""
    return _store(session, [(gateway.id, arrival)])[0]


def _receive(session: Session, lots: Sequence[Sequence[Came]]) -> list[int]:
    """Store what came in with several calls; gives how many are new of each."""
    idents = iter(_store(session, [one for lot in lots for one in lot]))
    return [sum(ident is not None for ident in islice(idents, len(lot))) for lot in lots]


def _store(session: Session, came: Sequence[Came]) -> list[int | None]:
    """Store SMS; gives the id of each, None for one that was there already."""
    if not came:
        return []
    if len(came) > 1 and any(arrival.may_repeat for _, arrival in came):  # the second of two alike must find the first
        return [ident for one in came for ident in _store(session, [one])]
    line = session.connection()
    # First of all: whoever handles an SMS of a phone locks it first too.
    phones = _phones(session, line, [arrival for _, arrival in came])
    rows = [_row(session, *one, phone) for one, phone in zip(came, phones, strict=True)]
    stored = line.execute(INSERT[line.dialect.name], rows)
    new = {(gateway_id, key): ident for gateway_id, key, ident in stored}
    idents = [new.pop((row["gateway_id"], row["dedupe_key"]), None) for row in rows]
    known = [(ident, row) for ident, row in zip(idents, rows, strict=True) if ident and row["phone_id"]]
    if known:
        line.execute(HEARD, [{"ident": row["phone_id"], "at": row["received_at"]} for _, row in known])
    for ident, row in known:
        _obey(session, ident, row)
    return idents


def _row(session: Session, gateway_id: int, arrival: Arrival, phone: Any) -> dict[str, Any]:
    text = clean(arrival.text)
    values: dict[str, Any] = {
        "gateway_id": gateway_id, "dedupe_key": _key(arrival), "kind": arrival.kind, "text": text,
        "phone_id": phone.id if phone else None, "sender_name": None if phone else clean(arrival.sender)[:40],
        "recipient": arrival.recipient, "called": arrival.called, "received_at": arrival.received_at,
        "gateway_at": arrival.gateway_at, "provider_id": arrival.provider_id, "gateway_opt": arrival.gateway_opt,
        "replaced": text != arrival.text, "undecodable": arrival.undecodable, "segments": arrival.segments,
        "digest": arrival.digest, "stopped": False, "tries": 0, "next_at": arrival.received_at,
        "maybe_sensitive": False, "state": InboundState.HELD if phone and phone.quarantine else InboundState.NEW,
        "twin_of": None,
    }  # fmt: skip
    return {**values, "twin_of": _twin(session, values)} if arrival.may_repeat else values


def _obey(session: Session, ident: int, new: Mapping[str, Any]) -> None:
    """Close the phone when the SMS that was just stored asks for it."""
    by = "gateway" if new["gateway_opt"] == "stop" else "sms"
    if by == "sms" and not stop.is_stop_somewhere(new["text"], (word for word, _ in _words(session))):
        return
    phone = session.get_one(Phone, new["phone_id"], populate_existing=True)
    is_stop = by == "gateway" or says_stop(session, phone, new["text"])
    if is_stop and not _is_echo(session, new) and opt_out(session, phone, by, new["received_at"]):
        session.execute(sa.update(Inbound).where(Inbound.id == ident).values(stopped=True, twin_of=None))


def written_at(inbound: Inbound) -> datetime:
    """When an SMS was written, as nearly as is known: when it reached us, or, of one that came hours late, when its
    gateway had it.

    A list that was read days later and a telephone that was out of reach bring old SMS: a "1" or a "yes" in them
    answers nothing that was asked since, and "today" is their own day. A gateway's clock is believed for nothing else,
    and only where it tells of hours and not of weeks.
    """
    told = inbound.gateway_at
    is_late = told is not None and LATE <= inbound.received_at - told <= BELIEVED
    return told if told is not None and is_late else inbound.received_at


def clean(text: str) -> str:
    """The text with U+0000 and lone surrogates, which no database takes, as U+FFFD."""
    return "".join(REPLACEMENT if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in text)


def says_stop(session: Session, phone: Phone, text: str) -> bool:
    """Whether this SMS is an opt-out, in the languages of those who use the phone."""
    known = voice(session, phone)
    extra = [word for word, code in _words(session) if code is None or code in known.codes]
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


def _words(session: Session) -> list[tuple[str, str | None]]:
    """The words that staff entered, each with its language or none; asked once a transaction."""
    known: list[tuple[str, str | None]] | None = session.info.get(WORDS)
    if known is None:
        known = session.info[WORDS] = [(row.word, row.language) for row in session.connection().execute(WORDS)]
    return known


def _phones(session: Session, line: sa.Connection, arrivals: Sequence[Arrival]) -> list[Any]:
    """Id and quarantine of each sender's phone, locked; none for a name or a short code."""
    session.flush()
    numbers = [_number(arrival.sender) for arrival in arrivals]
    hashes = [None if number is None else keys_of(session).find(number) for number in numbers]
    whose = {"hashes": {one for one in hashes if one is not None}}
    found = {row.hash: row for row in line.execute(LOCKED_PHONES, whose) if row.sealed}
    if len(found) < len(whose["hashes"]):
        for number, one, arrival in zip(numbers, hashes, arrivals, strict=True):
            if number is not None and one not in found:
                people.add_phone(session, number, arrival.received_at)
        found = {row.hash: row for row in line.execute(LOCKED_PHONES, whose)}
    return [found.get(one) for one in hashes]


def _number(sender: str) -> str | None:
    try:
        return parse(sender)
    except NumberError:
        return None


def _key(arrival: Arrival) -> str:
    return arrival.dedupe_key[:80]
