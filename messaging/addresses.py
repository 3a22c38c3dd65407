"""The addresses that gateways call: made and checked with the installation's key; knows no web framework."""

from __future__ import annotations

from messaging.phones import Keys


def door(gateway: str, keys: Keys) -> str:
    """The secret part of a gateway's addresses."""
    return keys.mac("door", gateway)


def inbound_url(public: str, gateway: str, keys: Keys) -> str:
    """Where a gateway brings what came in."""
    return f"{public}/webhooks/{gateway}/{door(gateway, keys)}/in"


def events_url(public: str, gateway: str, keys: Keys) -> str:
    """Where a gateway that has one address for everything brings what came in and what became of attempts."""
    return f"{public}/webhooks/{gateway}/{door(gateway, keys)}/events"


def report_url(public: str, gateway: str, attempt: str, keys: Keys) -> str:
    """Where a gateway tells what became of one attempt."""
    return f"{public}/webhooks/{gateway}/{door(gateway, keys)}/r/{attempt}.{keys.mac('report', gateway, attempt)}"
