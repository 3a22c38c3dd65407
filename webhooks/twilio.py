"""How Twilio calls us: signed forms for inbound SMS and delivery reports; knows no database and no Twilio library.

Source: Twilio, Webhooks security and Messaging webhooks (twilio.com/docs/usage/security, …/messaging/guides).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import Literal
from urllib.parse import urlsplit

from messaging.errors import SettingError
from messaging.gateways import twilio_words
from messaging.gateways.protocol import Answer, Arrival, BadSignature, Malformed, Report, Request
from messaging.settings import Settings

FORM = "application/x-www-form-urlencoded"
OPTS: dict[str, Literal["stop", "start", "help"]] = {"STOP": "stop", "START": "start", "HELP": "help"}
PORTS = {"https": ":443", "http": ":80"}
STORED = Answer(200, "text/xml", "<Response/>")  # never an answer in TwiML: it has no id, no price, no throttle
NOTED = Answer(204)


def verify(request: Request, settings: Settings) -> None:
    """Let through only what our account's secret signed.

    JSON is refused: its signature covers the address alone. Shared keys (SHA-256, a beta of Twilio's) are refused too.
    A signed call can be replayed for ever, as it carries no time; storing each once is the defence.

    Raises:
        BadSignature: no form, no or a wrong signature, or another account.
        SettingError: the secret is not set here, so nothing can be told apart.
    """
    if not settings.twilio_account or not settings.twilio_token:
        raise SettingError("Twilio calls, but TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is not set.")
    if "HMAC_SHA1" not in request.headers.get("x-twilio-webhooks-signature-settings", "HMAC_SHA1"):
        raise BadSignature  # a shared key, which we do not hold
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BadSignature
    if not is_signed(settings.twilio_token, request.url, request.form, request.headers.get("x-twilio-signature", "")):
        raise BadSignature
    if _value(request, "AccountSid") != settings.twilio_account:
        raise BadSignature


def is_signed(token: str, url: str, form: Sequence[tuple[str, str]], given: str) -> bool:
    """Tell whether `given` is the signature of this address and form, with or without the default port."""
    spelt = _bytes(given)
    return any(hmac.compare_digest(signature(token, one, form).encode(), spelt) for one in _spellings(url))


def signature(token: str, url: str, form: Sequence[tuple[str, str]]) -> str:
    """base64(HMAC-SHA1(token, address + each key and value)): keys sorted, equal pairs once, nothing in between."""
    text = url + "".join(key + value for key, value in sorted(set(form)))
    return base64.b64encode(hmac.digest(token.encode(), _bytes(text), "sha1")).decode()


def parse_inbound(request: Request) -> list[Arrival]:
    """Read one SMS that came in; keys we do not know are left alone, blanks around the text belong to it.

    Raises:
        Malformed: it has no id or no sender.
    """
    sid, sender = _value(request, "MessageSid") or _value(request, "SmsSid"), _value(request, "From")
    if not sid or not sender or len(sid) > 80:
        raise Malformed(_digest(request))
    segments = _value(request, "NumSegments")
    arrival = Arrival(
        dedupe_key=sid,
        sender=sender,
        text=twilio_words.text(sid, _value(request, "Body")),
        received_at=request.received_at,
        digest=_digest(request),
        recipient=_value(request, "To")[:40] or None,
        provider_id=sid,
        gateway_opt=OPTS.get(_value(request, "OptOutType").upper()),
        segments=int(segments) if segments.isdecimal() and len(segments) < 4 else None,
    )
    return [arrival]


def parse_reports(request: Request, key: str) -> list[Report]:
    """Read one delivery report on the attempt that its address names.

    The operator's time (`RawDlrDoneDate`) has no zone and is left out.

    Raises:
        Malformed: it has no status or no id.
    """
    word = _value(request, "MessageStatus") or _value(request, "SmsStatus")
    sid = _value(request, "MessageSid") or _value(request, "SmsSid")
    if not word or not sid or len(sid) > 80:
        raise Malformed(_digest(request))
    return [twilio_words.report(word, _value(request, "ErrorCode"), _digest(request), key, sid)]


def acknowledge(key: str | None) -> Answer:
    """What Twilio is told once all is stored; `key` is None for an inbound SMS."""
    return STORED if key is None else NOTED


def _spellings(url: str) -> Iterator[str]:
    """The address as it is, and with its default port added or taken away; nothing else is touched."""
    yield url
    parts = urlsplit(url)
    scheme, rest = url.split("://", 1)
    host, port = parts.netloc, PORTS.get(parts.scheme, "")
    if port and host.endswith(port):
        yield f"{scheme}://{host.removesuffix(port)}{rest[len(host) :]}"
    elif port and parts.port is None:
        yield f"{scheme}://{host}{port}{rest[len(host) :]}"


def _digest(request: Request) -> str:
    return hashlib.sha256(request.body).hexdigest()


def _value(request: Request, key: str) -> str:
    return next((value for name, value in request.form if name == key), "")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # the very bytes that came, see `door.pairs`
