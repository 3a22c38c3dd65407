"""The log of exchanges with gateways: when, what, how long, which status; never a number, a text or a secret.

One file a day in the data folder, one JSON line an exchange, kept for some days. A line of less than a page is written
by one call at the end of the file, so that several processes share it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Exchange:
    """One call to a gateway, or of one."""

    gateway: str
    what: str  # send, look, list, track, health; of theirs: in, receipt
    milliseconds: float
    status: str  # of HTTP, or how it was lost: connect, time-out, cut
    code: str = ""  # of the gateway's error
    key: str = ""  # of the attempt
    request_id: str = ""


Note = Callable[[Exchange], None]


def silent(_exchange: Exchange) -> None:
    """Write nothing down."""
