"""The door that a telephone calls through: who gets in, what is stored once, and what staff are told."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from messaging import addresses
from messaging.database import Database
from messaging.errors import SettingError
from messaging.gateways import signs
from messaging.gateways.protocol import BadSignature, Request, WrongClock
from messaging.installation import Installation
from messaging.models import Gateway, Inbound, Phone, Receipt
from messaging.models.post import Delivery
from messaging.phones import Keys
from messaging.settings import load
from tests.fakes import android as fake
from tests.webhooks.conftest import PUBLIC, opened, rows
from webhooks import android

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "android_signature_vector.json").read_text("utf-8"))
FROM = "+22376000001"
NAME = "sim1"


@pytest.fixture
def phone(keys: Keys) -> fake.Phone:
    """A telephone that brings everything to our door."""
    one = fake.Phone()
    one.enter(addresses.events_url(PUBLIC, NAME, keys))
    return one


@pytest.fixture
def client(installation: Installation) -> Iterator[FlaskClient]:
    here = replace(installation, settings=replace(installation.settings, public_url=PUBLIC, android_keys=(fake.KEY,)))
    with here.db.write() as session:
        session.add(Gateway(name=NAME, adapter="android", sender=""))
    yield opened(here)


def knock(client: FlaskClient, call: fake.Call, **changes: Any) -> TestResponse:
    given: dict[str, Any] = {"data": call.body, "headers": call.headers, **changes}
    return client.post(call.path, environ_overrides={"REQUEST_URI": call.path}, **given)


def bring(client: FlaskClient, phone: fake.Phone) -> list[int]:
    return [knock(client, call).status_code for call in phone.taken()]


def gateway(db: Database) -> Gateway:
    return next(row for row in rows(db, Gateway) if row.name == NAME)


def event(phone: fake.Phone, keys: Keys, body: object) -> fake.Call:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return fake.Call(phone, addresses.events_url(PUBLIC, NAME, keys), raw)


# Signatures


@pytest.mark.parametrize("case", VECTORS["cases"], ids=[case["name"] for case in VECTORS["cases"]])
def test_signature_vectors(case: dict[str, Any]) -> None:
    """All 8, during a change of keys; those of the vectors are shorter than a setting may be."""
    settings = replace(load({}), android_keys=("another-key-of-ours", case["key"]))
    headers = {"x-timestamp": case["x_timestamp"], "x-signature": case["x_signature"]}
    at = datetime.fromtimestamp(int(case["x_timestamp"]), UTC)
    request = Request("POST", PUBLIC, headers, case["body"].encode(), (), (), at)
    if case["valid"]:
        android.verify(request, settings)
    else:
        with pytest.raises(BadSignature):
            android.verify(request, settings)


@pytest.mark.parametrize(
    "changes", [{"X-Signature": ""}, {"X-Signature": "é"}, {"X-Timestamp": ""}, {"X-Timestamp": "x"}]
)
def test_what_is_no_signature(client: FlaskClient, db: Database, phone: fake.Phone, changes: dict[str, str]) -> None:
    phone.write(FROM, "QUIZ 2")
    (call,) = phone.taken()
    assert knock(client, call, headers={**call.headers, **changes}).status_code == 403
    assert knock(client, call, headers={}).status_code == 403
    assert not rows(db, Inbound) and gateway(db).seen_at is None


def test_without_a_key_nothing_can_be_told_apart() -> None:
    with pytest.raises(SettingError, match="JEKULU_ANDROID_KEY"):
        android.verify(Request("POST", PUBLIC, {}, b"{}", (), (), datetime.now(UTC)), load({}))


STRANGERS = [
    ("a wrong secret", lambda url: url.replace("/events", "x/events")),
    ("another gateway", lambda url: url.replace(NAME, "simulator")),
    ("no gateway", lambda url: url.replace(NAME, "nobody")),
    ("the door of forms", lambda url: url.replace("/events", "/in")),
]


@pytest.mark.parametrize("change", [row[1] for row in STRANGERS], ids=[row[0] for row in STRANGERS])
def test_strangers_stay_out(client: FlaskClient, db: Database, phone: fake.Phone, change: Any) -> None:
    phone.write(FROM, "QUIZ 2")
    (call,) = phone.taken()
    assert knock(client, replace(call, url=change(call.url))).status_code == 403
    assert not rows(db, Inbound)


# The clock


OFF = [(0, 200), (9, 200), (-9, 200), (12, 403), (-12, 403), (24 * 60, 403)]


@pytest.mark.parametrize(("minutes", "status"), OFF)
def test_a_wrong_clock_is_refused_and_told_to_staff(
    client: FlaskClient, db: Database, phone: fake.Phone, minutes: int, status: int
) -> None:
    phone.clock_off = timedelta(minutes=minutes)
    phone.write(FROM, "QUIZ 2")
    (call,) = phone.taken()
    assert knock(client, call).status_code == status
    row = gateway(db)
    assert row.clock_off is not None and abs(row.clock_off - minutes * 60) <= 2
    assert signs.is_wrong(row.clock_off) is (status == 403)
    assert (row.seen_at is None) is (status == 403), "a call that is refused may be an old one, played again"
    phone.clock_off = timedelta(0)
    assert knock(client, call).status_code == 200, "it comes again, and the clock is right"
    assert len(rows(db, Inbound)) == 1
    assert not signs.is_wrong(gateway(db).clock_off)


def test_a_wrong_clock_is_a_bad_signature_for_whoever_does_not_care() -> None:
    assert issubclass(WrongClock, BadSignature)


# What came in


def test_an_sms_is_stored_as_it_came(client: FlaskClient, db: Database, phone: fake.Phone) -> None:
    phone.zone = timedelta(hours=2)
    letter = phone.write(FROM, " Ɔwɔ é 😜 QUIZ 2 ")
    assert bring(client, phone) == [200]
    (stored,) = rows(db, Inbound)
    assert (stored.text, stored.gateway_at, stored.sender_name) == (letter.text, letter.sent_at, None)
    assert stored.provider_id and stored.provider_id != stored.dedupe_key
    assert client.application.config["WOKEN"] == ["converse"]


def test_an_inbound_is_stored_once_however_often_it_comes(client: FlaskClient, db: Database, phone: fake.Phone) -> None:
    phone.write(FROM, "QUIZ 2")
    (call,) = phone.taken()
    answers: list[int] = []

    def again() -> None:
        answers.append(knock(client.application.test_client(), call).status_code)

    threads = [threading.Thread(target=again) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [200] * 20
    assert len(rows(db, Inbound)) == 1


def test_two_sms_with_one_id_are_two(client: FlaskClient, db: Database, phone: fake.Phone) -> None:
    """Its ids are hashes of 32 bits: with 50 000 SMS one in four boxes would have lost an answer."""
    same = datetime.now(UTC)
    phone.clock = lambda: same
    phone.write(FROM, "Aa")
    phone.write(FROM, "BB")
    bring(client, phone)
    first, second = rows(db, Inbound)
    assert first.provider_id == second.provider_id
    assert (first.text, second.text, second.twin_of) == ("Aa", "BB", None)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=3)], ids=["at once", "kept by the operator"])
def test_an_sms_that_is_brought_twice_is_kept_twice_and_flagged(
    client: FlaskClient, db: Database, phone: fake.Phone, late: timedelta
) -> None:
    phone.write(FROM, "QUIZ 2", late=late, twice=True)
    assert bring(client, phone) == [200, 200]
    first, second = rows(db, Inbound)
    assert first.dedupe_key != second.dedupe_key
    assert (first.twin_of, second.twin_of) == (None, first.id)


def test_what_is_asked_for_again_is_no_second_sms(client: FlaskClient, db: Database, phone: fake.Phone) -> None:
    phone.write(FROM, "QUIZ 2", late=timedelta(seconds=8))
    bring(client, phone)
    span = {"since": "2020-01-01T00:00:00Z", "until": "2040-01-01T00:00:00Z", "webhookDelivery": "Individual"}
    for _ in range(3):
        phone.refresh(span)
        assert bring(client, phone) == [200]
    first, second = rows(db, Inbound)
    assert (first.twin_of, second.twin_of) == (None, first.id), "its own time is another; the third is the second again"


def test_what_is_written_twice_is_two_sms(client: FlaskClient, db: Database, phone: fake.Phone) -> None:
    """A telephone that was away brings an hour of SMS at once: our time of them says nothing."""
    at = datetime.now(UTC)
    for minutes, sender, text in [(60, FROM, "1"), (30, FROM, "1"), (29, FROM, "2"), (29, "+22376000002", "1")]:
        phone.clock = lambda minutes=minutes: at - timedelta(minutes=minutes)  # type: ignore[misc]
        phone.write(sender, text)
    phone.clock = lambda: at
    assert bring(client, phone) == [200] * 4
    assert [row.twin_of for row in rows(db, Inbound)] == [None] * 4


def test_a_stop_takes_effect_before_the_answer(client: FlaskClient, db: Database, phone: fake.Phone) -> None:
    phone.write(FROM, "ARRET")
    assert bring(client, phone) == [200]
    (row,) = rows(db, Phone)
    assert row.opted_out_at is not None


def test_a_stop_that_is_brought_again_does_not_close_who_came_back(
    client: FlaskClient, db: Database, phone: fake.Phone
) -> None:
    """STOP; later she comes back; then the telephone brings the same STOP again, with its own time."""
    at = datetime.now(UTC)
    phone.clock = lambda: at - timedelta(minutes=3)
    phone.write(FROM, "STOP", late=timedelta(seconds=8))
    phone.clock = lambda: at - timedelta(minutes=1)
    phone.write(FROM, "START")
    phone.clock = lambda: at
    bring(client, phone)
    _come_back(db)
    span = {"since": "2020-01-01T00:00:00Z", "until": "2040-01-01T00:00:00Z", "webhookDelivery": "Individual"}
    phone.refresh(span)
    bring(client, phone)
    (row,) = rows(db, Phone)
    assert row.opted_out_at is None


def test_a_stop_that_is_written_again_within_a_minute_closes_again(
    client: FlaskClient, db: Database, phone: fake.Phone
) -> None:
    at = datetime.now(UTC)
    for seconds, text in ((40, "STOP"), (20, "START")):
        phone.clock = lambda seconds=seconds: at - timedelta(seconds=seconds)  # type: ignore[misc]
        phone.write(FROM, text)
    phone.clock = lambda: at
    bring(client, phone)
    _come_back(db)
    phone.write(FROM, "STOP")
    bring(client, phone)
    (row,) = rows(db, Phone)
    assert row.opted_out_at is not None
    last = max(rows(db, Inbound), key=lambda inbound: inbound.id)
    assert last.stopped and last.twin_of is None, "it is confirmed like any other"


def _come_back(db: Database) -> None:
    with db.write() as session:
        session.execute(sa.update(Phone).values(opted_out_at=None, opted_out_by=None))


SENDERS = [("Orange", "Orange"), ("OrangeMoney", "OrangeMoney"), ("7722", "7722"), ("a\0b", "a\ufffdb")]


@pytest.mark.parametrize(("sender", "kept"), SENDERS)
def test_names_and_short_codes_have_no_phone(
    client: FlaskClient, db: Database, phone: fake.Phone, sender: str, kept: str
) -> None:
    phone.write(sender, "Votre solde est de 20 F", twice=True)
    assert bring(client, phone) == [200, 200]
    first, second = rows(db, Inbound)
    assert (first.phone_id, first.sender_name, second.twin_of) == (None, kept, first.id)
    assert not rows(db, Phone)


def test_a_number_as_the_network_writes_it_at_home_is_the_same_phone(
    client: FlaskClient, db: Database, phone: fake.Phone
) -> None:
    phone.write("76000001", "1")
    phone.write(FROM, "2")
    bring(client, phone)
    assert len(rows(db, Phone)) == 1


@pytest.mark.parametrize("text", ["", "a\0b", "x" * 1600, "\u202e😜" * 300])
def test_texts_of_every_kind(client: FlaskClient, db: Database, phone: fake.Phone, text: str) -> None:
    phone.write(FROM, text)
    assert bring(client, phone) == [200]
    (stored,) = rows(db, Inbound)
    assert stored.text == text.replace("\0", "\ufffd")


def test_a_lone_surrogate(client: FlaskClient, db: Database, phone: fake.Phone, keys: Keys) -> None:
    body = (
        b'{"deviceId":"d","event":"sms:received","id":"e","payload":{"messageId":"m","message":"a\\ud800b",'
        b'"sender":"+22376000001","receivedAt":"2026-03-12T17:30:00.000+00:00"}}'
    )
    assert knock(client, event(phone, keys, body)).status_code == 200
    (stored,) = rows(db, Inbound)
    assert (stored.text, stored.replaced) == ("a\ufffdb", True)


# What became of attempts


def test_reports_by_our_key(client: FlaskClient, db: Database, phone: fake.Phone) -> None:
    for word, reason in [("Sent", None), ("Delivered", None), ("Sent", None), ("Failed", "Send result: RESULT_NEW")]:
        phone.tell("key-1", word, reason)
    assert bring(client, phone) == [200] * 4
    stored = {(row.about, row.word, row.delivery, row.error_code) for row in rows(db, Receipt)}
    assert stored == {
        ("key-1", "Sent", Delivery.SENT, ""),
        ("key-1", "Delivered", Delivery.DELIVERED, ""),
        ("key-1", "Failed", Delivery.FAILED, "RESULT_NEW"),
    }


def test_a_telephone_that_may_send_no_more_rests(client: FlaskClient, db: Database, phone: fake.Phone) -> None:
    phone.tell("key-1", "Failed", "Send result: RESULT_ERROR_NO_SERVICE")
    bring(client, phone)
    assert gateway(db).paused_at is None
    phone.tell("key-2", "Failed", "Send result: RESULT_ERROR_LIMIT_EXCEEDED")
    bring(client, phone)
    row = gateway(db)
    assert row.paused_at is not None and "lets no more SMS out" in (row.paused_reason or "")


# Everything else


@pytest.mark.parametrize("word", ["system:ping", "app:started", "sms:data-received", "mms:received", "a:word"])
def test_signs_of_life_and_words_of_next_year(
    client: FlaskClient, db: Database, phone: fake.Phone, keys: Keys, word: str
) -> None:
    assert knock(client, event(phone, keys, {"deviceId": "d", "event": word, "payload": {}})).status_code == 200
    assert not rows(db, Inbound) and not rows(db, Receipt)
    assert gateway(db).seen_at is not None


def test_a_sign_of_life_is_written_down_once_a_minute(client: FlaskClient, db: Database, phone: fake.Phone) -> None:
    moments = []
    for back in (None, 30, 90):
        if back is not None:
            with db.write() as session:
                seen = datetime.now(UTC) - timedelta(seconds=back)
                session.execute(sa.update(Gateway).where(Gateway.name == NAME).values(seen_at=seen))
        before = gateway(db).seen_at
        phone.ping()
        bring(client, phone)
        moments.append(gateway(db).seen_at != before)
    assert moments == [True, False, True]


GOOD = {"messageId": "m", "message": "1", "sender": FROM, "receivedAt": "2026-03-12T17:30:00.000+00:00"}
BROKEN: list[tuple[str, Any]] = [
    ("no JSON", b"hello"),
    ("no object", []),
    ("deep", b"[" * 60_000),
    ("no event", {"deviceId": "d", "payload": {}}),
    ("no device", {"event": "sms:received", "payload": GOOD}),
    ("no payload", {"deviceId": "d", "event": "sms:received"}),
    ("no sender", {"deviceId": "d", "event": "sms:received", "payload": {**GOOD, "sender": ""}}),
    ("no text", {"deviceId": "d", "event": "sms:received", "payload": {**GOOD, "message": None}}),
    ("a text that is a number", {"deviceId": "d", "event": "sms:received", "payload": {**GOOD, "message": 1}}),
    ("no time", {"deviceId": "d", "event": "sms:received", "payload": {**GOOD, "receivedAt": None}}),
    ("a report on nothing", {"deviceId": "d", "event": "sms:sent", "payload": {}}),
]


@pytest.mark.parametrize("body", [row[1] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_cannot_be_read_is_refused(
    client: FlaskClient, db: Database, phone: fake.Phone, keys: Keys, body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert knock(client, event(phone, keys, body)).status_code == 400
    assert not rows(db, Inbound)
    assert FROM[1:] not in caplog.text


def test_too_large_a_call(client: FlaskClient, phone: fake.Phone) -> None:
    phone.write(FROM, "x" * 70_000)
    assert bring(client, phone) == [413]


@pytest.mark.parametrize("at", ["yesterday", "2026-03-12T17:30:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_loses_no_sms(
    client: FlaskClient, db: Database, phone: fake.Phone, keys: Keys, at: str
) -> None:
    told = {"deviceId": "d", "event": "sms:received", "payload": {**GOOD, "receivedAt": at}}
    assert knock(client, event(phone, keys, told)).status_code == 200
    (stored,) = rows(db, Inbound)
    assert stored.gateway_at is None


def test_another_telephone_of_the_same_account(client: FlaskClient, db: Database, phone: fake.Phone) -> None:
    """It goes on calling for two days, so that a wrong id in our row loses nothing."""
    with db.write() as session:
        session.execute(sa.update(Gateway).where(Gateway.name == NAME).values(device="another"))
    phone.write(FROM, "QUIZ 2")
    (call,) = phone.taken()
    assert knock(client, call).status_code == 403
    assert not rows(db, Inbound)
    with db.write() as session:
        session.execute(sa.update(Gateway).where(Gateway.name == NAME).values(device=fake.DEVICE))
    assert knock(client, call).status_code == 200
    assert len(rows(db, Inbound)) == 1


def test_a_locked_database_is_told_within_a_second(client: FlaskClient, db: Database, phone: fake.Phone) -> None:
    phone.write(FROM, "QUIZ 2")
    phone.tell("key-1", "Sent")
    calls = phone.taken()
    with db.write() as other:  # on SQLite this holds the whole file, on PostgreSQL the two tables
        lock = "SELECT 1" if db.is_sqlite else "LOCK TABLE inbound, receipt IN ACCESS EXCLUSIVE MODE"
        other.execute(sa.text(lock))
        began = datetime.now(UTC)
        assert [knock(client, call).status_code for call in calls] == [503, 503]
        assert (datetime.now(UTC) - began).total_seconds() < 2.5
    assert [knock(client, call).status_code for call in calls] == [200, 200]
    assert len(rows(db, Inbound)) == 1
