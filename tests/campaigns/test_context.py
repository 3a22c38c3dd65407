"""What the reader is told about who wrote."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns import changes
from campaigns.conversation import asked, known
from campaigns.conversation.grammar.reading import Reading
from campaigns.definitions import Step as Said
from campaigns.models import Campaign, Step
from messaging.models import (
    Club,
    Facilitator,
    FacilitatorClub,
    Member,
    MemberPhone,
    Message,
    Place,
    PlaceName,
    PlaceParent,
    ProgrammeVillage,
    Station,
    StationPhone,
)
from messaging.models.people import FacilitatorKind
from messaging.models.place import Level
from messaging.places import folded
from tests.hearing import arrive, hear
from tests.script import Script
from tests.world import World, hygiene

FANTA, AWA, HOST = "+22370000009", "+22370000001", "+22370000007"


def told(world: World, number: str, text: str = "bonjour", at: datetime | None = None, **more: str) -> dict[str, Any]:
    """The reader's context for an SMS."""
    with world.db.write() as session:
        sender = arrive(session, world, number, text, at, **more)
        return {"role": sender.role, **sender.context}


def lead(world: World, number: str, *codes: str, kind: FacilitatorKind = FacilitatorKind.FACILITATOR) -> None:
    """Let a phone report for clubs."""
    phone_id = world.phone(number)
    with world.db.write() as session:
        row = Facilitator(programme_id=world.programme_id, kind=kind, phone_id=phone_id, language="fr")
        session.add(row)
        session.flush()
        session.add_all(FacilitatorClub(facilitator_id=row.id, club_id=world.clubs[code]) for code in codes)


def change_club(world: World, code: str, **values: Any) -> None:
    """Set columns of a club."""
    with world.db.write() as session:
        session.execute(sa.update(Club).where(Club.code == code).values(**values))


def test_a_stranger_is_known_by_nothing(world: World) -> None:
    context = told(world, "+22370000077")
    assert set(context) == {"role", "now", "lang", "dogon"}
    assert context["role"] == "unknown"
    assert datetime.fromisoformat(context["now"]) == world.now


def test_a_facilitator_has_clubs_sizes_and_the_market_of_the_first(world: World) -> None:
    world.club("1041"), world.club("1055")
    lead(world, FANTA, "1041", "1055")
    change_club(world, "1055", size_f=0, size_m=0)
    context = told(world, FANTA)
    assert (context["role"], context["clubs"], context["market"]) == ("facilitator", ["1041", "1055"], "Essai")
    assert context["club_size"] == {"1041": 25}, "a club nobody counted has the usual size"


ROLES = [
    pytest.param({"host", "adviser", "member"}, "radio", id="a host first"),
    pytest.param({"adviser", "facilitator", "member"}, "advisor", id="then an adviser"),
    pytest.param({"facilitator", "member"}, "facilitator", id="then a facilitator"),
    pytest.param({"member"}, "member", id="then a member"),
    pytest.param(set(), "unknown", id="nobody we know"),
]


@pytest.mark.parametrize(("is_a", "role"), ROLES)
def test_one_phone_has_one_role(world: World, is_a: set[str], role: str) -> None:
    world.club("1041")
    phone_id = world.phone(FANTA)
    if "member" in is_a:
        world.member(FANTA)
    with world.db.write() as session:
        if "host" in is_a:
            station = Station(programme_id=world.programme_id, name="Radio", sms_name="Radio", languages=["fr"])
            session.add(station)
            session.flush()
            session.add(StationPhone(station_id=station.id, phone_id=phone_id))
    kinds = {"adviser": FacilitatorKind.ADVISER, "facilitator": FacilitatorKind.FACILITATOR}
    for name, kind in kinds.items():
        if name in is_a and not ("adviser" in is_a and name == "facilitator"):
            lead(world, FANTA, "1041", kind=kind)
    assert told(world, FANTA)["role"] == role


def test_the_reports_of_45_days_that_count(world: World) -> None:
    world.club("1041", facilitator=FANTA)
    world.club("1055")
    lead(world, HOST, "1055")

    def say(day: str, number: str = FANTA, club: str = "1041", status: str = "ok", **said: Any) -> None:
        total = sum(said.get(name, 0) for name in ("women", "men", "girls", "boys"))
        fields = {"club": club, "date": day, "total": total, **said}
        hear(world, number, Reading("attendance", "ok", fields))

    say("2026-03-12", women=12, men=8)
    say("2026-03-12", women=13, men=8, replaces={"women": 12, "men": 8})
    say("2026-01-26", women=9, men=9)
    say("2026-01-25", women=7, men=7)
    say("2026-03-11", girls=9, boys=4)
    say("2026-03-10", problem="no_signal")
    say("2026-03-09", cancelled=True)
    say("2026-03-12", HOST, "1055", women=1, men=1)
    assert told(world, FANTA)["existing"] == [
        {"club": "1041", "date": "2026-01-26", "women": 9, "men": 9},
        {"club": "1041", "date": "2026-03-11", "women": None, "men": None},
        {"club": "1041", "date": "2026-03-12", "women": 13, "men": 8},
    ]


NUMBERS = [
    pytest.param(None, ["1041", "1055"], id="no number told: all"),
    pytest.param("+223 36 00 10 01", ["1041"], id="the first, with the country"),
    pytest.param("36001001", ["1041"], id="the first, without"),
    pytest.param("36111", ["1055"], id="the short code"),
    pytest.param("6111", [], id="only the end of the short code"),
]


@pytest.mark.parametrize(("called", "codes"), NUMBERS)
def test_the_codes_are_those_of_the_number_that_was_called(world: World, called: str | None, codes: list[str]) -> None:
    world.club("1041"), world.club("1055")
    lead(world, FANTA, "1041", "1055")
    change_club(world, "1041", number="+22336001001")
    change_club(world, "1055", number="36111")
    assert told(world, FANTA, **({"recipient": called} if called else {})).get("clubs", []) == codes


def test_a_club_without_a_number_is_of_the_only_one(world: World) -> None:
    world.club("1041", facilitator=FANTA)
    assert told(world, FANTA, recipient="+22336001001")["clubs"] == ["1041"]


@pytest.mark.parametrize(("days", "is_there"), [(45, True), (46, False)])
def test_a_club_that_closed_is_reported_for_a_while(world: World, days: int, is_there: bool) -> None:
    world.club("1041", facilitator=FANTA)
    change_club(world, "1041", closed_on=date(2026, 3, 12) - timedelta(days=days))
    assert ("clubs" in told(world, FANTA)) is is_there


@pytest.fixture
def villages(world: World) -> World:
    """Dourou lies in two communes, Bendougouni in one; a third village is not the programme's."""
    with world.db.write() as session:

        def place(name: str, level: Level) -> int:
            row = Place(level=level, name=name, folded=folded(name), sms_name=name, languages=["fr"])
            session.add(row)
            session.flush()
            return row.id

        communes = {name: place(name, Level.COMMUNE) for name in ("Dourou", "Métoumou", "Bendougouba")}
        for name, commune, is_ours in (
            ("Dourou", "Dourou", True), ("Dourou", "Métoumou", True), ("Bendougouni", "Bendougouba", True),
            ("Ailleurs", "Dourou", False),
        ):  # fmt: skip
            ident = place(name, Level.VILLAGE)
            session.add(PlaceParent(place_id=ident, parent_id=communes[commune]))
            if is_ours:
                session.add(ProgrammeVillage(programme_id=world.programme_id, place_id=ident))
            if name == "Bendougouni":
                session.add(PlaceName(place_id=ident, name="Bɛndugu ni", folded=folded("Bɛndugu ni")))
    return world


def test_the_villages_stand_ready_for_who_may_join(villages: World) -> None:
    villages.club("1041")
    villages.member(AWA, club="1041")
    context = told(villages, AWA, "JOIN Dourou")
    assert context["villages"] == {
        "dourou": ["Dourou", "Métoumou"], "bendougouni": ["Bendougouba"], "bendugu ni": ["Bendougouba"],
    }  # fmt: skip
    assert context["member_clubs"] == ["1041"]
    assert "villages" not in told(villages, AWA, "PRES 1041 F12 H8")


@pytest.mark.parametrize(
    ("text", "may"),
    [("join 1041", True), ("JOOIN Dourou", True), ("je veux m'inscrire", True), ("INSCRIPTION", True),
     ("Rejoindre 1041", True), ("merci", False), ("1041", False)],
)  # fmt: skip
def test_who_may_want_to_join(text: str, may: bool) -> None:
    assert known.may_join(text) is may


def test_the_distribution_that_waits_for_an_acknowledgement(installation, world: World) -> None:
    world.member(AWA)
    world.campaign(hygiene(tags=["distribution"]))
    script = Script(installation, {"awa": AWA}, world.now)
    script.turn()
    assert script.carrier is not None
    assert told(world, AWA, "reçu 2 sacs")["distribution"] == "hygiene-essai/mains"
    assert "distribution" not in told(world, AWA, "bonjour")
    late = world.now + timedelta(days=31)
    assert "distribution" not in told(world, AWA, "recu", late)
    world.member("+22370000002")
    assert "distribution" not in told(world, "+22370000002", "recu"), "nothing was announced to her"


def test_a_plain_message_is_no_distribution(installation, world: World) -> None:
    world.member(AWA)
    world.campaign(hygiene())
    Script(installation, {"awa": AWA}, world.now).turn()
    assert "distribution" not in told(world, AWA, "recu")


def test_the_names_on_a_shared_phone(world: World) -> None:
    first, second = world.member(AWA), world.member(AWA)
    with world.db.write() as session:
        session.get_one(Member, first).first_name = "Awa"
        assert len(session.scalars(sa.select(MemberPhone)).all()) == 2
        assert session.get_one(Member, second).first_name is None
    assert told(world, AWA)["phone_members"] == ["Awa"]


QUESTION = {
    "kind": "question", "question": {"type": "single", "correct": [1], "closes": "3d"}, "one_act": False,
    "texts": {"fr": {
        "sms": "Sans savon, que prendre? 1 la cendre 2 rien", "read_aloud": "…",
        "options": {"1": "la cendre", "2": "rien"}, "right": "Oui.", "wrong": "Non.",
    }},
}  # fmt: skip


def test_a_question_is_graded_as_it_was_asked_whatever_changed_since(installation, world: World) -> None:
    world.member(AWA)
    ident = world.campaign(hygiene(**QUESTION))
    Script(installation, {"awa": AWA}, world.now).turn()
    with world.db.write() as session:
        campaign = session.get_one(Campaign, ident)
        campaign.state = campaign.state.PAUSED
        step = session.scalars(sa.select(Step).where(Step.campaign_id == ident)).one()
        body = {**step.definition, "question": {**step.definition["question"], "correct": [2]}}
        by = changes.Hand(None, campaign.lock, world.now + timedelta(hours=1))
        changes.set_step(session, ident, by, "mains", Said.model_validate(body))
    with world.db.write() as session:
        sender = arrive(session, world, AWA, "1", world.now + timedelta(hours=2))
        assert sender.asked is not None
        assert sender.asked.said.question is not None
        assert sender.asked.said.question.correct == (1,)
        step = session.scalars(sa.select(Step)).one()
        message = session.scalars(sa.select(Message)).first()
        assert message is not None
        later = asked.as_asked(session, step, world.now + timedelta(hours=3))
        assert later.question is not None
        assert later.question.correct == (2,), "what is asked from now on is graded by the change"


CALLS = [
    pytest.param({"1": "", "2": ""}, "2", "2", id="the option itself"),
    pytest.param({"1": "", "2": ""}, "b", "2", id="a letter for a digit"),
    pytest.param({"A": "", "B": ""}, "2", "B", id="a digit for a letter"),
    pytest.param({"A": "", "B": ""}, "B", "B", id="the letter itself"),
    pytest.param({}, "A", "1", id="yes or no by a letter"),
    pytest.param({"1": "", "2": ""}, "3", "3", id="no such option"),
    pytest.param({"1": "", "2": ""}, "36001001", "36001001", id="a number that stands for none"),
    pytest.param({"1": "", "2": ""}, "", "", id="no number told"),
]


@pytest.mark.parametrize(("options", "called", "option"), CALLS)
def test_the_option_of_a_missed_call(options: dict[str, str], called: str, option: str) -> None:
    assert asked.option_called(called, {"options": options}) == option


def test_a_missed_call_is_told_as_the_option_it_stands_for(installation, world: World) -> None:
    world.member(AWA)
    world.campaign(hygiene(**QUESTION))
    Script(installation, {"awa": AWA}, world.now).turn()
    context = told(world, AWA, "", kind="missed_call", called="B")
    assert (context["event"], context["called"]) == ("missed_call", "2")
