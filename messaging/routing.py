"""Which gateway carries a message: one pure function over the gateway rows."""

from __future__ import annotations

from collections.abc import Sequence

from messaging.models import Gateway
from messaging.models.post import Kind

SIMULATOR = "simulator"


def choose(
    gateways: Sequence[Gateway], prefix: str, kind: Kind, demonstration: bool, came_by: int | None = None
) -> Gateway | None:
    """The gateway for a message to a number that starts with `prefix`; None when none serves it.

    A demonstration goes by the simulator, whatever else is configured. A reply goes where the question came by. A
    real programme goes by the simulator only while no other gateway is configured at all: then nothing can leave by
    mistake, and somebody who tries the product sees it work.
    """
    if demonstration:
        return next((row for row in gateways if row.adapter == SIMULATOR), None)
    own = [row for row in gateways if row.id == came_by]
    if own:
        return own[0]
    real = [row for row in gateways if row.adapter != SIMULATOR]
    fitting = [row for row in real or gateways if serves(row, prefix, kind)]
    return min(fitting, key=lambda row: (row.position, row.id), default=None)


def serves(gateway: Gateway, prefix: str, kind: Kind) -> bool:
    """True when the gateway's prefixes and kinds, where it names any, take the message."""
    by_prefix = not gateway.prefixes or any(prefix.startswith(own) for own in gateway.prefixes)
    return by_prefix and (not gateway.kinds or kind.value in gateway.kinds)
