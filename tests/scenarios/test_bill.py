"""The bill before sending is what the simulator then charges; a budget stops; a slow SIM is told before and holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from campaigns import bill, life, planner, simulation
from campaigns.bill import Bill
from campaigns.definitions import Definition
from campaigns.models import Campaign, Enrolment
from messaging import budget, sender, texts
from messaging.gateways import tariffs
from messaging.installation import SIMULATOR, Installation
from messaging.models import Attempt, Budget, Gateway, Hours, Message, Phone, Text
from messaging.models.post import Delivery, Kind, State
from messaging.rules import Reason
from tests.world import World, approve_texts, hygiene

TEN = 10_000_000  # millionths of XOF
LONG = "Lavez les mains au savon ou a la cendre, " * 5  # two segments
QUESTION = {
    "kind": "question", "question": {"type": "yesno", "correct": [1]}, "one_act": False,
    "texts": {
        "fr": {
            "sms": "La cendre lave-t-elle? 1 OUI 2 NON. Un SMS: {answer_cost}", "read_aloud": "La cendre lave-t-elle ?",
            "right": "Oui.", "wrong": "La cendre lave.",
        }
    },
}  # fmt: skip


@pytest.fixture
def world(installation: Installation, now: datetime) -> World:
    """A demonstration with the prices of two operators."""
    world = World(installation.db, now).programme(demonstration=True)
    with world.db.write() as session:
        row = tariffs.named(session, SIMULATOR)
        tariffs.change(session, row, price="10", operators=["+22366=15"])
    return world


def steps(*changes: dict[str, object]) -> Definition:
    """A campaign of several steps."""
    parts = [hygiene(step=f"pas-{place}", **change).steps[0] for place, change in enumerate(changes)]
    return hygiene().model_copy(update={"steps": tuple(parts)})


def show(world: World, campaign_id: int, days: int | None = None) -> Bill:
    with world.db.read() as session:
        return bill.of_campaign(session, session.get_one(Campaign, campaign_id), world.now, days=days)


def charged(world: World) -> dict[str, int]:
    """What left, by the outbox: messages, segments and millionths of XOF; replies are no part of a campaign's bill."""
    with world.db.read() as session:
        query = sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(Message.segments), 0),
            sa.func.coalesce(sa.func.sum(Message.price_micros), 0),
        ).where(Message.handed_over_at.is_not(None), Message.kind != Kind.REPLY)  # fmt: skip
        messages, segments, micros = session.execute(query).one()
    return {"messages": messages, "segments": int(segments), "micros": int(micros)}


def failed(world: World) -> int:
    """Messages whose first SMS did not arrive, and whose second one waits for the same money."""
    with world.db.read() as session:
        waits = sa.and_(Message.state == State.WAITING, Message.delivery == Delivery.FAILED)
        return session.scalar(sa.select(sa.func.count()).where(waits)) or 0


def run(installation: Installation, world: World, days: int = 1) -> dict[str, int]:
    midnight = world.now.replace(hour=0, minute=0)
    return simulation.simulate(installation, midnight, days, "1")


def test_what_is_shown_is_what_is_charged(installation: Installation, world: World) -> None:
    world.chain("dds", "fr")
    world.crowd(30)
    world.crowd(20, start="+22366")  # the dearer operator
    world.crowd(10, "bm")
    world.crowd(5, "dds")
    world.crowd(4, "dto")  # this language or nothing
    definition = steps(
        {"texts": {
            "fr": {"sms": LONG, "read_aloud": "Lavez les mains."},
            "bm": {"sms": "Safunè.", "official": "Safunɛ.", "read_aloud": "Safunɛ."},
        }},
        QUESTION,
    )  # fmt: skip
    campaign_id = world.campaign(definition, start=False)
    shown = show(world, campaign_id)
    assert shown.people == 65
    assert shown.by("language") == {
        "bm": {"messages": 10, "segments": 10, "xof": 100},
        # 35 phones at 10 and 20 at 15, two segments and one
        "fr": {"messages": 110, "segments": 165, "xof": 35 * 30 + 20 * 45},
    }
    assert shown.fallbacks() == [{"wanted": "dds", "language": "fr", "messages": 10}]
    assert shown.unserved() == {("bm", "no_text"): 10, ("dto", "no_text"): 8}
    assert (shown.days, shown.fits) == (1, True)
    with world.db.write() as session:
        row = session.get_one(Campaign, campaign_id)
        row.state, row.started_at = row.state.RUNNING, world.now
    run(installation, world)
    assert charged(world) == {"messages": shown.messages, "segments": shown.segments, "micros": shown.micros}
    assert show(world, campaign_id).messages == 0  # nothing is left to pay


@pytest.mark.parametrize(("said", "limit", "sent"), [("half", 500, 50), ("a little more", 509, 50), ("nothing", 0, 0)])
def test_a_budget_stops_where_it_ends(
    installation: Installation, world: World, said: str, limit: int, sent: int
) -> None:
    world.crowd(100)
    campaign_id = world.campaign(hygiene())
    with world.db.write() as session:
        budget.set_limit(session, world.programme_id, date(2026, 3, 1), limit * 1_000_000)
    shown = show(world, campaign_id)
    assert (shown.messages, bill.xof(shown.micros), shown.fits) == (100, 1000, False)
    assert [bill.xof(month.missing) for month in shown.months] == [1000 - limit]
    done = planner.plan(world.db, world.now, timedelta(minutes=15))
    assert (done.planned, done.rows()) == (sent, [{"language": "fr", "reason": "budget", "people": 100 - sent}]), said
    run(installation, world)
    assert charged(world)["micros"] == sent * TEN
    with world.db.write() as session:  # more money: who waited gets it, and nobody twice
        budget.set_limit(session, world.programme_id, date(2026, 3, 1), 800 * 1_000_000)
    later, again = world.now + timedelta(days=1), failed(world)
    assert planner.plan(world.db, later, timedelta(minutes=15)).planned == 80 - sent - again
    assert planner.plan(world.db, later + timedelta(seconds=20), timedelta(minutes=15)).rows() == []


def test_replies_and_calls_are_counted_but_not_stopped(world: World) -> None:
    world.crowd(3)
    with world.db.write() as session:
        budget.set_limit(session, world.programme_id, date(2026, 3, 1), 0)
    world.campaign(hygiene(send_as="service"))
    assert planner.plan(world.db, world.now, timedelta(minutes=15)).planned == 3


def test_one_sim_in_evening_hours_is_told_before_and_the_simulator_agrees(
    installation: Installation, world: World
) -> None:
    world.crowd(800)
    world.hours("20:30-21:00")
    with world.db.write() as session:
        tariffs.change(session, tariffs.named(session, SIMULATOR), rate="2/min")
        session.execute(sa.text("UPDATE programme SET always_open = false"))
    campaign_id = world.campaign(hygiene(hour="20:30"))
    shown = show(world, campaign_id)
    assert (shown.messages, shown.fits, shown.days) == (800, False, 14)
    assert dict(shown.late) == {"mains": 800 - 3 * 60}
    helps = {one.what: one.value for one in shown.helps}
    assert helps == {"sims": 5, "longer": 11}  # no club in this village
    run(installation, world, days=4)
    with world.db.read() as session:
        rows = session.scalars(sa.select(Message).where(Message.kind == Kind.CAMPAIGN)).all()
        tries = session.scalar(sa.select(sa.func.count()).select_from(Attempt)) or 0
    left = [row.handed_over_at for row in rows if row.handed_over_at]
    stale = [row for row in rows if row.reason == Reason.STALE.value and row.handed_over_at is None]
    assert 180 <= tries <= 180 + 3  # and what did not arrive takes a turn of its own a second time
    assert 180 - 10 <= len(left) <= tries
    assert len(left) + len(stale) == 800
    assert {(moment.day, moment.hour) for moment in left} == {(12, 20), (13, 20), (14, 20)}


def test_a_question_waits_while_nobody_knows_what_an_answer_costs(world: World) -> None:
    world.crowd(3)
    with world.db.write() as session:
        tariffs.change(session, tariffs.named(session, SIMULATOR), answer_cost="unknown")
    campaign_id = world.campaign(steps(QUESTION))
    assert show(world, campaign_id).unserved() == {("fr", "answer_cost"): 3}
    assert planner.plan(world.db, world.now, timedelta(minutes=15)).planned == 0
    with world.db.write() as session:
        tariffs.change(session, tariffs.named(session, SIMULATOR), answer_cost="10")
    assert planner.plan(world.db, world.now + timedelta(minutes=11), timedelta(minutes=15)).planned == 3
    with world.db.read() as session:
        assert {row.slots["answer_cost"] for row in session.scalars(sa.select(Message)) if row.slots} == {"10 FCFA"}


def test_each_number_is_priced_by_its_operator(world: World) -> None:
    world.crowd(2)
    world.crowd(2, start="+22366")
    world.campaign(hygiene())
    planner.plan(world.db, world.now, timedelta(minutes=15))
    with world.db.read() as session:
        rows = session.execute(sa.select(Phone.prefix, Message.price_micros).join(Message)).all()
        gateway = session.scalars(sa.select(Gateway)).one()
        assert [one.prefix for one in gateway.tariffs] == ["+22366"]
    assert sorted(set(rows)) == [("+22366", 15_000_000), ("+22370", TEN)]


def test_a_shared_phone_is_counted_and_written_to_once(installation: Installation, world: World) -> None:
    world.chain("bm", "fr")
    world.member("+22370000001")
    world.member("+22370000001", "bm")
    campaign_id = world.campaign(hygiene())
    shown = show(world, campaign_id)
    assert (shown.people, shown.messages) == (1, 1)
    run(installation, world)
    assert charged(world)["messages"] == 1


def test_steps_by_enrolment_of_a_campaign_that_starts_later(installation: Installation, world: World) -> None:
    world.crowd(4)
    world.member()  # without a phone: enrolled all the same, but no SMS of hers is billed
    later = steps({"when": {"after_enrolment": 0}}, {"when": {"after_enrolment": 2}}).model_copy(
        update={"starts": date(2026, 3, 15)}
    )
    campaign_id = world.campaign(later, start=False)
    shown = show(world, campaign_id)
    assert (shown.people, shown.messages) == (4, 8)
    with world.db.write() as session:
        row = session.get_one(Campaign, campaign_id)
        row.state = row.state.APPROVED
        life.start(session, campaign_id, None, world.now)
        assert len(session.scalars(sa.select(Enrolment)).all()) == 5
    assert show(world, campaign_id).messages == 8
    run(installation, world, days=7)
    assert charged(world)["messages"] == 8


def test_a_call_is_planned_over_closed_days(world: World) -> None:
    """An airing at five in the morning after a feast: the call moves back to the last open evening before."""
    world.club("1041", facilitator="+22370000001")
    with world.db.write() as session:
        session.execute(sa.text("UPDATE programme SET always_open = false"))
        for day, spans in ((None, "06:30-21:00"), (date(2026, 3, 13), ""), (date(2026, 3, 14), "")):
            row = Hours(
                programme_id=world.programme_id, position=len(spans), kind="service", open_spans=spans, reason="essai",
                starts=day, ends=day,
            )  # fmt: skip
            session.add(row)
    world.airing(datetime(2026, 3, 15, 5, 0, tzinfo=UTC))
    call = {
        "kind": "listening_call", "when": {"before_airing": "3h"}, "hour": None, "one_act": False,
        "audience": {"role": "club"}, "send_as": "service",
    }  # fmt: skip
    campaign_id = world.campaign(hygiene(**call))
    assert show(world, campaign_id).messages == 1
    assert planner.plan(world.db, world.now, timedelta(hours=4)).planned == 1
    with world.db.read() as session:
        assert session.scalars(sa.select(Message)).one().due_at == datetime(2026, 3, 12, 20, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "price", "limit", "sent"),
    [("the price rose after planning", 50, 500, 10), ("the limit came after planning", 10, 300, 30)],
)
def test_the_budget_holds_at_the_last_moment_too(
    installation: Installation, world: World, said: str, price: int, limit: int, sent: int
) -> None:
    world.crowd(100)
    world.campaign(hygiene())
    planner.plan(world.db, world.now, timedelta(minutes=15))
    with world.db.write() as session:
        tariffs.change(session, tariffs.named(session, SIMULATOR), price=str(price))
        budget.set_limit(session, world.programme_id, date(2026, 3, 1), limit * 1_000_000)
    sender.send_due(installation, world.now)
    sender.send_due(installation, world.now)
    assert charged(world)["messages"] == sent, said


def test_a_free_message_needs_no_budget(installation: Installation, world: World) -> None:
    world.crowd(3)
    with world.db.write() as session:
        tariffs.change(session, tariffs.named(session, SIMULATOR), price="0")
        budget.set_limit(session, world.programme_id, date(2026, 3, 1), 0)
    world.campaign(hygiene())
    planner.plan(world.db, world.now, timedelta(minutes=15))
    sender.send_due(installation, world.now)
    assert charged(world)["messages"] == 3


def test_four_campaigns_planned_at_once_share_one_budget(world: World) -> None:
    world.crowd(60)
    for place in range(4):
        world.campaign(hygiene(step=f"pas-{place}").model_copy(update={"campaign": f"campagne-{place}"}))
    with world.db.write() as session:
        budget.set_limit(session, world.programme_id, date(2026, 3, 1), 1_000 * 1_000_000)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: planner.plan(world.db, world.now, timedelta(minutes=15)), range(4)))
    with world.db.read() as session:
        assert session.scalar(sa.select(sa.func.sum(Message.price_micros))) == 1_000 * 1_000_000
        row = session.scalars(sa.select(Budget)).one()
        assert (row.reserved_micros, row.charged_micros) == (1_000 * 1_000_000, 0)


def test_what_an_answer_costs_is_said_of_the_gateway_that_carries_it(installation: Installation, world: World) -> None:
    world.crowd(2)
    world.campaign(steps(QUESTION))
    planner.plan(world.db, world.now, timedelta(minutes=15))
    with world.db.write() as session:
        tariffs.change(session, tariffs.named(session, SIMULATOR), answer_cost="50")
    sender.send_due(installation, world.now, most=1)
    with world.db.write() as session:
        tariffs.change(session, tariffs.named(session, SIMULATOR), answer_cost="unknown")
    assert sender.send_due(installation, world.now)["answer_cost"] == 1
    with world.db.read() as session:
        rows = session.scalars(sa.select(Message).order_by(Message.id)).all()
    gone = [row.slots["answer_cost"] for row in rows if row.handed_over_at and row.slots]
    assert gone == ["50 FCFA"]


def test_a_text_that_now_asks_for_an_unknown_value_never_leaves_with_its_braces(
    installation: Installation, world: World
) -> None:
    world.crowd(2)
    campaign_id = world.campaign(hygiene())
    planner.plan(world.db, world.now, timedelta(minutes=15))
    with world.db.write() as session:
        text = session.scalars(sa.select(Text)).one()
        words = replace(texts.wording(texts.current(session, text)), sms="A {place}: lavez les mains.")
        texts.write(session, text.step_id, "fr", words, world.now)
        session.flush()
        approve_texts(session, session.get_one(Campaign, campaign_id), world.now)
    sender.send_due(installation, world.now)
    with world.db.read() as session:
        assert {row.reason for row in session.scalars(sa.select(Message))} == {Reason.EMPTY_SLOT.value}
