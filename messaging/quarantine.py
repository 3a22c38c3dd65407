"""Quarantine of a number that was lost, seized or resold, and the new SIM in its place; knows no campaign.

    put       nothing goes to the number, what it writes is held unread, the question we asked it is dropped
    lift      it is in use again; what was held is read now, or dropped
    replace   a new SIM is asked by one SMS; nothing changes before its OUI
    move      the OUI came: who was reached on the old number is reached on the new one; messages and SMS stay

Source: the safeguarding rules, section 12.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, languages, outbox, people, routing
from messaging.database import change
from messaging.errors import RefusedError
from messaging.letters import measure
from messaging.models import (
    Audit,
    Club,
    Consent,
    Facilitator,
    FacilitatorClub,
    Gateway,
    Inbound,
    Member,
    MemberPhone,
    Message,
    Pending,
    Phone,
    Programme,
    Station,
    StationPhone,
)
from messaging.models.people import Quarantine
from messaging.models.post import InboundState, Kind
from messaging.phones import parse
from messaging.rules import Reason

NEW_SIM = "new_sim"  # the kind of pending state that a new SIM answers
OCCURRENCE = "sim:"  # what the occurrence of its SMS starts with: its words are of the catalogue of replies
ASKED = "new_sim_asked"  # in the audit log, by the old phone: there the new one is found again
ASK_LIVES = timedelta(hours=24)
DROPPED = {"readings": [{"intent": "noise", "status": "ignored", "fields": {}}]}


def put(session: Session, phone: Phone, why: Quarantine, who: str, now: datetime) -> None:
    """Silence a number at once: hold what waits for it and what it wrote, drop the question we asked it.

    What was handed over before cannot be called back. A second call only changes why.
    """
    session.refresh(phone, with_for_update=True)
    before, phone.quarantine = phone.quarantine, why
    session.execute(sa.delete(Pending).where(Pending.phone_id == phone.id))
    held = outbox.hold_all(session, Message.phone_id == phone.id, Reason.QUARANTINE)
    unread = sa.update(Inbound).where(Inbound.phone_id == phone.id, Inbound.state == InboundState.NEW)
    unread_count = change(session, unread.values(state=InboundState.HELD))
    after = {"why": why.value, "messages": held, "inbounds": unread_count}
    audit.note(
        session, who, "quarantined", "phone", phone.id, now, before={"why": before and before.value}, after=after
    )


def lift(session: Session, phone: Phone, reason: str, who: str, now: datetime, *, read: bool) -> None:
    """Use a number again: what waits for it leaves if it is still useful.

    Args:
        session: a writing session.
        phone: the number.
        reason: why, as the officer wrote it; numbers in it are taken out.
        who: the actor in the audit log.
        now: the time.
        read: what the number wrote meanwhile is read and answered now; else it is dropped, and since nobody has
            looked whether it is sensitive, it stays masked.

    Raises:
        RefusedError: the number is not in quarantine.
    """
    session.refresh(phone, with_for_update=True)
    if phone.quarantine is None:
        raise RefusedError("Ce numéro n'est pas en quarantaine. / This number is not in quarantine.")
    before, phone.quarantine = phone.quarantine, None
    _forget(session, phone, now)
    released = outbox.release_all(session, Message.phone_id == phone.id, Reason.QUARANTINE, now)
    values = (
        {"state": InboundState.NEW, "next_at": now}
        if read
        else {"state": InboundState.HANDLED, "handled_at": now, "intent": "noise", "readings": DROPPED,
              "maybe_sensitive": True}
    )  # fmt: skip
    held = sa.update(Inbound).where(Inbound.phone_id == phone.id, Inbound.state == InboundState.HELD)
    inbounds = change(session, held.values(**values))
    after = {"reason": reason, "messages": released, "inbounds": inbounds, "read": read}
    audit.note(session, who, "quarantine_lifted", "phone", phone.id, now, before={"why": before.value}, after=after)


def replace(session: Session, old: Phone, number: str, who: str, now: datetime, *, programme: Programme) -> Phone:
    """Ask a new SIM whether it takes the place of a number in quarantine: one SMS, good for 24 hours.

    A second call asks anew; a SIM that was asked before can no longer say yes.

    Args:
        session: a writing session.
        old: the number in quarantine.
        number: the new one, as it was typed.
        who: the actor in the audit log.
        now: the time.
        programme: the one that sends and pays for the SMS.

    Returns:
        The phone of the new SIM.

    Raises:
        NumberError: this is no number that can get an SMS.
        RefusedError: the old number is not in quarantine, or the new one cannot take its place.
    """
    new = people.add_phone(session, parse(number), now)
    session.refresh(new, with_for_update=True)
    session.refresh(old, with_for_update=True)  # of two officers the second asks anew, and the first SIM is forgotten
    if refusal := _refusal(session, old, new):
        raise RefusedError(refusal)
    _forget(session, old, now)
    session.execute(sa.delete(Pending).where(Pending.phone_id == new.id))
    new.language = new.language or _language(session, old) or programme.language
    kept = {"old": old.id, "programme": programme.id}
    session.add(Pending(phone_id=new.id, kind=NEW_SIM, kept=kept, made_at=now, expires_at=now + ASK_LIVES))
    _ask(session, old, new, programme, now)
    audit.note(session, who, ASKED, "phone", old.id, now, after={"new": new.id})
    return new


def asked(session: Session, old: Phone, now: datetime) -> Pending | None:
    """The question to a new SIM that may still be answered for this number; its `phone_id` is the new SIM's."""
    lines = sa.select(Audit.after).where(Audit.object == "phone", Audit.object_id == str(old.id), Audit.action == ASKED)
    last = session.scalar(lines.order_by(Audit.id.desc()).limit(1))
    pending = session.get(Pending, last["new"]) if last else None
    is_ours = pending is not None and pending.kind == NEW_SIM and pending.kept.get("old") == old.id
    return pending if pending is not None and is_ours and now < pending.expires_at else None


def move(session: Session, old_id: int, new: Phone, now: datetime) -> bool:
    """Put the new SIM in the place of the old number: roles, members, clubs and stations; what was written stays.

    A STOP on the old number holds on the new one, unless she agreed anew since. False when things have changed since
    the SIM was asked; then nothing is moved.
    """
    old = session.get_one(Phone, old_id, with_for_update=True, populate_existing=True)
    if _refusal(session, old, new):
        return False
    for column in (Facilitator.phone_id, Club.relay_phone_id):
        change(session, sa.update(column.class_).where(column == old.id).values({column.key: new.id}))
    _relink(session, MemberPhone, "member_id", old.id, new.id)
    _relink(session, StationPhone, "station_id", old.id, new.id)
    old.replaced_by_id, new.replaced_by_id = new.id, None
    change(session, sa.update(Phone).where(Phone.replaced_by_id == old.id).values(replaced_by_id=new.id))
    if old.opted_out_at is not None and not _agreed_since(session, new.id, old.opted_out_at):
        new.opted_out_at, new.opted_out_by = old.opted_out_at, old.opted_out_by
        outbox.close_phone(session, new.id, Reason.OPTED_OUT, now)
        if old.erased_at is None:  # what she asked to erase is now behind the new number
            new.erase_asked_at = new.erase_asked_at or old.erase_asked_at
    audit.note(session, "phone:sms", "replaced", "phone", old.id, now, after={"new": new.id})
    return True


def _refusal(session: Session, old: Phone, new: Phone) -> str | None:
    if old.quarantine is None:
        return "Mettez d'abord l'ancien numéro en quarantaine. / Put the old number into quarantine first."
    if new.id == old.id:
        return (
            "C'est le numéro en quarantaine. Donnez le nouveau. / This is the number in quarantine. Give the new one."
        )
    if new.quarantine is not None:
        return "Ce numéro est lui-même en quarantaine. / This number is in quarantine itself."
    if new.invalid_at is not None:
        return "La passerelle dit que ce numéro n'existe pas. / The gateway says that there is no such number."
    if new.opted_out_at is not None:
        return (
            "Ce numéro a dit STOP : rien ne peut lui être écrit. La personne envoie d'abord REPRENDRE, puis OUI. / "
            "This number said STOP: nothing can be written to it. The person first sends REPRENDRE, then OUI."
        )
    if _reports_for(session, old.id) & _reports_for(session, new.id):
        return (
            "Ce numéro est déjà celui d'un animateur, d'un conseiller ou d'une radio du programme. Des membres peuvent "
            "partager un téléphone, pas eux : donnez un autre numéro, ou demandez à l'éditeur de changer le club ou la "
            "radio par un import. / This number is already that of a facilitator, an adviser or a station of the "
            "programme. Members may share a phone, they may not: give another number, or ask the editor to change the "
            "club or the station by an import."
        )
    return None


def _reports_for(session: Session, phone_id: int) -> set[int]:
    """The programmes in which a phone is a facilitator's, an adviser's or a station's; also a former one's."""
    leads = sa.select(Facilitator.programme_id).where(Facilitator.phone_id == phone_id)
    hosts = sa.select(Station.programme_id).join(StationPhone).where(StationPhone.phone_id == phone_id)
    return set(session.scalars(leads.union(hosts)))


def _relink(session: Session, table: type[MemberPhone | StationPhone], left: str, old_id: int, new_id: int) -> None:
    """Move the links of a phone; who is linked with the new one already only loses the old one."""
    key = getattr(table, left)
    there = sa.select(key).where(table.phone_id == new_id).scalar_subquery()
    change(session, sa.delete(table).where(table.phone_id == old_id, key.in_(there)))
    change(session, sa.update(table).where(table.phone_id == old_id).values(phone_id=new_id))


def _agreed_since(session: Session, phone_id: int, since: datetime) -> bool:
    anew = sa.exists().where(
        Consent.phone_id == phone_id, Consent.granted, Consent.withdrawn_at.is_(None), Consent.given_at > since
    )
    return bool(session.scalar(sa.select(anew)))


def _forget(session: Session, old: Phone, now: datetime) -> None:
    """A SIM that was asked before is asked no more, and an SMS that has not left does not leave."""
    pending = asked(session, old, now)
    if pending is None:
        return
    ours = Message.occurrence.startswith(f"{OCCURRENCE}{old.id}:")
    outbox.close_all(session, sa.and_(Message.phone_id == pending.phone_id, ours), Reason.STALE, now)
    session.execute(sa.delete(Pending).where(Pending.phone_id == pending.phone_id))


def _language(session: Session, old: Phone) -> str | None:
    """The language of the person: of her last SMS, else of who is reached on the number."""
    member = sa.select(Member.language).join(MemberPhone).where(MemberPhone.phone_id == old.id)
    leader = sa.select(Facilitator.language).where(Facilitator.phone_id == old.id)
    return (
        old.language
        or session.scalar(member.order_by(Member.id).limit(1))
        or session.scalar(leader.order_by(Facilitator.id).limit(1))
    )


def _village(session: Session, old: Phone) -> int | None:
    """Where the person lives, or the club she leads."""
    lives = sa.select(Member.village_id).join(MemberPhone).where(MemberPhone.phone_id == old.id)
    leads = sa.select(Club.village_id).join(FacilitatorClub).join(Facilitator)
    leads = leads.where(Facilitator.phone_id == old.id)
    return session.scalar(lives.order_by(Member.id).limit(1)) or session.scalar(leads.order_by(Club.id).limit(1))


def _ask(session: Session, old: Phone, new: Phone, programme: Programme, now: datetime) -> None:
    gateways = session.scalars(sa.select(Gateway).order_by(Gateway.id)).all()
    gateway = routing.choose(gateways, new.prefix, Kind.SERVICE, programme.demonstration)
    drafts = gateway is not None and gateway.adapter == routing.SIMULATOR
    codes = languages.chain(session, programme.id, new.language or programme.language)
    words, language = languages.reply("sim.ask", codes, drafts, service=programme.service_name)
    letter = outbox.Letter(
        programme_id=programme.id, kind=Kind.SERVICE, occurrence=f"{OCCURRENCE}{old.id}:{now:%Y%m%dT%H%M%S%f}",
        language_wanted=codes[0], language=language, size=measure(words), body=words, due_at=now,
        useful_until=now + ASK_LIVES, segment_price_micros=routing.price(gateway, new.prefix) if gateway else 0,
    )  # fmt: skip
    outbox.put(session, letter, new.id, now, village_id=_village(session, old))  # a commune in pause holds this too
