"""Messages, answers and people made by hand, so that every figure of reach can be counted on paper.

March 2026, two communes. Alpha holds the households H1, H2 and H6, Beta H3 to H5; Beta came to another cercle in April.

| member | sex | phone  | household | head, band, people | what became of it in March                          |
|--------|-----|--------|-----------|--------------------|-----------------------------------------------------|
| ama    | f   | 01 own | H1        | f very poor 6      | delivered; a message due in February too             |
| bina   | m   | 02 own | H1        |                    | no receipt, but an answer; in the club that met       |
| coura  | f   | 02 spouse's | H2   | m poor 8           | shares the phone of bina                              |
| djeneba| f   | none   | H3        | f very poor -      | her club met                                          |
| fanta  | f   | 05 own | H4        | m middle 10        | delivered on the 18th, stopped on the 20th            |
| goundo | m   | 06 own | H5        | unknown, none      | no receipt; one failed; one went stale; club met      |
| hawa   | f   | 08 own | H6        | m better off -     | only the SMS of a club on her phone                   |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from campaigns.models import Airing, AiringStatus, Answer, ClubSession, Decision, Series, Slot, Step
from messaging.models import (
    ClubStation,
    Household,
    Inbound,
    Member,
    MemberPhone,
    Message,
    Phone,
    Place,
    PlaceParent,
    Programme,
    Station,
)
from messaging.models.people import HeaBand, Ownership, Sex
from messaging.models.place import Level
from messaging.models.post import Delivery, InboundState, Kind, State
from tests.campaigns.evaluation.meetings import at, meet, report
from tests.land import commune
from tests.world import World, hygiene

ARRIVED = {"delivery": Delivery.DELIVERED}
EVE = datetime(2026, 2, 1, tzinfo=UTC)
XOF = 1_000_000


@dataclass
class Post:
    """The world above, and its ids."""

    world: World
    alpha: int = 0
    beta: int = 0
    villages: dict[str, int] = field(default_factory=dict)
    members: dict[str, int] = field(default_factory=dict)
    steps: list[int] = field(default_factory=list)
    meeting: int = 0  # the largest of Alpha's club
    sent: int = 0

    def build(self) -> Post:
        """Make it all."""
        world = self.world
        world.now = EVE
        self.alpha, self.villages["alpha"] = commune(world, "Alpha"), world.village_id
        world.club("1041")
        self.beta, self.villages["beta"] = commune(world, "Beta"), world.village_id
        world.club("1055")
        self._people()
        world.campaign(hygiene())
        world.on_duty("+22370000099")
        with world.db.read() as session:
            self.steps = list(session.scalars(sa.select(Step.id)))
        self._messages()
        self._meetings()
        self._radio()
        self._map()
        return self

    def _people(self) -> None:
        households = {
            "H1": ("alpha", Sex.F, HeaBand.VERY_POOR, 6), "H2": ("alpha", Sex.M, HeaBand.POOR, 8),
            "H3": ("beta", Sex.F, HeaBand.VERY_POOR, None), "H4": ("beta", Sex.M, HeaBand.MIDDLE, 10),
            "H5": ("beta", Sex.UNKNOWN, None, None), "H6": ("alpha", Sex.M, HeaBand.BETTER_OFF, None),
        }  # fmt: skip
        with self.world.db.write() as session:
            homes = {
                code: Household(
                    programme_id=self.world.programme_id, code=code, village_id=self.villages[place], sex_of_head=head,
                    hea_band=band, people=people,
                )
                for code, (place, head, band, people) in households.items()
            }  # fmt: skip
            session.add_all(homes.values())
            session.flush()
            ids = {code: home.id for code, home in homes.items()}
        for name, sex, number, home, place, club in (
            ("ama", Sex.F, "01", "H1", "alpha", "1041"),
            ("bina", Sex.M, "02", "H1", "alpha", "1041"),
            ("djeneba", Sex.F, None, "H3", "beta", "1055"),
            ("fanta", Sex.F, "05", "H4", "beta", None),
            ("goundo", Sex.M, "06", "H5", "beta", "1055"),
            ("hawa", Sex.F, "08", "H6", "alpha", None),
            ("coura", Sex.F, "02", "H2", "alpha", None),
        ):
            self.world.village_id = self.villages[place]
            full = number and f"+223700000{number}"
            language = "bm" if name == "fanta" else "fr"
            self.members[name] = self.world.member(full, language, sex=sex, club=club)
            with self.world.db.write() as session:
                session.get_one(Member, self.members[name]).household_id = ids[home] if home else None
        with self.world.db.write() as session:
            shared = (self.members["coura"], self.world.phones["+22370000002"])
            session.get_one(MemberPhone, shared).ownership = Ownership.SPOUSE
            stopped = session.get_one(Phone, self.world.phones["+22370000005"])
            stopped.opted_out_at = at("03-20")

    def _messages(self) -> None:
        self.send("ama", "03-05", **ARRIVED, segments=2, price_micros=30 * XOF)
        self.send("ama", "03-06", **ARRIVED, trial_of=1, kind=Kind.SERVICE)
        self.send("ama", "03-06", **ARRIVED, step_id=0, kind=Kind.REPLY)
        self.send("ama", "03-02", due="02-20", **ARRIVED)
        self.send("ama", "02-28", **ARRIVED)
        self.answer(self.send("bina", "03-05", delivery=Delivery.SENT), "03-06")
        self.send("fanta", "03-18", **ARRIVED)
        self.send("goundo", "03-10", delivery=Delivery.SENT)
        self.send("goundo", "03-11", delivery=Delivery.FAILED, kind=Kind.SERVICE)
        self.send("goundo", None, due="03-12", state=State.CLOSED, reason="stale", closed_at=at("03-13"))
        self.send("hawa", "03-12", **ARRIVED, member_id=None)  # to the phone of a club

    def _meetings(self) -> None:
        small, large = meet(self.world, "1041", "03-03"), meet(self.world, "1041", "03-17")
        report(self.world, small, at("03-03"), women=9, men=1)
        report(self.world, large, at("03-17"), women=12, men=8, girls=2)
        report(self.world, meet(self.world, "1055", "03-10"), at("03-10"), women=7, men=0)
        report(self.world, meet(self.world, "1055", "04-02"), at("04-02"), women=70, men=0)
        self.meeting = large
        with self.world.db.write() as session:
            for club, kept_at in (("1055", "03-15"), ("1041", "02-15")):
                session.add(
                    Decision(
                        programme_id=self.world.programme_id, club_id=self.world.clubs[club], day=date(2026, 2, 1),
                        text="Un jardin", kept="yes", kept_at=at(kept_at),
                    )
                )  # fmt: skip

    def _radio(self) -> None:
        """The club of Alpha listens to a station that aired, the one of Beta to another one, which did not."""
        airing = self.world.airing(at("03-12", "19:00"))
        with self.world.db.write() as session:
            aired = session.get_one(Airing, airing)
            series = session.scalars(sa.select(Series.id)).one()
            slot = Slot(
                station_id=aired.station_id,
                series_id=series,
                starts=time(19),
                cost_micros=5000 * XOF,
                starts_on=EVE.date(),
            )
            mute = Station(programme_id=self.world.programme_id, name="Muette", sms_name="Muette", languages=["fr"])
            session.add_all([slot, mute])
            session.flush()
            aired.slot_id = slot.id
            session.get_one(ClubSession, self.meeting).airing_id = airing
            link = (self.world.clubs["1055"], aired.station_id)
            session.get_one(ClubStation, link).station_id = mute.id
            for day, status in (("03-13", AiringStatus.NOT_AIRED), ("03-27", AiringStatus.PLANNED)):
                session.add(Airing(episode_id=aired.episode_id, station_id=mute.id, planned_at=at(day), status=status))

    def _map(self) -> None:
        """Beta lies in the first cercle until the end of March, then in the second."""
        with self.world.db.write() as session:
            first, second = (
                Place(level=Level.CERCLE, name=name, folded=name.lower(), sms_name=name, languages=[])
                for name in ("Premier", "Second")
            )
            session.add_all([first, second])
            session.flush()
            session.add(PlaceParent(place_id=self.beta, parent_id=first.id, valid_to=date(2026, 3, 31)))
            session.add(PlaceParent(place_id=self.beta, parent_id=second.id, valid_from=date(2026, 4, 1)))

    def send(self, member: str, handed_over: str | None, due: str | None = None, **more: Any) -> int:
        """A message of March, as it became; nobody took it when `handed_over` is none."""
        moment = at(due or handed_over or "")
        with self.world.db.write() as session:
            person = session.get_one(Member, self.members[member])
            phone = session.scalars(sa.select(MemberPhone.phone_id).where(MemberPhone.member_id == person.id)).one()
            row = {
                "programme_id": person.programme_id, "kind": Kind.CAMPAIGN, "step_id": self.steps[0],
                "occurrence": f"nr{self.sent}", "phone_id": phone, "member_id": person.id,
                "village_id": person.village_id, "language": "fr", "language_wanted": person.language,
                "encoding": "GSM-7", "segments": 1, "price_micros": 15 * XOF, "state": State.HANDED_OVER,
                "due_at": moment, "next_at": moment, "created_at": moment, "useful_until": moment,
                "handed_over_at": at(handed_over) if handed_over else None, **more,
            }  # fmt: skip
            self.sent += 1
            message = Message(**row)
            session.add(message)
            session.flush()
            return message.id

    def answer(self, message_id: int, day: str, **more: Any) -> None:
        """An answer to a message."""
        with self.world.db.write() as session:
            message = session.get_one(Message, message_id)
            inbound = Inbound(
                gateway_id=1, phone_id=message.phone_id, text="1", received_at=at(day), next_at=at(day),
                state=InboundState.HANDLED, dedupe_key=f"answer{message_id}", digest="",
            )  # fmt: skip
            session.add(inbound)
            session.flush()
            row = {
                "step_id": message.step_id, "occurrence": message.occurrence, "message_id": message.id,
                "inbound_id": inbound.id, "phone_id": message.phone_id, "value": "1", "answered_at": at(day), **more,
            }  # fmt: skip
            session.add(Answer(**row))

    def neighbour(self) -> World:
        """Another programme beside it, with a member on the phone of ama, on which an SMS of it arrived."""
        other = World(self.world.db, self.world.now)
        with self.world.db.write() as session:
            row = Programme(
                code="autre", name_fr="Autre", name_en="Other", service_name="Info", language="fr", languages=["fr"],
                details={}, created_at=EVE,
            )  # fmt: skip
            session.add(row)
            session.flush()
            other.programme_id = row.id
        other.village_id = self.villages["alpha"]
        self.members["neighbour"] = other.member("+22370000001")
        self.send("neighbour", "03-20", **ARRIVED)
        return other
