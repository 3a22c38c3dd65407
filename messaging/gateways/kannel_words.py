"""What Kannel's words and codes mean to us; knows neither its HTTP interface nor how its calls travel.

Source: Kannel 1.4.5, User's Guide (delivery reports; sendsms); SMPP 3.4, table 5-2 (command_status) and appendix B
(the text of a delivery receipt). Which fault a code stands for is ours.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from messaging.gateways.protocol import Error, Fault, Report
from messaging.models.post import Delivery

DELIVERED, UNDELIVERED, BUFFERED, ACCEPTED, REFUSED = "1", "2", "4", "8", "16"
MASK = 31  # all of them
DELIVERY = {
    DELIVERED: Delivery.DELIVERED,
    UNDELIVERED: Delivery.FAILED,
    BUFFERED: Delivery.SENT,
    ACCEPTED: Delivery.SENT,
    REFUSED: Delivery.FAILED,
}
EXPIRED, LOST = "EXPIRED", "UNKNOWN"  # words of a receipt: its time ran out; the message centre lost track of it

# SMPP 3.4, table 5-2: what a message centre may answer to a submit. What is not here blames nobody.
STATUS: dict[int, tuple[Fault, str]] = {
    0x01: (Fault.CONTENT, "invalid message length"),
    0x02: (Fault.CHANNEL, "invalid command length"),
    0x03: (Fault.CHANNEL, "invalid command id"),
    0x04: (Fault.CHANNEL, "incorrect bind status"),
    0x05: (Fault.CHANNEL, "already bound"),
    0x06: (Fault.CHANNEL, "invalid priority flag"),
    0x07: (Fault.CHANNEL, "invalid registered delivery flag"),
    0x08: (Fault.NETWORK, "system error"),
    0x0A: (Fault.CHANNEL, "invalid source address"),
    0x0B: (Fault.RECIPIENT, "invalid destination address"),
    0x0C: (Fault.NETWORK, "invalid message id"),
    0x0D: (Fault.CHANNEL, "bind failed"),
    0x0E: (Fault.CHANNEL, "invalid password"),
    0x0F: (Fault.CHANNEL, "invalid system id"),
    0x14: (Fault.NETWORK, "message queue full"),
    0x15: (Fault.CHANNEL, "invalid service type"),
    0x33: (Fault.CHANNEL, "invalid number of destinations"),
    0x34: (Fault.CHANNEL, "invalid distribution list"),
    0x40: (Fault.CHANNEL, "invalid destination flag"),
    0x42: (Fault.CHANNEL, "invalid submit with replace"),
    0x43: (Fault.CHANNEL, "invalid esm class"),
    0x44: (Fault.CHANNEL, "cannot submit to distribution list"),
    0x45: (Fault.NETWORK, "submit failed"),
    0x48: (Fault.CHANNEL, "invalid source type of number"),
    0x49: (Fault.CHANNEL, "invalid source numbering plan"),
    0x50: (Fault.CHANNEL, "invalid destination type of number"),
    0x51: (Fault.CHANNEL, "invalid destination numbering plan"),
    0x53: (Fault.CHANNEL, "invalid system type"),
    0x54: (Fault.CHANNEL, "invalid replace flag"),
    0x55: (Fault.CHANNEL, "invalid number of messages"),
    0x58: (Fault.NETWORK, "throttled"),
    0x61: (Fault.CHANNEL, "invalid schedule time"),
    0x62: (Fault.CHANNEL, "invalid validity period"),
    0x63: (Fault.CHANNEL, "invalid predefined message"),
    0x64: (Fault.NETWORK, "temporary error of the receiver"),
    0x65: (Fault.NONE, "permanent error of the receiver"),
    0x66: (Fault.NONE, "rejected by the receiver"),
    0xC0: (Fault.CHANNEL, "error in the optional part"),
    0xC1: (Fault.CHANNEL, "optional parameter not allowed"),
    0xC2: (Fault.CHANNEL, "invalid parameter length"),
    0xC3: (Fault.CHANNEL, "expected optional parameter missing"),
    0xC4: (Fault.CHANNEL, "invalid optional parameter"),
    0xFE: (Fault.NETWORK, "delivery failure"),
    0xFF: (Fault.NONE, "unknown error"),
}
# What Kannel writes where a message centre's code would stand; of a text of several segments it writes nothing.
OWN: dict[str, tuple[Fault, str]] = {
    "Retries Exceeded": (Fault.NETWORK, "Kannel gave up after its last try"),
    "": (Fault.NONE, "no reason told"),
}
NACK = re.compile(r"NACK/(?:(0x[0-9A-Fa-f]{1,8})\b)?(.{0,40})", re.DOTALL)
WORD = re.compile(r"\bstat:([A-Za-z]{1,10})", re.IGNORECASE)
ERR = re.compile(r"\berr:([0-9A-Za-z]{1,8})", re.IGNORECASE)
TEXT = re.compile(r"\btext:", re.IGNORECASE)  # what follows is the beginning of the SMS


def report(event: str, reply: str, digest: str, key: str, provider_id: str | None, at: datetime | None) -> Report:
    """Read an event and the message centre's answer to it (`%d` and `%A`) as a delivery report.

    An event that we do not know gives no delivery. Nothing of the answer is kept but its code: it may hold the
    beginning of the SMS.
    """
    delivery, error = DELIVERY.get(event), None
    word = _word(reply) if event == UNDELIVERED else ""
    if event == REFUSED:
        error = refused(reply)
    elif event == UNDELIVERED:
        error = failed(reply)
        delivery = Delivery.EXPIRED if word == EXPIRED else delivery
    return Report(
        event[:40], delivery, digest, idempotency_key=key, provider_id=provider_id, outcome_unknown=word == LOST,
        error=error, at=at,
    )  # fmt: skip


def refused(reply: str) -> Error:
    """Why a message centre, or Kannel itself, refused an SMS: `NACK/0x0000000b/Invalid Destination Address`."""
    found = NACK.match(reply)
    if found is None:
        return Error("NACK", "refused in words that we do not know", Fault.NONE)
    if found[1]:
        status = int(found[1], 16)
        fault, text = STATUS.get(status, (Fault.NONE, "a code of the operator's own"))
        return Error(f"0x{status:08x}", text, fault)
    fault, text = OWN.get(found[2].strip(), (Fault.NONE, "refused in words that we do not know"))
    return Error(f"NACK {found[2].strip()}".strip() if found[2].strip() in OWN else "NACK", text, fault)


def failed(reply: str) -> Error:
    """Why an SMS that was taken did not arrive: `… stat:UNDELIV err:001 …`.

    The numbers behind `err` are each operator's own, so that none blames anybody; only time that ran out is known to
    be the network's.
    """
    told = TEXT.split(reply, maxsplit=1)[0]
    word, err = _word(reply), ERR.search(told)
    fault = Fault.NETWORK if word == EXPIRED else Fault.NONE
    text = {EXPIRED: "its time ran out before it arrived", LOST: "the operator lost track of it"}
    return Error(" ".join(filter(None, (word, err[1] if err else ""))) or "2", text.get(word, "not delivered"), fault)


def moment(epoch: str) -> datetime | None:
    """Kannel's own time in seconds since 1970 (`%T`); None when it is none."""
    if not (epoch.isascii() and epoch.isdecimal() and 0 < len(epoch) <= 10):
        return None
    return datetime.fromtimestamp(int(epoch), UTC)


def _word(reply: str) -> str:
    found = WORD.search(TEXT.split(reply, maxsplit=1)[0])
    return found[1].upper() if found else ""
