"""Days as people write them. Source: the page on incoming SMS, section 6.5."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.conversation.grammar import dates

TODAY = date(2026, 3, 12)  # a Thursday
NONE = "no day"
NEVER = "not in the calendar"

WRITTEN = {
    "10/03/2026": "2026-03-10",
    "10-03-2026": "2026-03-10",
    "10.3.26": "2026-03-10",
    "1/3/26": "2026-03-01",
    "10032026": "2026-03-10",
    "10/03": "2026-03-10",
    "12/8": "2026-08-12",
    "8/9": "2026-09-08",
    "9/9": "2025-09-09",
    "31/12": "2025-12-31",
    "10 mars": "2026-03-10",
    "1er mars": "2026-03-01",
    "10mars": "2026-03-10",
    "10 mars 2026": "2026-03-10",
    "10 mars 2024": "2024-03-10",
    "10 mars 2035": "2026-03-10",
    "10 mars 1041": "2026-03-10",
    "29/02/2024": "2024-02-29",
    "hier": "2026-03-11",
    "kunun": "2026-03-11",
    "avant-hier": "2026-03-10",
    "avant hier": "2026-03-10",
    "aujourdhui": "2026-03-12",
    "aujourd'hui": "2026-03-12",
    "mardi": "2026-03-10",
    "jeudi": "2026-03-12",
    "vendredi": "2026-03-06",
    "dimanche": "2026-03-08",
    "le lundi": "2026-03-09",
    "le 10/03": "2026-03-10",
    "mardi 10 mars": "2026-03-10",
    "mardi, le 3/3": "2026-03-03",
    "lundi 10 mars": NEVER,
    "31/02": NEVER,
    "31/02/2026": NEVER,
    "31022026": NEVER,
    "10/13": NEVER,
    "0/3": NEVER,
    "29/02": NEVER,
    "70062026": NONE,
    "7006148": NONE,
    "10-03": NONE,
    "10.3": NONE,
    "10/03-2026": NONE,
    "10/03/1041": NONE,
    "10/03-12": NONE,
    "10/03f12": NONE,
    "10/003": NONE,
    "demain": NONE,
    "hierarchie": NONE,
    "lundis": NONE,
    "le": NONE,
    "12 8": NONE,
}


def day(text: str, start: int = 0) -> str:
    found = dates.at(text, start, TODAY)
    return NONE if found is None else NEVER if found.day is None else found.day.isoformat()


@pytest.mark.parametrize("text", WRITTEN)
def test_a_day_is_read(text: str) -> None:
    assert day(text) == WRITTEN[text]


@pytest.mark.parametrize("text", ["1041/10/03", "1041-10/03", "1041.10/03/2026", "1041/10 mars"])
def test_what_is_joined_to_another_number_is_no_day(text: str) -> None:
    assert day(text, 5) == NONE
    assert day(text.replace(text[4], " ", 1), 5) == "2026-03-10"


@pytest.mark.parametrize(
    ("text", "rest"),
    [("10/03 f12", " f12"), ("le 10 mars 2026 f12", " f12"), ("10 mars 2035 f6", " 2035 f6"), ("mardi, f12", ", f12")],
)
def test_the_rest_of_the_text_begins_where_the_day_ends(text: str, rest: str) -> None:
    found = dates.at(text, 0, TODAY)
    assert found is not None
    assert text[found.end :] == rest


@given(st.text(alphabet="0123456789/.- lemardi", max_size=16), st.dates(date(2020, 1, 1), date(2090, 12, 31)))
def test_no_text_ever_raises(text: str, today: date) -> None:
    found = dates.at(text, 0, today)
    assert found is None or 0 < found.end <= len(text)
