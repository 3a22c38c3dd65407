"""The door that all gateways call through: verifies, reads, stores by one call, answers; knows no SQL, no campaign.

The order is fixed: size, gateway, secret path, signature on the raw request, reading, one committed call, answer. All
else happens later, in a job that reads the tables, so that a slow reader never costs a gateway's time-out.

Nothing of a request is logged: of a refused call only the gateway, the reason and, when it was signed, its digest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Protocol, TypeVar, cast
from urllib.parse import unquote_to_bytes

from flask import Blueprint, Response, current_app, request
from prometheus_client import Counter
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from messaging import inbox, logs, receipts
from messaging.clock import utc_now
from messaging.errors import BusyError, JekuluError, SettingError
from messaging.gateways import signs
from messaging.gateways.exchanges import Exchange
from messaging.gateways.protocol import Answer, Arrival, BadSignature, Malformed, Report, Request, WrongClock
from messaging.gateways.rows import GatewayFacts, named
from messaging.installation import Installation
from messaging.settings import Settings
from webhooks import android, kannel, twilio

LIMIT = 64 * 1024  # bytes of a body
UNKNOWN = "unknown"  # stands for a gateway's name until the secret path proves it: a stranger's words are not kept
REFUSED = Counter("jekulu_webhook_refused", "Calls of gateways that were not taken", ["gateway", "reason"])
log = logging.getLogger("jekulu.webhooks")
blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")


class Door(Protocol):
    """How one kind of gateway calls us."""

    def verify(self, request: Request, settings: Settings) -> None:
        """Raise BadSignature when the call is not the gateway's."""

    def parse_inbound(self, request: Request) -> Sequence[Arrival]:
        """What came in; raises Malformed."""

    def parse_reports(self, request: Request, key: str) -> Sequence[Report]:
        """What is told about the attempt `key`; raises Malformed."""

    def acknowledge(self, key: str | None) -> Answer:
        """The answer once all is committed; `key` is None for what came in."""


class EventDoor(Protocol):
    """How one kind of gateway calls us that has one address for everything."""

    def verify(self, request: Request, settings: Settings) -> None:
        """Raise BadSignature when the call is not the gateway's, WrongClock when it is and its clock is wrong."""

    def parse_events(self, request: Request) -> android.News:
        """What came in and what is told about attempts; raises Malformed."""

    def acknowledge(self) -> Answer:
        """The answer once all is committed."""


DOORS: dict[str, Door] = {"twilio": twilio, "kannel": kannel}
METHODS = {"kannel": ("GET", "POST")}  # of calls; all others post
EVENT_DOORS: dict[str, EventDoor] = {"android": android}
D = TypeVar("D")
Take = Callable[[Installation, GatewayFacts, Request], Answer]


class _Stranger(Exception):
    """No such gateway, no such door, or a wrong secret: one answer for all, so that none can be guessed."""


class _BadMac(Exception):
    """The key of an attempt is not one that we gave out."""


class _OtherDevice(Exception):
    """Another telephone than the one that this gateway is: it goes on calling until its gateway is mended."""


# What was refused, the status, and the word for it; the first that fits counts.
REASONS: tuple[tuple[type[Exception], int, str], ...] = (
    (RequestEntityTooLarge, 413, "too_large"),
    (_Stranger, 403, "unknown"),
    (WrongClock, 403, "clock"),
    (BadSignature, 403, "signature"),
    (_OtherDevice, 403, "device"),
    (_BadMac, 403, "mac"),
    (Malformed, 400, "malformed"),
    (BusyError, 503, "busy"),
    (MethodNotAllowed, 405, "method"),
    (HTTPException, 400, "http"),
    (Exception, 500, "trouble"),
)


@blueprint.route("/<gateway>/<token>/in", methods=["GET", "POST"])
def inbound(gateway: str, token: str) -> Response:
    """An SMS came in."""
    return _answer(gateway, token, _take_inbound, "in")


@blueprint.route("/<gateway>/<token>/r/<path:key_mac>", methods=["GET", "POST"])
def report(gateway: str, token: str, key_mac: str) -> Response:
    """A gateway tells what became of an attempt."""
    take = partial(_take_report, key_mac=key_mac)
    return _answer(gateway, token, take, "receipt", key_mac.rpartition(".")[0])


@blueprint.post("/<gateway>/<token>/events")
def events(gateway: str, token: str) -> Response:
    """A gateway with one address for everything tells what happened."""
    return _answer(gateway, token, _take_events, "events")


def pairs(raw: bytes) -> list[tuple[str, str]]:
    """The pairs of a form or a query, in order; blank values are kept and nothing is stripped.

    Bytes that are no UTF-8 become lone surrogates, so that the signature can be checked over the very bytes that
    came; the inbox stores such letters as U+FFFD with a flag.
    """
    return [
        (_plain(name), _plain(value)) for part in raw.split(b"&") if part for name, _, value in [part.partition(b"=")]
    ]


def target(environ: dict[str, object]) -> str:
    """The request's path and query exactly as they came over the wire.

    Raises:
        SettingError: the web server hides it; what a framework decoded and quoted again breaks signatures.
    """
    raw = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if not isinstance(raw, str) or not raw:
        raise SettingError("The web server gives neither REQUEST_URI nor RAW_URI: use waitress or gunicorn.")
    raw = raw.encode("latin-1").decode("utf-8", "surrogateescape")
    return raw if raw.startswith("/") else "/" + raw.partition("://")[2].partition("/")[2]


def _answer(gateway: str, token: str, take: Take, what: str, key: str = "") -> Response:
    house = cast(Installation, current_app.extensions["jekulu"])
    known, begun = UNKNOWN, perf_counter()
    try:
        body = _body()
        facts = _facts(house, gateway, token)
        known = gateway
        answer = take(house, facts, _call(house.settings, body))
        reply = Response(answer.body, answer.status, dict(answer.headers), content_type=answer.content_type)
        reason = ""
    except Exception as error:  # Flask would log the path, which holds the secret
        reply, reason, key = *_refuse(known, error), ""
    if known != UNKNOWN:
        took = (perf_counter() - begun) * 1000
        house.adapters.exchanges.note(Exchange(known, what, took, str(reply.status_code), reason, key))
    return reply


def _body() -> bytes:
    request.max_content_length = LIMIT
    return request.get_data(cache=False)


def _facts(house: Installation, gateway: str, token: str) -> GatewayFacts:
    if not house.keys.check_mac(token, "door", gateway):
        raise _Stranger
    facts = named(house.db, gateway)
    if facts is None or facts.adapter not in {*DOORS, *EVENT_DOORS}:
        raise _Stranger
    return facts


def _door(doors: Mapping[str, D], facts: GatewayFacts) -> D:
    if facts.adapter not in doors:
        raise _Stranger
    if request.method not in METHODS.get(facts.adapter, ("POST",)):
        raise MethodNotAllowed
    return doors[facts.adapter]


def _call(settings: Settings, body: bytes) -> Request:
    if not settings.public_url:
        raise SettingError("A gateway calls, but JEKULU_PUBLIC_URL is not set: no signature can be checked.")
    path = target(request.environ)
    return Request(
        method=request.method,
        url=settings.public_url + path,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        query=pairs(path.partition("?")[2].encode("utf-8", "surrogateescape")),
        form=pairs(body),
        received_at=utc_now(),
        caller=request.remote_addr or "",
    )


def _take_inbound(house: Installation, facts: GatewayFacts, call: Request) -> Answer:
    door = _door(DOORS, facts)
    door.verify(call, house.settings)
    _store(house, facts, door.parse_inbound(call))
    return door.acknowledge(None)


def _take_report(house: Installation, facts: GatewayFacts, call: Request, key_mac: str) -> Answer:
    door = _door(DOORS, facts)
    door.verify(call, house.settings)
    key, _, mac = key_mac.rpartition(".")
    if not house.keys.check_mac(mac, "report", facts.name, key):
        raise _BadMac
    receipts.receive(house.db, facts.name, door.parse_reports(call, key), call.received_at)
    return door.acknowledge(key)


def _take_events(house: Installation, facts: GatewayFacts, call: Request) -> Answer:
    door = _door(EVENT_DOORS, facts)
    try:
        door.verify(call, house.settings)
    except WrongClock as wrong:
        signs.note_clock(house.db, facts, wrong.seconds)
        raise
    news = door.parse_events(call)
    if facts.device and facts.device != news.device:
        raise _OtherDevice
    if news.arrivals:
        _store(house, facts, news.arrivals)
    if news.reports:
        receipts.receive(house.db, facts.name, news.reports, call.received_at)
    signs.note(house.db, facts, call.received_at, news.clock_off)
    return door.acknowledge()


def _store(house: Installation, facts: GatewayFacts, arrivals: Sequence[Arrival]) -> None:
    if inbox.receive(house.db, facts.name, arrivals):
        current_app.extensions["jekulu.wake"]("converse")  # only a hint: the job looks by itself as well


def _refuse(gateway: str, error: Exception) -> tuple[Response, str]:
    """The answer to what is not taken, and the word for why."""
    status, reason = next((status, reason) for kind, status, reason in REASONS if isinstance(error, kind))
    REFUSED.labels(gateway, reason).inc()
    if status == 500:
        log.error("webhook of %s failed: %s", gateway, _trouble(error))
    else:
        digest = error.args[0] if isinstance(error, Malformed) and error.args else ""
        log.warning("webhook of %s refused: %s %s", gateway, reason, digest)
    return Response("", status, content_type="text/plain"), reason


def _trouble(error: Exception) -> str:
    """Our own sentence, or the kind and place of any other error: its own text may hold a number or an SMS."""
    return str(error) if isinstance(error, JekuluError) else logs.trouble(error)


def _plain(raw: bytes) -> str:
    if b"%" not in raw and b"+" not in raw:  # most are
        return raw.decode("utf-8", "surrogateescape")
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "surrogateescape")
