"""How SMS were read, counted by hand: no noise, no twin, no practice, nobody of another programme."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from campaigns.models import PracticeReport
from messaging.models import Club, Facilitator, Phone
from tests.campaigns.evaluation.meetings import at, counted, sms, valued
from tests.land import commune
from tests.world import World

CODES = ("DQ-AUTO", "DQ-ASK", "DQ-STAFF", "DQ-FIX")
MEMBER, LEADER, HOST, RELAY, OLD = (f"+2237600000{last}" for last in range(1, 6))
STRANGER, NEIGHBOUR = "+22376000008", "+22376000009"
READ = {"intent": "attendance", "status": "ok"}


@pytest.fixture
def people(world: World) -> World:
    """One of each who writes, somebody unknown, and a member of another programme."""
    commune(world, "Alpha")
    world.club("1041", facilitator=LEADER)
    world.member(MEMBER, club="1041")
    world.airing(at("03-03"), host=HOST)
    relay, old = world.phone(RELAY), world.phone(OLD)
    world.phone(STRANGER)
    with world.db.write() as session:
        session.execute(sa.update(Club).values(relay_phone_id=relay))
        session.execute(sa.update(Phone).where(Phone.id == old).values(replaced_by_id=world.phones[MEMBER]))
    there = World(world.db, world.now).programme("autre")
    there.member(NEIGHBOUR)
    world.phones[NEIGHBOUR] = there.phones[NEIGHBOUR]
    return world


def test_what_is_counted_and_what_is_not(people: World) -> None:
    world = people
    first = sms(world, at("03-02"), MEMBER, **READ)
    for number, status in ((LEADER, "partial"), (HOST, "late"), (RELAY, "ok"), (OLD, "confirm"), (MEMBER, "error")):
        sms(world, at("03-03"), number, intent="attendance", status=status)
    for hours in ("14:00", "18:00"):
        sorted_at = at("03-04", hours)
        sms(
            world,
            at("03-04"),
            MEMBER,
            intent="feedback",
            status="pending",
            sorted_by=_clerk(world),
            sorted_at=sorted_at,
        )
    not_counted = [
        sms(world, at("03-02"), MEMBER, **READ, twin_of=first),
        sms(world, at("03-02"), MEMBER, intent="noise", status="ok"),
        sms(world, at("03-02"), MEMBER, intent="attendance", status="ignored"),
        sms(world, at("03-02"), MEMBER),  # nobody has read it
        sms(world, at("03-02"), MEMBER, **READ, kind="missed_call"),
        sms(world, at("03-02"), STRANGER, **READ),
        sms(world, at("03-02"), NEIGHBOUR, **READ),
        sms(world, at("04-01", "00:00"), MEMBER, **READ),
        sms(world, at("03-02"), LEADER, **READ),  # for practice
    ]
    with world.db.write() as session:
        leader = session.scalars(sa.select(Facilitator.id)).first()
        session.add(
            PracticeReport(
                programme_id=world.programme_id, facilitator_id=leader, inbound_id=not_counted[-1], status="ok",
                intent="attendance", fields={}, received_at=at("03-02"),
            )
        )  # fmt: skip
    assert counted(world, CODES) == {
        "DQ-AUTO": {(): (4, 8)}, "DQ-ASK": {(): (4, 8)}, "DQ-STAFF": {(): (2, 8)}, "DQ-FIX": {(): (2, 2)},
    }  # fmt: skip
    assert valued(world, ["DQ-FIX"]) == {("DQ-FIX",): (2 + 6) / 2}
    months = counted(world, CODES, ("month",), days=("2026-03-01", "2026-04-30"))
    assert months["DQ-AUTO"] == {("2026-03",): (4, 8), ("2026-04",): (1, 1)}
    assert months["DQ-FIX"] == {("2026-03",): (2, 2)}
    elsewhere = counted(world, CODES, within=lambda column: column == -1)
    assert elsewhere == {code: {(): (0, 0)} for code in CODES}
    here = counted(world, ["DQ-AUTO"], within=lambda column: column == world.village_id)
    assert here == {"DQ-AUTO": {(): (3, 7)}}  # the station lies in no village of hers


def _clerk(world: World) -> int:
    from messaging import staff
    from messaging.models import Role

    with world.db.write() as session:
        if not world.clubs.get("clerk"):
            staff.add(session, "awa@essai.example", [(Role.OFFICER, "")], world.now, programmes=["essai"])
            world.clubs["clerk"] = staff.by_email(session, "awa@essai.example").id
    return world.clubs["clerk"]
