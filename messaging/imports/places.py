"""Places from a sheet, known by a code of a scheme, with dated parents; a place with two parents takes two lines."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from messaging.batches import insert, rows_in
from messaging.imports.columns import CODES, NAMES, Column, air, choice, day, several, text, words, yes
from messaging.imports.hierarchy import Hierarchy, Key
from messaging.imports.intake import Intake, Line
from messaging.imports.numbers import row_values
from messaging.imports.references import LANGUAGE
from messaging.imports.result import SharedPhone
from messaging.imports.rows import Rows, Values
from messaging.models import Place, PlaceCode, PlaceName, ProgrammeVillage
from messaging.models.place import Level
from messaging.places import LOWEST, folded
from messaging.profile import sms_value

TABLE: sa.Table = Place.__table__  # type: ignore[assignment]
CODE: sa.Table = PlaceCode.__table__  # type: ignore[assignment]
NAME: sa.Table = PlaceName.__table__  # type: ignore[assignment]
TICK: sa.Table = ProgrammeVillage.__table__  # type: ignore[assignment]
LEVEL = choice(
    (Level.COUNTRY, "pays|country"),
    (Level.REGION, "région|region"),
    (Level.CERCLE, "cercle|cercle"),
    (Level.ARRONDISSEMENT, "arrondissement|arrondissement"),
    (Level.COMMUNE, "commune|commune|municipality"),
    (Level.VILLAGE, "village|village"),
    (Level.FRACTION, "fraction|fraction"),
    (Level.QUARTIER, "quartier|quartier|neighbourhood"),
)
COLUMNS = (
    Column("code", "Code", "Code", text(40), "V001", needed=True),
    Column("scheme", "Nomenclature", "Scheme", text(40), ""),
    Column("name", "Nom officiel", "Official name", words(120), "Village inventé 1", needed=True),
    Column("level", "Niveau", "Level", LEVEL, "village", needed=True),
    Column("parent", "Code du parent", "Parent code", text(81), "ocha-2017:MLI00500207"),
    Column("parent_from", "Rattaché du", "Parent from", day),
    Column("parent_to", "Rattaché au", "Parent to", day),
    Column("valid_from", "Valide du", "Valid from", day),
    Column("valid_to", "Valide au", "Valid to", day),
    Column("codes", "Autres codes", "Other codes", several(text(81), NAMES)),
    Column("names", "Autres noms", "Other names", several(words(120), NAMES)),
    Column("sms_name", "Nom dans les SMS", "Name in SMS", air(40), "Village 1"),
    Column("livelihood_zone", "Zone de moyens d'existence", "Livelihood zone", words(80)),
    Column("market_days", "Cycle du marché (jours)", "Market cycle (days)", choice((5, "5|5"), (7, "7|7")), "5"),
    Column("market_anchor", "Un jour de marché", "A market day", day, "2026-03-12"),
    Column("network", "Réseau", "Network", words(80)),
    Column("languages", "Langues", "Languages", several(text(40), CODES), "dds bm", refers=LANGUAGE),
    Column("is_village", "Village du programme", "Programme village", yes, "oui"),
)
OF_ROW = ("name", "level", "valid_from", "valid_to", "sms_name", "livelihood_zone", "market_days", "market_anchor")
OF_PARENT = ("parent", "parent_from", "parent_to")


class Places:
    """The places of one file."""

    def __init__(self, intake: Intake) -> None:
        self.intake, self.scheme = intake, intake.programme.code
        self.owners = self._owners()
        self.rows = Rows(TABLE, self._known())
        self.lines: dict[Key, list[Line]] = {}
        self.claims: dict[Key, tuple[Hashable, int]] = {}
        self.codes: list[tuple[Key, Key]] = []
        self.names: list[tuple[Key, str]] = []
        self.ticks: dict[Key, bool] = {}
        for line in intake.lines:
            if line.has("code"):
                self.lines.setdefault(self._key(line), []).append(line)
            else:
                intake.need(line)
        for key, lines in self.lines.items():
            self._take(key, lines)
        self._take_more()
        self.hierarchy = Hierarchy(intake, self.rows, self.lines)

    def store(self, now: datetime) -> None:
        """Write what is new or changed."""
        session, programme = self.intake.session, self.intake.programme
        ids: dict[Any, int] = self.rows.store(session)
        codes = ({"place_id": ids[key], "scheme": code[0], "code": code[1]} for key, code in self.codes)
        insert(session, CODE, codes)
        insert(
            session, NAME, ({"place_id": ids[key], "name": name, "folded": folded(name)} for key, name in self.names)
        )
        ticks = [{"programme_id": programme.id, "place_id": ids[key]} for key, is_in in self.ticks.items() if is_in]
        insert(session, TICK, ticks)
        gone = [ids[key] for key, is_in in self.ticks.items() if not is_in]
        own = TICK.c.programme_id == programme.id
        session.execute(sa.delete(TICK).where(own, TICK.c.place_id.in_(gone)))
        self.hierarchy.store(ids)

    def shared_phones(self) -> list[SharedPhone]:
        """None: these lines have no phones that people share."""
        return []

    def _key(self, line: Line) -> Key:
        return line.get("scheme", self.scheme), line.get("code", "")

    def _owners(self) -> dict[Key, int]:
        """The place of each code of the file that is known, in any scheme."""
        words = self.intake.words("code") | {self._split(word)[1] for word in self.intake.words("codes")}
        query = sa.select(CODE.c.scheme, CODE.c.code, CODE.c.place_id)
        return {(row.scheme, row.code): row.place_id for row in rows_in(self.intake.session, query, CODE.c.code, words)}

    def _known(self) -> dict[Hashable, Values]:
        keys = {self._key(line) for line in self.intake.lines}
        ids = {ident for key, ident in self.owners.items() if key in keys}
        found = {row.id: row for row in rows_in(self.intake.session, sa.select(*TABLE.c), TABLE.c.id, ids)}
        return {key: row_values(found[ident]) for key, ident in self.owners.items() if key in keys}

    def _take(self, key: Key, lines: list[Line]) -> None:
        first = lines[0]
        if key not in self.rows.known:
            self.intake.need(first)
        self.intake.once(first, "code", self.rows.id_of(key) or key)  # another line may name it by another code
        for line in lines:
            self._claim(line, "code", key, key)
        for line in lines[1:]:
            self._same(first, line)
        row = self.rows.merged(key, first.only(*OF_ROW))
        self._check(key, first, row)
        self.rows.want(key, self._values(key, first))

    def _values(self, key: Key, line: Line) -> Values:
        values = line.only(*OF_ROW, "network", "languages")
        is_new = key not in self.rows.known
        if "name" in values:
            values["folded"] = folded(values["name"])
        if is_new or values.get("sms_name", "") is None:
            values["sms_name"] = line.get("sms_name", sms_value(line.get("name", ""))[:40])
        return values

    def _same(self, first: Line, line: Line) -> None:
        """A further line of a place says a further parent, and nothing else anew."""
        for name, value in line.given.items():
            if name not in OF_PARENT and value != first.given.get(name) and name != "scheme":
                self.intake.problem(
                    line,
                    name,
                    f"La ligne {first.number} dit autre chose de ce lieu. Une ligne de plus dit seulement un parent.",
                    f"Line {first.number} says something else of this place. A further line says only a parent.",
                )
        if not line.has("parent"):
            self.intake.once(first, "code", self._key(line))
            self.intake.once(line, "code", self._key(line))

    def _check(self, key: Key, line: Line, row: Values) -> None:
        old = self.rows.known.get(key)
        if old and row["level"] != old["level"]:
            self.intake.problem(
                line,
                "level",
                "Le niveau d'un lieu connu ne change pas. Donnez un autre code au nouveau lieu.",
                "The level of a known place does not change. Give the new place another code.",
            )
        if bool(row["market_days"]) != bool(row["market_anchor"]) and not line.bad & {"market_days", "market_anchor"}:
            self.intake.problem(
                line,
                "market_anchor",
                "Le marché a besoin de son cycle (5 ou 7 jours) et d'un jour où il s'est tenu.",
                "The market needs its cycle (5 or 7 days) and one day on which it was held.",
            )
        if row["valid_from"] and row["valid_to"] and row["valid_to"] < row["valid_from"]:
            self._backwards(line, "valid_to")
        if line.get("is_village") and row["level"] not in (None, *LOWEST):
            self.intake.problem(
                line,
                "is_village",
                "Seul un village, une fraction ou un quartier peut être coché.",
                "Only a village, a fraction or a quartier can be ticked.",
            )

    def _backwards(self, line: Line, name: str) -> None:
        self.intake.problem(line, name, "La fin est avant le début.", "The end is before the beginning.")

    def _claim(self, line: Line, name: str, key: Key, code: Key) -> bool:
        """True when a code is new to this place; a problem when it is another place's."""
        owner = self.owners.get(code)
        mine = self.rows.id_of(key)
        claimed, number = self.claims.setdefault(code, (key, line.number))
        if claimed != key or (owner is not None and owner != mine):
            where = f"ligne {number}" if claimed != key else "déjà importé"
            place = f"line {number}" if claimed != key else "already imported"
            self.intake.problem(
                line,
                name,
                f"Le code {code[0]}:{code[1]} est à un autre lieu ({where}).",
                f"The code {code[0]}:{code[1]} belongs to another place ({place}).",
            )
            return False
        return owner is None

    def _split(self, word: str) -> Key:
        scheme, _, code = word.rpartition(":")
        return scheme.strip() or self.scheme, code.strip()

    def _take_more(self) -> None:
        """Codes, names and ticks of the first line of each place."""
        ids = [ident for key in self.lines if (ident := self.rows.id_of(key)) is not None]
        session = self.intake.session
        names = {tuple(row) for row in rows_in(session, sa.select(NAME.c.place_id, NAME.c.name), NAME.c.place_id, ids)}
        own = sa.select(TICK.c.place_id).where(TICK.c.programme_id == self.intake.programme.id)
        ticked = {row.place_id for row in rows_in(session, own, TICK.c.place_id, ids)}
        for key, (line, *_rest) in self.lines.items():
            ident = self.rows.id_of(key)
            codes = dict.fromkeys(self._split(word) for word in line.get("codes", ()))
            new_codes = [code for code in codes if self._claim(line, "codes", key, code) and code != key]
            new_names = [name for name in line.get("names", ()) if (ident, name) not in names]
            self.codes += [(key, code) for code in ([key] if ident is None else []) + new_codes]
            self.names += [(key, name) for name in new_names]
            is_in = line.get("is_village")
            if is_in is not None and is_in != (ident in ticked):
                self.ticks[key] = is_in
            if new_codes or new_names or key in self.ticks:
                self.rows.touch(key)
