"""What the tables know of some phones that wrote, asked of all of them at once: thirty cost hardly more than one.

The statements are built once: building them costs more than asking.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import asked
from messaging import inbox
from messaging.models import (
    Chain,
    Club,
    Facilitator,
    FacilitatorClub,
    Gateway,
    Inbound,
    Language,
    Member,
    MemberPhone,
    Pending,
    Place,
    Programme,
    Station,
    StationPhone,
)

PHONES: sa.BindParameter[Any] = sa.bindparam("phones", expanding=True)
IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
MEMBERS = (
    sa.select(MemberPhone.phone_id, Member)
    .join(Member, Member.id == MemberPhone.member_id)
    .where(MemberPhone.phone_id.in_(PHONES))
    .order_by(Member.id)
)
FACILITATORS = (
    sa.select(Facilitator.phone_id, Facilitator)
    .where(Facilitator.phone_id.in_(PHONES), Facilitator.active.is_(True))
    .order_by(Facilitator.id)
)
STATIONS = (
    sa.select(StationPhone.phone_id, Station)
    .join(Station, Station.id == StationPhone.station_id)
    .where(StationPhone.phone_id.in_(PHONES))
    .order_by(Station.id)
)
QUESTIONS = sa.select(Pending.phone_id, Pending).where(Pending.phone_id.in_(PHONES))
CLUBS = (
    sa.select(FacilitatorClub.facilitator_id, Club)
    .join(Club, Club.id == FacilitatorClub.club_id)
    .where(FacilitatorClub.facilitator_id.in_(IDS))
    .order_by(Club.code)
)
PLACES = sa.select(Place.id, Place).where(Place.id.in_(IDS))
GATEWAYS = sa.select(Gateway.id, Gateway)
PROGRAMMES = sa.select(Programme.id, Programme).order_by(Programme.id)
FAMILIES = sa.select(Language.code, Language.family)
CHAINS = sa.select(Chain.programme_id, Chain.language, Chain.falls_to)


@dataclass(frozen=True)
class Facts:
    """Rows by what they are looked for with."""

    members: Mapping[int, list[Member]]  # by phone, and so are the next ones
    facilitators: Mapping[int, list[Facilitator]]
    stations: Mapping[int, list[Station]]
    questions: Mapping[int, Pending]
    asked: Collection[int]  # phones that a question of a campaign was sent to
    clubs: Mapping[int, list[Club]]  # by facilitator
    places: Mapping[int, Place]  # the villages of clubs and of each phone's first member
    gateways: Mapping[int, Gateway]
    programmes: Mapping[int, Programme]  # the oldest first
    families: Mapping[str, str]  # of languages
    chains: Mapping[tuple[int, str], list[str]]  # by programme and language


def facts_of(session: Session, inbounds: Collection[Inbound]) -> Facts:
    """What is known of those who wrote these SMS; one at least."""
    phones = [inbound.phone_id for inbound in inbounds if inbound.phone_id is not None]
    members = _by_key(session, MEMBERS, phones=phones)
    facilitators = _by_key(session, FACILITATORS, phones=phones)
    leaders = [row.id for rows in facilitators.values() for row in rows]
    clubs = _by_key(session, CLUBS, ids=leaders) if leaders else {}
    first = [rows[0] for rows in members.values()]
    villages = {row.village_id for rows in (first, *clubs.values()) for row in rows}
    return Facts(
        members=members,
        facilitators=facilitators,
        stations=_by_key(session, STATIONS, phones=phones),
        questions=dict(_rows(session, QUESTIONS, phones=phones)),
        asked=asked.phones(session, phones, min(inbox.written_at(inbound) for inbound in inbounds)),
        clubs=clubs,
        places=dict(_rows(session, PLACES, ids=villages)) if villages else {},
        gateways=dict(_rows(session, GATEWAYS)),
        programmes=dict(_rows(session, PROGRAMMES)),
        families=dict(_rows(session, FAMILIES)),
        chains={(programme, language): codes for programme, language, codes in _rows(session, CHAINS)},
    )


def _by_key(session: Session, query: sa.Select[*tuple[Any, ...]], **given: Collection[int]) -> dict[int, list[Any]]:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for key, row in _rows(session, query, **given):
        found[key].append(row)
    return dict(found)


def _rows(session: Session, query: sa.Select[*tuple[Any, ...]], **given: Collection[int]) -> Iterator[Any]:
    yield from session.execute(query, given)
