"""What was handed out, one line an item in a place: households alone, nobody's name."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.evaluation.intake.numbers import AREA, code, number
from campaigns.models import Campaign, Distribution, Step
from messaging import fold
from messaging.imports.columns import Column, Found, Reference, choice, day, text, whole, words
from messaging.imports.intake import Intake, Line
from messaging.imports.numbers import row_values
from messaging.imports.result import SharedPhone
from messaging.imports.rows import Rows, Values
from messaging.models import Programme

DISTRIBUTION: sa.Table = Distribution.__table__  # type: ignore[assignment]
MILLION = 1_000_000
CASH_PLUS = "cash+"
MODALITY = choice(("in_kind", "en nature|in kind"), ("cash", "espèces|cash|argent"), ("voucher", "coupon|voucher|bon"))


def modality(cell: str) -> str:
    """Read how it was handed out; a sign counts here: `cash+` is not `cash`."""
    is_plus = fold.plain(cell).replace(" ", "") in (CASH_PLUS, "cashplus")
    return CASH_PLUS if is_plus else str(MODALITY(cell))


def _steps(session: Session, programme: Programme, words: set[str]) -> Found:
    """A step by its campaign and its own code, as pages write it: `essai/dons`."""
    query = sa.select(Campaign.code, Step.code, Step.id).join(Step, Step.campaign_id == Campaign.id)
    rows = session.execute(query.where(Campaign.programme_id == programme.id))
    known = {f"{campaign}/{step}": ident for campaign, step, ident in rows}
    return {word: known[word] for word in words if word in known}


STEP = Reference(
    _steps,
    "Aucune étape ne s'appelle « {word} ». Écrivez campagne/étape.",
    "No step is called « {word} ». Write campaign/step.",
)
COLUMNS = (
    Column("code", "Code de la distribution", "Distribution code", code(40), "SEM-2026-1", needed=True),
    Column("day", "Date", "Date", day, "2026-03-05", needed=True),
    Column("modality", "Modalité", "Modality", modality, "en nature", needed=True),
    Column("place_id", "Code du lieu", "Place code", text(80), "V001", needed=True, refers=AREA),
    Column("item", "Article", "Item", words(60), "semences de mil", needed=True),
    Column("unit", "Unité", "Unit", words(12), "kg", needed=True),
    Column("planned", "Ménages prévus", "Households planned", whole(0), "50", needed=True),
    Column("served", "Ménages servis", "Households served", whole(0), "48", needed=True),
    Column("served_women_headed", "Servis, chef femme", "Served, headed by a woman", whole(0), "12"),
    Column("quantity", "Quantité", "Quantity", number, "240", needed=True),
    Column("value", "Valeur (XOF)", "Value (XOF)", number, "84000"),
    Column("step_id", "Étape qui l'a annoncée", "Step that told of it", text(90), refers=STEP),
)
OF_ROW = tuple(column.key for column in COLUMNS if column.key != "value")


class Distributions:
    """The distributions of one file."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        own = sa.select(*DISTRIBUTION.c).where(DISTRIBUTION.c.programme_id == intake.programme.id)
        known: dict[Hashable, Values] = {
            (row.code, row.place_id, row.item): row_values(row) for row in intake.session.execute(own)
        }
        self.rows = Rows(DISTRIBUTION, known)
        for line in intake.lines:
            self._take(line)

    def store(self, now: datetime) -> None:
        """Write what is new or changed."""
        self.rows.store(self.intake.session)

    def shared_phones(self) -> list[SharedPhone]:
        """None: these lines have no phones."""
        return []

    def _take(self, line: Line) -> None:
        key = (line.get("code"), line.get("place_id"), line.get("item"))
        if key not in self.rows.known:
            self.intake.need(line)
        if None in key or not self.intake.once(line, "code", key):
            return
        values = line.only(*OF_ROW) | {"programme_id": self.intake.programme.id}
        if "value" in line.given:
            worth = line.get("value")
            values["value_micros"] = None if worth is None else round(worth * MILLION)
        self._check(line, self.rows.merged(key, values))
        self.rows.want(key, values)

    def _check(self, line: Line, row: Values) -> None:
        if (row["served_women_headed"] or 0) > (row["served"] or 0):
            self.intake.problem(line, "served_women_headed", "Plus de ménages dont le chef est une femme que servis.",
                                "More households headed by a woman than were served.")  # fmt: skip
        if row["served"] and (row["day"] or date.min) > self.intake.today:
            self.intake.problem(line, "day", "Cette date est dans le futur, et des ménages sont servis.",
                                "This date lies in the future, and households are served.")  # fmt: skip
