"""Reports of who came, from a reading to the rows: one club session a club and day, one report that counts."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns.conversation.grammar.reading import Reading
from campaigns.models import Attendance, ClubSession, ClubSessionKind, ClubSessionStatus, Feedback
from campaigns.models.club import AttendanceState
from messaging.models import Call, Facilitator, FacilitatorClub, Inbound, Pending
from messaging.models.people import ClubKind, FacilitatorKind
from tests.hearing import hear
from tests.world import World

FANTA, MOUSSA, STRANGER = "+22370000009", "+22370000008", "+22370000077"
DAY = "2026-03-12"


def report(women: int | None = 12, men: int | None = 8, **more: Any) -> Reading:
    """What the reader gives for `PRES 1041 F12 H8 T20`; `more` are further fields."""
    fields = {"club": "1041", "date": DAY, "women": women, "men": men, "total": (women or 0) + (men or 0), **more}
    return Reading("attendance", "ok", {key: value for key, value in fields.items() if value is not None})


@pytest.fixture
def club(world: World) -> World:
    """One listeners' club with two facilitators, each with a phone of her own."""
    world.club("1041", facilitator=FANTA)
    phone_id = world.phone(MOUSSA)
    with world.db.write() as session:
        row = Facilitator(
            programme_id=world.programme_id, kind=FacilitatorKind.FACILITATOR, phone_id=phone_id, language="fr"
        )
        session.add(row)
        session.flush()
        session.add(FacilitatorClub(facilitator_id=row.id, club_id=world.clubs["1041"]))
    return world


def reports(world: World) -> list[tuple[int | None, int | None, int, str]]:
    """Every report, oldest first: women, men, total, state."""
    with world.db.read() as session:
        rows = session.scalars(sa.select(Attendance).order_by(Attendance.id)).all()
        return [(row.women, row.men, row.total, row.state.value) for row in rows]


def meetings(world: World) -> list[tuple[str, str]]:
    """Every club session: its day and what became of it."""
    with world.db.read() as session:
        rows = session.scalars(sa.select(ClubSession).order_by(ClubSession.held_on)).all()
        return [(str(row.held_on), row.status.value) for row in rows]


def counting(world: World) -> Attendance:
    """The one report that counts."""
    with world.db.read() as session:
        return session.scalars(sa.select(Attendance).where(Attendance.state == AttendanceState.CONFIRMED)).one()


def test_a_report_makes_one_meeting_and_one_row(club: World) -> None:
    hear(club, FANTA, report(pregnant=2, session=7, note="il manque du savon"))
    row = counting(club)
    assert (row.women, row.men, row.total, row.pregnant, row.note) == (12, 8, 20, 2, "il manque du savon")
    assert (row.sensitive, row.received_at, row.source) == (False, club.now, "sms")
    with club.db.read() as session:
        meeting = session.scalars(sa.select(ClubSession)).one()
        assert (meeting.number, meeting.status, meeting.kind) == (7, ClubSessionStatus.HELD, ClubSessionKind.CLUB)


@pytest.mark.parametrize(
    ("intent", "kind", "expected"),
    [
        pytest.param("attendance", ClubKind.APFLS, ClubSessionKind.SCHOOL, id="PRES of a school"),
        pytest.param("listening", ClubKind.LISTENERS_CLUB, ClubSessionKind.CLUB, id="ECOUTE of a club"),
        pytest.param("visit", ClubKind.FFS, ClubSessionKind.VISIT, id="VISITE of a school"),
        pytest.param("attendance", ClubKind.PLATFORM, ClubSessionKind.PLATFORM, id="PRES of a platform"),
        pytest.param("attendance", ClubKind.COOPERATIVE, ClubSessionKind.ASSEMBLY, id="PRES of a cooperative"),
    ],
)
def test_the_kind_of_meeting(world: World, intent: str, kind: ClubKind, expected: ClubSessionKind) -> None:
    world.club("1041", kind, FANTA)
    hear(world, FANTA, replace(report(), intent=intent))
    with world.db.read() as session:
        assert session.scalars(sa.select(ClubSession.kind)).one() is expected


def test_the_same_numbers_twice_are_one_report(club: World) -> None:
    hear(club, FANTA, report())
    done = hear(club, FANTA, replace(report(), repairs=("duplicate_ignored",)))
    assert reports(club) == [(12, 8, 20, "confirmed")]
    assert done.key is None, "the reader has said already that it was there"


def test_a_correction_supersedes_and_keeps_the_old_row(club: World) -> None:
    hear(club, FANTA, report())
    hear(club, FANTA, replace(report(13, replaces={"women": 12, "men": 8}), repairs=("correction",)))
    assert reports(club) == [(12, 8, 20, "corrected"), (13, 8, 21, "confirmed")]
    with club.db.read() as session:
        old, new = session.scalars(sa.select(Attendance).order_by(Attendance.id)).all()
        assert (old.supersedes_id, new.supersedes_id) == (None, old.id)


@pytest.mark.parametrize(
    ("first", "second", "error", "stored"),
    [
        pytest.param(report(), report(), None, [(12, 8, 20, "confirmed")], id="the same numbers"),
        pytest.param(report(), report(13), "already_reported", [(12, 8, 20, "confirmed")], id="other numbers"),
        pytest.param(
            report(13), report(14, replaces={"women": 12, "men": 8}), "already_reported", [(13, 8, 21, "confirmed")],
            id="a correction of what was corrected meanwhile",
        ),
        pytest.param(
            report(None, None, girls=9, boys=4, total=13), report(None, None, girls=8, boys=4, total=12),
            "already_reported", [(None, None, 13, "confirmed")], id="a youth club with one girl less",
        ),
    ],
)  # fmt: skip
def test_who_did_not_know_of_the_other_report_is_asked(club: World, first, second, error, stored) -> None:
    hear(club, FANTA, first)
    done = hear(club, MOUSSA, second)
    assert reports(club) == stored
    assert done.reading is not None
    assert done.reading.error == error
    if error is None:
        assert (done.key, done.reading.repairs) == ("att.already", ("duplicate_ignored",))
        return
    assert (done.key, done.reading.status) == ("att.replace?", "confirm")
    assert done.reading.fields["replaces"] == {key: first.fields.get(key) for key in ("women", "men")}
    hear(club, MOUSSA, replace(done.reading, status="ok", error=None, repairs=("confirmed",)), "oui")
    assert reports(club)[-1] == (*[second.fields.get(key) for key in ("women", "men", "total")], "confirmed")
    assert len(reports(club)) == 2


def test_two_phones_report_one_meeting_at_the_same_moment(club: World) -> None:
    start, found = threading.Barrier(2), list[Any]()

    def tell(number: str, women: int) -> None:
        start.wait()
        found.append(hear(club, number, report(women)))

    threads = [threading.Thread(target=tell, args=pair) for pair in ((FANTA, 12), (MOUSSA, 13))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [state for *_, state in reports(club)] == ["confirmed"]
    assert sorted(done.key or "stored" for done in found) == ["att.replace?", "stored"]
    assert meetings(club) == [(DAY, "held")]


def test_a_meeting_called_off_and_then_held_after_all(club: World) -> None:
    off = Reading("attendance", "ok", {"club": "1041", "date": DAY, "cancelled": True})
    hear(club, FANTA, off)
    assert (meetings(club), reports(club)) == ([(DAY, "cancelled")], [])
    hear(club, FANTA, report())
    assert meetings(club) == [(DAY, "held")]
    hear(club, FANTA, off)
    assert (meetings(club), reports(club)) == ([(DAY, "cancelled")], [(12, 8, 20, "corrected")])


def test_a_reason_that_staff_know_stays_when_the_meeting_is_called_off_again(club: World) -> None:
    hear(club, FANTA, Reading("attendance", "ok", {"club": "1041", "date": DAY, "cancelled": True}))
    with club.db.write() as session:
        session.scalars(sa.select(ClubSession)).one().cancel_reason = "rain"
    hear(club, FANTA, Reading("attendance", "ok", {"club": "1041", "date": DAY, "cancelled": True}))
    with club.db.read() as session:
        assert session.scalars(sa.select(ClubSession.cancel_reason)).one() == "rain"


def test_nothing_heard_and_who_came_are_told_in_two_sms_in_any_order(club: World) -> None:
    unheard = {"club": "1041", "problem": "no_signal", "episode": 12}
    for day, first in (("2026-03-10", "problem"), ("2026-03-11", "people")):
        problem = Reading("listening", "ok", {**unheard, "date": day})
        people = replace(report(date=day), intent="listening")
        for reading in (problem, people) if first == "problem" else (people, problem):
            hear(club, FANTA, reading)
    with club.db.read() as session:
        rows = session.scalars(sa.select(Attendance).where(Attendance.state == AttendanceState.CONFIRMED)).all()
        assert [(row.total, row.problem, row.episode) for row in rows] == [(20, "no_signal", 12)] * 2
    assert meetings(club) == [("2026-03-10", "held"), ("2026-03-11", "held")]


def test_where_nothing_was_heard_and_nobody_counted_nobody_was_reached(club: World) -> None:
    unheard = Reading("listening", "ok", {"club": "1041", "date": DAY, "problem": "no_signal"})
    hear(club, FANTA, unheard)
    hear(club, FANTA, unheard)
    assert reports(club) == [(None, None, 0, "confirmed")]
    with club.db.read() as session:
        row = session.scalars(sa.select(ClubSession)).one()
        assert (row.status, row.cancel_reason) == (ClubSessionStatus.CANCELLED, "no_signal")


def test_the_episode_that_comes_after_the_same_numbers_is_kept(club: World) -> None:
    hear(club, FANTA, report(note="beaucoup de monde"))
    done = hear(club, FANTA, replace(report(episode=12, question="le moringa pousse ou?"), intent="listening"))
    row = counting(club)
    assert (row.intent, row.women, row.episode, row.question) == ("listening", 12, 12, "le moringa pousse ou?")
    assert row.note is None, "words stay with their own SMS, where masking and erasing find them"
    with club.db.read() as session:
        assert session.get_one(Attendance, row.supersedes_id).note == "beaucoup de monde"
    assert done.key == "att.already"


def test_a_report_for_a_club_she_gave_up_meanwhile_is_refused(club: World) -> None:
    done = hear(club, FANTA, report(club="2035"))
    assert (done.key, reports(club)) == ("att.club_not_yours", [])
    assert done.reading == Reading("attendance", "error", {"code_given": "2035"}, "club_not_yours")


NOTES = [
    pytest.param("fr", "il manque du savon", False, None, id="nothing in it"),
    pytest.param("fr", "l'agent demande de l'argent", True, "sensitive_fraud", id="a fee is asked"),
    pytest.param("fr", "on nous a attaqués hier", True, "sensitive_security", id="an attack"),
    pytest.param("bm", "safinɛ tɛ an bolo", True, "unclassified", id="a language without a reviewed list"),
]


@pytest.mark.parametrize(("language", "note", "hidden", "case"), NOTES)
def test_a_sensitive_note_is_masked_and_its_report_counts(world: World, language, note, hidden, case) -> None:
    world.club("1041", facilitator=FANTA, language=language)
    hear(world, FANTA, report(note=note), f"PRES 1041 F12 H8 {note}")
    row = counting(world)
    assert (row.total, row.note, row.sensitive) == (20, note, hidden)
    with world.db.read() as session:
        assert session.scalar(sa.select(Feedback.category)) == case
        assert session.scalars(sa.select(Inbound.maybe_sensitive)).one() is hidden


def test_a_sensitive_note_is_filed_although_the_report_is_refused(club: World) -> None:
    wrong = Reading("attendance", "error", {"club": "1041", "women": 12, "men": 8}, "total_mismatch")
    hear(club, FANTA, wrong, "PRES 1041 F12 H8 T21 l'agent demande de l'argent")
    with club.db.read() as session:
        assert session.scalars(sa.select(Feedback.category)).one() == "sensitive_fraud"


def test_the_report_of_a_number_nobody_knows_waits_on_the_call_list(world: World) -> None:
    unknown = Reading("attendance", "error", {"code_given": "1041"}, "unknown_number")
    hear(world, STRANGER, unknown, "PRES 1041 F12 H8 T20")
    hear(world, STRANGER, unknown, "PRES 1041 F12 H8 T20")
    with world.db.read() as session:
        call = session.scalars(sa.select(Call)).one()
        last = session.scalars(sa.select(Inbound.id).order_by(Inbound.id.desc())).first()
        assert (call.reason, call.phone_id, call.inbound_id) == ("unknown_number", world.phones[STRANGER], last)
        assert call.programme_id == world.programme_id
    assert (reports(world), meetings(world)) == ([], [])


def test_a_report_that_is_asked_about_is_not_stored(club: World) -> None:
    hear(club, FANTA, replace(report(90, total=98), status="confirm", error="implausible"))
    assert (reports(club), meetings(club)) == ([], [])
    with club.db.read() as session:
        assert session.scalars(sa.select(Pending.kind)).one() == "attendance_confirm"


def test_what_was_completed_later_points_to_the_sms_it_began_with(club: World) -> None:
    half = Reading("attendance", "pending", {"club": "1041", "date": DAY, "women": 12}, "men_missing")
    hear(club, FANTA, half, "PRES 1041 F12")
    later = club.now + timedelta(minutes=4)
    hear(club, FANTA, replace(report(), repairs=("joined_two_sms",)), "H8 T20", later)
    row = counting(club)
    with club.db.read() as session:
        assert session.get_one(Inbound, row.inbound_id).text == "PRES 1041 F12"
    assert (row.received_at, row.repairs) == (club.now, ["joined_two_sms"])
