"""What the field of the demonstration writes: every report can be read, and the shares are the documented ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest

from campaigns.conversation.grammar import read
from campaigns.conversation.grammar.reading import Reading
from campaigns.fieldwork import meets
from campaigns.handwriting import DAY, Meeting, Said, aired, dated, told
from messaging.models import Club
from messaging.models.people import ClubKind

CONTEXT = {"now": "2026-03-12T17:30:00Z", "lang": "fr", "clubs": ["1041"], "club_size": 25}
TODAY = date(2026, 3, 12)
MEETING = Meeting("1041", 12, 8, 7, TODAY)
THOUSAND = range(1000)


def reading(said: Said, role: str = "facilitator") -> Reading:
    return read(said.text, role, CONTEXT).readings[0]  # type: ignore[arg-type]


def reports(kind: ClubKind, meeting: Meeting = MEETING) -> list[tuple[Said, ...]]:
    return [told(Random(dice), kind, meeting) for dice in THOUSAND]


@pytest.mark.parametrize(
    ("kind", "intents"),
    [
        (ClubKind.APFLS, {"attendance"}),
        (ClubKind.IYCF, {"attendance"}),
        (ClubKind.LISTENERS_CLUB, {"listening", "attendance"}),
        (ClubKind.COOPERATIVE, {"attendance", "visit"}),
    ],
)
def test_a_club_reports_in_its_own_way(kind: ClubKind, intents: set[str]) -> None:
    first = [reading(one[0]) for one in reports(kind)]
    assert {one.intent for one in first} == intents
    states = Counter(one.status for one in first)
    assert states["ok"] > 850  # the rest needs a second SMS
    assert {"error", "pending", "confirm"} <= set(states)


def seconds(said: tuple[Said, ...]) -> str:
    """What a second SMS on the meeting is for; empty: there is none."""
    one, *more = (sms for sms in said if not sms.text.startswith(("DECISION", "MAINS")))
    if not more:
        return ""
    if more[0].after >= DAY:
        return "corrected"
    if one.text.startswith("PRES") and more[0].text.startswith("ECOUTE"):
        return "both"
    first, second = reading(one), reading(more[0])
    same = (first.status, second.status) == ("ok", "ok") and first.fields["total"] == second.fields["total"]
    return "doubled" if same else "needed"


def test_the_shares_of_what_is_sent_in_two() -> None:
    counted = Counter(seconds(said) for said in reports(ClubKind.LISTENERS_CLUB))
    assert 70 < counted["needed"] < 150  # 12 % less those that never come
    assert 20 < counted["doubled"] < 75
    assert 10 < counted["corrected"] < 50
    assert 25 < counted["both"] < 75


def test_what_is_doubled_comes_from_either_facilitator() -> None:
    doubled = [said[1].by_other for said in reports(ClubKind.APFLS) if seconds(said) == "doubled"]
    assert set(doubled) == {True, False}


@pytest.mark.parametrize("late", range(1, 10))
def test_a_late_report_is_read_on_its_own_day(late: int) -> None:
    day = TODAY - timedelta(days=late)
    for said in reports(ClubKind.LISTENERS_CLUB, replace(MEETING, day=day, late=late)):
        found = reading(said[0])
        assert (found.status, found.fields.get("date")) == ("ok", day.isoformat()), said[0]


def test_a_correction_replaces_what_was_told_the_day_before() -> None:
    said = next(one for one in reports(ClubKind.APFLS) if seconds(one) == "corrected")
    later = {**CONTEXT, "now": "2026-03-13T17:30:00Z", "existing": [
        {"club": "1041", "date": TODAY.isoformat(), "women": 15, "men": 8}
    ]}  # fmt: skip
    found = read(said[1].text, "facilitator", later).readings[0]
    assert (found.status, found.fields["date"], found.fields["total"]) == ("ok", TODAY.isoformat(), 20)
    assert "correction" in found.repairs


def test_some_meetings_are_called_off_and_some_hear_nothing() -> None:
    first = [reading(one[0]).fields for one in reports(ClubKind.LISTENERS_CLUB)]
    assert 15 < sum(bool(one.get("cancelled")) for one in first) < 50
    assert 20 < sum(one.get("problem") == "no_signal" for one in first) < 65


def test_a_club_that_heard_nothing_new_writes_pres() -> None:
    words = Counter(
        said[0].text.split()[0].lower() for said in reports(ClubKind.LISTENERS_CLUB, Meeting("1041", 12, 8))
    )
    assert words["ecoute"] == 0


def test_hosts_say_why_and_some_forget_or_err() -> None:
    said = [aired(Random(dice), 7, is_aired=False, unsaid=0.1, corrected=0.05) for dice in THOUSAND]
    readings = [[reading(one, "radio").fields["aired"] for one in all_of_it] for all_of_it in said]
    counted = Counter(tuple(one) for one in readings)
    assert 60 < counted[()] < 140
    assert 20 < counted[True, False] < 80
    assert set(counted) == {(), (False,), (True, False)}
    assert all(reading(one[-1], "radio").fields.get("note") for one in said if one)


def test_the_same_dice_give_the_same() -> None:
    assert told(Random("1|7"), ClubKind.IYCF, MEETING) == told(Random("1|7"), ClubKind.IYCF, MEETING)


def test_yesterday_is_written_as_people_say_it() -> None:
    assert Counter(dated(Random(dice), TODAY, 1) for dice in THOUSAND)["hier"] > 300


def test_listeners_decide_and_raise_their_hands() -> None:
    words = Counter(sms.text.split()[0] for said in reports(ClubKind.LISTENERS_CLUB) for sms in said)
    assert 60 < words["DECISION"] < 140
    assert 20 < words["MAINS"] < 80


@pytest.mark.parametrize(
    ("weekday", "every", "anchor", "day", "expected"),
    [
        (3, None, None, date(2026, 3, 12), True),
        (4, None, None, date(2026, 3, 12), False),
        (None, 5, date(2026, 3, 2), date(2026, 3, 12), True),
        (None, 5, date(2026, 3, 3), date(2026, 3, 12), False),
        (None, 5, None, date(2026, 3, 12), False),
        (None, None, None, date(2026, 3, 12), False),
    ],
)
def test_a_club_meets_by_its_rule(
    weekday: int | None, every: int | None, anchor: date | None, day: date, *, expected: bool
) -> None:
    assert meets(Club(meets_weekday=weekday, meets_every_days=every, meets_anchor=anchor), day) is expected
