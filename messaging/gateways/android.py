"""How we call SMS Gateway for Android, the app that makes a telephone a gateway; knows no table of ours and no webhook.

A message's id is ours, and the same id twice is one SMS: the one gateway where a lost answer may be asked for again
without fear. The vendor's own client has no time-outs, so these few calls are made by hand.

Source: SMS Gateway for Android 1.66 (docs.sms-gate.app, sending messages, reading messages, health), Apache-2.0.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from requests import Request
from requests import Response as Reply

from messaging.clock import utc_now
from messaging.errors import JekuluError, SettingError
from messaging.gateways import android_words
from messaging.gateways.exchanges import Note, silent
from messaging.gateways.line import Line, LostError, is_private
from messaging.gateways.protocol import (
    Arrival,
    Capabilities,
    Error,
    Fault,
    Found,
    Outbound,
    Outcome,
    Report,
    Resolution,
    Submitted,
)
from messaging.models.post import Kind
from messaging.rules import PRIORITY
from messaging.settings import Settings

IN_FLIGHT = 4  # a telephone is a small server
AT_ONCE = 100  # from this priority on the telephone's own limits do not hold
SHORTEST_TTL = 5  # seconds that the API takes
REFUSED = {
    400: "the telephone refused the request: check device and card",
    401: "user or password is wrong",
    403: "user or password is wrong",
    404: "no such API at this address",
}


class RefusalError(JekuluError):
    """The API refused a call."""

    def __init__(self, status: int) -> None:
        """Keep the status; no word of the body, which may hold a number."""
        super().__init__(f"http-{status}: {REFUSED.get(status, 'refused')}")
        self.status = status


class Android:
    """The adapter of one telephone, reached directly or through a server."""

    capabilities = Capabilities(
        can_receive=True,
        delivery_reports="handset",
        can_resolve="by_key",
        idempotent_submit=True,
        can_list_inbound=True,
        can_track=True,
        max_in_flight=IN_FLIGHT,
        signed_webhooks=True,
    )

    def __init__(
        self,
        settings: Settings,
        device: str | None,
        sims: Sequence[int],
        clock: Callable[[], datetime] = utc_now,
        name: str = "android",
        note: Note = silent,
    ) -> None:
        """Nothing is called yet.

        Args:
            settings: address, user, password and signing key are needed.
            device: the telephone's id; None: the only one, or the server's choice.
            sims: its cards by slot; none: the telephone's own choice.
            clock: for tests.
            name: of the gateway, and
            note: for the log of exchanges.

        Raises:
            SettingError: a setting is missing, or would send password and texts in the clear over the internet.
        """
        _check(settings)
        self._device = device
        self._sims = tuple(sims)
        self._clock = clock
        self._api = settings.android_api
        self._auth = (settings.android_user, settings.android_password)
        self._line = Line(self._api, min(IN_FLIGHT, settings.workers), settings.answer_within, name, note)

    def submit(self, outbound: Outbound) -> Submitted:
        """Hand one SMS over; the same key again is the same SMS."""
        left = outbound.useful_until - self._clock()
        body: dict[str, object] = {
            "id": outbound.idempotency_key,
            "phoneNumbers": [outbound.to],
            "textMessage": {"text": outbound.text},
            "withDeliveryReport": True,
            "ttl": max(SHORTEST_TTL, int(left.total_seconds())),  # not a moment: its clock may be wrong
            "priority": AT_ONCE if outbound.priority >= PRIORITY[Kind.REPLY] else 0,
            **({"simNumber": self.sim_for(outbound.to)} if self._sims else {}),
            **self._whose,
        }
        try:
            # Without the parameter a server reads numbers as if it stood in another country.
            unasked = {"skipPhoneValidation": "true"}
            reply = self._call("send", "POST", "/messages", outbound.idempotency_key, json=body, params=unasked)
        except LostError as lost:
            return _lost(lost)
        return _answered(reply, outbound.idempotency_key)

    def resolve(
        self, outbound: Outbound, attempted_at: datetime, now: datetime, taken: Collection[str] = ()
    ) -> Resolution:
        """Ask for the message by its key.

        NOT_SENT means that the telephone does not know it yet; the request may still be under way, so that the message
        must be handed over again under the same key.
        """
        try:
            report = self._shown("look", outbound.idempotency_key)
        except JekuluError:
            return Resolution(Found.STILL_UNKNOWN)
        return Resolution(Found.SENT, report=report) if report else Resolution(Found.NOT_SENT)

    def list_inbound(self, since: datetime, until: datetime) -> Sequence[Arrival]:
        """Ask the telephone to bring what it received between two moments again: it does so by its webhooks.

        Raises:
            LostError, RefusalError: it was not asked; the same span must be asked for again.
        """
        body = {
            "since": _written(since), "until": _written(until), "triggerWebhooks": True,
            "webhookDelivery": "Individual", **self._whose,
        }  # fmt: skip
        reply = self._call("list", "POST", "/inbox/refresh", json=body)
        if reply.status_code == 404:  # before 1.60 it had another name
            reply = self._call("list", "POST", "/messages/inbox/export", json=body)
        if reply.status_code >= 300:
            raise RefusalError(reply.status_code)
        return ()

    def track(self, key: str, provider_id: str | None) -> Report | None:
        """What the telephone knows of a message that it took; None when it does not know it any more.

        Raises:
            LostError, RefusalError: it did not say; it must be asked again.
        """
        return self._shown("track", key)

    def health(self) -> Error | None:
        """What the telephone, or the server before it, says is wrong with itself; None when all is well."""
        try:
            reply = self._call("health", "GET", "/health")
        except LostError as lost:
            return _lost(lost).error
        told = _read(reply)
        if told.get("status") in ("pass", "warn"):
            return None
        checks = told.get("checks")
        failed = [str(name) for name, one in checks.items() if _is_failed(one)] if isinstance(checks, dict) else []
        said = "not well: " + ", ".join(failed) if failed else "the answer cannot be read"
        return Error("health", said[:200], Fault.CHANNEL, http_status=reply.status_code)

    def register(self, hooks: Sequence[dict[str, str]]) -> None:
        """Enter the webhooks at the telephone; one that is there under the same id is replaced.

        Raises:
            LostError, RefusalError: some are not entered; entering all again does no harm.
        """
        for hook in hooks:
            reply = self._call("register", "POST", "/webhooks", json=hook)
            if reply.status_code >= 300:
                raise RefusalError(reply.status_code)

    def sim_for(self, number: str) -> int:
        """The card that writes to a number: always the same, and the numbers are spread over all cards."""
        return self._sims[int.from_bytes(hashlib.sha256(number.encode()).digest()[:8]) % len(self._sims)]

    def close(self) -> None:
        """Let go of connections."""
        self._line.close()

    def _shown(self, what: str, key: str) -> Report | None:
        """The state of a message by its key; None when the telephone does not know it."""
        reply = self._call(what, "GET", f"/messages/{quote(key, safe='')}", key)
        if reply.status_code == 404:
            return None
        told = _read(reply)
        if reply.status_code != 200:
            raise RefusalError(reply.status_code)
        if told.get("id") != key:
            raise LostError("unreadable", untouched=False)
        word, reason = _state(told)
        digest = hashlib.sha256(f"{key}|{word}|{reason}".encode()).hexdigest()
        return android_words.report(word, reason, digest, key)

    @property
    def _whose(self) -> dict[str, str]:
        return {"deviceId": self._device} if self._device else {}

    def _call(self, what: str, method: str, path: str, key: str = "", **given: Any) -> Reply:
        return self._line.call(Request(method, self._api + path, auth=self._auth, **given), what, key)


def hooks(url: str, gateway: str, device: str | None) -> list[dict[str, str]]:
    """The webhooks of one telephone as its API takes them, each under an id of ours so that no second one is made."""
    ids = {event: hashlib.sha256(f"{gateway}|{event}".encode()).hexdigest()[:16] for event in android_words.EVENTS}
    whose = {"deviceId": device} if device else {}
    return [{"id": f"jekulu-{ids[event]}", "url": url, "event": event, **whose} for event in android_words.EVENTS]


def _check(settings: Settings) -> None:
    needed = {
        "JEKULU_ANDROID_API": settings.android_api,
        "JEKULU_ANDROID_USER": settings.android_user,
        "JEKULU_ANDROID_PASSWORD": settings.android_password,
        "JEKULU_ANDROID_KEY": settings.android_keys,
        "JEKULU_PUBLIC_URL": settings.public_url,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise SettingError(f"An Android gateway needs {' and '.join(missing)}. Set it, or use the simulator.")
    if not is_private(settings.android_api):
        raise SettingError(
            "JEKULU_ANDROID_API: over the internet numbers and texts must not travel in the clear. "
            "Use https, or a tunnel to http://127.0.0.1."
        )


def _answered(reply: Reply, key: str) -> Submitted:
    status = reply.status_code
    if 200 <= status < 300:
        is_ours = _read(reply).get("id") == key  # the sign-in page of a hotspot answers 200 to everything
        return Submitted(Outcome.ACCEPTED) if is_ours else _unknown("unreadable", "the answer cannot be read")
    if status == 409:
        return Submitted(Outcome.DUPLICATE)
    if status in (429, 503):
        waits = _seconds(reply.headers.get("Retry-After", ""))
        text = "the queue of the telephone is full"
        error = Error(f"http-{status}", text, Fault.NETWORK, waits, status, too_many=True)
        return Submitted(Outcome.TEMPORARY, error=error)
    if status >= 500:
        return _unknown(f"http-{status}", "trouble at the telephone", status)
    error = Error(f"http-{status}", REFUSED.get(status, "the request was refused"), Fault.CHANNEL, None, status)
    return Submitted(Outcome.REJECTED, error=error)


def _lost(lost: LostError) -> Submitted:
    if lost.untouched:
        error = Error(lost.code, "the telephone cannot be reached", Fault.LINE)
        return Submitted(Outcome.TEMPORARY, error=error)
    return _unknown(lost.code, "the answer was lost")


def _unknown(code: str, text: str, status: int | None = None) -> Submitted:
    return Submitted(Outcome.UNKNOWN, error=Error(code, text, Fault.NETWORK, http_status=status))


def _read(reply: Reply) -> dict[str, Any]:
    try:
        told = reply.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _state(told: dict[str, Any]) -> tuple[str, str]:
    """State and reason of the one recipient, or of the whole message."""
    recipients = told.get("recipients")
    one = recipients[0] if isinstance(recipients, list) and recipients and isinstance(recipients[0], dict) else told
    return str(one.get("state") or told.get("state") or ""), str(one.get("error") or "")


def _is_failed(check: object) -> bool:
    return isinstance(check, dict) and check.get("status") == "fail"


def _written(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(value: str) -> float | None:
    return float(value) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", value) else None
