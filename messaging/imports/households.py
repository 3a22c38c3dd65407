"""Households from a sheet, one line a household, known by the code on its card; no name is asked for."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

import sqlalchemy as sa

from messaging.batches import rows_in
from messaging.imports.columns import Column, choice, day, text, whole
from messaging.imports.intake import Intake, Line
from messaging.imports.numbers import row_values
from messaging.imports.references import VILLAGE
from messaging.imports.result import SharedPhone
from messaging.imports.rows import Rows, Values
from messaging.models import Household
from messaging.models.people import HeaBand, MemberStatus, Sex

HOUSEHOLD: sa.Table = Household.__table__  # type: ignore[assignment]
SEX = choice(
    (Sex.F, "femme|woman|female|féminin|w|fille"),
    (Sex.M, "homme|man|male|masculin|h|garçon"),
    (Sex.UNKNOWN, "inconnu|unknown|non dit"),
)
STATUS = choice(
    (MemberStatus.ACTIVE, "actif|active|active|présent"),
    (MemberStatus.LEFT, "parti|left|sorti|partie"),
    (MemberStatus.MOVED, "déménagé|moved|déménagée"),
    (MemberStatus.DISPLACED, "déplacé|displaced|déplacée"),
)
COLUMNS = (
    Column("code", "Code du ménage", "Household code", text(40), "M-0001", needed=True),
    Column("village_id", "Code du village", "Village code", text(80), "V001", needed=True, refers=VILLAGE),
    Column(
        "hea_band",
        "Groupe HEA",
        "HEA group",
        choice(
            (HeaBand.VERY_POOR, "très pauvre|very poor|tp"),
            (HeaBand.POOR, "pauvre|poor|p"),
            (HeaBand.MIDDLE, "moyen|middle|m"),
            (HeaBand.BETTER_OFF, "aisé|better off|nanti|a"),
        ),
        "pauvre",
    ),
    Column("sex_of_head", "Sexe du chef de ménage", "Sex of head", SEX, "femme"),
    Column("people", "Personnes", "People", whole(1, 200), "6"),
    Column("women_15_49", "Femmes de 15 à 49 ans", "Women aged 15 to 49", whole(0, 200), "1"),
    Column("children_0_23", "Enfants de 0 à 23 mois", "Children of 0 to 23 months", whole(0, 200), "1"),
    Column("children_24_59", "Enfants de 24 à 59 mois", "Children of 24 to 59 months", whole(0, 200), "1"),
    Column("selected_on", "Date de sélection", "Selected on", day, "2026-01-15"),
    Column("status", "Situation", "Status", STATUS, "actif"),
)
PARTS = ("women_15_49", "children_0_23", "children_24_59")


class Households:
    """The households of one file."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        own = sa.select(*HOUSEHOLD.c).where(HOUSEHOLD.c.programme_id == intake.programme.id)
        found = rows_in(intake.session, own, HOUSEHOLD.c.code, intake.words("code"))
        known: dict[Hashable, Values] = {row.code: row_values(row) for row in found}
        self.rows = Rows(HOUSEHOLD, known)
        for line in intake.lines:
            self._take(line)

    def store(self, now: datetime) -> None:
        """Write what is new or changed."""
        self.rows.store(self.intake.session)

    def shared_phones(self) -> list[SharedPhone]:
        """None: these lines have no phones that people share."""
        return []

    def _take(self, line: Line) -> None:
        code = line.get("code")
        if code is None or code not in self.rows.known:
            self.intake.need(line)
        if code is None or not self.intake.once(line, "code", code):
            return
        row = self.rows.merged(code, line.given)
        self._check_size(line, row)
        self.rows.want(code, line.given | {"programme_id": self.intake.programme.id})

    def _check_size(self, line: Line, row: Values) -> None:
        parts = sum(row[part] or 0 for part in PARTS)
        if row["people"] is not None and parts > row["people"]:
            self.intake.problem(
                line,
                "people",
                f"{parts} femmes et enfants dans un ménage de {row['people']} personnes. Vérifiez les nombres.",
                f"{parts} women and children in a household of {row['people']} people. Check the numbers.",
            )
