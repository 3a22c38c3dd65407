"""Alarms: what is wrong with the post itself, raised once, told to those on duty, cleared when it is over.

Knows neither what is looked at (`watch`) nor how anybody is told (`notices`).
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.database import change, insert_ignore
from messaging.models import Alarm

AGAIN = timedelta(hours=24)  # what is still wrong is told again
APART = timedelta(minutes=10)  # nobody is told more often
COMES_BACK = timedelta(hours=1)  # what is wrong again so soon is the same alarm: nobody is called for a flutter


class Kind(enum.StrEnum):
    """What those on duty are told of."""

    PAUSED = "paused"  # a gateway rests
    BUDGET = "budget"  # 80 % of a programme's month, and again 100 %
    SILENT = "silent"  # no sign of the engine
    UNKNOWN = "unknown"  # more than 1 % of an hour's attempts at a gateway have an unknown outcome
    DOUBLED = "doubled"  # an attempt that was declared not sent left after all
    UNWELL = "unwell"  # a gateway says so itself, or does not answer
    DOCTOR = "doctor"  # a check of `jekulu doctor` found something wrong; raised and cleared by it


WHAT: dict[Kind, tuple[str, str]] = {
    Kind.PAUSED: ("La passerelle {about} est en pause.", "The gateway {about} is paused."),
    Kind.BUDGET: (
        "Le budget du mois du programme {about} est dépensé ou réservé à {figure} %.",
        "{figure} % of the month's budget of the programme {about} are spent or set aside.",
    ),
    Kind.SILENT: (
        "Le moteur ne donne plus signe de vie : rien ne part, rien n'est lu.",
        "The engine gives no sign of life: nothing leaves, nothing is read.",
    ),
    Kind.UNKNOWN: (
        "Passerelle {about} : de {figure} % des envois d'une heure, nul ne sait s'ils sont partis.",
        "Gateway {about}: of {figure} % of an hour's messages nobody knows whether they left.",
    ),
    Kind.DOUBLED: (
        "Passerelle {about} : un SMS déclaré non parti est parti quand même ; il a pu arriver deux fois.",
        "Gateway {about}: an SMS that was declared not sent left after all; it may have arrived twice.",
    ),
    Kind.UNWELL: (
        "La passerelle {about} va mal ou ne répond plus.",
        "The gateway {about} is not well or does not answer.",
    ),
    Kind.DOCTOR: (
        "Le contrôle du serveur a trouvé un défaut : {about}.",
        "The check of the server found something wrong: {about}.",
    ),
}
TO_DO: dict[Kind, tuple[str, str]] = {
    Kind.PAUSED: (
        "Lisez pourquoi elle s'arrête, réparez, puis relancez-la : ses messages attendent, ou une autre les prend.",
        "Read why it stopped, mend it, then let it go on: its messages wait, or another one takes them.",
    ),
    Kind.BUDGET: (
        "À 100 %, les campagnes attendent : relevez le budget ou envoyez moins.",
        "At 100 % the campaigns wait: raise the budget or send less.",
    ),
    Kind.SILENT: (
        "Faites relancer le service, puis lancer jekulu doctor.",
        "Have the service started again, then jekulu doctor run.",
    ),
    Kind.UNKNOWN: (
        "N'envoyez rien une deuxième fois : voyez son état et les envois à éclaircir.",
        "Send nothing a second time: look at its health and at the messages to settle.",
    ),
    Kind.DOUBLED: (
        "Il n'y a rien à renvoyer : voyez avec l'opérateur pourquoi sa liste ne le montrait pas.",
        "Nothing has to be sent again: ask the operator why its list did not show it.",
    ),
    Kind.UNWELL: (
        "Voyez son réseau, son crédit et sa clé ; un téléphone : sa charge et son application.",
        "Look at its network, credit and key; of a telephone: its battery and its app.",
    ),
    Kind.DOCTOR: (
        "Lancez jekulu doctor sur le serveur : il dit quoi faire.",
        "Run jekulu doctor on the server: it says what to do.",
    ),
}
SENTENCES: dict[Kind, tuple[str, str]] = {
    kind: (f"{WHAT[kind][0]} {TO_DO[kind][0]}", f"{WHAT[kind][1]} {TO_DO[kind][1]}") for kind in Kind
}


def raise_one(
    session: Session, kind: Kind, about: str, now: datetime, figure: float | None = None, least: float | None = None
) -> bool:
    """Note that something is wrong; False when it is noted already and not cleared.

    What was cleared within the last hour is taken up again, as old as it was. A double is an event and no state:
    each one after the last was cleared is an alarm of its own; so is what was not as bad as `least` the last time.
    """
    if kind is not Kind.DOUBLED and _take_up(session, kind, about, now, figure, least):
        return True
    return _insert(session, kind, about, now, figure)


def clear(session: Session, kind: Kind, about: str, now: datetime) -> None:
    """It is over."""
    change(session, sa.update(Alarm).where(*_open(kind, about)).values(cleared_at=now))


def worsen(session: Session, kind: Kind, about: str, now: datetime, figure: float | None) -> bool:
    """It is so much worse that those on duty are told anew: the open alarm ends and another one begins."""
    clear(session, kind, about, now)
    return _insert(session, kind, about, now, figure)


def note_figure(session: Session, kind: Kind, about: str, figure: float | None) -> None:
    """Write down the present figure of an open alarm."""
    change(session, sa.update(Alarm).where(*_open(kind, about)).values(figure=figure))


def open_alarms(session: Session) -> Sequence[Alarm]:
    """What is wrong now, the latest first."""
    query = sa.select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.raised_at.desc(), Alarm.id.desc())
    return session.scalars(query).all()


def note_told(session: Session, known: Iterable[Alarm], now: datetime) -> None:
    """Somebody was told of these for the first time."""
    ids = [row.id for row in known]
    change(session, sa.update(Alarm).where(Alarm.id.in_(ids), Alarm.told_at.is_(None)).values(told_at=now))


def is_news(raised: Collection[datetime], told_at: datetime | None, now: datetime) -> bool:
    """Whether somebody who was last told of alarms at `told_at` is to be told now: of a new one, or again after a day.

    Args:
        raised: since when each open alarm is open.
        told_at: None: never told.
        now: the time.
    """
    if not raised or told_at is None:
        return bool(raised)
    return max(raised) > told_at or now - told_at >= AGAIN


def said(alarm: Alarm, table: Mapping[Kind, tuple[str, str]], language: str) -> str:
    """An alarm in the words of `WHAT`, `TO_DO` or `SENTENCES`, in English (`en`) or else in French."""
    french, english = table[Kind(alarm.kind)]
    figure = f"{alarm.figure or 0:g}"
    if language == "en":
        return english.format(about=alarm.about, figure=figure)
    return french.format(about=alarm.about, figure=figure.replace(".", ","))


def _open(kind: Kind, about: str) -> tuple[sa.ColumnElement[bool], ...]:
    return Alarm.kind == kind.value, Alarm.about == about, Alarm.cleared_at.is_(None)


def _insert(session: Session, kind: Kind, about: str, now: datetime, figure: float | None) -> bool:
    row = {"kind": kind.value, "about": about, "figure": figure, "raised_at": now}
    fresh = insert_ignore(session, Alarm, ["kind", "about"], Alarm.cleared_at.is_(None)).values(**row)
    return change(session, fresh) == 1


def _take_up(
    session: Session, kind: Kind, about: str, now: datetime, figure: float | None, least: float | None
) -> bool:
    last = sa.select(sa.func.max(Alarm.id)).where(Alarm.kind == kind.value, Alarm.about == about).scalar_subquery()
    lately = sa.and_(Alarm.id == last, Alarm.cleared_at > now - COMES_BACK)
    if least is not None:
        lately = sa.and_(lately, Alarm.figure >= least)
    return change(session, sa.update(Alarm).where(lately).values(cleared_at=None, figure=figure)) == 1
