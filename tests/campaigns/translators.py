"""An office with a small campaign in three languages, and a sheet as a translator holds it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from campaigns import loading, translation
from campaigns.definitions import Definition
from campaigns.models import Step
from campaigns.translation.sheet import TITLES
from messaging import sheets, staff, texts
from messaging.database import Database
from messaging.models import Programme, Role, Text, TextEvent, TextState, TextVersion
from messaging.wording import Wording
from tests.conftest import NOW

ACCOUNTS = {
    "editrice": [(Role.EDITOR, "")],
    "traducteur": [(Role.TRANSLATOR, "bm")],
    "relecteur": [(Role.TRANSLATOR, "fr"), (Role.TRANSLATOR, "bm")],
    "approbatrice": [(Role.APPROVER, "")],
}
HYGIENE = {
    "kind": "message", "when": {"date": "2026-03-12"}, "hour": "17:30", "facts": ["HY3"], "facts_checked": "2026-03-01",
    "one_act": True,
}  # fmt: skip
CAMPAIGN = Definition.model_validate(
    {
        "campaign": "hygiene-essai", "title": {"fr": "Mains propres"}, "topic": "hygiene", "pillar": "social",
        "steps": [
            {**HYGIENE, "step": "mains", "texts": {
                "fr": {"sms": "Lavez les mains au savon.", "read_aloud": "Lavez les mains."},
                "bm": {"sms": "I bolo ko ni safinè ye", "official": "I bolo ko ni safinɛ ye",
                       "read_aloud": "I bolo ko.", "comment": "relu au CSCom"},
            }},
            {**HYGIENE, "step": "village", "texts": {
                "fr": {"sms": "{place}: lavez les mains.", "read_aloud": "Lavez les mains."},
            }},
            {**HYGIENE, "step": "quiz", "kind": "question", "question": {"type": "single", "correct": [1]}, "texts": {
                "fr": {"sms": "Sans savon, que prendre? 1 la cendre 2 rien", "read_aloud": "Sans savon, que prendre ?",
                       "options": {"1": "la cendre", "2": "rien"}, "right": "Oui.", "wrong": "Prenez de la cendre."},
            }},
        ],
    }
)  # fmt: skip
# mains: 2-3 fr, 4-5 bm, 6-7 dds; village: 8-9 fr, 10-11 bm, 12-13 dds; quiz: 14-19 fr, 20-25 bm, 26-31 dds
MAINS_FR, MAINS_BM, READ_BM, MAINS_DDS, VILLAGE_BM, QUIZ_FR, QUIZ_BM = 2, 4, 5, 6, 10, 14, 20
COLUMN = {title: place for place, title in enumerate(TITLES.values())}
OFFICIAL, SMS, COMMENT, BACK = "lettres officielles", "lettres SMS", "commentaire", "retraduction"


@dataclass
class Sheet:
    """A sheet as a translator holds it: rows of cells, edited by row number and header."""

    rows: list[list[str]]

    def set(self, row: int, column: str, cell: str) -> None:
        """Type a cell; row 1 holds the headers."""
        self.rows[row - 1][COLUMN[column]] = cell

    def get(self, row: int, column: str) -> str:
        """What a cell says."""
        return self.rows[row - 1][COLUMN[column]]

    def row(self, step: str, part: str, language: str) -> int:
        """The number of a row by its place."""
        return next(at for at, row in enumerate(self.rows, 1) if row[1:4] == [step, part, language])

    def data(self) -> bytes:
        """The file that comes back."""
        return sheets.write("xlsx", self.rows[0], self.rows[1:])


@dataclass
class Office:
    """A programme with a campaign, four accounts, and the way a sheet takes."""

    db: Database

    def prepare(self, *definitions: Definition) -> Office:
        """Load campaigns and make the accounts."""
        with self.db.write() as session:
            for definition in definitions:
                loading.load(session, session.scalars(sa.select(Programme)).one(), definition, NOW)
            for name, roles in ACCOUNTS.items():
                staff.add(session, f"{name}@essai.example", roles, NOW)
        return self

    def export(self, form: sheets.Format = "xlsx", spoken: tuple[str, ...] | None = None) -> bytes:
        """The sheet of every campaign."""
        with self.db.read() as session:
            return translation.write(form, translation.entries(session, translation.named(session), spoken))

    def sheet(self) -> Sheet:
        """The same, open before a translator."""
        found = sheets.read(self.export(), keep_lines=True)
        return Sheet([[*row.cells] + [""] * (len(TITLES) - len(row.cells)) for row in found])

    def take(self, data: bytes | Sheet, by: str = "editrice", **options: bool) -> translation.Taken:
        """Bring a sheet back."""
        raw = data if isinstance(data, bytes) else data.data()
        with self.db.write() as session:
            return translation.take(session, raw, staff.by_email(session, f"{by}@essai.example"), NOW, **options)

    def all_stored(self) -> list[tuple[object, ...]]:
        """Everything that is stored of texts."""
        with self.db.read() as session:
            tables = (table.__table__ for table in (Text, TextVersion, TextEvent))
            return [
                tuple(row) for table in tables for row in session.execute(sa.select(table).order_by(*table.primary_key))
            ]

    def text(self, step: str, language: str) -> tuple[Text, Wording]:
        """A text and what it says."""
        with self.db.read() as session:
            query = sa.select(Text).join(Step, Step.id == Text.step_id).where(Step.code == step)
            text = session.scalars(query.where(Text.language == language)).one()
            return text, texts.wording(texts.current(session, text))

    def approve(self, step: str, language: str, up_to: TextState = TextState.APPROVED) -> None:
        """Have two others review and approve a text."""
        text, _words = self.text(step, language)
        review = partial(texts.review, variety="Ségou")
        with self.db.write() as session:
            for state, act, by in (
                (TextState.REVIEWED, review, "relecteur"), (TextState.APPROVED, texts.approve, "approbatrice"),
            ):  # fmt: skip
                person = staff.by_email(session, f"{by}@essai.example")
                act(session, text.id, person, staff.roles(session, person.id), NOW)
                if state is up_to:
                    return


def told(taken: translation.Taken) -> list[tuple[int, str]]:
    """Row and column of every problem."""
    return [(one.line, one.column) for one in taken.problems]
