"""What Twilio's words and codes mean to us; knows neither Twilio's library nor how its calls travel.

`twilio_errors.csv` holds the codes: `where` is A for an answer of the API, D for a delivery report. Twilio says that
codes should not drive programs and adds new ones, so each use has a safe default for a code that is not there.

Source: Twilio, Error and Warning Dictionary (twilio.com/docs/api/errors), titles partly of 2023, read in August 2026;
outcome, fault and action are ours.
"""

from __future__ import annotations

import base64
import binascii
import csv
import re
from dataclasses import dataclass
from importlib import resources

from messaging.gateways.protocol import Error, Fault, Outcome, Report
from messaging.models.post import Delivery

DELIVERY = {
    "accepted": Delivery.QUEUED,
    "scheduled": Delivery.QUEUED,
    "queued": Delivery.QUEUED,
    "sending": Delivery.QUEUED,
    "sent": Delivery.SENT,
    "undelivered": Delivery.FAILED,
    "failed": Delivery.FAILED,
    "canceled": Delivery.CANCELLED,
    "delivered": Delivery.DELIVERED,
    "partially_delivered": Delivery.DELIVERED,
    "read": Delivery.READ,
}
EXPIRED = "30036"  # the validity period ran out
SLOW_DOWN = ("20429", "14107", "30001", "30022")  # too many at once
WAITS = {"30450": 1200.0}  # seconds; the guard against pumping opens again after 15 to 30 minutes
BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4}){3,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


@dataclass(frozen=True)
class Code:
    """One code of Twilio and what follows from it."""

    code: str
    title: str
    where: str
    outcome: Outcome
    fault: Fault
    action: str


def _table() -> dict[str, Code]:
    text = resources.files("messaging.gateways").joinpath("twilio_errors.csv").read_text("utf-8")
    rows = list(csv.reader(text.splitlines()))[1:]
    return {
        code: Code(code, title, where, Outcome(outcome), Fault(fault), action)
        for code, title, where, outcome, fault, action in rows
    }


CODES = _table()


def refused(code: str) -> tuple[Outcome, Fault, str]:
    """What a code in a refusing answer (HTTP 4xx) means: outcome, fault, and a text without number or message.

    A code that we do not know stops the gateway, not the messages: rejected, and the channel is to blame.
    """
    known = CODES.get(code)
    return (known.outcome, known.fault, known.title) if known else (Outcome.REJECTED, Fault.CHANNEL, "unknown code")


def told(code: str) -> Error:
    """What a code in a delivery report means; one that we do not know blames nobody."""
    known = CODES.get(code)
    if known is None:
        return Error(code, "unknown code", Fault.NONE)
    return Error(code, known.title, known.fault, WAITS.get(code), too_many=code in SLOW_DOWN)


def report(word: str, code: str, digest: str, key: str | None, provider_id: str | None) -> Report:
    """Read a status and its error code (empty for none) as a delivery report.

    The status decides, not the code: 30018 may stand beside a delivered SMS, so a code counts only for a failure. A
    word that we do not know gives no delivery.

    Source: Twilio, Message resource, status values; changelog for 30036 and 30410.
    """
    delivery = DELIVERY.get(word)
    failed = delivery is Delivery.FAILED
    known = CODES.get(code) if failed else None
    return Report(
        word=word[:40],
        delivery=Delivery.EXPIRED if failed and code == EXPIRED else delivery,
        digest=digest,
        idempotency_key=key,
        provider_id=provider_id,
        outcome_unknown=known is not None and known.outcome is Outcome.UNKNOWN,
        error=told(code[:40]) if failed and code else None,
    )


def text(sid: str, body: str) -> str:
    """The text of an inbound SMS as the person wrote it, nothing stripped.

    A long SMS may arrive as an MMS (`MM…`) whose text is one base64 word; it is decoded when it gives readable UTF-8
    of nine bytes or more, so that a plain word such as "PRES" stays what it is.
    """
    if not sid.startswith("MM") or not BASE64.fullmatch(body):
        return body
    try:
        plain = base64.b64decode(body, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return body
    return plain if all(char.isprintable() or char in "\r\n\t" for char in plain) else body
