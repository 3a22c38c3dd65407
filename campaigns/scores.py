"""Which answer of a person counts, and what it is worth: the last one before closing; knows no page and no reply.

Late, repeated and changed answers are all kept and told apart. Source: the page on evaluation, section 3, and the
page on incoming SMS, section 7.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Answer, Step
from messaging.models import Message

DONT_KNOW = "DK"
WAVES = ("pre", "mid", "post", "practice")


class Standing(enum.StrEnum):
    """What an answer is beside the others that the same person gave to the same question."""

    COUNTS = "counts"  # the last one before closing
    REPEATED = "repeated"  # the same came again
    CHANGED = "changed"  # another one came
    LATE = "late"


@dataclass(frozen=True)
class Tally:
    """The answers to one question, in one group when groups were asked for."""

    step_id: int
    group: tuple[Any, ...]
    answered: int  # answers that count, without "I do not know"
    correct: int  # of these; a poll has none
    dont_know: int
    unnamed: int  # of those answered or not known: from a phone, nobody knows by whom
    late: int
    repeated: int
    changed: int


@dataclass(frozen=True)
class Score:
    """How a person did in a wave of one campaign."""

    member_id: int
    wave: str
    questions: int  # of the wave, polls left out
    answered: int
    correct: int
    dont_know: int

    @property
    def percent(self) -> float:
        """100 × correct ÷ questions of the wave; what was not known or not answered is not correct."""
        return 100 * self.correct / self.questions


def standings(steps: Iterable[int]) -> sa.CTE:
    """Every answer to these steps, with its standing: one row an answer, to be joined and grouped.

    Answers are compared within one step and occurrence, by person; without a name by phone.
    """
    phone = sa.case((Answer.member_id.is_(None), Answer.phone_id))
    same: dict[str, Any] = {"partition_by": (Answer.step_id, Answer.occurrence, Answer.member_id, phone, Answer.late)}
    then = sa.func.lead(Answer.value).over(**same, order_by=(Answer.answered_at, Answer.id))
    standing = sa.case(
        (Answer.late, Standing.LATE.value),
        (then.is_(None), Standing.COUNTS.value),
        (then == Answer.value, Standing.REPEATED.value),
        else_=Standing.CHANGED.value,
    )
    columns = (
        Answer.id, Answer.step_id, Answer.occurrence, Answer.message_id, Answer.phone_id, Answer.member_id,
        Answer.value, Answer.correct, Answer.answered_at, standing.label("standing"),
    )  # fmt: skip
    return sa.select(*columns).where(Answer.step_id.in_(list(steps))).cte("standing")


def tallies(session: Session, steps: Iterable[int], *groups: sa.ColumnElement[Any] | Any) -> list[Tally]:
    """Count the answers to each of these steps, and within it by columns of `Message` such as its language.

    Questions without any answer are left out.
    """
    row = standings(steps)
    counts, known = row.c.standing == Standing.COUNTS.value, row.c.value != DONT_KNOW
    query = (
        sa.select(
            row.c.step_id, *groups, _sum(counts & known), _sum(counts & row.c.correct.is_(True)),
            _sum(counts & ~known), _sum(counts & row.c.member_id.is_(None)),
            *(_sum(row.c.standing == one.value) for one in (Standing.LATE, Standing.REPEATED, Standing.CHANGED)),
        )
        .join(Message, Message.id == row.c.message_id)
        .group_by(row.c.step_id, *groups)
        .order_by(row.c.step_id, *groups)
    )  # fmt: skip
    size = 1 + len(groups)
    return [Tally(found[0], tuple(found[1:size]), *found[size:]) for found in session.execute(query)]


def scores(session: Session, campaign_id: int) -> list[Score]:
    """How each person did in each wave of a campaign, for those with one answer at least that counts.

    Late answers and those of a phone without a name are left out. Of a question asked several times the newest
    answer stands.
    """
    waves = waves_of(session, campaign_id)
    if not waves:
        return []
    row = standings(waves)
    counted = (row.c.standing == Standing.COUNTS.value) & row.c.member_id.is_not(None)
    newest = sa.func.row_number().over(
        partition_by=(row.c.member_id, row.c.step_id), order_by=(row.c.answered_at.desc(), row.c.id.desc())
    )
    one = sa.select(row, newest.label("newest")).where(counted).cte("newest")
    wave = sa.case(waves, value=one.c.step_id).label("wave")
    known = one.c.value != DONT_KNOW
    query = (
        sa.select(one.c.member_id, wave, _sum(known), _sum(one.c.correct.is_(True)), _sum(~known))
        .where(one.c.newest == 1)
        .group_by(one.c.member_id, wave)
        .order_by(one.c.member_id, wave)
    )
    questions = {name: sum(one == name for one in waves.values()) for name in WAVES}
    return [
        Score(member, name, questions[name], answered, correct, unknown)
        for member, name, answered, correct, unknown in session.execute(query)
    ]


def waves_of(session: Session, campaign_id: int) -> Mapping[int, str]:
    """The wave of each question of a campaign; polls, which nobody answers right or wrong, are left out."""
    query = sa.select(Step.id, Step.definition).where(
        Step.campaign_id == campaign_id, Step.kind == "question", Step.removed_at.is_(None)
    )
    asked = {step: definition.get("question") or {} for step, definition in session.execute(query)}
    return {step: question.get("wave", "practice") for step, question in asked.items() if not question.get("poll")}


def _sum(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((which, 1), else_=0)), 0)
