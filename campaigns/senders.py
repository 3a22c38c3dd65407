"""Whose SMS belong to a programme, as a set of phones: for counts over many SMS; knows no page.

The pages ask it of one SMS at a time (`admin.messages.of_programme`), which costs less for a few of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from messaging.models import Club, Facilitator, FacilitatorClub, Member, MemberPhone, Phone, Station, StationPhone

Lies = Callable[[Any], sa.ColumnElement[bool]]  # the condition that a column of village ids lies somewhere


def phones(programme_id: int, lies: Lies | None = None) -> sa.Select[int]:
    """A query of the phones of a programme's members, facilitators, stations and clubs; with `lies` of those there.

    A number that a new SIM took the place of belongs to who is reached on the new one.
    """
    member = sa.select(MemberPhone.phone_id).join(Member).where(Member.programme_id == programme_id)
    leader = sa.select(Facilitator.phone_id).where(Facilitator.programme_id == programme_id)
    host = sa.select(StationPhone.phone_id).join(Station).where(Station.programme_id == programme_id)
    relay = sa.select(Club.relay_phone_id).where(Club.programme_id == programme_id, Club.relay_phone_id.is_not(None))
    if lies is not None:
        member, relay = member.where(lies(Member.village_id)), relay.where(lies(Club.village_id))
        host = host.where(lies(Station.place_id))
        leader = leader.join(FacilitatorClub).join(Club).where(lies(Club.village_id))
    own = sa.union(member, leader, host, relay).subquery()
    ids = sa.select(own.c[0])
    return sa.select(Phone.id).where(sa.or_(Phone.id.in_(ids), Phone.replaced_by_id.in_(ids)))
