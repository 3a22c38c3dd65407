"""An invented Twilio knocks at our door: its calls, and plain objects in place of what stands behind the door."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from messaging import addresses
from messaging.database import Database
from messaging.gateways.exchanges import silent
from messaging.gateways.protocol import Arrival, Report
from messaging.gateways.rows import GatewayFacts
from messaging.installation import Installation
from messaging.models import Gateway
from messaging.phones import Keys
from messaging.settings import Settings, load
from tests.fakes.carrier import ACCOUNT, TOKEN, Call, Carrier
from webhooks import door, twilio

PUBLIC = "https://sms.example.org"
FROM, OURS, TEXT = "+22376000001", "+15005550006", " Ɔwɔ é 😜 QUIZ 2 "


def settings_with(**changes: str) -> Settings:
    given = {"JEKULU_PUBLIC_URL": PUBLIC, "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    return load({**given, **changes})


@dataclass
class Boxes:
    """In place of inbox and receipts: keeps what the door hands over, or fails as told."""

    arrivals: list[Arrival] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    trouble: Exception | None = None

    def receive(self, _db: object, gateway: str, brought: Sequence[Any], *_now: datetime) -> int:
        assert gateway == "twilio"
        if self.trouble:
            raise self.trouble
        for one in brought:
            (self.arrivals if isinstance(one, Arrival) else self.reports).append(one)
        return len(brought)


@dataclass
class House:
    """The little of an installation that a door looks at."""

    keys: Keys
    settings: Settings = field(default_factory=settings_with)
    db: None = None
    adapters: Any = field(default_factory=lambda: SimpleNamespace(exchanges=SimpleNamespace(note=silent)))


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> Boxes:
    boxes = Boxes()
    monkeypatch.setattr(door, "inbox", boxes)
    monkeypatch.setattr(door, "receipts", boxes)
    rows = {"twilio": GatewayFacts(1, "twilio", "twilio", OURS), "other": GatewayFacts(2, "other", "simulator", "")}
    monkeypatch.setattr(door, "named", lambda _db, name: rows.get(name))
    return boxes


@pytest.fixture
def house(keys: Keys) -> House:
    return House(keys)


def opened(house: object) -> FlaskClient:
    app = Flask(__name__)
    app.extensions["jekulu"] = house
    app.extensions["jekulu.wake"] = lambda name: app.config.setdefault("WOKEN", []).append(name)
    app.register_blueprint(door.blueprint)
    return app.test_client()


@pytest.fixture
def client(house: House, boxes: Boxes) -> FlaskClient:
    return opened(house)


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


@pytest.fixture
def inbound(keys: Keys, carrier: Carrier) -> Call:
    """A villager's SMS on its way to our door."""
    return carrier.write(FROM, OURS, TEXT, addresses.inbound_url(PUBLIC, "twilio", keys))


@pytest.fixture
def report(keys: Keys, carrier: Carrier) -> Call:
    """A delivery report on our attempt `key-1`."""
    url = addresses.report_url(PUBLIC, "twilio", "key-1", keys)
    carrier.send({"To": FROM, "From": OURS, "Body": "x", "StatusCallback": url + "#rc=5&rp=all"})
    return carrier.reports(carrier.messages[-1], "delivered")[0]


def knock(client: FlaskClient, call: Call, environ: dict[str, str] | None = None, **changes: Any) -> TestResponse:
    given: dict[str, Any] = {"data": call.body, "headers": call.headers, **changes}
    return client.post(call.path, environ_overrides={"REQUEST_URI": call.path, **(environ or {})}, **given)


def changed(call: Call, **values: str) -> Call:
    """The same call with these parameters, signed anew."""
    return replace(call, form=tuple({**dict(call.form), **values}.items()))


def without(call: Call, *names: str) -> Call:
    return replace(call, form=tuple(pair for pair in call.form if pair[0] not in names))


def raw(inbound: Call, body: bytes) -> tuple[bytes, dict[str, str]]:
    """The form with these bytes as its text, signed over the bytes themselves as Twilio would."""
    form = inbound.body.replace(b"Body=" + changed(inbound).body.split(b"Body=")[1].split(b"&")[0], b"Body=" + body)
    signed = twilio.signature(TOKEN, inbound.url, door.pairs(form))
    return form, {**inbound.headers, "X-Twilio-Signature": signed}


@pytest.fixture
def live(installation: Installation) -> Iterator[FlaskClient]:
    with installation.db.write() as session:
        session.add(Gateway(name="twilio", adapter="twilio", sender=OURS))
    yield opened(installation)


def rows(db: Database, model: Any) -> Sequence[Any]:
    with db.read() as session:
        return session.scalars(sa.select(model)).all()
