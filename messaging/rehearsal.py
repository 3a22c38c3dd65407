"""The rehearsal: the words of a text, draft or not, to an invented phone; in an installation of demonstrations alone.

Nothing is waived for it: it is a service message like any other, and a draft that no other gateway than the simulator
may carry. Source: the page on languages, 10.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, outbox, routing
from messaging.errors import RefusedError
from messaging.letters import measure
from messaging.models import Gateway, Message, Phone, Programme, Text, TextState, TextVersion
from messaging.models.post import Kind, State
from messaging.rules import Reason
from messaging.trial import SLOT
from messaging.wording import render

USE = timedelta(minutes=15)  # somebody sits before the screen
NAME = "rehearsal:"


def is_allowed(session: Session) -> bool:
    """True while this installation holds demonstrations alone; one real programme ends all practice."""
    return set(session.scalars(sa.select(Programme.demonstration))) == {True}


def send(
    session: Session,
    staff_id: int,
    text_id: int,
    phone_id: int,
    now: datetime,
    *,
    programme: Programme,
    slots: Mapping[str, str] | None = None,
) -> None:
    """Put the present words of a text into the outbox for one phone.

    Args:
        session: a writing session.
        staff_id: the account that asks.
        text_id: the text.
        phone_id: a phone of the simulator.
        now: the time; a second press within the second sends no second SMS.
        programme: the one the text belongs to.
        slots: examples for the braces; one without an example shows its name.

    Raises:
        RefusedError: a programme of this installation is real, or the text is empty.
    """
    if not is_allowed(session):
        raise RefusedError(
            "Cette installation a un vrai programme : on ne s'y exerce pas. / "
            "This installation holds a real programme: there is no practice here."
        )
    text, phone = session.get_one(Text, text_id), session.get_one(Phone, phone_id)
    words = session.get_one(TextVersion, (text.id, text.version)).sms
    if not words:
        raise RefusedError("Rien à essayer : ce texte est vide. / There is nothing to try: this text is empty.")
    values = {name: (slots or {}).get(name) or name for name in SLOT.findall(words)}
    gateway = routing.choose(session.scalars(sa.select(Gateway)).all(), phone.prefix, Kind.SERVICE, demonstration=True)
    letter = outbox.Letter(
        programme_id=programme.id, kind=Kind.SERVICE, occurrence=f"{NAME}{text.id}:{now:%Y%m%dT%H%M%S}",
        step_id=text.step_id, text_id=text.id, text_version=text.version, slots=values,
        size=measure(render(words, values)), language=text.language, language_wanted=text.language, due_at=now,
        useful_until=now + USE, draft=text.state is not TextState.APPROVED,
        segment_price_micros=routing.price(gateway, phone.prefix) if gateway else 0,
    )  # fmt: skip
    if outbox.put(session, letter, phone.id, now):
        after = {"version": text.version, "state": text.state.value, "phone": phone.id}
        audit.note(session, audit.actor(staff_id), "rehearsed", "text", text.id, now, after=after)


def waiting(session: Session, phone_id: int, now: datetime) -> Sequence[Reason | None]:
    """For each rehearsal that has not left for a phone yet, why not; None while it is on its way."""
    query = sa.select(Message.reason).where(
        Message.phone_id == phone_id,
        Message.state.in_((State.WAITING, State.HELD, State.SUBMITTING)),
        Message.occurrence.startswith(NAME),
        Message.useful_until > now,
    )
    return [Reason(reason) if reason else None for reason in session.scalars(query.order_by(Message.id))]
