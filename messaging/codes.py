"""Club codes, three digits and a check digit; knows neither clubs nor who holds a code."""

from __future__ import annotations

import re
from collections.abc import Iterable

from messaging.errors import DataError

# Damm's quasigroup of order 10: row = interim digit, column = next digit. The diagonal is 0, so a code is valid when
# it ends there; it finds each single wrong digit and each swap of neighbours.
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
_DIGITS = re.compile("[0-9]+")
# A code that starts with 0 is lost in a spreadsheet: none is given out, which leaves 900 for one number.
_CODE = re.compile("[1-9][0-9]{3}")
_NUMBERS = range(100, 1000)


class CodeError(DataError):
    """What was given cannot become a club code."""


def check_digit(number: str) -> str:
    """Give the Damm check digit of a string of digits: `1` for `104`.

    Raises:
        CodeError: there is something else than the digits 0 to 9, or nothing.

    Source: H. M. Damm, totally anti-symmetric quasigroups, 2004; the facilitator's card.
    """
    if not _DIGITS.fullmatch(number):
        raise CodeError("A check digit needs a number made of the digits 0 to 9.")
    return str(_interim(number))


def is_valid(code: str) -> bool:
    """Tell whether this is a code we could have given out: four digits, the first not 0, the last right."""
    return _CODE.fullmatch(code) is not None and _interim(code) == 0


def make(number: int) -> str:
    """Give the code of the number of a club, 100 to 999: `1041` for 104.

    Raises:
        CodeError: the number is outside 100 to 999, so a further called number is needed.
    """
    if number not in _NUMBERS:
        raise CodeError("A club needs a number from 100 to 999; one called number serves 900 clubs, use a second one.")
    return f"{number}{check_digit(str(number))}"


def all_codes() -> list[str]:
    """Give the 900 codes of one called number, lowest first."""
    return [make(number) for number in _NUMBERS]


def suggest(code_given: str, own_codes: Iterable[str]) -> list[str]:
    """Give the sender's own codes that a wrong code may stand for, in the order given; empty when none is near.

    Near is: the same digits in another order, or one digit different.

    Source: the grammar of incoming SMS, club code.
    """
    return [code for code in own_codes if _is_near(code_given, code)]


def _interim(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return interim


def _is_near(given: str, code: str) -> bool:
    if given == code or len(given) != len(code):
        return False
    return sorted(given) == sorted(code) or sum(a != b for a, b in zip(given, code, strict=True)) == 1
