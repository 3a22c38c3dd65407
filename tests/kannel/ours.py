"""Our own process, `jekulu run`, on a database with invented people; started, killed and asked from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from messaging import outbox, people
from messaging.clock import utc_now
from messaging.database import Database
from messaging.letters import measure
from messaging.models import Attempt, Gateway, Inbound, Message, Programme, Receipt
from messaging.models.post import AttemptState, InboundState, Kind, State
from messaging.phones import Keys
from messaging.rules import Reason
from tests.kannel.boxes import ADMIN, PASSWORD, USER, wait_for
from tests.world import World

ROOT = Path(__file__).parents[2]
NAME = "kannel"
QUICK = {  # of an hour, a minute or less
    "JEKULU_ANSWER_WITHIN": "2s", "JEKULU_STUCK_AFTER": "4s", "JEKULU_RESOLVE_AFTER": "2s 3s 4s",
    "JEKULU_LOOKS_APART": "1s", "JEKULU_RETRY_FIRST": "1s",
}  # fmt: skip


@dataclass
class Ours:
    """One installation behind a Kannel gateway."""

    folder: Path
    database_url: str
    keys: Keys
    port: int
    public: str  # where Kannel finds our door
    api: str  # where we find sendsms
    admin: str
    settings: dict[str, str] = field(default_factory=dict)
    world: World = field(init=False)

    def __post_init__(self) -> None:
        """Write the key, and make a programme and the gateway; no process runs yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._key = self.folder / "child.key"
        self._key.write_text(self.keys.secret.hex() + "\n")
        self._key.chmod(0o600)
        self._process: subprocess.Popen[bytes] | None = None
        self.db = Database(self.database_url, self.keys)
        self.world = World(self.db, utc_now()).programme()
        with self.db.write() as session:
            session.add(Gateway(name=NAME, adapter="kannel", sender="", position=-1, rate=1000.0, answer_cost="free"))

    def __enter__(self) -> Ours:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()
        self.db.dispose()

    # The process

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {
            **os.environ, "JEKULU_DATA": str(self.folder), "JEKULU_DATABASE": self.database_url,
            "JEKULU_KEY_FILE": str(self._key), "PORT": str(self.port), "JEKULU_PUBLIC_URL": self.public,
            "JEKULU_KANNEL_API": self.api, "JEKULU_KANNEL_USER": USER, "JEKULU_KANNEL_PASSWORD": PASSWORD,
            "JEKULU_KANNEL_ADMIN": self.admin, "JEKULU_KANNEL_ADMIN_PASSWORD": ADMIN, "JEKULU_LOG": "WARNING",
            **QUICK, **self.settings,
        }  # fmt: skip
        command = [sys.executable, "-c", "import wsgi; wsgi.main()", "run"]
        with (self.folder / "ours.out").open("ab") as out:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
        wait_for("our web server", self._is_up, 60)

    def kill(self) -> None:
        """As a power cut would; also how each test ends."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def said(self) -> str:
        """What it logged."""
        return (self.folder / "ours.out").read_text("utf-8", "replace")

    def _is_up(self) -> bool:
        assert self._process is not None and self._process.poll() is None, self.said()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    # What it is given

    def people(self, numbers: Sequence[str]) -> None:
        """Phones that we know."""
        with self.db.write() as session:
            self.world.phones |= people.add_phones(session, list(numbers), utc_now())

    def put(self, letters: Iterable[tuple[str, str]], useful: timedelta = timedelta(hours=6)) -> None:
        """Put (number, text) into the outbox, each text as it stands."""
        now = utc_now()
        with self.db.write() as session:
            programme = session.get_one(Programme, self.world.programme_id)
            gateway = session.scalars(sa.select(Gateway).where(Gateway.name == NAME)).one()
            for number, text in letters:
                letter = outbox.Letter(
                    programme_id=programme.id, kind=Kind.REPLY, occurrence=f"kannel:{number}", language_wanted="fr",
                    language="fr", size=measure(text), due_at=now, useful_until=now + useful, body=text,
                    gateway_id=gateway.id,
                )  # fmt: skip
                assert outbox.put(session, letter, self.world.phones[number], now)

    # What it knows

    def messages(self) -> dict[str, Message]:
        """The messages that `put` made, by number."""
        by_phone = {ident: number for number, ident in self.world.phones.items()}
        with self.db.read() as session:
            rows = session.scalars(sa.select(Message).where(Message.occurrence.startswith("kannel:"))).all()
        return {by_phone[row.phone_id]: row for row in rows}

    def attempts(self) -> list[Attempt]:
        """All of them."""
        with self.db.read() as session:
            return list(session.scalars(sa.select(Attempt)))

    def receipts(self) -> list[Receipt]:
        """All of them."""
        with self.db.read() as session:
            return list(session.scalars(sa.select(Receipt)))

    def inbounds(self) -> list[Inbound]:
        """All of them."""
        with self.db.read() as session:
            return list(session.scalars(sa.select(Inbound)))

    def parked(self) -> set[str]:
        """The messages that wait for a person because nobody knows whether they left, by number."""
        return {
            number for number, row in self.messages().items()
            if row.state is State.HELD and row.reason == Reason.UNKNOWN.value
        }  # fmt: skip

    def count(self, *which: sa.ColumnElement[bool]) -> int:
        """How many rows of one table fit."""
        with self.db.read() as session:
            return session.scalar(sa.select(sa.func.count()).where(*which)) or 0

    def is_settled(self) -> bool:
        """Nothing is under way any more: each message is closed, or parked for a person."""
        open_states = (State.WAITING, State.SUBMITTING, State.HANDED_OVER)
        return not self.count(Message.state.in_(open_states), Message.id.is_not(None))

    def is_answered(self, count: int) -> bool:
        """So many SMS came in, and each is handled."""
        return self.count(Inbound.state == InboundState.HANDLED) >= count

    def is_submitted(self) -> bool:
        """No attempt is open."""
        return not self.count(Attempt.state.in_((AttemptState.SUBMITTING, AttemptState.UNKNOWN)))
