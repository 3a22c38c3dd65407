"""An invented Twilio, an adapter to it, and one SMS to hand over."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from messaging.gateways.protocol import Outbound
from messaging.gateways.twilio import Twilio
from messaging.settings import Settings, load
from tests.fakes import twilio as fake
from tests.fakes.carrier import ACCOUNT, TOKEN

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
TO, TEXT, SENDER = "+22376000001", "Aw ni ce. I dusu don.", "+15005550006"
API = "https://api.twilio.com"
POST = f"{API}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
REPORT_URL = "https://sms.example.org/webhooks/twilio/d00r/r/key-1.0f1e2d3c4b5a6978"
OUTBOUND = Outbound("key-1", TO, TEXT, "GSM-7", 1, None, NOW + timedelta(hours=2), REPORT_URL)
CREATED = {"sid": "SM" + "1" * 32, "status": "queued", "num_segments": "1", "date_created": None}


def settings(**changes: str) -> Settings:
    return load(
        {
            "JEKULU_PUBLIC_URL": "https://sms.example.org",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            **changes,
        }
    )


def adapter(sender: str = SENDER, **changes: str) -> Twilio:
    return Twilio(settings(**changes), sender, clock=lambda: NOW)


@pytest.fixture
def carrier() -> Iterator[fake.Twilio]:
    with fake.Twilio(clock=lambda: NOW) as opened:
        yield opened


def over(carrier: fake.Twilio, sender: str = SENDER) -> Twilio:
    return adapter(sender, JEKULU_TWILIO_API=carrier.url)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
