"""How we ask Twilio: what became of an SMS, what came in, how the account is, and which settings it needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
import responses

from messaging.errors import JekuluError, SettingError
from messaging.gateways.protocol import Fault, Found, Outbound, Outcome, Resolution
from messaging.gateways.twilio import Twilio
from messaging.models.post import Delivery
from messaging.settings import load
from tests.fakes import twilio as fake
from tests.messaging.gateways.conftest import (
    NOW,
    OUTBOUND,
    POST,
    SENDER,
    TEXT,
    TO,
    adapter,
    free_port,
    over,
)

# Looking up


def lost(carrier: fake.Twilio, one: Twilio, **changes: Any) -> Outbound:
    """An SMS that went out while its answer was lost."""
    outbound = replace(OUTBOUND, **changes)
    carrier.script.append("cut-sent")
    assert one.submit(outbound).outcome is Outcome.UNKNOWN
    return outbound


def test_one_that_went_out_is_found(carrier: fake.Twilio) -> None:
    one = over(carrier)
    found = one.resolve(lost(carrier, one), NOW, NOW + timedelta(minutes=1))
    assert (found.found, found.provider_id, found.duplicates) == (Found.SENT, carrier.messages[0].sid, False)
    assert found.report is not None
    assert (found.report.idempotency_key, found.report.delivery) == ("key-1", Delivery.QUEUED)


def test_what_became_of_it_is_told_as_a_report(carrier: fake.Twilio) -> None:
    one = over(carrier)
    outbound = lost(carrier, one)
    carrier.reports(carrier.messages[0], "sent", "undelivered", error_code=30003)
    report = one.resolve(outbound, NOW, NOW).report
    assert report is not None and report.error is not None
    assert (report.delivery, report.error.code, report.error.fault) == (Delivery.FAILED, "30003", Fault.NETWORK)


def test_one_that_never_went_out(carrier: fake.Twilio) -> None:
    carrier.script.append("cut")
    one = over(carrier)
    assert one.submit(OUTBOUND).outcome is Outcome.UNKNOWN
    assert one.resolve(OUTBOUND, NOW, NOW) == Resolution(Found.NOT_SENT)


def test_a_message_that_is_not_listed_yet_is_found_later(carrier: fake.Twilio) -> None:
    carrier.list_lag = timedelta(minutes=3)
    one = over(carrier)
    outbound = lost(carrier, one)
    assert one.resolve(outbound, NOW, NOW).found is Found.NOT_SENT
    carrier.clock = lambda: NOW + timedelta(minutes=5)
    assert one.resolve(outbound, NOW, NOW + timedelta(minutes=5)).found is Found.SENT


@pytest.mark.parametrize(
    ("apart", "found"),
    [
        (timedelta(minutes=-3), Found.NOT_SENT),
        (timedelta(minutes=-2), Found.SENT),
        (timedelta(minutes=10), Found.SENT),
        (timedelta(minutes=11), Found.NOT_SENT),
    ],
)
def test_only_what_was_made_about_then_counts(carrier: fake.Twilio, apart: timedelta, found: Found) -> None:
    carrier.clock = lambda: NOW + apart
    one = over(carrier)
    assert one.resolve(lost(carrier, one), NOW, NOW).found is found


def test_neither_another_text_nor_another_phone_nor_an_inbound_counts(carrier: fake.Twilio) -> None:
    one = over(carrier)
    lost(carrier, one, text=TEXT + "!")
    lost(carrier, one, text="x" + TEXT)
    lost(carrier, one, to="+22376000002")
    carrier.write("+22376000003", TO, TEXT, "https://sms.example.org/in")
    assert one.resolve(OUTBOUND, NOW, NOW).found is Found.NOT_SENT


def test_of_equal_texts_the_oldest_unbound_one_is_taken_and_the_double_is_told(carrier: fake.Twilio) -> None:
    one = over(carrier)
    lost(carrier, one)
    carrier.clock = lambda: NOW + timedelta(seconds=30)
    lost(carrier, one)
    first, second = (message.sid for message in carrier.messages)
    found = one.resolve(OUTBOUND, NOW, NOW)
    assert (found.provider_id, found.duplicates) == (first, True)
    found = one.resolve(OUTBOUND, NOW, NOW, taken={first})
    assert (found.provider_id, found.duplicates) == (second, False)
    assert one.resolve(OUTBOUND, NOW, NOW, taken={first, second}).found is Found.NOT_SENT


def test_the_sentence_of_a_trial_account_is_forgiven(carrier: fake.Twilio) -> None:
    one = over(carrier)
    lost(carrier, one, text="Sent from your Twilio trial account - " + TEXT)
    assert one.resolve(OUTBOUND, NOW, NOW).found is Found.SENT


@pytest.mark.parametrize(
    "options",
    [
        {"status": 500},
        {"status": 429},
        {"status": 401, "json": {"code": 20003}},
        {"status": 200, "body": "<html>"},
        {"status": 200, "json": {}},
        {"status": 200, "json": []},
        {"status": 204},
        {"body": requests.ReadTimeout()},
        {"body": requests.ConnectionError()},
    ],
)
def test_a_look_that_fails_teaches_nothing(options: dict[str, Any]) -> None:
    with responses.RequestsMock() as mock:
        mock.get(POST, **options)
        assert adapter().resolve(OUTBOUND, NOW, NOW).found is Found.STILL_UNKNOWN


def test_a_message_without_a_date_counts_as_a_match() -> None:
    row = {"sid": "SM1", "direction": "outbound-api", "body": TEXT, "status": "queued", "date_created": None}
    with responses.RequestsMock() as mock:
        mock.get(POST, json={"messages": [row], "next_page_uri": None})
        assert adapter().resolve(OUTBOUND, NOW, NOW).found is Found.SENT


# What came in


def test_what_webhooks_missed_is_listed_with_the_same_keys(carrier: fake.Twilio) -> None:
    one = over(carrier)
    one.submit(replace(OUTBOUND, to=SENDER))
    call = carrier.write(TO, SENDER, " PRES 1041 F12 H8 ", "https://sms.example.org/in")
    (arrival,) = one.list_inbound(NOW - timedelta(minutes=5), NOW)
    assert arrival.dedupe_key == dict(call.form)["MessageSid"]
    assert (arrival.sender, arrival.recipient, arrival.text) == (TO, SENDER, " PRES 1041 F12 H8 ")
    assert (arrival.gateway_at, arrival.received_at, arrival.segments) == (NOW, NOW, 1)


def test_the_list_is_read_to_its_last_page(carrier: fake.Twilio) -> None:
    for number in range(1_050):
        carrier.write(TO, SENDER, str(number), "https://sms.example.org/in")
    assert len(over(carrier).list_inbound(NOW - timedelta(minutes=5), NOW)) == 1_050


def test_what_came_before_or_after_is_left_out(carrier: fake.Twilio) -> None:
    for minutes in (-10, 0, 10):
        carrier.clock = lambda minutes=minutes: NOW + timedelta(minutes=minutes)  # type: ignore[misc]
        carrier.write(TO, SENDER, str(minutes), "https://sms.example.org/in")
    arrivals = over(carrier).list_inbound(NOW - timedelta(minutes=5), NOW + timedelta(minutes=5))
    assert [arrival.text for arrival in arrivals] == ["0"]


def test_a_name_receives_nothing() -> None:
    one = adapter("JEKULU")
    assert not one.capabilities.can_receive
    assert one.list_inbound(NOW, NOW) == ()


@pytest.mark.parametrize("options", [{"status": 500}, {"status": 200, "body": "<html>"}, {"body": requests.Timeout()}])
def test_a_list_that_fails_is_not_an_empty_one(options: dict[str, Any]) -> None:
    with responses.RequestsMock() as mock:
        mock.get(POST, **options)
        with pytest.raises(JekuluError):
            adapter().list_inbound(NOW, NOW)


def test_the_list_is_asked_for_whole_days(carrier: fake.Twilio) -> None:
    """Twilio documents a filter by days alone, and no order."""
    with responses.RequestsMock() as mock:
        mock.get(POST, json={"messages": [], "next_page_uri": None})
        adapter().list_inbound(NOW - timedelta(minutes=5), NOW)
        assert f"DateSent%3E={NOW:%Y-%m-%d}&" in f"{mock.calls[0].request.url}&"


# What became of one


def test_what_became_of_an_sms_is_asked_by_its_id(carrier: fake.Twilio) -> None:
    one = over(carrier)
    assert one.capabilities.can_track
    sid = one.submit(OUTBOUND).provider_id
    assert sid is not None
    carrier.reports(carrier.messages[0], "undelivered", error_code=30003)
    report = one.track("key-1", sid)
    assert report is not None
    assert (report.idempotency_key, report.provider_id, report.word) == ("key-1", sid, "undelivered")
    assert report.error is not None and report.error.code == "30003"


def test_what_an_sms_cost_is_told_once_it_has_left(carrier: fake.Twilio) -> None:
    one = over(carrier)
    given = one.submit(OUTBOUND)
    assert (given.price_micros, given.currency) == (None, None), "nothing is known when it is handed over"
    waiting = one.track("key-1", given.provider_id)
    assert waiting is not None and (waiting.price_micros, waiting.currency) == (None, None)
    carrier.reports(carrier.messages[0], "delivered")
    told = one.track("key-1", given.provider_id)
    assert told is not None and (told.price_micros, told.currency, told.segments) == (92_500, "USD", 1)


def test_what_nobody_knows_cannot_be_said(carrier: fake.Twilio) -> None:
    assert over(carrier).track("key-1", "SM" + "9" * 32) is None
    assert over(carrier).track("key-1", None) is None


@pytest.mark.parametrize("options", [{"status": 500}, {"status": 429}, {"status": 200, "body": "<html>"}])
def test_an_answer_that_fails_is_not_no_knowledge(options: dict[str, Any]) -> None:
    with responses.RequestsMock() as mock:
        mock.get(POST.replace("Messages.json", "Messages/SM1.json"), **options)
        with pytest.raises(JekuluError):
            adapter().track("key-1", "SM1")


# Account and settings


def test_a_healthy_account(carrier: fake.Twilio) -> None:
    assert over(carrier).health() is None


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [("balance", "0.00", "balance"), ("balance", "-3.1", "balance"), ("status", "suspended", "suspended")],
)
def test_an_account_that_cannot_send(carrier: fake.Twilio, field: str, value: str, code: str) -> None:
    setattr(carrier, field, value)
    error = over(carrier).health()
    assert error is not None and (error.code, error.fault) == (code, Fault.CHANNEL)


def test_a_wrong_secret_and_a_silent_line(carrier: fake.Twilio) -> None:
    error = adapter(JEKULU_TWILIO_API=carrier.url, TWILIO_AUTH_TOKEN="another").health()
    assert error is not None and (error.code, error.fault) == ("20003", Fault.CHANNEL)
    error = adapter(JEKULU_TWILIO_API=f"http://127.0.0.1:{free_port()}").health()
    assert error is not None and error.fault is Fault.LINE


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"TWILIO_ACCOUNT_SID": ""}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN"),
        ({"JEKULU_PUBLIC_URL": ""}, "JEKULU_PUBLIC_URL"),
        ({"TWILIO_ACCOUNT_SID": "SK" + "0" * 32}, "start with AC"),
        ({"TWILIO_AUTH_TOKEN": "ɔɔɔ"}, "TWILIO_AUTH_TOKEN"),
        ({"JEKULU_PUBLIC_URL": "https://my_sms.example.org"}, "underscore"),
    ],
)
def test_a_setting_that_cannot_work_is_named(changes: dict[str, str], word: str) -> None:
    with pytest.raises(SettingError, match=word):
        adapter(**changes)


def test_all_missing_settings_are_named_at_once() -> None:
    with pytest.raises(SettingError, match="TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN and JEKULU_PUBLIC_URL"):
        Twilio(load({}), SENDER)


def test_a_gateway_without_a_sender() -> None:
    with pytest.raises(SettingError, match="sender"):
        adapter("")
