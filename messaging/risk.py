"""The risk of places: what may not leave to a commune at its level, which phones that means; decides, changes nothing.

A phone belongs to the places of everyone it reaches: the villages of its members, of the clubs it leads or listens
for, and the place of its station. Of several levels the strictest counts.

Source: the page on safeguarding, sections 5.1 and 12.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import places
from messaging.models import (
    Club,
    Facilitator,
    FacilitatorClub,
    Member,
    MemberPhone,
    Message,
    PausedPlace,
    RiskRule,
    Station,
    StationPhone,
)
from messaging.models.place import RiskLevel
from messaging.models.post import Kind
from messaging.models.rule import Decision
from messaging.rules import MUST_PASS, Check

ORDER = tuple(RiskLevel)  # from the calmest to the strictest
RADIO = "radio"  # the hours of a station
TAGS = ("distribution", "cash", "agency", "meeting", "srh", "security", "warning", RADIO)
# Orange keeps its distributions, money and meetings: there the rules of wording forbid date, place and amount. Advice
# on sexual health is blocked in green too until the local committee has agreed, and its row is changed then. A warning
# is no matter of places: two people approve it everywhere. Whoever plans sets the tag radio, where the hours of a
# station are told that has not agreed to it.
LAW: Mapping[RiskLevel, frozenset[str]] = {
    RiskLevel.GREEN: frozenset({"agency", "security", "srh"}),
    RiskLevel.ORANGE: frozenset({"agency", "security", "srh"}),
    RiskLevel.RED: frozenset({"agency", "security", "srh", "distribution", "cash", "meeting", RADIO}),
}
KINDS = tuple(kind for kind in Kind if Check.RISK in MUST_PASS[kind])  # that a level may stop

Blocked = Mapping[RiskLevel, Set[str]]


@dataclass(frozen=True)
class Ground:
    """What is known of the places of some messages: nothing, where every commune is green and none is paused."""

    blocked: Blocked
    levels: Mapping[int, RiskLevel]  # place -> level of its commune, where that is not green
    paused: Set[int]  # places of paused communes
    homes: Mapping[int, Set[int]]  # phone -> those of its places

    def is_risky(self, message: Message) -> bool:
        """Whether a tag of the message is blocked where it goes."""
        levels = [self.levels.get(place, RiskLevel.GREEN) for place in self._places(message)]
        return bool(self.blocked) and not self.blocked[strictest(levels)].isdisjoint(message.tags or ())

    def is_paused(self, message: Message) -> bool:
        """Whether the message goes to a paused commune."""
        return not self.paused.isdisjoint(self._places(message))

    def _places(self, message: Message) -> Set[int]:
        own = {message.village_id} if message.village_id else set()
        return own | self.homes.get(message.phone_id, set())


def strictest(levels: Iterable[RiskLevel]) -> RiskLevel:
    """The strictest of some levels; green when there is none."""
    return max(levels, key=ORDER.index, default=RiskLevel.GREEN)


def blocked_tags(session: Session) -> Blocked:
    """What is blocked at each level: the law, and what rows say otherwise."""
    rows = session.execute(sa.select(RiskRule.level, RiskRule.tag, RiskRule.decision)).all()
    said = {(level, tag): decision is Decision.BLOCK for level, tag, decision in rows}
    return {
        level: {tag for tag in {*TAGS, *(tag for _, tag in said)} if said.get((level, tag), tag in LAW[level])}
        for level in RiskLevel
    }


def levels(session: Session, now: datetime) -> dict[int, RiskLevel]:
    """The level of every commune that is not green."""
    rows = session.execute(places.risk_levels(now)).all()
    return {commune: level for commune, level in rows if level is not RiskLevel.GREEN}


def paused(session: Session) -> set[int]:
    """The communes to which nothing leaves."""
    return set(session.scalars(sa.select(PausedPlace.place_id)))


def look(session: Session, messages: Sequence[Message], now: datetime) -> Ground:
    """What a batch of messages must know of its places; the number of queries does not grow with the batch."""
    blocked = blocked_tags(session) if any(message.tags for message in messages) else {}
    hot, stopped = levels(session, now) if blocked else {}, paused(session)
    inside = within(session, {*hot, *stopped}, now)
    phone_ids = {message.phone_id for message in messages}
    homes: dict[int, set[int]] = {}
    for phone_id, place_id in session.execute(living(inside, phone_ids)) if inside else ():
        homes.setdefault(phone_id, set()).add(place_id)
    risky = {place: hot[commune] for place, commune in inside.items() if commune in hot}
    return Ground(blocked, risky, {place for place, commune in inside.items() if commune in stopped}, homes)


def shut(
    session: Session, tags: Collection[str], people: sa.FromClause, now: datetime
) -> sa.ColumnElement[bool] | None:
    """The condition that a row of `people` (phone_id, village_id) lies where one of these tags is blocked.

    None when they are blocked nowhere.
    """
    if not tags:
        return None
    blocked = blocked_tags(session)
    if not blocked[RiskLevel.GREEN].isdisjoint(tags):
        return sa.true()
    hot = [commune for commune, level in levels(session, now).items() if not blocked[level].isdisjoint(tags)]
    return at(within(session, hot, now), people.c) if hot else None


def within(session: Session, communes: Collection[int], now: datetime) -> dict[int, int]:
    """The communes themselves and every place in them today, each with its commune."""
    if not communes:
        return {}
    return {place: commune for place, commune in session.execute(places.inside(communes, now.date()))}  # noqa: C416


def at(inside: Collection[int], row: Any) -> sa.ColumnElement[bool]:
    """The condition that a row with a phone and perhaps a village belongs to one of these places; never unknown."""
    here = sa.and_(row.village_id.is_not(None), row.village_id.in_(inside))
    return sa.or_(here, row.phone_id.in_(phones(inside)))


def phones(inside: Collection[int]) -> sa.Select[int]:
    """A query of the phones of some places."""
    return sa.select(living(inside).subquery("living").c.phone_id)


def tagged(tags: Collection[str]) -> sa.ColumnElement[bool]:
    """The condition that a level may stop a message for one of these tags; a reply or a trial it may not."""
    words = sa.cast(Message.tags, sa.String())  # PostgreSQL cannot compare JSON, and a tag stands in quotes in both
    any_of_them = sa.or_(sa.false(), *(words.contains(f'"{tag}"', autoescape=True) for tag in sorted(tags)))
    return sa.and_(Message.kind.in_(KINDS), Message.trial_of.is_(None), any_of_them)


def living(inside: Collection[int], phone_ids: Collection[int] | None = None) -> sa.CompoundSelect[int, int]:
    """A query of (phone_id, place_id): the phones of some places, or only these of them."""
    parts: list[tuple[Any, Any, sa.FromClause]] = [
        (MemberPhone.phone_id, Member.village_id, sa.join(MemberPhone, Member)),
        (Facilitator.phone_id, Club.village_id, sa.join(Facilitator, FacilitatorClub).join(Club)),
        (Club.relay_phone_id, Club.village_id, Club.__table__),
        (StationPhone.phone_id, Station.place_id, sa.join(StationPhone, Station)),
    ]
    return sa.union_all(*(_at_home(*part, inside, phone_ids) for part in parts))


def _at_home(
    phone: Any, place: Any, people: sa.FromClause, inside: Collection[int], phone_ids: Collection[int] | None
) -> sa.Select[int, int]:
    query = sa.select(phone.label("phone_id"), place.label("place_id")).select_from(people)
    query = query.where(place.in_(inside), phone.is_not(None))
    return query if phone_ids is None else query.where(phone.in_(phone_ids))
