"""What the jobs that run all the time read: what is open, not all that was ever sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from messaging import budget, claiming, outbox, resolving, tracing, watch
from messaging.installation import Installation
from messaging.models import Attempt, Gateway, Message
from messaging.models.post import AttemptState, Delivery, State
from tests.conftest import NOW
from tests.messaging.posting import PRICE, Post
from tests.world import World

DONE = 3_000  # SMS of long ago
STEP = 100  # instructions of SQLite between two counts


@pytest.fixture
def post(installation: Installation, world: World) -> Post:
    return Post(installation, world, world.now)


def limited(post: Post) -> None:
    with post.here.db.write() as session:
        month = budget.month_of(post.now)
        budget.set_limit(session, post.world.programme_id, month, 10**12)
        budget.left(session, {(post.world.programme_id, month)})


def expire(post: Post) -> None:
    with post.here.db.write() as session:
        outbox.expire(session, post.now)


def metrics(post: Post) -> None:
    with post.here.db.read() as session:
        watch.metrics(session, post.now)


JOBS: dict[str, Callable[[Post], object]] = {
    "send": lambda post: claiming.due_next(post.here),
    "budget": limited,
    "resolve": lambda post: resolving.resolve(post.here, post.now),
    "trace": lambda post: tracing.trace(post.here, post.now),
    "expire": expire,
    "watch": lambda post: watch.watch(post.here, post.now),
    "metrics": metrics,
}


# Only SQLite counts its instructions; PostgreSQL's planner knows how many rows each index gives.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("job", JOBS)
def test_a_job_does_not_read_all_that_was_ever_sent(post: Post, job: str) -> None:
    post.gateway("sms")
    post.put()
    post.send()
    put_done(post)
    with counted(post) as ticks:
        JOBS[job](post)
    assert len(ticks) * STEP < DONE, "less than an instruction for each SMS of long ago"


def put_done(post: Post) -> None:
    """SMS that left and arrived months ago, as copies of the first one."""
    long_ago = post.now - timedelta(days=90)
    with post.here.db.write() as session:
        first = session.scalars(sa.select(Message)).one()
        values = {column.name: getattr(first, column.name) for column in Message.__table__.columns}
        done = {"state": State.CLOSED, "reason": "delivered", "closed_at": long_ago, "useful_until": long_ago}
        session.execute(
            sa.insert(Message), [{**values, **done, "id": 10 + n, "occurrence": f"old:{n}"} for n in range(DONE)]
        )
        taken: dict[str, Any] = {
            "gateway_id": first.gateway_id,
            "state": AttemptState.ACCEPTED,
            "delivery": Delivery.DELIVERED,
        }
        taken["started_at"] = long_ago
        session.execute(sa.insert(Attempt), [{**taken, "id": f"a{n}", "message_id": 10 + n} for n in range(DONE)])


@contextmanager
def counted(post: Post) -> Iterator[list[None]]:
    """One entry for each hundred instructions of SQLite, in this block."""
    ticks: list[None] = []

    def count(raw: object, *_: object) -> None:
        raw.set_progress_handler(lambda: ticks.append(None), STEP)  # type: ignore[attr-defined]

    post.here.db.dispose()  # each connection is made anew, and counts
    sa.event.listen(post.here.db.engine, "connect", count)
    yield ticks
    sa.event.remove(post.here.db.engine, "connect", count)
    post.here.db.dispose()


MANY = [  # forty messages for one claim; what is set aside for them afterwards, in segments as planned
    ("they are of no use any more", 60, {}, 0),
    ("they cost more than was planned", 0, {"price_micros": 3 * PRICE}, 120),
    ("they wait for their gateway", 0, {"paused_at": NOW}, 40),
]


@pytest.mark.parametrize(("hours", "gateway", "aside"), [row[1:] for row in MANY], ids=[row[0] for row in MANY])
def test_a_claim_writes_the_money_of_a_month_once_and_last(
    post: Post, hours: int, gateway: dict[str, Any], aside: int
) -> None:
    """A row of money that is held while others are asked for makes two writers wait for each other in a circle."""
    post.gateway("sms")
    with post.here.db.write() as session:
        session.execute(sa.update(Gateway).values(gateway or {"sender": "+22320000000"}))
    for n in range(40):
        post.put(f"+223700001{n:02}")
    post.now += timedelta(hours=hours)
    with statements(post) as told:
        claiming.claim(post.here, post.now)
    written = [place for place, one in enumerate(told) if one.startswith("UPDATE budget")]
    assert len(written) <= 2
    assert written == list(range(len(told)))[len(told) - len(written) :], "nothing is asked for behind it"
    assert post.money() == (aside, 0)


@contextmanager
def statements(post: Post) -> Iterator[list[str]]:
    """The statements of this block."""
    told: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        told.append(statement)

    sa.event.listen(post.here.db.engine, "before_cursor_execute", note)
    yield told
    sa.event.remove(post.here.db.engine, "before_cursor_execute", note)
