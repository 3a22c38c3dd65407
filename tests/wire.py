"""A transcript over real lines: each SMS is a signed call at our webhook, each answer goes through the Twilio library.

The carrier behind it is the fake of `tests/fakes`, on the loopback; its clock, the webhook's and ours are the script's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient

from messaging import addresses
from messaging.gateways.twilio import Twilio as Adapter
from messaging.models import Gateway
from tests.fakes.twilio import Twilio
from tests.script import Script
from webhooks import door

OURS = "+22320000000"
PUBLIC = "https://sms.example.org"


@dataclass
class Wire(Script):
    """Plays a transcript through the door of a Twilio gateway that all messages use."""

    fake: Twilio = field(kw_only=True)
    client: FlaskClient = field(kw_only=True)

    def write(self, who: str, text: str, ident: str | None = None) -> None:
        """A person writes; with `ident` writing it again is the same delivery."""
        more = {"MessageSid": f"SM{ident}"} if ident else {}
        self.knock(self.numbers[who], text, **more)
        self.turn()

    def knock(self, number: str, text: str, **more: str) -> int:
        """The carrier brings an SMS to our webhook; gives the status of the answer."""
        call = self.fake.write(number, OURS, text, addresses.inbound_url(PUBLIC, "twilio", self.here.keys), **more)
        answer = self.client.post(
            call.path, data=call.body, headers=call.headers, environ_overrides={"REQUEST_URI": call.path}
        )
        return answer.status_code

    def sent(self, number: str) -> list[str]:
        """What the carrier really sent to a number, oldest first."""
        return [one.body for one in self.fake.messages if one.direction == "outbound-api" and one.to == number]


@contextmanager
def wired(script: Script) -> Iterator[Wire]:
    """The same people and clock behind a Twilio gateway; the simulator carries nothing any more."""
    here = script.here
    with Twilio() as fake, pytest.MonkeyPatch.context() as patch:
        app = Flask(__name__)
        app.extensions["jekulu"] = here
        app.extensions["jekulu.wake"] = lambda name: None
        app.register_blueprint(door.blueprint)
        wire = Wire(here, script.numbers, script.now, fake=fake, client=app.test_client())
        fake.clock = lambda: wire.now
        patch.setattr(door, "utc_now", lambda: wire.now)
        with here.db.write() as session:
            row = Gateway(name="twilio", adapter="twilio", sender=OURS, position=-1, rate=1000.0, answer_cost="free")
            session.add(row)
            session.flush()
            settings = dataclasses.replace(here.settings, twilio_api=fake.url)
            here.adapters.put(row, Adapter(settings, OURS, clock=lambda: wire.now))
        yield wire
