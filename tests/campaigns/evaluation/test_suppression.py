"""Small counts are not shown, nor what would give them back: whoever solves the equations of all tables finds none."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.evaluation.counting import Count
from campaigns.evaluation.suppression import LEAST, apply

CUTS = ((), ("area",), ("sex",), ("area", "sex"), ("area", "month"))
NAMES = ("area", "sex", "month")


def shown(by: tuple[str, ...], *rows: tuple[Any, ...], code: str = "QUI-OK") -> dict[tuple[Any, ...], bool]:
    """Whether each (cut, numerator, denominator) is shown."""
    counts = [Count(code, cut if isinstance(cut, tuple) else (cut,), *numbers) for cut, *numbers in rows]
    return {one.count.cut: not one.is_suppressed for one in apply(counts, by)}


@pytest.mark.parametrize(
    ("label", "numbers", "is_shown"),
    [
        ("enough", (20, 40), True),
        ("nobody right", (0, 40), True),
        ("all right", (40, 40), True),
        ("nobody at all", (0, 0), True),
        ("four answered", (2, 4), False),
        ("four right", (4, 40), False),
        ("four wrong", (36, 40), False),
        ("five right, five wrong", (5, 10), True),
        ("a count without a denominator", (4, None), False),
    ],
)
def test_one_figure(label: str, numbers: tuple[int, int | None], is_shown: bool) -> None:
    assert shown((), ((), *numbers)) == {(): is_shown}


def test_points_of_a_gain_are_no_persons() -> None:
    assert shown((), ((), 3.5, 40), code="QUI-GAIN") == {(): True}
    assert shown((), ((), -800.0, 4), code="QUI-GAIN") == {(): False}


def test_what_counts_no_persons_is_shown() -> None:
    assert shown(("area",), (1, 1, 4), (2, 0, 3), code="MSG-DR") == {(1,): True, (2,): True}


def test_a_second_row_goes_with_the_first_and_it_is_the_smallest() -> None:
    assert shown(("area",), (1, 2, 4), (2, 30, 60), (3, 8, 16)) == {(1,): False, (2,): True, (3,): False}


def test_what_is_hidden_together_is_not_small_either() -> None:
    assert shown(("area",), (1, 0, 2), (2, 0, 2), (3, 30, 60), (4, 60, 90)) == {
        (1,): False, (2,): False, (3,): False, (4,): True,
    }  # fmt: skip


def test_a_square_of_four_hides_one() -> None:
    rows = [((area, sex), 30 + area, 60 + 2 * area) for area in (1, 2, 3) for sex in "fm"]
    found = shown(("area", "sex"), *rows[:-1], ((3, "m"), 2, 50))
    assert [cut for cut, is_shown in found.items() if not is_shown] == [(1, "f"), (1, "m"), (3, "f"), (3, "m")]


def test_what_the_coarser_cut_hides_is_not_given_back_by_the_finer_one() -> None:
    areas = shown(("area",), (1, 2, 4), (2, 16, 32), (3, 50, 90))
    assert not areas[1,]
    assert not areas[2,]
    cells = shown(
        ("area", "sex"), ((1, "f"), 2, 4), ((2, "f"), 8, 16), ((2, "m"), 8, 16), ((3, "f"), 25, 45), ((3, "m"), 25, 45)
    )
    assert not cells[2, "f"]  # (2, m) may stand: what is left of commune 2 is as unknown as its sum


answers = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from("fm?"), st.integers(1, 3), st.integers(1, 14), st.integers(0, 14)),
    min_size=1, max_size=24,
)  # fmt: skip


def tables(rows: list[tuple[int, str, int, int, int]]) -> dict[tuple[str, ...], dict[tuple[Any, ...], list[int]]]:
    """The published tables of some answers: by cut, [right, answered]."""
    found: dict[tuple[str, ...], dict[tuple[Any, ...], list[int]]] = {by: {} for by in CUTS}
    for *place, answered, right in rows:
        for by in CUTS:
            cell = found[by].setdefault(tuple(place[NAMES.index(name)] for name in by), [0, 0])
            cell[0] += min(right, answered)
            cell[1] += answered
    return found


@settings(max_examples=150, deadline=None)
@given(answers)
def test_no_small_count_can_be_derived_from_what_is_published_together(
    rows: list[tuple[int, str, int, int, int]],
) -> None:
    published = tables(rows)
    hidden = []
    for by, cells in published.items():
        counts = [Count("QUI-OK", cut, *numbers) for cut, numbers in cells.items()]
        hidden += [(by, one.count.cut) for one in apply(counts, by) if one.is_suppressed]
    for by, cut in hidden:
        published[by].setdefault(cut, [0, 0])  # an empty cell that is told as hidden
    told = computed(published, hidden)
    for by, cells in published.items():
        for cut, (right, answered) in cells.items():
            if any(0 < part < LEAST for part in (right, answered, answered - right)):
                assert (by, cut) in hidden
                assert (by, cut) not in told, f"{by} {cut} can be computed"


@settings(max_examples=150, deadline=None)
@given(answers, st.lists(st.integers(0, 12), min_size=24, max_size=24))
def test_who_answered_is_not_told_by_right_answers_and_by_those_not_known_together(
    rows: list[tuple[int, str, int, int, int]], unknown: list[int]
) -> None:
    right = tables(rows)
    valid = tables([(*row[:3], row[3] + more, more) for row, more in zip(rows, unknown, strict=False)])
    hidden: dict[str, set[tuple[Any, Any]]] = {"QUI-OK": set(), "QUI-DK": set()}
    for code, published in (("QUI-OK", right), ("QUI-DK", valid)):
        for by, cells in published.items():
            counts = [Count(code, cut, *numbers) for cut, numbers in cells.items()]
            hidden[code] |= {(by, one.count.cut) for one in apply(counts, by) if one.is_suppressed}
    both = hidden["QUI-OK"] & hidden["QUI-DK"]  # where one is shown, it says how many answered
    for by, cut in both:
        right[by].setdefault(cut, [0, 0])
    told = computed(right, sorted(both, key=str))
    for by, cells in right.items():
        for cut, (_right, answered) in cells.items():
            assert not 0 < answered < LEAST or ((by, cut) in both and (by, cut) not in told), f"{by} {cut}"


def test_the_quizzes_that_share_a_cost_are_persons_who_completed_one() -> None:
    for done, is_shown in ((3, False), (37, False), (30, True)):
        counts = [Count("QUI-CR", (), done, 40), Count("CST-QUIZ", (), 2540, done)]
        assert [not one.is_suppressed for one in apply(counts, ())] == [is_shown] * 2, done


def computed(published: dict[Any, dict[Any, list[int]]], hidden: list[Any]) -> set[Any]:
    """Which of the hidden cells follow from the shown ones, when each total is the sum of its parts."""
    equations = []
    for by in CUTS[1:]:
        for axis in range(len(by)):
            coarser = by[:axis] + by[axis + 1 :]
            for total in published.get(coarser, ()):
                parts = Counter({(coarser, total): -1})
                parts.update({(by, cut): 1 for cut in published[by] if cut[:axis] + cut[axis + 1 :] == total})
                equations.append([Fraction(parts[name]) for name in hidden])
    return {hidden[index] for index in derived(equations)}


def derived(equations: list[list[Fraction]]) -> set[int]:
    """The unknowns that linear equations settle, by elimination."""
    rows, pivots = [row for row in equations if any(row)], 0
    width = len(rows[0]) if rows else 0
    for column in range(width):
        at = next((index for index in range(pivots, len(rows)) if rows[index][column]), None)
        if at is None:
            continue
        rows[pivots], rows[at] = rows[at], rows[pivots]
        rows[pivots] = [value / rows[pivots][column] for value in rows[pivots]]
        for index, row in enumerate(rows):
            if index != pivots and (factor := row[column]):
                rows[index] = [value - factor * own for value, own in zip(row, rows[pivots], strict=True)]
        pivots += 1
    return {next(i for i, value in enumerate(row) if value) for row in rows[:pivots] if sum(map(bool, row)) == 1}
