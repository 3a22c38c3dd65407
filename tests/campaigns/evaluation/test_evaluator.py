"""What is blanked for an evaluator, as tables in memory; and the keys of pseudonyms in their folder."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from itertools import chain, combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.evaluation.evaluator import anonymity, clusters, keys, tables
from campaigns.evaluation.evaluator.anonymity import Traits
from campaigns.evaluation.evaluator.answers import _said
from campaigns.evaluation.evaluator.clusters import Cell, Given
from campaigns.models import EvaluationPurpose
from messaging.errors import RefusedError

COLUMNS = ("commune", "sex", "age_band", "hea_band")
Kind = tuple[str, str, str, str]


QUIZ = ("nut05", "pre")


def people(*groups: tuple[int, Kind]) -> dict[int, Traits]:
    kinds = [kind for count, kind in groups for _ in range(count)]
    return {who: Traits(*kind) for who, kind in enumerate(kinds, 1)}


def grouped(persons: dict[int, Traits]) -> anonymity.Groups[int]:
    return anonymity.group(persons, {who: {QUIZ} for who in persons})


def shown(found: anonymity.Groups[int]) -> dict[Kind, int]:
    return dict(Counter((one.commune, one.sex, one.age_band, one.hea_band) for one in found.traits.values()))


GROUPS: dict[str, tuple[list[tuple[int, Kind]], dict[Kind, int]]] = {
    "five stay as they are": ([(5, ("C", "f", "25-49", "poor"))], {("C", "f", "25-49", "poor"): 5}),
    "four lose their wealth and join the unknown": (
        [(4, ("C", "f", "25-49", "poor")), (1, ("C", "f", "25-49", ""))], {("C", "f", "25-49", ""): 5},
    ),
    "a large group keeps what the small one beside it loses": (
        [(7, ("C", "f", "25-49", "poor")), (3, ("C", "f", "25-49", "middle")), (2, ("C", "f", "25-49", "better_off"))],
        {("C", "f", "25-49", "poor"): 7, ("C", "f", "25-49", ""): 5},
    ),
    "then age, then commune": (
        [(3, ("C", "f", "18-24", "poor")), (2, ("C", "f", "50plus", "poor")), (3, ("D", "f", "18-24", "poor")),
         (2, ("E", "f", "", ""))],
        {("C", "f", "", ""): 5, ("", "f", "", ""): 5},
    ),
    "too few of a sex are left out": ([(4, ("C", "m", "25-49", "poor")), (5, ("C", "f", "", ""))],
                                      {("C", "f", "", ""): 5}),
    "age unknown, wealth known: the wealth goes first all the same": (
        [(3, ("C", "f", "", "poor")), (2, ("C", "f", "18-24", "poor"))], {("C", "f", "", ""): 5},
    ),
    "nobody": ([], {}),
}  # fmt: skip


@pytest.mark.parametrize("name", GROUPS)
def test_columns_are_blanked_in_their_order(name: str) -> None:
    groups, expected = GROUPS[name]
    assert shown(grouped(people(*groups))) == expected


def test_what_was_blanked_is_counted_by_person() -> None:
    found = grouped(people((3, ("C", "f", "18-24", "poor")), (2, ("C", "f", "50plus", "")), (1, ("", "m", "", ""))))
    assert found.blanked == {"hea_band": 3, "age_band": 5, "commune": 0}
    assert found.left_out == {6}


POOR, MIDDLE, ANY = (("C", "f", "25-49", band) for band in ("poor", "middle", ""))
ALONE: dict[str, tuple[set[int], dict[Kind, int], int]] = {  # of nine poor and seven others: who also took another quiz
    "five of a group stay as they are": ({1, 2, 3, 4, 5}, {POOR: 9, MIDDLE: 7}, 0),
    "five of two groups lose what parts them, and take along whom that leaves alone": (
        {1, 10, 11, 12, 13}, {POOR: 8, ANY: 8}, 0,
    ),
    "four in all: their answers to it are not told, nothing else is lost": ({1, 2, 3, 10}, {POOR: 9, MIDDLE: 7}, 4),
    "one who is far from the five others": ({1, 2, 3, 4, 5, 10}, {POOR: 9, MIDDLE: 7}, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
def test_who_alone_answered_a_quiz_is_not_found_by_it(name: str) -> None:
    who, expected, untold = ALONE[name]
    persons = people((9, POOR), (7, MIDDLE))
    found = anonymity.group(persons, {one: {QUIZ, *([("hyg01", "pre")] if one in who else [])} for one in persons})
    assert shown(found) == expected
    assert (len(found.untold), found.left_out) == (untold, frozenset())
    assert all(found.tells(one, QUIZ) for one in persons)


kinds = st.tuples(
    st.sampled_from("CDE"), st.sampled_from("fmu"), st.sampled_from(["", "a", "b"]), st.sampled_from(["", "p", "m"])
)
quizzes = st.sampled_from([("q1", "pre"), ("q1", "post"), ("q2", "pre")])
Taken = dict[tuple[str, str], str]
TAKEN = st.dictionaries(quizzes, st.sampled_from(["01-05", "01-12", "01-19", "01-26"]), min_size=1)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(kinds, TAKEN), max_size=60))
def test_whatever_the_people_no_group_of_any_columns_is_under_five(drawn: list[tuple[Kind, Taken]]) -> None:
    persons = {who: Traits(*kind) for who, (kind, _taken) in enumerate(drawn)}
    found = anonymity.group(persons, {who: set(taken) for who, (_kind, taken) in enumerate(drawn)})
    answered = {
        who: {(quiz, week) for quiz, week in drawn[who][1].items() if found.tells(who, quiz)} for who in found.traits
    }
    weeks = anonymity.weeks(found.traits, answered)
    rows = [
        (*(getattr(one, column) for column in COLUMNS), frozenset(weeks[who]), weeks[who] == answered[who])
        for who, one in found.traits.items()
    ]
    for wanted in chain.from_iterable(combinations(range(6), size) for size in range(1, 7)):
        sizes = Counter(tuple(row[place] for place in wanted) for row in rows)
        assert min(sizes.values(), default=5) >= 5, wanted
    alone = Counter((found.traits[who], quiz) for who, said in answered.items() for quiz, _week in said)
    assert min(alone.values(), default=5) >= 5, "by one quiz that they answered"
    when = Counter(
        (found.traits[who], one[0], one in weeks[who] and one[1]) for who in answered for one in answered[who]
    )
    assert min(when.values(), default=5) >= 5, "by one quiz and its week, shown or not"
    assert set(found.traits) | found.left_out == set(persons)
    for who, one in found.traits.items():  # blanked, never changed
        assert all(getattr(one, column) in ("", getattr(persons[who], column)) for column in COLUMNS)
        assert one.sex == persons[who].sex
        assert weeks[who] <= answered[who]
    left = Counter(persons[who].sex for who in found.left_out)
    if len({quiz for _kind, taken in drawn for quiz in taken}) < 2:
        assert all(number < 5 for number in left.values())  # never more than must be


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(kinds, TAKEN), max_size=60))
def test_what_is_blanked_once_is_not_blanked_again(drawn: list[tuple[Kind, Taken]]) -> None:
    rows = [
        (f"p{who:02}", *kind, *quiz, "q1", "1", "true", week)
        for who, (kind, taken) in enumerate(drawn) for quiz, week in sorted(taken.items())
    ]  # fmt: skip
    shown = tables.blank(rows)
    assert shown.untold + shown.weeks_blanked <= len(rows)
    assert list(tables.blank(shown.rows).rows) == list(shown.rows)


def test_the_weeks_that_most_share_are_kept() -> None:
    pre, later, post = (("nut05", "pre"), "01-05"), (("nut05", "pre"), "01-12"), (("nut05", "post"), "03-02")
    answered = dict(enumerate([{pre}] * 9 + [{pre, post}] * 6 + [{later, post}]))
    kept = anonymity.weeks(dict.fromkeys(answered, Traits("C", "f", "25-49", "poor")), answered)
    # Who answered in a week of her own loses both, and takes with her as many of the smallest kind as hide her.
    assert Counter(kept.values()) == {frozenset({pre}): 9, frozenset(): 7}
    five = dict(list(answered.items())[:15])
    kept = anonymity.weeks(dict.fromkeys(five, Traits("C", "f", "25-49", "poor")), five)
    assert kept == five


def club(number: int | None, right: int, wrong: int = 0, dont_know: int = 0, sex: str = "f") -> list[Given]:
    question = ("nut05", "pre", "q1")
    return [
        *(Given(number, sex, question, True, True) for _ in range(right)),
        *(Given(number, sex, question, True, False) for _ in range(wrong)),
        *(Given(number, sex, question, False, False) for _ in range(dont_know)),
    ]


def cells(*clubs: list[Given]) -> dict[int, tuple[int | None, int | None, int | None]]:
    found = clusters.count(one for of_it in clubs for one in of_it)
    return {number: (one.answered, one.correct, one.dont_know) for (number, _q, _sex), one in found.items()}


CLUBS: dict[str, tuple[list[list[Given]], dict[int, tuple[int | None, int | None, int | None]]]] = {
    "large counts and none": ([club(1, 9, 5, 5), club(2, 6, 0, 0)], {1: (14, 9, 5), 2: (6, 6, 0)}),
    "a small one takes the smallest other with it": (
        [club(1, 9, 6), club(2, 3), club(3, 7)], {1: (15, 9, 0), 2: (None, None, 0), 3: (None, None, 0)},
    ),
    "a few wrong ones are few persons too": (
        [club(1, 9, 2), club(2, 8), club(3, 9)], {1: (11, None, 0), 2: (8, None, 0), 3: (9, 9, 0)},
    ),
    "two of one person each would be known by their sum": (
        [club(1, 1), club(2, 1), club(3, 8)], {1: (None, None, 0), 2: (None, None, 0), 3: (None, None, 0)},
    ),
    "one without a club is known as what is missing": (
        [club(None, 1), club(1, 6), club(2, 9)], {1: (None, None, 0), 2: (9, 9, 0)},
    ),
    "many without a club hide nothing and give nothing": ([club(None, 9), club(1, 6)], {1: (6, 6, 0)}),
    "beside none but zeros a zero goes too": (
        [club(1, 0, 0, 3), club(2, 6), club(3, 7)], {1: (0, 0, None), 2: (6, 6, None), 3: (7, 7, None)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLUBS)
def test_a_small_count_is_blanked_with_a_second_one(name: str) -> None:
    clubs, expected = CLUBS[name]
    assert cells(*clubs) == expected


def test_each_sex_and_question_is_a_column_of_its_own() -> None:
    found = clusters.count([*club(1, 3, sex="m"), *club(2, 8, sex="m"), *club(1, 8), *club(2, 9)])
    assert {key[0::2]: cell.answered for key, cell in found.items()} == {
        (1, "m"): None, (2, "m"): None, (1, "f"): 8, (2, "f"): 9,
    }  # fmt: skip
    assert Cell(None, None, 0).blanked == 2


@pytest.mark.parametrize(
    ("value", "said"),
    [("1", "1"), ("1 3 4", "1 3 4"), ("yes", "1"), ("no", "2"), ("DK", "DK"), ("120", "120"), ("Awa", None),
     ("76123456", None), ("76 12 34 56", None), ("1, 2", None), ("-3", None), ("1 " * 13 + "1", None)],
)  # fmt: skip
def test_an_answer_leaves_as_numbers_or_not_at_all(value: str, said: str | None) -> None:
    assert _said(value) == said


def purpose(ident: int, asked_at: datetime = datetime(2026, 3, 12, tzinfo=UTC)) -> EvaluationPurpose:
    return EvaluationPurpose(id=ident, until=date(2026, 4, 30), asked_at=asked_at)


def test_keys_are_the_owners_alone_differ_and_go(tmp_path: Path) -> None:
    folder, first, second = tmp_path / "keys", purpose(1), purpose(2)
    for one in (first, second):
        keys.make(folder, one)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    held = [*keys.read(folder, first).values(), *keys.read(folder, second).values()]
    assert len(set(held)) == 4 and {len(one) for one in held} == {32}
    assert keys.read(folder, first) == keys.read(folder, first)
    assert (keys.destroy(folder, first), keys.destroy(folder, first)) == (2, 0)
    with pytest.raises(RefusedError):
        keys.read(folder, first)
    with pytest.raises(RefusedError):  # the ids of another database begin anew
        keys.read(folder, purpose(2, datetime(2026, 3, 13, tzinfo=UTC)))
    keys.keep(keys.first(folder, second), b"what first left")
    keys.first(folder, second).with_suffix(".first.half").write_bytes(b"after a power cut")
    assert keys.first(folder, second).stat().st_mode & 0o777 == 0o600
    assert keys.sweep(folder, date(2026, 5, 1)) == 0
    assert keys.first(folder, second).read_bytes() == b"what first left"
    assert keys.sweep(folder, date(2026, 5, 2)) == 2
    assert list(folder.iterdir()) == []


def test_what_a_crash_left_of_a_key_is_no_key(tmp_path: Path) -> None:
    keys.make(tmp_path, purpose(1))
    half = sorted(tmp_path.iterdir())[0]
    half.write_text("ab12")
    with pytest.raises(RefusedError):
        keys.read(tmp_path, purpose(1))
    keys.make(tmp_path, purpose(1))
    assert len(keys.read(tmp_path, purpose(1))) == 2
