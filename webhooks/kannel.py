"""How Kannel calls us: inbound SMS by POST or GET, delivery reports by GET; knows no database and no sendsms.

Kannel signs nothing: the secret in the path and the caller's address stand in for a signature. It takes 200 and 202
alone for success and calls again for days after anything else, 204 included. So what came with the secret is taken
whatever it holds: what cannot be read is kept as bytes, with a flag.

Source: Kannel 1.4.5, User's Guide (sms-service, delivery reports).
"""

from __future__ import annotations

import hashlib
import ipaddress
import re

from messaging.gateways import kannel_words
from messaging.gateways.protocol import Answer, Arrival, BadSignature, Report, Request
from messaging.settings import Settings

TAKEN = Answer(200)
# Names of the charsets that Kannel may give, in small letters; in any other an SMS is kept as bytes.
CHARSETS = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii", "utf-16be": "utf-16-be",
    "ucs-2": "utf-16-be", "iso-8859-1": "latin-1", "latin1": "latin-1", "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252", "cp1252": "cp1252",
}  # fmt: skip
BINARY = "1"  # as coding: eight bits, no letters
WIDE = "2"  # as coding: UCS-2
CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
LONGEST_KEY = 80
ABROAD = re.compile(r"[1-9][0-9]{10,14}")  # a number with its country code, as an SMSC writes it without +


def verify(request: Request, settings: Settings) -> None:
    """Let through only calls from this machine, or from an address of JEKULU_KANNEL_FROM.

    Behind a proxy the caller is the proxy, so that this says nothing more: let Kannel call us directly.

    Raises:
        BadSignature: it comes from elsewhere.
    """
    try:
        caller = ipaddress.ip_address(request.caller.partition("%")[0])
    except ValueError:
        raise BadSignature from None
    caller = getattr(caller, "ipv4_mapped", None) or caller
    if not caller.is_loopback and not any(caller in network for network in settings.kannel_from):
        raise BadSignature


def parse_inbound(request: Request) -> list[Arrival]:
    """Read one SMS that came in: its text is the body of a POST, or `text` of a GET. Never refuses."""
    told = _told(request)
    digest, ident = _digest(request), _plain(told.get("id", ""))
    link = _plain(told.get("smsc") or request.headers.get("x-kannel-smsc", ""))
    key = f"{link}:{ident or digest}"
    text, undecodable = _words(request, told)
    return [
        Arrival(
            dedupe_key=key if len(key) <= LONGEST_KEY else digest,
            sender=_number(told.get("from") or request.headers.get("x-kannel-from", "")),
            text=text,
            received_at=request.received_at,
            digest=digest,
            recipient=_plain(told.get("to") or request.headers.get("x-kannel-to", ""))[:40] or None,
            gateway_at=kannel_words.moment(told.get("time", "")),
            provider_id=ident[:80] or None,
            undecodable=undecodable,
        )
    ]


def parse_reports(request: Request, key: str) -> list[Report]:
    """Read one delivery report on the attempt that its address names; one without an event is kept all the same."""
    told = _told(request)
    report = kannel_words.report(
        _plain(told.get("d", "")) or "none",
        told.get("a", ""),
        _digest(request),
        key,
        _plain(told.get("f", ""))[:80] or None,
        kannel_words.moment(told.get("t", "")),
    )
    return [report]


def acknowledge(key: str | None) -> Answer:
    """What Kannel is told once all is stored: always 200, and no word that it could send on as an SMS."""
    return TAKEN


def _told(request: Request) -> dict[str, str]:
    """What stands in the address; of a name that stands twice, the first."""
    return dict(reversed(request.query))


def _words(request: Request, told: dict[str, str]) -> tuple[str, bytes | None]:
    """The text, or the bytes that are none."""
    content = request.headers.get("content-type", "").lower()
    if request.method == "GET":
        raw = told.get("text", "").encode("utf-8", "surrogateescape")  # the very bytes, see `door.pairs`
        charset, coding = told.get("charset", ""), told.get("coding", "")
    else:
        raw, coding = request.body, request.headers.get("x-kannel-coding", "")
        found = CHARSET.search(content)
        charset = found[1] if found else ""
    codec = CHARSETS.get(charset.lower() or ("ucs-2" if coding == WIDE else "utf-8"))
    if coding == BINARY or content.startswith("application/octet-stream") or codec is None:
        return "", raw
    try:
        return raw.decode(codec), None
    except UnicodeDecodeError:
        return "", raw


def _plain(value: str) -> str:
    """A word that a column keeps; one with signs that cannot be read is none."""
    return value if value.isprintable() else ""


def _number(sender: str) -> str:
    return f"+{sender}" if ABROAD.fullmatch(sender) else sender


def _digest(request: Request) -> str:
    return hashlib.sha256(request.url.encode("utf-8", "surrogateescape") + b"\n" + request.body).hexdigest()
