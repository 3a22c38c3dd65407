"""The rows of open hours as the sender asks them: of programmes, and of the places of phones; set-wise.

A row of a place holds for the phones of its people, as `risk` knows them, and costs nothing while there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from messaging import hours, places, risk
from messaging.clock import local
from messaging.errors import DataError
from messaging.hours import HoursRule, next_open, parse_spans
from messaging.models import Hours, Message, Programme
from messaging.models.post import Kind

log = structlog.get_logger()
ASKED = (
    Hours.id, Hours.programme_id, Hours.place_id, Hours.kind, Hours.starts, Hours.ends, Hours.weekday,
    Hours.open_spans, Hours.closed_spans, Hours.weekly_cap, Hours.reason,
)  # fmt: skip


@dataclass(frozen=True)
class Local:
    """A row of a place, for the messages of one programme (None: of all)."""

    programme_id: int | None
    place_id: int
    rule: HoursRule


@dataclass(frozen=True)
class Openings:
    """The rows that may hold for some messages."""

    rules: Mapping[int, Sequence[HoursRule] | None] = field(default_factory=dict)  # by programme; None: unreadable
    of_places: Sequence[Local] = ()
    tops: Mapping[int, Set[int]] = field(default_factory=dict)  # place -> the places of rows that it lies in
    homes: Mapping[int, Set[int]] = field(default_factory=dict)  # phone -> those of its places
    _opens: dict[tuple[int, str, tuple[int, ...]], datetime | None] = field(default_factory=dict)  # that were asked

    def is_unreadable(self, programme_id: int) -> bool:
        """Whether a row cannot be read: nothing leaves until it is mended."""
        return self.rules.get(programme_id, ()) is None

    def opens(self, message: Message, zone: str, now: datetime) -> datetime | None:
        """The next open moment of a message: now, when it is open; None, when nothing opens for two months."""
        kind, own = kind_of(message.kind), self._own(message)
        key = (message.programme_id, kind, own)
        if key not in self._opens:
            rules = [*(self.rules.get(message.programme_id) or ()), *(self.of_places[place].rule for place in own)]
            self._opens[key] = next_open(rules, kind, now, zone)
        return self._opens[key]

    def weekly_caps(self, programmes: Collection[Programme], now: datetime) -> dict[int, int]:
        """How many messages of campaigns in seven days the rows of today allow, by programme that has such a row."""
        found = {
            row.id: hours.weekly_cap(self.rules.get(row.id) or (), local(now, row.zone).date()) for row in programmes
        }
        return {ident: most for ident, most in found.items() if most is not None}

    def _own(self, message: Message) -> tuple[int, ...]:
        """The rows of its phone's places, by their place in the list."""
        if not self.of_places:
            return ()
        lives = self.homes.get(message.phone_id, set()) | ({message.village_id} if message.village_id else set())
        tops = {top for place in lives for top in self.tops.get(place, ())}
        return tuple(
            place
            for place, row in enumerate(self.of_places)
            if row.place_id in tops and row.programme_id in (None, message.programme_id)
        )


def kind_of(kind: Kind) -> str:
    """By which rows a message goes: those of service, or those of campaigns."""
    return "service" if kind is Kind.SERVICE else "campaign"


def hours_rules(session: Session, programme_id: int) -> list[HoursRule]:
    """The rules of a programme, from the widest down; those of places are asked where it is known who gets it.

    Raises:
        DataError: a row cannot be read.
    """
    return [rule(row) for row in session.execute(_rows([programme_id]).where(Hours.place_id.is_(None)))]


def rule(row: Any) -> HoursRule:
    """A row as a rule.

    Raises:
        DataError: its hours cannot be read.
    """
    return HoursRule(
        opens=parse_spans(row.open_spans), closes=parse_spans(row.closed_spans), starts=row.starts, ends=row.ends,
        weekday=row.weekday, kind=row.kind, reason=row.reason, weekly_cap=row.weekly_cap,
    )  # fmt: skip


def look(session: Session, messages: Sequence[Message], programmes: Mapping[int, Programme], now: datetime) -> Openings:
    """The rows that some messages must ask: one query while no row speaks of a place."""
    closing = [ident for ident, row in programmes.items() if not row.always_open]
    rules: dict[int, list[HoursRule] | None] = {ident: [] for ident in closing}
    of_places: list[Local] = []
    for row in session.execute(_rows(closing)) if closing else ():
        _sort(row, rules, of_places, now.date())
    if not of_places:
        return Openings(rules)
    tops, homes = _places(session, {one.place_id for one in of_places}, messages, now)
    return Openings(rules, of_places, tops, homes)


def _sort(row: Any, rules: dict[int, list[HoursRule] | None], of_places: list[Local], today: date) -> None:
    """Put a row where it belongs; one that cannot be read shuts its programme."""
    meant = [row.programme_id] if row.programme_id is not None else list(rules)
    try:
        found = rule(row)
    except DataError as error:
        log.error("an hours row cannot be read", row=row.id, programme=row.programme_id, error=str(error))
        rules.update(dict.fromkeys(meant))
        return
    if row.place_id is not None:
        if row.ends is None or row.ends >= today:
            of_places.append(Local(row.programme_id, row.place_id, found))
        return
    for ident in meant:
        if (known := rules[ident]) is not None:
            known.append(found)


def _places(
    session: Session, rowed: Set[int], messages: Sequence[Message], now: datetime
) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """For each place the places of rows that it lies in, and for each phone its places among them."""
    tops: dict[int, set[int]] = {}
    for place, top in session.execute(places.inside(rowed, now.date())):
        tops.setdefault(place, set()).add(top)
    homes: dict[int, set[int]] = {}
    for phone, place in session.execute(risk.living(tops, {message.phone_id for message in messages})):
        homes.setdefault(phone, set()).add(place)
    return tops, homes


def _rows(programme_ids: Collection[int]) -> Any:
    own = sa.or_(Hours.programme_id.is_(None), Hours.programme_id.in_(programme_ids))
    return sa.select(*ASKED).where(own).order_by(Hours.position, Hours.id)
