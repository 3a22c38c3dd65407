"""A small programme of invented people, built by hand: what most tests need, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from campaigns import life, loading
from campaigns.definitions import Definition
from campaigns.models import Airing, Campaign, Episode, Series
from messaging import people, staff, texts
from messaging.database import Database
from messaging.models import (
    Chain,
    Club,
    ClubMember,
    ClubStation,
    Facilitator,
    FacilitatorClub,
    Hours,
    Member,
    MemberPhone,
    Place,
    Programme,
    Role,
    Station,
    StationPhone,
    Text,
)
from messaging.models.people import (
    ClubKind,
    ContentLevel,
    FacilitatorKind,
    LifeStage,
    Ownership,
    Purpose,
    Route,
    Sex,
    Way,
)
from messaging.models.place import Level
from messaging.places import folded

CODES = ("1041", "1055", "2035", "3115")


@dataclass
class World:
    """One programme and the people in it."""

    db: Database
    now: datetime
    programme_id: int = 0
    village_id: int = 0
    members: list[int] = field(default_factory=list)
    phones: dict[str, int] = field(default_factory=dict)
    clubs: dict[str, int] = field(default_factory=dict)

    def programme(self, code: str = "essai", demonstration: bool = False, always_open: bool = True) -> World:
        """Make the programme and one village."""
        with self.db.write() as session:
            row = Programme(
                code=code, name_fr="Essai", name_en="Trial", service_name="Info club", demonstration=demonstration,
                always_open=always_open, language="fr", languages=["fr", "bm", "dds"], details={}, created_at=self.now,
            )  # fmt: skip
            village = Place(
                level=Level.VILLAGE, name="Village Essai", folded=folded("Village Essai"), sms_name="Essai",
                languages=["fr"], market_days=5, market_anchor=date(2014, 4, 9),
            )  # fmt: skip
            session.add_all([row, village])
            session.flush()
            self.programme_id, self.village_id = row.id, village.id
        return self

    def chain(self, language: str, *falls_to: str) -> None:
        """Set a fallback chain."""
        with self.db.write() as session:
            session.add(Chain(programme_id=self.programme_id, language=language, falls_to=list(falls_to)))

    def hours(self, spans: str, kind: str = "campaign") -> None:
        """Open these local spans only."""
        with self.db.write() as session:
            session.add(Hours(programme_id=self.programme_id, position=1, kind=kind, open_spans=spans, reason="essai"))

    def phone(self, number: str) -> int:
        """The id of a number, made when it is new."""
        with self.db.write() as session:
            self.phones[number] = people.add_phone(session, number, self.now).id
        return self.phones[number]

    def member(
        self,
        number: str | None = None,
        language: str = "fr",
        *,
        consent: bool = True,
        sex: Sex = Sex.F,
        personal: bool = False,
        child_born: date | None = None,
        life_stage: LifeStage = LifeStage.NONE,
        club: str | None = None,
        route: Route = Route.PHONE,
    ) -> int:
        """Make a member, with her phone and her consent."""
        phone_id = self.phone(number) if number else None
        with self.db.write() as session:
            row = Member(
                programme_id=self.programme_id, code=f"M{len(self.members) + 1}", village_id=self.village_id, sex=sex,
                language=language, route=route if number else Route.GROUP, child_birth_month=child_born,
                life_stage=life_stage, life_stage_until=date(2030, 1, 1),
                content_level=ContentLevel.PERSON if personal else ContentLevel.ANYONE, created_at=self.now,
            )  # fmt: skip
            session.add(row)
            session.flush()
            if phone_id:
                session.add(MemberPhone(member_id=row.id, phone_id=phone_id, ownership=Ownership.OWN))
            if consent and phone_id:
                agree(session, self.programme_id, row.id, language, self.now)
            if club:
                session.add(ClubMember(club_id=self.clubs[club], member_id=row.id))
            self.members.append(row.id)
            return row.id

    def crowd(self, count: int, language: str = "fr", start: str = "+22370") -> None:
        """Make many members at once, each with a phone of her own; the numbers start so and count up."""
        first = len(self.phones)
        numbers = [f"{start}{first + place:06d}" for place in range(count)]
        with self.db.write() as session:
            self.phones |= people.add_phones(session, numbers, self.now)
            rows = [
                Member(
                    programme_id=self.programme_id, code=f"C{first + place}", village_id=self.village_id, sex=Sex.F,
                    language=language, route=Route.PHONE, content_level=ContentLevel.ANYONE, created_at=self.now,
                )
                for place in range(count)
            ]  # fmt: skip
            session.add_all(rows)
            session.flush()
            for number, row in zip(numbers, rows, strict=True):
                session.add(MemberPhone(member_id=row.id, phone_id=self.phones[number], ownership=Ownership.OWN))
                agree(session, self.programme_id, row.id, language, self.now)

    def club(
        self, code: str, kind: ClubKind = ClubKind.LISTENERS_CLUB, facilitator: str | None = None, language: str = "fr"
    ) -> int:
        """Make a club and its facilitator's phone."""
        phone_id = self.phone(facilitator) if facilitator else None
        with self.db.write() as session:
            row = Club(
                programme_id=self.programme_id, code=code, kind=kind, name=f"Club {code}", sms_name=f"Club {code}",
                village_id=self.village_id, language=language, size_f=15, size_m=10,
            )  # fmt: skip
            session.add(row)
            session.flush()
            if phone_id:
                leader = Facilitator(
                    programme_id=self.programme_id,
                    kind=FacilitatorKind.FACILITATOR,
                    phone_id=phone_id,
                    language=language,
                )
                session.add(leader)
                session.flush()
                session.add(FacilitatorClub(facilitator_id=leader.id, club_id=row.id))
            self.clubs[code] = row.id
            return row.id

    def on_duty(self, number: str, *roles: tuple[Role, str], **more: bool) -> None:
        """Make an account with a confirmed phone."""
        with self.db.write() as session:
            email = f"{number[-2:]}@essai.example"
            staff.add(session, email, roles, self.now, programmes=["essai"], **more)
            person = staff.by_email(session, email)
            person.phone_id = people.add_phone(session, number, self.now).id
            person.phone_confirmed_at = self.now

    def airing(self, at: datetime, number: int = 12, station: str = "Radio Exemple", host: str | None = None) -> int:
        """Plan a broadcast that all clubs listen to."""
        host_id = self.phone(host) if host else None
        with self.db.write() as session:
            place = Station(programme_id=self.programme_id, name=station, sms_name=station, languages=["fr"])
            series = Series(programme_id=self.programme_id, code="serie", title="Bien manger")
            session.add_all([place, series])
            session.flush()
            episode = Episode(series_id=series.id, number=number, topic="nutrition", titles={"fr": "Le moringa"})
            session.add(episode)
            session.flush()
            row = Airing(episode_id=episode.id, station_id=place.id, planned_at=at)
            session.add(row)
            session.add_all(ClubStation(club_id=club_id, station_id=place.id) for club_id in self.clubs.values())
            if host_id:
                session.add(StationPhone(station_id=place.id, phone_id=host_id))
            session.flush()
            return row.id

    def campaign(self, definition: Definition, *, start: bool = True) -> int:
        """Load a campaign, have two accounts review and approve it, and start it."""
        with self.db.write() as session:
            programme = session.get_one(Programme, self.programme_id)
            loading.load(session, programme, definition, self.now)
            row = loading.find(session, self.programme_id, definition.campaign)
            assert row is not None
            if start:
                approve_texts(session, row, self.now)
                row.state = row.state.APPROVED
                life.start(session, row.id, None, self.now)
            return row.id


def agree(session: Session, programme_id: int, member_id: int, language: str, now: datetime) -> None:
    """Oral consent with its evidence."""
    evidence = people.Evidence(
        text_version="1", language=language, way=Way.ORAL, given_at=now - timedelta(days=30), taken_by="anim-01",
        witness="K",
    )  # fmt: skip
    people.give(session, programme_id, Purpose.MESSAGES, evidence, member_id=member_id)


def reviewer_and_approver(session: Session, now: datetime) -> tuple[int, int]:
    """Two accounts: a translator of every language, and an approver."""
    every = [(Role.TRANSLATOR, code) for code in ("fr", "bm", "dds", "dts")]
    for email, roles in (("relit@essai.example", every), ("approuve@essai.example", [(Role.APPROVER, "")])):
        try:
            staff.by_email(session, email)
        except Exception:
            staff.add(session, email, roles, now)
    return staff.by_email(session, "relit@essai.example").id, staff.by_email(session, "approuve@essai.example").id


def approve_texts(session: Session, campaign: Campaign, now: datetime) -> None:
    """Review and approve every text of a campaign by two people."""
    import sqlalchemy as sa

    reviewer_and_approver(session, now)
    reviewer = staff.by_email(session, "relit@essai.example")
    approver = staff.by_email(session, "approuve@essai.example")
    steps = [step.id for step in loading.steps_of(session, campaign.id)]
    for text in session.scalars(sa.select(Text).where(Text.step_id.in_(steps))).all():
        texts.review(session, text.id, reviewer, staff.roles(session, reviewer.id), now, variety="Bandiagara")
        texts.approve(session, text.id, approver, staff.roles(session, approver.id), now)


def hygiene(**step: object) -> Definition:
    """A campaign of one step on washing hands; `step` replaces parts of it."""
    body: dict[str, object] = {
        "step": "mains", "kind": "message", "when": {"date": "2026-03-12"}, "hour": "17:30", "facts": ["HY3"],
        "facts_checked": "2026-03-01", "one_act": True,
        "texts": {"fr": {"sms": "Lavez les mains au savon ou a la cendre.", "read_aloud": "Lavez les mains."}},
    }  # fmt: skip
    return Definition.model_validate(
        {
            "campaign": "hygiene-essai", "title": {"fr": "Mains propres"}, "topic": "hygiene", "pillar": "social",
            "steps": [{**body, **step}],
        }
    )  # fmt: skip
