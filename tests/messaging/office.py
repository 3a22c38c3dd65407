"""An office with two real gateways, whose staff is told when something is wrong: what the tests of alarms share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from messaging import alarms, budget, outbox, sender, watch
from messaging.engines import pulse
from messaging.gateways import pausing
from messaging.gateways.simulator import Simulator, Weather
from messaging.installation import Installation
from messaging.models import Attempt, Gateway, Message, Phone, Programme
from messaging.models.post import AttemptState, State
from tests.world import World

AWA, MOUSSA, FANTA = "+22370000041", "+22370000042", "+22366000043"
MINUTE = timedelta(minutes=1)


@dataclass
class Office:
    """An installation with two real gateways, an officer and an administrator."""

    here: Installation
    world: World
    now: datetime
    names: dict[str, int] = field(default_factory=dict)

    def later(self, minutes: float) -> None:
        self.now += minutes * MINUTE

    def gateway(self, name: str, **more: Any) -> None:
        with self.here.db.write() as session:
            row = Gateway(name=name, adapter="twilio", sender=name, rate=100, answer_cost="free", **more)
            session.add(row)
            session.flush()
            self.here.adapters.put(row, Simulator(self.here.adapters.book, lambda: self.now, Weather(seed="test")))
            self.names[name] = row.id

    def set(self, name: str, **values: Any) -> None:
        with self.here.db.write() as session:
            session.execute(sa.update(Gateway).where(Gateway.name == name).values(**values))

    def watch(self) -> dict[str, int]:
        """One tick of the watch and of the sender."""
        counts = watch.watch(self.here, self.now)
        sender.send_due(self.here, self.now)
        return {name: count for name, count in counts.items() if count}

    def sent(self) -> list[tuple[str, str]]:
        """Last two digits and way of each SMS that really left, in this order."""
        with self.here.db.read() as session:
            query = sa.select(Phone.last_two, Gateway.name).select_from(Message)
            query = query.join(Phone, Phone.id == Message.phone_id).join(Gateway, Gateway.id == Message.gateway_id)
            query = query.where(Message.state == State.HANDED_OVER).order_by(Message.created_at, Phone.last_two)
            rows = [(digits, name) for digits, name in session.execute(query)]
        assert len(rows) == len(self.here.adapters.book.sent())
        return rows

    def open(self) -> list[tuple[str, str]]:
        with self.here.db.read() as session:
            return sorted((row.kind, row.about) for row in alarms.open_alarms(session))

    def spend(self, percent: int) -> None:
        with self.here.db.write() as session:
            budget.set_limit(session, self.world.programme_id, budget.month_of(self.now), 100_000_000)
            used = budget.left(session, {(self.world.programme_id, budget.month_of(self.now))})
            more = percent * 1_000_000 - (100_000_000 - next(iter(used.values())))
            budget.reserve(session, self.world.programme_id, self.now, more)
            budget.charge(session, self.world.programme_id, self.now, more)

    def attempts(self, gateway: str, *states: tuple[AttemptState, float | None], minutes: float = 10) -> None:
        """Attempts begun so many minutes ago, each with its state and the seconds until it was settled."""
        with self.here.db.write() as session:
            programme = session.get_one(Programme, self.world.programme_id)
            phone = session.scalars(sa.select(Phone)).first()
            begun = self.now - minutes * MINUTE
            assert phone is not None
            for place, (state, seconds) in enumerate(states):
                key = f"{gateway}-{begun:%d%H%M%S}-{place}"
                letter = outbox.reply(
                    session, programme, "x", "fr", occurrence=key, due_at=begun, useful_until=begun + MINUTE
                )
                outbox.put(session, letter, phone.id, begun)
                message = session.scalars(sa.select(Message).where(Message.occurrence == key)).one()
                message.state = State.CLOSED
                settled = None if seconds is None else begun + timedelta(seconds=seconds)
                session.add(
                    Attempt(
                        id=key, message_id=message.id, gateway_id=self.names[gateway], state=state, started_at=begun,
                        settled_at=settled,
                    )
                )  # fmt: skip


def quick(office: Office, **changes: Any) -> Installation:
    """The same installation with other settings."""
    return replace(office.here, settings=replace(office.here.settings, **changes))


def pause(office: Office, name: str = "orange") -> None:
    with office.here.db.write() as session:
        row = session.get_one(Gateway, office.names[name])
        pausing.pause(session, row, "Plus de crédit", office.now)


def resume(office: Office, name: str = "orange") -> None:
    with office.here.db.write() as session:
        pausing.resume(session, session.get_one(Gateway, office.names[name]), office.now)


def silent(office: Office, minutes: float = 10) -> None:
    """The engine gave its last sign so long ago."""
    pulse.beat(office.here.db, office.now - minutes * MINUTE)
