"""Numbers in words: every French one up to 999, Bambara ones, and what is misspelt or left over."""

from __future__ import annotations

import pytest

from campaigns.conversation.grammar.numbers import Spelled, spelled

SMALL = [
    *("zero", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze"),
    *("treize", "quatorze", "quinze", "seize", "dix sept", "dix huit", "dix neuf"),
]
TENS = {2: "vingt", 3: "trente", 4: "quarante", 5: "cinquante", 6: "soixante"}


def french(number: int) -> str:
    """A number as a French schoolbook writes it, without hyphens."""
    hundreds, rest = divmod(number, 100)
    if hundreds:
        head = "cent" if hundreds == 1 else f"{SMALL[hundreds]} cent{'' if rest else 's'}"
        return f"{head} {french(rest)}" if rest else head
    if rest < 20:
        return SMALL[rest]
    if rest < 70:
        ten, unit = divmod(rest, 10)
        return TENS[ten] + ("" if unit == 0 else " et un" if unit == 1 else f" {SMALL[unit]}")
    if rest < 80:
        return "soixante et onze" if rest == 71 else f"soixante {SMALL[rest - 60]}"
    return "quatre vingts" if rest == 80 else f"quatre vingt {SMALL[rest - 80]}"


@pytest.mark.parametrize("behind", ["", " femmes", " h huit"])
def test_every_french_number_is_read_to_its_end(behind: str) -> None:
    for number in range(1000):
        words = french(number).split()
        assert spelled([*words, *behind.split()], bambara=True) == Spelled(number, len(words)), french(number)


@pytest.mark.parametrize(
    ("words", "value", "used"),
    [
        ("dix huit sept", 18, 2),  # then 7
        ("dixhuit sept", 18, 1),
        ("dixsept", 17, 1),
        ("dixneuf", 19, 1),
        ("vingt et une femmes", 21, 3),
        ("vingt et deux", 20, 1),  # no number is joined so
        ("vingt dix", 20, 1),
        ("quatre vingt dix sept", 97, 4),
        ("quatre vingt et un", 80, 2),
        ("cent vingt", 120, 2),
        ("un cent", 1, 1),
        ("neuf cent quatre vingt dix neuf deux", 999, 6),
    ],
)
def test_a_number_ends_where_its_words_end(words: str, value: int, used: int) -> None:
    assert spelled(words.split(), bambara=True) == Spelled(value, used)


@pytest.mark.parametrize(
    ("words", "value", "used"),
    [
        ("kelen", 1, 1), ("fla", 2, 1), ("fila", 2, 1), ("saba", 3, 1), ("nani", 4, 1), ("naani", 4, 1),
        ("duuru", 5, 1), ("duru", 5, 1), ("woro", 6, 1), ("wooro", 6, 1), ("wolonwula", 7, 1), ("wolonwila", 7, 1),
        ("wolonfila", 7, 1), ("segin", 8, 1), ("seegin", 8, 1), ("kononton", 9, 1), ("tan", 10, 1), ("mugan", 20, 1),
        ("tan ni fila", 12, 3), ("mugan ni duuru", 25, 3), ("mugan ni tan ni fila", 32, 5),
        ("tan ni musow", 10, 1), ("tan ni", 10, 1), ("saba ni fila", 3, 1), ("tan ni mugan", 10, 1),
    ],
)  # fmt: skip
def test_bambara_numbers_are_joined_by_ni(words: str, value: int, used: int) -> None:
    assert spelled(words.split(), bambara=True) == Spelled(value, used)


def test_no_bambara_number_is_read_in_a_dogon_language() -> None:
    assert spelled(["tan"], bambara=False) is None
    assert spelled(["dix"], bambara=False) == Spelled(10, 1)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("douse", 12), ("dous", 12), ("uit", 8), ("dis", 10), ("set", 7), ("sis", 6), ("vin", 20), ("vint", 20),
        ("trante", 30), ("catre", 4), ("sinq", 5), ("katorz", 14), ("onz", 11), ("dis uit", 18), ("vint deux", 22),
        ("catre vin dis", 90), ("vingt un", 21), ("soixante onze", 71), ("cent trente un", 131),
    ],
)  # fmt: skip
def test_misspelt_numbers_are_told_apart(words: str, value: int) -> None:
    assert spelled(words.split(), bambara=True) == Spelled(value, len(words.split()), fuzzy=True)


@pytest.mark.parametrize("words", ["", "femmes", "aucun", "dixieme", "cents", "et un", "ni fila"])
def test_other_words_are_no_number(words: str) -> None:
    assert spelled(words.split(), bambara=True) is None
