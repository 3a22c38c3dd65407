"""The tables that leave as files, by the names of their files; those of single persons are not among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from campaigns.evaluation.tables.attendance import ATTENDANCE
from campaigns.evaluation.tables.distributions import DISTRIBUTIONS
from campaigns.evaluation.tables.feedback import FEEDBACK, SENSITIVE
from campaigns.evaluation.tables.indicators import INDICATORS
from campaigns.evaluation.tables.message_rows import MESSAGE_ROWS
from campaigns.evaluation.tables.messages import MESSAGES
from campaigns.evaluation.tables.prices import PRICES
from campaigns.evaluation.tables.quiz import QUIZ
from campaigns.evaluation.tables.radio import RADIO
from campaigns.evaluation.tables.reach import REACH
from campaigns.evaluation.tables.table import Table
from messaging.errors import DataError

TABLES: Mapping[str, Table] = {
    one.name: one
    for one in (
        REACH, MESSAGES, ATTENDANCE, QUIZ, FEEDBACK, SENSITIVE, RADIO, DISTRIBUTIONS, PRICES, INDICATORS, MESSAGE_ROWS,
    )
}  # fmt: skip
OF_PURPOSES = ("5_quiz_person_pseudonymised", "11_quiz_clusters_pseudonymised")  # handed over for a purpose alone
ALL = "all"


def find(names: Iterable[str]) -> list[Table]:
    """The tables of these names, with or without their number; `all`: every one.

    Raises:
        DataError: there is no such table, or it is only handed over for the purpose of an evaluator.
    """
    by_name = {**TABLES, **{one.short: one for one in TABLES.values()}}
    found: dict[str, Table] = {}
    for name in names:
        if name in (*OF_PURPOSES, *(one.partition("_")[2] for one in OF_PURPOSES)):
            raise DataError(
                f"« {name} » holds single persons or clubs: it leaves only for the purpose of an evaluator, which a "
                "second account approves. See: jekulu evaluator --help, and the page « Évaluateurs »."
            )
        if name != ALL and name not in by_name:
            raise DataError(f"There is no table « {name} ». There are: {ALL}, {', '.join(TABLES)}.")
        found |= {one.name: one for one in (TABLES.values() if name == ALL else (by_name[name],))}
    return list(found.values())


__all__ = ["ALL", "OF_PURPOSES", "TABLES", "Table", "find"]
