"""What waits on a phone for an answer about a report: what is kept, for how long, and when it is cleared."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns.conversation.grammar.reading import Reading
from messaging.models import Inbound, Pending
from tests.hearing import arrive, hear
from tests.world import World

FANTA = "+22370000009"
DAY = "2026-03-12"
BASE = {"club": "1041", "date": DAY}


@pytest.fixture
def club(world: World) -> World:
    """One facilitator of two clubs."""
    world.club("1041", facilitator=FANTA)
    return world


def waiting(world: World) -> Pending | None:
    """The question that waits on Fanta's phone."""
    with world.db.read() as session:
        return session.get(Pending, world.phones[FANTA])


def half(error: str, **fields: Any) -> Reading:
    """A report that lacks something."""
    status = "error" if error == "club_missing" else "pending"
    return Reading("attendance", status, fields, error)  # type: ignore[arg-type]


ASKED = [
    pytest.param(half("men_missing", **BASE, women=12, note="vent"), "attendance_partial", 2, id="the men are missing"),
    pytest.param(half("women_missing", **BASE, men=8), "attendance_partial", 2, id="the women are missing"),
    pytest.param(half("sex_missing", **BASE, total=20), "report_total", 2, id="only a total"),
    pytest.param(half("club_missing", clubs=["1041"], women=12, men=8), "attendance_club", 2, id="the club is missing"),
    pytest.param(
        Reading("listening", "confirm", {**BASE, "women": 99, "men": 8, "total": 107}, "implausible"),
        "attendance_confirm", None, id="hard to believe",
    ),
    pytest.param(
        Reading("hands", "confirm", {**BASE, "question": 3, "counts": {"1": 9}, "present": 20}, "hands_mismatch"),
        "hands_confirm", None, id="hands that do not fit",
    ),
    pytest.param(
        Reading("price", "confirm", {"market": "Essai", "prices": {"mais": 9000}, "unit": "XOF/kg", "date": DAY}),
        "price_confirm", None, id="a price hard to believe",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("reading", "kind", "hours"), ASKED)
def test_what_is_kept_for_a_day(club: World, reading: Reading, kind: str, hours: int | None) -> None:
    hear(club, FANTA, reading, at=club.now)
    found = waiting(club)
    assert found is not None
    assert (found.kind, found.expires_at) == (kind, club.now + timedelta(hours=24))
    assert found.remind_at == (club.now + timedelta(hours=hours) if hours else None)
    asides = ("clubs", "present")
    said = {key: value for key, value in reading.fields.items() if key not in asides}
    assert found.kept == {**said, "intent": reading.intent, "sms": found.inbound_id}


@pytest.mark.parametrize(
    "reading",
    [
        pytest.param(Reading("attendance", "error", {**BASE}, "counts_missing"), id="nothing was counted"),
        pytest.param(Reading("hands", "error", {"clubs": ["1041"]}, "club_missing"), id="hands without a club"),
        pytest.param(Reading("attendance", "ok", {**BASE, "women": 1, "men": 1, "total": 2}), id="a whole report"),
    ],
)
def test_nothing_waits(club: World, reading: Reading) -> None:
    hear(club, FANTA, reading)
    assert waiting(club) is None


def test_the_reader_may_keep_more_than_it_says(club: World) -> None:
    kept = {"women": 12, "men": 8, "date": "2026-03-11", "session": 7, "note": "vent"}
    hear(club, FANTA, replace(half("club_missing", clubs=["1041", "1055"], women=12, men=8), kept=kept))
    found = waiting(club)
    assert found is not None
    assert found.kept == {**kept, "intent": "attendance", "sms": found.inbound_id}


def test_the_reader_gets_it_back_under_the_names_of_the_page(club: World) -> None:
    hear(club, FANTA, half("men_missing", **BASE, women=12))
    with club.db.write() as session:
        pending = arrive(session, club, FANTA, "H8").context["pending"]
    assert {key: pending[key] for key in ("type", "intent", "club", "date", "women")} == {
        "type": "attendance_partial", "intent": "attendance", **BASE, "women": 12,
    }  # fmt: skip


def test_after_a_day_the_answer_comes_too_late(club: World) -> None:
    hear(club, FANTA, half("men_missing", **BASE, women=12), at=club.now)
    with club.db.write() as session:
        at = club.now + timedelta(hours=24, minutes=1)
        assert "pending" not in arrive(session, club, FANTA, "H8", at).context


WHOLE = Reading("attendance", "ok", {**BASE, "women": 12, "men": 8, "total": 20})
ANSWERS = [
    pytest.param(replace(WHOLE, repairs=("joined_two_sms",)), True, id="the other half"),
    pytest.param(WHOLE, True, id="the same report, whole"),
    pytest.param(replace(WHOLE, fields={**WHOLE.fields, "women": 13}), True, id="the same meeting, other numbers"),
    pytest.param(replace(WHOLE, fields={**WHOLE.fields, "date": "2026-03-11"}), False, id="the meeting of another day"),
    pytest.param(replace(WHOLE, intent="listening"), False, id="a report of another kind"),
    pytest.param(Reading("attendance", "ignored", BASE), True, id="a no"),
    pytest.param(Reading("attendance", "error", BASE, "total_mismatch"), False, id="a half that does not fit"),
]


@pytest.mark.parametrize(("answer", "is_cleared"), ANSWERS)
def test_what_clears_the_question(club: World, answer: Reading, is_cleared: bool) -> None:
    hear(club, FANTA, half("men_missing", **BASE, women=12))
    hear(club, FANTA, answer)
    assert (waiting(club) is None) is is_cleared


@pytest.mark.parametrize(
    ("women", "is_cleared"), [(12, True), (5, False)], ids=["the numbers that were kept", "another report"]
)
def test_a_club_that_was_asked_for_is_told_by_the_numbers(club: World, women: int, is_cleared: bool) -> None:
    kept = {"women": 12, "men": 8, "date": DAY}
    hear(club, FANTA, replace(half("club_missing", clubs=["1041"], women=12, men=8), kept=kept))
    hear(club, FANTA, Reading("attendance", "ok", {**BASE, "women": women, "men": 8, "total": women + 8}))
    assert (waiting(club) is None) is is_cleared


def test_one_question_leads_to_the_next_and_the_first_sms_stays_known(club: World) -> None:
    kept = {"women": 12, "date": DAY}
    hear(club, FANTA, replace(half("club_missing", clubs=["1041"], women=12), kept=kept), "PRES F12")
    hear(club, FANTA, half("men_missing", **BASE, women=12), "1041")
    found = waiting(club)
    assert found is not None
    assert found.kind == "attendance_partial"
    with club.db.read() as session:
        assert session.get_one(Inbound, found.kept["sms"]).text == "PRES F12"
        assert session.get_one(Inbound, found.inbound_id).text == "1041"


def test_a_newer_question_takes_the_place_of_the_older(club: World) -> None:
    hear(club, FANTA, half("men_missing", **BASE, women=12))
    hear(club, FANTA, half("sex_missing", club="1041", date="2026-03-11", total=20))
    with club.db.read() as session:
        assert session.scalars(sa.select(Pending.kind)).all() == ["report_total"]
