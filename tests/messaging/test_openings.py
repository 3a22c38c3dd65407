"""Rows of a place and weekly caps of a row, as the sender asks them at the last moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from messaging import rhythm
from messaging.database import Database
from messaging.installation import Installation
from messaging.models import Cap, Hours, Message, Programme
from messaging.models.post import Kind, State
from messaging.rhythm import Row
from tests.land import commune
from tests.messaging.posting import Post
from tests.world import World

NOON = datetime(2026, 4, 2, 12, tzinfo=UTC)  # a Thursday
TODAY, TOMORROW = NOON.date(), date(2026, 4, 3)
EVENING, MORNING = datetime(2026, 4, 2, 16, 30, tzinfo=UTC), datetime(2026, 4, 3, 8, tzinfo=UTC)
AWA, BINTA, COUMBA = "+22370000001", "+22370000002", "+22370000003"


@pytest.fixture
def post(installation: Installation) -> Post:
    """A programme open from 08:00 to 20:00, in which everybody agreed; its gateway takes everything."""
    world = World(installation.db, NOON).programme(always_open=False)
    world.hours("08:00-20:00", "both")
    found = Post(installation, world, NOON)
    found.gateway("twilio")
    return found


def add(post: Post, row: Row, programme: int | None = None) -> None:
    with post.here.db.write() as session:
        rhythm.add(session, programme or post.world.programme_id, row, post.now, None)


def waits(post: Post) -> list[tuple[str | None, datetime]]:
    """What waits, why and until when."""
    with post.here.db.read() as session:
        query = sa.select(Message.reason, Message.next_at).where(Message.state == State.WAITING).order_by(Message.id)
        return [(row.reason, row.next_at) for row in session.execute(query)]


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    """The queries that are made."""
    found: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        found.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(db.engine, "before_cursor_execute", note)


def test_a_funeral_shuts_a_village_and_no_other(post: Post) -> None:
    """Also for the neighbour whose husband, on the same phone, lives there."""
    commune(post.world, "Ici")
    here = post.world.village_id
    post.world.member(AWA)
    commune(post.world, "Ailleurs")
    post.world.member(BINTA)
    add(post, Row(starts=TODAY, ends=TODAY, place_id=here, reason="funérailles"))
    for number in (AWA, BINTA):
        post.put(number)
    assert post.send()["accepted"] == 1
    assert waits(post) == [("hours", MORNING)]
    assert post.send(20 * 60 + 1)["accepted"] == 1


PLACES = [  # label, which place, kind of row, does it wait
    ("its village", "village", "both", True),
    ("its commune", "commune", "both", True),
    ("another place", "other", "both", False),
    ("its village, for campaigns alone", "village", "campaign", False),
    ("its village, for calls alone", "village", "service", True),
]


@pytest.mark.parametrize(("place", "kind", "is_shut"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
def test_a_row_holds_for_the_calls_of_its_place(post: Post, place: str, kind: str, is_shut: bool) -> None:
    other = commune(post.world, "Ailleurs")
    found = {"commune": commune(post.world, "Ici"), "village": post.world.village_id, "other": other}
    post.world.club("1041", facilitator=AWA)
    row = Row(kind, starts=TODAY, ends=TODAY, place_id=found[place], closed_spans="10:00-16:30", reason="fête")
    add(post, row)
    post.put(AWA)
    post.put(AWA, Kind.REPLY)  # an answer never waits for an hour
    assert post.send()["accepted"] == (1 if is_shut else 2)
    assert waits(post) == ([("hours", EVENING)] if is_shut else [])


def test_a_row_of_another_programme_s_place_is_not_ours(post: Post) -> None:
    commune(post.world, "Ici")
    post.world.member(AWA)
    other = World(post.world.db, NOON).programme("autre")
    add(post, Row(starts=TODAY, ends=TODAY, place_id=post.world.village_id, reason="x"), other.programme_id)
    post.put(AWA)
    assert post.send()["accepted"] == 1


def test_without_rows_of_places_nobody_asks_where_people_live(post: Post) -> None:
    commune(post.world, "Ici")
    post.world.member(AWA)
    post.put(AWA)
    post.send()  # the first success of a gateway is written down
    post.put(AWA, occurrence="test:1")
    with counted(post.here.db) as bare:
        post.send()
    add(post, Row(starts=date(2025, 1, 1), ends=date(2025, 1, 2), place_id=post.world.village_id, reason="passé"))
    post.put(AWA, occurrence="test:2")
    with counted(post.here.db) as past:
        post.send()
    add(post, Row(starts=TOMORROW, ends=TOMORROW, place_id=post.world.village_id, reason="demain"))
    post.put(AWA, occurrence="test:3")
    with counted(post.here.db) as coming:
        post.send()
    assert len(past) == len(bare), "a row whose days are over is no row"
    assert len(coming) == len(bare) + 2, "two queries, whatever the number of messages"


RAMADAN = Row(starts=TODAY, ends=TOMORROW, closed_spans="17:30-20:00", weekly_cap=1, reason="Ramadan")


def test_a_weekly_cap_holds_on_its_days_over_all_programmes_and_for_campaigns_alone(post: Post) -> None:
    with post.here.db.write() as session:
        session.merge(Cap(kind="campaign", per_day=2, per_week=3))
    add(post, RAMADAN)
    for number in (AWA, BINTA, COUMBA):
        post.world.member(number)
        post.put(number, Kind.CAMPAIGN, occurrence="test:1", member=True)
    mine = post.world.programme_id
    other = World(post.world.db, NOON).programme("autre")
    post.world.programme_id = other.programme_id  # what the other one sent counts
    post.put(AWA, Kind.CAMPAIGN, occurrence="test:2", member=True, due_at=NOON - timedelta(hours=1))
    post.world.programme_id = mine
    post.put(BINTA, Kind.SERVICE, occurrence="test:3")
    assert post.send()["accepted"] == 4
    assert [reason for reason, _ in waits(post)] == ["cap"]  # Awa's of ours
    post.put(COUMBA, Kind.CAMPAIGN, occurrence="test:4", member=True, useful_until=NOON + timedelta(days=4))
    assert post.send(1).get("accepted") is None
    post.now = datetime(2026, 4, 4, 9, tzinfo=UTC)  # the row is over; 3 a week
    assert post.send()["accepted"] == 2


def test_rows_of_the_rhythm_do_not_count_where_it_is_always_open(post: Post) -> None:
    add(post, RAMADAN)
    with post.here.db.write() as session:
        session.get_one(Programme, post.world.programme_id).always_open = True
    post.world.member(AWA)
    for place in range(3):
        post.put(AWA, Kind.CAMPAIGN, occurrence=f"test:{place}", member=True)
    assert post.send()["accepted"] == 3


def test_a_row_that_cannot_be_read_shuts_its_programme_alone(post: Post) -> None:
    with post.here.db.write() as session:
        session.add(Hours(programme_id=post.world.programme_id, position=5, kind="both", open_spans="x", reason="x"))
    post.put(AWA)
    assert post.send().get("accepted") is None
    post.world.programme_id = World(post.world.db, NOON).programme("autre", always_open=False).programme_id
    post.put(BINTA)
    assert post.send()["accepted"] == 1
