"""After a restore: what the old machine may have sent since the backup does not leave once more."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

import wsgi
from messaging import claiming, marks, outbox, restored
from messaging.backups import loading, taking
from messaging.database import Database
from messaging.engines import pulse
from messaging.gateways import Adapters
from messaging.installation import Installation
from messaging.letters import measure
from messaging.models import Gateway, Inbound, Message
from messaging.models.post import InboundState, Kind, State
from messaging.outbox import Letter
from messaging.phones import Keys
from tests.conftest import NOW
from tests.messaging.backups.conftest import Make
from tests.world import World

KINDS = ("sqlite", "postgresql")
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


@pytest.fixture
def pair(machine: Make, keys: Keys, tmp_path: Path, request: pytest.FixtureRequest) -> Pair:
    return Pair(machine, tmp_path)


class Pair:
    """An old machine with a real gateway, and the new one that its backup comes back on two hours later."""

    def __init__(self, machine: Make, folder: Path) -> None:
        self.old, self.make, self.folder = machine("sqlite", "old", "start"), machine, folder
        self.old_world = World(self.old.db, NOW).programme()
        with self.old.db.write() as session:
            session.add(Gateway(name="carrier", adapter="twilio", sender="36000", rate=100))
        self.phone = self.old_world.phone("+22376000001")

    def put(self, db: Database, occurrence: str, due_at: datetime, kind: Kind = Kind.SERVICE, **more: Any) -> None:
        letter = Letter(
            programme_id=self.old_world.programme_id, kind=kind, occurrence=occurrence, language_wanted="fr",
            language="fr", size=measure("Bonjour"), body="Bonjour", due_at=due_at,
            useful_until=LATER + timedelta(days=1), **more,
        )  # fmt: skip
        with db.write() as session:
            assert outbox.put(session, letter, self.phone, due_at)

    def inbound(self, db: Database, ident: int, came: datetime, heard: datetime) -> None:
        row = Inbound(
            id=ident, gateway_id=2, dedupe_key=f"sms{ident}", text="INFO", phone_id=self.phone, gateway_at=came,
            received_at=heard, next_at=heard, digest="d", state=InboundState.HANDLED,
        )  # fmt: skip
        with db.write() as session:
            session.add(row)

    def restore(self, **options: bool) -> Installation:
        path = taking.back_up(self.old.db, self.folder / "a.backup", NOW).path
        new = self.make("sqlite", "new")
        self.done = loading.restore(new.settings, path, LATER, **options)
        settings = replace(
            new.settings, twilio_account="AC" + "0" * 32, twilio_token="x", public_url="https://e.example"
        )
        return Installation(settings, new.db.keys, new.db, Adapters(settings, new.db.keys))


def resume(here: Installation) -> None:
    with here.db.write() as session:
        session.get_one(Gateway, 2).paused_at = None


def leaving(here: Installation, now: datetime) -> int:
    return len(claiming.claim(here, now)[0])


def states(here: Installation) -> dict[str, tuple[str, str | None]]:
    with here.db.read() as session:
        return {row.occurrence: (row.state.value, row.reason) for row in session.scalars(sa.select(Message))}


AFTER = LATER + timedelta(minutes=1)
HELD, GONE = ("held", "restored"), ("submitting", None)
ROWS = [
    # label, what is in the backup or comes after it, whether it may leave unasked
    ("due before the backup", "old", "reply:x", NOW - timedelta(hours=1), None, False),
    ("due between backup and restore", "old", "reply:x", SOON, None, False),
    ("due after the restore", "old", "reply:x", AFTER, None, True),
    ("made anew by the calendar", "new", "once", SOON, None, False),
    ("answers an SMS that came in between", "new", "reply:7", AFTER, (SOON, AFTER), False),
    ("asks once more after such an SMS", "new", "remind:7", AFTER, (SOON, SOON), False),
    ("calls to duty after such an SMS", "new", "duty:7", AFTER, (SOON, AFTER), False),
    ("answers an SMS that came after it", "new", "reply:7", AFTER, (AFTER, AFTER), True),
    ("a person writes about an old case", "new", "case:7:1", AFTER, (NOW, NOW), True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "occurrence", "due_at", "came", "leaves"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_what_may_have_left_does_not_leave_again(
    pair: Pair,
    where: str,
    occurrence: str,
    due_at: datetime,
    came: tuple[datetime, datetime] | None,
    leaves: bool,
) -> None:
    if where == "old":
        pair.put(pair.old.db, occurrence, due_at, Kind.REPLY)
    here = pair.restore()
    if came:
        pair.inbound(here.db, 7, *came)
    if where == "new":
        pair.put(here.db, occurrence, due_at, Kind.REPLY)
    assert leaving(here, AFTER) == 0, "its gateway does not rest"
    resume(here)
    later = AFTER + timedelta(hours=1)
    assert leaving(here, later) == int(leaves)
    assert states(here)[occurrence] == (GONE if leaves else HELD)


@pytest.mark.parametrize(
    ("label", "settle", "state", "left"),
    [
        ("it left", restored.close_left, ("closed", "restored"), 0),
        ("it did not", restored.let_go, GONE, 1),
    ],
)
def test_a_person_settles_what_may_have_left(
    pair: Pair, label: str, settle: Callable[..., int], state: tuple[str, str | None], left: int
) -> None:
    pair.put(pair.old.db, "held", SOON, Kind.REPLY)
    here = pair.restore()
    resume(here)
    leaving(here, AFTER)
    with here.db.write() as session:
        assert settle(session, AFTER) == 1
    pair.put(here.db, "anew", SOON, Kind.REPLY)  # the calendar comes later
    assert leaving(here, AFTER) == 2 * left
    assert states(here) == {"held": state, "anew": state}


def test_every_real_gateway_rests_after_a_restore_and_says_why(pair: Pair) -> None:
    pair.put(pair.old.db, "a", SOON)
    with pair.old.db.write() as session:
        row = session.get_one(Gateway, 2)
        row.paused_at, row.paused_itself, row.paused_reason = NOW, True, "no credit"  # it would come back by itself
        marks.note(session, pulse.ENGINE, NOW)
    here = pair.restore()
    with here.db.read() as session:
        real, simulator = session.get_one(Gateway, 2), session.get_one(Gateway, 1)
        assert (real.paused_at, real.paused_itself) == (NOW, False)
        assert "2026-03-12 17:30 UTC" in (real.paused_reason or "")
        assert len(real.paused_reason or "") <= 200
        assert simulator.paused_at is None
        assert pulse.last(session) is None, "the engine of another machine is none of ours"
    assert (pair.done.paused, pair.done.doubtful) == (["carrier"], 1)


def test_an_attempt_under_way_at_the_backup_is_asked_for_and_not_sent_again(pair: Pair) -> None:
    pair.put(pair.old.db, "a", NOW, Kind.REPLY)
    settings = replace(
        pair.old.settings, twilio_account="AC" + "0" * 32, twilio_token="x", public_url="https://e.example"
    )
    old = Installation(settings, pair.old.db.keys, pair.old.db, Adapters(settings, pair.old.db.keys))
    assert leaving(old, NOW) == 1  # and no answer was stored yet
    here = pair.restore()
    resume(here)
    assert leaving(here, AFTER) == 0
    with here.db.write() as session:  # the gateway says that it never had it: an earlier attempt, says the old machine
        session.scalars(sa.select(Message)).one().state = State.WAITING
    assert leaving(here, AFTER) == 0
    assert states(here)["a"] == HELD


def test_a_move_with_the_service_stopped_keeps_nothing_back(pair: Pair) -> None:
    pair.put(pair.old.db, "a", SOON, Kind.REPLY)
    here = pair.restore(unsent=True)
    assert (pair.done.paused, pair.done.doubtful) == ([], 0)
    assert leaving(here, AFTER) == 1


def test_a_demonstration_goes_on_after_a_restore(machine: Make, tmp_path: Path) -> None:
    old, new = machine("sqlite", "old", "start"), machine("sqlite", "new")
    world = World(old.db, NOW).programme(demonstration=True)
    phone = world.phone("+22370000001")
    letter = Letter(
        programme_id=world.programme_id, kind=Kind.REPLY, occurrence="a", language_wanted="fr", language="fr",
        size=measure("Bonjour"), body="Bonjour", due_at=SOON, useful_until=LATER + timedelta(days=1),
    )  # fmt: skip
    with old.db.write() as session:
        outbox.put(session, letter, phone, NOW)
    loading.restore(new.settings, taking.back_up(old.db, tmp_path / "a.backup", NOW).path, LATER)
    here = Installation(new.settings, new.db.keys, new.db, Adapters(new.settings, new.db.keys))
    assert leaving(here, AFTER) == 1


def test_the_command_tells_what_is_to_be_done_and_settles_it(pair: Pair) -> None:
    pair.put(pair.old.db, "a", SOON, Kind.REPLY)
    here = pair.restore()
    resume(here)
    leaving(here, AFTER)
    run = CliRunner()
    environment = {"JEKULU_DATA": str(here.settings.data), "JEKULU_DATABASE": ""}
    told = json.loads(run.invoke(wsgi.main, ["restored", "--json"], env=environment).stdout)
    assert (told["held"], told["left"], told["restored_at"]) == (1, False, LATER.isoformat())
    assert run.invoke(wsgi.main, ["restored", "--left", "--unsent"], env=environment).exit_code == 2
    told = json.loads(run.invoke(wsgi.main, ["restored", "--left", "--json"], env=environment).stdout)
    assert (told["held"], told["closed"], told["left"]) == (0, 1, True)
