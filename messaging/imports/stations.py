"""Radio stations from a sheet, one line a station, known by its name; its people are never asked for."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

import sqlalchemy as sa

from messaging.imports.columns import CODES, Column, air, bare, phones, several, text, words
from messaging.imports.intake import Intake, Line
from messaging.imports.numbers import Numbers, row_values
from messaging.imports.references import LANGUAGE, PLACE
from messaging.imports.result import SharedPhone
from messaging.imports.rows import Links, Rows, Values
from messaging.models import Station, StationPhone
from messaging.profile import sms_value

STATION: sa.Table = Station.__table__  # type: ignore[assignment]
STATION_PHONE: sa.Table = StationPhone.__table__  # type: ignore[assignment]
COLUMNS = (
    Column("name", "Nom", "Name", words(80), "Radio Exemple 1", needed=True),
    Column("sms_name", "Nom dans les SMS", "Name in SMS", air(40), "Radio Exemple 1"),
    Column("place_id", "Code du lieu", "Place code", text(80), "MLI005002", refers=PLACE),
    Column("frequency", "Fréquence", "Frequency", text(20), "95,5 FM"),
    Column("languages", "Langues", "Languages", several(text(40), CODES), "bm dds", refers=LANGUAGE),
    Column("coverage", "Couverture", "Coverage", words(200), "15 km autour de la ville"),
    Column("phones", "Téléphones", "Phones", phones, "76 12 34 56"),
)


class Stations:
    """The stations of one file."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.numbers = Numbers(intake.session)
        own = sa.select(*STATION.c).where(STATION.c.programme_id == intake.programme.id)
        known: dict[Hashable, Values] = {bare(row.name): row_values(row) for row in intake.session.execute(own)}
        self.rows = Rows(STATION, known)
        ids = [row["id"] for row in known.values()]
        self.phones = Links(
            STATION_PHONE, "station_id", "phone_id", self.numbers.links(STATION_PHONE, "station_id", ids)
        )
        for line in intake.lines:
            self._take(line)

    def store(self, now: datetime) -> None:
        """Write what is new or changed."""
        ids = self.rows.store(self.intake.session)
        self.phones.store(self.intake.session, ids, self.numbers.store(now))

    def shared_phones(self) -> list[SharedPhone]:
        """None: these lines have no phones that people share."""
        return []

    def _take(self, line: Line) -> None:
        self.intake.need(line)
        key = bare(line.get("name", ""))
        if not key or not self.intake.once(line, "name", key):
            return
        self.rows.want(key, self._values(line, is_new=key not in self.rows.known))
        if "phones" in line.given:
            hashes: dict[Hashable, Values] = {self.numbers.hash(one): {} for one in line.get("phones", ())}
            if self.phones.want(key, self.rows.id_of(key), hashes):
                self.rows.touch(key)

    def _values(self, line: Line, is_new: bool) -> Values:
        values = line.only("name", "sms_name", "place_id", "frequency", "languages", "coverage")
        if is_new or values.get("sms_name", "") is None:
            values["sms_name"] = line.get("sms_name", sms_value(line.given["name"])[:40])
        if is_new or values.get("languages", "") is None:
            values["languages"] = line.get("languages", [])
        return values | {"programme_id": self.intake.programme.id}
