"""One quiz compared between its waves, question by question, and the sentence that goes with every gain.

Source: the page on evaluation, section 3. What fewer than five persons stand behind is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import scores
from campaigns.evaluation import indicators, statistics
from campaigns.evaluation.counting import Within, everywhere
from campaigns.evaluation.indicators import Figure
from campaigns.evaluation.period import Period
from campaigns.evaluation.suppression import LEAST
from campaigns.models import Campaign
from messaging.models import Member, Programme

OF_ANSWERS = ("QUI-OK", "QUI-DK", "QUI-LATE", "QUI-NONAME")


@dataclass(frozen=True)
class Pairs:
    """The persons who answered a question before and after; the four numbers are None where one of them is small.

    `chance` is McNemar's exact probability.
    """

    persons: int | None  # None: fewer than five
    stayed_right: int | None = None
    gained: int | None = None  # wrong or not known, then right
    lost: int | None = None
    stayed_wrong: int | None = None
    chance: float | None = None


@dataclass(frozen=True)
class Item:
    """One question: its figures by wave and indicator, and who answered it in both waves."""

    question: str
    waves: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    pairs: Pairs | None = None

    @property
    def difference(self) -> float | None:
        """The share of right answers after − before, in points: of answers, never a gain of persons; None: not told."""
        pre, post = (self.waves.get(wave, {}).get("QUI-OK") for wave in ("pre", "post"))
        if pre is None or post is None or pre.value is None or post.value is None:
            return None
        return post.value - pre.value


@dataclass(frozen=True)
class Comparison:
    """A quiz with its questions in the order they are asked; without pairs there is no gain."""

    quiz: str
    items: tuple[Item, ...]
    gain: Figure | None

    @property
    def waves(self) -> tuple[str, ...]:
        """The waves it was answered in, in their order."""
        return tuple(wave for wave in scores.WAVES if any(wave in one.waves for one in self.items))


def compare(
    session: Session, programme: Programme, quiz: str, period: Period, now: datetime, *, within: Within = everywhere
) -> Comparison:
    """Compare the waves of one quiz.

    Args:
        session: a reading session.
        programme: whose.
        quiz: the code of the campaign.
        period: answers of these days; scores and pairs count all answers before its end.
        now: the present moment.
        within: the condition on a column of villages, for accounts bound to places.
    """
    ask = {"within": within}
    told = indicators.compute(
        session, programme, period, now, by=("quiz", "wave", "question"), codes=OF_ANSWERS, **ask
    )  # fmt: skip
    waves: dict[str, dict[str, dict[str, Figure]]] = {code: {} for code in _codes(session, programme, quiz)}
    for one in told:
        if one.cut["quiz"] == quiz and one.cut["question"] in waves:
            waves[one.cut["question"]].setdefault(one.cut["wave"], {})[one.code] = one
    pairs = _pairs(session, programme, quiz, period, within)
    gains = indicators.compute(session, programme, period, now, by=("quiz",), codes=("QUI-GAIN",), **ask)
    return Comparison(
        quiz,
        tuple(Item(code, of_it, pairs.get(code)) for code, of_it in waves.items()),
        next((one for one in gains if one.cut["quiz"] == quiz), None),
    )


def _codes(session: Session, programme: Programme, quiz: str) -> list[str]:
    """The questions of a quiz, in the order they are asked."""
    asked = scores.questions(Campaign.programme_id == programme.id, Campaign.code == quiz)
    return list(dict.fromkeys(session.scalars(sa.select(asked.c.question).order_by(asked.c.step_id))))


def _pairs(session: Session, programme: Programme, quiz: str, period: Period, within: Within) -> dict[str, Pairs]:
    """For each question the persons who answered it in both waves, by what they knew."""
    asked = scores.questions(Campaign.programme_id == programme.id, Campaign.code == quiz)
    row = scores.newest(asked, period.ends)
    pre, post = row.alias("pre"), row.alias("post")
    same = sa.and_(post.c.member_id == pre.c.member_id, post.c.question == pre.c.question)
    before, after = (sa.func.coalesce(one.c.correct, sa.false()) for one in (pre, post))
    query = (
        sa.select(pre.c.question, before, after, sa.func.count())
        .join(post, same)
        .join(Member, Member.id == pre.c.member_id)
        .where(pre.c.wave == "pre", post.c.wave == "post", within(Member.village_id))
        .group_by(pre.c.question, before, after)
    )
    found: dict[str, dict[tuple[bool, bool], int]] = {}
    for question, was_right, is_right, number in session.execute(query):
        found.setdefault(question, {})[bool(was_right), bool(is_right)] = number
    return {question: pairs_of(four) for question, four in found.items()}


def pairs_of(four: Mapping[tuple[bool, bool], int]) -> Pairs:
    """The two by two table of (right before, right after), hidden as a whole when one of its numbers is small.

    Its sums stand beside it, so that one hidden number of four could be computed back.
    """
    persons = sum(four.values())
    if persons < LEAST:
        return Pairs(None)
    if any(0 < number < LEAST for number in four.values()):
        return Pairs(persons)
    gained, lost = four.get((False, True), 0), four.get((True, False), 0)
    return Pairs(
        persons, four.get((True, True), 0), gained, lost, four.get((False, False), 0),
        statistics.mcnemar(gained, lost),
    )  # fmt: skip


def sentence(gain: Figure, language: str) -> str:
    """What a gain says, in words; the language is `fr`, else English.

    Args:
        gain: a figure of QUI-GAIN, suppressed or not, of one quiz or of several together.
        language: of the sentence.
    """
    words = WORDS["fr" if language == "fr" else "en"]
    if gain.is_suppressed or gain.value is None:
        return words["few"]
    persons = f"{gain.denominator or 0:.0f}"
    points = round(gain.value)
    among = words["people" if "quiz" in gain.cut else "pairs"].format(n=persons)
    way = words["rose" if points > 0 else "fell" if points < 0 else "same"].format(points=abs(points))
    return f"{among}{way}{_interval(gain, words, points)} {words['once']}"


def _interval(gain: Figure, words: Mapping[str, str], points: int) -> str:
    """Between which values the true one may lie; with signs where they are not all rises."""
    if "low" not in gain.more:
        return "."
    low, high = round(gain.more["low"]), round(gain.more["high"])
    if points > 0 and low >= 0:
        return words["between"].format(low=low, high=high)
    return words["signed"].format(low=_signed(low), high=_signed(high))


def _signed(points: int) -> str:
    return f"+{points}" if points > 0 else str(points).replace("-", "−")


WORDS = {
    "fr": {
        "few": "Moins de 5 personnes ont répondu les deux fois : le gain n'est pas montré.",
        "people": "Parmi les {n} personnes qui ont répondu les deux fois, ",
        "pairs": "Parmi les {n} paires de réponses, chacune d'une personne à un quiz avant et après, ",
        "rose": "la part de bonnes réponses a augmenté de {points} points",
        "fell": "la part de bonnes réponses a baissé de {points} points",
        "same": "la part de bonnes réponses n'a pas changé",
        "between": " ; la vraie valeur peut se trouver entre {low} et {high}.",
        "signed": " ; le vrai changement peut se trouver entre {low} et {high}.",
        "once": "Les personnes qui n'ont répondu qu'une fois ne sont pas dans ce nombre.",
    },
    "en": {
        "few": "Fewer than 5 people answered both times: the gain is not shown.",
        "people": "Among the {n} people who answered both times, ",
        "pairs": "Among the {n} pairs of answers, each of one person to one quiz before and after, ",
        "rose": "the share of right answers rose by {points} points",
        "fell": "the share of right answers fell by {points} points",
        "same": "the share of right answers did not change",
        "between": "; the true value may lie between {low} and {high}.",
        "signed": "; the true change may lie between {low} and {high}.",
        "once": "People who answered only once are not in this number.",
    },
}
