"""Which days and which commune a page of results is about: read from its address, `from`, `to` and `commune`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import abort, g, request
from sqlalchemy.orm import Session

from campaigns.admin.security import me
from campaigns.admin.words import N_, _
from campaigns.evaluation.counting import Within, everywhere
from campaigns.evaluation.period import Period
from messaging import places
from messaging.clock import local, parse_date
from messaging.errors import DataError
from messaging.models import Place, Programme, ProgrammeVillage

BEFORE = 2  # whole months before the present one, when nobody chose
LONGEST = timedelta(days=5 * 366)
WRONG_DAY = N_("« %(day)s » n'est pas un jour. Écrivez-le ainsi : 2026-03-31.")
WRONG_WAY = N_("Le dernier jour vient avant le premier. Échangez-les.")
TOO_LONG = N_("Choisissez cinq ans au plus.")


@dataclass(frozen=True)
class Span:
    """The days and the commune (none: all own places) of a page; `communes` are those to choose from, by id.

    `refusal` says what was wrong with the address; the days are then the usual ones, `typed` what was written.
    """

    period: Period
    communes: Mapping[int, str]
    commune: int | None
    today: date
    typed: Mapping[str, str]
    refusal: str = ""

    @property
    def place(self) -> str:
        """The name of the chosen commune; empty for all."""
        return self.communes[self.commune] if self.commune is not None else ""

    @property
    def where(self) -> dict[str, Any]:
        """Its part of an address."""
        return self.of(self.period)

    def of(self, period: Period) -> dict[str, Any]:
        """The part of an address for other days of the same place."""
        return {"from": period.since.isoformat(), "to": period.last.isoformat(), "commune": self.commune}

    @property
    def within(self) -> Within:
        """The condition on a column of villages: in the chosen place, and one's own."""
        return everywhere if self.commune is None and me().villages is None else self._holds

    def _holds(self, village: Any) -> sa.ColumnElement[bool]:
        own = me().within(village)
        if self.commune is None:
            return own
        pairs = places.communes(self.period.last).subquery()
        return sa.and_(own, village.in_(sa.select(pairs.c.village_id).where(pairs.c.commune_id == self.commune)))

    def choices(self) -> list[Period]:
        """The usual days first, then the last months one by one, the latest first."""
        months = []
        for back in range(4):
            first = _months_before(self.today, back)
            last = min(_months_before(self.today, back - 1), self.today + timedelta(days=1))
            months.append(Period(first, last, self.period.zone))
        return [usual(self.today, self.period.zone), *months]


def read(session: Session, programme: Programme, now: datetime) -> Span:
    """What the address of this page chooses; 404 for a commune that is not one's own."""
    today = local(now, programme.zone).date()
    typed = {name: request.args.get(name, "").strip() for name in ("from", "to")}
    period, refusal = usual(today, programme.zone), ""
    if any(typed.values()):
        try:
            period = _period(typed, today, programme.zone)
        except DataError as wrong:
            refusal = str(wrong)
    found = communes(session, programme, period.last)
    commune = request.args.get("commune", type=int)
    if commune is not None and commune not in found:
        abort(404)
    return Span(period, found, commune, today, typed, refusal)


def usual(today: date, zone: str) -> Period:
    """The days of a page when nobody chose: the present month to date, and the months before it; pure."""
    return Period(_months_before(today, BEFORE), today + timedelta(days=1), zone)


def communes(session: Session, programme: Programme, on: date) -> dict[int, str]:
    """The communes that held a village of one's own on a day, by name."""
    pairs = places.communes(on).subquery()
    query = (
        sa.select(Place.id, Place.name)
        .join(pairs, pairs.c.commune_id == Place.id)
        .join(ProgrammeVillage, ProgrammeVillage.place_id == pairs.c.village_id)
        .where(ProgrammeVillage.programme_id == programme.id, me().within(pairs.c.village_id))
        .distinct()
        .order_by(Place.name, Place.id)
    )
    return dict(session.execute(query).all())


def here(session: Session, now: datetime) -> Span:
    """The same for the programme of this page."""
    return read(session, g.programme, now)


def _period(typed: Mapping[str, str], today: date, zone: str) -> Period:
    last = _day(typed["to"]) if typed["to"] else today
    first = _day(typed["from"]) if typed["from"] else last.replace(day=1)
    if last < first:
        raise DataError(_(WRONG_WAY))
    if last - first > LONGEST:
        raise DataError(_(TOO_LONG))
    return Period(first, last + timedelta(days=1), zone)


def _day(said: str) -> date:
    try:
        found = parse_date(said)
    except DataError:
        raise DataError(_(WRONG_DAY, day=said[:20])) from None
    if not 2000 <= found.year <= 2100:
        raise DataError(_(WRONG_DAY, day=said[:20]))
    return found


def _months_before(day: date, months: int) -> date:
    """The first day of the month that lies so many months before a day."""
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
