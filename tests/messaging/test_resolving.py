"""Unknown outcomes: what a look proves at each kind of gateway, what each kind of message then does, and a person."""

from __future__ import annotations

import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Event
from time import sleep
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from messaging import alarms, claiming, outbox, outcomes, resolving, settling
from messaging.errors import RefusedError
from messaging.gateways import pausing
from messaging.gateways.protocol import Error, Fault, Found, Outcome, Resolution, Submitted
from messaging.installation import Installation
from messaging.models import Alarm, Attempt, Audit, Gateway, Message, Phone
from messaging.models.post import AttemptState, Delivery, Kind, State
from messaging.tab import is_reserved
from tests.conftest import NOW
from tests.messaging.posting import CUT, OK, Post, able, later, refused, report
from tests.world import World
from wsgi import main

AWA = "+22370000001"
EMPTY, THERE, BLIND = Resolution(Found.NOT_SENT), Resolution(Found.SENT, "SM1"), Resolution(Found.STILL_UNKNOWN)
TWICE = Resolution(Found.SENT, "SM1", duplicates=True)


@pytest.fixture
def post(installation: Installation, world: World) -> Post:
    return Post(installation, world, world.now)


def cut(post: Post, how: str, looks: list[Resolution], kind: Kind = Kind.SERVICE, **letter: Any) -> int:
    """A message whose answer was lost at a gateway that can be asked in this way; gives its id."""
    carrier = post.gateway("sms", able(how, idempotent_submit=letter.pop("idempotent", False)))
    carrier.answers.append(CUT)
    carrier.looks += looks
    post.world.member(AWA)
    ident = post.put(AWA, kind, member=kind in (Kind.CAMPAIGN, Kind.ALERT), **letter)
    post.send()
    return ident


LOOKS = [  # how a gateway can be asked; what it says at 1, 5, 15, 25 … minutes; SMS after an hour; its message then
    ("by key: it is there", "by_key", [THERE], 1, "handed_over", None),
    ("by key: it is not there", "by_key", [EMPTY], 2, "handed_over", None),
    ("by search: it is there", "by_search", [THERE], 1, "handed_over", None),
    ("by search: seen late", "by_search", [EMPTY, EMPTY, THERE], 1, "handed_over", None),
    ("by search: two empty looks apart", "by_search", [EMPTY, EMPTY, EMPTY], 2, "handed_over", None),
    ("by search: nothing, then no answer", "by_search", [EMPTY, BLIND], 1, "held", "unknown"),
    ("by search: no answer at all", "by_search", [BLIND], 1, "held", "unknown"),
    ("by search: no answer at first, then nothing", "by_search", [BLIND, BLIND, BLIND, EMPTY], 2, "handed_over", None),
    ("by report: certainly not", "by_report", [BLIND, BLIND, EMPTY], 2, "handed_over", None),
    ("by report: nobody knows", "by_report", [BLIND], 1, "held", "unknown"),
    ("it cannot be asked, whatever it says", "no", [EMPTY], 1, "held", "unknown"),
]


@pytest.mark.parametrize("row", LOOKS, ids=[row[0] for row in LOOKS])
def test_what_a_look_proves(post: Post, row: tuple[str, str, list[Resolution], int, str, str | None]) -> None:
    _, how, looks, asked, state, reason = row
    ident = cut(post, how, looks)
    for _ in range(60):
        post.look(minutes=1)
        post.send()
    message = post.message(ident)
    assert (len(post.sent), message.state.value, message.reason) == (asked, state, reason)


def test_two_empty_looks_lie_apart(post: Post) -> None:
    """Twilio lists an SMS minutes late: looks at 1, 5 and 15 minutes, and only from the second on, 10 minutes later."""
    cut(post, "by_search", [EMPTY])
    found = {minute: post.look(minutes=1) for minute in range(1, 17)}
    assert {minute: told for minute, told in found.items() if told} == {
        1: {"still_unknown": 1},
        5: {"still_unknown": 1},
        15: {"not_sent": 1},
    }


def test_a_look_that_came_late_counts_from_when_it_was_made(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind others that hang, the first look is made at minute 11, not at minute 1."""
    cut(post, "by_search", [EMPTY])
    with monkeypatch.context() as patch:
        patch.setattr(resolving, "monotonic", iter([0.0, 600.0]).__next__)
        assert post.look(minutes=1) == {"still_unknown": 1}
    found = {minute: post.look(minutes=1) for minute in range(2, 30)}
    assert [minute for minute, told in found.items() if "not_sent" in told] == [25]


HOURS_LATER = [  # what the gateway says when the line is back; SMS it was asked to carry; the message then
    ("it is not there", EMPTY, 2, ("handed_over", None)),
    ("it is there", THERE, 1, ("handed_over", None)),
]


@pytest.mark.parametrize(("said", "asked", "then"), [row[1:] for row in HOURS_LATER], ids=[r[0] for r in HOURS_LATER])
@pytest.mark.parametrize("how", ["by_key", "by_search"])
def test_a_line_that_comes_back_after_hours_settles_what_waits_for_a_person(
    post: Post, how: str, said: Resolution, asked: int, then: tuple[str, str | None]
) -> None:
    """The internet is gone for five hours: meanwhile a person may decide, afterwards nobody need."""
    ident = cut(post, how, [BLIND])
    post.hours(5)
    assert (post.message(ident).state, post.message(ident).reason) == (State.HELD, "unknown")
    looked = len(post.carriers["sms"].looked)
    assert looked < 10, "a gateway out of reach is asked once an hour"
    post.carriers["sms"].looks[:] = [said]
    post.hours(3)
    assert (len(post.sent), (post.message(ident).state.value, post.message(ident).reason)) == (asked, then)
    assert post.money() == (0, 1)


def test_many_that_are_parked_at_a_gateway_out_of_reach_hold_up_no_other_look(post: Post) -> None:
    """Each look costs the seconds of a time-out."""
    carrier = post.gateway("sms", able("by_search"))
    for n in range(12):
        carrier.answers.append(CUT)
        post.put(f"+223700001{n:02}")
    post.send()
    post.hours(2)
    carrier.looked.clear()
    other = post.gateway("other", able("by_key"), prefixes=["+2236"])
    with post.here.db.write() as session:
        session.execute(sa.update(Gateway).where(Gateway.name == "sms").values(prefixes=["+2237"]))
    other.answers.append(CUT)
    other.looks.append(THERE)
    post.put("+22360000001")
    post.send()
    for _ in range(6):
        post.look(minutes=10)
    assert len(other.looked) == 1
    assert 0 < len(carrier.looked) <= 6, "one a pass, not twelve"
    carrier.looks[:] = [EMPTY]
    post.hours(3)
    assert all(one.state is State.HANDED_OVER for one in messages(post))


def messages(post: Post) -> list[Message]:
    with post.here.db.read() as session:
        return list(session.scalars(sa.select(Message)))


def test_what_a_person_closed_is_not_sent_again_when_the_line_is_back(post: Post) -> None:
    ident = cut(post, "by_search", [BLIND])
    post.hours(1)
    order(post, settling.give_up, ident)
    assert post.money() == (1, 0), "it may have left"
    post.carriers["sms"].looks[:] = [EMPTY]
    post.hours(3)
    assert (len(post.sent), post.message(ident).state, post.message(ident).reason) == (1, State.CLOSED, "stale")
    assert post.money() == (0, 0), "it has not"


def test_a_number_that_does_not_open_stops_no_other_look(post: Post) -> None:
    """It was sealed with another key: a restore may bring such a row."""
    ident = cut(post, "by_search", [THERE])
    bad = post.world.phone("+22370000002")
    post.carriers["sms"].answers.append(CUT)
    post.put("+22370000002", occurrence="test:other")
    post.send()
    with post.here.db.write() as session:
        session.execute(sa.update(Phone).where(Phone.id == bad).values(sealed=b"sealed elsewhere"))
    assert post.look(minutes=2) == {"sent": 1}
    assert post.message(ident).state is State.HANDED_OVER


def test_one_of_two_alike_is_bound_and_counted(post: Post) -> None:
    cut(post, "by_search", [TWICE])
    assert post.look(minutes=1) == {"sent": 1, "ambiguous": 1}
    assert post.attempts()[0].provider_id == "SM1"


def test_two_processes_do_not_take_one_sms_for_two_messages(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same words went to the same phone twice, and one of them arrived: both look at the same time."""
    cut(post, "by_search", [THERE])
    post.carriers["sms"].answers.append(CUT)
    post.put(AWA, occurrence="test:other")
    post.send()
    both, bind = Barrier(2), resolving._sent

    def slowly(*given: Any) -> None:
        bind(*given)
        sleep(0.3)  # the transaction stays open

    def look(case: resolving.Case, _now: Any) -> Resolution:
        both.wait(20)
        return THERE

    monkeypatch.setattr(resolving, "BATCH", 1)
    monkeypatch.setattr(resolving, "_look", look)
    monkeypatch.setattr(resolving, "_sent", slowly)
    later_on = post.now + timedelta(minutes=1)
    with ThreadPoolExecutor(2) as processes:
        told = list(processes.map(lambda _: resolving.resolve(post.here, later_on), range(2)))
    assert sorted(map(str, told)) == ["{'sent': 1}", "{'still_unknown': 1}"]
    assert sorted(str(one.provider_id) for one in post.attempts()) == ["None", "SM1"]


def test_a_gateway_that_hangs_holds_up_the_looks_at_no_other(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    cut(post, "by_key", [THERE])
    other = post.gateway("other", able("by_key"), prefixes=["+2236"])
    other.answers.append(CUT)
    post.put("+22360000001")
    with post.here.db.write() as session:
        session.execute(sa.update(Gateway).where(Gateway.name == "sms").values(prefixes=["+2237"]))
    post.send()
    looked_at_other = Event()

    def look(case: resolving.Case, _now: Any) -> Resolution:
        if case.gateway == "other":
            looked_at_other.set()
        else:
            assert looked_at_other.wait(20), "it hangs until the other was looked at"
        return Resolution(Found.SENT, f"SM-{case.gateway}")

    monkeypatch.setattr(resolving, "_look", look)
    assert post.look(minutes=1) == {"sent": 2}


def test_a_gateway_whose_looks_take_minutes_leaves_some_to_the_next_pass(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a new unknown outcome at another gateway would wait until two hundred time-outs are over."""
    carrier = post.gateway("sms", able("by_key"))
    for n in range(5):
        carrier.answers.append(CUT)
        post.put(f"+2237000010{n}")
    post.send()
    carrier.looks[:] = [Resolution(Found.SENT, f"SM{n}") for n in range(5)]
    with monkeypatch.context() as patch:
        patch.setattr(resolving, "monotonic", iter([0.0, 40.0, 80.0]).__next__)
        assert post.look(minutes=1) == {"sent": 2}
    assert [one.looks for one in post.attempts() if one.state is AttemptState.UNKNOWN] == [0, 0, 0]
    assert post.look() == {"sent": 3}
    assert all(one.state is State.HANDED_OVER for one in messages(post))


KINDS = [  # the kind; what it is bound to; after "not sent", after the last look
    ("a campaign waits for its open hour", Kind.CAMPAIGN, {}, ("waiting", None), ("held", "unknown")),
    ("a call goes at once", Kind.SERVICE, {}, ("waiting", None), ("held", "unknown")),
    ("a reply goes at once", Kind.REPLY, {}, ("waiting", None), ("held", "unknown")),
    ("an alert goes at once", Kind.ALERT, {}, ("waiting", None), ("held", "unknown")),
    ("a broadcast is given up", Kind.SERVICE, {"occurrence": "airing:9"}, ("closed", "stale"), ("closed", "unknown")),
]


@pytest.mark.parametrize(("kind", "bound", "not_sent", "parked"), [row[1:] for row in KINDS], ids=[r[0] for r in KINDS])
@pytest.mark.parametrize("ends", ["not sent", "nobody knows"])
def test_the_kind_decides_what_follows(
    post: Post, kind: Kind, bound: dict[str, str], not_sent: tuple[str, str], parked: tuple[str, str], ends: str
) -> None:
    ident = cut(post, "by_search", [EMPTY if ends == "not sent" else BLIND], kind)
    with post.here.db.write() as session:
        session.execute(sa.update(Message).values(kind=kind, **bound))
    for _ in range(40):
        post.look(minutes=1)
    message = post.message(ident)
    assert (message.state.value, message.reason) == (not_sent if ends == "not sent" else parked)
    free = ends == "not sent" and bool(bound)
    assert post.money() == (0 if free else 1, 0)


def test_a_campaign_that_was_found_unsent_at_night_leaves_in_the_morning(installation: Installation) -> None:
    world = World(installation.db, NOW).programme(always_open=False)
    world.hours("17-17:35")
    post = Post(installation, world, NOW + timedelta(minutes=3))
    cut(post, "by_search", [EMPTY], Kind.CAMPAIGN)
    post.hours(25)
    first, second = post.attempts()
    assert first.state is AttemptState.NOT_SENT
    assert second.started_at.date() > first.started_at.date() and second.started_at.hour == 17


def test_a_parked_message_ends_a_day_after_its_use(post: Post) -> None:
    ident = cut(post, "by_search", [BLIND])
    post.hours(1)
    with post.here.db.write() as session:
        outbox.expire(session, post.message(ident).useful_until + timedelta(hours=23))
    assert post.message(ident).state is State.HELD
    with post.here.db.write() as session:
        outbox.expire(session, post.message(ident).useful_until + timedelta(hours=25))
    assert (post.message(ident).state, post.message(ident).reason) == (State.CLOSED, "unknown")


@pytest.mark.parametrize("told", [Delivery.SENT, Delivery.DELIVERED, Delivery.FAILED])
@pytest.mark.parametrize("stands", ["parked", "ended"])
def test_a_late_report_settles_what_nobody_knew(post: Post, told: Delivery, stands: str) -> None:
    ident = cut(post, "by_search", [BLIND])
    post.hours(1)
    if stands == "ended":
        with post.here.db.write() as session:
            outbox.expire(session, post.now + timedelta(days=9))
    post.tell(post.attempts()[0].id, told, Error("30006", "landline", Fault.RECIPIENT) if told == "failed" else None)
    states = {
        Delivery.SENT: ("handed_over", None),
        Delivery.DELIVERED: ("closed", "delivered"),
        Delivery.FAILED: ("closed", "undelivered"),
    }
    assert (post.message(ident).state.value, post.message(ident).reason) == states[told]
    assert post.money() == (0, 1)


# Declared not sent, and it left after all


def denied(post: Post) -> tuple[int, str]:
    """A message whose first attempt was declared not sent; gives its id and that attempt's key."""
    ident = cut(post, "by_search", [EMPTY])
    for _ in range(16):
        post.look(minutes=1)
    assert post.attempts()[0].denied_at is not None
    return ident, post.attempts()[0].id


def doubles(post: Post) -> int:
    with post.here.db.read() as session:
        query = sa.select(sa.func.count()).where(Alarm.kind == alarms.Kind.DOUBLED.value, Alarm.about == "sms")
        return session.scalar(query) or 0


def test_it_is_a_double_when_another_attempt_left_too(post: Post) -> None:
    ident, first = denied(post)
    post.send()
    assert doubles(post) == 0
    post.tell(first, Delivery.DELIVERED)
    assert doubles(post) == 1
    assert (post.message(ident).reason, post.money()) == ("delivered", (0, 2))


def test_it_is_a_double_when_the_other_one_is_taken_afterwards(post: Post) -> None:
    _, first = denied(post)
    carrier = post.carriers["sms"]
    submit = carrier.submit
    carrier.submit = lambda outbound: (post.tell(first, Delivery.SENT), submit(outbound))[1]  # type: ignore[method-assign]
    post.send()
    assert doubles(post) == 1


def test_it_is_none_when_the_report_comes_before_the_next_attempt(post: Post) -> None:
    ident, first = denied(post)
    post.tell(first, Delivery.SENT)
    post.hours(3)
    assert (len(post.sent), doubles(post), post.message(ident).state) == (1, 0, State.HANDED_OVER)


def test_it_is_none_when_the_first_is_the_only_one_that_left(post: Post) -> None:
    ident, first = denied(post)
    post.carriers["sms"].answers.append(refused(Fault.RECIPIENT))
    post.send()
    post.tell(first, Delivery.DELIVERED)
    assert (doubles(post), post.message(ident).reason, post.money()) == (0, "delivered", (0, 1))


# Nowhere else while it may be under way


@pytest.mark.parametrize("trouble", [later(Fault.LINE), refused(Fault.CHANNEL), later()])
@pytest.mark.parametrize("how", ["by_key", "by_search"])
def test_what_was_unknown_once_goes_by_no_other_gateway(post: Post, how: str, trouble: Submitted) -> None:
    """The first request may come out of a tunnel hours later; another gateway would send a second SMS."""
    first = post.gateway("sms", able(how, idempotent_submit=how == "by_key"))
    second = post.gateway("second")
    first.answers += [CUT, *[trouble] * 60]
    first.looks.append(EMPTY)
    post.put(AWA, useful_until=post.now + timedelta(hours=20))
    post.hours(19)
    assert second.asked == []
    assert len(first.asked) > 1
    assert len({one.idempotency_key for one in first.asked}) == 1 or how == "by_search"


# A person


def test_what_is_parked_is_listed_without_a_number(post: Post) -> None:
    cut(post, "by_search", [BLIND])
    began = post.now
    post.hours(1)
    with post.here.db.read() as session:
        (one,) = settling.parked(session)
        assert (one.gateway, one.since, one.last_two) == ("sms", began, "01")
        assert settling.parked(session, Message.kind == Kind.CAMPAIGN) == []
        assert settling.parked(session, after=one.message.id) == []


def test_a_person_sends_again_under_a_new_key(post: Post) -> None:
    ident = cut(post, "by_search", [BLIND])
    post.hours(1)
    order(post, settling.send_again, ident)
    post.send()
    assert len(set(post.sent)) == 2
    assert post.message(ident).state is State.HANDED_OVER
    post.tell(post.attempts()[0].id, Delivery.DELIVERED)
    assert doubles(post) == 0, "she knew the risk"
    assert post.money() == (0, 2)
    assert actions(post) == ["sent_again"]


def test_by_her_order_another_gateway_may_carry_it(post: Post) -> None:
    ident = cut(post, "by_search", [BLIND])
    second = post.gateway("second")
    post.hours(1)
    post.carriers["sms"].answers += [later(Fault.LINE)]
    order(post, settling.send_again, ident)
    post.hours(1)
    assert len(second.asked) == 1


def test_a_person_closes(post: Post) -> None:
    ident = cut(post, "by_search", [BLIND])
    post.hours(1)
    order(post, settling.give_up, ident)
    post.hours(2)
    assert (len(post.sent), post.message(ident).state, post.message(ident).reason) == (1, State.CLOSED, "unknown")
    assert actions(post) == ["given_up"]
    post.tell(post.attempts()[0].id, Delivery.DELIVERED)
    assert (post.message(ident).reason, post.money()) == ("delivered", (0, 1))


@pytest.mark.parametrize("what", [settling.send_again, settling.give_up])
def test_what_was_settled_meanwhile_takes_no_order(post: Post, what: Any) -> None:
    ident = cut(post, "by_search", [BLIND])
    post.hours(1)
    post.tell(post.attempts()[0].id, Delivery.DELIVERED)
    with pytest.raises(RefusedError):
        order(post, what, ident)


def test_what_is_of_no_use_any_more_is_not_sent_again(post: Post) -> None:
    ident = cut(post, "by_search", [BLIND])
    post.hours(49, every=60)
    with pytest.raises(RefusedError, match="no use"):
        order(post, settling.send_again, ident)


def order(post: Post, what: Any, ident: int) -> None:
    with post.here.db.write() as session:
        what(session, session.get_one(Message, ident), post.now, None)


def actions(post: Post) -> list[str]:
    with post.here.db.read() as session:
        return list(session.scalars(sa.select(Audit.action).where(Audit.object == "message").order_by(Audit.id)))


COMMANDS = [  # what is typed, the exit, the answer
    ("a pass", ["--json"], 0, {"still_unknown": 1}),
    ("ids without an order", ["1"], 2, None),
    ("an order without ids", ["--send"], 2, None),
    ("a message that is not there", ["--close", "99"], 1, None),
    ("a message that is not parked", ["--send", "1"], 1, None),
]


@pytest.mark.parametrize(("typed", "code", "said"), [row[1:] for row in COMMANDS], ids=[row[0] for row in COMMANDS])
def test_the_command(post: Post, monkeypatch: pytest.MonkeyPatch, typed: list[str], code: int, said: Any) -> None:
    cut(post, "by_search", [BLIND])
    post.now += timedelta(minutes=1)
    done = typed_in(post, monkeypatch, typed)
    assert done.exit_code == code, done.output
    if said is not None:
        assert json.loads(done.output) == said


def test_the_command_lists_and_takes_orders(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    ident = cut(post, "by_search", [BLIND])
    post.hours(1)
    listed = json.loads(typed_in(post, monkeypatch, ["--list", "--json"]).output)
    assert [(one.pop("message"), one.pop("gateway"), one.pop("kind")) for one in listed] == [(ident, "sms", "service")]
    assert set(listed[0]) == {"since", "step"}, "of the person not even the last digits"
    assert "70000001" not in typed_in(post, monkeypatch, ["--list"]).output
    assert json.loads(typed_in(post, monkeypatch, ["--send", str(ident), "--json"]).output) == {"sent_again": 1}
    assert post.message(ident).state is State.WAITING
    assert json.loads(typed_in(post, monkeypatch, ["--list", "--json"]).output) == []


def typed_in(post: Post, monkeypatch: pytest.MonkeyPatch, typed: list[str]) -> Any:
    """Run `jekulu resolve` on the installation of the test."""

    @contextmanager
    def opened():  # type: ignore[no-untyped-def]
        yield post.here

    monkeypatch.setattr(sys.modules["messaging.cli.resolve"], "opened", opened)  # the command has its name, too
    now = ["--now", post.now.isoformat()]
    return CliRunner().invoke(main, ["resolve", *typed, *now])


# Whatever happens: money adds up, and nothing leaves twice that nobody ordered twice

FAULTS = [Fault.NETWORK, Fault.LINE, Fault.RECIPIENT, Fault.CHANNEL, Fault.ABSENT, Fault.VAGUE, Fault.NONE]


@pytest.mark.parametrize("seed", range(12))
def test_money_adds_up_whatever_happens(post: Post, seed: int) -> None:
    dice = random.Random(seed)
    post.gateway("sms", able(dice.choice(["by_key", "by_search", "by_report"]), idempotent_submit=dice.random() < 0.3))
    post.gateway("second")
    post.world.crowd(12)
    for place, number in enumerate(list(post.world.phones)):
        post.put(number, dice.choice([Kind.SERVICE, Kind.REPLY]), occurrence=f"nudge:{place}")
    for _ in range(60):
        act(post, dice)
        with post.here.db.write() as session:
            outbox.expire(session, post.now)
        balanced(post)
    with post.here.db.read() as session:
        pairs = session.execute(
            sa.select(Attempt.message_id, sa.func.count())
            .where(Attempt.state == AttemptState.ACCEPTED, Attempt.delivery.in_((Delivery.DELIVERED, Delivery.SENT)))
            .group_by(Attempt.message_id)
        ).all()
    assert all(count <= 3 for _, count in pairs)


def act(post: Post, dice: random.Random) -> None:
    """One thing that may happen at a post."""
    for carrier in post.carriers.values():
        carrier.answers[:] = [
            dice.choice([OK, OK, CUT, later(dice.choice(FAULTS)), refused(dice.choice(FAULTS)), later(too_many=True)])
            for _ in range(20)
        ]
        carrier.looks[:] = [dice.choice([EMPTY, BLIND, Resolution(Found.SENT)])]
    what = dice.randrange(6)
    if what < 2:
        post.send(minutes=dice.choice([0, 5, 60, 300]))
    elif what == 2:
        post.look(minutes=dice.choice([1, 6, 11]))
    elif what == 3:
        known = post.attempts()
        some = dice.sample(known, min(len(known), 8))
        by_name = {name: [one for one in some if one.gateway_id == post.row(name).id] for name in post.carriers}
        for name, own in by_name.items():
            post.report(*(told(one.id, dice) for one in own), gateway=name)
    elif what == 4:
        with post.here.db.write() as session:
            for one in settling.parked(session)[:2]:
                try:
                    dice.choice([settling.send_again, settling.give_up])(session, one.message, post.now, None)
                except RefusedError:
                    continue
    else:
        with post.here.db.write() as session:
            for row in session.scalars(sa.select(Gateway)).all():
                pausing.resume(session, row, post.now)


def told(key: str, dice: random.Random) -> Any:
    delivery = dice.choice(list(Delivery))
    if delivery is not Delivery.FAILED:
        return report(key, delivery)
    fault = dice.choice(FAULTS)
    return report(key, delivery, Error(f"e-{fault}", "no", fault), outcome_unknown=dice.random() < 0.1)


def balanced(post: Post) -> None:
    """What is set aside and what was spent is what the messages and their attempts say."""
    with post.here.db.read() as session:
        aside = sum(is_reserved(one) for one in session.scalars(sa.select(Message)).all())
        taken = session.scalar(sa.select(sa.func.count()).where(Attempt.state == AttemptState.ACCEPTED)) or 0
    assert post.money() == (aside, taken)


def test_stuck_attempts_and_late_answers(post: Post) -> None:
    """A crash leaves an attempt under way; its answer, when there is one after all, still counts."""
    post.gateway("sms", able("by_search")).looks.append(EMPTY)
    post.put(AWA)
    jobs, _ = claiming.claim(post.here, post.now)
    for _ in range(20):
        post.look(minutes=1)
    (attempt,) = post.attempts()
    assert attempt.state is AttemptState.NOT_SENT
    with post.here.db.write() as session:
        outcomes.record(session, {jobs[0].outbound.idempotency_key: Submitted(Outcome.ACCEPTED)}, post.now)
    post.hours(1)
    assert (post.message().state, len(post.attempts())) == (State.HANDED_OVER, 1)
