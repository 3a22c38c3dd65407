"""The last moment: for a batch of claimed messages gather what the rules ask, with few queries, and decide each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, load_only

from messaging import budget, caps, digest, openings, quarantine, restored, risk, trial
from messaging.digest import Digest
from messaging.models import (
    Consent,
    Gateway,
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
from messaging.models.post import Kind
from messaging.openings import Openings
from messaging.receipts import attempts_of
from messaging.routing import ANSWER_COST, FRESH, SIMULATOR, Past, answer_cost, choose, past, price, receives
from messaging.rules import LOOK_AGAIN, Facts, Reason, Verdict, decide
from messaging.wording import has_open_slot, render

OF_THE_CATALOGUE = (
    quarantine.OCCURRENCE,
    "nudge:",
    "remind:",
    "off:",
    "kept:",
    "told:",
)  # starts of occurrences whose words are a reply's
ASKED = (Phone.sealed, Phone.prefix, Phone.opted_out_at, Phone.quarantine, Phone.invalid_at)  # of many phones
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
    return [_counted(known, _departure(known, message, now)) for message in messages]


@dataclass(frozen=True)
class _Known:
    phones: dict[int, Phone]
    programmes: dict[int, Programme]
    hours: Openings
    texts: dict[int, Text]
    versions: dict[tuple[int, int], TextVersion]
    gateways: list[Gateway]
    paused: set[int]  # steps of paused campaigns
    ground: risk.Ground  # the places
    members: set[int]  # who agreed
    agreed_phones: set[int]
    personal: set[tuple[int, int]]  # member and phone that chose personal content
    looping: set[int]  # replies that are one too many
    room: caps.Room  # what phones may still have; it shrinks as they go
    purse: dict[tuple[int, date], int]  # what may still leave, of the months that have a limit; it shrinks as they go
    doubt: restored.Doubt  # of what may have left before a restore
    owners: dict[int, trial.Owner]  # of the phones that may get a trial, by account
    past: dict[int, Past]  # of the messages that were tried before
    digest: Digest  # of the phones that an outage cut off


def _gather(session: Session, messages: Sequence[Message], now: datetime) -> _Known:
    phone_ids = {message.phone_id for message in messages}
    members = {message.member_id for message in messages if message.member_id}
    programmes = _by_id(session, Programme, {message.programme_id for message in messages})
    texts = _by_id(session, Text, {message.text_id for message in messages if message.text_id})
    hours = openings.look(session, messages, programmes, now)
    return _Known(
        phones=_by_id(session, Phone, phone_ids, *ASKED),
        programmes=programmes,
        hours=hours,
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
        looping=caps.looping(session, messages, now),
        room=caps.room(session, phone_ids, now, hours.weekly_caps(programmes.values(), now)),
        purse=budget.left(session, {(m.programme_id, budget.month_of(m.due_at)) for m in messages}),
        doubt=restored.doubt(session, messages),
        owners=trial.owners(session, {message.trial_of for message in messages if message.trial_of}),
        past=_past(session, {message.id for message in messages if message.tries}),
        digest=digest.look(session, messages, now),
    )


def _departure(known: _Known, message: Message, now: datetime) -> Departure:
    phone, programme = known.phones[message.phone_id], known.programmes[message.programme_id]
    owner, is_trial = known.owners.get(message.trial_of or 0), message.trial_of is not None
    demonstration = programme.demonstration or (owner is not None and owner.demonstration)
    came_by = message.gateway_id if message.kind is Kind.REPLY else None
    before = known.past.get(message.id, FRESH)
    gateway = choose(
        known.gateways, phone.prefix, message.kind, demonstration, came_by, asks=message.asks, before=before
    )
    if reason := _no_question(message, gateway):
        return Departure(message, phone, "", gateway, Verdict("later", reason, now + LOOK_AGAIN))
    text, approved = _words(known, message)
    is_hers = owner is not None and owner.may_get(message, now)
    is_real = gateway is None or gateway.adapter != SIMULATOR
    opens_at = now if programme.always_open else known.hours.opens(message, programme.zone, now)
    facts = Facts(
        kind=message.kind,
        useful_until=message.useful_until,
        opens_at=opens_at,
        opted_out=phone.opted_out_at is not None,
        consented=message.member_id in known.members if message.member_id else phone.id in known.agreed_phones,
        quarantined=phone.quarantine is not None,
        invalid=phone.invalid_at is not None,
        capped=known.room.is_full(message.kind, phone.id, programme.id),
        looping=message.id in known.looping,
        outdone=known.digest.outdone(message, gateway.id if gateway else None, opens_at),
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
        doubtful=is_real and known.doubt.holds(message),
        left_before=is_real and known.doubt.closes(message),
    )
    if not phone.sealed:  # its number was erased, and that phone is closed
        return Departure(message, phone, text, gateway, Verdict("close", Reason.OPTED_OUT))
    if not text:
        return Departure(message, phone, text, gateway, Verdict("close", Reason.NO_TEXT))
    if message.body is None and has_open_slot(text):
        return Departure(message, phone, text, gateway, Verdict("close", Reason.EMPTY_SLOT))
    if known.hours.is_unreadable(programme.id):
        return Departure(message, phone, text, gateway, Verdict("later", Reason.HOURS, now + UNREADABLE_WAIT))
    return Departure(message, phone, text, gateway, decide(facts, now))


def _no_question(message: Message, gateway: Gateway | None) -> Reason | None:
    """Why a question cannot be asked by its gateway; None when it can, and for all that is no question."""
    if message.asks and gateway is not None and not receives(gateway):
        return Reason.ONE_WAY
    return None if _tells_its_cost(message, gateway) else Reason.ANSWER_COST


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


def _counted(known: _Known, leaving: Departure) -> Departure:
    """Take a message off what its month and its phone have left, so that the next one of the batch finds the rest."""
    message = leaving.message
    key = (message.programme_id, budget.month_of(message.due_at))
    if leaving.verdict.what == "go":
        known.room.take(message.kind, message.phone_id)
        if key in known.purse:
            known.purse[key] -= cost(message, leaving.gateway, leaving.phone)
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


def _past(session: Session, ids: set[int]) -> dict[int, Past]:
    return {ident: past(attempts) for ident, attempts in attempts_of(session, ids).items()}


def _by_id(session: Session, model: Any, ids: set[Any], *columns: Any) -> dict[int, Any]:
    """Rows by id; of many rows only the columns that are asked for."""
    query = sa.select(model).options(load_only(*columns)) if columns else sa.select(model)
    rows = session.scalars(query.where(model.id.in_(ids))) if ids else ()
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
