"""The median and other percentiles of a list of values; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median as _median


def median(values: Sequence[float]) -> float | None:
    """The value in the middle, of two in the middle their mean; None of nothing."""
    return _median(values) if values else None


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The smallest value that so many percent of them do not exceed; None of nothing."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1] if values else None
