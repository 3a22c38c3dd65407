"""A telephone that speaks the API of SMS Gateway for Android, remembers what it sent, and calls our webhooks.

It refuses what the app refuses, knows a message by its id, loses answers when told to, and signs each try of a call
anew by its own clock. Written from the vendor's public pages and shared with none of the product's own code.

    with Android(calls=base) as phone: …        a server on the loopback; `phone.url`
    Phone()                                      the same without any network
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.calls import Caller

USER, PASSWORD = "sms", "an-invented-password"
KEY = "an-invented-signing-key"
DEVICE = "ffffffffceb0b1db0000018e937c815b"
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
FIELDS = {
    *("id", "phoneNumbers", "textMessage", "simNumber", "withDeliveryReport", "ttl", "validUntil", "scheduleAt"),
    *("priority", "deviceId", "isEncrypted"),
}
EVENTS = {
    *("sms:received", "sms:sent", "sms:delivered", "sms:failed", "sms:cancelled", "system:ping", "app:started"),
    *("sms:data-received", "mms:received"),
}
Answer = tuple[int, dict[str, Any] | list[Any]]


def java_hash(text: str) -> int:
    """What Java calls the hash of a string: 32 bits, and « Aa » and « BB » have the same."""
    found = 0
    for unit in memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H"):
        found = (31 * found + unit) & 0xFFFFFFFF
    return found


@dataclass
class Sms:
    """One SMS that the telephone was given to send."""

    id: str
    to: str
    text: str
    sim: int | None
    priority: int
    ttl: int | None
    state: str = "Pending"
    reason: str | None = None

    def shown(self, device: str) -> dict[str, Any]:
        """As the API shows it, without its text."""
        one = {"phoneNumber": self.to, "state": self.state, "error": self.reason}
        return {
            "id": self.id, "deviceId": device, "state": self.state, "isHashed": False, "isEncrypted": False,
            "recipients": [one], "states": {},
        }  # fmt: skip


@dataclass(frozen=True)
class Letter:
    """One SMS that the telephone received: the operator's time, and the telephone's own."""

    sender: str
    text: str
    sim: int
    sent_at: datetime
    got_at: datetime


@dataclass(frozen=True)
class Call:
    """One call to a webhook; signed when its headers are asked for, so that each try has its own time."""

    phone: Phone
    url: str
    body: bytes

    @property
    def path(self) -> str:
        """Path and query."""
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def headers(self) -> dict[str, str]:
        """Content type, time stamp and signature."""
        stamp = str(int(self.phone.now().timestamp()))
        mac = hmac.new(self.phone.key.encode(), self.body + stamp.encode(), hashlib.sha256).hexdigest()
        return {"Content-Type": "application/json; charset=utf-8", "X-Timestamp": stamp, "X-Signature": mac}


@dataclass
class Phone:
    """The telephone and its app, without any network."""

    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    key: str = KEY
    device: str = DEVICE
    cards: tuple[int, ...] = (1, 2)
    clock_off: timedelta = timedelta(0)
    zone: timedelta = timedelta(0)  # in which it writes times
    limit: int | None = None  # SMS that its own limits let out; those of priority 100 and more pass them
    fate: str = "Delivered"  # what becomes of an SMS: Delivered, Sent, Processed, or a reason for a failure
    broken: bool = False  # its health says so
    older: bool = False  # a version that has the export, not the refresh
    script: deque[str] = field(default_factory=deque)  # troubles of the next calls to POST /messages
    messages: dict[str, Sms] = field(default_factory=dict)
    sent: list[Sms] = field(default_factory=list)  # what really left: the judge
    inbox: list[Letter] = field(default_factory=list)
    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)  # method, target and body of each call to it
    out: list[Call] = field(default_factory=list)  # calls that it wants to make
    events: int = 0

    def now(self) -> datetime:
        """The time by its own clock."""
        return self.clock() + self.clock_off

    # Its API

    def answer(self, method: str, target: str, authorization: str, body: bytes) -> tuple[str, Answer]:
        """What one request meets ("ok" or a trouble), and its answer."""
        path, _, query = target.partition("?")
        given = json.loads(body) if body else None
        self.asked.append((method, target, given))
        if (method, path) == ("GET", "/health"):
            return "ok", self._health()
        if authorization != "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode():
            return "ok", (401, {"message": "Unauthorized"})
        if (method, path) == ("POST", "/messages"):
            return self._post(given, dict(parse_qsl(query)))
        return "ok", self._other(method, path, given)

    def _post(self, given: Any, query: dict[str, str]) -> tuple[str, Answer]:
        word = self.script.popleft() if self.script else "ok"
        if word != "ok" and not word.endswith("-sent"):
            return word, (int(word), {"message": word}) if word.isdigit() else (200, {})
        answer = self.take(given, query)
        return word, (int(word[:3]), {"message": word}) if word[:3].isdigit() else answer

    def _other(self, method: str, path: str, given: Any) -> Answer:
        if method == "GET" and path.startswith("/messages/"):
            known = self.messages.get(unquote(path.removeprefix("/messages/")))
            return (200, known.shown(self.device)) if known else (404, {})
        refreshes = ("/messages/inbox/export",) if self.older else ("/inbox/refresh", "/messages/inbox/export")
        if method == "POST" and path in refreshes:
            return self.refresh(given)
        if path == "/webhooks":
            return self._enter(given) if method == "POST" else (200, list(self.hooks.values()))
        return 404, {}

    def take(self, given: dict[str, Any], query: dict[str, str]) -> Answer:
        """Take one SMS, as POST /messages does."""
        if wrong := self._wrong(given, query):
            return 400, {"message": wrong}
        if given["id"] in self.messages:
            return 409, {"message": "the message exists already"}
        sms = Sms(
            given["id"], given["phoneNumbers"][0], given["textMessage"]["text"], given.get("simNumber"),
            given.get("priority", 0), given.get("ttl"),
        )  # fmt: skip
        self.messages[sms.id] = sms
        answer = sms.shown(self.device)
        if self.limit is None or sms.priority >= 100 or self.limit > 0:
            self.limit = self.limit - 1 if self.limit is not None and sms.priority < 100 else self.limit
            self._send(sms)
        return 202, answer

    def _wrong(self, given: dict[str, Any], query: dict[str, str]) -> str:
        numbers, text = given.get("phoneNumbers") or [], (given.get("textMessage") or {}).get("text")
        checks = {
            "unknown field": not given.keys() <= FIELDS,
            "id": not isinstance(given.get("id"), str) or not 0 < len(given["id"]) <= 36,
            "Invalid device ID": given.get("deviceId", self.device) != self.device,
            "phoneNumbers is empty": not 0 < len(numbers) <= 100,
            "Invalid phone number": not all(NUMBER.fullmatch(one) for one in numbers),
            "Text message is empty": not text,
            "fields conflict: ttl and validUntil": "ttl" in given and "validUntil" in given,
            "ttl": not isinstance(given.get("ttl", 5), int) or given.get("ttl", 5) < 5,
            "simNumber must be >= 1": not 1 <= given.get("simNumber", 1) <= 3,
            "priority": not -128 <= given.get("priority", 0) <= 127,
            "numbers are read as if in another country": query.get("skipPhoneValidation") != "true",
        }
        return next((name for name, is_wrong in checks.items() if is_wrong), "")

    def refresh(self, given: dict[str, Any]) -> Answer:
        """Bring what was received in a span of time again, each with the telephone's own time."""
        if given.get("deviceId", self.device) != self.device:
            return 400, {"message": "Invalid device ID"}
        since, until = (datetime.fromisoformat(given[name]) for name in ("since", "until"))
        if since > until:
            return 400, {"message": "since must be before until"}
        if self.older or given.get("triggerWebhooks") or given.get("webhookDelivery") == "Individual":
            for letter in self.inbox:
                if since <= letter.got_at <= until:
                    self._received(letter, letter.got_at)
        return 202, {}

    def _enter(self, given: dict[str, Any]) -> Answer:
        url = given.get("url", "")
        if not url.startswith(("https://", "http://127.0.0.1:", "http://127.0.0.1/")):
            return 400, {"message": "url must start with https:// or http://127.0.0.1"}
        if given.get("event") not in EVENTS:
            return 400, {"message": "Unsupported event"}
        ident = given.get("id") or f"hook-{len(self.hooks)}"
        self.hooks[ident] = {**given, "id": ident}
        return 201, self.hooks[ident]

    def _health(self) -> Answer:
        check = {"description": "Failed messages for last hour", "observedUnit": "messages", "observedValue": 3}
        status = "fail" if self.broken else "pass"
        body = {"status": status, "version": "1.66.1", "checks": {"messages:failed": {**check, "status": status}}}
        return 500 if self.broken else 200, body

    # Sending

    def _send(self, sms: Sms) -> None:
        if sms.sim is not None and sms.sim not in self.cards:
            self.tell(sms.id, "Failed", "Send result: RESULT_RIL_SIM_ABSENT")
            return
        self.tell(sms.id, "Processed")
        if self.fate not in ("Delivered", "Sent", "Processed"):
            self.tell(sms.id, "Failed", self.fate)
            return
        self.sent.append(sms)
        for word in ("Sent", "Delivered")[: {"Processed": 0, "Sent": 1, "Delivered": 2}[self.fate]]:
            self.tell(sms.id, word)

    def tell(self, ident: str, word: str, reason: str | None = None) -> list[Call]:
        """An SMS comes to a state; gives the calls that tell so."""
        sms = self.messages.get(ident) or Sms(ident, "+22370000000", "", None, 0, None)
        sms.state, sms.reason = word, reason
        when = {"Sent": "sentAt", "Delivered": "deliveredAt", "Failed": "failedAt", "Cancelled": "cancelledAt"}
        if word not in when:
            return []
        payload = {
            "messageId": ident, "phoneNumber": sms.to, "recipient": sms.to, "sender": None, "simNumber": sms.sim,
            "partsCount": 1 if len(sms.text) <= 160 else 2, when[word]: self._written(self.now()),
        }  # fmt: skip
        return self._emit(f"sms:{word.lower()}", {**payload, "reason": reason} if reason else payload)

    def ping(self) -> list[Call]:
        """The sign of life that it gives every few minutes."""
        return self._emit("system:ping", {"health": {"status": "pass", "checks": {}}})

    # Receiving

    def write(
        self, sender: str, text: str, sim: int = 1, late: timedelta = timedelta(0), twice: bool = False
    ) -> Letter:
        """Somebody writes to it; `late`: how long the operator kept the SMS; `twice`: seen by both of its watchers."""
        got_at = self.now()
        letter = Letter(sender, text, sim, (got_at - late).replace(microsecond=0), got_at)
        self.inbox.append(letter)
        self._received(letter, letter.sent_at)
        if twice:
            self._received(letter, letter.got_at)
        return letter

    def _received(self, letter: Letter, at: datetime) -> list[Call]:
        milliseconds = int(at.timestamp() * 1000)
        date = (milliseconds ^ (milliseconds >> 32)) & 0xFFFFFFFF
        found = java_hash(letter.text)
        for part in (java_hash(letter.sender), date, letter.sim):
            found = (31 * found + part) & 0xFFFFFFFF
        payload = {
            "messageId": f"{found:x}", "message": letter.text, "phoneNumber": letter.sender, "sender": letter.sender,
            "recipient": None, "simNumber": letter.sim, "receivedAt": self._written(at),
        }  # fmt: skip
        return self._emit("sms:received", payload)

    def _emit(self, event: str, payload: dict[str, Any]) -> list[Call]:
        calls = []
        for hook in self.hooks.values():
            if hook["event"] == event and hook.get("deviceId", self.device) == self.device:
                self.events += 1
                told = {
                    "deviceId": self.device, "event": event, "id": f"event-{self.events}", "payload": payload,
                    "webhookId": hook["id"],
                }  # fmt: skip
                calls.append(Call(self, hook["url"], json.dumps(told, ensure_ascii=False).encode()))
        self.out += calls
        return calls

    def _written(self, at: datetime) -> str:
        sign, minutes = "+" if self.zone >= timedelta(0) else "-", abs(self.zone) // timedelta(minutes=1)
        local = (at.astimezone(UTC) + self.zone).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        return f"{local}{sign}{minutes // 60:02d}:{minutes % 60:02d}"

    def enter(self, url: str, events: Iterable[str] = sorted(EVENTS)) -> None:
        """Enter a webhook for each event, by hand."""
        for event in events:
            self._enter({"id": event, "url": url, "event": event})

    def taken(self) -> list[Call]:
        """The calls that it wants to make, each once."""
        calls, self.out = self.out, []
        return calls


class Android(Phone):
    """The telephone behind a port of the loopback; with `calls` it brings its calls to that base address by itself."""

    def __init__(self, calls: str = "", **options: Any) -> None:
        """Listen when entered."""
        super().__init__(**options)
        self._caller = Caller(calls, hands=1) if calls else None  # one hand: it tells in order
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """The base address of its API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Android:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
        if self._caller:
            self._caller.close()

    def ask(self, method: str, target: str, authorization: str, body: bytes) -> tuple[str, Answer]:
        """One request at a time, as the database of the app lets it; then its calls go out."""
        with self._lock:
            answer = self.answer(method, target, authorization, body)
        self.bring()
        return answer

    def bring(self) -> None:
        """Make the calls that wait."""
        if self._caller and (calls := self.taken()):
            self._caller.put(calls)


def _handler(phone: Android) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            word, (status, told) = phone.ask(method, self.path, self.headers.get("Authorization", ""), body)
            if word.startswith("cut"):
                self.close_connection = True
                return
            content = b"<html>sign in to the hotspot" if word.startswith("garbage") else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if status == 503:
                self.send_header("Retry-After", "30")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    return Handler
