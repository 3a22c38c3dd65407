"""What an import says afterwards: counts, problems by line, shared phones; knows no kind of sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from messaging import sheets
from messaging.phones import redact

LONGEST_QUOTE = 60  # letters of a cell that a problem repeats


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: the line of the file (0: the whole file), the French header, a sentence in two languages."""

    line: int
    column: str
    problem: str
    problem_en: str


@dataclass(frozen=True, slots=True)
class SharedPhone:
    """A phone of several: its last two digits, the lines of this file it stands on, and how many others have it."""

    phone: str
    lines: tuple[int, ...]
    others: int


@dataclass(frozen=True)
class Result:
    """What an import did, or in a dry run would do. With any problem nothing is stored and the counts are 0."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    stored: bool = False
    problems: Sequence[Problem] = field(default_factory=tuple)
    shared_phones: Sequence[SharedPhone] = field(default_factory=tuple)
    remarks: Sequence[Problem] = field(default_factory=tuple)  # to look at again; they stop nothing

    def sentence(self) -> tuple[str, str]:
        """What happened, in French and English."""
        if self.problems:
            return (
                f"Rien n'est enregistré : {len(self.problems)} problème(s). Corrigez-les et importez à nouveau.",
                f"Nothing is stored: {len(self.problems)} problem(s). Mend them and import again.",
            )
        fr = f"{self.added} ajouté(s), {self.changed} changé(s), {self.unchanged} sans changement."
        en = f"{self.added} added, {self.changed} changed, {self.unchanged} unchanged."
        if self.stored:
            return fr, en
        return f"Essai, rien n'est enregistré : {fr}", f"Dry run, nothing is stored: {en}"

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, with the two sentences."""
        values = asdict(self)
        values["sentence"], values["sentence_en"] = self.sentence()
        return values


def problem_list(result: Result, form: sheets.Format) -> bytes:
    """The problems as a table to print or to send to whoever typed the sheet."""
    header = ("Ligne", "Colonne", "Problème", "Problem")
    return sheets.write(form, header, [(p.line, p.column, p.problem, p.problem_en) for p in result.problems])


def quote(cell: str) -> str:
    """What a cell says, fit for a sentence: short, and without any phone number."""
    text = redact(cell)
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
