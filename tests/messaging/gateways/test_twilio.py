"""How we hand an SMS to Twilio: every kind of answer and of silence, and what never gets into a log."""

from __future__ import annotations

import logging
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
import responses

from messaging.gateways import line, twilio_words
from messaging.gateways.line import LostError
from messaging.gateways.protocol import Fault, Outcome, Submitted
from messaging.letters import segments
from tests.fakes import twilio as fake
from tests.fakes.carrier import TOKEN, TROUBLE
from tests.messaging.gateways.conftest import (
    CREATED,
    NOW,
    OUTBOUND,
    POST,
    REPORT_URL,
    SENDER,
    TEXT,
    TO,
    adapter,
    free_port,
    over,
)


def answered(status: int, body: Any = None, headers: dict[str, str] | None = None, **options: Any) -> Submitted:
    """What one submit gives when Twilio answers so."""
    with responses.RequestsMock() as mock:
        if isinstance(body, dict):
            options["json"] = body
        else:
            options["body"] = body if body is not None else ""
        mock.post(POST, status=status, headers=headers, **options)
        given = adapter().submit(OUTBOUND)
        assert len(mock.calls) == 1, "a call is never repeated"
        return given


# What we ask for


def test_the_form_that_twilio_gets() -> None:
    with responses.RequestsMock() as mock:
        mock.post(POST, status=201, json=CREATED)
        adapter().submit(OUTBOUND)
        form = parse_qs(str(mock.calls[0].request.body))
    assert form == {
        "To": [TO],
        "From": [SENDER],
        "Body": [TEXT],
        "StatusCallback": [REPORT_URL + "#rc=5&rp=all"],
        "ValidityPeriod": ["7200"],
        "SmartEncoded": ["false"],
    }


@pytest.mark.parametrize(
    ("left", "seconds"),
    [
        (timedelta(hours=11), 36_000),
        (timedelta(seconds=36_000), 36_000),
        (timedelta(minutes=5, milliseconds=900), 300),
        (timedelta(milliseconds=200), 1),
        (-timedelta(hours=1), 1),
    ],
    ids=["beyond ten hours", "just ten hours", "whole seconds", "less than one", "already stale"],
)
def test_the_validity_is_what_is_left_of_use(carrier: fake.Twilio, left: timedelta, seconds: int) -> None:
    over(carrier).submit(replace(OUTBOUND, useful_until=NOW + left))
    assert carrier.messages[0].validity == seconds


def test_a_messaging_service_is_named_as_one(carrier: fake.Twilio) -> None:
    service = "MG" + "a" * 32
    given = over(carrier, service).submit(OUTBOUND)
    assert (carrier.messages[0].service, carrier.messages[0].sender) == (service, None)
    assert given.provider_segments is None, "a service counts later; 0 is no count"


def test_a_short_name_that_starts_with_mg_is_a_name(carrier: fake.Twilio) -> None:
    over(carrier, "MGO Kenya").submit(OUTBOUND)
    assert carrier.messages[0].sender == "MGO Kenya"


def test_the_senders_own_choice_goes_before_the_gateways(carrier: fake.Twilio) -> None:
    over(carrier).submit(replace(OUTBOUND, sender="+15005550007"))
    assert carrier.messages[0].sender == "+15005550007"


@pytest.mark.parametrize("text", ["I ni sɔgɔma, kɛnɛya bɛ wa? 😜", " blanks around ", "a\nb & c=d +e %2B", "é" * 161])
def test_the_text_leaves_letter_by_letter(carrier: fake.Twilio, text: str) -> None:
    given = over(carrier).submit(replace(OUTBOUND, text=text))
    assert carrier.bodies == [text]
    assert given.provider_segments == segments(text)


# What an answer means


def test_accepted() -> None:
    body = {**CREATED, "num_segments": "3", "price": "-0.04500", "price_unit": "USD"}
    given = answered(201, body)
    assert given == Submitted(Outcome.ACCEPTED, "SM" + "1" * 32, 3, 45_000, "USD")


@pytest.mark.parametrize("code", sorted(twilio_words.CODES))
def test_each_known_code_of_a_refusal(code: str) -> None:
    known = twilio_words.CODES[code]
    given = answered(400, {"code": int(code), "message": f"about {TO}: {TEXT}", "status": 400})
    assert given.outcome is known.outcome
    assert given.error is not None
    assert (given.error.code, given.error.fault, given.error.http_status) == (code, known.fault, 400)
    assert given.error.text == known.title
    assert given.provider_id is None


def test_the_table_has_the_ninety_codes() -> None:
    assert len(twilio_words.CODES) == 90
    assert {code.where for code in twilio_words.CODES.values()} == {"A", "D", "AD"}


@pytest.mark.parametrize(
    ("code", "outcome", "fault"),
    [
        ("21211", Outcome.REJECTED, Fault.RECIPIENT),
        ("21614", Outcome.REJECTED, Fault.RECIPIENT),
        ("21610", Outcome.REJECTED, Fault.OPTED_OUT),
        ("21617", Outcome.REJECTED, Fault.CONTENT),
        ("21408", Outcome.REJECTED, Fault.CHANNEL),
        ("20003", Outcome.REJECTED, Fault.CHANNEL),
        ("21611", Outcome.TEMPORARY, Fault.NETWORK),
        ("14107", Outcome.TEMPORARY, Fault.NETWORK),
        ("99999", Outcome.REJECTED, Fault.CHANNEL),
    ],
)
def test_what_some_codes_mean_in_words(code: str, outcome: Outcome, fault: Fault) -> None:
    assert twilio_words.refused(code)[:2] == (outcome, fault)


ODD_REFUSALS = [
    ("an unknown code stops the gateway, not the message", 400, {"code": 29_999}, Outcome.REJECTED, Fault.CHANNEL),
    ("a code as text", 400, {"code": "21211"}, Outcome.REJECTED, Fault.RECIPIENT),
    ("no code", 403, {"message": "no"}, Outcome.REJECTED, Fault.CHANNEL),
    ("no JSON", 404, "<html>", Outcome.REJECTED, Fault.CHANNEL),
    ("a JSON list", 400, "[1]", Outcome.REJECTED, Fault.CHANNEL),
    ("a wrong secret", 401, {"code": 20003}, Outcome.REJECTED, Fault.CHANNEL),
    (
        "a problem document",
        400,
        {"type": "https://x", "title": "t", "status": 400, "code": 21610},
        Outcome.REJECTED,
        Fault.OPTED_OUT,
    ),
    ("too many, whatever its code", 429, {"code": 20003}, Outcome.TEMPORARY, Fault.NETWORK),
    ("too many without a body", 429, "", Outcome.TEMPORARY, Fault.NETWORK),
    ("500", 500, {"code": 20500}, Outcome.UNKNOWN, Fault.NETWORK),
    ("500 with a code that would reject", 500, {"code": 21211}, Outcome.UNKNOWN, Fault.NETWORK),
    ("502", 502, "bad gateway", Outcome.UNKNOWN, Fault.NETWORK),
    ("503", 503, {"code": 20503}, Outcome.UNKNOWN, Fault.NETWORK),
    ("504", 504, "", Outcome.UNKNOWN, Fault.NETWORK),
    ("599", 599, "", Outcome.UNKNOWN, Fault.NETWORK),
]


@pytest.mark.parametrize(
    ("status", "body", "outcome", "fault"), [row[1:] for row in ODD_REFUSALS], ids=[row[0] for row in ODD_REFUSALS]
)
def test_refusals(status: int, body: Any, outcome: Outcome, fault: Fault) -> None:
    given = answered(status, body)
    assert given.outcome is outcome
    assert given.error is not None and given.error.fault is fault
    assert given.error.http_status == status


def test_what_support_asks_for_and_when_to_come_back() -> None:
    given = answered(429, {"code": 20429}, {"Retry-After": "7", "Twilio-Request-Id": "RQ1"})
    assert given.error is not None
    assert (given.error.code, given.error.retry_after, given.error.request_id) == ("20429", 7.0, "RQ1")


@pytest.mark.parametrize("header", ["", "soon", "-3", "Wed, 21 Oct 2026 07:28:00 GMT", "1e9", "nan"])
def test_a_retry_after_that_is_no_number_of_seconds(header: str) -> None:
    error = answered(429, {}, {"Retry-After": header}).error
    assert error is not None and error.retry_after is None


UNREADABLE = [
    ("no JSON", 201, "<html>busy"),
    ("nothing", 201, ""),
    ("no id", 201, {"status": "queued"}),
    ("an id that is no text", 201, {"sid": 5}),
    ("a list", 201, "[]"),
    ("no UTF-8", 201, b'{"sid": "\xff"}'),
    ("segments that are no number", 201, {**CREATED, "num_segments": "many"}),
    ("a date that is none", 201, {**CREATED, "date_created": 5}),
    ("a redirect", 302, ""),
    ("a redirect that would repeat the call", 307, ""),
]


@pytest.mark.parametrize(("status", "body"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE])
def test_an_answer_that_cannot_be_read_is_unknown(status: int, body: Any) -> None:
    given = answered(status, body, {"Location": "https://elsewhere.example.org/"} if status >= 300 else None)
    assert given.outcome is Outcome.UNKNOWN
    assert given.error is not None and given.error.fault is Fault.NETWORK


# Silence


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (requests.ReadTimeout(), "time-out"),
        (requests.ConnectionError("Connection aborted."), "cut"),
        (requests.exceptions.ChunkedEncodingError(), "cut"),
        (requests.exceptions.SSLError("bad record mac"), "cut"),
    ],
)
def test_a_lost_answer_is_unknown(trouble: Exception, code: str) -> None:
    given = answered(0, trouble)
    assert given.outcome is Outcome.UNKNOWN
    assert given.error is not None and given.error.code == code


def test_a_connect_time_out_is_certainly_not_sent() -> None:
    assert answered(0, requests.ConnectTimeout()).outcome is Outcome.TEMPORARY


def test_nobody_listens() -> None:
    given = adapter(JEKULU_TWILIO_API=f"http://127.0.0.1:{free_port()}").submit(OUTBOUND)
    assert given.outcome is Outcome.TEMPORARY
    assert given.error is not None and (given.error.code, given.error.fault) == ("connect", Fault.LINE)


def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    given = adapter().submit(OUTBOUND)
    assert given.outcome is Outcome.TEMPORARY


def test_a_tls_handshake_that_hangs(carrier: fake.Twilio) -> None:
    api = carrier.url.replace("http", "https")
    given = adapter(JEKULU_TWILIO_API=api, JEKULU_ANSWER_WITHIN="0.2s").submit(OUTBOUND)
    assert given.outcome is Outcome.TEMPORARY
    assert carrier.calls == 0


def test_the_line_is_cut_during_the_tls_handshake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        given = adapter(JEKULU_TWILIO_API=f"https://127.0.0.1:{listener.getsockname()[1]}").submit(OUTBOUND)
        thread.join(5)
    assert given.outcome is Outcome.TEMPORARY


SENT_TROUBLE = [word for word in TROUBLE if not word.startswith("hang")]


@pytest.mark.parametrize("word", SENT_TROUBLE)
def test_each_trouble_of_the_carrier(carrier: fake.Twilio, word: str) -> None:
    carrier.script.append(word)
    given = over(carrier).submit(OUTBOUND)
    assert given.outcome is (Outcome.TEMPORARY if word == "429" else Outcome.UNKNOWN)
    assert carrier.calls == 1
    assert len(carrier.bodies) == word.endswith("-sent")


def test_a_carrier_that_hangs_frees_the_worker(carrier: fake.Twilio) -> None:
    carrier.script.append("hang-sent")
    given = adapter(JEKULU_TWILIO_API=carrier.url, JEKULU_ANSWER_WITHIN="0.2s").submit(OUTBOUND)
    assert given.outcome is Outcome.UNKNOWN
    assert given.error is not None and given.error.code == "time-out"


def test_every_call_has_time_outs_and_follows_no_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def send(_self: requests.Session, _request: object, **options: Any) -> requests.Response:
        seen.append(options)
        raise requests.ReadTimeout

    monkeypatch.setattr(requests.Session, "send", send)
    one = adapter()
    one.submit(OUTBOUND)
    one.resolve(OUTBOUND, NOW, NOW)
    one.health()
    with pytest.raises(LostError):
        one.list_inbound(NOW, NOW)
    assert seen == [{"timeout": (3.05, 12.0), "allow_redirects": False}] * 4


def test_many_threads_share_few_connections(carrier: fake.Twilio) -> None:
    one = over(carrier)
    opened: set[object] = set()
    outcomes = []

    def work(number: int) -> None:
        for turn in range(10):
            text = f"{number}-{turn}"
            given = one.submit(replace(OUTBOUND, text=text))
            sent = next(message for message in carrier.messages if message.body == text)
            outcomes.append(given.provider_id == sent.sid)
            opened.update(carrier._wires)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes == [True] * 320, "each thread got its own answer"
    assert len(opened) <= 16


# Nothing leaks


def test_no_number_text_or_secret_in_any_log_or_error(
    carrier: fake.Twilio, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    one = over(carrier)
    refusals = []
    for word in ("ok", *SENT_TROUBLE):
        carrier.script.append(word)
        refusals.append(repr(one.submit(OUTBOUND).error))
    carrier.refused[TO] = 21211
    refusals.append(repr(one.submit(OUTBOUND).error))
    one.resolve(OUTBOUND, NOW, NOW)
    one.list_inbound(NOW - timedelta(hours=1), NOW)
    one.health()
    seen = caplog.text + "".join(refusals) + "".join(capsys.readouterr())
    for secret in (TO, TO[1:], "%2B" + TO[1:], TEXT, TOKEN, "0f1e2d3c4b5a6978"):
        assert secret not in seen


def test_nothing_is_kept_on_the_http_client(carrier: fake.Twilio) -> None:
    one = over(carrier)
    one.submit(OUTBOUND)
    http = one._client.http_client
    assert http._test_only_last_request is None
    assert http._test_only_last_response is None


def test_an_error_of_a_lost_answer_holds_no_address() -> None:
    with pytest.raises(LostError) as caught:
        line.Line("http://127.0.0.1:9", 1, timedelta(seconds=1)).call(
            requests.Request("GET", "http://127.0.0.1:9/x?To=%2B22376000001")
        )
    assert "22376000001" not in f"{caught.value!r} {caught.value}"
    assert caught.value.__suppress_context__


def test_no_other_host_can_be_reached() -> None:
    with pytest.raises(LostError):
        line.Line("http://127.0.0.1:9", 1, timedelta(seconds=1)).call(
            requests.Request("GET", "https://elsewhere.example.org/")
        )


def test_neither_proxy_nor_edge_of_the_environment_counts(
    carrier: fake.Twilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    assert over(carrier).submit(OUTBOUND).outcome is Outcome.ACCEPTED
