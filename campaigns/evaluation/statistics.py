"""The few statistics that quizzes are compared with: intervals, a t quantile, an exact test; pure, knows no quiz.

Source: the page on evaluation, section 3. Shares go from 0 to 1 here, scores and their differences from 0 to 100.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

LEVEL = 0.975  # of a two-sided interval of 95 %
Z = 1.959963984540054  # the normal quantile at this level
CLOSE = 1e-14


@dataclass(frozen=True)
class Gain:
    """What the same persons gained from one wave to the next, in points; what cannot be told is None.

    One pair has no spread and no interval; where everything was right before, there is no normalised gain.
    """

    pairs: int
    mean: float
    s: float | None
    low: float | None
    high: float | None
    normalised: float | None


def gain(pairs: int, pre: float, post: float, squares: float) -> Gain:
    """The paired gain, from sums over the pairs.

    Args:
        pairs: how many persons have a score in both waves; 1 at least.
        pre: the sum of their scores before.
        post: the sum of their scores after.
        squares: the sum of (post − pre)².
    """
    mean, before = (post - pre) / pairs, pre / pairs
    normalised = mean / (100 - before) if before < 100 - CLOSE else None
    if pairs < 2:
        return Gain(pairs, mean, None, None, None, normalised)
    s = math.sqrt(max(0.0, squares - pairs * mean * mean) / (pairs - 1))
    half = t_quantile(pairs - 1) * s / math.sqrt(pairs)
    return Gain(pairs, mean, s, mean - half, mean + half, normalised)


def gain_of(scores: Iterable[tuple[float, float]]) -> Gain:
    """The paired gain of some persons' scores (pre, post); at least one pair."""
    found = list(scores)
    return gain(
        len(found), sum(pre for pre, _ in found), sum(post for _, post in found),
        sum((post - pre) ** 2 for pre, post in found),
    )  # fmt: skip


def wilson(right: float, of: float) -> tuple[float, float]:
    """The 95 % interval of a share, as Wilson (1927) gives it: stays between 0 and 1 and holds for few answers too.

    Args:
        right: how many of them.
        of: how many there are, more than 0.
    """
    share, part = right / of, Z * Z / of
    middle = (share + part / 2) / (1 + part)
    half = Z * math.sqrt(share * (1 - share) / of + part / of / 4) / (1 + part)
    return max(0.0, middle - half), min(1.0, middle + half)


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided probability that so many changed one way and so many the other by chance alone.

    Args:
        gained: wrong before and right after.
        lost: right before and wrong after.
    """
    changed = gained + lost
    tail = sum(math.comb(changed, few) for few in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / (1 << changed))


@lru_cache(maxsize=1024)
def t_quantile(freedom: int, level: float = LEVEL) -> float:
    """The quantile of Student's distribution, by halving; exact to nine digits.

    Args:
        freedom: degrees of freedom, 1 at least.
        level: above one half.
    """
    low, high = 0.0, 2.0
    while _t_share(high, freedom) < level:
        high *= 2
    while high - low > CLOSE * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _t_share(middle, freedom) < level else (low, middle)
    return (low + high) / 2


def _t_share(t: float, freedom: int) -> float:
    """The share of Student's distribution below a positive t."""
    return 1 - _beta_share(freedom / (freedom + t * t), freedom / 2, 0.5) / 2


def _beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction on the side where that is short."""
    if x in (0.0, 1.0):
        return x
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_share(1 - x, b, a)
    front = a * math.log(x) + b * math.log1p(-x) - math.log(a)
    front += math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(front) / _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """1 + d1/(1 + d2/(1 + …)), evaluated forwards (Lentz 1976)."""
    value, above, below = 1.0, 1.0, 0.0
    for place in range(1, 100_000):
        half = place // 2
        if place % 2:
            part = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            part = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        below = 1 / ((1 + part * below) or CLOSE)
        above = (1 + part / above) or CLOSE
        value *= above * below
        if abs(above * below - 1) < CLOSE:
            break
    return value
