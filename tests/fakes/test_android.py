"""The telephone of the tests itself: a judge must be right."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.fakes.android import DEVICE, KEY, PASSWORD, USER, Android, Phone, java_hash

NOW = datetime(2026, 3, 12, 17, 30, 0, 123_000, tzinfo=UTC)
GOOD: dict[str, Any] = {"id": "key-1", "phoneNumbers": ["+22376000001"], "textMessage": {"text": "I ni ce"}}
PLAIN = {"skipPhoneValidation": "true"}
WRONG = [
    ("a field that the app does not know", {"colour": "red"}),
    ("no id", {"id": None}),
    ("too long an id", {"id": "x" * 37}),
    ("another telephone", {"deviceId": "another"}),
    ("no number", {"phoneNumbers": []}),
    ("a number without a plus", {"phoneNumbers": ["22376000001"]}),
    ("no text", {"textMessage": {"text": ""}}),
    ("two ends", {"ttl": 60, "validUntil": "2026-03-12T18:00:00Z"}),
    ("too short a life", {"ttl": 1}),
    ("no such slot", {"simNumber": 0}),
    ("no such priority", {"priority": 200}),
]


def phone(**options: Any) -> Phone:
    made = Phone(clock=lambda: NOW, **options)
    made.enter("https://sms.example.org/webhooks/sim/t/events")
    return made


def told(calls: list[Any]) -> list[tuple[str, str]]:
    bodies = [json.loads(call.body) for call in calls]
    return [(body["event"], body["payload"].get("messageId", "")) for body in bodies]


@pytest.mark.parametrize("values", [row[1] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_the_app_refuses_is_refused(values: dict[str, Any]) -> None:
    one = phone()
    assert one.take({**GOOD, **values}, PLAIN)[0] == 400
    assert not one.sent


def test_one_id_is_one_sms() -> None:
    one = phone()
    assert [one.take(GOOD, PLAIN)[0] for _ in range(3)] == [202, 409, 409]
    assert [sms.text for sms in one.sent] == ["I ni ce"]
    assert told(one.taken()) == [("sms:sent", "key-1"), ("sms:delivered", "key-1")]


def test_what_becomes_of_an_sms() -> None:
    one = phone(fate="Send result: RESULT_ERROR_NO_SERVICE")
    one.take(GOOD, PLAIN)
    ((event, _),) = told(one.taken())
    assert (event, one.sent) == ("sms:failed", [])
    assert one.messages["key-1"].shown(DEVICE)["recipients"][0]["error"].endswith("RESULT_ERROR_NO_SERVICE")


def test_its_own_limit_holds_bulk_and_lets_replies_pass() -> None:
    one = phone(limit=1)
    for number, priority in enumerate((0, 0, 100)):
        one.take({**GOOD, "id": f"key-{number}", "priority": priority}, PLAIN)
    assert [sms.id for sms in one.sent] == ["key-0", "key-2"]
    assert one.messages["key-1"].state == "Pending"


def test_a_card_that_is_not_there() -> None:
    one = phone(cards=(1,))
    one.take({**GOOD, "simNumber": 2}, PLAIN)
    assert not one.sent and one.messages["key-1"].reason == "Send result: RESULT_RIL_SIM_ABSENT"


def test_an_id_of_an_inbound_is_a_hash_that_others_share() -> None:
    assert java_hash("Aa") == java_hash("BB") == 2112
    assert java_hash("QUIZ 2") == java_hash("QUIZ 2") != java_hash("QUIZ 3")
    one = phone()
    one.write("+22376000001", "Aa")
    one.write("+22376000001", "BB")
    (_, first), (_, second) = told(one.taken())
    assert first == second, "the trap: two SMS, one id"


def test_one_sms_may_come_twice_with_two_ids_and_again_when_asked() -> None:
    one = phone()
    one.write("+22376000001", "QUIZ 2", twice=True)
    (_, first), (_, second) = told(one.taken())
    assert first != second
    span = {"since": "2026-03-12T17:00:00Z", "until": "2026-03-12T18:00:00Z", "triggerWebhooks": True}
    assert one.refresh(span)[0] == 202
    assert told(one.taken()) == [("sms:received", second)]
    assert one.refresh({**span, "triggerWebhooks": False})[0] == 202
    assert not one.taken(), "asked without webhooks it brings nothing"


def test_each_try_of_a_call_is_signed_anew_by_its_own_clock() -> None:
    times = iter([NOW, NOW + timedelta(seconds=5)])
    one = Phone(clock=lambda: next(times), clock_off=timedelta(minutes=12))
    one.enter("https://sms.example.org/x")
    call = one._emit("system:ping", {})[0]
    first, second = call.headers, call.headers
    assert int(second["X-Timestamp"]) - int(first["X-Timestamp"]) == 5
    assert int(first["X-Timestamp"]) == int((NOW + timedelta(minutes=12)).timestamp())
    signed = hmac.new(KEY.encode(), call.body + first["X-Timestamp"].encode(), hashlib.sha256).hexdigest()
    assert first["X-Signature"] == signed


def test_webhooks_go_to_https_or_to_itself() -> None:
    one = Phone()
    for url, status in (("https://a.org/x", 201), ("http://127.0.0.1:8000/x", 201), ("http://192.168.1.5/x", 400)):
        assert one._enter({"url": url, "event": "sms:received"})[0] == status, url
    assert one._enter({"url": "https://a.org/x", "event": "sms:seen"})[0] == 400


def test_over_a_line_it_serves_only_who_has_the_password_and_loses_answers() -> None:
    with Android() as one:
        url, auth = one.url, (USER, PASSWORD)
        post = {"json": GOOD, "params": PLAIN, "timeout": 5}
        assert requests.post(f"{url}/messages", auth=(USER, "wrong"), **post).status_code == 401
        one.script.extend(["cut-sent", "503"])
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{url}/messages", auth=auth, **post)
        assert requests.post(f"{url}/messages", auth=auth, **post).status_code == 503
        assert requests.post(f"{url}/messages", auth=auth, **post).status_code == 409
        assert requests.get(f"{url}/messages/key-1", auth=auth, timeout=5).json()["state"] == "Delivered"
        assert requests.get(f"{url}/messages/key-2", auth=auth, timeout=5).status_code == 404
        assert requests.get(f"{url}/health", timeout=5).json()["status"] == "pass"
    assert len(one.sent) == 1
