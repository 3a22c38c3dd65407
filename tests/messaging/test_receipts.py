"""Receipts: whatever their order, the same words about a message give the same state; and what follows from each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import reduce
from itertools import cycle, permutations
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from campaigns import planner
from messaging import receipts, sender
from messaging.gateways import pausing, twilio_words
from messaging.gateways.protocol import Error, Fault, Outcome, Report
from messaging.installation import Installation
from messaging.models import Attempt, Budget, Gateway, Message, Phone, Receipt
from messaging.models.post import AttemptState, Delivery, Kind, State
from messaging.receipts import ORDER, fold
from messaging.tab import Tab, is_reserved
from tests.conftest import NOW
from tests.messaging.posting import CUT, Post, able, report
from tests.world import World, hygiene

AWA = "+22370000001"
TOLD = st.tuples(st.sampled_from(list(Delivery)), st.sampled_from(["", "30003", "30005"]))


@pytest.fixture
def post(installation: Installation, world: World) -> Post:
    return Post(installation, world, world.now)


# The lattice


def test_every_word_has_a_rank() -> None:
    assert set(ORDER) == set(Delivery)


def test_all_orders_of_all_words_give_the_same() -> None:
    words = [(delivery, "") for delivery in Delivery]
    assert {reduce(fold, order, None) for order in permutations(words)} == {(Delivery.READ, "")}


@given(TOLD, TOLD, TOLD)
def test_fold_is_a_join(one: tuple[Delivery, str], two: tuple[Delivery, str], three: tuple[Delivery, str]) -> None:
    assert fold(one, one) == one
    assert fold(one, two) == fold(two, one)
    assert fold(fold(one, two), three) == fold(one, fold(two, three))


def test_a_late_delivery_is_stronger_than_a_failure() -> None:
    assert fold((Delivery.FAILED, "30003"), (Delivery.DELIVERED, "")) == (Delivery.DELIVERED, "")
    assert fold((Delivery.DELIVERED, ""), (Delivery.SENT, "")) == (Delivery.DELIVERED, "")
    assert fold((Delivery.FAILED, "9"), (Delivery.EXPIRED, "1")) == (Delivery.EXPIRED, "1")


# All permutations: each order is one message to one phone; all are told at once, word after word

OFF = Error("30003", "phone off", Fault.NETWORK, None)
FAILURES = {
    "off": OFF,
    "no reason": Error("30008", "no reason", Fault.VAGUE),
    "guard": Error("30450", "guard", Fault.NETWORK, 1200.0),
    "landline": Error("30006", "landline", Fault.RECIPIENT),
    "absent": Error("30005", "absent", Fault.ABSENT),
    "filtered": Error("30007", "filtered", Fault.CONTENT),
    "no credit": Error("30002", "no credit", Fault.CHANNEL),
    "stopped": Error("21610", "stopped", Fault.OPTED_OUT),
    "unclear": Error("30410", "unclear", Fault.NETWORK),
    "new": Error("99999", "unknown code", Fault.NONE),
}


def word(name: str, key: str) -> Report:
    """`failed:off` is a failure, any other word a delivery."""
    what, _, failure = name.partition(":")
    if what != "failed":
        return report(key, Delivery(what))
    error = FAILURES[failure]
    return report(key, Delivery.FAILED, error, outcome_unknown=failure == "unclear")


def taken(post: Post, count: int, kind: Kind = Kind.SERVICE) -> list[str]:
    """So many messages, each to a phone of its own, taken by the gateway; gives the keys of their attempts."""
    post.world.crowd(count)
    numbers = list(post.world.phones)
    with post.here.db.write() as session:
        gateway = session.scalars(sa.select(Gateway).where(Gateway.name == "sms")).one()
        message: dict[str, Any] = {
            "programme_id": post.world.programme_id, "kind": kind, "step_id": 0, "language": "fr", "segments": 1,
            "language_wanted": "fr", "encoding": "GSM-7", "price_micros": 1_000_000, "state": State.HANDED_OVER,
            "gateway_id": gateway.id, "tries": 1, "due_at": post.now, "next_at": post.now, "created_at": post.now,
            "useful_until": post.now + timedelta(days=2), "handed_over_at": post.now, "body": "I ni ce",
        }  # fmt: skip
        rows = [
            {**message, "phone_id": post.world.phones[one], "occurrence": f"nudge:{place}"}
            for place, one in enumerate(numbers[-count:])
        ]
        ids = session.scalars(sa.insert(Message).returning(Message.id, sort_by_parameter_order=True), rows).all()
        attempt = {"gateway_id": gateway.id, "state": AttemptState.ACCEPTED, "started_at": post.now}
        keys = [f"k{place:06d}" for place in range(count)]
        session.execute(
            sa.insert(Attempt),
            [
                {**attempt, "id": key, "message_id": ident, "settled_at": post.now, "next_look_at": post.now}
                for key, ident in zip(keys, ids, strict=True)
            ],
        )
    return keys


def endings(post: Post) -> set[tuple[Any, ...]]:
    """What is left in the rows of all messages, attempts and phones: each kind of row once."""
    columns = (
        Message.state, Message.reason, Message.delivery, Message.error_code, Message.handed_over_at, Message.closed_at,
        Attempt.state, Attempt.delivery, Attempt.error_code, Attempt.fault, Attempt.next_look_at,
        Phone.invalid_at, Phone.opted_out_at, Phone.last_delivered_at,
    )  # fmt: skip
    with post.here.db.read() as session:
        query = sa.select(*columns).join(Attempt, Attempt.message_id == Message.id)
        return {tuple(row) for row in session.execute(query.join(Phone, Phone.id == Message.phone_id))}


def tell_in_all_orders(post: Post, orders: Sequence[Sequence[str]], at_once: bool) -> set[tuple[Any, ...]]:
    keys = taken(post, len(orders))
    turns = [[word(name, key) for name in order] for key, order in zip(keys, orders, strict=True)]
    if at_once:
        post.report(*(told for turn in turns for told in turn))
    else:
        for told in zip(*turns, strict=True):
            post.report(*told)
    return endings(post)


SETS = [  # what is told of one message, in every order, and how it ends
    ("delivered above all", ["queued", "sent", "failed:off", "failed:landline", "delivered"], "closed", "delivered"),
    ("read above all", ["failed:off", "expired", "cancelled", "delivered", "read"], "closed", "delivered"),
    ("the smaller code: a new attempt", ["sent", "failed:off", "failed:landline", "cancelled"], "waiting", None),
    ("the smaller code: none", ["sent", "failed:absent", "failed:landline", "queued"], "closed", "undelivered"),
    ("two that may pass", ["failed:off", "failed:no reason", "failed:guard", "sent"], "waiting", None),
    ("no reason alone", ["queued", "sent", "failed:no reason"], "waiting", None),
    ("expired above failed", ["failed:landline", "failed:off", "expired", "sent"], "waiting", None),
    ("the gateway's own fault", ["failed:no credit", "failed:landline", "sent"], "waiting", None),
    ("filtered, and no reason", ["failed:filtered", "failed:no reason", "queued"], "closed", "undelivered"),
    ("a stop", ["failed:stopped", "failed:off", "sent", "delivered"], "closed", "delivered"),
    ("perhaps it arrived", ["failed:unclear", "failed:new", "sent"], "held", "unknown"),
    ("perhaps it arrived, and it did", ["failed:unclear", "failed:off", "delivered"], "closed", "delivered"),
    ("a code that nobody knows", ["failed:new", "sent", "cancelled"], "closed", "undelivered"),
]


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in one transaction"])
@pytest.mark.parametrize(("words", "state", "reason"), [row[1:] for row in SETS], ids=[row[0] for row in SETS])
def test_all_orders_end_in_the_same_rows(
    post: Post, words: list[str], state: str, reason: str | None, at_once: bool
) -> None:
    post.gateway("sms")
    orders = list(permutations(words))
    ended = tell_in_all_orders(post, orders, at_once)
    assert len(ended) == 1
    assert next(iter(ended))[:2] == (state, reason)
    # Money: each was charged when it was taken (outside this test); what waits for a new attempt has its own set aside.
    assert reserved(post) == (len(orders) if state in ("waiting", "held") else 0)


ALL = ["queued", "sent", "failed:off", "failed:landline", "expired", "cancelled", "delivered", "read"]


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in one transaction"])
@pytest.mark.parametrize("left_out", [[], ["read", "delivered"]], ids=["all words", "never delivered"])
def test_eight_words_in_all_orders(post: Post, left_out: list[str], at_once: bool) -> None:
    """Every order of what is never delivered; of all eight words each that begins with another pair and more."""
    post.gateway("sms")
    words = [one for one in ALL if one not in left_out]
    orders = list(permutations(words)) if left_out else list(permutations(words))[::37]
    assert len(orders) >= 720
    ended = {row for some in range(0, len(orders), 600) for row in _fresh(post, orders[some : some + 600], at_once)}
    assert len(ended) == 1


def _fresh(post: Post, orders: Sequence[Sequence[str]], at_once: bool) -> set[tuple[Any, ...]]:
    with post.here.db.write() as session:
        for table in (Receipt, Attempt, Message):
            session.execute(sa.delete(table))
    return tell_in_all_orders(post, orders, at_once)


@pytest.mark.parametrize("second", ["failed:off", "failed:landline", "failed:filtered", "failed:no credit", "expired"])
@pytest.mark.parametrize("first", ["failed:off", "failed:no reason", "failed:unclear", "sent", "delivered"])
def test_two_attempts_of_one_message_fold_together(post: Post, first: str, second: str) -> None:
    """A person ordered the second although the first may have left; what is told of both comes in any order."""
    post.gateway("sms")
    told = [("a", "queued"), ("a", first), ("b", "sent"), ("b", second)]
    orders = list(permutations(told))
    keys = taken(post, len(orders))
    with post.here.db.write() as session:
        for one in session.scalars(sa.select(Attempt)).all():
            one.state, one.settled_at = AttemptState.NOT_SENT, None
            twin = Attempt(id=f"{one.id}b", message_id=one.message_id, gateway_id=one.gateway_id, started_at=post.now)
            session.add(twin)
        session.execute(sa.update(Message).values(state=State.SUBMITTING, handed_over_at=None, tries=2))
    for turn in range(len(told)):
        post.report(
            *(
                word(order[turn][1], key + ("b" if order[turn][0] == "b" else ""))
                for key, order in zip(keys, orders, strict=True)
            )
        )
    with post.here.db.read() as session:
        rows = session.execute(sa.select(Message.state, Message.reason, Message.delivery, Message.error_code))
        assert len({tuple(row) for row in rows}) == 1
        paused = session.execute(sa.select(Gateway.paused_reason).where(Gateway.name == "sms")).scalar()
    assert (paused is not None) is (second == "failed:no credit")


def resume(post: Post, name: str) -> None:
    with post.here.db.write() as session:
        pausing.resume(session, session.get_one(Gateway, post.row(name).id), post.now)


def reserved(post: Post) -> int:
    """Messages whose money is set aside, at a price of one XOF."""
    with post.here.db.read() as session:
        return (session.scalar(sa.select(sa.func.sum(Budget.reserved_micros))) or 0) // 1_000_000


def test_a_gateway_that_fails_for_two_reasons_rests_for_the_same_one(post: Post) -> None:
    reasons = []
    for name, order in (("one", ["30002", "30018"]), ("two", ["30018", "30002"])):
        post.gateway(name)
        for code in order:
            ident = post.put(AWA, Kind.REPLY, occurrence=f"reply:{name}:{code}", gateway_id=post.row(name).id)
            resume(post, name)
            post.send()
            key = post.attempts(ident)[0].id
            reasons.append((name, key, code))
    for name, key, code in reasons:
        post.report(report(key, Delivery.FAILED, Error(code, f"told {code}", Fault.CHANNEL)), gateway=name)
    assert {post.row(name).paused_reason for name in ("one", "two")} == {"told 30002"}


def test_all_eight_words_in_all_orders_without_a_database() -> None:
    """The same functions on rows in memory: 40 320 orders, each of them told one by one."""
    words = [word(name, "k") for name in ALL]
    assert {_followed(order) for order in permutations(words)} == {
        (State.CLOSED, "delivered", Delivery.READ, None, Delivery.READ, None, None)
    }


def _followed(order: Sequence[Report]) -> tuple[Any, ...]:
    attempt = Attempt(id="k", message_id=1, gateway_id=1, state=AttemptState.ACCEPTED, started_at=NOW)
    message = Message(
        id=1, programme_id=1, kind=Kind.SERVICE, occurrence="nudge:1", state=State.HANDED_OVER, price_micros=1,
        due_at=NOW, useful_until=NOW + timedelta(days=2),
    )  # fmt: skip
    for told in order:
        if receipts.take_in(attempt, told):
            receipts.follow(message, [attempt], Tab(), NOW)
    return (
        message.state, message.reason, message.delivery, message.error_code, attempt.delivery, attempt.error_code,
        attempt.fault,
    )  # fmt: skip


# What follows from a failure


def failed(post: Post, error: Error, **letter: Any) -> tuple[int, str]:
    """A message that was taken and then failed; gives its id and the key of its attempt."""
    ident = post.put(AWA, **letter)
    post.send()
    key = post.attempts(ident)[-1].id
    post.tell(key, Delivery.FAILED, error)
    return ident, key


def test_a_phone_that_is_off_is_tried_three_times_each_under_a_new_key(post: Post) -> None:
    carrier = post.gateway("sms", able("by_key", idempotent_submit=True))
    ident, _ = failed(post, OFF)
    for _ in range(40):
        post.send(minutes=30)
        for attempt in post.attempts(ident):
            post.tell(attempt.id, Delivery.FAILED, OFF)
    assert len(carrier.asked) == len(set(post.sent)) == 3
    assert (post.message(ident).state, post.message(ident).reason) == (State.CLOSED, "undelivered")
    assert post.money() == (0, 3), "each was taken, and costs"


AGAIN = [  # a failure; how many attempts in all; the first wait in minutes, from and to
    ("the phone is off", OFF, 3, 60, 90),
    ("no reason", FAILURES["no reason"], 2, 60, 90),
    ("a guard against pumping", FAILURES["guard"], 3, 15, 30),
    ("a landline", FAILURES["landline"], 1, None, None),
    ("an unknown handset", FAILURES["absent"], 1, None, None),
    ("filtered", FAILURES["filtered"], 1, None, None),
    ("a code that nobody knows", FAILURES["new"], 1, None, None),
]


@pytest.mark.parametrize(("error", "most", "least", "longest"), [r[1:] for r in AGAIN], ids=[r[0] for r in AGAIN])
def test_how_often_and_when_a_failed_message_is_sent_again(
    post: Post, error: Error, most: int, least: int | None, longest: int | None
) -> None:
    post.gateway("sms")
    ident, _ = failed(post, error)
    if least is not None and longest is not None:
        assert timedelta(minutes=least) <= post.message(ident).next_at - post.now <= timedelta(minutes=longest)
    for _ in range(40):
        post.send(minutes=30)
        for attempt in post.attempts(ident):
            post.tell(attempt.id, Delivery.FAILED, error)
    assert len(post.attempts(ident)) == most


USE = [  # hours that a message is still of use; attempts in all while its phone is off
    ("for days", 48.0, 3), ("for an hour", 1.0, 3), ("not any more", 0.02, 1),
]  # fmt: skip


@pytest.mark.parametrize(("hours", "most"), [row[1:] for row in USE], ids=[row[0] for row in USE])
def test_a_new_attempt_leaves_while_the_message_is_of_use(post: Post, hours: float, most: int) -> None:
    post.gateway("sms")
    ident = post.put(AWA, useful_until=post.now + timedelta(hours=hours))
    post.send()
    post.now += timedelta(minutes=2)
    for _ in range(200):
        post.send(minutes=1 if hours < 2 else 20)
        for attempt in post.attempts(ident):
            post.tell(attempt.id, Delivery.FAILED, OFF)
    assert len(post.attempts(ident)) == most
    assert all(one.started_at < post.message(ident).useful_until for one in post.attempts(ident))


def test_a_new_attempt_waits_for_an_open_hour_and_is_not_barred_by_its_first(installation: Installation) -> None:
    world = World(installation.db, NOW).programme(always_open=False)
    world.hours("17-19")
    post = Post(installation, world, NOW)
    post.gateway("sms")
    world.member(AWA)
    ident = post.put(AWA, Kind.CAMPAIGN, member=True)
    post.send()
    post.now += timedelta(hours=1)
    post.tell(post.attempts()[0].id, Delivery.FAILED, OFF)
    post.hours(26, every=15)
    first, second = post.attempts(ident)
    assert second.started_at.hour in (17, 18) and second.started_at.date() > first.started_at.date()


EXPIRED = [
    ("a campaign", Kind.CAMPAIGN, {}, 2), ("a call", Kind.SERVICE, {}, 2), ("a reply", Kind.REPLY, {}, 1),
    ("a broadcast's", Kind.SERVICE, {"occurrence": "airing:7"}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "changes", "most"), [row[1:] for row in EXPIRED], ids=[row[0] for row in EXPIRED])
def test_what_ran_out_at_the_carrier_is_sent_again_where_it_is_still_wanted(
    post: Post, kind: Kind, changes: dict[str, str], most: int
) -> None:
    post.gateway("sms")
    post.world.member(AWA)
    ident = post.put(AWA, kind, member=True)
    post.send()
    with post.here.db.write() as session:
        session.execute(sa.update(Message).values(**changes, kind=kind))
    post.tell(post.attempts()[0].id, Delivery.EXPIRED, Error("30036", "validity", Fault.NETWORK))
    if not changes:
        post.hours(30, every=30)
    assert len(post.attempts(ident)) == most
    assert post.message(ident).state is (State.HANDED_OVER if most == 2 else State.CLOSED)


MEANWHILE = ["it waits", "it is under way", "it was taken", "its answer is lost", "it failed too"]


@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_once_delivered_nothing_more_is_sent(post: Post, meanwhile: str) -> None:
    """The first attempt failed, a second is planned or on its way, and then the first arrives after all."""
    carrier = post.gateway("sms")
    ident, first = failed(post, OFF)
    if meanwhile == "its answer is lost":
        carrier.answers.append(CUT)
    if meanwhile == "it is under way":
        submit = carrier.submit
        carrier.submit = lambda outbound: (post.tell(first, Delivery.DELIVERED), submit(outbound))[1]  # type: ignore[method-assign]
    if meanwhile != "it waits":
        post.send(minutes=120)
    if meanwhile == "it failed too":
        post.tell(post.attempts(ident)[1].id, Delivery.FAILED, FAILURES["landline"])
    post.tell(first, Delivery.DELIVERED)
    post.hours(12)
    message = post.message(ident)
    assert (message.state, message.reason, message.error_code) == (State.CLOSED, "delivered", None)
    assert len(post.attempts(ident)) == (1 if meanwhile == "it waits" else 2)
    assert post.phone(AWA).invalid_at is None
    assert post.money()[0] == 0


def test_a_failure_that_may_have_arrived_waits_for_a_person(post: Post) -> None:
    post.gateway("sms")
    ident = post.put(AWA)
    post.send()
    post.tell(post.attempts()[0].id, Delivery.FAILED, FAILURES["unclear"], outcome_unknown=True)
    post.hours(24, every=30)
    assert (post.message(ident).state, post.message(ident).reason) == (State.HELD, "unknown")
    assert len(post.sent) == 1


def test_a_failure_of_the_gateway_itself_keeps_the_message_until_it_is_mended(post: Post) -> None:
    post.gateway("sms")
    ident, _ = failed(post, FAILURES["no credit"])
    assert post.row("sms").paused_itself
    post.hours(5, every=30)
    assert (len(post.sent), post.message(ident).state) == (1, State.WAITING)
    resume(post, "sms")
    post.send(minutes=10)
    post.tell(post.attempts(ident)[-1].id, Delivery.DELIVERED)
    assert post.message(ident).reason == "delivered"


# Bad numbers: evidence

EVIDENCE = [  # steps and days on which "unknown handset" was told, with "delivered" in between; is the number bad?
    ("once", [(1, 0, "absent")], False),
    ("the same step on two days", [(1, 0, "absent"), (1, 1, "absent")], False),
    ("two steps on one day", [(1, 0, "absent"), (2, 0, "absent")], False),
    ("two steps on two days", [(1, 0, "absent"), (2, 1, "absent")], True),
    ("a delivery between", [(1, 0, "absent"), (2, 1, "delivered"), (3, 2, "absent")], False),
    ("a delivery before", [(1, 0, "delivered"), (2, 1, "absent"), (3, 2, "absent")], True),
    ("a landline at once", [(1, 0, "landline")], True),
]  # fmt: skip


@pytest.mark.parametrize(("told", "is_bad"), [row[1:] for row in EVIDENCE], ids=[row[0] for row in EVIDENCE])
def test_a_number_is_bad_after_evidence(post: Post, told: list[tuple[int, int, str]], is_bad: bool) -> None:
    post.gateway("sms")
    start = post.now
    post.world.phone(AWA)
    for step, day, what in told:
        post.now = start + timedelta(days=day)
        ident = post.put(AWA, step_id=step, occurrence=f"nudge:{step}:{day}")
        post.send()
        key = post.attempts(ident)[0].id
        if what == "delivered":
            post.tell(key, Delivery.DELIVERED)
        else:
            post.tell(key, Delivery.FAILED, FAILURES[what])
    assert (post.phone(AWA).invalid_at is not None) is is_bad


def test_a_late_failure_says_nothing_of_a_number_that_was_reached_since(post: Post) -> None:
    post.gateway("sms")
    old = post.put(AWA, occurrence="nudge:1")
    post.send()
    new = post.put(AWA, occurrence="nudge:2")
    post.send(minutes=5)
    told = [
        report(post.attempts(old)[0].id, Delivery.FAILED, FAILURES["landline"]),
        report(post.attempts(new)[0].id, Delivery.DELIVERED),
    ]
    post.now += timedelta(minutes=1)
    for one in reversed(told):
        post.report(one)
    assert post.phone(AWA).invalid_at is None


@pytest.mark.parametrize(("lost", "is_held"), [(1, False), (2, False), (3, True)])
def test_a_text_of_which_an_operator_filters_more_than_a_few_is_held(post: Post, lost: int, is_held: bool) -> None:
    post.gateway("sms")
    post.world.crowd(120)
    post.world.campaign(hygiene())
    planner.plan(post.here.db, post.now, timedelta(minutes=15))
    sender.send_due(post.here, post.now, most=100)
    keys = [one.id for one in post.attempts()][:lost]
    assert len(post.attempts()) == 100
    post.report(*(report(key, Delivery.FAILED, FAILURES["filtered"]) for key in keys))
    with post.here.db.read() as session:
        held = session.scalar(sa.select(sa.func.count()).where(Message.reason == "refused_text"))
    assert held == (20 if is_held else 0)


# The ninety codes in a report


def expected(code: str) -> tuple[str, str | None]:
    """State and reason of a message whose first attempt failed so, by the policy's own words."""
    known = twilio_words.CODES.get(code)
    fault = known.fault if known else Fault.NONE
    if known and known.outcome is Outcome.UNKNOWN:
        return "held", "unknown"
    passes = fault in (Fault.NETWORK, Fault.VAGUE, Fault.CHANNEL)
    return ("waiting", None) if passes else ("closed", "undelivered")


@pytest.mark.parametrize("code", [*sorted(twilio_words.CODES), "99999"])
def test_each_code_in_a_report(post: Post, code: str) -> None:
    post.gateway("sms")
    ident = post.put(AWA)
    post.send()
    key = post.attempts()[0].id
    post.report(twilio_words.report("undelivered", code, code, key, "SM1"))
    message, phone = post.message(ident), post.phone(AWA)
    fault = twilio_words.CODES[code].fault if code in twilio_words.CODES else Fault.NONE
    assert (message.state.value, message.reason) == expected(code)
    assert (phone.invalid_at is not None, phone.opted_out_at is not None) == (
        fault is Fault.RECIPIENT,
        fault is Fault.OPTED_OUT,
    )
    assert (post.row("sms").paused_at is not None) is (fault is Fault.CHANNEL)
    assert message.error_code == code


def test_the_policies_of_the_codes_that_are_named() -> None:
    """The cases that the page on gateways names, so that a slip in the table is seen."""
    named = {
        "30003": "waiting", "30001": "waiting", "30008": "waiting", "30017": "waiting", "30450": "waiting",
        "30020": "waiting", "30023": "waiting", "30027": "waiting", "30036": "waiting", "30002": "waiting",
        "30005": "closed", "30004": "closed", "30006": "closed", "30007": "closed", "30410": "held",
        "21610": "closed", "99999": "closed",
    }  # fmt: skip
    assert {code: expected(code)[0] for code in named} == named
    assert twilio_words.told("30450").retry_after == 1200
    assert twilio_words.told("30005").fault is Fault.ABSENT


# Cost


def test_a_thousand_reports_cost_as_many_statements_as_ten(post: Post) -> None:
    post.gateway("sms")
    keys = taken(post, 510)
    counts = []
    turns = ["delivered", "failed:off", "failed:landline", "sent", "failed:absent", "expired"]
    for some in (keys[:10], keys[10:]):
        told = [word(name, key) for key, name in zip(some, cycle(turns), strict=False)]
        with post.here.db.write() as session:
            seen: list[str] = []
            listen = lambda *call, seen=seen: seen.append(call[2])  # noqa: E731
            sa.event.listen(post.here.db.engine, "before_cursor_execute", listen)
            gateway = session.scalars(sa.select(Gateway).where(Gateway.name == "sms")).one()
            receipts.apply(session, gateway, told, post.now)
            session.flush()
            sa.event.remove(post.here.db.engine, "before_cursor_execute", listen)
            counts.append(len(seen))
    assert counts[1] <= counts[0] + 2


def test_a_tab_sets_aside_what_is_to_leave_and_nothing_else() -> None:
    def message(state: State, reason: str | None) -> Message:
        return Message(state=state, reason=reason, programme_id=1, price_micros=1)

    rows = {
        (State.WAITING, None): True, (State.HELD, "quarantine"): True, (State.SUBMITTING, None): True,
        (State.HANDED_OVER, None): False, (State.CLOSED, "unknown"): True, (State.CLOSED, "delivered"): False,
    }  # fmt: skip
    assert {key: is_reserved(message(*key)) for key in rows} == rows
