"""Clubs with their facilitators from a sheet, one line a club, known by its printed code; knows no member."""

from __future__ import annotations

import re
from collections.abc import Hashable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from messaging import fold
from messaging.batches import rows_in, update
from messaging.imports.club_codes import Codes, Key
from messaging.imports.columns import (
    NAMES,
    CellError,
    Column,
    air,
    choice,
    day,
    each,
    phone,
    phones,
    several,
    text,
    whole,
    words,
    yes,
)
from messaging.imports.facilitators import ROLE, Facilitators
from messaging.imports.households import SEX
from messaging.imports.intake import Intake, Line
from messaging.imports.numbers import Numbers, row_values
from messaging.imports.references import LANGUAGE, STATION, VILLAGE
from messaging.imports.result import SharedPhone, quote
from messaging.imports.rows import Links, Rows, Values
from messaging.models import Club, ClubStation, Phone, Place
from messaging.models.people import ClubKind
from messaging.profile import sms_value

CLUB: sa.Table = Club.__table__  # type: ignore[assignment]
CLUB_STATION: sa.Table = ClubStation.__table__  # type: ignore[assignment]
CLUB_KIND = choice(
    (ClubKind.LISTENERS_CLUB, "club d'écoute|listeners' club|club d'écoute communautaire"),
    (ClubKind.APFLS, "CEAP|APFLS|école agropastorale|champ-école agropastoral"),
    (ClubKind.FFS, "champ-école|farmer field school|champ-école paysan|CEP"),
    (ClubKind.IYCF, "groupe ANJE|IYCF group|GSAN|ANJE"),
    (ClubKind.SAVINGS, "caisse|savings group|AVEC|groupe d'épargne"),
    (ClubKind.WOMENS_GROUP, "groupement de femmes|women's group"),
    (ClubKind.COOPERATIVE, "coopérative|cooperative"),
    (ClubKind.UNION, "union|union"),
    (ClubKind.PLATFORM, "plateforme|platform"),
    (ClubKind.ADVISER_CIRCUIT, "circuit de conseiller|adviser circuit"),
)
WEEKDAY = choice(
    *enumerate(
        (
            "lundi|Monday|lun|mon",
            "mardi|Tuesday|mar|tue",
            "mercredi|Wednesday|mer|wed",
            "jeudi|Thursday|jeu|thu",
            "vendredi|Friday|ven|fri",
            "samedi|Saturday|sam|sat",
            "dimanche|Sunday|dim|sun",
        )
    )
)
OF_SCHOOL = range(20, 33)  # members of a field and life school
ARM = re.compile(r"[a-z0-9-]{1,12}")


def arm(cell: str) -> str:
    """Read the arm of a study, such as `t1` or `control`; whatever its spelling it is one word of the analysis."""
    word = fold.plain(cell)
    word = {"temoin": "control", "controle": "control"}.get(word, word)
    if not ARM.fullmatch(word):
        raise CellError(
            f"« {quote(cell)} » : écrivez control, ou un mot court comme t1.",
            f"« {quote(cell)} »: write control, or a short word such as t1.",
        )
    return word


COLUMNS = (
    Column("code", "Code du club", "Club code", text(12), "1041", needed=True),
    Column("number", "Numéro appelé", "Number called", text(20)),
    Column("kind", "Type", "Kind", CLUB_KIND, "club d'écoute", needed=True),
    Column("name", "Nom", "Name", words(120), "Club d'exemple 1", needed=True),
    Column("sms_name", "Nom dans les SMS", "Name in SMS", air(40), "Club 1"),
    Column("village_id", "Code du village", "Village code", text(80), "V001", needed=True, refers=VILLAGE),
    Column("language", "Langue", "Language", text(40), "bm", refers=LANGUAGE),
    Column("parent", "Code du groupe parent", "Parent code", text(12)),
    Column("relay", "Téléphone du club", "Club phone", phone),
    Column("stations", "Stations", "Stations", several(text(80), NAMES), "Radio Exemple 1", refers=STATION),
    Column("facilitators", "Téléphones des animateurs", "Facilitators' phones", phones, "76 12 34 56"),
    Column("sexes", "Sexes des animateurs", "Facilitators' sexes", each(SEX), "femme"),
    Column("role", "Animateur ou conseiller", "Facilitator or adviser", ROLE, "animateur"),
    Column("meets_weekday", "Jour de réunion", "Meets on", WEEKDAY, "mardi"),
    Column("meets_every_days", "Réunion tous les (jours)", "Meets every (days)", whole(1, 60)),
    Column("meets_anchor", "Un jour de réunion", "A meeting day", day),
    Column("size_f", "Femmes", "Women", whole(0, 500), "15"),
    Column("size_m", "Hommes", "Men", whole(0, 500), "8"),
    Column("is_old", "Ancien groupe", "Existed before", yes, "non"),
    Column("arm", "Bras de l'étude", "Study arm", arm, also=("bras", "arm")),
    Column("created_on", "Créé le", "Created on", day),
    Column("closed_on", "Fermé le", "Closed on", day),
)
OF_ROW = tuple(column.key for column in COLUMNS if column.key in CLUB.c)


class Clubs:
    """The clubs of one file, with their facilitators."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.numbers = Numbers(intake.session)
        self.rows = Rows(CLUB, self._known())
        self.keys: dict[int, Any] = {int(row["id"]): key for key, row in self.rows.known.items()}
        self.codes = Codes(self.keys.values(), [_key(line) for line in intake.lines])
        self.languages, self.relays = self._languages(), self._relays()
        self.stations = Links(CLUB_STATION, "club_id", "station_id", self._known_stations())
        self.facilitators = Facilitators(intake, self.numbers, self.rows)
        self.pointers: dict[Hashable, Values] = {}
        for line in intake.lines:
            self._take(line)
        for line in intake.lines:
            self._point(line)

    def store(self, now: datetime) -> None:
        """Write what is new or changed."""
        session = self.intake.session
        phone_ids = self.numbers.store(now)
        ids = self.rows.store(session)
        self.stations.store(session, ids, self._stations())
        self.facilitators.store(ids, phone_ids)
        found = {None: None, **ids, **phone_ids}
        rows = ({name: found[key] for name, key in values.items()} for values in self.pointers.values())
        update(session, CLUB, [{"id": ids[key], **row} for key, row in zip(self.pointers, rows, strict=True)])

    def shared_phones(self) -> list[SharedPhone]:
        """The phones that serve several clubs."""
        return self.facilitators.shared_phones()

    def _take(self, line: Line) -> None:
        key = _key(line)
        if key not in self.rows.known:
            self.intake.need(line, ["kind", "name", "village_id"])
        if line.bad & {"code", "number"}:
            return
        is_first = not key[1] or self.intake.once(line, "code", key)
        refused = self.codes.refuse(key, is_first)
        if refused:
            self.intake.problem(line, "code", *refused)
        if refused or not is_first:
            return
        values = self._values(key, line)
        club = self.rows.merged(key, values)
        self._check_meeting(line, club)
        self._check_size(line, club)
        self.rows.want(key, values)
        if "stations" in line.given:
            rights: dict[Hashable, Values] = {ident: {} for ident in line.get("stations", ())}
            if self.stations.want(key, self.rows.id_of(key), rights):
                self.rows.touch(key)
        self.facilitators.take(key, line, club)

    def _values(self, key: Key, line: Line) -> Values:
        is_new = key not in self.rows.known
        values = line.only(*OF_ROW) | {"number": key[0], "code": key[1], "programme_id": self.intake.programme.id}
        if is_new or values.get("sms_name", "") is None:
            values["sms_name"] = line.get("sms_name", sms_value(line.get("name", ""))[:40])
        if is_new or values.get("language", "") is None:
            spoken = self.languages.get(line.get("village_id", 0), [])
            values["language"] = line.get("language", (*spoken, self.intake.programme.language)[0])
        if line.has("meets_weekday") and not line.has("meets_every_days"):
            values |= {"meets_every_days": None, "meets_anchor": None}
        elif line.has("meets_every_days") and not line.has("meets_weekday"):
            values["meets_weekday"] = None
        return values

    def _check_meeting(self, line: Line, club: Values) -> None:
        if line.bad & {"meets_weekday", "meets_every_days", "meets_anchor"}:
            return
        if club["meets_weekday"] is not None and club["meets_every_days"] is not None:
            self.intake.problem(
                line,
                "meets_weekday",
                "Un club se réunit un jour de la semaine, ou tous les tant de jours. Videz l'un des deux.",
                "A club meets on a weekday, or every so many days. Empty one of the two.",
            )
        elif (club["meets_every_days"] is None) != (club["meets_anchor"] is None):
            self.intake.problem(
                line,
                "meets_anchor",
                "Pour une réunion tous les tant de jours, écrivez le nombre de jours et un jour de réunion.",
                "For a meeting every so many days, write the number of days and one meeting day.",
            )

    def _check_size(self, line: Line, club: Values) -> None:
        size = (club["size_f"] or 0) + (club["size_m"] or 0)
        is_told = line.has("size_f") or line.has("size_m")
        if is_told and club["kind"] == ClubKind.APFLS and size and size not in OF_SCHOOL:
            fewest, most = OF_SCHOOL[0], OF_SCHOOL[-1]
            self.intake.remark(
                line,
                "size_f",
                f"{size} membres notés : un champ-école en a de {fewest} à {most}. Vérifiez les deux nombres.",
                f"{size} members noted: a field school has {fewest} to {most}. Check both numbers.",
            )

    def _point(self, line: Line) -> None:
        """Take what points to a club or a phone, once all clubs of the file are known."""
        key = _key(line)
        old = self.rows.known.get(key)
        if key not in {*self.rows.new, *self.rows.changes, *self.rows.same}:
            return
        if "parent" in line.given:
            parent = self._parent(line, key)
            if parent != (self.keys.get(old["parent_id"]) if old else None):
                self._change(key, "parent_id", parent)
        if "relay" in line.given:
            relay = self.numbers.hash(line.given["relay"]) if line.has("relay") else None
            if relay != (self.relays.get(old["relay_phone_id"]) if old else None):
                self._change(key, "relay_phone_id", relay)

    def _change(self, key: Hashable, name: str, value: Hashable) -> None:
        self.pointers.setdefault(key, {})[name] = value
        self.rows.touch(key)

    def _parent(self, line: Line, key: Key) -> Key | None:
        if not line.has("parent"):
            return None
        number, _, code = line.get("parent").rpartition(":")
        parent = (number or key[0], code.strip())
        if parent == key or parent not in self.codes.known:
            self.intake.problem(
                line,
                "parent",
                f"Aucun autre groupe n'a le code « {quote(code)} ».",
                f"No other group has the code « {quote(code)} ».",
            )
        return parent

    def _known(self) -> dict[Hashable, Values]:
        """All clubs of the programme: each may be a parent, and the codes of a number are counted."""
        own = sa.select(*CLUB.c).where(CLUB.c.programme_id == self.intake.programme.id)
        return {(row.number, row.code): row_values(row) for row in self.intake.session.execute(own)}

    def _languages(self) -> dict[int, list[str]]:
        """What is spoken in the villages of the file."""
        ids = {line.get("village_id", 0) for line in self.intake.lines}
        query = sa.select(Place.id, Place.languages)
        return {row.id: row.languages for row in rows_in(self.intake.session, query, Place.id, ids)}

    def _relays(self) -> dict[int, str]:
        """The hash of each club's own phone, by the phone's id."""
        ids = {row["relay_phone_id"] for row in self.rows.known.values()} - {None}
        query = sa.select(Phone.id, Phone.hash)
        return {row.id: row.hash for row in rows_in(self.intake.session, query, Phone.id, ids)}

    def _known_stations(self) -> dict[int, dict[Hashable, tuple[int, Values]]]:
        found: dict[int, dict[Hashable, tuple[int, Values]]] = {}
        query, ids = sa.select(*CLUB_STATION.c), [row["id"] for row in self.rows.known.values()]
        for club_id, station_id in rows_in(self.intake.session, query, CLUB_STATION.c.club_id, ids):
            found.setdefault(club_id, {})[station_id] = (station_id, {})
        return found

    def _stations(self) -> dict[Any, int]:
        """A station's key is its id."""
        return {ident: ident for rights in self.stations.wanted.values() for ident in rights}  # type: ignore[misc]


def _key(line: Line) -> Key:
    return line.get("number", ""), line.get("code", "").replace(" ", "")
