"""The door with the real boxes behind it, on both databases, and over real lines."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from messaging import addresses
from messaging.database import Database
from messaging.gateways.protocol import Outbound
from messaging.gateways.rows import named
from messaging.gateways.twilio import Twilio as Adapter
from messaging.installation import Installation
from messaging.models import Inbound, Phone, Receipt
from messaging.phones import Keys
from tests.fakes.carrier import Call
from tests.fakes.twilio import Twilio as Wire
from tests.serving import served
from tests.webhooks.conftest import (
    FROM,
    OURS,
    PUBLIC,
    TEXT,
    changed,
    knock,
    raw,
    rows,
)


def test_a_gateway_row_as_the_web_sees_it(live: FlaskClient, db: Database) -> None:
    facts = named(db, "twilio")
    assert facts is not None and (facts.name, facts.adapter, facts.sender) == ("twilio", "twilio", OURS)
    assert named(db, "nobody") is None
    assert named(db, "x\0") is None


def test_an_inbound_is_stored_once_however_often_it_comes(live: FlaskClient, db: Database, inbound: Call) -> None:
    answers: list[int] = []

    def call() -> None:
        answers.append(knock(live.application.test_client(), inbound).status_code)

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [200] * 20
    assert live.application.config["WOKEN"] == ["converse"], "only what is new wakes the reader"
    (stored,) = rows(db, Inbound)
    assert (stored.text, stored.replaced) == (TEXT, False)


def test_a_stop_takes_effect_before_the_answer(live: FlaskClient, db: Database, inbound: Call) -> None:
    assert knock(live, changed(inbound, Body="ARRET")).status_code == 200
    (phone,) = rows(db, Phone)
    assert phone.opted_out_at is not None


def test_a_start_that_twilio_handled_opens_nothing(live: FlaskClient, db: Database, inbound: Call) -> None:
    knock(live, changed(inbound, Body="STOP", OptOutType="STOP"))
    knock(live, changed(inbound, MessageSid="SM" + "2" * 32, Body="START", OptOutType="START"))
    (phone,) = rows(db, Phone)
    assert phone.opted_out_at is not None


@pytest.mark.parametrize("body", [b"a%00b", b"a%FFb"])
def test_letters_that_no_database_takes(live: FlaskClient, db: Database, inbound: Call, body: bytes) -> None:
    data, headers = raw(inbound, body)
    assert knock(live, inbound, data=data, headers=headers).status_code == 200
    (stored,) = rows(db, Inbound)
    assert (stored.text, stored.replaced) == ("a\ufffdb", True)


def test_reports_are_stored_once_also_for_a_key_that_is_gone(live: FlaskClient, db: Database, report: Call) -> None:
    for word in ("sent", "delivered", "sent", "a-word-of-next-year"):
        assert knock(live, changed(report, MessageStatus=word)).status_code == 204
    stored = rows(db, Receipt)
    assert sorted(row.word for row in stored) == ["a-word-of-next-year", "delivered", "sent"]
    assert {row.about for row in stored} == {"key-1"}


def test_a_locked_database_is_told_within_a_second(
    live: FlaskClient, db: Database, inbound: Call, report: Call
) -> None:
    with db.write() as other:  # on SQLite this holds the whole file, on PostgreSQL the two tables
        lock = "SELECT 1" if db.is_sqlite else "LOCK TABLE inbound, receipt IN ACCESS EXCLUSIVE MODE"
        other.execute(sa.text(lock))
        began = datetime.now(UTC)
        assert knock(live, inbound).status_code == 503
        assert knock(live, report).status_code == 503
        assert (datetime.now(UTC) - began).total_seconds() < 2.5
    assert knock(live, inbound).status_code == 200
    assert knock(live, report).status_code == 204
    assert len(rows(db, Inbound)) == 1


@pytest.mark.parametrize("order", ["straight", "reversed", "doubled"])
def test_from_the_hand_over_to_the_receipt_over_real_lines(
    live: FlaskClient, db: Database, keys: Keys, installation: Installation, order: str
) -> None:
    """Adapter, carrier and door over the loopback behind waitress, as behind a proxy that ends TLS."""
    with served(live.application) as base, Wire(reports_to=base, order=order) as carrier:
        one = Adapter(replace(installation.settings, twilio_api=carrier.url), OURS)
        url = addresses.report_url(PUBLIC, "twilio", "key-1", keys)
        until = datetime.now(UTC) + timedelta(hours=1)
        assert one.submit(Outbound("key-1", FROM, "I ni ce", "GSM-7", 1, None, until, url)).provider_id
        deadline = datetime.now(UTC) + timedelta(seconds=10)
        while len(rows(db, Receipt)) < 2 and datetime.now(UTC) < deadline:
            threading.Event().wait(0.02)
        one.close()
    assert sorted(row.word for row in rows(db, Receipt)) == ["delivered", "sent"]
    sid = carrier.messages[0].sid
    assert {(row.about, row.provider_id) for row in rows(db, Receipt)} == {("key-1", sid)}
