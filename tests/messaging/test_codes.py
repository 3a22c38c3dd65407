"""Club codes: each slip of a finger is found."""

from __future__ import annotations

import pytest

from messaging import codes

CARD = [("104", "1041"), ("105", "1055"), ("203", "2035"), ("311", "3115")]


@pytest.mark.parametrize(("number", "code"), CARD, ids=[row[1] for row in CARD])
def test_codes_of_the_card(number, code):
    assert number + codes.check_digit(number) == code == codes.make(int(number))
    assert codes.is_valid(code)


def test_check_digit_of_the_published_example():
    assert codes.check_digit("572") == "4"


def test_nine_hundred_codes_all_different_none_starts_with_0():
    every = codes.all_codes()

    assert len(every) == len(set(every)) == 900
    assert every == sorted(every)
    assert all(codes.is_valid(code) and code[0] != "0" for code in every)


def test_every_wrong_digit_and_every_swap_of_neighbours_is_found():
    slips = 0
    for code in codes.all_codes():
        wrong = {code[:i] + digit + code[i + 1 :] for i in range(4) for digit in "0123456789"}
        swapped = {code[:i] + code[i + 1] + code[i] + code[i + 2 :] for i in range(3)}
        for slip in (wrong | swapped) - {code}:
            slips += 1
            assert not codes.is_valid(slip), (code, slip)
    assert slips > 32_000


NO_CODES = [
    ("starts with 0", "0000"),
    ("too short", "104"),
    ("too long", "10410"),
    ("wrong digit", "1042"),
    ("letter", "1O41"),
    ("blank", "1041 "),
    ("line end", "1041\n"),
    ("Arabic digits", "١٠٤١"),
    ("empty", ""),
]


@pytest.mark.parametrize("code", [row[1] for row in NO_CODES], ids=[row[0] for row in NO_CODES])
def test_no_code(code):
    assert not codes.is_valid(code)


@pytest.mark.parametrize("number", [-104, 0, 99, 1000])
def test_a_number_outside_the_nine_hundred_is_refused(number):
    with pytest.raises(codes.CodeError, match="900 clubs"):
        codes.make(number)


@pytest.mark.parametrize("number", ["", "1O4", "10 4", "١٠٤"])
def test_a_check_digit_needs_digits(number):
    with pytest.raises(codes.CodeError, match="digits"):
        codes.check_digit(number)


NEAR = [
    ("swapped neighbours", "1401", ["1041"]),
    ("digits in any order", "4110", ["1041"]),
    ("one digit, of two own codes", "1045", ["1055", "1041"]),
    ("nothing near", "9876", []),
    ("two digits wrong", "1078", []),
    ("too short", "104", []),
    ("own code itself", "1041", []),
]


@pytest.mark.parametrize(("given", "expected"), [row[1:] for row in NEAR], ids=[row[0] for row in NEAR])
def test_own_codes_near_a_wrong_one_in_their_order(given, expected):
    assert codes.suggest(given, ["1055", "2035", "1041"]) == expected


def test_without_clubs_nothing_is_suggested():
    assert codes.suggest("1401", []) == []
