"""Training mode: reports are read and answered as real ones, and nothing is kept of them but how they were read."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaigns import retention
from campaigns.conversation import practice
from campaigns.models import Attendance, ClubSession, Decision, Feedback, PracticeReport, Value
from messaging import languages, people
from messaging.installation import Installation
from messaging.letters import measure
from messaging.models import Call, Facilitator, Pending, Phone
from tests.script import Script
from tests.structure import catalogues
from tests.world import World

NUMBERS = {"fanta": "+22370000009", "moussa": "+22370000008"}
REPORTED = ("att", "listen", "visit", "hands", "decision", "price", "rain", "fund", "nursery", "pest", "error")
REAL = (ClubSession, Attendance, Value, Decision, Call)


@pytest.fixture
def script(installation: Installation, world: World) -> Script:
    """Fanta, in training, and Moussa, who is not, lead the clubs 1041 and 1055."""
    world.club("1041", facilitator=NUMBERS["fanta"])
    world.club("1055", facilitator=NUMBERS["moussa"])
    train(world, True)
    return Script(installation, NUMBERS, world.now)


def train(world: World, on: bool) -> bool:
    with world.db.write() as session:
        return practice.switch(session, fanta(session, world), on, "staff:1", world.now)


def fanta(session, world: World) -> Facilitator:
    return session.scalars(
        sa.select(Facilitator).where(Facilitator.phone_id == world.phones[NUMBERS["fanta"]])
    ).one()  # fmt: skip


def counts(world: World) -> dict[str, int]:
    with world.db.read() as session:
        return {table.__tablename__: session.scalar(sa.select(sa.func.count(table.id))) or 0 for table in REAL}


WHOLE_DAY = """
    @ 2026-03-12 09:00
    fanta > f12h8
    fanta < EXERCICE. OK 1041 12/03 F12 H8 T20. Erreur? CORR 1041 F.. H.. T..
    fanta > CORR F13 H8 T21
    fanta < EXERCICE. Corrige: 1041 12/03 F13 H8 T21. Avant: F12 H8.
    @ 2026-03-12 09:20
    fanta > PRES 1041 F9 H8 T20
    fanta < EXERCICE. 1041: 9+8=17, pas 20. Renvoyez: PRES 1041 F9 H8 T..
    @ 2026-03-12 09:40
    fanta > PRES F9 H8 T17
    fanta < EXERCICE. 1041 12/03: deja F13 H8. Remplacer par F9 H8 T17? OUI ou NON
    fanta > oui
    fanta < EXERCICE. Corrige: 1041 12/03 F9 H8 T17. Avant: F13 H8.
    @ 2026-03-12 10:30
    fanta > PRES 10/03 F4
    fanta < EXERCICE. 1041: F4 garde. Et les hommes? Repondez H et le nombre, H0 si aucun.
    fanta > h0
    fanta < EXERCICE. OK 1041 10/03 F4 H0 T4. Erreur? CORR 1041 10/03 F.. H.. T..
    @ 2026-03-12 12:00
    fanta > CAISSE 1041 25000
    fanta < EXERCICE. OK 1041 12/03: caisse notee. Merci.
    fanta > DECISION 1041 laver les mains avant de manger
    fanta < EXERCICE. OK 1041 12/03: decision notee. Merci.
"""


def test_a_day_of_training_is_answered_like_a_real_one_and_leaves_nothing_real(script: Script, world: World) -> None:
    script.play(WHOLE_DAY)
    assert counts(world) == dict.fromkeys(counts(world), 0)
    with world.db.read() as session:
        kept = session.execute(sa.select(PracticeReport.intent, PracticeReport.status).order_by(PracticeReport.id))
        assert [tuple(row) for row in kept] == [
            ("attendance", "ok"), ("attendance", "ok"), ("attendance", "error"), ("attendance", "confirm"),
            ("attendance", "ok"), ("attendance", "pending"), ("attendance", "ok"), ("fund_balance", "ok"),
            ("decision", "ok"),
        ]  # fmt: skip
        fields = session.scalars(sa.select(PracticeReport.fields)).all()
        assert not any({"note", "text"} & set(one) for one in fields)


def test_the_same_day_is_real_for_who_is_not_in_training(script: Script, world: World) -> None:
    script.play("moussa > PRES F12 H8 T20\nmoussa < OK 1055 12/03 F12 H8 T20. Erreur? CORR 1055 F.. H.. T..")
    assert counts(world)["attendance"] == 1


def test_training_neither_sees_nor_touches_what_was_real_before_and_ends_without_a_trace(
    script: Script, world: World
) -> None:
    train(world, False)
    script.play("fanta > PRES F12 H8 T20\nfanta < OK 1041 12/03 F12 H8 T20. Erreur? CORR 1041 F.. H.. T..")
    train(world, True)
    script.play(
        """
        @ 2026-03-12 18:30
        fanta > PRES F5 H2 T7
        fanta < EXERCICE. OK 1041 12/03 F5 H2 T7. Erreur? CORR 1041 F.. H.. T..
        """
    )
    train(world, False)
    script.play(
        """
        @ 2026-03-12 20:00
        fanta > PRES F12 H8 T20
        fanta < Deja recu: 1041 12/03 F12 H8 T20. Rien a refaire.
        """
    )
    assert counts(world) | {"call": 0} == {"club_session": 1, "attendance": 1, "value": 0, "decision": 0, "call": 0}


@pytest.mark.parametrize("on", [True, False], ids=["half a real one, then training", "half an exercise, then real"])
def test_half_a_report_is_not_completed_across_the_switch(script: Script, world: World, on: bool) -> None:
    train(world, not on)
    script.write("fanta", "PRES F12")
    train(world, on)
    with world.db.read() as session:
        assert session.scalars(sa.select(Pending)).all() == []
    script.write("fanta", "H8")
    assert counts(world)["attendance"] == 0


def test_stop_complaints_questions_and_sensitive_words_are_real(script: Script, world: World) -> None:
    script.write("fanta", "QUESTION quand semer le moringa")
    script.write("fanta", "PLAINTE le robinet est casse")
    script.write("fanta", "PRES F12 H8 T20 l'agent demande de l'argent")
    script.write("fanta", "STOP")
    said = [words.partition(" ")[0] for words in script.sent(NUMBERS["fanta"])]
    assert said == ["Question", "Recu,", "EXERCICE.", "C'est"]
    with world.db.read() as session:
        categories = set(session.scalars(sa.select(Feedback.category)))
        assert {"question", "sensitive_fraud"} < categories
        assert session.get_one(Phone, world.phones[NUMBERS["fanta"]]).opted_out_at is not None
        report = session.scalars(sa.select(PracticeReport)).one()
        assert "note" not in report.fields


def test_three_refusals_and_ten_replies_put_nobody_on_the_call_list(script: Script, world: World) -> None:
    for minute in range(12):
        script.now += timedelta(minutes=1)
        script.write("fanta", f"PRES F9 H8 T{20 + minute}")
    said = script.sent(NUMBERS["fanta"])
    assert len(said) == 3
    assert all(one.startswith("EXERCICE. 1041: 9+8=17") for one in said)
    assert counts(world)["call"] == 0


def test_a_bundle_of_reports_is_summed_up_as_an_exercise(script: Script, world: World) -> None:
    for day in range(1, 7):
        script.write("fanta", f"PRES 0{day}/03 F12 H8 T20")
    script.now += timedelta(minutes=11)
    script.turn()
    said = script.sent(NUMBERS["fanta"])
    assert len(said) == 4
    assert all(one.startswith("EXERCICE. ") and len(one) <= 160 for one in said)
    assert counts(world)["club_session"] == 0


def test_several_reports_in_one_sms_are_each_kept(script: Script, world: World) -> None:
    script.write("fanta", "PRES 1041 11/03 F12 H8 T20 PRES 1041 10/03 F3 H4 T7")
    with world.db.read() as session:
        rows = session.execute(sa.select(PracticeReport.status, PracticeReport.inbound_id).order_by(PracticeReport.id))
        assert [(status, ident is not None) for status, ident in rows] == [("ok", True), ("ok", False)]


def test_erasing_her_phone_takes_her_exercises_with_it(
    installation: Installation, script: Script, world: World
) -> None:
    script.write("fanta", "PRES F12 H8 T20")
    with world.db.write() as session:
        phone = people.find_phone(session, NUMBERS["fanta"])
        phone.opted_out_at = phone.erase_asked_at = world.now
    retention.keep(installation, world.now + timedelta(days=1))
    with world.db.read() as session:
        assert session.scalars(sa.select(PracticeReport)).all() == []


@pytest.mark.parametrize("code", catalogues.written())
def test_every_answer_to_an_exercise_is_one_sms(code: str) -> None:
    """At its longest, with the mark in front; what hosts, strangers and members are told is never an exercise."""
    before, _ = languages.line(practice.BEFORE, [code], True)
    for entry in catalogues.template(languages.folder()):
        if entry.msgid.partition(".")[0] in (
            "att",
            "hands",
            "dec",
            "price",
            "rain",
            "fund",
            "nursery",
            "pest",
            "error",
        ):
            said, _ = languages.reply(entry.msgid, [code], True, **catalogues.LONGEST)
            assert measure(f"{before} {said}").segments == 1, entry.msgid
