"""A post with gateways that answer as told: what tests of outcomes, receipts, looks and ways have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from messaging import outbox, receipts, resolving, sender
from messaging.gateways.protocol import (
    Arrival,
    Capabilities,
    Error,
    Fault,
    Found,
    Outbound,
    Outcome,
    Report,
    Resolution,
    Submitted,
)
from messaging.installation import Installation
from messaging.letters import measure
from messaging.models import Attempt, Budget, Gateway, Message, Phone
from messaging.models.post import Delivery, Kind
from tests.world import World

PLAIN = Capabilities(can_receive=True, delivery_reports="handset", can_resolve="by_search")
OK = Submitted(Outcome.ACCEPTED)
CUT = Submitted(Outcome.UNKNOWN, error=Error("time-out", "the answer was lost", Fault.NETWORK))
PRICE = 10_000_000  # of a segment, in millionths of XOF


@dataclass
class Carrier:
    """A gateway that answers as told, one word a call, and then takes everything."""

    capabilities: Capabilities = PLAIN
    answers: list[Submitted] = field(default_factory=list)
    looks: list[Resolution] = field(default_factory=list)  # the last one again and again
    asked: list[Outbound] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)

    def submit(self, outbound: Outbound) -> Submitted:
        self.asked.append(outbound)
        return self.answers.pop(0) if self.answers else OK

    def resolve(
        self, outbound: Outbound, attempted_at: datetime, now: datetime, taken: Collection[str] = ()
    ) -> Resolution:
        self.looked.append(outbound.idempotency_key)
        if not self.looks:
            return Resolution(Found.STILL_UNKNOWN)
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def list_inbound(self, since: datetime, until: datetime) -> Sequence[Arrival]:
        return ()

    def track(self, key: str, provider_id: str | None) -> Report | None:
        return None

    def health(self) -> Error | None:
        return None

    def close(self) -> None:
        pass


@dataclass
class Post:
    """An installation with one programme, its gateways, and a clock that the test turns."""

    here: Installation
    world: World
    now: datetime
    carriers: dict[str, Carrier] = field(default_factory=dict)

    def gateway(self, name: str, capabilities: Capabilities = PLAIN, **columns: Any) -> Carrier:
        """Add a gateway; the first one named is asked first."""
        values = {"adapter": "twilio", "sender": "+22320000000", "rate": 1000.0, "answer_cost": "free", **columns}
        row = Gateway(
            name=name, prefixes=values.pop("prefixes", []), kinds=values.pop("kinds", []), price_micros=PRICE,
            position=len(self.carriers), **values,
        )  # fmt: skip
        with self.here.db.write() as session:
            session.add(row)
            session.flush()
            carrier = self.carriers[name] = Carrier(capabilities)
            self.here.adapters.put(row, carrier)
        return carrier

    def put(self, number: str = "+22370000001", kind: Kind = Kind.SERVICE, **letter: Any) -> int:
        """Put one message into the outbox, with `member=True` to the last member made; gives its id."""
        phone_id = self.world.phones.get(number) or self.world.phone(number)
        text = letter.pop("text", "I ni ce")
        who = {"member_id": self.world.members[-1]} if letter.pop("member", False) else {}
        values = {
            "occurrence": f"test:{kind}", "language_wanted": "fr", "language": "fr", "body": text,
            "size": measure(text), "due_at": self.now, "useful_until": self.now + timedelta(days=2),
            "segment_price_micros": PRICE, "draft": False, **letter,
        }  # fmt: skip
        if kind is not Kind.REPLY:  # words of no text leave by the catalogue's occurrences alone
            values["occurrence"] = values["occurrence"].replace("test:", "nudge:test:")
        with self.here.db.write() as session:
            made = outbox.Letter(programme_id=self.world.programme_id, kind=kind, **values)
            assert outbox.put(session, made, phone_id, self.now, **who)
            return session.scalars(sa.select(sa.func.max(Message.id))).one()

    def send(self, minutes: float = 0) -> dict[str, int]:
        """Turn the clock, and let the sender make one pass."""
        self.now += timedelta(minutes=minutes)
        return sender.send_due(self.here, self.now)

    def look(self, minutes: float = 0) -> dict[str, int]:
        """Turn the clock, and look unknown outcomes up."""
        self.now += timedelta(minutes=minutes)
        return resolving.resolve(self.here, self.now)

    def hours(self, hours: int, every: int = 5) -> None:
        """Let sender and looks go on for some hours."""
        for _ in range(hours * 60 // every):
            self.send(every)
            self.look()

    def report(self, *told: Report, gateway: str | None = None) -> int:
        """Bring reports by the gateway's door, in one transaction."""
        return receipts.receive(self.here.db, gateway or next(iter(self.carriers)), told, self.now)

    def tell(self, key: str, delivery: Delivery, error: Error | None = None, **more: Any) -> int:
        """Bring one report on one attempt."""
        return self.report(report(key, delivery, error, **more))

    def message(self, ident: int | None = None) -> Message:
        with self.here.db.read() as session:
            query = sa.select(Message).order_by(Message.id)
            return session.scalars(query.where(Message.id == ident) if ident else query).first()  # type: ignore[return-value]

    def attempts(self, ident: int | None = None) -> list[Attempt]:
        """The attempts of one message, or of all, in their order."""
        with self.here.db.read() as session:
            query = sa.select(Attempt).order_by(Attempt.started_at, Attempt.id)
            return list(session.scalars(query.where(Attempt.message_id == ident) if ident else query))

    def row(self, name: str) -> Gateway:
        with self.here.db.read() as session:
            return session.scalars(sa.select(Gateway).where(Gateway.name == name)).one()

    def phone(self, number: str = "+22370000001") -> Phone:
        with self.here.db.read() as session:
            return session.get_one(Phone, self.world.phones[number])

    def money(self) -> tuple[int, int]:
        """XOF set aside and XOF spent, in segments of this post."""
        with self.here.db.read() as session:
            rows: Iterable[Budget] = session.scalars(sa.select(Budget)).all()
            found = [(row.reserved_micros // PRICE, row.charged_micros // PRICE) for row in rows]
            return found[0] if found else (0, 0)

    @property
    def sent(self) -> list[str]:
        """Keys that any gateway was asked to carry, in their order."""
        return [one.idempotency_key for carrier in self.carriers.values() for one in carrier.asked]


def report(key: str, delivery: Delivery | None, error: Error | None = None, **more: Any) -> Report:
    """What a gateway tells of an attempt."""
    word = f"{delivery.value if delivery else 'odd'}"
    return Report(
        word, delivery, f"{key}|{word}|{error.code if error else ''}", idempotency_key=key, error=error, **more
    )


def refused(fault: Fault, code: str = "no", **more: Any) -> Submitted:
    """A refusal for good."""
    return Submitted(Outcome.REJECTED, error=Error(code, "no", fault, **more))


def later(fault: Fault = Fault.NETWORK, code: str = "busy", **more: Any) -> Submitted:
    """A refusal for now."""
    return Submitted(Outcome.TEMPORARY, error=Error(code, "busy", fault, **more))


def able(how: str, **more: Any) -> Capabilities:
    """A gateway that can be asked in this way."""
    return replace(PLAIN, can_resolve=how, **more)
