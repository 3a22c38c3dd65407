"""Table 4: what was answered, question by question; counts of persons under 5 are empty cells, never 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from campaigns import scores
from campaigns.evaluation import indicators, terms
from campaigns.evaluation.cells import sums
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.indicators import Figure
from campaigns.evaluation.tables.placed import PLACE, Communes
from campaigns.evaluation.tables.table import Cell, Column, Row, Table
from campaigns.models import Campaign
from messaging.models import Message

BY = ("area", "quiz", "wave", "question", "language")
SMALL = "empty: of fewer than 5 persons, or beside such a count"
COLUMNS = (
    *PLACE,
    Column("quiz", "#activity+quiz+code", "Quiz", "Quiz"),
    Column("wave", "#meta+wave", "Vague", "Wave", "pre, mid, post or practice"),
    Column("question", "#indicator+code", "Question", "Question", "the same code in every wave"),
    Column("language", "#meta+lang", "Langue", "Language", "of the message"),
    Column("asked", "#output+asked+num", "Demandées", "Asked", "messages with the question that left in the period"),
    Column("answered", "#output+answered+num", "Répondues", "Answered",
           f"QUI-OK, denominator: without those who do not know; {SMALL}"),
    Column("correct", "#output+correct+num", "Justes", "Right", f"QUI-OK, numerator; {SMALL}"),
    Column("dont_know", "#output+dont_know+num", "Ne sait pas", "Do not know", f"QUI-DK, numerator; {SMALL}"),
    Column("pct_correct", "#indicator+correct+pct", "% justes", "% right", f"QUI-OK; {SMALL}"),
    Column("pct_correct_women", "#indicator+correct+f+pct", "% justes, femmes", "% right, women", SMALL),
    Column("pct_correct_men", "#indicator+correct+m+pct", "% justes, hommes", "% right, men", SMALL),
    Column("unknown_sex", "#output+sex_unknown+num", "Sexe inconnu", "Sex unknown",
           f"of those answered: the phone did not say by whom; {SMALL}"),
)  # fmt: skip
Key = tuple[Any, ...]


def rows(ask: Ask) -> Iterator[Row]:
    """A row for each commune, quiz, wave, question and language in which it was asked or answered."""
    cut, communes = replace(ask, by=BY), Communes(ask)
    asked = {key: int(number) for key, number in _asked(cut).items()}
    right, unknown = _figures(cut, "QUI-OK"), _figures(cut, "QUI-DK")
    by_sex = _figures(replace(cut, by=(*BY, "sex")), "QUI-OK")
    for key in sorted({*asked, *right, *unknown}, key=lambda key: (*map(str, key[1:]), communes.of(key[0]).commune)):
        whole = right.get(key)
        yield (
            *communes.cells(key[0]), *(part or "" for part in key[1:]), asked.get(key, 0),
            _below(whole), _above(whole), _above(unknown.get(key)), _percent(whole),
            *(_percent(by_sex.get((*key, sex))) for sex in ("f", "m")), _below(by_sex.get((*key, "unknown"))),
        )  # fmt: skip


def _asked(ask: Ask) -> dict[Key, float]:
    """The messages with each question that left."""
    asked = scores.questions(Campaign.programme_id == ask.programme.id)
    messages = (
        sa.select(Message.id)
        .join(asked, asked.c.step_id == Message.step_id)
        .where(*terms.sent(ask.period, ask.programme), ask.within(Message.village_id))
    )
    by: dict[str, Any] = {"area": Message.village_id, "language": Message.language}
    by |= {name: asked.c[name] for name in ("quiz", "wave", "question")}
    return dict(sums(ask, messages, by, asked=sa.literal(1))["asked"].values)


def _figures(ask: Ask, code: str) -> dict[Key, Figure]:
    found = indicators.compute(
        ask.session, ask.programme, ask.period, ask.now, by=ask.by, codes=[code], within=ask.within
    )
    return {tuple(one.cut[name] for name in ask.by): one for one in found}


def _above(figure: Figure | None) -> Cell:
    return 0 if figure is None else _whole(figure.numerator)


def _below(figure: Figure | None) -> Cell:
    return 0 if figure is None else _whole(figure.denominator)


def _percent(figure: Figure | None) -> Cell:
    return None if figure is None or figure.value is None else round(figure.value, 1)


def _whole(number: float | None) -> Cell:
    return None if number is None else int(number)


QUIZ = Table(
    "4_quiz_items", "Questions des quiz", "Quiz questions", "one commune, quiz, wave, question and language", COLUMNS,
    rows,
)  # fmt: skip
