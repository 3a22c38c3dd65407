"""Which answer of a person counts, and what it is worth: the last one before closing; knows no page and no reply.

Late, repeated and changed answers are all kept and told apart. Source: the page on evaluation, section 3, and the
page on incoming SMS, section 7.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Answer, Campaign, Step
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


def standings(steps: Iterable[int] | sa.Select[int]) -> sa.CTE:
    """Every answer to these steps, with its standing: one row an answer, to be joined and grouped.

    Answers are compared within one step and occurrence, by person; without a name by phone.

    Args:
        steps: the ids of question steps, or a query of them.
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
    asked = steps if isinstance(steps, sa.Select) else list(steps)
    return sa.select(*columns).where(Answer.step_id.in_(asked)).cte("standing")


def questions(*which: sa.ColumnElement[bool]) -> sa.CTE:
    """The questions of campaigns: one row a step (step_id, quiz, wave, question); polls and removed steps left out.

    A quiz is a campaign, by its code. A question of several waves is several steps of one code.

    Args:
        which: conditions on `Campaign`.
    """
    asked = Step.definition["question"]
    query = (
        sa.select(
            Step.id.label("step_id"),
            Campaign.code.label("quiz"),
            sa.func.coalesce(asked["wave"].as_string(), "practice").label("wave"),
            sa.func.coalesce(asked["code"].as_string(), Step.code).label("question"),
        )
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(Step.kind == "question", Step.removed_at.is_(None), *which)
        .where(sa.not_(sa.func.coalesce(asked["poll"].as_boolean(), sa.false())))
    )
    return query.cte("question")


def newest(asked: sa.CTE, before: datetime | None = None) -> sa.CTE:
    """The one answer of each person to each question: (member_id, step_id, quiz, wave, question, value, correct).

    Late answers and those of a phone without a name are left out. Of a question asked several times the newest answer
    stands.

    Args:
        asked: the questions, as `questions` gives them.
        before: answers of this moment and later are left out; none: all.
    """
    row = standings(sa.select(asked.c.step_id))
    counted = [row.c.standing == Standing.COUNTS.value, row.c.member_id.is_not(None)]
    if before is not None:
        counted.append(row.c.answered_at < before)
    place = sa.func.row_number().over(
        partition_by=(row.c.member_id, row.c.step_id), order_by=(row.c.answered_at.desc(), row.c.id.desc())
    )
    one = sa.select(row, place.label("place")).where(*counted).cte("placed")
    return (
        sa.select(one.c.member_id, *asked.c, one.c.value, one.c.correct)
        .join(asked, asked.c.step_id == one.c.step_id)
        .where(one.c.place == 1)
        .cte("newest")
    )


def scored(asked: sa.CTE, before: datetime | None = None) -> sa.CTE:
    """How each person did in each wave of each quiz: (member_id, quiz, wave, questions, answered, correct, dont_know).

    Only those with one answer at least that counts; the arguments are those of `newest`.
    """
    one = newest(asked, before)
    sizes = (
        sa.select(asked.c.quiz, asked.c.wave, sa.func.count().label("questions"))
        .group_by(asked.c.quiz, asked.c.wave)
        .cte("size")
    )
    known = one.c.value != DONT_KNOW
    return (
        sa.select(
            one.c.member_id, one.c.quiz, one.c.wave, sizes.c.questions, _sum(known).label("answered"),
            _sum(one.c.correct.is_(True)).label("correct"), _sum(~known).label("dont_know"),
        )
        .join(sizes, sa.and_(sizes.c.quiz == one.c.quiz, sizes.c.wave == one.c.wave))
        .group_by(one.c.member_id, one.c.quiz, one.c.wave, sizes.c.questions)
        .cte("scored")
    )  # fmt: skip


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
    """How each person did in each wave of a campaign, as `scored` counts it."""
    row = scored(questions(Campaign.id == campaign_id))
    query = sa.select(
        row.c.member_id, row.c.wave, row.c.questions, row.c.answered, row.c.correct, row.c.dont_know
    ).order_by(row.c.member_id, row.c.wave)
    return [Score(*found) for found in session.execute(query)]


def _sum(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((which, 1), else_=0)), 0)
