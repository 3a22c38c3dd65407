"""Sending: what each trouble of a gateway means for the message, the phone and the gateway."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaigns import life, planner
from campaigns.models import Campaign
from messaging import claiming, letters, outbox, outcomes, receipts, resolving, sender, texts
from messaging.gateways import pool
from messaging.gateways.simulator import Simulator, Weather
from messaging.installation import Installation
from messaging.models import Attempt, Budget, Gateway, Message, Phone
from messaging.models.post import AttemptState, Delivery, State
from messaging.wording import Wording
from tests.world import World, approve_texts, hygiene

NUMBER = "+22370000001"


@pytest.fixture
def planned(installation: Installation, world: World) -> World:
    """One message waits for one phone; a segment costs 10 XOF."""
    with installation.db.write() as session:
        session.get_one(Gateway, 1).price_micros = 10_000_000
    world.member(NUMBER)
    world.campaign(hygiene())
    assert planner.plan(world.db, world.now, timedelta(minutes=15)).planned == 1
    return world


def weather(here: Installation, world: World, *script: str, **shares: float) -> Simulator:
    with here.db.read() as session:
        gateway = session.get_one(Gateway, 1)
    carrier = Simulator(here.adapters.book, lambda: world.now, Weather(script=script, **shares))  # type: ignore[arg-type]
    here.adapters.put(gateway, carrier)
    return carrier


def only(here: Installation, model: type) -> object:
    with here.db.read() as session:
        return session.scalars(sa.select(model)).one()


ROWS = [
    # label, what the carrier does, message state, reason, attempt state, copies that really left
    ("accepted", "ok", State.HANDED_OVER, None, AttemptState.ACCEPTED, 1),
    ("busy", "busy", State.WAITING, None, AttemptState.TEMPORARY, 0),
    ("no such number", "bad_number", State.CLOSED, "rejected", AttemptState.REJECTED, 0),
    ("stopped at the gateway", "opted_out", State.CLOSED, "opted_out", AttemptState.REJECTED, 0),
    ("text not carried", "content", State.CLOSED, "rejected", AttemptState.REJECTED, 0),
    ("no credit", "channel", State.WAITING, None, AttemptState.REJECTED, 0),
    ("cut after it left", "cut_sent", State.SUBMITTING, None, AttemptState.UNKNOWN, 1),
    ("cut before it left", "cut_lost", State.SUBMITTING, None, AttemptState.UNKNOWN, 0),
]


@pytest.mark.parametrize(
    ("what", "state", "reason", "attempt", "copies"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_outcome(installation, planned, what, state, reason, attempt, copies) -> None:
    weather(installation, planned, what)
    sender.send_due(installation, planned.now)
    message = only(installation, Message)
    assert (message.state, message.reason, only(installation, Attempt).state) == (state, reason, attempt)
    assert len(installation.adapters.book.sent()) == copies


@pytest.mark.parametrize("what", ["cut_sent", "cut_lost"])
def test_an_unknown_outcome_is_looked_up_and_never_doubled(installation, planned, what) -> None:
    weather(installation, planned, what)
    for minute in range(10):
        now = planned.now + timedelta(minutes=minute)
        sender.send_due(installation, now)
        resolving.resolve(installation, now)
    assert len(installation.adapters.book.sent()) == 1
    assert only(installation, Message).state is State.HANDED_OVER


@pytest.mark.parametrize("then", ["busy", "channel"])
def test_a_request_that_may_be_under_way_keeps_its_key_through_other_trouble(installation, planned, then) -> None:
    keys: list[str] = []
    carrier = weather(installation, planned, "cut_lost", then, "ok")
    submit = carrier.submit
    carrier.submit = lambda outbound: (keys.append(outbound.idempotency_key), submit(outbound))[1]
    for minute in range(60):
        now = planned.now + timedelta(minutes=minute)
        with installation.db.write() as session:
            session.get_one(Gateway, 1).paused_at = None
        sender.send_due(installation, now)
        resolving.resolve(installation, now)
    assert (len(keys), len(set(keys))) == (3, 1)
    assert len(installation.adapters.book.sent(NUMBER)) == 1


def test_an_empty_account_pauses_the_gateway_and_keeps_the_message(installation, planned) -> None:
    weather(installation, planned, "channel")
    sender.send_due(installation, planned.now)
    assert only(installation, Gateway).paused_at is not None
    assert sender.send_due(installation, planned.now).get("paused_gateway") == 1
    with installation.db.write() as session:
        session.get_one(Gateway, 1).paused_at = None
    weather(installation, planned, "ok")
    assert sender.send_due(installation, planned.now + timedelta(minutes=6))["accepted"] == 1


def test_a_busy_gateway_is_tried_again_until_the_message_is_stale(installation, planned) -> None:
    weather(installation, planned, *["busy"] * 50)
    now, tries = planned.now, 0
    while (message := only(installation, Message)).state is State.WAITING:
        tries += sender.send_due(installation, now).get("temporary", 0)
        now = max(now, only(installation, Message).next_at)
    assert message.reason == "stale"
    assert 10 < tries < 30


def test_a_bad_number_is_not_written_to_again_and_a_gateways_stop_is_ours(installation, planned) -> None:
    weather(installation, planned, "opted_out")
    sender.send_due(installation, planned.now)
    assert only(installation, Phone).opted_out_by == "gateway"


def test_money_is_reserved_charged_once_and_freed(installation, planned) -> None:
    assert only(installation, Budget).reserved_micros == 10_000_000
    carrier = weather(installation, planned, "cut_sent")
    sender.send_due(installation, planned.now)
    reports = [report for _, report in carrier.book.reports(planned.now + timedelta(minutes=1))]
    for _ in range(2):
        receipts.receive(installation.db, "simulator", reports, planned.now)
    resolving.resolve(installation, planned.now + timedelta(minutes=5))
    budget = only(installation, Budget)
    assert (budget.reserved_micros, budget.charged_micros) == (0, 10_000_000)
    assert only(installation, Message).delivery is Delivery.DELIVERED


def test_a_rejected_message_costs_nothing(installation, planned) -> None:
    weather(installation, planned, "bad_number")
    sender.send_due(installation, planned.now)
    budget = only(installation, Budget)
    assert (budget.reserved_micros, budget.charged_micros) == (0, 0)


def test_no_more_segments_leave_than_the_gateway_may_carry(installation, world: World) -> None:
    with installation.db.write() as session:
        row = session.get_one(Gateway, 1)
        row.rate, row.tokens, row.tokens_at = 10, 0, world.now
    for number in range(120):
        world.member(f"+2237000{number:04d}")
    world.campaign(hygiene())
    planner.plan(world.db, world.now, timedelta(minutes=15))
    sent = [
        sender.send_due(installation, world.now + timedelta(seconds=tick / 4)).get("accepted", 0) for tick in range(56)
    ]
    assert max(sum(sent[tick : tick + 40]) for tick in range(16)) <= 100
    assert sum(sent) == 120


def test_what_waited_too_long_for_its_turn_is_not_handed_over(installation, planned, monkeypatch) -> None:
    """Else it would be found unsent, leave a second time, and then its first turn would come."""
    clock = iter([0.0])
    monkeypatch.setattr(pool, "monotonic", lambda: next(clock, 1000.0))
    assert sender.send_due(installation, planned.now) == {"claimed": 1, "temporary": 1}
    assert installation.adapters.book.sent() == []
    assert only(installation, Message).state is State.WAITING


def test_an_answer_that_comes_late_still_counts(installation, planned) -> None:
    jobs, _ = claiming.claim(installation, planned.now)
    answer = jobs[0].adapter.submit(jobs[0].outbound)
    with installation.db.write() as session:
        resolving.mark_stuck(session, installation, planned.now + timedelta(minutes=2))
    with installation.db.write() as session:
        outcomes.record(session, {jobs[0].outbound.idempotency_key: answer}, planned.now + timedelta(minutes=2))
    assert only(installation, Message).state is State.HANDED_OVER
    assert only(installation, Budget).charged_micros == 10_000_000


def test_a_look_that_fails_is_repeated_and_at_last_parked(installation, planned) -> None:
    carrier = weather(installation, planned, "cut_lost")
    sender.send_due(installation, planned.now)
    carrier.resolve = lambda *_: 1 / 0  # type: ignore[method-assign,assignment]
    useful = only(installation, Message).useful_until - planned.now
    for minute in range(0, useful // timedelta(minutes=1), 5):
        resolving.resolve(installation, planned.now + timedelta(minutes=minute))
    assert only(installation, Message).state is State.SUBMITTING, "by its key it may leave again at any time"
    for minute in range(0, 15, 5):
        resolving.resolve(installation, planned.now + useful + timedelta(minutes=minute))
    message = only(installation, Message)
    assert (message.state, message.reason) == (State.HELD, "unknown")
    with installation.db.write() as session:
        outbox.expire(session, message.useful_until + timedelta(days=2))
    assert only(installation, Message).reason == "unknown"
    assert only(installation, Budget).reserved_micros == 10_000_000  # it may have left: a late receipt decides


def test_one_broken_adapter_does_not_lose_the_others_outcomes(installation, world: World) -> None:
    for number in range(5):
        world.member(f"+2237000000{number}")
    world.campaign(hygiene())
    planner.plan(world.db, world.now, timedelta(minutes=15))
    carrier = weather(installation, world)
    real = carrier.submit

    def breaks(outbound):
        if outbound.to.endswith("3"):
            raise ValueError("broken")
        return real(outbound)

    carrier.submit = breaks  # type: ignore[method-assign]
    assert sender.send_due(installation, world.now) == {"claimed": 5, "accepted": 4, "unknown": 1}


def test_a_gateway_without_its_secret_stops_nobody_else(installation, planned) -> None:
    with installation.db.write() as session:
        session.add(Gateway(name="odd", adapter="odd", prefixes=["+22370"], kinds=[], rate=1))
        session.get_one(Gateway, 1).prefixes = []
    assert sender.send_due(installation, planned.now) == {"claimed": 0, "paused_gateway": 1}


def test_a_paused_campaign_sends_nothing_that_comes_back(installation, planned) -> None:
    weather(installation, planned, "busy")
    jobs, _ = claiming.claim(installation, planned.now)
    with installation.db.write() as session:
        life.pause(session, 1, None, planned.now)
    answer = jobs[0].adapter.submit(jobs[0].outbound)
    with installation.db.write() as session:
        outcomes.record(session, {jobs[0].outbound.idempotency_key: answer}, planned.now)
    later = planned.now + timedelta(hours=1)
    assert sender.send_due(installation, later) == {"claimed": 0, "paused_campaign": 1}
    with installation.db.write() as session:
        life.start(session, 1, None, later)
    assert sender.send_due(installation, later)["accepted"] == 1


def test_a_corrected_and_approved_text_leaves_with_its_new_words(installation, planned) -> None:
    with installation.db.write() as session:
        words = Wording(sms="Du savon, ou de la cendre.", official="-", read_aloud="-")
        texts.write(session, 1, "fr", words, planned.now)
    assert only(installation, Message).state is State.HELD
    with installation.db.write() as session:
        approve_texts(session, session.get_one(Campaign, 1), planned.now)
    sender.send_due(installation, planned.now)
    assert [text for _, text, _ in installation.adapters.book.sent()] == ["Du savon, ou de la cendre."]


def test_a_long_text_is_not_overtaken_for_ever(installation, world: World) -> None:
    with installation.db.write() as session:
        row = session.get_one(Gateway, 1)
        row.rate, row.tokens, row.tokens_at = 1, 0, world.now
    for number in range(30):
        world.member(f"+223700001{number:02d}")
    long = "mains " * 60
    world.campaign(hygiene(texts={"fr": {"sms": long, "read_aloud": "-"}}))
    planner.plan(world.db, world.now, timedelta(minutes=15))
    for second in range(120):
        sender.send_due(installation, world.now + timedelta(seconds=second))
    assert 35 <= sum(letters.segments(text) for _, text, _ in installation.adapters.book.sent()) <= 130
