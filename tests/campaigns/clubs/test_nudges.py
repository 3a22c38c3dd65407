"""One nudge the day after, then a call by a person; none where nothing was aired, in a red commune, in training."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import airings, diary, meetings, nudges, silence
from campaigns.clubs.nudges import Silent
from campaigns.conversation.grammar.reading import Reading
from campaigns.models import Airing, AiringStatus, ClubSession, Heard
from campaigns.models import Silence as Why
from messaging.departure import look
from messaging.models import (
    Call,
    Club,
    Facilitator,
    FacilitatorClub,
    Message,
    Phone,
    Place,
    PlaceParent,
    Programme,
    Risk,
)
from messaging.models.people import ClubKind, Quarantine
from messaging.models.place import Level, RiskLevel
from messaging.places import folded
from tests.campaigns.test_races import MOUSSA, second
from tests.hearing import hear
from tests.meanwhile import at_once
from tests.world import World

FANTA = "+22370000009"
MET = date(2026, 3, 12)  # the Thursday of the world's clock
MORNING = datetime(2026, 3, 13, 8, 0, tzinfo=UTC)


@pytest.fixture
def club(world: World) -> World:
    """Two listeners' clubs of one facilitator that met yesterday evening, and told nothing of it."""
    world.club("1041", facilitator=FANTA)
    lead(world, "1055", FANTA)
    world.airing(world.now + timedelta(hours=3))
    diary.keep(world.db, world.now)
    return world


def lead(world: World, code: str, number: str, kind: ClubKind = ClubKind.LISTENERS_CLUB) -> None:
    """A further club of somebody who leads one already."""
    world.club(code, kind)
    with world.db.write() as session:
        query = sa.select(Facilitator.id).where(Facilitator.phone_id == world.phones[number])
        session.add(FacilitatorClub(facilitator_id=session.scalars(query).one(), club_id=world.clubs[code]))


def nudged(world: World) -> list[tuple[str, str | None]]:
    """Who was nudged, in which words."""
    numbers = {ident: number for number, ident in world.phones.items()}
    with world.db.read() as session:
        query = sa.select(Message).where(Message.occurrence.startswith("nudge:")).order_by(Message.id)
        return [(numbers[row.phone_id], row.body) for row in session.scalars(query)]


def send(world: World, now: datetime = MORNING) -> int:
    """One pass of the nudges."""
    return nudges.send_due(world.db, now).get("nudges", 0)


def report(on: date = MET, code: str = "1041", **more: object) -> Reading:
    """What the reader gives for PRES."""
    counts = {} if "cancelled" in more else {"women": 12, "men": 8, "total": 20}
    return Reading("attendance", "ok", {"club": code, "date": on.isoformat(), **counts, **more})


def test_one_text_for_all_clubs_of_a_facilitator_at_eight(club: World) -> None:
    assert send(club, MORNING - timedelta(minutes=1)) == 0
    assert send(club) == 1
    assert send(club, MORNING + timedelta(hours=3)) == 0, "one nudge only"
    assert nudged(club) == [
        (
            FANTA,
            "Club 1041, 1055: pas encore recu. Ex: ECOUTE 1041 12/03 F12 H8 T20. Pas de seance: PRES 1041 12/03 annule",
        )
    ]
    with club.db.read() as session:
        message = session.scalars(sa.select(Message)).one()
        assert (message.kind.value, message.due_at, message.useful_until) == (
            "service", MORNING, datetime(2026, 3, 14, tzinfo=UTC),
        )  # fmt: skip
        first = session.scalars(sa.select(ClubSession.id).where(ClubSession.club_id == club.clubs["1041"])).one()
        assert message.occurrence == f"nudge:{first}"
        assert {row.nudged_at for row in session.scalars(sa.select(ClubSession))} == {MORNING}
        (leaving,) = look(session, [message], MORNING)
        assert (leaving.verdict.what, leaving.text) == ("go", message.body), "the words are of the catalogue"


def test_another_group_is_shown_pres_the_day_after_its_own_day(world: World) -> None:
    world.club("1041", ClubKind.APFLS, FANTA)
    with world.db.write() as session:
        session.get_one(Club, world.clubs["1041"]).meets_weekday = 3
    diary.keep(world.db, world.now)
    assert send(world) == 1
    assert "Ex: PRES 1041 12/03 F12" in str(nudged(world)[0][1])


def station_silent(world: World) -> None:
    """The host says that nothing was aired."""
    with world.db.write() as session:
        session.execute(sa.update(Airing).values(status=AiringStatus.NOT_AIRED))


def all_told(world: World) -> None:
    """Both clubs tell of their meeting."""
    for code in ("1041", "1055"):
        hear(world, FANTA, report(code=code))


def called_off(world: World) -> None:
    """Both clubs called their meeting off."""
    for code in ("1041", "1055"):
        hear(world, FANTA, report(code=code, cancelled=True))


def red(world: World) -> None:
    """The commune is red."""
    with world.db.write() as session:
        commune = Place(level=Level.COMMUNE, name="Rouge", folded=folded("Rouge"), sms_name="Rouge", languages=["fr"])
        session.add(commune)
        session.flush()
        session.add(PlaceParent(place_id=world.village_id, parent_id=commune.id))
        session.add(Risk(place_id=commune.id, level=RiskLevel.RED, since=world.now))


def test_a_nudge_that_waits_does_not_leave_once_the_commune_is_red(club: World) -> None:
    assert send(club) == 1
    red(club)
    with club.db.read() as session:
        (leaving,) = look(session, session.scalars(sa.select(Message)).all(), MORNING)
    assert leaving.verdict.what != "go"


def phone_is(**values: object):
    """Something becomes of her phone."""

    def change(world: World) -> None:
        with world.db.write() as session:
            session.execute(sa.update(Phone).where(Phone.id == world.phones[FANTA]).values(**values))

    return change


def facilitator_is(**values: object):
    """Something becomes of her."""

    def change(world: World) -> None:
        with world.db.write() as session:
            session.execute(sa.update(Facilitator).values(**values))

    return change


def closed(world: World) -> None:
    """Both clubs are closed."""
    with world.db.write() as session:
        session.execute(sa.update(Club).values(closed_on=MET))


NONE = [
    pytest.param(station_silent, 0, id="it was not aired"),
    pytest.param(all_told, 0, id="the reports came"),
    pytest.param(called_off, 0, id="called off"),
    pytest.param(red, 0, id="a red commune"),
    pytest.param(facilitator_is(practice=True), 0, id="she is in training"),
    pytest.param(facilitator_is(active=False), 0, id="she has left"),
    pytest.param(phone_is(quarantine=Quarantine.SEIZED), 0, id="her phone was seized"),
    pytest.param(closed, 0, id="the clubs are closed"),
    pytest.param(phone_is(opted_out_at=MORNING), 1, id="she wrote STOP: somebody may still call"),
]  # fmt: skip


@pytest.mark.parametrize(("happens", "calls"), NONE)
def test_nobody_is_nudged_who_need_not_be(club: World, happens, calls: int) -> None:
    happens(club)
    assert send(club) == 0
    diary.keep(club.db, MORNING + timedelta(days=2))
    with club.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Call.id))) == calls


def test_who_reported_last_is_asked(club: World) -> None:
    second(club, MOUSSA)
    hear(club, MOUSSA, report(on=date(2026, 3, 6)))
    assert send(club) == 2, "1041 of the one who reported it last, 1055 of its only one"
    assert [(number, str(words)[:9]) for number, words in nudged(club)] == [
        (FANTA, "Club 1055"), (MOUSSA, "Club 1041"),
    ]  # fmt: skip


def test_it_waits_for_an_open_minute_of_service_messages(club: World) -> None:
    club.hours("16:15-17:20", "service")
    with club.db.write() as session:
        session.get_one(Programme, club.programme_id).always_open = False
    assert send(club) == 0
    assert send(club, MORNING.replace(hour=16, minute=15)) == 1


def test_a_nudge_that_waits_is_closed_when_the_report_comes(club: World) -> None:
    send(club)
    hear(club, FANTA, report(), at=MORNING)
    with club.db.read() as session:
        assert session.scalars(sa.select(Message.reason)).one() == "changed"


def test_the_longest_list_of_codes_is_one_sms() -> None:
    many = [Silent(place, f"{1000 + place}", True) for place in range(30)]
    words, language = nudges.words(many, MET, ["fr"])
    assert (len(words) <= 160, language) == (True, "fr")
    assert "1007, etc:" in words


def calls(world: World) -> list[tuple[str, bool]]:
    """The call list: why, and whether it is done."""
    with world.db.read() as session:
        return [(row.reason, row.done_at is not None) for row in session.scalars(sa.select(Call).order_by(Call.id))]


def later(world: World, **more: float) -> None:
    """The round is made some time after the meeting."""
    diary.keep(world.db, MORNING + timedelta(**more))


def test_after_three_days_a_person_calls_once_of_all_her_clubs(club: World) -> None:
    later(club, days=1)
    assert calls(club) == []
    later(club, days=2)
    later(club, days=2, hours=1)
    assert calls(club) == [("no_report", False)]
    with club.db.read() as session:
        found = silence.open_of(session, [club.phones[FANTA]], club.programme_id, MORNING)
    (clubs,) = found.values()
    assert [(one.code, one.since) for one in clubs] == [("1041", MET), ("1055", MET)]


def test_what_she_said_is_noted_and_she_is_not_asked_again(club: World) -> None:
    club.on_duty("+22370000099")
    later(club, days=2)
    with club.db.write() as session:
        call = session.scalars(sa.select(Call)).one()
        assert silence.note(session, call, Why.SECURITY, 1, MORNING)
        assert not silence.note(session, call, Why.OTHER, 1, MORNING)
    later(club, days=3)
    assert calls(club) == [("no_report", True)]
    with club.db.read() as session:
        for row in session.scalars(sa.select(ClubSession)):
            assert (row.silence, row.silence_by, row.silence_at) == (Why.SECURITY, 1, MORNING)


ENDS = [
    pytest.param([report()], False, id="of one club: the other is still silent"),
    pytest.param([report(), report(code="1055")], True, id="of both, weeks late"),
    pytest.param([report(date(2026, 3, 20)), report(date(2026, 3, 20), "1055")], True, id="of a later meeting"),
    pytest.param([report(date(2026, 3, 1)), report(date(2026, 3, 1), "1055")], False, id="of meetings long before"),
]  # fmt: skip


@pytest.mark.parametrize(("readings", "is_done"), ENDS)
def test_a_report_ends_the_silence(club: World, readings: list[Reading], is_done: bool) -> None:
    later(club, days=2)
    for reading in readings:
        hear(club, FANTA, reading, at=MORNING + timedelta(days=9))
    assert calls(club) == [("no_report", is_done)]


def test_a_late_report_takes_the_noted_reason_away(club: World) -> None:
    club.on_duty("+22370000099")
    later(club, days=2)
    with club.db.write() as session:
        silence.note(session, session.scalars(sa.select(Call)).one(), Why.NO_NETWORK, 1, MORNING)
    hear(club, FANTA, report(), at=MORNING + timedelta(days=9))
    with club.db.read() as session:
        found = dict(session.execute(sa.select(ClubSession.club_id, ClubSession.silence)).all())  # type: ignore[arg-type]
    assert found == {club.clubs["1041"]: None, club.clubs["1055"]: Why.NO_NETWORK}


@pytest.mark.parametrize(
    ("noted", "is_off", "heard", "expected"),
    [
        pytest.param(None, False, None, None, id="nobody knows"),
        pytest.param(Why.NO_CREDIT, False, None, Why.NO_CREDIT, id="as it was noted"),
        pytest.param(Why.NO_CREDIT, True, None, Why.NOT_AIRED, id="there was nothing to hear"),
        pytest.param(None, False, Heard.NO_SIGNAL, Why.NO_SIGNAL, id="it could not be heard"),
        pytest.param(None, False, Heard.WELL, None, id="it was heard"),
    ],
)
def test_why_nothing_came(noted: Why | None, is_off: bool, heard: Heard | None, expected: Why | None) -> None:
    assert silence.reason(noted, is_off=is_off, heard=heard) is expected


def test_security_is_its_focal_points_alone() -> None:
    assert silence.shown(Why.SECURITY, to_security=False) is Why.OTHER
    assert silence.shown(Why.SECURITY, to_security=True) is Why.SECURITY
    assert silence.shown(Why.NO_CREDIT, to_security=False) is Why.NO_CREDIT


def say(world: World, *, aired: bool, now: datetime) -> None:
    """The host says what became of the one broadcast."""
    with world.db.write() as session:
        row = session.scalars(sa.select(Airing)).one()
        airings.say(session, row, aired=aired, at=None, reason=None, who=None, now=now)


def why(world: World) -> set[tuple[str, Why | None]]:
    """What is known of every meeting."""
    with world.db.read() as session:
        return {(row.status.value, row.silence) for row in session.scalars(sa.select(ClubSession))}


def test_a_host_who_tells_late_that_nothing_was_aired_ends_the_calls(club: World) -> None:
    later(club, days=2)
    say(club, aired=False, now=MORNING + timedelta(days=3))
    assert (why(club), calls(club)) == ({("missed", Why.NOT_AIRED)}, [("no_report", True)])


def test_a_host_who_takes_it_back_lets_the_silence_be_asked_about(club: World) -> None:
    say(club, aired=False, now=MORNING)
    later(club, days=2)
    assert (why(club), calls(club)) == ({("missed", Why.NOT_AIRED)}, [])
    say(club, aired=True, now=MORNING + timedelta(days=2))
    later(club, days=2, hours=1)
    assert (why(club), calls(club)) == ({("missed", None)}, [("no_report", False)])


def test_a_call_is_noted_while_a_report_comes(club: World) -> None:
    club.on_duty("+22370000099")
    later(club, days=2)

    def report_comes(session: Session) -> None:
        row = session.get_one(Club, club.clubs["1041"])
        met.append(meetings.meeting_of(session, row, MET, "attendance"))

    def call_is_noted(session: Session) -> None:
        silence.note(session, session.scalars(sa.select(Call)).one(), Why.OTHER, 1, MORNING)

    met: list[ClubSession] = []
    at_once(club.db, report_comes, call_is_noted, lambda session: silence.end(session, met, MORNING))
    assert calls(club) == [("no_report", True)]
