"""What Twilio would know and answer, and the signed calls that it would make; no network here.

Written from Twilio's public pages and shared with none of the product's own code, so that it can be its judge.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

ACCOUNT = "AC" + "0" * 32
TOKEN = "an-invented-secret"
HOME = f"/2010-04-01/Accounts/{ACCOUNT}"
ALLOWED = {
    *("To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod", "SmartEncoded", "ScheduleType"),
    *("SendAt", "ContentRetention", "AddressRetention", "MaxPrice", "ForceDelivery", "ProvideFeedback", "Attempt"),
    *("ShortenUrls", "RiskCheck", "TrafficType", "FallbackFrom", "SendAsMms", "ContentSid", "ContentVariables"),
    *("MediaUrl", "PersistentAction", "ApplicationSid", "MessageIntent"),
}
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
SENDER = re.compile(r"\+?[0-9]{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€"
)
# What a call may meet instead of "ok". "-sent": the SMS went out all the same.
TROUBLE = (
    *("429", "500", "503", "504", "cut", "hang", "garbage"),
    *("500-sent", "503-sent", "504-sent", "cut-sent", "hang-sent", "garbage-sent"),
)
LATE = "hang-late"  # no answer, and the SMS goes out when the caller has long given up
# 8 %; few are "too many", as each halves our pace for minutes.
MIXED = {"429": 0.001} | dict.fromkeys(("503", "cut", "hang"), 0.01)
MIXED |= {"cut-sent": 0.014, "500-sent": 0.014, "hang-sent": 0.01, LATE: 0.011}
# Twice as much and more of what a blind repeat doubles, so that a few hundred SMS tell right from wrong.
ROUGH = MIXED | {"429": 0.002, "500-sent": 0.05, "cut-sent": 0.03, "hang-sent": 0.02, LATE: 0.03}
SEGMENT_PRICE = 0.0925  # dollars
WAYS = ("straight", "late", "doubled", "reversed", "never")  # how the reports on one SMS come
Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """One signed call to a webhook: the address that was signed, and what goes with it."""

    url: str
    form: tuple[tuple[str, str], ...]
    token: str = TOKEN

    @property
    def path(self) -> str:
        """Path and query."""
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def headers(self) -> dict[str, str]:
        """Content type and signature."""
        text = self.url + "".join(key + value for key, value in sorted(set(self.form)))
        mac = hmac.digest(self.token.encode(), text.encode(), "sha1")
        return {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": base64.b64encode(mac).decode(),
        }

    @property
    def body(self) -> bytes:
        """The form."""
        return urlencode(self.form).encode()


@dataclass
class Message:
    """One SMS that the carrier sent or took in."""

    sid: str
    to: str
    sender: str | None
    service: str | None
    body: str
    at: datetime
    direction: str = "outbound-api"
    status: str = "queued"
    sent_at: datetime | None = None
    error_code: int | None = None
    callback: str = ""
    validity: int = 36_000

    @property
    def segments(self) -> int:
        """By the carrier's own count; roughly, as an extension letter counts once."""
        one, many = (160, 153) if GSM7.issuperset(self.body) else (70, 67)
        units = len(self.body.encode("utf-16-le")) // 2 if one == 70 else len(self.body)
        return 1 if units <= one else -(-units // many)

    def shown(self) -> dict[str, Any]:
        """As Twilio's API shows it."""
        return {
            "sid": self.sid, "account_sid": ACCOUNT, "to": self.to, "from": self.sender, "body": self.body,
            "messaging_service_sid": self.service, "direction": self.direction, "status": self.status,
            "num_segments": "0" if self.service and self.status == "accepted" else str(self.segments),
            "num_media": "0", "price": self.price, "price_unit": "USD", "error_code": self.error_code,
            "error_message": None, "api_version": "2010-04-01", "uri": f"{HOME}/Messages/{self.sid}.json",
            "date_created": format_datetime(self.at), "date_updated": format_datetime(self.at),
            "date_sent": format_datetime(self.sent_at) if self.sent_at else None, "subresource_uris": {},
        }  # fmt: skip

    @property
    def price(self) -> str | None:
        """What the carrier takes for it, in dollars below zero; it settles it once the SMS has left."""
        return f"-{SEGMENT_PRICE * self.segments:.5f}" if self.sent_at else None

    def told(self) -> dict[str, Any]:
        """As the ground truth shows it."""
        return {
            "sid": self.sid, "to": self.to, "body": self.body, "at": self.at.isoformat(), "status": self.status,
            "direction": self.direction, "callback": self.callback, "validity": self.validity,
        }  # fmt: skip


@dataclass
class Carrier:
    """What Twilio would know; no network here."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    messages: list[Message] = field(default_factory=list)
    script: deque[str] = field(default_factory=deque)  # what the next calls to send meet, one word each
    shares: dict[str, float] = field(default_factory=dict)  # of each trouble, once the script is empty
    seed: str = "0"
    refused: dict[str, int] = field(default_factory=dict)  # number: code, such as 21610 or 21614
    list_lag: timedelta = timedelta()
    mute: bool = False  # its list is refused, and what it knows of an SMS too
    balance: str = "12.34"
    status: str = "active"
    calls: int = 0  # to send, whatever came of them
    _turns: Counter[str] = field(default_factory=Counter)
    _by_sid: dict[str, Message] = field(default_factory=dict)
    _by_to: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))

    @property
    def bodies(self) -> list[str]:
        """The texts that really went out, in order."""
        return [message.body for message in self.messages if message.direction == "outbound-api"]

    def trouble(self, form: dict[str, str]) -> str:
        """What this call meets: by the script, else by the shares, the same for the same number, text and turn."""
        self.calls += 1
        if self.script:
            return self.script.popleft()
        if not self.shares:
            return "ok"
        sms = f"{form.get('To')}|{form.get('Body')}"
        self._turns[sms] += 1
        roll = random.Random(f"{self.seed}|{sms}|{self._turns[sms]}").random()
        for word, share in self.shares.items():
            roll -= share
            if roll < 0:
                return word
        return "ok"

    def send(self, form: dict[str, str]) -> Answer:
        """POST Messages.json."""
        code, words = self._wrong(form)
        if code:
            return refusal(400, code, words)
        service = form.get("MessagingServiceSid")
        message = Message(
            sid=self._sid("SM"),
            to=form["To"],
            sender=form.get("From"),
            service=service,
            body=form["Body"],
            at=self.clock(),
            status="accepted" if service else "queued",
            callback=form.get("StatusCallback", ""),
            validity=int(form.get("ValidityPeriod", 36_000)),
        )
        self._keep(message)
        return 201, message.shown()

    def way(self, message: Message) -> str:
        """How the reports on this SMS come when they come in every way: the same for the same number and text."""
        return random.Random(f"{self.seed}|{message.to}|{message.body}|way").choice(WAYS)

    def listing(self, query: dict[str, str]) -> Answer:
        """GET Messages.json: newest first, without what is too new to be listed yet."""
        if self.mute:
            return refusal(503, 20503, "Service unavailable")
        found = self._by_to.get(query["To"], []) if "To" in query else self.messages
        late = self.clock() - self.list_lag
        after, before = _moment(query.get("DateSent>")), _moment(query.get("DateSent<"))
        rows = [
            one
            for one in reversed(found)
            if one.at <= late
            and query.get("From", one.sender) == one.sender
            and (after is None or (one.sent_at is not None and one.sent_at >= after))
            and (before is None or (one.sent_at is not None and one.sent_at <= before))
        ]
        size, page = min(int(query.get("PageSize", 50)), 1000), int(query.get("Page", 0))
        more = urlencode({**query, "Page": page + 1}) if len(rows) > (page + 1) * size else ""
        return 200, {
            "messages": [one.shown() for one in rows[page * size : (page + 1) * size]],
            "page": page, "page_size": size, "uri": f"{HOME}/Messages.json",
            "next_page_uri": f"{HOME}/Messages.json?{more}" if more else None,
        }  # fmt: skip

    def show(self, sid: str) -> Answer:
        """GET Messages/{sid}.json."""
        if self.mute:
            return refusal(503, 20503, "Service unavailable")
        message = self._by_sid.get(sid)
        return (200, message.shown()) if message else refusal(404, 20404, "not found")

    def reports(self, message: Message, *words: str, error_code: int | None = None) -> list[Call]:
        """The signed calls that tell these statuses, in order; the last is the message's status from now on."""
        message.status, message.error_code = words[-1], error_code
        message.sent_at = message.sent_at or self.clock()
        return [self._report(message, word, error_code if word == words[-1] else None) for word in words]

    def write(self, sender: str, to: str, body: str, url: str, **more: str) -> Call:
        """Somebody writes to one of our numbers: the message is kept, and the signed call is given."""
        now = self.clock()
        sid = more.pop("MessageSid", None) or self._sid("SM")
        message = Message(sid, to, sender, None, body, now, "inbound", "received", sent_at=now)
        self._keep(message)
        form = {
            "ToCountry": "US", "ToState": "", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "", "FromZip": "",
            "SmsSid": sid, "FromState": "", "SmsStatus": "received", "FromCity": "", "Body": body,
            "FromCountry": "ML", "To": to, "ToZip": "", "NumSegments": str(message.segments), "MessageSid": sid,
            "AccountSid": ACCOUNT, "From": sender, "ApiVersion": "2010-04-01", **more,
        }  # fmt: skip
        return Call(url, tuple(form.items()))

    def _report(self, message: Message, word: str, code: int | None) -> Call:
        form = {
            "AccountSid": ACCOUNT, "From": message.sender or "", "To": message.to, "MessageSid": message.sid,
            "SmsSid": message.sid, "MessageStatus": word, "SmsStatus": word, "ApiVersion": "2010-04-01",
        }  # fmt: skip
        if message.service:
            form["MessagingServiceSid"] = message.service
        if code:
            form["ErrorCode"] = str(code)
        return Call(message.callback.partition("#")[0], tuple(form.items()))

    def _wrong(self, form: dict[str, str]) -> tuple[int, str]:
        """The code and words that Twilio would refuse these parameters with; 0 when they are well."""
        unknown = set(form) - ALLOWED
        callback = urlsplit(form.get("StatusCallback") or "https://example.org/")
        sender = form.get("From")
        checks = (
            (bool(unknown), 20001, f"unknown parameter {sorted(unknown)}"),
            (not form.get("To"), 21604, "A 'To' phone number is required."),
            (not sender and not form.get("MessagingServiceSid"), 21603, "A 'From' phone number is required."),
            (not form.get("Body"), 21602, "Message body is required."),
            (not NUMBER.fullmatch(form.get("To", "")), 21211, f"Invalid 'To' Phone Number: {form.get('To')}"),
            (bool(sender) and not SENDER.fullmatch(sender or ""), 21212, f"Invalid From Number: {sender}"),
            (len(form.get("Body", "")) > 1600, 21617, "The concatenated message body exceeds 1600 characters."),
            (not 1 <= _integer(form.get("ValidityPeriod", "1")) <= 36_000, 21624, "Invalid validity period."),
            (callback.scheme not in ("http", "https") or "_" in callback.netloc, 21609, "Invalid 'StatusCallback'."),
        )
        known = self.refused.get(form.get("To", ""), 0)
        return next(((code, words) for wrong, code, words in checks if wrong), (known, "refused by the script"))

    def _sid(self, prefix: str) -> str:
        return prefix + hashlib.md5(f"{self.seed}|{len(self.messages)}".encode()).hexdigest()

    def _keep(self, message: Message) -> None:
        self.messages.append(message)
        self._by_sid[message.sid] = message
        self._by_to[message.to].append(message)


def refusal(status: int, code: int, words: str) -> Answer:
    """An error as Twilio writes it."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": words, "more_info": more, "status": status}


def _integer(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
