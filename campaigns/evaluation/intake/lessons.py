"""The numbered sessions of a curriculum, such as those of a field school, one line a lesson."""

from __future__ import annotations

import re
from collections.abc import Hashable
from datetime import datetime
from typing import Any, get_args

import sqlalchemy as sa

from campaigns.definitions import model
from campaigns.evaluation.intake.numbers import code
from campaigns.models import Curriculum, Lesson
from messaging.imports.columns import CellError, Column, choice, whole, words
from messaging.imports.intake import Intake, Line
from messaging.imports.numbers import row_values
from messaging.imports.result import SharedPhone, quote
from messaging.imports.rows import Rows, Values
from messaging.models import Language

LESSON: sa.Table = Lesson.__table__  # type: ignore[assignment]
CURRICULUM: sa.Table = Curriculum.__table__  # type: ignore[assignment]
FRENCH = "fr"
LONGEST = 120
TOPICS = {
    "nutrition": "nutrition", "iycf": "ANJE|bébé", "hygiene": "hygiène", "agro": "agriculture", "livestock": "élevage",
    "market": "marché", "climate": "climat", "finance": "argent", "rights": "droits",
}  # fmt: skip
TOPIC = choice(
    *((one, f"{TOPICS[one].partition('|')[0]}|{one}|{TOPICS[one].rpartition('|')[2]}") for one in get_args(model.Topic))
)
TRACK = choice(("agro", "agro|agro|agricole"), ("life", "vie|life"))
_TITLE = re.compile(r"([a-z]{2,3})\s*[=:]\s*(.+)")


def titles(cell: str) -> dict[str, str]:
    """Read the titles in further languages: `bm = …; dds = …`."""
    found = {}
    for part in re.split(r"\s*[;|]\s*", cell.strip(" ;|")):
        hit = _TITLE.fullmatch(words(LONGEST + 10)(part))
        if hit is None:
            raise CellError(
                f"« {quote(part)} » : écrivez le code de la langue, =, et le titre, comme bm = …",
                f"« {quote(part)} »: write the code of the language, =, and the title, such as bm = …",
            )
        found[hit[1]] = hit[2]
    return found


COLUMNS = (
    Column("curriculum", "Code du programme de formation", "Curriculum code", code(40), "CEAP-2026", needed=True),
    Column("about", "Titre du programme de formation", "Curriculum title", words(LONGEST), "Champ-école, saison 2026"),
    Column("number", "Numéro", "Number", whole(1, 999), "1", needed=True),
    Column("title", "Titre", "Title", words(LONGEST), "Préparer la parcelle", needed=True),
    Column("titles", "Titres en d'autres langues", "Titles in other languages", titles),
    Column("topic", "Thème", "Topic", TOPIC, "agriculture", needed=True),
    Column("track", "Volet agro ou vie", "Track", TRACK, "agro"),
    Column("week", "Semaine", "Week", whole(0, 200), "0"),
)


class Lessons:
    """The lessons of one file, with the curricula they are of."""

    def __init__(self, intake: Intake) -> None:
        self.intake, session = intake, intake.session
        own = sa.select(*CURRICULUM.c).where(CURRICULUM.c.programme_id == intake.programme.id)
        self.curricula = Rows(CURRICULUM, {row.code: row_values(row) for row in session.execute(own)})
        query = sa.select(CURRICULUM.c.code, *LESSON.c).join(CURRICULUM, CURRICULUM.c.id == LESSON.c.curriculum_id)
        rows = session.execute(query.where(CURRICULUM.c.programme_id == intake.programme.id))
        known: dict[Hashable, Values] = {(row[0], row.number): row_values(row) for row in rows}
        self.rows = Rows(LESSON, known)
        self.languages = set(session.scalars(sa.select(Language.code)))
        for line in intake.lines:
            self._take(line)

    def store(self, now: datetime) -> None:
        """Write what is new or changed."""
        ids = self.curricula.store(self.intake.session)
        for key, values in self.rows.new.items():
            values["curriculum_id"] = ids[key[0]]  # type: ignore[index]
        self.rows.store(self.intake.session)

    def shared_phones(self) -> list[SharedPhone]:
        """None: these lines have no phones."""
        return []

    def _take(self, line: Line) -> None:
        key = (line.get("curriculum"), line.get("number"))
        if key not in self.rows.known:
            self.intake.need(line)
        unknown = line.get("titles", {}).keys() - self.languages
        if unknown:
            listed = ", ".join(sorted(unknown))
            self.intake.problem(line, "titles", f"Langue inconnue : {listed}.", f"Unknown language: {listed}.")
        if line.bad or not self.intake.once(line, "number", key):
            return
        self.rows.want(key, self._values(key, line))
        self._want_curriculum(line)
        if key[0] in self.curricula.changes:
            self.rows.touch(key)

    def _want_curriculum(self, line: Line) -> None:
        """A curriculum takes the title of the last line that gives one, else its code."""
        own = line.get("curriculum")
        given: Values = {"title": line.get("about")} if line.has("about") else {}
        if own not in self.curricula.known:
            before = self.curricula.new.get(own, {"title": own})
            self.curricula.new[own] = before | given | {"code": own, "programme_id": self.intake.programme.id}
        elif given:
            self.curricula.want(own, given)

    def _values(self, key: Hashable, line: Line) -> Values:
        values = line.only("number", "topic", "track", "week")
        told: dict[str, Any] = dict(self.rows.known.get(key, {}).get("titles", {}))
        told |= {FRENCH: line.get("title")} if line.has("title") else {}
        return values | {"titles": told | line.get("titles", {})}
