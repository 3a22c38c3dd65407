"""Scenario 6: an evaluator gets two files for two purposes: nothing joins them, nobody is found, all is in the log."""

from __future__ import annotations

import csv
import io
import random
import re
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.definitions import Definition
from campaigns.evaluation.evaluator import keys, purposes
from campaigns.evaluation.evaluator.archive import Archive
from campaigns.models import Answer, EvaluationPurpose, Handover, Step
from messaging import people, staff
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.installation import Installation, open_installation
from messaging.models import (
    Audit,
    Club,
    ClubMember,
    Consent,
    Gateway,
    Household,
    Inbound,
    Member,
    MemberPhone,
    Message,
    Place,
    PlaceCode,
    PlaceParent,
    Programme,
    ProgrammeVillage,
    Role,
)
from messaging.models.people import ClubKind, HeaBand, Ownership, Purpose, Route, Sex, Way
from messaging.models.place import Level
from messaging.models.post import Delivery, InboundState, Kind, State
from messaging.places import folded
from messaging.settings import load
from tests.scenarios.test_commands import Desk
from tests.world import World

PEOPLE = 360
COMMUNES = {  # people in each
    "Kanibonzon": 170, "Doucombosso": 110, "Sangarala": 54, "Pignariba": 14, "Borkoli": 4, "Sokolo": 4, "Tediema": 4,
}  # fmt: skip
NAMES = ("Aïssata", "Kadidiatou", "Yakouba", "Ogobara", "Nouhoum", "Assétou")
HEA = {HeaBand.VERY_POOR: 12, HeaBand.POOR: 55, HeaBand.MIDDLE: 30, HeaBand.BETTER_OFF: 3}
SECRET_WORDS = "notre conseiller demande de l'argent"
PERSONS, CLUSTERS = "5_quiz_person_pseudonymised.csv", "11_quiz_clusters_pseudonymised.csv"
WAVES = {"pre": datetime(2026, 1, 5, 17, 30, tzinfo=UTC), "post": datetime(2026, 3, 2, 17, 30, tzinfo=UTC)}
UNTIL = date(2026, 4, 30)


def quiz() -> Definition:
    """Three questions before and the same after."""
    steps = [
        {
            "step": f"{wave}-{code}", "kind": "question", "when": {"date": f"{at:%Y-%m-%d}"}, "hour": "17:30",
            "facts": ["HY3"], "facts_checked": "2026-01-01",
            "question": {"type": "single", "correct": [1], "wave": wave, "code": code},
            "texts": {"fr": {
                "sms": f"Question {code}: 1 oui 2 non", "read_aloud": "…", "options": {"1": "oui", "2": "non"},
                "right": "Oui.", "wrong": "Non.",
            }},
        }
        for wave, at in WAVES.items() for code in ("q1", "q2", "q3")
    ]  # fmt: skip
    head = {"campaign": "nut05", "title": {"fr": "Quiz"}, "topic": "hygiene", "pillar": "social"}
    return Definition.model_validate({**head, "steps": steps})


@dataclass
class Country:
    """Some hundred people of rare and common kinds, who answered; ids count up from 1 in each table."""

    world: World
    dice: random.Random = field(default_factory=lambda: random.Random(6))
    villages: list[int] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    agreed: set[int] = field(default_factory=set)

    def settle(self) -> None:
        """Make places, clubs, people and consents."""
        homes: list[int] = []
        with self.world.db.write() as session:
            for place, (name, count) in enumerate(COMMUNES.items()):
                homes += self._commune(session, place, name, count)
            clubs = self._clubs(session)
            self._people(session, homes, clubs)

    def _commune(self, session: Session, place: int, name: str, count: int) -> list[int]:
        names = [(Level.COMMUNE, name), *((Level.VILLAGE, f"{name}-{end}") for end in ("Do", "Kanda", "Ley"))]
        rows = [Place(level=level, name=one, folded=folded(one), sms_name=one, languages=[]) for level, one in names]
        session.add_all(rows)
        session.flush()
        commune, *villages = (row.id for row in rows)
        session.add(PlaceCode(place_id=commune, scheme="essai", code=f"MLI{place}"))
        session.add_all(PlaceParent(place_id=one, parent_id=commune) for one in villages)
        session.add_all(ProgrammeVillage(programme_id=self.world.programme_id, place_id=one) for one in villages)
        self.villages += villages
        return [self.dice.choice(villages) for _ in range(count)]

    def _clubs(self, session: Session) -> dict[int, list[int]]:
        """The clubs that people of a village go to: one in each of the first villages, in two arms; the rest walk."""
        rows = [
            Club(
                programme_id=self.world.programme_id, code=f"{7000 + number}", kind=ClubKind.LISTENERS_CLUB,
                name=f"Club {7000 + number}", sms_name=f"Club {7000 + number}", village_id=village, language="fr",
                arm=("t1", "temoin")[number % 2],
            )
            for number, village in enumerate(self.villages[:10])
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        every = [row.id for row in rows]
        own = {row.village_id: row.id for row in rows}
        return {home: [own[home], *every] if home in own else every[:3] for home in self.villages}

    def _people(self, session: Session, homes: list[int], clubs: dict[int, list[int]]) -> None:
        now, dice = self.world.now, self.dice
        programme = {"programme_id": self.world.programme_id}
        self.numbers = [f"+22370{110000 + 7 * place}" for place in range(PEOPLE)]
        phones = people.add_phones(session, self.numbers, now)
        groups, weights = zip(*HEA.items(), strict=True)
        households = [
            {**programme, "id": place + 1, "code": f"ZM-{place}", "village_id": home, "sex_of_head": Sex.UNKNOWN,
             "hea_band": dice.choices(groups, weights)[0], "status": "active"}
            for place, home in enumerate(homes)
        ]  # fmt: skip
        members = [
            {**programme, "id": place + 1, "code": f"ZP-{place}", "household_id": place + 1, "village_id": home,
             "first_name": dice.choice(NAMES), "sex": Sex.UNKNOWN if place % 120 == 0 else dice.choice((Sex.F, Sex.M)),
             "birth_year": dice.choices((2003, 1990, 1960), (20, 70, 10))[0], "route": Route.PHONE,
             "language": dice.choices(("fr", "bm", "dds"), (60, 39, 1))[0], "created_at": now}
            for place, home in enumerate(homes)
        ]  # fmt: skip
        links = [
            {"member_id": place + 1, "phone_id": phones[number], "ownership": Ownership.SPOUSE if place % 7 == 0 else
             Ownership.OWN}
            for place, number in enumerate(self.numbers)
        ]  # fmt: skip
        session.execute(sa.insert(Household), households)
        session.execute(sa.insert(Member), members)
        session.execute(sa.insert(MemberPhone), links)
        inside = [
            {"member_id": place + 1, "club_id": club}
            for place, home in enumerate(homes) if place % 40
            for club in dict.fromkeys(clubs[home][: 2 if place % 10 == 0 else 1])
        ]  # fmt: skip
        session.execute(sa.insert(ClubMember), inside)
        session.execute(sa.insert(Consent), list(self._consents()))

    def _consents(self) -> Iterator[dict[str, Any]]:
        """Most agreed; every ninth not to sharing, every eleventh no more, some only to sharing."""
        for member in range(1, PEOPLE + 1):
            given = [purpose for purpose in (Purpose.EVALUATION, Purpose.SHARING)
                     if not (purpose is Purpose.SHARING and member % 9 == 0)
                     and not (purpose is Purpose.EVALUATION and member % 31 == 0)]  # fmt: skip
            for purpose in given:
                yield {
                    "programme_id": self.world.programme_id, "member_id": member, "purpose": purpose, "granted": True,
                    "text_version": "1", "language": "fr", "way": Way.ORAL, "given_at": self.world.now,
                    "withdrawn_at": self.world.now if member % 11 == 0 else None,
                }  # fmt: skip
            if len(given) == 2 and member % 11:
                self.agreed.add(member)

    def answer(self) -> None:
        """Most answer, some only once, some a week later, late, or without a name."""
        dice = self.dice
        with self.world.db.write() as session:
            gateway = session.scalars(sa.select(Gateway.id)).first()
            steps = session.execute(sa.select(Step.id, Step.code).order_by(Step.id)).all()
            phones = dict(session.execute(sa.select(MemberPhone.member_id, MemberPhone.phone_id)).all())
            rows: dict[type, list[dict[str, Any]]] = {Message: [], Inbound: [], Answer: []}
            for member, phone in sorted(phones.items()):
                for step, code in steps:
                    wave = code.partition("-")[0]
                    if dice.random() < (0.75 if wave == "pre" else 0.6):
                        at = WAVES[wave] + timedelta(days=dice.choices((0, 8), (95, 5))[0], hours=1)
                        self._answered(rows, gateway or 0, member, phone, step, at)
            for table, of_it in rows.items():
                session.execute(sa.insert(table), of_it)

    def _answered(self, rows: dict, gateway: int, member: int, phone: int, step: int, at: datetime) -> None:
        ident, dice = len(rows[Answer]) + 1, self.dice
        value = dice.choices(("1", "2", "DK", SECRET_WORDS), (55, 30, 14, 1))[0]
        rows[Message].append({
            "id": ident, "programme_id": self.world.programme_id, "kind": Kind.CAMPAIGN, "step_id": step,
            "occurrence": f"{step}", "phone_id": phone, "member_id": member, "language_wanted": "fr", "language": "fr",
            "encoding": "GSM-7", "segments": 1, "state": State.CLOSED, "delivery": Delivery.DELIVERED, "due_at": at,
            "next_at": at, "useful_until": at, "created_at": at, "handed_over_at": at,
        })  # fmt: skip
        rows[Inbound].append({
            "id": ident, "gateway_id": gateway, "dedupe_key": f"k{ident}", "text": SECRET_WORDS, "phone_id": phone,
            "received_at": at, "next_at": at, "digest": f"{ident}", "state": InboundState.HANDLED, "role": "member",
        })  # fmt: skip
        rows[Answer].append({
            "id": ident, "step_id": step, "occurrence": f"{step}", "message_id": ident, "inbound_id": ident,
            "phone_id": phone, "member_id": None if ident % 50 == 0 else member, "value": value,
            "correct": None if value == "DK" else value == "1", "late": ident % 33 == 0, "answered_at": at,
        })  # fmt: skip


class Files:
    """The ZIP as the evaluator opens it."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        with zipfile.ZipFile(io.BytesIO(archive.content)) as packed:
            self.texts = {name: packed.read(name).decode() for name in packed.namelist()}

    def rows(self, name: str) -> list[dict[str, str]]:
        """A table without its HXL row."""
        rows = csv.DictReader(io.StringIO(self.texts[name]))
        return [row for row in rows if not next(iter(row.values())).startswith("#")]

    def known(self, file: str) -> list[str]:
        """The columns of a file that a neighbour could know, as the codebook names them."""
        book = self.rows("codebook.csv")
        return [row["column"] for row in book if row["file"] == file and row["role"] == "quasi_identifier"]

    def names(self) -> tuple[set[str], set[str]]:
        """The pseudonyms of both files."""
        return (
            {row["pseudonym"] for row in self.rows(PERSONS)}, {row["group_pseudonym"] for row in self.rows(CLUSTERS)}
        )  # fmt: skip


@pytest.fixture
def country(world: World) -> Country:
    """The people, the quiz, and three accounts."""
    made = Country(world)
    made.settle()
    world.campaign(quiz(), start=False)
    made.answer()
    with world.db.write() as session:
        accounts(session, world.now)
    return made


def accounts(session: Session, now: datetime) -> None:
    """Who asks and two who may accept."""
    for who, role in (("eval", Role.EVALUATION), ("approve", Role.APPROVER), ("audit", Role.AUDITOR)):
        staff.add(session, f"{who}@essai.example", [(role, "")], now, programmes=["essai"])


class Office:
    """Who asks, accepts and downloads."""

    def __init__(self, here: Installation, now: datetime) -> None:
        self.here, self.now, self.folder = here, now, keys.folder_of(here.settings)
        with here.db.read() as session:
            self.ids = {who: staff.by_email(session, f"{who}@essai.example").id for who in ("eval", "approve", "audit")}

    def open(self, title: str, second: str = "approve") -> int:
        """A purpose that two people stand for."""
        with self.here.db.write() as session:
            programme = session.scalars(sa.select(Programme)).one()
            row = purposes.ask(session, programme, title, "Bureau Exemple", UNTIL, self.ids["eval"], self.now)
            ident = row.id
        with self.here.db.write() as session:
            purposes.accept(session, self.folder, ident, self.ids[second], self.now)
        return ident

    def download(self, purpose: int, now: datetime | None = None) -> Files:
        """Both files, written down."""
        at = now or self.now
        with self.here.db.read() as session:
            row = session.get_one(EvaluationPurpose, purpose)
            made = purposes.build(session, self.folder, row, self.ids["eval"], at)
        with self.here.db.write() as session:
            purposes.hand_over(session, self.folder, made, purpose, self.ids["eval"], at)
        return Files(made)


def test_two_purposes_two_files_and_nobody_is_found(installation: Installation, country: Country) -> None:
    office = Office(installation, country.world.now)
    first, second = office.open("Evaluation finale"), office.open("Etude", "audit")
    one, again, other = office.download(first), office.download(first), office.download(second)

    assert one.archive.content == again.archive.content
    sets = [*one.names(), *other.names()]
    assert all(sets), "every file has pseudonyms"
    bare = {name[1:] for names in sets for name in names}  # members and clubs have the same ids here
    assert sum(map(len, sets)) == len(bare), "no pseudonym stands in two files"
    shapes = (r"p[0-9a-f]{12}", r"g[0-9a-f]{12}")
    assert all(re.fullmatch(shape, name) for shape, names in zip(shapes * 2, sets, strict=True) for name in names)

    for files in (one, other):
        nothing_of_people(country, files)
        consent_is_kept(country, files)
        nobody_is_singled_out(files)
        nothing_is_computed_back(files)
    every_download_is_in_the_log(installation, [first, first, second], [one, again, other])
    later_downloads_tell_of_nobody(country, office, first, one)
    ends_with_its_last_day(installation, office, first, second)


def nothing_of_people(country: Country, files: Files) -> None:
    """No number, name, village, club, code of a person, and no words of anybody."""
    with country.world.db.read() as session:
        words = {*session.scalars(sa.select(Place.name)), *session.scalars(sa.select(Club.code)), *NAMES}
        words |= {*session.scalars(sa.select(Club.name)), *session.scalars(sa.select(Member.code)), SECRET_WORDS}
        words |= set(session.scalars(sa.select(Household.code)))
    words |= {form for number in country.numbers for form in (number, number[1:], number[4:], f"00{number[1:]}")}
    said = plain("\n".join([*files.texts, *files.texts.values()]))
    tokens = set(re.findall(r"[0-9a-z+]+(?:[ '-][0-9a-z]+)*|[0-9a-z]+", said)) | set(re.findall(r"[0-9a-z]+", said))
    found = [word for word in words if plain(word) in tokens or (len(word) > 8 and not word.lstrip("+").isdecimal()
             and plain(word) in said)]  # fmt: skip
    assert not found, found
    assert any(row["answer"] == "" for row in files.rows(PERSONS)), "what was no option is empty"


def consent_is_kept(country: Country, files: Files) -> None:
    """Those who agreed to both are in it, but for the few who would be found; who did not agree is counted."""
    log = {row["what"]: row["count"] for row in files.rows("suppression.csv")}
    with country.world.db.read() as session:
        counts = (Answer.member_id.is_not(None), Answer.late.is_(False))
        answered = set(session.scalars(sa.select(Answer.member_id).where(*counts)))
    few = len(answered & country.agreed) - len(files.names()[0])
    assert 0 < few < 15, "those whose sex is not said, and the rest of each sex that is under five"
    assert log["left_out_too_few"] == ("<5" if few < 5 else str(few))
    assert int(log["without_consent"]) == len(answered - country.agreed) > 50
    assert all(int(log[f"blanked_{column}"]) for column in ("hea_band", "age_band"))
    assert log["blanked_commune"] != "0"


def nobody_is_singled_out(files: Files) -> None:
    """Every subset of what a neighbour could know, of a person's rows together, within and across the two files."""
    persons, clusters = files.rows(PERSONS), files.rows(CLUSTERS)
    columns, arms = files.known(PERSONS), files.known(CLUSTERS)
    assert columns == ["commune_code", "sex", "age_band", "hea_band", "answered_week_start"]
    assert arms == ["arm", "sex"]
    traits: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in persons:
        for column in columns:
            traits[row["pseudonym"]][column].add(row[column])
    people = [{column: frozenset(of_it[column]) for column in columns} for of_it in traits.values()]
    for wanted in subsets(columns):
        sizes = Counter(tuple(one[column] for column in wanted) for one in people)
        assert min(sizes.values()) >= 5, (wanted, sizes.most_common()[-1])
    alone = Counter(
        (*(row[column] for column in (*columns, "quiz", "wave")),)
        for row in {(row["pseudonym"], row["wave"], row["answered_week_start"]): row for row in persons}.values()
    )
    assert min(alone.values()) >= 5, "in a wave that she answered"
    shown = [row for row in clusters if row["answered"] and row["dont_know"]]
    assert shown
    by_sex = Counter(next(iter(one["sex"])) for one in people)
    for arm, sex in {(row["arm"], row["sex"]) for row in shown}:
        joined = [one for one in people if sex in one["sex"]]  # sex is all that both files know
        for wanted in subsets(columns):
            sizes = Counter(tuple(one[column] for column in wanted) for one in joined)
            assert min(sizes.values()) >= 5, (arm, sex, wanted)
        assert by_sex[sex] >= 5
    weeks = {row["answered_week_start"] for row in persons} - {""}
    assert weeks and all(date.fromisoformat(week).weekday() == 0 for week in weeks)
    assert [row["pseudonym"] for row in persons] == sorted(row["pseudonym"] for row in persons)
    assert {row["persons"] for row in files.rows("totals.csv") if row["value"] == "dds"} <= {""}


def nothing_is_computed_back(files: Files) -> None:
    """A count is none or five and more; the totals of the other file give back no single blanked one."""
    totals: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for row in files.rows(PERSONS):
        column = totals[row["quiz"], row["wave"], row["question"], row["sex"]]
        column["dont_know" if row["answer"] == "DK" else "answered"] += 1
        column["correct"] += row["correct"] == "true"
    cells = defaultdict(list)
    for row in files.rows(CLUSTERS):
        cells[row["quiz"], row["wave"], row["question"], row["sex"]].append(row)
        if row["answered"] and row["correct"]:
            assert not 0 < int(row["answered"]) - int(row["correct"]) < 5
    blanked = 0
    for key, column in cells.items():
        for name in ("answered", "correct", "dont_know"):
            shown = [int(row[name]) for row in column if row[name]]
            assert all(number == 0 or number >= 5 for number in shown)
            hidden, rest = len(column) - len(shown), totals[key][name] - sum(shown)
            blanked += hidden
            if hidden:
                assert hidden > 1 and (rest >= 5 or not any(shown)), (key, name, hidden, rest)
            else:
                assert rest == 0 or rest >= 5, (key, name, rest)
    assert blanked
    assert {row["count"] for row in files.rows("suppression.csv") if row["what"] == "blanked_counts"} == {str(blanked)}


def every_download_is_in_the_log(here: Installation, ids: list[int], downloads: list[Files]) -> None:
    """For what, by whom, until when, rows and hash: of each file of each download."""
    with here.db.read() as session:
        lines = session.scalars(sa.select(Audit).where(Audit.action == "handed_over").order_by(Audit.id)).all()
        rows = session.scalars(sa.select(Handover).order_by(Handover.id)).all()
    said = [
        (str(ident), one.file, one.rows, one.sha256)
        for ident, files in zip(ids, downloads, strict=True) for one in files.archive.files
    ]  # fmt: skip
    assert [(line.object_id, *(line.after[name] for name in ("file", "rows", "sha256"))) for line in lines] == said
    assert [(str(row.purpose_id), row.file, row.rows, row.sha256) for row in rows] == said
    assert all(line.actor.startswith("staff:") and line.after["until"] == UNTIL.isoformat() for line in lines)


def later_downloads_tell_of_nobody(country: Country, office: Office, purpose: int, first: Files) -> None:
    """Who agrees, moves, is corrected or answers since changes nothing; who withdraws goes, and that joins nothing."""
    db, later = country.world.db, office.now + timedelta(days=3)
    name = {member: keys.pseudonym(keys.read(office.folder, purpose_of(country, purpose))["persons"], "persons", member)
            for member in country.agreed}  # fmt: skip
    inside = sorted(member for member in country.agreed if name[member] in first.names()[0])
    with db.write() as session:
        consent = {"programme_id": country.world.programme_id, "granted": True, "text_version": "1", "language": "fr",
                   "way": Way.ORAL, "given_at": later}  # fmt: skip
        session.execute(sa.insert(Consent), [{**consent, "member_id": 9, "purpose": Purpose.SHARING}])
        elsewhere = sa.update(Member).where(Member.id == inside[0])
        session.execute(elsewhere.values(village_id=country.villages[-1], sex=Sex.UNKNOWN))
        session.execute(sa.update(Answer).where(Answer.member_id == inside[1]).values(value="DK", correct=None))
        session.execute(sa.update(ClubMember).where(ClubMember.member_id == inside[2]).values(club_id=1))
        session.execute(sa.update(Answer).where(Answer.member_id.is_(None)).values(member_id=inside[3]))
    assert office.download(purpose, later).archive.content == first.archive.content
    gone = [next(member for member in inside if is_in_a_group_of_five(first, name[member])), inside[-1]]
    with db.write() as session:
        people.withdraw(session, later, purpose=Purpose.SHARING, member_id=gone[0])
        people.withdraw(session, later, member_id=gone[1])
    again = office.download(purpose, later)
    assert again.names()[0] < first.names()[0] - {name[member] for member in gone} | {""}
    for same in (CLUSTERS, "totals.csv", "suppression.csv", "quality.csv", "codebook.csv"):
        assert again.texts[same] == first.texts[same], same
    nobody_is_singled_out(again)
    for file in again.archive.files:
        assert file.sha256 in again.texts["README.txt"]
    assert again.archive.files[0].rows == len(again.rows(PERSONS))
    before = {row["pseudonym"]: row for row in first.rows(PERSONS)}
    for row in again.rows(PERSONS):  # blanked further, never told again
        assert all(row[column] in ("", before[row["pseudonym"]][column]) for column in again.known(PERSONS)[:4])


def purpose_of(country: Country, purpose: int) -> EvaluationPurpose:
    with country.world.db.read() as session:
        return session.get_one(EvaluationPurpose, purpose)


def is_in_a_group_of_five(files: Files, pseudonym: str) -> bool:
    """Whether one fewer would leave too few of her kind."""
    kinds = {row["pseudonym"]: tuple(row[name] for name in files.known(PERSONS)[:4]) for row in files.rows(PERSONS)}
    return Counter(kinds.values())[kinds[pseudonym]] < 8


def ends_with_its_last_day(here: Installation, office: Office, first: int, second: int) -> None:
    """One is ended at once, the other by the job after its last day; then nothing leads back."""
    assert len(list(office.folder.iterdir())) == 6  # of each two keys, and what first left
    with here.db.write() as session:
        purposes.end(session, office.folder, second, office.ids["audit"], office.now)
    assert len(list(office.folder.iterdir())) == 3
    last = datetime(2026, 4, 30, 23, 59, tzinfo=UTC)
    assert purposes.keep(here, last) == {}
    office.download(first, last)
    over = last + timedelta(minutes=2)
    refused(office, first, over)  # also before the job came by
    assert purposes.keep(here, over) == {"ended": 1, "keys": 0}
    assert list(office.folder.iterdir()) == []
    for purpose in (first, second):
        refused(office, purpose, office.now)
    with here.db.write() as session:  # and though somebody opened it again by hand
        session.get_one(EvaluationPurpose, first).ended_at = None
    refused(office, first, office.now)
    with here.db.read() as session:
        actors = session.scalars(sa.select(Audit.actor).where(Audit.action == "ended").order_by(Audit.id)).all()
    assert actors == [f"staff:{office.ids['audit']}", "job:purposes"]


def test_when_the_programme_ends_its_keys_go(installation: Installation, world: World) -> None:
    with world.db.write() as session:
        accounts(session, world.now)
    office = Office(installation, world.now)
    purpose = office.open("Evaluation finale")
    office.download(purpose)
    with world.db.write() as session:
        session.scalars(sa.select(Programme)).one().ended_at = world.now
    refused(office, purpose, world.now)
    assert purposes.keep(installation, world.now) == {"ended": 1, "keys": 0}
    assert list(office.folder.iterdir()) == []


def test_of_two_who_are_first_only_one_is(installation: Installation, world: World) -> None:
    """Both read the data; the second gets what the first kept, never a slightly other one."""
    with world.db.write() as session:
        accounts(session, world.now)
    office = Office(installation, world.now)
    purpose = office.open("Evaluation finale")
    with world.db.read() as session:
        row = session.get_one(EvaluationPurpose, purpose)
        made = purposes.build(session, office.folder, row, office.ids["eval"], office.now)
    first = office.download(purpose)
    with world.db.write() as session, pytest.raises(RefusedError):
        purposes.hand_over(session, office.folder, made, purpose, office.ids["eval"], office.now)
    assert office.download(purpose).archive.content == first.archive.content


def refused(office: Office, purpose: int, now: datetime) -> None:
    with pytest.raises(RefusedError):
        office.download(purpose, now)


def subsets(columns: list[str]) -> Iterable[tuple[str, ...]]:
    return chain.from_iterable(combinations(columns, size) for size in range(1, len(columns) + 1))


def plain(text: str) -> str:
    parts = unicodedata.normalize("NFD", text.lower())
    return "".join(char for char in parts if not unicodedata.combining(char))


def test_the_command_lists_and_downloads(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    here = open_installation(load({"JEKULU_DATA": str(tmp_path / "data")}))
    World(here.db, utc_now()).programme("essai", demonstration=True)
    with here.db.write() as session:
        for who, role in (("eval", Role.EVALUATION), ("approve", Role.APPROVER), ("audit", Role.AUDITOR)):
            staff.add(session, f"{who}@essai.example", [(role, "")], utc_now())
        ids = [staff.by_email(session, f"{who}@essai.example").id for who in ("eval", "approve")]
        programme = session.scalars(sa.select(Programme)).one()
        until = utc_now().date() + timedelta(days=3)
        row = purposes.ask(session, programme, "Evaluation", "Bureau", until, ids[0], utc_now())
        ident = row.id
    assert [one["open"] for one in desk.json("evaluator", "list")] == [False]
    with here.db.write() as session:
        purposes.accept(session, keys.folder_of(here.settings), ident, ids[1], utc_now())
    here.close()
    assert [one["open"] for one in desk.json("evaluator", "list")] == [True]
    words = ("evaluator", "download", str(ident), "--out", str(tmp_path / "out"), "--as")
    assert desk.run(*words, "approve@essai.example").exit_code == 1
    told = desk.json(*words, "eval@essai.example")
    path = Path(told["written"])
    assert path.name.startswith("DEMONSTRATION-essai-") and path.stat().st_mode & 0o777 == 0o600
    assert [one["rows"] for one in told["files"]] == [0, 0]
    assert desk.run("evaluator", "download", "99", "--out", "x", "--as", "eval@essai.example").exit_code == 1
