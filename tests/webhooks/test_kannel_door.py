"""The door that Kannel calls through: who gets in, what is stored once, and that success is always 200."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from messaging import addresses
from messaging.database import Database
from messaging.installation import Installation
from messaging.models import Gateway, Inbound, Phone, Receipt
from messaging.models.post import Delivery
from messaging.phones import Keys
from messaging.settings import load
from tests.webhooks.conftest import opened, rows

PUBLIC, NAME, FROM, ID = "http://127.0.0.1:8000", "kannel", "+22376000001", "473f63c0-de2b-45bc-b07e-02ce3bab34f8"
PLAIN = {"Content-Type": 'text/plain; charset="UTF-8"', "X-Kannel-Coding": "0", "X-Kannel-To": "36200"}
TOLD = {"id": ID, "from": FROM, "time": "1773336600", "smsc": "ORANGE"}


@pytest.fixture
def client(installation: Installation) -> Iterator[FlaskClient]:
    allowed = load({"JEKULU_KANNEL_FROM": "10.8.0.0/24, 192.168.1.5"}).kannel_from
    here = replace(installation, settings=replace(installation.settings, public_url=PUBLIC, kannel_from=allowed))
    with here.db.write() as session:
        session.add(Gateway(name=NAME, adapter="kannel", sender="36200"))
    yield opened(here)


@pytest.fixture
def door(keys: Keys) -> str:
    return addresses.inbound_url(PUBLIC, NAME, keys).removeprefix(PUBLIC)


@pytest.fixture
def reports(keys: Keys) -> str:
    return addresses.report_url(PUBLIC, NAME, "key-1", keys).removeprefix(PUBLIC)


def call(client: FlaskClient, method: str, path: str, caller: str = "127.0.0.1", **given: Any) -> TestResponse:
    environ = {"REQUEST_URI": path, "REMOTE_ADDR": caller}
    return client.open(path, method=method, environ_overrides=environ, **given)


def post(
    client: FlaskClient, door: str, body: bytes, headers: dict[str, str] | None = None, **told: str
) -> TestResponse:
    return call(
        client, "POST", f"{door}?{urlencode({**TOLD, **told})}", data=body, headers={**PLAIN, **(headers or {})}
    )


# Who gets in


CALLERS = [  # address, let in
    ("127.0.0.1", True),
    ("127.8.9.1", True),
    ("::1", True),
    ("::ffff:127.0.0.1", True),
    ("10.8.0.77", True),
    ("::ffff:10.8.0.77", True),
    ("192.168.1.5", True),
    ("192.168.1.6", False),
    ("41.73.100.1", False),
    ("2001:db8::1", False),
    ("", False),
    ("unix:", False),
]


@pytest.mark.parametrize(("caller", "is_let_in"), CALLERS)
def test_this_machine_and_the_addresses_of_the_setting(
    client: FlaskClient, db: Database, door: str, reports: str, caller: str, is_let_in: bool
) -> None:
    path = f"{door}?{urlencode(TOLD)}"
    answer = call(client, "POST", path, caller, data=b"QUIZ 2", headers=PLAIN)
    assert answer.status_code == (200 if is_let_in else 403)
    assert call(client, "GET", reports + "?d=8", caller).status_code == (200 if is_let_in else 403)
    assert (len(rows(db, Inbound)), len(rows(db, Receipt))) == (is_let_in, is_let_in)


def test_a_wrong_secret_and_a_key_that_we_did_not_give_out(
    client: FlaskClient, db: Database, door: str, reports: str
) -> None:
    assert post(client, door.replace("/in", "x/in"), b"QUIZ 2").status_code == 403
    assert call(client, "GET", reports[:-1] + "?d=8").status_code in (403, 404)
    assert call(client, "GET", reports.replace("key-1", "key-2") + "?d=8").status_code == 403
    assert not rows(db, Inbound) and not rows(db, Receipt)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
def test_other_methods(client: FlaskClient, db: Database, door: str, method: str) -> None:
    assert call(client, method, f"{door}?{urlencode(TOLD)}").status_code == 405
    assert not rows(db, Inbound)


# What came in


def test_an_sms_by_post(client: FlaskClient, db: Database, door: str) -> None:
    answer = post(client, door, " Ɔwɔ é 😜 QUIZ 2 ".encode())
    assert (answer.status_code, answer.data) == (200, b""), "204 and 201 are failures to Kannel"
    (stored,) = rows(db, Inbound)
    assert (stored.text, stored.undecodable, stored.sender_name) == (" Ɔwɔ é 😜 QUIZ 2 ", None, None)
    assert (stored.dedupe_key, stored.provider_id, stored.recipient) == (f"ORANGE:{ID}", ID, "36200")
    assert stored.gateway_at == datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
    assert client.application.config["WOKEN"] == ["converse"]


def test_an_sms_by_get(client: FlaskClient, db: Database, door: str) -> None:
    told = {**TOLD, "to": "36200", "text": " Ɔwɔ 100% + é ", "charset": "UTF-8", "coding": "0", "udh": "", "dcs": "0"}
    answer = call(client, "GET", f"{door}?{urlencode(told)}")
    assert (answer.status_code, answer.data) == (200, b"")
    (stored,) = rows(db, Inbound)
    assert (stored.text, stored.recipient, stored.dedupe_key) == (" Ɔwɔ 100% + é ", "36200", f"ORANGE:{ID}")


BODIES = [  # headers, body, text, bytes that are none
    ("the one of the guide", {"Content-Type": 'text/plain; charset="windows-1252"'}, b"\xe9 \x9c \x80", "é œ €", None),
    ("another", {"Content-Type": "text/plain; charset=ISO-8859-15"}, b"\xe9 \xa4", "é €", None),
    ("UTF-16", {"Content-Type": "text/plain; charset=UTF-16BE", "X-Kannel-Coding": "2"}, b"\x02\x54", "ɔ", None),
    ("UCS-2 without a charset", {"Content-Type": "text/plain", "X-Kannel-Coding": "2"}, b"\x02\x54", "ɔ", None),
    ("no charset", {"Content-Type": "text/plain"}, "ɔ".encode(), "ɔ", None),
    ("empty", {}, b"", "", None),
    ("a zero and blanks", {}, b" a\0b\n", " a\ufffdb\n", None),
    ("eight bits", {"Content-Type": "application/octet-stream", "X-Kannel-Coding": "1"}, b"caf\x05", "", b"caf\x05"),
    ("eight bits that look like letters", {"X-Kannel-Coding": "1"}, b"abc", "", b"abc"),
    ("a charset of next year", {"Content-Type": "text/plain; charset=utf-99"}, b"abc", "", b"abc"),
    ("Kannel's own word", {"Content-Type": "text/plain; charset=8-BIT"}, b"abc", "", b"abc"),
    ("no UTF-8 at all", {}, b"\xff\xfe", "", b"\xff\xfe"),
    ("half a letter of UTF-16", {"Content-Type": "text/plain; charset=UTF-16BE"}, b"\x02", "", b"\x02"),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "body", "text", "raw"), [r[1:] for r in BODIES], ids=[r[0] for r in BODIES])
def test_texts_of_every_kind(
    client: FlaskClient, db: Database, door: str, headers: dict[str, str], body: bytes, text: str, raw: bytes | None
) -> None:
    answer = post(client, door, body, headers)
    assert (answer.status_code, answer.data) == (200, b"")
    (stored,) = rows(db, Inbound)
    assert (stored.text, stored.undecodable) == (text, raw)


GETS = [  # query, text, bytes that are none
    ("text=caf%05&charset=8-BIT&coding=1", "", b"caf\x05"),
    ("text=%E9&charset=windows-1252&coding=0", "é", None),
    ("text=%02%54&charset=UTF-16BE&coding=2", "ɔ", None),
    ("text=%FF%FE&charset=UTF-8&coding=0", "", b"\xff\xfe"),
    ("text=a+b%2Bc", "a b+c", None),
    ("", "", None),
]


@pytest.mark.parametrize(("query", "text", "raw"), GETS)
def test_texts_by_get(client: FlaskClient, db: Database, door: str, query: str, text: str, raw: bytes | None) -> None:
    assert call(client, "GET", f"{door}?id={ID}&from=%2B22376000001&{query}").status_code == 200
    (stored,) = rows(db, Inbound)
    assert (stored.text, stored.undecodable) == (text, raw)


SENDERS = [  # as Kannel writes it, is it this phone?
    ("+22376000001", True),
    ("0022376000001", True),
    ("22376000001", True),
    ("76000001", True),
    ("+33612345678", False),
    ("33612345678", False),
    ("36200", None),
    ("Orange", None),
    ("", None),
]


@pytest.mark.parametrize(("sender", "is_ours"), SENDERS)
def test_senders(client: FlaskClient, db: Database, door: str, sender: str, is_ours: bool | None) -> None:
    post(client, door, b"1")
    post(client, door, b"2", id="another", **{"from": sender})
    phones, stored = rows(db, Phone), rows(db, Inbound)
    assert len(stored) == 2
    assert len(phones) == (2 if is_ours is False else 1)
    if is_ours is None:
        assert stored[1].sender_name == sender


def test_the_sender_may_stand_in_a_header_alone(client: FlaskClient, db: Database, door: str) -> None:
    path = f"{door}?{urlencode({'id': ID})}"
    assert call(client, "POST", path, data=b"1", headers={**PLAIN, "X-Kannel-From": FROM}).status_code == 200
    assert len(rows(db, Phone)) == 1


def test_what_can_never_be_read_is_kept_and_not_asked_for_again(client: FlaskClient, db: Database, door: str) -> None:
    """Kannel would bring a refused one again for days."""
    long = f"{door}?id={'i' * 300}&from={'9' * 300}&to={'1' * 300}"
    for path in (
        door,
        door + "?",
        f"{door}?id=",
        f"{door}?{'x' * 500}",
        long,
        f"{door}?id=%ff&from=%00&to=%ff&smsc=%ff",
    ):
        assert call(client, "POST", path, data=b"\xff", headers={}).status_code == 200
    assert call(client, "GET", f"{door}?%ff%fe=%00").status_code == 200
    stored = rows(db, Inbound)
    assert len(stored) == 7
    assert [row.undecodable for row in stored][:6] == [b"\xff"] * 6


# Once


def test_the_same_sms_twenty_times_at_once_is_one(client: FlaskClient, db: Database, door: str) -> None:
    answers: list[int] = []

    def again() -> None:
        other = client.application.test_client()
        answers.append(post(other, door, b"QUIZ 2").status_code)

    threads = [threading.Thread(target=again) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(answers) <= {200, 503} and 200 in answers, "503: Kannel brings it again"
    assert len(rows(db, Inbound)) == 1


def test_the_same_words_with_another_id_or_by_another_link_are_another_sms(
    client: FlaskClient, db: Database, door: str
) -> None:
    for told in ({}, {"id": "another"}, {"smsc": "MOOV"}, {}):
        assert post(client, door, b"1", **told).status_code == 200
    assert len(rows(db, Inbound)) == 3


def test_without_an_id_the_whole_call_tells_one_from_another(client: FlaskClient, db: Database, door: str) -> None:
    for seconds in ("1773336600", "1773336600", "1773336601"):
        post(client, door, b"1", id="", time=seconds)
    assert len(rows(db, Inbound)) == 2


def test_a_stop_takes_effect_before_the_answer(client: FlaskClient, db: Database, door: str) -> None:
    assert post(client, door, b"ARRET").status_code == 200
    (row,) = rows(db, Phone)
    assert row.opted_out_at is not None


# Reports


REPORTS = [  # query, word, delivery, code, the centre's id
    ("d=8&f=1001&a=ACK%2F&t=1773336600", "8", Delivery.SENT, "", "1001"),
    ("d=1&f=1001&a=id%3A1001+stat%3ADELIVRD+err%3A000&t=1773336600", "1", Delivery.DELIVERED, "", "1001"),
    ("d=2&f=1001&a=stat%3AEXPIRED+err%3A006", "2", Delivery.EXPIRED, "EXPIRED 006", "1001"),
    ("d=16&f=&a=NACK%2F0x0000000b%2FInvalid", "16", Delivery.FAILED, "0x0000000b", None),
    ("d=32", "32", None, "", None),
    ("", "none", None, "", None),
    ("d=%FF%00&f=%FF&a=%FF", "none", None, "", None),
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("query", "word", "delivery", "code", "ident"), REPORTS)
def test_reports_by_our_key(
    client: FlaskClient, db: Database, reports: str, method: str,
    query: str, word: str, delivery: Delivery | None, code: str, ident: str | None,
) -> None:  # fmt: skip
    for _ in range(2):
        answer = call(client, method, f"{reports}?{query}")
        assert (answer.status_code, answer.data) == (200, b"")
    (stored,) = rows(db, Receipt)
    assert (stored.about, stored.word, stored.delivery, stored.error_code) == ("key-1", word, delivery, code)
    assert stored.provider_id == ident


def test_a_locked_database_is_told_within_a_second(client: FlaskClient, db: Database, door: str, reports: str) -> None:
    def both() -> list[int]:
        return [post(client, door, b"QUIZ 2").status_code, call(client, "GET", reports + "?d=8").status_code]

    with db.write() as other:  # on SQLite this holds the whole file, on PostgreSQL the two tables
        lock = "SELECT 1" if db.is_sqlite else "LOCK TABLE inbound, receipt IN ACCESS EXCLUSIVE MODE"
        other.execute(sa.text(lock))
        began = datetime.now(UTC)
        assert both() == [503, 503]
        assert (datetime.now(UTC) - began).total_seconds() < 2.5
    assert both() == [200, 200]
    assert len(rows(db, Inbound)) == len(rows(db, Receipt)) == 1


def test_nothing_of_a_call_is_logged(
    client: FlaskClient, door: str, reports: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        post(client, door, b"a secret of mine")
        call(client, "POST", f"{door}?{urlencode(TOLD)}", "41.73.100.1", data=b"a secret of mine")
        call(client, "GET", reports + "?d=2&a=text:a+secret+of+mine")
    assert FROM[1:] not in caplog.text and "secret" not in caplog.text
