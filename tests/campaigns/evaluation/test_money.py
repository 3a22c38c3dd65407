"""The money sheet: ours beside what the provider told of a part of the SMS, and beside the invoice."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from campaigns.evaluation import money
from campaigns.evaluation.period import Period
from messaging.errors import RefusedError
from messaging.models import Attempt, Audit, Gateway, Message, Programme
from messaging.models.post import AttemptState
from tests.campaigns.evaluation.meetings import at
from tests.campaigns.evaluation.post import XOF, Post
from tests.world import World

DOLLAR = 1_000_000


@pytest.fixture
def post(world: World) -> Post:
    """Every SMS that left was taken once; of the first two the provider told what they cost, one left twice."""
    made = Post(world).build()
    with world.db.write() as session:
        gateway = session.scalars(sa.select(Gateway)).first()
        assert gateway is not None
        for message in session.scalars(sa.select(Message).where(Message.handed_over_at.is_not(None))):
            session.add(attempt(message, gateway, "one"))
        session.flush()
        priced = session.scalars(sa.select(Attempt).where(Attempt.started_at >= at("03-01")).limit(2)).all()
        for one in priced:
            one.provider_price_micros, one.provider_currency, one.provider_segments = DOLLAR // 10, "USD", 1
        session.add(attempt(session.get_one(Message, 1), gateway, "again"))
        lost = attempt(session.get_one(Message, 1), gateway, "lost")
        lost.state = AttemptState.REJECTED
        session.add(lost)
    return made


def attempt(message: Message, gateway: Gateway, key: str) -> Attempt:
    assert message.handed_over_at is not None
    return Attempt(
        id=f"{key}-{message.id}", message_id=message.id, gateway_id=gateway.id, state=AttemptState.ACCEPTED,
        started_at=message.handed_over_at,
    )  # fmt: skip


def sheet(post: Post) -> list[money.Row]:
    with post.world.db.read() as session:
        programme = session.get_one(Programme, post.world.programme_id)
        return money.sheet(session, programme, Period(date(2026, 2, 10), date(2026, 3, 20), programme.zone))


def enter(post: Post, amount: int, segments: int | None = None) -> None:
    with post.world.db.write() as session:
        gateway = session.scalars(sa.select(Gateway.id)).first()
        assert gateway is not None
        money.enter(session, gateway, "2026-03", amount, segments, " F-12 ", None, at("04-02"))


def test_a_row_a_month_of_what_we_and_they_counted(post: Post) -> None:
    march, february = sheet(post)
    assert (march.month, february.month) == ("2026-03", "2026-02"), "whole months, the latest first"
    # nine SMS of March, one of them of two segments and 30 XOF, which left twice
    assert (march.taken, march.segments, march.used) == (10, 12, (10 * 15 + 2 * 15) * XOF)
    assert (march.told, march.reported, march.counted, march.provider_segments) == (2, {"USD": DOLLAR // 5}, 2, 2)
    assert (february.taken, february.used, february.told, february.reported) == (1, 15 * XOF, 0, {})
    assert march.difference is None


def test_an_invoice_stands_beside_it_and_may_be_mended(post: Post) -> None:
    enter(post, 200, 12)
    enter(post, 170)
    march = sheet(post)[0]
    assert march.invoice is not None
    assert (march.difference, march.invoice.segments, march.invoice.note) == (-10 * XOF, None, "F-12")
    with post.world.db.read() as session:
        lines = session.scalars(sa.select(Audit).where(Audit.object == "invoice").order_by(Audit.id)).all()
    assert [(line.action, (line.before or {}).get("xof"), (line.after or {}).get("xof")) for line in lines] == [
        ("typed", None, 200), ("changed", 200, 170),
    ]  # fmt: skip
    with pytest.raises(RefusedError, match="whole XOF"):
        enter(post, -1)


def test_a_programme_sees_the_gateways_that_it_used(post: Post) -> None:
    with post.world.db.read() as session:
        other = Programme(id=0, zone="Africa/Bamako")
        assert money.sheet(session, other, Period(date(2026, 3, 1), date(2026, 4, 1), "Africa/Bamako")) == []
