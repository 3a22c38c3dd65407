"""The door that Twilio calls through: who gets in, and what is never logged."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator

from messaging import addresses
from messaging.errors import BusyError, SettingError
from messaging.gateways.protocol import BadSignature, Request
from messaging.phones import Keys
from tests.fakes.carrier import TOKEN, Call
from tests.webhooks.conftest import (
    FROM,
    PUBLIC,
    TEXT,
    Boxes,
    House,
    changed,
    knock,
    opened,
    settings_with,
    without,
)
from webhooks import door, twilio

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "twilio_signature_vectors.json").read_text("utf-8"))


# Signatures


@pytest.mark.parametrize("case", VECTORS["cases"], ids=[case["name"] for case in VECTORS["cases"]])
def test_signature_vectors(case: dict[str, Any]) -> None:
    """All 26; JSON and shared keys are refused on purpose, whatever their signature."""
    form = [(name, value) for name, value in case["params"]]
    kind = "application/json" if "body" in case else "application/x-www-form-urlencoded"
    settings = settings_with(TWILIO_AUTH_TOKEN=case["token"], TWILIO_ACCOUNT_SID=dict(form).get("AccountSid", "AC1"))
    headers = {"content-type": kind, "x-twilio-signature": case["signature"]}
    if case["algorithm"] != "HMAC_SHA1":
        headers["x-twilio-webhooks-signature-settings"] = f"key=k1,algorithm={case['algorithm']}"
    request = Request("POST", case["url"], headers, b"", (), form, datetime.now(UTC))
    taken = case["valid"] and case["algorithm"] == "HMAC_SHA1" and "body" not in case
    if case["algorithm"] == "HMAC_SHA1" and "body" not in case:
        assert twilio.is_signed(case["token"], case["url"], form, case["signature"]) is case["valid"]
    if taken and "AccountSid" in dict(form):
        twilio.verify(request, settings)
    else:
        with pytest.raises(BadSignature):
            twilio.verify(request, settings)


URLS = [
    f"{PUBLIC}/webhooks/twilio/t/in",
    f"{PUBLIC}/webhooks/twilio/t/in?b=2&a=%2B1",
    "https://sms.example.org:8443/x?m=a+b",
    "http://127.0.0.1:8000/x~y",
]


@pytest.mark.parametrize("url", URLS)
def test_our_signature_is_the_one_of_twilios_own_library(url: str, inbound: Call) -> None:
    form = list(inbound.form)
    mine = twilio.signature(TOKEN, url, form)
    assert mine == RequestValidator(TOKEN).compute_signature(url, dict(form))
    assert mine == replace(inbound, url=url).headers["X-Twilio-Signature"]
    assert RequestValidator(TOKEN).validate(url, dict(form), mine)
    assert twilio.is_signed(TOKEN, url, form, mine)


@pytest.mark.parametrize("given", ["", "x", "é", "=" * 28, "\udcff", "A" * 100_000])
def test_what_is_no_signature_at_all(given: str) -> None:
    assert not twilio.is_signed(TOKEN, URLS[0], [("a", "b")], given)


# The address


ADDRESSES: list[tuple[str, dict[str, Any]]] = [
    ("nothing in between", {}),
    ("TLS ends at a proxy that hides the host", {"environ": {"HTTP_HOST": "127.0.0.1:8000"}}),
    ("the host is passed, the scheme is lost", {"environ": {"HTTP_HOST": "sms.example.org"}}),
    ("one proxy", {"environ": {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "sms.example.org"}}),
    ("two proxies", {"environ": {"HTTP_X_FORWARDED_PROTO": "https, http"}}),
    ("an attacker's host", {"environ": {"HTTP_HOST": "evil.example.org"}}),
    ("a query, kept raw", {"query": "?b=2&a=%2B1"}),
    ("a query with a plus", {"query": "?m=a+b"}),
    ("a bare question mark", {"query": "?"}),
    ("a tilde and a colon", {"query": "?x=~a:b|c"}),
    ("signed with :443", {"public": f"{PUBLIC}:443"}),
    ("another port", {"public": f"{PUBLIC}:8443", "settings": f"{PUBLIC}:8443"}),
    ("our address names :443, Twilio's does not", {"settings": f"{PUBLIC}:443"}),
    ("an international host", {"public": "https://sms.éxample.org", "settings": "https://sms.éxample.org"}),
    ("a folder before our path", {"public": f"{PUBLIC}/sms", "settings": f"{PUBLIC}/sms"}),
    ("http on port 80", {"public": "http://sms.example.org:80", "settings": "http://sms.example.org"}),
    ("a proxy that writes the whole address", {"absolute": True}),
]


@pytest.mark.parametrize("case", [row[1] for row in ADDRESSES], ids=[row[0] for row in ADDRESSES])
def test_addresses_that_verify(case: dict[str, Any], house: House, boxes: Boxes, inbound: Call) -> None:
    house.settings = settings_with(JEKULU_PUBLIC_URL=case.get("settings", PUBLIC))
    raw = inbound.path + case.get("query", "")
    call = replace(inbound, url=case.get("public", PUBLIC) + raw)
    environ = {"REQUEST_URI": "http://127.0.0.1:8000" + raw if case.get("absolute") else raw}
    answer = opened(house).post(
        raw, data=call.body, headers=call.headers, environ_overrides={**environ, **case.get("environ", {})}
    )
    assert answer.status_code == 200
    assert len(boxes.arrivals) == 1


def test_a_path_that_was_percent_encoded_on_the_way(client: FlaskClient, boxes: Boxes, report: Call) -> None:
    raw = report.path.replace("key-1.", "key%2D1%2E")
    assert (
        client.post(
            raw,
            data=report.body,
            headers=replace(report, url=PUBLIC + raw).headers,
            environ_overrides={"REQUEST_URI": raw},
        ).status_code
        == 204
    )
    assert boxes.reports[0].idempotency_key == "key-1"


@pytest.mark.parametrize(
    "url",
    ["http://sms.example.org", "https://user:pass@sms.example.org", "https://other.example.org", f"{PUBLIC}:8443"],
    ids=["http", "user and password", "another host", "another port"],
)
def test_addresses_that_do_not(url: str, client: FlaskClient, boxes: Boxes, inbound: Call) -> None:
    assert knock(client, replace(inbound, url=url + inbound.path)).status_code == 403
    assert not boxes.arrivals


def test_a_capital_in_the_public_host_stops_the_start() -> None:
    with pytest.raises(SettingError, match="JEKULU_PUBLIC_URL"):
        settings_with(JEKULU_PUBLIC_URL="https://SMS.example.org")


def test_gunicorn_names_the_raw_target_otherwise(client: FlaskClient, inbound: Call) -> None:
    environ = {"RAW_URI": inbound.path + "?x=%7e", "REQUEST_URI": ""}
    call = replace(inbound, url=inbound.url + "?x=%7e")
    assert client.post(inbound.path, data=call.body, headers=call.headers, environ_overrides=environ).status_code == 200


def test_a_server_that_hides_the_raw_target_is_loud(
    client: FlaskClient, inbound: Call, caplog: pytest.LogCaptureFixture
) -> None:
    assert knock(client, inbound, {"REQUEST_URI": "", "RAW_URI": ""}).status_code == 500
    assert "REQUEST_URI" in caplog.text and caplog.records[0].levelno == logging.ERROR


# Who is let in


def test_the_header_is_missing(client: FlaskClient, inbound: Call, boxes: Boxes) -> None:
    headers = {"Content-Type": inbound.headers["Content-Type"]}
    assert knock(client, inbound, headers=headers).status_code == 403
    assert not boxes.arrivals


@pytest.mark.parametrize(
    ("name", "value"), [("Body", "QUIZ 3"), ("Body", TEXT.strip()), ("From", "+22376000009"), ("Extra", "1")]
)
def test_a_changed_form(client: FlaskClient, inbound: Call, boxes: Boxes, name: str, value: str) -> None:
    assert knock(client, changed(inbound, **{name: value}), headers=inbound.headers).status_code == 403
    assert not boxes.arrivals


def test_blank_parameters_belong_to_the_signature(client: FlaskClient, inbound: Call) -> None:
    blank = [name for name, value in inbound.form if not value]
    assert blank and knock(client, inbound).status_code == 200
    assert knock(client, without(inbound, *blank), headers=inbound.headers).status_code == 403


def test_doubled_parameters_count_once_and_in_order(client: FlaskClient, inbound: Call, boxes: Boxes) -> None:
    """As Twilio's own library: `getall` of a key, each value once, sorted."""

    class Multi(dict[str, list[str]]):
        def getlist(self, name: str) -> list[str]:
            return self[name]

    call = replace(inbound, form=(*inbound.form, ("X", "b"), ("X", "a"), ("X", "b")))
    known = Multi({name: [value] for name, value in inbound.form} | {"X": ["b", "a", "b"]})
    assert call.headers["X-Twilio-Signature"] == RequestValidator(TOKEN).compute_signature(call.url, known)
    assert knock(client, call).status_code == 200


def test_keys_and_values_are_joined_without_a_seam_so_only_known_keys_are_read(
    client: FlaskClient, inbound: Call, boxes: Boxes
) -> None:
    form = tuple(("Fro", "m" + value) if name == "From" else (name, value) for name, value in inbound.form)
    assert knock(client, replace(inbound, form=form), headers=inbound.headers).status_code == 400
    assert not boxes.arrivals


@pytest.mark.parametrize("signed", [True, False])
def test_json_is_refused(client: FlaskClient, inbound: Call, boxes: Boxes, signed: bool) -> None:
    body = json.dumps(dict(inbound.form))
    url = inbound.url + "?bodySHA256=" + RequestValidator(TOKEN).compute_hash(body)
    call = replace(inbound, url=url, form=())
    headers = {**call.headers, "Content-Type": "application/json"}
    answer = knock(client, call, data=body if signed else body.replace("QUIZ", "STOP"), headers=headers)
    assert answer.status_code == 403
    assert not boxes.arrivals


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x", "application/json"])
def test_only_forms_are_read(client: FlaskClient, inbound: Call, kind: str) -> None:
    assert knock(client, inbound, headers={**inbound.headers, "Content-Type": kind}).status_code == 403


def test_another_account_with_the_right_secret(client: FlaskClient, inbound: Call) -> None:
    assert knock(client, changed(inbound, AccountSid="AC" + "1" * 32)).status_code == 403


def test_another_secret(client: FlaskClient, inbound: Call) -> None:
    assert knock(client, replace(inbound, token="other-token")).status_code == 403


@pytest.mark.parametrize("missing", ["TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID", "JEKULU_PUBLIC_URL"])
def test_without_our_secret_nothing_is_let_in(house: House, boxes: Boxes, inbound: Call, missing: str) -> None:
    house.settings = settings_with(**{missing: ""})
    call = replace(inbound, token="" if missing == "TWILIO_AUTH_TOKEN" else TOKEN)
    assert knock(opened(house), call).status_code == 500
    assert not boxes.arrivals


@pytest.mark.parametrize("gateway", ["nobody", "other", "simulator", "%00", "%FF", "x" * 500, "..", "twilio%20"])
@pytest.mark.parametrize("tail", ["in", "r/key-1.0000000000000000"])
def test_a_gateway_that_has_no_door(client: FlaskClient, keys: Keys, gateway: str, tail: str) -> None:
    path = f"/webhooks/{gateway}/{keys.mac('door', gateway)}/{tail}"
    assert client.post(path, environ_overrides={"REQUEST_URI": path}).status_code == 403


@pytest.mark.parametrize("token", ["x", "0" * 16, "é", "%00", "%FF"])
def test_a_wrong_secret_path(client: FlaskClient, inbound: Call, token: str) -> None:
    path = f"/webhooks/twilio/{token}/in"
    assert knock(client, replace(inbound, url=PUBLIC + path)).status_code == 403


@pytest.mark.parametrize(
    "tail", ["key-2.{mac}", "key-1.0000000000000000", "key-1", ".", "{mac}", "a/b/c.{mac}", "é.{mac}"]
)
def test_a_key_that_we_did_not_give_out(client: FlaskClient, report: Call, boxes: Boxes, tail: str) -> None:
    mac = report.path.rpartition(".")[2]
    path = report.path.rpartition("/")[0] + "/" + tail.format(mac=mac)
    assert knock(client, replace(report, url=PUBLIC + path)).status_code == 403
    assert not boxes.reports


def test_a_key_of_another_gateway(client: FlaskClient, keys: Keys, report: Call, boxes: Boxes) -> None:
    mac = keys.mac("report", "other", "key-1")
    path = f"/webhooks/twilio/{addresses.door('twilio', keys)}/r/key-1.{mac}"
    assert knock(client, replace(report, url=PUBLIC + path)).status_code == 403


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_post(client: FlaskClient, inbound: Call, method: str) -> None:
    assert getattr(client, method)(inbound.path).status_code == 405


# Size and form


def test_a_body_of_64_kib_is_read_and_one_more_is_not(client: FlaskClient, inbound: Call) -> None:
    spare = door.LIMIT - len(changed(inbound, X="").body)
    assert knock(client, changed(inbound, X="x" * spare)).status_code == 200
    assert knock(client, changed(inbound, X="x" * (spare + 1))).status_code == 413


def test_the_size_is_looked_at_before_anything_else(client: FlaskClient) -> None:
    path = "/webhooks/nobody/x/in"
    assert client.post(path, data=b"x" * 70_000, environ_overrides={"REQUEST_URI": path}).status_code == 413


MALFORMED = [
    ("no id", ("MessageSid", "SmsSid"), {}),
    ("no sender", ("From",), {}),
    ("a blank sender", (), {"From": ""}),
    ("an endless id", (), {"MessageSid": "SM" + "1" * 80}),
]


@pytest.mark.parametrize(("names", "values"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_malformed(
    client: FlaskClient,
    inbound: Call,
    boxes: Boxes,
    caplog: pytest.LogCaptureFixture,
    names: tuple[str, ...],
    values: dict[str, str],
) -> None:
    assert knock(client, changed(without(inbound, *names), **values)).status_code == 400
    assert not boxes.arrivals
    assert FROM not in caplog.text and "malformed" in caplog.text


def test_a_report_without_a_status(client: FlaskClient, report: Call) -> None:
    assert knock(client, without(report, "MessageStatus", "SmsStatus")).status_code == 400


def test_pairs_keep_what_forms_usually_lose() -> None:
    assert door.pairs(b"a=&b&c=+x+&c=%2B&&d=%C3%A9&e=%FF=%00") == [
        ("a", ""), ("b", ""), ("c", " x "), ("c", "+"), ("d", "é"), ("e", "\udcff=\0"),
    ]  # fmt: skip


# Trouble behind the door


def test_a_busy_database_is_told_so_that_twilio_comes_again(client: FlaskClient, inbound: Call, boxes: Boxes) -> None:
    boxes.trouble = BusyError()
    assert knock(client, inbound).status_code == 503
    boxes.trouble = None
    assert knock(client, inbound).status_code == 200
    assert len(boxes.arrivals) == 1


def test_nothing_of_a_request_is_ever_logged(
    client: FlaskClient, inbound: Call, report: Call, boxes: Boxes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = inbound.path.replace("twilio", "22376000001", 1)
    for trouble in (None, BusyError(), ValueError(f"{FROM} {TEXT}")):
        boxes.trouble = trouble
        for call in (inbound, report):
            knock(client, call)
            knock(client, replace(call, token="other"))
            knock(client, without(call, "From", "MessageStatus", "SmsStatus"))
            knock(client, replace(call, url=PUBLIC + path))
    reasons = {record.getMessage().split(": ")[1].split(" ")[0].split("\n")[0] for record in caplog.records}
    assert reasons == {"signature", "malformed", "unknown", "busy", "ValueError"}
    token = inbound.path.split("/")[3]
    for secret in (FROM[1:], "QUIZ", token, TOKEN, "key-1", inbound.headers["X-Twilio-Signature"]):
        assert secret not in caplog.text


def test_refusals_are_counted_under_names_that_we_know(client: FlaskClient, inbound: Call) -> None:
    def count(gateway: str, reason: str) -> float:
        return float(door.REFUSED.labels(gateway, reason)._value.get())

    before = count("twilio", "signature"), count("unknown", "unknown")
    knock(client, replace(inbound, token="other"))
    knock(client, replace(inbound, url=PUBLIC + "/webhooks/a-stranger/x/in"))
    assert (count("twilio", "signature"), count("unknown", "unknown")) == (before[0] + 1, before[1] + 1)
