"""Dates, numbers and money in an SMS: the table of the page on languages, section 8; all of it is GSM-7."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging import figures, letters

DAY = date(2026, 8, 9)


@pytest.mark.parametrize(
    ("thing", "given", "written"),
    [
        ("date", lambda: figures.day(DAY), "09/08"),
        ("a near date", lambda: figures.day(DAY, date(2026, 3, 1)), "09/08"),
        ("a date more than six months away", lambda: figures.day(DAY, date(2026, 1, 1)), "09/08/2026"),
        ("weekday in French", lambda: figures.weekday(DAY, "fr"), "dimanche 09/08"),
        ("weekday in Toro So: none is known", lambda: figures.weekday(DAY, "dts"), "09/08"),
        ("weekday in Bambara: the list awaits its review", lambda: figures.weekday(DAY, "bm"), "09/08"),
        ("time", lambda: figures.hour(time(20, 30)), "20h30"),
        ("an early time", lambda: figures.hour(time(8)), "08h00"),
        ("number", lambda: figures.number(3000), "3000"),
        ("a large number", lambda: figures.number(1_250_000), "1250000"),
        ("decimal", lambda: figures.number(1.5), "1,5"),
        ("a whole decimal", lambda: figures.number(Decimal("12.00")), "12"),
        ("a sum of floats", lambda: figures.number(0.1 + 0.2), "0,3"),
        ("nothing", lambda: figures.number(-0.0), "0"),
        ("percent", lambda: figures.percent(0.5), "50%"),
        ("money", lambda: figures.money(1500), "1500 FCFA"),
        ("a free answer", lambda: figures.money(0), "0 FCFA"),
        ("telephone", lambda: figures.phone("70123456"), "70 12 34 56"),
    ],
)
def test_the_table(thing: str, given: Callable[[], str], written: str) -> None:
    assert given() == written, thing
    assert letters.is_gsm7(written)


@given(st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, places=2))
def test_a_number_is_never_grouped_nor_in_powers_and_reads_back(value: Decimal) -> None:
    said = figures.number(value)
    assert not set(said) - set("-0123456789,")
    assert Decimal(said.replace(",", ".")) == value
