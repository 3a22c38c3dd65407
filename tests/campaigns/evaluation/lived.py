"""A small programme that lived through March 2026, made by hand: what the tables for export are counted from."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from campaigns.definitions import Definition
from campaigns.models import (
    Answer,
    Attendance,
    AttendanceState,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Distribution,
    Feedback,
    Measure,
    MeasureKind,
    Step,
    Value,
)
from messaging.models import Gateway, Inbound, Message, Phone, Place, PlaceCode, PlaceParent, ProgrammeVillage
from messaging.models.people import Sex
from messaging.models.place import Level
from messaging.models.post import Delivery, InboundState, Kind, State
from messaging.places import folded
from tests.world import World, hygiene


class Life(World):
    """A programme in one commune with codes, with people, messages, a quiz, sessions, cases, prices, a distribution."""

    def live(self) -> Life:
        """March 2026, by hand."""
        self.programme("essai")
        self.map()
        self.club("1041", facilitator="+22376000041")
        for number in range(6):
            self.member(f"+2237600010{number}", club="1041")
        self.member("+22366000200", sex=Sex.M)
        self.member(club="1041")  # without a phone
        self.campaign(quiz(), start=False)
        with self.db.write() as session:
            session.add(PlaceCode(place_id=self.commune, scheme="ocha-2023", code="MLI00500207"))
            session.add_all(ProgrammeVillage(programme_id=self.programme_id, place_id=one) for one in [self.village_id])
            self.gateway = session.scalars(sa.select(Gateway.id).order_by(Gateway.id)).first() or 0
            self.steps = dict(session.execute(sa.select(Step.code, Step.id)).all())
        self.post()
        self.sessions()
        self.cases()
        self.airing(at("03-10", "20:30"))
        self.goods()
        return self

    def map(self) -> None:
        """Region, cercle and commune above the village."""
        with self.db.write() as session:
            above = None
            for level, name in ((Level.REGION, "Région E"), (Level.CERCLE, "Cercle E"), (Level.COMMUNE, "Commune E")):
                row = Place(level=level, name=name, folded=folded(name), sms_name=name)
                session.add(row)
                session.flush()
                if above is not None:
                    session.add(PlaceParent(place_id=row.id, parent_id=above))
                above = row.id
            assert above is not None
            session.add(PlaceParent(place_id=self.village_id, parent_id=above))
            self.commune = above

    def sms(self, step: str, number: str, day: str, state: State = State.CLOSED, **more: Any) -> int:
        """A message of a step, due and handed over at noon of a day."""
        noon = at(day)
        more.setdefault("handed_over_at", noon if state in (State.CLOSED, State.HANDED_OVER) else None)
        with self.db.write() as session:
            row = Message(
                programme_id=self.programme_id, kind=more.pop("kind", Kind.CAMPAIGN), step_id=self.steps.get(step, 0),
                occurrence=f"{step}:{number}:{day}", phone_id=self.phones[number], village_id=self.village_id,
                member_id=more.pop("member_id", self.members[0]), language_wanted="fr", language="fr",
                encoding="GSM-7", segments=2, price_micros=40_000_000, state=state, due_at=noon,
                next_at=noon, useful_until=noon + timedelta(days=1), created_at=noon, tries=1, gateway_id=self.gateway,
                **more,
            )  # fmt: skip
            session.add(row)
            session.flush()
            return row.id

    def post(self) -> None:
        """On the tenth: 2 delivered, 1 proved by an answer alone, 1 failed, 1 expired, 1 unknown, 1 stale, 1 trial."""
        ones = [f"+2237600010{number}" for number in range(6)]
        arrived = {"delivery": Delivery.DELIVERED, "reason": "delivered"}
        for number in ones[:2]:
            self.sms("mains", number, "03-10", **arrived)
        asked = self.sms("mains", ones[2], "03-10", State.HANDED_OVER)
        self.sms("mains", ones[3], "03-10", delivery=Delivery.FAILED, reason="failed")
        self.sms("mains", ones[4], "03-10", delivery=Delivery.EXPIRED, reason="expired")
        self.sms("mains", ones[5], "03-10", State.HANDED_OVER, delivery=Delivery.SENT)
        self.sms("mains", "+22366000200", "03-10", State.CLOSED, handed_over_at=None, reason="stale")
        self.sms("", ones[0], "03-11", kind=Kind.REPLY, **arrived)
        for place, number in enumerate(ones):
            ident = self.sms("quiz", number, "03-12", **arrived)
            if place < 5:
                self.answers(ident, "quiz", number, "1" if place < 4 else "DK", self.members[place])
        self.answers(asked, "mains", ones[2], "OUI", None)
        with self.db.write() as session:
            phone = session.get_one(Phone, self.phones[ones[1]])
            phone.opted_out_at = at("03-14")  # two days after the question

    def answers(self, message: int, step: str, number: str, value: str, member: int | None) -> None:
        """An answer to a message, a minute later."""
        with self.db.write() as session:
            sent = session.get_one(Message, message)
            inbound = self.inbound(session, number, sent.due_at + timedelta(minutes=1))
            session.add(
                Answer(
                    step_id=self.steps[step], occurrence=sent.occurrence, message_id=message, inbound_id=inbound,
                    phone_id=self.phones[number], member_id=member, value=value, correct=value == "1",
                    answered_at=sent.due_at + timedelta(minutes=1),
                )
            )  # fmt: skip

    def inbound(self, session: Any, number: str, when: datetime, **more: Any) -> int:
        """An SMS from a number."""
        self.count = getattr(self, "count", 0) + 1
        row = Inbound(
            gateway_id=self.gateway, dedupe_key=f"k{self.count}", text="=secret", phone_id=self.phones[number],
            received_at=when, next_at=when, digest=str(self.count), state=InboundState.HANDLED, **more,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id

    def sessions(self) -> None:
        """Two sessions held, the second larger, and one that a report called off for a reason nobody is told."""
        with self.db.write() as session:
            for day, women, men in (("03-05", 12, 8), ("03-19", 15, 9)):
                row = self._session(day, ClubSessionStatus.HELD)
                session.add(row)
                session.flush()
                session.add(
                    Attendance(
                        club_session_id=row.id, intent="attendance", women=women, men=men, girls=0, boys=0,
                        total=women + men, pregnant=3, lactating=2, repairs=["=fold"], received_at=at(day, "18:00"),
                        state=AttendanceState.CONFIRMED, phone_id=self.phones["+22376000041"],
                    )
                )  # fmt: skip
            off = self._session("03-26", ClubSessionStatus.CANCELLED, cancel_reason="insecurity")
            session.add(off)
            session.flush()
            session.add(
                Attendance(
                    club_session_id=off.id, intent="attendance", total=0, repairs=[], received_at=at("03-26", "18:00"),
                    state=AttendanceState.CONFIRMED, phone_id=self.phones["+22376000041"],
                )
            )  # fmt: skip

    def _session(self, day: str, status: ClubSessionStatus, **more: Any) -> ClubSession:
        return ClubSession(
            programme_id=self.programme_id, kind=ClubSessionKind.CLUB, club_id=self.clubs["1041"],
            held_on=date.fromisoformat(f"2026-{day}"), status=status, topic="nutrition", **more,
        )  # fmt: skip

    def cases(self) -> None:
        """Five questions of five women, one of a man, one not screened yet, one harm, and six sensitive in February."""
        ones = [f"+2237600010{number}" for number in range(5)]
        for number in ones:
            self.case(number, "question", "03-11", closed_at=at("03-12"), referred_to="CSCOM")
        self.case("+22366000200", "suggestion", "03-11", taken_at=at("03-11", "15:00"), referred_to="chez Awa")
        self.case(ones[0], "unclassified", "03-18", screened=False)
        self.case(ones[0], "adverse", "03-18")
        for number in (*ones, "+22366000200"):
            self.case(number, "sensitive_fraud", "02-10")
        self.case(ones[0], "sensitive_psea", "03-20")

    def case(self, number: str, category: str, day: str, *, screened: bool = True, **more: Any) -> None:
        """Something that somebody told at noon."""
        with self.db.write() as session:
            inbound = self.inbound(session, number, at(day), maybe_sensitive=not screened)
            session.add(
                Feedback(
                    programme_id=self.programme_id, inbound_id=inbound, phone_id=self.phones[number],
                    category=category, told_at=at(day), **more,
                )
            )  # fmt: skip

    def goods(self) -> None:
        """Three prices in two weeks, one of them replaced; a distribution; a target and a survey."""
        with self.db.write() as session:
            for day, price, state in (
                ("03-10", 120, "ok"), ("03-12", 131, "ok"), ("03-12", 999, "replaced"), ("03-17", 140, "ok"),
            ):  # fmt: skip
                session.add(
                    Value(
                        programme_id=self.programme_id, kind="price", place_id=self.village_id, item="mais",
                        value=price, unit="XOF/kg", day=date.fromisoformat(f"2026-{day}"), state=state,
                    )
                )  # fmt: skip
            for received in (1, 1, 0):
                session.add(
                    Value(
                        programme_id=self.programme_id, kind="distribution_ack", place_id=self.village_id,
                        value=received, unit="", day=date(2026, 3, 13), text="savoirs-essai/mains",
                    )
                )  # fmt: skip
            session.add(
                Distribution(
                    programme_id=self.programme_id, code="D3", day=date(2026, 3, 12), modality="in_kind",
                    place_id=self.commune, item="semences gombo", unit="kg", planned=330, served=301, quantity=150,
                    step_id=self.steps["mains"],
                )
            )  # fmt: skip
            more = {"programme_id": self.programme_id, "place_id": self.commune}
            session.add(Measure(indicator="RCH-HH", kind=MeasureKind.TARGET, value=330, **more))
            survey = {**more, "indicator": "MDD-W", "sex": Sex.F}
            session.add(Measure(kind=MeasureKind.BASELINE, value=31.2, day=date(2025, 2, 1), source="base", **survey))
            session.add(
                Measure(
                    kind=MeasureKind.MIDLINE, numerator=112, denominator=240, value=46.7, day=date(2026, 3, 20),
                    source="household survey", **survey,
                )
            )  # fmt: skip
            session.add(Measure(kind=MeasureKind.TARGET, value=60, **survey))


def at(day: str, hour: str = "12:00") -> datetime:
    """A moment of 2026."""
    return datetime.fromisoformat(f"2026-{day}T{hour}+00:00")


def quiz() -> Definition:
    """A message and a question of the wave `pre`."""
    question = {
        "step": "quiz", "kind": "question", "when": {"after_enrolment": 3}, "hour": "16:30", "facts": ["HY3"],
        "facts_checked": "2026-03-01", "question": {"type": "single", "correct": [1], "wave": "pre", "code": "q1"},
        "texts": {"fr": {
            "sms": "Sans savon, que prendre? 1 la cendre 2 rien", "read_aloud": "Sans savon, que prendre ?",
            "options": {"1": "la cendre", "2": "rien"}, "right": "Oui.", "wrong": "Prenez de la cendre.",
        }},
    }  # fmt: skip
    whole = hygiene().model_dump(mode="json")
    return Definition.model_validate({**whole, "campaign": "savoirs-essai", "steps": [*whole["steps"], question]})
