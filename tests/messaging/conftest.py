"""Fixtures: an office whose staff is told of alarms, with and without a mail server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller

from messaging.installation import Installation
from messaging.mail import MailServer
from messaging.models import Role
from tests.fakes.mailbox import Box, free_port
from tests.messaging.office import AWA, FANTA, MOUSSA, Office, quick
from tests.world import World


@pytest.fixture
def office(installation: Installation, world: World) -> Office:
    made = Office(installation, world, world.now)
    made.gateway("orange", position=1)
    made.gateway("malitel", position=2)
    world.on_duty(AWA, (Role.OFFICER, ""))
    world.on_duty(MOUSSA, (Role.ADMINISTRATOR, ""))
    world.on_duty(FANTA, (Role.EDITOR, ""))
    return made


@pytest.fixture
def post(office: Office) -> Iterator[tuple[Box, Office]]:
    """A mail server beside the office."""
    box = Box()
    running = Controller(box, hostname="127.0.0.1", port=free_port())
    running.start()
    office.here = quick(
        office, smtp=MailServer("127.0.0.1", running.port), alarm_from="jekulu@essai.example",
        alarm_to=("bureau@essai.example",),
    )  # fmt: skip
    yield box, office
    running.stop()
