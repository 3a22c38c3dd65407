"""What follows from an answer: for the message, the phone, the text and the gateway; all ninety codes among them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from campaigns import planner
from campaigns.models import Campaign
from messaging import outcomes, routing, sender, texts
from messaging.gateways import pausing, twilio_words
from messaging.gateways.protocol import Error, Fault, Outcome, Submitted
from messaging.installation import Installation
from messaging.models import Audit, Gateway, Message, Phone, Text, TextState
from messaging.models.post import AttemptState, Delivery, Kind, State
from messaging.rules import Reason
from messaging.wording import Wording
from tests.conftest import NOW
from tests.messaging.posting import OK, Carrier, Post, later, refused
from tests.world import World, approve_texts, hygiene

AWA, BINTA = "+22370000001", "+22370000002"


@pytest.fixture
def post(installation: Installation, world: World) -> Post:
    return Post(installation, world, world.now)


def standing(post: Post, ident: int) -> tuple[str, str, bool, bool, bool]:
    """State and reason of a message, and whether its phone is bad, its phone is closed, and its gateway rests."""
    message, phone, gateway = post.message(ident), post.phone(AWA), post.row("sms")
    bad, closed = phone.invalid_at is not None, phone.opted_out_at is not None
    return message.state.value, message.reason or "", bad, closed, gateway.paused_at is not None


POLICY = [  # what the gateway answers; state, reason; phone bad, phone closed; gateway rests
    ("taken", OK, "handed_over", "", False, False, False),
    ("taken before, under the same key", Submitted(Outcome.DUPLICATE), "handed_over", "", False, False, False),
    ("no such number", refused(Fault.RECIPIENT), "closed", "rejected", True, False, False),
    ("perhaps no such number", refused(Fault.ABSENT), "closed", "rejected", False, False, False),
    ("the phone told the gateway to stop", refused(Fault.OPTED_OUT), "closed", "opted_out", False, True, False),
    ("words that it does not carry", refused(Fault.CONTENT), "closed", "rejected", False, False, False),
    ("a wrong key, an empty account", refused(Fault.CHANNEL), "waiting", "", False, False, True),
    ("refused without a word", Submitted(Outcome.REJECTED), "waiting", "", False, False, True),
    ("too many at once", later(too_many=True), "waiting", "", False, False, False),
    ("not reached", later(Fault.LINE), "waiting", "", False, False, False),
    ("not now, by its own fault", later(Fault.CHANNEL), "waiting", "", False, False, True),
    ("no answer", Submitted(Outcome.UNKNOWN), "submitting", "", False, False, False),
]


@pytest.mark.parametrize("row", POLICY, ids=[row[0] for row in POLICY])
def test_what_follows_from_an_answer(post: Post, row: tuple[str, Submitted, str, str, bool, bool, bool]) -> None:
    _, answer, *expected = row
    post.gateway("sms").answers.append(answer)
    ident = post.put(AWA)
    post.send()
    assert standing(post, ident) == tuple(expected)
    reserved = 0 if expected[0] in ("handed_over", "closed") else 1
    assert post.money() == (reserved, int(expected[0] == "handed_over"))


# The ninety codes, as Twilio's API answers them: what the table of faults says, and nothing else.
BY_FAULT = {  # of a refusal for good
    Fault.RECIPIENT: ("closed", "rejected", True, False, False),
    Fault.ABSENT: ("closed", "rejected", False, False, False),
    Fault.OPTED_OUT: ("closed", "opted_out", False, True, False),
    Fault.CONTENT: ("closed", "rejected", False, False, False),
    Fault.CHANNEL: ("waiting", "", False, False, True),
    Fault.NETWORK: ("closed", "rejected", False, False, False),
}
BY_OUTCOME = {  # of all else, whoever is to blame but the channel
    Outcome.TEMPORARY: ("waiting", "", False, False, False),
    Outcome.UNKNOWN: ("submitting", "", False, False, False),
}


@pytest.mark.parametrize("code", [*sorted(twilio_words.CODES), "99999"])
def test_each_code_as_an_answer(post: Post, code: str) -> None:
    outcome, fault, text = twilio_words.refused(code)
    post.gateway("sms").answers.append(Submitted(outcome, error=Error(code, text, fault)))
    ident = post.put(AWA)
    post.send()
    is_for_good = outcome is Outcome.REJECTED or fault is Fault.CHANNEL
    assert standing(post, ident) == (BY_FAULT[fault] if is_for_good else BY_OUTCOME[outcome])
    assert post.attempts()[0].error_code == code


def test_a_stop_at_the_gateway_is_ours_for_good_and_closes_all_that_waits(post: Post) -> None:
    post.gateway("sms").answers.append(refused(Fault.OPTED_OUT, "21610"))
    post.put(AWA)
    waits = post.put(AWA, occurrence="nudge:2", next_at=post.now + timedelta(hours=5))
    other = post.put(BINTA, next_at=post.now + timedelta(hours=5))
    post.send()
    assert (post.message(waits).state, post.message(waits).reason) == (State.CLOSED, "opted_out")
    assert post.message(other).state is State.WAITING
    assert post.phone(AWA).opted_out_by == "gateway"
    with post.here.db.read() as session:
        noted = session.scalars(sa.select(Audit).where(Audit.action == "opted_out")).one()
    assert (noted.actor, noted.object) == ("phone:gateway", "phone")


def test_words_that_are_refused_are_held_for_all_until_they_are_approved_anew(post: Post) -> None:
    carrier = post.gateway("sms")
    for number in range(5):
        post.world.member(f"+2237000000{number}")
    post.world.campaign(hygiene())
    planner.plan(post.here.db, post.now, timedelta(minutes=15))
    carrier.answers.append(refused(Fault.CONTENT, "21617"))
    sender.send_due(post.here, post.now, most=1)
    with post.here.db.read() as session:
        states = sorted((m.state.value, m.reason) for m in session.scalars(sa.select(Message)))
        assert session.scalars(sa.select(Text)).one().state is TextState.DRAFT
    assert states == [("closed", "rejected"), *[("held", "refused_text")] * 4]
    assert post.send(minutes=60).get("claimed", 0) == 0
    with post.here.db.write() as session:
        words = Wording(sms="Du savon, ou de la cendre.", official="-", read_aloud="-")
        texts.write(session, 1, "fr", words, post.now)
        approve_texts(session, session.get_one(Campaign, 1), post.now)
    assert post.send()["accepted"] == 4
    assert {one.text for one in carrier.asked[1:]} == {"Du savon, ou de la cendre."}


def test_a_refusal_of_former_words_does_not_stop_the_new_ones(post: Post) -> None:
    carrier = post.gateway("sms")
    post.world.member(AWA)
    post.world.campaign(hygiene())
    planner.plan(post.here.db, post.now, timedelta(minutes=15))
    submit = carrier.submit

    def slow(outbound: object) -> Submitted:
        with post.here.db.write() as session:
            words = Wording(sms="Du savon.", official="-", read_aloud="-")
            texts.write(session, 1, "fr", words, post.now)
            approve_texts(session, session.get_one(Campaign, 1), post.now)
        submit(outbound)  # type: ignore[arg-type]
        return refused(Fault.CONTENT)

    carrier.submit = slow  # type: ignore[method-assign]
    post.send()
    with post.here.db.read() as session:
        assert session.scalars(sa.select(Text)).one().state is TextState.APPROVED


# Again and again


def test_a_busy_gateway_is_asked_more_and_more_rarely_and_never_by_all_at_once() -> None:
    first = [outcomes.back_off(tries, "key") for tries in range(1, 12)]
    assert all(timedelta(minutes=2) <= one <= timedelta(hours=6) for one in first)
    assert first == sorted(first) and first[-1] == first[-2]
    assert len({outcomes.back_off(1, f"key-{number}") for number in range(50)}) > 20


def test_what_a_gateway_tells_to_wait_is_obeyed(post: Post) -> None:
    post.gateway("sms").answers.append(later(retry_after=3600))
    ident = post.put(AWA)
    post.send()
    assert post.message(ident).next_at == post.now + timedelta(hours=1)
    assert post.send(minutes=59) == {} and post.send(minutes=1)["accepted"] == 1


def eased(*told: float) -> Gateway:
    """A gateway of 16 segments a second that said "too many" at these minutes."""
    row = Gateway(name="sms", adapter="twilio", sender="", rate=16.0, ease=1.0)
    for minute in told:
        routing.ease(row, moment(minute))
    return row


def moment(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


PACES = [  # minutes at which it said "too many", then: at which minute it may carry how much
    ("never", [], {0: 16.0}),
    ("once", [0], {0: 8.0, 0.4: 8.0, 0.5: 16.0, 500: 16.0}),
    ("ten calls that were refused together are one word", [0, 0.01, 0.05, 0.1], {0.1: 8.0}),
    ("again and again", [0, 0.2, 0.4], {0.4: 2.0, 0.9: 4.0, 1.4: 8.0, 1.9: 16.0}),
    ("it is never left alone altogether", [turn / 5 for turn in range(40)], {7.8: 1.0, 8.3: 2.0}),
    ("half mended, and again", [0, 0.2, 0.85], {0.85: 4.0, 1.35: 8.0}),
]


@pytest.mark.parametrize(("told", "paces"), [row[1:] for row in PACES], ids=[row[0] for row in PACES])
def test_a_gateway_that_says_too_many_is_left_in_peace_for_a_while(
    told: list[float], paces: dict[float, float]
) -> None:
    row = eased(*told)
    assert {minute: routing.pace(row, moment(minute)) for minute in paces} == paces


def test_a_429_eases_its_gateway_and_nobody_elses(post: Post) -> None:
    post.gateway("sms").answers.append(later(code="20429", too_many=True))
    post.gateway("other")
    post.put(AWA)
    post.send()
    assert (post.row("sms").ease, post.row("other").ease) == (0.5, 1.0)
    with post.here.db.write() as session:
        row = session.scalars(sa.select(Gateway).where(Gateway.name == "sms")).one()
        pausing.pause(session, row, "essai", post.now)
        pausing.resume(session, row, post.now)
    assert (post.row("sms").ease, post.row("sms").eased_at) == (1.0, None)


# Pause: everything is kept, everything leaves after the repair


@pytest.mark.parametrize("fault", ["wrong key", "no credit", "by hand"])
def test_a_gateway_that_rests_loses_nothing(post: Post, fault: str) -> None:
    carrier = post.gateway("sms")
    ids = [post.put(f"+2237000000{number}") for number in range(6)]
    if fault == "by hand":
        pause(post, "sms")
    else:
        carrier.answers += [refused(Fault.CHANNEL, fault)] * 20
    post.send()
    asked = len(carrier.asked)
    for _ in range(20):
        post.send(minutes=5)
    assert len(carrier.asked) == asked, "nothing more is tried while it rests"
    assert {post.message(ident).state for ident in ids} == {State.WAITING}
    assert post.row("sms").paused_itself is (fault != "by hand")
    carrier.answers.clear()
    with post.here.db.write() as session:
        pausing.resume(session, session.get_one(Gateway, post.row("sms").id), post.now)
    post.send(minutes=10)
    assert {post.message(ident).state for ident in ids} == {State.HANDED_OVER}
    assert post.money() == (0, 6)


def test_a_person_who_pauses_what_rests_keeps_others_from_standing_in(post: Post) -> None:
    post.gateway("sms").answers.append(refused(Fault.CHANNEL))
    second = post.gateway("second")
    pause(post, "second")
    post.put(AWA)
    post.send()
    pause(post, "sms")
    with post.here.db.write() as session:
        pausing.resume(session, session.get_one(Gateway, post.row("second").id), post.now)
    for _ in range(5):
        post.send(minutes=10)
    assert second.asked == []
    assert post.message().reason == Reason.PAUSED_GATEWAY.value


def pause(post: Post, name: str) -> None:
    with post.here.db.write() as session:
        pausing.pause(session, session.get_one(Gateway, post.row(name).id), "essai", post.now)


# One gateway stands in for another

STANDS_IN = [  # what the first gateway answers; who carried the message in the end, within an hour
    ("it was not reached", later(Fault.LINE), "second"),
    ("its account is empty", refused(Fault.CHANNEL), "second"),
    ("it is busy", later(), "first"),
    ("it says too many", later(too_many=True), "first"),
    ("its answer was lost", Submitted(Outcome.UNKNOWN), "nobody"),
    ("there is no such number", refused(Fault.RECIPIENT), "nobody"),
]


@pytest.mark.parametrize(("answer", "by"), [row[1:] for row in STANDS_IN], ids=[row[0] for row in STANDS_IN])
def test_another_gateway_stands_in_only_when_certainly_nothing_left(post: Post, answer: Submitted, by: str) -> None:
    first, second = post.gateway("first"), post.gateway("second")
    first.answers.append(answer)
    post.put(AWA)
    post.hours(1)
    carried = {"first": len(first.asked) > 1, "second": bool(second.asked)}
    assert [name for name, has in carried.items() if has] == ([by] if by != "nobody" else [])


def test_what_stands_in_has_its_own_price(post: Post) -> None:
    post.gateway("first").answers.append(later(Fault.LINE))
    post.gateway("second")
    with post.here.db.write() as session:
        session.get_one(Gateway, post.row("second").id).price_micros = 30_000_000
    post.put(AWA)
    post.hours(1)
    assert post.money() == (0, 3)


def test_a_reply_never_goes_another_way_than_the_question_came(post: Post) -> None:
    first, second = post.gateway("first"), post.gateway("second")
    second.answers += [later(Fault.LINE)] * 3
    post.put(AWA, Kind.REPLY, gateway_id=post.row("second").id)
    post.hours(2)
    assert (len(first.asked), len(second.asked)) == (0, 4)


def test_two_lines_that_are_down_are_tried_in_turn(post: Post) -> None:
    first, second = post.gateway("first"), post.gateway("second")
    first.answers += [later(Fault.LINE)] * 9
    second.answers += [later(Fault.LINE)] * 2
    post.put(AWA)
    post.hours(6)
    assert (len(first.asked), len(second.asked)) == (3, 3)
    assert post.message().state is State.HANDED_OVER


def test_an_answer_that_is_no_refusal_leaves_no_mark(post: Post) -> None:
    """A message that another attempt has settled is not touched by a late refusal of this one."""
    carrier: Carrier = post.gateway("sms")
    carrier.answers.append(Submitted(Outcome.UNKNOWN))
    ident = post.put(AWA)
    post.send()
    (attempt,) = post.attempts()
    post.tell(attempt.id, Delivery.DELIVERED)
    with post.here.db.write() as session:
        outcomes.record(session, {attempt.id: refused(Fault.RECIPIENT)}, post.now)
    assert post.message(ident).reason == "delivered"
    assert post.attempts()[0].state is AttemptState.ACCEPTED
    with post.here.db.read() as session:
        assert session.scalars(sa.select(Phone.invalid_at)).one() is None
