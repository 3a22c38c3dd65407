"""What the field of the demonstration writes: every report can be read, and the shares are the documented ones."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random

import pytest

from campaigns.conversation.grammar import read
from campaigns.fieldwork import Meeting, meets, told
from messaging.models import Club
from messaging.models.people import ClubKind

CONTEXT = {"now": "2026-03-12T17:30:00Z", "lang": "fr", "clubs": ["1041"], "club_size": 25}
MEETING = Meeting("1041", 12, 8, 7)
THOUSAND = range(1000)


def reading(text: str) -> tuple[str, str]:
    first = read(text, "facilitator", CONTEXT).readings[0]
    return first.intent, first.status


@pytest.mark.parametrize(
    ("kind", "intents"),
    [
        (ClubKind.APFLS, {"attendance"}),
        (ClubKind.IYCF, {"attendance"}),
        (ClubKind.LISTENERS_CLUB, {"listening"}),
        (ClubKind.COOPERATIVE, {"attendance", "visit"}),
    ],
)
def test_a_club_reports_in_its_own_way(kind: ClubKind, intents: set[str]) -> None:
    first = [reading(told(Random(dice), kind, MEETING)[0][1]) for dice in THOUSAND]
    assert {intent for intent, _status in first} == intents
    states = Counter(status for _intent, status in first)
    assert states["ok"] > 850  # the rest needs a second SMS
    assert {"error", "pending", "confirm"} <= set(states)


def test_one_report_in_eight_needs_a_second_sms() -> None:
    said = [told(Random(dice), ClubKind.APFLS, MEETING) for dice in THOUSAND]
    assert 70 < sum(len(one) == 2 for one in said) < 150
    assert {len(one) for one in said} == {1, 2}


def test_the_same_dice_give_the_same() -> None:
    assert told(Random("1|7"), ClubKind.IYCF, MEETING) == told(Random("1|7"), ClubKind.IYCF, MEETING)


def test_listeners_decide_and_raise_their_hands() -> None:
    words = Counter(
        text.split()[0] for dice in THOUSAND for _at, text in told(Random(dice), ClubKind.LISTENERS_CLUB, MEETING)
    )
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
