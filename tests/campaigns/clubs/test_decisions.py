"""Was it kept? Thirty days after a decision its club is asked once, and a late answer is not lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from campaigns.clubs import decisions
from campaigns.clubs.decisions import State
from campaigns.models import Decision
from messaging.installation import Installation
from messaging.models import (
    Club,
    Facilitator,
    FacilitatorClub,
    Message,
    Pending,
    Phone,
    Place,
    PlaceParent,
    Programme,
    Risk,
)
from messaging.models.place import Level, RiskLevel
from tests.campaigns.test_conversations import QUESTION
from tests.script import Script
from tests.world import World, hygiene

FANTA, MOUSSA = "+22370000009", "+22370000008"
DAY = date(2026, 2, 10)  # thirty days before the clock of tests
WORDS = "on creuse dix fosses"
ASKED = "Club 1041, decision du 10/02: tenue? 1 oui 2 en cours 3 non"
BY_DAY = "Club 1041, decision du 10/02: tenue? 1 oui 2 en cours 3 non"


@pytest.fixture
def club(installation: Installation, world: World) -> Script:
    """A club with a decision of thirty days ago, which Fanta reported; Moussa leads it too."""
    ident = world.club("1041", facilitator=FANTA)
    moussa = world.phone(MOUSSA)
    with world.db.write() as session:
        leader = Facilitator(programme_id=world.programme_id, kind="facilitator", phone_id=moussa, language="fr")
        session.add(leader)
        session.flush()
        session.add(FacilitatorClub(facilitator_id=leader.id, club_id=ident))
    decide(world)
    return Script(installation, {"fanta": FANTA, "moussa": MOUSSA}, world.now)


def decide(world: World, text: str = WORDS, day: date = DAY, **more: object) -> int:
    own = {"phone_id": world.phones[FANTA], "sensitive": False, **more}
    with world.db.write() as session:
        row = Decision(programme_id=world.programme_id, club_id=world.clubs["1041"], day=day, text=text, **own)
        session.add(row)
        session.flush()
        return row.id


def play(script: Script, transcript: str) -> None:
    """The transcript, with one pass of the questions at each `@` and another when what it asked has left."""
    for part in transcript.strip().split("@ "):
        if part.strip():
            script.now = datetime.fromisoformat(part.strip().splitlines()[0].strip()).replace(tzinfo=UTC)
            decisions.ask_due(script.here.db, script.now)
            script.turn()
            decisions.ask_due(script.here.db, script.now)
            script.play("\n".join(part.strip().splitlines()[1:]))


def kept(script: Script) -> list[str | None]:
    with script.here.db.read() as session:
        return list(session.scalars(sa.select(Decision.kept).order_by(Decision.id)))


CONVERSATIONS = {
    "asked once, and answered": (
        f"""
        @ 2026-03-11 17:30
        fanta <
        @ 2026-03-12 17:30
        fanta < {ASKED}
        moussa <
        fanta > 1
        fanta < OK 1041: note. Merci.
        @ 2026-04-12 17:30
        fanta <
        """,
        "yes",
    ),
    "an answer two days later is put to her once more": (
        f"""
        @ 2026-03-12 17:30
        fanta < {ASKED}
        @ 2026-03-14 08:00
        fanta > 2
        fanta < {BY_DAY}
        fanta > 2
        fanta < OK 1041: note. Merci.
        """,
        "partly",
    ),
    "a report in between does not lose the question": (
        f"""
        @ 2026-03-12 17:30
        fanta < {ASKED}
        fanta > PRES 1041 F12
        fanta < 1041: F12 garde. Et les hommes? Repondez H et le nombre, H0 si aucun.
        fanta > 3
        fanta < OK 1041: note. Merci.
        """,
        "no",
    ),
    "another figure is no answer": (
        f"""
        @ 2026-03-12 17:30
        fanta < {ASKED}
        fanta > 7
        fanta < Pas de quiz en ce moment. Merci.
        """,
        None,
    ),
    "never asked twice": (
        f"""
        @ 2026-03-12 17:30
        fanta < {ASKED}
        @ 2026-03-13 17:30
        fanta <
        @ 2026-04-02 17:30
        fanta <
        fanta > 1
        fanta < Pas de quiz en ce moment. Merci.
        """,
        None,
    ),
}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversation(club: Script, name: str) -> None:
    transcript, answer = CONVERSATIONS[name]
    play(club, transcript)
    assert kept(club) == [answer]


def test_a_figure_answers_the_last_question_a_phone_was_asked(club: Script, world: World) -> None:
    """An open quiz is answered first; one that is late takes no answer away; the decision once answered, it does."""
    world.member(FANTA)
    world.campaign(hygiene(**QUESTION))
    club.turn()
    play(
        club,
        f"""
        @ 2026-03-12 18:00
        fanta < Sans savon, que prendre? 1 la cendre 2 rien
        fanta <
        @ 2026-03-16 17:30
        fanta < {ASKED}
        @ 2026-03-18 17:30
        fanta > 1
        fanta < {BY_DAY}
        fanta > 1
        fanta < OK 1041: note. Merci.
        fanta > 1
        fanta < Merci. Le quiz est ferme, votre reponse est gardee.
        """,
    )


def silence(name: str, script: Script, world: World) -> None:
    with world.db.write() as session:
        fanta = session.get_one(Phone, world.phones[FANTA])
        moussa = session.get_one(Phone, world.phones[MOUSSA])
        if name == "both opted out":
            fanta.opted_out_at = moussa.opted_out_at = world.now
        if name == "sensitive":
            session.execute(sa.update(Decision).values(sensitive=True))
        if name == "closed club":
            session.get_one(Club, world.clubs["1041"]).closed_on = DAY
        if name == "red commune":
            commune = Place(level=Level.COMMUNE, name="Rouge", folded="rouge", sms_name="Rouge", languages=["fr"])
            session.add(commune)
            session.flush()
            session.add(PlaceParent(place_id=world.village_id, parent_id=commune.id))
            session.add(Risk(place_id=commune.id, level=RiskLevel.RED, since=world.now - timedelta(days=1)))
        if name == "too old":
            session.execute(sa.update(Decision).values(day=DAY - timedelta(days=31)))
        if name == "answered already":
            session.execute(sa.update(Decision).values(kept="yes"))
        if name == "closed hours":
            session.get_one(Programme, world.programme_id).always_open = False
        if name == "another question waits":
            session.add(
                Pending(phone_id=fanta.id, kind="attendance_club", kept={}, made_at=world.now,
                        expires_at=world.now + timedelta(hours=24))
            )  # fmt: skip
    if name == "closed hours":
        world.hours("08:00-11:30", "both")


REASONS = ["both opted out", "sensitive", "closed club", "red commune", "too old", "answered already", "closed hours",
           "another question waits"]  # fmt: skip


@pytest.mark.parametrize("name", REASONS)
def test_not_asked(club: Script, world: World, name: str) -> None:
    silence(name, club, world)
    play(club, "@ 2026-03-12 17:30\nfanta <\nmoussa <")
    with world.db.read() as session:
        assert session.scalars(sa.select(Decision.asked_at)).all() == [None]


def test_a_question_that_waits_does_not_leave_once_the_commune_is_red(club: Script, world: World) -> None:
    assert decisions.ask_due(world.db, world.now) == {"asked": 1}
    silence("red commune", club, world)
    play(club, "@ 2026-03-12 17:40\nfanta <\nmoussa <")


def test_another_is_asked_by_the_day_alone_when_who_reported_left(club: Script, world: World) -> None:
    with world.db.write() as session:
        session.execute(sa.update(Facilitator).where(Facilitator.phone_id == world.phones[FANTA]).values(active=False))
    play(club, f"@ 2026-03-12 17:30\nfanta <\nmoussa < {BY_DAY}\nmoussa > 1\nmoussa < OK 1041: note. Merci.")
    assert kept(club) == ["yes"]


def test_one_question_a_phone_and_day(club: Script, world: World) -> None:
    decide(world, "chacun plante un moringa", DAY - timedelta(days=1))
    play(
        club,
        f"""
        @ 2026-03-12 17:30
        fanta < Club 1041, decision du 09/02: tenue? 1 oui 2 en cours 3 non
        fanta > 1
        fanta < OK 1041: note. Merci.
        fanta <
        @ 2026-03-13 17:31
        fanta < {ASKED}
        """,
    )


def test_nobody_answers_a_question_that_has_not_left(club: Script, world: World) -> None:
    decisions.ask_due(world.db, world.now)
    decisions.ask_due(world.db, world.now)
    with world.db.read() as session:
        assert session.scalars(sa.select(Message.occurrence)).all() == ["kept:1"]
        assert session.scalars(sa.select(Pending)).all() == []


STATES = [
    (State.NOT_DUE, {"day": date(2026, 3, 1)}),
    (State.NOT_DUE, {"day": date(2026, 2, 1)}),  # waits for its turn
    (State.NOT_ASKED, {"day": date(2026, 1, 1)}),
    (State.ASKED, {"day": date(2026, 2, 1), "asked_at": timedelta(days=3)}),
    (State.NO_ANSWER, {"day": date(2026, 1, 20), "asked_at": timedelta(days=15)}),
    (State.YES, {"day": date(2026, 1, 1), "asked_at": timedelta(days=30), "kept": "yes"}),
    (State.PARTLY, {"day": date(2026, 3, 1), "kept": "partly"}),  # staff heard it before
    (State.NO, {"day": date(2026, 2, 1), "asked_at": timedelta(days=1), "kept": "no"}),
]


def test_each_state_of_the_ledger_in_memory_and_in_the_query(world: World) -> None:
    world.club("1041", facilitator=FANTA)
    today = world.now.date()
    for wanted, told in STATES:
        asked = told.get("asked_at")
        decide(world, wanted.value, **{**told, "asked_at": world.now - asked if asked else None})
    with world.db.read() as session:
        rows = session.scalars(sa.select(Decision)).all()
        assert [decisions.state(row, world.now, today).value for row in rows] == [row.text for row in rows]
        for wanted in State:
            found = session.scalars(sa.select(Decision.text).where(decisions.stands(wanted, world.now, today))).all()
            assert found == [one.value for one, _told in STATES if one is wanted], wanted
