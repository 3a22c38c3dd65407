"""Behind figures of quizzes: answers, phones that were asked, and scores; never whose they are.

Source: the page on evaluation, sections 2 (QUI) and 3.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from campaigns import scores
from campaigns.evaluation import terms
from campaigns.evaluation.behind.columns import Cuts, Query, one
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.quiz import PASS
from campaigns.models import Answer, Campaign
from campaigns.scores import DONT_KNOW, Standing
from messaging.models import Member, Message
from messaging.models.people import Sex


def answers(ask: Ask, code: str, _cuts: Cuts) -> Query:
    """The answers of the period that the indicator may count."""
    asked = scores.questions(Campaign.programme_id == ask.programme.id)
    row = scores.standings(sa.select(asked.c.step_id))
    counts, known = row.c.standing == Standing.COUNTS.value, row.c.value != DONT_KNOW
    counted, which = {
        "QUI-OK": (row.c.correct.is_(True), sa.and_(counts, known)),
        "QUI-DK": (sa.not_(known), counts),
        "QUI-NONAME": (row.c.member_id.is_(None), sa.and_(counts, row.c.member_id.is_(None))),
        "QUI-LATE": (sa.true(), row.c.standing == Standing.LATE.value),
    }[code]
    return (
        sa.select(
            row.c.id.label("key"), Message.village_id.label("village_id"), one(counted), row.c.answered_at.label("at"),
            row.c.value, row.c.correct, Message.language,
            sa.func.coalesce(Member.sex, Sex.UNKNOWN).label("sex"),
            asked.c.quiz, asked.c.wave, asked.c.question,
        )
        .join(asked, asked.c.step_id == row.c.step_id)
        .join(Message, Message.id == row.c.message_id)
        .outerjoin(Member, Member.id == row.c.member_id)
        .where(ask.period.holds(row.c.answered_at), ask.within(Message.village_id), which)
    )  # fmt: skip


def phones(ask: Ask, code: str, cuts: Cuts) -> Query:
    """The phones that a question of one wave of a quiz was delivered to, and whether they answered it, or all of it."""
    asked = _wave(ask, cuts)
    answered = sa.exists().where(
        Answer.step_id == Message.step_id, Answer.occurrence == Message.occurrence,
        Answer.phone_id == Message.phone_id, Answer.message_id == Message.id,
    ).correlate(Message)  # fmt: skip
    row = scores.standings(sa.select(asked.c.step_id))
    done = (
        sa.select(row.c.phone_id)
        .where(row.c.standing == Standing.COUNTS.value)
        .group_by(row.c.phone_id)
        .having(
            sa.func.count(row.c.step_id.distinct()) == sa.select(sa.func.count()).select_from(asked).scalar_subquery()
        )
    )
    which = answered if code == "QUI-RR" else Message.phone_id.in_(done)
    language = sa.literal(cuts["language"]) if "language" in cuts else sa.func.min(Message.language)
    query = (
        sa.select(
            Message.phone_id.label("key"), sa.func.min(Message.village_id).label("village_id"),
            sa.func.max(one(which)).label("counted"), language.label("language"), *_literally(cuts),
        )
        .join(asked, asked.c.step_id == Message.step_id)
        .where(*terms.sent(ask.period, ask.programme), terms.delivered(), ask.within(Message.village_id))
        .group_by(Message.phone_id)
    )  # fmt: skip
    return query.where(Message.language == cuts["language"]) if "language" in cuts else query


def passed(ask: Ask, _code: str, cuts: Cuts) -> Query:
    """The scores of who answered everything in one wave of a quiz."""
    row = scores.scored(_wave(ask, cuts), ask.period.ends)
    query = _of_members(ask, row, one(100 * row.c.correct >= PASS * row.c.questions), _percent(row), cuts)
    return query.where(row.c.answered + row.c.dont_know == row.c.questions)


def gains(ask: Ask, _code: str, cuts: Cuts) -> Query:
    """The scores before and after of who has both, and the points between them."""
    scored = scores.scored(_quiz(ask, cuts), ask.period.ends)
    pre, post = scored.alias("pre"), scored.alias("post")
    gain = _percent(post) - _percent(pre)
    query = _of_members(ask, pre, gain.label("counted"), _percent(post), cuts).add_columns(
        _percent(pre).label("before")
    )
    same = sa.and_(post.c.member_id == pre.c.member_id, post.c.quiz == pre.c.quiz)
    return query.join(post, same).where(pre.c.wave == "pre", post.c.wave == "post")


def _of_members(ask: Ask, row: sa.FromClause, counted: Any, percent: Any, cuts: Cuts) -> Query:
    return (
        sa.select(
            row.c.member_id.label("key"), Member.village_id.label("village_id"), counted, percent.label("score"),
            Member.sex, *_literally(cuts),
        )
        .join_from(row, Member, Member.id == row.c.member_id)
        .where(ask.within(Member.village_id))
    )  # fmt: skip


def _percent(row: sa.FromClause) -> sa.ColumnElement[Any]:
    return 100 * sa.cast(row.c.correct, sa.Float) / row.c.questions


def _quiz(ask: Ask, cuts: Cuts) -> sa.CTE:
    return scores.questions(Campaign.programme_id == ask.programme.id, Campaign.code == cuts["quiz"])


def _wave(ask: Ask, cuts: Cuts) -> sa.CTE:
    """The questions of one wave of a quiz: a person or phone is there once."""
    whole = _quiz(ask, cuts)
    return sa.select(whole).where(whole.c.wave == cuts["wave"]).cte("wave")


def _literally(cuts: Cuts) -> list[sa.ColumnElement[Any]]:
    return [sa.literal(cuts[name]).label(name) for name in ("quiz", "wave") if name in cuts]
