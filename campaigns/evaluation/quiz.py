"""What came back from quizzes: who answered, what was right, what was not known, and what the same persons gained.

Source: the page on evaluation, sections 2 (QUI) and 3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from campaigns import scores
from campaigns.evaluation import statistics, terms
from campaigns.evaluation.cells import Cells, by_month, distinct, one, shares, sums
from campaigns.evaluation.counting import Ask, Count
from campaigns.models import Answer, Campaign
from campaigns.scores import DONT_KNOW, Standing
from messaging.models import Member, Message
from messaging.models.people import Sex

PASS = 60  # percent
OF_WAVES = ("quiz", "wave")
# an indicator: which number of answers is above, which below
ANSWERS = {
    "QUI-OK": ("correct", "answered"),
    "QUI-DK": ("dont_know", "valid"),
    "QUI-LATE": ("late", None),
    "QUI-NONAME": ("unnamed", None),
}


@by_month
def quiz(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
    """The counts of these codes of the family `quiz`."""
    for found in _counts(ask, codes):
        if found.numerator or found.denominator or not ask.by:
            yield found


def _counts(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
    asked = scores.questions(Campaign.programme_id == ask.programme.id)
    if "QUI-RR" in codes:
        yield from _responses(ask, asked)
    if "QUI-CR" in codes:
        yield from _completed(ask, asked)
    if of_answers := [code for code in ANSWERS if code in codes]:
        yield from _answers(ask, asked, of_answers)
    if "QUI-GAIN" in codes:
        yield from _gains(ask, asked)
    if "QUI-PASS" in codes:
        yield from _passed(ask, asked)


# --- phones


def _delivered(ask: Ask, asked: sa.CTE) -> sa.Select[int]:
    """The messages with a question that were delivered."""
    return (
        sa.select(Message.id)
        .join(asked, asked.c.step_id == Message.step_id)
        .where(*terms.sent(ask.period, ask.programme), terms.delivered(), ask.within(Message.village_id))
    )


def _of_message(asked: sa.CTE) -> dict[str, Any]:
    return {"area": Message.village_id, "language": Message.language} | _of_question(asked)


def _of_question(asked: sa.CTE) -> dict[str, Any]:
    return {name: asked.c[name] for name in ("quiz", "wave", "question")}


def _responses(ask: Ask, asked: sa.CTE) -> Iterator[Count]:
    """Phones that answered, among those that a question was delivered to."""
    rows = _delivered(ask, asked)
    of_it = (  # a message is alone with its step, occurrence and phone, which the answers are indexed by
        Answer.step_id == Message.step_id, Answer.occurrence == Message.occurrence,
        Answer.phone_id == Message.phone_id, Answer.message_id == Message.id,
    )  # fmt: skip
    answered = rows.where(sa.exists().where(*of_it).correlate(Message))
    above, below = (distinct(ask, found, _of_message(asked), Message.phone_id) for found in (answered, rows))
    yield from shares(ask, "QUI-RR", above, below)


def _completed(ask: Ask, asked: sa.CTE) -> Iterator[Count]:
    """Phones that answered everything that a wave of a quiz asks."""
    row = scores.standings(sa.select(asked.c.step_id))
    sizes = sa.select(*_waves(asked), sa.func.count().label("questions")).group_by(*_waves(asked)).cte("size")
    done = (
        sa.select(row.c.phone_id, *_waves(asked))
        .join(asked, asked.c.step_id == row.c.step_id)
        .join(sizes, _same_wave(sizes, asked))
        .where(row.c.standing == Standing.COUNTS.value)
        .group_by(row.c.phone_id, *_waves(asked), sizes.c.questions)
        .having(sa.func.count(row.c.step_id.distinct()) == sizes.c.questions)
        .cte("done")
    )
    rows = _delivered(ask, asked)
    complete = rows.join(done, sa.and_(done.c.phone_id == Message.phone_id, _same_wave(done, asked)))
    apart = replace(ask, by=(*ask.by, *(name for name in OF_WAVES if name not in ask.by)))
    above, below = (
        _together(ask, distinct(apart, found, _of_message(asked), Message.phone_id)) for found in (complete, rows)
    )
    yield from shares(ask, "QUI-CR", above, below)


def _waves(asked: sa.CTE) -> list[Any]:
    return [asked.c[name] for name in OF_WAVES]


def _same_wave(one: sa.CTE, other: sa.CTE) -> sa.ColumnElement[bool]:
    return sa.and_(*(one.c[name] == other.c[name] for name in OF_WAVES))


def _together(ask: Ask, found: Cells) -> Cells:
    """Cells that tell more apart than was asked for, added up: a phone counts once in each wave of a quiz."""
    whole: Counter[tuple[Any, ...]] = Counter()
    for cut, number in found.values.items():
        said = dict(zip(found.names, cut, strict=True))
        whole[tuple(said[name] for name in ask.by)] += int(number)
    return Cells(ask.by, whole)


# --- answers


def _answers(ask: Ask, asked: sa.CTE, codes: Iterable[str]) -> Iterator[Count]:
    """The answers of the period, in one pass; the commune and language are those of the message."""
    row = scores.standings(sa.select(asked.c.step_id))
    counts, known = row.c.standing == Standing.COUNTS.value, row.c.value != DONT_KNOW
    rows = (
        sa.select(row.c.id)
        .join(asked, asked.c.step_id == row.c.step_id)
        .join(Message, Message.id == row.c.message_id)
        .outerjoin(Member, Member.id == row.c.member_id)
        .where(ask.period.holds(row.c.answered_at), ask.within(Message.village_id))
    )
    numbers = sums(
        ask,
        rows,
        {"sex": sa.func.coalesce(Member.sex, Sex.UNKNOWN), **_of_message(asked)},
        valid=one(counts),
        answered=one(counts & known),
        correct=one(counts & row.c.correct.is_(True)),
        dont_know=one(counts & ~known),
        unnamed=one(counts & row.c.member_id.is_(None)),
        late=one(row.c.standing == Standing.LATE.value),
    )
    for code in codes:
        above, below = ANSWERS[code]
        for found in shares(ask, code, numbers[above], numbers[below] if below else None):
            yield _with_interval(found) if code == "QUI-OK" else found


def _with_interval(found: Count) -> Count:
    if not found.denominator:
        return found
    low, high = statistics.wilson(found.numerator, found.denominator)
    return replace(found, more={"low": 100 * low, "high": 100 * high})


# --- persons


def _persons(ask: Ask, rows: sa.Select[Any], member_id: Any) -> sa.Select[Any]:
    return rows.join(Member, Member.id == member_id).where(ask.within(Member.village_id))


def _of_member(row: sa.FromClause) -> dict[str, Any]:
    return {"area": Member.village_id, "sex": Member.sex, "quiz": row.c.quiz, "wave": row.c.wave}


def _gains(ask: Ask, asked: sa.CTE) -> Iterator[Count]:
    """What persons with a score in both waves gained, from sums over them."""
    scored = scores.scored(asked, ask.period.ends)
    pre, post = scored.alias("pre"), scored.alias("post")
    same = sa.and_(post.c.member_id == pre.c.member_id, post.c.quiz == pre.c.quiz)
    rows = sa.select(pre.c.member_id).join(post, same).where(pre.c.wave == "pre", post.c.wave == "post")
    before, after = _percent(pre), _percent(post)
    numbers = sums(
        ask, _persons(ask, rows, pre.c.member_id), _of_member(pre), pairs=sa.literal(1), pre=before, post=after,
        squares=(after - before) * (after - before),
    )  # fmt: skip
    for cut in numbers["pairs"].values:
        yield _gain(cut, {name: float(cells.values[cut]) for name, cells in numbers.items()})


def _gain(cut: tuple[Any, ...], told: Mapping[str, float]) -> Count:
    pairs = int(told["pairs"])
    if not pairs:
        return Count("QUI-GAIN", cut, 0, 0)
    found = statistics.gain(pairs, told["pre"], told["post"], told["squares"])
    said = {"low": found.low, "high": found.high, "s": found.s, "normalised": found.normalised}
    more = {"n": float(pairs), **{name: value for name, value in said.items() if value is not None}}
    return Count("QUI-GAIN", cut, told["post"] - told["pre"], pairs, value=found.mean, more=more)


def _percent(row: sa.FromClause) -> sa.ColumnElement[Any]:
    return 100 * sa.cast(row.c.correct, sa.Float) / row.c.questions


def _passed(ask: Ask, asked: sa.CTE) -> Iterator[Count]:
    """Scores of 60 and more, among those of who answered everything."""
    row = scores.scored(asked, ask.period.ends)
    complete = sa.select(row.c.member_id).where(row.c.answered + row.c.dont_know == row.c.questions)
    numbers = sums(
        ask, _persons(ask, complete, row.c.member_id), _of_member(row), whole=sa.literal(1),
        passed=one(100 * row.c.correct >= PASS * row.c.questions),
    )  # fmt: skip
    yield from shares(ask, "QUI-PASS", numbers["passed"], numbers["whole"])
