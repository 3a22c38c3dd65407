"""The calendar's week: what leaves when and why then, what it takes, and where sends meet on the same phones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from campaigns import bill, coming, crowding, planner
from campaigns.crowding import Limit
from campaigns.definitions import Definition
from campaigns.models import Campaign
from campaigns.week import Day, Of, Send, days, marked, monday_of, span_of, total
from messaging import outbox, people, programmes
from messaging.database import Database
from messaging.hours import HoursRule
from messaging.models import Cap, Hours, Message, Programme
from messaging.models.people import Purpose, Way
from messaging.models.post import Kind, State
from messaging.rules import Reason
from tests.world import World, hygiene

MONDAY = date(2026, 3, 9)  # the world's clock stands at Thursday the 12th, 17:30
ZONE = "Africa/Bamako"
STEPS = count(1)


def named(code: str, **step: object) -> Definition:
    return hygiene(**step).model_copy(update={"campaign": code})


def week(world: World, monday: date = MONDAY, now: datetime | None = None) -> list[Day]:
    """The seven days, planned and coming, counted."""
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        rules = coming.rules_of(session, programme)
        since, until = span_of(monday, ZONE)
        sends = coming.in_outbox(session, programme, rules, since, until)
        sends += coming.of_campaigns(session, programme, rules, since, until, now or world.now)
        return days(rules, monday, sends, ZONE)


def told(found: Sequence[Day]) -> list[str]:
    """« ven 13 08:00 mains 1 »: one line a send."""
    return [
        f"{one.leaves_at:%d %H:%M} {one.of.campaign}/{one.of.step} {one.messages}{'' if one.of.runs else ' ?'}"
        for day in found
        for one in day.sends
    ]


def crowded(world: World, monday: date = MONDAY) -> crowding.Crowding:
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        return crowding.of_week(session, programme, week(world, monday), world.now)


def cap(world: World, kind: str = "campaign", **most: int) -> None:
    with world.db.write() as session:
        session.merge(Cap(kind=kind, **{"per_day": None, "per_week": None, "per_month": None, **most}))


def test_a_send_is_counted_with_its_segments_price_and_languages(world: World) -> None:
    world.chain("bm", "fr")
    world.member("+22370000001")
    world.member("+22370000002")
    world.member("+22370000003", "bm")  # falls back to French
    world.member("+22370000004", "dds")  # this language or nothing
    world.campaign(hygiene(when={"weekly": ["fri"]}, hour="17:30"))
    with world.db.read() as session:
        campaign = session.scalars(sa.select(Campaign)).one()
        billed = bill.of_campaign(session, campaign, world.now, days=7)
    (send,) = [one for day in week(world) for one in day.sends]
    assert (send.messages, send.segments, send.micros) == (billed.messages, billed.segments, billed.micros)
    assert send.messages == 3
    assert send.languages == {"fr": 3}
    assert send.without == {Reason.NO_TEXT.value: 1}
    assert not send.is_moved


def test_closed_hours_move_a_send_and_say_which_row_did(db: Database, now: datetime) -> None:
    world = World(db, now).programme(always_open=False)
    world.hours("08:00-11:30")
    world.member("+22370000001")
    world.campaign(hygiene(when={"weekly": ["fri"]}, hour="17:30"))
    (send,) = [one for day in week(world) for one in day.sends]
    assert (send.wanted_at, send.leaves_at) == (
        datetime(2026, 3, 13, 17, 30, tzinfo=UTC),
        datetime(2026, 3, 14, 8, 0, tzinfo=UTC),
    )
    assert send.closed_by == "essai"


def test_a_call_moves_back_from_the_monday_after_into_the_week(db: Database, now: datetime) -> None:
    """The broadcast is on Monday the 16th at 06:30; its call of an hour before would leave in the night."""
    world = World(db, now).programme(always_open=False)
    world.hours("06:30-21:00", "service")
    world.club("1041", facilitator="+22376000041")
    world.airing(datetime(2026, 3, 16, 6, 30, tzinfo=UTC))
    call = {"step": "appel", "kind": "listening_call", "when": {"before_airing": "1h"}, "audience": {"role": "club"}}
    world.campaign(hygiene(**call, hour=None, send_as="service"))
    assert told(week(world)) == ["15 20:59 hygiene-essai/appel 1"]
    assert told(week(world, MONDAY + timedelta(days=7))) == []


@pytest.mark.parametrize(
    ("row", "day", "reason", "is_closed"),
    [
        ({"weekday": 4, "closed_spans": "12:30-15:00", "reason": "Vendredi"}, 13, ["Vendredi"], False),
        ({"weekday": 4, "closed_spans": "22:00-23:00", "reason": "Vendredi"}, 13, [], False),  # closed already
        ({"starts": date(2026, 3, 10), "ends": date(2026, 3, 19), "closed_spans": "17:00-20:00", "reason": "Ramadan"},
         12, ["Ramadan"], False),
        ({"starts": date(2026, 3, 12), "ends": date(2026, 3, 12), "reason": "Fête"}, 12, ["Fête"], True),
    ],
)  # fmt: skip
def test_a_day_names_the_rows_that_narrow_it(
    db: Database, now: datetime, row: dict[str, object], day: int, reason: list[str], is_closed: bool
) -> None:
    world = World(db, now).programme(always_open=False)
    world.hours("08:00-11:30 14:00-18:00", "both")
    with world.db.write() as session:
        session.add(Hours(programme_id=world.programme_id, position=2, kind="both", **row))
    found = {one.day.day: one for one in week(world)}
    assert (found[day].narrowed_by, found[day].is_closed) == (reason, is_closed)
    assert found[9].narrowed_by == []


def test_what_is_planned_stands_with_what_became_of_it_and_is_not_counted_twice(world: World) -> None:
    world.crowd(4)
    world.campaign(hygiene())  # due now
    planner.plan(world.db, world.now, timedelta(minutes=15))
    with world.db.write() as session:
        left, held, stale, _waiting = session.scalars(sa.select(Message).order_by(Message.id)).all()
        left.state, left.handed_over_at = State.HANDED_OVER, world.now
        held.state, held.reason = State.HELD, "quarantine"
        outbox.close(session, stale, Reason.STALE, world.now)
    (send,) = [one for day in week(world) for one in day.sends]
    assert send.stands == {("left", ""): 1, ("held", "quarantine"): 1, ("never", "stale"): 1, ("waiting", ""): 1}
    assert (send.messages, send.segments) == (3, 3)  # the stale one is not charged


def test_what_does_not_run_stands_apart(world: World) -> None:
    world.member("+22370000001")
    world.campaign(named("en-cours", when={"weekly": ["fri"]}))
    world.campaign(named("brouillon", when={"weekly": ["fri"]}), start=False)
    found = week(world)
    assert told(found) == ["13 17:30 brouillon/mains 1 ?", "13 17:30 en-cours/mains 1"]
    friday = found[4]
    assert (total(friday.sure).messages, total(friday.perhaps).messages) == (1, 1)


def test_a_week_that_is_over_has_nothing_coming_and_one_far_away_only_its_own(world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene(when={"weekly": ["mon", "fri"]}))
    assert told(week(world, MONDAY - timedelta(days=7))) == []
    assert told(week(world)) == ["13 17:30 hygiene-essai/mains 1"]
    assert told(week(world, date(2026, 4, 6))) == ["06 17:30 hygiene-essai/mains 1", "10 17:30 hygiene-essai/mains 1"]


def test_when_is_told_without_counting(world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene(when={"weekly": ["fri"]}))
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        found = coming.of_campaigns(session, programme, [], *span_of(MONDAY, ZONE), world.now, count=False)
    assert [(one.of.step, one.messages) for one in found] == [("mains", 0)]


def test_the_purse_holds_the_week_against_the_month(world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene(when={"weekly": ["fri"]}))
    with world.db.write() as session:
        programme = session.get_one(Programme, world.programme_id)
        programmes.change(session, programme, world.now, budgets=["2026-03=0"])
        sends = [one for day in week(world) for one in day.sends]
        sends[0].micros = 10_000_000
        (purse,) = coming.purses(session, programme, MONDAY, sends)
        both = coming.purses(session, programme, date(2026, 3, 30), sends)
    assert (purse.limit, purse.left, purse.missing) == (0, 0, 10_000_000)
    assert [one.month.month for one in both] == [3, 4]


def send(at: str, phones: Sequence[int], kind: Kind = Kind.CAMPAIGN, campaign: str = "a", runs: bool = True) -> Send:
    moment = datetime.strptime(f"2026-03-{at}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    return Send(Of(campaign, step="s", runs=runs), next(STEPS), kind, moment, moment, marks=marked(phones))


@pytest.mark.parametrize(
    ("every", "limit", "expected"),
    [
        # the last send is asked about
        ([send("12 08:00", [1, 2]), send("12 17:00", [2, 3])], Limit("campaign", 1, 1), [2]),
        ([send("12 08:00", [1, 2]), send("13 09:00", [2, 3])], Limit("campaign", 1, 1), []),  # a day later
        ([send("12 17:00", [1, 2]), send("13 09:00", [2, 3])], Limit("campaign", 1, 1), [2]),  # within 24 hours
        ([send("12 08:00", [2]), send("12 17:00", [2])], Limit("campaign", 2, 1), []),
        ([send("12 08:00", [2]), send("12 09:00", [2, 3]), send("12 17:00", [2, 3])], Limit("campaign", 2, 1), [2]),
        ([send("12 08:00", [2], Kind.SERVICE), send("12 17:00", [2])], Limit("campaign", 1, 1), []),  # another kind
        ([send("12 08:00", [2]), send("12 17:00", [2])], Limit("service", 1, 1), []),
        ([send("12 08:00", [2], runs=False), send("12 17:00", [2])], Limit("campaign", 1, 1), []),  # does not run
        ([send("09 08:00", [2]), send("10 08:00", [2]), send("11 08:00", [2]), send("13 08:00", [2, 3])],
         Limit("campaign", 3, 7), [2]),
        ([send("05 08:00", [2]), send("10 08:00", [2]), send("11 08:00", [2]), send("13 08:00", [2, 3])],
         Limit("campaign", 3, 7), []),
    ],
)  # fmt: skip
def test_a_cap_counts_what_a_phone_got_before(every: list[Send], limit: Limit, expected: list[int]) -> None:
    found = crowding.over([every[-1]], every, [limit])
    assert [one.marks for one in found] == ([marked(expected)] if expected else [])


def test_a_weekly_cap_of_a_row_counts_on_its_days(world: World) -> None:
    """Ramadan until Thursday: the second of the week waits then, and leaves on Friday."""
    row = HoursRule(starts=date(2026, 3, 9), ends=date(2026, 3, 12), weekly_cap=1, reason="Ramadan")
    every = [send("10 08:00", [1, 2]), send("12 17:00", [2, 3]), send("13 17:00", [2, 3])]
    (found,) = crowding.over(every, every, [Limit("campaign", 1, 7, row)])
    assert (found.send.leaves_at.day, found.marks) == (12, marked([2]))


def test_at_one_minute_the_higher_priority_leaves_first(world: World) -> None:
    world.crowd(2)
    for code, priority in (("bb", 0), ("aa", -3), ("cc", 4)):
        world.campaign(named(code, when={"weekly": ["fri"]}, priority=priority))
    first = [(one.first.of.campaign, one.second.of.campaign, one.is_open) for one in crowded(world).clashes]
    assert sorted(first) == [("bb", "aa", False), ("cc", "aa", False), ("cc", "bb", False)]


def test_two_campaigns_that_want_the_same_phones_are_named_with_who_leaves_first(world: World) -> None:
    """Scenario 3: two campaigns want the same phone, the cap is one a day, the earlier leaves and the other waits."""
    world.crowd(3)
    world.campaign(named("matin", when={"weekly": ["fri"]}, hour="09:00"))
    world.campaign(named("soir", when={"weekly": ["fri"]}, hour="17:30"))
    world.campaign(named("essai", when={"weekly": ["fri"]}, hour="17:30"), start=False)
    cap(world, per_day=1)
    found = crowded(world)
    assert all(one.phones == one.held == 3 for one in found.clashes)
    pairs = {(one.first.of.campaign, one.second.of.campaign) for one in found.clashes}
    assert {("matin", "soir"), ("matin", "essai")} <= pairs
    both = next(one for one in found.clashes if "matin" not in (one.first.of.campaign, one.second.of.campaign))
    assert both.is_open  # the same minute: nothing says which leaves first
    assert {(one.send.of.campaign, one.phones) for one in found.overs} == {("soir", 3), ("essai", 3)}


def test_the_higher_priority_is_named_first(world: World) -> None:
    world.club("1041", facilitator="+22376000041")
    with world.db.write() as session:  # she agreed to messages herself
        evidence = people.Evidence(
            text_version="1", language="fr", way=Way.ORAL, given_at=world.now, taken_by="a", witness="K"
        )
        people.give(session, world.programme_id, Purpose.MESSAGES, evidence, phone_id=world.phones["+22376000041"])
    to_club = {"when": {"weekly": ["fri"]}, "audience": {"role": "club"}}
    world.campaign(named("conseil", **to_club, hour="09:00"))
    world.campaign(named("appel", **to_club, hour="17:30", send_as="service"))
    (clash,) = crowded(world).clashes
    assert (clash.first.of.campaign, clash.second.of.campaign, clash.held) == ("appel", "conseil", 0)


def test_without_a_cap_nothing_is_over(world: World) -> None:
    world.crowd(2)
    world.campaign(named("matin", when={"weekly": ["fri"]}, hour="09:00"))
    world.campaign(named("soir", when={"weekly": ["fri"]}, hour="17:30"))
    found = crowded(world)
    assert (found.limits, found.overs) == ([], [])
    assert [one.held for one in found.clashes] == [0]


def test_caps_count_what_other_programmes_sent_and_will_send(world: World) -> None:
    phone = "+22370000001"
    world.member(phone)
    other = World(world.db, world.now).programme("autre")
    other.member(phone)
    world.campaign(named("ici", when={"weekly": ["fri"]}, hour="17:30"))
    other.campaign(named("ailleurs", when={"weekly": ["fri"]}, hour="09:00"))
    cap(world, per_day=1)
    assert [(one.send.of.campaign, one.phones) for one in crowded(world).overs] == [("ici", 1)]


def test_sets_of_phones_are_counted_whatever_their_ids() -> None:
    ids = [1, 7, 8, 9, 1_000_003]
    assert marked(ids).bit_count() == len(ids)
    assert marked(reversed(ids)) == marked(ids)
    assert marked([]) == 0
    assert monday_of(date(2026, 3, 15)) == MONDAY
