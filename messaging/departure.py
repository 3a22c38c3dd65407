"""The last moment: for a batch of claimed messages gather what the rules ask, with few queries, and decide each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from messaging import budget, quarantine, risk, trial
from messaging.errors import DataError
from messaging.hours import HoursRule, next_open, parse_spans
from messaging.models import (
    Cap,
    Consent,
    Gateway,
    Hours,
    Inbound,
    Member,
    MemberPhone,
    Message,
    PausedStep,
    Phone,
    Programme,
    Text,
    TextState,
    TextVersion,
)
from messaging.models.people import ContentLevel, Ownership, Purpose
from messaging.models.post import Kind, State
from messaging.routing import ANSWER_COST, SIMULATOR, answer_cost, choose, price
from messaging.rules import LOOK_AGAIN, Facts, Reason, Verdict, decide
from messaging.wording import has_open_slot, render

log = structlog.get_logger()
REPLIES_AN_HOUR = 10
OF_THE_CATALOGUE = (quarantine.OCCURRENCE, "nudge:")  # starts of occurrences whose words are a reply's
UNREADABLE_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class Departure:
    """One message at the last moment: what is decided, and the words and gateway when it goes."""

    message: Message
    phone: Phone
    text: str
    gateway: Gateway | None
    verdict: Verdict


def look(session: Session, messages: Sequence[Message], now: datetime) -> list[Departure]:
    """Decide each message of a batch; the number of queries does not grow with the batch."""
    known = _gather(session, messages, now)
    return [_paid(known, _departure(known, message, now)) for message in messages]


@dataclass(frozen=True)
class _Known:
    phones: dict[int, Phone]
    programmes: dict[int, Programme]
    rules: dict[int, list[HoursRule] | None]  # None: a row cannot be read, nothing leaves until it is mended
    texts: dict[int, Text]
    versions: dict[tuple[int, int], TextVersion]
    gateways: list[Gateway]
    paused: set[int]  # steps of paused campaigns
    ground: risk.Ground  # the places
    members: set[int]  # who agreed
    agreed_phones: set[int]
    personal: set[tuple[int, int]]  # member and phone that chose personal content
    looping: set[int]  # replies that are one too many
    capped: dict[Kind, set[int]]
    purse: dict[tuple[int, date], int]  # what may still leave, of the months that have a limit; it shrinks as they go
    owners: dict[int, trial.Owner]  # of the phones that may get a trial, by account


def _gather(session: Session, messages: Sequence[Message], now: datetime) -> _Known:
    phone_ids = {message.phone_id for message in messages}
    members = {message.member_id for message in messages if message.member_id}
    programmes = _by_id(session, Programme, {message.programme_id for message in messages})
    texts = _by_id(session, Text, {message.text_id for message in messages if message.text_id})
    return _Known(
        phones=_by_id(session, Phone, phone_ids),
        programmes=programmes,
        rules={key: _rules(session, key) for key, row in programmes.items() if not row.always_open},
        texts=texts,
        versions=_versions(session, messages),
        gateways=list(
            session.scalars(sa.select(Gateway).order_by(Gateway.id).with_for_update(key_share=True))
        ),  # their buckets
        paused=set(session.scalars(sa.select(PausedStep.step_id))),
        ground=risk.look(session, messages, now),
        members=_agreed(session, Consent.member_id, members),
        agreed_phones=_agreed(session, Consent.phone_id, phone_ids),
        personal=_personal(session, members),
        looping=_looping(session, messages, now),
        capped=_capped(session, phone_ids, now),
        purse=budget.left(session, {(m.programme_id, budget.month_of(m.due_at)) for m in messages}),
        owners=trial.owners(session, {message.trial_of for message in messages if message.trial_of}),
    )


def _departure(known: _Known, message: Message, now: datetime) -> Departure:
    phone, programme = known.phones[message.phone_id], known.programmes[message.programme_id]
    owner, is_trial = known.owners.get(message.trial_of or 0), message.trial_of is not None
    demonstration = programme.demonstration or (owner is not None and owner.demonstration)
    came_by = message.gateway_id if message.kind is Kind.REPLY else None
    gateway = choose(known.gateways, phone.prefix, message.kind, demonstration, came_by)
    if not _tells_its_cost(message, gateway):
        verdict = Verdict("later", Reason.ANSWER_COST, now + LOOK_AGAIN)
        return Departure(message, phone, "", gateway, verdict)
    text, approved = _words(known, message)
    is_hers = owner is not None and owner.may_get(message, now)
    facts = Facts(
        kind=message.kind,
        useful_until=message.useful_until,
        opens_at=_opens(known, message, programme, now),
        opted_out=phone.opted_out_at is not None,
        consented=message.member_id in known.members if message.member_id else phone.id in known.agreed_phones,
        quarantined=phone.quarantine is not None,
        invalid=phone.invalid_at is not None,
        capped=phone.id in known.capped.get(message.kind, set()),
        looping=message.id in known.looping,
        risky=known.ground.is_risky(message),
        place_paused=known.ground.is_paused(message),
        over_budget=_is_over(known, message, cost(message, gateway, phone)),
        approved=approved,
        personal=message.personal,
        owner_chose_personal=(message.member_id or 0, phone.id) in known.personal,
        demonstration=demonstration,
        campaign_paused=message.step_id in known.paused and not is_trial,
        gateway=_standing(gateway),
        trial=is_hers,
        false_trial=is_trial and not is_hers,
    )
    if not phone.sealed:  # its number was erased, and that phone is closed
        return Departure(message, phone, text, gateway, Verdict("close", Reason.OPTED_OUT))
    if not text:
        return Departure(message, phone, text, gateway, Verdict("close", Reason.NO_TEXT))
    if message.body is None and has_open_slot(text):
        return Departure(message, phone, text, gateway, Verdict("close", Reason.EMPTY_SLOT))
    if known.rules.get(programme.id, []) is None:
        return Departure(message, phone, text, gateway, Verdict("later", Reason.HOURS, now + UNREADABLE_WAIT))
    return Departure(message, phone, text, gateway, decide(facts, now))


def _tells_its_cost(message: Message, gateway: Gateway | None) -> bool:
    """Let a text that says what an answer costs say it of the gateway it really takes; False when nobody knows."""
    if gateway is None or not message.slots or ANSWER_COST not in message.slots:
        return True
    said = answer_cost(gateway)
    if said and said != message.slots[ANSWER_COST]:
        message.slots = {**message.slots, ANSWER_COST: said}
    return bool(said)


def cost(message: Message, gateway: Gateway | None, phone: Phone) -> int:
    """What a message costs on the gateway it takes, in millionths of XOF; as planned while none serves it."""
    return message.price_micros if gateway is None else message.segments * price(gateway, phone.prefix)


def _is_over(known: _Known, message: Message, micros: int) -> bool:
    left = known.purse.get((message.programme_id, budget.month_of(message.due_at)))
    return left is not None and micros > 0 and left < micros


def _paid(known: _Known, leaving: Departure) -> Departure:
    """Take what a message costs out of the purse, so that the next one of the batch finds what is left."""
    key = (leaving.message.programme_id, budget.month_of(leaving.message.due_at))
    if leaving.verdict.what == "go" and key in known.purse:
        known.purse[key] -= cost(leaving.message, leaving.gateway, leaving.phone)
    return leaving


def _standing(gateway: Gateway | None) -> Any:
    if gateway is None:
        return "none"
    if gateway.paused_at is not None:
        return "paused"
    return "simulator" if gateway.adapter == SIMULATOR else "real"


def _words(known: _Known, message: Message) -> tuple[str, bool]:
    """The wire text, and whether exactly these words are approved; words of no text are of the catalogue of replies."""
    if message.body is not None:
        is_ours = message.occurrence.startswith(OF_THE_CATALOGUE) and not message.draft
        return message.body, message.kind is Kind.REPLY or is_ours
    version = known.versions.get((message.text_id or 0, message.text_version or 0))
    if version is None:
        return "", False
    text = known.texts[version.text_id]
    return wire(message, version), text.state is TextState.APPROVED and text.approved_hash == version.hash


def wire(message: Message, version: TextVersion) -> str:
    """The words of a text as a message hands them over, its values filled in; a trial says that it is one."""
    words = version.club if message.use_club else version.sms
    if not words:
        return ""
    said = render(words, message.slots)
    return said if message.trial_of is None else trial.MARK + said


def _opens(known: _Known, message: Message, programme: Programme, now: datetime) -> datetime | None:
    if programme.always_open:
        return now
    kind = "service" if message.kind is Kind.SERVICE else "campaign"
    return next_open(known.rules[programme.id] or [], kind, now, programme.zone)


def _rules(session: Session, programme_id: int) -> list[HoursRule] | None:
    try:
        return hours_rules(session, programme_id)
    except DataError as error:
        log.error("an hours row cannot be read", programme=programme_id, error=str(error))
        return None


def hours_rules(session: Session, programme_id: int) -> list[HoursRule]:
    """The rules of a programme, from the widest down."""
    rows = session.scalars(
        sa.select(Hours)
        .where(sa.or_(Hours.programme_id.is_(None), Hours.programme_id == programme_id), Hours.place_id.is_(None))
        .order_by(Hours.position, Hours.id)
    )
    return [
        HoursRule(
            opens=parse_spans(row.open_spans), closes=parse_spans(row.closed_spans), starts=row.starts, ends=row.ends,
            weekday=row.weekday, kind=row.kind, reason=row.reason,
        )
        for row in rows
    ]  # fmt: skip


def _by_id(session: Session, model: Any, ids: set[Any]) -> dict[int, Any]:
    rows = session.scalars(sa.select(model).where(model.id.in_(ids))) if ids else ()
    return {row.id: row for row in rows}


def _versions(session: Session, messages: Sequence[Message]) -> dict[tuple[int, int], TextVersion]:
    pairs = {(m.text_id, m.text_version) for m in messages if m.text_id}
    if not pairs:
        return {}
    rows = session.scalars(sa.select(TextVersion).where(TextVersion.text_id.in_({text_id for text_id, _ in pairs})))
    return {(row.text_id, row.version): row for row in rows}


def _agreed(session: Session, column: Any, ids: set[int]) -> set[int]:
    if not ids:
        return set()
    query = sa.select(column).where(
        column.in_(ids),
        Consent.purpose == Purpose.MESSAGES,
        Consent.granted.is_(True),
        Consent.withdrawn_at.is_(None),
    )
    return set(session.scalars(query))


def _personal(session: Session, members: set[int]) -> set[tuple[int, int]]:
    if not members:
        return set()
    query = (
        sa.select(MemberPhone.member_id, MemberPhone.phone_id)
        .join(Member)
        .where(
            Member.id.in_(members),
            Member.content_level == ContentLevel.PERSON,
            MemberPhone.ownership == Ownership.OWN,
        )
    )
    return {(member_id, phone_id) for member_id, phone_id in session.execute(query)}


def _looping(session: Session, messages: Sequence[Message], now: datetime) -> set[int]:
    """Replies to phones that had ten within the hour; the one confirmation of a STOP always leaves."""
    replies = [message for message in messages if message.kind is Kind.REPLY]
    query = (
        sa.select(Message.phone_id)
        .where(
            Message.phone_id.in_({message.phone_id for message in replies}),
            Message.kind == Kind.REPLY,
            sa.or_(Message.handed_over_at > now - timedelta(hours=1), Message.state == State.SUBMITTING),
        )
        .group_by(Message.phone_id)
        .having(sa.func.count() >= REPLIES_AN_HOUR)
    )
    phones = set(session.scalars(query)) if replies else set()
    looping = [message for message in replies if message.phone_id in phones]
    answered = {message.inbound_id for message in looping}
    stops = (
        set(session.scalars(sa.select(Inbound.id).where(Inbound.id.in_(answered), Inbound.stopped))) if looping else ()
    )
    return {message.id for message in looping if message.inbound_id not in stops}


def _capped(session: Session, phone_ids: set[int], now: datetime) -> dict[Kind, set[int]]:
    """Phones that have had their number of a kind in the last day, week or month; rows without a number cap nothing."""
    capped: dict[Kind, set[int]] = {}
    for cap in session.scalars(sa.select(Cap)):
        for most, days in ((cap.per_day, 1), (cap.per_week, 7), (cap.per_month, 30)):
            if most is not None:
                full = _had(session, phone_ids, Kind(cap.kind), now - timedelta(days=days), most)
                capped.setdefault(Kind(cap.kind), set()).update(full)
    return capped


def _had(session: Session, phone_ids: set[int], kind: Kind, since: datetime, most: int) -> set[int]:
    query = (
        sa.select(Message.phone_id)
        .where(
            Message.phone_id.in_(phone_ids),
            Message.kind == kind,
            sa.or_(Message.handed_over_at > since, Message.state == State.SUBMITTING),
        )
        .group_by(Message.phone_id)
        .having(sa.func.count() >= most)
    )
    return set(session.scalars(query))
