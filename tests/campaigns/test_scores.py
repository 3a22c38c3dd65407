"""Which answer counts: late, repeated and changed ones told apart, shared phones, waves and scores."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from campaigns import scores
from campaigns.definitions import Definition
from campaigns.models import Answer, Step
from campaigns.scores import Score, Standing
from messaging.models import Member, MemberPhone, Message
from messaging.models.people import Ownership
from tests.script import Script
from tests.world import World

AWA, BINTA, SHARED = "+22370000001", "+22370000002", "+22370000003"
NUMBERS = {"awa": AWA, "binta": BINTA, "shared": SHARED}
ASKED = "Sans savon, que prendre? 1 la cendre 2 rien"
OPTIONS = {"1": "la cendre", "2": "rien"}


def question(code: str, day: str, **block: Any) -> dict[str, Any]:
    """One question of the quiz: the first option is right unless the block says otherwise."""
    is_poll = block.get("poll", False)
    text = {"sms": ASKED, "read_aloud": "Sans savon, que prendre ?", "options": OPTIONS, "right": "Oui: la cendre."}
    return {
        "step": code, "kind": "question", "when": {"date": day}, "hour": "17:30", "facts": ["HY3"],
        "facts_checked": "2026-03-01",
        "question": {"type": "single", "closes": "1d", **({} if is_poll else {"correct": [1]}), **block},
        "texts": {"fr": text if is_poll else {**text, "wrong": "Non: prenez la cendre."}},
    }  # fmt: skip


def quiz(*steps: dict[str, Any]) -> Definition:
    head = {"campaign": "hygiene-essai", "title": {"fr": "Mains"}, "topic": "hygiene", "pillar": "social"}
    return Definition.model_validate({**head, "steps": list(steps)})


@pytest.fixture
def script(installation: Any, world: World) -> Script:
    """Two members with a phone each, and two who share a third."""
    world.member(AWA)
    world.member(BINTA)
    for name in ("Fanta", "Moussa"):
        member = world.member(SHARED) if name == "Fanta" else world.member()
        with world.db.write() as session:
            session.get_one(Member, member).first_name = name
            if name == "Moussa":
                phone = world.phones[SHARED]
                session.add(MemberPhone(member_id=member, phone_id=phone, ownership=Ownership.HOUSEHOLD))
    return Script(installation, NUMBERS, world.now)


def say(script: Script, *lines: tuple[str, str]) -> None:
    for who, text in lines:
        script.write(who, text)


def steps(session: sa.orm.Session) -> dict[str, int]:
    return dict(session.execute(sa.select(Step.code, Step.id)).all())


def standing(world: World) -> list[tuple[str, str]]:
    """Every answer, oldest first, with its standing."""
    with world.db.read() as session:
        row = scores.standings(steps(session).values())
        return [tuple(one) for one in session.execute(sa.select(row.c.value, row.c.standing).order_by(row.c.id))]


def test_the_last_answer_before_closing_counts_and_all_are_kept(script: Script, world: World) -> None:
    world.campaign(quiz(question("mains", "2026-03-12")))
    script.play("@ 2026-03-12 17:30")
    say(script, ("awa", "2"), ("awa", "2"), ("awa", "1"), ("awa", "7"), ("binta", "jsp"))
    script.play("@ 2026-03-14 09:00")
    say(script, ("awa", "2"), ("binta", "1"))
    assert standing(world) == [
        ("2", Standing.REPEATED), ("2", Standing.CHANGED), ("1", Standing.COUNTS), ("DK", Standing.COUNTS),
        ("2", Standing.LATE), ("1", Standing.LATE),
    ]  # fmt: skip
    with world.db.read() as session:
        ident = steps(session)["mains"]
        assert scores.tallies(session, [ident]) == [
            scores.Tally(ident, (), answered=1, correct=1, dont_know=1, unnamed=0, late=2, repeated=1, changed=1)
        ]


def test_on_a_shared_phone_each_name_counts_and_no_name_counts_for_the_phone(script: Script, world: World) -> None:
    campaign = world.campaign(quiz(question("mains", "2026-03-12")))
    script.play("@ 2026-03-12 17:30")
    say(script, ("shared", "2"), ("shared", "Fanta 1"), ("shared", "Moussa 2"), ("shared", "Fanta: 2"), ("shared", "1"))
    fanta, moussa = world.members[2:]
    with world.db.read() as session:
        found = session.execute(sa.select(Answer.value, Answer.member_id).order_by(Answer.id))
        assert [tuple(row) for row in found] == [("2", None), ("1", fanta), ("2", moussa), ("2", fanta), ("1", None)]
        (tally,) = scores.tallies(session, steps(session).values())
        assert (tally.answered, tally.unnamed, tally.changed) == (3, 1, 2)
        assert scores.scores(session, campaign) == [
            Score(fanta, "practice", questions=1, answered=1, correct=0, dont_know=0),
            Score(moussa, "practice", questions=1, answered=1, correct=0, dont_know=0),
        ]


def test_two_of_one_name_are_told_apart_by_nobody(script: Script, world: World) -> None:
    with world.db.write() as session:
        session.get_one(Member, world.members[3]).first_name = "Fanta"
    world.campaign(quiz(question("mains", "2026-03-12")))
    script.play("@ 2026-03-12 17:30")
    say(script, ("shared", "Fanta 1"))
    with world.db.read() as session:
        assert session.scalars(sa.select(Answer.member_id)).all() == [None]


def test_waves_are_scored_apart_and_polls_left_out(script: Script, world: World) -> None:
    campaign = world.campaign(
        quiz(
            question("avant-1", "2026-03-12", wave="pre"),
            question("avant-2", "2026-03-13", wave="pre"),
            question("avis", "2026-03-14", wave="pre", poll=True),
            question("apres", "2026-03-15", wave="post"),
        )
    )
    days = {
        "2026-03-12": [("awa", "1"), ("binta", "1")], "2026-03-13": [("awa", "jsp")],
        "2026-03-14": [("awa", "2"), ("binta", "1")], "2026-03-15": [("awa", "2"), ("awa", "1")],
    }  # fmt: skip
    for day, lines in days.items():
        script.play(f"@ {day} 17:30")
        say(script, *lines)
    awa, binta = world.members[:2]
    with world.db.read() as session:
        found = scores.scores(session, campaign)
        polls = {tally.step_id: tally for tally in scores.tallies(session, steps(session).values())}
        poll = polls[steps(session)["avis"]]
    assert found == [
        Score(awa, "post", questions=1, answered=1, correct=1, dont_know=0),
        Score(awa, "pre", questions=2, answered=1, correct=1, dont_know=1),
        Score(binta, "pre", questions=2, answered=1, correct=1, dont_know=0),
    ]
    assert [round(score.percent) for score in found] == [100, 50, 50]
    assert (poll.answered, poll.correct) == (2, 0)


def test_of_a_question_that_comes_again_each_time_counts_and_the_newest_is_scored(script: Script, world: World) -> None:
    daily = {**question("mains", "2026-03-12"), "when": {"weekly": ["thu", "fri"]}}
    campaign = world.campaign(quiz(daily))
    script.play("@ 2026-03-12 17:30")
    say(script, ("awa", "1"))
    script.play("@ 2026-03-13 17:30")
    say(script, ("awa", "2"))
    assert standing(world) == [("1", Standing.COUNTS), ("2", Standing.COUNTS)]
    with world.db.read() as session:
        assert scores.scores(session, campaign) == [
            Score(world.members[0], "practice", questions=1, answered=1, correct=0, dont_know=0)
        ]


def test_answers_are_counted_by_any_column_of_the_message(script: Script, world: World) -> None:
    world.campaign(quiz(question("mains", "2026-03-12")))
    script.play("@ 2026-03-12 17:30")
    say(script, ("awa", "1"), ("binta", "2"))
    with world.db.read() as session:
        (tally,) = scores.tallies(session, steps(session).values(), Message.language, Message.village_id)
        assert tally.group == ("fr", world.village_id) and (tally.answered, tally.correct) == (2, 1)
        assert scores.tallies(session, []) == []


def test_the_cost_does_not_grow_with_the_answers(script: Script, world: World) -> None:
    campaign = world.campaign(quiz(question("mains", "2026-03-12")))
    script.play("@ 2026-03-12 17:30")
    asked: list[str] = []
    sa.event.listen(world.db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    counts = []
    for _ in range(2):
        say(script, ("awa", "1"), ("binta", "2"))
        asked.clear()
        with world.db.read() as session:
            scores.scores(session, campaign)
        counts.append(len(asked))
    assert counts[0] == counts[1]
