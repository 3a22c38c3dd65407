"""Targets, and what surveys found: one line a figure, of the whole programme or of a commune, of both sexes or of one.

What a survey measures never comes from SMS, and what a quiz asks is no survey: the two never share a code.
"""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from campaigns.evaluation.definitions import DEFINITIONS, PERCENT, Definition
from campaigns.evaluation.intake.numbers import COMMUNE, number, written
from campaigns.evaluation.surveys import SURVEYS, Survey
from campaigns.models import Measure, MeasureKind
from messaging import fold
from messaging.imports.columns import CellError, Column, choice, day, text, words
from messaging.imports.intake import Intake, Line
from messaging.imports.numbers import row_values
from messaging.imports.result import SharedPhone, quote
from messaging.imports.rows import Rows, Values
from messaging.models.people import Sex

MEASURE: sa.Table = Measure.__table__  # type: ignore[assignment]
NEAR = 0.051  # of a value that was rounded to one decimal
KIND = choice(
    (MeasureKind.TARGET, "cible|target"), (MeasureKind.BASELINE, "référence|baseline|enquête initiale|étude de base"),
    (MeasureKind.MIDLINE, "mi-parcours|midline"), (MeasureKind.ENDLINE, "fin|endline|enquête finale"),
)  # fmt: skip
SEX = choice(
    (Sex.F, "femme|woman|femmes|women|female|féminin"), (Sex.M, "homme|man|hommes|men|male|masculin"),
    (Sex.UNKNOWN, "les deux|both|tous|all|ensemble|total|inconnu"),
)  # fmt: skip
OF_KEY = ("indicator", "kind", "place_id", "sex", "day")


def indicator(cell: str) -> str:
    """Read the code of an indicator, in whatever case."""
    known = {fold.plain(code): code for code in (*DEFINITIONS, *SURVEYS)}
    if fold.plain(cell) not in known:
        raise CellError(
            f"Aucun indicateur n'a le code « {quote(cell)} ». Ceux des enquêtes : {', '.join(SURVEYS)}.",
            f"No indicator has the code « {quote(cell)} ». Those of surveys: {', '.join(SURVEYS)}.",
        )
    return known[fold.plain(cell)]


COLUMNS = (
    Column("indicator", "Indicateur", "Indicator", indicator, "MDD-W", needed=True),
    Column("kind", "Genre", "Kind", KIND, "référence", needed=True),
    Column("place_id", "Code de la commune", "Commune code", text(80), refers=COMMUNE),
    Column("sex", "Sexe", "Sex", SEX, "femme"),
    Column("numerator", "Numérateur", "Numerator", number, "129"),
    Column("denominator", "Dénominateur", "Denominator", number, "300"),
    Column("value", "Valeur", "Value", number, "43"),
    Column("day", "Date", "Date", day, "2026-02-15"),
    Column("source", "Source", "Source", words(120), "enquête de ménages"),
)


class Measures:
    """The figures of one file."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        own = sa.select(*MEASURE.c).where(MEASURE.c.programme_id == intake.programme.id)
        known = [row_values(row) for row in intake.session.execute(own)]
        self.rows = Rows(MEASURE, {tuple(row[name] for name in OF_KEY): row for row in known})
        for line in intake.lines:
            self._take(line)

    def store(self, now: datetime) -> None:
        """Write what is new or changed."""
        self.rows.store(self.intake.session)

    def shared_phones(self) -> list[SharedPhone]:
        """None: these lines have no phones."""
        return []

    def _take(self, line: Line) -> None:
        self.intake.need(line)
        said = _of(line)
        if said is not None and line.has("kind"):
            self._check_cut(line, said)
            self._check_origin(line, said)
        value = self._value(line, said) if said is not None else None
        if value is None or line.bad:
            return
        values: Values = {
            **{name: line.get(name) for name in ("indicator", "kind", "place_id", "day", "numerator", "denominator")},
            "sex": line.get("sex", Sex.UNKNOWN), "source": line.get("source", ""), "value": value,
            "programme_id": self.intake.programme.id,
        }  # fmt: skip
        key = tuple(values[name] for name in OF_KEY)
        if self.intake.once(line, "indicator", key):
            self.rows.want(key, values)

    def _check_cut(self, line: Line, said: Definition | Survey) -> None:
        """A target or a baseline stands beside a figure that is counted in the same cut."""
        sex = line.get("sex", Sex.UNKNOWN)
        if isinstance(said, Survey):
            if said.sex and sex not in (Sex.UNKNOWN, said.sex):
                self._problem(
                    line, "sex", "Cette enquête interroge les femmes seules.", "This survey asks women alone."
                )
            return
        if line.has("place_id") and "area" not in said.by:
            self._problem(line, "place_id", "Cet indicateur n'est pas compté par commune. Videz cette case.",
                          "This indicator is not counted by commune. Empty this cell.")  # fmt: skip
        if sex is not Sex.UNKNOWN and "sex" not in said.by:
            self._problem(line, "sex", "Cet indicateur n'est pas compté par sexe. Videz cette case.",
                          "This indicator is not counted by sex. Empty this cell.")  # fmt: skip

    def _check_origin(self, line: Line, said: Definition | Survey) -> None:
        if line.get("kind") is MeasureKind.TARGET:
            return
        if isinstance(said, Definition) and said.family == "quiz":
            self._problem(line, "kind", "Un quiz mesure ce qu'on sait. Ce qu'une enquête trouve a son propre code.",
                          "A quiz measures knowledge. What a survey finds has a code of its own.")  # fmt: skip
        if "sms" in fold.plain(line.get("source", "")).split():
            self._problem(line, "source", "Une enquête ne se fait pas par SMS. Donnez cette série comme un quiz.",
                          "A survey is never made by SMS. Give this series as a quiz.")  # fmt: skip
        self.intake.need(line, ("day", "source"))
        if line.get("day", date.min) > self.intake.today:
            self._problem(line, "day", "Cette date est dans le futur.", "This date lies in the future.")

    def _value(self, line: Line, said: Definition | Survey) -> float | None:
        """The value: as it is written, else worked out of the two numbers; None when there is none."""
        above, below = line.get("numerator"), line.get("denominator")
        if line.bad & {"numerator", "denominator", "value"}:
            return None
        if above is None or below is None:
            if line.has("value") and said.is_share and line.get("value") > 100:
                self._problem(line, "value", f"{said.code} est en {PERCENT} : 100 au plus.",
                              f"{said.code} is in {PERCENT}: 100 at most.")  # fmt: skip
            if said.is_share and 0 < line.get("value", 0) < 1:  # a spreadsheet shows 0,43 as 43 %
                part, whole = (f"{round(times * line.get('value'), 4):g}" for times in (1, 100))
                fr = "{0} % : moins de 1 %. Pour {1} %, écrivez {1}.".format(
                    *(one.replace(".", ",") for one in (part, whole))
                )
                self.intake.remark(line, "value", fr, f"{part} %: less than 1 %. For {whole} % write {whole}.")
            self.intake.need(line, ["value"])
            return line.get("value")  # type: ignore[no-any-return]
        if not below or (said.is_share and above > below):
            self._problem(line, "denominator", "Le dénominateur est plus petit que le numérateur, ou nul.",
                          "The denominator is smaller than the numerator, or zero.")  # fmt: skip
            return None
        worked_out: float = (100 if said.is_share else 1) * above / below
        value: float = line.get("value", worked_out)
        if abs(value - worked_out) > NEAR:
            right = written(worked_out)
            self._problem(line, "value", f"{written(above)} sur {written(below)} font {right}, pas {written(value)}.",
                          f"{above:g} of {below:g} makes {right}, not {value:g}.")  # fmt: skip
        return value

    def _problem(self, line: Line, key: str, fr: str, en: str) -> None:
        self.intake.problem(line, key, fr, en)


def _of(line: Line) -> Definition | Survey | None:
    code = line.get("indicator")
    return None if code is None else DEFINITIONS.get(code) or SURVEYS.get(code)
