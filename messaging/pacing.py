"""How fast a gateway is used: a bucket of segments that all processes draw from, kept in the gateway's row; pure.

The bucket saves up half a second of what is not used, and fills so much slower than the gateway's pace that over any
ten seconds no more leaves than ten seconds' worth; of messages of several segments, less than one of them more. Where
half a second is less than a segment nothing is saved up, and the bucket fills at the gateway's very pace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from messaging.models import Gateway
from messaging.routing import pace

WINDOW = 10.0  # seconds
BURST = 0.5  # seconds of unused pace that are saved up
CRUMB = timedelta(microseconds=1)  # a clock has no finer parts, and too early would be a whole turn too late
LONGEST = timedelta(minutes=10)  # that anything takes


@dataclass
class Bucket:
    """What a gateway may carry at one moment, in segments; below nothing after a long message."""

    tokens: float
    room: float
    refill: float  # segments a second

    def spend(self, segments: int) -> bool:
        """Take a message's segments out; False when there are too few, and then none are taken."""
        is_enough = self.room > 0 and self.tokens >= min(segments, self.room)
        if is_enough:
            self.tokens -= segments
        return is_enough

    def free_in(self, segments: int) -> timedelta:
        """How long until there is enough for a message."""
        return self.takes(max(min(segments, self.room) - self.tokens, 0))

    def takes(self, segments: float) -> timedelta:
        """How long so many segments take."""
        return min(timedelta(seconds=segments / self.refill) + CRUMB, LONGEST) if self.refill > 0 else LONGEST


def drawn(gateway: Gateway, now: datetime) -> Bucket:
    """The bucket of a gateway as it stands now."""
    carries = pace(gateway, now)
    room = carries * BURST
    refill = carries - max(room - 1, 0) / WINDOW
    since = max((now - gateway.tokens_at).total_seconds(), 0) if gateway.tokens_at else WINDOW
    return Bucket(min(room, gateway.tokens + since * refill), room, refill)


def keep(bucket: Bucket, gateway: Gateway, now: datetime) -> None:
    """Write down in the gateway's row, which is locked, what is left in its bucket."""
    gateway.tokens, gateway.tokens_at = bucket.tokens, now
