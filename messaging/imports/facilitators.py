"""The facilitators and advisers of clubs, known by their phone: several a club, several clubs each; knows no code."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import sqlalchemy as sa

from messaging.batches import rows_in
from messaging.imports.columns import choice
from messaging.imports.intake import Intake, Line
from messaging.imports.numbers import Numbers, row_values
from messaging.imports.result import SharedPhone
from messaging.imports.rows import Links, Rows, Values
from messaging.models import Facilitator, FacilitatorClub, Phone
from messaging.models.people import ClubKind, FacilitatorKind

FACILITATOR: sa.Table = Facilitator.__table__  # type: ignore[assignment]
FACILITATOR_CLUB: sa.Table = FacilitatorClub.__table__  # type: ignore[assignment]
ROLE = choice(
    (FacilitatorKind.FACILITATOR, "animateur|facilitator|animatrice|relais"),
    (FacilitatorKind.ADVISER, "conseiller|adviser|conseillère"),
)


class Facilitators:
    """Those of one file of clubs; `clubs` holds the clubs as they are and as the file wants them."""

    def __init__(self, intake: Intake, numbers: Numbers, clubs: Rows) -> None:
        self.intake, self.numbers, self.clubs = intake, numbers, clubs
        query = sa.select(*FACILITATOR.c, Phone.hash).join(Phone, Phone.id == FACILITATOR.c.phone_id)
        found = intake.session.execute(query.where(FACILITATOR.c.programme_id == intake.programme.id))
        known: dict[Hashable, Values] = {row.hash: row_values(row) for row in found}
        self.rows = Rows(FACILITATOR, known)
        self.links = Links(FACILITATOR_CLUB, "club_id", "facilitator_id", self._known_links())
        self.wishes: dict[str, tuple[Values, Line]] = {}
        self.lines: dict[str, list[int]] = {}

    def take(self, key: Hashable, line: Line, club: Values) -> None:
        """Take what a club's line says; `club` is the club as it would be."""
        if "facilitators" not in line.given:
            return
        hashes = [self.numbers.hash(number) for number in line.get("facilitators", ())]
        sexes = line.get("sexes", ())
        if sexes and len(sexes) != len(hashes):
            self.intake.problem(
                line,
                "sexes",
                f"{len(sexes)} sexe(s) pour {len(hashes)} téléphone(s). Écrivez-en un par téléphone.",
                f"{len(sexes)} sex(es) for {len(hashes)} phone(s). Write one a phone.",
            )
            return
        role = line.get("role") or _usual_role(club)
        for place, hashed in enumerate(hashes):
            self.lines.setdefault(hashed, []).append(line.number)
            given = {"sex": sexes[place]} if sexes else {}
            self._wish(line, hashed, given | ({"kind": role} if line.has("role") else {}), role, club["language"])
        if self.links.want(key, self.clubs.id_of(key), {hashed: {} for hashed in hashes}):
            self.clubs.touch(key)
        if any(hashed in self.rows.changes for hashed in hashes):
            self.clubs.touch(key)

    def store(self, club_ids: Mapping[Hashable, int], phone_ids: Mapping[Hashable, int]) -> None:
        """Write what is new or changed, once clubs and phones have their ids."""
        for hashed, values in self.rows.new.items():
            values["phone_id"] = phone_ids[hashed]
        ids = self.rows.store(self.intake.session)
        self.links.store(self.intake.session, club_ids, ids)

    def shared_phones(self) -> list[SharedPhone]:
        """The phones that serve several clubs: here, or here and elsewhere."""
        in_file = {self.clubs.id_of(key) for key in (*self.clubs.same, *self.clubs.changes)}
        elsewhere: dict[Hashable, int] = {}
        for club_id, rights in self.links.known.items():
            for hashed in rights if club_id not in in_file else ():
                elsewhere[hashed] = elsewhere.get(hashed, 0) + 1
        return [
            SharedPhone(self.numbers.last_two(hashed), tuple(lines), elsewhere.get(hashed, 0))
            for hashed, lines in self.lines.items()
            if len(lines) + elsewhere.get(hashed, 0) > 1
        ]

    def _wish(self, line: Line, hashed: str, given: Values, role: FacilitatorKind, language: str) -> None:
        """Ask for a facilitator as this line says; two lines must not say different things of one phone."""
        said, first = self.wishes.setdefault(hashed, (dict(given), line))
        for name, value in given.items():
            if said.setdefault(name, value) != value:
                self.intake.problem(
                    line,
                    "sexes" if name == "sex" else "role",
                    f"La ligne {first.number} dit autre chose de {self.numbers.last_two(hashed)}.",
                    f"Line {first.number} says something else of {self.numbers.last_two(hashed)}.",
                )
        if hashed in self.rows.known:
            self.rows.want(hashed, said)
        else:
            usual = {"programme_id": self.intake.programme.id, "kind": role, "language": language}
            self.rows.want(hashed, self.rows.new.get(hashed, usual) | said)

    def _known_links(self) -> dict[int, dict[Hashable, tuple[int, Values]]]:
        ids = {row["id"]: hashed for hashed, row in self.rows.known.items()}
        rows: Any = rows_in(self.intake.session, sa.select(*FACILITATOR_CLUB.c), FACILITATOR_CLUB.c.facilitator_id, ids)
        found: dict[int, dict[Hashable, tuple[int, Values]]] = {}
        for row in rows:
            found.setdefault(row.club_id, {})[ids[row.facilitator_id]] = (row.facilitator_id, {})
        return found


def _usual_role(club: Values) -> FacilitatorKind:
    is_circuit = club["kind"] == ClubKind.ADVISER_CIRCUIT
    return FacilitatorKind.ADVISER if is_circuit else FacilitatorKind.FACILITATOR
