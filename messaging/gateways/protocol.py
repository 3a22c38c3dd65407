"""The one form in which gateways and the rest of the post talk: plain values; no gateway detail crosses it.

What never leaves an adapter: a provider's words for a state as a state, TwiML, report masks, `tel:` prefixes, numbers
without `+`, HTTP status codes as decisions, a gateway's clock as ours. All times are aware UTC.

Source: the page on gateways, sections 2 and 3.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from messaging.letters import Encoding
from messaging.models.post import Delivery


class Outcome(enum.StrEnum):
    """What one submit call gave. Unknown: it may have been sent, so it is never repeated before `resolve`."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    TEMPORARY = "temporary"
    UNKNOWN = "unknown"


class Fault(enum.StrEnum):
    """Who is to blame, and so what stops: this phone, this text, this gateway, or nothing."""

    NONE = "none"  # nobody that we know of: an unknown code is never a reason to send again
    RECIPIENT = "recipient"
    ABSENT = "absent"  # this number, perhaps: believed when two steps were told so on two days
    OPTED_OUT = "opted_out"
    CONTENT = "content"
    CHANNEL = "channel"
    LINE = "line"  # the gateway was not reached and no byte went out: another one may carry the message
    NETWORK = "network"
    VAGUE = "vague"  # the network gives no reason: worth one more attempt, not two
    UNSURE = "unsure"  # it failed, and may have reached the phone all the same: ours alone, for `outcome_unknown`


class Found(enum.StrEnum):
    """What looking an unknown attempt up gave."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    STILL_UNKNOWN = "still_unknown"


@dataclass(frozen=True)
class Capabilities:
    """What one configured gateway can do."""

    can_receive: bool
    delivery_reports: Literal["handset", "network", "none"]
    can_resolve: Literal["by_key", "by_search", "by_report", "no"]
    idempotent_submit: bool = False
    alphanumeric_sender: bool = False
    can_cancel: bool = False
    can_list_inbound: bool = False
    can_track: bool = False  # an SMS that it took can be asked for by its id
    chooses_encoding: bool = True
    max_segments: int = 10
    max_validity: timedelta | None = None
    max_in_flight: int = 16
    signed_webhooks: bool = False


@dataclass(frozen=True)
class Error:
    """What went wrong at a gateway: its own code word for word, a short text without number or message text."""

    code: str
    text: str
    fault: Fault
    retry_after: float | None = None  # seconds; of a report: until the message may be tried again
    http_status: int | None = None
    request_id: str | None = None
    too_many: bool = False  # it asks us to be slower


@dataclass(frozen=True)
class Outbound:
    """One attempt to hand one SMS to a gateway."""

    idempotency_key: str
    to: str  # E.164
    text: str
    encoding: Encoding
    segments: int
    sender: str | None
    useful_until: datetime
    report_url: str
    priority: int = 0


@dataclass(frozen=True)
class Submitted:
    """The result of one submit call."""

    outcome: Outcome
    provider_id: str | None = None
    provider_segments: int | None = None
    price_micros: int | None = None
    currency: str | None = None
    error: Error | None = None


@dataclass(frozen=True)
class Report:
    """What a gateway told about an attempt (delivery report); stored as a `Receipt` row.

    `delivery` is None for a word we do not know: it is kept and changes nothing.
    """

    word: str
    delivery: Delivery | None
    digest: str
    idempotency_key: str | None = None
    provider_id: str | None = None
    outcome_unknown: bool = False
    error: Error | None = None
    at: datetime | None = None
    segments: int | None = None  # as the gateway counted them
    price_micros: int | None = None  # of the whole SMS, in millionths of `currency`, once the gateway has settled it
    currency: str | None = None


@dataclass(frozen=True)
class Resolution:
    """What is known of an unknown attempt after one look."""

    found: Found
    provider_id: str | None = None
    report: Report | None = None
    duplicates: bool = False  # more than one match


@dataclass(frozen=True)
class Arrival:
    """One SMS or missed call that came in; stored as an `Inbound` row."""

    dedupe_key: str
    sender: str
    text: str
    received_at: datetime
    digest: str
    kind: Literal["sms", "missed_call"] = "sms"
    recipient: str | None = None
    called: str | None = None
    gateway_at: datetime | None = None
    provider_id: str | None = None
    gateway_opt: Literal["stop", "start", "help"] | None = None
    undecodable: bytes | None = None
    segments: int | None = None
    may_repeat: bool = False  # the gateway can bring one SMS twice under two keys


@dataclass(frozen=True)
class Request:
    """A webhook call, stripped of its web framework; `url` is rebuilt from the public address, never from Host."""

    method: str
    url: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    query: Sequence[tuple[str, str]]  # in order, blanks kept, nothing stripped
    form: Sequence[tuple[str, str]]
    received_at: datetime
    caller: str = ""  # the address that the call came from, of a proxy when there is one


@dataclass(frozen=True)
class Answer:
    """What a webhook answers once everything is committed; the right status differs by gateway."""

    status: int
    content_type: str = "text/plain"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class BadSignature(Exception):
    """The call is not from the gateway."""


class WrongClock(BadSignature):
    """The call is signed by the gateway, at a time that is not ours: it may be an old call, played again."""

    def __init__(self, seconds: int) -> None:
        """`seconds` by which its clock is ahead of ours."""
        super().__init__()
        self.seconds = seconds


class Malformed(Exception):
    """The call is from the gateway and cannot be read."""


class Adapter(Protocol):
    """How we call one kind of gateway. `submit` never raises for trouble of a gateway or of the network."""

    capabilities: Capabilities

    def submit(self, outbound: Outbound) -> Submitted:
        """Hand one SMS over."""

    def resolve(
        self, outbound: Outbound, attempted_at: datetime, now: datetime, taken: Collection[str] = ()
    ) -> Resolution:
        """Look up what became of an attempt whose answer was lost; `taken` are the ids of other attempts."""

    def list_inbound(self, since: datetime, until: datetime) -> Sequence[Arrival]:
        """What came in, as far as the gateway keeps a list; empty when it keeps none.

        Raises:
            JekuluError: it did not say; the same span must be asked for again.
        """

    def track(self, key: str, provider_id: str | None) -> Report | None:
        """What became of an SMS that it took and never reported on; None: it cannot say.

        Raises:
            JekuluError: it did not answer; it must be asked again.
        """

    def health(self) -> Error | None:
        """What is wrong with the account or the line, or None."""

    def close(self) -> None:
        """Let go of connections."""
