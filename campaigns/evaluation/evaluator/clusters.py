"""Counts by club, sex and question, without those that tell of fewer than five persons; pure.

The file of persons gives the total of every question and sex. So a blanked count that stands alone in its question and
sex could be computed back: a second one is blanked with it. Persons without a club are in no row, but known by the
same way: they count as one more club, that nobody sees.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

from campaigns.evaluation.evaluator.anonymity import LEAST

K = TypeVar("K", bound=Hashable)
Question = tuple[str, str, str]  # quiz, wave, code


@dataclass(frozen=True)
class Given:
    """One answer that counts: of whom, in which club (None: in none), to what; nothing more is needed here."""

    club: int | None
    sex: str
    question: Question
    is_known: bool  # not « I do not know »
    is_correct: bool


@dataclass
class Cell:
    """The counts of one club, sex and question; None: blanked."""

    answered: int | None = 0
    correct: int | None = 0
    dont_know: int | None = 0

    @property
    def blanked(self) -> int:
        """How many of them are blanked."""
        return sum(getattr(self, one.name) is None for one in fields(self))


Cells = dict[tuple[int, Question, str], Cell]  # club, question, sex


def count(given: Iterable[Given]) -> Cells:
    """Every club's counts as they may be shown."""
    columns: dict[tuple[Question, str], dict[int | None, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0] * 3))
    for one in given:
        counts = columns[one.question, one.sex][one.club]
        counts[0] += one.is_known
        counts[1] += one.is_known and one.is_correct
        counts[2] += not one.is_known
    return {
        (club, question, sex): cell
        for (question, sex), column in columns.items()
        for club, cell in _shown(column).items()
        if club is not None
    }


def hidden(column: Mapping[K, int], small: Iterable[K], never: Iterable[K] = (), least: int = LEAST) -> set[K]:
    """What is blanked of a column whose total is known: the small counts, and with them as many as hide them.

    One alone, or several that together are under `least`, could be computed back; the smallest others go with them, but
    none of `never`, which nobody sees anyway.
    """
    gone, kept_in = set(small), set(never)
    spare = sorted(
        (key for key in column if key not in gone and key not in kept_in),
        key=lambda key: (column[key] == 0, column[key], str(key)),
    )
    while gone and spare and (len(gone) < 2 or sum(column[key] for key in gone) < least):
        gone.add(spare.pop(0))
    return gone


def _shown(column: Mapping[int | None, list[int]]) -> dict[int | None, Cell]:
    """One question and sex: which of its counts may be seen, club by club."""
    answered, correct, dont_know = ({club: counts[place] for club, counts in column.items()} for place in range(3))
    no_answered = hidden(answered, _small(answered), never=(None,))
    wrong = {club: answered[club] - correct[club] for club in column}
    no_correct = hidden(correct, {*_small(correct), *_small(wrong), *no_answered}, never=(None,))
    no_dont_know = hidden(dont_know, _small(dont_know), never=(None,))
    return {
        club: Cell(
            None if club in no_answered else counts[0],
            None if club in no_correct else counts[1],
            None if club in no_dont_know else counts[2],
        )
        for club, counts in column.items()
    }


def _small(counts: Mapping[K, int]) -> set[K]:
    return {key for key, number in counts.items() if 0 < number < LEAST}
