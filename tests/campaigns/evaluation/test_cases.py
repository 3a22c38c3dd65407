"""Cases counted by hand: clocks with a weekend, a holiday and pauses; sensitive ones left out; harm; distributions."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns import caseload, sorting
from campaigns.conversation.grammar.words import FEEDBACK
from campaigns.evaluation import cases, indicators
from campaigns.evaluation.middle import median, percentile
from campaigns.evaluation.period import parse
from campaigns.models import CasePause, Distribution, Step, Value
from messaging import staff
from messaging.models import Hours, Programme, Role
from messaging.models.people import Sex
from tests.campaigns.evaluation.meetings import at, case, counted, valued
from tests.land import commune, share
from tests.world import World, hygiene

WOMAN, SHARED, UNKNOWN, NEIGHBOUR = (f"+2237600001{last}" for last in range(1, 5))
ALL = ("CFM-RATE", "CFM-W", "CFM-ACK", "CFM-CLOSE", "CFM-CLOSE90", "CFM-LOOP", "CFM-REF", "ADV", "DIS-CONF")


@pytest.fixture
def told(world: World) -> World:
    """A woman's phone, one that two share, one of somebody whose sex nobody noted; a holiday, two pauses."""
    commune(world, "Alpha")
    world.member(WOMAN)
    world.member(SHARED)
    share(world, world.member(sex=Sex.M), SHARED)
    world.member(UNKNOWN, sex=Sex.UNKNOWN)
    world.member()  # without a phone
    with world.db.write() as session:
        staff.add(session, "awa@essai.example", [(Role.OFFICER, "")], world.now, programmes=["essai"])
        who = staff.by_email(session, "awa@essai.example").id
        session.add(
            Hours(
                programme_id=world.programme_id, position=1, kind="both", open_spans="", reason="fête",
                starts=date(2026, 3, 9), ends=date(2026, 3, 9),
            )
        )  # fmt: skip
    _open(world, who)
    for number, category, day, more in (
        (WOMAN, "sensitive_fraud", "03-04", {"taken_at": at("03-05", "11:00")}),
        (WOMAN, "sensitive_psea", "03-04", {"taken_at": at("03-04", "13:00")}),  # taken, and not referred
        (WOMAN, "sensitive_protection", "03-04", {"referred_at": at("03-05"), "closed_at": at("03-05")}),
        (WOMAN, "sensitive_security", "03-04", {"answered_at": at("03-06")}),
    ):
        case(world, number, category, at(day), **more)
    there = World(world.db, world.now).programme("autre")
    there.member(NEIGHBOUR)
    case(there, NEIGHBOUR, "adverse", at("03-02"), closed_at=at("03-03"))
    return world


def _open(world: World, who: int) -> None:
    paused = {}
    rows: list[tuple[str, str, str, str, dict[str, Any]]] = [
        ("in time", WOMAN, "complaint_minor", "03-02", {
            "taken_at": at("03-04"), "closed_at": at("03-10"), "satisfied": True}),
        ("in time for the weekend and the holiday", SHARED, "complaint_minor", "03-05", {
            "sorted_at": at("03-11", "11:00"), "closed_at": at("03-20")}),
        ("ran out", WOMAN, "selection", "03-10", {}),
        ("rests", UNKNOWN, "assistance_request", "03-11", {}),
        ("still runs", WOMAN, "suggestion", "03-24", {}),
        ("done while it runs", WOMAN, "suggestion", "03-24", {"taken_at": at("03-24", "13:00")}),
        ("thanks have no clock", WOMAN, "thanks", "03-03", {"closed_at": at("03-03")}),
        ("nor have questions a first one", SHARED, "question", "03-03", {
            "answered_at": at("03-05"), "closed_at": at("03-05"), "satisfied": False}),
        ("late", WOMAN, "unclassified", "03-16", {"sorted_at": at("03-20")}),
        ("runs out now", WOMAN, "adverse", "03-20", {}),
        ("told before", WOMAN, "complaint_minor", "02-28", {"closed_at": at("03-02")}),
    ]  # fmt: skip
    for label, number, category, day, more in rows:
        paused[label] = case(world, number, category, at(day), **more)
    with world.db.write() as session:
        session.add_all(
            CasePause(feedback_id=paused[label], reason="agency", started_at=begin, started_by=who, ended_at=end)
            for label, begin, end in (
                ("rests", at("03-12"), None),
                ("in time for the weekend and the holiday", at("03-12"), at("03-14")),
            )
        )


def test_march_is_counted_as_on_paper(told: World) -> None:
    assert counted(told, ALL) == {
        "CFM-RATE": {(): (10, 5)},
        "CFM-W": {(): (7, 9)},
        "CFM-ACK": {(): (3, 6)},
        "CFM-CLOSE": {(): (4, 4)},
        "CFM-CLOSE90": {(): (4, 4)},
        "CFM-LOOP": {(): (2, 4)},
        "CFM-REF": {},  # of less than a quarter nothing is told
        "ADV": {(): (1, None)},
        "DIS-CONF": {(): (0, 0)},
    }
    assert valued(told, ["CFM-RATE", "CFM-CLOSE", "CFM-CLOSE90"]) == {
        ("CFM-RATE",): 2000, ("CFM-CLOSE",): (2 + 8) / 2, ("CFM-CLOSE90",): 13,
    }  # fmt: skip


@pytest.mark.parametrize("since,until,day,is_told", [
    ("2026-01-01", "2026-03-31", "04-01", True), ("2025-07-01", "2026-03-31", "04-01", True),
    ("2026-01-01", "2026-03-31", "03-31", False),  # not over: tomorrow's figure would tell of today
    ("2026-01-01", "2026-04-01", "07-01", False), ("2025-12-31", "2026-03-31", "04-01", False),
])  # fmt: skip
def test_sensitive_cases_are_told_of_whole_quarters_alone(
    told: World, since: str, until: str, day: str, is_told: bool
) -> None:
    with told.db.read() as session:
        programme = session.get_one(Programme, told.programme_id)
        period = parse(since, until, programme.zone)
        found = indicators.count(session, programme, period, at(day), codes=["CFM-REF"])
    assert [(one.numerator, one.denominator) for one in found] == ([(2, 4)] if is_told else [])


def test_by_category_month_and_place(told: World) -> None:
    by_category = counted(told, ["CFM-RATE", "CFM-ACK", "CFM-CLOSE"], ("category",))
    assert by_category["CFM-ACK"] == {
        ("complaint_minor",): (2, 2), ("selection",): (0, 1), ("suggestion",): (1, 1), ("unclassified",): (0, 1),
        ("adverse",): (0, 1),
    }  # fmt: skip
    assert by_category["CFM-RATE"][("suggestion",)] == (2, 5)
    assert by_category["CFM-CLOSE"] == {("complaint_minor",): (3, 3), ("question",): (1, 1)}
    assert valued(told, ["CFM-CLOSE"], ("category",))[("CFM-CLOSE", "complaint_minor")] == 8
    months = counted(told, ["CFM-RATE", "CFM-LOOP"], ("month",), days=("2026-02-01", "2026-03-31"))
    assert months["CFM-RATE"] == {("2026-02",): (1, 5), ("2026-03",): (10, 5)}
    assert months["CFM-LOOP"] == {("2026-03",): (2, 4)}
    own = counted(told, ["CFM-RATE", "CFM-W", "CFM-REF"], within=lambda column: column == -1, days=(
        "2026-01-01", "2026-03-31"))  # fmt: skip
    assert own == {"CFM-RATE": {(): (0, 0)}, "CFM-W": {(): (0, 0)}, "CFM-REF": {}}


def test_few_cases_are_not_shown(told: World) -> None:
    with told.db.read() as session:
        programme = session.get_one(Programme, told.programme_id)
        period = parse("2026-01-01", "2026-03-31", programme.zone)
        shown = {one.code: one for one in indicators.compute(session, programme, period, at("04-02"), codes=ALL)}
    assert {code for code, one in shown.items() if one.is_suppressed} >= {"ADV", "CFM-REF", "CFM-CLOSE", "CFM-LOOP"}
    assert shown["ADV"].numerator is None
    assert not shown["CFM-RATE"].is_suppressed


def test_a_distribution_is_confirmed_by_received_alone(told: World) -> None:
    told.campaign(hygiene(), start=False)
    with told.db.write() as session:
        step = session.scalars(sa.select(Step.id)).one()
        session.add_all(
            Distribution(
                programme_id=told.programme_id,
                code=code,
                day=date.fromisoformat(day),
                modality="in_kind",
                place_id=told.village_id,
                item=item,
                unit="kg",
                planned=50,
                served=served,
                quantity=1,
                step_id=step,
            )
            for code, day, item, served in (
                ("D1", "2026-03-02", "mil", 40),
                ("D1", "2026-03-02", "niebe", 35),
                ("D2", "2026-03-09", "mil", 20),
                ("D3", "2026-02-02", "mil", 99),
            )
        )
        session.add_all(
            Value(
                programme_id=told.programme_id,
                kind="distribution_ack",
                value=value,
                unit="",
                day=date(2026, 3, 3),
                state=state,
                text=text,
                place_id=told.village_id,
            )
            for value, state, text in (
                (1, "ok", "hygiene-essai/mains"),
                (2, "ok", "hygiene-essai/mains"),
                (1, "ok", "hygiene-essai/mains"),
                (0, "ok", "hygiene-essai/mains"),
                (1, "replaced", "hygiene-essai/mains"),
                (1, "ok", "autre/mains"),
            )
        )
    assert counted(told, ["DIS-CONF"]) == {"DIS-CONF": {(): (3, 60)}}
    own = counted(told, ["DIS-CONF"], within=lambda column: column == told.village_id)
    assert own == {"DIS-CONF": {(): (3, 60)}}


def test_every_category_has_its_code_of_exports() -> None:
    ours = {*sorting.CASES, *caseload.SENSITIVE, *FEEDBACK.values(), "unclassified"}
    assert set(cases.CODES) == ours
    assert len(set(cases.CODES.values())) == len(ours)


VALUES = [
    ([], None, None),
    ([4], 4, 4),
    ([4, 1], 2.5, 4),
    ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 5.5, 9),
    ([1] * 9 + [9], 1, 1),
]


@pytest.mark.parametrize(("values", "middle", "ninetieth"), VALUES)
def test_median_and_percentile(values: list[float], middle: float | None, ninetieth: float | None) -> None:
    assert (median(values), percentile(values, 90)) == (middle, ninetieth)
