"""Who was reached: by phone when an SMS arrived or was answered, through the club when it met; in the period alone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from campaigns.clubs import reports
from campaigns.clubs.reach import Heads, reached
from campaigns.models import Answer, Attendance, ClubSession, ClubSessionKind, ClubSessionStatus, Step
from messaging.models import Inbound, Message, Programme
from messaging.models.people import Route
from messaging.models.post import Delivery, InboundState, Kind, State
from tests.world import World, hygiene

SINCE, UNTIL = date(2026, 3, 9), date(2026, 3, 16)
SENT = (
    # what became of an SMS of 12 March, whether it counts
    ("delivered", {"delivery": Delivery.DELIVERED}, False, 1),
    ("no receipt", {"delivery": Delivery.SENT}, False, 0),
    ("no receipt, but answered", {"delivery": Delivery.SENT}, True, 1),
    ("failed", {"delivery": Delivery.FAILED}, False, 0),
    ("never left", {"handed_over_at": None, "state": State.CLOSED}, False, 0),
    ("the week before", {"days": -7, "delivery": Delivery.DELIVERED}, False, 0),
    ("an answer to her own", {"kind": Kind.REPLY, "delivery": Delivery.DELIVERED}, False, 0),
    ("a trial", {"trial_of": 1, "delivery": Delivery.DELIVERED}, False, 0),
    ("to the phone of a club", {"member_id": None, "delivery": Delivery.DELIVERED}, False, 0),
)  # fmt: skip


@pytest.fixture
def programme(world: World) -> World:
    """A club with one member on a phone and one without."""
    world.club("1041")
    world.club("1055")
    world.member("+22370000001", club="1041")
    world.member(club="1041")
    world.campaign(hygiene())
    world.on_duty("+22370000099")
    return world


def counted(world: World):
    with world.db.read() as session:
        return reached(session, session.get_one(Programme, world.programme_id), SINCE, UNTIL)


@pytest.mark.parametrize(("became", "is_answered", "count"), [row[1:] for row in SENT], ids=[row[0] for row in SENT])
def test_by_phone(programme: World, became: dict, is_answered: bool, count: int) -> None:
    send(programme, **became)
    if is_answered:
        answer(programme)
    found = counted(programme)
    assert (found.phones, found.by_phone, found.by_club) == (count, count, 0)


def test_who_chose_the_group_is_not_reached_on_that_phone(programme: World) -> None:
    programme.member("+22370000001", route=Route.GROUP)
    send(programme, delivery=Delivery.READ)
    assert (counted(programme).phones, counted(programme).by_phone) == (1, 1)


def test_through_clubs_the_largest_meeting_of_each_counts_once(programme: World) -> None:
    met(programme, "1041", date(2026, 3, 9), women=4, men=1)
    met(programme, "1041", date(2026, 3, 15), women=12, men=8)
    met(programme, "1055", date(2026, 3, 10), women=5, men=0)
    met(programme, "1055", date(2026, 3, 16), women=50, men=0)  # the next week
    met(programme, "1055", date(2026, 3, 11), status=ClubSessionStatus.CANCELLED, women=40, men=0)
    send(programme, delivery=Delivery.DELIVERED)
    found = counted(programme)
    assert (found.clubs, found.heads) == (2, Heads(women=17, men=8, total=25))
    assert (found.by_phone, found.by_club, found.by_both) == (1, 2, 1)


def send(
    world: World, days: int = 0, kind: Kind = Kind.CAMPAIGN, state: State = State.HANDED_OVER, **became: object
) -> None:
    at = world.now + timedelta(days=days)
    row = {
        "programme_id": world.programme_id, "kind": kind, "occurrence": "once", "state": state,
        "phone_id": world.phones["+22370000001"], "member_id": world.members[0], "language": "fr",
        "language_wanted": "fr", "encoding": "GSM-7", "segments": 1, "due_at": at, "next_at": at,
        "useful_until": at + timedelta(days=3), "created_at": at, "handed_over_at": at, **became,
    }  # fmt: skip
    with world.db.write() as session:
        session.add(Message(step_id=session.scalars(sa.select(Step.id)).one(), **row))


def answer(world: World) -> None:
    with world.db.write() as session:
        message = session.scalars(sa.select(Message)).one()
        inbound = Inbound(
            gateway_id=1, phone_id=message.phone_id, text="1", received_at=world.now, next_at=world.now,
            state=InboundState.HANDLED, dedupe_key="one", digest="",
        )  # fmt: skip
        session.add(inbound)
        session.flush()
        session.add(
            Answer(
                step_id=message.step_id, occurrence="once", message_id=message.id, inbound_id=inbound.id,
                phone_id=message.phone_id, value="1", answered_at=world.now,
            )
        )  # fmt: skip


def met(world: World, code: str, day: date, status: ClubSessionStatus = ClubSessionStatus.HELD, **counts: int) -> None:
    with world.db.write() as session:
        row = ClubSession(
            programme_id=world.programme_id, kind=ClubSessionKind.CLUB, club_id=world.clubs[code], held_on=day,
            status=ClubSessionStatus.PLANNED,
        )  # fmt: skip
        session.add(row)
        session.flush()
        told = Attendance(club_session_id=row.id, intent="attendance", received_at=world.now,
                          total=sum(counts.values()), **counts)  # fmt: skip
        reports.supersede(session, row, None, told)
        row.status = status
