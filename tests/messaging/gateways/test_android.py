"""The adapter of a telephone against a telephone that refuses, loses answers and remembers."""

from __future__ import annotations

import logging
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses

from messaging.errors import JekuluError, SettingError
from messaging.gateways import Adapters, android_words
from messaging.gateways.android import Android, RefusalError, hooks
from messaging.gateways.line import LostError
from messaging.gateways.protocol import Fault, Found, Outbound, Outcome
from messaging.models import Gateway
from messaging.models.post import Delivery, Kind
from messaging.phones import Keys
from messaging.rules import PRIORITY
from messaging.settings import Settings, load
from tests.fakes import android as fake

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
TO, TEXT = "+22376000001", "Aw ni ce. I dusu don."
OUTBOUND = Outbound("key-1", TO, TEXT, "GSM-7", 1, None, NOW + timedelta(hours=2), "https://unused.example.org")


def settings(**changes: str) -> Settings:
    return load(
        {
            "JEKULU_PUBLIC_URL": "https://sms.example.org",
            "JEKULU_ANDROID_API": "http://127.0.0.1:8080",
            "JEKULU_ANDROID_USER": fake.USER,
            "JEKULU_ANDROID_PASSWORD": fake.PASSWORD,
            "JEKULU_ANDROID_KEY": fake.KEY,
            **changes,
        }
    )


@pytest.fixture
def phone() -> Iterator[fake.Android]:
    with fake.Android(clock=lambda: NOW) as opened:
        yield opened


def over(phone: fake.Android, device: str | None = None, sims: tuple[int, ...] = (), **changes: str) -> Android:
    return Android(settings(JEKULU_ANDROID_API=phone.url, **changes), device, sims, clock=lambda: NOW)


def given(phone: fake.Android) -> dict[str, Any]:
    (body,) = [body for method, target, body in phone.asked if method == "POST" and target.startswith("/messages?")]
    assert isinstance(body, dict)
    return body


# Handing over


def test_what_is_handed_over(phone: fake.Android) -> None:
    assert over(phone, fake.DEVICE, (2,)).submit(OUTBOUND).outcome is Outcome.ACCEPTED
    assert given(phone) == {
        "id": "key-1", "phoneNumbers": [TO], "textMessage": {"text": TEXT}, "withDeliveryReport": True,
        "ttl": 7200, "priority": 0, "simNumber": 2, "deviceId": fake.DEVICE,
    }  # fmt: skip
    assert [(sms.to, sms.text, sms.sim) for sms in phone.sent] == [(TO, TEXT, 2)]


def test_without_device_and_cards_the_telephone_chooses(phone: fake.Android) -> None:
    over(phone).submit(OUTBOUND)
    assert not {"simNumber", "deviceId"} & given(phone).keys()


@pytest.mark.parametrize("kind", list(Kind))
def test_replies_alone_pass_the_telephones_own_limits(phone: fake.Android, kind: Kind) -> None:
    over(phone).submit(replace(OUTBOUND, priority=PRIORITY[kind]))
    assert (given(phone)["priority"] >= 100) is (kind is Kind.REPLY)


def test_a_message_that_is_nearly_useless_still_has_the_shortest_life(phone: fake.Android) -> None:
    assert over(phone).submit(replace(OUTBOUND, useful_until=NOW)).outcome is Outcome.ACCEPTED
    assert given(phone)["ttl"] == 5


ANSWERS = [  # what the call meets, outcome, fault, how many SMS left
    ("ok", Outcome.ACCEPTED, None, 1),
    ("503", Outcome.TEMPORARY, Fault.NETWORK, 0),
    ("429", Outcome.TEMPORARY, Fault.NETWORK, 0),
    ("500", Outcome.UNKNOWN, Fault.NETWORK, 0),
    ("502", Outcome.UNKNOWN, Fault.NETWORK, 0),
    ("500-sent", Outcome.UNKNOWN, Fault.NETWORK, 1),
    ("504-sent", Outcome.UNKNOWN, Fault.NETWORK, 1),
    ("cut", Outcome.UNKNOWN, Fault.NETWORK, 0),
    ("cut-sent", Outcome.UNKNOWN, Fault.NETWORK, 1),
    ("garbage", Outcome.UNKNOWN, Fault.NETWORK, 0),
    ("400", Outcome.REJECTED, Fault.CHANNEL, 0),
    ("404", Outcome.REJECTED, Fault.CHANNEL, 0),
    ("302", Outcome.REJECTED, Fault.CHANNEL, 0),
]


@pytest.mark.parametrize(("word", "outcome", "fault", "left"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_what_an_answer_means_and_that_the_same_key_again_is_safe(
    phone: fake.Android, word: str, outcome: Outcome, fault: Fault | None, left: int
) -> None:
    phone.script.append(word)
    adapter = over(phone)
    submitted = adapter.submit(OUTBOUND)
    assert submitted.outcome is outcome
    assert (submitted.error.fault if submitted.error else None) is fault
    assert len(phone.sent) == left
    assert adapter.submit(OUTBOUND).outcome is (Outcome.DUPLICATE if left else Outcome.ACCEPTED)
    assert len(phone.sent) == 1, "the same key twice is one SMS"


def test_a_full_queue_says_when_to_come_back(phone: fake.Android) -> None:
    phone.script.append("503")
    error = over(phone).submit(OUTBOUND).error
    assert error is not None and error.retry_after == 30


def test_a_wrong_password_is_the_gateways_fault(phone: fake.Android) -> None:
    submitted = over(phone, JEKULU_ANDROID_PASSWORD="wrong").submit(OUTBOUND)
    assert submitted.error is not None
    assert (submitted.outcome, submitted.error.fault) == (Outcome.REJECTED, Fault.CHANNEL)
    assert "password" in submitted.error.text


def test_a_telephone_that_is_not_there_has_certainly_not_sent() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        adapter = Android(settings(JEKULU_ANDROID_API=f"http://127.0.0.1:{listener.getsockname()[1]}"), None, ())
        assert adapter.submit(OUTBOUND).outcome is Outcome.TEMPORARY
        assert adapter.resolve(OUTBOUND, NOW, NOW).found is Found.STILL_UNKNOWN
        assert adapter.health() is not None
        with pytest.raises(LostError):
            adapter.list_inbound(NOW, NOW)


def test_no_number_no_text_and_no_password_in_any_log(phone: fake.Android, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    phone.script.extend(["ok", "400", "cut"])
    adapter = over(phone)
    for key in ("a", "b", "c"):
        adapter.submit(replace(OUTBOUND, idempotency_key=key))
        adapter.resolve(replace(OUTBOUND, idempotency_key=key), NOW, NOW)
    for secret in (TO[1:], TEXT, fake.PASSWORD):
        assert secret not in caplog.text


# Cards


def test_a_number_is_always_written_to_by_the_same_card_and_all_cards_work() -> None:
    numbers = [f"+2237600{number:04d}" for number in range(1000)]
    one, other = (Android(settings(), None, (1, 2)) for _ in range(2))
    assert [one.sim_for(number) for number in numbers] == [other.sim_for(number) for number in numbers]
    spread = Counter(one.sim_for(number) for number in numbers)
    assert spread.keys() == {1, 2} and min(spread.values()) > 400


def test_a_row_that_changes_opens_its_adapter_anew(keys: Keys) -> None:
    adapters = Adapters(settings(), keys)
    row = Gateway(id=7, name="sim", adapter="android", sender="", sims=[1])
    first = adapters.get(row)
    assert adapters.get(row) is first
    row.sims = [2]
    second = adapters.get(row)
    assert isinstance(second, Android) and second is not first
    assert second.sim_for(TO) == 2
    adapters.put(row, first)
    row.sims = [1, 2]
    assert adapters.get(row) is first, "what a test put in stays"


# Looking up


STATES = [  # state, reason, delivery, error code, fault
    ("Pending", None, Delivery.QUEUED, None, None),
    ("Processed", None, Delivery.QUEUED, None, None),
    ("Sent", None, Delivery.SENT, None, None),
    ("Delivered", None, Delivery.DELIVERED, None, None),
    ("Delivered", "Delivery result from SC +22370000000: 1", Delivery.DELIVERED, None, None),
    ("Cancelled", None, Delivery.CANCELLED, None, None),
    ("Failed", "Send result: RESULT_ERROR_NO_SERVICE", Delivery.FAILED, "RESULT_ERROR_NO_SERVICE", Fault.NETWORK),
    (
        "Failed",
        "Send result: RESULT_ERROR_LIMIT_EXCEEDED",
        Delivery.FAILED,
        "RESULT_ERROR_LIMIT_EXCEEDED",
        Fault.CHANNEL,
    ),
    ("Failed", "TTL expired", Delivery.EXPIRED, "ttl-expired", Fault.NETWORK),
    ("Failed", "Delivery result from SC +22370000000: 70", Delivery.EXPIRED, "sc-70", Fault.NETWORK),
    ("Failed", "Delivery result from SC +22370000000: 67", Delivery.FAILED, "sc-67", Fault.RECIPIENT),
    ("Failed", "Delivery result from SC +22370000000: 97", Delivery.FAILED, "sc-97", Fault.NETWORK),
    ("Failed", "Can't send message: No SIMs found", Delivery.FAILED, "no-sim", Fault.CHANNEL),
    ("Failed", "a reason of next year", Delivery.FAILED, "unknown", Fault.NONE),
    ("Failed", None, Delivery.FAILED, "unknown", Fault.NONE),
    ("A word of next year", None, None, None, None),
]


@pytest.mark.parametrize(("state", "reason", "delivery", "code", "fault"), STATES)
def test_what_a_state_means(
    phone: fake.Android, state: str, reason: str | None, delivery: Delivery | None, code: str | None, fault: object
) -> None:
    adapter = over(phone)
    adapter.submit(OUTBOUND)
    phone.tell("key-1", state, reason)
    found = adapter.resolve(OUTBOUND, NOW, NOW)
    assert found.found is Found.SENT and found.report is not None
    assert (found.report.delivery, found.report.idempotency_key) == (delivery, "key-1")
    error = found.report.error
    assert ((error.code, error.fault) if error else (None, None)) == (code, fault)
    assert "7000" not in str(found), "no number of a message centre is kept"


def test_a_key_that_is_not_known_was_not_sent(phone: fake.Android) -> None:
    assert over(phone).resolve(OUTBOUND, NOW, NOW).found is Found.NOT_SENT


@pytest.mark.parametrize(("status", "body"), [(500, "{}"), (200, "<html>"), (200, '{"id": "another"}'), (401, "{}")])
def test_an_answer_that_tells_nothing_leaves_it_unknown(status: int, body: str) -> None:
    with responses.RequestsMock() as mock:
        mock.get("http://127.0.0.1:8080/messages/key-1", status=status, body=body)
        adapter = Android(settings(), None, ())
        assert adapter.resolve(OUTBOUND, NOW, NOW).found is Found.STILL_UNKNOWN


# Asking it


def test_what_became_of_a_message_is_asked_by_its_key(phone: fake.Android) -> None:
    adapter = over(phone)
    assert adapter.capabilities.can_track
    assert adapter.track("key-1", None) is None, "it never took one of that key"
    adapter.submit(OUTBOUND)
    for state, delivery in (("Pending", Delivery.QUEUED), ("Sent", Delivery.SENT), ("Delivered", Delivery.DELIVERED)):
        phone.messages["key-1"].state = state
        report = adapter.track("key-1", None)
        assert report is not None and (report.idempotency_key, report.delivery) == ("key-1", delivery)


@pytest.mark.parametrize(("status", "body"), [(500, "{}"), (200, "<html>"), (200, '{"id": "another"}'), (401, "{}")])
def test_an_answer_that_tells_nothing_is_not_no_knowledge(status: int, body: str) -> None:
    with responses.RequestsMock() as mock:
        mock.get("http://127.0.0.1:8080/messages/key-1", status=status, body=body)
        with pytest.raises(JekuluError):
            Android(settings(), None, ()).track("key-1", None)


def test_the_telephone_brings_again_what_it_received(phone: fake.Android) -> None:
    phone.enter("https://sms.example.org/x")
    phone.write(TO, "QUIZ 2")
    phone.taken()
    assert over(phone, fake.DEVICE).list_inbound(NOW - timedelta(minutes=5), NOW) == ()
    (call,) = phone.taken()
    assert b"QUIZ 2" in call.body


def test_an_older_app_is_asked_in_its_own_words(phone: fake.Android) -> None:
    phone.older = True
    over(phone).list_inbound(NOW - timedelta(minutes=5), NOW)
    assert [target for _, target, _ in phone.asked] == ["/inbox/refresh", "/messages/inbox/export"]


def test_a_refused_question_is_told(phone: fake.Android) -> None:
    with pytest.raises(RefusalError, match="401"):
        over(phone, JEKULU_ANDROID_PASSWORD="wrong").list_inbound(NOW, NOW)


def test_how_it_is(phone: fake.Android) -> None:
    adapter = over(phone)
    assert adapter.health() is None
    phone.broken = True
    error = adapter.health()
    assert error is not None and "messages:failed" in error.text


def test_entering_the_webhooks_twice_makes_none_twice(phone: fake.Android) -> None:
    adapter = over(phone)
    for url in ("https://a.example.org/x", "https://b.example.org/x"):
        adapter.register(hooks(url, "sim", None))
    assert {hook["event"] for hook in phone.hooks.values()} == set(android_words.EVENTS)
    assert len(phone.hooks) == len(android_words.EVENTS)
    assert {hook["url"] for hook in phone.hooks.values()} == {"https://b.example.org/x"}
    assert all(len(hook["id"]) <= 36 for hook in phone.hooks.values())
    with pytest.raises(RefusalError):
        adapter.register(hooks("http://192.168.1.5/x", "sim", None))


# Settings


MISSING = ["JEKULU_ANDROID_API", "JEKULU_ANDROID_USER", "JEKULU_ANDROID_PASSWORD", "JEKULU_ANDROID_KEY"]


@pytest.mark.parametrize("name", [*MISSING, "JEKULU_PUBLIC_URL"])
def test_a_setting_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingError, match=name):
        Android(settings(**{name: ""}), None, ())


@pytest.mark.parametrize("key", ["signkey1", "x" * 15, f"{'x' * 20},short"])
def test_a_short_key_stops_the_start(key: str) -> None:
    with pytest.raises(SettingError, match=r"JEKULU_ANDROID_KEY: a key of \d+ signs can be guessed: write 16 or more"):
        load({"JEKULU_ANDROID_KEY": key})


def test_several_keys_during_a_change() -> None:
    assert load({"JEKULU_ANDROID_KEY": f"{'a' * 16}, {'b' * 16}"}).android_keys == ("a" * 16, "b" * 16)


ADDRESSES = [  # address, taken
    ("http://127.0.0.1:8080", True),
    ("http://localhost:8080", True),
    ("http://192.168.1.20:8080", True),
    ("http://10.8.0.2:8080", True),
    ("https://sms.example.org/3rdparty/v1", True),
    ("http://sms.example.org/3rdparty/v1", False),
    ("http://41.73.100.1:8080", False),
]


@pytest.mark.parametrize(("address", "is_taken"), ADDRESSES)
def test_nothing_travels_in_the_clear_over_the_internet(address: str, is_taken: bool) -> None:
    if is_taken:
        Android(settings(JEKULU_ANDROID_API=address), None, ())
    else:
        with pytest.raises(SettingError, match="in the clear"):
            Android(settings(JEKULU_ANDROID_API=address), None, ())


# Keys of what came in


KEYED = [  # what is told, the same SMS?
    (("d1", TO, "2026-11-21T10:00:00.000+00:00", "QUIZ 2"), True),
    (("d1", TO, "2026-11-21T12:00:00.000+02:00", "QUIZ 2"), True),
    (("d1", TO, "2026-11-21T10:00:00Z", "QUIZ 2"), True),
    (("d2", TO, "2026-11-21T10:00:00.000+00:00", "QUIZ 2"), False),
    (("d1", "+22376000002", "2026-11-21T10:00:00.000+00:00", "QUIZ 2"), False),
    (("d1", TO, "2026-11-21T10:00:00.001+00:00", "QUIZ 2"), False),
    (("d1", TO, "2026-11-21T10:00:00.000+00:00", "QUIZ 3"), False),
    (("d1", TO, "2026-11-21T10:00:00.000+00:00", "QUIZ 2 "), False),
    (("d1", TO, "no time at all", "QUIZ 2"), False),
    (("d1" + TO, "", "2026-11-21T10:00:00.000+00:00", "QUIZ 2"), False),
]


@pytest.mark.parametrize(("told", "is_same"), KEYED)
def test_what_makes_an_inbound_the_same(told: tuple[str, str, str, str], is_same: bool) -> None:
    assert (android_words.dedupe_key(*told) == android_words.dedupe_key(*KEYED[0][0])) is is_same
    assert len(android_words.dedupe_key("d", "\udcff", "x", "\ud800")) == 64
