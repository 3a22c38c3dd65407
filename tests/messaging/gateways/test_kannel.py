"""The adapter of Kannel against answers as Kannel 1.4.5 writes them; tests/kannel asks the real one."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import responses
from click.testing import CliRunner
from requests import ConnectionError as Cut
from requests import ReadTimeout

import wsgi
from messaging import addresses
from messaging.errors import SettingError
from messaging.gateways import Adapters, kannel_status, kannel_words
from messaging.gateways.exchanges import Exchange
from messaging.gateways.kannel import Kannel
from messaging.gateways.protocol import Error, Fault, Found, Outbound, Outcome
from messaging.models import Gateway
from messaging.models.post import Delivery, Kind
from messaging.phones import Keys
from messaging.receipts import fold
from messaging.rules import PRIORITY
from messaging.settings import Settings, load
from tests.messaging.gateways.conftest import free_port

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
TO, TEXT = "+22376000001", "Ɔwɔ kɛnɛya, sɔsɔ ye."
API, ADMIN, PUBLIC = "http://127.0.0.1:13013", "http://127.0.0.1:13000", "http://127.0.0.1:8000"
SENDSMS, STATUS, HEALTH = API + "/cgi-bin/sendsms", ADMIN + "/status.xml", PUBLIC + "/health"
REPORT_URL = f"{PUBLIC}/webhooks/kannel/d00r/r/key-1.0f1e2d3c4b5a6978"
OUTBOUND = Outbound("key-1", TO, TEXT, "UCS-2", 1, None, NOW + timedelta(hours=2), REPORT_URL)
PASSWORD, SECRET = "an-invented-password", "an-invented-admin-word"


def settings(**changes: str) -> Settings:
    given = {
        "JEKULU_PUBLIC_URL": PUBLIC, "JEKULU_KANNEL_USER": "jekulu", "JEKULU_KANNEL_PASSWORD": PASSWORD,
        "JEKULU_KANNEL_ADMIN_PASSWORD": SECRET,
    }  # fmt: skip
    return load({**given, **changes})


def adapter(sender: str = "", at: datetime = NOW, **changes: str) -> Kannel:
    return Kannel(settings(**changes), sender, clock=lambda: at)


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


# Handing over


def test_what_is_handed_over(web: responses.RequestsMock) -> None:
    web.post(SENDSMS, status=202, body="0: Accepted for delivery")
    submitted = adapter("36200").submit(OUTBOUND)
    assert (submitted.outcome, submitted.provider_id) == (Outcome.ACCEPTED, None)
    (call,) = web.calls
    told = {name: value for name, value in call.request.headers.items() if name.startswith(("X-", "Content-Type"))}
    assert told == {
        "X-Kannel-Username": "jekulu", "X-Kannel-Password": PASSWORD, "X-Kannel-To": TO, "X-Kannel-From": "36200",
        "X-Kannel-Coding": "2", "Content-Type": "text/plain; charset=UTF-8", "X-Kannel-Validity": "120",
        "X-Kannel-DLR-Mask": "31", "X-Kannel-DLR-Url": REPORT_URL + "?d=%d&f=%F&a=%A&t=%T", "X-Kannel-Priority": "0",
    }  # fmt: skip
    assert call.request.body == TEXT.encode()
    assert call.request.url == SENDSMS, "no number, no text and no password in an address"


def headers(web: responses.RequestsMock, one: Kannel, outbound: Outbound) -> dict[str, str]:
    web.post(SENDSMS, status=202, body="0: Accepted for delivery")
    one.submit(outbound)
    return dict(web.calls[-1].request.headers)


@pytest.mark.parametrize(("encoding", "coding"), [("GSM-7", "0"), ("UCS-2", "2")])
def test_the_coding_is_always_said_and_never_guessed(web: responses.RequestsMock, encoding: str, coding: str) -> None:
    told = headers(web, adapter(), replace(OUTBOUND, text="plain", encoding=encoding))  # type: ignore[arg-type]
    assert told["X-Kannel-Coding"] == coding


SENDERS = [("36200", None, "36200"), ("36200", "36300", "36300"), ("", None, None)]


@pytest.mark.parametrize(("ours", "of_the_message", "told"), SENDERS)
def test_the_sender_is_said_when_it_is_set(
    web: responses.RequestsMock, ours: str, of_the_message: str | None, told: str | None
) -> None:
    assert headers(web, adapter(ours), replace(OUTBOUND, sender=of_the_message)).get("X-Kannel-From") == told


VALIDITY = [(timedelta(hours=2), "120"), (timedelta(seconds=119), "1"), (timedelta(0), "1"), (-timedelta(days=1), "1")]


@pytest.mark.parametrize(("left", "minutes"), VALIDITY)
def test_how_long_it_is_useful_in_whole_minutes(web: responses.RequestsMock, left: timedelta, minutes: str) -> None:
    assert headers(web, adapter(), replace(OUTBOUND, useful_until=NOW + left))["X-Kannel-Validity"] == minutes


def test_every_kind_has_a_priority_of_its_own(web: responses.RequestsMock) -> None:
    one = adapter()
    told = {kind: headers(web, one, replace(OUTBOUND, priority=PRIORITY[kind]))["X-Kannel-Priority"] for kind in Kind}
    assert told == {Kind.CAMPAIGN: "0", Kind.SERVICE: "1", Kind.ALERT: "2", Kind.REPLY: "3"}


def test_what_kannel_would_cut_is_refused_by_us(web: responses.RequestsMock) -> None:
    submitted = adapter().submit(replace(OUTBOUND, segments=11))
    assert submitted.outcome is Outcome.REJECTED
    assert submitted.error is not None and submitted.error.fault is Fault.CONTENT
    assert len(web.calls) == 0


ANSWERS = [  # status, body, outcome, fault
    (202, "0: Accepted for delivery", Outcome.ACCEPTED, None),
    (202, "3: Queued for later delivery", Outcome.ACCEPTED, None),
    (202, "", Outcome.UNKNOWN, Fault.NETWORK),
    (200, "<html>the sign-in page of a hotspot</html>", Outcome.UNKNOWN, Fault.NETWORK),
    (302, "", Outcome.UNKNOWN, Fault.NETWORK),
    (403, "Authorization failed for sendsms", Outcome.REJECTED, Fault.CHANNEL),
    (403, "Not routable. Do not try again.", Outcome.REJECTED, Fault.CHANNEL),
    (400, "Number(s) has/have been denied by white- and/or black-lists.", Outcome.REJECTED, Fault.RECIPIENT),
    (400, "Missing receiver(s) number(s), rejected", Outcome.REJECTED, Fault.RECIPIENT),
    (400, "Garbage 'to' field, rejected.", Outcome.REJECTED, Fault.RECIPIENT),
    (400, "Charset or body misformed, rejected", Outcome.REJECTED, Fault.CONTENT),
    (400, "Empty text not allowed, rejected.", Outcome.REJECTED, Fault.CONTENT),
    (400, "Invalid content-type", Outcome.REJECTED, Fault.CHANNEL),
    (400, "words of next year", Outcome.REJECTED, Fault.CHANNEL),
    (404, "Unknown request.", Outcome.REJECTED, Fault.CHANNEL),
    (429, "", Outcome.REJECTED, Fault.CHANNEL),
    (503, "Temporal failure, try again later.", Outcome.TEMPORARY, Fault.NETWORK),
    (500, "", Outcome.UNKNOWN, Fault.NETWORK),
    (502, "", Outcome.UNKNOWN, Fault.NETWORK),
    (504, "", Outcome.UNKNOWN, Fault.NETWORK),
]


@pytest.mark.parametrize(("status", "body", "outcome", "fault"), ANSWERS)
def test_what_an_answer_means(
    web: responses.RequestsMock, status: int, body: str, outcome: Outcome, fault: Fault | None
) -> None:
    web.post(SENDSMS, status=status, body=body)
    submitted = adapter().submit(OUTBOUND)
    assert submitted.outcome is outcome
    assert (submitted.error.fault if submitted.error else None) is fault
    assert len(web.calls) == 1, "nothing is handed over twice"


@pytest.mark.parametrize("trouble", [ReadTimeout(), Cut("cut")])
def test_a_lost_answer_is_unknown(web: responses.RequestsMock, trouble: Exception) -> None:
    web.post(SENDSMS, body=trouble)
    assert adapter().submit(OUTBOUND).outcome is Outcome.UNKNOWN


def test_a_kannel_that_is_not_there_has_certainly_taken_nothing() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    one = adapter(JEKULU_KANNEL_API=address, JEKULU_KANNEL_ADMIN=address, JEKULU_PUBLIC_URL=address)
    assert one.submit(OUTBOUND).outcome is Outcome.TEMPORARY
    assert one.resolve(OUTBOUND, NOW, NOW + timedelta(hours=1)).found is Found.STILL_UNKNOWN
    error = one.health()
    assert error is not None and error.code == "connect"


def test_no_number_no_text_and_no_password_is_logged_or_noted(
    web: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    noted: list[Exchange] = []
    one = Kannel(settings(), "36200", clock=lambda: NOW, note=noted.append)
    web.post(SENDSMS, status=400, body=f"Number(s) {TO} has/have been denied")
    web.get(STATUS, body="")
    error = one.submit(OUTBOUND).error
    one.health()
    assert [(exchange.what, exchange.key) for exchange in noted] == [("send", "key-1"), ("health", "")]
    for secret in (TO[1:], TEXT, PASSWORD, SECRET):
        assert secret not in caplog.text + str(error) + str(noted)


# Looking up


def page(
    up: str = "0d 1h 0m 0s",
    box: str = "on-line 0d 1h 0m 0s",
    link: str = "online 3600s",
    store: int = 0,
    queued: int = 0,
    dlr: int = 0,
    status: str = "running",
    boxes: int = 1,
) -> str:
    """The status page of Kannel 1.4.5, as it writes it."""
    one = f"<box>\n<type>smsbox</type>\n<id></id>\n<IP>127.0.0.1</IP>\n<queue>0</queue>\n<status>{box}</status>\n</box>"
    return f"""<?xml version="1.0"?>
<gateway>
<version>Kannel bearerbox version `1.4.5'.</version>
<status>{status}, uptime {up}</status>
<wdp><received><total>0</total><queued>0</queued></received><sent><total>0</total><queued>0</queued></sent></wdp>
<sms>
 <received><total>0</total><queued>0</queued></received>
 <sent><total>7</total><queued>{queued}</queued></sent>
 <storesize>{store}</storesize>
</sms>
<dlr><received><total>0</total></received><queued>{dlr}</queued><storage>sqlite3</storage></dlr>
<boxes>{one * boxes}</boxes>
<smscs><count>1</count><smsc><name>SMPP:x:2775/2775:u:</name><admin-id>OPERATOR</admin-id><id>OPERATOR</id>
<status>{link}</status><failed>0</failed><queued>0</queued><sms><received>0</received></sms>
<dlr><received>0</received></dlr></smsc></smscs>
</gateway>"""


LOOKS = [  # the page, minutes since the attempt, what is certain
    ("all is quiet", page(), 30, Found.NOT_SENT),
    ("up for days", page("12d 3h 0m 1s", "on-line 12d 2h 59m 58s", "online 1048000s"), 30, Found.NOT_SENT),
    ("a link that came back in between", page(link="online 1000s"), 30, Found.NOT_SENT),
    ("too early", page(), 14, Found.STILL_UNKNOWN),
    ("bearerbox was started since", page(up="0d 0h 29m 59s"), 30, Found.STILL_UNKNOWN),
    ("smsbox was started since", page(box="on-line 0d 0h 29m 59s"), 30, Found.STILL_UNKNOWN),
    ("no smsbox", page(boxes=0), 30, Found.STILL_UNKNOWN),
    ("the link has just come back", page(link="online 899s"), 30, Found.STILL_UNKNOWN),
    ("the link is down", page(link="re-connecting"), 30, Found.STILL_UNKNOWN),
    ("something lies in the store", page(store=1), 30, Found.STILL_UNKNOWN),
    ("something is queued", page(queued=1), 30, Found.STILL_UNKNOWN),
    ("no table for reports", page(dlr=-1), 30, Found.STILL_UNKNOWN),
    ("suspended", page(status="suspended"), 30, Found.STILL_UNKNOWN),
    ("a wrong password", '<?xml version="1.0"?>\n<gateway>\n</gateway>', 30, Found.STILL_UNKNOWN),
    ("no page", "", 30, Found.STILL_UNKNOWN),
]


@pytest.mark.parametrize(("told", "minutes", "found"), [row[1:] for row in LOOKS], ids=[row[0] for row in LOOKS])
def test_not_sent_only_when_it_is_certain(web: responses.RequestsMock, told: str, minutes: int, found: Found) -> None:
    web.get(HEALTH, body='{"status": "ok"}')
    web.get(STATUS, body=told)
    assert adapter().resolve(OUTBOUND, NOW, NOW + timedelta(minutes=minutes)).found is found


@pytest.mark.parametrize("status", [503, 404])
def test_nothing_is_certain_while_our_door_is_shut(web: responses.RequestsMock, status: int) -> None:
    web.get(HEALTH, status=status)
    assert adapter().resolve(OUTBOUND, NOW, NOW + timedelta(hours=1)).found is Found.STILL_UNKNOWN


def test_nothing_is_certain_after_we_were_started_again(web: responses.RequestsMock) -> None:
    """A report may have come while nobody was there, and not come again."""
    later = adapter(at=NOW + timedelta(seconds=1))
    assert later.resolve(OUTBOUND, NOW, NOW + timedelta(hours=1)).found is Found.STILL_UNKNOWN
    assert len(web.calls) == 0


HEALTH_ROWS = [  # page, code, fault
    (page(), None, None),
    (page(status="suspended"), "stopped", Fault.CHANNEL),
    (page(boxes=0), "no-smsbox", Fault.CHANNEL),
    (page(dlr=-1), "no-dlr-table", Fault.CHANNEL),
    (page(link="re-connecting"), "link-down", Fault.NETWORK),
    (page(link="dead"), "link-down", Fault.NETWORK),
    (page(store=1000), "queue", Fault.NETWORK),
    ('<?xml version="1.0"?>\n<gateway>\n</gateway>', "status", Fault.CHANNEL),
]


@pytest.mark.parametrize(("told", "code", "fault"), HEALTH_ROWS)
def test_how_it_is(web: responses.RequestsMock, told: str, code: str | None, fault: Fault | None) -> None:
    web.get(STATUS, body=told)
    error = adapter().health()
    assert ((error.code, error.fault) if error else (None, None)) == (code, fault)


def test_without_a_password_its_health_is_not_asked(web: responses.RequestsMock) -> None:
    assert adapter(JEKULU_KANNEL_ADMIN_PASSWORD="").health() is None
    assert len(web.calls) == 0


def test_it_keeps_no_list_and_cannot_be_asked_for_one_sms() -> None:
    one = adapter()
    assert one.list_inbound(NOW, NOW) == () and one.track("key-1", "1001") is None
    told = one.capabilities
    assert (told.can_resolve, told.idempotent_submit, told.chooses_encoding) == ("by_report", False, False)
    assert (told.can_receive, told.delivery_reports, told.signed_webhooks) == (True, "handset", False)


# Words


TOLD = [  # event, answer, delivery, code, fault, unknown
    ("8", "ACK/", Delivery.SENT, None, None, False),
    ("4", "", Delivery.SENT, None, None, False),
    ("1", "id:1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:x", Delivery.DELIVERED, None, None, False),
    ("2", "id:1 sub:001 stat:UNDELIV err:001 text:x", Delivery.FAILED, "UNDELIV 001", Fault.NONE, False),
    ("2", "id:1 stat:EXPIRED err:006 text:x", Delivery.EXPIRED, "EXPIRED 006", Fault.NETWORK, False),
    ("2", "id:1 stat:UNDELIV err:001 text:stat:EXPIRED", Delivery.FAILED, "UNDELIV 001", Fault.NONE, False),
    ("2", "id:1 stat:expired err:00a", Delivery.EXPIRED, "EXPIRED 00a", Fault.NETWORK, False),
    ("2", "id:1 stat:REJECTD err:045", Delivery.FAILED, "REJECTD 045", Fault.NONE, False),
    ("2", "id:1 stat:UNKNOWN err:000", Delivery.FAILED, "UNKNOWN 000", Fault.NONE, True),
    ("2", "", Delivery.FAILED, "2", Fault.NONE, False),
    ("16", "NACK/0x0000000b/Invalid Destination Address", Delivery.FAILED, "0x0000000b", Fault.RECIPIENT, False),
    ("16", "NACK/0x0000000B/x", Delivery.FAILED, "0x0000000b", Fault.RECIPIENT, False),
    ("16", "NACK/0x0000000a/Invalid Source Address", Delivery.FAILED, "0x0000000a", Fault.CHANNEL, False),
    ("16", "NACK/0x00000058/Throttling error", Delivery.FAILED, "0x00000058", Fault.NETWORK, False),
    ("16", "NACK/0x00000008/System Error", Delivery.FAILED, "0x00000008", Fault.NETWORK, False),
    ("16", "NACK/0x00000001/Message Length is invalid", Delivery.FAILED, "0x00000001", Fault.CONTENT, False),
    ("16", "NACK/0x00000400/of the operator's own", Delivery.FAILED, "0x00000400", Fault.NONE, False),
    ("16", "NACK/Retries Exceeded", Delivery.FAILED, "NACK Retries Exceeded", Fault.NETWORK, False),
    ("16", "NACK/", Delivery.FAILED, "NACK", Fault.NONE, False),
    ("16", f"NACK/words with a number {TO}", Delivery.FAILED, "NACK", Fault.NONE, False),
    ("16", "", Delivery.FAILED, "NACK", Fault.NONE, False),
    ("32", "of next year", None, None, None, False),
]


@pytest.mark.parametrize(("event", "answer", "delivery", "code", "fault", "unknown"), TOLD)
def test_what_a_report_means(
    event: str, answer: str, delivery: Delivery | None, code: str | None, fault: Fault | None, unknown: bool
) -> None:
    report = kannel_words.report(event, answer, "digest", "key-1", "1001", NOW)
    assert (report.word, report.delivery, report.outcome_unknown) == (event, delivery, unknown)
    assert ((report.error.code, report.error.fault) if report.error else (None, None)) == (code, fault)
    assert (report.idempotency_key, report.provider_id, report.at) == ("key-1", "1001", NOW)
    assert TO[1:] not in str(report)


@pytest.mark.parametrize("order", list(itertools.permutations(("8", "1", "2", "4"))))
def test_in_whatever_order_they_come_delivered_wins(order: tuple[str, ...]) -> None:
    told = [
        kannel_words.report(event, "stat:EXPIRED err:006" if event == "2" else "", "d", "k", None, None)
        for event in order
    ]
    best = None
    for one in told:
        assert one.delivery is not None
        best = fold(best, (one.delivery, one.error.code if one.error else ""))
    assert best == (Delivery.DELIVERED, "")


@pytest.mark.parametrize("told", ["", "x", "-1", "12345678901", "१२", "1.5"])
def test_a_time_that_is_none(told: str) -> None:
    assert kannel_words.moment(told) is None


def test_every_code_of_the_table_has_a_fault_and_short_words() -> None:
    for status, (fault, text) in kannel_words.STATUS.items():
        error = kannel_words.refused(f"NACK/0x{status:08x}/x")
        assert error == Error(f"0x{status:08x}", text, fault)
        assert len(error.code) <= 40 and len(text) <= 60
    assert kannel_status.parse("anything else") is None


# Settings and commands


@pytest.mark.parametrize("name", ["JEKULU_KANNEL_USER", "JEKULU_KANNEL_PASSWORD", "JEKULU_PUBLIC_URL"])
def test_a_setting_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingError, match=name):
        adapter(**{name: ""})


ADDRESSES = [  # address, taken
    ("http://127.0.0.1:13013", True),
    ("http://localhost:13013", True),
    ("http://10.8.0.2:13013", True),
    ("https://kannel.example.org", True),
    ("http://kannel.example.org:13013", False),
    ("http://41.73.100.1:13013", False),
]


@pytest.mark.parametrize("name", ["JEKULU_KANNEL_API", "JEKULU_KANNEL_ADMIN"])
@pytest.mark.parametrize(("address", "is_taken"), ADDRESSES)
def test_nothing_travels_in_the_clear_over_the_internet(name: str, address: str, is_taken: bool) -> None:
    if is_taken:
        adapter(**{name: address}).close()
    else:
        with pytest.raises(SettingError, match=f"{name}.*in the clear"):
            adapter(**{name: address})


@pytest.mark.parametrize("sender", ["Jɛkulu", "a\nb", "é"])
def test_a_sender_that_no_operator_takes(sender: str) -> None:
    with pytest.raises(SettingError, match="The sender"):
        adapter(sender)


def test_a_password_with_accents_is_refused_before_any_sms_is() -> None:
    with pytest.raises(SettingError, match="JEKULU_KANNEL_PASSWORD"):
        adapter(JEKULU_KANNEL_PASSWORD="mot de passé")


@pytest.mark.parametrize("value", ["10.8.0.300", "kannel.example.org"])
def test_an_address_that_may_call_and_is_none(value: str) -> None:
    with pytest.raises(SettingError, match="JEKULU_KANNEL_FROM"):
        load({"JEKULU_KANNEL_FROM": value})


def test_it_is_opened_for_its_rows(keys: Keys, tmp_path: object) -> None:
    adapters = Adapters(settings(JEKULU_DATA=str(tmp_path)), keys)
    row = Gateway(id=7, name="orange", adapter="kannel", sender="36200")
    assert isinstance(adapters.get(row), Kannel)
    adapters.close()


def test_adding_it_and_what_its_configuration_needs(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "JEKULU_DATA": str(tmp_path), "JEKULU_PUBLIC_URL": PUBLIC, "JEKULU_KANNEL_USER": "jekulu",
        "JEKULU_KANNEL_PASSWORD": PASSWORD,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    run = CliRunner()
    added = run.invoke(wsgi.main, ["gateway", "add", "orange", "--adapter", "kannel", "--sender", "36200"])
    assert added.exit_code == 0, added.output
    said = run.invoke(wsgi.main, ["webhooks"]).output
    key = Keys.load_or_make(settings(JEKULU_DATA=str(tmp_path)).key_path)
    door = addresses.inbound_url(PUBLIC, "orange", key)
    assert f'post-url = "{door}?id=%I&from=%q&time=%T&smsc=%i"' in said
    assert "group = sendsms-user" in said and "username = jekulu" in said
    assert PASSWORD not in said
    assert '"rate": 10.0' in run.invoke(wsgi.main, ["gateway", "list", "--json"]).output
