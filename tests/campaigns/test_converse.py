"""One pass of the conversation: every reading takes effect, one reply leaves, and a robot is not answered for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaigns.conversation import converse as conversation
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.models import Attendance
from messaging import inbox
from messaging.gateways.protocol import Arrival
from messaging.models import Facilitator, FacilitatorClub, Inbound
from messaging.models.people import ClubKind
from messaging.models.post import InboundState
from tests.campaigns.readers import FULL, Reader, answers, calls_for, inbounds, reader, report, store, waits
from tests.script import Script
from tests.world import World

__all__ = ["reader"]
FANTA, AWA = "+22370000009", "+22370000001"
MOST_QUERIES = 36  # of a pass that reads and answers one report


@pytest.fixture
def script(installation, world: World) -> Script:
    """A facilitator with two clubs, and a member."""
    world.club("1041", ClubKind.LISTENERS_CLUB, FANTA)
    club_id = world.club("1055")
    with world.db.write() as session:
        leader = session.scalars(sa.select(Facilitator.id)).one()
        session.add(FacilitatorClub(facilitator_id=leader, club_id=club_id))
    world.member(AWA)
    return Script(installation, {"fanta": FANTA, "awa": AWA}, world.now)


def reported(world: World) -> list[int]:
    with world.db.read() as session:
        return sorted(session.scalars(sa.select(Attendance.total)))


# --- several reports in one SMS


def test_two_reports_in_one_sms_are_both_stored_and_answered_once(script: Script, world: World, reader: Reader) -> None:
    reader.reads("two", report(), report(club="1055", women=9, men=11), reply="att.ok_many")
    script.play("fanta > two\nfanta < OK 1041 12/03 F12 H8 T20; 1055 12/03 F9 H11 T20\nfanta <")
    assert reported(world) == [20, 20]
    (inbound,) = inbounds(world.db)
    assert (inbound.intent, inbound.status, inbound.replied) == ("attendance", "ok", "att.ok_many")


def test_the_first_report_that_is_not_plain_decides_and_its_question_alone_waits(
    script: Script, world: World, reader: Reader
) -> None:
    half = {"men": None, "total": None}
    reader.reads(
        "three", report(club="1055"), report("pending", "men_missing", **half),
        report("pending", "women_missing", club="1055", women=None, total=None), reply="att.men_missing",
    )  # fmt: skip
    script.play("fanta > three\nfanta < 1041: F12 garde. Et les hommes? Repondez H et le nombre, H0 si aucun.")
    asked = waits(world.db)
    assert asked is not None
    assert (asked.kind, asked.kept["club"]) == ("attendance_partial", "1041")
    (inbound,) = inbounds(world.db)
    assert (inbound.status, inbound.replied) == ("pending", "att.men_missing")


def test_a_question_that_the_reply_does_not_ask_does_not_wait(script: Script, world: World, reader: Reader) -> None:
    reader.reads(
        "both", report("error", "counts_missing", women=None, men=None, total=None),
        report("confirm", "implausible", club="1055"), reply="att.counts_missing",
    )  # fmt: skip
    script.play("fanta > both\nfanta < Il manque les nombres. Ex: PRES 1041 F12 H8 T20")
    assert waits(world.db) is None


def test_a_handler_that_fails_at_the_second_report_leaves_nothing_of_the_first(
    script: Script, world: World, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.reads("two", report(), Reading("visit", "ok", {**FULL, "club": "1055"}), reply="att.ok_many")

    def fails(*_: object) -> Done:
        raise ValueError("secret words")

    with monkeypatch.context() as patch:
        patch.setitem(conversation.HANDLERS, "visit", fails)
        script.write("fanta", "two")
        assert (reported(world), answers(world.db)) == ([], 0)
        (inbound,) = inbounds(world.db)
        assert (inbound.state, inbound.tries, inbound.trouble) == (InboundState.NEW, 1, "ValueError")
    script.now += timedelta(minutes=1)
    script.turn()
    assert (reported(world), answers(world.db)) == ([20, 20], 1)


def test_one_that_fails_among_several_is_the_only_one_that_waits(
    script: Script, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Done:
        raise ValueError

    monkeypatch.setitem(conversation.HANDLERS, "feedback", fails)
    store(script, "fanta", ["PRES 1041 F12 H8"])
    store(script, "awa", ["bonjour"])
    script.turn_of_conversation()
    told, failed = inbounds(world.db)
    assert (told.state, told.replied, told.tries) == (InboundState.HANDLED, "att.ok", 1)
    assert (failed.state, failed.replied, failed.tries) == (InboundState.NEW, None, 1)
    assert (reported(world), answers(world.db)) == ([20], 1)


@pytest.mark.parametrize(
    ("due", "parts"),
    [
        ([], []),
        ([(1, 7), (2, 8), (3, None), (4, None)], [[1, 2, 3, 4]]),
        ([(1, 7), (2, 8), (3, 7), (4, 8), (5, 8)], [[1, 2], [3, 4], [5]]),  # what the first changes the next must find
        ([(n, n) for n in range(40)], [list(range(32)), list(range(32, 40))]),
    ],
    ids=["nothing", "operators", "one phone again", "many"],
)
def test_what_is_handled_together(due: list[tuple[int, int | None]], parts: list[list[int]]) -> None:
    assert list(conversation.groups(due)) == parts


def test_who_changes_what_others_are_asked_about_is_the_last_of_her_group(script: Script, world: World) -> None:
    store(script, "fanta", ["PRES 1041 F12 H8"])
    store(script, "awa", ["STOP"])
    store(script, "fanta", ["AIDE"])
    idents = [inbound.id for inbound in inbounds(world.db)]
    with world.db.write() as session:
        assert conversation.handle_all(session, idents, script.now) == ["attendance", "stop"]
    assert conversation.converse(world.db, script.now) == {"help": 1}
    assert [inbound.replied for inbound in inbounds(world.db)] == ["att.ok", "stop.done", "help.facilitator"]


def test_what_fails_again_and_again_is_shown_to_staff_and_not_answered(
    script: Script, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Done:
        raise ValueError

    monkeypatch.setitem(conversation.HANDLERS, "feedback", fails)
    script.write("awa", "bonjour")
    for _ in range(5):
        script.now += timedelta(minutes=2)
        script.turn()
    (inbound,) = inbounds(world.db)
    assert (inbound.state, inbound.tries, inbound.replied) == (InboundState.FAILED, 3, None)
    assert answers(world.db) == 0


# --- what is not answered


def test_the_same_sms_delivered_twice_is_read_and_answered_once(
    script: Script, world: World, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setitem(conversation.HANDLERS, "feedback", lambda *_: seen.append(1) or DONE)
    script.write("awa", "merci")
    with world.db.write() as session:
        first = session.scalars(sa.select(Inbound)).one()
        copied = {column.key: getattr(first, column.key) for column in Inbound.__table__.columns}
        fresh = {"id": None, "dedupe_key": "again", "state": InboundState.NEW, "handled_at": None, "twin_of": first.id}
        empty = {"intent": None, "status": None, "replied": None, "readings": None, "role": None, "tries": 0}
        session.add(Inbound(**{**copied, **fresh, **empty}))
    script.turn()
    twin = inbounds(world.db)[1]
    assert (twin.state, twin.intent, twin.status, twin.replied) == (InboundState.HANDLED, "noise", "ignored", None)
    assert (seen, answers(world.db)) == ([1], 1)


@pytest.mark.parametrize(
    ("label", "texts", "opt", "replies"),
    [
        ("answered by the provider", ["STOP"], "stop", 0),
        ("answered by us", ["STOP"], None, 1),
        ("by a word that only the provider knows, when the phone is closed already", ["STOP", "FIN"], "stop", 0),
    ],
)
def test_a_stop_that_the_provider_answered_gets_no_second_answer(
    script: Script, world: World, label: str, texts: list[str], opt: str | None, replies: int
) -> None:
    for text in texts:
        knock(script, AWA, text, opt)
    assert answers(world.db) == replies, label


def test_a_sender_with_a_name_is_never_answered(script: Script, world: World) -> None:
    knock(script, "Operateur", "Vous avez recu 500F de credit")
    (inbound,) = inbounds(world.db)
    assert (inbound.intent, inbound.status, inbound.replied) == ("noise", "ignored", None)
    assert answers(world.db) == 0


def knock(script: Script, sender: str, text: str, opt: str | None = None) -> None:
    script.written += 1
    arrival = Arrival(
        dedupe_key=f"k{script.written}", sender=sender, text=text, received_at=script.now, digest="",
        gateway_opt=opt,  # type: ignore[arg-type]
    )  # fmt: skip
    inbox.receive(script.here.db, "simulator", [arrival])
    script.turn()


# --- three refusals an hour


def test_the_third_refusal_says_that_somebody_calls_and_the_fourth_says_nothing(
    script: Script, world: World, reader: Reader
) -> None:
    reader.reads("bad", Reading("quiz_answer", "error", {"quiz": "q"}, "option_unknown"), reply="quiz.none_open")
    script.play("""
        awa > bad
        awa < Pas de quiz en ce moment. Merci.
        awa > bad
        awa < Pas de quiz en ce moment. Merci.
    """)
    assert calls_for(world.db) == []
    script.play("""
        awa > bad
        awa < Message garde. Une personne vous appelle.
        awa > bad
        awa <
        awa > merci
        awa < Merci a vous.
    """)
    assert calls_for(world.db) == ["errors"]
    replied = [inbound.replied for inbound in inbounds(world.db)]
    assert replied == ["quiz.none_open", "quiz.none_open", "error.third", None, "fb.thanks"]
    script.now += timedelta(minutes=61)
    script.play("awa > bad\nawa < Pas de quiz en ce moment. Merci.")


def test_a_third_refusal_asks_nothing_and_the_question_before_goes_on_waiting(
    script: Script, world: World, reader: Reader
) -> None:
    bad = Reading("quiz_answer", "error", {"quiz": "q"}, "option_unknown")
    reader.reads("half", report("pending", "men_missing", men=None, total=None), reply="att.men_missing")
    reader.reads("bad", bad, reply="quiz.none_open")
    reader.reads(
        "which", Reading("visit", "error", {"clubs": ["1041", "1055"], "women": 1, "men": 2}, "club_missing"),
        reply="att.which_club",
    )  # fmt: skip
    for text in ("half", "bad", "bad", "which"):
        script.write("fanta", text)
    assert inbounds(world.db)[3].replied == "error.third"
    asked = waits(world.db)
    assert asked is not None
    assert (asked.kind, asked.kept["women"], asked.kept["intent"]) == ("attendance_partial", 12, "attendance")


# --- the loop guard


def test_after_ten_replies_in_an_hour_only_the_confirmation_of_a_stop_leaves(script: Script, world: World) -> None:
    for _ in range(10):
        script.play("awa > merci\nawa < Merci a vous.")
    assert calls_for(world.db) == []
    script.play("awa > merci\nawa <\nawa > merci\nawa <")
    assert calls_for(world.db) == ["loop"]
    script.play("awa > STOP\nawa < C'est fait. Plus de messages. Pour reprendre: REPRENDRE\nawa > STOP\nawa <")
    script.now += timedelta(minutes=61)
    script.play("awa > merci\nawa < Merci a vous.")


def test_replies_that_wait_count_too(script: Script, world: World) -> None:
    """Twelve SMS stored together are handled in one pass, before any answer has left."""
    store(script, "awa", ["merci"] * 12)
    script.turn_of_conversation()
    assert answers(world.db) == 10


# --- cost


def test_a_report_takes_few_queries(script: Script, world: World, reader: Reader) -> None:
    reader.reads("one", report())
    store(script, "fanta", ["one"])
    counted: list[str] = []
    sa.event.listen(world.db.engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
    script.turn_of_conversation()
    queries = [query for query in counted if not query.startswith(("PRAGMA", "BEGIN"))]
    assert reported(world) == [20]
    assert len(queries) <= MOST_QUERIES, "\n".join(queries)


@pytest.mark.parametrize(
    ("language", "said", "is_doubtful"),
    [
        ("bm", "AIDE", False),
        ("bm", "AIDE ne bɛ siran agent ɲɛ", True),
        ("bm", "LANGUE fr", False),
        ("bm", "MES INFOS ne bɛ siran kosɛbɛ", True),
        ("fr", "AIDE je ne comprends pas bien", False),
    ],
)
def test_words_beside_a_command_are_for_the_officer_first(
    installation, world: World, language: str, said: str, is_doubtful: bool
) -> None:
    """No reviewed list has screened them; what the command asks for is answered all the same."""
    world.member("+22370000001", language)
    script = Script(installation, {"awa": "+22370000001"}, world.now)
    script.write("awa", said)
    with world.db.read() as session:
        assert session.scalars(sa.select(Inbound.maybe_sensitive)).one() is is_doubtful
