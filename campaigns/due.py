"""One batch of one step with everything that planning it needs; a value that knows nothing of how it is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.audience import Scope
from campaigns.calendar import Batch
from campaigns.definitions import Audience
from campaigns.definitions import Step as Said
from campaigns.definitions.slots import names
from campaigns.models import Campaign, Step
from messaging.hours import HoursRule
from messaging.models import Programme
from messaging.risk import RADIO


@dataclass(frozen=True)
class Due:
    """One batch of one step with all that planning it needs."""

    programme: Programme
    campaign: Campaign
    step: Step
    said: Said
    meant: Audience
    batch: Batch
    where: Scope
    rules: Sequence[HoursRule]

    def tags_of(self, words: str) -> tuple[str, ...]:
        """What the level of a commune may stop these words for: also the hours of a station that has not agreed.

        A call tells the hour of its broadcast, whatever its words.
        """
        airing = self.batch.airing
        tells = self.batch.moves == "back" or "hour" in names(words)
        is_free = airing is None or airing.tells_hours or not tells
        return self.said.tags if is_free else (*self.said.tags, RADIO)
