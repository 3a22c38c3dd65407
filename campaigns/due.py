"""One batch of one step with everything that planning it needs; a value that knows nothing of how it is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.audience import Scope
from campaigns.calendar import Batch
from campaigns.definitions import Audience
from campaigns.definitions import Step as Said
from campaigns.models import Campaign, Step
from messaging.hours import HoursRule
from messaging.models import Programme


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
