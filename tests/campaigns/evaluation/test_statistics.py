"""Intervals, the t quantile, the exact test: against published values and the check case of the page on evaluation."""

from __future__ import annotations

import pytest

from campaigns.evaluation import statistics

# t(0.975) by degrees of freedom, as every table prints it
TABLE = {
    1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228, 12: 2.179,
    15: 2.131, 20: 2.086, 24: 2.064, 29: 2.045, 30: 2.042, 40: 2.021, 60: 2.000, 120: 1.980, 1000: 1.962,
}  # fmt: skip
PRE = (100 / 3, 200 / 3, 100 / 3, 200 / 3, 0, 100 / 3)
POST = (200 / 3, 200 / 3, 100, 100, 100 / 3, 100 / 3)


@pytest.mark.parametrize(("freedom", "expected"), TABLE.items())
def test_quantiles_of_student(freedom: int, expected: float) -> None:
    assert round(statistics.t_quantile(freedom), 3) == expected


def test_with_many_pairs_it_is_the_normal_quantile() -> None:
    assert statistics.t_quantile(10_000_000) == pytest.approx(statistics.Z, abs=1e-6)


@pytest.mark.parametrize(
    ("freedom", "level", "expected"), [(5, 0.95, 2.015), (10, 0.99, 2.764), (10, 0.995, 3.169), (1, 0.75, 1.0)]
)
def test_other_levels(freedom: int, level: float, expected: float) -> None:
    assert round(statistics.t_quantile(freedom, level), 3) == expected


def test_the_check_case_of_the_page() -> None:
    found = statistics.gain_of(zip(PRE, POST, strict=True))
    assert found.pairs == 6
    assert found.s is not None and found.low is not None and found.high is not None and found.normalised is not None
    assert (round(found.mean, 1), round(found.s, 1)) == (27.8, 25.1)
    assert (round(found.low, 1), round(found.high, 1), round(found.normalised, 2)) == (1.4, 54.1, 0.45)


def test_what_cannot_be_told_is_not_told() -> None:
    one = statistics.gain_of([(0, 100)])
    assert (one.mean, one.s, one.low, one.high, one.normalised) == (100, None, None, None, 1)
    full = statistics.gain_of([(100, 100), (100, 50)])
    assert (full.mean, full.normalised) == (-25, None)


def test_all_alike_have_an_interval_of_one_point() -> None:
    found = statistics.gain_of([(0, 100 / 3)] * 7)
    assert found.low == pytest.approx(found.mean, abs=1e-5) and found.high == pytest.approx(found.mean, abs=1e-5)


@pytest.mark.parametrize(
    ("label", "right", "of", "low", "high"),
    [
        ("a half of few", 5, 10, 0.2366, 0.7634),
        ("none", 0, 10, 0.0, 0.2775),
        ("all", 10, 10, 0.7225, 1.0),
        ("published by Newcombe (1998)", 81, 263, 0.2553, 0.3662),
        ("the same, few", 15, 148, 0.0624, 0.1605),
    ],
)
def test_interval_of_a_share(label: str, right: int, of: int, low: float, high: float) -> None:
    found = statistics.wilson(right, of)
    assert (round(found[0], 4), round(found[1], 4)) == (low, high)


@pytest.mark.parametrize(
    ("gained", "lost", "chance"), [(0, 0, 1.0), (5, 5, 1.0), (5, 0, 0.0625), (8, 2, 0.109375), (2, 8, 0.109375)]
)
def test_exact_probability_of_changes(gained: int, lost: int, chance: float) -> None:
    assert statistics.mcnemar(gained, lost) == chance


def test_many_changes_do_not_overflow() -> None:
    assert 0 < statistics.mcnemar(1500, 1400) < 0.1
