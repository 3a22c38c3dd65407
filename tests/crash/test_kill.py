"""kill -9 at each step: a stored STOP holds, and each due message leaves once; the simulator's book is the judge."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from campaigns import planner
from campaigns.conversation.converse import converse
from messaging import inbox, resolving, sender
from messaging.installation import Installation
from messaging.models import Message, Phone
from messaging.models.post import State
from tests.script import Script
from tests.world import World, hygiene

ROOT = Path(__file__).parent.parent.parent
NUMBER = "+22370000001"


@pytest.fixture
def planned(installation: Installation, world: World) -> World:
    """One message waits for one phone."""
    world.member(NUMBER)
    world.campaign(hygiene())
    assert planner.plan(world.db, world.now, timedelta(minutes=15)).planned == 1
    return world


def kill_at(moment: str, installation: Installation, world: World) -> None:
    """Run another process on the same database that dies at this moment."""
    settings = installation.settings
    key = settings.data / "child.key"
    key.write_text(installation.keys.secret.hex() + "\n")
    key.chmod(0o600)
    environment = {
        **os.environ, "JEKULU_DATA": str(settings.data), "JEKULU_DATABASE": settings.database,
        "JEKULU_KEY_FILE": str(key),
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.crash.child", moment, world.now.isoformat()]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=60)
    assert done.returncode == -9, done.stderr.decode()


def send_everything(here: Installation, world: World) -> None:
    """What the jobs do in the quarter of an hour after a restart."""
    for minute in range(20):
        now = world.now + timedelta(minutes=minute)
        resolving.resolve(here, now)
        sender.send_due(here, now)


@pytest.mark.parametrize("moment", ["claimed", "before submit", "after submit"])
def test_a_message_leaves_once(installation: Installation, planned: World, moment: str) -> None:
    kill_at(moment, installation, planned)
    send_everything(installation, planned)
    assert len(installation.adapters.book.sent(NUMBER)) == 1
    with installation.db.read() as session:
        assert session.scalars(sa.select(Message.state)).one() in (State.HANDED_OVER, State.CLOSED)


def test_a_stop_holds_when_we_die_before_handling_it(installation: Installation, planned: World) -> None:
    kill_at("stop stored", installation, planned)
    send_everything(installation, planned)
    assert installation.adapters.book.sent(NUMBER) == []
    with installation.db.read() as session:
        assert session.scalars(sa.select(Phone.opted_out_at)).one() is not None
    converse(installation.db, planned.now)
    sender.send_due(installation, planned.now)
    said = [text for _, text, _ in installation.adapters.book.sent(NUMBER)]
    assert said == ["C'est fait. Plus de messages. Pour reprendre: REPRENDRE"]


FANTA = "+22370000009"
LAST = [  # what is written, how many minutes later we die, what is said then
    pytest.param(["PRES 1041 F12 H8"], 0,
                 "OK 1041 12/03 F12 H8 T20. Erreur? CORR 1041 F.. H.. T..", id="the only reply"),
    pytest.param([f"PRES 1041 F12 H8 {day}/03" for day in range(5, 12)], 11,
                 "OK, rapports notes: 4. 1041 08/03 09/03 10/03 11/03.", id="the summary of many reports"),
    pytest.param(["PRES 1041 F12"], 121,
                 "1041: F12 garde. Et les hommes? Repondez H et le nombre, H0 si aucun.", id="the reminder"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "minutes", "last"), LAST)
def test_what_we_die_over_is_said_once(
    installation: Installation, world: World, written: list[str], minutes: int, last: str
) -> None:
    world.club("1041", facilitator=FANTA)
    script = Script(installation, {"fanta": FANTA}, world.now)
    for text in written:
        arrival = installation.adapters.book.write(FANTA, text, world.now, text)
        inbox.receive(world.db, "simulator", [arrival])
    if minutes:
        script.turn()
        world.now = script.now = world.now + timedelta(minutes=minutes)
    before = len(script.sent(FANTA))
    kill_at("reply put", installation, world)
    for _ in range(3):
        script.turn()
    assert script.sent(FANTA)[before:] == [last]
