"""The job that sends: several gateways side by side, replies before bulk, and what is left when it ends or fails."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import outbox, outcomes, receipts, sender
from messaging.claiming import claim
from messaging.gateways import Adapters, pool
from messaging.gateways.protocol import Capabilities, Error, Fault, Outbound, Outcome, Report, Submitted
from messaging.installation import Installation
from messaging.letters import measure
from messaging.models import Attempt, Budget, Gateway, Message, Phone, Programme
from messaging.models.post import AttemptState, Delivery, Kind, State
from tests.world import World

SLOW, QUICK = "+22360", "+22370"


@dataclass
class Carrier:
    """A gateway that takes its time, or none at all until it is let go."""

    seconds: float = 0.0
    most: int = 16
    can_ask: bool = True
    gate: threading.Event | None = None
    took: list[tuple[float, Outbound]] = field(default_factory=list)
    busiest: int = 0
    _busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(True, "handset", "by_key" if self.can_ask else "no", max_in_flight=self.most)

    def submit(self, outbound: Outbound) -> Submitted:
        with self._lock:
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
            self.took.append((time.monotonic(), outbound))
        time.sleep(self.seconds)
        if self.gate is not None:
            self.gate.wait(20)
        with self._lock:
            self._busy -= 1
        return Submitted(Outcome.ACCEPTED, f"P{outbound.idempotency_key}", outbound.segments)

    def close(self) -> None: ...


@dataclass
class Post:
    """An installation with two gateways by prefix, and what waits in its outbox."""

    here: Installation
    world: World
    ways: dict[str, Carrier] = field(default_factory=dict)

    def way(self, start: str, carrier: Carrier, rate: float = 10_000) -> Carrier:
        """Open a gateway for the numbers that start so."""
        with self.here.db.write() as session:
            row = Gateway(name=f"way{start[1:]}", adapter="fake", rate=rate, answer_cost="free", prefixes=[start])
            row.price_micros = 10_000_000
            session.add(row)
            session.flush()
            self.here.adapters.put(row, carrier)  # type: ignore[arg-type]
        self.ways[start] = carrier
        return carrier

    def put(self, start: str, count: int, kind: Kind = Kind.SERVICE) -> None:
        """So many messages wait, each for a phone of its own; service prompts as if they were bulk."""
        now = self.world.now
        phones = [self.world.phone(f"{start}{len(self.world.phones):06d}") for _ in range(count)]
        with self.here.db.write() as session:
            programme = session.get_one(Programme, self.world.programme_id)
            for phone in phones:
                letter = outbox.Letter(
                    programme.id, kind, f"nudge:{phone}", "fr", "fr", measure("Bonjour"), now, now + timedelta(hours=6),
                    body="Bonjour", priority=10 if kind is Kind.REPLY else 0, segment_price_micros=10_000_000,
                )  # fmt: skip
                assert outbox.put(session, letter, phone, now)

    def send(self) -> dict[str, int]:
        """One turn of the job."""
        return sender.keep_sending(self.here, self.world.now)

    def states(self) -> dict[AttemptState, int]:
        """How many attempts are in each state."""
        with self.here.db.read() as session:
            rows = session.execute(sa.select(Attempt.state, sa.func.count().label("n")).group_by(Attempt.state))
            return {row.state: row.n for row in rows}


@pytest.fixture
def post(installation: Installation, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """Four threads a gateway; a turn of the job lasts three seconds."""
    monkeypatch.setattr(sender, "TURN", timedelta(seconds=3))
    settings = dataclasses.replace(installation.settings, workers=4)
    here = dataclasses.replace(installation, settings=settings, adapters=Adapters(settings, installation.keys))
    running = Post(here, world)
    yield running
    for way in running.ways.values():
        if way.gate is not None:
            way.gate.set()
    here.adapters.close()


def test_everything_leaves_in_one_turn_and_each_once(post: Post) -> None:
    post.way(QUICK, Carrier())
    post.put(QUICK, 300)
    assert post.send() == {"claimed": 300, "accepted": 300}
    assert len({outbound.to for _, outbound in post.ways[QUICK].took}) == len(post.ways[QUICK].took) == 300


def test_a_gateway_that_hangs_stops_nobody_else(post: Post) -> None:
    hangs, goes = post.way(SLOW, Carrier(gate=threading.Event())), post.way(QUICK, Carrier())
    post.put(SLOW, 250)
    post.put(QUICK, 60)
    counts = post.send()
    assert (counts["accepted"], len(goes.took)) == (60, 60)
    assert len(hangs.took) == 4
    post.put(QUICK, 5)
    assert post.send()["accepted"] == 5, "also in the turns after"
    assert hangs.gate is not None
    hangs.gate.set()
    assert post.send()["accepted"] >= 40, "its answers are stored by a later turn"


@pytest.mark.parametrize(("most", "expected"), [(1, 1), (2, 2), (9, 4)])
def test_no_gateway_is_called_more_often_at_a_time_than_it_can_bear(post: Post, most: int, expected: int) -> None:
    telephone, other = post.way(SLOW, Carrier(0.02, most)), post.way(QUICK, Carrier(0.02))
    post.put(SLOW, 12)
    post.put(QUICK, 40)
    post.send()
    assert (telephone.busiest, other.busiest) == (expected, 4)


@pytest.mark.parametrize(("can_ask", "unclear"), [(True, 40), (False, 4)])
def test_what_a_crash_would_leave_unclear_is_bounded(post: Post, can_ask: bool, unclear: int) -> None:
    """Where nobody can ask what became of a message, none is claimed before a thread is free for it."""
    post.way(QUICK, Carrier(gate=threading.Event(), can_ask=can_ask))
    post.put(QUICK, 100)
    post.send()
    assert 0 < post.states()[AttemptState.SUBMITTING] <= unclear


def test_a_reply_overtakes_what_waits(post: Post) -> None:
    way = post.way(QUICK, Carrier(seconds=0.2))
    post.put(QUICK, 100)  # five seconds, for four threads
    turn = threading.Thread(target=post.send)
    turn.start()
    time.sleep(0.3)
    put_at = time.monotonic()
    post.put(QUICK, 1, Kind.REPLY)
    turn.join()
    (left_at,) = [at for at, outbound in way.took if outbound.priority == 10]
    assert left_at - put_at < 1.0
    assert len(way.took) < 100, "the bulk is not through yet"


def test_what_falls_due_in_a_moment_leaves_in_that_moment(post: Post) -> None:
    way = post.way(QUICK, Carrier())
    post.put(QUICK, 3)
    with post.here.db.write() as session:
        for place, message in enumerate(session.scalars(sa.select(Message).order_by(Message.id))):
            message.next_at = post.world.now + timedelta(seconds=0.8 * place)
    began = time.monotonic()
    assert post.send()["accepted"] == 3
    assert [at - began for at, _ in way.took] == pytest.approx([0, 0.8, 1.6], abs=0.4)


def told(claimed: int, **more: int) -> Counter[str]:
    return Counter({"claimed": claimed, **more})


AT = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
RHYTHM = [
    # label, what the last claim of 50 gave, seconds since, whether they run out of work, claim now, and how many
    ("more waits, and there is work enough", told(50), 0.1, False, False, 30),
    ("more waits, and they run out of work", told(50), 0.1, True, True, 30),
    ("all is taken, and they run out of work", told(20), 0.1, True, False, 30),
    ("all is taken, half a second ago", told(20), 0.5, False, True, 30),
    ("nothing could be taken: look behind it at once", told(0, in_turn=50), 0.0, False, True, sender.BATCH),
    ("nothing is due", told(0), 0.1, False, False, 30),
]


@pytest.mark.parametrize(
    ("gave", "since", "is_low", "now", "most"), [r[1:] for r in RHYTHM], ids=[r[0] for r in RHYTHM]
)
def test_when_the_next_claim_comes(gave: Counter[str], since: float, is_low: bool, now: bool, most: int) -> None:
    rhythm = sender.Rhythm(AT)
    assert rhythm.is_time(AT, False)
    rhythm.note(gave, 50, AT)
    assert rhythm.is_time(AT + timedelta(seconds=since), is_low) is now
    assert rhythm.most(30) == most


@pytest.mark.parametrize(("due", "seconds"), [(0.1, 0.5), (0.45, 0.5), (3, 0.5), (-1, 0.5)])
def test_few_claims_of_many_rather_than_many_of_few(due: float, seconds: float) -> None:
    """Twenty segments a second: two claims of ten, not twenty of one."""
    rhythm = sender.Rhythm(AT)
    rhythm.note(told(3), 50, AT)
    assert rhythm.rest(AT, AT + timedelta(seconds=due)) == seconds


def test_a_slow_pace_is_kept_and_a_long_queue_is_not_looked_at_again_and_again(post: Post) -> None:
    way = post.way(QUICK, Carrier(), rate=20)
    post.put(QUICK, 100)
    counts = post.send()
    assert 45 <= len(way.took) <= 70  # a burst of ten, then nineteen a second
    assert counts["in_turn"] < 200, "each is put off about once"


def test_a_stop_waits_for_what_is_under_way_and_calls_nothing_more(post: Post) -> None:
    way = post.way(QUICK, Carrier(gate=threading.Event()))
    post.put(QUICK, 30)
    post.send()
    assert way.gate is not None
    threading.Timer(0.3, way.gate.set).start()
    sender.finish(post.here)
    assert len(way.took) == 4
    left = post.states()
    assert (left[AttemptState.ACCEPTED], AttemptState.SUBMITTING in left) == (4, False)
    with post.here.db.read() as session:
        waiting = session.scalar(sa.select(sa.func.count()).where(Message.state == State.WAITING))
    assert waiting == 26


def test_answers_that_could_not_be_stored_come_again(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.way(QUICK, Carrier())
    post.put(QUICK, 5)
    real, tried = outcomes.record, []

    def record(*given: object) -> None:
        tried.append(given)
        if len(tried) == 1:
            raise sa.exc.OperationalError("locked", {}, Exception())
        real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(outcomes, "record", record)
    with pytest.raises(sa.exc.OperationalError):
        post.send()
    assert post.send()["accepted"] == 5
    assert post.states() == {AttemptState.ACCEPTED: 5}
    assert len(post.ways[QUICK].took) == 5


def test_an_answer_that_no_table_takes_holds_up_no_other(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.way(QUICK, Carrier())
    post.put(QUICK, 5)
    real, bad = outcomes.record, set[str]()

    def record(session: Session, answers: Mapping[str, Submitted], *given: object) -> None:
        bad.update([] if bad else [min(answers)])
        if bad & answers.keys():
            raise ValueError("no column takes it")
        real(session, answers, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(outcomes, "record", record)
    assert post.send()["accepted"] == 4
    assert post.states() == {AttemptState.ACCEPTED: 4, AttemptState.SUBMITTING: 1}, "it will count as unknown"
    assert post.send().get("accepted", 0) == 0 and len(post.ways[QUICK].took) == 5


def test_a_number_that_does_not_open_holds_up_no_other(post: Post) -> None:
    post.way(QUICK, Carrier())
    post.put(QUICK, 5)
    with post.here.db.write() as session:
        session.execute(sa.update(Phone).where(Phone.id == min(post.world.phones.values())).values(sealed=b"broken"))
    assert post.send()["accepted"] == 4
    with post.here.db.read() as session:
        left = session.scalars(sa.select(Message).where(Message.state == State.HELD)).one()
        assert (left.reason, left.tries) == ("invalid_number", 0)


def test_what_a_machine_that_slept_still_holds_is_not_handed_over(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    way = post.way(QUICK, Carrier())
    post.put(QUICK, 1)
    clock = iter([0.0, 3600.0])
    monkeypatch.setattr(pool, "time", lambda: next(clock))
    with pool.Pool(4) as hands:
        jobs, _ = claim(post.here, post.world.now, pool=hands)
        hands.put(jobs, patience=1800)
        ((_, submitted),) = hands.answered(5)
    assert submitted.outcome is Outcome.TEMPORARY and not way.took


ANSWERS = (
    Submitted(Outcome.ACCEPTED, "P", 1),
    Submitted(Outcome.DUPLICATE, "P", 1),
    Submitted(Outcome.TEMPORARY, error=Error("429", "busy", Fault.NETWORK)),
    Submitted(Outcome.REJECTED, error=Error("21211", "no such number", Fault.RECIPIENT)),
    Submitted(Outcome.UNKNOWN, error=Error("cut", "the answer was lost", Fault.NETWORK)),
)


def facts(row: Attempt | Message, but: set[str]) -> dict[str, object]:
    return {name.key: getattr(row, name.key) for name in sa.inspect(row).mapper.column_attrs if name.key not in but}


def test_a_group_is_stored_as_its_parts_would_be(post: Post) -> None:
    """Twenty answers, ten of them in one transaction and ten one by one: the same rows, and the same money."""
    post.way(QUICK, Carrier())
    post.put(QUICK, 2 * 2 * len(ANSWERS))
    now = post.world.now
    jobs, _ = claim(post.here, now)
    answers = {job.outbound.idempotency_key: ANSWERS[place % len(ANSWERS)] for place, job in enumerate(jobs)}
    whole, single = list(answers)[: len(jobs) // 2], list(answers)[len(jobs) // 2 :]
    for key in single:
        with post.here.db.write() as session:
            outcomes.record(session, {key: answers[key]}, now)
    with post.here.db.write() as session:
        outcomes.record(session, {key: answers[key] for key in whole}, now)
    own = {"id", "message_id", "phone_id", "occurrence", "next_at"}
    with post.here.db.read() as session:
        rows = [session.get_one(Attempt, key) for key in (*whole, *single)]
        attempts = [facts(row, own) for row in rows]
        messages = [facts(session.get_one(Message, row.message_id), own) for row in rows]
        money = session.scalars(sa.select(Budget)).one()
        budget = (money.reserved_micros, money.charged_micros)
    half = len(jobs) // 2
    assert attempts[:half] == attempts[half:]
    assert messages[:half] == messages[half:]
    assert budget == (8 * 10_000_000, 8 * 10_000_000)  # temporary and unknown; accepted and duplicate


@pytest.mark.parametrize("word", [Delivery.DELIVERED, Delivery.FAILED, Delivery.SENT])
def test_what_a_receipt_has_told_is_not_overwritten_by_the_group_that_comes_later(post: Post, word: Delivery) -> None:
    post.way(QUICK, Carrier())
    post.put(QUICK, 3)
    now = post.world.now
    jobs, _ = claim(post.here, now)
    first = jobs[0].outbound.idempotency_key
    report = Report(word.value, word, "d", first, f"P{first}")
    with post.here.db.read() as session:
        gateway = session.scalars(sa.select(Gateway.name).where(Gateway.adapter == "fake")).one()
    receipts.receive(post.here.db, gateway, [report], now)
    with post.here.db.read() as session:
        before = facts(session.scalars(sa.select(Message).order_by(Message.id)).first(), set())
    with post.here.db.write() as session:
        answers = {job.outbound.idempotency_key: job.adapter.submit(job.outbound) for job in jobs}
        outcomes.record(session, answers, now + timedelta(seconds=1))
    with post.here.db.read() as session:
        assert facts(session.scalars(sa.select(Message).order_by(Message.id)).first(), set()) == before
        assert session.scalar(sa.select(sa.func.count()).where(Attempt.state == AttemptState.ACCEPTED)) == 3
        assert session.scalars(sa.select(Budget.charged_micros)).one() == 30_000_000


def test_the_last_success_of_a_gateway_is_written_down_now_and_then(post: Post) -> None:
    post.way(QUICK, Carrier())
    seen = []
    for seconds in (0, 1, 4, 6, 20):
        post.put(QUICK, 1)
        sender.send_due(post.here, post.world.now + timedelta(seconds=seconds))
        with post.here.db.read() as session:
            at: datetime = session.scalars(sa.select(Gateway.sent_at).where(Gateway.adapter == "fake")).one()
        seen.append((at - post.world.now).total_seconds())
    assert seen == [0, 0, 0, 6, 20]
