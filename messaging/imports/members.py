"""Members from a sheet, one line a person, known by the code on her card: phones, clubs, consent with its evidence."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from messaging.batches import insert, rows_in
from messaging.imports.columns import CODES, Column, choice, day, each, month, phones, several, text, whole, words
from messaging.imports.consents import Consents
from messaging.imports.households import SEX, STATUS
from messaging.imports.intake import Intake, Line
from messaging.imports.numbers import Numbers, row_values
from messaging.imports.protection import age, ends_on, has_stage, problems, route_of
from messaging.imports.references import CLUB, HOUSEHOLD, LANGUAGE, VILLAGE
from messaging.imports.result import SharedPhone
from messaging.imports.rows import Links, Rows, Values
from messaging.models import ClubMember, Consent, Member, MemberPhone, Phone
from messaging.models.people import ContentLevel, LifeStage, Ownership, Purpose, Route, Way

MEMBER: sa.Table = Member.__table__  # type: ignore[assignment]
MEMBER_PHONE: sa.Table = MemberPhone.__table__  # type: ignore[assignment]
CLUB_MEMBER: sa.Table = ClubMember.__table__  # type: ignore[assignment]
CONSENT: sa.Table = Consent.__table__  # type: ignore[assignment]
OWNER = choice(
    (Ownership.OWN, "elle-même|own|lui-même|soi-même|moi"),
    (Ownership.SPOUSE, "conjoint|spouse|mari|femme|époux|épouse"),
    (Ownership.HOUSEHOLD, "ménage|household|famille"),
    (Ownership.NEIGHBOUR, "voisin|neighbour|voisine|neighbor"),
    (Ownership.CLUB, "club|club"),
    (Ownership.FACILITATOR, "animateur|facilitator|animatrice"),
)
PURPOSE = choice(
    (Purpose.MESSAGES, "messages|messages"),
    (Purpose.EVALUATION, "évaluation|evaluation|quiz"),
    (Purpose.VOICE, "appels|voice|voix"),
    (Purpose.SHARING, "partage|sharing"),
    (Purpose.LIFE_STAGE, "étape de vie|life stage|situation de famille"),
)
HOME = ("household_id", "village_id")
MADE = ("programme_id", *HOME)
COLUMNS = (
    Column("code", "Code du membre", "Member code", text(40), "P-0001", needed=True),
    Column("household_id", "Code du ménage", "Household code", text(40), "M-0001", refers=HOUSEHOLD),
    Column("village_id", "Code du village", "Village code", text(80), "V001", refers=VILLAGE),
    Column("first_name", "Prénom ou initiale", "First name or initial", words(40), "A."),
    Column("sex", "Sexe", "Sex", SEX, "femme"),
    Column("birth_year", "Année de naissance", "Birth year", whole(1900, 2100)),
    Column("age_band", "Tranche d'âge", "Age band", age, "25-49"),
    Column("language", "Langue", "Language", text(40), "bm", needed=True, refers=LANGUAGE),
    Column("variety", "Variété demandée", "Variety", words(40)),
    Column("falls_to", "Autres langues acceptées", "Fallback languages", several(text(40), CODES), refers=LANGUAGE),
    Column(
        "literacy",
        "Qui lit les messages",
        "Who reads",
        choice(
            ("self", "lit seule|reads herself|lit seul|elle-même"),
            ("helped", "quelqu'un lit|helped|aidée|aidé"),
            ("nobody", "personne|nobody"),
        ),
        "quelqu'un lit",
    ),
    Column(
        "route",
        "Messages par",
        "Route",
        choice((Route.PHONE, "téléphone|phone"), (Route.GROUP, "club seulement|group only|groupe|club|group")),
        "téléphone",
    ),
    Column("phones", "Téléphone", "Phone", phones, "76 12 34 56"),
    Column("owners", "À qui est le téléphone", "Whose phone", each(OWNER), "conjoint"),
    Column(
        "content_level",
        "Contenu",
        "Content",
        choice(
            (ContentLevel.ANYONE, "tout public|anyone|tous|tout le monde"),
            (ContentLevel.PERSON, "personnel|personal|elle seule|lui seul"),
        ),
        "tout public",
    ),
    Column("safe_hours", "Heures sûres", "Safe hours", words(60), "soir"),
    Column("clubs", "Codes des clubs", "Club codes", several(text(30), CODES), "1041", refers=CLUB),
    Column(
        "life_stage",
        "Étape de vie",
        "Life stage",
        choice(
            (LifeStage.PREGNANT, "enceinte|pregnant"),
            (LifeStage.LACTATING, "allaitante|lactating"),
            (LifeStage.CAREGIVER, "enfant de 0 à 23 mois|caregiver|caregiver_0_23"),
            (LifeStage.NONE, "aucune|none"),
        ),
    ),
    Column("life_stage_until", "Étape de vie jusqu'au", "Life stage until", day),
    Column("child_birth_month", "Mois de naissance de l'enfant", "Child's birth month", month),
    Column("purposes", "Accords donnés", "Consent to", several(PURPOSE, r"\s*[;,|/]\s*"), "messages"),
    Column("text_version", "Version du texte d'accord", "Consent text version", text(20), "1"),
    Column("consent_language", "Langue de l'accord", "Consent language", text(40), "bm", refers=LANGUAGE),
    Column("given_on", "Date de l'accord", "Consent date", day, "2026-03-01"),
    Column(
        "way",
        "Accord par",
        "Consent by",
        choice(
            (Way.ORAL, "oral|oral"), (Way.PAPER, "papier|paper"), (Way.SMS, "SMS|SMS"), (Way.MISSED_CALL, "bip|beep")
        ),
        "oral",
    ),
    Column("taken_by", "Recueilli par", "Taken by", words(80), "animatrice du club"),
    Column("witness", "Initiale du témoin", "Witness initial", text(4), "K"),
    Column("status", "Situation", "Status", STATUS, "actif"),
)
OF_ROW = tuple(column.key for column in COLUMNS if column.key in MEMBER.c and column.key not in HOME)
STAGE = ("life_stage", "child_birth_month")
RELATED = {
    "age_band": ("birth_year",),
    "route": ("birth_year", "age_band"),
    "phones": ("birth_year", "age_band", "route"),
}


class Members:
    """The members of one file."""

    def __init__(self, intake: Intake) -> None:
        self.intake, session = intake, intake.session
        self.numbers = Numbers(session)
        own = sa.select(*MEMBER.c).where(MEMBER.c.programme_id == intake.programme.id)
        found = rows_in(session, own, MEMBER.c.code, intake.words("code"))
        self.rows = Rows(MEMBER, {row.code: row_values(row) for row in found})
        ids = [row["id"] for row in self.rows.known.values()]
        known = self.numbers.links(MEMBER_PHONE, "member_id", ids, "ownership")
        self.phones = Links(MEMBER_PHONE, "member_id", "phone_id", known)
        self.clubs = Links(CLUB_MEMBER, "member_id", "club_id", self._known_clubs(ids))
        self.consents = Consents(intake, ids, {self.numbers.hash(number) for number in intake.words("phones")})
        self.lines: dict[Hashable, list[int]] = {}
        self.told: set[int | None] = set()
        for line in intake.lines:
            self._take(line)

    def store(self, now: datetime) -> None:
        """Write what is new or changed."""
        session = self.intake.session
        phone_ids = self.numbers.store(now)
        for values in self.rows.new.values():
            values["created_at"] = now
        ids = self.rows.store(session)
        clubs = {club: club for rights in self.clubs.wanted.values() for club in rights}
        self.phones.store(session, ids, phone_ids)
        self.clubs.store(session, ids, clubs)  # type: ignore[arg-type]
        insert(session, CONSENT, self.consents.rows(ids))

    def shared_phones(self) -> list[SharedPhone]:
        """The phones of several members, in this file or beside it."""
        query = sa.select(Phone.hash, MEMBER_PHONE.c.member_id).join(Phone, Phone.id == MEMBER_PHONE.c.phone_id)
        others: dict[Hashable, int] = {}
        for hashed, member_id in rows_in(self.intake.session, query, Phone.hash, self.lines):
            others[hashed] = others.get(hashed, 0) + (member_id not in self.told)
        return [
            SharedPhone(self.numbers.last_two(str(hashed)), tuple(lines), others.get(hashed, 0))
            for hashed, lines in self.lines.items()
            if len(lines) + others.get(hashed, 0) > 1
        ]

    def _take(self, line: Line) -> None:
        code = line.get("code")
        if code not in self.rows.known:
            self.intake.need(line)
        if code is None or not self.intake.once(line, "code", code):
            return
        ident = self.rows.id_of(code)
        had = self.phones.known.get(ident or 0, {})
        links = self._links(line, had)
        row = self._row(code, line, links, bool(had))
        new_phones = set(links) - set(had)
        if not line.bad & {"phones", "owners"}:
            for key, fr, en in problems(row, links, bool(new_phones), self.intake.today):
                if not line.bad & {key, *RELATED.get(key, ())}:
                    self.intake.problem(line, key, fr, en)
        self.consents.take(code, ident, line, links, self._needed(code, row, new_phones))
        self.rows.want(code, {name: row[name] for name in (*OF_ROW, *MADE)})
        changes = [
            self.phones.want(code, ident, links),
            "clubs" in line.given and self.clubs.want(code, ident, {club: {} for club in line.get("clubs", ())}),
            code in self.consents.new,
        ]
        if any(changes):
            self.rows.touch(code)

    def _row(self, code: str, line: Line, links: Mapping[str, Values], had_phone: bool) -> Values:
        """The member as she would be."""
        values = line.only(*OF_ROW) | self._home(code, line) | {"programme_id": self.intake.programme.id}
        row = self.rows.merged(code, values)
        is_new = code not in self.rows.known
        row["route"] = route_of(row, line.get("route"), bool(links), None if is_new else had_phone, self.intake.today)
        row["life_stage_until"] = ends_on(row)
        return row

    def _home(self, code: str, line: Line) -> Values:
        """Household and village: the village is the household's when only that is told."""
        home = line.get("household_id")
        values: Values = {"household_id": home.id if home else None} if "household_id" in line.given else {}
        village = line.get("village_id", home.village_id if home else None)
        if village is not None:
            values["village_id"] = village
        elif code not in self.rows.known and not line.bad & {"household_id", "village_id"}:
            self.intake.need(line, ["village_id"])
        if home and village != home.village_id:
            self.intake.problem(
                line,
                "village_id",
                "Le ménage est dans un autre village. Corrigez l'un des deux.",
                "The household is in another village. Mend one of the two.",
            )
        return values

    def _links(self, line: Line, had: Mapping[Hashable, tuple[int, Values]]) -> dict[Any, Values]:
        """The phones of a member as they would be, with whose each is, by hash."""
        if "phones" not in line.given:
            if line.has("owners"):
                self.intake.need(line, ["phones"])
            return {hashed: values for hashed, (_ident, values) in had.items()}
        hashes = [self.numbers.hash(number) for number in line.get("phones", ())]
        self.told.add(self.rows.id_of(line.get("code")))
        for hashed in hashes:
            self.lines.setdefault(hashed, []).append(line.number)
        owners = line.get("owners", ()) or [had[hashed][1]["ownership"] for hashed in hashes if hashed in had]
        if len(owners) != len(hashes) and "owners" not in line.bad:
            self.intake.problem(
                line,
                "owners",
                "Écrivez à qui est chaque téléphone, dans le même ordre.",
                "Write whose each phone is, in the same order.",
            )
        return {hashed: {"ownership": owner} for hashed, owner in zip(hashes, owners, strict=False)}

    def _needed(self, code: str, row: Values, new_phones: set[str]) -> set[Purpose]:
        """The purposes without which what this line adds cannot be stored."""
        old = self.rows.known.get(code)
        needed = set()
        if new_phones or (row["route"] == Route.PHONE and old and old["route"] != Route.PHONE):
            needed.add(Purpose.MESSAGES)
        if has_stage(row) and (old is None or any(row[name] != old[name] for name in STAGE)):
            needed.add(Purpose.LIFE_STAGE)
        return needed

    def _known_clubs(self, ids: Sequence[int]) -> dict[int, dict[Hashable, tuple[int, Values]]]:
        found: dict[int, dict[Hashable, tuple[int, Values]]] = {}
        for club_id, member_id in rows_in(self.intake.session, sa.select(*CLUB_MEMBER.c), CLUB_MEMBER.c.member_id, ids):
            found.setdefault(member_id, {})[club_id] = (club_id, {})
        return found
