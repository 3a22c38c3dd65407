"""Episodes, questions, decisions and women's voice, counted by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from campaigns.models import (
    Airing,
    AiringStatus,
    AirQuestion,
    AirQuestionAsker,
    AirQuestionState,
    ClubSession,
    ClubSessionStatus,
    Decision,
    Episode,
    HeardAs,
    Silence,
)
from messaging.models import Facilitator
from messaging.models.people import ClubKind, FacilitatorKind, Sex
from tests.campaigns.evaluation.meetings import TODAY, at, counted, meet, valued
from tests.land import commune
from tests.world import World

WAITING, ANSWERED, SKIPPED = AirQuestionState.WAITING, AirQuestionState.ANSWERED, AirQuestionState.SKIPPED


def heard(world: World, club: str, held: str, **more: object) -> None:
    """A meeting that counts for the airing of the 3rd of March."""
    ident = meet(world, club, held if "heard_as" in more else None, held)
    with world.db.write() as session:
        airing = session.scalars(sa.select(Airing.id).order_by(Airing.id)).first()
        session.execute(sa.update(ClubSession).where(ClubSession.id == ident).values(airing_id=airing, **more))


@pytest.fixture
def radio(world: World) -> tuple[World, int, int]:
    """Four listeners' clubs and one school; episode 12 was aired, 13 was not, 14 is still to come."""
    alpha = commune(world, "Alpha")
    for code in ("1041", "1055", "2035"):
        world.club(code)
    world.club("3115", ClubKind.APFLS)
    beta = commune(world, "Beta")
    world.club("4122", facilitator="+22376000041")
    world.airing(at("03-03", "20:30"), 12)
    heard(world, "1041", "03-05", heard_as=HeardAs.LIVE)
    heard(world, "1055", "03-05", status=ClubSessionStatus.CANCELLED, cancel_reason="insecurity")
    heard(world, "2035", "03-05", status=ClubSessionStatus.MISSED, silence=Silence.SECURITY)
    heard(world, "3115", "03-05", heard_as=HeardAs.LIVE)
    with world.db.write() as session:
        first = session.scalars(sa.select(Airing)).one()
        series = session.get_one(Episode, first.episode_id).series_id
        for number, day, status in ((13, "03-10", AiringStatus.NOT_AIRED), (14, "03-24", AiringStatus.PLANNED)):
            session.add(episode := Episode(series_id=series, number=number, topic="hygiene", titles={}))
            session.flush()
            session.add(
                Airing(episode_id=episode.id, station_id=first.station_id, planned_at=at(day, "20:30"), status=status)
            )
    return world, alpha, beta


def test_a_club_reports_hears_or_is_expected(radio: tuple[World, int, int]) -> None:
    world, alpha, beta = radio
    found = counted(world, ("LIS-REP", "LIS-COV"))
    assert found == {"LIS-REP": {(): (2, 4)}, "LIS-COV": {(): (1, 4)}}  # a school is expected of no episode
    found = counted(world, ("LIS-REP", "LIS-COV"), ("area",))
    assert found == {
        "LIS-REP": {(alpha,): (2, 3), (beta,): (0, 1)}, "LIS-COV": {(alpha,): (1, 3), (beta,): (0, 1)}
    }  # fmt: skip
    there = counted(world, ("LIS-REP",), within=lambda column: column == world.village_id)
    assert there == {"LIS-REP": {(): (0, 1)}}


def ask(
    world: World, asked: str, state: AirQuestionState = WAITING, answered: str | None = None, *, sexes: str = "f",
    on_air: bool = True, club: str | None = None,
) -> None:  # fmt: skip
    """A question for the studio, asked once by each sex."""
    with world.db.write() as session:
        episode = session.scalars(sa.select(Episode.id)).first() if answered and on_air else None
        row = AirQuestion(
            programme_id=world.programme_id, wording="Quand semer ?", state=state, asked_at=at(asked),
            answered_at=at(answered) if answered else None, episode_id=episode, expert=not on_air,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add_all(
            AirQuestionAsker(
                air_question_id=row.id, sex=Sex(sex), asked_at=at(asked), club_id=world.clubs[club] if club else None
            )
            for sex in {"f": ["f"], "m": ["m"], "both": ["m", "f"], "?": ["unknown"]}[sexes]
        )


def test_questions_are_counted_by_their_first_asking_and_answers_by_theirs(radio: tuple[World, int, int]) -> None:
    world = radio[0]
    ask(world, "03-02", ANSWERED, "03-05", club="1041")
    ask(world, "03-02", ANSWERED, "03-10", sexes="both", club="1055")
    ask(world, "03-02", ANSWERED, "03-03", sexes="m", on_air=False)  # an expert called
    ask(world, "03-04", SKIPPED)
    ask(world, "03-05", club="4122")
    ask(world, "02-10", ANSWERED, "03-12", sexes="m")  # asked before
    ask(world, "02-10", ANSWERED, "02-12")
    found = counted(world, ("LIS-Q", "LIS-DAYS", "GEN-VOICE"))
    assert found == {"LIS-Q": {(): (2, 5)}, "LIS-DAYS": {(): (2, 2)}, "GEN-VOICE": {(): (2, 3)}}
    assert valued(world, ["LIS-DAYS"]) == {("LIS-DAYS",): (3 + 8) / 2}
    longer = counted(world, ("LIS-Q", "LIS-DAYS", "GEN-VOICE"), ("month",), days=("2026-02-01", "2026-03-31"))
    assert longer["LIS-Q"] == {("2026-02",): (2, 2), ("2026-03",): (2, 5)}
    assert longer["LIS-DAYS"] == {("2026-02",): (2, 2), ("2026-03",): (2, 2)}
    assert longer["GEN-VOICE"] == {("2026-02",): (1, 1), ("2026-03",): (2, 3)}
    assert counted(world, ["LIS-Q"], within=lambda column: column == world.village_id) == {"LIS-Q": {(): (0, 1)}}


def test_nothing_asked_has_no_median(radio: tuple[World, int, int]) -> None:
    assert counted(radio[0], ("LIS-Q", "LIS-DAYS")) == {"LIS-Q": {(): (0, 0)}, "LIS-DAYS": {(): (0, 0)}}
    assert valued(radio[0], ["LIS-DAYS"]) == {("LIS-DAYS",): None}


def test_decisions_are_due_thirty_days_on(radio: tuple[World, int, int]) -> None:
    world, alpha, beta = radio
    taken = [
        ("1041", "2026-01-30", "garden", "yes"),  # due on the 1st of March
        ("1041", "2026-01-29", "garden", "yes"),  # due in February
        ("1055", "2026-02-10", "garden", "partly"),
        ("4122", "2026-02-20", "savings", "yes"),
        ("4122", "2026-02-23", None, None),  # due today
        ("4122", "2026-02-24", "savings", "no"),  # due tomorrow
    ]
    with world.db.write() as session:
        session.add_all(
            Decision(
                programme_id=world.programme_id,
                club_id=world.clubs[club],
                day=date.fromisoformat(day),
                text="x",
                theme=theme,
                kept=kept,
            )
            for club, day, theme, kept in taken
        )
    assert date.fromisoformat("2026-02-23") + timedelta(days=30) == TODAY.date()
    code = "DEC-KEPT"
    assert counted(world, [code]) == {code: {(): (2, 4)}}
    assert counted(world, [code], ("theme",)) == {code: {("garden",): (1, 2), ("savings",): (1, 1), (None,): (0, 1)}}
    found = counted(world, [code], ("month", "area"), days=("2026-02-01", "2026-03-31"))
    assert found == {code: {("2026-02", alpha): (1, 1), ("2026-03", alpha): (1, 2), ("2026-03", beta): (1, 2)}}


def test_women_among_those_who_lead(radio: tuple[World, int, int]) -> None:
    world = radio[0]
    with world.db.write() as session:
        session.execute(sa.update(Facilitator).values(sex=Sex.F))
    kinds = [("+22376000042", Sex.M, True), ("+22376000043", Sex.F, False), ("+22376000044", Sex.UNKNOWN, True)]
    phones = [(world.phone(number), sex, active) for number, sex, active in kinds]
    with world.db.write() as session:
        session.add_all(
            Facilitator(
                programme_id=world.programme_id,
                kind=FacilitatorKind.ADVISER,
                phone_id=phone,
                sex=sex,
                language="fr",
                active=active,
            )
            for phone, sex, active in phones
        )
    assert counted(world, ["GEN-FAC"]) == {"GEN-FAC": {(): (1, 3)}}
    own = counted(world, ["GEN-FAC"], within=lambda column: column == world.village_id)
    assert own == {"GEN-FAC": {(): (1, 1)}}
