"""Conversations written as SMS transcripts: `>` is sent by a person, `<` reaches the phone, `@` is the clock.

`awa beeps 2` is a missed call on the number that stands for option 2.

@ 2026-03-12 17:31
awa > ARRET
awa < C'est fait. Plus de messages. Pour reprendre: REPRENDRE
awa <            (nothing more)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from campaigns import planner
from campaigns.conversation.converse import converse
from messaging import inbox, outbox, receipts, resolving, sender
from messaging.gateways.simulator import Simulator, Weather
from messaging.installation import Installation

LINE = re.compile(r"^(?P<who>\w+) (?P<way>[<>]|beeps) ?(?P<text>.*)$")
CALM = Weather(seed="test")


@dataclass
class Script:
    """Plays a transcript against an installation on the simulator."""

    here: Installation
    numbers: dict[str, str]
    now: datetime
    seen: dict[str, int] = field(default_factory=dict)
    written: int = 0

    def __post_init__(self) -> None:
        """Take hold of the simulated carrier."""
        from messaging.models import Gateway

        with self.here.db.read() as session:
            gateway = session.get_one(Gateway, 1)
        self.carrier = Simulator(self.here.adapters.book, lambda: self.now, CALM)
        self.here.adapters.put(gateway, self.carrier)

    def play(self, transcript: str) -> None:
        """Play every line; a line that comes out otherwise fails with what came instead."""
        for line in (line.strip() for line in transcript.strip().splitlines()):
            if not line or line.startswith("#"):
                continue
            if line.startswith("@"):
                self.now = datetime.strptime(line[1:].strip(), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
                self.turn()
                continue
            found = LINE.match(line)
            assert found, f"not a line of a transcript: {line}"
            if found["way"] == ">":
                self.write(found["who"], found["text"])
            elif found["way"] == "beeps":
                self.beep(found["who"], found["text"])
            else:
                self.expect(found["who"], found["text"])

    def write(self, who: str, text: str, ident: str | None = None) -> None:
        """A person writes, and everything that follows at once happens."""
        self.written += 1
        arrival = self.here.adapters.book.write(self.numbers[who], text, self.now, ident or f"t{self.written}")
        inbox.receive(self.here.db, "simulator", [arrival])
        self.turn()

    def beep(self, who: str, called: str) -> None:
        """A person calls the number of an option and hangs up."""
        self.written += 1
        arrival = self.here.adapters.book.beep(self.numbers[who], called, self.now, f"b{self.written}")
        inbox.receive(self.here.db, "simulator", [arrival])
        self.turn()

    def turn(self) -> None:
        """One turn of every job."""
        planner.plan(self.here.db, self.now, timedelta(minutes=15))
        self.turn_of_conversation()
        while sender.send_due(self.here, self.now).get("claimed"):
            pass
        due = self.here.adapters.book.reports(self.now + timedelta(minutes=1))
        receipts.receive(self.here.db, "simulator", [report for _, report in due], self.now)
        self.here.adapters.book.told([ident for ident, _ in due])
        resolving.resolve(self.here, self.now)
        with self.here.db.write() as session:
            outbox.expire(session, self.now)

    def turn_of_conversation(self) -> None:
        """Read and answer what came in."""
        converse(self.here.db, self.now)

    def sent(self, number: str) -> list[str]:
        """What really went out to a number, oldest first."""
        return [body for _, body, _ in self.here.adapters.book.sent(number)]

    def expect(self, who: str, text: str) -> None:
        """The next SMS on a phone; an empty text: nothing more came."""
        new = self.sent(self.numbers[who])[self.seen.get(who, 0) :]
        if not text:
            assert not new, f"{who} got more: {new}"
            return
        assert new, f"{who} got nothing, expected: {text}"
        assert new[0] == text, f"{who} got: {new[0]}\nexpected:  {text}"
        self.seen[who] = self.seen.get(who, 0) + 1
