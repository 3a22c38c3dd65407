"""How we call Twilio: one SMS out, a look at its lists and at the account; knows no table of ours and no webhook.

Only the library's synchronous client is used: the asynchronous one mixed up answers, ignored its time-out and repeated
POSTs (twilio 9.13). Nothing but the base address of `JEKULU_TWILIO_API` can be reached.

Source: Twilio, Messages resource (twilio.com/docs/messaging/api/message-resource).
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode, urlsplit

from requests import Request
from requests import Response as Reply
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from messaging.clock import utc_now
from messaging.errors import JekuluError, SettingError
from messaging.gateways import twilio_words
from messaging.gateways.exchanges import Note, silent
from messaging.gateways.line import Line, LostError
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
from messaging.settings import Settings

VALIDITY = timedelta(seconds=36_000)  # the longest that Twilio keeps an SMS in its queue
REPEAT = "#rc=5&rp=all"  # asks Twilio to repeat a report five times on any trouble; a fragment is not signed
EARLIER, LATER = timedelta(minutes=2), timedelta(minutes=10)  # of an attempt's start, for two clocks and a slow queue
LONGEST_ID = 80  # that is stored
TRIAL = "Sent from"  # a trial account's sentence before the text
NUMBER = re.compile(r"\+?[0-9]+")
# What is done, and for which attempt: the library between us and the line carries neither to the log of exchanges.
DOING: ContextVar[tuple[str, str]] = ContextVar("DOING", default=("send", ""))

# At INFO the library writes the numbers of list requests, at DEBUG urllib3 does.
for _name in ("twilio.http_client", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class RefusalError(JekuluError):
    """Twilio refused the call."""

    def __init__(self, reply: Reply) -> None:
        """Keep the status, the code and what support asks for; no word of the body, which may hold a number."""
        super().__init__()
        self.status = reply.status_code
        self.code = _code(reply) or f"http-{reply.status_code}"
        self.retry_after = _seconds(reply.headers.get("Retry-After", ""))
        self.request_id = reply.headers.get("Twilio-Request-Id")

    def error(self, fault: Fault, text: str) -> Error:
        """What the sender is told."""
        too_many = self.status == 429 or self.code in twilio_words.SLOW_DOWN
        return Error(self.code, text, fault, self.retry_after, self.status, self.request_id, too_many)


class Http(TwilioHttpClient):  # type: ignore[misc]
    """The library's HTTP client over our line: always with time-outs, nothing logged, nothing kept on the object."""

    def __init__(self, line: Line) -> None:
        """Calls go over this line."""
        super().__init__(pool_connections=False)
        self._line = line

    def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Make one call; `timeout` and `allow_redirects` are there for the library and change nothing.

        Raises:
            LostError: there is no whole answer.
            RefusalError: the status is 400 or more.
            UnicodeDecodeError: the answer is no UTF-8; guessing could hide the very SMS that is looked for.
        """
        # A form made here costs a tenth less of the whole call than one that `requests` takes apart and joins again.
        form = urlencode(data) if data else None
        request = Request(method.upper(), url, headers=headers, data=form, params=params, auth=auth)
        reply = self._line.call(request, *DOING.get())
        if reply.status_code >= 400:
            raise RefusalError(reply)
        return Response(reply.status_code, reply.content.decode("utf-8"), reply.headers)


class Twilio:
    """The adapter of one Twilio sender: a number, a name, or a Messaging Service (`MG…`)."""

    def __init__(
        self,
        settings: Settings,
        sender: str,
        clock: Callable[[], datetime] = utc_now,
        name: str = "twilio",
        note: Note = silent,
    ) -> None:
        """Nothing is called yet; each exchange will be noted under the gateway's name.

        Raises:
            SettingError: an account, a secret, a public address or a sender is missing or cannot work.
        """
        _check(settings, sender)
        self.capabilities = _capabilities(sender, settings.workers)
        self._sender = sender
        self._clock = clock
        self._line = Line(settings.twilio_api, settings.workers, settings.answer_within, name, note)
        self._client = Client(
            settings.twilio_account,
            settings.twilio_token,
            http_client=Http(self._line),
            # An empty mapping would make the library read the real environment; an edge would rewrite our address.
            environment={"TWILIO_EDGE": "", "TWILIO_REGION": ""},
        )
        self._client.api.base_url = settings.twilio_api

    def submit(self, outbound: Outbound) -> Submitted:
        """Hand one SMS over. Twilio has no key against doubles: a lost answer is unknown, never "not sent"."""
        DOING.set(("send", outbound.idempotency_key))
        sender = outbound.sender or self._sender
        way = {"messaging_service_sid": sender} if _is_service(sender) else {"from_": sender}
        left = min(VALIDITY, outbound.useful_until - self._clock())
        try:
            made = self._client.messages.create(
                to=outbound.to,
                body=outbound.text,
                status_callback=outbound.report_url + REPEAT,
                validity_period=max(1, int(left.total_seconds())),
                smart_encoded=False,  # the approved text leaves as it is; letters and cost are settled before
                **way,
            )
            return _accepted(made)
        except RefusalError as refusal:
            return _refused(refusal)
        except LostError as lost:
            return _lost(lost)
        except Exception:  # an answer of a shape nobody foresaw: the SMS may be out, so no error may hide that
            return _unknown("unreadable", "the answer cannot be read")

    def resolve(
        self, outbound: Outbound, attempted_at: datetime, now: datetime, taken: Collection[str] = ()
    ) -> Resolution:
        """Look for the SMS of an attempt among the newest 50 to its phone.

        NOT_SENT means: *this look* found nothing. How soon Twilio lists a new SMS is undocumented, so the caller must
        look twice, `looks_apart` apart, before it believes it. A look that fails gives STILL_UNKNOWN.

        Args:
            outbound: the attempt; its key goes into the report.
            attempted_at: when the attempt began.
            now: not needed; Twilio's list has its own times.
            taken: ids at Twilio that belong to other attempts, so that an equal text sent twice is not bound twice.

        No filter on DateSent: it is null while an SMS is queued, and would hide what is sought. `from` is not matched
        because it is null at first in a Messaging Service.
        """
        DOING.set(("look", outbound.idempotency_key))
        try:
            listed = list(self._listed(to=outbound.to, page_size=50, limit=50))
        except JekuluError:
            return Resolution(Found.STILL_UNKNOWN)
        matches = [one for one in listed if one.sid not in taken and _is_same(one, outbound.text, attempted_at)]
        if not matches:
            return Resolution(Found.NOT_SENT)
        oldest = min(matches, key=lambda one: one.date_created or attempted_at)
        return Resolution(
            Found.SENT, str(oldest.sid), _report(oldest, outbound.idempotency_key), duplicates=len(matches) > 1
        )

    def list_inbound(self, since: datetime, until: datetime) -> Sequence[Arrival]:
        """What came in between two moments, by Twilio's clock; the keys are those of the webhook.

        Empty for a sender that cannot receive. For a Messaging Service all its numbers are read. Twilio filters by
        whole days (UTC) and documents no order, so all pages from the first day on are read, one at a time.

        Raises:
            LostError, RefusalError: there is no list; the same span must be asked for again.

        Source: for a received SMS `date_sent` is when Twilio called our webhook (Message resource).
        """
        if not self.capabilities.can_list_inbound:
            return ()
        DOING.set(("list", ""))
        ours = {} if _is_service(self._sender) else {"to": self._sender}
        now = self._clock()
        return [
            _arrival(one, now)
            for one in self._listed(date_sent_after=f"{since.astimezone(UTC):%Y-%m-%d}", page_size=1000, **ours)
            if one.direction == "inbound" and self._is_ours(one) and _is_between(one, since, until)
        ]

    def track(self, key: str, provider_id: str | None) -> Report | None:
        """What Twilio knows of an SMS that it took; None when it does not know it, or does not any more.

        Raises:
            LostError, RefusalError: it did not say; it must be asked again.
        """
        if provider_id is None:
            return None
        DOING.set(("track", key))
        try:
            return _report(self._client.messages(provider_id).fetch(), key)
        except RefusalError as refusal:
            if refusal.status == 404:
                return None
            raise
        except LostError:
            raise
        except Exception:
            raise LostError("unreadable", untouched=False) from None

    def health(self) -> Error | None:
        """What is wrong with the account, its secret, its credit or the line; None when all is well."""
        DOING.set(("health", ""))
        try:
            account = self._client.api.accounts(self._client.account_sid).fetch()
            if account.status != "active":
                return Error(str(account.status), "the account is not active", Fault.CHANNEL)
            return self._credit()
        except RefusalError as refusal:
            return _refused(refusal).error
        except LostError as lost:
            return _lost(lost).error
        except Exception:  # the account page may take any shape; that is worth a line, not a crash
            return _unknown("unreadable", "the answer cannot be read").error

    def close(self) -> None:
        """Let go of connections."""
        self._line.close()

    def _listed(self, **filters: Any) -> Iterator[Any]:
        try:
            yield from self._client.messages.stream(**filters)
        except JekuluError:
            raise
        except Exception:  # a list of a shape nobody foresaw teaches nothing, and must not pass for an empty one
            raise LostError("unreadable", untouched=False) from None

    def _credit(self) -> Error | None:
        with suppress(RefusalError, InvalidOperation):  # a subaccount has no balance of its own
            balance = self._client.balance.fetch().balance
            if balance is not None and Decimal(balance) <= 0:
                return Error("balance", "no credit left at Twilio", Fault.CHANNEL)
        return None

    def _is_ours(self, one: Any) -> bool:
        return not _is_service(self._sender) or one.messaging_service_sid == self._sender


def _check(settings: Settings, sender: str) -> None:
    needed = {
        "TWILIO_ACCOUNT_SID": settings.twilio_account,
        "TWILIO_AUTH_TOKEN": settings.twilio_token,
        "JEKULU_PUBLIC_URL": settings.public_url,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise SettingError(f"A Twilio gateway needs {' and '.join(missing)}. Set it, or use the simulator.")
    if not settings.twilio_account.startswith("AC"):
        raise SettingError("TWILIO_ACCOUNT_SID must start with AC; an API key (SK…) cannot check Twilio's webhooks.")
    if not settings.twilio_token.isascii():
        raise SettingError("TWILIO_AUTH_TOKEN holds a letter that no token of Twilio has. Copy it again.")
    if "_" in (urlsplit(settings.public_url).hostname or ""):
        raise SettingError("JEKULU_PUBLIC_URL: Twilio calls no host with an underscore in its name (error 21609).")
    if not sender:
        raise SettingError("A Twilio gateway needs a sender: a number, a name, or a Messaging Service (MG…).")


def _capabilities(sender: str, workers: int) -> Capabilities:
    answers = _is_service(sender) or NUMBER.fullmatch(sender) is not None  # nobody can answer a name
    return Capabilities(
        can_receive=answers,
        delivery_reports="handset",
        can_resolve="by_search",
        alphanumeric_sender=True,
        can_list_inbound=answers,
        can_track=True,
        max_validity=VALIDITY,
        max_in_flight=workers,
        signed_webhooks=True,
    )


def _is_service(sender: str) -> bool:
    return sender.startswith("MG") and len(sender) == 34


def _accepted(made: Any) -> Submitted:
    if not isinstance(made.sid, str) or not 0 < len(made.sid) <= LONGEST_ID:
        return _unknown("unreadable", "the answer holds no id")
    return Submitted(
        Outcome.ACCEPTED,
        provider_id=made.sid,
        provider_segments=int(made.num_segments or 0) or None,  # a service says 0 at first
        price_micros=_micros(made.price),
        currency=made.price_unit if made.price else None,
    )


def _refused(refusal: RefusalError) -> Submitted:
    if refusal.status == 429:  # never processed, whatever its code
        return Submitted(Outcome.TEMPORARY, error=refusal.error(Fault.NETWORK, "too many calls at once"))
    if refusal.status >= 500:  # 20500: a repeat may send the SMS twice
        return Submitted(Outcome.UNKNOWN, error=refusal.error(Fault.NETWORK, "trouble at Twilio"))
    outcome, fault, text = twilio_words.refused(refusal.code)
    return Submitted(outcome, error=refusal.error(fault, text))


def _lost(lost: LostError) -> Submitted:
    if lost.untouched:
        return Submitted(Outcome.TEMPORARY, error=Error(lost.code, "Twilio cannot be reached", Fault.LINE))
    return _unknown(lost.code, "the answer was lost")


def _unknown(code: str, text: str) -> Submitted:
    return Submitted(Outcome.UNKNOWN, error=Error(code, text, Fault.NETWORK))


def _code(reply: Reply) -> str:
    try:
        return str(reply.json().get("code") or "")[:40]
    except (ValueError, AttributeError):
        return ""


def _seconds(value: str) -> float | None:
    return float(value) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", value) else None


def _micros(price: str | None) -> int | None:
    try:
        return int(abs(Decimal(price)) * 1_000_000) if price else None
    except InvalidOperation:
        return None


def _is_same(one: Any, text: str, attempted_at: datetime) -> bool:
    body = (one.body or "").strip()
    if one.direction != "outbound-api" or not body.endswith(text.strip()):
        return False
    if body != text.strip() and not body.startswith(TRIAL):
        return False
    # Without a time it may well be the one: better to wait for a report than to send twice.
    return one.date_created is None or attempted_at - EARLIER <= one.date_created <= attempted_at + LATER


def _is_between(one: Any, since: datetime, until: datetime) -> bool:
    """Whether an SMS came in between two moments; one without a time may have."""
    return one.date_sent is None or since <= one.date_sent <= until


def _report(one: Any, key: str) -> Report:
    code = str(one.error_code or "")
    digest = hashlib.sha256(f"{one.sid}|{one.status}|{code}".encode()).hexdigest()
    report = twilio_words.report(str(one.status), code, digest, key, str(one.sid))
    price = _micros(one.price)  # none until it is settled, some minutes after the SMS left
    return replace(
        report, segments=int(one.num_segments or 0) or None, price_micros=price,
        currency=str(one.price_unit)[:3].upper() if price is not None and one.price_unit else None,
    )  # fmt: skip


def _arrival(one: Any, now: datetime) -> Arrival:
    return Arrival(
        dedupe_key=one.sid,
        sender=one.from_ or "",
        text=twilio_words.text(one.sid, one.body or ""),
        received_at=now,
        digest=hashlib.sha256(f"listed|{one.sid}".encode()).hexdigest(),
        recipient=(one.to or "")[:40] or None,
        gateway_at=one.date_sent,
        provider_id=one.sid,
        segments=int(one.num_segments or 0) or None,
    )
