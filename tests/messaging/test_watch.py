"""The watch: which figures call for an alarm, and what changes in those that are open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from messaging import alarms, budget, watch
from messaging.alarms import Kind
from messaging.installation import Installation
from messaging.models import Alarm, Gateway, Message, Programme, Role
from messaging.models.post import AttemptState, State
from messaging.watch import Figures, Month, Share, compare, wrong
from tests.conftest import NOW
from tests.messaging.office import AWA, MINUTE, Office, pause, silent
from tests.world import World


def gateway(name: str = "orange", **more: Any) -> Gateway:
    return Gateway(id=2, name=name, adapter="twilio", **more)


def ago(minutes: float) -> datetime:
    return NOW - minutes * MINUTE


LOOKS: list[tuple[str, Figures, dict[tuple[Kind, str], float | None]]] = [
    ("all is well", Figures([gateway()], shares={"orange": Share(0, 900)}, months=[Month("p", 79, 100)]), {}),
    ("it rests", Figures([gateway(paused_at=ago(1))]), {(Kind.PAUSED, "orange"): None}),
    (
        "of one that rests nothing else is told",
        Figures([gateway(paused_at=ago(1), trouble="x", checked_at=ago(1))], {2: ago(6)}, {"orange": Share(9, 90)}),
        {(Kind.PAUSED, "orange"): None},
    ),
    ("trouble at one look", Figures([gateway(trouble="x", checked_at=ago(1))], {2: ago(1)}), {}),
    ("trouble never seen before", Figures([gateway(trouble="x", checked_at=ago(1))]), {}),
    ("at two looks", Figures([gateway(trouble="x", checked_at=ago(1))], {2: ago(6)}), {(Kind.UNWELL, "orange"): None}),
    ("well again", Figures([gateway(checked_at=ago(1))], {2: ago(6)}), {}),
    ("a telephone heard now", Figures([Gateway(id=3, name="tel", adapter="android", seen_at=ago(14))]), {}),
    (
        "a telephone lost",
        Figures([Gateway(id=3, name="tel", adapter="android", seen_at=ago(15))]),
        {(Kind.UNWELL, "tel"): None},
    ),
    ("a telephone not set up yet", Figures([Gateway(id=3, name="tel", adapter="android")]), {}),
    ("one unclear of three", Figures([gateway()], shares={"orange": Share(1, 3)}), {}),
    ("one of nine", Figures([gateway()], shares={"orange": Share(1, 9)}), {}),
    ("one of ten", Figures([gateway()], shares={"orange": Share(1, 10)}), {(Kind.UNKNOWN, "orange"): 10.0}),
    ("one in a hundred", Figures([gateway()], shares={"orange": Share(3, 300)}), {}),
    ("a little more", Figures([gateway()], shares={"orange": Share(4, 300)}), {(Kind.UNKNOWN, "orange"): 1.3}),
    ("four fifths of the money", Figures(months=[Month("p", 80, 100)]), {(Kind.BUDGET, "p"): 80}),
    ("nearly", Figures(months=[Month("p", 79_999, 100_000)]), {}),
    ("no sign of the engine", Figures(is_engine_silent=True), {(Kind.SILENT, ""): None}),
]


@pytest.mark.parametrize(("seen", "expected"), [row[1:] for row in LOOKS], ids=[row[0] for row in LOOKS])
def test_figures_call_for(seen: Figures, expected: dict[tuple[Kind, str], float | None]) -> None:
    assert wrong(seen, NOW) == expected


def alarm(kind: Kind, about: str = "p", figure: float | None = None, minutes: float = 5) -> Alarm:
    return Alarm(kind=kind.value, about=about, figure=figure, raised_at=ago(minutes))


CHANGES = [
    # label, found, open, raised, worse, measured, cleared
    ("new", {(Kind.PAUSED, "o"): None}, [], [(Kind.PAUSED, "o")], [], [], []),
    ("known", {(Kind.PAUSED, "o"): None}, [alarm(Kind.PAUSED, "o")], [], [], [], []),
    ("over", {}, [alarm(Kind.PAUSED, "o")], [], [], [], [(Kind.PAUSED, "o")]),
    ("the share moved", {(Kind.UNKNOWN, "o"): 1.5}, [alarm(Kind.UNKNOWN, "o", 2)], [], [], [(Kind.UNKNOWN, "o")], []),
    ("a month goes on", {(Kind.BUDGET, "p"): 99}, [alarm(Kind.BUDGET, figure=80)], [], [], [(Kind.BUDGET, "p")], []),
    ("a month is full", {(Kind.BUDGET, "p"): 100}, [alarm(Kind.BUDGET, figure=99)], [], [(Kind.BUDGET, "p")], [], []),
    ("full, then nearly", {(Kind.BUDGET, "p"): 99}, [alarm(Kind.BUDGET, figure=100)], [], [], [], []),
    ("full a second time", {(Kind.BUDGET, "p"): 100}, [alarm(Kind.BUDGET, figure=100)], [], [], [], []),
    ("the engine watches itself", {(Kind.SILENT, ""): None}, [], [], [], [], []),
    ("the engine hangs", {(Kind.SILENT, ""): None}, [alarm(Kind.SILENT, "")], [], [], [], []),
    ("the engine is back", {}, [alarm(Kind.SILENT, "")], [], [], [], [(Kind.SILENT, "")]),
    ("a double of today", {}, [alarm(Kind.DOUBLED, "o", minutes=24 * 60 - 1)], [], [], [], []),
    ("one of yesterday", {}, [alarm(Kind.DOUBLED, "o", minutes=24 * 60)], [], [], [], [(Kind.DOUBLED, "o")]),
]


@pytest.mark.parametrize(
    ("found", "known", "raised", "worse", "measured", "cleared"), [r[1:] for r in CHANGES], ids=[r[0] for r in CHANGES]
)
def test_what_changes(found, known, raised, worse, measured, cleared) -> None:
    changes = compare(found, known, NOW)
    assert (list(changes.raised), list(changes.worse), list(changes.measured), list(changes.cleared)) == (
        raised, worse, measured, cleared,
    )  # fmt: skip
    assert bool(changes) is bool(raised or worse or measured or cleared)


def test_a_budget_concerns_those_of_its_programme(office: Office) -> None:
    with office.here.db.write() as session:
        other = Programme(
            code="autre", name_fr="Autre", name_en="Other", service_name="Autre", always_open=True, language="fr",
            languages=["fr"], details={}, created_at=office.now,
        )  # fmt: skip
        session.add(other)
        session.flush()
        budget.set_limit(session, other.id, budget.month_of(office.now), 1_000_000)
        budget.reserve(session, other.id, office.now, 900_000)
    assert office.watch() == {"raised": 1}
    assert office.open() == [("budget", "autre")]


def test_a_month_is_told_at_eighty_and_at_a_hundred_percent(office: Office) -> None:
    for percent, expected in ((79, {}), (80, {"raised": 1, "told": 2}), (95, {}), (100, {"raised": 1, "told": 2})):
        office.later(15)
        office.spend(percent)
        assert office.watch() == expected, percent
    with office.here.db.read() as session:
        (row,) = alarms.open_alarms(session)
        assert row.figure == 100


def test_the_demonstration_is_told_by_the_simulator_and_not_at_all_beside_real_gateways(
    installation: Installation, world: World
) -> None:
    office = Office(installation, world, world.now)
    with installation.db.write() as session:
        session.get_one(Programme, world.programme_id).demonstration = True
    world.on_duty(AWA, (Role.OFFICER, ""), demonstration=True)
    office.spend(90)
    assert office.watch() == {"raised": 1, "told": 1}
    assert office.sent() == [("41", "simulator")]
    office.gateway("orange")
    office.later(1)
    assert office.watch() == {"cleared": 1}
    pause(office)
    office.later(30)
    assert office.watch() == {"raised": 1}


def test_a_gateway_that_is_unwell_twice_is_told_and_well_again_is_not(office: Office) -> None:
    for minute, trouble, expected in (
        (0, "no credit", {}), (1, "no credit", {}), (5, "no credit", {"raised": 1, "told": 2}),
        (10, None, {"cleared": 1}), (15, "no link", {}),
    ):  # fmt: skip
        at = office.world.now + minute * MINUTE
        if minute != 1:  # a minute later the watch looks again, but nobody asked the gateway
            office.set("orange", trouble=trouble, checked_at=at)
        office.now = at + timedelta(seconds=20)
        assert office.watch() == expected, minute


def test_a_budget_that_is_raised_and_full_soon_after_is_told(office: Office) -> None:
    for percent, expected in ((85, {"raised": 1, "told": 2}), (79, {"cleared": 1}), (100, {"raised": 1, "told": 2})):
        office.spend(percent)
        assert office.watch() == expected, percent
        office.later(15)


OK, LOST = (AttemptState.ACCEPTED, 0.0), (AttemptState.UNKNOWN, None)
HOURS = [
    # label, attempts, begun so many minutes ago, share and count
    ("two unclear of a hundred", [LOST] * 2 + [OK] * 98, 10, Share(2, 100)),
    ("settled by a look", [LOST] + [(AttemptState.ACCEPTED, 60.0)] * 4 + [OK] * 45, 10, Share(5, 50)),
    ("found not sent", [LOST] + [(AttemptState.NOT_SENT, 700.0)] * 4 + [OK] * 45, 10, Share(5, 50)),
    ("a receipt was slow, the answer lost", [LOST] + [(AttemptState.ACCEPTED, 80_000.0)] + [OK] * 48, 10, Share(2, 50)),
    ("declared not sent, and left after all", [LOST] + [(AttemptState.ACCEPTED, 900.0)] + [OK] * 48, 10, Share(2, 50)),
    ("answered in time", [LOST] + [(AttemptState.ACCEPTED, 59.0)] * 4 + [OK] * 45, 10, Share(1, 50)),
    ("nothing is unclear any more", [(AttemptState.NOT_SENT, 700.0)] * 4 + [OK] * 45, 10, None),
    ("longer ago than an hour", [LOST] * 50, 61, None),
]


@pytest.mark.parametrize(("states", "minutes", "expected"), [r[1:] for r in HOURS], ids=[r[0] for r in HOURS])
def test_the_share_of_an_hour(office: Office, states, minutes: float, expected: Share | None) -> None:
    office.attempts("orange", *states, minutes=minutes)
    with office.here.db.read() as session:
        found = watch.shares(session, office.here.settings.resolve_after[0], office.now)
    assert found.get("orange") == expected


def test_unknown_outcomes_are_told_by_the_other_gateway_and_over_an_hour_later(office: Office) -> None:
    office.attempts("orange", *[LOST] * 2, *[OK] * 98, minutes=1)
    office.attempts("malitel", *[OK] * 20, minutes=1)
    assert office.watch() == {"raised": 1, "told": 2}
    assert {name for _digits, name in office.sent()} == {"malitel"} and office.open() == [("unknown", "orange")]
    office.later(60)
    assert office.watch() == {"cleared": 1}


@pytest.mark.parametrize(("state", "expected"), [(State.HELD, {"orange": 2}), (State.CLOSED, {})])
def test_what_nobody_waits_for_any_more_is_not_unknown(office: Office, state: State, expected: dict[str, int]) -> None:
    office.attempts("orange", LOST, LOST, OK)
    with office.here.db.write() as session:
        session.execute(sa.update(Message).values(state=state))
    with office.here.db.read() as session:
        assert watch.unknown_now(session) == expected


def test_figures_for_a_monitor(office: Office) -> None:
    pause(office)
    office.watch()
    office.attempts("orange", LOST, LOST)
    with office.here.db.write() as session:
        session.execute(sa.update(Message).values(state=State.HELD, reason="unknown"))
    silent(office, 2)
    with office.here.db.read() as session:
        lines = watch.metrics(session, office.now)
    assert 'jekulu_alarms{kind="paused"} 1' in lines and 'jekulu_alarms{kind="unwell"} 0' in lines
    assert "jekulu_engine_silent_seconds 120" in lines
    assert 'jekulu_unknown_attempts{gateway="orange"} 2' in lines


def test_a_quiet_look_writes_nothing(office: Office) -> None:
    wrote: list[object] = []
    sa.event.listen(office.here.db.engine, "before_cursor_execute", lambda *given: wrote.append(given[2]))
    watch.watch(office.here, office.now)
    assert len(wrote) < 25
    assert not [one for one in wrote if str(one).startswith(("INSERT", "UPDATE", "DELETE"))]
