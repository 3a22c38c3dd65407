"""Reports of single values, shows of hands, decisions, broadcasts and tip sheets, from a reading to the rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns import loading
from campaigns.conversation import radio
from campaigns.conversation.grammar.reading import Reading
from campaigns.models import Airing, AiringStatus, CampaignState, Decision, Feedback, Value
from messaging.models import Gateway, Pending
from tests.hearing import hear
from tests.world import World, approve_texts, hygiene

FANTA, AWA, HOST = "+22370000009", "+22370000001", "+22370000007"
DAY = "2026-03-12"


@pytest.fixture
def club(world: World) -> World:
    """One club with its facilitator, and one member."""
    world.club("1041", facilitator=FANTA)
    world.member(AWA, club="1041")
    return world


def values(world: World) -> list[tuple[Any, ...]]:
    """Every value, oldest first: kind, item, value, unit, state."""
    with world.db.read() as session:
        rows = session.scalars(sa.select(Value).order_by(Value.id)).all()
        return [(row.kind, row.item, row.value, row.unit, row.state) for row in rows]


def ok(intent: str, **fields: Any) -> Reading:
    """A reading that is stored as it is."""
    return Reading(intent, "ok", fields)


PRICE = ok("price", market="Essai", prices={"mais": 125, "mil": 200}, unit="XOF/kg", date=DAY)
REPORTS = [
    pytest.param(PRICE, [("price", "mais", 125, "XOF/kg"), ("price", "mil", 200, "XOF/kg")], id="PRIX"),
    pytest.param(ok("rainfall", mm=12.5, date=DAY), [("rainfall", "", 12.5, "mm")], id="PLUIE"),
    pytest.param(
        ok("fund_balance", club="1041", amount=25000, currency="XOF", date=DAY),
        [("fund_balance", "", 25000, "XOF")], id="CAISSE",
    ),
    pytest.param(
        ok("nursery", club="1041", plants={"moringa": 120, "baobab": 80}, date=DAY),
        [("nursery", "moringa", 120, "plants"), ("nursery", "baobab", 80, "plants")], id="PEPINIERE",
    ),
    pytest.param(ok("pest", crop="mil", text="chenilles", date=DAY), [("pest", "mil", 1, "")], id="RAVAGEUR"),
]  # fmt: skip


@pytest.mark.parametrize(("reading", "expected"), REPORTS)
def test_a_report_of_one_value(club: World, reading: Reading, expected: list[tuple[Any, ...]]) -> None:
    hear(club, FANTA, reading)
    assert values(club) == [(*row, "ok") for row in expected]
    with club.db.read() as session:
        row = session.scalars(sa.select(Value)).first()
        assert row is not None
        has_club = "club" in reading.fields
        assert (row.club_id, row.place_id) == (club.clubs["1041"], None) if has_club else (None, club.village_id)
        assert (row.day, row.phone_id) == (date(2026, 3, 12), club.phones[FANTA])


@pytest.mark.parametrize(("reading", "expected"), REPORTS)
def test_the_same_again_replaces_the_former(club: World, reading: Reading, expected: list[tuple[Any, ...]]) -> None:
    hear(club, FANTA, reading)
    hear(club, FANTA, reading)
    assert [state for *_, state in values(club)] == ["replaced"] * len(expected) + ["ok"] * len(expected)


def test_another_day_and_another_crop_stand_beside(club: World) -> None:
    hear(club, FANTA, PRICE)
    hear(club, FANTA, ok("price", market="Essai", prices={"riz": 400}, unit="XOF/kg", date=DAY))
    hear(club, FANTA, ok("price", market="Essai", prices={"mais": 130}, unit="XOF/kg", date="2026-03-11"))
    assert {state for *_, state in values(club)} == {"ok"}


def test_a_price_that_is_hard_to_believe_waits_for_a_yes(club: World) -> None:
    doubtful = Reading("price", "confirm", {**PRICE.fields, "prices": {"mais": 12500}}, "implausible")
    hear(club, FANTA, doubtful, "PRIX MAIS 12500")
    assert values(club) == []
    hear(club, FANTA, replace(doubtful, status="ok", error=None, repairs=("confirmed",)), "oui")
    assert values(club) == [("price", "mais", 12500, "XOF/kg", "ok")]
    with club.db.read() as session:
        assert session.scalars(sa.select(Pending)).all() == []


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        pytest.param("chenilles qui attaquent tout", False, id="a pest attacks"),
        pytest.param("chenilles, et l'agent veut de l'argent", True, id="a fee is asked"),
    ],
)
def test_the_words_beside_a_pest_are_screened(club: World, text: str, hidden: bool) -> None:
    hear(club, FANTA, ok("pest", crop="mil", text=text, date=DAY), f"RAVAGEUR mil {text}")
    with club.db.read() as session:
        assert session.scalars(sa.select(Value.sensitive)).one() is hidden
        assert session.scalar(sa.select(Feedback.category)) == ("sensitive_fraud" if hidden else None)


def test_a_distribution_is_acknowledged_once_and_what_never_came_is_a_case(club: World) -> None:
    missing = ok("distribution_ack", distribution="semences/annonce", received=False)
    done = hear(club, AWA, missing, "PAS RECU")
    with club.db.read() as session:
        case = session.scalars(sa.select(Feedback)).one()
        assert (case.category, done.slots["case"]) == ("complaint_minor", f"N{case.id}")
    later = club.now + timedelta(days=2)
    hear(club, AWA, ok("distribution_ack", distribution="semences/annonce", received=True, quantity=2), at=later)
    assert values(club) == [("distribution_ack", "", 0, "", "replaced"), ("distribution_ack", "", 2, "", "ok")]
    hear(club, AWA, ok("distribution_ack", distribution="poules/annonce", received=True), at=later)
    assert [(value, state) for _, _, value, _, state in values(club)[1:]] == [(2, "ok"), (1, "ok")]


HANDS = ok("hands", club="1041", quiz="hygiene/q3", question=3, counts={"1": 12, "2": 5}, date=DAY)


def test_a_later_show_of_hands_replaces_the_earlier_one_whole(club: World) -> None:
    hear(club, FANTA, HANDS)
    hear(club, FANTA, replace(HANDS, fields={**HANDS.fields, "question": 4}))
    hear(club, FANTA, replace(HANDS, fields={**HANDS.fields, "counts": {"1": 17}}))
    assert values(club) == [
        ("hands", "Q3=1", 12, "hands", "replaced"), ("hands", "Q3=2", 5, "hands", "replaced"),
        ("hands", "Q4=1", 12, "hands", "ok"), ("hands", "Q4=2", 5, "hands", "ok"),
        ("hands", "Q3=1", 17, "hands", "ok"),
    ]  # fmt: skip
    with club.db.read() as session:
        assert set(session.scalars(sa.select(Value.text))) == {"hygiene/q3"}


@pytest.mark.parametrize(("answer", "stored"), [("oui", 2), ("non", 0)])
def test_hands_that_do_not_fit_the_meeting_wait_for_an_answer(club: World, answer: str, stored: int) -> None:
    unfit = replace(HANDS, status="confirm", error="hands_mismatch", fields={**HANDS.fields, "present": 20})
    hear(club, FANTA, unfit)
    with club.db.read() as session:
        waits = session.scalars(sa.select(Pending)).one()
        assert (waits.kind, waits.remind_at) == ("hands_confirm", None)
        assert waits.kept["counts"] == {"1": 12, "2": 5}
    given = replace(HANDS, repairs=("confirmed",)) if answer == "oui" else Reading("hands", "ignored", {"club": "1041"})
    hear(club, FANTA, given, answer)
    assert len(values(club)) == stored
    with club.db.read() as session:
        assert session.scalars(sa.select(Pending)).all() == []


def test_a_decision_is_kept_once_in_its_own_words(club: World) -> None:
    dig = ok("decision", club="1041", text="chacun creuse une fosse", date=DAY)
    hear(club, FANTA, dig)
    hear(club, FANTA, dig)
    hear(
        club, FANTA, ok("decision", club="1041", text="l'agent veut de l'argent", date=DAY), "l'agent veut de l'argent"
    )
    with club.db.read() as session:
        rows = session.execute(sa.select(Decision.text, Decision.sensitive).order_by(Decision.id)).all()
    assert [tuple(row) for row in rows] == [("chacun creuse une fosse", False), ("l'agent veut de l'argent", True)]


@pytest.mark.parametrize("is_asked", [True, False], ids=["asked", "a decision of somebody else"])
def test_whether_a_decision_was_kept_is_noted_where_it_was_asked(club: World, is_asked: bool) -> None:
    hear(club, FANTA, ok("decision", club="1041", text="chacun creuse une fosse", date=DAY))
    with club.db.write() as session:
        ident = session.scalars(sa.select(Decision.id)).one()
        session.add(Pending(
            phone_id=club.phones[FANTA], kind="decision_kept", made_at=club.now,
            kept={"club": "1041", "decision": ident if is_asked else ident + 1},
            expires_at=club.now + timedelta(days=1),
        ))  # fmt: skip
    hear(club, FANTA, ok("decision", club="1041", decision=ident, kept="partly"), "2")
    with club.db.read() as session:
        assert session.scalars(sa.select(Decision.kept)).one() == ("partly" if is_asked else None)


TUESDAY = datetime(2026, 3, 10, 20, 30, tzinfo=UTC)
LATER = TUESDAY + timedelta(minutes=15)
LOGS = [
    pytest.param({"aired": True}, AiringStatus.AIRED, TUESDAY, None, id="OK"),
    pytest.param({"aired": True, "time": "20:45"}, AiringStatus.AIRED, LATER, None, id="at an hour"),
    pytest.param({"aired": False, "note": "panne"}, AiringStatus.NOT_AIRED, None, "power", id="NON panne"),
    pytest.param({"aired": False, "note": "on a tiré ici"}, AiringStatus.NOT_AIRED, None, "other", id="other words"),
    pytest.param({"aired": False, "note": "attaque"}, AiringStatus.NOT_AIRED, None, "security", id="NON attaque"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "status", "aired_at", "reason"), LOGS)
def test_a_host_tells_what_became_of_a_broadcast(world: World, said, status, aired_at, reason) -> None:
    ident = world.airing(TUESDAY, number=12, host=HOST)
    hear(world, HOST, ok("radio_log", station="Radio Exemple", episode=12, date="2026-03-10", **said), at=TUESDAY)
    with world.db.read() as session:
        row = session.get_one(Airing, ident)
        assert (row.status, row.aired_at, row.reason) == (status, aired_at, reason)


@pytest.mark.parametrize(
    ("episode", "day"), [(13, "2026-03-10"), (12, "2026-03-01")], ids=["another episode", "nine days before"]
)
def test_what_was_not_planned_changes_no_airing(world: World, episode: int, day: str) -> None:
    ident = world.airing(TUESDAY, number=12, host=HOST)
    hear(world, HOST, ok("radio_log", station="Radio Exemple", episode=episode, aired=True, date=day))
    with world.db.read() as session:
        assert session.get_one(Airing, ident).status is AiringStatus.PLANNED


def test_of_two_airings_the_nearest_is_meant(world: World) -> None:
    first = world.airing(TUESDAY, number=12, host=HOST)
    with world.db.write() as session:
        one = session.get_one(Airing, first)
        repeat = Airing(
            episode_id=one.episode_id, station_id=one.station_id, planned_at=TUESDAY + timedelta(days=2), is_repeat=True
        )
        session.add(repeat)
    hear(world, HOST, ok("radio_log", station="Radio Exemple", episode=12, aired=False, date="2026-03-12"))
    with world.db.read() as session:
        statuses = session.scalars(sa.select(Airing.status).order_by(Airing.planned_at)).all()
    assert statuses == [AiringStatus.PLANNED, AiringStatus.NOT_AIRED]


@pytest.mark.parametrize(
    ("note", "code"),
    [(None, None), ("pas de courant", "power"), ("réseau coupé", "network"), ("animateur malade", "staff"),
     ("insécurité", "security"), ("fête", "other")],
)  # fmt: skip
def test_a_reason_is_kept_as_a_code(note: str | None, code: str | None) -> None:
    assert radio.reason(note) == code


def sheets(world: World, *, approved: bool = True, **step: Any) -> None:
    """Sheet 12, in French and Bambara, on a real road: the simulator would show drafts too."""
    words = {"fr": "Lavez les mains avant de cuisiner.", "bm": "Aw ka bolo ko."}
    body = {code: {"sms": sms, "read_aloud": "...", "club": f"Famille: {sms}"} for code, sms in words.items()}
    definition = hygiene(step="fiche-12", texts=body, **step)
    world.campaign(definition.model_copy(update={"campaign": "fiches"}), start=False)
    with world.db.write() as session:
        session.get_one(Gateway, 1).adapter = "twilio"
        row = loading.find(session, world.programme_id, "fiches")
        assert row is not None
        if approved:
            approve_texts(session, row, world.now)
            row.state = CampaignState.APPROVED


@pytest.mark.parametrize(
    ("language", "step", "words"),
    [
        pytest.param("fr", {}, ("Lavez les mains avant de cuisiner.", "fr"), id="in French"),
        pytest.param("bm", {}, ("Aw ka bolo ko.", "bm"), id="in Bambara"),
        pytest.param("dds", {}, ("Lavez les mains avant de cuisiner.", "fr"), id="in French for want of Donno So"),
        pytest.param(
            "fr", {"personal": "child_age"}, ("Famille: Lavez les mains avant de cuisiner.", "fr"),
            id="a personal one in its wording for the family",
        ),
    ],
)  # fmt: skip
def test_a_sheet_is_answered_in_the_language_of_who_asks(world: World, language, step, words) -> None:
    world.member(AWA, language)
    sheets(world, **step)
    assert hear(world, AWA, ok("tip_sheet", number=12), "FICHE 12").words == words


@pytest.mark.parametrize(
    ("number", "more"),
    [
        pytest.param(13, {}, id="no such sheet"),
        pytest.param(12, {"approved": False}, id="not yet approved"),
        pytest.param(12, {"tags": ["distribution"]}, id="what a place's level may forbid"),
    ],
)
def test_there_is_no_such_sheet(club: World, number: int, more: dict[str, Any]) -> None:
    sheets(club, **more)
    done = hear(club, AWA, ok("tip_sheet", number=number), f"FICHE {number}")
    assert (done.words, done.key, done.slots) == (None, "tip.none", {"number": str(number)})
