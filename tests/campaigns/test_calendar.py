"""When a step is due, by trigger; times in, batches out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.calendar import Broadcast, Cycle, batches, first, month_before
from campaigns.definitions import Step

ZONE = "Africa/Bamako"
SINCE = datetime(2026, 3, 12, 0, 0, tzinfo=UTC)  # a Thursday


def step(when: dict[str, object], **more: object) -> Step:
    body = {"step": "pas", "kind": "message", "when": when, "hour": "17:30", **more}
    if "airing" in str(when):
        body.pop("hour")
    return Step.model_validate(body)


def due(when: dict[str, object], days: int = 14, **more: object) -> list[str]:
    """Occurrence and UTC minute of every batch of some days."""
    airings = [
        Broadcast(7, 1, "serie", datetime(2026, 3, 17, 20, 30, tzinfo=UTC), datetime(2026, 3, 17, 21, 0, tzinfo=UTC))
    ]
    found = batches(
        step(when, **more), SINCE, SINCE + timedelta(days=days), ZONE,
        cycles=[Cycle.of(5, date(2014, 4, 9))], airings=airings,
    )  # fmt: skip
    return [f"{batch.occurrence} {batch.due_at:%d/%m %H:%M}" for batch in found]


ROWS = [
    ("a date", {"date": "2026-03-14"}, ["once 14/03 17:30"]),
    ("a date outside", {"date": "2026-04-14"}, []),
    ("weekly", {"weekly": ["fri"]}, ["2026-03-13 13/03 17:30", "2026-03-20 20/03 17:30"]),
    ("every 5 days", {"every_days": 5, "from": "2026-03-10"},
     ["2026-03-15 15/03 17:30", "2026-03-20 20/03 17:30", "2026-03-25 25/03 17:30"]),
    ("the day before every 5 days", {"every_days": 5, "from": "2026-03-10", "offset": -1},
     ["2026-03-14 14/03 17:30", "2026-03-19 19/03 17:30", "2026-03-24 24/03 17:30"]),
    ("eve of the market", {"market": "eve"}, ["2026-03-16 16/03 17:30", "2026-03-21 21/03 17:30"]),
    ("day of the market", {"market": "day"},
     ["2026-03-12 12/03 17:30", "2026-03-17 17/03 17:30", "2026-03-22 22/03 17:30"]),
    ("before the broadcast", {"before_airing": "2h"}, ["airing:7 17/03 18:30"]),
    ("after its end", {"after_airing": "30m"}, ["airing:7 17/03 21:30"]),
    ("of another series", {"after_airing": "30m", "series": "autre"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("when", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_due(when: dict[str, object], expected: list[str]) -> None:
    assert due(when) == expected


def test_the_ten_evenings_before_market_of_the_programme_page() -> None:
    """Anchor 9 April 2014; after 12 March 2026 17:30."""
    found = due({"market": "eve"}, days=50)
    days = [line.split()[1] for line in found]
    assert days == ["16/03", "21/03", "26/03", "31/03", "05/04", "10/04", "15/04", "20/04", "25/04", "30/04"]


def test_days_after_enrolment_are_one_batch_a_day_and_one_message_for_ever() -> None:
    found = batches(step({"after_enrolment": 3}), SINCE, SINCE + timedelta(days=2), ZONE)
    assert [(one.name, one.occurrence, one.enrolled_on) for one in found] == [
        ("day:2026-03-12", "once", date(2026, 3, 9)),
        ("day:2026-03-13", "once", date(2026, 3, 10)),
    ]


def test_a_childs_month_is_completed_by_every_child_of_it_before_the_step_is_due() -> None:
    found = batches(step({"child_month": 6}), SINCE, SINCE + timedelta(days=40), ZONE)
    assert [(one.occurrence, one.born_in, one.due_at.day) for one in found] == [("anchor:2025-09", date(2025, 9, 1), 1)]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 3, 1), 0, date(2026, 3, 1)),
        (date(2026, 3, 31), 3, date(2025, 12, 1)),
        (date(2026, 1, 1), 25, date(2023, 12, 1)),
    ],
)
def test_month_before(day: date, months: int, expected: date) -> None:
    assert month_before(day, months) == expected


TUESDAY = datetime(2026, 3, 17, 20, 30, tzinfo=UTC)
SATURDAY = datetime(2026, 3, 21, 16, 30, tzinfo=UTC)


def on_air(ident: int, at: datetime, aired: bool | None = None, episode: int = 12, station: int = 1) -> Broadcast:
    return Broadcast(ident, station, "serie", at, at + timedelta(minutes=30), episode, aired)


UNSAID, AIRED, FAILED = None, True, False
TWICE = [
    ("nothing said yet", UNSAID, UNSAID, [7]),
    ("the first was aired", AIRED, UNSAID, [7]),
    ("both were", AIRED, AIRED, [7]),
    ("the first failed", FAILED, UNSAID, [8]),
    ("the first failed, its repeat was aired", FAILED, AIRED, [8]),
    ("of the first nothing is said, its repeat was aired", UNSAID, AIRED, [7]),
    ("both failed", FAILED, FAILED, []),
]


@pytest.mark.parametrize(("tuesday", "saturday", "expected"), [row[1:] for row in TWICE], ids=[row[0] for row in TWICE])
def test_an_episode_is_heard_first_at_the_first_broadcast_that_was_aired(tuesday, saturday, expected) -> None:
    airings = [on_air(8, SATURDAY, saturday), on_air(7, TUESDAY, tuesday)]
    assert [one.id for one in first(airings)] == expected


def test_each_station_and_each_episode_has_its_own_first_broadcast() -> None:
    airings = [
        on_air(7, TUESDAY), on_air(8, SATURDAY), on_air(9, TUESDAY, episode=13), on_air(10, SATURDAY, station=2),
    ]  # fmt: skip
    assert [(one.id, one.others) for one in first(airings)] == [(7, (8,)), (9, ()), (10, ())]


CLUB, HOST = "club", "host"
AROUND = [
    ("a call comes before the first alone", CLUB, {"before_airing": "2h"}, UNSAID, ["airing:7 17/03 18:30"]),
    ("before the repeat when the first failed", CLUB, {"before_airing": "2h"}, FAILED, ["airing:8 21/03 14:30"]),
    ("what follows comes once", CLUB, {"after_airing": "30m"}, AIRED, ["airing:7 17/03 21:30 not airing:8"]),
    ("after the repeat when the first failed", CLUB, {"after_airing": "30m"}, FAILED,
     ["airing:8 21/03 17:30 not airing:7"]),
    ("a host is asked about each", HOST, {"after_airing": "30m"}, UNSAID,
     ["airing:7 17/03 21:30", "airing:8 21/03 17:30"]),
    ("but not when it has said so", HOST, {"after_airing": "30m"}, AIRED, ["airing:8 21/03 17:30"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("role", "when", "tuesday", "expected"), [row[1:] for row in AROUND], ids=[row[0] for row in AROUND]
)
def test_what_is_said_around_a_broadcast_and_its_repeat(role, when, tuesday, expected) -> None:
    airings = [on_air(7, TUESDAY, tuesday), on_air(8, SATURDAY)]
    found = batches(step(when), SINCE, SINCE + timedelta(days=14), ZONE, airings=airings, role=role)
    said = [
        f"{one.occurrence} {one.due_at:%d/%m %H:%M}" + (f" not {', '.join(one.others)}" if one.others else "")
        for one in found
    ]
    assert said == expected


def test_a_call_is_of_use_until_the_broadcast_and_a_message_until_the_third_day_ends() -> None:
    airing = Broadcast(7, 1, "s", SINCE + timedelta(hours=20), SINCE + timedelta(hours=21))
    call = batches(step({"before_airing": "2h"}), SINCE, SINCE + timedelta(days=1), ZONE, airings=[airing])[0]
    assert (call.useful_until, call.moves) == (airing.starts_at, "back")
    message = batches(step({"date": "2026-03-12"}), SINCE, SINCE + timedelta(days=1), ZONE)[0]
    assert message.useful_until == datetime(2026, 3, 15, 0, 0, tzinfo=UTC)
