"""Questions and answers, and how a person did before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.recounts.cells import Fact, Figure, Figures, number, total
from tests.recounts.raw import Row
from tests.recounts.world import World

DONT_KNOW = "DK"


@dataclass(frozen=True)
class Question:
    """A step that asks something: of which quiz and wave, and by which name in all of them."""

    quiz: str
    wave: str
    code: str


@dataclass(frozen=True)
class Score:
    """How a member did in a wave of a quiz."""

    member: int
    quiz: str
    wave: str
    percent: float
    is_whole: bool


@dataclass(frozen=True)
class Pair:
    """What a member gained from pre to post."""

    member: int
    quiz: str
    gain: float


def questions(world: World, *, polls: bool = False) -> dict[int, Question]:
    """The questions of the programme by their step."""
    found = {}
    for row in world.raw["step"]:
        campaign = world.campaign_of[row.id]
        if row.kind != "question" or row.removed_at or campaign.programme_id != world.programme.id:
            continue
        said = row.definition.get("question") or {}
        if polls or not said.get("poll"):
            found[row.id] = Question(campaign.code, said.get("wave") or "practice", said.get("code") or row.code)
    return found


def answers(world: World) -> list[Row]:
    """The answers to questions that are no polls."""
    asked = questions(world)
    return [row for row in world.raw["answer"] if row.step_id in asked]


def counting(world: World) -> list[Row]:
    """Of each person, without a name of each phone, the last answer to a question before it closed."""
    last: dict[Any, Row] = {}
    for row in sorted(answers(world), key=lambda row: (row.answered_at, row.id)):
        if not row.late:
            who = ("member", row.member_id) if row.member_id is not None else ("phone", row.phone_id)
            last[row.step_id, row.occurrence, who] = row
    return list(last.values())


def asked_by(world: World) -> list[Row]:
    """The messages of questions that were delivered."""
    asked = questions(world)
    return [row for row in world.sent if row.step_id in asked and world.is_delivered(row)]


def of_question(world: World, step: int) -> dict[str, Any]:
    """Where a question stands."""
    asked = questions(world)[step]
    return {"quiz": asked.quiz, "wave": asked.wave, "question": asked.code}


def of_asking(world: World, row: Row) -> dict[str, Any]:
    """Where the message of a question stands."""
    return {**world.of_message(row), "month": world.month(row.handed_over_at), **of_question(world, row.step_id)}


def responses(world: World, by: Sequence[str]) -> Figures:
    """QUI-RR."""
    answered = {row.message_id for row in answers(world)}
    asked = [(row, Fact(row.phone_id, of_asking(world, row))) for row in asked_by(world)]
    return world.cut(by).share([fact for row, fact in asked if row.id in answered], [fact for _row, fact in asked])


def completed(world: World, by: Sequence[str]) -> Figures:
    """QUI-CR."""
    every: dict[tuple[str, str], set[int]] = defaultdict(set)
    for step, asked in questions(world).items():
        every[asked.quiz, asked.wave].add(step)
    told: dict[int, set[int]] = defaultdict(set)
    for row in counting(world):
        told[row.phone_id].add(row.step_id)
    whole, part = [], []
    for row in asked_by(world):
        where = of_asking(world, row)
        fact = Fact((row.phone_id, where["quiz"], where["wave"]), where)
        whole.append(fact)
        if every[where["quiz"], where["wave"]] <= told[row.phone_id]:
            part.append(fact)
    return world.cut(by).share(part, whole)


def of_answer(world: World, row: Row) -> dict[str, Any]:
    """Where an answer stands: its message's commune and language, its member's sex, its own month."""
    message = _messages(world)[row.message_id]
    member = _members(world).get(row.member_id)
    return {
        **world.of_message(message), "month": world.month(row.answered_at),
        "sex": member.sex if member else "unknown", **of_question(world, row.step_id),
    }  # fmt: skip


def shares(part: Callable[[Row], bool], whole: Callable[[Row], bool], world: World, by: Sequence[str]) -> Figures:
    """QUI-OK, QUI-DK."""
    rows = [row for row in counting(world) if world.within(row.answered_at) and whole(row)]
    facts = [(row, Fact(row.id, of_answer(world, row))) for row in rows]
    return world.cut(by).share([fact for row, fact in facts if part(row)], [fact for _row, fact in facts])


def late(world: World, by: Sequence[str]) -> Figures:
    """QUI-LATE."""
    rows = [row for row in answers(world) if row.late and world.within(row.answered_at)]
    return world.cut(by).count([Fact(row.id, of_answer(world, row)) for row in rows])


def unnamed(world: World, by: Sequence[str]) -> Figures:
    """QUI-NONAME."""
    rows = [row for row in counting(world) if row.member_id is None and world.within(row.answered_at)]
    return world.cut(by).count([Fact(row.id, of_answer(world, row)) for row in rows])


def scores(world: World) -> list[Score]:
    """Of named answers before the end of the period; of a question asked several times the newest."""
    asked = questions(world)
    size: dict[tuple[str, str], int] = defaultdict(int)
    for question in asked.values():
        size[question.quiz, question.wave] += 1
    newest: dict[tuple[int, int], Row] = {}
    for row in sorted(counting(world), key=lambda row: (row.answered_at, row.id)):
        if row.member_id is not None and row.answered_at < world.ends:
            newest[row.member_id, row.step_id] = row
    told: dict[tuple[int, str, str], list[bool]] = defaultdict(list)
    for (member, step), row in newest.items():
        told[member, asked[step].quiz, asked[step].wave].append(bool(row.correct))
    return [
        Score(member, quiz, wave, 100 * sum(right) / size[quiz, wave], len(right) == size[quiz, wave])
        for (member, quiz, wave), right in told.items()
    ]


def pairs(world: World) -> list[Pair]:
    """Those with a score in both waves."""
    by_wave = {(one.member, one.quiz, one.wave): one.percent for one in scores(world)}
    return [
        Pair(member, quiz, by_wave[member, quiz, "post"] - percent)
        for (member, quiz, wave), percent in by_wave.items()
        if wave == "pre" and (member, quiz, "post") in by_wave
    ]


def of_person(world: World, member: int) -> dict[str, Any]:
    """Where a member stands, active or not."""
    row = _members(world)[member]
    return {"area": world.commune(row.village_id), "sex": row.sex}


def gain(world: World, by: Sequence[str]) -> Figures:
    """QUI-GAIN."""
    facts = [Fact(one, {**of_person(world, one.member), "quiz": one.quiz}, one.gain) for one in pairs(world)]
    found = world.cut(by).share(facts, facts, total, number)
    return {
        cell: Figure(one.numerator, one.denominator, one.numerator / one.denominator if one.denominator else None)
        for cell, one in found.items()
    }


def passed(world: World, by: Sequence[str]) -> Figures:
    """QUI-PASS."""
    facts = [
        (one, Fact(one, {**of_person(world, one.member), "quiz": one.quiz, "wave": one.wave}))
        for one in scores(world)
        if one.is_whole
    ]
    return world.cut(by).share([fact for one, fact in facts if one.percent >= 60], [fact for _one, fact in facts])


def _messages(world: World) -> dict[int, Row]:
    return {row.id: row for row in world.own("message")}


def _members(world: World) -> dict[int | None, Row]:
    return {row.id: row for row in world.raw["member"]}


CODES = {
    "QUI-RR": responses,
    "QUI-CR": completed,
    "QUI-OK": partial(shares, lambda row: bool(row.correct), lambda row: row.value != DONT_KNOW),
    "QUI-DK": partial(shares, lambda row: row.value == DONT_KNOW, lambda row: True),
    "QUI-LATE": late,
    "QUI-NONAME": unnamed,
    "QUI-GAIN": gain,
    "QUI-PASS": passed,
}
