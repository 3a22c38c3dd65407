"""How the two clocks of a case run: by category, over weekends, closed days and pauses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns import clocks
from campaigns.clocks import Clock, Days, Pause

BAMAKO = Days("Africa/Bamako")
FEAST = Days("Africa/Bamako", ((date(2026, 3, 10), date(2026, 3, 11)),))  # Tuesday and Wednesday


def at(day: str, hour: str = "10:00") -> datetime:
    """A moment of March 2026, which begins on a Sunday."""
    return datetime.fromisoformat(f"2026-03-{day}T{hour}:00").replace(tzinfo=UTC)


DUE = [
    ("a complaint is seen to in three days", "first", "complaint_minor", at("02"), at("05")),
    ("the weekend does not count", "first", "complaint_minor", at("05"), at("10")),
    ("told on Saturday, counted from Monday on", "first", "complaint_minor", at("07"), at("12", "00:00")),
    ("what nobody has sorted, the same", "first", "unclassified", at("02"), at("05")),
    ("a question has no first step", "first", "question", at("02"), None),
    ("it is answered in three working days", "answer", "question", at("05"), at("10")),
    ("a complaint in 14 days, weekends counted", "answer", "complaint_minor", at("02"), at("16")),
    ("so is what is about other people's data", "answer", "data_optout", at("02"), at("16")),
    ("a fee asked: a day, weekend or not", "first", "sensitive_fraud", at("06"), at("07")),
    ("and 14 days", "answer", "sensitive_fraud", at("06"), at("20")),
    ("abuse is referred in a day", "first", "sensitive_psea", at("06"), at("07")),
    ("its answer is the focal point's, elsewhere", "answer", "sensitive_psea", at("06"), None),
    ("security: at once", "first", "sensitive_security", at("06"), at("06")),
    ("thanks have no clock", "answer", "thanks", at("02"), None),
]


@pytest.mark.parametrize(("clock", "category", "told_at", "wanted"), [r[1:] for r in DUE], ids=[r[0] for r in DUE])
def test_each_clock_has_its_time(clock: Clock, category: str, told_at: datetime, wanted: datetime | None) -> None:
    assert clocks.due(clock, category, told_at, BAMAKO) == wanted


def test_closed_days_of_the_programme_do_not_count() -> None:
    assert clocks.due("answer", "question", at("09"), BAMAKO) == at("12")
    assert clocks.due("answer", "question", at("09"), FEAST) == at("16"), "two closed days and a weekend later"
    assert clocks.due("first", "sensitive_fraud", at("09"), FEAST) == at("10"), "24 hours are 24 hours"


PAUSES: list[tuple[str, str, list[Pause], datetime | None]] = [
    ("none", "complaint_minor", [], at("16")),
    ("of two days", "complaint_minor", [(at("04"), at("06"))], at("18")),
    ("two of them", "complaint_minor", [(at("04"), at("06")), (at("10"), at("11"))], at("19")),
    ("told in the wrong order", "complaint_minor", [(at("10"), at("11")), (at("04"), at("06"))], at("19")),
    ("one that lasts", "complaint_minor", [(at("04"), None)], None),
    ("one that came too late", "complaint_minor", [(at("17"), None)], at("16")),
    ("one over a weekend, of working days", "question", [(at("02", "16:00"), at("03", "16:00"))], at("06")),
    ("one within a weekend changes nothing", "question", [(at("07"), at("08"))], at("05")),
]


@pytest.mark.parametrize(("category", "pauses", "wanted"), [r[1:] for r in PAUSES], ids=[r[0] for r in PAUSES])
def test_a_clock_rests_in_a_pause(category: str, pauses: list[Pause], wanted: datetime | None) -> None:
    assert clocks.due("answer", category, at("02"), BAMAKO, pauses) == wanted


STANDING: list[tuple[str, Clock, str, datetime, list[Pause], str]] = [
    ("fresh", "answer", "question", at("03"), [], "calm"),
    ("in its last working day", "answer", "question", at("04", "11:00"), [], "near"),
    ("over", "answer", "question", at("05"), [], "late"),
    ("two days before the fortnight ends", "answer", "complaint_minor", at("14", "11:00"), [], "near"),
    ("fraud in the morning", "first", "sensitive_fraud", at("02", "15:00"), [], "calm"),
    ("fraud in the night", "first", "sensitive_fraud", at("02", "23:00"), [], "near"),
    ("fraud a day later", "first", "sensitive_fraud", at("03"), [], "late"),
    ("security from the first minute", "first", "sensitive_security", at("02"), [], "late"),
    ("thanks never", "answer", "thanks", at("31"), [], "calm"),
    ("waiting for somebody", "answer", "question", at("20"), [(at("03"), None)], "paused"),
    ("paused when it was too late", "answer", "question", at("20"), [(at("09"), None)], "late"),
    ("after a pause", "answer", "question", at("05"), [(at("03"), at("04"))], "near"),
]


@pytest.mark.parametrize(("clock", "category", "now", "pauses", "wanted"), [r[1:] for r in STANDING], ids=[
    row[0] for row in STANDING
])  # fmt: skip
def test_standing(clock: Clock, category: str, now: datetime, pauses: list[Pause], wanted: str) -> None:
    assert clocks.standing(clock, category, at("02"), now, BAMAKO, pauses) == wanted


@pytest.mark.parametrize("days", [BAMAKO, FEAST], ids=["usual weeks", "with closed days"])
@pytest.mark.parametrize("category", ["question", "complaint_minor"])
def test_counting_back_agrees_with_counting_on(category: str, days: Days) -> None:
    term = clocks.term("answer", category)
    assert term is not None
    for told in range(0, 14 * 24, 5):
        for later in range(0, 20 * 24, 7):
            told_at = at("01", "00:00") + timedelta(hours=told)
            now, end = told_at + timedelta(hours=later), clocks.due("answer", category, told_at, days)
            assert end is not None
            assert (now >= end) is (told_at <= clocks.told_by(now, term.span, term.working, days)), (told_at, now)
