"""kill -9 while an SMS comes in: the gateway brings it again, or its list is read; it is one inbound and one reply."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from messaging import addresses
from messaging.clock import utc_now
from messaging.gateways import polling
from messaging.installation import Installation
from messaging.models import Gateway, Inbound, Phone
from tests.fakes.carrier import ACCOUNT, TOKEN, Call
from tests.script import Script
from tests.wire import OURS, PUBLIC, Wire, wired
from tests.world import World

ROOT = Path(__file__).parent.parent.parent
AWA = "+22370000001"
MOMENTS = [("before the commit", 0), ("stored, not answered", 1), ("answered, not read", 1)]
REPAIRS = ["the webhook again", "the list", "both"]


@pytest.fixture
def now() -> datetime:
    """The clock of the process that dies is the real one."""
    return utc_now()


@pytest.fixture
def wire(installation: Installation, world: World) -> Iterator[Wire]:
    world.member(AWA)
    with wired(Script(installation, {"awa": AWA}, world.now)) as wire:
        with world.db.write() as session:
            session.execute(sa.update(Gateway).values(polled_to=world.now - timedelta(hours=1)))
        yield wire


def die_over(wire: Wire, call: Call, moment: str) -> None:
    """Another process on the same database takes the call, and dies."""
    settings = wire.here.settings
    key = settings.data / "child.key"
    key.write_text(wire.here.keys.secret.hex() + "\n")
    key.chmod(0o600)
    environment = {
        **os.environ, "JEKULU_DATA": str(settings.data), "JEKULU_DATABASE": settings.database,
        "JEKULU_KEY_FILE": str(key), "JEKULU_PUBLIC_URL": PUBLIC, "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
    }  # fmt: skip
    form = [part for pair in call.form for part in pair]
    command = [sys.executable, "-m", "tests.crash.doorkeeper", moment, call.url, *form]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=60)
    assert done.returncode == -9, done.stderr.decode()


def repair(wire: Wire, call: Call, how: str) -> None:
    """After a restart: what was not answered comes again, what was not stored is listed."""
    if how in ("the webhook again", "both"):
        answer = wire.client.post(
            call.path, data=call.body, headers=call.headers, environ_overrides={"REQUEST_URI": call.path}
        )
        assert answer.status_code == 200
    if how in ("the list", "both"):
        polling.poll(wire.here, wire.now)


@pytest.mark.parametrize("how", REPAIRS)
@pytest.mark.parametrize(("moment", "stored"), MOMENTS, ids=[moment for moment, _ in MOMENTS])
def test_it_is_one_inbound_and_one_reply(wire: Wire, moment: str, stored: int, how: str) -> None:
    call = wire.fake.write(AWA, OURS, "ARRET", addresses.inbound_url(PUBLIC, "twilio", wire.here.keys))
    die_over(wire, call, moment)
    with wire.here.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Inbound)) == stored
        assert (session.scalars(sa.select(Phone.opted_out_at)).one() is not None) is bool(stored)
    wire.now = utc_now() + timedelta(minutes=1)
    repair(wire, call, how)
    for _ in range(3):
        wire.turn()
    with wire.here.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Inbound)) == 1
        assert session.scalars(sa.select(Phone.opted_out_at)).one() is not None
    assert len(wire.sent(AWA)) == 1
