"""What is read out of a call of Twilio, and what is answered."""

from __future__ import annotations

import base64
from datetime import UTC

import pytest
from flask.testing import FlaskClient

from messaging.gateways.protocol import Fault
from messaging.models.post import Delivery
from tests.fakes.carrier import Call
from tests.webhooks.conftest import (
    FROM,
    OURS,
    TEXT,
    Boxes,
    changed,
    knock,
    raw,
    without,
)

# What is read


def test_an_inbound_sms(client: FlaskClient, inbound: Call, boxes: Boxes) -> None:
    answer = knock(client, inbound)
    assert (answer.status_code, answer.content_type, answer.text) == (200, "text/xml", "<Response/>")
    (arrival,) = boxes.arrivals
    sid = dict(inbound.form)["MessageSid"]
    assert (arrival.dedupe_key, arrival.provider_id) == (sid, sid)
    assert (arrival.sender, arrival.recipient, arrival.text) == (FROM, OURS, TEXT), "blanks at the ends are kept"
    assert (arrival.kind, arrival.segments, arrival.gateway_opt, arrival.gateway_at) == ("sms", 1, None, None)
    assert arrival.received_at.tzinfo is UTC
    assert len(arrival.digest) == 64


@pytest.mark.parametrize("text", ["", " ", "é" * 1600, "😜" * 800, "a\r\nb", "&=%+", "<Response/>", "=cmd()", "٣"])
def test_any_text_comes_through(client: FlaskClient, inbound: Call, boxes: Boxes, text: str) -> None:
    assert knock(client, changed(inbound, Body=text)).status_code == 200
    assert boxes.arrivals[0].text == text


def test_a_message_without_a_body_is_an_empty_text(client: FlaskClient, inbound: Call, boxes: Boxes) -> None:
    assert knock(client, without(inbound, "Body")).status_code == 200
    assert boxes.arrivals[0].text == ""


@pytest.mark.parametrize("body", [b"a%00b", b"a%ED%A0%80b", b"a%FFb", b"a\xe9b"])
def test_letters_that_no_database_takes_reach_the_inbox_for_its_flag(
    client: FlaskClient, inbound: Call, boxes: Boxes, body: bytes
) -> None:
    data, headers = raw(inbound, body)
    assert knock(client, inbound, data=data, headers=headers).status_code == 200
    text = boxes.arrivals[0].text
    assert text[0] + text[-1] == "ab"
    assert all(char == "\0" or "\ud800" <= char <= "\udfff" for char in text[1:-1])


LONG = "Bonjour, la séance du club 1041 a eu lieu: 12 femmes et 8 hommes, kɛnɛya 😜"
BASE64 = [
    ("a long text", "MM", base64.b64encode(LONG.encode()).decode(), LONG),
    (
        "an SMS is never decoded",
        "SM",
        base64.b64encode(LONG.encode()).decode(),
        base64.b64encode(LONG.encode()).decode(),
    ),
    ("a plain text in an MMS", "MM", LONG, LONG),
    ("a stop word", "MM", "STOP", "STOP"),
    ("a keyword whose letters are base64", "MM", "PRES", "PRES"),
    ("one long word", "MM", "anticonstitutionnellementabc", "anticonstitutionnellementabc"),
    ("digits", "MM", "104112081234", "104112081234"),
    ("an empty text", "MM", "", ""),
    (
        "bytes that are no text",
        "MM",
        base64.b64encode(bytes(range(12))).decode(),
        base64.b64encode(bytes(range(12))).decode(),
    ),
    ("a line break inside", "MM", base64.b64encode(b"un\r\ndeux et trois").decode(), "un\r\ndeux et trois"),
]


@pytest.mark.parametrize(("prefix", "body", "text"), [row[1:] for row in BASE64], ids=[row[0] for row in BASE64])
def test_long_sms_that_came_as_mms(
    client: FlaskClient, inbound: Call, boxes: Boxes, prefix: str, body: str, text: str
) -> None:
    sid = prefix + dict(inbound.form)["MessageSid"][2:]
    assert knock(client, changed(inbound, MessageSid=sid, Body=body)).status_code == 200
    assert (boxes.arrivals[0].dedupe_key, boxes.arrivals[0].text) == (sid, text)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("STOP", "stop"), ("START", "start"), ("HELP", "help"), ("stop", "stop"), ("", None), ("OTHER", None)],
)
def test_a_keyword_that_twilio_has_handled(
    client: FlaskClient, inbound: Call, boxes: Boxes, given: str, expected: str | None
) -> None:
    assert knock(client, changed(inbound, OptOutType=given)).status_code == 200
    assert boxes.arrivals[0].gateway_opt == expected


@pytest.mark.parametrize(
    ("given", "expected"), [("3", 3), ("", None), ("many", None), ("-1", None), ("9" * 50, None), ("²", None)]
)
def test_segments(client: FlaskClient, inbound: Call, boxes: Boxes, given: str, expected: int | None) -> None:
    assert knock(client, changed(inbound, NumSegments=given)).status_code == 200
    assert boxes.arrivals[0].segments == expected


@pytest.mark.parametrize("sender", ["36000", "ORANGE", "+33612345678"])
def test_senders_that_are_no_phone(client: FlaskClient, inbound: Call, boxes: Boxes, sender: str) -> None:
    assert knock(client, changed(inbound, From=sender)).status_code == 200
    assert boxes.arrivals[0].sender == sender


WORDS = [
    ("accepted", Delivery.QUEUED), ("scheduled", Delivery.QUEUED), ("queued", Delivery.QUEUED),
    ("sending", Delivery.QUEUED), ("sent", Delivery.SENT), ("undelivered", Delivery.FAILED),
    ("failed", Delivery.FAILED), ("canceled", Delivery.CANCELLED), ("delivered", Delivery.DELIVERED),
    ("partially_delivered", Delivery.DELIVERED), ("read", Delivery.READ), ("receiving", None), ("received", None),
    ("a-word-of-next-year", None),
]  # fmt: skip


@pytest.mark.parametrize(("word", "delivery"), WORDS)
def test_status_words(client: FlaskClient, report: Call, boxes: Boxes, word: str, delivery: Delivery | None) -> None:
    answer = knock(client, changed(report, MessageStatus=word, SmsStatus=word))
    assert (answer.status_code, answer.data) == (204, b"")
    (told,) = boxes.reports
    assert (told.word, told.delivery, told.idempotency_key) == (word, delivery, "key-1")
    assert (told.provider_id, told.error, told.at) == (dict(report.form)["MessageSid"], None, None)


CODES = [
    ("the phone is off", "undelivered", "30003", Delivery.FAILED, Fault.NETWORK, False),
    ("no such number", "undelivered", "30006", Delivery.FAILED, Fault.RECIPIENT, False),
    ("filtered", "undelivered", "30007", Delivery.FAILED, Fault.CONTENT, False),
    ("no credit", "failed", "30002", Delivery.FAILED, Fault.CHANNEL, False),
    ("out of date", "failed", "30036", Delivery.EXPIRED, Fault.NETWORK, False),
    ("the operator was silent: it may have arrived", "undelivered", "30410", Delivery.FAILED, Fault.NETWORK, True),
    ("a code that we do not know blames nobody", "undelivered", "39999", Delivery.FAILED, Fault.NONE, False),
    ("the status counts, not the code", "delivered", "30018", Delivery.DELIVERED, None, False),
    ("a failure without a code", "failed", "", Delivery.FAILED, None, False),
]


@pytest.mark.parametrize(
    ("word", "code", "delivery", "fault", "doubt"), [row[1:] for row in CODES], ids=[row[0] for row in CODES]
)
def test_error_codes_of_reports(
    client: FlaskClient,
    report: Call,
    boxes: Boxes,
    word: str,
    code: str,
    delivery: Delivery,
    fault: Fault | None,
    doubt: bool,
) -> None:
    assert knock(client, changed(report, MessageStatus=word, ErrorCode=code)).status_code == 204
    (told,) = boxes.reports
    assert (told.delivery, told.outcome_unknown) == (delivery, doubt)
    assert (told.error.code, told.error.fault) == (code, fault) if told.error else (fault is None)
