"""How SMS Gateway for Android calls us: signed JSON, one address for all events; knows no database and no API of it.

Source: SMS Gateway for Android 1.66 (docs.sms-gate.app, webhooks).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from messaging.errors import SettingError
from messaging.gateways import android_words
from messaging.gateways.protocol import Answer, Arrival, BadSignature, Malformed, Report, Request, WrongClock
from messaging.gateways.signs import is_wrong
from messaging.settings import Settings

STORED = Answer(200)


@dataclass(frozen=True)
class News:
    """What one call brings; of an event that we do not know nothing but the telephone and its clock."""

    device: str
    clock_off: int  # seconds by which its clock is ahead
    arrivals: tuple[Arrival, ...] = ()
    reports: tuple[Report, ...] = ()


def verify(request: Request, settings: Settings) -> None:
    """Let through only what one of our keys signed, at about this time.

    Raises:
        BadSignature: no or a wrong signature; WrongClock: a right one, more than ten minutes from our time.
        SettingError: no key is set here, so nothing can be told apart.
    """
    if not settings.android_keys:
        raise SettingError("A telephone calls, but JEKULU_ANDROID_KEY is not set: no signature can be checked.")
    stamp, given = request.headers.get("x-timestamp", ""), request.headers.get("x-signature", "")
    signed = [hmac.compare_digest(signature(key, request.body, stamp), _bytes(given)) for key in settings.android_keys]
    if not any(signed) or not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise BadSignature
    if is_wrong(clock_off(request)):
        raise WrongClock(clock_off(request))


def signature(key: str, body: bytes, stamp: str) -> bytes:
    """Hex of HMAC-SHA256 over the raw body and the time stamp; the body is never read and written again before."""
    return hmac.new(_bytes(key), body + _bytes(stamp), hashlib.sha256).hexdigest().encode()


def clock_off(request: Request) -> int:
    """Seconds by which the clock of a telephone whose call is verified is ahead of ours."""
    return round(int(request.headers["x-timestamp"]) - request.received_at.timestamp())


def parse_events(request: Request) -> News:
    """Read one event; keys we do not know are left alone.

    Raises:
        Malformed: it is no event, or lacks what its kind must have.
    """
    told = _object(request, _json(request))
    event, device = told.get("event"), told.get("deviceId")
    if not isinstance(event, str) or not isinstance(device, str):
        raise Malformed(digest(request))
    news = News(_plain(device, 40), clock_off(request))
    read = READERS.get(event)
    return read(request, news, event, _object(request, told.get("payload"))) if read else news


def acknowledge() -> Answer:
    """What the telephone is told once all is stored; anything but 2xx brings the event again for two days."""
    return STORED


def digest(request: Request) -> str:
    """What is kept of a raw request."""
    return hashlib.sha256(request.body).hexdigest()


def _received(request: Request, news: News, _event: str, payload: Mapping[str, Any]) -> News:
    sender, text = payload.get("sender") or payload.get("phoneNumber"), payload.get("message")
    told = payload.get("receivedAt")
    if not isinstance(sender, str) or not sender or not isinstance(text, str) or not isinstance(told, str):
        raise Malformed(digest(request))
    arrival = Arrival(
        dedupe_key=android_words.dedupe_key(news.device, sender, told, text),
        sender=sender,
        text=text,
        received_at=request.received_at,
        digest=digest(request),
        recipient=_plain(payload.get("recipient"), 40) or None,
        gateway_at=android_words.moment(told),
        provider_id=_plain(payload.get("messageId"), 80) or None,
        may_repeat=True,
    )
    return News(news.device, news.clock_off, arrivals=(arrival,))


def _told(request: Request, news: News, event: str, payload: Mapping[str, Any]) -> News:
    key, parts = _plain(payload.get("messageId"), 80), payload.get("partsCount")
    if not key:
        raise Malformed(digest(request))
    segments = parts if isinstance(parts, int) and 0 < parts < 256 else None
    reason = payload.get("reason")
    report = android_words.report(
        android_words.TOLD[event], reason if isinstance(reason, str) else "", digest(request), key, segments
    )
    return News(news.device, news.clock_off, reports=(report,))


Reader = Callable[[Request, News, str, Mapping[str, Any]], News]
READERS: dict[str, Reader] = {android_words.RECEIVED: _received, **dict.fromkeys(android_words.TOLD, _told)}


def _json(request: Request) -> object:
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        raise Malformed(digest(request)) from None


def _object(request: Request, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(digest(request))
    return value


def _plain(value: object, most: int) -> str:
    """The readable signs of a word that a column keeps."""
    return "".join(char for char in value if char.isprintable())[:most] if isinstance(value, str) else ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
