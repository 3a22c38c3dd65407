"""Radio stations as staff keep them: names, place, reach, who to ask for, and whether hours may be told for them.

Its people are at risk: who they are stands in no log and no export, and a number typed among their names is not kept.

Source: the page on safeguarding, 5.1, 5.3 and 11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit
from messaging.database import insert_ignore
from messaging.errors import RefusedError
from messaging.letters import is_gsm7
from messaging.models import Role, Station
from messaging.phones import redact
from messaging.profile import sms_value

NAME, SMS_NAME, FREQUENCY, COVERAGE, CONTACT = 80, 40, 20, 200, 120  # letters
KEEPERS = (Role.EDITOR, Role.OFFICER)  # who writes a station, and knows its people
GIVERS = (Role.APPROVER,)  # who notes that it agreed to its hours being told in red communes: it opens what is closed
TAKERS = (*KEEPERS, Role.APPROVER)  # who notes that it no longer agrees: that closes, at once


@dataclass(frozen=True)
class Card:
    """What staff write of a station."""

    name: str
    sms_name: str = ""  # empty: made from the name
    place_id: int | None = None
    frequency: str = ""
    languages: tuple[str, ...] = ()
    coverage: str = ""
    contact: str = ""


def card_of(station: Station) -> Card:
    """What is stored of a station."""
    return Card(
        station.name, station.sms_name, station.place_id, station.frequency or "", tuple(station.languages),
        station.coverage or "", station.contact or "",
    )  # fmt: skip


def faults(card: Card) -> list[tuple[str, str]]:
    """Why a card cannot be stored, by field, in French and English."""
    found = []
    if not is_gsm7(_air(card)):
        found.append((
            "sms_name" if card.sms_name else "name",
            "Une lettre d'ici doublerait le prix d'un SMS. Écrivez le nom dans les SMS sans signe spécial. / "
            "A letter here would double the price of an SMS. Write the name in SMS without special signs.",
        ))  # fmt: skip
    if not card.languages:
        found.append((
            "languages",
            "Cochez au moins une langue. / Tick one language or more.",
        ))  # fmt: skip
    return found


def may_say_hours(roles: Mapping[Role, set[str]], agrees: bool) -> bool:
    """Whether an account may note that a station agrees, or no longer does."""
    return any(role in roles for role in (GIVERS if agrees else TAKERS))


def add(session: Session, programme_id: int, card: Card, now: datetime, by: int | None) -> Station:
    """Make a station from a card without `faults`.

    Raises:
        RefusedError: the programme has one of that name.
    """
    made = insert_ignore(session, Station, ["programme_id", "name"]).values(programme_id=programme_id, **_columns(card))
    ident = session.execute(made.returning(Station.id)).scalar()
    if ident is None:
        raise RefusedError(_taken(card.name))
    audit.note(session, audit.actor(by), "added", "station", ident, now, after=_said(card))
    return session.get_one(Station, ident)


def change(session: Session, station: Station, card: Card, now: datetime, by: int | None) -> None:
    """Write a card without `faults` over a station that the session holds locked.

    Raises:
        RefusedError: another station of the programme has that name.
    """
    same = sa.select(Station.id).where(Station.programme_id == station.programme_id, Station.name == card.name)
    if session.scalar(same.where(Station.id != station.id)) is not None:
        raise RefusedError(_taken(card.name))
    before, wanted = card_of(station), _columns(card)
    for name, value in wanted.items():
        setattr(station, name, value)
    after = card_of(station)
    if after != before:
        known = {"contact_changed": True} if after.contact != before.contact else {}
        who = audit.actor(by)
        audit.note(
            session, who, "changed", "station", station.id, now, before=_said(before), after=_said(after) | known
        )


def agree(
    session: Session, station: Station, agrees: bool, now: datetime, by: int, roles: Mapping[Role, set[str]]
) -> None:
    """Note that a station agreed to its hours being told in red communes, or that it no longer does.

    Raises:
        RefusedError: the account may not.
    """
    if not may_say_hours(roles, agrees):
        raise RefusedError(
            "Il faut le rôle approbateur pour noter cet accord. / The role of approver is needed to note this consent."
            if agrees
            else "Il faut le rôle éditeur, agent de suivi ou approbateur. / "
            "The role of editor, officer or approver is needed."
        )
    if station.tells_hours is agrees:
        return
    station.tells_hours = agrees
    action = "hours_agreed" if agrees else "hours_withdrawn"
    told = {"before": {"tells_hours": not agrees}, "after": {"tells_hours": agrees}}
    audit.note(session, audit.actor(by), action, "station", station.id, now, **told)


def _air(card: Card) -> str:
    return sms_value(card.sms_name or card.name)[:SMS_NAME].strip()


def _columns(card: Card) -> dict[str, Any]:
    return asdict(card) | {
        "sms_name": _air(card), "languages": list(card.languages), "frequency": card.frequency or None,
        "coverage": redact(card.coverage)[:COVERAGE] or None, "contact": redact(card.contact)[:CONTACT] or None,
    }  # fmt: skip


def _said(card: Card) -> dict[str, Any]:
    """What the log tells of a station: never its people."""
    names = ("name", "sms_name", "frequency", "languages", "coverage")
    return {"place": card.place_id, **{name: getattr(card, name) for name in names}}


def _taken(name: str) -> str:
    return (
        f"Une station s'appelle déjà « {name} » : prenez un autre nom. / "
        f"A station is called « {name} » already: take another name."
    )
