"""What the words of SMS Gateway for Android mean to us; knows neither its API nor how its calls travel.

Source: SMS Gateway for Android 1.66 (docs.sms-gate.app, status tracking and webhooks); Android, result codes of
SmsManager; GSM 03.40, section 9.2.3.15, for the status of a delivery report. Which fault a word stands for is ours.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from messaging.gateways.protocol import Error, Fault, Report
from messaging.models.post import Delivery

RECEIVED = "sms:received"
TOLD = {"sms:sent": "Sent", "sms:delivered": "Delivered", "sms:failed": "Failed", "sms:cancelled": "Cancelled"}
SIGNS = ("system:ping", "app:started")  # it is there, and nothing else
EVENTS = (RECEIVED, *TOLD, *SIGNS)

DELIVERY = {
    "Pending": Delivery.QUEUED,
    "Processed": Delivery.QUEUED,
    "Sent": Delivery.SENT,
    "Delivered": Delivery.DELIVERED,
    "Failed": Delivery.FAILED,
    "Cancelled": Delivery.CANCELLED,
}
EXPIRED = ("ttl-expired", "sc-70")  # the phone gave up before sending; the SMSC gave up before delivering
FAULTS: dict[str, tuple[Fault, str]] = {
    "RESULT_ERROR_LIMIT_EXCEEDED": (Fault.CHANNEL, "the telephone or its operator lets no more SMS out"),
    "RESULT_ERROR_RADIO_OFF": (Fault.CHANNEL, "the telephone is in flight mode"),
    "RESULT_NO_DEFAULT_SMS_APP": (Fault.CHANNEL, "the telephone has no app or card for SMS chosen"),
    "RESULT_ERROR_FDN_CHECK_FAILURE": (Fault.CHANNEL, "the card may call fixed numbers only"),
    "RESULT_RIL_SIM_ABSENT": (Fault.CHANNEL, "there is no card in the telephone"),
    "RESULT_INVALID_SMSC_ADDRESS": (Fault.CHANNEL, "the card has no number of a message centre"),
    "RESULT_RIL_INVALID_SMSC_ADDRESS": (Fault.CHANNEL, "the card has no number of a message centre"),
    "no-sim": (Fault.CHANNEL, "there is no card in the telephone"),
    "RESULT_ERROR_NO_SERVICE": (Fault.NETWORK, "the telephone has no network"),
    "RESULT_NETWORK_ERROR": (Fault.NETWORK, "the network failed"),
    "RESULT_RIL_NETWORK_ERR": (Fault.NETWORK, "the network failed"),
    "RESULT_RIL_NETWORK_REJECT": (Fault.NETWORK, "the network refused the SMS"),
    "RESULT_RIL_NETWORK_NOT_READY": (Fault.NETWORK, "the network is not ready"),
    "RESULT_RIL_MODEM_ERR": (Fault.NETWORK, "the modem of the telephone failed"),
    "RESULT_ERROR_GENERIC_FAILURE": (Fault.NETWORK, "the telephone names no reason; often there is no credit"),
    "RESULT_ERROR_NULL_PDU": (Fault.CONTENT, "the telephone cannot write this text"),
    "RESULT_ENCODING_ERROR": (Fault.CONTENT, "the telephone cannot write this text"),
    "RESULT_RIL_INVALID_SMS_FORMAT": (Fault.CONTENT, "the telephone cannot write this text"),
    "RESULT_ERROR_SHORT_CODE_NOT_ALLOWED": (Fault.RECIPIENT, "the telephone does not write to this short number"),
    "RESULT_ERROR_SHORT_CODE_NEVER_ALLOWED": (Fault.RECIPIENT, "the telephone does not write to this short number"),
    "ttl-expired": (Fault.NETWORK, "the telephone could not send it while it was useful"),
    "sc-70": (Fault.NETWORK, "the operator kept it until its time was over"),
}
RESULT = re.compile(r"RESULT_[A-Z_]{3,60}")
CENTRE = re.compile(r"Delivery result[^:]*: (\d{1,3})")  # « … from SC <number of the message centre>: 70 »
UNREACHABLE = range(64, 68)  # of the message centre: procedure, incompatible, rejected by the handset, not obtainable


def error(reason: str) -> Error:
    """What a reason for a failure means. The reason itself is not kept: it may hold a number.

    A reason that we do not know blames nobody.
    """
    code = _code(reason)
    fault, text = FAULTS.get(code, (Fault.NONE, "a reason we do not know"))
    if code.startswith("sc-") and code not in FAULTS:
        told = int(code[3:])
        fault = Fault.RECIPIENT if told in UNREACHABLE else Fault.NETWORK if told >= 96 else Fault.NONE
        text = "the operator could not deliver it"
    return Error(code[:40], text, fault)


def report(word: str, reason: str, digest: str, key: str, segments: int | None = None) -> Report:
    """Read a state of a message and, of a failure, its reason as a delivery report; an unknown state gives none.

    Its id at the gateway is our own key, so that it needs no second one.
    """
    delivery = DELIVERY.get(word)
    told = error(reason) if delivery is Delivery.FAILED else None
    if told is not None and told.code in EXPIRED:
        delivery = Delivery.EXPIRED
    return Report(word[:40], delivery, digest, idempotency_key=key, error=told, segments=segments)


def moment(told: str) -> datetime | None:
    """The telephone's own time with its zone, as UTC; None when it is none."""
    try:
        read = datetime.fromisoformat(told)
        return read.astimezone(UTC) if read.tzinfo else None
    except (ValueError, OverflowError):
        return None


def dedupe_key(device: str, sender: str, told: str, text: str) -> str:
    """What makes an SMS that came in the same as another: never its id, a hash of 32 bits that others share.

    The moment counts, not how it is written: a telephone that changes its zone brings the same SMS in other words.
    """
    at = moment(told)
    parts = (device, sender, str(round(at.timestamp() * 1000)) if at else told, text)
    whole = "".join(f"{len(part)}:{part}" for part in parts)  # lengths, so that no part can run into the next
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def _code(reason: str) -> str:
    if found := RESULT.search(reason):
        return found[0]
    if found := CENTRE.search(reason):
        return f"sc-{found[1]}"
    if "TTL expired" in reason:
        return "ttl-expired"
    return "no-sim" if "No SIMs found" in reason else "unknown"
