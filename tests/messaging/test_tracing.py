"""An SMS that was taken and never reported on is asked for, ever more rarely, and nobody is asked twice at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa

from messaging import outbox, receipts, tracing
from messaging.database import Database
from messaging.errors import SettingError
from messaging.gateways import Adapters
from messaging.gateways.line import LostError
from messaging.gateways.protocol import Capabilities, Report
from messaging.models import Attempt, Gateway, Message, Receipt
from messaging.models.post import AttemptState, Delivery, State
from tests.script import Script
from tests.wire import Wire, wired
from tests.world import World

AWA = "+22370000001"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def wire(installation: Any, world: World) -> Iterator[Wire]:
    """One SMS was taken by Twilio, and no report came."""
    world.member(AWA)
    with wired(Script(installation, {"awa": AWA}, world.now)) as wire:
        wire.write("awa", "AIDE")
        yield wire


def only(db: Database, model: Any) -> Any:
    with db.read() as session:
        return session.scalars(sa.select(model)).one()


def becomes(wire: Wire, word: str, code: int | None = None) -> None:
    """What Twilio knows of the SMS, and did not manage to tell."""
    sms = next(one for one in wire.fake.messages if one.direction == "outbound-api")
    wire.fake.reports(sms, word, error_code=code)


# How often

LOOKS = [  # looks so far, hours of use that are left, hours until the next one
    (1, 100, 3), (2, 100, 9), (3, 100, 27), (4, 100, 81),
    (1, -23, 1), (2, -10, 9), (3, 0, 24), (4, 20, 44),  # the last one stands at the end
    (1, -24, None), (5, -30, None),
]  # fmt: skip


@pytest.mark.parametrize(("looks", "left", "hours"), LOOKS)
def test_when_it_is_asked_again(looks: int, left: int, hours: int | None) -> None:
    now = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
    following = tracing.next_look(looks, now + left * HOUR, now)
    assert following == (None if hours is None else now + hours * HOUR)


def test_it_is_asked_ever_more_rarely_until_a_day_after_its_use(
    wire: Wire, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, asked = wire.now, list[float]()
    adapter: Any = wire.here.adapters.get(gateway(db))
    track = adapter.track

    def noted(*given: Any) -> Any:
        asked.append((wire.now - taken) / HOUR)
        return track(*given)

    monkeypatch.setattr(adapter, "track", noted)
    becomes(wire, "sent")
    for _ in range(80 * 4):
        wire.now += 15 * MINUTE
        tracing.trace(wire.here, wire.now)
        with db.write() as session:
            outbox.expire(session, wire.now)
    assert asked == [1, 4, 13, 40, 48], "a reply is of use for a day"
    assert only(db, Message).reason == "no_receipt"
    assert only(db, Attempt).next_look_at is None


def gateway(db: Database) -> Gateway:
    with db.read() as session:
        return session.scalars(sa.select(Gateway).where(Gateway.name == "twilio")).one()


# What it gives

FOUND = [  # Twilio's word and code, what the message is then, whether it is asked again
    ("delivered", None, State.CLOSED, "delivered", False),
    ("undelivered", 30003, None, None, False),
    ("sent", None, State.HANDED_OVER, None, True),
    ("queued", None, State.HANDED_OVER, None, True),
    ("a-word-of-next-year", None, State.HANDED_OVER, None, True),
]


@pytest.mark.parametrize(("word", "code", "state", "reason", "again"), FOUND, ids=[row[0] for row in FOUND])
def test_what_it_gives_counts_as_a_receipt(
    wire: Wire, db: Database, word: str, code: int | None, state: State | None, reason: str | None, again: bool
) -> None:
    becomes(wire, word, code)
    assert tracing.trace(wire.here, wire.now + 59 * MINUTE) == {}, "an hour is given to the report"
    assert tracing.trace(wire.here, wire.now + HOUR) == {"asked": 1, "new": 1}
    attempt, receipt = only(db, Attempt), only(db, Receipt)
    assert (receipt.about, receipt.word, receipt.error_code) == (attempt.id, word, str(code or ""))
    assert (attempt.next_look_at is not None) is again
    if state is not None:
        message = only(db, Message)
        assert (message.state, message.reason) == (state, reason)


def test_a_report_that_comes_after_all_is_the_same_receipt(wire: Wire, db: Database) -> None:
    sms = next(one for one in wire.fake.messages if one.direction == "outbound-api")
    (call,) = wire.fake.reports(sms, "delivered")
    tracing.trace(wire.here, wire.now + HOUR)
    answer = wire.client.post(
        call.path, data=call.body, headers=call.headers, environ_overrides={"REQUEST_URI": call.path}
    )
    assert answer.status_code == 204
    assert only(db, Receipt).word == "delivered"


def test_a_price_is_kept_also_beside_a_word_that_was_known(wire: Wire, db: Database) -> None:
    becomes(wire, "sent")
    receipts.receive(db, "twilio", [Report("sent", Delivery.SENT, "x", idempotency_key=only(db, Attempt).id)], wire.now)
    assert only(db, Attempt).provider_price_micros is None, "a report by webhook tells no price"
    assert tracing.trace(wire.here, wire.now + HOUR) == {"asked": 1}
    attempt = only(db, Attempt)
    assert (attempt.provider_price_micros, attempt.provider_currency) == (92_500 * attempt.provider_segments, "USD")


def test_who_was_reported_on_is_not_asked_for(wire: Wire, db: Database) -> None:
    report = Report("delivered", Delivery.DELIVERED, "x", idempotency_key=only(db, Attempt).id)
    receipts.receive(db, "twilio", [report], wire.now)
    assert tracing.trace(wire.here, wire.now + 2 * HOUR) == {}


# Trouble


def test_a_gateway_that_does_not_answer_is_asked_a_little_later_and_no_look_is_lost(wire: Wire, db: Database) -> None:
    becomes(wire, "delivered")
    wire.fake.mute = True
    for minute in range(30):
        tracing.trace(wire.here, wire.now + HOUR + minute * MINUTE)
    attempt = only(db, Attempt)
    assert (attempt.looks, attempt.next_look_at) == (0, wire.now + HOUR + 30 * MINUTE)
    wire.fake.mute = False
    assert tracing.trace(wire.here, wire.now + HOUR + 30 * MINUTE)["new"] == 1


def test_a_gateway_that_cannot_be_opened_keeps_its_looks(wire: Wire, db: Database) -> None:
    settings = replace(wire.here.settings, twilio_token="")
    closed = replace(wire.here, settings=settings, adapters=Adapters(settings, wire.here.keys))
    with pytest.raises(SettingError):
        closed.adapters.get(gateway(db))
    assert tracing.trace(closed, wire.now + HOUR) == {}
    assert only(db, Attempt).next_look_at == wire.now + HOUR + tracing.LATER


class Mute:
    """An adapter that can be told how it tracks."""

    def __init__(self, can_track: bool = True, answers: int = 10_000) -> None:
        self.capabilities = Capabilities(
            can_receive=True, delivery_reports="handset", can_resolve="no", can_track=can_track
        )
        self.answers = answers
        self.asked: list[str] = []

    def track(self, key: str, _provider_id: str | None) -> Report | None:
        if len(self.asked) >= self.answers:
            raise LostError("time-out", untouched=False)
        self.asked.append(key)
        return None

    def close(self) -> None:
        pass


def many(wire: Wire, count: int) -> None:
    """As many attempts more, each without a report."""
    with wire.here.db.write() as session:
        message = session.scalars(sa.select(Message)).one()
        session.add_all(
            Attempt(
                id=f"key-{number:04}", message_id=message.id, gateway_id=gateway(wire.here.db).id,
                state=AttemptState.ACCEPTED, started_at=wire.now, next_look_at=wire.now + HOUR,
            )
            for number in range(count - 1)
        )  # fmt: skip


def test_where_nothing_can_be_asked_nothing_is_asked_any_more(wire: Wire, db: Database) -> None:
    many(wire, 100)
    wire.here.adapters.put(gateway(db), Mute(can_track=False))  # type: ignore[arg-type]
    statements: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert tracing.trace(wire.here, wire.now + 2 * HOUR) == {"cannot": 100}
    assert len([one for one in statements if one.startswith("UPDATE")]) == 1
    assert tracing.trace(wire.here, wire.now + 9 * HOUR) == {}


def test_a_pass_is_bounded_and_the_next_one_goes_on(wire: Wire, db: Database) -> None:
    many(wire, tracing.MOST + 50)
    adapter = Mute()
    wire.here.adapters.put(gateway(db), adapter)  # type: ignore[arg-type]
    assert tracing.trace(wire.here, wire.now + HOUR) == {"asked": tracing.MOST}
    assert tracing.trace(wire.here, wire.now + HOUR + MINUTE) == {"asked": 50}
    assert len(set(adapter.asked)) == len(adapter.asked) == tracing.MOST + 50


def test_a_gateway_that_falls_silent_is_left_in_peace_and_who_was_asked_for_is_counted(
    wire: Wire, db: Database
) -> None:
    many(wire, 50)
    wire.here.adapters.put(gateway(db), Mute(answers=25))  # type: ignore[arg-type]
    assert tracing.trace(wire.here, wire.now + HOUR) == {"asked": 25, "silent": 1}
    with db.read() as session:
        looks = session.scalars(sa.select(Attempt.looks)).all()
    assert sorted(looks) == [0] * 25 + [1] * 25


def test_two_workers_ask_for_each_once(wire: Wire, db: Database) -> None:
    many(wire, 200)
    adapter = Mute()
    wire.here.adapters.put(gateway(db), adapter)  # type: ignore[arg-type]
    workers = [Thread(target=tracing.trace, args=(wire.here, wire.now + HOUR)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sorted(adapter.asked) == sorted(set(adapter.asked)) and len(adapter.asked) == 200
