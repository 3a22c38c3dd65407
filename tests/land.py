"""Communes with one village each for the small programme of `world`, and people of each."""

from __future__ import annotations

import sqlalchemy as sa

from messaging.models import Place, PlaceParent, ProgrammeVillage
from messaging.models.place import Level
from messaging.places import folded
from tests.world import World


def commune(world: World, name: str) -> int:
    """Make a commune with a village, in which everybody made from now on lives; gives its id."""
    with world.db.write() as session:
        found = [
            Place(level=level, name=called, folded=folded(called), sms_name=called, languages=["fr"])
            for level, called in ((Level.COMMUNE, name), (Level.VILLAGE, f"Village de {name}"))
        ]
        session.add_all(found)
        session.flush()
        session.add(PlaceParent(place_id=found[1].id, parent_id=found[0].id))
        session.add(ProgrammeVillage(programme_id=world.programme_id, place_id=found[1].id))
        world.village_id = found[1].id
        return found[0].id


def share(world: World, member_id: int, number: str) -> None:
    """Let a member share a phone that is there already."""
    from messaging.models import MemberPhone
    from messaging.models.people import Ownership

    with world.db.write() as session:
        session.execute(sa.delete(MemberPhone).where(MemberPhone.member_id == member_id))
        session.add(MemberPhone(member_id=member_id, phone_id=world.phones[number], ownership=Ownership.SPOUSE))
