"""Which place lies in which, as the lines of a file and the database together say it; knows nothing else of places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from messaging.batches import batches, insert, rows_in
from messaging.imports.columns import CellError
from messaging.imports.intake import Intake, Line
from messaging.imports.parents import Parent, merge
from messaging.imports.references import PLACE, places_by_word
from messaging.imports.rows import Rows
from messaging.models import Place, PlaceParent
from messaging.models.place import Level
from messaging.places import RANK

PARENT: sa.Table = PlaceParent.__table__  # type: ignore[assignment]

Key = tuple[str, str]  # scheme and code


class Hierarchy:
    """The parents of the places of one file: those that are there, and what the file makes of them."""

    def __init__(self, intake: Intake, rows: Rows, lines: Mapping[Key, Sequence[Line]]) -> None:
        self.intake, self.rows, self.lines = intake, rows, lines
        self.gone: list[int] = []
        self.new: list[tuple[Key, Parent]] = []
        words = intake.words("parent")
        self.found = places_by_word(intake.session, intake.programme, words)
        self.levels = self._levels()
        known = self._known()
        for key in lines:
            self._take(key, known.get(rows.id_of(key) or 0, {}))

    def store(self, ids: Mapping[Any, int]) -> None:
        """Write what changes, once the ids of all places of the file are known."""
        session = self.intake.session
        for batch in batches(self.gone):
            session.execute(sa.delete(PARENT).where(PARENT.c.id.in_(batch)))
        rows = (
            {
                "place_id": ids[key],
                "parent_id": ids.get(parent.place, parent.place),
                "valid_from": parent.starts,
                "valid_to": parent.ends,
            }
            for key, parent in self.new
        )
        insert(session, PARENT, rows)

    def _take(self, key: Key, known: Mapping[Parent, int]) -> None:
        said = [(line, parent) for line in self.lines[key] if (parent := self._parent(key, line)) is not None]
        parents, conflict = merge(list(known), [parent for _line, parent in said])
        if conflict:
            line = next(line for line, parent in said if parent == conflict)
            self.intake.problem(
                line,
                "parent_from",
                "Ces dates en croisent d'autres du même lieu. Écrivez de quel jour à quel jour chaque parent vaut.",
                "These dates cross others of the same place. Write from which day to which each parent holds.",
            )
        elif set(parents) != set(known):
            self.gone += [ident for parent, ident in known.items() if parent not in parents]
            self.new += [(key, parent) for parent in parents if parent not in known]
            self.rows.touch(key)

    def _parent(self, key: Key, line: Line) -> Parent | None:
        word = line.get("parent")
        if word is None:
            if line.has("parent_from") or line.has("parent_to"):
                self.intake.need(line, ["parent"])
            return None
        place = self._target(key, word)
        if isinstance(place, CellError):
            self.intake.problem(line, "parent", place.fr, place.en)
            return None
        own, above = self._level(key), self.levels.get(place) if isinstance(place, int) else self._level(place)
        if own and above and RANK[above] >= RANK[own]:
            self.intake.problem(
                line, "parent", f"Un lieu « {own} » ne peut pas être dans « {above} ».", f"No {own} lies in a {above}."
            )
            return None
        return Parent(place, line.get("parent_from"), line.get("parent_to"))

    def _target(self, key: Key, word: str) -> int | Key | CellError:
        """The parent: the id of a known place, the key of a new one, or the error that says why it is neither."""
        scheme, _, code = (part.strip() for part in word.rpartition(":"))
        for candidate in [(scheme, code)] if scheme else [(key[0], code), (self.intake.programme.code, code)]:
            if candidate in self.lines:
                return self.rows.id_of(candidate) or candidate
        return self.found.get(word, PLACE.unknown(word))

    def _level(self, key: Key) -> Level | None:
        level = self.rows.merged(key, self.lines[key][0].only("level"))["level"]
        return level if isinstance(level, Level) else None

    def _levels(self) -> dict[int, Level]:
        """The level of every known place that may be a parent."""
        ids = {place for place in self.found.values() if isinstance(place, int)}
        rows = rows_in(self.intake.session, sa.select(Place.id, Place.level), Place.id, ids)
        return {int(row["id"]): row["level"] for row in self.rows.known.values()} | {row.id: row.level for row in rows}

    def _known(self) -> dict[int, dict[Parent, int]]:
        """The parents that are there, with the id of their row, by the id of the place."""
        ids = [ident for key in self.lines if (ident := self.rows.id_of(key)) is not None]
        found: dict[int, dict[Parent, int]] = {}
        for row in rows_in(self.intake.session, sa.select(*PARENT.c), PARENT.c.place_id, ids):
            found.setdefault(row.place_id, {})[Parent(row.parent_id, row.valid_from, row.valid_to)] = row.id
        return found
