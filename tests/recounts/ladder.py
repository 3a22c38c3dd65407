"""The ladder of members: each step among those of the step before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tests.recounts import quiz
from tests.recounts.cells import Fact, Figures
from tests.recounts.raw import Row
from tests.recounts.world import World


def steps(world: World) -> list[set[int]]:
    """The members on each of the first six steps."""
    enrolled = set(world.members)
    consented = {member for member in enrolled if agrees(world, member)}
    got = {row.phone_id for row in world.content}
    arrived = {row.phone_id for row in world.content if world.is_delivered(row)}
    sent = {member for member in consented if world.phones_of.get(member, set()) & got}
    delivered = {member for member in sent if world.phones_of[member] & arrived}
    own = set(quiz.questions(world, polls=True))
    wrote = {row.phone_id for row in world.raw["answer"] if row.step_id in own and world.within(row.answered_at)}
    answered = {member for member in delivered if world.phones_of[member] & wrote}
    return [enrolled, consented, sent, delivered, answered, answered & learned(world)]


def agrees(world: World, member: int) -> bool:
    """Whether the latest consent to messages is granted and not withdrawn."""
    said: list[Row] = [
        row
        for row in world.raw["consent"]
        if row.member_id == member and row.purpose == "messages" and row.given_at < world.ends
    ]
    last = max(said, key=lambda row: (row.given_at, row.id), default=None)
    return last is not None and bool(last.granted) and (last.withdrawn_at is None or last.withdrawn_at >= world.ends)


def learned(world: World) -> set[int]:
    """Those whose score rose in a quiz, or who know an answer after it."""
    rose = {pair.member for pair in quiz.pairs(world) if pair.gain > 0}
    knows = {
        row.member_id
        for row in quiz.counting(world)
        if row.member_id is not None
        and row.correct
        and row.answered_at < world.ends
        and quiz.questions(world)[row.step_id].wave == "post"
    }
    return rose | knows


def step(place: int, world: World, by: Sequence[str]) -> Figures:
    """LAD-1 to LAD-6."""
    of_it = steps(world)
    facts = [[Fact(member, world.of_member(member)) for member in members] for members in of_it]
    return world.cut(by).share(facts[place], facts[place - 1]) if place else world.cut(by).count(facts[0])


def acted(world: World, by: Sequence[str]) -> Figures:
    """LAD-7."""
    clubs = {row.club_id for row in world.own("decision") if row.kept == "yes" and world.within(row.kept_at)}
    theirs = {row.member_id for row in world.raw["club_member"] if row.club_id in clubs} & set(world.members)
    everybody = [Fact(member, world.of_member(member)) for member in world.members]
    return world.cut(by).share([Fact(member, world.of_member(member)) for member in theirs], everybody)


CODES = {**{f"LAD-{place + 1}": partial(step, place) for place in range(6)}, "LAD-7": acted}
