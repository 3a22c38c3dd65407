"""The trial: one text to the own phone of the account that asks; the only way out for what is not approved.

    ask       a number, and a code of six digits is sent to it
    confirm   the code, and the phone is hers
    send      one text, marked ESSAI

The last word is the sender's: `owners` tells whose phone may get a trial at that moment, and what only calls itself
a trial is held. Source: the page on languages, 10.1; the design, 4.5.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, outbox, people, phones, routing
from messaging import staff as accounts
from messaging.database import keys_of
from messaging.errors import RefusedError
from messaging.letters import Size, measure
from messaging.models import (
    Audit,
    Club,
    Consent,
    Facilitator,
    Gateway,
    MemberPhone,
    Message,
    Phone,
    Programme,
    Role,
    Staff,
    StaffRole,
    StationPhone,
    Text,
    TextState,
    TextVersion,
)
from messaging.models.post import Kind
from messaging.wording import render

MARK = "ESSAI "  # what every trial starts with, in all languages
PARTS = ("sms", "club")  # of a text: what is sent by itself
ROLES = (Role.EDITOR, Role.TRANSLATOR, Role.APPROVER)
ON_DUTY = (Role.OFFICER, Role.FOCAL_POINT, Role.ADMINISTRATOR)  # who confirms a phone to be told on it of what waits
CODE_USE = timedelta(minutes=30)
CODE_TRIES = 5
USE = timedelta(hours=2)
SENT, REFUSED = "code_sent", "code_refused"  # in the audit log, where they are counted
DAY = timedelta(hours=24)
CODES_A_DAY = 5  # a code may go to a stranger's phone: nobody is written to again and again
TRIALS_A_DAY = 20
SLOT = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Owner:
    """An account that may try texts now, or only be told that something waits, with its phone."""

    phone_id: int
    is_confirmed: bool
    may_try: bool
    code_until: datetime | None
    demonstration: bool

    def may_get(self, message: Message, now: datetime) -> bool:
        """True for a text to her confirmed phone, and for the code that confirms it."""
        if message.phone_id != self.phone_id:
            return False
        if message.text_id is None:
            return self.code_until is not None and now < self.code_until
        return self.is_confirmed and self.may_try and message.body is None


def owners(session: Session, staff_ids: Collection[int]) -> dict[int, Owner]:
    """The accounts among these that own a phone now: active, with a fitting role and a phone of no member."""
    if not staff_ids:
        return {}
    held = sa.select(StaffRole.staff_id).where(StaffRole.staff_id == Staff.id)
    tries = held.where(StaffRole.role.in_(ROLES)).exists()
    fits = held.where(StaffRole.role.in_((*ROLES, *ON_DUTY))).exists()
    query = sa.select(Staff, tries.label("tries")).where(
        Staff.id.in_(staff_ids), Staff.active, fits, Staff.phone_id.is_not(None), ~_is_of_people(Staff.phone_id)
    )
    return {
        row.id: Owner(
            row.phone_id or 0, row.phone_confirmed_at is not None, may_try, row.phone_code_until, row.demonstration
        )
        for row, may_try in session.execute(query)
    }  # fmt: skip


def ask(session: Session, person: Staff, number: str, now: datetime, *, programme: Programme) -> str | None:
    """Note a number as the phone of an account and send it a code of six digits; the code itself is not kept.

    Args:
        session: a writing session.
        person: the account.
        number: as it was typed.
        now: the time.
        programme: the one that sends and pays for the SMS.

    Returns:
        None when a code is on its way, else why this phone cannot serve: it is not raised, because the try must be
        counted, or the page would tell without end whose number is known.

    Raises:
        NumberError: this is no number that can get an SMS.
        RefusedError: the account may not try texts, or asked too often.
    """
    person = _locked(session, person)
    number = phones.parse(number)
    if refusal := _account_refusal(session, person, (*ROLES, *ON_DUTY)) or _asked_too_often(session, person, now):
        raise RefusedError(refusal)
    known = people.find_phone(session, number)
    if known and (refusal := _phone_refusal(session, known, person)):
        audit.note(session, audit.actor(person.id), REFUSED, "staff", person.id, now)
        return refusal
    phone = known or people.add_phone(session, number, now)
    code = f"{secrets.randbelow(10**6):06}"
    person.phone_id, person.phone_confirmed_at = phone.id, None
    person.phone_code, person.phone_code_until, person.phone_code_tries = _mac(session, person, code), now + CODE_USE, 0
    session.flush()
    body = f"{programme.service_name}: ESSAI: code {code}"
    _put(
        session, programme, person, phone, now, occurrence=f"code:{person.id}:{now:%Y%m%dT%H%M%S%f}", body=body,
        language="fr", language_wanted="fr", size=measure(body), useful_until=now + CODE_USE,
    )  # fmt: skip
    audit.note(session, audit.actor(person.id), SENT, "staff", person.id, now, after={"phone": phone.id})
    return None


def confirm(session: Session, person: Staff, code: str, now: datetime) -> str | None:
    """Take the code that came to her phone.

    Returns:
        None when the phone is confirmed, else the sentence that says why not: it is not raised, because the wrong try
        must be stored.
    """
    person = _locked(session, person)
    if person.phone_code is None or person.phone_id is None or person.phone_code_until is None:
        return "Demandez d'abord un code. / Ask for a code first."
    if now >= person.phone_code_until:
        return "Ce code est périmé : demandez-en un autre. / This code is too old: ask for another."
    if person.phone_code_tries >= CODE_TRIES:
        return "Trop de codes faux : demandez-en un autre. / Too many wrong codes: ask for another."
    person.phone_code_tries += 1
    if not secrets.compare_digest(person.phone_code, _mac(session, person, "".join(code.split()))):
        return "Ce n'est pas le code envoyé. / This is not the code that was sent."
    phone = session.get_one(Phone, person.phone_id)
    refusal = _account_refusal(session, person, (*ROLES, *ON_DUTY)) or _phone_refusal(session, phone, person)
    if refusal is None:
        person.phone_confirmed_at, person.phone_code, person.phone_code_until = now, None, None
        audit.note(
            session, audit.actor(person.id), "phone_confirmed", "staff", person.id, now, after={"phone": phone.id}
        )
    return refusal


def send(
    session: Session,
    person: Staff,
    text_id: int,
    now: datetime,
    part: str = "sms",
    *,
    programme: Programme,
    slots: Mapping[str, str] | None = None,
) -> Size:
    """Send the present words of a text, draft or not, to her own confirmed phone.

    Args:
        session: a writing session.
        person: the account.
        text_id: the text.
        now: the time.
        part: `sms`, or `club` for the wording for the family.
        programme: the one the text belongs to; it pays for the SMS.
        slots: examples for the braces; one without an example shows its name.

    Returns:
        The size of what will leave, the mark counted in.

    Raises:
        RefusedError: the account may not try this text, its phone is not confirmed or cannot serve any more, the part
            is empty, or too many trials were asked for.
    """
    person, text = _locked(session, person), session.get_one(Text, text_id)
    version = session.get_one(TextVersion, (text.id, text.version))
    words: str = (getattr(version, part) if part in PARTS else None) or ""
    refusal = _send_refusal(session, person, text, words, now)
    if refusal:
        raise RefusedError(refusal)
    phone = session.get_one(Phone, person.phone_id)
    values = {name: (slots or {}).get(name) or name for name in SLOT.findall(words)}
    size = measure(MARK + render(words, values))
    is_new = _put(
        session, programme, person, phone, now, occurrence=f"trial:{part}:{now:%Y%m%dT%H%M%S%f}", step_id=text.step_id,
        text_id=text.id, text_version=text.version, slots=values, use_club=part == "club", size=size,
        language=text.language, language_wanted=text.language, draft=text.state is not TextState.APPROVED,
        useful_until=now + USE,
    )  # fmt: skip
    if is_new:  # a second press within the second sends no second SMS
        after = {"version": text.version, "part": part, "state": text.state.value, "phone": phone.id}
        audit.note(session, audit.actor(person.id), "trial", "text", text.id, now, after=after)
    return size


def _put(session: Session, programme: Programme, person: Staff, phone: Phone, now: datetime, **more: Any) -> bool:
    gateways = session.scalars(sa.select(Gateway).order_by(Gateway.id)).all()
    demonstration = programme.demonstration or person.demonstration
    gateway = routing.choose(gateways, phone.prefix, Kind.SERVICE, demonstration)
    price = routing.price(gateway, phone.prefix) if gateway else 0
    letter = outbox.Letter(
        programme_id=programme.id, kind=Kind.SERVICE, due_at=now, trial_of=person.id, segment_price_micros=price, **more
    )  # fmt: skip
    return outbox.put(session, letter, phone.id, now)


def _send_refusal(session: Session, person: Staff, text: Text, words: str, now: datetime) -> str | None:
    if refusal := _account_refusal(session, person, ROLES, text.language):
        return refusal
    if person.phone_id is None or person.phone_confirmed_at is None:
        return "Confirmez d'abord votre téléphone. / Confirm your phone first."
    if not words:
        return "Rien à essayer : ce texte est vide. / There is nothing to try: this text is empty."
    return _phone_refusal(session, session.get_one(Phone, person.phone_id), person) or _too_many(session, person, now)


def _account_refusal(
    session: Session, person: Staff, fitting: Collection[Role], language: str | None = None
) -> str | None:
    if not person.active:
        return "Ce compte est fermé. / This account is closed."
    roles = accounts.roles(session, person.id)
    every = (roles.keys() & set(fitting)) - {Role.TRANSLATOR}
    own = roles.get(Role.TRANSLATOR, set())
    if every or (own and (language is None or language in own)):
        return None
    return (
        "Il faut le rôle éditeur, approbateur ou traducteur de cette langue pour essayer un texte. / "
        "The role of editor, approver or translator of this language is needed to try a text."
    )


def _phone_refusal(session: Session, phone: Phone, person: Staff) -> str | None:
    """One sentence for all reasons: nobody shall learn here who is a member, or who said STOP."""
    others = sa.exists().where(Staff.phone_id == phone.id, Staff.id != person.id, Staff.phone_confirmed_at.is_not(None))
    is_silent = phone.opted_out_at is not None or phone.quarantine is not None or phone.invalid_at is not None
    if not is_silent and not session.scalar(sa.select(sa.or_(_is_of_people(sa.literal(phone.id)), others))):
        return None
    return (
        "Ce téléphone ne peut pas servir aux essais : il est d'un membre, d'un animateur, d'un club, d'une radio ou "
        "d'un autre compte, ou il ne veut rien recevoir. Donnez un autre numéro. / This phone cannot serve for trials: "
        "it is a member's, a facilitator's, a club's, a station's or another account's, or wants nothing. Give another."
    )


def _is_of_people(phone_id: Any) -> sa.ColumnElement[bool]:
    """The condition that a phone is a member's, facilitator's, club's or station's, or that of somebody who answered
    whether messages may come, of whatever programme."""
    owners = (MemberPhone.phone_id, Facilitator.phone_id, Club.relay_phone_id, StationPhone.phone_id)
    columns = (*owners, Consent.phone_id)
    return sa.or_(*(sa.exists().where(column == phone_id) for column in columns))


def _asked_too_often(session: Session, person: Staff, now: datetime) -> str | None:
    asked = sa.select(sa.func.count(Audit.id)).where(
        Audit.actor == audit.actor(person.id), Audit.action.in_((SENT, REFUSED)), Audit.at > now - DAY
    )
    return _at_most(session.scalar(asked) or 0, CODES_A_DAY)


def _too_many(session: Session, person: Staff, now: datetime) -> str | None:
    trials = sa.select(sa.func.count(Message.id)).where(
        Message.trial_of == person.id, Message.text_id.is_not(None), Message.created_at > now - DAY
    )
    return _at_most(session.scalar(trials) or 0, TRIALS_A_DAY)


def _at_most(count: int, most: int) -> str | None:
    if count < most:
        return None
    return f"Déjà {most} en 24 heures : reprenez demain. / There were {most} within 24 hours already: go on tomorrow."


def _locked(session: Session, person: Staff) -> Staff:
    """The account as it stands now; two tries at a code are counted one after the other."""
    return session.get_one(Staff, person.id, with_for_update=True, populate_existing=True)


def _mac(session: Session, person: Staff, code: str) -> str:
    return keys_of(session).mac("phone code", str(person.id), str(person.phone_id), code)
